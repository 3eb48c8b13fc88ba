"""`planfence mcp`: the plan, as tools of the Model Context Protocol, for agents that have no hooks."""

from __future__ import annotations

from importlib.util import find_spec

import click

from planfence.cli.common import here
from planfence.errors import PlanfenceError


@click.command()
def command() -> int:
    """Serve the plan on standard input and output, for the agent that started this.

    Tools: task, check_paths, next_steps, request_amendment, run_tests.
    """
    try:
        found = find_spec("mcp.server.mcpserver")  # the module's name since mcp 2
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise PlanfenceError("`planfence mcp` needs the library mcp, version 2", hint="pip install 'planfence[mcp]'")
    here()
    from planfence.cli import mcpserver

    mcpserver.serve()
    return 0
