"""What to type next: one set of command lines for all findings of a refusal, from the rules' own ways."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from planfence.change import reader
from planfence.change.change import STAGED, Change
from planfence.change.write import UNDER_WAY
from planfence.files.ancestors import commit_words
from planfence.finding import Finding
from planfence.gitio import paths as patterns
from planfence.gitio.repository import Repository
from planfence.judge.sources import Sources
from planfence.judge.verdicts import CheckResult, Refusal
from planfence.manifest.policy import Policy
from planfence.rules import RULES
from planfence.rules.refusalcontext import At, RefusalContext
from planfence.rules.rule import Case, Context, NextStep, Route
from planfence.rules.ways import LOST_MESSAGE
from planfence.tables import HUMAN

#: What stands in git's folder while something is under way (`change.write` has the words).
_AT = {
    "rebase-merge": At.REBASE,
    "rebase-apply": At.REBASE,
    "MERGE_HEAD": At.MERGE,
    "CHERRY_PICK_HEAD": At.PICK,
    "REVERT_HEAD": At.REVERT,
}


def next_steps(
    repository: Repository, outcome: CheckResult, *, text: str | None = None, edited: bool = False, far: bool = False
) -> tuple[NextStep, ...]:
    """Return what to type next, in the user's own paths: the first line settles the refusal, if one line can.

    ``text`` is the message's file as it was refused (None: no message was judged), ``edited`` says that an editor was
    opened for it, ``far`` that a server or CI judged.
    """
    if not outcome.report.refused:
        return ()
    refusal = outcome.refusal or _of_no_change(outcome)
    place = place_of(repository, refusal.ctx, text=text, edited=edited, far=far, remote=outcome.remote)
    steps = steps_for(refusal.ctx, refusal.errors, place)
    if place.text is not None:
        steps += (NextStep("get the message back", LOST_MESSAGE),)
    if refusal.ctx.model != HUMAN:
        steps = tuple(dict.fromkeys(step.for_model() for step in steps))
    return (*steps, NextStep("read what the rule means", f"planfence explain {refusal.errors[0].code}"))


def steps_for(ctx: Context, errors: tuple[Finding, ...], place: RefusalContext) -> tuple[NextStep, ...]:
    """Return the ways out of these findings of one change: first the one that settles them all, then the others."""
    steps = list({step.command: step for step in _offered(ctx, errors, place)}.values())
    best = _best(steps, set(errors), place)
    return tuple(dict.fromkeys((*best, *steps)))


def _offered(ctx: Context, errors: tuple[Finding, ...], place: RefusalContext) -> Iterator[NextStep]:
    ways_of = {rule.code: rule.ways for rule in RULES}
    codes = dict.fromkeys(finding.code for finding in errors)
    for way in dict.fromkeys(chain.from_iterable(ways_of.get(code, ()) for code in codes)):
        found = tuple(finding for finding in errors if way in ways_of.get(finding.code, ()))
        yield from way(Case(ctx, found, place))


def _best(steps: list[NextStep], errors: set[Finding], place: RefusalContext) -> tuple[NextStep, ...]:
    """Return the line that settles everything: one step, or several in a row; empty if there is none."""
    for asks in (False, True):
        usable = [step for step in steps if step.settles and (asks or not step.asks)]
        for step in usable:
            if errors <= set(step.settles):
                return (step,)
        chosen: list[NextStep] = []
        left = set(errors)
        for step in sorted(usable, key=lambda step: "git commit" in step.command):
            if left & set(step.settles):
                chosen.append(step)
                left -= set(step.settles)
        commits = sum("git commit" in step.command for step in chosen)
        if not left and (commits <= 1 or place.at is At.TIP):
            why = ", and ".join(step.why for step in chosen)
            wish = ", and ".join(step.wish or step.why for step in chosen)
            return (NextStep(why, " && ".join(step.command for step in chosen), tuple(errors), asks, wish),)
    return ()


def _of_no_change(outcome: CheckResult) -> Refusal:
    """A push that was refused for what it does to a ref has no change."""
    return Refusal(Context(Change("", (), "", ()), outcome.policy or Policy(), Route.SMALL), outcome.report.errors)


def place_of(
    repository: Repository, ctx: Context, *, text: str | None, edited: bool, far: bool, remote: str = "origin"
) -> RefusalContext:
    """Say where a refusal stands."""
    at, words = At.EARLIER, tuple[str, ...]()
    if ctx.change.name == STAGED:
        at = _under_way(repository)
        words = commit_words() if at in (At.INDEX, At.ALL, At.PATHS) else ()
    elif ctx.change.name and not far and reader.head(repository) == ctx.change.name:
        at = At.TIP
    return RefusalContext(at, words, text, edited, far, remote, lambda paths: tasks_for(repository, ctx, tuple(paths)))


def _under_way(repository: Repository) -> At:
    for name in UNDER_WAY:
        if (repository.git_dir / name).exists():
            return _AT[name]
    # `commit -a` writes the index that it is about to have beside the old one; so does a commit of named paths.
    index = repository.environment.get("GIT_INDEX_FILE").rpartition("/")[2]
    if index == "index.lock":
        return At.ALL
    return At.PATHS if index.startswith("next-index-") else At.INDEX


def tasks_for(repository: Repository, ctx: Context, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tasks at the change's parent that list all of the paths, and that its model may work on now."""
    from planfence.ledger.facts import load_facts
    from planfence.ledger.stages import Stage, open_dependencies

    parent = next(iter(ctx.change.parents), "")
    if not parent or not paths:
        return ()
    sources = Sources(repository.objects)
    governing = sources.at(parent)
    ids = [found for path in governing.plans if (found := ctx.policy.plan_id(path)) is not None]
    plans = [plan for each in ids if (plan := sources.plan(governing, each)) is not None]
    fit = [
        (plan, task)
        for plan in plans
        for task in plan.tasks
        if plan.model_for(task, Stage.IMPLEMENT) in ("", ctx.model)
        and f"{plan.id}/{task.id}" != ctx.task_name
        and all(patterns.matches(task.patterns, path) and not patterns.matches(task.deny, path) for path in paths)
    ]
    if not fit:
        return ()
    names = [f"{plan.id}/{task.id}" for plan, task in fit]
    facts, _ = load_facts(repository, ctx.policy, [parent], names)
    return tuple(
        name
        for name, (plan, task) in zip(names, fit, strict=True)
        if facts.state(name).stage in (Stage.PLAN, Stage.IMPLEMENT) and not open_dependencies(facts, plan, task)
    )
