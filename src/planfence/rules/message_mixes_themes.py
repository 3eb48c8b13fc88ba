"""One message speaks of two things.

## What it checks
Two `Plan-Task` trailers, a `Plan-Task` that is not the active task, two Conventional Commits types (in
the header, or one in the header and another at the start of a line), two issue ids in the subject. A request's
number at the subject's end, such as `(#832)`, is not an issue, nor is a number beside a tracker's own id, nor what
a line `Closes #12` names beside `Fixes #11`: the request that was merged by hand.

Two issues behind closing keywords are advice, since one fix may close two reports of one bug; they are an error if
the change itself shows two things, as for `THM004`, its new tests and docs left out. Types that stand only in list
items are advice, too: a forge's squash lists the subjects that it folds. Merges, autosquash commits (`fixup!`),
standing work (a bot's message quotes what others closed) and what stands between `<details>` or `<blockquote>` and
its end are left out.

## Why is this bad?
Who needs two types or two issues to say what a commit does has made two commits in one.

## Fix
Make two commits, each with its own message: `planfence split` proposes how. An issue that is only
mentioned can be written as "see #12" in the body.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.change.message import TASK_TRAILER, parse
from planfence.finding import Finding, Severity
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:
    message = ctx.message
    if message is None:
        return
    tasks = message.trailer(TASK_TRAILER)
    if len(tasks) > 1:
        yield RULE.about(f"two tasks in one message: {', '.join(tasks)}")
    if ctx.change.is_merge or message.autosquash or ctx.route is Route.STANDING:
        return
    if len(message.all_types) > 1:
        weight = None if len(message.types) > 1 else Severity.WARN
        yield RULE.about(f"two types in one message: {', '.join(message.all_types)}", weight=weight)
    if len(message.all_issues) > 1:
        weight = None if len(message.issues) > 1 or _shows_two(ctx) else Severity.WARN
        yield RULE.about(f"two issues in one message: {', '.join(message.all_issues)}", weight=weight)


def _shows_two(ctx: Context) -> bool:
    if ctx.content is None:
        return False
    from planfence.content.mixing import mixtures, without_companions  # only where content is looked at at all

    return bool(mixtures(without_companions(ctx.content.judged), said=True))


def one_thing(case: Case) -> Iterator[NextStep]:
    """Make the same commit with a message of one line that speaks of the first thing."""
    message = case.ctx.message
    if message is None:
        return
    subject = message.subject
    if len(parse(subject).all_types) > 1:
        subject = f"{message.types[0]}:{subject.partition(':')[2]}"
    for issue in message.issues[1:]:
        before, found, after = subject.partition(issue)
        if found:
            subject = f"{before.rstrip(' ,&+').removesuffix(' and')}{after}"
    one = parse(subject)
    if len(one.types) <= 1 and len(one.issues) <= 1 and one.subject.rstrip(" :"):
        yield from ways.reworded(case, one.subject, "speak of the first thing alone", case.findings)


RULE = Rule(
    code="THM002",
    name="message-mixes-themes",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    needs=frozenset({Need.MESSAGE}),
    ways=(one_thing, ways.edit_message, ways.split, ways.give_up),
    bad=(
        ("message feat, fix: two things",),
        ("message fix: #12 and #13",),
        ("message feat: one thing\n\nfix: another one",),
    ),
    good=(
        ("message fix: the crash (#12)",),
        ("message fix: [AB-885] the crash (#832)",),
        ("message fix: the crash\n\nCloses #12\nCloses #13",),
        ("message fix: the crash\n\nFixes #12\nCloses #13",),
        ("message feat: a page (#12)\n\n* feat: a page\n\n* docs: say so",),
        ("message feat: one thing\n\nSee #12 for its story.",),
    ),
)
