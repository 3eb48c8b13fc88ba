"""`planfence plan`: write, read, lint and amend plans."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import click

from planfence import env
from planfence.change.change import Action
from planfence.cli.common import formats, here, tell_request
from planfence.errors import BadFile, ExitCode, PlanfenceError
from planfence.plan import plans as use
from planfence.plan.advise import for_plans
from planfence.plan.bring import import_plan
from planfence.plan.importers import READERS
from planfence.plan.starters import Brief
from planfence.records import replace
from planfence.render import machine
from planfence.render import plan as render
from planfence.terminal import emit, say, wants_colour


@click.group("plan")
def command() -> None:
    """Write, read, lint and amend plans."""


@command.command("new")
@click.argument("plan_id", metavar="ID")
@click.option("--goal", default="", help="What is true when the plan is done.")
@click.option("--files", multiple=True, metavar="PATTERN", help="What its task may change; again for more.")
@click.option("--run", "runs", multiple=True, metavar="COMMAND", help="What shows that it works; again for more.")
@click.option("--theme", default="", metavar="NAME", help="The kind of change.  [default: ID]")
@click.option("--task", default="", metavar="NAME", help="The task's id.  [default: work]")
@click.option("--commit", is_flag=True, help="Commit the plan, and nothing else.")
@click.option("--start", is_flag=True, help="Commit it, and start its task here.")
def new(
    *, plan_id: str, goal: str, files: tuple[str, ...], runs: tuple[str, ...], theme: str, task: str, commit: bool,
    start: bool,
) -> int:  # fmt: skip
    """Write a plan (plans/ID.toml); never overwrites one.

    With --goal and --files a plan of one task that lints clean, with what was not said left OPEN for the planner;
    without options a commented one to fill in.
    """
    said = Brief(goal, files, runs, theme, task)
    if said == Brief("", ()):
        if commit or start:
            raise PlanfenceError("a plan that is to be filled in can't be started", hint="say --goal and --files")
        place = use.new_plan(here(), plan_id)
        say(f"{os.path.relpath(place)}")
        say(f"Write what its TODOs ask for, then run: planfence plan lint {plan_id}", err=True)
        return int(ExitCode.CLEAN)
    repository = here()
    if start:
        use.require_in_force(repository)
    written = use.said_plan(repository, plan_id, said)
    if written.report.findings:
        emit(render.linted(written.report, colour=wants_colour(env.current())), err=True)
    if written.report.refused:
        say("planfence: such a plan would not be started, so nothing was written", err=True)
        return int(ExitCode.FINDINGS)
    say(f"{os.path.relpath(written.place)}")
    name = f"{plan_id}/{task or 'work'}"
    if commit or start:
        made = use.commit_plan(repository, plan_id)
        say(f"committed in {made[:12]}", err=True)
    if not start:
        line = "" if commit else f"git add {written.place} && git commit -m 'docs: plan {plan_id}' && "
        line = line.replace(str(written.place), os.path.relpath(written.place))
        say(f"Then: {line}planfence start {name}", err=True)
        return int(ExitCode.CLEAN)
    from planfence.cli.start import told
    from planfence.gate import stage
    from planfence.judge.situation import look

    wish = stage.StartOptions()
    return told(stage.start(look(here(), name), wish), wish)


@command.command("show")
@click.argument("plan_id", metavar="[ID]", required=False)
def show(plan_id: str | None) -> int:
    """Show a plan, or a list of all.

    Without ID it is the active task's, or the only one, else the list.
    """
    found = use.shown_plans(here(), plan_id)
    if len(found) == 1:
        emit(render.show(found[0], colour=wants_colour(env.current())))
    else:
        emit(render.index(found))
    return int(ExitCode.CLEAN)


@command.command("lint")
@click.argument("names", metavar="[ID|FILE]...", nargs=-1)
@formats
def lint(names: tuple[str, ...], output: str) -> int:
    """Say what a plan lacks before it is worth starting.

    Without a name all plans of the worktree are looked at.

    Exit codes: 0 clean, 1 findings, 2 a plan that can't be read.
    """
    found = use.lint(here(), Path.cwd(), names)
    report = found.report
    if output == "junit":
        by_plan = tuple(replace(finding, change=finding.path) for finding in report.findings)
        report = replace(report, findings=by_plan)
    if output != "text":
        emit(machine.rendered(report, output, use.lint_rules()), commands=output == "github")
    elif report.findings or not found.faults:
        emit(render.linted(report, colour=wants_colour(env.current())))
    if output == "text":
        for said in for_plans(here(), report.judged):
            say(f"worth it? {said}", err=True)
    if found.faults:
        raise BadFile(found.faults)
    return int(ExitCode.FINDINGS if report.refused else ExitCode.CLEAN)


@command.command("amend")
@click.argument("task", metavar="PLAN/TASK")
@click.option(
    "--add", "adds", metavar="PATH", multiple=True, required=True, help="A file or pattern to allow; again for more."
)
@click.option("--why", required=True, help="Why the task needs it; kept in the plan and in the commit.")
@click.option(
    "--change", type=click.Choice([action.value for action in Action]), help="Allow only this.  [default: any]"
)
def amend(task: str, adds: tuple[str, ...], why: str, change: str | None) -> int:
    """Allow a task more paths, in a commit of its own.

    Only the plan is committed. What you have staged or edited stays as it is. If a model asks that would widen its own
    task, a request waits for a person (`planfence requests`), and the exit code is 1.
    """
    from planfence.gate.requests import amend_or_ask
    from planfence.manifest.amendment import Amendment
    from planfence.render import text

    plan_id, slash, task_id = task.partition("/")
    if not slash or not task_id:
        raise PlanfenceError(f"{task} names no task", hint="write it as PLAN/TASK, as `planfence plan show` lists them")
    done, asked = amend_or_ask(here(), plan_id, Amendment(task_id, adds, why, change or ""))
    colour = wants_colour(env.current())
    if not done.commit:
        emit(text.render(done.report, colour=colour), err=True)
        emit("planfence: the amendment would be refused, so nothing was committed\n", err=True)
        if asked is not None:
            return tell_request(asked)
        return int(ExitCode.FINDINGS)
    say(f"{done.path} is version {done.version} in {done.commit[:12]}; {task} may touch {', '.join(adds)}")
    for note in done.notes:
        say(f"note: {note}", err=True)
    return int(ExitCode.CLEAN)


@command.command("schema")
@click.argument("which", type=click.Choice(["plan", "policy"]), default="plan")
def schema(which: str) -> int:
    """Print the JSON Schema of a plan, or of the policy."""
    emit(resources.files("planfence").joinpath("schemas", f"{which}.schema.json").read_text("utf-8"))
    return int(ExitCode.CLEAN)


@command.command("import")
@click.option("--from", "kind", type=click.Choice(list(READERS)), required=True, help="The tool that wrote it.")
@click.option("--id", "plan_id", default="", help="The plan's id; otherwise the folder's name.")
@click.option("--tag", default="", help="Taskmaster: which list, if there are several.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(kind: str, plan_id: str, tag: str, file: Path) -> int:
    """Write a plan from FILE, which another tool made.

    There is a TODO wherever that says nothing. No plan is overwritten.
    """
    place, text = import_plan(here(), kind, file, plan_id=plan_id, tag=tag)
    say(f"{os.path.relpath(place)}")
    gaps = text.count("TODO") - 1
    say(f"{gaps} TODOs; then: planfence plan lint {place.stem}", err=True)
    return int(ExitCode.CLEAN)
