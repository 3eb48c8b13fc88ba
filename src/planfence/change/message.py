"""Commit messages: Conventional Commits header, issue ids, trailers (git-interpret-trailers(1))."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from planfence.lazyregex import pattern
from planfence.records import dataclass

TASK_TRAILER = "Plan-Task"
STAGE_TRAILER = "Plan-Stage"
MODEL_TRAILER = "Plan-Model"
URGENT_TRAILER = "Plan-Urgent"
#: How often the task had been sent back when the commit was made, so that a lost ledger does not forget it.
REWORK_TRAILER = "Plan-Rework"
#: The task of a small change that the hooks let through on a branch that holds a task's commits.
NO_TASK = "none"
OWN_TRAILERS = (TASK_TRAILER, STAGE_TRAILER, MODEL_TRAILER, URGENT_TRAILER, REWORK_TRAILER)

#: The types that Conventional Commits and its Angular preset name.
TYPES = ("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test")

#: Types that only the diff can confirm: each has a row in `content.committypes`.
NARROW_TYPES = frozenset({"docs", "style", "test", "ci", "build"})

_HEADER = pattern(r"(?P<types>[a-z]+(?:\s*[,/+&|]\s*[a-z]+)*)(?:\((?P<scope>[^()\r\n]*)\))?!?:\s", re.IGNORECASE)
_TYPE = pattern(r"[^\s,/+&|]+")
_BODY_HEADER = pattern(rf"^(?P<bullet>[*-]\s+)?(?P<type>{'|'.join(TYPES)})(?:\([^()\r\n]*\))?!?:\s", re.MULTILINE)
_TRAILER = pattern(r"^(?P<key>[A-Za-z0-9-]+)[ \t]*:[ \t]*+(?P<value>.*)$")
#: What git takes for white space; a line ends at a newline alone, not where Unicode would end one.
SPACE = " \t\n\r"
#: Words in the shape of an issue key that name a standard, not an issue.
_STANDARDS = r"(?!(?:UTF|SHA|ISO|RFC|CVE|AES|MD|CP|PEP|GPT|X|IPV|HTTP|TLS|RSA|ES|IEEE|CWE|BASE)-)"
_ISSUE = rf"(?:#\d+|{_STANDARDS}\b[A-Z][A-Z0-9]+-\d+\b)"
_SUBJECT_ISSUE = pattern(_ISSUE)
#: What every issue id holds: where it stands nowhere, none is looked for.
_NUMBERED = pattern(r"[#-]\d")
_MENTIONED = pattern(rf"\b(?:from|in|of|by|after|before|since|see|per|via|with)\s+({_ISSUE})", re.IGNORECASE)
#: Angular's merge script closes the request itself: `PR Close #12`.
_CLOSES = r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+"
_CLOSING = pattern(rf"(?<!\bPR ){_CLOSES}({_ISSUE}(?:(?:\s*,\s*|\s+and\s+){_ISSUE})*)", re.IGNORECASE)
#: The same behind a title: `; closes #12`, `(fixes #12, ref #13)`.
_CLOSED_BEHIND = pattern(
    rf"(?:[;,]\s++|(?<!\s)\s++\(){_CLOSES}{_ISSUE}(?:(?:\s*,\s*|\s+and\s+)(?:[a-z]+\s+)?{_ISSUE})*\)?$", re.IGNORECASE
)
#: A request that was merged by hand, on a line of its own: what is fixed has another word there.
_CLOSED_REQUEST = pattern(r"^close[sd]?:? (#\d+)$", re.IGNORECASE | re.MULTILINE)
#: A forge appends the request's number to a squashed subject, once more each time it is picked; none is an issue.
_PULL_REQUEST = pattern(r"\((?:(?:pull request |PR )?#\d+|GH-\d+|![0-9]+)\)")
#: The trailers of a squashed commit, wherever they stand: a forge puts whole messages one below the other.
_INNER = pattern(
    r"^[ \t]*+(?:[*-][ \t]++)?(?P<key>Plan-[A-Za-z]++)[ \t]*+:[ \t]*+(?P<value>[^\r\n]*)\r?$",
    re.IGNORECASE | re.MULTILINE,
)
#: So many reverts within reverts are read.
_NESTED = 8
_REQUEST = pattern(r"\((?:pull request )?[#!](\d{1,9})\)\s*$")
#: The subjects of merges and squashes: GitHub's and Azure's, Gitea's and Forgejo's, Bitbucket's and Azure's, bors's.
_REQUEST_SUBJECTS = (
    pattern(r"Merge pull request #?(\d{1,9}) (?:from|in|into) \S"),
    pattern(r"\AMerge pull request '[^\r\n]*' \([#!](\d{1,9})\) from \S"),
    pattern(r"(?:Pull request #|Merged PR )(\d{1,9}): "),
    pattern(r"(?:Auto merge of|Rollup merge of|Merge) #(\d{1,9})\b"),
)
#: Where HTML that is folded away or quoted begins and ends.
_FOLDS = pattern(r"<(/?)(?:details|blockquote)(?:\s[^<>]*)?>")
#: The number within a revert's quotes.
_QUOTED = pattern(r"\(#(\d{1,9})\)[\"']")
#: Azure's work items have numbers apart from those of its requests.
_OWN_ITEMS = "Merged PR "
_AUTOSQUASH = ("fixup! ", "squash! ", "amend! ")
SCISSORS = "------------------------ >8 ------------------------"
#: What git writes itself, and knows again in a block of trailers that holds other lines too.
_GITS_OWN = ("Signed-off-by: ", "(cherry picked from commit ")


@dataclass(frozen=True, slots=True)
class Message:
    """A parsed commit message.

    ``types`` are the Conventional Commits types that it claims, the subject's first, each
    once, ``listed`` those that only its list items name, as a forge's squash lists the folded subjects;
    ``scope`` is the header's. ``issues`` are the distinct issue ids that the subject names, ``closed`` those that
    only closing keywords do (mentions count for nothing); ``trailers`` are (key, value) in order.
    """

    subject: str
    body: str
    types: tuple[str, ...]
    scope: str
    issues: tuple[str, ...]
    trailers: tuple[tuple[str, str], ...]
    listed: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    @property
    def all_types(self) -> tuple[str, ...]:
        """The types that it claims or lists."""
        return self.types + self.listed

    @property
    def all_issues(self) -> tuple[str, ...]:
        """The issues that it names or closes."""
        return self.issues + self.closed

    @property
    def autosquash(self) -> bool:
        """Whether `rebase --autosquash` will fold this commit into another."""
        return self.subject.startswith(_AUTOSQUASH)

    @property
    def folds_into(self) -> str:
        """How the commit that an autosquash message fixes begins its subject, or its id; as it stands otherwise."""
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
    text = text.partition("\0")[0]  # git reads a commit's message no further
    trailers = parse_trailers(text)
    text = text.replace("\r\n", "\n")  # as web forms write a squash's
    subject, _, body = text.strip(SPACE).partition("\n")
    types, scope = _header_types(subject)
    own = _own_words(body)
    prose = "\n".join(line for line in own.split("\n") if not _TRAILER.match(line) or _BODY_HEADER.match(line))
    found = list(_BODY_HEADER.finditer(prose))
    types = tuple(dict.fromkeys((*types, *(match["type"].lower() for match in found if not match["bullet"]))))
    listed = dict.fromkeys(match["type"].lower() for match in found if match["bullet"])
    issues, closed = _issues(subject, f"{subject}\n{own}")
    return Message(
        subject=subject,
        body=body,
        types=types,
        scope=scope,
        issues=issues,
        trailers=trailers,
        listed=tuple(kind for kind in listed if kind not in types),
        closed=closed,
    )


def _own_words(text: str) -> str:
    """A body without what it folds away or quotes in HTML, as a bot's request does with a release's notes."""
    kept: list[str] = []
    end = begun = depth = 0
    for tag in _FOLDS.finditer(text):
        if not tag[1]:
            begun = begun if depth else tag.start()
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                kept.append(text[end:begun])
                end = tag.end()
    return "".join([*kept, text[end:]])


def _header_types(subject: str) -> tuple[tuple[str, ...], str]:
    for prefix in _AUTOSQUASH:
        subject = subject.removeprefix(prefix)
    match = _HEADER.match(subject)
    if match is None:
        return (), ""
    words = [word.lower() for word in _TYPE.findall(match["types"])]
    return tuple(word for word in words if word in TYPES), match["scope"] or ""


def without_requests(subject: str) -> str:
    """Take the numbers of requests, and the space around them, from a subject's end."""
    end = len(subject.rstrip())
    while (start := subject.rfind("(", 0, end)) >= 0 and _PULL_REQUEST.fullmatch(subject, start, end):
        end = start
        while subject[end - 1 : end].isspace():
            end -= 1
    return subject[:end]


