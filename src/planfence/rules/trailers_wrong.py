"""A message has a trailer that the policy forbids to who commits, or lacks one that it requires.

## What it checks
The policy's `[trailers]`, by who commits (of a commit: its `Plan-Model`, else a person): no trailer that is forbidden,
wherever it stands in the message, and every one that is required. commit-msg has then rewritten what
is to be rewritten, and written what is required and has a value. Commits that wait to be folded are left out, and a
merge that decides nothing, or a revert, lacks nothing: a forge writes its message.

## Why is this bad?
A project has to know what a machine wrote, and that a person answers for it: a `Signed-off-by` is a person's word, and
the kernel asks for `Assisted-by: AGENT:MODEL`.

## Fix
Take the trailer out, or add it. docs/policy.md has the presets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence.change.message import Message, trailer_lines
from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.manifest.trailers import TrailerRule, coauthor, filled, forbidden, missing
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule


def check(ctx: Context) -> Iterator[Finding]:
    message, wanted = ctx.message, ctx.policy.trailers
    if message is None or not wanted or message.autosquash:
        return
    for key, value in dict.fromkeys(forbidden(trailer_lines(message.body), wanted, ctx.model)):
        yield RULE.about(f"a commit by {ctx.model} must not say `{key}: {value}`")
    for wish in _lacking(ctx, message):
        yield RULE.about(f"a commit by {ctx.model} must have the trailer `{wish.key}: {_shown(wish, ctx.model)}`")


def _lacking(ctx: Context, message: Message) -> tuple[TrailerRule, ...]:
    """What a message lacks; nothing if a forge's button could have written it, to merge what is clean."""
    if (ctx.change.is_merge and not ctx.change.files) or ctx.route is Route.REVERT:
        return ()
    return tuple(missing(trailer_lines(message.body), ctx.policy.trailers, ctx.model))


def _shown(wish: TrailerRule, who: str) -> str:
    return filled(wish.write, who, "MODEL", "") if wish.write else wish.value or "…"


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str] | None:
    return None if policy.trailers else ()


def without_it(case: Case) -> Iterator[NextStep]:
    """Make the same commit with the message as it must be, as far as that is known."""
    ctx, place, old = case.ctx, case.place, case.ctx.message
    if old is None:
        return
    bad = dict.fromkeys(forbidden(trailer_lines(old.body), ctx.policy.trailers, ctx.model))
    script = " ".join(f"-e {ways.word(f'/^{_escaped(key)}[ ]*:[ ]*{_escaped(value)}$/d')}" for key, value in bad)
    lacking = _lacking(ctx, old)
    values = [_known(wish, ctx.model) for wish in lacking]
    more = "".join(
        f" --trailer {ways.word(f'{wish.key}: {value}')}" for wish, value in zip(lacking, values, strict=True)
    )
    on_a_line = all(value in old.body and value.isprintable() for _, value in bad)
    settles = case.findings if all(values) and on_a_line else ()
    if not settles:
        return
    if place.made:
        edited = f"git log -1 --format=%B | sed {script} | git commit -q --amend{more} -F -"
        line = ways.remade(case, edited if bad else f"git commit -q --amend --no-edit{more}")
    elif place.text is None or place.under_way:
        return
    else:
        clean = " --cleanup=strip" if place.edited else ""
        line = ways.committed(case, f"{clean}{more} -F {'-' if bad else ways.EDITMSG}".strip())
        line = f"sed {script} {ways.EDITMSG} | {line}" if bad else line
    if line:
        yield NextStep("make it with the trailers that the policy asks for", line, settles)


def _known(wish: TrailerRule, who: str) -> str:
    return filled(wish.write, who, "", "") if wish.write and ("{coauthor}" not in wish.write or coauthor(who)) else ""


def _escaped(text: str) -> str:
    return "".join(f"[{char}]" if char in ".*[/$" else "[\\\\]" if char == "\\" else char for char in text)


RULE = Rule(
    code="MSG003",
    name="trailers-wrong",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    needs=frozenset({Need.MESSAGE}),
    ways=(without_it, ways.edit_message),
    bad=(
        (
            'policy trailers.preset = "kernel"',
            "role implement codex",
            "model codex",
            "message feat: change\n\nAssisted-by: codex:gpt-5\nSigned-off-by: Ada <ada@example.org>",
        ),
    ),
    good=(
        (
            'policy trailers.preset = "kernel"',
            "role implement codex",
            "model codex",
            "message feat: change\n\nAssisted-by: codex:gpt-5",
        ),
    ),
)
