"""Git commands that would go round the fence.

What counts: running git without its hooks, pointing git at other hooks, and moving refs or
making commits behind them. Options are read as git reads them: abbreviated (`--no-veri`),
clustered (`-anm`), and with their arguments, so that `-m "-n"` is a message.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from planfence import tables
from planfence.change.change import Action


class Attempt(NamedTuple):
    """A way round the fence: what was seen in the command, and why it is denied.

    ``places`` are the directories in whose repository it would act; none: all that the command reaches.
    """

    what: str
    why: str
    places: tuple[str, ...] = ()


class Write(NamedTuple):
    """A path that a command would write, as the shell's words give it. ``recursive``: all that is below it."""

    path: str
    action: Action | None = None
    recursive: bool = False


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


_NO_HOOKS = "the hooks are part of the plan; let them run, or ask for an amendment"
_HOOKS_PATH = "it would point git at other hooks"
_REFS = "it moves refs without a commit that the hooks have seen"
_LEDGER = "the ledger is append-only; `planfence` writes it"
_UNSEEN = "it makes commits that no hook sees"

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

#: Commands that make commits or move refs without the hooks, and the first words with which they only look.
_PLUMBING: dict[str, tuple[str, frozenset[str]]] = {
    "update-ref": (_REFS, frozenset()),
    "commit-tree": (_UNSEEN, frozenset()),
    "fast-import": (_UNSEEN, frozenset()),
    "filter-branch": (_UNSEEN, frozenset()),
    "filter-repo": (_UNSEEN, frozenset({"--analyze"})),
    "history": (_UNSEEN, frozenset({"-h", "--help"})),  # git 2.54
    "replay": (_UNSEEN, frozenset({"--ref-action=print"})),  # git 2.44; it updates refs by itself since 2.53
    "refs": (
        _REFS,
        frozenset({"list", "verify", "exists", "optimize", "-h"}),
    ),  # git 2.46; update, create, delete: 2.56
    "replace": ("it shows other objects in place of the real ones", frozenset({"-l", "--list"})),
    "send-pack": (_REFS, frozenset()),
    "receive-pack": (_REFS, frozenset()),
    "http-push": (_REFS, frozenset()),
}
#: Plumbing that only lists if nothing is given to it.
_LISTS_BARE = frozenset({"replace", "refs", "history"})
#: Commands that may name `--no-verify` as a text to look for; any other could be an alias of `commit`.
_NO_ALIAS = frozenset({"log", "grep", "show", "diff", "rev-parse", "help", "config", "blame", "shortlog"})
#: Settings whose value is a command line that git runs.
_RUN_BY_GIT = (
    *("core.editor", "core.pager", "core.sshcommand", "core.fsmonitor", "core.askpass", "sequence.editor"),
    *("diff.external", "credential.helper", "gpg.program"),
)
#: Variables whose value is a command line that git, or the shell, runs.
_RUN_VARIABLES = frozenset(
    {"GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "EDITOR", "VISUAL", "GIT_PAGER", "PAGER", "GIT_SSH_COMMAND", "GIT_ASKPASS"}
    | {"GIT_EXTERNAL_DIFF", "PROMPT_COMMAND", "GIT_PROXY_COMMAND"}
)


def judge(words: Sequence[str], cwd: str = "/") -> GitUse:
    """Judge one git command line that would run in ``cwd``, ``words`` beginning after the word `git`."""
    attempts: list[Attempt] = []
    scripts: list[str] = []
    directory = git_dir = ""
    index = 0
    while index < len(words) and words[index].startswith("-"):
        option, _, value = words[index].partition("=")
        if option in _GLOBAL_WITH_VALUE and not (value and option.startswith("--")):
            index += 1
            value = words[index] if index < len(words) else ""
        if option in ("-c", "--config-env"):
            attempts += setting(*_pair(value))
            scripts += run_by_setting(*_pair(value))
        elif option == "-C":
            directory = f"{directory}/{value}" if directory and not value.startswith("/") else value
        elif option == "--git-dir":
            git_dir = value
        elif option == "--exec-path" and value:
            attempts.append(Attempt("git --exec-path", "it runs other programs in place of git's own"))
        index += 1
    if index >= len(words):
        return GitUse(tuple(attempts), (), tuple(scripts), directory, git_dir)
    name, rest = words[index], list(words[index + 1 :])
    if "$" in name:
        attempts.append(Attempt("git with a command that can't be told", "write it plainly"))
    attempts += _subcommand(name, rest)
    attempts += _moves(name, rest, posixpath.normpath(posixpath.join(cwd, directory)))
    return GitUse(
        tuple(attempts), tuple(_writes(name, rest)), (*scripts, *_scripts(name, rest)), directory, git_dir, name
    )


def made_folders(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the folders that `git worktree add` and a local clone make, and the repository that is then in them."""
    name, rest = (words[0], words[1:]) if words else ("", ())
    bare = [word for word in rest if not word.startswith("-")]
    if name == "worktree" and rest[:1] in (["add"], ("add",)):
        yield from ((made, ".") for made in bare[1:])
    elif name == "clone" and bare and _is_folder(bare[0]):
        made = bare[1:] or [posixpath.basename(bare[0].rstrip("/")).removesuffix(".git")]
        yield from ((each, bare[0]) for each in made)


def _is_folder(url: str) -> bool:
    return url.startswith((".", "/", "file:", "~"))


def _is_here(url: str, cwd: str) -> bool:
    """Whether a remote's address is the repository of ``cwd`` itself, as far as words tell."""
    place = posixpath.normpath(posixpath.join(cwd, url.removeprefix("file://"))).removesuffix("/.git")
    return _is_folder(url) and (cwd == place or cwd.startswith(place.rstrip("/") + "/"))


def _moves(name: str, rest: list[str], cwd: str) -> Iterator[Attempt]:
    """Judge the commands that move refs of this repository by way of a transfer."""
    bare = [word for word in rest if not word.startswith("-")]
    if name == "fetch" and bare and _is_folder(bare[0]):
        targets = (word.partition(":")[2] for word in bare[1:])
        if any(target and not target.startswith(("refs/remotes/", "refs/tags/")) for target in targets):
            yield Attempt(f"git fetch {bare[0]} SOURCE:TARGET", _REFS)
    elif name == "push" and bare and _is_here(bare[0], cwd):
        yield Attempt(f"git push {bare[0]}", _REFS)
    elif name == "remote" and bare[:1] in (["add"], ["set-url"]) and any(_is_here(url, cwd) for url in bare[2:]):
        yield Attempt(f"git remote {bare[0]} of this repository", _REFS)
    elif name == "branch" and _moves_branch(rest, len(bare)):
        yield Attempt("git branch --force", _REFS)
    elif name in _MAKES_BRANCHES and (forced := _forces_branch(name, rest)):
        yield Attempt(f"git {name} {forced}", _REFS)
    if name in ("notes", "fetch", "branch", "tag") and any(_names_ledger(name, word) for word in rest):
        yield Attempt(f"git {name} on refs/planfence", _LEDGER)


def _moves_branch(rest: Sequence[str], named: int) -> bool:
    """Whether `git branch` puts a branch that is there on another commit: `-f NAME [COMMIT]`, `-M` or `-C OLD NEW`."""
    short = "".join(word[1:] for word in rest if word[:1] == "-" and word[1:2] != "-")
    forced = "f" in short or any(word.startswith("--forc") for word in rest)
    deletes = "d" in short.lower() or "--delete" in rest
    return not deletes and ((forced and named > 0) or (named > 1 and ("M" in short or "C" in short)))


#: Commands that make a branch, and move one that is there if they are told to, by these options.
_MAKES_BRANCHES = {"checkout": ("B", ""), "switch": ("C", "--force-c"), "worktree": ("B", "")}


def _forces_branch(name: str, rest: Sequence[str]) -> str:
    """The option by which a command puts a branch that may be there on another commit; empty if it does not."""
    flag, long = _MAKES_BRANCHES[name]
    for word in rest:
        if word == "--":
            break
        if (long and word.startswith(long)) or (
            word[:1] == "-" != word[1:2] and flag in word.partition(flag.lower())[0]
        ):
            return word
    return ""


def _names_ledger(name: str, word: str) -> bool:
    """Whether a word would write below refs/planfence; fetching it as it is, without force, is how it spreads."""
    source, _, target = word.partition(":")
    if name != "fetch":
        return "refs/planfence" in word
    return "refs/planfence" in target and (word.startswith("+") or source != target)


def run_by_setting(key: str, value: str | None) -> Iterator[str]:
    """Yield the command line that git would run by a setting."""
    lowered = key.lower()
    if value and lowered.startswith("alias.") and value.startswith("!"):
        yield value[1:]
    elif value and (lowered in _RUN_BY_GIT or lowered.startswith(("pager.", "filter.", "difftool.", "mergetool."))):
        yield value.removeprefix("!")


def run_by_variable(name: str, value: str) -> Iterator[str]:
    """Yield the command line that would be run by a variable."""
    if name in _RUN_VARIABLES and value:
        yield value


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
    elif name == "GIT_EXEC_PATH":
        yield Attempt(name, "it runs other programs in place of git's own")
    else:
        yield from task(name, value)
        yield from who(name, value)


def task(name: str, value: str | None = None) -> Iterator[Attempt]:
    """Judge a variable that a command sets, takes away or fills unseen (None), by the task it names."""
    if name == "PLANFENCE_TASK":
        shown = name if value is None else f"{name}={value}"
        yield Attempt(shown, "which task is at work here is told by `planfence start`")


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
    """Judge a program that runs others in a session of their own, if nothing tells who is at work."""
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
    if name not in _HOOKED and name not in _NO_ALIAS and "--no-verify" in rest:
        yield Attempt(f"git {name} --no-verify", _NO_HOOKS)
    if name in _HOOKED and _skips_hooks(name, rest):
        unknown = "$" in rest and "--no-verify" not in rest
        yield Attempt(f"git {name} " + ("with options that can't be told" if unknown else "--no-verify"), _NO_HOOKS)
    if name == "config":
        yield from _config(rest)
    if name in _PLUMBING:
        why, looks = _PLUMBING[name]
        only_looks = looks.intersection(rest) if name == "replay" else looks.intersection(rest[:1])
        if not only_looks and (rest or name not in _LISTS_BARE):
            yield Attempt(f"git {name}", why)
    if name == "symbolic-ref":
        bare = [word for word in rest if not word.startswith("-")]
        if len(bare) > 1 or any(word in ("-d", "--delete", "-m") for word in rest):
            yield Attempt("git symbolic-ref", _REFS)
    if name == "push" and any("refs/planfence" in word for word in rest):
        yield Attempt("git push of refs/planfence", _LEDGER)


#: Commands that change what the next commit would take.
STAGERS = frozenset({"add", "stage", "rm", "mv", "restore", "reset", "apply", "update-index", "checkout", "stash",
                     "read-tree", "cherry-pick", "revert", "merge", "am", "pull", "rebase"})  # fmt: skip


def stages(words: Sequence[str]) -> bool:
    """Whether a commit with these arguments takes more than what is staged: `-a`, `-i`, `-o`, `-p`, or paths."""
    rest = iter(words)
    for word in rest:
        if word in ("--all", "--include", "--only", "--patch", "--interactive", "--") or word[:1] != "-":
            return True
        if word.startswith("--"):
            if word in _COMMIT_VALUES:
                next(rest, None)
            continue
        for place, char in enumerate(word[1:], start=1):
            if char in "aiop":
                return True
            if char in _HOOKED["commit"][0]:
                if place == len(word) - 1 and char not in "Su":
                    next(rest, None)
                break
    return False


def has_hooks(name: str) -> bool:
    """Whether a subcommand runs hooks that a configuration could switch off."""
    return name in _HOOKED


def _skips_hooks(name: str, rest: Iterable[str]) -> bool:
    with_value, short_n = _HOOKED[name]
    words = iter(rest)
    for word in words:
        if word == "--":
            return False
        if word.startswith("--"):
            if _abbreviates(name, word):
                return True
            if name == "commit" and word in _COMMIT_VALUES:
                next(words, None)
        elif name == "commit" and word == "$":
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


_COMMIT_VALUES = frozenset(
    {"--message", "--file", "--author", "--date", "--template", "--trailer", "--fixup", "--squash", "--cleanup"}
    | {"--reuse-message", "--reedit-message", "--pathspec-from-file"}
)


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
    if name == "config":
        bare = [word for word in _positional(rest) if word != "set"]
        yield from run_by_setting(bare[0], bare[1]) if len(bare) > 1 and not _READING.intersection(rest) else ()
    if (name, rest[:1]) in (("bisect", ["run"]), ("submodule", ["foreach"])):
        yield " ".join(word for word in rest[1:] if word != "--recursive")
