"""What meets text of others takes time in proportion to it: every regular expression of the package, and each matcher.

Steps are counted, not seconds, so that a busy machine changes nothing (`support/steps.py`). An expression that is made
anew in the source is found in it, and tried; one whose text is only known at run time needs an entry in `MADE`.
`PLANFENCE_PAIRS=1000 pytest tests/contract/test_growth.py` tries more texts than the default.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import os
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from support.steps import Counter, families, grows, lines_run

import planfence
from planfence import prover
from planfence.agents.shell import syntax
from planfence.change import message as messages
from planfence.content import languages, lexing
from planfence.gate import testcommand
from planfence.gitio import paths
from planfence.ledger import redaction, secretforms, secretplaces, spellings
from planfence.log.reader import Reader
from planfence.manifest import tomlsource
from planfence.rules import standing

PAIRS = int(os.environ.get("PLANFENCE_PAIRS", "4"))
ROOT = Path(planfence.__file__).parent
_MAKERS = {"compile", "match", "search", "sub", "subn", "fullmatch", "split", "findall", "finditer"}
_OURS = {"pattern", "seek"}
_ANY = re.compile(rf"\bre\s*\.|\b(?:{'|'.join(sorted(_OURS))})\s*\(")
#: Asked elsewhere than where they are made, and how.
_ELSEWHERE = {"AUTHOR": "fullmatch", "FILLED": "fullmatch", "REMOTE": "fullmatch", "REGEX_LITERAL": "match"}


@cache
def _expressions(file: Path) -> list[tuple[str, str, Any, int, set[str]]]:
    """What a file asks (place, function around it, expression, flags, how it is asked); no expression if it is made."""
    told = list[tuple[str, str, Any, int, set[str]]]()
    found = _nodes(ast.parse(file.read_text("utf-8")), "", [])
    module = ".".join(file.relative_to(ROOT.parent).with_suffix("").parts)
    for scope, call in found:
        if not isinstance(call, ast.Call) or not _makes(call.func):
            continue
        function = call.func
        made = isinstance(function, ast.Attribute)
        names = vars(importlib.import_module(module))
        try:
            expression = _value(call.args[0], names)
        except (NameError, SyntaxError):
            expression = None
        flags = [each.value for each in call.keywords if each.arg == "flags"]
        position = {"compile": 1, "pattern": 1, "seek": 2}.get(getattr(function, "attr", ast.unparse(function)), 2)
        flags += call.args[position : position + 1] if made is False or function.attr not in ("sub", "split") else []
        flag = int(_value(flags[0], names)) if flags and expression is not None else 0
        told.append((f"{module}:{call.lineno}", f"{module}.{scope}", expression, flag, _asked(found, call)))
    return told


def _makes(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return isinstance(function.value, ast.Name) and function.value.id == "re" and function.attr in _MAKERS
    return isinstance(function, ast.Name) and function.id in _OURS


def _nodes(node: ast.AST, scope: str, found: list[tuple[str, ast.AST]]) -> list[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, ast.FunctionDef | ast.ClassDef)
        inner = f"{scope}.{child.name}".lstrip(".") if named else scope
        if isinstance(child, ast.Call | ast.Assign | ast.Attribute | ast.Name):
            found.append((inner, child))
        _nodes(child, inner, found)
    return found


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "expression", "eval"), names)


def _asked(found: list[tuple[str, ast.AST]], call: ast.Call) -> set[str]:
    """How the expression is asked: `match`, `fullmatch`, `search`; where it can't be seen, the dearest: `search`."""
    way = getattr(call.func, "attr", "")
    if way != "compile" and way:
        return {way if way in ("match", "fullmatch") else "search"}
    name = next(
        (ast.unparse(each.targets[0]) for _, each in found if isinstance(each, ast.Assign) and each.value is call),
        "",
    )
    dotted = [
        each
        for _, each in found
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == name
    ]
    bare = [e for _, e in found if isinstance(e, ast.Name) and e.id == name and isinstance(e.ctx, ast.Load)]
    uses = {each.attr for each in dotted}
    if name in _ELSEWHERE:
        return {_ELSEWHERE[name]}
    if not uses or len(bare) != len(dotted) or not uses <= {"match", "fullmatch"}:
        return {"search"}
    return uses


