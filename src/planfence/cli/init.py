"""`planfence init`: set a repository up."""

from __future__ import annotations

import click

from planfence.cli.common import here
from planfence.inert import inert
from planfence.render import setup
from planfence.setup import init as use_case
from planfence.setup.agents import EVERY
from planfence.terminal import emit


@click.command()
@click.option(
    "--framework",
    type=click.Choice(["auto", "native", "pre-commit", "prek"]),
    default="auto",
    show_default=True,
    help="How the hooks run; pre-commit and prek get a configuration if there is none.",
)
@click.option("--outside", is_flag=True, help="Install even if core.hooksPath leads out of this repository.")
@click.option("--observe", is_flag=True, help="A policy that judges, records and shows, and refuses nothing yet.")
@click.option("--plan", is_flag=True, help="Write a commented plan to fill in, too.")
@click.option("--commit", is_flag=True, help="Commit what was written, and nothing else.")
@click.option(
    "--agents",
    metavar="NAMES",
    help=f"Also what these agents read, joined by commas: {', '.join(EVERY)}; or `none`.  "
    "[default: agents-md,skill if there is an AGENTS.md or a CLAUDE.md]",
)
def command(*, framework: str, outside: bool, observe: bool, plan: bool, commit: bool, agents: str | None) -> int:
    """Write the policy and the hook configuration, and install the hooks.

    Safe to run twice: what is there already stays as it is.
    """
    wishes = use_case.Wishes(observe, plan, commit, "" if agents == "none" else agents)
    done = use_case.init(here(), framework, outside=outside, wishes=wishes)
    rows = (*done.steps, *done.installation.outcomes)
    emit(setup.listing("planfence is set up here", rows, done.installation.remarks) + "\n")
    emit("\nnext:\n" + "".join(f"  {inert(step)}\n" for step in done.next_steps))
    if done.snippet:
        emit(f"\nto run planfence through your hook framework instead:\n\n{done.snippet}\n")
    return 0
