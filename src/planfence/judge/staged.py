"""What `check` and the hooks judge: the staged tree, one commit, a range, a branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from functools import partial

from planfence import POLICY_PATH
from planfence.change import message as messages
from planfence.change import reader
from planfence.change.change import STAGED, Change
from planfence.change.message import Message
from planfence.change.reader import Commits
from planfence.errors import PlanfenceError
from planfence.files.ancestors import commit_words
from planfence.finding import Report
from planfence.gitio.commits import parse_commit
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Ahead, ends_of, listed, walked
from planfence.judge.attribution import (
    NOBODY,
    Attribution,
    attribution_of,
    split_task,
    staged_attribution,
    team_trailers,
)
from planfence.judge.autosquash import Folding
from planfence.judge.landing import Landing
from planfence.judge.plaincommits import PlainCommits
from planfence.judge.ranges import Ranges, find_protected, known_heads
from planfence.judge.sources import Governing, Pinned, Sources
from planfence.judge.verdicts import Refusal, Verdicts
from planfence.ledger.records import HISTORY, base_refs, read_history
from planfence.ledger.refs import Ledger, Tips
from planfence.ledger.stages import Facts
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace
from planfence.rules.rule import Door, Need
from planfence.rules.standing import names

NO_POLICY = f"no {POLICY_PATH} at HEAD: nothing is enforced yet (`planfence init` writes one)"
POLICY_COMES = f"{POLICY_PATH} holds from the next commit on"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A report, what it was judged by (None: there is no policy yet), and the attribution of the staged change.

    ``unmarked`` are commits of a task that lack what the hooks write into each, ``past_hooks`` those that the hooks
    would have refused; ``reverts`` counts those that undo judged ones. ``refusal`` is the first change that
    was refused, ``tasks`` are those of the commits.
    """

    report: Report
    policy: Policy | None
    attribution: Attribution = NOBODY
    files: int = 0
    #: Of a staged change: itself, what governs it, its plan and task, and what the ledger says; for the hooks.
    change: Change | None = None
    governing: Governing | None = None
    plan: Plan | None = None
    facts: Facts | None = None
    unmarked: tuple[str, ...] = ()
    past_hooks: tuple[str, ...] = ()
    reverts: int = 0
    tasks: tuple[str, ...] = ()
    refusal: Refusal | None = None

    @property
    def task(self) -> Task | None:
        """The task that the change was judged by."""
        return self.plan.task(self.attribution.task.partition("/")[2]) if self.plan else None


def _with_message(repository: Repository, attribution: Attribution, message: Message | None) -> Attribution:
    """What the message's own trailers say besides the attribution of the next commit.

    A task that the message names wins: `--amend`, `-C` and a typed trailer mean that task. In
    a rebase the commit is somebody's already, so model, stage and urgency stay theirs too. A commit
    without a message bears no trailer, and so attributions nothing.
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


def require_policy(policy: Policy | None) -> Policy:
    """Return the policy; commands, unlike hooks, can't do without one."""
    if policy is None:
        raise PlanfenceError(
            f"there is no {POLICY_PATH} at HEAD", hint="run `planfence init`, and commit what it writes"
        )
    return policy


