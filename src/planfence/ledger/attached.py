"""What a statement says of its attachments: how they are kept, the tree that holds them, each one's digest.

In the predicate, beside what it says itself, so that a signature covers it:

    "attachments": {"mode": "redacted", "gitTree": "…", "files": [
        {"name": "output.txt", "digest": {"sha256": "…"}, "size": 812, "redacted": {"home": 2}}]}

`digest` is of what is kept. The form of a file is in-toto's ResourceDescriptor (`spec/v1/resource_descriptor.md`) with
two fields more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planfence.digests import sha256
from planfence.ledger import intoto
from planfence.records import dataclass, field

FIELD = "attachments"
MODES = ("full", "redacted", "none")


@dataclass(frozen=True, slots=True)
class Attached:
    """What a statement says: the mode (empty: nothing), the tree's id, what was taken out of each file, by kind."""

    mode: str = ""
    tree: str = ""
    redacted: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def stated(mode: str, tree: str, files: Mapping[str, bytes], counts: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Return what a statement says of these files."""
    return {
        "mode": mode,
        "gitTree": tree,
        "files": [
            {
                "name": name,
                "digest": {"sha256": sha256(data).hexdigest()},
                "size": len(data),
                "redacted": dict(counts.get(name, {})),
            }
            for name, data in files.items()
        ],
    }


def read(entry: bytes) -> Attached:
    """Read what an entry says of its attachments; nothing if it is not a statement, or says what we do not write."""
    try:
        said = intoto.decode(intoto.unseal(entry)[1]).predicate.get(FIELD)
    except intoto.NotAStatement:
        return Attached()
    if not isinstance(said, dict) or said.get("mode") not in MODES:
        return Attached()
    tree = said.get("gitTree")
    known = isinstance(tree, str) and len(tree) in (40, 64) and not tree.strip("0123456789abcdef")
    files = said.get("files")
    redacted = {
        each["name"]: {str(kind): count for kind, count in each["redacted"].items() if type(count) is int}
        for each in (files if isinstance(files, list) else ())
        if isinstance(each, dict) and isinstance(each.get("name"), str) and isinstance(each.get("redacted"), dict)
    }
    return Attached(said["mode"], str(tree) if known else "", redacted)
