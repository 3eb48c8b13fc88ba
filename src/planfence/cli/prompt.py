"""`planfence prompt`: the stage's prompt, rendered from the plan, or given to an agent at once."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from planfence import env
from planfence.agents import codexserver, prompts, run
from planfence.agents.programs import ARGUMENTS
from planfence.agents.run import AgentRan, Order
from planfence.cli.common import here, tell
from planfence.cli.live import Live
from planfence.cli.test import summary
from planfence.errors import ExitCode, PlanfenceError
from planfence.gate.testrun import run_tests
from planfence.gate.testtarget import target_of
from planfence.gitio.repository import Repository
from planfence.inert import lines, listed
from planfence.plan import plans
from planfence.render import plan as render_plan
from planfence.render.prompts import STAGES
from planfence.terminal import emit, error_text, say, wants_colour

#: This many paths that were left uncommitted are named.
_NAMED = 8


@click.command("prompt")
@click.argument("stage", type=click.Choice(STAGES))
@click.argument("task", default="")
@click.argument("more", nargs=-1, metavar="[-- ARGS]...")
@click.option("--goal", default="", help="What the planner is to plan.")
@click.option(
    "--run", "agent", type=click.Choice(sorted(ARGUMENTS)), help="Start this agent with it, and record the run."
)
@click.option("--program", default="", help="With --run: the program to start, if it is not called as the agent is.")
def command(stage: str, task: str, more: tuple[str, ...], goal: str, agent: str | None, program: str) -> int:
    """Print the prompt of STAGE for TASK (`PLAN/TASK`; the active one), or with --run give it to an agent.

    ARGS go to the agent's program. With --run an executor's commits are tested, a reviewer's answers recorded, and a
    planner's plan written.
    """
    repository = here()
    if agent is None:
        if more:
            raise PlanfenceError(
                f"{shlex.join(more)} is for an agent's program", hint="say --run claude or --run codex"
            )
        emit(prompts.render(repository, stage, task, goal))
        return int(ExitCode.CLEAN)
    if agent == "codex":
        told = codexserver.hooks(repository.environment, repository.top, program or agent)
        if said := codexserver.skipped(told):
            say(f"planfence: {said}; start codex, and trust them with /hooks", err=True)
    ran = run.run(repository, stage, task, agent, Order(goal, program, more))
    code = _come_of(repository, stage, task, agent, ran)
    cost = "cost not told" if ran.told.cost is None else f"${ran.told.cost:.4g}"
    say(f"run {ran.id[:12]}: {ran.files} files, {ran.lines} lines, {ran.minutes:.1f} min, {cost}", err=True)
    for said in (ran.complaint, ran.warning):
        if said:
            say(f"planfence: {said}", err=True)
    if ran.failed:
        say(f"planfence: {agent} did not finish (exit {ran.exit})", err=True)
    return int(ExitCode.FINDINGS if ran.failed or code else ExitCode.CLEAN)


def _come_of(repository: Repository, stage: str, task: str, agent: str, ran: AgentRan) -> int:
    """Record what the run is for, and say it; return whether it is missing, or not as it should be."""
    if ran.failed or stage == "implement":
        _say_words(ran)
        return 0 if ran.failed else _committed(repository, task, ran)
    try:
        return _reviewed(repository, task, agent, ran) if stage == "review" else _planned(repository, ran)
    except PlanfenceError as error:
        _say_words(ran)
        say(f"planfence: {error_text(error)}", err=True)
        return int(ExitCode.FINDINGS)


def _say_words(ran: AgentRan) -> None:
    if ran.told.text:
        emit(lines(ran.told.text).rstrip("\n") + "\n")


def _committed(repository: Repository, task: str, ran: AgentRan) -> int:
    """Say which commits were made, and test them."""
    for each in ran.commits:
        say(f"committed {each}", err=True)
    if ran.loose:
        said = "left uncommitted" if ran.commits else "nothing committed"
        say(f"planfence: {said}: {listed(ran.loose, _NAMED)}", err=True)
    elif not ran.commits:
        say("planfence: nothing committed", err=True)
    target = target_of(repository, task) if ran.commits else None
    if target is None or not target.commands:
        return 0
    with Live(err=True) as told:
        tested = run_tests(repository, target, told)
    emit(summary(tested), err=True)
    return 0 if tested.passed else int(ExitCode.FINDINGS)


def _reviewed(repository: Repository, task: str, agent: str, ran: AgentRan) -> int:
    moved, answers = run.record_review(repository, task, agent, ran)
    unmet = [f"not met: {each.criterion}: {each.evidence}" for each in answers if not each.met]
    said = f"{moved.scene.name}: {len(answers)} answers recorded by {moved.scene.model}"
    return tell(moved, said, "review not recorded", *unmet)


def _planned(repository: Repository, ran: AgentRan) -> int:
    plan_id, path = run.save_plan(repository, ran)
    say(f"{path}")
    found = plans.lint(repository, Path(repository.top), [path])
    if found.report.findings:
        emit(render_plan.linted(found.report, colour=wants_colour(env.current())), err=True)
    say(f"read it, then: git add {shlex.quote(path)} && git commit -m 'docs: plan {plan_id}'", err=True)
    return int(ExitCode.FINDINGS if found.report.refused else ExitCode.CLEAN)