def check_staged(repository: Repository, message: Message | None = None, *, thorough: bool = False) -> CheckResult:
    """Judge the staged tree by HEAD's policy and plans; with ``message``, the message too.

    ``thorough``, here and below, looks at every change's content, not only if its
    message's type asks for it.
    """
    change = reader.staged(repository)
    with Objects(repository.git) as objects, ExitStack() as stack:
        sources = Sources(objects)
        governing = sources.before_judging(next(iter(change.parents), ""))
        if governing.policy is None:
            note = POLICY_COMES if POLICY_PATH in change.paths else NO_POLICY
            return CheckResult(Report((STAGED,), (), (note,)), None)
        landing = stack.enter_context(Landing(repository, objects, sources))
        verdicts = Verdicts(
            repository, objects, sources, history=change.parents[:1], whole_merges=True, remembers=True,
            landing=landing,
        )  # fmt: skip
        verdicts.thorough = thorough
        if "commit" in governing.policy.tests.required and change.files:
            verdicts.gates[STAGED] = "commit"
        if governing.policy.standing:
            change = replace(change, author=reader.next_author(repository))
        kept = _amended(repository, objects, change, message, governing.policy)
        attribution = kept or _with_message(repository, staged_attribution(repository, governing.policy), message)
        if message is not None and governing.policy.trailers:  # judged as commit-msg writes it
            message = messages.parse(
                team_trailers(f"{message.subject}\n{message.body}", governing.policy, attribution.model)
            )
        if not change.files and change.is_merge:
            attribution = Attribution("", attribution.model, attribution.stage, "")
        if attribution.task and change.files and not attribution.urgent:
            verdicts.require_task(change, governing, attribution.task)
        if attribution.task and not kept and not names(governing.policy, attribution.task):
            state = verdicts.facts(governing.policy, attribution.task).state(attribution.task)
            attribution = replace(attribution, stage=str(state.stage), rework=state.round)
        verdicts.judge(change, governing, attribution, message)
        if verdicts.door is Door.SMALL and not attribution.task and change.files and change.parents:
            attribution = replace(attribution, marked=holds_tasks(repository, governing.policy))
        code = any(not governing.policy.governs(path) for path in change.paths)  # else a broken plan may be fixed
        plan = sources.plan(governing, split_task(attribution.task)[0]) if attribution.task and code else None
        facts = verdicts.facts(governing.policy, attribution.task) if attribution.task else None
        return CheckResult(
            verdicts.report(), governing.policy, attribution, len(change.files), change, governing, plan, facts,
            refusal=verdicts.refusal,
        )  # fmt: skip


def check_commit(
    repository: Repository, revision: str, *, thorough: bool = False, remembers: bool = False
) -> CheckResult:
    """Judge one commit against its real parent."""
    identifier = reader.resolve(repository, revision)
    return judge_commits(repository, [identifier], walk=False, terms=Terms(thorough=thorough, remembers=remembers))


def check_range(
    repository: Repository, base: str, head: str, ahead: Ahead | None = None, *, leaving: bool = False
) -> CheckResult:
    """Judge every commit that ``head`` has and ``base`` has not (full ids), each against its real parent.

    ``leaving``: they are about to be reviewed.
    """
    revisions = [head, f"^{base}"] if base else [head]
    return judge_commits(repository, revisions, terms=Terms(leaving=leaving, ahead=ahead))


def check_span(repository: Repository, span: str, ahead: Ahead | None = None) -> CheckResult:
    """Judge a range written as `A..B`; `A...B` starts at their merge base."""
    if ahead is not None:
        return check_range(repository, ahead.base, ahead.head, ahead)
    base, head = (reader.resolve(repository, end) for end in ends_of(span))
    if "..." in span:
        base = repository.git.text("merge-base", base, head)
    return check_range(repository, base, head)


@dataclass(frozen=True, slots=True)
class Terms:
    """What commits are held to beside themselves.

    ``policy`` is the protected branch's, read at the commit ``base``, where CI or a server
    judges; None: each commit's parent has its own. ``gates`` maps a commit to the gate
    (`push`) at which its tree needs evidence. ``tips`` are the ledger's if the refs do not
    say it yet. ``reruns`` maps a commit whose tests were run for this verdict to why they did not
    pass (empty: they did). ``progress`` hears how many commits are judged so far. ``thorough``
    looks at the content of every change. ``apart`` are commits that were judged when they came to another branch.
    ``leaving``: the commits are about to be pushed or
    reviewed, so that none may wait to be folded into another. ``remembers``: see ``Verdicts``. ``ahead`` is the range,
    where git began to read it earlier. ``landed`` is the tip (full id) that a guarded branch has, or is about to have:
    there a forge squashes and rebases what was judged as a request. ``request`` is the tip (full id) of what asks to be
    merged into the commit ``onto``.
    """

    policy: Policy | None = None
    base: str = ""
    gates: Mapping[str, str] = field(default_factory=dict)
    tips: Tips | None = None
    reruns: Mapping[str, str] = field(default_factory=dict)
    progress: Callable[[int], None] | None = None
    thorough: bool = False
    apart: frozenset[str] = frozenset()
    leaving: bool = False
    remembers: bool = False
    ahead: Ahead | None = None
    landed: str = ""
    request: str = ""
    onto: str = ""


