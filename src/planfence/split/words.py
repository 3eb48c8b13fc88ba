"""Suggested messages for the commits of a split: true, short, and easy to better."""

from __future__ import annotations

from collections.abc import Sequence

from planfence.change.pathclass import PathClass, is_vendored
from planfence.content.judged import Judged, Kind

_VERBS = {
    "RENAME": ("refactor", "rename and move"),
    "FORMAT": ("style", "format"),
    "DEPS": ("build", "update"),
    "CODEMOD": ("refactor", "apply one edit throughout"),
    "BEHAVIOUR": ("feat", "change"),
    "CI": ("ci", "update"),
    "DOCS": ("docs", "update"),
}


def suggest(own: Sequence[Judged], bucket: str, types: Sequence[str], words: str) -> str:
    """Return a message for one group.

    ``types`` are the Conventional Commits types that its theme allows (empty: any);
    ``words`` is what the user said of the main change, kept as it is.
    """
    if words:
        return words
    kind, verb = _VERBS[bucket]
    classes = {one.path_class for one in own}
    if bucket == "DEPS" and (PathClass.LOCK in classes or any(is_vendored(one.unit.path) for one in own)):
        verb = "update dependencies in"
    if bucket == "DOCS" and all(one.kind is Kind.COMMENT and one.path_class is not PathClass.DOCS for one in own):
        verb = "update comments in"
    if bucket in ("BEHAVIOUR", "CODEMOD", "RENAME") and classes == {PathClass.TEST}:
        kind = "test"
    elif bucket == "BEHAVIOUR" and classes <= {PathClass.BUILD, PathClass.CONFIG}:
        kind = "build"
    if types and kind not in types:
        kind = types[0]
    return f"{kind}: {verb} {place([one.unit.path for one in own])}"


def place(paths: Sequence[str]) -> str:
    """Name the paths in few words: the file, two files, or how many in which folder."""
    distinct = list(dict.fromkeys(paths))
    names = [path.rpartition("/")[2] for path in distinct]
    if len(distinct) <= 2:
        return _printable(" and ".join(names if len(set(names)) == len(names) else distinct))
    folder = _common([path.split("/")[:-1] for path in distinct])
    tops = list(dict.fromkeys(path.partition("/")[0] for path in distinct if "/" in path))
    if not folder and len(tops) == 2 and all("/" in path for path in distinct):
        folder = " and ".join(tops)
    return _printable(f"{len(distinct)} files" + (f" in {folder}" if folder else ""))


def _common(folders: list[list[str]]) -> str:
    shared: list[str] = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared)


def _printable(text: str) -> str:
    """No byte of a path may break a message."""
    clean = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "�" for char in clean)
