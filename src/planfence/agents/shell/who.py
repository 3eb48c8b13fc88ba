"""What a command says of who is at work, and of the task: variables, and programs that run others apart from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from planfence import tables
from planfence.agents.shell.verdict import Attempt
from planfence.lazyregex import pattern

_WHO = "who is at work is told by the session itself, not by its commands"
_NOBODY = "nobody could tell who is at work in it; run it as it is"
#: Variables that only a person may set, unless the policy lets an agent.
_PERSONS = frozenset({"PLANFENCE_URGENT"})
_LOCAL = pattern(r"localhost|127(?:\.\d+){3}|::1|0\.0\.0\.0|0|ip6-localhost")
_ELSEWHERE = frozenset(
    {"systemd-run", "at", "batch", "ssh", "crontab", "tmux", "screen", "byobu", "zellij", "nsenter"}
    | {"machinectl", "launchctl"}
)
_COMMITS = pattern(r"\bgit\b.*\b(?:commit|merge|rebase|am|cherry-pick|revert|push|pull)\b|\bplanfence\b", re.DOTALL)


def task(name: str, value: str | None = None) -> Iterator[Attempt]:
    """Judge a variable that a command sets, takes away or fills unseen (None), by the task it names."""
    if name == "PLANFENCE_TASK":
        shown = name if value is None else f"{name}={value}"
        yield Attempt(shown, "which task is at work here is told by `planfence start`")


def who(name: str, value: str | None, own: Collection[str] = ()) -> Iterator[Attempt]:
    """Judge a variable that a command sets, or takes away (None), by what it says of who is at work.

    What people have too may be set, as the configuration that it is. ``own`` are the policy's variables.
    """
    shown = name if value is None else f"{name}={value}"
    kept = any(name == each for each, _ in tables.SET_FOR_PEOPLE_TOO) or name == "AGENT"
    if (tables.says_who(name) or name in own) and not (kept and value and tables.is_set(value)):
        yield Attempt(shown, _WHO)


def persons(name: str, value: str | None) -> Iterator[Attempt]:
    """Judge a variable that speaks for a person."""
    if name in _PERSONS and value:
        yield Attempt(f"{name}={value}", "what can't wait is a person's word: ask for it")


def elsewhere(program: str, words: Sequence[str]) -> Iterator[Attempt]:
    """Judge a program that runs others in a session of their own, if nothing tells who is at work."""
    if program not in _ELSEWHERE:
        return
    said = " ".join(words)
    if program == "at" and any(word in ("-l", "-d", "-c", "-V", "-r") for word in words):
        return
    if program == "ssh" and not any(_LOCAL.fullmatch(word.rpartition("@")[2]) for word in words):
        return
    if program in ("at", "batch") or _COMMITS.search(said):
        yield Attempt(f"{program} {said}"[:80], _NOBODY)
