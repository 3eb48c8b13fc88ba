"""`planfence replay`: a recorded run once more."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from planfence.cli.common import confirmed, here, typist
from planfence.cli.live import Live
from planfence.errors import ExitCode
from planfence.gate.replay import Recording, Replayed, Verdict, find, replay, write_trees
from planfence.identity import HUMAN
from planfence.inert import dumps, inert, lines
from planfence.ledger.evidence import to_statement
from planfence.render.stage_text import facts_text
from planfence.terminal import emit, say


@click.command()
@click.argument("run")
@click.option("--tests", is_flag=True, help="Run its tests again, in an export of its tree.")
@click.option("--into", type=click.Path(path_type=Path), help="Rebuild its base and result as folders in this new one.")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON, without the attachments.")
def command(run: str, tests: bool, into: Path | None, as_json: bool) -> int:
    """Show prompt, diff and output of RUN (the beginning of its id, or `last`: this clone's own), from the ledger.

    With --tests only commands that the policy or the plan names are run; a person at a terminal is asked about others.
    """
    repository = here()
    recording = find(repository, run)
    if as_json:
        emit(dumps(dict(to_statement(recording.run).predicate), 2) + "\n")
    else:
        emit(_shown(recording))
    if into is not None:
        write_trees(repository, recording, into)
        say(f"{' and '.join(recording.trees)} are in {into}")
    if not tests:
        return int(ExitCode.CLEAN)
    with Live() as told:
        played = replay(repository, recording, told, partial(_may_run, typist(repository)))
    emit(_compared(played))
    return int(ExitCode.CLEAN if played.verdict is Verdict.SAME else ExitCode.FINDINGS)


def _may_run(who: str, commands: tuple[str, ...]) -> bool:
    """Show commands that only the record names, and ask a person at a terminal; everyone else is answered no."""
    emit("neither the policy nor the plan here names these commands of the record:\n", err=True)
    for line in commands:
        say(f"  {line}", err=True)
    if who != HUMAN or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return confirmed("Run them here, with your rights?")


def _shown(recording: Recording) -> str:
    run = recording.run
    rows = [
        ("run", run.id),
        ("at", f"{run.at} by {run.model}, {run.tool}, in the {run.where}"),
        ("task", f"{run.task} (plan version {run.plan_version}, stage {run.stage})" if run.task else ""),
        ("commit", run.commit),
        ("base", f"{run.base[:12]} tree {recording.trees.get('base', '')}"),
        ("result", f"tree {run.tree}"),
        *((each.name, f"{each.outcome}: {each.command}") for each in run.results),
    ]
    parts = [facts_text(rows)]
    for name, data in (("prompt", recording.prompt), ("diff", recording.diff), ("output", recording.output)):
        text = lines(data.decode("utf-8", "surrogateescape")).rstrip("\n")
        word = recording.said.get(name, "")
        head = f"--- {name}{f' ({inert(word)})' if word and text else ''} ---"
        parts.append(f"{head}\n{text or f'({inert(word)})' if word or text else '(none)'}")
    return "\n".join(parts) + "\n"


def _compared(played: Replayed) -> str:
    said = []
    for number, results in enumerate(played.again, 1):
        for then, now in zip(played.recording.run.results, results, strict=True):
            said.append(inert(f"replay {number}  {now.name}: {then.outcome} then, {now.outcome} now"))
    said.append(f"the outcome is {played.verdict}")
    return "\n".join(said) + "\n"
