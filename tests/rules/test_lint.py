"""The plan lint: a plan that is clean, and what each rule says of one that is not."""

from __future__ import annotations

import pytest

from planfence.finding import Finding
from planfence.manifest.planfile import load_plan
from planfence.manifest.policy import Policy
from planfence.rules.lint import LINT_RULES
from planfence.rules.lint.base import LintContext, RepositoryPaths

PATH = "plans/p.toml"
GOOD = """\
schema = 1
id = "p"
goal = "Move the check"
out_of_scope = ["the token format"]
risks = [{ risk = "codes differ", mitigation = "a contract test" }]
rollback = "Revert"

[themes.auth]
paths = ["src/auth/**", "tests/auth/**", "shared/**"]

[themes.docs]
paths = ["docs/**", "shared/**"]

[roles]
implement = "codex"
review = "claude"

[[tasks]]
id = "a"
title = "Extract"
theme = "auth"
estimate_min = 45
deny = ["src/auth/keys/**"]
files = [
  { path = "src/auth/mw.py", change = "add" },
  { path = "src/app.py", change = "modify" },
  { path = "tests/auth/**" },
]
acceptance = [{ id = "A1", text = "401", run = "pytest" }]

[[tasks]]
id = "b"
title = "Wire"
theme = "auth"
estimate_min = 30
depends_on = ["a"]
files = [{ path = "src/auth/mw.py", change = "modify" }, { path = "shared/x" }]
acceptance = [{ id = "A1", text = "reads well", review = true }]
"""
TREE = RepositoryPaths.of(
    frozenset({"src/app.py", "src/auth/keys/k.py", "tests/auth/test_a.py", "docs/a.md", "shared/x"})
)
SECOND = 'depends_on = ["a"]\nfiles = [{ path = "src/auth/mw.py", change = "modify" }'


def lint(text: str, tree: RepositoryPaths | None = TREE) -> list[Finding]:
    plan, source = load_plan(text.encode(), PATH)
    ctx = LintContext(plan, Policy(), source, tree)
    return [finding for rule in LINT_RULES for finding in rule.check(ctx)]


def test_a_good_plan_is_clean() -> None:
    assert lint(GOOD) == []
    assert lint(GOOD, tree=None) == []


FILE = '{ path = "src/auth/mw.py", change = "add" }'
BAD = [
    ("LNT001", FILE, '{ path = "**/*.py" }', 25, 12, "`**/*.py`"),
    ("LNT001", FILE, '{ path = "src/**" }', 25, 12, "`src/**`"),
    ("LNT001", FILE, '{ path = "src/**/*.py" }', 25, 12, "nearly everything"),
    ("LNT002", '"src/auth/**", ', '"src/auth", ', 9, 10, "`src/auth` is a folder"),
    ("LNT002", '"src/auth/keys/**"', '"src/auth/keys"', 23, 9, "`src/auth/keys` is a folder"),
    ("LNT002", '{ path = "tests/auth/**" }', '{ path = "tests/auth" }', 27, 12, "`tests/auth` is a folder"),
    ("LNT003", '[{ path = "src/auth/mw.py", change = "modify" }, { path = "shared/x" }]', "[]", 37, 9, "no files"),
    ("LNT005", 'out_of_scope = ["the token format"]', "", 1, 1, "nothing is out of scope"),
    ("LNT006", 'risks = [{ risk = "codes differ", mitigation = "a contract test" }]', "risks = []", 5, 9, "no risk"),
    ("LNT007", ', mitigation = "a contract test"', "", 5, 10, "nothing is done"),
    ("LNT008", 'rollback = "Revert"', 'rollback = " "', 6, 12, "no rollback"),
    ("LNT009", 'acceptance = [{ id = "A1", text = "401", run = "pytest" }]', "", 18, 3, "task a has no acceptance"),
    ("LNT010", ', run = "pytest"', "", 29, 15, "nothing shows that A1 holds"),
    ("LNT010", "review = true", "review = false", 38, 15, "nothing shows that A1 holds"),
    ("LNT011", "estimate_min = 45", "estimate_min = 150", 22, 16, "150 minutes; at most 60"),
    ("LNT011", "estimate_min = 45", "estimate_min = 10", 22, 16, "10 minutes; at least 30"),
    ("LNT011", "estimate_min = 45", "", 18, 3, "no estimate"),
    ("LNT012", 'depends_on = ["a"]', "", 37, 19, "tasks a and b both touch `src/auth/mw.py`"),
    ("LNT012", SECOND, 'files = [{ path = "src/*/m[a-z].py" }', 36, 19, "`src/auth/mw.py` and `src/*/m[a-z].py`"),
    ("LNT013", '{ path = "src/app.py", change = "modify" }', '{ path = "docs/a.md" }', 26, 12, "is in docs"),
    ("LNT013", '{ path = "src/app.py", change = "modify" }', '{ path = "docs/x/**" }', 26, 12, "is in docs"),
    ("LNT014", '"src/app.py"', '"src/apps.py"', 26, 12, "there is no `src/apps.py` to modify"),
    ("LNT015", 'review = "claude"', 'review = "codex"', 16, 10, "codex implements and reviews"),
    ("LNT016", 'goal = "Move', 'goal = "TODO: Move', 3, 8, "`goal` still has"),
]


