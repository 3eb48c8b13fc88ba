"""post-commit without an interpreter: what its shell records, and all that it leaves to the program."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from support import program

from planfence.hooks import fastmessage
from planfence.hooks import lightrepository as places
from planfence.setup import shims
from planfence.setup.shims import Launcher

SOURCE = str(Path(places.__file__).resolve().parents[2])
NOWHERE = Launcher("/nowhere/python", "/nowhere")
SHELLS = [[found] for shell in ("dash", "bash", "ksh") if (found := shutil.which(shell))]
SHELLS += [[found, "sh"] for found in [shutil.which("busybox")] if found]
HOOKS = ("pre-commit", "commit-msg", "post-commit")
LINE = re.compile(r"\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d,task=[^,\n]*,model=.*,id=[0-9a-f]{16}")


def put(repo, name: str, launcher: Launcher | None = None, chained: bytes | None = None, shell=("/bin/sh",)) -> None:
    """Put a hook of ours in, as `install` writes it, or with another shell."""
    launcher = launcher or Launcher(str(program.stand_in("python")), SOURCE)
    hook = repo.root / ".git/hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_bytes(shims.shim(name, launcher, chained).replace(b"/bin/sh", " ".join(shell).encode(), 1))
    hook.chmod(0o755)
    if chained is not None:
        behind = hook.with_name(name + shims.CHAINED_SUFFIX)
        behind.write_bytes(chained)
        behind.chmod(0o755)


@pytest.fixture
def hooked(repo):
    """The planned repository with our hooks, a task that was begun, and one commit behind it.

    Its post-commit can start no program: what is recorded is what the shell has recorded.
    """
    for name in HOOKS:
        put(repo, name)
    repo.start("auth/middleware")
    assert commit(repo, "begin\n") == ""
    put(repo, "post-commit", NOWHERE)
    repo.variables["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    return repo


def commit(repo, text: str, *arguments: str, path: str = "tests/auth/test_a.py", message: str = "feat: more") -> str:
    """Commit a planned edit; what the hooks said."""
    repo.write(path, text)
    repo.git("add", "-A")
    command = ["git", "commit", "-q", "-m", message, *arguments]
    done = subprocess.run(command, cwd=repo.root, env=repo.variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def log(repo) -> list[dict[str, str]]:
    lines = (repo.root / ".ai-benchmark.csv").read_text().split("\n")
    assert lines.pop() == ""
    assert all(LINE.fullmatch(line) for line in lines), lines
    return [dict(word.split("=", 1) for word in line.split(",")[1:]) for line in lines]


def recorded(repo) -> bool:
    """Whether the shell has recorded HEAD, and used up what it had for that."""
    last = log(repo)[-1]
    if last["event"] != "post-commit" or last["commit"] != repo.git("rev-parse", "HEAD"):
        return False
    state = repo.root / ".git/planfence"
    assert last["result"] == "accepted"
    assert last["task"] == "auth/middleware"
    assert (state / "note").read_bytes().startswith(places.USED)
    return True


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_records_every_clean_commit(hooked, shell) -> None:
    put(hooked, "post-commit", NOWHERE, shell=shell)
    for number in range(3):
        before = len(log(hooked))
        assert commit(hooked, f"{number}\n") == ""
        assert recorded(hooked)
        assert [line["event"] for line in log(hooked)[before:]] == list(HOOKS)
    lines = log(hooked)
    assert len({line["id"] for line in lines}) == len(lines)


def test_the_next_commit_finds_what_stands_at_its_head(hooked) -> None:
    commit(hooked, "one\n")
    standing = (hooked.root / ".git/planfence/standing").read_bytes().partition(b"\n")[0].split(b" ")
    head = hooked.git("rev-parse", "HEAD").encode()
    place = places.LightRepository(
        {os.fsencode(n): os.fsencode(v) for n, v in hooked.variables.items()}, bytes(hooked.root)
    )
    assert standing[:3] == [places.refs_mark(place), places.ledger_mark(place), head]
    assert commit(hooked, "two\n") == ""
    assert recorded(hooked)


@pytest.mark.parametrize(
    "message",
    [
        'feat: it\'s "quoted" $HOME `id` $(id) \\n \\\\ %s %n * ? [a] ~',
        "feat: more\n\n   indented, and trailing   \n\n\n\nfolded\n",
        "feat: gr\u00fc\u00dfe \u2014 \U0001f600",
        "feat: more\n\nend\nrecorded\n",
        "feat: more\n\nSigned-off-by: Ada <ada@example.org>",
        "-n",
        "feat: " + "x" * 3000,
    ],
)
def test_any_message_is_recorded(hooked, message: str) -> None:
    assert commit(hooked, "one\n", message=message) == ""
    assert recorded(hooked)


@pytest.mark.parametrize("path", ["it's $(id).py", "a  b .py", "-n", "*?[a].py", 'q"q.py'])
def test_any_path_is_recorded_or_left_to_the_program(hooked, path: str) -> None:
    commit(hooked, "one\n", path="tests/auth/" + path)
    said = commit(hooked, "two\n", path="tests/auth/" + path)
    assert recorded(hooked) or "found neither" in said
    assert recorded(hooked) is not ({'"', "\\"} & set(path))


@pytest.mark.parametrize("state", ["detached", "packed", "linked", "sha256", "many files", "empty"])
def test_other_places_and_shapes(hooked, state: str, templates) -> None:
    if state == "detached":
        hooked.git("checkout", "-q", "--detach")
    if state == "packed":
        hooked.git("pack-refs", "--all")
    if state == "many files":
        for number in range(15):
            hooked.write(f"tests/auth/{number}.py")
    put(hooked, "post-commit")
    commit(hooked, "one\n")  # the first at a new place goes the long way
    put(hooked, "post-commit", NOWHERE)
    commit(hooked, "one\n" if state == "empty" else "two\n", "--allow-empty")
    assert recorded(hooked)


def aborted(repo) -> None:
    """A commit that its hooks have allowed, and that git can't sign: their notes are left lying."""
    repo.git("add", "-A")
    before = repo.git("rev-parse", "HEAD")
    settings = ("-c", "gpg.program=false", "-c", "commit.gpgSign=true")
    repo.git(*settings, "commit", "-q", "-m", "feat: more", ok=False)
    assert repo.git("rev-parse", "HEAD") == before
    assert (repo.root / ".git/planfence/note").read_bytes().startswith(b"planfence-note")


