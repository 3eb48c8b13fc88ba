"""Git commands that would go round the fence.

What counts: running git without its hooks, pointing git at other hooks, and moving refs or
making commits behind them. Options are read as git reads them: abbreviated (`--no-veri`),
clustered (`-anm`), and with their arguments, so that `-m "-n"` is a message.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from planfence import tables
from planfence.change.change import Action


class Attempt(NamedTuple):
    """A way round the fence: what was seen in the command, and why it is denied."""

    what: str
    why: str


class Write(NamedTuple):
    """A path that a command would write, as the shell's words give it. ``recursive``: all that is below it."""

    path: str
    action: Action | None = None
    recursive: bool = False


class GitUse(NamedTuple):
    """What one git command line amounts to. ``scripts`` are shell command lines that it would run."""

    attempts: tuple[Attempt, ...] = ()
    writes: tuple[Write, ...] = ()
    scripts: tuple[str, ...] = ()
    directory: str = ""


_NO_HOOKS = "the hooks are part of the plan; let them run, or ask for an amendment"
_HOOKS_PATH = "it would point git at other hooks"
_REFS = "it moves refs without a commit that the hooks have seen"
_LEDGER = "the ledger is append-only; `planfence` writes it"

#: Global options of git that take the next word (git(1)).
_GLOBAL_WITH_VALUE = frozenset(
    {"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env", "--super-prefix"}
)

#: Subcommands with hooks to skip: their short options that take a value, and whether `-n` means --no-verify.
_HOOKED = {
    "commit": ("mFCctuS", True),
    "am": ("CpS", True),
    "merge": ("mFsXS", False),
    "push": ("o", False),
    "rebase": ("sXxSC", False),
    "pull": ("sXSoj", False),
}
#: Options of which `--no-verify` must be told when it is abbreviated.
_SIBLINGS = {"commit": ("--no-verbose",), "merge": ("--no-verify-signatures",), "pull": ("--no-verify-signatures",)}

_PLUMBING = {
    "update-ref": _REFS,
    "commit-tree": "it makes commits that no hook sees",
    "fast-import": "it makes commits that no hook sees",
    "filter-branch": "it makes commits that no hook sees",
    "replace": "it shows other objects in place of the real ones",
}


def judge(words: Sequence[str]) -> GitUse:
    """Judge one git command line, ``words`` beginning after the word `git`."""
    attempts: list[Attempt] = []
    directory = ""
    index = 0
    while index < len(words) and words[index].startswith("-"):
        option, _, value = words[index].partition("=")
        if option in _GLOBAL_WITH_VALUE and not (value and option.startswith("--")):
            index += 1
            value = words[index] if index < len(words) else ""
        if option in ("-c", "--config-env"):
            attempts += setting(*_pair(value))
        elif option == "-C":
            directory = f"{directory}/{value}" if directory and not value.startswith("/") else value
        index += 1
    if index >= len(words):
        return GitUse(tuple(attempts), directory=directory)
    name, rest = words[index], list(words[index + 1 :])
    attempts += _subcommand(name, rest)
    writes = tuple(_writes(name, rest))
    return GitUse(tuple(attempts), writes, tuple(_scripts(name, rest)), directory)


def setting(key: str, value: str | None) -> Iterator[Attempt]:
    """Judge one configuration setting that a command would make; ``value`` None: it is removed."""
    lowered = key.lower()
    if lowered == "core.hookspath":
        yield Attempt(key, _HOOKS_PATH)
    elif lowered.startswith(("hook.", "include.", "includeif.")):
        yield Attempt(key, "it could switch hooks off or bring in settings that do")
    elif lowered.startswith("alias.") and value:
        words = value.lstrip("!").split()
        if value.startswith("!"):
            words = words[1:] if words[:1] == ["git"] else []
        for attempt in judge(words).attempts:
            yield Attempt(f"{key} = {attempt.what}", attempt.why)


def variable(name: str, value: str) -> Iterator[Attempt]:
    """Judge one variable that a command would set for git and the hooks."""
    if name.startswith("GIT_CONFIG_KEY_"):
        yield from setting(value, "")
    elif name == "GIT_CONFIG_PARAMETERS":
        for word in value.replace("'", " ").split():
            yield from setting(*_pair(word))
    elif name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM") and value not in ("", "/dev/null"):
        yield Attempt(name, "it brings in another configuration, which can point git at other hooks")
    elif (name in ("SKIP", "PREK_SKIP") and "planfence" in value) or (
        name in ("HUSKY", "LEFTHOOK") and value in ("0", "false")
    ):
        yield Attempt(f"{name}={value}", _NO_HOOKS)
    else:
        yield from who(name, value)


_WHO = "who is at work is told by the session itself, not by its commands"
_NOBODY = "nobody could tell who is at work in it; run it as it is"
#: Variables that only a person may set, unless the policy lets an agent.
_PERSONS = frozenset({"PLANFENCE_URGENT"})


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
    """Judge a program that runs others in a session of their own, where nothing tells who is at work."""
    if program not in _ELSEWHERE:
        return
    said = " ".join(words)
    if program in ("at", "batch") or _COMMITS.search(said):
        yield Attempt(f"{program} {said}"[:80], _NOBODY)


