"""The paths that an `apply_patch` text touches, by its headers.

The format is Codex CLI's (its `apply-patch` crate, versions 0.153 to 0.169): a file section opens
with one of three headers, and `*** Move to:` after an update renames. Codex trims a header line
before it reads it, so this does too.
"""

from __future__ import annotations

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
