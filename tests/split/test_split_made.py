"""What a split makes and loads: trees and commits as git's own, and nothing that costs time unasked."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys

import pytest

from planfence.change.hunks import FileState
from planfence.cli.splitrun import Options, plain
from planfence.errors import CouldNotCheck
from planfence.gitio.repository import Repository
from planfence.split.compose import trees_of
from planfence.split.newtrees import CommitStep, NewTrees

HEAVY = {"click", "dataclasses", "inspect", "typing", "hashlib", "ast", "planfence.change.message"}
JUDGES = {"planfence.judge.check", "planfence.judge.verdicts", "planfence.judge.sources", "planfence.rules"}
#: What only a policy, or an edited plan, asks for.
ASKED = {"planfence.judge.attribution", "planfence.finding", "planfence.split.planfile", "planfence.render.text"}


@pytest.fixture
def mixed(empty_repo):
    repo = empty_repo
    repo.commit("chore: begin", **{"a.js": "f( 1)\n", "package.json": '{"a": 1}\n', "docs/x.md": "hi\n"})
    for path, text in {"a.js": "f(1, 2)\n", "package.json": '{"a": 2}\n', "docs/x.md": "ho\n"}.items():
        repo.write(path, text)
    repo.git("add", "-A")
    return repo


@pytest.mark.parametrize("words", [(), ("--apply", "-m", "feat: more")])
def test_where_there_is_no_policy_nothing_that_judges_is_loaded(mixed, words) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "planfence", "split", *words],
        cwd=mixed.root,
        env=mixed.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "planfence.split.propose" in found
    assert not (HEAVY | JUDGES | ASKED) & found


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("", Options()),
        ("--apply -m x --hunks", Options(do_apply=True, words="x", hunks=True)),
        ("--commit HEAD --json --fine", Options(revision="HEAD", as_json=True, fine=True)),
        ("--plan - --exec true", Options(plan_file="-", command_line="true")),
        ("--help", None),
        ("--plan", None),
        ("-m --apply", None),
        ("--aply", None),
        ("-mx", None),
        ("HEAD", None),
        ("--message=x", None),
    ],
)
def test_plain_options_are_read_without_click(words: str, options: Options | None) -> None:
    assert plain(words.split()) == options


def test_what_click_must_read_it_reads(mixed) -> None:
    done = mixed.planfence("split", "--message=fix: g")
    assert "2. fix: g" in done.stdout
    assert mixed.planfence("split", "--aply").returncode == 2


def test_a_reader_that_leaves_early_sees_no_traceback(mixed) -> None:
    for number in range(3000):
        mixed.write(f"docs/{number}.md")
    mixed.git("add", "-A")
    line = f"'{sys.executable}' -m planfence split | head -1"
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=mixed.root, env=mixed.variables, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1. build: update package.json\n", "")


def test_commits_are_those_that_commit_tree_makes(mixed) -> None:
    head = mixed.git("rev-parse", "HEAD")
    assert mixed.planfence("split", "--apply", "-m", "fix: ü in it").returncode == 0
    above, messages = head, ["build: update package.json", "fix: ü in it", "docs: update x.md"]
    for depth, message in zip((2, 1, 0), messages, strict=True):
        above = mixed.git("commit-tree", "-p", above, "-m", message, f"HEAD~{depth}^{{tree}}")
        assert mixed.git("rev-parse", f"HEAD~{depth}") == above
    assert mixed.git("log", "-1", "-g", "--format=%gs") == "planfence split: one staged change into 3"
    mixed.git("fsck", "--strict", "--no-dangling")


def test_who_commits_is_asked_of_git(mixed) -> None:
    names = [name for name in mixed.variables if name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))]
    nobody = type(mixed)(mixed.root, {name: value for name, value in mixed.variables.items() if name not in names})
    nobody.git("config", "user.useConfigOnly", "true")
    done = nobody.planfence("split", "--apply")
    assert done.returncode == 3
    assert "commit-tree failed" in done.stderr
    assert nobody.git("rev-list", "--count", "HEAD") == "1"
    nobody.git("config", "user.name", "Bo")
    nobody.git("config", "author.name", "Cy")
    nobody.git("config", "user.email", "bo@example.org")
    for setting in (("--unset", "user.useConfigOnly"), ("i18n.commitEncoding", "latin1")):
        nobody.git("config", *setting)
        assert nobody.planfence("split", "--apply").returncode == 0
        assert nobody.git("log", "-3", "--format=%an %ce").splitlines() == ["Cy bo@example.org"] * 3
        assert b"\nencoding " not in nobody.git("cat-file", "commit", "HEAD").encode()
        nobody.git("update-ref", "HEAD", "HEAD~3")


def test_a_branch_that_is_locked_is_left_where_it_is(mixed) -> None:
    """The lock that a `git commit` at the same time would hold."""
    lock = mixed.root / ".git" / "refs" / "heads" / "main.lock"
    lock.write_text("")
    assert mixed.planfence("split", "--apply").returncode == 3
    lock.unlink()
    assert mixed.git("rev-list", "--count", "HEAD") == "1"
    assert os.listdir(mixed.root / ".git" / "planfence") == []


def test_what_is_only_announced_is_not_staged(mixed) -> None:
    """`git add -N` puts a path into the index that no commit holds."""
    mixed.write("later.js", "f()\n")
    mixed.git("add", "-N", "later.js")
    assert "later.js" not in mixed.planfence("split").stdout
    assert mixed.planfence("split", "--apply").returncode == 0
    assert mixed.git("ls-tree", "-r", "--name-only", "HEAD").splitlines() == ["a.js", "docs/x.md", "package.json"]


def test_an_index_that_is_gone_stages_that_everything_goes(mixed) -> None:
    """So git reads it: a missing index is an empty one."""
    (mixed.root / ".git" / "index").unlink()
    assert mixed.planfence("split", "--apply").returncode == 0
    assert mixed.git("ls-tree", "-r", "HEAD") == ""
    assert not (mixed.root / ".git" / "index").exists()


def test_what_is_unmerged_is_refused(mixed) -> None:
    blob = mixed.git("rev-parse", "HEAD:a.js")
    mixed.git("update-index", "--index-info", stdin=f"0 {'0' * 40}\ta.js\n100644 {blob} 1\ta.js\n".encode())
    done = mixed.planfence("split")
    assert done.returncode == 3
    assert "write-tree" in done.stderr
    assert os.listdir(mixed.root / ".git" / "planfence") == []


def test_a_policy_that_comes_with_the_change_judges_the_commits_after_it(mixed) -> None:
    mixed.write("planfence.toml", "schema = 1\n[unplanned]\nfiles = 0\n")
    mixed.git("add", "-A")
    done = mixed.planfence("split", "--apply")
    assert done.returncode == 1
    assert "MSG001" in done.stdout
    assert mixed.git("rev-list", "--count", "HEAD") == "1"


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("seed", range(3))
def test_made_trees_are_those_of_gits_own_index(empty_repo, object_format: str, seed: int) -> None:
    """Random files come, go and change into folders; each tree is compared with `git write-tree`."""
    repo, rng = empty_repo, random.Random(seed)
    if object_format == "sha256":
        shutil.rmtree(repo.root / ".git")
        repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    names = ["a", "a.b", "a-b", "a0", "d/a", "d/a.x", "d/e/f", "d-e", "d.e/f", "z/z/z/z", "ü", "d/e/g"]
    have: set[str] = set()
    trees, steps = [], []
    for number in range(12):
        gone = [name for name in sorted(have) if rng.random() < 0.4]
        for name in gone:
            repo.git("rm", "-qf", "--cached", name)
        new = [name for name in names if rng.random() < 0.4]
        for name in new:
            mode = rng.choice(("100644", "100755", "120000"))
            blob = repo.git("hash-object", "-w", "--stdin", stdin=f"{name} {number}\n".encode())
            repo.git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{name}")
        have = have - set(gone) | set(new)
        read = [line.split() for line in repo.git("-c", "core.quotePath=false", "ls-files", "-s").splitlines()]
        states = tuple(FileState(path, int(mode, 8), None, blob) for mode, blob, _, path in read if path in new)
        steps.append(CommitStep(tuple(name for name in gone if name not in new), states))
        trees.append(repo.git("write-tree"))
    empty = repo.git("hash-object", "-t", "tree", "-w", "--stdin", stdin=b"")
    assert list(_trees(repo.open(), empty, steps)) == trees


def _trees(repository: Repository, base_tree: str, steps: list[CommitStep]) -> tuple[str, ...]:
    return trees_of(NewTrees(repository), base_tree, steps)


def test_a_file_and_a_folder_of_one_name_are_refused(empty_repo) -> None:
    empty_repo.commit("chore: begin", **{"d/a": "x\n"})
    tree, blob = empty_repo.git("rev-parse", "HEAD^{tree}"), empty_repo.git("rev-parse", "HEAD:d/a")
    for path in ("d", "d/a/b"):
        with pytest.raises(CouldNotCheck, match="at once"):
            _trees(empty_repo.open(), tree, [CommitStep((), (FileState(path, 0o100644, None, blob),))])


def test_an_odd_old_mode_is_written_as_git_would(empty_repo) -> None:
    """Importers wrote 100664; git's index, and so the staged tree, has 100644."""
    blob = empty_repo.git("hash-object", "-w", "--stdin", stdin=b"x\n")
    raw = b"".join(b"100664 %s\0" % name + bytes.fromhex(blob) for name in (b"a.js", b"b.js"))
    tree = empty_repo.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)
    empty_repo.git("update-ref", "HEAD", empty_repo.git("commit-tree", "-m", "chore: begin", tree))
    empty_repo.git("reset", "-q", "--hard")
    for path in ("a.js", "docs.md"):
        empty_repo.write(path, "y\n")
    empty_repo.git("add", "-A")
    staged = empty_repo.git("write-tree")
    done = empty_repo.planfence("split", "--apply")
    assert done.returncode == 0, done.stderr
    assert empty_repo.git("rev-parse", "HEAD^{tree}") == staged
