from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.tables import change, context, found, task

from planfence.change.pathclass import PathClass
from planfence.content.mixing import FORMAT_LINES
from planfence.content.unitkinds import UnitKind
from planfence.errors import Fault
from planfence.finding import Severity
from planfence.manifest.plan import Plan
from planfence.manifest.policy import Policy
from planfence.records import replace
from planfence.rules import message_mixes_themes, mixed_themes, plan_rides_with_code, plan_went_back
from planfence.rules.rule import PlanEdit, Route

THEMES = {"auth": ("src/**", "shared.py"), "docs": ("docs/**", "shared.py")}


@pytest.mark.parametrize(
    ("files", "mixed"),
    [
        (["src/a"], []),
        (["src/a", "docs/b"], ["docs/b"]),
        (["src/a", "shared.py"], []),
        (["src/a", "nowhere.py"], []),
        (["docs/b"], ["docs/b"]),
    ],
)
def test_mixed_themes_by_path(files: list[str], mixed: list[str]) -> None:
    assert found(mixed_themes.RULE, context(change(*files), task("**"), themes=THEMES)) == mixed


@pytest.mark.parametrize(
    ("message", "count"),
    [("feat: a", 0), ("docs: a", 1), ("no type at all", 0), ("fixup! docs: a", 0), ("docs(api)!: a", 1)],
)
def test_mixed_themes_by_type(message: str, count: int) -> None:
    ctx = context(change("src/a"), task("**"), themes=THEMES, types=("feat", "fix"), message=message)
    assert len(found(mixed_themes.RULE, ctx)) == count


GOOD = [
    "feat: one thing",
    "feat(auth)!: one thing\n\nBREAKING CHANGE: none",
    "fix: crash on UTF-8 names (#12)",
    "fix: crash\n\nCloses #12\nSee #13 for the story",
    "fix: crash\n\nFixes: #12",
    "fixup! feat: a #1 #2",
    "Merge branch 'x'",
    "chore: a and b",
    "docs: how to write fix: messages",
    "[AB-885] Fix the crash (#832)",
    "fix: AB-885 crash\n\nCloses #832",
    "fix: crash (#12) (#34)",
    "fix: restore the test from #12 that was lost in #34",
    "fix: crash (#12)\n\nCloses #34\n\nPR Close #12",
    "fix: crash\n\nFixes #34\nReported-by: Bo\nCloses #12\n",
    "check the paths (#4194); closes #2505",
    "keep titles consistent; closes #4348 (PR #4383)",
    "fix: the example (fix #12, ref #13)",
    "Update after reload (#5517) (fix #4849)",
    'Revert "Pin it due to #3256 (#9039)" (#9043)',
    "chore(deps): bump x (#1)\n\n<details>\n<blockquote>\nfix: theirs\nfixes #4, fixes #5\n</blockquote>\n</details>",
    "ci/release: use a newer image",
    "t/perf: add a case",
]
BAD = [
    ("feat, fix: two", "two types in one message: feat, fix"),
    ("feat+docs: two", "two types in one message: feat, docs"),
    ("feat: a\n\nfix: b", "two types in one message: feat, fix"),
    ("feat: squash\n\n* feat: a\n* fix: b", "two types in one message: feat, fix"),
    ("fix: #12 and #13", "two issues in one message: #12, #13"),
    ("fix: crash\n\nCloses #12, fixes #13", "two issues in one message: #12, #13"),
    ("fix: crash\n\nFixes #12\nFixes #13\nCloses #13", "two issues in one message: #12, #13"),
    ("fix: crash\n\nCloses #12\nCloses #13", "two issues in one message: #12, #13"),
    ("fix: login (#12) and logout from #13, #14", "two issues in one message: #12, #14"),
    ("fix: AUTH-1 and AUTH-2", "two issues in one message: AUTH-1, AUTH-2"),
    ("fix: a\n\nPlan-Task: p/a\nPlan-Task: p/b", "two tasks in one message: p/a, p/b"),
]


