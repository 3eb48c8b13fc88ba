"""commit-msg without an interpreter: the message that its shell lets pass, and all that it leaves to the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fast.test_record import HOOKS, NOWHERE, SHELLS, log, put, recorded

from planfence.hooks import fastahead, fastjudge, fastpath

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no message is known without /proc")
FOUND_NEITHER = "planfence: the commit-msg hook found neither"
TRAILERS = "Plan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human"


@pytest.fixture
def hooked(repo):
    """The planned repository with our hooks, a task that was begun, and one commit behind it.

    Its commit-msg can start no program: what it lets pass is what the shell lets pass.
    """
    for name in HOOKS:
        put(repo, name)
    repo.start("auth/middleware")
    assert commit(repo, "begin\n", "-m", "feat: begin").returncode == 0
    put(repo, "commit-msg", NOWHERE)
    repo.variables["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    return repo


def commit(repo, text: str, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Commit a planned edit."""
    repo.write("tests/auth/test_a.py", text)
    repo.git("add", "-A")
    command = ["git", "commit", "-q", *arguments]
    return subprocess.run(
        command, cwd=repo.root, env=repo.variables | extra, capture_output=True, text=True, check=False
    )


def passed(repo, done: subprocess.CompletedProcess[str]) -> bool:
    """Whether the shell let the message pass; where it did not, nothing has changed."""
    if done.returncode == 0:
        assert done.stderr == ""
        assert recorded(repo)
        assert "ms" not in log(repo)[-2]
        assert [line["event"] for line in log(repo)[-3:]] == list(HOOKS)
        assert repo.git("log", "-1", "--format=%B").rstrip().endswith(TRAILERS)
        return True
    assert FOUND_NEITHER in done.stderr
    assert log(repo)[-1]["event"] == "pre-commit"
    return False


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_lets_what_was_judged_pass(hooked, shell) -> None:
    put(hooked, "commit-msg", NOWHERE, shell=shell)
    for number in range(3):
        assert passed(hooked, commit(hooked, f"{number}\n", "-m", "feat: more"))
    lines = log(hooked)
    assert len({line["id"] for line in lines}) == len(lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-am", "feat: more"),
        ("--message=feat: more",),
        ("--message", "feat: more"),
        ("-m", "feat: more", "-m", "A body,\nof two lines.", "-m", "And more."),
        ("-m", "\n\nfeat: more   \n\n\n\nA body\twith \\n %s $HOME `id` * and 'quotes' \"\n\n\n"),
        ("-m", "feat: gr\u00fc\u00dfe \u2014 \U0001f600"),
        ("-m", "feat: more\n\nReviewed-by: Ada <ada@example.org>"),
        ("-m", "feat: " + "x" * 3000),
        ("--allow-empty", "-m", "-n"),
    ],
)
def test_messages_of_the_command_line_pass(hooked, arguments) -> None:
    assert passed(hooked, commit(hooked, "one\n", *arguments))


def test_what_the_program_writes_is_what_the_shell_writes(hooked) -> None:
    said = []
    for launcher in ({}, {"put": True}):
        if launcher:
            put(hooked, "commit-msg")
            (hooked.root / ".git/hooks/pre-commit").write_text("#!/bin/sh\n" + SLOW.format(sys.executable))
        assert commit(hooked, f"{len(said)}\n", "-m", "feat: more", "-m", "Body").returncode == 0
        said.append(hooked.git("log", "-1", "--format=%B"))
    assert said[0] == said[1]
    assert "ms" in log(hooked)[-2]


#: A pre-commit whose parent is no `git commit`.
SLOW = "{0} -I -m planfence hook pre-commit; exit $?\n"


