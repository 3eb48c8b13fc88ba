"""The same verdict where it counts: in CI, by the policy and under the trust of the protected branch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from planfence.boundary.incoming import together
from planfence.boundary.policyfix import held_to
from planfence.boundary.rerun import rerun
from planfence.boundary.squashmessage import lacks
from planfence.change import reader
from planfence.env import Environment
from planfence.errors import CouldNotCheck, PlanfenceError, reason
from planfence.files.plain import read_plain
from planfence.foreignjson import read_json, table
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Ahead, Heads, ends_of, heads
from planfence.judge import check
from planfence.judge.check import Terms
from planfence.judge.ranges import BRANCH, Protected, Ranges, TipRange, find_protected, known_heads, no_policy
from planfence.judge.sources import Sources
from planfence.judge.verdicts import CheckResult
from planfence.ledger.records import Basis, reading
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace

#: How a range was found that the user named.
AS_ASKED = "as asked"


@dataclass(frozen=True, slots=True)
class Range:
    """What is verified: ``head`` against the protected branch's commit ``base`` (full ids), and how it was found.

    ``target`` is the full ref that ``head`` is to come to; empty: the protected branch. ``branches`` are those of the
    remote before it does; ``protected`` is None if the commit ``base`` itself says what holds. ``lands`` says
    that a guarded branch has it, or is about to have exactly that. ``title`` and ``body`` are the request's, where the
    CI says them.
    """

    base: str
    head: str
    how: str
    target: str = ""
    branches: Heads = Heads("", {})
    protected: Protected | None = None
    lands: bool = False
    title: str = ""
    body: str = ""


def verify(
    repository: Repository, span: str = "", progress: Callable[[int], None] | None = None, ahead: Ahead | None = None
) -> CheckResult:
    """Judge every commit of a range by the policy at its left end, and the tests at its right end.

    ``span`` is `A..B` (`A...B`: from their merge base, by the policy of A); empty: what the CI
    at hand means. The left end stands for the protected branch: whoever may choose it, may
    choose the policy. ``ahead`` is the span, where git began to read it earlier. Raises
    :class:`PlanfenceError` if there is no policy.
    """
    asked = range_of(repository, span) if ahead is None else _between(repository, ahead.base, ahead.head)
    objects = repository.objects
    protected = asked.protected or held_to(
        repository, Sources(objects), lambda each: _protected_at(each, asked.base), [asked.head]
    )
    ranges = Ranges(repository, objects, protected, asked.branches)
    spans = ranges.spans([(asked.target, asked.head)]) if asked.target else [ranges.guarded_span(asked.head)]
    terms = Terms(
        protected.policy, Basis(protected.commit, reading(repository)), progress=progress, leaving=True, ahead=ahead
    )
    outcomes = [_judge(repository, asked, each, terms) for each in spans]
    notes = (f"{asked.how}: {asked.base[:12]}..{asked.head[:12]}", *ranges.notes)
    whole = together(outcomes, protected.policy, notes=notes)
    report = whole.report
    undone = (f"{whole.reverts} of the commits undo judged ones",) if whole.reverts else ()
    squashed = lacks(asked.title, asked.body, whole.tasks)
    more = undone + squashed + bypassed(whole) + check.without_ledger(repository, report)
    return replace(whole, report=replace(report, notes=report.notes + more))


def range_of(repository: Repository, span: str) -> Range:
    """Return the range that is named as `A..B`; if that is empty, the one that the CI at hand means."""
    if not span:
        return default_range(repository)
    base, head = (reader.resolve(repository, end) for end in ends_of(span))
    return _between(repository, base, head)


def _judge(repository: Repository, asked: Range, span: TipRange, terms: Terms) -> CheckResult:
    policy, base = terms.policy, terms.basis.base
    assert policy is not None
    terms = replace(terms, apart=span.commits_apart(repository), guarded=span.guarded)
    if "push" in policy.tests.required and not repository.git.is_ancestor(span.tip, base):
        reruns = rerun(repository, policy, base, [span.tip]) if policy.trust.evidence == "rerun" else {}
        terms = replace(terms, gates={span.tip: "push"}, reruns=reruns)
    if asked.lands or _has_landed(repository, policy, asked):
        terms = replace(terms, landed=span.tip)
    elif not asked.target or span.lands:
        onto = asked.branches.tips.get(asked.target.removeprefix(BRANCH), base)
        terms = replace(terms, request=span.tip, onto=onto)
    return check.judge_commits(repository, list(span.revisions), terms=terms)


def _has_landed(repository: Repository, policy: Policy, asked: Range) -> bool:
    """Whether a range that the user named ends on the protected branch: then it is what that got, and no request."""
    if asked.how != AS_ASKED:
        return False
    found = map(repository.objects.find, (f"refs/remotes/origin/{policy.base}", f"{BRANCH}{policy.base}"))
    tips = {each[0] for each in found if each} - {asked.base}  # whatever comes behind the base is not in it
    return any(repository.git.is_ancestor(asked.head, tip) for tip in tips)


def _protected_at(sources: Sources, commit: str) -> Protected:
    """Return what a commit that stands for the protected branch says; raises :class:`PlanfenceError` if nothing."""
    policy = sources.policy(commit)
    if policy is None:
        raise no_policy(commit)
    return Protected(policy.base, commit, policy)


def _between(repository: Repository, base: str, head: str) -> Range:
    """A range that the user named. What the remote's integration branches have was judged when it came there."""
    known = heads(repository, BRANCH if repository.bare else "refs/remotes/origin/")
    return Range(base, head, AS_ASKED, branches=known)


