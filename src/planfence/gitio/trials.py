"""Trials' rules, one ref each to a blob of JSON: fixed when the trial starts, shared by all worktrees, pushable."""

from __future__ import annotations

import json

from planfence.errors import PlanfenceError
from planfence.foreignjson import objects
from planfence.gitio.repository import Repository

REFS = "refs/planfence/trials"


def read(repository: Repository) -> dict[str, dict[str, object]]:
    """All trials by id; a ref that holds no JSON object is an error, since rules must not get lost silently."""
    git = repository.git
    found = {}
    for name, blob in git.refs(REFS).items():
        value = next(objects([git.run("cat-file", "blob", blob)]), None)
        if value is None:
            raise PlanfenceError(f"{name} holds no trial", hint=f"look at it: `git show {name}`")
        found[name.removeprefix(f"{REFS}/")] = value
    return found


def write(repository: Repository, name: str, rules: dict[str, object], *, new: bool) -> None:
    """Store a trial; a ``new`` one must not be there yet, another must not have changed meanwhile.

    Raises :class:`PlanfenceError` for a name that git takes for no ref, and if somebody was faster.
    """
    git, ref = repository.git, f"{REFS}/{name}"
    if git.status("check-ref-format", ref)[0] != 0:
        raise PlanfenceError(f"{name!r} can't name a trial", hint="use letters, digits and `-`")
    old = repository.zero if new else git.text("rev-parse", "--verify", ref)
    data = json.dumps(rules, indent=1, sort_keys=True).encode() + b"\n"
    blob = git.text("hash-object", "-w", "-t", "blob", "--stdin", stdin=data)
    status, _ = git.status("update-ref", "--no-deref", ref, blob, old, ok=(0, 1, 128))
    if status != 0:
        raise PlanfenceError(
            f"the trial {name} is there already, or was changed just now", hint="planfence trial status"
        )