@pytest.mark.parametrize("how", ["editor", "file", "signed off", "another's hook", "reused"])
def test_messages_from_elsewhere_are_left_to_the_program(hooked, how: str) -> None:
    hooked.write(".git/words", "feat: more\n")
    if how == "editor":
        done = commit(hooked, "one\n", GIT_EDITOR="cp .git/words")
    if how == "file":
        done = commit(hooked, "one\n", "-F", ".git/words")
    if how == "signed off":
        done = commit(hooked, "one\n", "-s", "-m", "feat: more")
    if how == "another's hook":
        between(hooked, 'echo "And more" >> "$1"')
        done = commit(hooked, "one\n", "-m", "feat: more")
    if how == "reused":
        done = commit(hooked, "one\n", "-C", "HEAD")
    assert not passed(hooked, done)


def between(repo, script: str) -> None:
    """Have something happen between pre-commit and commit-msg."""
    hook = repo.root / ".git/hooks/prepare-commit-msg"
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


@pytest.mark.parametrize(
    "script",
    [
        "echo x > tests/auth/other.py; git add -A",
        "cp .git/index .git/index.new; mv .git/index.new .git/index",
        "echo auth/guide > .git/planfence/task",
        "git rev-parse HEAD > .git/MERGE_HEAD",
        "git pack-refs --all",
        "git update-ref refs/planfence/ledger/0123456789abcdef HEAD",
        "touch .git/HEAD",
        "git update-ref refs/heads/main $(git commit-tree -m x HEAD^{tree} -p HEAD)",
        "touch .ai-benchmark.csv",
    ],
)
def test_whatever_the_verdict_rests_on_may_not_be_touched_since(hooked, script: str) -> None:
    between(hooked, f"sleep 0.02; {script}")
    assert not passed(hooked, commit(hooked, "one\n", "-m", "feat: more"))


def test_what_it_does_not_rest_on_may_be_touched(hooked) -> None:
    between(hooked, "sleep 0.02; touch .git/other tests/auth/test_a.py; echo x > new")
    assert passed(hooked, commit(hooked, "one\n", "-m", "feat: more"))


@pytest.mark.parametrize("odd", ["link", "folder", "pipe", "gone"])
def test_a_log_that_is_not_as_pre_commit_left_it(hooked, odd: str) -> None:
    script = {
        "link": "mv .ai-benchmark.csv .git/log; ln -s .git/log .ai-benchmark.csv",
        "folder": "mv .ai-benchmark.csv .git/log; mkdir .ai-benchmark.csv",
        "pipe": "mv .ai-benchmark.csv .git/log; mkfifo .ai-benchmark.csv",
        "gone": "mv .ai-benchmark.csv .git/log",
    }[odd]
    between(hooked, script)
    done = commit(hooked, "one\n", "-m", "feat: more")
    assert done.returncode
    assert FOUND_NEITHER in done.stderr
    assert "commit-msg" not in (hooked.root / ".git/log").read_text().splitlines()[-1]


@pytest.mark.parametrize("message", ["docs: more", "feat: AB-1, CD-2", "feat: one\n\nfix: two", "feat: more\n#x"])
def test_a_message_that_is_not_plain_is_judged_by_the_rules(hooked, message: str) -> None:
    assert not passed(hooked, commit(hooked, "one\n", "-m", message))
    put(hooked, "commit-msg")
    before = hooked.git("rev-parse", "HEAD")
    done = commit(hooked, "one\n", "-m", message)
    refused = message.partition(":")[0] == "docs" or "AB-1" in message or "fix: " in message
    assert (hooked.git("rev-parse", "HEAD") == before) is (done.returncode != 0)
    assert (done.returncode != 0) is refused


def test_another_model_is_not_spoken_for(hooked) -> None:
    assert not passed(hooked, commit(hooked, "one\n", "-m", "feat: more", PLANFENCE_URGENT="fire"))
    assert not (hooked.root / ".git/planfence/ahead").exists()


def test_without_commit_msg_it_is_said(hooked) -> None:
    (hooked.root / ".git/hooks/commit-msg").unlink()
    done = commit(hooked, "one\n", "-m", "feat: more")
    assert done.returncode == 0
    assert "was committed without commit-msg" in done.stderr


