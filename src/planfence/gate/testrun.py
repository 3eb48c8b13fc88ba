"""The test gate: the policy's and the criteria's commands, run on exactly one tree, and recorded."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from planfence import __version__
from planfence.change import worktreeproof
from planfence.change.export import export
from planfence.change.snapshot import PATCH
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.private import believed_above, private_folder
from planfence.files.process import KEPT, Ended, Tail, Watch, run_command
from planfence.gate.junit import read_counts
from planfence.gate.testcommand import line_for
from planfence.gate.testtarget import Target
from planfence.gitio.isolated import BareView
from planfence.gitio.repository import Repository
from planfence.ledger import evidence
from planfence.ledger.evidence import TESTS, GateRun, Outcome, Result
from planfence.ledger.records import Book, believed_runs, new_id, now, renewed, write_run
from planfence.log import writer as log_writer
from planfence.records import dataclass, replace


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Who is told while tests run: ``say`` a line, ``output`` what they write, ``tick`` the seconds so far."""

    say: Callable[[str], None]
    output: Callable[[bytes], None]
    tick: Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of it. ``run`` is None if nothing had to run; ``why`` says why the tree does not pass.

    ``book`` is the ledger afterwards.
    """

    target: Target
    run: GateRun | None
    why: str
    book: Book
    warning: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything that was asked for has now passed on the tree."""
        return not self.why


@dataclass(frozen=True, slots=True)
class _Place:
    """Where commands run, and the scratch folder for their reports."""

    kind: str
    folder: Path
    scratch: Path
    guard: Callable[[int], None]


def run_tests(repository: Repository, target: Target, teller: RunProgress, *, again: bool = False) -> Ran:
    """Run what has not passed on the target's tree yet, record it, and say whether all has.

    Raises :class:`PlanfenceError` if there is nothing to run, :class:`CouldNotCheck` where it
    could not be run or recorded: neither opens a gate.
    """
    commands = target.commands
    if not commands:
        raise PlanfenceError(
            "there is nothing to run: the policy names no test command, and no criterion has one",
            hint=f"write `{line_for(repository.top)}` under [tests] in planfence.toml, and commit that",
        )
    book = target.book(repository)
    waiting = commands if again else _not_passed(repository, target, book, commands)
    if not waiting:
        teller.say(f"tree {target.tree[:12]} has already passed: not tested again (`--again` does)")
        return Ran(target, None, "", book)
    started = time.monotonic()
    results, kept, where = _run_all(repository, target, waiting, teller)
    run = _record_of(target, results, where)
    write_run(repository, target.policy, run, _attachments(repository, target, kept), target.trees)
    book = renewed(repository, book)
    left = {*_not_passed(repository, target, book, commands).values()}
    left |= {(each.name, each.command) for each in results if not each.passed}  # though it passed before (`--again`)
    why = "; ".join(f"{each[0]}: {_why(results, *each)}" for each in commands.values() if each in left)
    return Ran(target, run, why, book, _log(repository, target, run, time.monotonic() - started))


