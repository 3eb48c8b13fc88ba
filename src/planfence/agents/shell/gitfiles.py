"""Git commands that would go round the fence.

What counts: running git without its hooks, pointing git at other hooks, and moving refs or
making commits behind them. Options are read as git reads them: abbreviated (`--no-veri`),
clustered (`-anm`), and with their arguments, so that `-m "-n"` is a message.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from planfence import tables
from planfence.change.change import Action


class Attempt(NamedTuple):
    """A way round the fence: what was seen in the command, and why it is denied.

    ``places`` are the directories in whose repository it would act; none: all that the command reaches. ``on_server``
    is the repository of a server (`owner/name`) in which it would act instead.
    """

    what: str
    why: str
    places: tuple[str, ...] = ()
    on_server: str = ""


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
    rest: tuple[str, ...] = ()
    aliases: Mapping[str, str] = MappingProxyType({})


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
    "quiltimport": (_UNSEEN, frozenset({"-h", "--dry-run", "-n"})),
    "absorb": (_UNSEEN, frozenset({"-h", "--help", "--dry-run", "-n"})),  # git-absorb, by libgit2
    "branchless": (_UNSEEN, frozenset({"smartlog", "query", "init", "help", "-h", "--help"})),
    "imerge": (_UNSEEN, frozenset({"list", "diagram", "-h", "--help"})),
    "citool": (_UNSEEN, frozenset()),
    "replace": ("it shows other objects in place of the real ones", frozenset({"-l", "--list"})),
    "send-pack": (_REFS, frozenset()),
    "receive-pack": (_REFS, frozenset()),
    "http-push": (_REFS, frozenset()),
}
#: Subcommands of commands that otherwise look, or have hooks.
_PLUMBING_WORDS = {
    ("subtree", "add"): _UNSEEN,
    ("subtree", "merge"): _UNSEEN,
    ("subtree", "pull"): _UNSEEN,
    ("svn", "dcommit"): _UNSEEN,
    ("svn", "rebase"): _UNSEEN,
    ("lfs", "migrate"): _UNSEEN,
    ("reflog", "expire"): "the reflog says what was done here",
    ("reflog", "delete"): "the reflog says what was done here",
}
#: Plumbing that only lists if nothing is given to it.
_LISTS_BARE = frozenset({"replace", "refs", "history"})
#: Commands that may name `--no-verify` as a text to look for; any other could be an alias of `commit`.
_NO_ALIAS = frozenset({"log", "grep", "show", "diff", "rev-parse", "help", "config", "blame", "shortlog"})
#: Settings whose value is a command line that git runs.
_RUN_BY_GIT = re.compile(
    r"core\.(?:editor|pager|sshcommand|fsmonitor|askpass|gitproxy|alternaterefscommand)|sequence\.editor|diff\.external|"
    r"(?:credential|trailer|diff|merge|filter|difftool|mergetool|browser|man|tar|gpg)\..*\.?"
    r"(?:helper|program|command|cmd|driver|textconv|clean|smudge|process)|pager\..*|interactive\.difffilter|"
    r"uploadpack\.packobjectshook|sendemail\.\w*cmd|instaweb\.(?:httpd|browser)|remote\..*\.(?:uploadpack|receivepack)"
)
#: Options of a command whose value is a command line that git runs.
_RUN_BY_OPTION = {
    **dict.fromkeys(("fetch", "pull", "ls-remote", "fetch-pack"), ("--upload-pack",)),
    "clone": ("--upload-pack", "-u"),
    "push": ("--receive-pack", "--exec"),
    "archive": ("--exec",),
    "difftool": ("--extcmd", "-x"),
    "grep": ("--open-files-in-pager", "-O"),
    "rebase": ("--exec", "-x"),
    "filter-branch": (),
}
#: Variables whose value is a command line that git, or the shell, runs.
_RUN_VARIABLES = frozenset(
    {"GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "EDITOR", "VISUAL", "GIT_PAGER", "PAGER", "GIT_SSH_COMMAND", "GIT_ASKPASS"}
    | {"GIT_EXTERNAL_DIFF", "PROMPT_COMMAND", "GIT_PROXY_COMMAND", "SSH_ASKPASS", "SUDO_ASKPASS", "MANPAGER", "BROWSER"}
    | {"LESSOPEN", "LESSCLOSE", "PS0", "PS1", "PS2", "PS4", "GIT_SSH"}
)
#: Variables by which a file is named that git writes.
_TRACES = re.compile(r"GIT_(?:TRACE\w*|REDIRECT_STD(?:OUT|ERR))")


def judge(words: Sequence[str], cwd: str = "/", aliases: Mapping[str, str] = MappingProxyType({})) -> GitUse:
    """Judge one git command line that would run in ``cwd``, ``words`` beginning after the word `git`.

    ``aliases`` are those that earlier commands have set.
    """
    attempts: list[Attempt] = []
    scripts: list[str] = []
    directory = git_dir = ""
    aliases = dict(aliases)
    index = 0
    while index < len(words) and words[index].startswith("-"):
        option, _, value = words[index].partition("=")
        if option in _GLOBAL_WITH_VALUE and not (value and option.startswith("--")):
            index += 1
            value = words[index] if index < len(words) else ""
        if option in ("-c", "--config-env"):
            attempts += setting(*_pair(value), cwd)
            scripts += run_by_setting(*_pair(value))
            aliases |= _aliased(*_pair(value))
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
    if name in aliases:
        # What the alias stands for; one for a shell is among the scripts.
        name, *before = shlex.split(aliases[name]) or [name]
        rest = [*before, *rest]
    if name == "config":
        bare = [word for word in _positional(rest) if word != "set"]
        aliases |= _aliased(*bare[:2]) if len(bare) > 1 else {}
    attempts += _subcommand(name, rest, cwd)
    attempts += _moves(name, rest, posixpath.normpath(posixpath.join(cwd, directory)))
    return GitUse(
        tuple(attempts),
        tuple(_writes(name, rest)),
        (*scripts, *_scripts(name, rest)),
        directory,
        git_dir,
        name,
        tuple(rest),
        aliases,
    )


def _aliased(key: str, value: str) -> dict[str, str]:
    """Return the alias that a setting makes, by its name."""
    try:
        words = shlex.split(value)
    except ValueError:
        return {}
    made = key.lower().startswith("alias.") and not value.startswith("!") and words
    return {key.partition(".")[2]: value} if made else {}


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
    elif name == "pull" and len(bare) > 1 and _is_folder(bare[0]) and any(":" in word for word in bare[1:]):
        yield Attempt(f"git pull {bare[0]} SOURCE:TARGET", _REFS)
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
    elif value and _RUN_BY_GIT.fullmatch(lowered):
        yield value.removeprefix("!")


def run_by_variable(name: str, value: str) -> Iterator[str]:
    """Yield the command line that would be run by a variable."""
    if name in _RUN_VARIABLES and value:
        yield value.removeprefix("|")
    elif name.startswith("GIT_CONFIG_VALUE_") and value.startswith("!"):
        yield value[1:]


def named_by_variable(name: str, value: str) -> Iterator[Write]:
    """Yield the file that git writes because a variable names it."""
    if _TRACES.fullmatch(name) and value.startswith("/"):
        yield Write(value)


def setting(key: str, value: str | None, cwd: str = "/") -> Iterator[Attempt]:
    """Judge one configuration setting that a command in ``cwd`` would make; ``value`` None: it is removed."""
    lowered = key.lower()
    if value and "refs/planfence" in value and not lowered.startswith("remote."):
        yield Attempt(key, _LEDGER)
    if value and lowered.startswith("remote.") and lowered.endswith(("url", "pushurl")) and _is_here(value, cwd):
        yield Attempt(key, _REFS)
    if lowered.startswith("url.") and lowered.endswith("insteadof") and _is_here(key[4:].rpartition(".")[0], cwd):
        yield Attempt(key, _REFS)
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
        for word in _parameters(value):
            yield from setting(*_pair(word))
    elif name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM") and value not in ("", "/dev/null"):
        yield Attempt(name, "it brings in another configuration, which can point git at other hooks")
    elif (name in ("SKIP", "PREK_SKIP", "LEFTHOOK_EXCLUDE") and "planfence" in value) or (
        (name in ("HUSKY", "LEFTHOOK") and value in ("0", "false"))
        or (name in ("HUSKY_SKIP_HOOKS", "OVERCOMMIT_DISABLE", "LEFTHOOK_BIN") and value not in ("", "0"))
    ):
        yield Attempt(f"{name}={value}", _NO_HOOKS)
    elif name == "GIT_EXEC_PATH":
        yield Attempt(name, "it runs other programs in place of git's own")
    elif name == "GIT_COMMON_DIR" and value:
        yield Attempt(name, _HOOKS_PATH)
    elif name == "GIT_NOTES_REF" and "refs/planfence" in value:
        yield Attempt(name, _LEDGER)
    else:
        yield from task(name, value)
        yield from who(name, value)


def _parameters(value: str) -> list[str]:
    """Return the settings of `GIT_CONFIG_PARAMETERS` (`'key'='value'`, or in older versions of git `'key=value'`)."""
    try:
        return shlex.split(value)
    except ValueError:
        return value.replace("'", " ").split()


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
    if program == "at" and any(word in ("-l", "-d", "-c", "-V", "-r") for word in words):
        return
    if program == "ssh" and not any(_LOCAL.fullmatch(word.rpartition("@")[2]) for word in words):
        return
    if program in ("at", "batch") or _COMMITS.search(said):
        yield Attempt(f"{program} {said}"[:80], _NOBODY)


_LOCAL = re.compile(r"localhost|127(?:\.\d+){3}|::1|0\.0\.0\.0|0|ip6-localhost")
_ELSEWHERE = frozenset(
    {
        "systemd-run",
        "at",
        "batch",
        "ssh",
        "crontab",
        "tmux",
        "screen",
        "byobu",
        "zellij",
        "nsenter",
        "machinectl",
        "launchctl",
    }
)
_COMMITS = re.compile(r"\bgit\b.*\b(?:commit|merge|rebase|am|cherry-pick|revert|push|pull)\b|\bplanfence\b", re.DOTALL)


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key.strip(), value


def _subcommand(name: str, rest: list[str], cwd: str) -> Iterator[Attempt]:
    if why := _PLUMBING_WORDS.get((name, next((word for word in rest if not word.startswith("-")), ""))):
        yield Attempt(f"git {name} {next(word for word in rest if not word.startswith('-'))}", why)
    if name == "hash-object" and _writes_commit(rest):
        yield Attempt("git hash-object of a commit", _UNSEEN)
    if name not in _OWN and _commits_by_alias(rest):
        yield Attempt(f"git {name} with -n", _NO_HOOKS)
    if name not in _HOOKED and name not in _NO_ALIAS and "--no-verify" in rest:
        yield Attempt(f"git {name} --no-verify", _NO_HOOKS)
    if name in _HOOKED and _skips_hooks(name, rest):
        unknown = "$" in rest and "--no-verify" not in rest
        yield Attempt(f"git {name} " + ("with options that can't be told" if unknown else "--no-verify"), _NO_HOOKS)
    if name == "config":
        yield from _config(rest, cwd)
    if name in _PLUMBING:
        why, looks = _PLUMBING[name]
        anywhere = name in ("replay", "absorb", "quiltimport")
        only_looks = looks.intersection(rest if anywhere else rest[:1])
        if not only_looks and (rest or name not in _LISTS_BARE):
            yield Attempt(f"git {name}", why)
    if name == "symbolic-ref":
        bare = [word for word in rest if not word.startswith("-")]
        if len(bare) > 1 or any(word in ("-d", "--delete", "-m") for word in rest):
            yield Attempt("git symbolic-ref", _REFS)
    if name == "push" and any("refs/planfence" in word for word in rest):
        yield Attempt("git push of refs/planfence", _LEDGER)


def _writes_commit(rest: Sequence[str]) -> bool:
    """Whether `git hash-object` writes an object that is no file's content."""
    kinds = [word[2:] or following for word, following in zip(rest, [*rest[1:], ""], strict=True) if word[:2] == "-t"]
    return any(kind != "blob" for kind in kinds) and any(word[:1] == "-" != word[1:2] and "w" in word for word in rest)


