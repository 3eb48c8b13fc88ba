"""A disk that is really full: a small file system in memory. One message, exit 3, nothing opened, nothing lost.

Where none may be mounted, the file-size limit of `test_gate.py` is what stands for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Repo
from support.gate import CODEX, bare_remote, gated, pre_push, push_line, work
from support.ledger import start

from planfence.errors import CouldNotCheck
from planfence.ledger.records import read_book, write_move
from planfence.manifest.policy import Policy

TASK = "auth/middleware"
FULL = "No space left on device"


@dataclass
class Disk:
    root: Path

    def fill(self, room: int = 0) -> None:
        """Leave about so many bytes."""
        self.free()
        left = os.statvfs(self.root)
        with (self.root / "filler").open("wb", 0) as file:
            try:
                file.write(b"x" * max(0, left.f_bavail * left.f_frsize - room))
                while not room:
                    file.write(b"x" * 512)
            except OSError:
                return

    def free(self) -> None:
        (self.root / "filler").unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    root = tmp_path / "disk"
    root.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m,mode=755", "tmpfs", str(root)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield Disk(root)
    subprocess.run(["umount", "-l", str(root)], check=True)


@pytest.fixture
def there(repo, disk: Disk) -> Repo:
    """The planned repository, gated, on the small disk, its temporary files elsewhere."""
    shutil.copytree(repo.root, disk.root / "repo", symlinks=True)
    moved = Repo(disk.root / "repo", repo.variables)
    gated(moved)
    moved.git("branch", "-f", "main")
    bare_remote(moved, disk.root.parent / "remote.git")
    work(moved)
    return moved


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The one message of a command that could not go on."""
    assert done.returncode == 3, done.stdout + done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("planfence: ")]
    assert len([line for line in told if "asking whether the tests" not in line]) == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_the_gate(there: Repo, disk: Disk) -> None:
    disk.fill()
    words = said(there.planfence("test", TASK, **CODEX))
    assert FULL in words
    assert "make room there, and run it again: nothing was recorded" in words
    assert there.planfence("advance", TASK, **CODEX).returncode == 1
    assert pre_push(there, push_line(there)).returncode == 1
    disk.free()
    assert not read_book(there.open()).runs
    assert there.planfence("test", TASK, **CODEX).returncode == 0
    assert pre_push(there, push_line(there)).returncode == 0
    disk.fill()
    assert said(there.planfence("advance", TASK, **CODEX))
    disk.free()
    assert "stage    implement" in there.planfence("status", TASK).stdout
    assert there.planfence("advance", TASK, **CODEX).returncode == 0


def test_the_append_with_ever_less_room(there: Repo, disk: Disk) -> None:
    written: set[str] = {move.id for move in read_book(there.open()).moves}
    refused: list[str] = []
    for room in (*range(40_960, 0, -4096), 0):
        disk.fill(room)
        move = start(f"x/{room}")
        try:
            write_move(there.open(), Policy(), move)
            written.add(move.id)
        except CouldNotCheck as error:
            refused.append(error.message)
        disk.free()
        book = read_book(there.open())
        assert {each.id for each in book.moves} == written
        assert not book.problems
    assert refused
    assert all(FULL in message or "couldn't write" in message for message in refused)
    write_move(there.open(), Policy(), start("x/after"))
    assert len(read_book(there.open()).moves) == len(written) + 1
    there.git("fsck", "--strict")


# With no room at all Python finds itself another temporary folder.
@pytest.mark.parametrize("room", [4096, 8192, 65_536])
def test_the_export(repo, disk: Disk, room: int) -> None:
    gated(repo)
    repo.write("planfence.toml", (repo.root / "planfence.toml").read_text() + 'where = "export"\n')
    repo.write("big.bin", os.urandom(200_000))
    repo.commit("chore: in an export")
    work(repo)
    disk.fill(room)
    words = said(repo.planfence("test", TASK, TMPDIR=str(disk.root), **CODEX))
    assert "export" in words
    assert "hint: " in words
    assert not list(disk.root.glob("planfence-*"))
    assert not read_book(repo.open()).runs
    disk.free()
    assert repo.planfence("test", TASK, TMPDIR=str(disk.root), **CODEX).returncode == 0


def test_the_log(there: Repo, disk: Disk) -> None:
    assert there.planfence("log", "add", f"task={TASK}", "model=codex", "cost=0.42").returncode == 0
    log = there.root / ".ai-benchmark.csv"
    before = log.read_bytes()
    disk.fill()
    # What is left of the file's last block still takes lines.
    for _ in range(60):
        done = there.planfence("log", "add", f"task={TASK}", "model=codex", f"note={'x' * 900}")
        if done.returncode:
            break
    assert "could not be written" in said(done) or "took only a part" in done.stderr
    judged = there.planfence("check")
    assert judged.returncode == 0, judged.stderr
    assert log.read_bytes().startswith(before)
    disk.free()
    assert there.planfence("log", "add", f"task={TASK}", "model=codex", "cost=0.43").returncode == 0
    shown = there.planfence("log", "show", "-n", "0")
    assert "cost=0.42" in shown.stdout or "0.42" in shown.stdout
    assert "0.43" in shown.stdout
