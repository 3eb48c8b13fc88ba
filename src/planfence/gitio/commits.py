"""Commits as their raw objects say them: real parents, tree, message."""

from __future__ import annotations

from itertools import takewhile

from planfence.errors import CouldNotCheck
from planfence.gitio.objects import GitObject
from planfence.gitio.repository import Repository
from planfence.lazyregex import pattern
from planfence.records import dataclass

#: What a message is in where nothing is said.
_PLAIN = "utf-8"
#: Charsets in which every reader finds the same trailers. UTF-7, UTF-16, the shifting ISO-2022 and Python's own
#: codecs (`unicode_escape`) would show us words that stand in no `git log`.
_CHARSET = pattern(
    r"(?i:utf-?8|(?:us-?)?ascii|latin-?1|iso-?8859-?\d{1,2}|(?:windows-?|cp)(?:125\d|874)|koi8-[ru]"
    r"|euc-?(?:jp|kr)|s(?:hift)?[-_]?jis|gb2312|gbk|gb18030|big5)"
)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. ``message`` is decoded by its `encoding` header if that has ASCII's letters in ASCII's places,
    bytes that don't fit as surrogates.

    ``author`` is `Name <address>`, ``author_time`` in seconds since the epoch.
    """

    id: str
    tree: str
    parents: tuple[str, ...]
    message: str
    author: str = ""
    author_time: int = 0


def parse_commit(raw: GitObject) -> Commit:
    """Parse a raw commit object; raises :class:`CouldNotCheck` for what is none."""
    header, _, body = raw.data.partition(b"\n\n")
    if b"\0" in raw.data:
        # Git shows a message up to its first NUL: what stands behind it would be read by nobody but us.
        raise CouldNotCheck(f"commit {raw.id} holds a NUL byte", hint="run `git fsck`")
    lines = header.split(b"\n")
    parents = list(takewhile(lambda line: line.startswith(b"parent "), lines[1:]))
    rest = lines[1 + len(parents) :]
    ids = [line.partition(b" ")[2] for line in (lines[0], *parents)]
    if raw.type != "commit" or not lines[0].startswith(b"tree ") or not all(map(_is_id, ids)):
        raise CouldNotCheck(f"{raw.id} is not a commit that can be read", hint="run `git fsck`")
    author: tuple[str, int] | None = None
    encoding = _PLAIN
    for line in rest:
        key, _, value = line.partition(b" ")
        if key in (b"tree", b"parent"):
            # Git reads no parent behind the author; two readers must not see two histories.
            raise CouldNotCheck(f"commit {raw.id} has a misplaced {key.decode()} line", hint="run `git fsck`")
        if key == b"author":
            author = author or _person(value)
        elif key == b"encoding":
            encoding = value.decode("ascii", "replace")
    tree, *found = (identifier.decode() for identifier in ids)
    return Commit(raw.id, tree, tuple(found), _decode(body, encoding), *(author or ("", 0)))


#: `git log` of plain paths, deaf to what configuration adds to it.
LOG = (
    *("--literal-pathspecs", "-c", "log.follow=false", "-c", "log.showSignature=false", "log"),
    *("--encoding=UTF-8", "--no-renames", "--no-ext-diff", "--no-textconv"),
)


def address(person: str) -> str:
    """Return the e-mail address of `Name <address>`, as git reads it (ident.c, split_ident_line)."""
    return person.rpartition("<")[2].partition(">")[0].strip()


def added_by(repository: Repository, commit: str, path: str) -> str:
    """Return the message of the latest commit up to ``commit`` that added this path; empty if none did.

    A path that only a merge brought in counts as nobody's.
    """
    out = repository.git.text(*LOG, "-1", "--format=%H", "--diff-filter=A", commit, "--", path)
    if not out:
        return ""
    return parse_commit(repository.objects.read_many([out])[0]).message


def _is_id(name: bytes) -> bool:
    return len(name) in (40, 64) and not name.strip(b"0123456789abcdef")


def is_readable(encoding: str) -> bool:
    """Whether every reader finds the same trailers in a message of this encoding; empty: git's own, UTF-8."""
    return not encoding or _CHARSET.fullmatch(encoding) is not None


def _decode(body: bytes, encoding: str) -> str:
    try:
        if encoding != _PLAIN and _CHARSET.fullmatch(encoding):
            return body.decode(encoding, "strict")
    except (LookupError, UnicodeDecodeError):
        pass
    return body.decode("utf-8", "surrogateescape")


def _person(value: bytes) -> tuple[str, int]:
    text = value.decode("utf-8", "surrogateescape")
    who, _, when = text.rpartition("> ")
    seconds = when.split(" ")[0]
    return (f"{who}>" if who else text), (int(seconds) if seconds.isdigit() else 0)


def signature_of(raw: GitObject) -> tuple[bytes, str]:
    """Return what a commit's signature was made over, and the armoured signature; empty without exactly one.

    The payload is the raw commit without its `gpgsig` header (git's commit.c, parse_signed_commit).
    """
    header, split, body = raw.data.partition(b"\n\n")
    kept: list[bytes] = []
    found: list[list[bytes]] = []
    inside = False
    for line in header.split(b"\n"):
        if line.startswith(b" ") and inside:
            found[-1].append(line[1:])
            continue
        inside = line.startswith((b"gpgsig ", b"gpgsig-sha256 "))
        if inside:
            found.append([line.partition(b" ")[2]])
        else:
            kept.append(line)
    if len(found) != 1:
        return b"", ""
    return b"\n".join(kept) + split + body, b"\n".join(found[0]).decode("ascii", "replace") + "\n"
