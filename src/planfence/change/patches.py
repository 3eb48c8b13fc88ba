"""A change's patch, asked from git with every setting named, and read by unidiff."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Sequence
from typing import Any

from planfence.change.patchfile import Line, PatchFile, PatchHunk
from planfence.errors import CouldNotCheck
from planfence.gitio.isolated import BareView
from planfence.gitio.repository import Repository

_COMMAND = (
    "diff-tree",
    "-r",
    "-p",
    "-M",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--ignore-submodules=none",
    "--submodule=short",
    "--diff-algorithm=myers",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "-U3",
)
_MODE = re.compile(r"^(old mode|new mode|new file mode|deleted file mode|index \S+) (\d{6})$")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")


def patch_text(repository: Repository, old: str, new: str) -> str:
    """Return the patch between two trees; bytes that are not UTF-8 travel as surrogates."""
    with BareView(repository) as git:
        return git.run(*_COMMAND, old, new, "--").decode("utf-8", "surrogateescape")


def parse(text: str) -> tuple[PatchFile, ...]:
    """Read a patch. Raises :class:`CouldNotCheck` where unidiff can't."""
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    collecting = gc.isenabled()
    # Hundreds of thousands of objects are made here, and none of them can be garbage yet.
    gc.disable()
    try:
        return tuple(_file(each) for each in PatchSet(text))
    except UnidiffParseError as error:
        raise CouldNotCheck(f"the patch can't be read: {error}", hint="see `git diff`") from error
    finally:
        if collecting:
            gc.enable()


def read_patch(repository: Repository, old: str, new: str) -> tuple[PatchFile, ...]:
    """Return a change's files between two trees, renames found."""
    return parse(patch_text(repository, old, new))


def _file(patched: Any) -> PatchFile:
    modes = {"old mode": 0o100644, "new mode": 0o100644}
    for line in patched.patch_info or ():
        match = _MODE.match(line.rstrip("\n"))
        if match is None:
            continue
        kind, mode = match[1], int(match[2], 8)
        if kind.startswith("index"):
            modes = {"old mode": mode, "new mode": mode}
        elif kind == "new file mode":
            modes = {"old mode": 0, "new mode": mode}
        elif kind == "deleted file mode":
            modes = {"old mode": mode, "new mode": 0}
        else:
            modes[kind] = mode
    old, new = _path(patched.source_file, "a/"), _path(patched.target_file, "b/")
    hunks = tuple(_hunk(hunk) for hunk in patched)
    path = old if new == "/dev/null" else new
    return PatchFile(
        path, path if old == "/dev/null" else old, modes["old mode"], modes["new mode"], hunks, patched.is_binary_file
    )


def _path(name: str, prefix: str) -> str:
    if name.startswith('"') and name.endswith('"'):
        raw = _ESCAPE.sub(lambda m: chr(int(m[1], 8)) if m[1].isdigit() else _ESCAPES.get(m[1], m[1]), name[1:-1])
        # Octal escapes are bytes: together they are UTF-8.
        name = raw.encode("latin-1", "surrogateescape").decode("utf-8", "surrogateescape")
    return name.removeprefix(prefix)


def _hunk(hunk: Any) -> PatchHunk:
    removed = tuple([Line(each.source_line_no, _line(each.value)) for each in hunk if each.line_type == "-"])
    added = tuple([Line(each.target_line_no, _line(each.value)) for each in hunk if each.line_type == "+"])
    return PatchHunk(hunk.target_start, removed, added)


def _line(text: str) -> str:
    return text[:-1] if text[-1:] == "\n" else text


_FOR_IDS = ("--stdin", "-p", "--no-renames", "--no-ext-diff", "--no-textconv", "--full-index", "--binary", "--no-color")


def patch_ids(repository: Repository, commits: Sequence[str]) -> dict[str, str]:
    """Return each commit's stable patch id (git-patch-id(1)), kept by a rebase; a merge or empty commit has none."""
    if not commits:
        return {}
    # The scratch repository does not know where a shallow history ends.
    shallow = ("--shallow-file", os.path.join(repository.common_dir_name, "shallow"))
    with BareView(repository) as git:
        diffs = git.run(*shallow, "diff-tree", *_FOR_IDS, stdin="".join(f"{commit}\n" for commit in commits).encode())
        lines = git.text("patch-id", "--stable", stdin=diffs).splitlines()
    return {commit: patch for patch, _, commit in (line.partition(" ") for line in lines)}
