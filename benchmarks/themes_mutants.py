"""Behavioural mutants: small edits that change what a program does, and must never be called format or comment."""

from __future__ import annotations

import ast
import difflib
import random
import re
import warnings

from planfence.change.hunks import make_hunks, split_lines

_SWAPS = [
    (r"==", "!="),
    (r"(?<![<>=!-])<(?![<=-])", "<="),
    (r"\+(?![+=])", "-"),
    (r"&&", "||"),
    (r"\btrue\b", "false"),
    (r"\bTrue\b", "False"),
    (r"\band\b", "or"),
    (r"\bnot ", ""),
    (r"(?<=[ (])!(?!=)", ""),
    (r"\b(\d+)\b", lambda m: str(int(m[1]) + 1)),
    (r"\breturn\b", "return 0 *"),
    (r"\bif\b", "while"),
    (r"\bbreak\b", "continue"),
    (r"\bthis\.(\w+)", r"that.\1"),
    (r"(\w+)\.(\w+)\(", r"\1.\2_x("),
    (r"(?<=\w)\((\w+), (\w+)\)", r"(\2, \1)"),
    (r'"([\w ]+)"', r'"\1 "'),
    (r"'([\w ]+) ([\w ]+)'", r"'\1  \2'"),
    (r'"([\w]+)"', r'" \1"'),
    (r"=>", "<="),
    (r"\+\+", "+ +"),
    (r"--(?=\w)", "- - 1 + "),
    (r"\(([^(),]+),\)", r"(\1)"),
]


def mutants(language: str, text: str, rng: random.Random, count: int) -> list[tuple[str, str]]:
    """Return up to ``count`` (name, mutated text) of one file."""
    lines = text.split("\n")
    code = [i for i, line in enumerate(lines) if line.strip() and not _is_comment(language, line)]
    made: list[tuple[str, str]] = []
    tries = 0
    while len(made) < count and tries < count * 20 and code:
        tries += 1
        mutant = _one(language, lines, code, rng)
        if mutant is None or mutant[1] == text or _equal(language, text, mutant[1]):
            continue
        made.append(mutant)
    return made


def _is_comment(language: str, line: str) -> bool:
    start = line.strip()
    return start.startswith("#") if language == "python" else start.startswith(("//", "*", "/*"))


def _equal(language: str, old: str, new: str) -> bool:
    """Python mutants must parse and differ; in other languages the operators are safe by their form."""
    if language != "python":
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _dump(old) == _dump(new)
        except (SyntaxError, ValueError):
            return True


def _dump(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body[0].value.value = ""
    return ast.dump(tree)


def _in_comment(language: str, line: str, at: int) -> bool:
    """Whether a place on a line may be inside a comment or a multi-line string: left alone."""
    marks = ("#", '"""', "'''") if language == "python" else ("//", "/*", "*/", "`")
    return any(mark in line for mark in marks) or line.lstrip().startswith("*")


def _one(language: str, lines: list[str], code: list[int], rng: random.Random) -> tuple[str, str] | None:
    choice = rng.randrange(10)
    at = rng.choice(code)
    line = lines[at]
    out = list(lines)
    if choice < 6:
        pattern, replacement = rng.choice(_SWAPS)
        places = [m for m in re.finditer(pattern, line) if not _in_comment(language, line, m.start())]
        if not places or (language != "python" and _inside_block(lines, at)):
            return None
        place = rng.choice(places)
        new = replacement(place) if callable(replacement) else place.expand(replacement)
        out[at] = line[: place.start()] + new + line[place.end() :]
        return f"swap {pattern}", "\n".join(out)
    if _inside_block(lines, at) or _in_comment(language, line, 0):
        return None
    if choice == 6:
        del out[at]
        return "delete line", "\n".join(out)
    if choice == 7:
        mark = "# " if language == "python" else "// "
        out[at] = mark + line
        return "comment out", "\n".join(out)
    if choice == 8 and language == "python":
        out[at] = "    " + line if rng.random() < 0.5 else line.removeprefix("    ")
        return "indent", "\n".join(out)
    if choice == 8:
        braces = [i for i, text in enumerate(lines) if text.strip() in ("}", "});", "};")]
        if len(braces) < 2:
            return None
        del out[rng.choice(braces)]
        return "delete brace", "\n".join(out)
    ends = [i for i, text in enumerate(lines) if "*/" in text and i + 2 < len(lines)]
    if language == "python" or not ends:
        return None
    end = rng.choice(ends)
    if not lines[end + 1].strip() or _is_comment(language, lines[end + 1]):
        return None
    out[end] = lines[end].replace("*/", "", 1)
    out[end + 1] = lines[end + 1] + " */"
    return "moved comment end", "\n".join(out)


def _inside_block(lines: list[str], at: int) -> bool:
    """Whether a line stands in a block comment or a multi-line string: by what opens and closes before it."""
    before = "\n".join(lines[:at])
    return before.rfind("/*") > before.rfind("*/") or before.count("`") % 2 == 1 or before.count('"""') % 2 == 1


def hunks_of(old: bytes, new: bytes):
    """Hunks between two texts by difflib, good enough for a mutant."""
    before, after = split_lines(old), split_lines(new)
    ranges = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            ranges.append((a + 1 if b > a else a, b - a, c + 1 if d > c else c, d - c))
    return make_hunks(old, new, ranges)
