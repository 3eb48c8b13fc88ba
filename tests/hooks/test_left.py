"""pre-commit leaves the judging to commit-msg where that is sure to follow: same verdict, same words, same lines."""

from __future__ import annotations

import subprocess

import pytest
from hooks.test_record import HOOKS, SHELLS, commit, log, put

from planfence.hooks import lightrepository as places
from planfence.setup import shims

TRAILERS = "Plan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human"


@pytest.fixture
def hooked(repo):
    """The planned repository with our hooks, a task that was begun, and one commit behind it.

    Its pre-commit says so in the file `early` if it judges by itself.
    """
    for name in (*HOOKS, "pre-merge-commit"):
        put(repo, name)
    repo.start("auth/middleware")
    assert commit(repo, "begin\n") == ""
    tell(repo)
    return repo


def tell(repo) -> None:
    hook = repo.root / ".git/hooks/pre-commit"
    text = hook.read_text()
    assert "leave && exit 0\n" in text
    hook.write_text(text.replace("leave && exit 0\n", f"leave && exit 0\n: > {repo.root}/.git/early\n"))


def early(repo) -> bool:
    """Whether pre-commit has judged since this was asked last."""
    file = repo.root / ".git/early"
    found = file.exists()
    file.unlink(missing_ok=True)
    return found


def attempt(repo, *arguments: str, text: str = "", path: str = "tests/auth/test_a.py", **extra: str):
    """Stage an edit (planned unless the path is not), and try to commit it."""
    if text:
        repo.write(path, text)
        repo.git("add", "-A")
    command = ["git", "commit", *arguments]
    variables = repo.variables | extra
    return subprocess.run(command, cwd=repo.root, env=variables, capture_output=True, text=True, check=False)


def events(repo, since: int) -> list[tuple[str, str]]:
    return [(line["event"], line["result"]) for line in log(repo)[since:]]


CLEAN = [(name, "accepted") for name in HOOKS]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_leaves_it(hooked, shell) -> None:
    put(hooked, "pre-commit", shell=shell)
    tell(hooked)
    for number in range(2):
        before = len(log(hooked))
        assert attempt(hooked, "-m", "feat: more", text=f"{number}\n").returncode == 0
        assert not early(hooked)
        assert events(hooked, before) == CLEAN
    assert hooked.git("log", "-1", "--format=%B").rstrip().endswith(TRAILERS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "feat: more"),
        ("-qam", "feat: more"),
        ("-F", ".git/words"),
        ("-C", "HEAD"),
        ("--fixup", "HEAD"),
        ("--no-edit", "--amend"),
        ("--amend", "-m", "feat: other"),
        ("-m", "feat: more", "--only", "tests/auth/test_a.py"),
        ("-m", "feat: more", "--include", "tests/auth/test_a.py"),
        ("-m", "feat: more", "--cleanup=verbatim"),
        ("-m", "feat: more\n\n# not a comment", "--cleanup=whitespace"),
        ("-m", "feat: more", "--cleanup=strip"),
        ("-m", "feat: more", "--cleanup=scissors"),
        ("-s", "-m", "feat: more"),
    ],
)
def test_every_way_without_an_editor_is_judged_once_and_logged_alike(hooked, arguments) -> None:
    hooked.write(".git/words", "feat: more\n")
    hooked.write("tests/auth/test_b.py", "staged, and not named\n")
    hooked.git("add", "-A")
    before = len(log(hooked))
    done = attempt(hooked, *arguments, text="one\n")
    assert (done.returncode, "without" in done.stderr) == (0, False), done.stderr
    assert not early(hooked)
    assert events(hooked, before) == CLEAN
    assert TRAILERS in hooked.git("log", "-1", "--format=%B")
    hooked.git("reset", "-q", "--hard")
    before = len(log(hooked))
    head = hooked.git("rev-parse", "HEAD")
    arguments = [word.replace("test_a.py", "").replace("tests/auth/", "docs") for word in arguments]
    refused = attempt(hooked, *arguments, text="x\n", path="docs/index.md")
    assert refused.returncode == 1
    assert "SCP001 docs/index.md" in refused.stderr
    assert hooked.git("rev-parse", "HEAD") == head
    assert events(hooked, before) == [("pre-commit", "refused")]


