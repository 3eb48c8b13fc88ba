"""The same verdict where it counts: in CI, by the policy and under the trust of the protected branch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from planfence import POLICY_PATH
from planfence.boundary.rerun import rerun
from planfence.change import reader
from planfence.env import Environment
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.foreignjson import read_json
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Ahead
from planfence.judge import check
from planfence.judge.check import Outcome, Terms
from planfence.judge.sources import Sources
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace
from planfence.rules import RULES

#: How a range was found that the user named.
AS_ASKED = "as asked"


@dataclass(frozen=True, slots=True)
class Range:
    """What is verified: ``head`` against the protected branch's commit ``base`` (full ids), and how it was found."""

    base: str
    head: str
    how: str


def verify(
    repository: Repository, span: str = "", progress: Callable[[int], None] | None = None, ahead: Ahead | None = None
) -> Outcome:
    """Judge every commit of a range by the policy at its left end, and the tests at its right end.

    ``span`` is `A..B` (`A...B`: from their merge base, by the policy of A); empty: what the CI
    at hand means. The left end stands for the protected branch: whoever may choose it, may
    choose the policy. ``ahead`` is the span, where git began to read it earlier. Raises
    :class:`PlanfenceError` where there is no policy.
    """
    if ahead is not None:
        span_ = Range(ahead.base, ahead.head, AS_ASKED)
    else:
        span_ = _span(repository, span) if span else default_range(repository)
    policy = policy_at(repository, span_.base, ahead.objects if ahead else None)
    gates: dict[str, str] = {}
    if "push" in policy.tests.required:
        new = repository.git.text("rev-list", "--no-walk=unsorted", "--stdin", stdin=f"{span_.head}\n".encode())
        inside = repository.git.status("merge-base", "--is-ancestor", span_.head, span_.base)[0] != 0
        gates = {new: "push"} if inside else {}
    terms = Terms(policy, span_.base, gates, progress=progress, leaving=True, ahead=ahead)
    if gates and policy.trust.evidence == "rerun":
        terms = replace(terms, reruns=rerun(repository, policy, span_.base, list(gates)))
    outcome = check.judge_commits(repository, [span_.head, f"^{span_.base}"], terms=terms)
    notes = (f"{span_.how}: {span_.base[:12]}..{span_.head[:12]}", *outcome.report.notes)
    report = replace(outcome.report, notes=notes + bypassed(outcome))
    return Outcome(report, policy, refusal=outcome.refusal)


def policy_at(repository: Repository, base: str, reader: Objects | None = None) -> Policy:
    """Return the protected branch's policy; raises :class:`PlanfenceError` where it has none."""
    with nullcontext(reader) if reader else Objects(repository.git) as objects:
        policy = Sources(objects).policy(base)
    if policy is None:
        raise PlanfenceError(
            f"there is no {POLICY_PATH} at the base {base[:12]}: nothing says what to verify",
            hint="bring the policy into the protected branch first (`planfence init` writes one)",
        )
    return policy


#: The rules whose breaches say nothing of the local hooks.
_LATER = frozenset(rule.code for rule in RULES if rule.later)


def bypassed(outcome: Outcome) -> tuple[str, ...]:
    """Say which judged commits the local hooks can't have seen: it is worth knowing, and refuses nothing.

    The hooks write who committed into each commit of a task, and refuse what is refused here.
    """
    judged = set(outcome.report.judged)
    refused = (f.change for f in outcome.report.errors if f.change in judged and f.code not in _LATER)
    bare = dict.fromkeys([*outcome.unmarked, *refused])
    if not bare:
        return ()
    some = ", ".join(name[:12] for name in list(bare)[:5]) + (", …" if len(bare) > 5 else "")
    return (
        f"{len(bare)} of {len(judged)} commits were made past the local hooks, or without them ({some}): "
        "`planfence doctor` says what is installed",
    )


def _span(repository: Repository, span: str) -> Range:
    symmetric = "..." in span
    left, found, right = span.partition("..." if symmetric else "..")
    if not found or not left or not right:
        raise PlanfenceError(f"{span} is no range", hint="write it as A..B, such as origin/main..HEAD")
    return Range(reader.resolve(repository, left), reader.resolve(repository, right), AS_ASKED)


