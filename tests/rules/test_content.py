"""THM003 and THM004 as tables: `type_contradicts_diff` and `mixed_content` over judged content."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.tables import change, context, task

from planfence.change.hunks import FileDiff, Hunk, Unit
from planfence.change.pathclass import classify
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.finding import Severity
from planfence.manifest.policy import Policy
from planfence.rules import mixed_content, type_contradicts_diff
from planfence.rules.runner import judge


def judged(*texts: str) -> tuple[ClassifiedUnit, ...]:
    """`src/a.py behaviour 4` is 4 lines of unproven behaviour; `behaviour! 4` of proven behaviour."""
    made = []
    for number, text in enumerate(texts):
        path, kind, lines = text.split(" ")
        file = FileDiff(path, path, 0o100644, 0o100644, "1", "2")
        hunk = Hunk(9, 9, (), (b"x\n",) * int(lines))
        made.append(
            ClassifiedUnit(
                Unit(str(number), file, hunk), UnitKind(kind.rstrip("!")), classify(path), kind.endswith("!")
            )
        )
    return tuple(made)


def content(*texts: str, folders: tuple[str, ...] = ()) -> SimpleNamespace:
    return SimpleNamespace(judged=judged(*texts), folders=frozenset(folders))


def weights(rule, message: str | None, *texts: str, folders: tuple[str, ...] = (), **more: object) -> list[str]:
    paths = [text.split(" ")[0] for text in texts]
    ctx = context(change(*paths), message=message, content=content(*texts, folders=folders), **more)
    return [str(finding.severity) for finding in judge(ctx, [rule])]


@pytest.mark.parametrize(
    ("message", "texts", "expected"),
    [
        ("docs: a", ["src/a.py behaviour! 1"], ["error"]),
        ("docs: a", ["src/a.py behaviour 1"], ["warn"]),
        ("docs: a", ["src/a.py comment 9", "docs/a.md comment 9", "src/b.py format 1"], []),
        ("docs: a", ["docs/conf.py behaviour! 1"], []),
        ("docs: a", ["tests/test_a.py behaviour! 1"], ["warn"]),
        ("docs: a", ["package.json behaviour 1"], ["warn"]),
        ("docs(examples): a", ["examples/a.rs behaviour! 1", "examples_off/a.c behaviour! 1"], ["warn", "warn"]),
        ("docs: a", ["docs-next/astro.config.ts behaviour! 1", "website/sidebars.js behaviour! 1"], ["warn", "warn"]),
        ("docs: a", ["src/examples.py behaviour! 1", "src/mydocs-a/a.py behaviour! 1"], ["error", "error"]),
        ("style: a", ["src/a.py behaviour! 1"], ["error"]),
        ("style: fix some clippy lints", ["src/a.rs behaviour! 1"], ["warn"]),
        ("style: drop redundant `public`", ["src/a.java behaviour! 1"], ["error"]),
        ("style: run rustfmt", ["src/a.rs behaviour! 1"], ["warn"]),
        ("docs: fix some clippy lints", ["src/a.rs behaviour! 1"], ["error"]),
        ("style: a", ["src/a.py format 9", "src/b.go style 2", "src/c.py rename 1"], []),
        ("style: a", ["src/a.css behaviour 1"], []),
        ("docs: a", ["src/a.css behaviour! 1"], ["error"]),
        ("docs: a", ["src/a.py behaviour 1", "src/a.py behaviour! 1", "src/a.py behaviour 1"], ["error"]),
        ("style: a", ["src/a.py move 9"], ["warn"]),
        ("test: a", ["tests/test_a.py behaviour! 1"], []),
        ("test: a", ["src/a.py behaviour! 1"], ["warn"]),
        ("ci: a", [".github/workflows/a.yml behaviour 1"], []),
        ("ci: a", ["src/a.py behaviour! 1"], ["warn"]),
        ("build: a", ["package.json behaviour 1", "yarn.lock behaviour 9"], []),
        ("feat: a", ["src/a.py behaviour! 1", "docs/a.md comment 1"], []),
        ("feat: a", ["docs/a.md comment 1"], ["warn"]),
        ("fix: a", ["src/a.py comment 1"], ["warn"]),
        ("refactor: a", ["docs/a.md comment 1"], []),
        ("chore: a", ["src/a.py behaviour! 1"], []),
        ("docs: a", ["plans/a.toml behaviour 1", "planfence.toml behaviour 1"], []),
        ("feat: a", ["plans/a.toml behaviour 1"], []),
        ("no type", ["src/a.py behaviour! 1"], []),
        ("fixup! docs: a", ["src/a.py behaviour! 1"], []),
    ],
)
def test_what_a_type_licenses(message: str, texts: list[str], expected: list[str]) -> None:
    assert weights(type_contradicts_diff.RULE, message, *texts) == expected


def test_many_paths_are_counted() -> None:
    texts = [f"src/{n}.py behaviour 1" for n in range(9)]
    assert weights(type_contradicts_diff.RULE, "docs: a", *texts) == ["warn"] * 6


@pytest.mark.parametrize(
    ("scope", "folders", "expected"),
    [
        ("auth", (), []),
        ("a", ("a",), []),
        ("billing", ("billing",), ["warn"]),
        ("billing", (), []),
        ("Au-th", ("auth",), []),
    ],
)
def test_a_scope_owns_some_path(scope: str, folders: tuple[str, ...], expected: list[str]) -> None:
    found = weights(type_contradicts_diff.RULE, f"feat({scope}): a", "src/auth/a.py behaviour! 1", folders=folders)
    assert found == expected


def test_a_scope_that_is_another_theme() -> None:
    themes = {"auth": ("src/**",), "billing": ("pay/**",)}
    more = {"of": task("**"), "themes": themes}
    assert weights(type_contradicts_diff.RULE, "feat(billing): a", "src/a.py behaviour! 1", **more) == ["warn"]
    assert weights(type_contradicts_diff.RULE, "feat(auth): a", "src/a.py behaviour! 1", **more) == []


def test_a_policy_may_switch_it_off_or_soften_it() -> None:
    policy = Policy(rules={"THM003": Severity.WARN})
    assert weights(type_contradicts_diff.RULE, "docs: a", "src/a.py behaviour! 1", policy=policy) == ["warn"]


def test_without_content_nothing_is_said() -> None:
    ctx = context(change("src/a.py"), message="docs: a, and fix #1, #2 and #3")
    assert judge(ctx, [type_contradicts_diff.RULE, mixed_content.RULE]) == ()


@pytest.mark.parametrize(
    ("message", "texts", "count"),
    [
        (None, ["src/a.py behaviour 5", "src/a.py format 5"], 1),
        (None, ["src/a.py behaviour 5", "src/a.py format 4"], 0),
        (None, ["src/a.py behaviour 95", "src/a.py format 5"], 0),
        (None, ["src/a.py format 50"], 0),
        (None, ["src/a.py behaviour 5", "docs/a.md format 50"], 0),
        (None, ["src/a.py behaviour 5", "src/b.py move 9", "src/c.py move 9"], 1),
        (None, [f"src/{n}.py behaviour 1" for n in range(9)], 1),
        (None, [f"src/{n}.py behaviour 1" for n in range(8)], 0),
        ("feat: x", [f"src/{n}.py behaviour 1" for n in range(10)], 1),
        ("feat: x", [f"src/{n}.py behaviour 1" for n in range(9)], 0),
        (None, [f"src/{n}.py codemod 1" for n in range(50)] + ["src/x.py behaviour 1"], 0),
        ("fix AB-1 and AB-2", ["src/a.py behaviour 1"], 1),
        ("fix crash (#12)\n\nsee #12", ["src/a.py behaviour 1"], 0),
        ("fix crash, also clean up", ["src/a.py behaviour 1"], 1),
        ("fix crash and add a test", ["src/a.py behaviour 1"], 1),
        ("feat: x\n\n- one\n- two", ["src/a.py behaviour 1"], 0),
        ("feat: x\n\nCo-authored-by: a-1 <b@c>", ["src/a.py behaviour 1"], 0),
        ("squash! also this", ["src/a.py behaviour 1"], 0),
    ],
)
def test_mixed_content(message: str | None, texts: list[str], count: int) -> None:
    assert weights(mixed_content.RULE, message, *texts) == ["warn"] * count


def test_a_policy_may_refuse_mixed_content() -> None:
    policy = Policy(rules={"mixed-content": Severity.ERROR})
    assert weights(mixed_content.RULE, None, "src/a.py behaviour 5", "src/a.py format 5", policy=policy) == ["error"]
