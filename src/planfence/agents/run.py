"""A task's prompt given to an agent's non-interactive mode, and kept with what came of it."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import Any

from planfence import __version__, tables
from planfence.agents import programs, prompts
from planfence.agents.programs import Told
from planfence.change import reader, snapshot
from planfence.env import Environment
from planfence.errors import PlanfenceError
from planfence.gate import reviews
from planfence.gate.stage import Moved, flow
from planfence.gitio import paths
from planfence.gitio.repository import Repository, open_repository
from planfence.judge.situation import Scene, look
from planfence.ledger import reviewing
from planfence.ledger.intoto import Statement
from planfence.ledger.records import new_id, now, write_entry
from planfence.ledger.transitions import Answer
from planfence.log import writer as log_writer
from planfence.manifest import tomlsource
from planfence.manifest.planfile import parse_plan
from planfence.manifest.policy import Policy
from planfence.plan import plans
from planfence.records import dataclass, replace

#: Our own predicate: one run of an agent on a task's prompt.
AGENT_RUN = "urn:planfence:agent-run:v1"


@dataclass(frozen=True, slots=True)
class AgentRan:
    """A finished run: its id in the ledger, the agent's own words and numbers, its minutes, what it changed.

    ``commits`` are those that it made (`abbreviated-id subject`), ``loose`` the paths that it left uncommitted.
    """

    id: str
    told: Told
    exit: int
    minutes: float
    files: int
    lines: int
    complaint: str = ""
    warning: str = ""
    commits: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the agent failed, by its exit status or its own word."""
        return self.exit != 0 or self.told.failed


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for beside the task: a planner's goal, the program's name, and the user's own arguments."""

    goal: str = ""
    program: str = ""
    more: tuple[str, ...] = ()


def run(repository: Repository, stage: str, wanted: str, agent: str, order: Order) -> AgentRan:
    """Start ``agent`` with a stage's prompt on standard input, wait, and record the run.

    The log gets one line, the ledger an entry with the prompt, the diff of the worktree and the
    output. Raises :class:`PlanfenceError` if the agent is not installed.
    """
    found = _program(repository, agent, order.program or agent)
    scene = None if stage == "plan" else look(repository, wanted)
    prompt = prompts.render(repository, stage, wanted, order.goal) if scene is None else prompts.for_scene(scene, stage)
    own = repository.common_dir == repository.top / ".git"
    words = programs.arguments(agent, stage, ".git" if own else str(repository.common_dir), order.more)
    variables = repository.environment.for_child() | ({"PLANFENCE_TASK": scene.name} if scene else {})
    head = reader.head(repository)
    before = snapshot.tree_of_worktree(repository)
    begin = time.monotonic()
    done = subprocess.run(
        [found, *words], cwd=repository.top, env=variables, input=prompt.encode(), capture_output=True, check=False
    )
    minutes = (time.monotonic() - begin) / 60
    told = programs.read(agent, done.stdout)
    after = snapshot.tree_of_worktree(repository)
    files, lines = snapshot.counted(repository, before, after)
    failed = done.returncode != 0 or told.failed
    complaint = done.stderr.decode("utf-8", "replace").strip() if failed else ""
    made, loose = _left(repository, head)
    ran = AgentRan(new_id(), told, done.returncode, minutes, files, lines, complaint, commits=made, loose=loose)
    predicate = _stated(scene, stage, agent, ran)
    predicate |= {"commit": head, "before": before, "command": [agent, *words]}
    attachments = {
        "prompt.md": prompt.encode(),
        "change.diff": snapshot.difference(repository, before, after),
        "output.txt": done.stdout,
        "errors.txt": done.stderr,
    }
    policy = scene.policy if scene else plans.policy_for_plans(repository)
    write_entry(repository, policy, Statement(AGENT_RUN, predicate, {"gitTree": after}), attachments)
    return replace(ran, warning=_log(repository, policy, scene, stage, agent, ran))


