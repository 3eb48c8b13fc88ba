"""A change's files with their exact hunks, from `diff-tree` between two trees or `diff-index` against one.

Modes, ids and renames come from `--raw -z`; of the patch only the numbers after `@@` are
read, and the lines themselves are taken from the blobs. That they make the new file from
the old one, byte for byte, is checked for every file.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.change.change import Mode
from planfence.change.hunks import BINARY_PROBE, FileDiff, make_hunks
from planfence.errors import CouldNotCheck
from planfence.gitio.objects import Objects
from planfence.gitio.paths import decode
from planfence.records import dataclass, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.gitio.repository import Repository

#: What makes `diff-tree` and `diff-index` print what :func:`files_of` reads. Every setting that could move a hunk's
#: borders is named, so that ids do not depend on the configuration.
OPTIONS = (
    "-r",
    "-z",
    "--raw",
    "--no-abbrev",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=none",
    "--no-relative",
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
    "-M50%",
    "-l1000",
)
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
    repository: Repository, old_tree: str, new_tree: str, largest: int | None = LARGEST_TEXT
) -> tuple[FileDiff, ...]:
    """Return every changed file between two trees, with blobs and hunks, in git's order; a rename is one file.

    Of files with more than ``largest`` bytes the blobs are left out. None: a text of any size is read, and of a binary
    file its beginning, which stands for its blob.

    Raises :class:`CouldNotCheck` if anything can't be read or the hunks do not fit the blobs.
    """
    from planfence.gitio.isolated import BareView  # a split of what is staged does not load it

    objects = repository.objects
    with BareView(repository) as git:
        objects.begin()
        return files_of(git.run("diff-tree", *OPTIONS, old_tree, new_tree), objects, largest)


def files_of(out: bytes, objects: Objects, largest: int | None = LARGEST_TEXT) -> tuple[FileDiff, ...]:
    """Read what a diff printed, and its blobs; ``largest`` is that of :func:`read_files`."""
    raw, _, patch = out.partition(b"\0\0")
    entries = list(_entries(raw if patch else out))
    sections = _sections(patch)
    wanted = _wanted(entries)
    blobs = _texts(objects, wanted) if largest is None else _blobs(objects, wanted, largest)
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
    try:
        ranges = [_range(words) for words in section.split(b"\n@@ -")[1:]]
        return replace(plain, hunks=make_hunks(plain.old, plain.new, ranges)) if ranges else plain
    except ValueError as error:
        raise CouldNotCheck(f"{entry.path}: {error}", hint="run `git fsck`") from error


def _range(words: bytes) -> tuple[int, int, int, int]:
    """Read what follows `@@ -` at the beginning of a line: the old side's first line and count, then the new side's."""
    old, new = words[: words.index(b" @@")].split(b" +")
    (a, _, b), (c, _, d) = old.partition(b","), new.partition(b",")
    return int(a), int(b or b"1"), int(c), int(d or b"1")


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
    first, *rest = patch.split(b"\ndiff --git ")
    yield from (first, *rest) if first.startswith(b"diff --git ") else rest


def _wanted(entries: list[_Entry]) -> list[str]:
    sides = (
        side
        for entry in entries
        for side, mode in ((entry.old_id, entry.old_mode), (entry.new_id, entry.new_mode))
        if mode not in (Mode.ABSENT, Mode.GITLINK)
    )
    return list(dict.fromkeys(sides))


def _blobs(objects: Objects, wanted: list[str], largest: int) -> dict[str, bytes]:
    """Read these blobs; those above the limit are left out."""
    found: dict[str, bytes] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        if len(wanted) > _AT_ONCE:
            some = [name for name, size in objects.sizes(some).items() if size <= largest]
        found |= {each.id: each.data for each in objects.read_many(some) if len(each.data) <= largest}
    return found


def _texts(objects: Objects, wanted: list[str]) -> dict[str, bytes]:
    """Read these blobs whole if they are texts; of others only the part that shows it: assets may be gigabytes."""
    beginnings = objects.beginnings(wanted, BINARY_PROBE, whole=lambda beginning: b"\0" not in beginning)
    return {each.id: each.data for each in beginnings}
