"""`planfence init`: set a repository up."""

from __future__ import annotations

import click

from planfence.cli.common import here
from planfence.inert import inert
from planfence.render import setup
from planfence.setup import init as use_case
from planfence.terminal import emit


@click.command()
@click.option(
    "--framework",
    type=click.Choice(["auto", "native", "pre-commit", "prek"]),
    default="auto",
    show_default=True,
    help="How the hooks run; pre-commit and prek get a configuration where there is none.",
)
@click.option("--outside", is_flag=True, help="Install even where core.hooksPath leads out of this repository.")
def command(framework: str, outside: bool) -> int:
    """Write the policy, a starter plan and the hook configuration, and install the hooks. Safe to run twice."""
    done = use_case.init(here(), framework, outside=outside)
    rows = [(step.name, step.state, step.remark) for step in done.steps]
    rows += [(outcome.name, outcome.deed.value, outcome.remark) for outcome in done.installation.outcomes]
    emit(setup.listing("planfence is set up here", rows, done.installation.remarks) + "\n")
    emit("\nnext:\n" + "".join(f"  {inert(step)}\n" for step in done.next_steps))
    if done.snippet:
        emit(f"\nto run planfence through your hook framework instead:\n\n{done.snippet}\n")
    return 0
