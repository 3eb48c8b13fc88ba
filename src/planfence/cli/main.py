"""The `planfence` command: a lazy group, one error handler, the exit codes."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from planfence import __version__
from planfence.errors import ExitCode
from planfence.terminal import emit, ended, say

#: All verbs as the help groups them, each with one whole line: nothing is imported to list them. The module of a verb
#: under `planfence.cli` bears its name.
GROUPS = {
    "Set up": {
        "init": "Write the policy, install the hooks",
        "install": "Install the hooks, in front of what is there",
        "uninstall": "Take the hooks out, and give back what was there",
        "doctor": "Say what is installed, and what would not run",
        "demo": "Tell the whole story in a scratch repository",
        "policy": "Show the policy, and share one between repositories",
    },
    "Plan": {
        "plan": "Write, read, lint and amend plans",
        "prompt": "Print a stage's prompt, made from the plan",
    },
    "Work": {
        "start": "Begin a task, or go back to it",
        "status": "Show a task: its stage, its files, what is missing",
        "board": "Show every open task, in all worktrees and clones",
        "test": "Run the tests on exactly one tree, and record it",
        "prove": "Ask whether the tests would have noticed",
        "advance": "Move a task on to its next stage",
        "review": "Answer the review of a task",
        "rework": "Send a task back to implement",
        "handover": "Give a stage's role to another model",
        "budget": "Show what a task may cost and has cost, or raise it",
        "requests": "Show what models ask a person for",
        "approve": "Do what a model asked for, as a person",
        "finish": "Close a task whose review is done",
        "split": "Propose one commit for each theme, or make them",
        "sync": "Exchange ledger and log with the remote",
    },
    "Judge": {
        "check": "Judge what is staged, a commit, a range or the branch",
        "verify": "Judge a range as CI does, by the protected branch",
        "receive": "Judge a push in a server's pre-receive hook",
        "summary": "Show a change, its risky parts first",
        "squash-message": "Write the message for a squash of a range",
        "compare": "Compare two branches for one task",
        "explain": "Say what a rule checks, and why",
    },
    "Look back": {
        "report": "Say what tasks cost, and how they went",
        "log": "Show the benchmark log, or add to it",
        "trial": "Compare two flows by rules fixed beforehand",
        "replay": "Play a recorded run again",
        "ledger": "Drop attachments that are older than the policy keeps",
    },
    "Called by agents and hooks": {
        "mcp": "Serve the plan to agents that have no hooks",
        "hook": "Run one git hook",
        "agent": "Answer one hook of a coding agent",
    },
}
VERBS = tuple(verb for verbs in GROUPS.values() for verb in verbs)


class LazyGroup(click.Group):
    """A group that imports a verb's module when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs, in the order that a newcomer meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Import a verb's module and return its command."""
        if cmd_name not in VERBS:
            return None
        command = import_module(f"planfence.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """Write the verbs in groups, each on one whole line."""
        for title, verbs in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(list(verbs.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="planfence", message="%(prog)s %(version)s")
def planfence() -> None:
    """Keep the commits of AI coding agents (and of people) inside a written plan."""


def main() -> None:
    """Run the command line, and end the process."""
    sys.exit(ended(_run))


def _show(error: click.ClickException) -> None:
    """Say what click found wrong with the arguments; it quotes them. A group without a command shows its help."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    said = error.format_message()
    if context is not None and said == context.get_help():
        emit(f"{said}\n", err=True)
        return
    if context is not None:
        emit(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n\n", err=True)
    say(f"Error: {' '.join(said.split())}", err=True)


def _run() -> int:
    try:
        result = planfence.main(prog_name="planfence", standalone_mode=False)
    except click.Abort:
        return int(ExitCode.INTERRUPTED)
    except click.ClickException as error:
        _show(error)
        return int(ExitCode.USAGE)
    return int(result) if isinstance(result, int) else 0
