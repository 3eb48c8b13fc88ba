"""The board: every task that is not done, in every worktree of this clone and, after `sync`, in every other clone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from planfence.change.trees import differing
from planfence.errors import BadFile, PlanfenceError
from planfence.gate import lastlook
from planfence.gate.budget import limit_of
from planfence.gate.lastlook import LastLook, Seen, stat_of
from planfence.gate.requests import waiting
from planfence.gate.rows import Board, Row, Wait
from planfence.gitio import paths
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.worktrees import Worktree, lost, worktrees
from planfence.judge.sources import Governing, Sources
from planfence.ledger import evidence
from planfence.ledger.evidence import GateRun
from planfence.ledger.facts import states_along
from planfence.ledger.records import Book, History, base_refs, believed_runs, read_book, read_history
from planfence.ledger.refs import Ledger
from planfence.ledger.stages import Facts, Stage, TaskState, open_dependencies
from planfence.ledger.transitions import MoveKind
from planfence.manifest.budget import KINDS
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.manifest.tablereader import did_you_mean
from planfence.records import dataclass, field, replace
from planfence.report import foldlogs
from planfence.report.report import Source, fold, source_of
from planfence.report.spending import spending
from planfence.report.taskfacts import LogFacts, TaskFacts
from planfence.report.teamlog import team_lines


@dataclass(slots=True)
class _Scan:
    """What one look gathers, in the order in which it is asked."""

    repository: Repository
    policy: Policy
    known: tuple[Worktree, ...]
    at: dict[str, Governing] = field(default_factory=dict)
    plans: dict[str, dict[str, Plan]] = field(default_factory=dict)
    base: str = ""
    notes: dict[str, str] = field(default_factory=dict)


def look(repository: Repository, last: LastLook, *, finished: bool = False) -> Board:
    """As :func:`board`, after a last look, whose worktrees may be believed; ``last`` becomes this look, and is kept."""
    now = time.time()
    key, marks = lastlook.marks(repository, finished=finished)
    last.board = board(repository, finished=finished, now=now, last=last, marks=marks)
    last.key, last.began = key, float("inf")
    lastlook.keep(repository, last)
    return replace(last.board, notes=(*last.board.notes, *last.aged(time.time())))


def board(
    repository: Repository,
    *,
    finished: bool = False,
    now: float | None = None,
    last: LastLook | None = None,
    marks: Mapping[str, str] | None = None,
) -> Board:
    """Look at every worktree, every plan at their HEADs and on the base, the ledger and the logs; change nothing.

    ``finished`` asks for the tasks that are done too. Raises :class:`PlanfenceError` if no policy stands at any of
    these commits. ``last`` is a look before this one, whose worktrees with the same ``marks`` may be believed.
    """
    last = last or LastLook()
    at = int(time.time() if now is None else now)
    scan = _plans(repository, repository.objects)
    named = _tasks(scan)
    book, history = read_book(repository), _history(scan)
    homes = {name: _homes(scan, name) for name in scan.plans}
    states, problems = states_along(repository, scan.policy, book, history, homes)
    facts = Facts(states)
    source = source_of(repository, scan.policy)
    last.logs = {str(path): stat_of(str(path)) for path in source.paths}
    logs, others = _logs(repository, scan.policy, source)
    rows = _Rows(scan, facts, history, logs, others)
    found = [row for each in named for row in rows.of(*each, finished=finished)]
    found = list(_charged(scan, facts, last, rows, found))
    looked_through = {rows.places[row.worktree].git_dir: row.worktree for row in found if row.worktree}
    changed = last.edited(repository, looked_through, marks or {})
    done = tuple(_measured(scan, book, rows, found, changed))
    loose = _loose(scan, (f"{plan.id}/{task.id}" for plan, task in named))
    return Board(at, scan.policy.base, done, (*_unread(scan), *book.problems, *problems, *loose))


def check_plan(repository: Repository, wanted: str) -> None:
    """Raise :class:`PlanfenceError` if :func:`names_plan` would, or no plan that it looks at has this id."""
    found = sorted(_plans(repository, repository.objects).plans)
    if wanted not in found:
        hint = did_you_mean(wanted, found) if found else "write one: `planfence plan new ID`"
        raise PlanfenceError(f"no plan has the id {wanted}", hint=hint)


def names_plan(repository: Repository, wanted: str) -> bool:
    """Whether this names a plan that stands at a worktree's HEAD or on the base, and no task.

    Raises :class:`PlanfenceError` if no policy stands at any of these commits.
    """
    found = _plans(repository, repository.objects).plans
    return wanted in found and not any(plan.task(wanted) for each in found.values() for plan in each.values())


def _plans(repository: Repository, objects: Objects) -> _Scan:
    """Read what governs at each worktree's HEAD and on the base, each blob once."""
    known = worktrees(repository)
    sources = Sources(objects)
    found: dict[str, Governing] = {}
    notes: dict[str, str] = {}
    for head in dict.fromkeys(each.head for each in known if each.head):
        _read(sources, head, found, notes)
    own = next((each.head for each in known if each.git_dir == repository.git_dir_name), "")
    policies = [each.policy for head, each in found.items() if head == own] + [each.policy for each in found.values()]
    policy = next(filter(None, policies), None)
    base = ""
    for ref in base_refs(repository, (policy or Policy()).base):
        base = base or repository.git.text("rev-parse", f"{ref}^{{commit}}")
    if base and base not in found:
        _read(sources, base, found, notes)
        policy = policy or (found[base].policy if base in found else None)
    if policy is None:
        raise PlanfenceError(
            "there is no planfence.toml at any worktree's HEAD or on the base", hint="run `planfence init`, and commit"
        )
    scan = _Scan(repository, policy, known, found, base=base, notes=notes)
    for commit, governing in found.items():
        for path in governing.plans:
            plan_id = (governing.policy or policy).plan_id(path)
            if plan_id is None:
                continue
            try:
                plan = sources.plan(governing, plan_id)
            except BadFile as error:
                notes[f"{path} can't be read: {error.faults[0].message}"] = commit
                continue
            if plan is not None:
                scan.plans.setdefault(plan_id, {})[commit] = plan
    return scan


