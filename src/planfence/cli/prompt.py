"""`planfence prompt`: the stage's prompt, rendered from the plan, or given to an agent at once."""

from __future__ import annotations

import click

from planfence.agents import prompts, run
from planfence.agents.programs import ARGUMENTS
from planfence.cli.common import here
from planfence.errors import ExitCode, PlanfenceError
from planfence.inert import lines
from planfence.render.prompts import STAGES
from planfence.terminal import emit, say


@click.command("prompt")
@click.argument("stage", type=click.Choice(STAGES))
@click.argument("task", default="")
@click.option("--goal", default="", help="What the planner is to plan.")
@click.option(
    "--run", "agent", type=click.Choice(sorted(ARGUMENTS)), help="Start this agent with it, and record the run."
)
@click.option("--program", default="", help="With --run: the program to start, where it is not called as the agent is.")
def command(stage: str, task: str, goal: str, agent: str | None, program: str) -> int:
    """Print the prompt of STAGE for TASK (`PLAN/TASK`; the active one), or with --run give it to an agent."""
    repository = here()
    if agent is None:
        emit(prompts.render(repository, stage, task, goal))
        return int(ExitCode.CLEAN)
    if stage == "plan":
        raise PlanfenceError("a plan's prompt is not run", hint="save the answer as a plan, then `planfence plan lint`")
    ran = run.run(repository, stage, task, agent, program)
    if ran.told.text:
        emit(lines(ran.told.text).rstrip("\n") + "\n")
    cost = "cost not told" if ran.told.cost is None else f"${ran.told.cost:.4g}"
    say(f"run {ran.id[:12]}: {ran.files} files, {ran.lines} lines, {ran.minutes:.1f} min, {cost}", err=True)
    for said in (ran.complaint, ran.warning):
        if said:
            say(f"planfence: {said}", err=True)
    if ran.failed:
        say(f"planfence: {agent} did not finish (exit {ran.exit})", err=True)
    return int(ExitCode.FINDINGS if ran.failed else ExitCode.CLEAN)
