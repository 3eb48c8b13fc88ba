"""Commit messages: Conventional Commits header, issue ids, trailers (git-interpret-trailers(1))."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from planfence.lazyregex import pattern
from planfence.records import dataclass

TASK_TRAILER = "Plan-Task"
STAGE_TRAILER = "Plan-Stage"
MODEL_TRAILER = "Plan-Model"
URGENT_TRAILER = "Plan-Urgent"
#: How often the task had been sent back when the commit was made, so that a lost ledger does not forget it.
REWORK_TRAILER = "Plan-Rework"
OWN_TRAILERS = (TASK_TRAILER, STAGE_TRAILER, MODEL_TRAILER, URGENT_TRAILER, REWORK_TRAILER)

#: The types that Conventional Commits and its Angular preset name.
TYPES = ("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test")

#: Types that only the diff can confirm: each has a row in `content.committypes`.
NARROW_TYPES = frozenset({"docs", "style", "test", "ci", "build"})

_HEADER = pattern(r"(?P<types>[a-z]+(?:\s*[,/+&|]\s*[a-z]+)*)(?:\((?P<scope>[^()\r\n]*)\))?!?:\s", re.IGNORECASE)
_BODY_HEADER = pattern(rf"^(?:[*-]\s+)?(?P<type>{'|'.join(TYPES)})(?:\([^()\r\n]*\))?!?:\s", re.MULTILINE)
_TRAILER = pattern(r"^(?P<key>[A-Za-z0-9-]+)[ \t]*:[ \t]*+(?P<value>.*)$")
#: What git takes for white space; a line ends at a newline alone, not where Unicode would end one.
_SPACE = " \t\n\r"
#: Words in the shape of an issue key that name a standard, not an issue.
_STANDARDS = r"(?!(?:UTF|SHA|ISO|RFC|CVE|AES|MD|CP|PEP|GPT|X|IPV|HTTP|TLS|RSA|ES|IEEE|CWE|BASE)-)"
_ISSUE = rf"(?:#\d+|{_STANDARDS}\b[A-Z][A-Z0-9]+-\d+\b)"
_SUBJECT_ISSUE = pattern(_ISSUE)
_CLOSING = pattern(
    rf"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+({_ISSUE}(?:(?:\s*,\s*|\s+and\s+){_ISSUE})*)", re.IGNORECASE
)
#: A forge appends the pull request's number to a squashed subject; it is no second issue.
_PULL_REQUEST = pattern(r"\(#\d+\)\s*$")
_AUTOSQUASH = ("fixup! ", "squash! ", "amend! ")
SCISSORS = "------------------------ >8 ------------------------"


@dataclass(frozen=True, slots=True)
class Message:
    """A parsed commit message.

    ``types`` are the Conventional Commits types that it claims, the subject's first, each
    once; ``scope`` is the header's, ``issues`` the distinct issue ids that it is about
    (subject and closing keywords, not mentions); ``trailers`` are (key, value) in order.
    """

    subject: str
    body: str
    types: tuple[str, ...]
    scope: str
    issues: tuple[str, ...]
    trailers: tuple[tuple[str, str], ...]

    @property
    def autosquash(self) -> bool:
        """Whether `rebase --autosquash` will fold this commit into another."""
        return self.subject.startswith(_AUTOSQUASH)

    @property
    def folds_into(self) -> str:
        """How the commit that an autosquash message mends begins its subject, or its id; as it stands otherwise."""
        subject = self.subject
        while subject.startswith(_AUTOSQUASH):
            subject = subject.partition("! ")[2].lstrip(" ")
        return subject

    def trailer(self, key: str) -> tuple[str, ...]:
        """The distinct values of a trailer, in order; keys compare without case, as in git."""
        wanted = key.lower()
        return tuple(dict.fromkeys(value for name, value in self.trailers if name.lower() == wanted))


def parse(text: str) -> Message:
    """Parse a finished message (comments already stripped)."""
    subject, _, body = text.strip(_SPACE).partition("\n")
    types, scope = _header_types(subject)
    trailers = parse_trailers(text)
    prose = "\n".join(line for line in body.splitlines() if not _TRAILER.match(line) or _BODY_HEADER.match(line))
    types += tuple(match["type"].lower() for match in _BODY_HEADER.finditer(prose))
    return Message(
        subject=subject,
        body=body,
        types=tuple(dict.fromkeys(types)),
        scope=scope,
        issues=_issues(subject, text),
        trailers=trailers,
    )


def _header_types(subject: str) -> tuple[tuple[str, ...], str]:
    for prefix in _AUTOSQUASH:
        subject = subject.removeprefix(prefix)
    match = _HEADER.match(subject)
    if match is None:
        return (), ""
    types = [word.lower() for word in re.findall(r"[^\s,/+&|]+", match["types"])]
    if not any(word in TYPES for word in types):
        return (), match["scope"] or ""
    return tuple(types), match["scope"] or ""


def _issues(subject: str, text: str) -> tuple[str, ...]:
    found = _SUBJECT_ISSUE.findall(_PULL_REQUEST.sub("", subject))
    for match in _CLOSING.finditer(text):
        found += _SUBJECT_ISSUE.findall(match[1])
    return tuple(dict.fromkeys(found))


def parse_trailers(text: str) -> tuple[tuple[str, str], ...]:
    """Return the trailers of a message: the last paragraph, where it is one.

    As git does, a last paragraph counts when all its lines are trailers, or when a
    quarter of them are and one is of our own or git's generated keys. The subject's
    paragraph is never one.
    """
    lines = text.rstrip(_SPACE).split("\n")
    start = len(lines)
    while start > 0 and lines[start - 1].strip(_SPACE):
        start -= 1
    return _read_block(tuple(lines[start:])) if start else ()


@lru_cache(maxsize=1024)
def _read_block(lines: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Read a last paragraph; in a range many commits have the same."""
    found: list[tuple[str, str]] = []
    others = 0
    known = folds = False
    for line in lines:
        match = _TRAILER.match(line)
        if match:
            found.append((match["key"], match["value"].strip(_SPACE)))
            known = known or match["key"].lower() in _RECOGNISED
        elif line[:1] in (" ", "\t") and folds:
            key, value = found[-1]
            found[-1] = (key, f"{value} {line.strip(_SPACE)}".strip(_SPACE))
        else:
            # What is folded behind prose is prose too, as git counts it.
            others += 1
        folds = bool(match) or (folds and line[:1] in (" ", "\t"))
    if others and not (known and len(found) * 3 >= others):
        return ()
    return tuple(found)