#: Git's own commands, for which an alias never stands, that know `-n` and `-m` together.
_OWN = frozenset(
    {
        *_HOOKED,
        "tag",
        "notes",
        "log",
        "cherry-pick",
        "revert",
        "stash",
        "clean",
        "diff",
        "show",
        "branch",
        "grep",
        "shortlog",
    }
    | {"rev-list", "reflog", "checkout", "switch", "add", "fetch", "rm", "mv", "format-patch", "ls-files", "ls-tree"}
    | {"blame", "apply", "config", "worktree", "submodule", "restore", "reset", "describe", "interpret-trailers"}
    | {"merge-tree", "commit-graph", "multi-pack-index", "maintenance", "for-each-ref", "whatchanged", "name-rev"}
)


def _commits_by_alias(rest: Sequence[str]) -> bool:
    """Whether an unknown command is plainly `commit` under another name: it has a message, and skips the hooks."""
    message = any(word.startswith("--message") or (word[:1] == "-" != word[1:2] and "m" in word) for word in rest)
    return message and _skips_hooks("commit", rest)


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
        elif name == "commit" and _UNKNOWN.fullmatch(word):
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


#: A word that may be `-n`: what is not known stands at its beginning.
_UNKNOWN = re.compile(r"-{0,2}\$[$a-z-]*")
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