@pytest.mark.parametrize("message", GOOD)
def test_one_thing_in_a_message(message: str) -> None:
    assert found(message_mixes_themes.RULE, context(change("a"), message=message)) == []


@pytest.mark.parametrize(("message", "said"), BAD)
def test_two_things_in_a_message(message: str, said: str) -> None:
    assert found(message_mixes_themes.RULE, context(change("a"), message=message)) == [said]


@pytest.mark.parametrize(
    ("message", "kinds", "weight"),
    [
        ("fix: crash\n\nCloses #12, fixes #13", (), Severity.WARN),
        ("fix: crash\n\nCloses #12, fixes #13", (UnitKind.BEHAVIOUR, UnitKind.FORMAT), Severity.ERROR),
        ("fix: crash\n\nCloses #12, fixes #13", (UnitKind.BEHAVIOUR, *(UnitKind.ADD,) * 60), Severity.WARN),
        ("fix: crash\n\nCloses #12, fixes #13", (UnitKind.BEHAVIOUR,) * 60, Severity.ERROR),
        ("fix: crash\n\n</details>\nfeat: more\n<details>", (), Severity.ERROR),
        ("fix: crash\n\n<details>x</details>\nfeat: more\n<details open>x</details>", (), Severity.ERROR),
        ("fix: a <details> crash\n\nCloses #12, fixes #13\n</details>", (), Severity.WARN),
        ("fix: the colour (close #12, #13) (#14)", (), Severity.WARN),
        ("feat: squash\n\n* feat: a\n* fix: b", (), Severity.WARN),
        ("feat: a\n\nfix: b", (), Severity.ERROR),
        ("fix: #12 and #13", (), Severity.ERROR),
    ],
)
def test_what_one_change_may_do_is_advice(message: str, kinds: tuple[UnitKind, ...], weight: Severity) -> None:
    unit = SimpleNamespace(lines=FORMAT_LINES, path="a", hunk=None)
    places = {kind: PathClass.TEST if kind is UnitKind.ADD else PathClass.SRC for kind in kinds}
    judged = tuple(SimpleNamespace(kind=kind, path_class=places[kind], unit=unit) for kind in kinds)
    ctx = context(change("a"), message=message)
    ctx = replace(ctx, content=SimpleNamespace(judged=judged) if kinds else None)
    assert [one.severity for one in message_mixes_themes.RULE.check(ctx)] == [weight]


@pytest.mark.parametrize(
    ("files", "riding"),
    [
        (["plans/a.toml", "planfence.toml"], []),
        (["plans/a.toml", "src/a"], ["plans/a.toml"]),
        (["+plans/notes.md", "src/a"], []),
        (["src/a", "src/b"], []),
        (["plansx/a.toml", "src/b"], []),
    ],
)
def test_plan_rides_with_code(files: list[str], riding: list[str]) -> None:
    assert found(plan_rides_with_code.RULE, context(change(*files), route=Route.SMALL)) == riding


def plan(version: int) -> Plan:
    return Plan("p", version, "goal", ())


@pytest.mark.parametrize(
    ("edit", "count"),
    [
        (PlanEdit("plans/p.toml", plan(1), plan(2)), 0),
        (PlanEdit("plans/p.toml", plan(2), plan(2)), 1),
        (PlanEdit("plans/p.toml", plan(2), plan(1)), 1),
        (PlanEdit("plans/p.toml", None, plan(1)), 0),
        (PlanEdit("plans/p.toml", plan(1), None), 0),
        (PlanEdit("plans/p.toml", plan(1), None, Fault("plans/p.toml", 3, 1, "no TOML", "")), 1),
    ],
)
def test_plan_went_back(edit: PlanEdit, count: int) -> None:
    ctx = context(change("plans/p.toml"), route=Route.GOVERNING, policy=Policy(), edits=(edit,))
    assert len(found(plan_went_back.RULE, ctx)) == count
