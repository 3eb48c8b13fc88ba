"""Whether one change mixes several: by what its hunks do, and by what its message says.

The thresholds and what they reach on hand-labelled commits are in docs/themes.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from planfence.change.message import Message
from planfence.change.pathclass import PathClass
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.records import dataclass

#: Formatting counts from this many lines, and from this part of the change, on.
FORMAT_LINES = 5
FORMAT_SHARE = 0.30
#: A change is spread from this score on: its hunks, and each file as four. Both are the lowest at which at most 3% of
#: the hand-labelled atomic commits are called mixed (benchmarks/themes.py labelled): by the diff alone, and where a
#: message is there that may say so itself, by either.
SPREAD = 43
SPREAD_SAID = 50
_PER_FILE = 4

_KEY = re.compile(r"(?<![\w/])(?!(?:UTF|SHA|ISO|RFC|CVE|PEP|MD|CP|GH)-)[A-Z][A-Z0-9]+-\d+\b")
#: Issues of a tracker that has no letters for them: `issues 12 and 13`, `bugs #12, #13`.
_TRACKED = re.compile(
    r"\b(?:issues?|bugs?|tickets?)(?: numbers?)?:? *#?(\d+(?:(?:, *(?:and )?| *& *| and | or )#?\d+)*)\b", re.IGNORECASE
)
_TRAILER_LINE = re.compile(
    r"^[A-Za-z-]+-(?:by|id|on|Task|Stage|Model|Urgent): .*$|^\S+-svn-id: .*$|\(#\d+\)[ \t]*$", re.MULTILINE
)
_DONE = (
    r"(?:fix|fixes|fixed|add|adds|added|remove|removes|removed|clean|cleans|cleaned|clean ?up|update|updates|updated"
    r"|refactor|refactored|rename|renamed|implement|implemented|make|makes|change|changed|move|moved|improve|improved)"
)
_SOME = (
    r"some (?:cleanup|clean-up|cleaning|formatting|refactoring)"
    r"|(?:various|misc|miscellaneous|several|assorted|bunch of|minor|small|other|few more|more) (?:\w+ )?"
    r"(?:fixes|changes|clean-?ups?|tweaks|improvements|bugs?|updates|things|stuff|refactorings?)"
)
#: What a subject says of a second thing; a body says most of it of the first thing's parts, too.
_ALSO = re.compile(
    rf"\b(?:also|additionally|as well as|while (?:here|at it|i'm|i was|there)|unrelated"
    rf"|and (?:{_DONE}|some|a few|other|minor)\b|{_SOME})\b",
    re.IGNORECASE,
)
_BESIDES = re.compile(
    rf"(?:^|(?<=\.)\s+|^[^\S\n]*[-*]\s+)(?:also|additionally)[,:]? {_DONE}\b"
    r"|\b(?:while (?:here|i'm here|i was there)\b|(?:an )?unrelated (?:fix|change|clean-?up|bug)"
    r"|some (?:cleanup|clean-up|cleaning|formatting|refactoring)\b)",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Mixture:
    """One reason to think that a change is several, and the unit that shows it best (None: the whole)."""

    reason: str
    example: ClassifiedUnit | None = None


def mixtures(judged: Sequence[ClassifiedUnit], *, said: bool = False) -> tuple[Mixture, ...]:
    """Return what the diff shows to be mixed; companions (tests, comments, changelogs) mix with anything.

    ``said``: there is a message, whose :func:`cues` are looked at too, so that the diff must show more.
    """
    behaviour = [
        one for one in judged if one.kind in (UnitKind.BEHAVIOUR, UnitKind.STYLE) and one.path_class is PathClass.SRC
    ]
    total = sum(one.unit.lines for one in judged)
    found: list[Mixture] = []
    form = [one for one in judged if one.kind is UnitKind.FORMAT and one.path_class in (PathClass.SRC, PathClass.TEST)]
    lines = sum(one.unit.lines for one in form)
    if behaviour and lines >= FORMAT_LINES and lines >= FORMAT_SHARE * total:
        example = max(form, key=lambda one: one.unit.lines)
        found.append(Mixture(f"{lines} of {total} lines are formatting, beside changed behaviour", example))
    moved = [one for one in judged if one.kind is UnitKind.MOVE]
    apart = sum(one.unit.lines for one in behaviour)
    if moved and apart >= FORMAT_LINES and sum(one.unit.lines for one in moved) >= apart:
        found.append(Mixture("blocks that only moved beside changed behaviour", moved[0]))
    hunks, files = spread(judged)
    if hunks + _PER_FILE * files >= (SPREAD_SAID if said else SPREAD) and behaviour:
        found.append(Mixture(f"{hunks} places in {files} files: seldom one change"))
    return tuple(found)


def without_companions(judged: Sequence[ClassifiedUnit]) -> tuple[ClassifiedUnit, ...]:
    """Leave out new files of tests and docs: a fix of one thing brings as many as its reports need."""
    beside = (PathClass.TEST, PathClass.DOCS)
    return tuple(one for one in judged if one.kind is not UnitKind.ADD or one.path_class not in beside)


def spread(judged: Sequence[ClassifiedUnit]) -> tuple[int, int]:
    """How many places and files a change touches, the same edit everywhere and what is generated counted once."""
    wide = (UnitKind.FORMAT, UnitKind.CODEMOD, UnitKind.IDENTIFIER, UnitKind.RENAME)
    made = (PathClass.GENERATED, PathClass.LOCK)
    counted = [one for one in judged if one.kind not in wide and one.path_class not in made]
    once = {one.kind for one in judged if one.kind in wide}
    return len(counted) + len(once), len({one.unit.path for one in counted}) + bool(once)


def cues(message: Message) -> tuple[str, ...]:
    """Return what a message says that a message about one thing seldom says."""
    text = _TRAILER_LINE.sub("", f"{message.subject}\n{message.body}")
    found: list[str] = []
    keys = dict.fromkeys(_KEY.findall(text))
    issues = list(keys) if len(keys) > 1 else list(message.issues)
    if len(issues) < 2:
        numbers = (number for told in _TRACKED.findall(text) for number in re.findall(r"\d+", told))
        issues = [f"#{number}" for number in dict.fromkeys(numbers)]
    if len(issues) > 1:
        found.append(f"it names {len(issues)} issues ({', '.join(issues[:3])})")
    subject, _, body = text.partition("\n")
    also = _ALSO.search(subject) or _BESIDES.search(body)
    if also:
        found.append(f"it says “{' '.join(also.group().split())}”")
    return tuple(found)
