"""What proves at little cost that a commit of a range breaks no rule of paths and words.

A range may hold thousands of commits, and nearly all of them are clean. Nothing here refuses: what is not proven is
left to the rules. A test holds the proofs against the rules themselves (tests/hooks).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from planfence import POLICY_PATH
from planfence.change import unsafenames
from planfence.change.change import Action
from planfence.change.message import TASK_TRAILER, TYPES
from planfence.gitio import paths
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy

#: Printable ASCII in lines: what Unicode does to digits, spaces and letters is left to the parser.
_PLAIN = bytes([10, *range(32, 127)])
#: At least one of these stands in every issue id, whatever it is called (`change.message`).
_ISSUE = re.compile(rb"#[0-9]|[A-Z0-9]-[0-9]")
_DASH = re.compile(rb"-[0-9]")
_TASK = TASK_TRAILER.encode()
_TYPED_LINE = re.compile(rb"\n(?:[*-] +)?(?:" + "|".join(TYPES).encode() + rb")[(!:]")
_TYPED = re.compile(rb"[A-Za-z]+(?:\([A-Za-z0-9_./-]*\))?!?")

#: A file's modes before and after, as raw records begin with them (behind the colon) → what the change does.
_ACTIONS = {
    **{b"%s %s" % (old, new): Action.MODIFY for old in (b"100644", b"100755") for new in (b"100644", b"100755")},
    **{b"000000 " + mode: Action.ADD for mode in (b"100644", b"100755")},
    **{mode + b" 000000": Action.DELETE for mode in (b"100644", b"100755")},
}


def gist(body: bytes) -> tuple[bytes, bytes] | None:
    """Return all of a plain message that the rules look at: its type with the scope, and its last paragraph.

    A message is plain where it names a task, is about one thing and has one reading. None: parse it.
    """
    if body.translate(None, _PLAIN):
        return None
    text = body.strip(b" \n")
    head, gap, block = text.rpartition(b"\n\n")
    # `find`, since `in` first tries what it is given as a number, and raises (CPython's bytes_contains).
    if not gap or block.find(_TASK) < 0:
        return None
    # The first two questions are quick, and most messages answer both with no.
    if (text.find(b"#") >= 0 or _DASH.search(text)) and len(_ISSUE.findall(text)) > 1:
        return None
    subject, more, _ = head.partition(b"\n")
    if subject[:8].partition(b"! ")[1]:
        return None  # it waits to be folded into another
    if more and _TYPED_LINE.search(head, len(subject)):
        return None
    typed, colon, _ = subject.partition(b": ")
    if not colon:
        return b"", block
    return (typed, block) if _TYPED.fullmatch(typed) else None


def stand_in(typed: bytes, block: bytes) -> str:
    """Return the shortest message of this :func:`gist`: it has the same types, scope and trailers."""
    return (typed + b": x\n\n" if typed else b"x\n\n").decode("ascii") + block.decode("ascii")


def added_paths(records: Sequence[bytes], changed: Sequence[bytes]) -> list[str]:
    """Return the paths that raw records (`:<old mode> …`) add."""
    if b"".join(records).find(b":000000") < 0:
        return []
    return [paths.decode(path) for record, path in zip(records, changed, strict=True) if record[1:7] == b"000000"]


class PathScreen:
    """The paths that a task may surely change, remembered one by one."""

    def __init__(self, policy: Policy, plan: Plan, task: Task) -> None:
        barred = _either([task.deny, policy.protected], _governing(policy))
        themes = _one_theme(plan, task)
        self._limit = policy.limits.files
        known: dict[Action, tuple[set[bytes], re.Pattern[bytes], bool]] = {}
        for action in Action:
            listed = [entry.path for entry in task.files if entry.change in (None, action)]
            pattern = b"(?!" + barred + b")" + themes + b"(?:" + paths.regex(listed) + b")"
            known[action] = set(), re.compile(pattern), action is Action.ADD
        self._known = {modes: known[action] for modes, action in _ACTIONS.items()}

    def holds(self, records: Sequence[bytes], changed: Sequence[bytes]) -> bool:
        """Whether these raw records, with their paths, surely break none of the rules of paths.

        Names that collide with others are not looked at.
        """
        if not changed or (self._limit and len(changed) > self._limit):
            return False
        for record, path in zip(records, changed, strict=True):
            what = self._known.get(record[1:14])
            if what is None:
                return False
            known, pattern, adds = what
            if path not in known:
                if pattern.fullmatch(path) is None or (adds and unsafenames.hazard(paths.decode(path))):
                    return False
                known.add(path)
        return True


def _either(groups: Iterable[Sequence[str]], more: bytes) -> bytes:
    """A regular expression, up to the end of the path, for any pattern of the groups, or ``more``."""
    expressions = [b"(?:" + paths.regex(group) + b")" for group in groups if group]
    return b"(?:" + b"|".join([*expressions, more]) + rb")\Z"


def _governing(policy: Policy) -> bytes:
    """What `Policy.governs` says, as a regular expression; a path more does no harm."""
    own = [re.escape(paths.encode(path)) for path in (POLICY_PATH, policy.trust.signers) if path]
    return b"|".join([*own, re.escape(paths.encode(policy.plans)) + rb"/(?s:.*)\.toml"])


def _one_theme(plan: Plan, task: Task) -> bytes:
    """A lookahead for the paths that belong to the task's theme, or to none."""
    own = plan.themes[task.theme].paths if task.theme in plan.themes else ()
    others = [theme.paths for theme in plan.themes.values() if theme.name != task.theme]
    free = b"(?!" + _either(others, b"(?!)") + b")"
    return b"(?:(?=" + _either([own], b"(?!)") + b")|" + free + b")"