def _read(sources: Sources, commit: str, found: dict[str, Governing], notes: dict[str, str]) -> None:
    try:
        governing = sources.at(commit)
    except BadFile as error:
        notes[f"the policy can't be read: {error.faults[0].message}"] = commit
        return
    if governing.policy is not None:
        found[commit] = governing


def _newest(scan: _Scan, plan_id: str) -> Plan:
    """The plan as it stands for a task that is worked on nowhere: the base's, or the newest version of the others."""
    versions = scan.plans[plan_id]
    return versions.get(scan.base) or max(versions.values(), key=lambda plan: plan.version)


def _tasks(scan: _Scan) -> list[tuple[Plan, Task]]:
    """All tasks in the order of plans and of their tasks; one that stands in a newer version alone comes last."""
    found: list[tuple[Plan, Task]] = []
    for plan_id in sorted(scan.plans):
        newest = _newest(scan, plan_id)
        tasks = {task.id: (newest, task) for task in newest.tasks}
        for plan in scan.plans[plan_id].values():
            for task in plan.tasks:
                tasks.setdefault(task.id, (plan, task))
        found += tasks.values()
    return found


def _homes(scan: _Scan, plan_id: str) -> tuple[str, ...]:
    """The commits whose history says which records are about the plan: the base, if it has it, else who has it."""
    versions = scan.plans[plan_id]
    return (scan.base,) if scan.base in versions else tuple(versions)