_ELSEWHERE = frozenset(
    {"systemd-run", "at", "batch", "tmux", "screen", "byobu", "zellij", "nsenter", "machinectl", "launchctl"}
)
_COMMITS = re.compile(r"\bgit\b.*\b(?:commit|merge|rebase|am|cherry-pick|revert|push|pull)\b|\bplanfence\b", re.DOTALL)


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key.strip(), value


def _subcommand(name: str, rest: list[str]) -> Iterator[Attempt]:
    if name in _HOOKED and _skips_hooks(name, rest):
        yield Attempt(f"git {name} --no-verify", _NO_HOOKS)
    if name == "config":
        yield from _config(rest)
    if name in _PLUMBING and not (name == "replace" and (not rest or rest[0] in ("-l", "--list"))):
        yield Attempt(f"git {name}", _PLUMBING[name])
    if name == "symbolic-ref":
        bare = [word for word in rest if not word.startswith("-")]
        if len(bare) > 1 or any(word in ("-d", "--delete", "-m") for word in rest):
            yield Attempt("git symbolic-ref", _REFS)
    if name == "push" and any("refs/planfence" in word for word in rest):
        yield Attempt("git push of refs/planfence", _LEDGER)


def _skips_hooks(name: str, rest: Iterable[str]) -> bool:
    with_value, short_n = _HOOKED[name]
    words = iter(rest)
    for word in words:
        if word == "--":
            return False
        if word.startswith("--"):
            if _abbreviates(name, word):
                return True
            if name == "commit" and word in ("--message", "--file", "--author", "--date", "--template", "--trailer"):
                next(words, None)
        elif word.startswith("-"):
            for place, char in enumerate(word[1:], start=1):
                if char == "n" and short_n:
                    return True
                if char in with_value:
                    # -S and -u take a value only where it is glued on (git-commit(1)).
                    if place == len(word) - 1 and char not in "Su":
                        next(words, None)
                    break
    return False


def _abbreviates(name: str, word: str) -> bool:
    if not "--no-verify".startswith(word) or len(word) < len("--no-v"):
        return False
    exact = word == "--no-verify"
    return exact or not any(sibling.startswith(word) for sibling in _SIBLINGS.get(name, ()))


_READING = frozenset(
    {"--get", "--get-all", "--get-regexp", "--get-urlmatch", "--list", "-l", "get", "list", "--get-color"}
)


def _config(rest: list[str]) -> Iterator[Attempt]:
    if _READING.intersection(rest):
        return
    if any(word in ("-e", "--edit", "edit") for word in rest):
        return
    removes = any(word.startswith(("--unset", "--remove-section", "--rename-section")) for word in rest)
    bare = [word for word in _positional(rest) if word not in ("set", "unset", "remove-section", "rename-section")]
    removes = removes or any(word in ("unset", "remove-section", "rename-section") for word in rest[:1])
    if not bare:
        return
    if removes and bare[0].lower() in ("core", "hook"):
        yield Attempt(f"git config of section {bare[0]}", _HOOKS_PATH)
    elif removes:
        yield from setting(bare[0], None)
    elif len(bare) > 1:
        yield from setting(bare[0], bare[1])


def _positional(rest: list[str]) -> Iterator[str]:
    words = iter(rest)
    for word in words:
        if word in ("-f", "--file", "--blob", "--type", "--default", "--comment", "--value"):
            next(words, None)
        elif not word.startswith("-"):
            yield word


def _writes(name: str, rest: list[str]) -> Iterator[Write]:
    """Name the paths that `git rm` and `git mv` write; what else git writes comes from commits."""
    bare = [word for word in rest if not word.startswith("-")]
    if name == "rm" and "--cached" not in rest:
        recursive = any(word.startswith("-") and not word.startswith("--") and "r" in word for word in rest)
        yield from (Write(word, Action.DELETE, recursive) for word in bare)
    elif name == "mv" and len(bare) > 1:
        yield from (Write(word, Action.DELETE, True) for word in bare[:-1])
        yield Write(bare[-1])


def _scripts(name: str, rest: list[str]) -> Iterator[str]:
    """Yield the command lines that git would run for us: rebase -x, bisect run, submodule foreach."""
    for index, word in enumerate(rest):
        following = rest[index + 1] if index + 1 < len(rest) else ""
        if name == "rebase" and word in ("-x", "--exec"):
            yield following
        elif name == "rebase" and word.startswith("--exec="):
            yield word.removeprefix("--exec=")
        elif name == "rebase" and word.startswith("-x") and len(word) > 2:
            yield word[2:]
    if (name, rest[:1]) in (("bisect", ["run"]), ("submodule", ["foreach"])):
        yield " ".join(word for word in rest[1:] if word != "--recursive")