def _languages() -> Iterator[tuple[str, str, int, str]]:
    for name in languages._MAKERS:
        language = languages._MAKERS[name]()
        yield f"scanner of {name}", languages.scanner(language).pattern, re.MULTILINE, "search"


def _directives() -> Iterator[tuple[str, str, int, str]]:
    for name in languages._MAKERS:
        language = languages._MAKERS[name]()
        yield f"directive of {name}", language.directive, re.MULTILINE | re.IGNORECASE, "search"


_HOSTILE = ("*a*a*a*a*ab", "**/a/**/a*b/**/a/**/b", "*/*a*/*", "**/*a*a/**/?a*[ab]*b", "a/**/*/**/*/**", "*?*?*[!a]*")


#: Expressions whose text is made at run time: where → examples.
MADE = {
    "planfence.content.languages.scanner": _languages,
    "planfence.content.lexing._heredoc": lambda: [("heredoc", r"^[ \t]*END\b[^\n]*\n?", re.MULTILINE, "search")],
    "planfence.ledger.secretforms.": lambda: [
        (f"{kind} {at}", rest, re.ASCII, "match") for at, (kind, _, rest) in enumerate(secretforms._PREFIXES)
    ],
    "planfence.ledger.secretplaces.": lambda: [
        (context.kind, context.form, re.ASCII, "match") for context in secretplaces._CONTEXTS
    ],
    "planfence.ledger.spellings.homes": lambda: [("home", spellings.before("/home/a"), re.ASCII, "search")],
    "planfence.gate.testcommand._found": lambda: [
        (f"script {each[0]}", each[3], 0, "search") for each in testcommand._SCRIPTS
    ],
    "planfence.gate.testcommand._ProjectFolder.says": lambda: [
        *((f"shown {each[0]}", each[2], re.MULTILINE, "search") for each in testcommand._SHOWN_BY if each[2]),
        *(
            (f"pytest {name}", words, re.MULTILINE, "search")
            for name, words in testcommand._PYTEST_SAYS.items()
            if words
        ),
    ],
    "planfence.lazyregex._Later.__getattr__": list,
    "planfence.risks.base.seek": list,
    "planfence.content.tokendiff._compare": _directives,
    "planfence.log.files.read_last": lambda: [("named", rb"task=p/t[,\r\n]|task=(?:(?!task=)[^,\n%])*+%", 0, "search")],
    "planfence.rules.standing._addresses": lambda: [
        ("address", standing._addresses((pattern,)).pattern, re.IGNORECASE, "fullmatch") for pattern in _HOSTILE
    ],
    "planfence.setup.shimreader.calls_planfence": lambda: [
        ("hook", rb"^[^#\n]*\bplanfence hook name(?![\w-])", re.MULTILINE, "search")
    ],
}
#: The modules that ask an expression; what they ask is read by the test, for every worker collects this file.
FILES = [file for file in sorted(ROOT.rglob("*.py")) if _ANY.search(file.read_text("utf-8"))]


def _slow(place: str, expression: str | bytes, flags: int, way: str) -> Iterator[str]:
    """Say of one expression how it grows, if faster than the text."""
    counter = Counter(expression, flags)
    said = next(filter(None, (grows(counter, family, way) for family in families(counter, PAIRS))), "")
    if said:
        yield f"{place}: {expression!r}\n{said}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_steps_of_an_expression_grow_with_the_text(file: Path) -> None:
    told = [
        said
        for place, _, expression, flags, ways in _expressions(file)
        if expression is not None
        for way in sorted(ways)
        for said in _slow(place, expression, flags, way)
    ]
    assert not told, "\n".join(told)


@pytest.mark.parametrize("where", MADE)
def test_the_steps_of_a_made_expression_grow_with_the_text(where: str) -> None:
    told = [said for case in MADE[where]() for said in _slow(*case)]
    assert not told, "\n".join(told)


def test_every_expression_is_tried() -> None:
    found = [each for file in FILES for each in _expressions(file)]
    assert {where for _, where, expression, _, _ in found if expression is None} == set(MADE)


