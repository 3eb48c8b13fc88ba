"""`planfence trial`: a comparison of two flows, with its rules fixed beforehand."""

from __future__ import annotations

import click

from planfence.cli.common import here, policy_of
from planfence.identity import checked
from planfence.inert import dumps
from planfence.render.trial_text import render_rules, render_standing
from planfence.report import trial as use_case
from planfence.report.decision import METRICS, TrialProtocol
from planfence.terminal import emit, say


@click.group()
def command() -> None:
    """Compare two flows over tasks: rules first, then verdicts at fixed looks only."""


@command.command()
@click.argument("name", default="trial")
@click.option("--arms", nargs=2, default=("single", "dual"), show_default=True, help="The flow now, and the new one.")
@click.option("--metric", default=METRICS[0], show_default=True, type=click.Choice(METRICS))
@click.option("--margin", default=0.1, show_default=True, help="Within this share both are the same.")
@click.option("--interest", default=1.5, show_default=True, help="The factor worth finding.")
@click.option("--guardrail", default=0.1, show_default=True, help="How far the first-pass rate may fall.")
@click.option("--looks", nargs=2, type=int, default=(20, 40), show_default=True, help="Closed tasks at each look.")
def start(
    *,
    name: str,
    arms: tuple[str, str],
    metric: str,
    margin: float,
    interest: float,
    guardrail: float,
    looks: tuple[int, int],
) -> None:
    """Fix the rules of the trial NAME, and let it run.

    From now on `planfence start TASK` assigns each task its flow.
    """
    for arm in arms:
        checked(arm, "--arms")
    repository = here()
    asked = TrialProtocol(name, 0, 0, arms, metric, margin, interest, guardrail, looks)
    begun, warning = use_case.start(repository, policy_of(repository), asked)
    emit(render_rules(begun))
    if warning:
        say(f"planfence: {warning}", err=True)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(as_json: bool) -> int:
    """Say where the latest trial stands."""
    repository = here()
    found = use_case.all_trials(repository)
    if not found:
        emit('{"trial": null}\n' if as_json else "no trial yet: `planfence trial start`\n")
        return 0
    standing = use_case.standing(found[0], use_case.facts_of(repository, policy_of(repository)))
    emit(dumps(standing.plain(), 1) + "\n" if as_json else render_standing(standing.plain()))
    return 0


@command.command()
def stop() -> None:
    """End the running trial; its rules and its tasks stay."""
    repository = here()
    ended, warning = use_case.stop(repository, policy_of(repository))
    say(f"stopped {ended.id}; `planfence trial status` still says where it stands")
    if warning:
        say(f"planfence: {warning}", err=True)
