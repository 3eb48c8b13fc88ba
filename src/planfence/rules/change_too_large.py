"""A change is larger than the policy allows.

## What it checks
The number of changed paths against `limits.files` (both of a file that is renamed as it is count once), and the added
plus deleted lines against `limits.lines` (binary files count no lines; 0 means no limit). Merges are not
counted. What nobody reads counts as files, not as lines: a file that is renamed as it is, lock files, generated and
vendored files, and those that
`.gitattributes` calls `linguist-generated`, `linguist-vendored` or `gitlab-generated` before the change. Of a file that
is renamed and edited the edit counts. `limits.count_generated = true` counts all lines.

## Why is this bad?
Reviewers read small changes and wave large ones through. A task of 30 to 60 minutes that needs more
than this is several tasks.

## Fix
Commit in steps, or split the task: `planfence split` proposes one commit for each theme.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from planfence.change.change import Action, FileChange
from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import ways
from planfence.rules.refusalcontext import At
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.route not in (Route.TASK, Route.STANDING) or ctx.change.is_merge or ctx.squashed:
        return
    limits = ctx.standing.limits if ctx.standing is not None else ctx.policy.limits
    count = len(ctx.change.files) - _moved(ctx.change.files)
    if limits.files and count > limits.files:
        yield RULE.about(f"{count} files, the limit is {limits.files}")
    lines = _lines(ctx, ctx.change.files)
    if limits.lines and lines > limits.lines:
        yield RULE.about(f"{lines} changed lines, the limit is {limits.lines}")


def _moved(files: Sequence[FileChange]) -> int:
    """How many files are renamed as they are: each is two paths."""
    gone = Counter(file.old_id for file in files if file.action is Action.DELETE)
    return (gone & Counter(file.new_id for file in files if file.action is Action.ADD)).total()


def _lines(ctx: Context, files: Iterable[FileChange]) -> int:
    return sum(ctx.unread.get(file.path, max(file.lines, 0)) for file in files)


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    # Without a task a change may be standing work, whoever its author is.
    for limits in (policy.limits,) if task else {each.limits for each in policy.standing}:
        if limits.files:
            yield f"files {limits.files}"
        if limits.lines:
            yield f"lines {limits.lines}"


def fewer(case: Case) -> Iterator[NextStep]:
    """Commit as many of the files as the limits allow, and the others after them."""
    files = case.ctx.change.files
    limits = case.ctx.standing.limits if case.ctx.standing is not None else case.ctx.policy.limits
    kept: list[FileChange] = []
    for file in files:
        lines = _lines(case.ctx, (*kept, file))
        if (not limits.files or len(kept) < limits.files) and (not limits.lines or lines <= limits.lines):
            kept.append(file)
    rest = tuple(file.path for file in files if file not in kept)
    if kept:
        yield from ways.without(case, rest, "commit the others first, and these after them", case.findings)


def by_hunks(case: Case) -> Iterator[NextStep]:
    """If one file is too much, choose its hunks by hand."""
    if case.place.at is At.INDEX and len(case.ctx.change.files) == 1:
        line = f"git restore --staged --patch -- {ways.quote(case.ctx.change.files[0].path)}"
        yield NextStep("commit it in steps: choose what waits", line)


RULE = Rule(
    code="SIZ001",
    name="change-too-large",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    needs=frozenset({Need.LINES}),
    ways=(fewer, ways.urgent, by_hunks, ways.split, ways.give_up),
    bad=(
        ("policy limits.files = 1", "files src/**", "change src/user.py src/mail.py"),
        ("policy limits.lines = 3", "files src/**", "change src/user.py = a\nb\nc\nd\ne\n"),
    ),
    good=(
        ("policy limits.files = 2", "files src/**", "change src/user.py src/mail.py"),
        ("policy limits.lines = 9", "files src/**", "change src/user.py = a\nb\nc\n"),
        ("policy limits.lines = 3", "files package-lock.json", "change +package-lock.json = a\nb\nc\nd\ne\n"),
    ),
)