def _config(rest: list[str], cwd: str) -> Iterator[Attempt]:
    if _READING.intersection(rest):
        return
    if any(word in ("-e", "--edit") for word in rest) or rest[:1] == ["edit"]:
        yield Attempt("git config --edit", "an editor could set anything; set the one key that you mean")
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
        yield from setting(bare[0], bare[1], cwd)


def _positional(rest: list[str]) -> Iterator[str]:
    words = iter(rest)
    for word in words:
        if word in ("-f", "--file", "--blob", "--type", "--default", "--comment", "--value"):
            next(words, None)
        elif not word.startswith("-"):
            yield word


def _writes(name: str, rest: list[str]) -> Iterator[Write]:
    """Name the paths that a command plainly writes; what else git writes comes from commits."""
    bare = [word for word in rest if not word.startswith("-")]
    if name == "rm" and "--cached" not in rest:
        recursive = any(word.startswith("-") and not word.startswith("--") and "r" in word for word in rest)
        yield from (Write(word, Action.DELETE, recursive) for word in bare)
    elif name == "mv" and len(bare) > 1:
        yield from (Write(word, Action.DELETE, True) for word in bare[:-1])
        yield Write(bare[-1])
    elif name == "bundle" and bare[:1] == ["create"]:
        yield from (Write(word) for word in bare[1:2])
    elif name in ("checkout", "restore"):
        yield from (Write(word, Action.MODIFY) for word in _taken(name, rest, bare))
    if name == "config" and (_READING.intersection(rest) or len([*_positional(rest)]) < 2):
        return
    for option in _OUTPUTS.get(name, ()):
        for index, word in enumerate(rest):
            if word.startswith(option + "=") or (word == option and index + 1 < len(rest)):
                yield Write(word.partition("=")[2] if "=" in word else rest[index + 1])


