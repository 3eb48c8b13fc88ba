"""In how many files of a tree names occur, counted over all files or an even sample of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Set

from planfence.gitio.run import Git

_NAME = re.compile(rb"[^\W\d]\w*")
#: A share of this many files is as good as one of all (it is compared with 2%).
_SAMPLE = 1500
#: Larger files are data.
_LARGEST = 256 * 1024


def files_with(git: Git, tree: str, names: Set[bytes], wanted: Callable[[bytes], bool]) -> tuple[Counter[bytes], int]:
    """Return how many files hold each name as a whole word, and how many were looked at.

    ``wanted`` says of a path whether its file counts.
    """
    listed = [record.partition(b"\t") for record in git.run("ls-tree", "-r", "-z", "-l", tree).split(b"\0") if record]
    ids = []
    for head, _, path in listed:
        mode, kind, name, size = head.split()
        if kind == b"blob" and mode != b"120000" and int(size) <= _LARGEST and wanted(path):
            ids.append(name)
    step = -(-len(ids) // _SAMPLE) or 1
    ids = ids[::step]
    counts: Counter[bytes] = Counter()
    out = git.run("cat-file", "--batch", stdin=b"".join(name + b"\n" for name in ids)) if ids else b""
    position = 0
    while position < len(out):
        end = out.index(b"\n", position)
        stop = end + 1 + int(out[position:end].rpartition(b" ")[2])
        counts.update(set(_NAME.findall(out, end + 1, stop)) & names)
        position = stop + 1
    return counts, len(ids)