def test_a_refusal_says_how_to_get_the_message_back(hooked) -> None:
    done = attempt(hooked, "-m", "feat: more", text="x\n", path="docs/index.md")
    assert not early(hooked)
    assert 'git commit -e -F "$(git rev-parse --git-path COMMIT_EDITMSG)"' in done.stderr
    assert (hooked.root / ".git/COMMIT_EDITMSG").read_text() == "feat: more\n"
    again = attempt(hooked, "-m", "feat: more")
    assert early(hooked), "commit-msg has not said that it took part"
    assert again.returncode == 1
    assert again.stderr.splitlines()[:3] == done.stderr.splitlines()[:3]


@pytest.mark.parametrize("message", ["docs: more", "feat: AB-1, CD-2", "feat: one\n\nfix: two"])
def test_a_message_that_is_refused_is_refused_by_commit_msg(hooked, message: str) -> None:
    before = len(log(hooked))
    assert attempt(hooked, "-m", message, text="one\n").returncode == 1
    assert events(hooked, before) == [("pre-commit", "accepted"), ("commit-msg", "refused")]


@pytest.mark.parametrize("message", ["docs: x\n\nPlan-Task: auth/guide", "docs: x\n\nPlan-Urgent: fire", ""])
def test_a_message_opens_nothing_that_pre_commit_closes(hooked, message: str) -> None:
    head = hooked.git("rev-parse", "HEAD")
    done = attempt(hooked, "--allow-empty-message", "-m", message, text="x\n", path="docs/index.md")
    assert not early(hooked)
    assert done.returncode == 1
    assert "SCP001 docs/index.md" in done.stderr
    assert hooked.git("rev-parse", "HEAD") == head


def test_where_an_editor_opens_pre_commit_judges_before_it(hooked) -> None:
    done = attempt(hooked, text="x\n", path="docs/index.md", GIT_EDITOR="touch .git/edited; false")
    assert early(hooked)
    assert done.returncode == 1
    assert not (hooked.root / ".git/edited").exists()
    hooked.git("reset", "-q", "--hard")
    before = len(log(hooked))
    hooked.write(".git/words", "feat: more\n")
    assert attempt(hooked, text="one\n", GIT_EDITOR="cp .git/words").returncode == 0
    assert early(hooked)
    assert events(hooked, before) == CLEAN
    assert "ms" in log(hooked)[-2]


def test_a_user_s_own_silent_editor(hooked) -> None:
    hooked.write("words", "feat: more\n")
    for path, code in (("docs/index.md", 1), ("tests/auth/test_a.py", 0)):
        done = attempt(hooked, "-t", "words", text="one\n", path=path, GIT_EDITOR=":")
        assert done.returncode == 1, "the template was not edited"
        done = attempt(hooked, "-m", "feat: more", text="one\n", path=path, GIT_EDITOR=":")
        hooked.git("rm", "-q", "--cached", "--ignore-unmatch", "words")
        done = attempt(hooked, "-m", "feat: more", GIT_EDITOR=":")
        assert done.returncode == code
        hooked.git("reset", "-q", "--hard")


