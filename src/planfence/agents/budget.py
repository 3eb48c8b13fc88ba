"""A task's budget while an agent works: what is told at a prompt, what holds an edit and a stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from planfence.agents import budgetpath, session
from planfence.agents.paths import Denial
from planfence.agents.payload import Payload
from planfence.agents.scope import Fence
from planfence.errors import CouldNotCheck
from planfence.files.state import write_atomically
from planfence.gate.budget import NEARLY, Account, accounts
from planfence.gitio.repository import Repository
from planfence.inert import inert
from planfence.manifest.budget import KINDS
from planfence.report import prices

#: The agents whose sessions are read; what others spend is not known.
READ = frozenset({"claude", "codex"})
_LONGEST_NAME = 4096


def look(here: Fence, asked: Payload) -> tuple[Account, ...]:
    """Return the accounts of the worktree's task, and leave word of what is left for the light entry."""
    if not here.limited or here.policy is None or here.plan is None or here.task is None:
        return ()
    session.know_transcript(here.repository, asked)
    found = accounts(here.repository, here.policy, here.plan, here.task, here.head)
    _leave(here.repository, here.task_name, found)
    return found


def told(here: Fence, asked: Payload) -> str:
    """Say at a prompt what is spent: once a session when a limit is nearly reached, and once when it is.

    What has no price, or is spent by an agent whose sessions are not read, is said once a session too.
    """
    found = look(here, asked)
    lines: list[str] = []
    marks: list[str] = []
    for account in found:
        if account.share >= NEARLY or account.spent.unpriced or account.spent.unread:
            lines += account.lines
            near = "spent" if account.is_spent else "nearly" if account.share >= NEARLY else ""
            marks.append(
                f"{account.name} {near} {account.limit} {sorted(account.spent.unpriced)} {account.spent.unread > 0}"
            )
    if asked.agent not in READ and any(each.limit.usd or each.limit.tokens for each in found):
        marks.append(f"no sessions of {asked.agent}")
        lines.append(f"What {asked.agent} spends is not known: its sessions are not read.")
    mark = "\n".join(marks)
    if not lines or session.heard(here.repository, asked.session, mark):
        return ""
    session.note(here.repository, asked, mark)
    spent = [each for each in found if each.is_spent]
    if spent:
        lines += [_AFTER, *(f"  {line}" for line in _raises(spent))]
    elif any(each.share >= NEARLY for each in found):
        lines.append("Finish what is begun, and say what is left, before it is spent.")
    return "\n".join(["planfence: the budget of this task:", *map(inert, lines)])


#: What is said once a budget is spent; the lines to ask for follow.
_AFTER = (
    "Edits are held until a person raises it. Nothing is lost: commit what is done, say what is left, and ask for it:"
)


def held(here: Fence, asked: Payload) -> str:
    """Say why a stop is held once: the budget is spent, on what, and what to ask for. Empty: it is not."""
    spent = [account for account in look(here, asked) if account.is_spent]
    lines = [line for account in spent for line in account.lines]
    said = ["The budget is spent.", *lines, _AFTER, *(f"  {line}" for line in _raises(spent))]
    return "\n".join(map(inert, said)) if spent else ""


def denials(here: Fence, asked: Payload) -> Iterator[Denial]:
    """Yield why an edit is held: the budget is spent, and on what."""
    for account in look(here, asked):
        if account.is_spent:
            said = "; ".join(line.strip() for line in account.lines)
            yield Denial("the budget is spent", said, next(_raises([account])))


def _raises(spent: list[Account]) -> Iterator[str]:
    for account in spent:
        options = " ".join(f"--add-{name} N" for name, share in account.shares.items() if share >= 1)
        yield f'planfence budget {account.task} {options} --why "…"'


def _leave(repository: Repository, task: str, found: tuple[Account, ...]) -> None:
    """Write down what is left; what can't be written leaves every edit to the full judgement."""
    path = Path(budgetpath.file_of(str(repository.git_dir)))
    try:
        write_atomically(path, "\n".join(_lines(task, found)).encode("utf-8", "surrogateescape"))
    except (CouldNotCheck, ValueError):
        path.unlink(missing_ok=True)


def _lines(task: str, found: tuple[Account, ...]) -> Iterator[str]:
    yield budgetpath.HEADER
    yield task
    left = {name: min((_left(account, name) for account in found), default=float("inf")) for name in KINDS}
    yield f"left {left['usd']!r} {left['tokens']!r} {time.time() + left['min'] * 60!r}"
    now, spent = int(time.time()), [account.spent for account in found]
    for agent, model in dict.fromkeys((turn.agent, turn.model) for each in spent for turn in each.turns):
        rate = prices.rates(agent, model, now) or (0.0, 0.0, 0.0, 0.0)  # without a price it is in no dollars
        yield f"rate {','.join(map(repr, rate))} {_line(model)}"
    for path, size in {path: size for each in spent for path, size in each.files.items()}.items():
        yield f"file {size} {_line(str(path))}"
        folder = path.with_suffix("") / "subagents"
        yield f"folder {len(list(folder.iterdir())) if folder.is_dir() else 0} {_line(str(folder))}"
    yield "end"
    yield ""


def _left(account: Account, name: str) -> float:
    limit = account.limit.of(name)
    return limit - account.spent.of(name) if limit else float("inf")


def _line(name: str) -> str:
    if "\n" in name or len(name) > _LONGEST_NAME:
        raise ValueError(name)
    return name
