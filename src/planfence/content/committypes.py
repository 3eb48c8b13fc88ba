"""What a Conventional Commits type licenses, and whether a diff keeps to it.

The table is how teams use the types; hand labels break it in 9% of 350 commits, so only what
is proven weighs as an error (docs/themes.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from planfence.change.hunks import Unit
from planfence.change.pathclass import PathClass
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.lazyregex import pattern
from planfence.records import dataclass

_BUILD = frozenset({PathClass.BUILD, PathClass.DEPS, PathClass.LOCK, PathClass.CI, PathClass.CONFIG})
#: For each type the path classes that it may change freely; comments and formatting are free in all of them.
LICENCES = {
    "docs": frozenset({PathClass.DOCS}),
    "style": frozenset({PathClass.DOCS}),
    "test": frozenset({PathClass.TEST, PathClass.CONFIG, PathClass.GENERATED}),
    "ci": _BUILD,
    "build": _BUILD | {PathClass.GENERATED},
}
#: Types whose commits should change something that runs.
_CODE = frozenset({"feat", "fix", "perf"})
#: Types under which proven behaviour in source is a contradiction that nobody can explain away.
_QUIET = frozenset({"docs", "style"})
#: Files that say how something looks: to many, that is what `style:` is for.
_LOOKS = (".css", ".scss", ".sass", ".less", ".styl", ".html", ".vue", ".svelte", ".svg")
#: A line of Rust that is inside attributes: one that begins there (whole, or open at its end), or goes on as only
#: conditions about documentation do, or ends it. What has code behind an attribute, or `doc` as a name, is none.
_ATTRIBUTE = pattern(
    rb"""(?x)
    ^\#!?\[ (?: [^][\\"'\#/] | "[^"\\]*" | \[ [^][\\"'\#/]* \] )* (?: \] \s* (?: //.* )? )? $
    | ^(?: docsrs\b | (?:not|any|all)\(doc(?:srs)?\b | doc\((?=(?:(?:auto_)?cfg|hidden|inline|no_inline|alias)\b) )
      (?: (?:not|any|all|cfg|feature)\( | [\w\s,)] | =\s*"[^"\\]*" )* \]? $
    | ^[)\]]+,?$
    """
)
#: Where documentation runs: examples, and the sites that show it (`docs-next/`, Docusaurus's `website/`).
_FOR_READERS = pattern(r"(?:^|/)examples?(?:[-_][^/]*)?/|\A(?:website|docs[-_][^/]*)/", re.IGNORECASE)
_LINT_LEVEL = pattern(rb"#!?\[(?:allow|expect|warn|deny|forbid)\([\w:, ]+\)\]$")
#: A subject that says a linter asked for it: to many, `style:` is for that as well.
_LINTS = pattern(
    r"\b(?:(?:es|py|style|ts|ox)?lint\w*|clippy|ruff|flake8|rubocop|checkstyle|idioms?|\w+fmt|isort)\b", re.IGNORECASE
)
#: One that says nothing needed what goes, and what such a change may bring.
_NEEDLESS = pattern(r"\b(?:redundant|unused|imports?)\b", re.IGNORECASE)
_IMPORT = pattern(rb"(?:import|from|use|using|\#\s*include|require)\b|$")
_WORD = pattern(rb"\w+|[^\w\s]")
_FREE = frozenset({UnitKind.FORMAT, UnitKind.COMMENT, UnitKind.MODE})


@dataclass(frozen=True, slots=True)
class Breach:
    """One path that the type does not license; ``proven`` where it is source whose behaviour certainly changed."""

    path: str
    line: int
    proven: bool
    what: str


def breaches(kind: str, judged: Sequence[ClassifiedUnit], subject: str = "") -> tuple[Breach, ...]:
    """Return what a change of this type, and with this subject, may not do, one for each path, in order."""
    allowed = LICENCES.get(kind)
    if allowed is None:
        return ()
    found: dict[str, Breach] = {}
    quiet = kind in _QUIET and not (kind == "style" and _LINTS.search(subject))
    needless = kind == "style" and _NEEDLESS.search(subject) is not None
    for one in judged:
        if (
            one.path_class in allowed
            or one.kind in _FREE
            or (kind in _QUIET and one.kind in (UnitKind.RENAME, UnitKind.STYLE))
        ):
            continue
        if kind == "style" and one.unit.path.lower().endswith(_LOOKS):
            continue
        proven = quiet and one.certain and one.path_class is PathClass.SRC and one.kind is not UnitKind.MOVE
        proven = proven and not (kind == "docs" and _FOR_READERS.search(one.unit.path))
        proven = proven and not (needless and _takes_away(one.unit))
        proven = proven and not _is_attributes(one.unit, _ATTRIBUTE if kind == "docs" else _LINT_LEVEL)
        line = one.unit.hunk.new_start + 1 if one.unit.hunk else 0
        known = found.get(one.unit.path)
        if known is None or (proven and not known.proven):
            found[one.unit.path] = Breach(one.unit.path, line, proven, _what(one))
    return tuple(found.values())


def _takes_away(unit: Unit) -> bool:
    """Whether a hunk adds no word, or imports alone."""
    if unit.hunk is None:
        return False
    before, after = (Counter(_WORD.findall(b"\n".join(lines))) for lines in (unit.hunk.old, unit.hunk.new))
    return after <= before or all(_IMPORT.match(line.strip()) for line in unit.hunk.new)


def _is_attributes(unit: Unit, form: re.Pattern[bytes]) -> bool:
    """Whether a hunk of Rust has such attributes alone: docs.rs builds from some, linters let things be by others."""
    if unit.hunk is None or not unit.path.endswith(".rs"):
        return False
    lines = (line.strip() for line in (*unit.hunk.old, *unit.hunk.new))
    return all(form.match(line) for line in lines if line and not line.startswith(b"//"))


def _what(one: ClassifiedUnit) -> str:
    if one.kind is UnitKind.BEHAVIOUR:
        return "changed code" if one.path_class is PathClass.SRC else f"changed {one.path_class}"
    return f"{one.kind} in {one.path_class}"


def says_more(kind: str, judged: Sequence[ClassifiedUnit]) -> bool:
    """Whether a type that promises changed code stands on a change of documentation and comments alone."""
    if kind not in _CODE or not judged:
        return False
    return all(one.path_class is PathClass.DOCS or one.kind in (UnitKind.FORMAT, UnitKind.COMMENT) for one in judged)


def owns(scope: str, paths: Sequence[str]) -> bool:
    """Whether any path has the scope's name as a folder or file, however it is spelled."""
    wanted = _plain(scope)
    return any(
        wanted == _plain(part) or wanted == _plain(part.partition(".")[0]) for path in paths for part in path.split("/")
    )


def named_folders(paths: Sequence[str]) -> frozenset[str]:
    """The folders of these paths, spelled plainly, for :func:`is_folder`."""
    return frozenset(_plain(part) for path in paths for part in path.split("/")[:-1])


def is_folder(scope: str, folders: frozenset[str]) -> bool:
    """Whether the scope is the name of one of these folders."""
    return _plain(scope) in folders


def _plain(text: str) -> str:
    return text.casefold().replace("-", "").replace("_", "").replace(" ", "")