@pytest.mark.parametrize("again", ["other content", "other message", "the same"])
def test_a_note_left_lying_says_nothing_of_a_bypassed_commit(hooked, again: str) -> None:
    put(hooked, "post-commit")
    hooked.write("tests/auth/test_a.py", "judged\n")
    aborted(hooked)
    judged = (hooked.root / ".git/COMMIT_EDITMSG").read_text()
    message = "feat: another" if again == "other message" else judged
    text = "judged\n" if again != "other content" else "never judged\n"
    said = commit(hooked, text, "--no-verify", message=message)
    last = log(hooked)[-1]
    assert last["event"] == "post-commit"
    assert "ms" in last, "the shell has recorded it"
    assert ("was committed without" in said) is (again == "other content")


def by_hand(repo, *, parent: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the post-commit hook as a child of ours, with the note made out to us (or to another process)."""
    note = repo.root / ".git/planfence/note"
    head, _, rest = note.read_bytes().partition(b"\n")
    times = note.stat().st_mtime_ns
    words = head.split(b" ")
    words[2] = b"%d" % (parent or os.getpid())
    note.write_bytes(b" ".join(words) + b"\n" + rest)
    os.utime(note, ns=(times, times))
    return run_hook(repo)


def run_hook(repo) -> subprocess.CompletedProcess[str]:
    hook = repo.root / ".git/hooks/post-commit"
    return subprocess.run([hook], cwd=repo.root, env=repo.variables, capture_output=True, text=True, check=False)


@pytest.fixture
def pending(hooked):
    """A commit whose hooks have run but for post-commit, which can be run by hand."""
    hook = hooked.root / ".git/hooks/post-commit"
    hook.rename(hook.with_suffix(".kept"))
    commit(hooked, "pending\n")
    hook.with_suffix(".kept").rename(hook)
    return hooked


def refused(repo, done: subprocess.CompletedProcess[str]) -> bool:
    """Whether the shell has left it to the program, and all notes as they were."""
    state = repo.root / ".git/planfence"
    untouched = not (state / "note").read_bytes().startswith(places.USED)
    return done.returncode == 0 and "found neither" in done.stderr and untouched


def test_by_hand_it_is_recorded_once(pending) -> None:
    assert by_hand(pending).stderr == ""
    assert recorded(pending)
    count = len(log(pending))
    assert "found neither" in run_hook(pending).stderr
    assert len(log(pending)) == count


def test_another_process_is_not_believed(pending) -> None:
    assert refused(pending, by_hand(pending, parent=os.getpid() + 1))


@pytest.mark.parametrize("then", ["amended", "reworded", "another on top", "back", "same again elsewhere"])
def test_a_head_that_is_not_the_commit_is_not_recorded(pending, then: str) -> None:
    pending.git("config", "core.hooksPath", "/dev/null")
    if then == "amended":
        pending.write("tests/auth/test_a.py", "other\n")
        pending.git("commit", "-qa", "--amend", "--no-edit")
    if then == "reworded":
        pending.git("commit", "-q", "--amend", "-m", "feat: other")
    if then == "another on top":
        pending.git("commit", "-q", "--allow-empty", "-m", "feat: other")
    if then == "back":
        pending.git("reset", "-q", "--soft", "HEAD^")
    if then == "same again elsewhere":
        message = pending.git("log", "-1", "--format=%B")
        pending.git("reset", "-q", "--soft", "HEAD^")
        pending.git("commit", "-q", "--allow-empty", "-m", "feat: between")
        pending.git("commit", "-q", "--allow-empty", "-m", message)
    pending.git("config", "--unset", "core.hooksPath")
    before = len(log(pending))
    assert refused(pending, by_hand(pending))
    assert len(log(pending)) == before


@pytest.mark.parametrize("odd", ["link", "dangling", "folder", "pipe", "gone", "torn since", "written since"])
def test_a_log_that_is_not_as_commit_msg_left_it_is_left_to_the_program(pending, odd: str, tmp_path) -> None:
    file = pending.root / ".ai-benchmark.csv"
    if odd in ("torn since", "written since"):
        with file.open("a") as stream:
            stream.write("2026-11-22_10:00:00,task=x" + ("\n" if odd == "written since" else ""))
        later = (pending.root / ".git/planfence/note").stat().st_mtime_ns + 2_000_000_000
        os.utime(file, ns=(later, later))
    else:
        file.unlink()
    if odd == "link":
        (tmp_path / "elsewhere").write_text("")
        file.symlink_to(tmp_path / "elsewhere")
    if odd == "dangling":
        file.symlink_to(tmp_path / "elsewhere")
    if odd == "folder":
        file.mkdir()
    if odd == "pipe":
        os.mkfifo(file)
    before = file.read_bytes() if file.is_file() else b""
    assert refused(pending, by_hand(pending))
    assert (file.read_bytes() if file.is_file() else b"") == before
    assert not (tmp_path / "elsewhere").exists() or not (tmp_path / "elsewhere").read_bytes()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_disk_that_is_full_is_left_to_the_program(pending, shell) -> None:
    put(pending, "post-commit", NOWHERE, shell=shell)
    hook = pending.root / ".git/hooks/post-commit"
    # A limit on files' sizes is met as a full disk is, once the signal is out of the way.
    text = hook.read_text().replace("printf '%s\\n' \"$a$c$b\"", "trap '' XFSZ; ulimit -f 0; printf '%s\\n' \"$a$c$b\"")
    assert "ulimit" in text
    hook.write_text(text)
    before = log(pending)
    assert refused(pending, by_hand(pending))
    assert log(pending) == before


def test_a_note_that_is_torn_anywhere_is_left_to_the_program(pending) -> None:
    note = pending.root / ".git/planfence/note"
    whole = note.read_bytes()
    before = log(pending)
    for length in sorted({0, 1, *range(0, len(whole) - 1, 37), whole.rindex(b"\nend "), len(whole) - 2}):
        note.write_bytes(whole[:length])
        if length < 20:
            assert refused(pending, run_hook(pending)), length
        else:
            assert refused(pending, by_hand(pending)), length
    assert log(pending) == before


def another(whole: bytes) -> bytes:
    """The note of another run for the same commit: only its line's id differs, and so the word that it bears."""
    head, *lines = whole.split(b"\n")[:-2]
    at = next(number for number, line in enumerate(lines) if line.startswith(b",id="))
    lines[at] = b",id=" + b"0" * 16
    return places.note(lines, process=int(head.split(b" ")[2]))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_mixture_of_two_notes_is_left_to_the_program(pending, shell) -> None:
    put(pending, "post-commit", NOWHERE, shell=shell)
    note = pending.root / ".git/planfence/note"
    one = note.read_bytes()
    two = another(one)
    assert len(one) == len(two)
    before = log(pending)
    first = next(at for at, (a, b) in enumerate(zip(one, two, strict=True)) if a != b)
    for cut in range(first + 1, len(one) - 1, 23):
        for mixed in (one[:cut] + two[cut:], two[:cut] + one[cut:]):
            if mixed in (one, two):
                continue  # what differs behind the cut is the same by chance
            note.write_bytes(mixed)
            assert refused(pending, by_hand(pending)), cut
    assert log(pending) == before
    note.write_bytes(two + one[-60:])  # what stood there was longer
    assert by_hand(pending).stderr == ""
    assert log(pending)[-1]["id"] == "0" * 16


def test_a_mixture_of_two_notes_is_not_believed_by_the_program(tmp_path) -> None:
    file = tmp_path / "note"
    lines = [[b"pre-commit " + b"a" * 40 + b" 1 -"], [b"commit-msg " + b"b" * 40 + b" 2 -", b"more"]]
    one, two = places.note(lines[0], head=places.EARLY), places.note(lines[1], process=12)
    for old, new in ((one, two), (two, one)):
        for written in range(len(new) + 1):  # how much of the new one a crash has left
            file.write_bytes(new[:written] + old[written:])
            try:
                found = places.read_note(bytes(tmp_path))
            except places.NotProven:
                continue
            assert found in lines
            assert (found == lines[new is two]) is (written >= len(new) - 1)
        for written in range(len(new) - 1):
            file.write_bytes(new[:written])
            with pytest.raises(places.NotProven):
                places.read_note(bytes(tmp_path))


def test_a_note_can_not_be_led_elsewhere(tmp_path) -> None:
    (tmp_path / "other").write_bytes(b"other")
    (tmp_path / "link").symlink_to("other")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError, match=r"."):
            places.write_over(bytes(tmp_path / name), b"more")
    assert (tmp_path / "other").read_bytes() == b"other"


