"""The commits of a range that are surely clean, told apart in one pass from those that the rules must judge.

It proves by `judge.pathprover`, and never refuses: what it does not prove goes the whole way. So its answer
differs from the rules' in cost alone, and tests/hooks holds it to that.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from planfence.change import message as messages
from planfence.change.change import Change, FileChange, Mode
from planfence.change.collisions import Siblings
from planfence.change.spans import LANES, Ahead, Spans, Step
from planfence.errors import BadFile, CouldNotCheck
from planfence.gitio import paths as text
from planfence.gitio.commits import parse_commit
from planfence.gitio.isolated import BareView
from planfence.gitio.objects import GitObject
from planfence.gitio.revisions import Walk
from planfence.judge.governed import Bench, Benches, Class, fact_of
from planfence.judge.pathprover import added_paths
from planfence.judge.sources import Governing
from planfence.judge.verdicts import Verdicts
from planfence.ledger.records import Book, History, facts_of, read_book
from planfence.ledger.transitions import Kind
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace
from planfence.rules.rule import Context, Door, Need
from planfence.rules.runner import judge

#: Where most of so many commits are left to the rules, the screen stands in the way.
_TRIED = 512
_ID = rb"[0-9a-f]{40}(?:[0-9a-f]{24})?"
#: A commit with one parent and nothing else that could change how it is read: no encoding, no second tree.
_HEADER = re.compile(
    rb"tree (" + _ID + rb")\nparent (" + _ID + rb")\nauthor [^\n]*\ncommitter [^\n]*\n"
    rb"(?:gpgsig [^\n]*\n(?: [^\n]*\n)*)?\n"
)
#: Stands for any plain change where only the task, the stage and the model count.
_ANY = (FileChange("", Mode.FILE, Mode.FILE, "", ""),)


@dataclass(slots=True)
class Screened:
    """What is proven of a range: for each commit its class, or less than 0 where the rules must judge it."""

    ids: Sequence[str]
    classes: list[Class]
    which: array[int]

    def clean(self, index: int) -> bool:
        """Whether the commit of this index is proven clean."""
        return self.which[index] >= 0

    @property
    def doubtful(self) -> list[str]:
        """The commits that the rules must judge, in order."""
        return [identifier for identifier, which in zip(self.ids, self.which, strict=True) if which < 0]


def screen(
    verdicts: Verdicts, walk: Walk, ahead: Ahead | None = None, progress: Callable[[int], None] | None = None
) -> Screened | None:
    """Tell apart the commits of a range; None where it can't be read in one go, or little of it is clean.

    What can't be read is for the rules' own reader to say.
    """
    repository = verdicts.repository
    try:
        found = _Screen(verdicts, walk.ids)
        with ExitStack() as stack:
            spans = ahead.spans if ahead and (ahead.lines or not found.counts) else None
            if spans is None:
                git = stack.enter_context(BareView(repository, text=True))
                spans = stack.enter_context(Spans(git, walk, verdicts.objects, lines=found.counts))
            book = read_book(repository, verdicts.tips)
            for number, (lane, step) in enumerate(spans, 1):
                found.lanes[lane].take(step)
                if number == _TRIED and found.doubts > _TRIED // 2:
                    return None
                if progress:
                    progress(number)
        return found.finish(book)
    except (CouldNotCheck, BadFile):
        return None


def accept(verdicts: Verdicts, screened: Screened, index: int) -> Governing:
    """Write down a commit that is proven clean; return what governs it."""
    kind = screened.classes[screened.which[index]]
    governing = kind.bench.governing
    if not kind.accepted:
        kind.accepted = True
        assert governing.policy is not None
        if Need.FACTS in verdicts.rules(governing.policy)[1]:
            verdicts.facts(governing.policy, kind.claim.task)  # what is wrong with the ledger is said once
    verdicts.judged.append(screened.ids[index])
    if not kind.marked:
        verdicts.unmarked.append(screened.ids[index])
    return governing


class _Screen:
    """Takes the commits of a range; those of one lane after the other, parents first.

    What governs at a commit is read there where it is not known from the commit before, so that lanes can
    be looked at side by side.
    """

    def __init__(self, verdicts: Verdicts, ids: Sequence[str]) -> None:
        self.verdicts, self.ids = verdicts, ids
        self.benches = Benches(verdicts)
        self._gated: dict[int, tuple[str, str]] = {}
        self._parents: list[tuple[str, ...]] = [()] * len(ids)
        self.which = array("i", [-1]) * len(ids)
        self.doubts = 0
        self.lanes = [_Lane(self) for _ in range(LANES)]
        first = parse_commit(verdicts.objects.read_many([ids[0]])[0])
        #: Whether lines are counted, by the first policy; where a later one counts them, nothing is proven.
        self.counts = self.benches.at(next(iter(first.parents), "")).counts

    def leave(self, step: Step, parents: tuple[str, ...], kind: int, *, clean: bool) -> None:
        """Write down what a commit says of itself (an index of `classes`), and whether it is clean."""
        self.which[step.at] = kind if clean else -1 - kind
        self._parents[step.at] = parents
        self.doubts += not clean

    def gate(self, step: Step, name: str, tree: str) -> None:
        """Remember a commit whose tree needs evidence."""
        self._gated[step.at] = name, tree

    # -- what the ledger says

    def finish(self, book: Book) -> Screened | None:
        """Ask of each class what the rules of stages, roles and evidence ask."""
        used = {each for each in self.which if each >= 0}
        # Whether a commit can be folded is asked of all that came before it, so all go one way.
        if not used or (self.benches.folds and self.verdicts.folding is not None):
            return None
        classes, anyone = self.benches.classes, Change("", ("",), "", _ANY)
        wrong = {index for index in used if self._breaks(book, classes[index], anyone)}
        for index, which in enumerate(self.which):
            if which in wrong:
                self.which[index] = -1 - which
        for index, (name, tree) in self._gated.items():
            which, change = self.which[index], Change(name, self._parents[index], tree, _ANY)
            if which >= 0 and self._breaks(book, classes[which], change):
                self.which[index] = -1 - which
        return Screened(self.ids, classes, self.which)

    def _breaks(self, book: Book, kind: Class, change: Change) -> bool:
        policy, verdicts = kind.bench.policy, self.verdicts
        rules = [rule for rule in verdicts.rules(policy)[0] if Need.FACTS in rule.needs]
        if not rules:
            return False
        self._know(book, policy)
        claim = kind.claim
        ctx = Context(change, policy, Door.TASK, kind.plan, kind.task, claim.task, model=claim.model, stage=claim.stage)
        return bool(judge(replace(ctx, facts=verdicts.facts_at(ctx)), rules))

    def _know(self, book: Book, policy: Policy) -> None:
        """Give the verdicts what was read on the way, where reading it again would say the same."""
        if (
            self.verdicts.knows
            or not self.benches.as_log
            or any(b.policy.trust.evidence == "signed" for b in self.benches.all)
        ):
            return
        begun = all(move.kind is Kind.START and not move.round for move in book.moves)
        if begun and not any(each.fact.round for each in self.benches.classes):
            history = History(tuple(each.fact for each in self.benches.classes if each.fact.task))
        else:
            named = zip(self.ids, self.which, strict=True)
            facts = (replace(self.benches.classes[max(which, -1 - which)].fact, commit=name) for name, which in named)
            history = History(
                tuple(fact for fact in facts if fact.task), dict(zip(self.ids, self._parents, strict=True))
            )
        facts_ = facts_of(self.verdicts.repository, policy, book, history, base=self.verdicts.base)
        self.verdicts.know(facts_, book)


class _Lane:
    """Follows one line of a history, commit by commit."""

    def __init__(self, screen: _Screen) -> None:
        self._screen = screen
        self._gates = screen.verdicts.gates
        self._siblings = Siblings(screen.verdicts.objects)
        self._last, self._last_id = "", b""
        self._bench: Bench | None = None

    def take(self, step: Step) -> None:
        """Look at the next commit."""
        index, data, records, changed, numbers = step
        header = _HEADER.match(data)
        if header is None:
            self._take_odd(step)
            return
        name, screen, benches = self._screen.ids[index], self._screen, self._screen.benches
        if header[2] == self._last_id and self._bench is not None:
            parent, bench = self._last, self._bench
        else:
            parent = header[2].decode()
            bench = benches.at(parent)
        kind = benches.class_of(bench, data[header.end() :])
        paths = benches.classes[kind].paths
        clean = paths is not None and paths.holds(records, changed)
        if clean and bench.counts:
            clean = screen.counts and _lines(numbers) <= bench.policy.limits.lines
        added = added_paths(records, changed)
        if added:
            change = Change(name, (parent,), header[1].decode(), ())
            clean = not self._siblings.follow(change, added) and clean
        else:
            self._siblings.pass_by(name, parent)
        if name in self._gates:
            screen.gate(step, name, header[1].decode())
        screen.leave(step, (parent,), kind, clean=clean)
        self._leave(name, bench if clean or not _governs(bench.policy, changed) else benches.read(name))

    def _take_odd(self, step: Step) -> None:
        """Leave a merge, a root commit, or one with headers that few have, to the rules."""
        screen, name, benches = self._screen, self._screen.ids[step.at], self._screen.benches
        commit = parse_commit(GitObject(name, "commit", step.data))
        header, _, body = step.data.partition(b"\n\n")
        benches.as_log = benches.as_log and b"\nencoding " not in header and b"\0" not in body
        benches.folds = benches.folds or messages.parse(commit.message).autosquash
        bench = benches.at(next(iter(commit.parents), ""))
        if len(commit.parents) == 1:
            added = added_paths(step.records, step.paths)
            self._siblings.follow(Change(name, commit.parents, commit.tree, ()), added)
        else:
            self._siblings.pass_by(name, "")
        screen.leave(step, commit.parents, benches.doubtful(bench, fact_of(body)), clean=False)
        touched = len(commit.parents) != 1 or _governs(bench.policy, step.paths)
        self._leave(name, benches.read(name) if touched else bench)

    def _leave(self, name: str, bench: Bench) -> None:
        self._screen.benches.after(name, bench)
        self._last, self._last_id, self._bench = name, name.encode(), bench


def _lines(numbers: Sequence[bytes]) -> int:
    """How many lines numstat's records count; a binary file (`-`) has none."""
    total = 0
    for record in numbers:
        added, deleted, _ = record.split(b"\t", 2)
        if added != b"-":
            total += int(added) + int(deleted)
    return total


def _governs(policy: Policy, changed: Sequence[bytes]) -> bool:
    return any(policy.governs(text.decode(path)) for path in changed)
