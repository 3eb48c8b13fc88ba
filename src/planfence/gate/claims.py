"""Which files a task would share with other active tasks: what `start` refuses, and what `sync` tells."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from planfence.change import reader
from planfence.errors import PlanfenceError
from planfence.files.state import write_atomically
from planfence.finding import Finding, Severity
from planfence.gitio import paths
from planfence.gitio.globs import overlap
from planfence.gitio.repository import Repository
from planfence.gitio.worktrees import Worktree, worktrees
from planfence.inert import listed
from planfence.judge.situation import Scene
from planfence.ledger.holds import Hold, Holds, ordered
from planfence.ledger.lineage import plan_at
from planfence.ledger.records import read_holds
from planfence.ledger.refs import Ledger
from planfence.ledger.transitions import MOST_PATTERNS, Claim, is_too_large
from planfence.manifest.policy import Policy
from planfence.manifest.tablereader import quoted
from planfence.records import dataclass
from planfence.rules import claimed_elsewhere
from planfence.rules.ways import quote

#: Changes with each start and with what `sync` brings: a note of what may be edited is good for one content of it.
MARK = "claims"
#: So many files are named; the rest is counted.
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Contest:
    """The files that a task and another one's claim can both name, and where the other is worked on."""

    other: Hold
    files: tuple[str, ...]
    where: str

    @property
    def who(self) -> str:
        """The other task, who began it, when and where."""
        return f"{self.other.task} ({self.other.model}, since {self.other.since}, {self.where})"

    @property
    def named(self) -> str:
        """The files in words."""
        return listed(self.files, _SHOWN)


def claim_of(scene: Scene, shared: Sequence[str] = (), over: Sequence[str] = ()) -> Claim:
    """What the task claims by its plan at HEAD, but for the files that govern, which no task claims.

    Raises :class:`PlanfenceError` for more than a record may hold.
    """
    if any(map(is_too_large, (scene.task.patterns, scene.task.deny, shared))):
        raise PlanfenceError(
            f"{scene.name} lists more than {MOST_PATTERNS} patterns, or longer ones than a claim may hold",
            hint="name folders (`src/auth/**`) instead of files, or split the task",
        )
    return Claim(scene.task.patterns, scene.task.deny, tuple(shared), tuple(over))


def contests(scene: Scene) -> tuple[Contest, ...]:
    """Return what other tasks claim of this one's files, stale claims included.

    Two patterns meet in a file that is tracked here or where the other task is worked on, or that one of the tasks
    names literally.
    """
    own = claim_of(scene)
    found = []
    others = scene.facts.holds.beside(scene.name, scene.plan, scene.task)
    known = worktrees(scene.repository) if others else ()
    for other in others:
        there = next((place for place in known if place.task == other.task), None)
        files = _common(scene.repository, own, other.claim, [scene.head, there.head if there else ""])
        files = tuple(path for path in files if not scene.policy.governs(path))
        if files:
            found.append(Contest(other, files, _where(scene.repository, other, there)))
    return tuple(found)


def _common(repository: Repository, one: Claim, other: Claim, commits: Iterable[str]) -> tuple[str, ...]:
    """The existing and the literally planned paths that both claims name."""
    pairs = [(mine, theirs) for mine in one.files for theirs in other.files if overlap(mine, theirs)]
    planned = [pattern for pair in pairs for pattern in pair if paths.is_literal(pattern)]
    names = dict.fromkeys(planned)
    if any(not paths.is_literal(mine) and not paths.is_literal(theirs) for mine, theirs in pairs):
        for commit in dict.fromkeys(filter(None, commits)):
            names |= dict.fromkeys(reader.tree_paths(repository, commit))
    return tuple(sorted(path for path in names if _names(one, path) and _names(other, path)))


def _names(claim: Claim, path: str) -> bool:
    return paths.matches(claim.files, path) and not paths.matches(claim.deny, path)


def _where(repository: Repository, hold: Hold, place: Worktree | None) -> str:
    if place is not None:
        return f"in {place.shown}"
    own = hold.start.entry in Ledger(repository).own()
    return "active in no worktree of this clone" if own else "in another clone"


