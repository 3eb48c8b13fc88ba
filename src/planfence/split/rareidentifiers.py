"""The rare identifiers of each hunk: names that few files of the repository have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence, Set

from planfence.content.crosshunk import NOT_NAMES
from planfence.content.languages import language_of
from planfence.content.unitkinds import ClassifiedUnit
from planfence.gitio.paths import decode, encode
from planfence.gitio.repository import Repository

#: A name is rare that at most this part of the files has; in a small repository, at most so many files.
_SHARE = 0.02
_FEW = 3
#: Names shorter than this say nothing.
_SHORT = 4
_NAME = re.compile(rb"[^\W\d]\w*")
#: A share of this many files is as good as one of all.
_SAMPLE = 1500
#: Larger files are data.
_LARGEST = 256 * 1024


def rare_names(repository: Repository, tree: str, judged: Sequence[ClassifiedUnit]) -> dict[str, frozenset[str]]:
    """Return for each unit (by id) the identifiers in its changed lines that are rare in ``tree``."""
    own = {one.unit.id: _names(one) for one in judged}
    times = Counter(name for names in own.values() for name in names)
    # A name in one unit alone joins nothing.
    wanted = {name for name, count in times.items() if count > 1}
    spread, files = _files_with(repository, tree, wanted, lambda path: language_of(decode(path)) is not None)
    limit = max(_FEW, int(files * _SHARE))
    rare = {name for name in wanted if spread[name] <= limit}
    return {identity: frozenset(name.decode("latin-1") for name in names & rare) for identity, names in own.items()}


def _names(one: ClassifiedUnit) -> set[bytes]:
    hunk, file = one.unit.hunk, one.unit.file
    if hunk is not None:
        text = b"".join((*hunk.old, *hunk.new))
    else:
        text = b"" if file.is_binary else (file.new or file.old or b"")
        # A file's own name is what others call it by.
        text += b"\n" + encode(one.unit.path).rpartition(b"/")[2].partition(b".")[0]
    return {name for name in _NAME.findall(text) if len(name) >= _SHORT and name.decode("latin-1") not in NOT_NAMES}


def _files_with(
    repository: Repository, tree: str, names: Set[bytes], wanted: Callable[[bytes], bool]
) -> tuple[Counter[bytes], int]:
    """Return how many files hold each name as a whole word, and how many were looked at.

    ``wanted`` says of a path whether its file counts.
    """
    listed = repository.git.run("ls-tree", "-r", "-z", "-l", "--full-tree", tree).split(b"\0")[:-1]
    ids = []
    for head, _, path in (record.partition(b"\t") for record in listed):
        mode, kind, name, size = head.split()
        if kind == b"blob" and mode != b"120000" and int(size) <= _LARGEST and wanted(path):
            ids.append(name.decode())
    step = -(-len(ids) // _SAMPLE) or 1
    ids = ids[::step]
    counts: Counter[bytes] = Counter()
    for blob in repository.objects.beginnings(ids, _LARGEST, whole=lambda _: True):
        counts.update(set(_NAME.findall(blob.data)) & names)
    return counts, len(ids)
