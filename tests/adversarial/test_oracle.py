"""The reader of changes against the oracle: two `ls-tree` listings, compared (10,000 pairs of random trees)."""

from __future__ import annotations

import os
import random

from planfence.change.difftree import BATCH
from planfence.change.trees import CommitDiff, TreeDiff, parse_raw

PAIRS = int(os.environ.get("PLANFENCE_TREE_PAIRS", "10000"))
MODES = ("100644", "100755", "120000", "160000", "40000")
NAMES = [
    b"a",
    b"A",
    b"b.py",
    b"-rf",
    b":(top)x",
    b"new\nline",
    b'q"',
    b"\xff",
    b"sp ace",
    b"\xc3\xa9",
    b":100644",
    b"a-b",
]


def _write(lab, stream: list[bytes]) -> list[str]:
    """Write trees through one process; return their ids."""
    data = b"".join(stream)
    return lab.git("mktree", "-z", "--batch", "--missing", stdin=data).split()


def _trees(lab, rng: random.Random, count: int) -> list[str]:
    """Small random trees, three levels deep, of every mode and of names that confuse readers."""
    blobs = [lab.blob(str(n).encode()) for n in range(4)]
    made: list[str] = []
    for level in range(3):
        stream = []
        for _ in range(count if level == 2 else 60):
            lines = []
            for name in rng.sample(NAMES, rng.randrange(1, 6)):
                mode = rng.choice(MODES if made else MODES[:-1])
                kind = {"40000": "tree", "160000": "commit"}.get(mode, "blob")
                oid = rng.choice(made) if kind == "tree" else lab.base if kind == "commit" else rng.choice(blobs)
                lines.append(f"{mode} {kind} {oid}\t".encode() + name + b"\0")
            stream.append(b"".join(lines) + b"\0")
        made = _write(lab, stream)
    return made


def _oracle(lab, trees: set[str]) -> dict[str, dict[str, tuple[str, str]]]:
    """What `ls-tree -r -z` says of each tree: path → (mode, id)."""
    found = {}
    for tree in trees:
        listing = {}
        for record in lab.git("ls-tree", "-r", "-z", "--full-tree", tree).split("\0"):
            if record:
                head, _, path = record.partition("\t")
                mode, _, oid = head.split(" ")
                listing[path] = (mode, oid)
        found[tree] = listing
    return found


def _expected(old: dict, new: dict, zero: str) -> set[tuple[str, int, int, str, str]]:
    absent = ("0", zero)
    pairs = {path: (old.get(path, absent), new.get(path, absent)) for path in old.keys() | new.keys()}
    return {(p, int(a[0], 8), int(b[0], 8), a[1], b[1]) for p, (a, b) in pairs.items() if a != b}


def test_the_reader_and_the_oracle_agree(lab) -> None:
    rng = random.Random(20261122)
    trees = _trees(lab, rng, 150)
    listings = _oracle(lab, set(trees))
    made = {tree: lab.git("commit-tree", tree, "-m", "x").strip() for tree in set(trees)}
    with CommitDiff(lab.repo.open().git) as diff:
        for _ in range(0, PAIRS, BATCH):
            pairs = [(rng.choice(trees), rng.choice(trees)) for _ in range(BATCH)]
            diff.send([(made[new], made[old]) for old, new in pairs])
            for (old, new), (records, _) in zip(pairs, diff.receive(len(pairs)), strict=True):
                _agree(parse_raw(records), listings, old, new)


def test_the_reader_of_trees_and_the_oracle_agree(lab) -> None:
    rng = random.Random(20261123)
    trees = _trees(lab, rng, 30)
    listings = _oracle(lab, set(trees))
    with TreeDiff(lab.repo.open().git) as diff:
        for _ in range(PAIRS // 20):
            old, new = rng.choice(trees), rng.choice(trees)
            _agree(diff.diff(old, new), listings, old, new)


def _agree(files, listings, old: str, new: str) -> None:
    said = {(f.path, f.old_mode, f.new_mode, f.old_id, f.new_id) for f in files}
    assert len(said) == len(files)
    assert said == _expected(listings[old], listings[new], "0" * 40), (old, new)
