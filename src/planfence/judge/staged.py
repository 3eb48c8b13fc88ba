"""What the hooks judge before there is a commit: the staged tree, and the message that it is to have."""

from __future__ import annotations

from collections.abc import Callable

from planfence import POLICY_PATH
from planfence.change import message as messages
from planfence.change import reader
from planfence.change.change import STAGED, Change
from planfence.change.message import Message
from planfence.files.ancestors import commit_words
from planfence.finding import Report
from planfence.gitio.commits import parse_commit
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.judge.attribution import (
    NOBODY,
    Attribution,
    attribution_of,
    split_task,
    staged_attribution,
)
from planfence.judge.contexts import Contexts
from planfence.judge.landing import Landing
from planfence.judge.ledgerfacts import LedgerFacts
from planfence.judge.shares import Shares
from planfence.judge.sources import NO_POLICY, Governing, Sources
from planfence.judge.verdicts import CheckResult, Verdicts
from planfence.ledger.records import Basis, branch_base, read_history, renewed
from planfence.manifest.policy import Policy
from planfence.records import replace
from planfence.rules.rule import Route
from planfence.rules.standing import names

POLICY_COMES = f"{POLICY_PATH} holds from the next commit on"


def check_staged(
    repository: Repository,
    message: Message | None = None,
    *,
    thorough: bool = False,
    before: CheckResult | None = None,
    written: Callable[[Policy, str], Message] | None = None,
) -> CheckResult:
    """Judge the staged tree by HEAD's policy and plans; with ``message``, the message too.

    ``thorough``: see :class:`Contexts`. ``before`` is what came of this very change a moment ago, without its message.
    ``written`` says what becomes of the message where the policy asks for trailers in commits by this model.
    """
    change = before.change if before and before.change else reader.staged(repository)
    objects = repository.objects
    sources = Sources(objects)
    governing = sources.before_judging(next(iter(change.parents), ""))
    if governing.policy is None:
        note = POLICY_COMES if POLICY_PATH in change.paths else NO_POLICY
        return CheckResult(Report((STAGED,), (), (note,)), None)
    ledger = LedgerFacts(repository, history=change.parents[:1], basis=Basis(remembers=True))
    if before and before.known and renewed(repository, before.known[1]) is before.known[1]:
        ledger.known = before.known
    if "commit" in governing.policy.tests.required and change.files:
        ledger.gates[STAGED] = "commit"
    contexts = Contexts(repository, objects, sources, ledger, whole_merges=True, thorough=thorough)
    with Landing(repository, objects, sources) as landing:
        verdicts = Verdicts(contexts, Shares(contexts), landing)
        return _judged(verdicts, change, governing, governing.policy, message, written)


def _judged(
    verdicts: Verdicts,
    change: Change,
    governing: Governing,
    policy: Policy,
    message: Message | None,
    written: Callable[[Policy, str], Message] | None,
) -> CheckResult:
    contexts = verdicts.contexts
    repository, ledger = contexts.repository, contexts.ledger
    if policy.standing:
        change = replace(change, author=reader.next_author(repository))
    kept = _amended(repository, contexts.objects, change, message, policy)
    attribution = kept or _with_message(repository, staged_attribution(repository, policy), message)
    if message is not None and policy.trailers and written is not None:
        message = written(policy, attribution.model)
    if not change.files and change.is_merge:
        attribution = Attribution("", attribution.model, attribution.stage, "")
    if attribution.task and change.files and not attribution.urgent:
        contexts.require_task(change, governing, attribution.task)
    if attribution.task and not kept and not names(policy, attribution.task):
        state = ledger.facts(policy, attribution.task).state(attribution.task)
        attribution = replace(attribution, stage=str(state.stage), rework=state.round)
    verdicts.judge(change, governing, attribution, message)
    if verdicts.route is Route.SMALL and not attribution.task and change.files and change.parents:
        attribution = replace(attribution, marked=holds_tasks(repository, policy))
    code = any(not policy.governs(path) for path in change.paths)  # else a broken plan may be fixed
    plan = contexts.sources.plan(governing, split_task(attribution.task)[0]) if attribution.task and code else None
    if attribution.task:
        ledger.facts(policy, attribution.task)
    known = ledger.known if attribution.task else None
    result = verdicts.result(policy, attribution, len(change.files))
    return replace(result, change=change, governing=governing, plan=plan, known=known)


def _with_message(repository: Repository, attribution: Attribution, message: Message | None) -> Attribution:
    """What the message's own trailers say besides the attribution of the next commit.

    A task that the message names wins: `--amend`, `-C` and a typed trailer mean that task. In
    a rebase the commit is somebody's already, so model, stage and urgency stay theirs too. A commit
    without a message bears no trailer, and so says nothing.
    """
    if message is None:
        return attribution
    if not message.subject:
        return NOBODY
    said = attribution_of(message)
    rebasing = any((repository.git_dir / name).is_dir() for name in ("rebase-merge", "rebase-apply"))
    if rebasing and (said.task or said.urgent or said.marked):
        return said
    return Attribution(
        said.task or attribution.task, attribution.model, attribution.stage, attribution.urgent or said.urgent
    )


def _amended(
    repository: Repository, objects: Objects, change: Change, message: Message | None, policy: Policy
) -> Attribution | None:
    """What the commit says of itself whose message alone is amended; None for any other.

    It stays whose it was. Who amends it may call it urgent, if their word counts.
    """
    if message is None or not message.subject or change.files or len(change.parents) != 1:
        return None
    head = parse_commit(objects.read_many([change.parents[0]])[0])
    words = commit_words()
    # Git gives its hooks the author's date, which `--amend` keeps.
    date = repository.environment.get("GIT_AUTHOR_DATE").partition(" ")[0]
    if not (any(word.startswith("--am") for word in words) if words else date == f"@{head.author_time}"):
        return None
    old = messages.parse(head.message)
    kept, said = attribution_of(old), attribution_of(message)
    if said.task not in ("", kept.task):
        return None
    now = staged_attribution(repository, policy)
    urgent = (now.urgent or said.urgent) if policy.unplanned.lets(now.model) else ""
    rounds = messages.rework_round("".join(old.trailer(messages.REWORK_TRAILER)[:1]))
    return replace(kept, urgent=kept.urgent or urgent, rework=rounds)


def holds_tasks(repository: Repository, policy: Policy) -> bool:
    """Whether this branch holds a task's commits that the policy's base has not."""
    base = branch_base(repository, policy)
    return bool(read_history(repository, ["HEAD", *([f"^{base}"] if base else [])]).facts)


def nothing_staged(repository: Repository) -> bool:
    """Whether the staged tree is HEAD's and no merge is in progress."""
    change = reader.staged(repository)
    return not change.files and not change.is_merge
