"""What a command prints, as far as its words tell: `echo`, `printf`, `pwd`, and a few that name a file."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from planfence.agents import shellsyntax
from planfence.agents.paths import top_of

_GIT_FOLDERS = ("--git-dir", "--git-common-dir", "--absolute-git-dir", "--git-path")


def prints(words: Sequence[str], cwd: str) -> str:
    """Return what a command in a substitution prints, or `$`."""
    name, rest = (posixpath.basename(words[0]), words[1:]) if words else ("", [])
    bare = [word for word in rest if not word.startswith("-")]
    if name in ("which", "type", "command", "realpath", "readlink") and len(bare) == 1:
        return bare[0]
    if name in ("echo", "printf"):
        return shellsyntax.ansi(said([name, *rest]))
    if name == "pwd":
        return cwd
    if name == "mktemp":
        return "/tmp/mktemp"  # noqa: S108 - a name that stands for a new one
    if name == "git" and list(rest) == ["rev-parse", "--show-toplevel"]:
        return top_of(f"{cwd}/_") or cwd
    if name == "git" and rest[:1] == ["rev-parse"] and any(word in _GIT_FOLDERS for word in rest):
        return posixpath.join(
            top_of(f"{cwd}/_") or cwd, ".git", rest[2] if rest[1:2] == ["--git-path"] and rest[2:] else ""
        )
    return "$"


def said(words: Sequence[str]) -> str:
    """Return what a command would print, where it only echoes."""
    name = words[0] if words else ""
    if name in ("echo", "printf"):
        rest = list(words[1:])
        decoded = name == "printf"
        while rest and rest[0] in ("-n", "-e", "-E", "-ne", "-en", "--"):
            decoded = decoded or "e" in rest[0]
            rest = rest[1:]
        if name == "printf" and rest and "%s" in rest[0].strip("%s\n\\ 0'\""):
            rest = [rest[0].replace("%s", rest[1] if len(rest) > 1 else "", 1), *rest[2:]]
        text = " ".join(word for word in rest if word.strip() not in ("%s", "%s\\n", "%s\\0", "%s %s"))
        return shellsyntax.ansi(text) if decoded and "\\" in text else text
    if name == "ls":
        return "\n".join(word for word in words[1:] if word[:1] != "-")
    return ""