def _history(scan: _Scan) -> History:
    """What the commits of all worktrees say of their tasks, and the last ones of the base."""
    heads = list(dict.fromkeys(each.head for each in scan.known if each.head))
    if not scan.base:
        return read_history(scan.repository, heads)
    ours = read_history(scan.repository, [*heads, f"^{scan.base}"], most=0)
    theirs = read_history(scan.repository, [scan.base])
    return History(ours.facts + theirs.facts, ours.parents)


def _logs(repository: Repository, policy: Policy, source: Source) -> tuple[LogFacts, LogFacts]:
    """What this clone's logs say of the tasks; and all writers', if `sync` brought any."""
    own, _, _ = fold([source])
    if not Ledger(repository).has_others():
        return own, own
    return own, foldlogs.fold_lines(team_lines(repository, policy))[0]


def _charged(scan: _Scan, facts: Facts, last: LastLook, rows: _Rows, found: Sequence[Row]) -> Iterator[Row]:
    """Add what the tasks at work have cost so far, by their agents' sessions too, and what they may cost."""
    repository, policy = scan.repository, scan.policy
    spent = spending(repository, policy, [row.task for row in found if row.worktree], scan.known)
    for each in spent.values():
        last.logs |= {str(path): stat_of(str(path)) for path in each.files}
    for row in found:
        limit = limit_of(policy, rows.tasks[row.task, row.worktree], facts, row.task)
        budget = {name: most for name in KINDS if (most := limit.of(name))}
        so_far = spent.get(row.task)
        if so_far is None:
            yield replace(row, budget=budget)
            continue
        cost = so_far.usd if so_far.models else row.cost
        told = bool(so_far.models or so_far.unpriced)
        used = {name: round(so_far.of(name), 4) for name in KINDS if told or name == "min"}
        yield replace(row, cost=cost, unpriced=sum(so_far.unpriced.values()), budget=budget, spent=used)


def _unread(scan: _Scan) -> Iterator[str]:
    """Say what can't be read, each fault once, with a commit that has it."""
    return (f"{said} (at {commit[:12]})" for said, commit in scan.notes.items())


def _loose(scan: _Scan, named: Iterable[str]) -> Iterator[str]:
    """Say which worktrees stand in no row: an agent made them without a task, or no plan has the one that is active."""
    tasks = frozenset(named)
    for top, task in lost(scan.repository, scan.known):
        way = "`git worktree repair PATH` if it was moved, else `git worktree prune`"
        yield f"{task} is active in {top}, which is not a worktree any more: {way}"
    for each in scan.known:
        if each.agent and not each.task:
            yield f"{each.top} was made by {each.agent} and has no task: `planfence start PLAN/TASK` in it"
        elif each.task and each.task not in tasks:
            yield f"{each.task} is active in {each.top}, and no plan has it"


