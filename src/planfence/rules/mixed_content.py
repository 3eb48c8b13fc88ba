"""One change tangles formatting, moves and behaviour, or says itself that it is several.

## What it checks
The kinds of the changed hunks: proven formatting of 5 lines and 30% of the change or more beside changed
behaviour, moved blocks beside changed behaviour, and a change spread over more places than single changes are.
Tests, comments and changelogs go with anything. And the message: several issues, "also fix …", "various changes";
a list of what one change consists of says nothing.
Advice by default: content alone sees only a quarter of what is tangled.

## Why is this bad?
Forty lines of layout hide the one line that matters, and neither can be reverted alone.

## Fix
`planfence split` proposes one commit for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence.change.message import NARROW_TYPES
from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, Rule

_SAYS_SO = "the message speaks of several things"


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.change.is_merge or (ctx.message is not None and ctx.message.autosquash):
        return
    if ctx.content is None:
        return
    from planfence.content.mixing import cues, mixtures  # only where content is looked at at all

    for mixture in mixtures(ctx.content.judged, said=ctx.message is not None):
        unit = mixture.example.unit if mixture.example else None
        line = unit.hunk.new_start + 1 if unit and unit.hunk else 0
        yield RULE.at(unit.path if unit else "", mixture.reason, line=line)
    if ctx.message is not None:
        for cue in cues(ctx.message):
            yield RULE.about(f"{_SAYS_SO}: {cue}")


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str] | None:
    if RULE.severity_under(policy) is Severity.ERROR:
        return None  # then every commit's content is read
    return [f"no-type {word}" for word in sorted(NARROW_TYPES)]


def split_or_reword(case: Case) -> Iterator[NextStep]:
    """Split what the content shows to be several. If only the message says so, a split keeps its words."""
    both = (ways.split, ways.edit_message)
    only_said = all(finding.message.startswith(_SAYS_SO) for finding in case.findings)
    for way in reversed(both) if only_said else both:
        yield from way(case)


RULE = Rule(
    code="THM004",
    name="mixed-content",
    severity=Severity.WARN,
    check=check,
    proof=proof,
    needs=frozenset({Need.CONTENT}),
    ways=(split_or_reword,),
    bad=(('policy rules.mixed-content = "error"', "message feat: add a page and also fix the login"),),
    good=(
        ("message feat: add a page and also fix the login",),
        ('policy rules.mixed-content = "error"', "message feat: add a page"),
    ),
)
