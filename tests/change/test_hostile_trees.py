"""Trees that no honest git wrote: what git would not check out is never written, and nothing leaves the folder."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import zlib
from pathlib import Path

import pytest

from planfence.change import export as exports
from planfence.change.export import check_tree, write_tree
from planfence.errors import CouldNotCheck

FILE, LINK, FOLDER, MODULE = b"100644", b"120000", b"40000", b"160000"
#: What `git fsck` says of trees that old and odd tools wrote, and that git checks out.
HARMLESS = ("zeroPaddedFilemode", "badFilemode", "gitattributesSymlink", "gitignoreSymlink", "mailmapSymlink")


class Store:
    """Writes loose objects as they are told, since git's own commands refuse most of them."""

    def __init__(self, repo) -> None:
        self.folder = repo.root / ".git/objects"
        self.blob = self.add("blob", b"x\n")
        self.link = self.add("blob", b"/etc")
        self.empty = self.add("tree", b"")
        #: A folder's id to the id of the one tree that has it: fsck says of the folder what is wrong with its name.
        self.outer: dict[str, str] = {}

    def add(self, kind: str, data: bytes) -> str:
        whole = b"%s %d\0%s" % (kind.encode(), len(data), data)
        name = hashlib.sha1(whole).hexdigest()
        place = self.folder / name[:2] / name[2:]
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(zlib.compress(whole))
        return name

    def tree(self, entries: list[tuple[bytes, bytes, str]], *, ordered: bool = True) -> str:
        if ordered:
            entries = sorted(entries, key=lambda one: one[1] + (b"/" if one[0] == FOLDER else b""))
        return self.add("tree", b"".join(b"%s %s\0%s" % (m, n, bytes.fromhex(o)) for m, n, o in entries))

    def full_of(self, stem: bytes, mode: bytes, content: str) -> str:
        return self.tree([(mode, b"%s%d" % (stem, number), content) for number in range(10)])

    def content(self, mode: bytes) -> str:
        if mode == FOLDER:
            return self.tree([(FILE, b"inner%d" % len(self.outer), self.blob)])
        return {FILE: self.blob, LINK: self.link, MODULE: "1" * 40}[mode]

    def one(self, name: bytes, mode: bytes = FILE) -> str:
        content = self.content(mode)
        tree = self.tree([(mode, name, content)])
        if mode == FOLDER:
            self.outer[content] = tree
        return tree


@pytest.fixture
def store(empty_repo) -> Store:
    return Store(empty_repo)


STEMS = [
    b".git", b"git~1", b".gitmodules", b"gitmod~1", b"gitmod~4", b"gitmod~5", b"gi7eba~1", b"gi7eb~12", b"~1234567",
    b".gitattributes", b"gi7d29~3", b"gitatt~1", b".gitignore", b".mailmap", b".gi", b".gitx", b"git", b"..", b".",
    b"...", b"a", b"CON", "é".encode(), b"\xff", b".github", b"git~2", b".git\xe2\x80",
]  # fmt: skip
IGNORED = [chr(point).encode() for point in (0x200C, 0x200F, 0x202A, 0x202E, 0x206A, 0x206F, 0xFEFF, 0x200B, 0xFFFE)]
ENDS = [b".", b" ", b". .", b":x", b"::$INDEX_ALLOCATION", b"\\", b"\\x", b"\xff", b"x", b"/", b"/x", b"~1", b"1"]
STARTS = [b"\\", b"a\\", b"/", b"../", b"a/../", b"/tmp/", b" ", b"C:"]


def drawn(draw: random.Random) -> bytes:
    name = draw.choice(STEMS)
    for _ in range(draw.choice((0, 0, 1, 2))):
        kind = draw.randrange(4)
        if kind == 0:
            name = bytes(byte ^ 0x20 if chr(byte).isalpha() and draw.random() < 0.5 else byte for byte in name)
        elif kind == 1:
            at = draw.randrange(len(name) + 1)
            name = name[:at] + draw.choice(IGNORED) + name[at:]
        elif kind == 2:
            name += draw.choice(ENDS)
        else:
            name = draw.choice(STARTS) + name
    return name


def refused_by_git(repo, store: Store, trees: list[str], tmp_path: Path) -> set[str]:
    """What `git fsck` finds fault with, or `git read-tree` and a checkout refuse, with HFS+ and NTFS protected."""
    bad: set[str] = set()
    for tree in trees:
        repo.git("update-ref", f"refs/tags/t{tree}", tree)
    done = subprocess.run(
        ["git", "fsck", "--no-dangling"], cwd=repo.root, env=repo.variables, capture_output=True, check=False
    )
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    for line in said.splitlines():
        words = line.replace(":", "").split()
        if words[:2] in (["error", "in"], ["warning", "in"]) and words[4] not in HARMLESS:
            bad.add(store.outer.get(words[3], words[3]))
    protected = {"GIT_INDEX_FILE": str(tmp_path / "index")}
    options = ("-c", "core.protectHFS=true", "-c", "core.protectNTFS=true")
    for number, tree in enumerate(trees):
        into = tmp_path / f"by-git-{number}"
        into.mkdir()
        (tmp_path / "index").unlink(missing_ok=True)
        for command in (("read-tree", tree), ("checkout-index", "-a", "-q")):
            done = subprocess.run(
                ["git", *options, *command],
                cwd=into,
                env=repo.variables | protected | {"GIT_DIR": str(repo.root / ".git"), "GIT_WORK_TREE": str(into)},
                capture_output=True,
                check=False,
            )
            if done.returncode:
                bad.add(tree)
    return bad