def bypassed(outcome: CheckResult) -> tuple[str, ...]:
    """Say which judged commits the local hooks can't have seen: it is worth knowing, and refuses nothing.

    The hooks write who committed into each commit of a task, and refuse what breaks a rule by itself.
    """
    judged = set(outcome.report.judged)
    bare = dict.fromkeys([*outcome.unmarked, *outcome.past_hooks])
    if not bare:
        return ()
    some = ", ".join(name[:12] for name in list(bare)[:5]) + (", …" if len(bare) > 5 else "")
    return (
        f"{len(bare)} of {len(judged)} commits were made past the local hooks, or without them ({some}): "
        "`planfence doctor` says what is installed",
    )


def default_range(repository: Repository) -> Range:
    """Return the range that the CI at hand means (GitHub Actions, Gitea, GitLab CI), or plain git's.

    Raises :class:`PlanfenceError` where the protected branch can't be told.
    """
    environment = repository.environment
    if environment.get("GITHUB_ACTIONS") == "true" or environment.get("GITEA_ACTIONS") == "true":
        return _github(repository, environment)
    if environment.get("GITLAB_CI") == "true":
        return _gitlab(repository, environment)
    known, head = known_heads(repository), reader.resolve(repository, "HEAD")
    if known.default:
        return Range(known.tips[known.default], head, f"since {known.default}", branches=known)
    found = _to(repository, known, "", head, "")
    return replace(found, how=f"since {found.protected.name if found.protected else found.base[:12]}")


def _to(repository: Repository, known: Heads, target: str, head: str, how: str) -> Range:
    """A range that comes to ``target`` (a full ref, empty: the protected branch), by what the remote's branches say."""
    sources = Sources(repository.objects)
    protected = held_to(repository, sources, lambda each: find_protected(each, known), [head])
    if protected is None:
        if known.default:
            raise no_policy(known.tips[known.default])
        raise PlanfenceError(
            "nothing says which branch is protected: no branch here has a policy that names it",
            hint="fetch it with its whole history (`git fetch origin`, fetch-depth: 0), or name A..B",
        )
    return Range(protected.commit, head, how, target, known, protected)


def _with(repository: Repository, known: Heads, *names: str) -> Heads:
    """The branches with these, which must be there: the remote's, or else a local one of that name."""
    own: Heads | None = None
    for name in names:
        if name not in known.tips:
            own = own or heads(repository, BRANCH)
            if name not in own.tips:
                raise _is_missing(
                    repository, f"there is no branch {name} here", f"fetch it (`git fetch origin {name}`)"
                )
            known = replace(known, tips=known.tips | {name: own.tips[name]})
    return known


def _request(repository: Repository, target: str, default: str, head: str, how: str) -> Range:
    """A request to the branch ``target``, on a forge whose default branch is ``default`` (empty: it does not say)."""
    known = _with(repository, heads(repository, "refs/remotes/origin/"), *filter(None, (target, default)))
    known = replace(known, default=default or known.default)
    return _to(repository, known, BRANCH + target, head, f"{how} to {target}")


def _github(repository: Repository, environment: Environment) -> Range:
    """GitHub's variables and event (docs.github.com, "Variables reference", "Webhook events"); Gitea sets the same."""
    event = _event(environment)
    head = reader.resolve(repository, "HEAD")
    default = str(table(event.get("repository")).get("default_branch", ""))
    target = environment.get("GITHUB_BASE_REF")
    if target:
        # HEAD is the forge's own test merge; what was pushed is the branch behind it.
        pull = table(event.get("pull_request"))
        named = str(table(pull.get("head")).get("sha", ""))
        title, body = (text if isinstance(text := pull.get(key), str) else "" for key in ("title", "body"))
        found = _request(repository, target, default, _told_head(repository, named), "pull request")
        return replace(found, title=title, body=body)
    group = table(event.get("merge_group"))
    if group:
        base = _commit(repository, str(group.get("base_sha", "")))
        if not base:
            raise CouldNotCheck("the merge group's base is not here", hint="check out with fetch-depth: 0")
        return _group(repository, str(group.get("base_ref", "")), default, base, head)
    after = str(event.get("after", ""))
    head = _told_head(repository, after) if after.strip("0") else head
    return _pushed(repository, environment.get("GITHUB_REF"), default, str(event.get("before", "")), head)