def judge_commits(
    repository: Repository, revisions: list[str], *, walk: bool = True, terms: Terms | None = None
) -> CheckResult:
    """Judge the commits that these `rev-list` arguments name (``walk`` off: exactly those), parents first.

    If there are merges, the tree at the end is looked at too: two branches may each add
    a name that only together collide.
    """
    terms = terms or Terms()
    ahead = terms.ahead if terms.ahead and terms.ahead.revisions == revisions else None
    with nullcontext(ahead.objects) if ahead else Objects(repository.git) as objects, ExitStack() as stack:
        sources = Pinned(objects, terms.policy, terms.base) if terms.policy else Sources(objects)
        landing = stack.enter_context(Landing(repository, objects, sources))
        verdicts = Verdicts(
            repository, objects, sources, history=tuple(revisions), most=0 if walk else HISTORY,
            base=terms.base, tips=terms.tips, remembers=terms.remembers, whole_merges=not walk, walks=walk,
            landing=landing,
        )  # fmt: skip
        verdicts.gates.update(terms.gates)
        verdicts.thorough = terms.thorough
        verdicts.apart = terms.apart
        verdicts.reruns.update(terms.reruns)
        if terms.leaving:
            verdicts.folding = Folding(repository, tuple(revisions))
        if not walk:
            return _judge_all(verdicts, revisions, terms, revisions)
        if terms.landed:
            verdicts.landed, verdicts.requests = _landed(repository, objects, terms.landed, revisions)
            verdicts.judge_head = partial(_judge_head, verdicts, terms)
        return _judge_all(verdicts, revisions, terms, walked(ahead.asked) if ahead else listed(repository, revisions))


def _landed(
    repository: Repository, objects: Objects, tip: str, revisions: Sequence[str]
) -> tuple[dict[str, Message], dict[str, str]]:
    """Return the commits that a guarded branch got one by one, each with the message that says what brought it.

    Also, by commit, the request that brought it: a merge of one brings what is new to its first parent. If that is one
    commit, a forge may have made it of all the request's: GitLab squashes first, and merges the squash.
    """
    without = [revision for revision in revisions if revision.startswith("^")]
    asked = "".join(f"{revision}\n" for revision in (tip, *without)).encode()
    parents: dict[str, list[str]] = {}
    for line in repository.git.text("rev-list", "--parents", "--stdin", stdin=asked).splitlines():
        commit, *found = line.split()
        parents[commit] = found
    chain = []
    while tip in parents:
        chain.append(tip)
        tip = next(iter(parents[tip]), "")
    landed: dict[str, Message] = {}
    for at in range(0, len(chain), 128):
        for each in map(parse_commit, objects.read_many(chain[at : at + 128])):
            landed[each.id] = messages.parse(each.message)
    seen, requests = set(chain), dict[str, str]()
    for commit in reversed(chain):
        number = messages.request_of(landed[commit])
        waiting, brought = parents[commit][1:], []
        while waiting:
            name = waiting.pop()
            if name in parents and name not in seen:
                seen.add(name)
                brought.append(name)
                waiting += parents[name]
        if number:
            requests |= dict.fromkeys(brought, commit)
        if len(brought) == 1 and len(parents[brought[0]]) == 1:
            landed[brought[0]] = landed[commit]
        if len(parents[commit]) == 1 and number:
            requests[commit] = f"#{number}"
    return landed, requests


