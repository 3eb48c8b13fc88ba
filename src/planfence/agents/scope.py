"""What a path that an agent is about to write would meet at the commit: the same rules, asked earlier.

Each path is judged in the worktree that it stands in, whatever directory the agent is in, by the
policy and the plan at that worktree's HEAD. A path in no repository, or in one without a policy, is
none of ours, and neither is a file that git ignores.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence, Set
from pathlib import Path

from planfence.agents.patch import Edit
from planfence.agents.paths import Denial, real, switch, top_of, without_git
from planfence.change import reader, unsafenames
from planfence.change.change import STAGED, Action, Change, FileChange, Mode
from planfence.env import Environment
from planfence.files.state import read_active_task
from planfence.finding import Finding
from planfence.gitio import paths
from planfence.gitio.repository import Repository, open_repository
from planfence.identity import detect
from planfence.judge.sources import Governing, Sources
from planfence.ledger.holds import Holds
from planfence.ledger.stages import Facts
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace
from planfence.rules import claimed_elsewhere
from planfence.rules.refusalcontext import At, RefusalContext
from planfence.rules.rule import Context, NextStep, Route
from planfence.rules.runner import judge, route, selected
from planfence.tables import HUMAN

#: So many paths are given to one process of git: a list of words has its limit.
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Fence:
    """What governs a worktree now: None for policy if nothing does."""

    repository: Repository
    head: str
    governing: Governing
    task_name: str
    plan: Plan | None
    task: Task | None

    @property
    def policy(self) -> Policy | None:
        """The policy at HEAD, or None."""
        return self.governing.policy

    @property
    def limited(self) -> bool:
        """Whether anything limits what the active task costs."""
        if self.policy is None or self.plan is None or self.task is None:
            return False
        return self.plan.limits(self.task, self.policy.budget)


def fence(repository: Repository, head: str = "") -> Fence:
    """Read what governs at this worktree's HEAD, or at ``head``; raises if the plan or the policy can't be read."""
    head = head or reader.head(repository)
    sources = Sources(repository.objects)
    governing = sources.at(head)
    if governing.policy is None:
        return Fence(repository, head, governing, "", None, None)
    # As `judge.attribution.active_task` has it, without all that a whole check imports.
    name = repository.environment.get("PLANFENCE_TASK") or read_active_task(repository.state_dir)
    plan_id, _, task_id = name.partition("/")
    plan = sources.plan(governing, plan_id) if task_id else None
    return Fence(repository, head, governing, name, plan, plan.task(task_id) if plan else None)


@dataclass(frozen=True, slots=True)
class EditVerdict:
    """Why edits are denied (empty: they are not), and the paths that were asked, with the fence of each."""

    denials: tuple[Denial, ...]
    asked: tuple[tuple[Fence, str], ...]


def judge_edits(edits: Iterable[Edit], cwd: str, environment: Environment, *, told: bool = True) -> EditVerdict:
    """Judge edits, each in the worktree that its path is in.

    ``told`` is False for paths that were read from a shell command: a folder there may stand for
    what is copied into it.
    """
    found: list[Denial] = []
    fences: dict[str, Fence] = {}
    inside: dict[str, list[Edit]] = {}
    for edit in edits:
        absolute = real(os.path.join(cwd or ".", edit.path), edit.action)
        denial = switch(absolute, environment)
        if denial is not None:
            found.append(denial)
            continue
        top = top_of(absolute)
        if top is None:
            continue
        if top not in fences:
            fences[top] = fence(open_repository(without_git(environment), Path(top)))
        relative = os.path.relpath(absolute, fences[top].repository.top)
        inside.setdefault(top, []).append(Edit(relative, edit.action))
    for top, ours in inside.items():
        found += _in_worktree(fences[top], ours, told)
    asked = tuple((fences[top], edit.path) for top, ours in inside.items() for edit in ours)
    return EditVerdict(tuple(found), asked)


def outside(here: Fence, changed: Iterable[str], deleted: Set[str] | None = None) -> dict[str, Denial]:
    """Return those of a worktree's changed paths that the plan denies, with the reason of each.

    They are judged as edits would be, without what there is to ask for. ``deleted`` of them are gone, those that are
    not in the worktree if it is None. A script may have changed thousands of files.
    """
    top = here.repository.top
    # Git's status ends the name of a repository inside this one with a slash.
    named_so = {path.rstrip("/"): path for path in changed}
    gone = {path for path in named_so if not os.path.lexists(f"{top}/{path}")} if deleted is None else deleted
    if gone and deleted is None:
        listed = ("diff-index", "--cached", "-z", "--name-only", "--no-renames", "--diff-filter=A")
        staged = here.repository.git.run(*listed, here.head or here.repository.empty_tree())
        gone = gone - {*map(paths.decode, staged.split(b"\0"))}  # new, and staged alone
    edits = [Edit(path, Action.DELETE if path in gone else None) for path in named_so]
    if not edits:
        return {}
    denials = _in_worktree(here, edits, True, advised=False)
    named = {denial.what: denial for denial in denials}
    general = next((denial for denial in denials if denial.what not in named_so), None)
    found = {path: named.get(short, general) for short, path in named_so.items()}
    return {path: denial for path, denial in found.items() if denial is not None}


def _in_worktree(here: Fence, edits: Sequence[Edit], told: bool, *, advised: bool = True) -> list[Denial]:
    policy = here.policy
    if policy is None:
        return []
    git_dirs = {str(here.repository.git_dir), str(here.repository.common_dir)}
    found = [
        Denial(edit.path, "it is git's own folder, which only git writes")
        for edit in edits
        if any(f"{here.repository.top}/{edit.path}".startswith(folder + "/") for folder in git_dirs)
    ]
    if policy.observes:
        return found
    files = files_of(here, edits, told=told)
    kept = [file for file in files if not policy.governs(file.path)]
    found += [denial for file in files if (denial := _governing(here, policy, file.path)) is not None]
    if not kept:
        return found
    ctx = context_of(here, policy, tuple(kept))
    refused = judged(ctx) or tuple(each for each in claimed(here, ctx) if each.refuses)
    return found + [_denial(here, ctx, finding, advised=advised) for finding in refused]


def _governing(here: Fence, policy: Policy, path: str) -> Denial | None:
    """Answer for the policy (never an agent's to change) and the plans (not while a task is active)."""
    if policy.is_policy(path):
        return Denial(path, "it is the policy; a person changes it, in a commit of its own")
    if policy.governs(path) and here.task_name:
        return Denial(path, f"a change never judges itself: the plan stays as it is while {here.task_name} is active",
                      "a change of the plan, by a commit of its own")  # fmt: skip
    return None


def files_of(here: Fence, edits: Sequence[Edit], *, told: bool) -> list[FileChange]:
    """Turn edits into changes against HEAD: what is there decides between an addition and a modification."""
    git = here.repository.git
    literal = ("--literal-pathspecs", "ls-tree", "-z", "--full-tree", here.head or here.repository.empty_tree(), "--")
    named = list(dict.fromkeys(edit.path for edit in edits))
    parts = (named[at : at + _AT_ONCE] for at in range(0, len(named), _AT_ONCE))
    out = b"".join(git.run(*literal, *part) for part in parts)
    modes: dict[str, tuple[int, str]] = {}
    for record in out.split(b"\0")[:-1]:
        meta, _, path = record.partition(b"\t")
        bits, _, blob = meta.split(b" ")
        modes[paths.decode(path)] = int(bits, 8), blob.decode()
    zero = here.repository.zero
    new = [edit.path for edit in edits if edit.path not in modes and edit.action is not Action.DELETE]
    ignored = _ignored(here, new)
    # What a command writes below a path makes a folder of it.
    folders = set() if told else {parent for edit in edits for parent in _above(edit.path)}
    found: dict[str, FileChange] = {}
    for edit in edits:
        mode, object_id = modes.get(edit.path, (0, zero))
        deletes = edit.action is Action.DELETE
        if edit.path in ignored or (mode == 0 and deletes) or mode == Mode.TREE:
            continue
        if not told and mode == 0 and (edit.path in folders or _is_folder(here, edit.path)):
            continue
        new_mode = 0 if deletes else (mode if mode in (Mode.FILE, Mode.EXECUTABLE) else Mode.FILE)
        found[edit.path] = FileChange(edit.path, mode, new_mode, object_id, zero)
    return list(found.values())


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _is_folder(here: Fence, path: str) -> bool:
    """Whether a path that a command writes is a folder, now or by the plan's own patterns."""
    if (here.repository.top / path).is_dir():
        return True
    patterns = here.task.patterns if here.task else ()
    return not paths.matches(patterns, path) and paths.matches(patterns, f"{path}/_")


def _ignored(here: Fence, new: Sequence[str]) -> frozenset[str]:
    if not new:
        return frozenset()
    asked = b"".join(paths.encode(path) + b"\0" for path in new)
    _, out = here.repository.git.status("check-ignore", "-z", "--stdin", stdin=asked)
    return frozenset(paths.decode(path) for path in out.split(b"\0") if path)


def context_of(here: Fence, policy: Policy, files: tuple[FileChange, ...]) -> Context:
    """Return what the rules may look at before anything is staged."""
    environment = here.repository.environment
    model = detect(environment, policy.identity)
    change = Change(STAGED, (here.head,) if here.head else (), "", files)
    urgent = environment.get("PLANFENCE_URGENT").strip()
    unplanned = frozenset(change.paths)
    if not here.task_name:
        unplanned |= _uncommitted(here, policy)
    ctx = Context(
        change=change,
        policy=policy,
        plan=here.plan if here.task else None,
        task=here.task,
        task_name=here.task_name,
        model=model,
        urgent=urgent,
        unplanned=unplanned,
        collisions=_collisions(here, files),
    )
    return replace(ctx, route=route(ctx))


def judged(ctx: Context) -> tuple[Finding, ...]:
    """Run the rules that can be asked before anything is staged; only what refuses is returned."""
    if ctx.route is Route.URGENT:
        return ()
    rules = [rule for rule in selected(ctx.policy) if rule.edit]
    return tuple(finding for finding in judge(ctx, rules) if finding.refuses)


def claimed(here: Fence, ctx: Context) -> tuple[Finding, ...]:
    """Return which of the paths other active tasks claim; asked apart, since it alone reads the ledger."""
    rule = claimed_elsewhere.RULE
    if ctx.route is not Route.TASK or rule not in selected(ctx.policy):
        return ()
    return judge(replace(ctx, facts=Facts(holds=holds(here, ctx.policy))), [rule])


def holds(here: Fence, policy: Policy) -> Holds:
    """Return all tasks' claims."""
    from planfence.ledger.records import read_holds  # what a denial for the path alone does not need

    return read_holds(here.repository, policy, remembers=True)


def _collisions(here: Fence, files: Iterable[FileChange]) -> dict[str, str]:
    added = [file.path for file in files if file.old_mode == Mode.ABSENT]
    if not added or not here.head:
        return {}
    return unsafenames.collisions(added, [*reader.tree_paths(here.repository, here.head), *added])


def _uncommitted(here: Fence, policy: Policy) -> frozenset[str]:
    """Return what differs from HEAD or is new in the worktree: without a task, all of it counts together."""
    git = here.repository.git
    base = here.head or here.repository.empty_tree()
    changed = git.run("diff-index", "--cached", "--name-only", "-z", "--no-renames", base, "--")
    # Unlike `diff-index`, `ls-files -m` compares contents if only a time stamp differs.
    new = git.run("ls-files", "--modified", "--deleted", "--others", "--exclude-standard", "-z")
    found = (paths.decode(path) for path in (changed + new).split(b"\0") if path)
    return frozenset(path for path in found if not policy.governs(path))


def _denial(here: Fence, ctx: Context, finding: Finding, *, advised: bool) -> Denial:
    why = f"{finding.message} ({finding.code} {finding.name})"
    if not advised:
        return Denial(finding.path or "this edit", why)
    from planfence.judge.advice import steps_for, tasks_for  # a denial alone needs them

    place = RefusalContext(At.EDIT, tasks=lambda wanted: tasks_for(here.repository, ctx, tuple(wanted)))
    steps = steps_for(ctx, (finding,), place)
    best = steps[0] if steps else NextStep("", "")
    fix = best.command if ctx.model == HUMAN else (best.wish or best.why)
    return Denial(finding.path or "this edit", why, fix)