def _stated(scene: Scene | None, stage: str, agent: str, ran: AgentRan) -> dict[str, Any]:
    """What the ledger says of a run. A statement holds no fractions: dollars and minutes are in millionths."""
    told = ran.told
    return {
        "id": ran.id,
        "task": scene.name if scene else "",
        "stage": stage,
        "round": scene.state.round if scene else 0,
        "model": agent,
        "planVersion": scene.plan.version if scene else 0,
        "exit": ran.exit,
        "session": told.session,
        "costMicro": None if told.cost is None else round(told.cost * 1e6),
        "minutesMicro": round(ran.minutes * 1e6),
        "tool": __version__,
        "at": now(),
    }


def _program(repository: Repository, agent: str, name: str) -> str:
    if agent not in programs.ARGUMENTS:
        raise PlanfenceError(f"{agent} can't be started from here", hint=f"one of {', '.join(programs.ARGUMENTS)}")
    found = shutil.which(name, path=repository.environment.get("PATH"))
    if found is None:
        raise PlanfenceError(f"{name} is not on PATH", hint="install it, or give the prompt to it by hand")
    return found


def _left(repository: Repository, head: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the commits since ``head``, oldest first, and the paths that are changed and not committed."""
    git = repository.git
    span = [f"{head}..HEAD"] if head else ["HEAD"]
    made = (
        git.text("log", "--reverse", "--no-show-signature", "--format=%h %s", *span, "--")
        if reader.head(repository)
        else ""
    )
    status = git.run("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all").split(b"\0")
    return tuple(filter(None, made.split("\n"))), tuple(paths.decode(each[3:]) for each in status if each)


def save_plan(repository: Repository, ran: AgentRan) -> tuple[str, str]:
    """Write the plan that a planner answered where it belongs, and return its id and its path; never overwrites.

    Raises :class:`PlanfenceError` where the answer holds no plan.
    """
    text = ran.told.text
    block = text.partition("```toml")[2].partition("```")[0] if "```toml" in text else text
    block = block.strip() + "\n"
    try:
        named = tomlsource.loads(block).get("id")
    except (ValueError, RecursionError):
        named = None
    path = plans.policy_for_plans(repository).plan_path(named) if isinstance(named, str) else "the answer"
    plan = parse_plan(block.encode(), path)
    place = plans.write_plan(repository, plan.id, block)
    return plan.id, str(place.relative_to(repository.top))


def record_review(repository: Repository, wanted: str, agent: str, ran: AgentRan) -> tuple[Moved, tuple[Answer, ...]]:
    """Record the answers of a reviewer's run, as given by the agent; raises if there are none in its words."""
    answers, notes = reviewing.read_json(ran.told.text.encode())
    own = look(repository, wanted).policy.identity
    given = repository.environment.variables.items()
    variables = {name: value for name, value in given if not (tables.says_who(name) or name in own)}
    theirs = Environment({**variables, "PLANFENCE_MODEL": agent})  # whoever started it
    return reviews.record(look(open_repository(theirs, repository.top), wanted), answers, notes), answers


def _log(repository: Repository, policy: Policy, scene: Scene | None, stage: str, agent: str, ran: AgentRan) -> str:
    """Log the run, and where the agent told its cost that too, as a line that `finish` does not count again."""
    role = {"implement": "executor", "review": "reviewer"}.get(stage, "planner")
    common: dict[str, log_writer.Value] = {"model": agent, "stage": stage}
    if scene is not None:
        common |= {"flow": flow(scene), "theme": scene.task.theme}
    common |= {"session": ran.told.session, "run": ran.id}
    task = scene.name if scene else ""
    about: dict[str, log_writer.Value] = {"files": ran.files, "lines": ran.lines, "ms": round(ran.minutes * 60_000)}
    if scene is not None:
        about |= {"review_round": scene.state.round + 1, "est_min": scene.task.estimate_min}
    result = "failed" if ran.failed else "passed"
    warning = log_writer.record(repository, policy, event="run", result=result, task=task, **common, role=role, **about)
    told = ran.told
    if told.cost is None:
        return warning
    tokens = {"tokens_in": told.tokens_in, "tokens_out": told.tokens_out, "tokens_cached": told.tokens_cached}
    common |= {name: value for name, value in tokens.items() if value is not None}
    return warning or log_writer.record(
        repository, policy, event="cost", result="accepted", task=task, **common, role=stage, cost=told.cost
    )
