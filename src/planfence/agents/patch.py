"""The paths that an `apply_patch` text, or a diff, touches, by its headers.

The format is Codex CLI's (its `apply-patch` crate, versions 0.153 to 0.169): a file section opens
with one of three headers, and `*** Move to:` after an update renames. Codex trims a header line
before it reads it, so this does too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from planfence.change.change import Action

_HEADERS = (
    ("*** Add File: ", Action.ADD),
    ("*** Update File: ", Action.MODIFY),
    ("*** Delete File: ", Action.DELETE),
)
_MOVE = "*** Move to: "


class Edit(NamedTuple):
    """One path as the agent wrote it, and what would happen to it (None: the file system says, add or modify)."""

    path: str
    action: Action | None = None


def edits(text: str) -> tuple[Edit, ...]:
    """Return every path that the patch's headers name; a rename is a deletion and an addition.

    Text without a header gives nothing: the caller treats that as unreadable, not as harmless.
    """
    found: list[Edit] = []
    for written in text.splitlines():
        if written[:1] in ("+", "-"):
            continue
        line = written.strip()
        for header, action in _HEADERS:
            if line.startswith(header):
                found.append(Edit(line.removeprefix(header).strip(), action))
        if line.startswith(_MOVE):
            if found:
                found[-1] = Edit(found[-1].path, Action.DELETE)
            found.append(Edit(line.removeprefix(_MOVE).strip(), Action.ADD))
    return tuple(found)


_SIDES = ("--- ", "+++ ")
_OTHER_HEADERS = ("rename from ", "rename to ", "copy to ")


def diffed(text: str, level: int = 1) -> Iterator[str]:
    """Yield the paths that a diff changes; ``level`` of their folders are taken off, as `patch -p` does (patch(1))."""
    before = ""
    for line in text.splitlines():
        named = next((line[4:] for side in _SIDES if line.startswith(side)), "").partition("\t")[0].strip()
        if named and named != "/dev/null" and (line[:1] == "+" or before[:4] != "--- "):
            path = "/".join(named.split("/")[level:]) if "/" in named else named
            yield path
        yield from (line[len(each) :] for each in _OTHER_HEADERS if line.startswith(each))
        before = line