_OUTPUTS = {
    **dict.fromkeys(("diff", "log", "show", "diff-tree", "diff-index", "diff-files", "format-patch"), ("--output",)),
    "archive": ("-o", "--output"),
    "config": ("-f", "--file"),
}


def _taken(name: str, rest: Sequence[str], bare: Sequence[str]) -> Sequence[str]:
    """Return the paths that are taken from another commit than HEAD; what HEAD has only puts a file back."""
    if name == "restore":
        places = [index for index, word in enumerate(rest) if word in ("-s", "--source")]
        source = next((word.partition("=")[2] for word in rest if word.startswith("--source=")), "")
        source = rest[places[0] + 1] if places and places[0] + 1 < len(rest) else source
        paths = [word for word in bare if not places or word != source]
    elif any(
        word[:2] in ("-b", "-B", "-t", "-p") or word.startswith(("--track", "--orphan", "--patch")) for word in rest
    ):
        return ()
    else:
        end = list(rest).index("--") if "--" in rest else -1
        source = bare[0] if len(bare) > 1 and (end < 0 or rest.index(bare[0]) < end) else ""
        paths = list(bare[1:])
    return paths if source and source not in ("HEAD", "@") and "$" not in source else ()


def _scripts(name: str, rest: list[str]) -> Iterator[str]:
    """Yield the command lines that git would run for us: rebase -x, bisect run, submodule foreach, …"""
    for index, word in enumerate(rest):
        following = rest[index + 1] if index + 1 < len(rest) else ""
        for option in _RUN_BY_OPTION.get(name, ()):
            long = option.startswith("--")
            given = word.partition("=")[0]
            if long and given.startswith("--") and len(given) > len("--e") and option.startswith(given):
                yield word.partition("=")[2] if "=" in word else following
            elif not long and word.startswith(option) and len(word) > len(option):
                yield word[len(option) :]
            elif not long and word[:1] == "-" != word[1:2] and word.endswith(option[1]):
                yield following
        if word.startswith("ext::"):  # gitremote-helpers(7), git-remote-ext(1)
            yield word.removeprefix("ext::").replace("% ", " ")
    if name == "for-each-repo":
        yield shlex.join(["git", *(word for word in rest if not word.startswith("--config"))])
    if name == "config":
        bare = [word for word in _positional(rest) if word != "set"]
        yield from run_by_setting(bare[0], bare[1]) if len(bare) > 1 and not _READING.intersection(rest) else ()
    if (name, rest[:1]) in (("bisect", ["run"]), ("submodule", ["foreach"])):
        yield " ".join(word for word in rest[1:] if word != "--recursive")
