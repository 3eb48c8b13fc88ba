"""A task's prompt given to an agent's non-interactive mode, and kept with what came of it."""

from __future__ import annotations

import shutil
import subprocess
import time

from planfence import __version__
from planfence.agents import programs, prompts
from planfence.agents.programs import Told
from planfence.change import snapshot
from planfence.errors import PlanfenceError
from planfence.gate.stage import flow
from planfence.gitio.repository import Repository
from planfence.judge.situation import Scene, look
from planfence.ledger.intoto import Statement
from planfence.ledger.records import new_id, now, write_entry
from planfence.log import writer as records
from planfence.records import dataclass, replace

#: Our own predicate: one run of an agent on a task's prompt.
AGENT_RUN = "urn:planfence:agent-run:v1"


@dataclass(frozen=True, slots=True)
class AgentRan:
    """A finished run: its id in the ledger, the agent's own words and numbers, its minutes, what it changed."""

    id: str
    told: Told
    exit: int
    minutes: float
    files: int
    lines: int
    complaint: str = ""
    warning: str = ""

    @property
    def failed(self) -> bool:
        """Whether the agent failed, by its exit status or its own word."""
        return self.exit != 0 or self.told.failed


def run(repository: Repository, stage: str, wanted: str, agent: str, program: str = "") -> AgentRan:
    """Start ``agent`` with a task's prompt on standard input, wait, and record the run.

    The log gets one line, the ledger an entry with the prompt, the diff of the worktree and the
    output. Raises :class:`PlanfenceError` where the agent is not installed.
    """
    if agent not in programs.ARGUMENTS:
        raise PlanfenceError(f"{agent} can't be started from here", hint=f"one of {', '.join(programs.ARGUMENTS)}")
    found = shutil.which(program or agent, path=repository.environment.get("PATH"))
    if found is None:
        raise PlanfenceError(f"{program or agent} is not on PATH", hint="install it, or give the prompt to it by hand")
    scene = look(repository, wanted)
    prompt = prompts.for_scene(scene, stage).encode()
    before = snapshot.tree_of_worktree(repository)
    begin = time.monotonic()
    done = subprocess.run(
        [found, *programs.ARGUMENTS[agent]],
        cwd=repository.top,
        env=repository.environment.for_child() | {"PLANFENCE_TASK": scene.name},
        input=prompt,
        capture_output=True,
        check=False,
    )
    minutes = (time.monotonic() - begin) / 60
    told = programs.read(agent, done.stdout)
    after = snapshot.tree_of_worktree(repository)
    files, lines = snapshot.counted(repository, before, after)
    run_id = new_id()
    predicate = {
        "id": run_id,
        "task": scene.name,
        "stage": stage,
        "round": scene.state.round,
        "model": agent,
        "planVersion": scene.plan.version,
        "commit": scene.head,
        "before": before,
        "command": [agent, *programs.ARGUMENTS[agent]],
        "exit": done.returncode,
        "session": told.session,
        # A statement holds no fractions: dollars and minutes in millionths.
        "costMicro": None if told.cost is None else round(told.cost * 1e6),
        "minutesMicro": round(minutes * 1e6),
        "tool": __version__,
        "at": now(),
    }
    attachments = {
        "prompt.md": prompt,
        "change.diff": snapshot.difference(repository, before, after),
        "output.txt": done.stdout,
        "errors.txt": done.stderr,
    }
    write_entry(repository, scene.policy, Statement(AGENT_RUN, predicate, {"gitTree": after}), attachments)
    failed = done.returncode != 0 or told.failed
    complaint = done.stderr.decode("utf-8", "replace").strip() if failed else ""
    ran = AgentRan(run_id, told, done.returncode, minutes, files, lines, complaint)
    return replace(ran, warning=_log(scene, stage, agent, ran))


def _log(scene: Scene, stage: str, agent: str, ran: AgentRan) -> str:
    """Log the run, and where the agent told its cost that too, as a line that `finish` does not count again."""
    role = {"implement": "executor", "review": "reviewer"}.get(stage, "planner")
    common: dict[str, records.Value] = {"model": agent, "stage": stage, "flow": flow(scene), "theme": scene.task.theme}
    common |= {"session": ran.told.session, "run": ran.id}
    warning = records.record(
        scene.repository,
        scene.policy,
        event="run",
        result="failed" if ran.failed else "passed",
        task=scene.name,
        **common,
        role=role,
        review_round=scene.state.round + 1,
        files=ran.files,
        lines=ran.lines,
        ms=round(ran.minutes * 60_000),
        est_min=scene.task.estimate_min,
    )
    told = ran.told
    if told.cost is None:
        return warning
    tokens = {"tokens_in": told.tokens_in, "tokens_out": told.tokens_out, "tokens_cached": told.tokens_cached}
    common |= {name: value for name, value in tokens.items() if value is not None}
    return warning or records.record(
        scene.repository,
        scene.policy,
        event="cost",
        result="accepted",
        task=scene.name,
        **common,
        role=stage,
        cost=told.cost,
    )
