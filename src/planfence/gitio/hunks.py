"""A change's files with their exact hunks, from `diff-tree` between two trees.

Modes, ids and renames come from `--raw -z`; of the patch only the numbers after `@@` are
read, and the lines themselves are taken from the blobs. That they make the new file from
the old one, byte for byte, is checked for every file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from planfence.core.change import Mode
from planfence.core.hunks import FileDiff, make_hunks
from planfence.core.paths import decode
from planfence.errors import CouldNotCheck
from planfence.records import dataclass, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.gitio.objects import Objects
    from planfence.gitio.run import Git

_RAW = (
    "-r",
    "-z",
    "--raw",
    "--no-abbrev",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=none",
    "--no-relative",
)
#: Every setting that could move a hunk's borders is named, so that ids do not depend on the configuration.
_PATCH = (
    "-p",
    "-U0",
    "--inter-hunk-context=0",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--no-color",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--output-indicator-new=+",
    "--output-indicator-old=-",
    "--output-indicator-context= ",
)
_RENAMES = ("-M50%", "-l1000")
_RANGE = rb"(?m)^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@"
#: What is larger is moved whole: nobody splits it by lines.
LARGEST_TEXT = 4 * 1024 * 1024
#: For more blobs than this their sizes are asked first.
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class _Entry:
    old_mode: int
    new_mode: int
    old_id: str
    new_id: str
    status: str
    old_path: str
    path: str


def read_files(
    git: Git,
    old_tree: str,
    new_tree: str,
    *,
    renames: bool = True,
    objects: Objects | None = None,
    meanwhile: Callable[[], object] = int,
) -> tuple[FileDiff, ...]:
    """Return every changed file between two trees, with blobs and hunks, in git's order.

    A rename is one file where ``renames`` is set; ``meanwhile`` is called while git compares.
    Raises :class:`CouldNotCheck` where anything can't be read or the hunks do not fit the blobs.
    """
    found = _RENAMES if renames else ("--no-renames",)
    with git.begin("diff-tree", *_RAW, *_PATCH, *found, old_tree, new_tree) as asked:
        meanwhile()
        out = asked.status(ok=(0,))[1]
    return files_of(out, lambda wanted: _read(objects, wanted) if objects else _blobs(git, wanted))


#: The options that :func:`files_of` reads the output of; `diff-index` takes them too.
OPTIONS = (*_RAW, *_PATCH, *_RENAMES)


def files_of(out: bytes, read: Callable[[list[str]], dict[str, bytes]]) -> tuple[FileDiff, ...]:
    """Read what a diff printed; ``read`` returns blobs by their ids, without those that are too large."""
    raw, _, patch = out.partition(b"\0\0")
    entries = list(_entries(raw if patch else out))
    sections = _sections(patch)
    blobs = read(_wanted(entries))
    files = []
    for entry in entries:
        plain = FileDiff(
            entry.path,
            entry.old_path,
            entry.old_mode,
            entry.new_mode,
            entry.old_id,
            entry.new_id,
            blobs.get(entry.old_id),
            blobs.get(entry.new_id),
        )
        files.append(_with_hunks(plain, entry, sections))
    if next(sections, None) is not None:
        raise CouldNotCheck("git's patch names more files than its raw diff", hint="run `git fsck`")
    return tuple(files)


def _with_hunks(plain: FileDiff, entry: _Entry, sections: Iterator[bytes]) -> FileDiff:
    """Take the sections that belong to one raw entry, and from them the hunks."""
    try:
        section = next(sections)
        if plain.type_changed and entry.old_mode and entry.new_mode:
            next(sections)  # a type change is shown as a deletion and an addition
            return plain
    except StopIteration:
        raise CouldNotCheck(f"git's patch has no part for {entry.path}", hint="run `git fsck`") from None
    if (
        plain.is_link
        or plain.is_binary
        or not entry.old_mode
        or not entry.new_mode
        or plain.old is None
        or plain.new is None
    ):
        return plain
    ranges = [tuple(int(number or b"1") for number in found) for found in re.findall(_RANGE, section)]
    if not ranges:
        return plain
    try:
        return replace(plain, hunks=make_hunks(plain.old, plain.new, [(a, b, c, d) for a, b, c, d in ranges]))
    except ValueError as error:
        raise CouldNotCheck(f"{entry.path}: {error}", hint="run `git fsck`") from error


def _entries(raw: bytes) -> Iterator[_Entry]:
    fields = iter(raw.rstrip(b"\0").split(b"\0"))
    for head in fields:
        if not head:
            continue
        old_mode, new_mode, old_id, new_id, status = head.decode().lstrip(":").split(" ")
        old_path = decode(next(fields))
        path = decode(next(fields)) if status[0] in "RC" else old_path
        yield _Entry(int(old_mode, 8), int(new_mode, 8), old_id, new_id, status, old_path, path)


def _sections(patch: bytes) -> Iterator[bytes]:
    """Cut a patch into files: no line of a hunk can begin with `diff --git`."""
    starts = [match.start() for match in re.finditer(rb"^diff --git ", patch, re.MULTILINE)]
    for start, end in pairwise([*starts, len(patch)]):
        yield patch[start:end]


def _wanted(entries: list[_Entry]) -> list[str]:
    sides = (
        side
        for entry in entries
        for side, mode in ((entry.old_id, entry.old_mode), (entry.new_id, entry.new_mode))
        if mode not in (Mode.ABSENT, Mode.GITLINK)
    )
    return list(dict.fromkeys(sides))


def _read(objects: Objects, wanted: list[str]) -> dict[str, bytes]:
    """As :func:`_blobs`, through a process that is there already."""
    found: dict[str, bytes] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        if len(wanted) > _AT_ONCE:
            some = [name for name, size in objects.sizes(some).items() if size <= LARGEST_TEXT]
        found |= {each.id: each.data for each in objects.read_many(some) if len(each.data) <= LARGEST_TEXT}
    return found


def _blobs(git: Git, wanted: list[str]) -> dict[str, bytes]:
    """Read these blobs through one process; those above the limit are left out."""
    if not wanted:
        return {}
    names = "".join(f"{name}\n" for name in wanted).encode()
    if len(wanted) > _AT_ONCE:
        sizes = git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=names).decode().splitlines()
        small = [
            line.split(" ")[0]
            for line in sizes
            if line.split(" ")[1].isdigit() and int(line.split(" ")[1]) <= LARGEST_TEXT
        ]
        names = "".join(f"{name}\n" for name in small).encode()
    out = git.run("cat-file", "--batch", stdin=names)
    blobs: dict[str, bytes] = {}
    position = 0
    while position < len(out):
        end = out.index(b"\n", position)
        header = out[position:end].split(b" ")
        if len(header) != 3:
            raise CouldNotCheck(f"the object {header[0].decode()} is missing", hint="run `git fsck`")
        size = int(header[2])
        if size <= LARGEST_TEXT:
            blobs[header[0].decode()] = out[end + 1 : end + 1 + size]
        position = end + 1 + size + 1
    return blobs
