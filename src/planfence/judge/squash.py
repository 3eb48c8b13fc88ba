"""Squashes on a guarded branch: judged by the head that they were made of or, if none is here, by their message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from planfence.change import message as messages
from planfence.change import origins
from planfence.change.change import Change, FileChange
from planfence.change.message import Message
from planfence.finding import Finding
from planfence.gitio.commits import Commit, parse_commit
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import parents_in
from planfence.judge.attribution import NOBODY, squashed_attributions
from planfence.judge.landing import Head, Landing, to_fetch
from planfence.judge.mergedplans import MergedPlans
from planfence.judge.shares import Shares
from planfence.judge.sources import Governing
from planfence.records import dataclass, field, replace
from planfence.rules.rule import Context, Route
from planfence.rules.runner import judge, would_refuse

#: Judges what a head (a full id) has and the excluded commits have not: whether it is clean, and how many they are.
JudgeHead = Callable[[str, Sequence[str]], tuple[bool, int]]


@dataclass(slots=True)
class Squashes:
    """Judges the commits that a guarded branch got one by one (``landed``: with the message that says what brought it).

    ``notes`` is where it says what a commit was judged by.
    """

    shares: Shares
    landing: Landing
    plans: MergedPlans
    landed: Mapping[str, Message]
    judge_head: JudgeHead
    notes: list[str]
    _heads: dict[tuple[str, ...], tuple[bool, int]] = field(default_factory=dict)

    def judged(
        self, ctx: Context, governing: Governing, message: Message | None
    ) -> tuple[Context, tuple[Finding, ...]] | None:
        """Judge a refused commit as the squash that it may be; None if it is none, or is refused as one."""
        change = ctx.change
        if change.name not in self.landed or message is None or len(change.parents) != 1:
            return None
        name, count = self._head_of(ctx)
        if count:
            self.notes.append(f"{change.name[:12]} is what {name} brings: judged by its {count} commits")
            return self.plans.as_squash(ctx)
        if name:
            self.notes.append(f"{change.name[:12]} is what {name} brings, which is refused itself")
            return None
        found = self._by_message(ctx, governing, message)
        if found is not None and not would_refuse(found):
            return replace(ctx, route=Route.TASK), found
        brings = self.landed[change.name]
        if origins.reads_like_a_squash(message) or origins.merges_on_gitlab(brings):
            self.notes.append(
                f"{change.name[:12]} may be the squash of a request whose head is not here: `{to_fetch(brings)}`"
            )
        elif not ctx.task_name:
            # Small changes that a forge rebased count by request; a squash by its title alone names none either.
            note = f"if a forge merged requests by squash or rebase, this one's head is not here: `{to_fetch(brings)}`"
            self.notes += [note] if note not in self.notes else []
        return None

    def _head_of(self, ctx: Context) -> tuple[str, int]:
        """Return the name of the head that a commit was made of, and how many clean commits it has.

        No commits: the head is refused itself; no name: none is here.
        """
        refused = ""
        number = origins.request_of(self.landed[ctx.change.name])
        for head in self.landing.heads(ctx.change, number, self.shares.contexts.ledger.heads(ctx.policy)):
            clean, count = self._judge_head(head, ctx.change.parents[0])
            name = head.ref.removeprefix("refs/") or head.commit[:12]
            if clean and count:
                return name, count
            refused = name if count else refused
        return refused, 0

    def _judge_head(self, head: Head, parent: str) -> tuple[bool, int]:
        without = tuple(dict.fromkeys(filter(None, (parent, self.shares.contexts.ledger.basis.base))))
        key = head.commit, *without
        if key not in self._heads:
            self._heads[key] = self.judge_head(head.commit, without)
        return self._heads[key]

    def _by_message(self, ctx: Context, governing: Governing, message: Message) -> tuple[Finding, ...] | None:
        """Judge a squash by its message: its tasks' files together; None if it does not read like one."""
        if not origins.reads_like_a_squash(message):
            return None
        text = f"{message.subject}\n\n{message.body}"
        attributions = squashed_attributions(text)
        change, policy = ctx.change, ctx.policy
        blocks = [block.strip("\n") for block in message.body.split("\n\n")]
        subjects = sum(block.startswith("* ") and "\n" not in block for block in blocks)
        tasks = sum(key == messages.TASK_TRAILER for key, _ in messages.inner_trailers(text))
        # A commit without trailers is a person's, as a revert by a forge's button is.
        makers = attributions if attributions and subjects <= tasks else (*attributions, NOBODY)
        undone = self.landing.undone_in(change.parents[0], message, makers)
        if not attributions and not undone:
            return None
        if any(policy.governs(path) for path in change.paths):
            return None  # without a head nobody can tell that the plan came first
        shares, left = self.shares.divided(ctx, governing, [each for each in attributions if each.task])
        left = self._not_undone(change, undone, left)
        squashed = replace(ctx, squashed=True)
        judged = (self.shares.judged(squashed, governing, each, files) for each, files in shares.items())
        found = dict.fromkeys(finding for findings in judged for finding in findings)
        if left:
            urgent = policy.unplanned.urgent and any(each.urgent for each in attributions)
            unmarked = subjects > tasks or any(each.marked for each in attributions)
            if not urgent and not (unmarked and len(left) <= policy.unplanned.files):
                return None
            rest = replace(
                ctx, change=replace(change, files=left), route=Route.URGENT if urgent else Route.SMALL,
                task=None, plan=None, task_name="", message=None, content=None,
            )  # fmt: skip
            found |= dict.fromkeys(judge(rest, self.shares.contexts.rules(policy)[0]))
        return tuple(found)

    def _not_undone(
        self, change: Change, undone: tuple[Commit, ...], files: tuple[FileChange, ...]
    ) -> tuple[FileChange, ...]:
        """Leave out the files that are as the reverts that the squash names make them."""
        if not undone or not files:
            return files
        landing = self.landing
        before = landing.tree_of(change.parents[0])
        for order in (undone, undone[::-1]):
            after = landing.without(before, order)
            if after:
                explained = {(file.path, file.new_mode, file.new_id) for file in landing.changed(before, after)}
                return tuple(file for file in files if (file.path, file.new_mode, file.new_id) not in explained)
        return files