def _judge_head(outer: Verdicts, terms: Terms, head: str, without: Sequence[str]) -> tuple[bool, int]:
    """Judge what a head has and these commits have not as the request that it was; say how many commits that are."""
    revisions = [head, *(f"^{commit}" for commit in without)]
    ids = listed(outer.repository, revisions)
    inner = Verdicts(
        outer.repository, outer.objects, outer.sources, history=tuple(revisions), most=0, base=terms.base,
        tips=terms.tips, walks=True, landing=outer.landing,
    )  # fmt: skip
    own = Terms(terms.policy, terms.base, tips=terms.tips, leaving=terms.leaving)
    if own.leaving:
        inner.folding = Folding(outer.repository, tuple(revisions))
    report = _judge_all(inner, revisions, own, ids).report
    return bool(report.judged) and not report.refused, len(ids)


def holds_tasks(repository: Repository, policy: Policy) -> bool:
    """Whether this branch holds a task's commits that the policy's base has not."""
    base = branch_base(repository, policy)
    return bool(read_history(repository, ["HEAD", *([f"^{base}"] if base else [])]).facts)


def _judge_all(verdicts: Verdicts, revisions: list[str], terms: Terms, ids: Sequence[str]) -> CheckResult:
    repository, sources, walk = verdicts.repository, verdicts.sources, verdicts.walks
    known: dict[str, Governing] = {}
    before_policy, merged = 0, False
    attribution, count = NOBODY, 0
    governing = Governing(terms.policy, {})
    verdicts.counted = walk and _counts(verdicts, ids)
    plain = PlainCommits(verdicts)
    with Commits(repository, verdicts.objects, lines=verdicts.counted) as commits:
        for index, step in enumerate(commits.steps(ids)):
            name, parents = step.commit.id, step.commit.parents
            if walk and len(parents) == 1 and plain.take(step, _before(sources, known, parents[0])):
                governing = known[name] = known[parents[0]]
            else:
                governing, change = _governing(repository, sources, known, commits.change(step))
                merged = merged or change.is_merge
                if governing.policy is None:
                    before_policy += 1
                else:
                    message = messages.parse(change.message or "")
                    attribution, count = attribution_of(message), len(change.files)
                    verdicts.judge(change, governing, attribution, message)
                if walk:
                    known[name] = sources.after(governing, change)
            if terms.progress:
                terms.progress(index + 1)
    if walk and merged and governing.policy is not None:
        verdicts.judge_end(governing.policy, revisions)
    if terms.request and ids:
        verdicts.foresee(terms.onto, terms.request)
    if before_policy:
        words = f"not judged, since there was no {POLICY_PATH} before them"
        verdicts.notes.append(f"{words}: {before_policy} of the commits")
    report = verdicts.report()
    said, many = (NOBODY, len(report.judged)) if walk else (attribution, count)
    return CheckResult(
        report, governing.policy, said, many, unmarked=tuple(verdicts.unmarked),
        past_hooks=tuple(verdicts.past_hooks), reverts=verdicts.reverts, tasks=verdicts.tasks, refusal=verdicts.refusal,
    )  # fmt: skip


def _counts(verdicts: Verdicts, ids: Sequence[str]) -> bool:
    """Whether lines are counted for a whole range: by the policy that governs its first commit, or the default one."""
    if not ids:
        return False
    first = parse_commit(verdicts.objects.read_many([ids[0]])[0]).parents[:1]
    policy = verdicts.sources.before_judging(first[0]).policy if first else None
    return Need.LINES in verdicts.rules(policy or Policy())[1]


def _before(sources: Sources, known: dict[str, Governing], parent: str) -> Governing:
    """Return what governs a change on this parent."""
    found = known.get(parent)
    if found is None:
        found = known[parent] = sources.before_judging(parent)
    return found