class _Rows:
    """Makes the rows of a task, as far as records and logs tell; files and tests are measured later."""

    def __init__(self, scan: _Scan, facts: Facts, history: History, logs: LogFacts, others: LogFacts) -> None:
        self._scan, self._facts, self._history = scan, facts, history
        self._logs, self._others = logs, others
        self.places = {each.top: each for each in scan.known}
        self.own = {each.head: history.reachable([each.head]) for each in scan.known if each.head}
        self.tasks: dict[tuple[str, str], Task] = {}
        self._commits: dict[str, list[str]] = {}
        for fact in history.facts:
            if fact.commit in history.parents:
                self._commits.setdefault(fact.task, []).append(fact.commit)
        self._asked = waiting(scan.repository)
        self._begins: dict[str, frozenset[str]] = {}

    def of(self, plan: Plan, task: Task, *, finished: bool) -> Iterator[Row]:
        """Yield a row for each worktree that is at work on the task, and one if none is."""
        name = f"{plan.id}/{task.id}"
        state = self._facts.state(name)
        if state.stage is Stage.DONE and not finished:
            return
        for place in self._places(name, state) or (None,):
            at = self._scan.plans[plan.id].get(place.head) if place else None
            planned = at.task(task.id) if at else None
            here = (at, planned) if at and planned else (plan, task)
            row = self._row(name, state, *here, place)
            self.tasks[row.task, row.worktree] = here[1]
            yield row

    def _places(self, name: str, state: TaskState) -> tuple[Worktree, ...]:
        """The worktrees in which it is active; else the one that has the task's latest commit."""
        active = tuple(each for each in self._scan.known if each.task == name)
        if active or state.stage is Stage.PLAN:
            return active
        for commit in self._commits.get(name, ()):
            holding = tuple(each for each in self._scan.known if each.head and commit in self.own[each.head])
            if holding:
                return holding[:1]
        return ()

    def _row(self, name: str, state: TaskState, plan: Plan, task: Task, place: Worktree | None) -> Row:
        log, team = self._logs.tasks.get(name), self._others.tasks.get(name)
        holder = state.holder(plan, task, state.stage)
        if not holder and state.stage is Stage.IMPLEMENT:
            holder = next((move.model for move in reversed(state.moves) if move.kind is MoveKind.START), "")
        worked, since = _worked(team or log)
        clone, branch = "", place.branch if place else ""
        if place is None and team is not None and (log is None or log.place != team.place):
            clone, branch = team.place[1], team.place[2]
        commits = [each for each in self._commits.get(name, ()) if not place or each in self.own.get(place.head, ())]
        return Row(
            name,
            task.title,
            str(state.stage),
            holder,
            place.top if place else "",
            branch,
            clone,
            worked,
            since,
            task.estimate_min,
            commit=commits[0] if commits else "",
            round=state.round,
            cost=team.known_cost if team else None,
            waits=tuple(self._waits(name, state, plan, task)),
            needs=tuple(f"{plan.id}/{other}" for other in task.depends_on),
        )

    def _waits(self, name: str, state: TaskState, plan: Plan, task: Task) -> Iterator[Wait]:
        for each in self._asked:
            if each.task == name:
                yield Wait("person", f"a person: request {each.number}, {each.wish}")
        if state.stage in (Stage.PLAN, Stage.IMPLEMENT):
            for other in open_dependencies(self._facts, plan, task):
                yield Wait("dependency", f"{other} ({self._facts.state(other).stage})")

    def state(self, name: str) -> TaskState:
        """Where a task is."""
        return self._facts.state(name)

    def _left(self, head: str) -> frozenset[str]:
        """Where a branch's own commits begin: their parents that the base has."""
        if head not in self._begins:
            own = self.own[head]
            self._begins[head] = frozenset(each for commit in own for each in self._history.parents[commit]) - own
        return self._begins[head]

    def began(self, name: str, place: Worktree) -> str:
        """The commit that a task's work in a worktree is counted from: its start, or where the branch left the base."""
        own, left = self.own[place.head], self._left(place.head)
        start = next((move.commit for move in self.state(name).moves if move.kind is MoveKind.START), "")
        if start in own or start in left:
            return start
        git = self._scan.repository.git
        if left:
            return min(left) if len(left) == 1 else git.text("merge-base", place.head, self._scan.base, ok=(0, 1))
        if start and git.is_ancestor(start, place.head):
            return start
        return place.head


def _worked(task: TaskFacts | None) -> tuple[int, int]:
    """Seconds of the closed intervals by the run log, and when the open one began (0: none is open)."""
    spans, since = task.work if task is not None else ([], 0)
    return sum(end - begin for begin, end in spans), since