_RECOGNISED = {"signed-off-by", *(key.lower() for key in OWN_TRAILERS)}


def trailer_lines(text: str) -> tuple[tuple[str, str], ...]:
    """Every line of a text that could be a trailer, wherever it stands: forges read them all over a message."""
    found = (_TRAILER.match(line) for line in text.split("\n"))
    return tuple((match["key"], match["value"].strip(_SPACE)) for match in found if match)


def changed_trailers(text: str, comment: str, change: Callable[[tuple[str, str]], tuple[str, str] | None]) -> str:
    """Return a message file's text with each line that could be a trailer as ``change`` returns it (None: taken out).

    The subject, comments, the scissors line and what follows stay.
    """
    kept: list[str] = []
    lines = text.split("\n")
    dropping = begun = False
    for place, line in enumerate(lines):
        if comment and line.startswith(f"{comment} {SCISSORS}"):
            return "\n".join([*kept, *lines[place:]])
        match = None if not begun or (comment and line.startswith(comment)) else _TRAILER.match(line)
        begun = begun or bool(line.strip(_SPACE))
        if match is None:
            dropping = dropping and line[:1] in (" ", "\t")
            kept += [] if dropping else [line]
            continue
        old = match["key"], match["value"].strip(_SPACE)
        new = change(old)
        dropping = new is None or new != old
        kept += [line] if new == old else [] if new is None else [f"{new[0]}: {new[1]}"]
    return "\n".join(kept)


def clean(text: str, comment: str) -> str:
    """Drop what git will drop: comment lines, and everything from the scissors line on.

    ``comment`` is git's comment prefix (`core.commentChar`, `#` by default); empty: nothing is
    a comment.
    """
    kept: list[str] = []
    for line in text.split("\n"):
        if comment and line.startswith(f"{comment} {SCISSORS}"):
            break
        if not (comment and line.startswith(comment)):
            kept.append(line.rstrip(_SPACE))
    return "\n".join(kept).strip("\n") + "\n"


def with_trailers(text: str, wanted: tuple[tuple[str, str], ...], comment: str, *, others_too: bool = False) -> str:
    """Return the message file's text with our trailers set, each once, in their order.

    ``others_too``: they are not ours, and are added to what stands there.

    Our own keys that stand there already are replaced (so `--amend`, `-C` and a rebase keep
    one set); other trailers, comments, the scissors line and what follows stay as they are.
    A message without any words is returned unchanged, so that git still aborts on it.
    """
    lines = text.split("\n")
    end = len(lines)
    if comment:
        for index, line in enumerate(lines):
            if line.startswith(f"{comment} {SCISSORS}"):
                end = index
                break
    while end > 0 and (not lines[end - 1].strip(_SPACE) or (comment and lines[end - 1].startswith(comment))):
        end -= 1
    head, tail = lines[:end], lines[end:]
    if not clean("\n".join(head), comment).strip(_SPACE):
        return text
    ours = {key.lower() for key, _ in wanted} | {key.lower() for key in OWN_TRAILERS}
    in_block = bool(parse_trailers(clean("\n".join(head), comment)))
    if in_block and not others_too:
        start = _block_start(head)
        head = _without(head, start, ours)
        in_block = len(head) > start
    lines = [f"{key}: {value}" for key, value in wanted]
    # What is left of a block may be too little of one, or the subject: then ours are a paragraph of their own.
    in_block = in_block and parse_trailers(clean("\n".join(head + lines), comment))[-len(wanted) :] == wanted
    if wanted and not in_block:
        head.append("")
    head += lines
    if not tail:
        tail = [""]
    return "\n".join(head + tail)


def _without(lines: list[str], start: int, ours: set[str]) -> list[str]:
    """Drop our trailers from the block that begins at ``start``, each with its folded lines."""
    kept = lines[:start]
    dropping = False
    for line in lines[start:]:
        dropping = _is_ours(line, ours) or (dropping and line[:1] in (" ", "\t"))
        if not dropping:
            kept.append(line)
    while kept and not kept[-1].strip(_SPACE):
        kept.pop()
    return kept


def _block_start(lines: list[str]) -> int:
    start = len(lines)
    while start > 0 and lines[start - 1].strip(_SPACE):
        start -= 1
    return start


def _is_ours(line: str, ours: set[str]) -> bool:
    match = _TRAILER.match(line)
    return match is not None and match["key"].lower() in ours