@pytest.mark.parametrize(
    ("expression", "way"),
    [
        (r"(?:a+)+b", "match"),
        (r"(?:a|a)*b", "fullmatch"),
        (r"(?:ab|a|b)+c", "search"),
        (r"x*x*y", "match"),
        (r"\s+$", "search"),
        (r"open\(.*,", "search"),
        (r"\b(?:token|secret)[\w-]*:", "search"),
        (r"<[^>]*>", "search"),
        (r"[^/]*a[^/]*a[^/]*b", "fullmatch"),
        (r"(?:.*/)?(?:.*/)?(?:.*/)?x", "fullmatch"),
        (r"-[a-z]{0,300};|[a-z]{0,9}:|\s+$", "search"),
        (r"(?:a{0,300}b)*(?:x*x*)*y", "match"),
    ],
)
def test_what_grows_faster_is_seen(expression: str, way: str) -> None:
    counter = Counter(expression)
    assert any(grows(counter, family, way) for family in families(counter, PAIRS))


_PATHS = ("a", "a/", "aab/", "a/b/", "/a", "b")


@pytest.mark.parametrize("pattern", [*_HOSTILE, "src/auth/" + "*a" * 9 + "b", "**/" * 12 + "x", "**/a/" * 9 + "x"])
def test_the_fast_path_takes_no_more_steps_than_length_times_length(pattern: str) -> None:
    fast = prover.Patterns([pattern.encode()])
    for start in ("", "src/auth/"):
        for again in _PATHS:
            for times in (5, 40, 100):
                path = (start + again * times + "c").encode()
                assert lines_run(partial(fast.match, path)) < 12 * len(path) * len(pattern), (pattern, path)


#: What reads text of others line by line or byte by byte, and what such text is made of.
_READERS: dict[str, tuple[Callable[[str], object], tuple[str, ...]]] = {
    "message": (messages.parse, ("a\n", "Plan-Task: a/b\n", " x\n", "\n", "- fix: y\n", "#1, ", "a", " ")),
    "trailers": (
        lambda text: messages.with_trailers(text, (("Plan-Task", "p/t"),), "#"),
        ("a\n", "Plan-Task: a/b\n", " x\n", "\n", "# x\n"),
    ),
    "log line": (
        lambda text: list(Reader(lambda when, utc: 0).read_line(text, 1)),
        ("a", ",", "a,start,1700000000", "2026-11-22_10:00:00,task=a,", "%25"),
    ),
    "shell": (lambda text: _quietly(syntax.parse, text), ("a ", "'a' ", "$(", "a;", "<<A\n", '"', "(", "${a} ")),
    "shell with an error": (lambda text: _quietly(syntax.parse, f"( ; {text}"), ("'a' $ " * 5,)),
    "javascript": (lambda text: _scan(text, "a.js"), ("/[", "/", "a/", "'", "`", "/*", "//", "${", "\n/[")),
    "shell script": (lambda text: _scan(text, "a.sh"), ("<<A\n", "<<A", "'", "#", "${#")),
    "yaml": (lambda text: _scan(text, "a.yml"), ("- ", "a: |\n", " ", "!a ", ": > ", "|", "'")),
    "redaction": (
        lambda text: redaction.redact(text.encode(), redaction.Own({"A_TOKEN": "abcdef"}, "/home/a")),
        (
            "token",
            "token=abcd1",
            "://a:",
            "-----BEGIN PRIVATE KEY-----",
            "abcdef",
            "/home/a",
            "sk-",
            "eyJ",
            "--key ",
            "a.",
        ),
    ),
    "toml": (lambda text: _quietly(tomlsource.loads, text), ("a.", '"a".', "[a", "{a.", "\n", "a = 1\n", "'", " ")),
    "pattern": (paths.fault, ("*", "a/", "[a", "**/", "[[:alpha:]]", "?")),
}


def _quietly(call: Callable[[str], object], text: str) -> None:
    with contextlib.suppress(ValueError, RecursionError):
        call(text)


def _scan(text: str, path: str) -> None:
    language = languages.language_of(path)
    assert language is not None
    with contextlib.suppress(lexing.PastDeadline):
        lexing.scan(text, language)


@pytest.mark.parametrize("name", sorted(_READERS))
def test_the_steps_of_a_reader_grow_with_the_text(name: str) -> None:
    reader, pieces = _READERS[name]
    for one in pieces:
        for other in ("", *pieces):
            taken = [lines_run(partial(reader, (one + other) * times)) for times in (20, 40, 80)]
            first, second = taken[1] - taken[0], taken[2] - taken[1]
            assert second <= 2.6 * max(first, 0) + taken[0] + 100, (one, other, taken)