def _measured(scan: _Scan, book: Book, rows: _Rows, found: Sequence[Row], changed: Mapping[str, Seen]) -> Iterator[Row]:
    """Add to the rows what the worktrees' files (``changed``), the commits and the test runs say."""
    heads = {head for row in found if row.worktree and (head := rows.places[row.worktree].head)}
    told = _commits(scan.repository, heads | {row.commit for row in found if row.commit})
    runs = {head: believed_runs(scan.repository, book, scan.policy, told[head][0]) for head in heads}
    began = {
        (row.task, place.top): rows.began(row.task, place)
        for row in found
        if row.worktree and (place := rows.places[row.worktree]).head
    }
    pairs = {(rows.places[top].head, commit) for (_, top), commit in began.items()}
    committed = differing(scan.repository.git, sorted(pairs))
    for each in found:
        task = rows.tasks[each.task, each.worktree]
        row = replace(each, committed=told[each.commit][1] if each.commit else 0)
        head = rows.places[row.worktree].head if row.worktree else ""
        policy = (scan.at[head].policy if head in scan.at else None) or scan.policy
        here: tuple[GateRun, ...] = ()
        if head:
            every = {*changed[row.worktree].paths, *committed[head, began[row.task, row.worktree]]}
            here = runs[head]
            tests = "passed" if any(run.passed for run in here) else "failed" if here else "none"
            row = replace(_with_files(row, task, policy, every), tests=tests)
        tree = told[head][0] if head else ""
        lacking = _lacking(here, tree, task, policy) if tree else ""
        waits = row.waits or tuple(_next(row, rows.state(row.task), task, policy, lacking, tree))
        if row.worktree and (problem := changed[row.worktree].problem):
            waits = (Wait("repair", f"its files can't be looked through: {problem}"), *row.waits)
        yield replace(row, waits=waits)


def _lacking(runs: tuple[GateRun, ...], tree: str, task: Task, policy: Policy) -> str:
    """Say why the runs of a tree do not open the gate; empty if they do."""
    asked = {each.id: each.run for each in task.acceptance if each.run}
    unmet = evidence.unmet(runs, tree, asked)
    missing = evidence.missing(runs, tree, policy.tests)
    return missing or (f"{', '.join(unmet)} not met on this tree" if unmet else "")


def _with_files(row: Row, task: Task, policy: Policy, every: Iterable[str]) -> Row:
    files = [path for path in sorted(every) if path not in (policy.log, policy.run_log)]
    touched = tuple(path for path in files if paths.matches(task.patterns, path))
    inside = frozenset(touched)
    return replace(
        row, touched=touched, outside=tuple(path for path in files if path not in inside and not policy.governs(path))
    )


def _next(row: Row, state: TaskState, task: Task, policy: Policy, lacking: str, tree: str) -> Iterator[Wait]:
    """What is to be done next for a task that waits for nobody's answer and for no other task.

    ``lacking`` says why its tests do not count yet, ``tree`` is HEAD's where it is worked on (empty: nowhere here).
    """
    if row.stage == Stage.PLAN:
        yield Wait("start", "its start")
    elif row.stage == Stage.IMPLEMENT and not row.touched:
        yield Wait("work", "its first change")
    elif state.stage is Stage.REVIEW and state.unmet():
        yield Wait("rework", f"rework: {state.unmet()[0].criterion} is not met")
    elif row.stage != Stage.DONE and lacking and "advance" in policy.tests.required:
        yield Wait("tests", f"tests: {lacking}")
    elif row.stage == Stage.IMPLEMENT:
        yield Wait("advance", "`planfence advance`")
    elif row.stage == Stage.REVIEW:
        answers = state.answers(tree)
        open_ones = [each.id for each in task.acceptance if each.review and each.id not in answers]
        by = f" by {row.holder}" if row.holder else ""
        if open_ones or not tree:
            yield Wait("review", f"review{by}" + (f" of {', '.join(open_ones)}" if open_ones else ""))
        else:
            yield Wait("finish", "`planfence finish`")


def _commits(repository: Repository, wanted: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Return each commit's tree and its committer's time, asked once."""
    asked = "".join(f"{commit}\n" for commit in sorted(wanted)).encode()
    if not asked:
        return {}
    out = repository.git.text(
        "log", "--no-walk=unsorted", "--no-show-signature", "--format=%H %T %ct", "--stdin", stdin=asked
    )
    return {commit: (tree, int(when)) for commit, tree, when in (line.split() for line in out.splitlines())}