def test_an_amended_or_bypassed_commit_goes_to_the_program(hooked) -> None:
    assert passed(hooked, commit(hooked, "one\n", "-m", "feat: more"))
    done = commit(hooked, "two\n", "--amend", "-m", "feat: other")
    assert done.returncode == 0
    assert "ms" in log(hooked)[-1]
    done = commit(hooked, "three\n", "--no-verify", "-m", "feat: other")
    assert "was committed without pre-commit and commit-msg" in done.stderr


@pytest.fixture
def waiting(hooked):
    """A commit that has come as far as commit-msg, which can be run by hand as a child of ours."""
    hook = hooked.root / ".git/hooks/commit-msg"
    hook.rename(hook.with_suffix(".kept"))
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert commit(hooked, "one\n", "-m", "feat: more").returncode == 1
    hook.with_suffix(".kept").rename(hook)
    return hooked


def by_hand(repo, ahead: bytes | None = None, *, parent: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the hook with the notes made out to us, or to another process."""
    for name, given in (("to-record", None), ("ahead", ahead)):
        note = repo.root / ".git/planfence" / name
        head, _, rest = (note.read_bytes() if given is None else given).partition(b"\n")
        words = head.split(b" ")
        if len(words) > 2:
            words[2] = b"%d" % (parent or os.getpid())
        note.write_bytes(b" ".join(words) + b"\n" + rest)
    hook = repo.root / ".git/hooks/commit-msg"
    variables = repo.variables | {"GIT_EDITOR": ":"}
    return subprocess.run(
        [hook, ".git/COMMIT_EDITMSG"], cwd=repo.root, env=variables, capture_output=True, text=True, check=False
    )


def left(repo, done: subprocess.CompletedProcess[str]) -> bool:
    """Whether the shell has left it to the program, and all as it was."""
    state = repo.root / ".git/planfence"
    assert (repo.root / ".git/COMMIT_EDITMSG").read_text() == "feat: more\n"
    assert (state / "to-record").read_bytes().startswith(fastahead.COMING)
    assert log(repo)[-1]["event"] == "pre-commit"
    return done.returncode == 3 and FOUND_NEITHER in done.stderr


def test_by_hand_it_passes_once(waiting) -> None:
    assert by_hand(waiting).returncode == 0
    assert (waiting.root / ".git/COMMIT_EDITMSG").read_text() == f"feat: more\n\n{TRAILERS}\n"
    assert log(waiting)[-1]["event"] == "commit-msg"
    assert by_hand(waiting).returncode == 3
    assert (waiting.root / ".git/COMMIT_EDITMSG").read_text() == f"feat: more\n\n{TRAILERS}\n"


def test_another_process_is_not_believed(waiting) -> None:
    assert left(waiting, by_hand(waiting, parent=os.getpid() + 1))


def test_a_note_that_is_torn_or_mixed_is_left_to_the_program(waiting) -> None:
    whole = (waiting.root / ".git/planfence/ahead").read_bytes()
    word = whole.partition(b"\n")[0].rpartition(b" ")[2]
    other = whole.replace(word, b"0" * len(word))
    first = whole.index(word)
    for cut in range(first + 3, len(whole) - 2, 29):
        for torn in (whole[:cut], whole[:cut] + other[cut:], other[:cut] + whole[cut:]):
            assert torn == whole or left(waiting, by_hand(waiting, torn)), cut
    assert left(waiting, by_hand(waiting, other)), "the note for post-commit is another one"
    assert by_hand(waiting, whole).returncode == 0


@pytest.mark.parametrize(
    "text", ["feat: more", "feat: more\n\n", "feat: mor\\e\n", " feat: more\n", "", "feat: more\r\n"]
)
def test_any_other_letter_is_left_to_the_program(waiting, text: str) -> None:
    (waiting.root / ".git/COMMIT_EDITMSG").write_bytes(text.encode())
    done = by_hand(waiting)
    assert (waiting.root / ".git/COMMIT_EDITMSG").read_bytes() == text.encode()
    assert done.returncode == 3


@pytest.mark.parametrize("shell", SHELLS)
def test_a_disk_that_is_full_is_left_to_the_program(waiting, shell) -> None:
    put(waiting, "commit-msg", NOWHERE, shell=shell)
    hook = waiting.root / ".git/hooks/commit-msg"
    # A limit on files' sizes is met as a full disk is, once the signal is out of the way.
    line = '  printf %s "$w"'
    hook.write_text(hook.read_text().replace(line, f"  trap '' XFSZ; ulimit -f 0\n{line}"))
    assert "ulimit" in hook.read_text()
    done = by_hand(waiting)
    assert done.returncode == 3
    # What could not be written was not the user's: either all of it is there, or git refuses an empty message.
    assert (waiting.root / ".git/COMMIT_EDITMSG").read_text() in ("feat: more\n", "")
    assert log(waiting)[-1]["event"] == "pre-commit"


def test_where_nothing_is_added_nothing_is(repo) -> None:
    for name in HOOKS:
        put(repo, name)
    for number in range(3):
        done = commit(repo, f"{number}\n", "-m", "feat: more")
        assert done.returncode == 0
    assert repo.git("log", "-1", "--format=%B").rstrip() == "feat: more"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["commit"], ""),
        (["commit", "-m"], ""),
        (["commit", "-m", ""], ""),
        (["commit", "-m", "a"], "a\n"),
        (["commit", "-qam", "a b", "-m", "c\n\n\n\nd  \n"], "a b\n\nc\n\nd\n"),
        (["commit", "--message=a=b", "--message", "-m"], "a=b\n\n-m\n"),
        (["commit", "-m", "\u00e4"], "\u00e4\n"),
        (["commit", "-m", "x" * (1 << 14)], ""),
    ],
)
def test_what_our_parent_was_given(words, text: str) -> None:
    code = (
        "import os, sys\n"
        "if os.fork() == 0:\n"
        "    from planfence import fastahead\n"
        "    sys.stdout.buffer.write(fastahead.given().encode())\n"
        "else:\n"
        "    os.wait()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=True)
    assert done.stdout.decode() == text


@pytest.mark.parametrize("meanwhile", ["nothing", "index", "head", "ledger", "task", "merge"])
def test_what_changes_while_pre_commit_writes_takes_the_note_back(hooked, meanwhile: str, monkeypatch) -> None:
    hooked.write("tests/auth/test_a.py", "one\n")
    hooked.git("add", "-A")
    extra = {"GIT_EDITOR": ":", "GIT_INDEX_FILE": ".git/index"}
    environment = {os.fsencode(n): os.fsencode(v) for n, v in (hooked.variables | extra).items()}
    place = fastpath.Place(environment, bytes(hooked.root))
    write = fastpath.write_over

    def happens(path: bytes, data: bytes) -> None:
        if path.endswith(b"/ahead") and meanwhile == "index":
            hooked.write("tests/auth/other.py", "x\n")
            hooked.git("add", "-A")
        if path.endswith(b"/ahead") and meanwhile == "head":
            hooked.git(
                "update-ref", "refs/heads/main", hooked.git("commit-tree", "-m", "x", "HEAD^{tree}", "-p", "HEAD")
            )
        if path.endswith(b"/ahead") and meanwhile == "ledger":
            hooked.git("update-ref", "refs/planfence/ledger/0123456789abcdef", "HEAD")
        if path.endswith(b"/ahead") and meanwhile == "task":
            hooked.write(".git/planfence/task", "auth/guide\n")
        if path.endswith(b"/ahead") and meanwhile == "merge":
            hooked.write(".git/MERGE_HEAD", hooked.git("rev-parse", "HEAD") + "\n")
        write(path, data)

    monkeypatch.setattr(fastpath, "write_over", happens)
    monkeypatch.setattr(fastahead, "given", lambda: "feat: more\n")
    assert fastjudge.pre_commit(place, b"pre-commit", 0.0)
    assert (hooked.root / ".git/planfence/ahead").exists() is (meanwhile == "nothing")
