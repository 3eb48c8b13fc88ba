"""Where a task's records come from: the repository, the plan as it was added there, and what it said of the task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from planfence.digests import sha256
from planfence.errors import BadFile
from planfence.files.plain import read_plain
from planfence.gitio import paths
from planfence.gitio.commits import LOG
from planfence.gitio.repository import Repository
from planfence.ledger.intoto import canonical
from planfence.ledger.transitions import Move
from planfence.manifest.plan import Plan, Task
from planfence.manifest.planfile import parse_plan
from planfence.manifest.policy import Policy
from planfence.records import replace

#: Said of the moves of a plan that was deleted, and whose name another one has now.
EARLIER = "of an earlier plan of this name"


def terms_of(task: Task) -> str:
    """Return a digest of everything that a plan says of a task."""
    said: Mapping[str, object] = {
        "id": task.id,
        "title": task.title,
        "theme": task.theme,
        "files": [[entry.path, str(entry.change or "")] for entry in task.files],
        "deny": list(task.deny),
        "depends_on": list(task.depends_on),
        "acceptance": [[each.id, each.text, each.run, each.review] for each in task.acceptance],
    }
    return sha256(canonical(said)).hexdigest()


class Lineage:
    """The plans of one line of history, which ends in the commits ``heads`` (full ids, or names that git knows).

    ``base`` is a commit whose plans count if the line has none of that name. Git is asked once for each plan.
    """

    def __init__(self, repository: Repository, policy: Policy, heads: Sequence[str], base: str = "") -> None:
        self._repository, self._policy = repository, policy
        self._heads, self._base = tuple(filter(None, heads)), base
        self._added: dict[str, frozenset[str]] = {}
        self._roots: frozenset[str] | None = None
        self._plans: dict[tuple[str, str], Plan | None] = {}
        self._every: dict[str, frozenset[str]] = {}

    def suits(self, policy: Policy) -> bool:
        """Whether plans stand in the same folder by this policy."""
        return policy.plans == self._policy.plans

    def added(self, plan_id: str) -> frozenset[str]:
        """Return the commit that last added the plan of this id (of each head); none if no commit did."""
        if plan_id not in self._added:
            path = self._policy.plan_path(plan_id)
            found = self._last_added(self._heads, path)
            self._added[plan_id] = found or self._last_added((self._base,) if self._base else (), path)
        return self._added[plan_id]

    def _last_added(self, heads: Iterable[str], path: str) -> frozenset[str]:
        # Git passes a merged branch by if nothing is left of it there (the plan was renamed): then all are asked.
        def ask(head: str, *more: str) -> tuple[str, ...]:
            return changes_of(self._repository, head, path, "A", "-1", *more)

        return frozenset(commit for head in heads for commit in ask(head) or ask(head, "--full-history"))

    def roots(self) -> frozenset[str]:
        """Return the first commits of the line itself: they tell one repository from another.

        Those of a project that was merged into it (`git subtree add`) are not: a squash drops them.
        """
        if self._roots is None:
            heads = self._heads or ((self._base,) if self._base else ())
            self._roots = frozenset(first_commits(self._repository, heads))
        return self._roots

    def foreign(self, move: Move, *, strict: bool = False) -> str:
        """Say why a move that names its place is not about this line's plan of that name; empty if it is.

        A shallow clone lacks the first commits. Then a move is refused if ``strict``, else what the plan says decides.

        A rebase or a squash makes other commits of the same plan. Then the repository and what the plan says of the
        task decide, now or as it was added.
        """
        plan_id, _, task_id = move.task.partition("/")
        if move.added in self.added(plan_id):
            return ""
        if not move.roots or not self.roots().issuperset(move.roots):
            if not move.roots or not _cut_off(self._repository):
                return "of another repository"
            if strict:
                return "of a history that is cut off here (git fetch --unshallow)"
        if not move.terms or move.terms not in self._terms(plan_id, task_id):
            return "of another plan of this name"
        return EARLIER if move.added in self._every_added(plan_id) else ""

    def _every_added(self, plan_id: str) -> frozenset[str]:
        """The commits of the line that added a plan of this id, those of plans that are gone too."""
        if plan_id not in self._every:
            path = self._policy.plan_path(plan_id)
            found = (changes_of(self._repository, head, path, "A") for head in self._heads)
            self._every[plan_id] = frozenset().union(*found)
        return self._every[plan_id]

    def _terms(self, plan_id: str, task_id: str) -> frozenset[str]:
        places = (*self.added(plan_id), *self._heads, self._base)
        plans = (self._plan(commit, plan_id) for commit in places if commit)
        tasks = (plan.task(task_id) for plan in plans if plan is not None)
        return frozenset(terms_of(task) for task in tasks if task is not None)

    def _plan(self, commit: str, plan_id: str) -> Plan | None:
        key = commit, plan_id
        if key not in self._plans:
            self._plans[key] = plan_at(self._repository, commit, self._policy.plan_path(plan_id))
        return self._plans[key]


def bound(repository: Repository, policy: Policy, move: Move, lineage: Lineage) -> Move:
    """Return a move with what binds it to where it is made: repository, plan, and the plan's word on the task.

    One that is made at no commit, or whose plan no commit of this history added, can't be bound, and stays as it is.
    """
    plan_id, _, task_id = move.task.partition("/")
    path = policy.plan_path(plan_id)
    added = next(iter(lineage.added(plan_id)), "")
    if not added or added in _cut_off(repository):
        return move
    plan = plan_at(repository, move.commit, path)
    task = plan.task(task_id) if plan else None
    text = repository.objects.find(f"{move.commit}:{path}")
    return replace(
        move,
        roots=tuple(sorted(lineage.roots())),
        added=added,
        terms=terms_of(task) if task else "",
        text=text[0] if text else "",
    )


def changes_of(repository: Repository, head: str, path: str, kind: str, *most: str) -> tuple[str, ...]:
    """Return the commits up to ``head`` that did this (letters of `--diff-filter`) to a path, the newest first.

    Of a merge that counts what it did itself (`-c`): other than all its parents.
    """
    shown = ("--raw", "--no-abbrev", f"--diff-filter={kind}", "--format=%H")
    status, out = repository.git.status(*LOG, *most, "-c", *shown, head, "--", path, ok=(0, 128))
    lines = out.decode("utf-8", "replace").split("\n") if status == 0 else []
    return tuple(line for line in lines if line and not line.startswith(":"))


def texts_of(repository: Repository, revisions: Sequence[str], path: str) -> frozenset[str]:
    """Return the ids of the blobs that commits (`git log` arguments) put at a path, of each merge what it has itself.

    Raises :class:`CouldNotCheck` if git can't tell.
    """
    shown = ("--raw", "--full-history", "--no-abbrev", "--format=")
    out = repository.git.text(*LOG, "-c", *shown, *revisions, "--", path)
    # `:` for each parent, then all modes, then all ids; the last of each is the new side's.
    rows = (line.partition("\t")[0].split(" ") for line in out.split("\n") if line.startswith(":"))
    return frozenset(row[2 * row[0].count(":") + 1] for row in rows)


def versions_of(repository: Repository, head: str, path: str) -> tuple[Plan, ...]:
    """Return the versions that a plan had up to ``head``, the latest first, those before a deletion too."""
    changes = changes_of(repository, head, path, "AM", "--full-history")
    found = (plan_at(repository, commit, path) for commit in changes)
    return tuple(plan for plan in found if plan is not None)


def deleted_paths(repository: Repository, head: str, folder: str) -> tuple[str, ...]:
    """Return the files of a folder that a commit up to ``head`` deleted, the latest first."""
    shown = ("-z", "-c", "--name-only", "--diff-filter=D", "--full-history", "--format=")
    status, out = repository.git.status(*LOG, *shown, head, "--", folder, ok=(0, 128))
    names = (paths.decode(name).strip("\n") for name in out.split(b"\0"))
    return tuple(dict.fromkeys(filter(None, names))) if status == 0 else ()


def first_commits(repository: Repository, heads: Sequence[str]) -> tuple[str, ...]:
    """Return the commits without parents that these lead to by their first parents."""
    if not heads:
        return ()
    asked = "".join(f"{head}\n" for head in heads).encode()
    status, out = repository.git.status(
        "rev-list", "--first-parent", "--max-parents=0", "--stdin", stdin=asked, ok=(0, 128)
    )
    return tuple(out.decode("ascii", "replace").split()) if status == 0 else ()


def plan_at(repository: Repository, commit: str, path: str) -> Plan | None:
    """Return the plan that stands at a path of a commit; None if there is none that can be read."""
    blob = repository.objects.read(f"{commit}:{path}")
    try:
        return parse_plan(blob.data, path) if blob is not None and blob.type == "blob" else None
    except BadFile:
        return None


def _cut_off(repository: Repository) -> frozenset[str]:
    """The commits at which a shallow clone's history ends: each looks as if it had added everything."""
    try:
        return frozenset(read_plain(repository.common_dir / "shallow").decode("ascii", "replace").split())
    except OSError:
        return frozenset()
