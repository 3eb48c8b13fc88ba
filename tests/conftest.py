"""Real repositories for tests: made once a session, copied for each test, deaf to the machine's own configuration."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from support.repository import Repo, copy_tree, environment

# A run draws what the last one drew; `pytest --hypothesis-profile=default` draws anew.
settings.register_profile("same", derandomize=True, database=None)
settings.load_profile("same")

#: Where Linux keeps files in memory, and how many bytes have to be free there.
_MEMORY, _ENOUGH = "/dev/shm", 4 << 30


def _use_memory() -> None:
    """Put repositories and exports into memory, if programs may run there: for a disk tests wait."""
    try:
        there = os.statvfs(_MEMORY)
    except OSError:
        return
    noexec = getattr(os, "ST_NOEXEC", 0)
    if os.access(_MEMORY, os.W_OK) and not there.f_flag & noexec and there.f_bavail * there.f_frsize > _ENOUGH:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", _MEMORY)
        os.environ.setdefault("TMPDIR", _MEMORY)
        tempfile.tempdir = None  # it is asked for anew


_use_memory()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """What is collected stays: the garbage collector looks through ten thousand tests neither meanwhile nor later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


PLAN = """\
schema = 1
id = "auth"
version = 1
goal = "Move auth logic into middleware"
out_of_scope = ["token format"]
risks = [{ risk = "401 and 403 differ", mitigation = "contract tests" }]
rollback = "Revert the merge commit"

[themes.auth]
paths = ["src/**", "tests/**"]
types = ["feat", "fix", "refactor", "test"]

[themes.docs]
paths = ["docs/**", "README.md"]
types = ["docs"]

[roles]
plan = "claude"
implement = "human"
review = "claude"

[[tasks]]
id = "middleware"
title = "Extract the auth check"
theme = "auth"
estimate_min = 45
deny = ["src/keys/**"]
files = [
  { path = "src/auth.py", change = "add" },
  { path = "src/user.py", change = "modify" },
  { path = "src/keys/**" },
  { path = "tests/auth/**" },
]
acceptance = [{ id = "A1", text = "No token gives 401", review = true }]

[[tasks]]
id = "guide"
title = "Write the guide"
theme = "docs"
estimate_min = 30
files = [{ path = "docs/*.md" }]
acceptance = [{ id = "A1", text = "The guide is right", review = true }]
"""


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One bare-bones and one planned repository, from which each test gets its copy."""
    folder = tmp_path_factory.mktemp("templates")
    empty = Repo(folder / "empty", environment(folder))
    empty.root.mkdir()
    empty.git("init", "-q", "-b", "main")
    empty.git("config", "maintenance.auto", "false")  # one process less for each commit
    for sample in (empty.root / ".git/hooks").glob("*.sample"):  # a quarter of what each test copies
        sample.unlink()
    (empty.root / ".git/description").unlink(missing_ok=True)
    copy_tree(empty.root, folder / "planned")
    planned = Repo(folder / "planned", environment(folder))
    for path, text in {
        "planfence.toml": "schema = 1\n",
        "plans/auth.toml": PLAN,
        "src/user.py": "def user():\n    return 1\n",
        "docs/index.md": "# Docs\n",
        "README.md": "# Project\n",
        ".gitignore": ".ai-benchmark.csv*\n.ai-run.log*\n",
    }.items():
        planned.write(path, text)
    planned.commit("chore: begin")
    for task in ("auth/middleware", "auth/guide"):
        planned.begin(task)
    planned.git("repack", "-a", "-d", "-q")  # a file instead of thirty in as many folders
    return folder


def _copy(templates: Path, name: str, tmp_path: Path) -> Repo:
    copy_tree(templates / name, tmp_path / "repo")
    return Repo(tmp_path / "repo", environment(tmp_path))


@pytest.fixture
def empty_repo(templates: Path, tmp_path: Path) -> Repo:
    """A repository without a commit."""
    return _copy(templates, "empty", tmp_path)


@pytest.fixture
def repo(templates: Path, tmp_path: Path) -> Repo:
    """A repository on `main` with a policy, a plan `auth` (tasks `middleware`, `guide`) and a few files."""
    return _copy(templates, "planned", tmp_path)