def test_what_is_left_to_the_planner_is_a_warning() -> None:
    (finding,) = lint(GOOD.replace('rollback = "Revert"', 'rollback = "OPEN: how to take it back"'))
    assert (finding.code, finding.severity.value, finding.line) == ("LNT016", "warn", 6)
    assert "`rollback` is left to the planner" in finding.message


@pytest.mark.parametrize(
    ("pattern", "files", "wide"),
    [
        ("tests/**", ["tests/a.py", "tests/b.py", "src/a.py", "src/b.py", "README.md", "setup.py"], False),
        ("tests/**", ["tests/a.py", "tests/b.py", "src/a.py", "src/b.py", "README.md"], True),
        ("src/**", [f"src/{number}.py" for number in range(20)], True),
        ("src/*/**", [f"src/x/{number}.py" for number in range(20)], True),
        ("a/b/c/**", [*(f"a/b/c/{number}" for number in range(9)), "x"], True),
        ("src/**", ["a.py", "b.py"], False),
        ("src/**", [], False),
        ("src/**", ["src/a.py"], False),
        ("**", [], True),
        ("**/*", ["a"], True),
        ("*/**", ["a", "b"], True),
        ("**/*.md", ["a.py", "b.py", "c.md", "x/d.md", "e.py", "f.py"], False),
        ("**/*.py", ["a.py", "x/b.py", "c.md"], True),
        ("src/a.py", ["src/a.py"], False),
        ("src\U0010ffff/**", ["src/a", "src/b"], False),
    ],
)
def test_a_pattern_is_as_wide_as_what_it_matches(pattern: str, files: list[str], wide: bool) -> None:
    text = GOOD.replace('{ path = "shared/x" }', f'{{ path = "{pattern}" }}')
    found = [each for each in lint(text, RepositoryPaths.of(frozenset(files))) if each.code == "LNT001"]
    assert bool(found) == wide, found


@pytest.mark.parametrize(("code", "old", "new", "line", "column", "words"), BAD)
def test_what_each_rule_says(code: str, old: str, new: str, line: int, column: int, words: str) -> None:
    assert old in GOOD
    found = lint(GOOD.replace(old, new, 1))
    assert [finding.code for finding in found] == [code], found
    assert (found[0].path, found[0].line, found[0].column) == (PATH, line, column)
    assert words in found[0].message
    assert found[0].fixes


def test_more_files_than_the_limit() -> None:
    many = ", ".join(f'{{ path = "src/auth/f{number}.py", change = "add" }}' for number in range(21))
    (finding,) = lint(GOOD.replace('{ path = "shared/x" }]', many + "]"))
    assert (finding.code, finding.fixes) == ("LNT004", ("split it into 2 tasks",))
    assert "22 files; a change may hold 20" in finding.message


def test_a_plan_for_two_files_is_only_advised_against() -> None:
    start, end = GOOD.index("[[tasks]]"), GOOD.rindex("[[tasks]]")
    task = GOOD[start:end].replace('  { path = "tests/auth/**" },\n', "")
    (finding,) = lint(GOOD[:start] + task)
    assert (finding.code, finding.severity.value) == ("LNT017", "warn")
    assert "2 files; a change of up to 2 needs no plan" in finding.message


def test_a_long_task_is_told_how_to_split() -> None:
    (finding,) = lint(GOOD.replace("estimate_min = 45", "estimate_min = 100"))
    assert finding.fixes == (
        "split it into 2 tasks of about 50 minutes, each depending on the one before:",
        "a-1: src/auth/mw.py, src/app.py",
        "a-2: tests/auth/**",
    )


def test_waiting_through_others_is_waiting() -> None:
    third = GOOD[GOOD.rindex("[[tasks]]") :].replace('id = "b"', 'id = "c"').replace('["a"]', '["b"]')
    assert lint(GOOD + "\n" + third) == []


def test_a_pattern_into_a_foreign_theme_counts_what_the_tree_has() -> None:
    text = GOOD.replace('"docs/**", "shared/**"', '"src/auth/doc/**"').replace('"src/auth/**", ', '"src/auth/*.py", ')
    text = text.replace(FILE, '{ path = "src/auth/**" }').replace("A1", "A1")
    assert [f.code for f in lint(text)] == []
    tree = RepositoryPaths.of(TREE.paths | {"src/auth/doc/a.md"})
    assert [f.code for f in lint(text, tree)] == ["LNT013"]
    assert [f.code for f in lint(text, None)] == ["LNT013"]


def test_every_rule_is_documented_and_has_a_bad_example() -> None:
    codes = [rule.code for rule in LINT_RULES]
    assert codes == [f"LNT{number:03}" for number in range(1, len(codes) + 1)]
    assert len({rule.name for rule in LINT_RULES}) == len(codes)
    assert set(codes) - {row[0] for row in BAD} == {"LNT004", "LNT017"}
    for rule in LINT_RULES:
        for section in ("\n## What it checks\n", "\n## Why is this bad?\n", "\n## Fix\n"):
            assert section in rule.documentation, rule.name
