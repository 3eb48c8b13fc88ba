"""An entry could lead outside, or collide on another file system.

## What it checks
In what a change adds or alters:

- a symlink whose target is absolute, climbs out of the repository, or climbs behind a name, which may be a link
  itself; and, in a task, a symlink that the task does not name literally;
- a submodule (gitlink), and a change of type (a file that becomes a symlink or a submodule), that the task
  does not name literally;
- names that are not UTF-8, hold control characters or characters that are not seen (zero width, turning the
  text round), or that another system reads differently: `.git` in any spelling, `..`, backslashes, colons,
  trailing dots or spaces, Windows' device names;
- a path that differs from another one only in case or in Unicode normalisation, or that stands twice
  in a tree that no git command would write.

Deleting such an entry is always allowed.

## Why is this bad?
A write through a symlink changes files that the plan never listed. A submodule brings in
content that no rule has seen. Two names that are one on macOS or Windows overwrite each other at checkout.

## Fix
Use a plain file with a portable name, or name the link or the submodule literally in the `files` of the task
or the standing work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence.change import unsafenames
from planfence.change.change import FileChange, Mode
from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule


def check(ctx: Context) -> Iterator[Finding]:
    named = ctx.named
    for file in ctx.change.files:
        if file.new_mode == Mode.ABSENT:
            continue
        if file.old_mode == Mode.ABSENT:
            yield from _name(ctx, file)
        if file.path not in named and ctx.route is not Route.URGENT and not ctx.was_judged:
            yield from _kind(ctx, file)
        if file.new_mode == Mode.SYMLINK:
            yield from _target(ctx, file)
    changed = {file.path for file in ctx.change.files}
    for path, other in ctx.collisions.items():
        if path not in changed:  # what a clean merge brings together
            yield _collision(path, other)


def _name(ctx: Context, file: FileChange) -> Iterator[Finding]:
    reason = unsafenames.hazard(file.path)
    if reason:
        yield RULE.at(file.path, reason)
    other = ctx.collisions.get(file.path)
    if other is not None:
        yield _collision(file.path, other)


def _collision(path: str, other: str) -> Finding:
    if (path + "/").startswith(other + "/"):
        return RULE.at(path, f"{other} stands twice in the tree")
    return RULE.at(path, f"is the same name as {other} where case or Unicode form does not count")


def _kind(ctx: Context, file: FileChange) -> Iterator[Finding]:
    if file.new_mode == Mode.GITLINK:
        yield RULE.at(file.path, "a submodule that no task names literally")
    elif file.old_mode != Mode.ABSENT and _type(file.old_mode) != _type(file.new_mode):
        yield RULE.at(file.path, "changes its type, and no task names it literally")
    elif file.new_mode == Mode.SYMLINK and ctx.route in (Route.TASK, Route.STANDING):
        yield RULE.at(file.path, "a symlink that the task does not name literally")


def _target(ctx: Context, file: FileChange) -> Iterator[Finding]:
    target = ctx.links.get(file.path)
    if target is None:
        yield RULE.at(file.path, "a symlink whose target can't be read")
    elif unsafenames.escapes(file.path, target):
        yield RULE.at(file.path, f"a symlink that leads, or may lead, out of the repository, to {target}")


def _type(mode: int) -> int:
    return mode & 0o170000


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    return ["names"]


def allow_kind(case: Case) -> Iterator[NextStep]:
    """A link or a submodule needs a task that names it; no plan allows a name that harms, or a link that leads out."""
    harmful = {each.path for each in case.findings if not each.message.endswith(("literally", "literally"))}
    kinds = tuple(each for each in case.findings if each.path not in harmful)
    if kinds:
        yield from ways.amend_plan(case._replace(findings=kinds))
        yield from ways.urgent(case._replace(findings=tuple(e for e in kinds if "that the task" not in e.message)))


RULE = Rule(
    code="SCP005",
    name="unsafe-entry",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    edit=True,
    needs=frozenset({Need.LINKS, Need.TREE}),
    ways=(ways.keep_out, allow_kind, ways.one_side, ways.give_up),
    bad=(
        ("files src/** lib/**", "change src/user.py lib/core@s"),
        ("files src/**", "change src/user.py +src/link@l = /etc/passwd"),
        ("files src/**", "change src/user.py +src/aux.c"),
        ("files src/**", "has src/Mail.py", "change src/user.py +src/mail.py"),
        ("files src/** lib/**", "change lib/core@s"),
    ),
    good=(
        ("files src/link", "change +src/link@l = user.py"),
        ("files lib/core", "change lib/core@s"),
        ("files src/**", "change -src/aux.c"),
    ),
)
