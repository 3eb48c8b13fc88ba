"""`planfence log`: the benchmark log, shown, added to, imported."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TextIO

import click

from planfence.cli.common import here, policy_of
from planfence.errors import PlanfenceError
from planfence.files.plain import read_given
from planfence.files.state import write_output
from planfence.identity import checked, checked_task
from planfence.inert import dumps
from planfence.judge.attribution import active_task
from planfence.log import files
from planfence.log.writer import utc
from planfence.render.log_text import render_counts, render_records
from planfence.report import costs, export
from planfence.terminal import emit, say


@click.group()
def command() -> None:
    """Show the benchmark log, add to it, or bring lines of another into it."""


@command.command()
@click.option("--task", default="", help="Only this task's records.")
@click.option(
    "-n",
    "--last",
    default=20,
    show_default=True,
    type=click.IntRange(0),
    help="How many records, from the end; 0: all.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the records and the counts.")
def show(task: str, last: int, as_json: bool) -> int:
    """Show the last records, and what could not be read there.

    Times are in UTC. With `-n 0` the whole log is read.
    """
    repository = here()
    logs = files.own_logs(repository, policy_of(repository))
    reading = files.read_last(logs, last, task) if last > 0 else files.read_logs(logs)
    placed = zip(reading.records, files.places(reading.records), strict=True)
    found = [each for each in placed if not task or each[0].fields["task"] == task][-last:]
    timed = [(utc(record.epoch), record, place) for record, place in found]
    if as_json:
        shown = [
            {"time": when.replace("_", "T") + "Z"}
            | record.fields
            | {name: word for name, word in zip(("worktree", "branch"), place, strict=True) if word}
            for when, record, place in timed
        ]
        aside = [{"line": entry.line, "why": entry.why, "text": entry.text} for entry in reading.aside]
        emit(dumps({"records": shown, "counts": reading.counts, "aside": aside, "whole": reading.whole}, 2) + "\n")
        return 0
    if found:
        emit(render_records(timed) + "\n")
    emit(render_counts(reading.counts, reading.aside, whole=reading.whole) + "\n")
    return 0


@command.command()
@click.argument("fields", nargs=-1, required=True, metavar="KEY=VALUE…")
def add(fields: tuple[str, ...]) -> None:
    """Add a record of what a run took.

    For example `task=auth-mw/login model=codex cost=0.42 time_min=26 review_round=2`.
    """
    pairs = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals or not name.replace("_", "").isalnum():
            raise PlanfenceError(f"{field} is not KEY=VALUE", hint="write cost=0.42")
        pairs[name] = value
    repository = here()
    say(files.add(repository, policy_of(repository), pairs))


@command.command("import")
@click.argument("paths", metavar="FILES...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be brought in.")
def import_(paths: tuple[Path, ...], dry_run: bool) -> None:
    """Bring the lines of other logs into this repository's, each once."""
    repository = here()
    done = files.import_logs(repository, policy_of(repository), list(paths), dry_run=dry_run)
    verb = "would import" if dry_run else "imported"
    say(f"{verb} {done.records} records and {done.runs} run-log lines")
    emit(render_counts(done.counts, done.aside) + "\n")


@command.command()
@click.argument("file", required=False, type=click.File("r", encoding="utf-8-sig", errors="replace"))
@click.option("--task", default="", help="Whose cost it is; otherwise the active task's. Only with FILE.")
@click.option("--model", default="", help="The model's name, for Codex, which prints none. Only with FILE.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1), help="How far to look back.")
def collect(file: TextIO | None, task: str, model: str, days: int) -> None:
    """Log what agents' sessions cost.

    With FILE (or -): what `claude -p --output-format json` or `codex exec --json` printed. Without: the sessions of
    this worktree that ran while no task was at work; those that did are logged by `planfence finish`.
    """
    repository = here()
    policy = policy_of(repository)
    if file is None:
        taken = costs.take_loose(repository, policy, days)
    else:
        owner = checked_task(task, "--task") if task else active_task(repository)
        model = checked(model, "--model") if model else ""
        taken = costs.take_printed(repository, policy, read_given(file, "what was printed"), task=owner, model=model)
    amount = "unknown" if taken.cost is None else f"${taken.cost:.4f}"
    say(f"logged {taken.lines} lines, {amount}")
    for reason, count in sorted(taken.left_out.items()):
        say(f"  left out: {count} x {reason}")
    for note in taken.notes:
        say(f"planfence: {note}", err=True)


@command.command("export")
@click.option("--format", "kind", required=True, type=click.Choice(["jsonl", "otlp", "parquet"]))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file; otherwise standard output."
)
@click.option(
    "--to", "endpoint", default="", metavar="URL", help="With otlp: post to this collector (http://host:4318)."
)
def export_(kind: str, output: Path | None, endpoint: str) -> None:
    """Write the log for other programs.

    That is every line (jsonl, otlp), or sums that add up (parquet).
    """
    repository = here()
    policy = policy_of(repository)
    if kind == "parquet":
        if output is None:
            raise PlanfenceError("Parquet needs a file", hint="planfence log export --format parquet -o log.parquet")
        say(f"wrote {output}: {export.parquet(repository, policy, output, int(time.time()))} rows", err=True)
        return
    if endpoint and kind == "otlp":
        say(f"sent {export.send(export.otlp(repository, policy), endpoint)} requests", err=True)
        return
    lines = export.json_lines(repository, policy) if kind == "jsonl" else map(dumps, export.otlp(repository, policy))
    text = "".join(f"{line}\n" for line in lines)
    if output is None:
        emit(text)
    else:
        write_output(output, text.encode())