def in_the_way(scene: Scene, found: Iterable[Contest], shared: Sequence[str]) -> Iterator[Finding]:
    """Yield what refuses a start: a file that another task claimed first, and that nobody shares."""
    own, rule = scene.facts.holds.of(scene.name), claimed_elsewhere.RULE
    if rule.severity_under(scene.policy) is Severity.OFF:
        return
    for each in found:
        if scene.facts.holds.stale(each.other) or (own is not None and own.came_before(each.other)):
            continue
        known = (*shared, *(own.shared if own else ()), *each.other.shared)
        left = tuple(path for path in each.files if not paths.matches(known, path))
        if not left:
            continue
        lone = Contest(each.other, left, each.where)
        options = " ".join(f"--share {quote(path)}" for path in left[:_SHOWN])
        yield Finding(
            rule.code,
            rule.name,
            Severity.ERROR,
            f"{scene.name} and {lone.who} both claim {lone.named}",
            change=scene.head,
            fixes=(
                f"wait until {each.other.task} is done (`planfence status {each.other.task}`), or put one before the"
                " other: `depends_on`",
                f'or a person shares them: planfence start {scene.name} {options} --why "why both change it"',
            ),
        )


def told(scene: Scene, found: Iterable[Contest]) -> Iterator[str]:
    """Say what a start meets and goes on all the same."""
    for each in found:
        if scene.facts.holds.stale(each.other):
            yield f"the claim of {each.who} on {each.named} is stale, and ends here"
        else:
            yield f"{each.who} may change {each.named} too"


def checked_shares(scene: Scene, shared: Sequence[str], why: str) -> None:
    """Raise :class:`PlanfenceError` for a share that is not a path of the task's, or without a reason."""
    for pattern in shared:
        problem = paths.fault(pattern)
        if problem is not None:
            raise PlanfenceError(f"--share {quoted(pattern)}: {problem[0]}", hint=problem[1])
        if not any(overlap(pattern, own) for own in scene.task.patterns):
            raise PlanfenceError(f"{pattern} is not among the files of {scene.name}", hint="share what the task lists")
    if shared and not why.strip():
        raise PlanfenceError("a share needs a reason", hint='say it: `--why "…"`')


def mark(repository: Repository) -> None:
    """See to it that no note of what may be edited outlives a change of the claims."""
    write_atomically(repository.common_dir / "planfence" / MARK, os.urandom(8).hex().encode() + b"\n")


def after_sync(repository: Repository, policy: Policy) -> tuple[str, ...]:
    """Say which claims of this clone meet those of others that did not know of them, and who was first."""
    if claimed_elsewhere.RULE.severity_under(policy) is Severity.OFF:
        return ()
    holds = read_holds(repository, policy)
    entries = set(Ledger(repository).own()) if holds.all else set()
    mine = [hold for hold in holds.all if hold.start.entry in entries and not holds.stale(hold)]
    others = [hold for hold in holds.all if hold.start.entry not in entries]
    known = worktrees(repository) if mine and others else ()
    return tuple(
        said for own in mine for other in others if (said := _meeting(repository, policy, holds, known, (own, other)))
    )


def _meeting(
    repository: Repository, policy: Policy, holds: Holds, known: Sequence[Worktree], pair: tuple[Hold, Hold]
) -> str:
    own, other = pair
    place = next((each for each in known if each.task == own.task), None)
    head = (place.head if place else "") or "HEAD"
    plan = plan_at(repository, head, policy.plan_path(own.task.partition("/")[0]))
    task = plan.task(own.task.partition("/")[2]) if plan else None
    if plan and task and ordered(plan, task, other.task):
        return ""
    files = _common(repository, own.claim, other.claim, [head])
    files = tuple(path for path in files if not own.shares(path) and not other.shares(path))
    if not files or holds.stale(other):
        return ""
    met = Contest(other, files, "in another clone")
    first = own if own.came_before(other) else other
    if own.task == other.task:
        where = "here" if first is own else "there"
        return f"{own.task} was begun in two clones: here, and by {met.who}; begun first {where}"
    said = f"{own.task} and {met.who} both claim {met.named}; {first.task} was first"
    if first is own:
        return said
    options = " ".join(f"--share {quote(path)}" for path in files[:_SHOWN])
    return f'{said}: let {own.task} wait, or a person shares them: planfence start {own.task} {options} --why "…"'