@pytest.mark.parametrize(
    "how",
    [
        "missing",
        "not executable",
        "edited",
        "foreign",
        "chained",
        "older",
        "never run",
        "prepare-commit-msg",
        "renamed",
    ],
)
def test_where_commit_msg_is_not_sure_to_follow_pre_commit_judges(hooked, how: str) -> None:
    hook = hooked.root / ".git/hooks/commit-msg"
    if how == "missing":
        hook.unlink()
    if how == "not executable":
        hook.chmod(0o644)
    if how == "edited":
        hook.write_text(hook.read_text().replace("\nif ", "\nexit 0\nif ", 1))
    if how == "foreign":
        hook.write_text("#!/bin/sh\nexit 0\n")
    if how == "chained":
        put(hooked, "commit-msg", chained=b"#!/bin/sh\nexit 0\n")
    if how == "older":
        hook.write_text(hook.read_text().replace("planfence/hooks/fastpath.py", "planfence/fastpath.py"))
    if how == "never run":
        (hooked.root / ".git/planfence/note").unlink()
    if how == "prepare-commit-msg":
        beside = hook.with_name("prepare-commit-msg")
        beside.write_text("#!/bin/sh\ngit reset -q docs\n")
        beside.chmod(0o755)
    if how == "renamed":
        hook.with_name("pre-commit").rename(hook.with_name("pre-commit.legacy"))
        beside = hook.with_name("pre-commit")
        beside.write_text("#!/bin/sh\nexec .git/hooks/pre-commit.legacy\n")
        beside.chmod(0o755)
    done = attempt(hooked, "-m", "feat: more", text="x\n", path="docs/index.md")
    assert early(hooked)
    assert done.returncode == 1
    assert "SCP001 docs/index.md" in done.stderr


def test_a_dispatcher_that_starts_pre_commit_alone(hooked) -> None:
    folder = hooked.root / ".git/dispatch"
    folder.mkdir()
    (folder / "pre-commit").write_text('#!/bin/sh\nexec .git/hooks/pre-commit "$@"\n')
    (folder / "pre-commit").chmod(0o755)
    hooked.git("config", "core.hooksPath", ".git/dispatch")
    attempt(hooked, "-m", "feat: more", text="one\n")
    early(hooked)
    for number in range(2):  # from the second commit on nothing is left to what is not started
        done = attempt(hooked, "-m", "feat: more", text=f"{number}\n", path="docs/index.md")
        assert early(hooked)
        assert done.returncode == 1


def test_hooks_path_and_what_is_chained_in_front(hooked) -> None:
    (hooked.root / ".git/hooks").rename(hooked.root / ".git/ours")
    hooked.git("config", "core.hooksPath", ".git/ours")
    assert attempt(hooked, "-m", "feat: more", text="one\n").returncode == 0
    assert not early(hooked)
    (hooked.root / ".git/ours").rename(hooked.root / ".git/hooks")
    hooked.git("config", "--unset", "core.hooksPath")
    put(hooked, "pre-commit", chained=b"#!/bin/sh\n: > .git/behind\n")
    before = len(log(hooked))
    assert attempt(hooked, "-m", "feat: more", text="two\n").returncode == 0
    assert (hooked.root / ".git/behind").exists()
    assert events(hooked, before) == CLEAN
    assert "ms" in log(hooked)[before], "it has judged, before the hook that is chained"


def test_git_hook_run_judges(hooked) -> None:
    hooked.write("docs/index.md", "x\n")
    hooked.git("add", "-A")
    for extra in ({}, {"GIT_EDITOR": ":"}):
        command = ["git", "hook", "run", "pre-commit"]
        done = subprocess.run(command, cwd=hooked.root, env=hooked.variables | extra, check=False, capture_output=True)
        assert done.returncode == 1
        assert early(hooked)


def test_bypassed_hooks_are_said(hooked) -> None:
    done = attempt(hooked, "-nm", "feat: more", text="one\n")
    assert done.returncode == 0
    assert "was committed without pre-commit and commit-msg" in done.stderr
    (hooked.root / ".git/hooks/commit-msg").rename(hooked.root / ".git/kept")
    done = attempt(hooked, "-m", "feat: more", text="two\n")
    assert done.returncode == 0
    assert "was committed without commit-msg" in done.stderr


