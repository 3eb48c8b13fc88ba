"""The rare identifiers of each hunk: names that few files of the repository have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from planfence.content.crosshunk import NOT_NAMES
from planfence.content.languages import language_of
from planfence.content.unitkinds import ClassifiedUnit
from planfence.gitio.identifiercounts import files_with
from planfence.gitio.paths import decode, encode
from planfence.gitio.repository import Repository

#: A name is rare that at most this part of the files has; in a small repository, at most so many files.
_SHARE = 0.02
_FEW = 3
#: Names shorter than this say nothing.
_SHORT = 4
_NAME = re.compile(rb"[^\W\d]\w*")


def rare_names(repository: Repository, tree: str, judged: Sequence[ClassifiedUnit]) -> dict[str, frozenset[str]]:
    """Return for each unit (by id) the identifiers in its changed lines that are rare in ``tree``."""
    own = {one.unit.id: _names(one) for one in judged}
    times = Counter(name for names in own.values() for name in names)
    # A name in one unit alone joins nothing.
    wanted = {name for name, count in times.items() if count > 1}
    spread, files = files_with(repository.git, tree, wanted, lambda path: language_of(decode(path)) is not None)
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
