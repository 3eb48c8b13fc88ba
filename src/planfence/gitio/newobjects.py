"""Objects that are made here, ids and all, and stored by one process of git's own, however many they are.

Formats: gitformat-pack(5); commits as `git cat-file` prints them raw.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import compress

from planfence.digests import sha1, sha256
from planfence.gitio.run import Git

_KINDS = {"commit": 1, "tree": 2, "blob": 3}
#: Git deflates again when it unpacks; here it must only be quick.
_LEVEL = 1


class NewObjects:
    """Objects that the repository need not have yet.

    ``zero`` is the null id in its format. ``made`` maps ids to (type, content) in the order in which they were made.
    """

    def __init__(self, zero: str) -> None:
        self._digest = sha1 if len(zero) == 40 else sha256
        self.made: dict[str, tuple[str, bytes]] = {}

    def add(self, kind: str, data: bytes) -> str:
        """Make an object and return its id."""
        name = self._digest(b"%s %d\0" % (kind.encode(), len(data)) + data).hexdigest()
        self.made[name] = (kind, data)
        return name

    def pack(self) -> bytes:
        """All that was made, as one pack."""
        parts = [_packed(kind, data) for kind, data in self.made.values()]
        body = b"PACK" + (2).to_bytes(4, "big") + len(parts).to_bytes(4, "big") + b"".join(parts)
        return body + self._digest(body).digest()

    def store(self, git: Git) -> None:
        """Have git store all that was made; raises :class:`CouldNotCheck` if it can't."""
        git.run("unpack-objects", "-q", stdin=self.pack())


def _packed(kind: str, data: bytes) -> bytes:
    size = len(data)
    head = bytearray([(_KINDS[kind] << 4) | (size & 15)])
    size >>= 4
    while size:
        head[-1] |= 0x80
        head.append(size & 0x7F)
        size >>= 7
    return bytes(head) + compress(data, _LEVEL)


def commit_of(tree: str, parents: Sequence[str], author: bytes, committer: bytes, message: str) -> bytes:
    """The content of a commit as `git commit-tree -F -` writes it.

    ``author`` and ``committer`` are `Name <address> seconds zone`. The message must hold no NUL.
    """
    lines = [b"tree " + tree.encode(), *(b"parent " + each.encode() for each in parents)]
    text = message.encode("utf-8", "surrogateescape").removesuffix(b"\n") + b"\n"
    return b"\n".join([*lines, b"author " + author, b"committer " + committer, b"", text])