def limited(size: int, name: Path) -> None:
    """Let a child of ours write behind a message while no file may be longer than this."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            fastmessage._extend(bytes(name), 5, b"\nPlan-Model: human\n")
        except (OSError, places.NotProven):
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_message_is_whole_or_as_it_was(tmp_path) -> None:
    file = tmp_path / "COMMIT_EDITMSG"
    for size in (5, 6, 12, 20):
        file.write_bytes(b"feat\n")
        limited(size, file)
        assert file.read_bytes() == b"feat\n"
    with pytest.raises(places.NotProven):  # somebody else has written to it
        fastmessage._extend(bytes(file), 4, b"x")
    assert file.read_bytes() == b"feat\n"
    fastmessage._extend(bytes(file), 5, b"\nPlan-Model: human\n")
    assert file.read_bytes() == b"feat\n\nPlan-Model: human\n"


def test_a_hook_that_follows_commit_msg_may_change_the_message(hooked) -> None:
    put(hooked, "commit-msg", chained=b"#!/bin/sh\nsed -i '1s/.*/feat: another/' \"$1\"\n")
    put(hooked, "post-commit")
    commit(hooked, "one\n")
    assert hooked.git("log", "-1", "--format=%s") == "feat: another"
    assert "ms" in log(hooked)[-1]


def test_what_a_hook_behind_commit_msg_makes_of_the_message_is_judged_too(hooked) -> None:
    put(hooked, "commit-msg", chained=b"#!/bin/sh\nsed -i '1s/.*/feat: AB-1, CD-2/' \"$1\"\n")
    hooked.write("tests/auth/test_a.py", "one\n")
    hooked.git("add", "-A")
    said = subprocess.run(
        ["git", "commit", "-qm", "feat: more"], cwd=hooked.root, env=hooked.variables, capture_output=True, check=False
    )
    assert said.returncode == 1
    assert b"THM002" in said.stderr


def test_a_hook_behind_post_commit_runs_after_the_record(hooked) -> None:
    put(hooked, "post-commit", NOWHERE, chained=b"#!/bin/sh\ntail -n 1 .ai-benchmark.csv > .git/behind\nexit 3\n")
    commit(hooked, "one\n")
    assert recorded(hooked)
    assert "event=post-commit" in (hooked.root / ".git/behind").read_text()


def test_an_amended_commit_goes_to_the_program(hooked) -> None:
    commit(hooked, "one\n")
    assert "found neither" in commit(hooked, "two\n", "--amend")
    assert "found neither" in commit(hooked, "two\n", "--amend", message="feat: other")


def test_where_commit_msg_could_not_log_neither_does_the_shell(hooked) -> None:
    (hooked.root / ".ai-benchmark.csv").unlink()
    (hooked.root / ".ai-benchmark.csv").mkdir()
    assert "could not be written" in commit(hooked, "one\n")
    assert len(places.read_note(bytes(hooked.root / ".git/planfence"))) == 1


def test_worktrees_that_commit_at_once_lose_no_line(hooked, tmp_path) -> None:
    trees = [tmp_path / f"tree{number}" for number in range(4)]
    for number, tree in enumerate(trees):
        hooked.git("worktree", "add", "-q", "-b", f"work{number}", str(tree))
        state = hooked.root / f".git/worktrees/tree{number}/planfence"
        state.mkdir()
        (state / "task").write_text("auth/middleware\n")
    put(hooked, "post-commit")
    before = len(log(hooked))
    script = (
        'for i in 1 2 3 4 5; do echo "$i" > tests/auth/test_a.py; git commit -qam "feat: $i" 2>> said || exit 1; done'
    )
    running = [subprocess.Popen(["sh", "-c", script], cwd=tree, env=hooked.variables) for tree in trees]
    assert [process.wait() for process in running] == [0] * 4
    lines = log(hooked)[before:]
    assert [tree for tree in trees if (tree / "said").read_text()] == []
    assert sorted(line["event"] for line in lines) == sorted([*HOOKS] * 20)
    assert len({line["id"] for line in lines}) == 60
    made = set(hooked.git("rev-list", "--branches", "--not", "main").split())
    assert {line["commit"] for line in lines if "commit" in line} == made
    assert any("ms" not in line for line in lines)


@pytest.mark.parametrize(
    "lines", [[], [b"pre-commit " + b"a" * 40 + b" b c d"], [b"pre-commit --output=x b"], [b"pre-commit"]]
)
def test_what_the_hooks_saw_is_taken_for_no_more_than_it_is(hooked, lines: list[bytes]) -> None:
    commit(hooked, "one\n")
    (hooked.root / ".git/planfence/note").write_bytes(places.note(lines))
    done = hooked.planfence("hook", "post-commit")
    assert done.returncode == 0, done.stderr
    assert "was committed without pre-commit and commit-msg" in str(done.stderr)
    assert not (hooked.root / "x").exists()
