"""Programs whose options are known, and behind them the command that they run: `sudo`, `env`, `xargs`, `timeout`."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from planfence.agents.shell import variables
from planfence.agents.shell.values import is_assignment

if TYPE_CHECKING:
    from planfence.agents.shell.walk import Walker

#: Programs that run their arguments: short options that take a value, and bare words to step over first.
_WRAPPERS = {
    **dict.fromkeys(("command", "builtin", "nohup", "setsid", "coproc", "chronic"), ("", 0)),
    "exec": ("a", 0),
    "stdbuf": ("ioe", 0),
    "sudo": ("ugpCThrt", 0),
    "doas": ("uC", 0),
    "nice": ("n", 0),
    "ionice": ("cn", 0),
    "timeout": ("ks", 1),
    "xargs": ("IiLnPsdEa", 0),
    "env": ("uCS", 0),
    "time": ("fo", 0),
    "strace": ("oefp", 0),
}


def unwrap(walker: Walker, words: list[str], cwd: str, piped: str) -> tuple[list[str], str]:
    """Take the wrappers off a command; return it, and the directory in which it is run."""
    while words and (name := posixpath.basename(words[0])) in _WRAPPERS:
        with_value, skipped = _WRAPPERS[name]
        index = 1
        while index < len(words) and words[index].startswith("-") and (name == "env" or words[index] != "-"):
            word = words[index]
            following = words[index + 1] if index + 1 < len(words) else ""
            _bares(walker, name, word, following)
            if name == "env" and word[:2] != "--" and "S" in _flags(f"{word}S")[-1:] + word.partition("S")[1]:
                walker.walk(f"env {word.partition('S')[2] or following}", cwd)
            elif name == "env" and word.startswith("--split-string"):
                walker.walk(f"env {word.partition('=')[2] or following}", cwd)
            if name == "env" and word in ("-C", "--chdir"):
                cwd = posixpath.join(cwd, following)
            index += 2 if not word.startswith("--") and word[-1] in with_value else 1
            if word == "--":
                break
        options, words = words[:index], words[index + skipped :]
        for lent in takewhile(is_assignment, words):
            known = lent.partition("=")[0].removesuffix("+")
            walker.values.lent.setdefault(known, walker.values.variables.get(known))
        words = variables.assignments(walker, words, exported=True)
        if name == "xargs":
            words = _filled(words, piped, options)
    return words, cwd


def _bares(walker: Walker, name: str, word: str, following: str) -> None:
    """Judge an option of a wrapper that takes variables away."""
    if name == "env":
        if word in ("-", "--ignore-environment") or (word[:1] == "-" and word[1:2] != "-" and "i" in _flags(word)):
            walker.notes.attempt(f"env {word}", "it takes away what says who is at work")
        elif word in ("-u", "--unset"):
            variables.says(walker, following, None)
        elif word.startswith(("--unset=", "-u")):
            variables.says(walker, word.partition("=")[2] if word[1] == "-" else word[2:], None)
    elif name == "exec" and word[:1] == "-" and word[1:2] != "-" and "c" in word.partition("a")[0]:
        walker.notes.attempt(f"exec {word}", "it takes away what says who is at work")


def _flags(word: str) -> str:
    """Return the flags of a cluster of `env`'s, up to one that takes what follows it as its value."""
    for place, char in enumerate(word):
        if char in "uCS":
            return word[:place]
    return word


def _filled(words: list[str], piped: str, options: Sequence[str]) -> list[str]:
    """Return what `xargs` runs: what it reads stands for its placeholder, or behind its words."""
    if not words:
        return words
    option = next((word for word in options if word[:2] in ("-I", "-i") or word.startswith("--replace")), "")
    if not option:
        return words + piped.split()
    place = option[2:] if option[:2] == "-I" else ""
    mark = place or (options[options.index(option) + 1] if option == "-I" else option.partition("=")[2] or "{}")
    return [word.replace(mark, piped.strip() or "$") for word in words]
