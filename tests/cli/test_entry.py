"""The program where it can't look around."""

from __future__ import annotations

import subprocess
import sys

import pytest

from planfence.cli import receivemain
from planfence.cli.main import main as command
from planfence.entry import _split
from planfence.hooks import main as hooks


@pytest.mark.parametrize("words", ["verify a..b", "check --range a..b", "status", "split", "hook pre-commit", "--help"])
def test_a_folder_that_is_gone_is_said(tmp_path, words: str) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    program = "import os, sys; os.rmdir(os.getcwd()); from planfence.entry import main; main()"
    command = [sys.executable, "-c", program, *words.split()]
    done = subprocess.run(command, cwd=gone, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "planfence: the folder that this was started in can't be read: No such file or directory",
        "  hint: change into the repository, and run it again",
    ]


@pytest.mark.parametrize("entry", ["hook", "receive", "split"])
def test_an_error_of_the_system_that_nobody_foresaw_is_one_message(entry: str, monkeypatch, capsys) -> None:
    def fail(*_: object) -> int:
        raise OSError(36, "File name too long", "plans")

    monkeypatch.setattr("planfence.hooks.main.run", fail)
    monkeypatch.setattr("planfence.cli.receivemain.open_repository", fail)
    monkeypatch.setattr("planfence.cli.splitrun.run", fail)
    monkeypatch.setattr("os._exit", sys.exit)
    monkeypatch.setattr("gc.disable", lambda: None)
    calls = {
        "hook": lambda: hooks.main("pre-push", (), b""),
        "receive": receivemain.main,
        "split": lambda: _split([]),
    }
    try:
        code = calls[entry]()
    except SystemExit as end:
        code = end.code
    assert code == 3
    assert capsys.readouterr().err.splitlines() == ["planfence: plans: File name too long"]


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-", "> /dev/full"])
def test_a_stream_that_is_closed_or_full(tmp_path, closed: str) -> None:
    """No child takes the next file that is opened for its standard output, and nothing ends in a traceback."""
    line = f"{sys.executable} -m planfence explain {closed}"
    done = subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    full = closed.endswith("full")
    assert done.returncode == (3 if full else 0)
    assert done.stderr == ("planfence: the system: No space left on device\n" if full else "")


@pytest.mark.parametrize("words", ["verify a..b", "split", "prompt"])
def test_what_nobody_hears_changes_no_exit_code(tmp_path, words: str) -> None:
    line = f"{sys.executable} -m planfence {words} > /dev/null 2> /dev/full"
    assert subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, check=False).returncode == 2


@pytest.mark.parametrize("verb", ["plan", "log", "trial", "hook"])
def test_a_verb_alone_shows_what_it_takes(verb: str, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["planfence", verb])
    with pytest.raises(SystemExit) as ended:
        command()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith(f"Usage: planfence {verb} ")
    assert "\\" not in said
    assert ("Error" in said) == (verb == "hook")


def test_a_child_has_the_streams_that_were_closed(tmp_path) -> None:
    child = [sys.executable, "-c", "import os; os.fstat(1)"]
    program = (
        f"import subprocess; from planfence import entry; entry._fill_streams(); subprocess.run({child}, check=True)"
    )
    line = f'{sys.executable} -c "$0" >&-'
    assert subprocess.run(["/bin/sh", "-c", line, program], cwd=tmp_path, check=False).returncode == 0
