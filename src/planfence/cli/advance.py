"""`planfence advance`: move a task on to its next stage."""

from __future__ import annotations

import click

from planfence.boundary import push
from planfence.cli.common import here, tell
from planfence.cli.live import Live
from planfence.gate import stage
from planfence.judge.situation import Scene, look
from planfence.prove import prove
from planfence.prove.session import ProofProgress
from planfence.terminal import StatusLine, say

#: How long the gate may ask the tests by itself (seconds).
_BUDGET_S = 600


@click.command()
@click.argument("task", default="")
def command(task: str) -> int:
    """Move TASK (the active one) on: from implement to review, from review to done."""
    scene, note = _ask(look(here(), task))
    moved = stage.advance(scene)
    if not moved.refused:
        push.foresee(scene.repository, scene.head)
    if note:
        say(f"planfence: {note}", err=True)
    return tell(moved, f"{moved.scene.name}: {moved.scene.stage} → {moved.stage}", f"stays in {moved.scene.stage}")


def _ask(scene: Scene) -> tuple[Scene, str]:
    with StatusLine() as line:
        return prove.ask_at_gate(scene, _BUDGET_S, ProofProgress(Live().say, line.show))
