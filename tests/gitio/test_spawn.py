"""Processes without `subprocess`: what it did for us is still done."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from planfence.gitio.run import failure
from planfence.gitio.spawn import Process


def python(code: str, **options: bool) -> Process:
    return Process([sys.executable, "-c", code], {"PATH": os.defpath}, **options)


def test_more_than_a_pipe_holds_goes_both_ways_at_once() -> None:
    data = os.urandom(1 << 20)
    code = "import sys; d = sys.stdin.buffer.read(); sys.stderr.buffer.write(d[::-1]); sys.stdout.buffer.write(d + d)"
    assert python(code, piped=True).communicate(data) == (0, data + data, data[::-1])


def test_one_that_reads_nothing_says_why_by_its_status() -> None:
    assert python("raise SystemExit(7)", piped=True).communicate(b"x" * (1 << 20))[0] == 7


def test_without_a_pipe_its_input_is_empty() -> None:
    assert python("import sys; print(len(sys.stdin.read()))").communicate()[1] == b"0\n"


def test_no_descriptor_of_ours_leaks_and_none_is_left_open() -> None:
    before = sorted(os.listdir("/dev/fd"))
    waiting = python("input()", piped=True)
    seen = python("import os; print(sorted(map(int, os.listdir('/dev/fd')))[:3], len(os.listdir('/dev/fd')))")
    assert seen.communicate()[1] == b"[0, 1, 2] 4\n"  # the fourth is the listing's own
    waiting.kill()
    assert sorted(os.listdir("/dev/fd")) == before


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="asks Linux which signals are ignored")
def test_signals_that_python_ignores_have_their_effect_again() -> None:
    shown = Process(["sh", "-c", "grep SigIgn /proc/$$/status"], {"PATH": os.defpath}).communicate()[1]
    assert int(shown.split()[1], 16) & (1 << 12 | 1 << 24) == 0  # SIGPIPE, SIGXFSZ


def test_one_that_is_killed_tells_the_signal() -> None:
    assert python("import os; os.kill(os.getpid(), 9)").communicate()[0] == -9


def test_one_apart_is_let_finish(tmp_path) -> None:
    code = f"import sys; sys.stdin.read(); open({str(tmp_path / 'done')!r}, 'w').close()"
    python(code, piped=True, apart=True).kill()
    assert (tmp_path / "done").exists()


def test_the_program_is_looked_for_on_the_path_that_it_is_given(tmp_path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tool").write_text("no program\n")
    (tmp_path / "tool").write_text("#!/bin/sh\necho found\n")
    (tmp_path / "tool").chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "missing"), str(tmp_path / "broken"), str(tmp_path)])
    assert Process(["tool"], {"PATH": path}).communicate() == (0, b"found\n", b"")
    with pytest.raises(FileNotFoundError):
        Process(["tool"], {"PATH": str(tmp_path / "missing")})
    with pytest.raises(PermissionError):
        Process(["tool"], {"PATH": str(tmp_path / "broken")})


def test_standard_descriptors_that_are_closed_are_not_mistaken_for_pipes() -> None:
    code = (
        "import os, sys; sys.path[:] = sys.argv[1:]\n"
        "from planfence.gitio.spawn import Process\n"
        "for number in (0, 1, 2): os.close(number)\n"
        "done = Process(['cat'], dict(PATH=os.defpath), piped=True).communicate(b'through')\n"
        "os._exit(0 if done == (0, b'through', b'') else 1)"
    )
    assert subprocess.run([sys.executable, "-c", code, *sys.path], check=False).returncode == 0


IGNORING = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])"


def test_how_a_process_ends_is_told_if_the_caller_ignores_the_ends_of_children() -> None:
    code = (
        "import sys; sys.path[:] = sys.argv[1:]\n"
        "from planfence.gitio.spawn import Process\n"
        "assert [Process(['sh', '-c', f'exit {n}'], {}).communicate()[0] for n in (0, 7)] == [0, 7]\n"
        "import subprocess; assert subprocess.run(['false']).returncode == 1"
    )
    done = subprocess.run([sys.executable, "-c", IGNORING, sys.executable, "-c", code, *sys.path], check=False)
    assert done.returncode == 0


def test_one_that_somebody_else_has_waited_for_has_failed_and_its_number_is_nobodys() -> None:
    process = python("")
    os.waitpid(process._pid, 0)
    assert process.communicate()[0] == 255
    process.kill()


@pytest.mark.parametrize(
    ("complaint", "hint"),
    [
        (b"fatal: x\nTo add an exception, call:\n\n\tgit config --global --add safe.directory /a\n", "git config --"),
        (b"error: a\nfatal: b\n", "fatal: b"),
        (b"fatal: x\nhint: do\n", "run `planfence doctor`"),
    ],
)
def test_a_command_that_git_advises_is_what_to_type(complaint: bytes, hint: str) -> None:
    assert failure(["rev-parse"], 128, complaint).hint.startswith(hint)