def default_range(repository: Repository) -> Range:
    """Return the range that the CI at hand means (GitHub Actions, Gitea, GitLab CI), or plain git's.

    Raises :class:`PlanfenceError` where the protected branch can't be told.
    """
    environment = repository.environment
    if environment.get("GITHUB_ACTIONS") == "true" or environment.get("GITEA_ACTIONS") == "true":
        return _github(repository, environment)
    if environment.get("GITLAB_CI") == "true":
        return _gitlab(repository, environment)
    head = reader.resolve(repository, "HEAD")
    ref = repository.git.status("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD", ok=(0, 1, 128))[1].decode()
    name = ref.strip().removeprefix("refs/remotes/origin/")
    if not name:
        with Objects(repository.git) as objects:
            name = (Sources(objects).policy(head) or Policy()).base
    return Range(_branch(repository, name), head, f"since {name}")


def _branch(repository: Repository, name: str) -> str:
    """Return the protected branch's commit, the remote's before the local one."""
    for ref in (f"refs/remotes/origin/{name}", f"refs/heads/{name}"):
        status, out = repository.git.status("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        if status == 0:
            return out.decode().strip()
    raise PlanfenceError(
        f"there is no branch {name or 'to compare with'} here",
        hint=f"fetch it with its whole history (`git fetch origin {name or 'BRANCH'}`, fetch-depth: 0), or name A..B",
    )


def _github(repository: Repository, environment: Environment) -> Range:
    """GitHub's variables and event (docs.github.com, "Variables reference", "Webhook events"); Gitea sets the same."""
    event = _event(environment)
    head = reader.resolve(repository, "HEAD")
    pull = _table(event, "pull_request")
    if environment.get("GITHUB_BASE_REF"):
        # HEAD is the forge's own test merge; what was pushed is the branch behind it.
        tip = _commit(repository, str(_table(pull, "head").get("sha", ""))) or head
        name = environment.get("GITHUB_BASE_REF")
        return Range(_branch(repository, name), tip, f"pull request to {name}")
    group = _table(event, "merge_group")
    if group:
        base = _commit(repository, str(group.get("base_sha", "")))
        if not base:
            raise CouldNotCheck("the merge group's base is not here", hint="check out with fetch-depth: 0")
        return Range(base, head, "merge group")
    default = str(_table(event, "repository").get("default_branch", ""))
    before = _commit(repository, str(event.get("before", "")))
    return _pushed(repository, environment.get("GITHUB_REF"), default, before, head)


def _gitlab(repository: Repository, environment: Environment) -> Range:
    """GitLab's variables (docs.gitlab.com, "Predefined CI/CD variables reference")."""
    head = reader.resolve(repository, environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or "HEAD")
    name = environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    if name:
        return Range(_branch(repository, name), head, f"merge request to {name}")
    before = _commit(repository, environment.get("CI_COMMIT_BEFORE_SHA"))
    branch = environment.get("CI_COMMIT_BRANCH")
    return _pushed(
        repository, f"refs/heads/{branch}" if branch else "", environment.get("CI_DEFAULT_BRANCH"), before, head
    )


def _pushed(repository: Repository, ref: str, default: str, before: str, head: str) -> Range:
    """A push to the protected branch is judged by what that was before; any other by what it is."""
    if default and ref == f"refs/heads/{default}":
        if not before and repository.git.text("rev-parse", "--is-shallow-repository") == "true":
            raise PlanfenceError(
                "this checkout has not the whole history",
                hint='check out with `fetch-depth: 0` (GitHub, Gitea) or `GIT_DEPTH: "0"` (GitLab)',
            )
        if not before:
            raise PlanfenceError(
                f"{default} is new or was rewritten: what it was before is not here", hint="name the range: A..B"
            )
        return Range(before, head, f"push to {default}")
    if not default:
        raise PlanfenceError("the CI does not say which branch is protected", hint="name the range: A..B")
    return Range(_branch(repository, default), head, f"since {default}")


def _event(environment: Environment) -> dict[str, Any]:
    path = environment.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise CouldNotCheck(f"the event file {path} can't be read: {error}", hint="name the range: A..B") from error
    found = read_json(data, f"the event file {path}", "name the range: A..B")
    return found if isinstance(found, dict) else {}


def _table(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _commit(repository: Repository, identifier: str) -> str:
    """Return the commit id if the commit is here, otherwise an empty string."""
    if len(identifier) != len(repository.zero) or set(identifier) - set("0123456789abcdef"):
        return ""
    status, out = repository.git.status("rev-parse", "--verify", "--quiet", f"{identifier}^{{commit}}", ok=(0, 1, 128))
    return out.decode().strip() if status == 0 else ""
