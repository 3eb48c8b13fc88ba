"""Writes down, for the hooks' fast path, what one task allows under one policy.

The fast path proves a change clean by these lines alone: what the rules give as their proofs (`rules.rule.Proof`), and
what the log asks for. A policy or a plan that they can't say in full is not written down: then every hook runs the full
check.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from planfence import prover
from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.files.state import write_atomically
from planfence.gitio.repository import Repository
from planfence.hooks import lightrepository
from planfence.judge.sources import Governing
from planfence.ledger.stages import Facts
from planfence.log.writer import no_place
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import claimed_elsewhere
from planfence.rules.runner import clauses

#: More files than this are never kept: the oldest go first.
_MOST = 256


def compile_plan(policy: Policy, plan: Plan | None, task: Task | None, facts: Facts | None = None) -> bytes | None:
    """Return the compiled plan, or None if the fast path could not prove what this policy and plan ask.

    ``facts`` have the tasks' claims: what others claim is barred.
    """
    said = clauses(policy, plan, task)
    if said is not None and facts is not None and plan is not None and task is not None:
        said += claimed_elsewhere.bars(facts, plan, task)
    if said is None or policy.plans != "plans" or "/" in policy.log or (task is None and not policy.unplanned.files):
        return None
    lines = [
        *(f"made {prover.made().decode()}", f"log {policy.log}"),
        # Nothing is appended to a log that git tracks, so a commit that adds it goes the full way.
        *(f"governs {policy.log}", *([f"theme {task.theme}"] if task else []), *said),
        *(f"identity {name}" for name in policy.identity),
    ]
    body = "".join(f"{line}\n" for line in lines)
    plain = body.isascii() and all(line.isprintable() for line in lines)
    return body.encode() if plain and policy.log not in ("", ".", "..") and policy.log.lower() != ".git" else None


def store(
    repository: Repository, governing: Governing, plan: Plan | None, task_name: str, facts: Facts | None = None
) -> str:
    """Write down what the fast path needs for this task (empty: for work without one); return the file's name.

    The name is empty if the fast path can't be had.
    """
    plan_entry, task = None, None
    if governing.policy is not None and task_name:
        plan_id, _, task_id = task_name.partition("/")
        plan_entry = governing.plans.get(governing.policy.plan_path(plan_id))
        task = plan.task(task_id) if plan else None
    if governing.policy is None or (task_name and (plan_entry is None or task is None)):
        return ""
    body = compile_plan(governing.policy, plan, task, facts)
    if body is None:
        return ""
    ids = governing.policy_id, plan_entry.id if plan_entry else ""
    # What others claim comes and goes under one policy and plan: each such text has a name of its own.
    words = task_name.encode("utf-8", "surrogateescape"), lightrepository.digest(body)
    name = lightrepository.cache_name(ids[0].encode(), ids[1].encode(), b" ".join(words)).decode()
    if no_place(repository, "log", governing.policy.log):
        with suppress(OSError):
            (repository.cache_dir / name).unlink()
        return ""
    return name if _put(repository.cache_dir, name, body) else ""


def _put(folder: Path, name: str, body: bytes) -> bool:
    """Store ``body`` under a name; return whether it is there (a folder that can't be written is not a failure)."""
    path = folder / name
    data = lightrepository.digest(body) + b"\n" + body
    try:
        if path.is_file() and read_plain(path) == data:
            return True
        write_atomically(path, data)
        _prune(folder)
    except (OSError, CouldNotCheck):
        return False
    return True


def _prune(folder: Path) -> None:
    with os.scandir(folder) as found:
        files = sorted((entry.stat().st_mtime, entry.path) for entry in found if entry.is_file())
    for _, path in files[: max(0, len(files) - _MOST)]:
        os.unlink(path)
