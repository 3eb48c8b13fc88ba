"""A plan in the making: what another tool's file says, and a mark if it says nothing.

Every mark is a text that begins with `TODO`, which the plan lint refuses (LNT016): nothing is
invented to fill a gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from planfence.gitio import paths
from planfence.manifest.tablereader import NAME
from planfence.plan.starters import quoted
from planfence.records import dataclass

_TOKEN = re.compile(
    r"`([^`\n]+)`|((?<![\w/`.<@+-])(?:[\w.@+-]+/)+[\w.@+*-]*|(?<![\w/`.<-])[\w-]+\.(?:py|ts|tsx|js|jsx|go|rs|java|md|toml|ya?ml|json|sql|css|html|sh))(?![\w/`])"
)
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")


@dataclass(frozen=True, slots=True)
class DraftTask:
    """One task. ``criteria`` are texts whose proof the other tool does not know; ``notes`` become comments."""

    id: str
    title: str
    files: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    criteria: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole plan; empty means that the other tool does not say it. ``source`` names where it came from."""

    source: str
    goal: str = ""
    tasks: tuple[DraftTask, ...] = ()
    out_of_scope: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def identifier(text: str) -> str:
    """Return a name that a plan takes, made from any text."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._").lower()[:40].rstrip("-._")
    return name if NAME.fullmatch(name) else "task"


def paths_in(text: str) -> tuple[str, ...]:
    """Return the files that a text names: in backticks, or plainly with a folder or a known extension."""
    found: dict[str, None] = {}
    for marked, plain in _TOKEN.findall(text):
        name = (marked or plain).strip().rstrip(".,:;")
        if name.endswith("/"):
            name += "**"
        looks = "/" in name or _EXTENSION.search(name)
        odd = re.search(r"[\s()\[\]{}<>=$`'\"|&]|://|^[~@-]|^\.\.?/", name)
        named = name.endswith("/**") or _EXTENSION.search(name)
        if looks and named and not odd and paths.fault(name) is None:
            found[name] = None
    return tuple(found)


def to_toml(draft: Draft, plan_id: str) -> str:
    """Return the plan's text, with a `TODO` in every gap."""
    lines = [
        f"# Imported from {draft.source}. Write what every TODO asks for, then run `planfence plan lint {plan_id}`.",
        "schema = 1",
        f"id = {_text(plan_id)}",
        "version = 1",
        f"goal = {_text(draft.goal or 'TODO: what is true when the plan is done')}",
        f"out_of_scope = {_list(draft.out_of_scope or ('TODO: what this plan leaves alone',))}",
        'risks = [{ risk = "TODO: what could go wrong", mitigation = "TODO: what is done about it" }]',
        'rollback = "TODO: how to take it back"',
        "",
        "[themes.TODO-name]",
        f"paths = {_list(tuple(dict.fromkeys(path for task in draft.tasks for path in task.files)) or ('TODO/**',))}",
        'types = ["feat", "fix", "refactor", "test"]',
    ]
    lines += [f"# not imported: {_comment(each)}" for each in draft.left_out]
    for task in draft.tasks:
        lines += ["", *_task(task)]
    return "\n".join(lines) + "\n"


def _task(task: DraftTask) -> Iterable[str]:
    yield from (f"# {_comment(note)}" for note in task.notes)
    yield "[[tasks]]"
    yield f"id = {_text(task.id)}"
    yield f"title = {_text(task.title or 'TODO: what the task does')}"
    yield 'theme = "TODO-name"'
    yield "# estimate_min: TODO: minutes; a task that takes longer than the policy's most is two"
    if task.depends_on:
        yield f"depends_on = {_list(task.depends_on)}"
    yield "files = ["
    for path in task.files or ("TODO/file",):
        yield f"  {{ path = {_text(path)} }},"
    yield "]"
    yield "acceptance = ["
    for name, text in task.criteria or (("A1", "TODO: what must be true"),):
        yield f'  {{ id = {_text(name)}, text = {_text(text)} }},  # add run = "command" or review = true'
    yield "]"


def _comment(text: str) -> str:
    return " ".join(text.split())


def _list(items: Iterable[str]) -> str:
    return "[" + ", ".join(_text(item) for item in items) + "]"


def _text(text: str) -> str:
    return quoted(" ".join(text.split()))


def unique(names: Iterable[str]) -> list[str]:
    """Return the names with `-2`, `-3` … where one would stand twice."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return out
