"""Git subcommands that have hooks: whether they skip them, and whether a commit takes more than what is staged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase  # noqa: TID251 - a shell's pattern

from planfence.agents.shell.verdict import Attempt
from planfence.lazyregex import pattern

NO_HOOKS = "the hooks are part of the plan; let them run, or ask for an amendment"
#: Subcommands with hooks to skip: their short options that take a value, and whether `-n` means --no-verify.
HOOKED = {
    "commit": ("mFCctuS", True),
    "am": ("CpS", True),
    "merge": ("mFsXS", False),
    "push": ("o", False),
    "rebase": ("sXxSC", False),
    "pull": ("sXSoj", False),
}
#: Options of which `--no-verify` must be told when it is abbreviated.
_SIBLINGS = {"commit": ("--no-verbose",), "merge": ("--no-verify-signatures",), "pull": ("--no-verify-signatures",)}
#: Commands that may name `--no-verify` as a text to look for; any other could be an alias of `commit`.
_NO_ALIAS = frozenset({"log", "grep", "show", "diff", "rev-parse", "help", "config", "blame", "shortlog"})
#: Git's own commands, for which an alias never stands, that know `-n` and `-m` together.
_OWN = frozenset(
    {*HOOKED, "tag", "notes", "log", "cherry-pick", "revert", "stash", "clean", "diff", "show", "branch", "grep"}
    | {"shortlog", "rev-list", "reflog", "checkout", "switch", "add", "fetch", "rm", "mv", "format-patch"}
    | {"ls-files", "ls-tree", "blame", "apply", "config", "worktree", "submodule", "restore", "reset"}
    | {"describe", "interpret-trailers", "merge-tree", "commit-graph", "multi-pack-index", "maintenance"}
    | {"for-each-ref", "whatchanged", "name-rev"}
)
#: Commands of others that hand their words on to `git commit`, or have its `-n`.
HAND_ON = frozenset({"cz", "git-cz", "czg", "commitizen", "standard-version", "commit-and-tag-version"})
#: Commands that change what the next commit would take.
STAGERS = frozenset(
    {"add", "stage", "rm", "mv", "restore", "reset", "apply", "update-index", "checkout", "stash"}
    | {"read-tree", "cherry-pick", "revert", "merge", "am", "pull", "rebase"}
)
#: A word that may be `-n`: what is not known stands at its beginning.
_UNKNOWN = pattern(r"-{0,2}\$[$a-z-]*")
_PATTERN = pattern(r"[*?\[]")
_LONG_VALUES = {
    "commit": frozenset(
        {"--message", "--file", "--author", "--date", "--template", "--trailer", "--fixup", "--squash", "--cleanup"}
        | {"--reuse-message", "--reedit-message", "--pathspec-from-file"}
    ),
    "merge": frozenset({"--message", "--file", "--into-name", "--strategy", "--strategy-option", "--cleanup"}),
    "push": frozenset({"--push-option", "--receive-pack", "--exec", "--repo"}),
    "rebase": frozenset({"--exec", "--onto", "--strategy", "--strategy-option"}),
}


def skipped(name: str, rest: list[str]) -> Iterator[Attempt]:
    """Judge a subcommand by whether it runs without its hooks."""
    if name not in _OWN and (_commits_by_alias(rest) or (name in HAND_ON and _skips_hooks("commit", rest))):
        yield Attempt(f"git {name} with -n", NO_HOOKS)
    if name not in HOOKED and name not in _NO_ALIAS and "--no-verify" in rest:
        yield Attempt(f"git {name} --no-verify", NO_HOOKS)
    if name in HOOKED and _skips_hooks(name, rest):
        if "--no-verify" not in rest and ("$" in rest or any(map(_may_match, rest))):
            yield Attempt(f"git {name} with options that can't be told", "put `--` in front of what stands for paths")
        else:
            yield Attempt(f"git {name} --no-verify", NO_HOOKS)


def stages(words: Sequence[str]) -> bool:
    """Whether a commit with these arguments takes more than what is staged: `-a`, `-i`, `-o`, `-p`, or paths."""
    rest = iter(words)
    for word in rest:
        if word in ("--all", "--include", "--only", "--patch", "--interactive", "--") or word[:1] != "-":
            return True
        if word.startswith("--"):
            if word in _LONG_VALUES["commit"]:
                next(rest, None)
            continue
        for place, char in enumerate(word[1:], start=1):
            if char in "aiop":
                return True
            if char in HOOKED["commit"][0]:
                if place == len(word) - 1 and char not in "Su":
                    next(rest, None)
                break
    return False


def _commits_by_alias(rest: Sequence[str]) -> bool:
    """Whether an unknown command is plainly `commit` under another name: it has a message, and skips the hooks."""
    message = any(word.startswith("--message") or (word[:1] == "-" != word[1:2] and "m" in word) for word in rest)
    return message and _skips_hooks("commit", rest)


def _skips_hooks(name: str, rest: Iterable[str]) -> bool:
    with_value, short_n = HOOKED[name]
    words = iter(rest)
    for word in words:
        if word == "--":
            return False
        if word.startswith("--"):
            if _abbreviates(name, word):
                return True
            if word in _LONG_VALUES.get(name, ()):
                next(words, None)
        elif _may_match(word) or (name == "commit" and _UNKNOWN.fullmatch(word)):
            return True  # it may be any option; behind `--` it is a path
        elif word.startswith("-"):
            for place, char in enumerate(word[1:], start=1):
                if char == "n" and short_n:
                    return True
                if char in with_value:
                    # -S and -u take a value only if it is glued on (git-commit(1)).
                    if place == len(word) - 1 and char not in "Su":
                        next(words, None)
                    break
    return False


def _may_match(word: str) -> bool:
    """Whether a word is a pattern that a file by the name of the option would match."""
    return _PATTERN.search(word) is not None and any(fnmatchcase(each, word) for each in ("--no-verify", "-n"))


def _abbreviates(name: str, word: str) -> bool:
    if not "--no-verify".startswith(word) or len(word) < len("--no-v"):
        return _may_match(word)
    exact = word == "--no-verify"
    return exact or not any(sibling.startswith(word) for sibling in _SIBLINGS.get(name, ()))
