"""Command lines that git, or what it starts, would run: by settings, by variables, by a subcommand's words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from planfence.lazyregex import pattern

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
READS_CONFIG = frozenset(
    {"--get", "--get-all", "--get-regexp", "--get-urlmatch", "--list", "-l", "get", "list", "--get-color"}
)


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
        bare = [word for word in config_words(rest) if word != "set"]
        yield from by_setting(bare[0], bare[1]) if len(bare) > 1 and not READS_CONFIG.intersection(rest) else ()
    if (name, rest[:1]) in (("bisect", ["run"]), ("submodule", ["foreach"])):
        yield " ".join(word for word in rest[1:] if word != "--recursive")


def by_setting(key: str, value: str | None) -> Iterator[str]:
    """Yield the command line that git would run by a setting."""
    lowered = key.lower()
    if value and lowered.startswith("alias.") and value.startswith("!"):
        yield value[1:]
    elif value and _RUN_BY_GIT.fullmatch(lowered):
        yield value.removeprefix("!")


def by_variable(name: str, value: str) -> Iterator[str]:
    """Yield the command line that would be run by a variable."""
    if name in _RUN_VARIABLES and value:
        yield value.removeprefix("|")
    elif name.startswith("GIT_CONFIG_VALUE_") and value.startswith("!"):
        yield value[1:]


def config_words(rest: list[str]) -> Iterator[str]:
    """Yield the words of `git config` that are no options: a key, a value, or a subcommand before them."""
    words = iter(rest)
    for word in words:
        if word in ("-f", "--file", "--blob", "--type", "--default", "--comment", "--value"):
            next(words, None)
        elif not word.startswith("-"):
            yield word
