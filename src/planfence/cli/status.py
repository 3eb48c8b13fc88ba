"""`planfence status`: if the work stands, at a glance."""

from __future__ import annotations

import time

import click

from planfence.cli.board import looked_at
from planfence.cli.common import here
from planfence.gate.board import names_plan
from planfence.gate.rows import Board, as_plain
from planfence.gate.status import Status, status
from planfence.gitio.repository import Repository
from planfence.gitio.worktrees import worktrees
from planfence.inert import dumps, inert
from planfence.judge.attribution import active_task
from planfence.records import replace
from planfence.render.board_text import board_text
from planfence.render.stage_text import facts_text, findings_text, paths_text
from planfence.tables import HUMAN
from planfence.terminal import emit, say


@click.command()
@click.argument("task", metavar="[TASK|PLAN]", default="")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(task: str, *, as_json: bool) -> int:
    """Show TASK (the active one), wherever it is worked on: its stage, files, minutes, and what the next gate asks for.

    Of a PLAN, all its tasks are listed; if no task is active in this worktree, those that are active in others.
    """
    repository = here()
    listed = _listed(repository, task)
    if listed is not None:
        home = str(repository.main_worktree().parent)
        emit(dumps(as_plain(listed), 2) + "\n" if as_json else board_text(listed, time.time(), home=home))
        return 0
    now = status(repository, task)
    emit((dumps(data(now), 2) if as_json else _text(now)) + "\n")
    for problem in now.scene.facts.problems:
        say(f"planfence: {problem}", err=True)
    return 0


def _listed(repository: Repository, wanted: str) -> Board | None:
    """The tasks of a plan, or those active in other worktrees; None if one task is to be described."""
    if not wanted and not active_task(repository):
        if not any(each.task for each in worktrees(repository)):
            return None
        found = looked_at(repository)
        rows = tuple(row for row in found.rows if row.active)
        note = f"no task is active in {repository.top}"
        return replace(found, rows=rows, notes=(note, *found.notes))
    if wanted and "/" not in wanted and names_plan(repository, wanted):
        found = looked_at(repository, finished=True)
        return replace(found, rows=tuple(row for row in found.rows if row.plan == wanted))
    return None


def data(now: Status) -> dict[str, object]:
    """Return a task at a glance as plain values, for JSON."""
    scene = now.scene
    return {
        "plan": scene.plan.id,
        "plan_version": scene.plan.version,
        "task": scene.name,
        "title": scene.task.title,
        "worktree": None if scene.repository.bare else scene.repository.top_name,
        "branch": now.branch or None,
        "theme": scene.task.theme,
        "stage": str(scene.stage),
        "round": scene.state.round,
        "holder": scene.state.holder(scene.plan, scene.task, str(scene.stage)),
        "model": scene.model,
        "minutes": None if now.minutes is None else round(now.minutes, 1),
        "estimate_min": scene.task.estimate_min,
        "files": list(scene.task.patterns),
        "touched": list(now.touched),
        "outside": list(now.outside),
        "tree": scene.tree,
        "tested": now.tested,
        "acceptance": [{"id": each.id, "text": each.text, "met": met} for each, met in now.met],
        "requests": [
            {"number": each.number, "model": each.model, "wish": each.wish, "why": each.why} for each in now.asked
        ],
        "blocked": [{"code": each.code, "message": each.message, "fixes": list(each.fixes)} for each in now.blocked],
    }


def _text(now: Status) -> str:
    scene = now.scene
    holder = scene.state.holder(scene.plan, scene.task, str(scene.stage))
    clock = f"{scene.task.estimate_min:g} min estimated"
    if now.minutes is not None:
        over = " (over)" if now.minutes > scene.task.estimate_min else ""
        clock = f"{now.minutes:.0f} of {scene.task.estimate_min:g} min{over}"
    rows = [
        ("plan", f"{scene.plan.id} v{scene.plan.version}: {scene.plan.goal}"),
        ("task", f"{scene.name}: {scene.task.title}"),
        ("theme", scene.task.theme),
        ("place", f"{scene.repository.top} on {now.branch or 'no branch'}"),
        ("stage", f"{scene.stage}" + (f", sent back {scene.state.round} times" if scene.state.round else "")),
        ("role", (f"held by {holder}, " if holder else "") + f"you are {scene.model}"),
        ("time", clock),
        ("touched", f"{len(now.touched)}: {paths_text(now.touched)}" if now.touched else "nothing yet"),
        ("to do", paths_text(now.untouched)),
        ("outside", paths_text(now.outside)),
        ("tests", f"passed on HEAD's tree {scene.tree[:12]}" if now.tested else "not passed on HEAD's tree"),
        *((f"{each.id}", f"[{'x' if met else ' '}] {each.text}") for each, met in now.met),
    ]
    text = facts_text(rows)
    if now.blocked:
        text += "\n\nbefore `planfence advance`:\n" + findings_text(now.blocked)
    if now.asked:
        lines = "\n".join(inert(f"  {each.number}  {each.model} asks: {each.wish}") for each in now.asked)
        typed = " (`planfence approve N`)" if scene.model == HUMAN else ""
        text += f"\n\nwaits for a person{typed}:\n{lines}"
    return text
