"""The tools that `planfence mcp` offers: each reads the repository anew, so that no answer is older than its question.

Whoever calls them is a model: if nothing else tells which, the client's own name does, and nobody is human here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from planfence import __version__, env, tables
from planfence.agents import scope
from planfence.agents.patch import Edit
from planfence.change.change import Action
from planfence.cli import status as status_command
from planfence.cli.common import policy_of
from planfence.errors import PlanfenceError
from planfence.gate import requests
from planfence.gate.status import status
from planfence.gitio.repository import Repository, open_repository
from planfence.identity import detect
from planfence.inert import inert
from planfence.manifest.amendment import Amendment
from planfence.tables import HUMAN
from planfence.terminal import error_text

INSTRUCTIONS = (
    "The commits of this repository are held to a written plan. Ask `task` before you begin, `check_paths` before you "
    "edit, `next_steps` when you think that you are done. A path that the plan does not allow needs a person's word: "
    "`request_amendment` leaves a request."
)
_MOST_PATHS = 1000
_Change = Literal["add", "modify", "delete", ""]


def serve() -> None:
    """Serve on standard input and output until the client goes."""
    server = MCPServer("planfence", version=__version__, instructions=INSTRUCTIONS, log_level="ERROR")
    for tool in (task, check_paths, next_steps, request_amendment, run_tests):
        server.add_tool(tool)
    server.run("stdio")


def task(context: Context, name: str = "") -> dict[str, Any]:
    """Say what the task is: its files, criteria and stage, who holds it, what is changed, what waits for a person.

    `name` is PLAN/TASK; without it, the task that is active in this worktree.
    """
    with _asked(context) as repository:
        now = status(repository, name)
        of, plan = now.scene.task, now.scene.plan
        more = {"goal": plan.goal, "out_of_scope": list(plan.out_of_scope), "deny": list(of.deny)}
        return status_command.data(now) | more


def check_paths(context: Context, paths: list[str], change: _Change = "") -> list[dict[str, Any]]:
    """Say of each path whether the active task may write (or delete) it, and if not, why, and what to ask for.

    Paths are absolute, or relative to the folder that the server was started in. Without `change`, what is there
    decides.
    """
    with _asked(context) as repository:
        if len(paths) > _MOST_PATHS:
            raise ToolError(f"{len(paths)} paths are too many at once: ask for {_MOST_PATHS}, then for others")
        action = Action(change) if change else None
        return [_checked(repository, path, action) for path in dict.fromkeys(paths)]


def next_steps(context: Context, name: str = "") -> list[str]:
    """Say what is left to do before the task can move on, in order. An empty list: nothing is in the way."""
    with _asked(context) as repository:
        now = status(repository, name)
        steps = [f"put back {path}, or ask a person for it: it is not in the task's files" for path in now.outside]
        steps += [f"do what {each.id} asks for: {each.text}" for each, met in now.met if not met]
        for each in now.blocked:
            steps.append(f"{each.code} {each.name}: {each.message}")
            steps += [f"  {fix}" for fix in each.fixes]
        steps += [f"wait for a person: request {each.number}, {each.wish}" for each in now.asked]
        return [inert(step) for step in steps]


def request_amendment(context: Context, task: str, paths: list[str], why: str, change: _Change = "") -> str:
    """Ask that a task (PLAN/TASK) may touch more paths, and say why. A person answers with `planfence approve N`.

    Who may amend the plan, as its planner, does so at once.
    """
    with _asked(context, vouched=True) as repository:
        plan_id, slash, task_id = task.partition("/")
        if not slash or not task_id:
            raise PlanfenceError(f"{task} names no task", hint="write it as PLAN/TASK")
        done, asked = requests.amend_or_ask(repository, plan_id, Amendment(task_id, paths, why, change))
        if asked is not None:
            return f"request {asked.number} waits for a person: {inert(asked.wish)}"
        if done.commit:
            return f"{inert(done.path)} is version {done.version} in {done.commit[:12]}"
        faults = tuple(f"{each.code} {each.message}" for each in done.report.errors)
        raise PlanfenceError("the amendment would be refused", more=faults)


async def run_tests(context: Context, name: str = "", staged: bool = False) -> str:
    """Run the policy's tests and the task's criteria on HEAD's tree, or on the staged one, and record the result.

    The last lines say what passed. `name` is PLAN/TASK; without it, the active task.
    """
    with _asked(context) as repository:
        if name.startswith("-"):
            raise ToolError(f"{inert(name)} names no task")
        # A process of its own: it may take minutes, and starts commands as only a process without threads may.
        # With -P no folder `planfence` of the repository is run, with -E none that a variable names.
        words = [sys.executable, "-E", "-P", "-m", "planfence", "test", *(["--staged"] if staged else [])]
        words += [name] if name else []
        variables = dict(repository.environment.variables)
        done = await anyio.run_process(words, env=variables, check=False, cwd=os.fspath(Path.cwd()))
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        if done.returncode:
            raise ToolError(said or f"planfence test ended with {done.returncode}")
        return said


@contextmanager
def _asked(context: Context, *, vouched: bool = False) -> Iterator[Repository]:
    """Open the repository for who asks, and tell them what is wrong in the words that a person would be told."""
    client = None if vouched else context.session.client_params
    try:
        yield _repository(client.client_info.name if client is not None else "")
    except PlanfenceError as error:
        raise ToolError(error_text(error)) from error


def _repository(client: str) -> Repository:
    """Open the repository as the model that asks.

    ``client`` is what its program calls itself: good enough for an answer, but it gives nobody a role to act in.
    """
    environment = env.current()
    repository = open_repository(environment, Path.cwd())
    if detect(environment, policy_of(repository).identity) != HUMAN:
        return repository
    variables = {**environment.variables, "PLANFENCE_MODEL": tables.announced(client)}
    return open_repository(environment.but(variables), Path.cwd())


def _checked(repository: Repository, path: str, action: Action | None) -> dict[str, Any]:
    if not path or "\0" in path:
        return {"path": inert(path), "allowed": False, "why": ["it is no path"]}
    denials = scope.judge_edits([Edit(path, action)], str(Path.cwd()), repository.environment).denials
    told: dict[str, Any] = {"path": path, "allowed": not denials}
    if denials:
        told |= {"why": [inert(each.why) for each in denials]}
        told |= {"ask": [inert(each.fix) for each in denials if each.fix]}
    return told
