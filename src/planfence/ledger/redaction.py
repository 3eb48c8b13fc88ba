"""What goes into the ledger without secrets: those that have a form, this machine's own values, and the home folder.

A detector of secrets that is installed (the extra `redact`) is asked as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote

from planfence.lazyregex import pattern
from planfence.ledger import spellings
from planfence.ledger.secretforms import in_name, secrets, tokens
from planfence.ledger.secretnames import SHORTEST, Span, places
from planfence.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Variables whose value is a secret by their name, and what is none in spite of it.
_SECRET_NAME = pattern(
    r"(?:PASS|PASSWD|PASSWORD|PASSPHRASE|PWD|SECRET|TOKEN|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|AUTH_?KEY|_KEY"
    r"|DATABASE_URL|DSN|CONNECTION_STRING|_PAT|_AUTH|COOKIE)(?:_[A-Z0-9]{1,12})?\Z",
    re.ASCII | re.IGNORECASE,
)
_NO_SECRET = frozenset(("PWD", "OLDPWD", "GPG_KEY", "SSH_AUTH_SOCK", "GIT_ASKPASS", "SSH_ASKPASS"))
#: A value of four or five characters is looked for as a word.
_SHORTEST_WORD = 4
#: A line of a value of several lines counts by itself if it is longer.
_LINE = 11
#: So long is at least what a line's end broke off a token that could end there.
_REST = 8
#: Values that begin so name a file.
_FOLDERS = tuple(
    f"/{name}/"
    for name in (
        *("bin", "dev", "etc", "home", "lib", "media", "mnt", "nix", "opt", "private", "proc", "root", "run", "snap"),
        *("srv", "sys", "tmp", "usr", "var", "Users"),
    )
)
_ORDINARY = frozenset(
    (
        *("secret", "password", "development", "production", "testing", "localhost", "default", "changeme"),
        *("disabled", "enabled"),
    )
)


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text as it is kept, and how often each kind of thing was taken out."""

    data: bytes
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Own:
    """What is secret on this machine alone: the values of variables by name, and the user's home folder."""

    values: Mapping[str, str] = field(default_factory=dict)
    home: str = ""


def own_of(variables: Mapping[str, str]) -> Own:
    """Return what a process's environment holds that nobody else should read."""
    values = {
        name: value
        for name, value in variables.items()
        if _SECRET_NAME.search(name)
        and name not in _NO_SECRET
        and (len(value) >= SHORTEST or (len(value) >= _SHORTEST_WORD and not value.isdigit() and not value.isalpha()))
        and value.lower() not in _ORDINARY
        and not value.startswith(_FOLDERS)
    }
    home = variables.get("HOME", "").rstrip("/")
    return Own(values, home if home.count("/") and len(home) > 1 else "")


#: Between texts that are searched at once: no form of a secret, no folded line and no `[redacted: …` goes across it.
APART = "\n\n\n\n]\n\n\n\n"

#: Asked for further secrets of some bytes: yields where they stand, and of what kind they are.
Detector = Callable[[bytes], Iterable[Span]]


def redact(data: bytes, own: Own, detector: Detector | None = None) -> Redacted:
    """Return a text without secrets; what was taken out stands there by its kind: `[redacted: github-token]`."""
    # One character a byte, so that places are the same in both; what is looked for is ASCII.
    text = data.decode("latin-1")
    spans = [*_found(text, own), *_with_secret(list(spellings.decoded(text)), own)]
    if (view := spellings.plain(text)) is not None:
        spans += ((*view.original(start, end), kind) for start, end, kind in _found(view.text, own))
    if (folded := spellings.unfolded(view.text if view else text, view)) is not None:
        spans += _goes_on(text, folded, {start: end for start, end, _ in spans})
    if detector is not None:
        spans += detector(data)
    if not spans:
        return Redacted(data)
    spans = [(*_whole(data, start, end), kind) for start, end, kind in spans]
    out: list[bytes] = []
    counts: dict[str, int] = {}
    end = 0
    # Of two that overlap the one that begins first names the kind, and all of both goes.
    for start, stop, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= end:
            out.append(data[end:start])
            out.append(b"~" if kind == "home" else f"[redacted: {kind}]".encode())
            counts[kind] = counts.get(kind, 0) + 1
        end = max(end, stop)
    out.append(data[end:])
    return Redacted(b"".join(out), counts)


def _whole(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Return a range with all of the UTF-8 characters that its ends stand in."""
    for _ in range(3):
        start -= 0 < start < len(data) and data[start] & 0xC0 == 0x80 <= data[start - 1]
        end += 0 < end < len(data) and data[end] & 0xC0 == 0x80 <= data[end - 1]
    return start, end


def _found(text: str, own: Own) -> Iterator[Span]:
    yield from _of_own(text, text.lower(), own)
    yield from secrets(text)


def _goes_on(text: str, view: spellings.View, known: Mapping[int, int]) -> Iterator[Span]:
    """Tokens that a line's end breaks. What is whole in its own line goes on only in what looks like more of it."""
    for begin, stop, kind in tokens(view.text):
        start, end = view.original(begin, stop)
        more = text[known.get(start, start) : end].lstrip("\r\n\t \"'+>#-*\\")
        digits = sum(map(str.isdigit, more))
        if start not in known or (len(more) >= _REST and 0 < digits < len(more)):
            yield start, end, kind


def _with_secret(words: list[tuple[int, int, bytes]], own: Own) -> Iterator[Span]:
    """Yield which of the decoded words hold a secret: few do, and they are found by halves."""
    inner = redact(APART.encode().join(data for _, _, data in words), own) if words else Redacted(b"")
    kind = next((kind for kind in inner.counts if kind != "home"), "")
    if kind and len(words) > 1:
        middle = len(words) // 2
        yield from _with_secret(words[:middle], own)
        yield from _with_secret(words[middle:], own)
    elif kind:
        yield words[0][0], words[0][1], kind


def _of_own(text: str, small: str, own: Own) -> Iterator[Span]:
    for name, value in own.values.items():
        lines = value.splitlines() if "\n" in value else ()
        spelled = (
            value,
            quote(value, safe=""),
            *(json.dumps(value, ensure_ascii=each)[1:-1] for each in (True, False)),
        )
        for form in dict.fromkeys((*spelled, *(line for line in lines if len(line) > _LINE))):
            word = _bytewise(form)
            for at in places(text, word):
                end = at + len(word)
                short = len(value) < SHORTEST
                if not short or not (in_name(text[max(at - 1, 0) : at], "_") or in_name(text[end : end + 1], "_")):
                    yield at, end, f"${name}"
    home = _bytewise(own.home)
    for at, end in spellings.homes(text, small, home) if home else ():
        if not in_name(text[max(at - 1, 0) : at], "_.") and not in_name(text[end : end + 1], "_"):
            yield at, end, "home"


def _bytewise(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def installed_detector() -> Detector | None:
    """Return the detector of the extra `redact`, where it is installed: MongoDB's Kingfisher, which asks no network."""
    try:
        from kingfisher_sdk import Scanner
    except ImportError:
        return None
    scanner = Scanner()

    def spans(data: bytes) -> Iterator[Span]:
        text = data.decode("latin-1")
        told: dict[str, str] = {}
        for found in scanner.scan(data):
            if found.visible and len(found.secret) >= SHORTEST:
                told.setdefault(found.secret, _kind(found.rule_id))
        for secret, kind in told.items():
            word = _bytewise(secret)
            yield from ((at, at + len(word), kind) for at in places(text, word))

    return spans


def _kind(rule: Any) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", str(rule).rpartition(".")[2].lower()) or "secret"
