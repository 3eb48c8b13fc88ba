"""What a git command line does besides commits and refs: the files that it writes, the command lines that git runs.

They are run by settings, by variables, or by a subcommand's words.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Sequence

from planfence.agents.paths import Write
from planfence.agents.shell import snippets
from planfence.agents.shell.gitrefs import is_local
from planfence.change.change import Action
from planfence.lazyregex import pattern

_OUTPUTS = {
    **dict.fromkeys(("diff", "log", "show", "diff-tree", "diff-index", "diff-files", "format-patch"), ("--output",)),
    "archive": ("-o", "--output"),
    "config": ("-f", "--file"),
}
#: Variables by which a file is named that git writes.
_TRACES = pattern(r"GIT_(?:TRACE\w*|REDIRECT_STD(?:OUT|ERR))")
#: Settings whose value is a command line that git runs.
_RUN_BY_GIT = pattern(
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
#: Those of which git edits the list of a rebase with the first that is set.
_EDITORS = frozenset({"GIT_SEQUENCE_EDITOR", "GIT_EDITOR", "VISUAL", "EDITOR"})
_EXEC = pattern(r"(?:exec|x)[ \t]+")
_READS = frozenset(
    {"--get", "--get-all", "--get-regexp", "--get-urlmatch", "--list", "-l", "get", "list", "--get-color"}
)
#: Options of `git config` that take the next word; git takes any beginning of theirs.
_VALUED = ("--file", "--blob", "--type", "--default", "--comment", "--value")
_VERBS = frozenset({"set", "unset", "get", "list", "edit", "rename-section", "remove-section"})


def writes(name: str, rest: list[str]) -> Iterator[Write]:
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
    if name == "config" and len(configured(rest)[1]) < 2:
        return
    for option in _OUTPUTS.get(name, ()):
        for index, word in enumerate(rest):
            if word.startswith(option + "=") or (word == option and index + 1 < len(rest)):
                yield Write(word.partition("=")[2] if "=" in word else rest[index + 1])


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


def traces(name: str, value: str) -> Iterator[Write]:
    """Yield the file that git writes because a variable names it."""
    if _TRACES.fullmatch(name) and value.startswith("/"):
        yield Write(value)


def made_folders(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the folders that `git worktree add` and a local clone make, and the repository that is then in them."""
    name, rest = (words[0], words[1:]) if words else ("", ())
    bare = [word for word in rest if not word.startswith("-")]
    if name == "worktree" and rest[:1] in (["add"], ("add",)):
        yield from ((made, ".") for made in bare[1:])
    elif name == "clone" and bare and is_local(bare[0]):
        made = bare[1:] or [posixpath.basename(bare[0].rstrip("/")).removesuffix(".git")]
        yield from ((each, bare[0]) for each in made)


def by_words(name: str, rest: list[str]) -> Iterator[str]:
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
        _, told = configured(rest)
        yield from by_setting(told[0], told[1]) if len(told) > 1 else ()
    if (name, rest[:1]) in (("bisect", ["run"]), ("submodule", ["foreach"])):
        yield " ".join(word for word in rest[1:] if word != "--recursive")


def by_setting(key: str, value: str | None) -> Iterator[str]:
    """Yield the command line that git would run by a setting."""
    lowered = key.lower()
    if value and lowered.startswith("alias.") and value.startswith("!"):
        yield value[1:]
    elif value and _RUN_BY_GIT.fullmatch(lowered):
        yield value.removeprefix("!")
        yield from _written(value) if lowered in ("core.editor", "sequence.editor") else ()


def _written(value: str) -> Iterator[str]:
    """Yield the command lines that an editor may write into the list of a rebase, behind `exec` or `x`."""
    return snippets.git_lines(_EXEC.sub("; ", value), strings=True)


def by_variable(name: str, value: str) -> Iterator[str]:
    """Yield the command line that would be run by a variable."""
    if name in _RUN_VARIABLES and value:
        # A prompt is a text, in which only substitutions run.
        yield f": {value}" if name.startswith("PS") else value.removeprefix("|")
        yield from _written(value) if name in _EDITORS else ()
    elif name in ("BASH_ENV", "ENV") and value:  # a file that a shell reads at its start
        yield f". {shlex.quote(value)}"
    elif name.startswith("GIT_CONFIG_VALUE_") and value.startswith("!"):
        yield value[1:]


def configured(rest: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part the words of `git config`: options and verb; a key and its value behind them, but for what only reads."""
    head, words = list[str](), [*rest]
    while words and (words[0].startswith("-") or words[0] in _VERBS):
        head.append(words.pop(0))
        if head[-1] in ("-f", "-t") or (len(head[-1]) > 2 and any(each.startswith(head[-1]) for each in _VALUED)):
            del words[:1]
    return head, [] if _READS.intersection(head) else words
