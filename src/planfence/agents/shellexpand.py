"""What the shell makes of a word: the scripts that it runs, and the words that come out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from planfence.agents.shellparts import QUOTED, RAW, SCRIPT, VARIABLE, Word
from planfence.agents.shellwords import here_document


def scripts(word: Word) -> Iterator[str]:
    """Yield the scripts that a word runs to be expanded, those inside `${…:-$(…)}` too."""
    for part in word:
        if part.kind == SCRIPT:
            yield part.text
        elif part.kind == VARIABLE and ("$(" in part.text or "`" in part.text):
            for inner in here_document(part.text):
                if inner.kind == SCRIPT:
                    yield inner.text


def expand(word: Word, variables: Mapping[str, str]) -> list[str]:
    """Return the words that the shell would make of one, with the variables that are known.

    What is not known stays as `$`; an unquoted variable splits at blanks; `{a,b}` lists are written out.
    """
    texts = [""]
    braces = False
    for part in word:
        if part.kind in (RAW, QUOTED):
            braces = braces or (part.kind == RAW and "{" in part.text)
            texts[-1] += part.text
            continue
        name = part.text.partition(":")[0]
        value = variables.get(name, "$") if part.kind == VARIABLE else "$"
        pieces = [value] if part.quoted else re.split(r"\s+", value)
        texts[-1] += pieces[0]
        texts.extend(pieces[1:])
    if not any(part.kind == QUOTED or part.quoted for part in word):
        # What comes out of an unquoted variable alone leaves no empty word behind.
        texts = [text for text in texts if text]
    return [each for text in texts for each in (_braces(text) if braces else [text])]


def _braces(text: str) -> list[str]:
    start = text.find("{")
    end = text.find("}", start)
    if start < 0 or end < 0 or "," not in text[start:end] or "{" in text[start + 1 : end]:
        return [text]
    tails = _braces(text[end + 1 :])
    return [text[:start] + middle + tail for middle in text[start + 1 : end].split(",") for tail in tails]
