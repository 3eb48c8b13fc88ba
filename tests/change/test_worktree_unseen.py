"""What a change holds is read from git's objects, whatever lies in the worktree or in this clone's own attributes.

`diff-tree` and `diff-index` take a file of the worktree for the staged blob if their stat is the same. Each test reads
twice, before and after the worktree is disguised, and expects the same.
"""

from __future__ import annotations

import os
from itertools import count

import pytest
from support.gate import gated, work

from planfence.change import snapshot
from planfence.change.hunkreader import read_files
from planfence.change.patches import patch_ids
from planfence.change.reader import commit as commit_of
from planfence.change.reader import with_lines

OLD = "def user():\n    return 1\n"
NEW = "def user():\n    return 2\n"
#: As long as both: what was there, something else, and what git shows without lines.
LIES = (OLD, "y = 1\nx\n".ljust(len(OLD), "\n"), "\0".ljust(len(OLD), "x"))
#: Each staged file gets a time of its own, long ago.
_TIMES = count(1_577_836_800, 60)


def add(repo, path: str, text: str) -> None:
    """Stage a file that git will not look into again: it is older than the index."""
    then = next(_TIMES)
    os.utime(repo.write(path, text), (then, then))
    repo.git("add", path)


def disguise(repo, path: str, text: str) -> None:
    """Put another file there that git takes for the staged one."""
    then = (repo.root / path).stat().st_mtime
    os.utime(repo.write(path, text), (then, then))
    assert repo.git("diff-files", "--name-only") == ""


@pytest.fixture
def trusting(repo):
    """A repository that compares no more than size and seconds, as some shared file systems need it."""
    repo.git("config", "core.checkStat", "minimal")
    repo.git("config", "core.trustctime", "false")
    return repo


@pytest.fixture
def committed(trusting):
    """HEAD changes a file; the index is HEAD's."""
    add(trusting, "src/user.py", NEW)
    trusting.git("commit", "-qnm", "fix: another user")
    return trusting


READERS = {
    "hunks": read_files,
    "patch id": lambda repository, old, new: patch_ids(repository, [new]),
    "difference": snapshot.difference,
    "counts": snapshot.counted,
    "lines": lambda repository, old, new: with_lines(repository, commit_of(repository, new)),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_looks_like_the_blob_is_not_read_for_it(committed, reader: str) -> None:
    old, new = committed.git("rev-parse", "HEAD^", "HEAD").split()
    before = READERS[reader](committed.open(), old, new)
    assert before
    for lie in LIES:
        disguise(committed, "src/user.py", lie)
        assert READERS[reader](committed.open(), old, new) == before


@pytest.mark.parametrize("reader", READERS)
def test_attributes_of_this_clone_change_nothing(committed, reader: str) -> None:
    old, new = committed.git("rev-parse", "HEAD^", "HEAD").split()
    before = READERS[reader](committed.open(), old, new)
    for place in (".gitattributes", ".git/info/attributes"):
        committed.write(place, "* -diff\n")
        assert READERS[reader](committed.open(), old, new) == before
        committed.write(place, "")


COMMANDS = (
    ("check", "--staged", "--format", "json"),
    ("summary", "--staged"),
    ("split", "--json"),
    ("check", "--commit", "HEAD", "--format", "json"),
    ("check", "--range", "HEAD~1..HEAD", "--format", "json"),
    ("verify", "HEAD~1..HEAD"),
    ("summary", "--commit", "HEAD"),
    ("split", "--commit", "HEAD", "--json"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_sees_it(trusting, command: tuple[str, ...]) -> None:
    repo = trusting
    repo.start("auth/middleware")
    add(repo, "src/user.py", NEW)
    add(repo, "docs/index.md", "# Documents\n")
    if "HEAD" in " ".join(command):
        repo.git("commit", "-qnm", "style: reformat")
    before = repo.planfence(*command)
    assert before.returncode in (0, 1), before.stderr
    for lie in LIES:
        disguise(repo, "src/user.py", lie)
        after = repo.planfence(*command)
        assert (after.returncode, after.stdout, after.stderr) == (before.returncode, before.stdout, before.stderr)


def refused(repo, message: str) -> str:
    with pytest.raises(AssertionError) as said:
        repo.git("commit", "-qm", message)
    return str(said.value)


@pytest.mark.parametrize("lie", LIES)
def test_a_commit_is_judged_by_what_it_holds(trusting, lie: str) -> None:
    repo = trusting
    assert repo.install().returncode == 0
    repo.start("auth/middleware")
    add(repo, "tests/auth/test_user.py", OLD)
    repo.git("commit", "-qm", "test: a user")
    add(repo, "tests/auth/test_user.py", NEW)
    disguise(repo, "tests/auth/test_user.py", lie)
    repo.git("commit", "-qm", "test: another user")
    assert repo.git("show", "HEAD:tests/auth/test_user.py") + "\n" == NEW
    add(repo, "src/user.py", "def user():\n    return 2, 3\n")
    disguise(repo, "src/user.py", "def user():\n    return 1   \n")
    assert "THM003" in refused(repo, "style: spaces")


def test_the_evidence_of_a_test_holds_the_change_itself(trusting) -> None:
    repo = gated(trusting, "true")
    work(repo, "auth = 1\n")
    add(repo, "src/auth.py", "auth = 1\n")
    disguise(repo, "src/auth.py", "auth = 9\n")
    ran = repo.planfence("test", "auth/middleware")
    assert ran.returncode == 0, ran.stderr
    ref = repo.git("for-each-ref", "--format=%(refname)", "refs/planfence/kept")
    name = "change.diff"
    assert "+auth = 1" in repo.git("show", f"{ref}:{name}").splitlines()


def test_a_shallow_clone_knows_what_its_commits_change(committed, tmp_path) -> None:
    tip = committed.commit("fix: more", **{"src/user.py": OLD})
    committed.git("clone", "-q", "--depth=2", f"file://{committed.root}", str(tmp_path / "shallow"))
    shallow = type(committed)(tmp_path / "shallow", committed.variables)
    edge = shallow.git("rev-parse", "HEAD^")
    found = patch_ids(shallow.open(), [tip, edge])
    assert found[tip] == patch_ids(committed.open(), [tip])[tip]
