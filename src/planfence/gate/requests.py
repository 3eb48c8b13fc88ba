"""What models ask people for: a wider plan, a role, a file that two tasks share.

A request waits until a person approves or drops it.

Requests are lines of a file in the shared git directory, which all worktrees see; it only grows. They decide nothing:
an approved one is done as if the person had typed it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from planfence.errors import CouldNotCheck, PlanfenceError, a_persons
from planfence.files.append import append_line
from planfence.files.plain import open_plain
from planfence.finding import Report
from planfence.foreignjson import objects
from planfence.gate import budget, stage
from planfence.gitio.repository import Repository, open_repository
from planfence.identity import detect
from planfence.judge.situation import Scene, look
from planfence.ledger.records import new_id, now
from planfence.log import writer
from planfence.manifest.amendment import Amendment
from planfence.manifest.budget import Budget
from planfence.manifest.policy import Policy
from planfence.plan.amend import Amended, amend_plan
from planfence.records import dataclass, replace
from planfence.tables import HUMAN

#: What a person alone, or the planner, may do: a model's amendment that only these rules refuse is a request.
_ONLY_FENCE = frozenset({"PLN002", "ROL001"})
#: The kinds of requests, each with what it can't be without.
KINDS = {"amend": "adds", "take-over": "to", "handover": "to", "share": "adds", "budget": "change"}
_LARGEST = 1 << 22
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``number`` is its place among all; ``kind`` is one of :data:`KINDS`.

    ``adds`` and ``change`` are the amendment's; ``adds`` is also what would be shared, ``change`` by how much a budget
    would be raised. ``to`` is who would hold the role. ``closed`` is how it ended (empty: it waits).
    """

    number: int
    id: str
    kind: str
    task: str
    model: str
    why: str
    worktree: str
    adds: tuple[str, ...] = ()
    change: str = ""
    to: str = ""
    at: str = ""
    closed: str = ""

    @property
    def wish(self) -> str:
        """What is asked for, in words."""
        if self.kind == "amend":
            return f"let {self.task} touch {', '.join(self.adds)}" + (f" ({self.change})" if self.change else "")
        if self.kind == "share":
            return f"let {self.task} change {', '.join(self.adds)} besides the task that claims it"
        if self.kind == "budget":
            return f"let {self.task} cost {budget.words(budget.read(self.change))} more"
        return f"give the role in {self.task} to {self.to}"


def requests(repository: Repository) -> tuple[Request, ...]:
    """Return all requests, oldest first. What can't be read of the file is left out."""
    try:
        with open_plain(_file(repository)) as file:
            lines = file.read(_LARGEST).splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise CouldNotCheck(f"the requests can't be read: {error.strerror}") from error
    found: dict[str, Request] = {}
    for told in objects(lines):
        ended = found.get(str(told.get("request")))
        if ended is not None:
            found[ended.id] = replace(ended, closed=ended.closed or str(told.get("closed"))[:_LONGEST])
        elif (request := _read(told, len(found) + 1)) is not None:
            found.setdefault(request.id, request)
    return tuple(found.values())


def waiting(repository: Repository) -> tuple[Request, ...]:
    """Return the requests that nobody has decided."""
    return tuple(each for each in requests(repository) if not each.closed)


def amend_or_ask(repository: Repository, plan_id: str, wanted: Amendment) -> tuple[Amended, Request | None]:
    """Amend the plan, or leave a request if the model that asks may not; raises as `plan.amend.amend_plan`."""
    done = amend_plan(repository, plan_id, wanted)
    model = detect(repository.environment, done.policy.identity)
    refused = {finding.code for finding in done.report.errors}
    if done.commit:
        met = stage.renew(repository, f"{plan_id}/{wanted.task_id}")
        return replace(done, notes=(*done.notes, *met)), None
    if model == HUMAN or not refused <= _ONLY_FENCE:
        return done, None
    asked = {"kind": "amend", "task": f"{plan_id}/{wanted.task_id}", "why": wanted.why}
    return done, _ask(repository, done.policy, model, asked | {"adds": list(wanted.adds), "change": wanted.change})


def ask_role(scene: Scene, kind: str, to: str, why: str) -> Request | None:
    """Leave a request for a role if a model asks for one (``to`` empty: for itself); None: a person is at work."""
    if scene.model == HUMAN:
        return None
    if not why.strip():
        raise PlanfenceError("a request needs a reason")
    asked = {"kind": kind, "task": scene.name, "why": why, "to": to or scene.model}
    return _ask(scene.repository, scene.policy, scene.model, asked)


def ask_share(scene: Scene, shared: tuple[str, ...], why: str) -> Request | None:
    """Leave a request to share files if a model asks for it; None: a person is at work."""
    from planfence.gate.claims import checked_shares

    if scene.model == HUMAN:
        return None
    checked_shares(scene, shared, why)
    asked = {"kind": "share", "task": scene.name, "why": why, "adds": list(shared)}
    return _ask(scene.repository, scene.policy, scene.model, asked)