def _issues(subject: str, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not _NUMBERED.search(text):
        return (), ()
    title = _title_in(subject)
    own = _own_number(subject)
    named = _of_one_tracker(dict.fromkeys(one for one in _SUBJECT_ISSUE.findall(title) if one != own))
    if len(named) > 1:
        # "restore what came from #1 and was lost in #2" says where, not what.
        named = tuple(one for one in named if one not in _MENTIONED.findall(title))
    requests = {own, *_SUBJECT_ISSUE.findall("".join(_PULL_REQUEST.findall(subject, len(title))))}
    told = [*_CLOSING.finditer(text)]
    fixed = {one for match in told if match[0][0] not in "cC" for one in _SUBJECT_ISSUE.findall(match[1])}
    alone = _CLOSED_REQUEST.findall(text)
    if fixed and len(alone) == 1:
        requests.update(set(alone) - fixed)
    closed = _of_one_tracker(dict.fromkeys(
        issue for match in told for issue in _SUBJECT_ISSUE.findall(match[1]) if issue not in requests
    ))  # fmt: skip
    numbers = bool(named) and named[0].startswith("#")
    return named, tuple(one for one in closed if one not in named and (not named or one.startswith("#") == numbers))


def _own_number(subject: str) -> str:
    """Return the number of a request that a subject begins with, or quotes: it is no issue's, as one behind may be."""
    found = next(filter(None, (form.match(subject) for form in _REQUEST_SUBJECTS)), None) or _QUOTED.search(subject)
    return f"#{found[1]}" if found and not subject.startswith(_OWN_ITEMS) else ""


def _title_in(subject: str) -> str:
    """Return a subject without what stands behind its title: requests' numbers, a revert's quotes, closed issues."""
    for _ in range(_NESTED):
        subject = without_requests(subject).rstrip("\"'")
        closed = _CLOSED_BEHIND.search(subject, max(0, len(subject) - 200))
        subject = subject[: closed.start()] if closed else subject
    return subject


def _of_one_tracker(issues: Iterable[str]) -> tuple[str, ...]:
    """Drop the numbers beside a tracker's own ids: they are the forge's, of the request or of the same thing."""
    found = tuple(issues)
    return tuple(one for one in found if not one.startswith("#")) or found


def parse_trailers(text: str, comment: str = "#") -> tuple[tuple[str, str], ...]:
    """Return the trailers of a message, as `git log --format=%(trailers)` finds them with this comment prefix.

    The algorithm is git's (trailer.c): comment lines and an old `Conflicts:` block at the end are passed over, and
    what stands from a scissors line on; the last paragraph, if it is not the first, is a block of trailers if all
    its lines are, or if a quarter of them are and one of them is of git's own making.
    """
    lines = _before_the_end(text, comment).split("\n")
    start, end = _last_paragraph(lines, comment)
    return _read_block(tuple(lines[start:end]), comment)


def cut_at(text: str, comment: str) -> int:
    """Return where the line of scissors begins from which on git drops all; the text's length if there is none.

    It is a whole line (`wt_status_locate_end`, wt-status.c): one with a dash more is a comment.
    """
    found = f"\n{text}".find(f"\n{comment} {SCISSORS}\n") if comment else -1
    return len(text) if found < 0 else found


def _last_paragraph(lines: list[str], comment: str) -> tuple[int, int]:
    """Where the last paragraph begins and ends, comments behind it passed over; empty if it is the first."""
    end = len(lines)
    while end > 0 and (lines[end - 1].startswith(comment) or not lines[end - 1].strip(SPACE)):
        end -= 1
    start = end
    while start > 0 and lines[start - 1].strip(SPACE):
        start -= 1
    return (start, end) if any(line.strip(SPACE) for line in lines[:start]) else (end, end)


def _before_the_end(text: str, comment: str) -> str:
    """What git looks for trailers in: not the comments, blank lines and conflicts at the end, nor the scissors' part.

    Git's `ignored_log_message_bytes` (commit.c) and `wt_status_locate_end` (wt-status.c).
    """
    text = text[: cut_at(text, comment)]
    if "Conflicts:\n" not in text:
        return text
    ignored = at = 0
    conflicts = False
    for line in text.split("\n"):
        if not line or line.startswith(comment):
            ignored = ignored or at
        elif line == "Conflicts:" and at + len(line) < len(text):
            conflicts = True
            ignored = ignored or at
        elif not (conflicts and line.startswith("\t")):
            ignored, conflicts = (0, False) if ignored else (ignored, conflicts)
        at += len(line) + 1
    return text[:ignored] if ignored else text


@lru_cache(maxsize=1024)
def _read_block(lines: tuple[str, ...], comment: str) -> tuple[tuple[str, str], ...]:
    """Read a last paragraph; in a range many commits have the same."""
    if not _is_block(lines, comment):
        return ()
    found: list[tuple[str, str]] = []
    folds = False
    for line in lines:
        if folds and line[:1] in SPACE:
            key, value = found[-1]
            # Git cuts white space at a fold off behind the line's end alone (`unfold_value`).
            found[-1] = (key, f"{value} {line.lstrip(SPACE)}" if value else line.lstrip(SPACE))
            continue
        match = _TRAILER.match(line)
        folds = match is not None
        if match:
            found.append((match["key"], match["value"].lstrip(SPACE)))
    return tuple((key, value.strip(SPACE)) for key, value in found)


def _is_block(lines: tuple[str, ...], comment: str) -> bool:
    """Whether a paragraph is a block of trailers (`find_trailer_block_start`, read from its end as there)."""
    trailers = others = folded = 0
    known = False
    for line in reversed(lines):
        if line.startswith(comment):
            others, folded = others + folded, 0
        elif line.startswith(_GITS_OWN):
            trailers, folded, known = trailers + 1, 0, True
        elif _TRAILER.match(line):
            trailers, folded = trailers + 1, 0
        elif line[:1] in SPACE:
            folded += 1
        else:
            others, folded = others + 1 + folded, 0
    others += folded
    return trailers > 0 and (not others or (known and trailers * 3 >= others))


def inner_trailers(text: str) -> tuple[tuple[str, str], ...]:
    """Return our own trailers wherever they stand in a message, in order: a squash holds those of each commit."""
    ours = {key.lower(): key for key in OWN_TRAILERS}
    found = ((ours.get(match["key"].lower(), ""), match["value"].strip(SPACE)) for match in _INNER.finditer(text))
    return tuple((key, value) for key, value in found if key and value)


def rework_round(value: str) -> int:
    """Return the round that a `Plan-Rework` trailer counts; 0 for what is no such number."""
    return int(value) if value.isdecimal() and len(value) < 6 else 0


def request_in(subject: str) -> str:
    """Return the number of the request that a subject says it merged; empty if it says none."""
    found = next(filter(None, (form.match(subject) for form in _REQUEST_SUBJECTS)), None) or _REQUEST.search(subject)
    return found[1] if found else ""


def trailer_lines(text: str) -> tuple[tuple[str, str], ...]:
    """Every line of a text that could be a trailer, wherever it stands: forges read them all over a message.

    A value that is folded into lines that begin with a blank is read as one.
    """
    return tuple((key, value) for _, _, key, value in _anywhere(text.split("\n")))


def _anywhere(lines: list[str]) -> Iterator[tuple[int, int, str, str]]:
    """Yield where each line that could be a trailer begins and its folded lines end, its key, its value."""
    for start, line in enumerate(lines):
        if (match := _TRAILER.match(line)) is not None:
            end = start + 1
            while end < len(lines) and lines[end][:1] in (" ", "\t") and lines[end].strip(SPACE):
                end += 1
            folds = (each.strip(SPACE) for each in (match["value"], *lines[start + 1 : end]))
            yield start, end, match["key"], " ".join(fold for fold in folds if fold)


def changed_trailers(text: str, subject: str, change: Callable[[tuple[str, str]], tuple[str, str] | None]) -> str:
    """Return a message file's text with each line that could be a trailer as ``change`` returns it (None: taken out).

    What stands before the subject, and the subject itself, stays. What git will drop behind it may change.
    """
    lines = text.split("\n")
    head = next((at for at, line in enumerate(lines, 1) if line.strip(SPACE) == subject.strip(SPACE)), len(lines))
    kept, rest = lines[:head], lines[head:]
    done = 0
    for start, end, *old in _anywhere(rest):
        new = change((old[0], old[1]))
        if new != (old[0], old[1]):
            kept += [*rest[done:start], *([f"{new[0]}: {new[1]}"] if new else [])]
            done = end
    return "\n".join([*kept, *rest[done:]])


def clean(text: str, comment: str) -> str:
    """Drop what git will drop: comment lines, and everything from the scissors line on.

    ``comment`` is git's comment prefix (`core.commentChar`, `#` by default); empty: nothing is
    a comment.
    """
    return stripped(text[: cut_at(text, comment)], comment)


def stripped(text: str, comment: str) -> str:
    """Clean a message as `git stripspace` does; lines that begin with ``comment`` go too, unless it is empty."""
    kept = (line.rstrip(SPACE) for line in text.split("\n") if not (comment and line.startswith(comment)))
    return "\n".join(kept).strip("\n") + "\n"


def with_trailers(text: str, wanted: tuple[tuple[str, str], ...], comment: str, *, others_too: bool = False) -> str:
    """Return the message file's text with our trailers set, each once, in their order.

    ``others_too``: they are not ours, and are added to what stands there.

    Git finds them there whichever lines its clean-up drops. Our own keys that stand there already are replaced (so
    `--amend`, `-C` and a rebase keep one set); other trailers, comments, the scissors line and what follows stay as
    they are. A message without any words is returned unchanged, so that git still aborts on it.
    """
    if not clean(text, comment).strip(SPACE):
        return text
    head, tail = _divided(text, comment)
    ours = {key.lower() for key, _ in wanted} | {key.lower() for key in OWN_TRAILERS}
    if wanted and not others_too and all(_own(found, ours) == wanted for found in _found(text, comment)):
        return text  # each is there, and nothing needs to be moved
    lines = [f"{key}: {value}" for key, value in wanted]
    if not others_too:
        for reader in dict.fromkeys(("#", comment or "#")):
            head = _without(head, ours, reader)
    tail = tail or [""]
    together = "\n".join([*head, *lines, *tail])
    # One more trailer can make a block of a paragraph that was none, with other lines of ours in it.
    read = {found if others_too else _own(found, ours) for found in _found(together, comment)}
    if wanted and any(found[-len(wanted) :] != wanted if others_too else found != wanted for found in read):
        return "\n".join([*head, "", *lines, *tail])
    return together


def _found(text: str, comment: str) -> set[tuple[tuple[str, str], ...]]:
    """What git finds, whether it cleans the message or not, by its own comment prefix and by a reader's elsewhere."""
    return {parse_trailers(each, reader) for each in (text, clean(text, comment)) for reader in ("#", comment or "#")}


def _own(found: tuple[tuple[str, str], ...], ours: set[str]) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in found if key.lower() in ours)


