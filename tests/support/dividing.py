"""Changes made of texts, taken apart for a proof."""

from __future__ import annotations

import difflib
import hashlib
import time

from planfence.change.change import Mode
from planfence.change.hunks import FileDiff, make_hunks, units_of
from planfence.content.kinds import judge
from planfence.prove.parts import Division, divide
from planfence.prove.testcode import apart


def file(
    path: str, old: bytes | None, new: bytes | None, *ranges: tuple[int, int, int, int], was: str = ""
) -> FileDiff:
    """One file's change; ``ranges`` are the hunks as after `@@`, ``was`` its path before."""
    ids = [hashlib.sha1(side).hexdigest() if side is not None else "0" * 40 for side in (old, new)]
    modes = [Mode.FILE if side is not None else Mode.ABSENT for side in (old, new)]
    hunks = make_hunks(old or b"", new or b"", ranges) if old is not None and new is not None else ()
    return FileDiff(path, was or path, *modes, *ids, old, new, hunks)


def changed(path: str, old: str, new: str) -> FileDiff:
    """A file's change, with the hunks that git would see."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    ranges = [(i + (j > i), j - i, k + (m > k), m - k) for tag, i, j, k, m in matcher.get_opcodes() if tag != "equal"]
    return file(path, old.encode(), new.encode(), *ranges)


def division(*files: FileDiff, risk=None) -> Division:
    """These files' change, taken apart; tests are also in `checks/`."""
    judged = judge(units_of(apart(files)), time.monotonic, 5)
    return divide(judged, lambda path: path.startswith("checks/"), lambda path: path == "planfence.toml", risk or {})
