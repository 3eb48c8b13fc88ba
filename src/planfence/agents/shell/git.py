"""Git commands that would go round the fence.

What counts: running git without its hooks, pointing git at other hooks, and moving refs or
making commits behind them. Options are read as git reads them: abbreviated (`--no-veri`),
clustered (`-anm`), and with their arguments, so that `-m "-n"` is a message.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from planfence.agents.paths import Write
from planfence.agents.shell import files, giteffects, githooks, gitrefs
from planfence.agents.shell.syntax import Command
from planfence.agents.shell.verdict import Attempt

if TYPE_CHECKING:
    from planfence.agents.shell.walk import Walker

#: Git, and programs that hand their words on to it.
GITS = frozenset({"git", "hub", "lab"})
_HOOKS_PATH = "it would point git at other hooks"
#: Global options of git that take the next word (git(1)).
_GLOBAL_WITH_VALUE = frozenset(
    {"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env", "--super-prefix"}
)


class GitUse(NamedTuple):
    """What one git command line amounts to. ``scripts`` are shell command lines that it would run.

    ``directory`` is where it works, ``git_dir`` the repository if it is named; ``name`` is the subcommand.
    """

    attempts: tuple[Attempt, ...] = ()
    writes: tuple[Write, ...] = ()
    scripts: tuple[str, ...] = ()
    directory: str = ""
    git_dir: str = ""
    name: str = ""
    rest: tuple[str, ...] = ()
    aliases: Mapping[str, str] = MappingProxyType({})


def follow(walker: Walker, rest: Sequence[str], cwd: str, command: Command | None = None, piped: str = "") -> None:
    """Judge one git command line, ``rest`` beginning after the word `git`; note what it does, and what it would run."""
    command = command or Command()
    use = judge(rest, cwd, walker.values.git_aliases)
    walker.values.git_aliases |= use.aliases
    inside = posixpath.normpath(posixpath.join(cwd, walker.values.home(use.directory)))
    named = use.git_dir or walker.values.variables.get("GIT_DIR", "")
    place = posixpath.join(inside, walker.values.home(named)) if named else inside
    # An exported GIT_DIR may have been exported elsewhere.
    settled = use.git_dir or not named or "GIT_DIR" in walker.values.prefixed
    absolute = posixpath.isabs(use.git_dir or use.directory)
    walker.notes.reach(place)
    certain, walker.notes.certain = walker.notes.certain, bool(settled) and (walker.notes.certain or absolute)
    walker.notes.deny(use.attempts, (place,))
    if walker.other_home and use.name in githooks.HOOKED:
        walker.notes.deny([Attempt(f"{walker.other_home}=…", "it brings in another configuration for git")], (place,))
    if use.name in githooks.STAGERS:
        walker.staged = True
    if use.name in ("apply", "am"):
        files.patched(walker, "git", use.rest, command, inside, piped)
    if use.name == "commit" and "--dry-run" not in use.rest:
        words = use.rest
        walker.notes.judged.commits.append((place, words))
        walker.notes.judged.staged_first = walker.notes.judged.staged_first or walker.staged or githooks.stages(words)
    if use.name in ("worktree", "clone"):
        for made, of in giteffects.made_folders([use.name, *use.rest]):
            walker.notes.copied(made, of, inside)
    walker.notes.wrote(use.writes, inside)
    for script in use.scripts:
        walker.tolerant(script, inside)
    walker.notes.certain = certain


def judge(words: Sequence[str], cwd: str = "/", aliases: Mapping[str, str] = MappingProxyType({})) -> GitUse:
    """Judge one git command line that would run in ``cwd``, ``words`` beginning after the word `git`.

    ``aliases`` are those that earlier commands have set.
    """
    attempts: list[Attempt] = []
    scripts: list[str] = []
    directory = git_dir = ""
    aliases = dict(aliases)
    options, index = _global_options(words)
    for option, value in options:
        if option in ("-c", "--config-env"):
            attempts += setting(*_pair(value), cwd)
            scripts += giteffects.by_setting(*_pair(value))
            aliases |= _aliased(*_pair(value))
        elif option == "-C":
            directory = f"{directory}/{value}" if directory and not value.startswith("/") else value
        elif option == "--git-dir":
            git_dir = value
        elif option == "--exec-path" and value:
            attempts.append(Attempt("git --exec-path", "it runs other programs in place of git's own"))
    if index >= len(words):
        return GitUse(tuple(attempts), (), tuple(scripts), directory, git_dir)
    name, rest = words[index], list(words[index + 1 :])
    if "$" in name:
        attempts.append(Attempt("git with a command that can't be told", "write it plainly"))
    if name in aliases:
        # What the alias stands for; one for a shell is among the scripts.
        name, *before = shlex.split(aliases[name]) or [name]
        rest = [*before, *rest]
    if name == "config":
        _, told = giteffects.configured(rest)
        aliases |= _aliased(*told[:2]) if len(told) > 1 else {}
    attempts += _subcommand(name, rest, cwd)
    attempts += gitrefs.moves(name, rest, posixpath.normpath(posixpath.join(cwd, directory)))
    return GitUse(
        tuple(attempts),
        tuple(giteffects.writes(name, rest)),
        (*scripts, *giteffects.by_words(name, rest)),
        directory,
        git_dir,
        name,
        tuple(rest),
        aliases,
    )


def _global_options(words: Sequence[str]) -> tuple[list[tuple[str, str]], int]:
    """Return the options before the subcommand, each with its value, and where they end."""
    found = []
    index = 0
    while index < len(words) and words[index].startswith("-"):
        option, _, value = words[index].partition("=")
        if option in _GLOBAL_WITH_VALUE and not (value and option.startswith("--")):
            index += 1
            value = words[index] if index < len(words) else ""
        found.append((option, value))
        index += 1
    return found, index


def _aliased(key: str, value: str) -> dict[str, str]:
    """Return the alias that a setting makes, by its name."""
    try:
        words = shlex.split(value)
    except ValueError:
        return {}
    made = key.lower().startswith("alias.") and not value.startswith("!") and words
    return {key.partition(".")[2]: value} if made else {}


def _subcommand(name: str, rest: list[str], cwd: str) -> Iterator[Attempt]:
    yield from githooks.skipped(name, rest)
    if name == "config":
        yield from _config(rest, cwd)
    yield from gitrefs.plumbing(name, rest)


def _config(rest: list[str], cwd: str) -> Iterator[Attempt]:
    head, bare = giteffects.configured(rest)
    if {"-e", "--edit", "edit"}.intersection(head):
        yield Attempt("git config --edit", "an editor could set anything; set the one key that you mean")
    if not bare:
        return
    removes = any(word.lstrip("-").startswith(("unset", "remove-section", "rename-section")) for word in head)
    if removes and bare[0].lower() in ("core", "hook"):
        yield Attempt(f"git config of section {bare[0]}", _HOOKS_PATH)
    elif removes:
        yield from setting(bare[0], None)
    elif len(bare) > 1:
        yield from setting(bare[0], bare[1], cwd)


def setting(key: str, value: str | None, cwd: str = "/") -> Iterator[Attempt]:
    """Judge one configuration setting that a command in ``cwd`` would make; ``value`` None: it is removed."""
    lowered = key.lower()
    if value and "refs/planfence" in value and not lowered.startswith("remote."):
        yield Attempt(key, gitrefs.LEDGER)
    if value and lowered.startswith("remote.") and lowered.endswith(("url", "pushurl")) and gitrefs.is_here(value, cwd):
        yield Attempt(key, gitrefs.REFS)
    if (
        lowered.startswith("url.")
        and lowered.endswith("insteadof")
        and gitrefs.is_here(key[4:].rpartition(".")[0], cwd)
    ):
        yield Attempt(key, gitrefs.REFS)
    if lowered == "core.hookspath":
        yield Attempt(key, _HOOKS_PATH)
    elif lowered == "core.worktree" and value is not None:
        yield Attempt(key, "git would look at another folder than this one")
    elif lowered.startswith(("hook.", "include.", "includeif.")):
        yield Attempt(key, "it could switch hooks off or bring in settings that do")
    elif (lowered.startswith("alias.") or lowered.endswith(".mergeoptions")) and value:
        words = value.lstrip("!").split()
        if lowered[0] != "a":
            words = ["merge", *words]
        elif value.startswith("!"):
            words = words[1:] if words[:1] == ["git"] else []
        for attempt in judge(words).attempts:
            yield Attempt(f"{key} = {attempt.what}", attempt.why)


def variable(name: str, value: str) -> Iterator[Attempt]:
    """Judge one variable that a command would set for git and the hooks."""
    if name.startswith("GIT_CONFIG_KEY_"):
        yield from setting(value, "")
    elif name == "GIT_CONFIG_PARAMETERS":
        for word in _parameters(value):
            yield from setting(*_pair(word))
    elif name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM") and value not in ("", "/dev/null"):
        yield Attempt(name, "it brings in another configuration, which can point git at other hooks")
    elif (name in ("SKIP", "PREK_SKIP", "LEFTHOOK_EXCLUDE") and "planfence" in value) or (
        (name in ("HUSKY", "LEFTHOOK") and value in ("0", "false"))
        or (name in ("HUSKY_SKIP_HOOKS", "OVERCOMMIT_DISABLE", "LEFTHOOK_BIN") and value not in ("", "0"))
    ):
        yield Attempt(f"{name}={value}", githooks.NO_HOOKS)
    elif name == "SHELLOPTS":
        yield Attempt(name, "the hooks' shell would read it")
    elif name == "GIT_EXEC_PATH":
        yield Attempt(name, "it runs other programs in place of git's own")
    elif name == "GIT_COMMON_DIR" and value:
        yield Attempt(name, _HOOKS_PATH)
    elif name == "GIT_NOTES_REF" and "refs/planfence" in value:
        yield Attempt(name, gitrefs.LEDGER)


def _parameters(value: str) -> list[str]:
    """Return the settings of `GIT_CONFIG_PARAMETERS` (`'key'='value'`, or in older versions of git `'key=value'`)."""
    try:
        return shlex.split(value)
    except ValueError:
        return value.replace("'", " ").split()


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key.strip(), value
