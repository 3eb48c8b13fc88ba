"""What a shell command is made of: words and their parts, redirections, simple commands."""

from __future__ import annotations

from typing import NamedTuple

from planfence.records import dataclass, field

#: What a word is made of: unquoted text, quoted text, a variable's name, or a script to substitute.
RAW, QUOTED, VARIABLE, SCRIPT = "raw", "quoted", "variable", "script"


#: Redirections that write to their target.
WRITING_REDIRECTIONS = frozenset({"&>>", "&>", ">>", ">|", ">&", "<>", ">"})


class UnreadableError(ValueError):
    """The text is no shell command that this can take apart."""


class Part(NamedTuple):
    """A piece of a word, and whether it stands inside quotes."""

    kind: str
    text: str
    quoted: bool = False


Word = tuple[Part, ...]


class Redirect(NamedTuple):
    """A redirection: its operator and its target (for a here-document, its text)."""

    operator: str
    target: Word


@dataclass(slots=True)
class Command:
    """One simple command. ``depth`` counts the subshells around it; ``piped``: it reads from the one before."""

    words: list[Word] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    depth: int = 0
    piped: bool = False


def literal(word: Word) -> str:
    """Return a word's text as it stands, with `$` where something unknown would be."""
    return "".join(part.text if part.kind in (RAW, QUOTED) else "$" for part in word)