def _divided(text: str, comment: str) -> tuple[list[str], list[str]]:
    """Divide a message file where trailers belong: before what git looks for none in, as `git interpret-trailers` does.

    Readers elsewhere know nothing of another comment prefix than `#`, and git keeps its lines in some modes: there
    the trailers go behind them, and behind a block of conflicts, which may end elsewhere for each reader.
    """
    lines = text.split("\n")
    cut = min(cut_at(text, "#"), cut_at(text, comment))
    end = text[:cut].count("\n") if cut < len(text) else len(lines)
    hidden = "#" if comment in ("#", "") else ""
    if hidden:
        end = min(end, _before_the_end(text[:cut], "#").removesuffix("\n").count("\n") + 1)
    last = end
    while end > 0 and (not lines[end - 1].strip(SPACE) or (hidden and lines[end - 1].startswith(hidden))):
        end -= 1
    if not end:  # nothing but comments: they are the message if git keeps them
        end = last
    return lines[:end], lines[end:]


def _without(lines: list[str], ours: set[str], comment: str) -> list[str]:
    """Drop our trailers from a message's end as a reader finds them, block by block, each with its folded lines."""
    end = _before_the_end("\n".join([*lines, ""]), comment).count("\n")
    kept, behind = lines[:end], lines[: end - 1 : -1] if end else lines[::-1]
    first = next((at for at, line in enumerate(lines) if line.strip(SPACE)), 0)
    while True:
        while kept and (kept[-1].startswith(comment) or not kept[-1].strip(SPACE)):
            behind.append(kept.pop())
        start = len(kept)
        while start > 0 and kept[start - 1].strip(SPACE):
            start -= 1
        block = kept[start:]
        if start <= first or not any(key.lower() in ours for key, _ in _read_block(tuple(block), comment)):
            break
        del kept[start:]
        dropping = False
        for line in block:
            dropping = _is_ours(line, ours) or (dropping and line[:1] in SPACE)
            if not dropping:
                kept.append(line)
    kept += reversed(behind)
    while len(kept) < len(lines) and kept and not kept[-1].strip(SPACE):
        kept.pop()
    return kept


def _is_ours(line: str, ours: set[str]) -> bool:
    match = _TRAILER.match(line)
    return match is not None and match["key"].lower() in ours
