"""The files and folders that a git command writes by its words."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from planfence.agents.paths import Write
from planfence.agents.shell.gitrefs import is_folder
from planfence.agents.shell.gitruns import READS_CONFIG, config_words
from planfence.change.change import Action
from planfence.lazyregex import pattern

_OUTPUTS = {
    **dict.fromkeys(("diff", "log", "show", "diff-tree", "diff-index", "diff-files", "format-patch"), ("--output",)),
    "archive": ("-o", "--output"),
    "config": ("-f", "--file"),
}
#: Variables by which a file is named that git writes.
_TRACES = pattern(r"GIT_(?:TRACE\w*|REDIRECT_STD(?:OUT|ERR))")


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
    if name == "config" and (READS_CONFIG.intersection(rest) or len([*config_words(rest)]) < 2):
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
    elif name == "clone" and bare and is_folder(bare[0]):
        made = bare[1:] or [posixpath.basename(bare[0].rstrip("/")).removesuffix(".git")]
        yield from ((each, bare[0]) for each in made)