def ask_budget(scene: Scene, more: Budget, why: str) -> Request | None:
    """Leave a request for a higher budget if a model asks for it; None: a person is at work."""
    budget.checked(scene, more, why)
    if scene.model == HUMAN:
        return None
    asked = {"kind": "budget", "task": scene.name, "why": why, "change": budget.written(more)}
    return _ask(scene.repository, scene.policy, scene.model, asked)


def approve(repository: Repository, policy: Policy, number: int) -> str:
    """Do what a request asks for, in its own worktree, as the person who approves it; say what was done.

    Raises :class:`PlanfenceError` if a model asks, if there is no such request, or if it can't be done.
    """
    request = _open(repository, policy, number, "approves")
    place, drop = Path(request.worktree), f"planfence requests --drop {number}"
    if not place.is_dir():
        raise PlanfenceError(f"the worktree {place} is gone", hint=drop)
    environment = repository.environment
    there = open_repository(environment.but(environment.for_child()), place)
    if there.common_dir.resolve() != repository.common_dir.resolve():
        raise PlanfenceError(f"{place} is not a worktree of this clone", hint=drop)
    why = f"{request.why} (asked for by {request.model})"
    may = f"{request.task} may {request.wish.removeprefix(f'let {request.task} ')}"
    if request.kind == "amend":
        plan_id, _, task_id = request.task.partition("/")
        done = amend_plan(there, plan_id, Amendment(task_id, request.adds, why, request.change))
        if not done.commit:
            raise PlanfenceError(f"the amendment would be refused:\n{_faults(done.report)}", hint=drop)
        stage.renew(there, request.task)
        told = f"{done.path} is version {done.version} in {done.commit[:12]}; {may}"
    elif request.kind == "share":
        moved = stage.start(look(there, request.task), stage.StartOptions(shared=request.adds, why=why))
        if moved.refused:
            raise PlanfenceError(f"{request.task} can't start:\n{_faults(moved.report)}", hint=drop)
        told = f"{request.task} is active in {place}: {may}"
    elif request.kind == "budget":
        budget.raise_budget(look(there, request.task), budget.read(request.change), why)
        told = may
    else:
        moved = stage.hand_over(look(there, request.task), why, request.to)
        told = f"{request.task}: {moved.stage} is held by {request.to}"
    _close(repository, request, "approved")
    return told


def _faults(report: Report) -> str:
    return "\n".join(f"{each.code} {each.message}" for each in report.errors)


def drop(repository: Repository, policy: Policy, number: int) -> Request:
    """Close a request without doing it."""
    request = _open(repository, policy, number, "drops")
    _close(repository, request, "dropped")
    return request


def _open(repository: Repository, policy: Policy, number: int, verb: str) -> Request:
    who = detect(repository.environment, policy.identity)
    if who != HUMAN:
        raise a_persons(f"{verb} a request", who)
    found = next((each for each in requests(repository) if each.number == number), None)
    if found is None:
        raise PlanfenceError(f"there is no request {number}", hint="see `planfence requests`")
    if found.closed:
        raise PlanfenceError(f"request {number} is {found.closed} already")
    return found


def _ask(repository: Repository, policy: Policy, model: str, asked: dict[str, Any]) -> Request:
    known = _read(told := asked | {"id": new_id(), "model": model, "worktree": str(repository.top), "at": now()}, 0)
    if known is None:
        raise PlanfenceError("the request is too long, or not UTF-8", hint="say it in fewer words")
    same = next((each for each in waiting(repository) if _about(each) == _about(known)), None)
    if same is not None:
        return same
    _append(repository, told)
    kept = next((each for each in requests(repository) if each.id == known.id), None)
    if kept is None:
        raise CouldNotCheck("the request was not kept: there are too many", hint=f"move {_file(repository)} away")
    writer.record(repository, policy, event="request", result="waits", task=known.task, model=model, why=known.wish)
    return kept


def _about(request: Request) -> tuple[object, ...]:
    return request.kind, request.task, request.adds, request.change, request.to, request.worktree


def _close(repository: Repository, request: Request, how: str) -> None:
    _append(repository, {"request": request.id, "closed": how, "at": now()})


def _append(repository: Repository, told: dict[str, Any]) -> None:
    path = _file(repository)
    path.parent.mkdir(parents=True, exist_ok=True)
    if warning := append_line(os.fspath(path), json.dumps(told, ensure_ascii=True)):
        raise CouldNotCheck(f"the request could not be kept: {warning}")


def _read(told: dict[str, Any], number: int) -> Request | None:
    names = ("id", "kind", "task", "model", "why", "worktree", "change", "to", "at")
    adds, texts = told.get("adds", []), {name: told.get(name, "") for name in names}
    if not isinstance(adds, list) or not all(map(_is_text, (*adds, *texts.values()))):
        return None
    needed = KINDS.get(texts["kind"], "")
    if not needed or not all(adds) or not all((texts | {"adds": adds})[name] for name in (needed, "id", "task", "why")):
        return None
    return Request(number=number, adds=tuple(adds), **texts)


def _is_text(value: object) -> bool:
    """Whether a value of a line is a text that can be shown and kept: none with half a character."""
    return isinstance(value, str) and len(value) <= _LONGEST and not any("\ud800" <= char <= "\udfff" for char in value)


def _file(repository: Repository) -> Path:
    return repository.common_dir / "planfence" / "requests.jsonl"
