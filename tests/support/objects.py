"""Objects of git, made in the tests' own process: a scene of hundreds of commits costs two files and no process.

Formats: gitformat-pack(5); commits as `git cat-file` prints them raw.
"""

from __future__ import annotations

import zlib
from hashlib import sha1
from pathlib import Path

_KINDS = {"commit": 1, "tree": 2, "blob": 3}
WHO = "Ada <ada@example.org> 1767225600 +0000"
#: Files and folders by their name: (mode, id).
Entries = dict[bytes, tuple[bytes, bytes]]


class Pack:
    """Objects that are in no repository yet; ids are 20 bytes."""

    def __init__(self) -> None:
        self._made: dict[bytes, bytes] = {}

    def add(self, kind: str, data: bytes) -> bytes:
        """Make an object and return its id."""
        name = sha1(b"%s %d\0" % (kind.encode(), len(data)) + data).digest()
        self._made[name] = _packed(kind, data)
        return name

    def include(self, other: Pack) -> None:
        """Take all that another has made."""
        self._made |= other._made

    def tree(self, entries: Entries) -> bytes:
        """Make a tree of what stands directly in it."""
        ordered = sorted(entries.items(), key=lambda each: each[0] + b"/" * (each[1][0] == b"40000"))
        return self.add("tree", b"".join(b"%s %s\0%s" % (mode, name, oid) for name, (mode, oid) in ordered))

    def files(self, entries: Entries) -> bytes:
        """Make the trees of files that are named by their whole paths."""
        here: Entries = {}
        below: dict[bytes, Entries] = {}
        for path, entry in entries.items():
            folder, slash, rest = path.partition(b"/")
            if slash:
                below.setdefault(folder, {})[rest] = entry
            else:
                here[path] = entry
        return self.tree(here | {name: (b"40000", self.files(inner)) for name, inner in below.items()})

    def commit(self, tree: bytes, parents: list[bytes], message: str, people: str = "") -> bytes:
        """Make a commit; ``people`` are its lines of author and committer."""
        lines = [f"tree {tree.hex()}\n", *(f"parent {each.hex()}\n" for each in parents)]
        lines.append(people or f"author {WHO}\ncommitter {WHO}\n")
        return self.add("commit", f"{''.join(lines)}\n{message}".encode("utf-8", "surrogateescape"))

    def write(self, git_dir: Path) -> None:
        """Put all that was made into a repository, as one pack and its index."""
        folder = git_dir / "objects/pack"
        folder.mkdir(exist_ok=True)
        body = bytearray(b"PACK" + (2).to_bytes(4, "big") + len(self._made).to_bytes(4, "big"))
        places = {}
        for name, data in self._made.items():
            places[name] = len(body)
            body += data
        end = sha1(body).digest()
        names = sorted(self._made)
        counts, index = [0] * 256, bytearray(b"\xfftOc" + (2).to_bytes(4, "big"))
        for name in names:
            counts[name[0]] += 1
        for number in range(256):
            index += sum(counts[: number + 1]).to_bytes(4, "big")
        index += b"".join(names)
        index += b"".join(zlib.crc32(self._made[name]).to_bytes(4, "big") for name in names)
        index += b"".join(places[name].to_bytes(4, "big") for name in names) + end
        (folder / f"pack-{end.hex()}.pack").write_bytes(body + end)
        (folder / f"pack-{end.hex()}.idx").write_bytes(index + sha1(index).digest())


def entries_of(tree: bytes) -> Entries:
    """Read a tree's content."""
    found: Entries = {}
    while tree:
        mode, _, rest = tree.partition(b" ")
        name, _, rest = rest.partition(b"\0")
        found[name], tree = (mode, rest[:20]), rest[20:]
    return found


def _packed(kind: str, data: bytes) -> bytes:
    size = len(data)
    head = bytearray([(_KINDS[kind] << 4) | (size & 15)])
    size >>= 4
    while size:
        head[-1] |= 0x80
        head.append(size & 0x7F)
        size >>= 7
    if len(data) > 0xFFFF:
        return bytes(head) + zlib.compress(data, 1)
    # One block that is not compressed: what is made for a test need not be small, and this is ten times as quick.
    length = len(data).to_bytes(2, "little")
    inverse = bytes(255 - byte for byte in length)
    return b"%s\x78\x01\x01%s%s%s%s" % (head, length, inverse, data, zlib.adler32(data).to_bytes(4, "big"))