def is_refused(repository, tree: str) -> bool:
    try:
        check_tree(repository, tree)
    except CouldNotCheck:
        return True
    return False


@pytest.mark.parametrize("seed", range(2))
def test_git_is_the_oracle_for_names(empty_repo, store, tmp_path, seed):
    draw = random.Random(seed)
    cases = {
        store.one(*case): case for case in ((drawn(draw), draw.choice((FILE, FILE, LINK, FOLDER))) for _ in range(100))
    }
    bad = refused_by_git(empty_repo, store, list(cases), tmp_path)
    opened = empty_repo.open()
    differs = [(case, tree in bad) for tree, case in cases.items() if is_refused(opened, tree) is not (tree in bad)]
    assert not differs
    assert 10 < len(bad) < len(cases) - 10


def test_git_is_the_oracle_for_what_stands_together(empty_repo, store, tmp_path):
    """Duplicates, files that are folders too, and another order; each pair of names, each way round."""
    draw = random.Random(0)
    cases = {}
    for _ in range(60):
        modes = draw.choices((FILE, LINK, FOLDER), k=2)
        entries = [(mode, draw.choice((b"a", b"b", b"a.", b"a0")), store.content(mode)) for mode in modes]
        cases[store.tree(entries, ordered=draw.random() < 0.7)] = entries
    bad = refused_by_git(empty_repo, store, list(cases), tmp_path)
    opened = empty_repo.open()
    assert not [case for tree, case in cases.items() if is_refused(opened, tree) is not (tree in bad)]
    assert 10 < len(bad) < len(cases) - 10


def test_however_deep_it_stands_nothing_is_written(empty_repo, store, tmp_path):
    for number, name in enumerate(
        (b"..", b".git", b"a/../../b", b"/tmp/x", b"", b".GIT\xe2\x80\x8c", b"git~1", b".git ")
    ):
        tree = store.one(name)
        for _ in range(number % 4):
            tree = store.tree([(FOLDER, b"sub", tree), (FILE, b"good", store.blob)])
        into, space = tmp_path / f"into{number}", tmp_path / f"space{number}"
        into.mkdir()
        space.mkdir()
        with pytest.raises(CouldNotCheck, match="not written to disk"):
            write_tree(empty_repo.open(), tree, into, space)
        assert not list(into.iterdir())


def test_nothing_is_written_through_a_link(empty_repo, store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    link = store.add("blob", os.fsencode(outside))
    inner = store.tree([(FILE, b"b", store.blob)])
    for entries in ([(LINK, b"a", link), (FOLDER, b"a", inner)], [(LINK, b"a", link), (FILE, b"a/b", store.blob)]):
        for ordered in (True, False):
            tree = store.tree(entries if ordered else entries[::-1], ordered=ordered)
            with pytest.raises(CouldNotCheck):
                write_tree(empty_repo.open(), tree, _new(tmp_path), _new(tmp_path))
    through = tmp_path / "through"
    through.symlink_to(outside)
    taken = _new(tmp_path)
    (taken / "a").symlink_to(outside)
    for into in (through, taken):
        with pytest.raises(CouldNotCheck, match="not an empty folder"):
            write_tree(empty_repo.open(), store.tree([(FOLDER, b"a", inner)]), into, _new(tmp_path))
    assert not list(outside.iterdir())


def _new(tmp_path: Path) -> Path:
    folder = tmp_path / f"new{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    return folder


def test_ten_small_trees_that_name_a_billion_files(empty_repo, store):
    tree = store.full_of(b"f", FILE, store.blob)
    for _ in range(9):
        tree = store.full_of(b"d", FOLDER, tree)
    with pytest.raises(CouldNotCheck, match="holds more than"):
        check_tree(empty_repo.open(), tree)


def test_deeper_than_git_goes(empty_repo, store, monkeypatch):
    monkeypatch.setattr(exports, "DEEPEST", 20)
    tree = store.empty
    for _ in range(19):
        tree = store.tree([(FOLDER, b"d", tree)])
    check_tree(empty_repo.open(), tree)
    with pytest.raises(CouldNotCheck, match="folders deep"):
        check_tree(empty_repo.open(), store.tree([(FOLDER, b"d", tree)]))


@pytest.mark.parametrize("raw", [b"x", b"100644 a", b"100644 a\0short", b" a\0" + b"1" * 20, b"9 a\0" + b"1" * 20,
                                 b"7777777777 a\0" + b"1" * 20, b"0 a\0" + b"1" * 20])  # fmt: skip
def test_what_is_no_tree_is_said(empty_repo, store, raw):
    with pytest.raises(CouldNotCheck):
        check_tree(empty_repo.open(), store.add("tree", raw))


def test_a_blob_where_a_folder_is_named_and_one_that_is_missing(empty_repo, store):
    for content in (store.blob, "2" * 40):
        with pytest.raises(CouldNotCheck):
            check_tree(empty_repo.open(), store.tree([(FOLDER, b"d", content)]))


def test_what_git_takes_is_written(empty_repo, store, tmp_path):
    names = [b".github", b".gitignore", b"a\\x2db", b"\xff", b"C:", b"CON", b"a.", b"git~2", "é".encode()]
    tree = store.tree([(FILE, name, store.blob) for name in names] + [(LINK, b"link", store.link)])
    into = _new(tmp_path)
    write_tree(empty_repo.open(), tree, into, _new(tmp_path))
    assert {os.fsencode(each.name) for each in into.iterdir()} == {*names, b"link"}