def what_landed(
    repository: Repository, objects: Objects, tip: str, revisions: Sequence[str]
) -> tuple[dict[str, Message], dict[str, str]]:
    """Return the commits that a guarded branch got one by one, each with the message that says what brought it.

    Also, by commit, the request that brought it: a merge of one brings what is new to its first parent, one of several
    (bors) each by a parent of its own, and one of merges (a rollup) what each of these brings. If it is one commit, a
    forge may have made it of all the request's: GitLab squashes first, and merges the squash.
    """
    without = [revision for revision in revisions if revision.startswith("^")]
    parents = parents_in(repository, (tip, *without))
    chain = []
    while tip in parents:
        chain.append(tip)
        tip = next(iter(parents[tip]), "")
    seen, requests = set(chain), dict[str, str]()
    asked_of = [*chain, *(name for name, above in parents.items() if len(above) > 1 and name not in seen)]
    said: dict[str, Message] = {}
    for at in range(0, len(asked_of), 128):
        for each in map(parse_commit, objects.read_many(asked_of[at : at + 128])):
            said[each.id] = messages.parse(each.message)
    landed = {name: said[name] for name in chain}
    for commit in reversed(chain):
        number = origins.request_of(landed[commit])
        waiting = [(each, each if number else "") for each in parents[commit][1:]]
        brought = []
        while waiting:
            name, request = waiting.pop()
            if name not in parents or name in seen:
                continue
            seen.add(name)
            brought.append(name)
            if request:
                requests[name] = request
            names_one = name in said and origins.request_of(said[name])
            waiting += [(each, each if at and names_one else request) for at, each in enumerate(parents[name])]
        if len(brought) == 1 and len(parents[brought[0]]) == 1:
            landed[brought[0]] = landed[commit]
        if len(parents[commit]) == 1 and number:
            requests[commit] = f"#{number}"
    return landed, requests
