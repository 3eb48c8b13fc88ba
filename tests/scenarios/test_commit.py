"""`git commit` with our hooks in place, on real git: accepted, refused, recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.program import stand_in

OURS = ["Plan-Task: auth/middleware", "Plan-Stage: implement", "Plan-Model: human"]


@pytest.fixture
def hooked(repo):
    """The planned repository with hooks that call the full check, and an active task."""
    folder = repo.root / ".git" / "hooks"
    folder.mkdir(exist_ok=True)
    for name in ("pre-commit", "pre-merge-commit", "commit-msg", "post-commit"):
        hook = folder / name
        hook.write_text(f'#!/bin/sh\nexec {stand_in("python")} -m planfence hook {name} "$@"\n')
        hook.chmod(0o755)
    repo.start("auth/middleware")
    return repo


def commit(repo, *arguments: str, **extra: str) -> tuple[int, str]:
    import subprocess

    done = subprocess.run(
        ["git", "commit", *arguments],
        cwd=repo.root,
        env=repo.variables | extra,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def trailers(repo, revision: str = "HEAD") -> list[str]:
    return repo.git("log", "-1", "--format=%(trailers:only)", revision).split("\n")


def test_a_planned_commit_is_accepted_and_signed_with_its_task(hooked) -> None:
    hooked.write("src/auth.py")
    hooked.git("add", "-A")
    status, said = commit(hooked, "-m", "feat: check in middleware")
    assert (status, said) == (0, "")
    assert trailers(hooked)[:3] == OURS


def test_a_refusal_names_the_path_and_the_way_out(hooked) -> None:
    hooked.write("src/other file.py")
    hooked.git("add", "-A")
    before = hooked.git("rev-parse", "HEAD"), hooked.git("write-tree")
    status, said = commit(hooked, "-m", "feat: more")
    assert status == 1
    assert "SCP001 src/other file.py: not in the files of auth/middleware" in said
    assert "git restore --staged -- 'src/other file.py'" in said
    assert "planfence plan amend auth/middleware --add 'src/other file.py' --why" in said
    assert (hooked.git("rev-parse", "HEAD"), hooked.git("write-tree")) == before


def test_the_restore_that_a_refusal_names_works_word_for_word(hooked) -> None:
    hooked.write("src/o'ther $file.py")
    hooked.write("src/auth.py")
    hooked.git("add", "-A")
    _, said = commit(hooked, "-m", "feat: more")
    line = next(line.strip() for line in said.splitlines() if line.strip().startswith("git restore"))
    import subprocess

    subprocess.run(line, shell=True, cwd=hooked.root, env=hooked.variables, check=True)
    assert commit(hooked, "-m", "feat: more")[0] == 0
    assert hooked.git("show", "--name-only", "--format=") == "src/auth.py"


def test_a_lost_message_can_be_had_back(hooked) -> None:
    hooked.write("src/auth.py")
    hooked.git("add", "-A")
    status, said = commit(hooked, "-m", "feat: #1 and #2")
    assert status == 1
    assert "THM002" in said
    assert 'git commit -e -F "$(git rev-parse --git-path COMMIT_EDITMSG)"' in said
    assert (hooked.root / ".git/COMMIT_EDITMSG").read_text().startswith("feat: #1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--amend", "--no-edit"),
        ("--amend", "-m", "feat: again"),
        ("--amend", "-C", "HEAD"),
        ("--amend", "--reset-author", "--no-edit"),
    ],
)
def test_trailers_are_kept_once_under_amend(hooked, arguments: tuple[str, ...]) -> None:
    hooked.write("src/auth.py")
    hooked.git("add", "-A")
    assert commit(hooked, "-m", "feat: a\n\nSigned-off-by: Ada <ada@example.org>")[0] == 0
    assert commit(hooked, *arguments)[0] == 0
    found = [line for line in trailers(hooked) if line.startswith("Plan-")]
    assert found == OURS


def test_a_rebase_keeps_whose_commit_it_is(hooked) -> None:
    hooked.write("src/auth.py")
    hooked.git("add", "-A")
    assert commit(hooked, "-m", "feat: a")[0] == 0
    hooked.git(
        "-c",
        "sequence.editor=sed -i s/^pick/reword/",
        "rebase",
        "-q",
        "-i",
        "HEAD~1",
        GIT_EDITOR="sed -i 1s/a$/b/",
        PLANFENCE_MODEL="codex",
    )
    assert [line for line in trailers(hooked) if line] == OURS


@pytest.mark.parametrize("char", [";", "auto"])
def test_another_comment_character(hooked, char: str) -> None:
    hooked.git("config", "core.commentChar", char)
    hooked.write("src/auth.py")
    hooked.git("add", "-A")
    assert commit(hooked, "-F", "-", "--cleanup=strip", GIT_EDITOR=":")[0] in (0, 1)
    status, _ = commit(hooked, "-v", "-e", "-m", "feat: a", GIT_EDITOR=":")
    assert status == 0
    assert "Plan-Task: auth/middleware" in trailers(hooked)


def test_fixup_is_allowed_and_folds_into_one_set_of_trailers(hooked) -> None:
    hooked.write("src/auth.py")
    hooked.git("add", "-A")
    commit(hooked, "-m", "feat: a")
    hooked.write("src/auth.py", "y\n")
    hooked.git("add", "-A")
    assert commit(hooked, "--fixup", "HEAD") == (0, "")
    hooked.git("rebase", "-q", "-i", "--autosquash", "HEAD~2", GIT_SEQUENCE_EDITOR=":", GIT_EDITOR=":")
    assert [line for line in trailers(hooked) if line] == OURS


@pytest.mark.parametrize("words", ["-m|feat: reworded", "--no-edit", "-a|--no-edit", "-a|-m|feat: b"])
def test_an_amended_commit_was_seen_by_the_hooks(hooked, words: str) -> None:
    for text in ("x\n", "y\n", "z\n"):  # the fast path has found its feet by then
        hooked.write("src/auth.py", text)
        hooked.git("add", "-A")
        assert commit(hooked, "-m", "feat: a") == (0, "")
    hooked.write("src/auth.py", "w\n")
    hooked.extra["GIT_COMMITTER_DATE"] = "2026-01-02T00:00:00Z"
    assert commit(hooked, "--amend", *words.split("|")) == (0, "")
    hooked.write("src/auth.py", "v\n")
    _, said = commit(hooked, "-a", "--amend", "--no-edit", "--no-verify")
    assert "was committed without pre-commit and commit-msg" in said


def test_what_no_verify_let_through_is_said(hooked) -> None:
    hooked.write("src/other.py")
    hooked.git("add", "-A")
    status, said = commit(hooked, "-n", "-m", "feat: sneak")
    assert status == 0
    assert "was committed without pre-commit and commit-msg" in said


@pytest.mark.parametrize("arguments", [("-a",), ("-o", "src/user.py"), ("-i", "src/user.py")])
def test_the_index_that_git_hands_over_is_judged(hooked, arguments: tuple[str, ...]) -> None:
    hooked.write("src/user.py", "changed\n")
    hooked.write("docs/index.md", "changed\n")
    status, said = commit(hooked, "-m", "feat: a", *arguments)
    if arguments == ("-a",):
        assert status == 1
        assert "docs/index.md" in said
    else:
        assert status == 0
        assert hooked.git("show", "--name-only", "--format=") == "src/user.py"


def test_small_work_needs_no_task_and_large_work_does(hooked) -> None:
    hooked.start("")
    for count, status in ((2, 0), (3, 1)):
        for number in range(count):
            hooked.write(f"src/n{count}{number}.py")
        hooked.git("add", "-A")
        assert commit(hooked, "-m", "feat: small")[0] == status
    assert commit(hooked, "-m", "feat: fire", PLANFENCE_URGENT="the site is down")[0] == 0
    assert "Plan-Urgent: the site is down" in trailers(hooked)
    done = hooked.planfence("check", "--range", "HEAD~2..HEAD")
    assert done.returncode == 0
    assert "urgent: " in done.stdout


def test_many_small_commits_are_one_large_change(hooked) -> None:
    hooked.start("")
    for number in range(3):
        hooked.write(f"src/n{number}.py")
        hooked.git("add", "-A")
        assert commit(hooked, "-m", "feat: small")[0] == 0
    done = hooked.planfence("check", "--range", "HEAD~3..HEAD")
    assert done.returncode == 1
    assert "3 files in all unplanned commits together" in done.stdout


def test_without_a_policy_nothing_is_enforced_and_that_is_said_once(empty_repo) -> None:
    empty_repo.write("a")
    empty_repo.git("add", "-A")
    done = empty_repo.planfence("hook", "pre-commit", GIT_INDEX_FILE=str(Path(empty_repo.root / ".git/index")))
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "nothing is enforced" in done.stderr
    assert empty_repo.planfence("check", "--staged").returncode == 2


def test_a_linked_worktree_has_its_own_task(hooked, tmp_path: Path) -> None:
    hooked.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    linked = type(hooked)(tmp_path / "linked", hooked.variables)
    linked.start("auth/guide")
    linked.write("docs/more.md")
    linked.git("add", "-A")
    assert commit(linked, "-m", "docs: more")[0] == 0
    assert "Plan-Task: auth/guide" in trailers(linked)