def _not_passed(
    repository: Repository, target: Target, book: Book, commands: dict[str, tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """The commands (key → name, command line) that no believed run has passed on this tree."""
    policy = target.policy
    runs = believed_runs(repository, book, policy, target.tree)

    def passed(name: str, command: str) -> bool:
        if name == TESTS:
            return not evidence.missing(runs, target.tree, replace(policy.tests, command=command))
        return not evidence.unmet(runs, target.tree, {name: command})

    return {key: each for key, each in commands.items() if not passed(*each)}


def _why(results: tuple[Result, ...], name: str, command: str) -> str:
    mine = (each for each in results if (each.name, each.command) == (name, command) and not each.passed)
    return next((str(each.outcome) for each in mine), "recorded, but not believed")


def _run_all(
    repository: Repository, target: Target, commands: dict[str, tuple[str, str]], teller: RunProgress
) -> tuple[tuple[Result, ...], bytes, str]:
    """Run the commands one after the other in one place; return results, kept output, and where it was."""
    kept = Tail()

    def output(data: bytes) -> None:
        kept.add(data)
        teller.output(data)

    with _place(repository, target, teller) as place:
        results = _Commands(repository, target, place, teller, output).run(commands)
        return results, kept.text(), place.kind


def run_in_export(
    repository: Repository, target: Target, commands: dict[str, tuple[str, str]], teller: RunProgress
) -> tuple[Result, ...]:
    """Run commands (key → name, command line) in a fresh export of the target's tree; nothing is recorded."""
    with export(repository, target.tree) as exported:
        link(repository, target.policy.tests.links, exported.files)
        place = _Place("export", exported.files, exported.scratch, exported.guard)
        return _Commands(repository, target, place, teller, teller.output).run(commands)


@dataclass(frozen=True, slots=True)
class _Commands:
    """What runs commands one after the other in one place; ``output`` gets what they write."""

    repository: Repository
    target: Target
    place: _Place
    teller: RunProgress
    output: Callable[[bytes], None]

    def run(self, commands: dict[str, tuple[str, str]]) -> tuple[Result, ...]:
        """Run commands (key → name, command line), after the policy's `setup` in an export."""
        results: list[Result] = []
        if dropped := self.repository.environment.kept_from_tests(self.target.policy.tests.env):
            said = f"the tests do not get these variables, which change what is run: {', '.join(dropped)}"
            self.output(f"[planfence: {said}]\n".encode("utf-8", "replace"))
        setup = self.target.policy.tests.setup if self.place.kind == "export" else ""
        if setup:
            self._show(setup)
        ready = not setup or self._process(setup, "setup").status == 0
        for number, (name, command) in enumerate(commands.values()):
            if not ready:
                results.append(Result(name, command, None, Outcome.SETUP_FAILED))
                continue
            self._show(command)
            results.append(self._one(number, name, command))
        return tuple(results)

    def _show(self, command: str) -> None:
        self.output(f"$ {command}\n".encode("utf-8", "replace"))

    def _process(self, command: str, name: str) -> Ended:
        place, tests = self.place, self.target.policy.tests
        variables = self.repository.environment.for_tests(str(place.folder.parent), tests.env)
        watch = Watch(self.output, lambda seconds: self.teller.tick(name, seconds), place.guard)
        return run_command(command, place.folder, variables, tests.timeout_s, watch)

    def _one(self, number: int, name: str, command: str) -> Result:
        place, target = self.place, self.target
        # A name that no command before this one can know.
        report = place.scratch / f"junit-{number}-{new_id()[:8]}.xml"
        line = command.replace("{junit}", shlex.quote(str(report))).replace("{files}", "")  # all files: none by name
        inside = place.kind == "worktree"
        before = worktreeproof.fingerprint(self.repository) if inside else ""
        ended = self._process(line, name)
        counts = read_counts(report, self.teller.say) if "{junit}" in command else None
        if ended.status is None:
            outcome = Outcome.TIMEOUT
        else:
            least = target.policy.tests.min_tests if name == TESTS else 0
            outcome = evidence.judge(command, ended.status, counts, least)
        if inside and (
            worktreeproof.fingerprint(self.repository) != before
            or worktreeproof.difference(self.repository, target.tree, extra=False)
        ):
            self.teller.say("the tests changed the repository or the tree that they ran in: this is not a pass")
            outcome = Outcome.DISTURBED
        if not inside and (above := believed_above(place.folder)):
            self.teller.say(f"{above} is there now, which tests would believe: this is not a pass")
            outcome = Outcome.DISTURBED
        return Result(name, command, ended.status, outcome, counts, ended.seconds)


@contextmanager
def _place(repository: Repository, target: Target, teller: RunProgress) -> Iterator[_Place]:
    """The worktree where it provably is the tree (and the policy does not want an export), otherwise a fresh export."""
    tests = target.policy.tests
    if tests.where != "export":
        why = _not_alone(repository, target)
        if not why:
            with private_folder(repository.environment.get("PATH", os.defpath)) as private:
                yield _Place("worktree", repository.top, private.folder, private.guard)
            return
        if tests.where == "worktree":
            raise CouldNotCheck(
                f"the worktree is not exactly tree {target.tree[:12]}: {why}",
                hint='commit or stash it, or set `where = "auto"` under [tests]',
            )
        teller.say(f"tests run in a fresh export: {why}")
    with export(repository, target.tree) as exported:
        link(repository, tests.links, exported.files)
        yield _Place("export", exported.files, exported.scratch, exported.guard)


def _not_alone(repository: Repository, target: Target) -> str:
    """Why tests in the worktree could see more than the tree; empty if they can't, or if the policy insists on it.

    Our own logs count as more, too: a test could read them. The policy's links do not, since an export has them as
    well.
    """
    policy = target.policy
    logs = (policy.log, policy.run_log)
    if policy.tests.where == "worktree":
        let_be = (*policy.tests.links, *logs, *(f"{log}.lock" for log in logs))
        return worktreeproof.difference(repository, target.tree, let_be, ignored=True)
    if own := next((log for log in logs if os.path.lexists(repository.top / log)), ""):
        return f"planfence's own log, {own}, is in the worktree, where a test could read it"
    above = believed_above(Path(os.path.realpath(repository.top)))
    if above:
        return f"the tests would believe {above}, which is not in the tree"
    return worktreeproof.difference(repository, target.tree, policy.tests.links)


def link(repository: Repository, links: tuple[str, ...], into: Path) -> None:
    """Lead to what is expensive to make (`.venv`, `node_modules`), if the tree has nothing of that name.

    Raises :class:`CouldNotCheck` if such a link would lead to the repository itself.
    """
    git = os.path.join(os.path.realpath(repository.common_dir), "")
    top = os.path.join(os.path.realpath(repository.top), "")
    for name in links:
        source, place = repository.top / name, into / name
        above = [each for each in place.parents if into in each.parents]
        # A link or a file of the tree on the way could lead out of the export.
        if any(each.is_symlink() or (each.exists() and not each.is_dir()) for each in above):
            continue
        if not source.exists() or os.path.lexists(place):
            continue
        real = os.path.join(os.path.realpath(source), "")
        if real.startswith(git) or git.startswith(real) or top.startswith(real):
            raise CouldNotCheck(f"{name} leads to the repository itself", hint="take it out of `links` under [tests]")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(source)


def _record_of(target: Target, results: tuple[Result, ...], where: str) -> GateRun:
    return GateRun(
        id=new_id(),
        tree=target.tree,
        commit=target.commit,
        base=target.base,
        task=target.task_name,
        plan_version=target.plan.version if target.plan else 0,
        stage=target.stage,
        model=target.model,
        setup=target.policy.tests.setup,
        results=results,
        where=where,
        tool=f"planfence {__version__}",
        at=now(),
    )


def _attachments(repository: Repository, target: Target, output: bytes) -> dict[str, bytes]:
    """The output, and the diff from the base, each capped with the cut marked."""
    kept = Tail(KEPT)
    base = target.trees.get("base", target.tree)
    with BareView(repository) as git, git.begin("diff-tree", *PATCH, base, target.tree, "--") as asked:
        for chunk in asked.chunks():
            kept.add(chunk)
    return {"output.txt": output, "change.diff": kept.text()}


def _log(repository: Repository, target: Target, run: GateRun, seconds: float) -> str:
    return log_writer.record(
        repository,
        target.policy,
        event="test",
        result="passed" if run.passed else "failed",
        task=target.task_name,
        model=target.model,
        stage=target.stage,
        ms=round(seconds * 1000),
        commit=target.commit[:12],
        run=run.id,
    )