def _governing(
    repository: Repository, sources: Sources, known: Mapping[str, Governing], change: Change
) -> tuple[Governing, Change]:
    """Return what governs a change, and the change as it is to be judged.

    A merge of a history without a policy brings in content that nobody has judged: there the
    whole difference to the governed parent counts as the merge's own.
    """
    first = change.parents[0] if change.parents else ""
    governing = known.get(first) or sources.before_judging(first)
    if not change.is_merge or sources.pinned:
        return governing, change
    each = [governing, *(known.get(parent) or sources.before_judging(parent) for parent in change.parents[1:])]
    at = next((index for index, found in enumerate(each) if found.policy is not None), None)
    if at is None or all(found.policy is not None for found in each):
        return governing, change
    return each[at], reader.against(repository, change, change.parents[at])


def branch_base(repository: Repository, policy: Policy, head: str = "HEAD") -> str:
    """Return the commit at which ``head`` left the policy's base; empty if they have none in common.

    The remote's base counts before the local one, which may hold commits that nobody has seen.
    """
    for ref in base_refs(repository, policy.base):
        status, out = repository.git.status("merge-base", head, ref, ok=(0, 1, 128))
        if status == 0 and out.strip():
            return out.decode().strip()
    return ""


def check_branch(repository: Repository) -> CheckResult:
    """Judge what this branch would bring to the protected branch, as far as that is known here."""
    head = reader.head(repository)
    known = known_heads(repository)
    with Objects(repository.git) as objects:
        sources = Sources(objects)
        policy = sources.policy(head)
        if policy is None:
            return CheckResult(Report((), (), (NO_POLICY,)), None)
        named = sources.policy(known.tips[known.default]) if known.default else None
        if named is not None and named.base not in known.tips:
            raise _nothing_to_compare_with(repository, named.base, known=False)
        protected = find_protected(sources, known)
        if protected is not None:
            span = Ranges(repository, objects, protected, known).own_span(head)
            revisions, base = list(span.revisions), protected.commit
    if protected is None:
        base = branch_base(repository, policy)
        revisions = [head, f"^{base}"]
    status = repository.git.status("merge-base", head, base, ok=(0, 1, 128))[0] if base else 1
    if status != 0:
        raise _nothing_to_compare_with(repository, protected.name if protected else policy.base, known=bool(base))
    outcome = judge_commits(repository, revisions)
    notes = outcome.report.notes + without_ledger(repository, outcome.report)
    return replace(outcome, report=replace(outcome.report, notes=notes), policy=policy, attribution=NOBODY)


def _nothing_to_compare_with(repository: Repository, base: str, *, known: bool) -> PlanfenceError:
    fetch = f"git fetch origin '+refs/heads/{base}:refs/remotes/origin/{base}'"
    if repository.git.is_shallow():
        return PlanfenceError(
            f"this checkout has not the whole history since it left {base}",
            hint=f"fetch it: `{fetch.replace('fetch', 'fetch --unshallow', 1)}` (in CI: fetch-depth: 0)",
        )
    if known:
        return PlanfenceError(f"this branch has nothing in common with {base}", hint="name what to judge: --range A..B")
    return PlanfenceError(
        f"no branch {base} or origin/{base} to compare with",
        hint=f"set `base` in {POLICY_PATH}, or fetch it: `{fetch}`",
    )


#: What the ledger's records could have let pass.
_BY_RECORD = ("GAT001", "GAT002", "GAT003")


def without_ledger(repository: Repository, report: Report) -> tuple[str, ...]:
    """Say what to fetch where something is refused for want of records, and none is here at all."""
    if not any(finding.code in _BY_RECORD for finding in report.errors) or Ledger(repository).tips().commits:
        return ()
    fetch = "git fetch origin 'refs/planfence/*:refs/planfence/*'"
    return (f"there is no ledger here, and a record that is not here opens no gate: `{fetch}`",)


def nothing_staged(repository: Repository) -> bool:
    """Whether the staged tree is HEAD's and no merge is in progress."""
    change = reader.staged(repository)
    return not change.files and not change.is_merge
