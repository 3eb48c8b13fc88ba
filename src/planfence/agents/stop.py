"""The two ends of an agent's work: may it stop, and what did its session come to."""

from __future__ import annotations

from planfence.agents import session
from planfence.agents.payload import Payload
from planfence.agents.scope import Fence
from planfence.change import reader
from planfence.gitio import paths
from planfence.inert import inert
from planfence.judge.situation import Scene, look
from planfence.ledger import evidence
from planfence.ledger.records import believed_runs
from planfence.ledger.stages import Stage
from planfence.log import writer as log_writer
from planfence.report import costs

#: Days that a session's files are looked for.
_DAYS = 2


#: Claude Code's subagents that only read.
_READERS = frozenset({"Explore", "Plan", "claude-code-guide", "statusline-setup"})


def waits(asked: Payload) -> bool:
    """Whether whoever stops has no work to prove: a subagent of it is still at work, or it can only read.

    Claude Code lists a subagent that stops among its own `background_tasks`. A command in the background, as a server,
    may never end.
    """
    if asked.other.get("agent_type") in _READERS:
        return True
    mine = asked.other.get("agent_id")
    listed = asked.other.get("background_tasks")
    children = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    others = [each for each in children if each.get("id") != mine and each.get("type") != "shell"]
    return any(each.get("status") == "running" for each in others)


def unproven(here: Fence) -> str:
    """Say what keeps the agent from stopping: its tree has no passing tests. Empty: nothing does.

    Only while a task is implemented, and only if something was changed since the branch began.
    """
    if here.task is None or here.policy is None:
        return ""
    criteria = {each.id: each.run for each in here.task.acceptance if each.run}
    if not here.policy.tests.command and not criteria:
        return ""
    scene = look(here.repository, here.task_name)
    if scene.stage is not Stage.IMPLEMENT:
        return ""
    loose = _loose(here)
    if loose:
        named = inert(", ".join(loose[:5])) + (f" and {len(loose) - 5} more" if len(loose) > 5 else "")
        return (
            f"The work on {scene.name} is not tested as it stands: {named}.\n"
            "Stage what belongs to the task (`git add`), run `planfence test --staged`, and fix what fails."
        )
    tree = reader.staged(here.repository).tree
    begun = scene.base or scene.head
    if tree == here.repository.git.text("rev-parse", f"{begun}^{{tree}}"):
        return ""
    why = _why(scene, tree, criteria)
    command = "planfence test" if tree == scene.tree else "planfence test --staged"
    return (
        f"The tests of {scene.name} have not passed on this tree: {inert(why)}.\nRun `{command}`, and fix what fails."
        if why
        else ""
    )


def _loose(here: Fence) -> list[str]:
    """Return the task's files that are changed and not staged."""
    assert here.task is not None
    git = here.repository.git
    out = git.run("ls-files", "-z", "--modified", "--deleted")
    new = git.run("ls-files", "-z", "--others", "--exclude-standard")
    changed = [paths.decode(path) for path in out.split(b"\0") if path]
    added = [path for raw in new.split(b"\0") if raw and paths.matches(here.task.patterns, path := paths.decode(raw))]
    return list(dict.fromkeys([*changed, *added]))


def _why(scene: Scene, tree: str, criteria: dict[str, str]) -> str:
    runs = believed_runs(scene.repository, scene.book, scene.policy, tree)
    if scene.policy.tests.command:
        missing = evidence.missing(runs, tree, scene.policy.tests)
        if missing:
            return missing
    unmet = evidence.unmet(runs, tree, criteria)
    return f"not met yet: {', '.join(unmet)}" if unmet else ""


def close(here: Fence, asked: Payload) -> str:
    """Write a session's end to the log, with its minutes; return warnings, or an empty string.

    What it cost in a task is gathered when the task is finished; what ran outside any task is logged here.
    """
    assert here.policy is not None
    kept = session.read(here.repository, asked.session)
    times = [when for entry in kept if isinstance(when := entry.get("time"), int | float)]
    milliseconds = round((max(times) - min(times)) * 1000) if len(times) > 1 else 0
    touched = {path for entry in kept if isinstance(listed := entry.get("paths"), list) for path in listed}
    notes = [
        log_writer.record(
            here.repository,
            here.policy,
            event="session",
            result="ended",
            task=here.task_name,
            model=asked.agent,
            session=asked.session,
            ms=milliseconds,
            files=len(touched),
        )
    ]
    notes += costs.take_loose(here.repository, here.policy, _DAYS).notes
    return "\n".join(inert(f"planfence: {note}") for note in notes if note)
