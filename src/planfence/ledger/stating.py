"""What a statement says, without secrets: whoever reads the ledger reads all of it.

Every text in it loses what has a secret's form. A person's own words and command lines also lose the values of this
machine's environment and its home folder; names, ids and patterns can't hold those by chance. What reads as a name of
the plan or the policy stays, as it has to match. A command line that loses something bears the digest of its exact
text, so that it still counts as the policy's or the plan's own (:func:`planfence.ledger.evidence.is_command`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from planfence.ledger import redaction
from planfence.ledger.evidence import without_secret
from planfence.ledger.redaction import APART, Own

#: A statement's fields that people, models and shells fill in as they like, with all that is below them.
_WORDS = frozenset(("why", "answers", "command", "commands", "setup"))
_COMMANDS = frozenset(("command", "commands", "setup"))
#: Log lines, which are redacted by their fields before they are stated.
_LINES = "lines"
#: Fields whose text has to match a name of the plan or the policy, which are in the code's own history.
_NAMES = frozenset(("task", "stage", "model", "holder", "name", "outcome"))
_SIGNS = str.maketrans(dict.fromkeys("._:/@+-", " "))
#: A token has a longer word with a digit in it.
_SHORT_WORD = 15

#: (the field of the statement that a text belongs to, the text) → the text as it is kept.
_Change = Callable[[str, str], str]


def stated(predicate: Mapping[str, Any], own: Own) -> dict[str, Any]:
    """Return a predicate as the ledger keeps it; `redacted` counts what was taken out, if anything was."""
    texts: dict[bool, dict[str, None]] = {True: {}, False: {}}

    def collect(field: str, text: str) -> str:
        if not _is_name(field, text):
            texts[field in _WORDS][text] = None
        return text

    _changed(predicate, "", collect)
    counts: dict[str, int] = {}
    kept: dict[tuple[bool, str], str] = {}
    for free, whose in ((True, own), (False, Own())):
        for text, (cleaned, taken) in zip(texts[free], without_secrets(texts[free], whose), strict=True):
            kept[free, text] = cleaned
            for kind, count in taken.items():
                counts[kind] = counts.get(kind, 0) + count
    if not counts:
        return dict(predicate)

    def clean(field: str, text: str) -> str:
        cleaned = text if _is_name(field, text) else kept[field in _WORDS, text]
        return without_secret(cleaned, text) if field in _COMMANDS and cleaned != text else cleaned

    return {**_changed(predicate, "", clean), "redacted": counts}


def _is_name(field: str, text: str) -> bool:
    """Whether a text stays as it is: in the place of a name, and made of words as no token is."""
    return (
        field in _NAMES
        and not any(map(str.isspace, text))
        and all(
            word.isalnum() and (len(word) <= _SHORT_WORD or word.isalpha()) for word in text.translate(_SIGNS).split()
        )
    )


def without_secrets(texts: Iterable[str], own: Own) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Yield each text without its secrets, and what was taken out of it, by kind."""
    texts = list(texts)
    if len(texts) == 1:
        yield _redacted(texts[0], own)
    elif not _redacted(APART.join(texts), own)[1]:
        yield from ((text, {}) for text in texts)
    else:  # few have one: they are found by halves
        middle = len(texts) // 2
        yield from without_secrets(texts[:middle], own)
        yield from without_secrets(texts[middle:], own)


def _redacted(text: str, own: Own) -> tuple[str, Mapping[str, int]]:
    # JSON can hold half a surrogate pair, and names of files that are no text do.
    done = redaction.redact(text.encode("utf-8", "surrogatepass"), own)
    return done.data.decode("utf-8", "surrogatepass"), done.counts


def _changed(value: Any, field: str, change: _Change) -> Any:
    if isinstance(value, str):
        return change(field, value)
    if isinstance(value, Mapping):
        return {
            name: each
            if name == _LINES and not field
            else _changed(each, name if name in _WORDS or name in _NAMES else field, change)
            for name, each in value.items()
        }
    if isinstance(value, Sequence):
        if field == "command" and all(isinstance(each, str) for each in value):
            # Of a program's words one may name the secret that the next one is. They have to match nothing.
            line = " ".join(value)
            return list(value) if (cleaned := change("why", line)) == line else [cleaned]
        if field == "commands" and len(value) == 2 and all(isinstance(each, str) for each in value):
            return [change("name", value[0]), change(field, value[1])]
        return [_changed(each, field, change) for each in value]
    return value
