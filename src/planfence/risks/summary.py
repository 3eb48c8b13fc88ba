"""What a change amounts to: its files theme by theme, and its risky diffs first."""

from __future__ import annotations

import gc
from collections import Counter

from planfence import risks
from planfence.change import reader
from planfence.change.hunkreader import read_files
from planfence.change.hunks import FileDiff
from planfence.change.patchfile import PatchFile, as_patch
from planfence.content.mixing import mixtures
from planfence.errors import PlanfenceError
from planfence.gitio.repository import Repository
from planfence.judge import content
from planfence.judge.attribution import active_task
from planfence.judge.sources import Sources
from planfence.ledger.records import branch_base
from planfence.manifest.plan import Plan
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace
from planfence.risks import RiskFound

#: Changed lines above which kinds of hunks are not judged: nobody waits for that, and nobody reads it.
MOST_JUDGED = 10_000


@dataclass(frozen=True, slots=True)
class Summary:
    """A change: what it is called, its files, its risky places, and which theme each path is of (empty: none).

    ``lines`` counts changed lines by kind, the most first; ``mixed`` says why it looks like several changes.
    """

    title: str
    files: tuple[PatchFile, ...]
    found: tuple[RiskFound, ...]
    themes: dict[str, str]
    lines: tuple[tuple[str, int], ...] = ()
    mixed: tuple[str, ...] = ()

    @property
    def weight(self) -> int:
        """How risky it is, in one number (`risks.weigh`)."""
        return risks.weigh(self.found)


def summarise(repository: Repository, *, revision: str = "", span: str = "", staged: bool = False) -> Summary:
    """Summarise one commit, a range `A..B` (from the merge base), the staged tree, or the branch.

    Without a word: the staged tree, or with nothing staged the branch since its merge base.
    """
    title, old, new = _trees(repository, revision, span, staged)
    diffs, files = _read(repository, old, new)
    summary = _summed_up(repository, title, files)
    if sum(len(file.added) + len(file.removed) for file in summary.files) > MOST_JUDGED:
        return summary
    judged = content.of(diffs)
    lines: Counter[str] = Counter()
    for one in judged:
        lines[str(one.kind)] += one.unit.lines
    mixed = tuple(mixture.reason for mixture in mixtures(judged))
    return replace(summary, lines=tuple(lines.most_common()), mixed=mixed)


def between(repository: Repository, old: str, new: str, title: str) -> Summary:
    """Summarise what lies between two trees."""
    return _summed_up(repository, title, _read(repository, old, new)[1])


def _read(repository: Repository, old: str, new: str) -> tuple[tuple[FileDiff, ...], tuple[PatchFile, ...]]:
    collecting = gc.isenabled()
    gc.disable()  # hundreds of thousands of objects may be made here, and none of them is garbage yet
    try:
        diffs = read_files(repository, old, new, None)  # secrets are looked for in texts of any size
        return diffs, tuple(map(as_patch, diffs))
    finally:
        if collecting:
            gc.enable()


def _summed_up(repository: Repository, title: str, files: tuple[PatchFile, ...]) -> Summary:
    plan, theme = _plan(repository)
    themes = {file.path: _theme(plan, theme, file.path) for file in files}
    return Summary(title, files, tuple(risks.find(files)), themes)


def _trees(repository: Repository, revision: str, span: str, staged: bool) -> tuple[str, str, str]:
    if revision:
        commit = reader.resolve(repository, revision)
        parents = repository.git.text("rev-list", "--parents", "-n1", commit).split()[1:]
        return f"commit {commit[:12]}", parents[0] if parents else repository.empty_tree(), commit
    if span:
        first, dots, last = span.partition("..")
        if not dots:
            raise PlanfenceError(f"{span} is not a range", hint="write it as A..B")
        old, new = (reader.resolve(repository, name or "HEAD") for name in (first, last.removeprefix(".")))
        base = repository.git.text("merge-base", old, new, ok=(0, 1)) or old
        return f"{span} ({base[:12]} to {new[:12]})", base, new
    change = reader.staged(repository)
    head = reader.head(repository)
    if staged or change.files:
        return "staged", head or repository.empty_tree(), change.tree
    policy = Sources(repository.objects).policy(head) or Policy()
    base = branch_base(repository, policy)
    if not base:
        raise PlanfenceError(
            f"nothing is staged, and there is no {policy.base} to compare with", hint="name --commit or --range"
        )
    return f"this branch since {base[:12]}", base, head


def _plan(repository: Repository) -> tuple[Plan | None, str]:
    """Return the active task's plan and theme, for the files' themes."""
    name = active_task(repository)
    plan_id, _, task_id = name.partition("/")
    if not task_id:
        return None, ""
    sources = Sources(repository.objects)
    plan = sources.plan(sources.at(reader.head(repository)), plan_id)
    task = plan.task(task_id) if plan is not None else None
    return plan, task.theme if task is not None else ""


def _theme(plan: Plan | None, own: str, path: str) -> str:
    claimed = plan.themes_of(path) if plan is not None else ()
    return own if own in claimed else next(iter(claimed), "")