def test_an_aborted_commit_leaves_nothing_that_speaks_for_another(hooked) -> None:
    hooked.git("config", "core.hooksPath", ".git/hooks")
    done = attempt(hooked, "-m", "", text="one\n")
    assert done.returncode == 1
    said = attempt(hooked, "-nm", "feat: more", text="two\n").stderr
    assert "was committed without pre-commit and commit-msg" in said
    hook = hooked.root / ".git/hooks/commit-msg"
    text = hook.read_text()
    hook.write_text(text.replace("exec ", "exit 1; exec ", 1))
    assert attempt(hooked, "-m", "feat: more", text="three\n").returncode == 1
    hook.write_text(text)
    before = len(log(hooked))
    assert attempt(hooked, "-m", "feat: more").returncode == 0
    assert events(hooked, before) == CLEAN


def test_merges_are_judged_by_pre_merge_commit(hooked) -> None:
    hooked.git("checkout", "-qb", "side")
    attempt(hooked, "-m", "feat: side", text="side\n", path="tests/auth/side.py")
    hooked.git("checkout", "-q", "main")
    attempt(hooked, "-m", "feat: more", text="main\n")
    before = len(log(hooked))
    hooked.git("merge", "-q", "--no-edit", "side")
    assert [event for event, _ in events(hooked, before)] == ["pre-merge-commit", "commit-msg"]
    assert not early(hooked)
    hooked.git("checkout", "-qb", "more", "HEAD^")
    attempt(hooked, "-m", "feat: more", text="other\n")
    hooked.git("merge", "-q", "main", "--no-commit", "--no-ff", ok=False)
    before = len(log(hooked))
    done = attempt(hooked, "-m", "feat: a merge with more", text="x\n", path="docs/index.md")
    assert done.returncode == 1, done.stderr
    assert "docs/index.md" in done.stderr
    assert events(hooked, before) == [("pre-commit", "refused")]


def test_linked_worktrees_have_notes_of_their_own(hooked, tmp_path) -> None:
    hooked.git("worktree", "add", "-q", "-b", "linked", str(tmp_path / "linked"))
    linked = type(hooked)(tmp_path / "linked", hooked.variables)
    linked.start("auth/middleware")
    linked.write("tests/auth/test_a.py", "first\n")
    linked.git("add", "-A")
    linked.git("commit", "-qm", "feat: first")
    early(hooked)
    linked.write("tests/auth/test_a.py", "second\n")
    linked.git("commit", "-qam", "feat: second")
    state = hooked.root / ".git/worktrees/linked/planfence"
    assert (state / "note").read_bytes().startswith(places.USED)
    assert not early(hooked)
    linked.write("docs/index.md", "x\n")
    linked.git("commit", "-qam", "feat: second", ok=False)
    assert linked.git("diff", "--name-only", "HEAD") == "docs/index.md"


def test_a_note_that_can_not_be_written_is_no_leave(hooked) -> None:
    note = hooked.root / ".git/planfence/note"
    text = note.read_bytes()
    note.unlink()
    (hooked.root / "note").write_bytes(text)
    note.mkdir()
    assert attempt(hooked, "-m", "feat: more", text="x\n", path="docs/index.md").returncode == 1
    assert early(hooked)


def test_the_frameworks_ids_always_judge(hooked) -> None:
    hooked.write("docs/index.md", "x\n")
    hooked.git("add", "-A")
    extra = {"GIT_EDITOR": ":", "GIT_INDEX_FILE": ".git/index", "PRE_COMMIT": "1"}
    assert hooked.planfence("hook", "pre-commit", **extra).returncode == 1


def test_shims_of_other_launchers_do_not_leave_it_to_each_other() -> None:
    ours, theirs = (shims.shim("pre-commit", launcher) for launcher in (None, shims.Launcher("/p", "/s")))
    assert ours != theirs
    assert b"leave()" not in shims.shim("pre-commit", None, b"#!/bin/sh\n")
    assert all(b"leave()" not in shims.shim(name, None) for name in shims.NAMES if name != "pre-commit")