def _told_head(repository: Repository, identifier: str) -> str:
    """The commit that an event names; what is not here can't be judged, and another one must not be in its place."""
    commit = _commit(repository, identifier)
    if not commit:
        said = f"the commit {identifier[:12]} that the event names" if identifier else "the commit to judge"
        raise CouldNotCheck(
            f"{said} is not here", hint="check out the request's own head with fetch-depth: 0, or name A..B"
        )
    return commit


def _group(repository: Repository, ref: str, default: str, base: str, head: str) -> Range:
    """A merge group: several requests on their way to one branch."""
    known = heads(repository, "refs/remotes/origin/")
    name = ref.removeprefix(BRANCH)
    if not name:
        return Range(base, head, "merge group", branches=known, lands=True)
    known = _with(repository, replace(known, tips=known.tips | {name: base}), *filter(None, (default,)))
    found = _to(repository, replace(known, default=default or known.default), BRANCH + name, head, "merge group")
    return replace(found, lands=True)


def _gitlab(repository: Repository, environment: Environment) -> Range:
    """GitLab's variables (docs.gitlab.com, "Predefined CI/CD variables reference")."""
    head = reader.resolve(repository, environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or "HEAD")
    default = environment.get("CI_DEFAULT_BRANCH")
    name = environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    if name:
        title, body = environment.get("CI_MERGE_REQUEST_TITLE"), environment.get("CI_MERGE_REQUEST_DESCRIPTION")
        return replace(_request(repository, name, default, head, "merge request"), title=title, body=body)
    branch, tag = environment.get("CI_COMMIT_BRANCH"), environment.get("CI_COMMIT_TAG")
    ref = f"{BRANCH}{branch}" if branch else f"refs/tags/{tag}" if tag else ""
    return _pushed(repository, ref, default, environment.get("CI_COMMIT_BEFORE_SHA"), head)


def _pushed(repository: Repository, ref: str, default: str, before: str, head: str) -> Range:
    """A push: the branch is judged by what it was before, and the protected branch's policy is the one it had then."""
    if not default:
        raise PlanfenceError("the CI does not say which branch is protected", hint="name the range: A..B")
    name = ref.removeprefix(BRANCH) if ref.startswith(BRANCH) else ""
    old = _commit(repository, before)
    known = heads(repository, "refs/remotes/origin/")
    known = _with(repository, known, *(each for each in (default,) if each != name or not old))
    tips = dict(known.tips)
    if name and old:
        tips[name] = old
    elif name and name != default:
        tips.pop(name, None)
    found = _to(repository, replace(known, tips=tips, default=default), ref, head, "")
    assert found.protected is not None
    guarded = bool(before.strip("0")) and found.protected.policy.guards(name)  # a new one has no past to lose
    if name and not old and (name in (default, found.protected.name) or guarded):
        what = f"{name} is new or was rewritten, and what it was before is not here"
        raise _is_missing(repository, what, "fetch what it was")
    kept = name and (name == found.protected.name or found.protected.policy.guards(name))
    return replace(found, how=f"push to {name}" if kept else f"since {found.protected.name}", lands=bool(kept))


def _is_missing(repository: Repository, what: str, fix: str) -> PlanfenceError:
    if repository.git.is_shallow():
        return PlanfenceError(
            f"this checkout has not the whole history: {what}",
            hint='check out with `fetch-depth: 0` (GitHub, Gitea) or `GIT_DEPTH: "0"` (GitLab)',
        )
    return PlanfenceError(what, hint=f"{fix}, or name the range: A..B")


def _event(environment: Environment) -> dict[str, Any]:
    path = environment.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    what, hint = f"the event file {path}", "name the range: A..B"
    try:
        data = read_plain(path)
    except OSError as error:
        raise CouldNotCheck(f"{what} can't be read: {reason(error)}", hint=hint) from error
    return table(read_json(data, what, hint))


def _commit(repository: Repository, identifier: str) -> str:
    """Return the commit id if the commit is here, otherwise an empty string."""
    return repository.objects.commit(identifier) if repository.is_id(identifier) else ""
