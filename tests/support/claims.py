"""Plans whose tasks claim the same files, worktrees in which they are begun, and what a log of starts must keep to."""

from __future__ import annotations

from collections.abc import Iterable

from support.repository import Repo

from planfence.ledger.holds import holds_of
from planfence.ledger.records import read_book

PLAN = """\
schema = 1
id = "{id}"
version = 1
goal = "something"
out_of_scope = ["x"]
risks = [{{ risk = "x", mitigation = "y" }}]
rollback = "revert"
[themes.own]
paths = ["**"]
"""
TASK = """\
[[tasks]]
id = "{id}"
title = "T"
theme = "own"
estimate_min = 45
files = [{files}]
deny = [{deny}]
depends_on = [{needs}]
acceptance = [{{ id = "A1", text = "it works", review = true }}]
"""


def plan(name: str, **tasks: str) -> str:
    """A plan; each task's files are words, `!` before what it denies, `>` before what it waits for."""
    text = PLAN.format(id=name)
    for task, said in tasks.items():
        words = said.split()
        files = ", ".join(f'{{ path = "{word}" }}' for word in words if word[0] not in "!>")
        deny = ", ".join(f'"{word[1:]}"' for word in words if word[0] == "!")
        needs = ", ".join(f'"{word[1:]}"' for word in words if word[0] == ">")
        text += TASK.format(id=task, files=files, deny=deny, needs=needs)
    return text


def planned(repo: Repo, policy: str = "", **plans: dict[str, str]) -> Repo:
    """Commit plans, by name their tasks, and a few files."""
    for name, tasks in plans.items():
        repo.write(f"plans/{name}.toml", plan(name, **tasks))
    for path in ("src/a.py", "src/b.py", "src/keys/k.py", "docs/a.md"):
        repo.write(path)
    off = "".join(f'rules.{name} = "off"\n' for name in ("pattern-too-wide", "tasks-overlap", "path-unknown"))
    repo.write("planfence.toml", f"schema = 1\n{off}{policy}")
    repo.commit("chore: plans")
    return repo


def worktree(repo: Repo, name: str) -> Repo:
    """Add a linked worktree on a branch of its own, beside the repository."""
    place = repo.root.parent / name
    repo.git("worktree", "add", "-q", "-b", name, str(place))
    return Repo(place, repo.variables, dict(repo.extra))


def wrong_claims(repo: Repo, files: Iterable[str]) -> list[str]:
    """The files that two tasks claim at once, and that nobody shares."""
    holds = holds_of(read_book(repo.open()).moves)
    return [
        f"{one.task} {other.task} {path}"
        for index, one in enumerate(holds)
        for other in holds[:index]
        for path in files
        if one.names(path) and other.names(path) and not one.shares(path) and not other.shares(path)
    ]
