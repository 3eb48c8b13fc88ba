"""Files that somebody else may have put in place: none of their readers waits, or takes all memory."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from planfence.errors import PlanfenceError
from planfence.files import plain
from planfence.files.plain import open_plain, read_given, read_plain


def test_only_a_plain_file_is_read(tmp_path):
    place = tmp_path / "file"
    place.write_bytes(b"x")
    (tmp_path / "link").symlink_to(place)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    assert read_plain(place) == read_plain(tmp_path / "link") == b"x"
    for name in ("pipe", "zero", "loop", "none", "."):
        for read in (open_plain, read_plain):
            with pytest.raises(OSError, match=r"plain|links|No such|directory"):
                read(tmp_path / name)
    with pytest.raises(OSError, match="larger"):
        read_plain(place, 0)


def test_what_a_user_names_is_limited_too(monkeypatch):
    monkeypatch.setattr(plain, "LARGEST", 3)
    assert read_given(io.BytesIO(b"abc"), "the review") == b"abc"
    with pytest.raises(PlanfenceError, match="the review is larger"):
        read_given(io.StringIO("abcd"), "the review")


#: What a command reads of the worktree, the home folder or the git directory, and that command.
READ = {
    ".ai-benchmark.csv": ("log", "show"),
    ".ai-run.log": ("status",),
    ".claude/settings.json": ("install", "--agents", "claude"),
    ".codex/config.toml": ("install", "--agents", "codex"),
    ".cursor/hooks.json": ("install", "--agents", "cursor"),
    ".pre-commit-config.yaml": ("doctor",),
    "prek.toml": ("install",),
    ".claude/settings.local.json": ("doctor",),
    "plans/other.toml": ("doctor",),
    "AGENTS.md": ("install", "--agents", "codex"),
    "package.json": ("init",),
    "event.json": ("verify",),
    ".git/planfence/requests.jsonl": ("requests",),
    ".git/planfence/board.json": ("board",),
    ".git/planfence/ledger-tip": ("status",),
    ".git/planfence/writer": ("sync",),
    ".git/planfence/agent-note": ("agent", "claude"),
    ".git/REVERT_HEAD": ("check",),
}

#: Who reads a file without looking at what it is: one that the kernel makes, or after a look of their own.
READERS = {
    "files/ancestors.py",
    "log/writer.py",
    "change/write.py",
    "change/worktreeproof.py",
    "prove/mutants.py",
    "hooks/cache.py",
    "cli/report.py",
}


def test_one_reader() -> None:
    """Whoever reads a file whole reads it by `files.plain`, or is in the list of who need not."""
    import planfence

    folder = Path(planfence.__file__).parent
    found = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if ".read_bytes()" in line or ('.read_text("' in line and "files(" not in line)
    }
    assert found - READERS == set()


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("kind", ["pipe", "device", "deep", "list"])
def test_no_command_waits_for_a_pipe(repo, name: str, kind: str) -> None:
    place = repo.root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "device":
        place.symlink_to("/dev/zero")
    elif kind == "list":
        place.write_bytes(b"[[1], null]")
    else:
        place.write_bytes(b"a = " + b"[" * 50_000)
    extra = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(place), "GITHUB_EVENT_NAME": "pull_request"}
    done = repo.planfence(*READ[name], **(extra if name == "event.json" else {}))
    assert done.returncode in (0, 1, 2, 3)
    assert "Traceback" not in done.stderr
