"""`planfence policy`: what the policy comes to, and the shared ones that come from another repository."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from planfence import POLICY_PATH
from planfence.change import message as messages
from planfence.change import reader
from planfence.change.alone import commit_files, one_at_a_time, unedited
from planfence.change.governing import entry
from planfence.errors import Fault, PlanfenceError
from planfence.finding import Report
from planfence.gitio import paths
from planfence.gitio.objects import Objects
from planfence.gitio.otherrepository import Fetcher, fetching
from planfence.gitio.repository import Repository
from planfence.identity import detect
from planfence.judge import check
from planfence.judge.attribution import team_trailers
from planfence.judge.planchanges import loosened
from planfence.judge.sources import Sources, policy_at_hand, require_policy
from planfence.ledger.redaction import Own, redact
from planfence.manifest.policy import SHARED, Policy
from planfence.manifest.policyfile import LoadedPolicy
from planfence.manifest.pulledfile import Pulled, digest, read_head, with_head
from planfence.records import dataclass

#: A revision as git writes names of refs and commits (git-check-ref-format(1)).
_REVISION = re.compile(r"[^\s~^:?*\[\\@-][^\s~^:?*\[\\@]*")
_PASSWORD = re.compile(r"(?<=://)[^/:\s]*:[^/\s]*@")


def shown_policy(repository: Repository) -> LoadedPolicy:
    """Return the policy that counts: HEAD's, else the worktree's; :class:`PlanfenceError` if there is none."""
    found = policy_at_hand(repository)
    if found is None:
        raise PlanfenceError(f"there is no {POLICY_PATH}", hint="planfence init")
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to pull: a repository, a revision, the file there, and where it goes (empty: `.planfence/` and its name)."""

    source: str
    revision: str
    file: str
    to: str = ""

    @property
    def place(self) -> str:
        """Where it goes, from the top of the repository."""
        return self.to or f"{SHARED}{self.file.rpartition('/')[2]}"


def wanted(spec: str, file: str, to: str = "", top: str = "") -> Wanted:
    """Read `SOURCE@REV` (without `@REV`: its HEAD); an `@` of an address or of an scp-like path parts nothing.

    Neither does one of a path that is there, as seen from ``top``.
    """
    if odd := next((each for each in (spec, file, to) if not each.isprintable()), ""):
        raise PlanfenceError(f"{odd!r} holds what can't be printed", hint="name it without")
    start = spec.find("/", spec.find("://") + 3) if "://" in spec else 0
    at = spec.rfind("@")
    source, revision = (spec[:at], spec[at + 1 :]) if at > max(start, 0) and start >= 0 else (spec, "HEAD")
    if not _REVISION.fullmatch(revision) or os.path.exists(os.path.join(top, spec.removeprefix("file://"))):
        source, revision = spec, "HEAD"  # `git@host:path`: a revision has no colon
    found = Wanted(_PASSWORD.sub("", source), revision, file, to)
    if redact(found.source.encode(), Own()).counts:
        raise PlanfenceError(
            "the source holds a secret, which would be committed", hint="leave it out: git asks for it"
        )
    for path in (file, found.place):
        if problem := paths.literal_fault(path):
            raise PlanfenceError(f"{problem[0]}: {path}", hint=problem[1])
    return found


@dataclass(frozen=True, slots=True)
class PulledFile:
    """What a pull found for one file: its place, where it comes from, the commit there, whether it is new here."""

    path: str
    place: str
    commit: str
    changed: bool


@dataclass(frozen=True, slots=True)
class PullOutcome:
    """What a pull came to: the commit (empty: nothing had changed, or the report refuses it), what each file is."""

    commit: str
    files: tuple[PulledFile, ...]
    report: Report = Report()


def pull(repository: Repository, asked: Wanted | None) -> PullOutcome:
    """Bring shared policies from where they come from, in a commit of the policy alone.

    Without ``asked`` all that were pulled before. The commit is judged before anything points at it. Raises
    :class:`PlanfenceError` if there is no commit or no policy, if one of the files has edits of the user's own,
    :class:`BadFile` for a policy that would be wrong, :class:`CouldNotCheck` if git can't fetch.
    """
    objects = repository.objects
    with one_at_a_time(repository, "pull the policy") as head, fetching(repository) as fetcher:
        policy = require_policy(Sources(objects).policy(head)) if head else require_policy(None)
        if asked and (asked.place == POLICY_PATH or not policy.is_policy(asked.place)):
            raise PlanfenceError(f"{asked.place} is not a place for a shared policy", hint=f"--to {SHARED}org.toml")
        pulled = _pulled(objects, head, policy)
        todo = [asked] if asked else [Wanted(each.source, each.rev, each.file, path) for path, each in pulled]
        if not todo:
            hint = "say which: planfence policy pull SOURCE@REV"
            raise PlanfenceError("the policy extends nothing that was pulled", hint=hint)
        return _pull(repository, fetcher, head, policy, todo)


def _pull(repository: Repository, fetcher: Fetcher, head: str, policy: Policy, todo: list[Wanted]) -> PullOutcome:
    objects = repository.objects
    new: dict[str, bytes] = {}
    found = []
    for each in todo:
        commit, data = _fetched(fetcher, each)
        before = _blob(objects, head, each.place)
        now = with_head(each.source, each.file, each.revision, commit, data)
        known = read_head(before) if before is not None else None
        same = known is not None and known.is_whole and (known.source, known.body) == (each.source, data)
        listed = each.place in policy.shared
        if not same:
            new[each.place] = now
        if not listed:
            text = _blob(objects, head, POLICY_PATH) if POLICY_PATH not in new else new[POLICY_PATH]
            assert text is not None
            new[POLICY_PATH] = _extending(text, each.place)
        found.append(PulledFile(each.place, f"{each.source}@{each.revision}", commit, not same or not listed))
    if not new:
        return PullOutcome("", tuple(found))
    model = detect(repository.environment, policy.identity)
    message = team_trailers(_message(found, model), policy, model)

    def judged(commit: str) -> Report:
        Sources(objects).load_policy(commit)  # a wrong one is said as a file's faults
        return check.check_commit(repository, commit).report

    files = [(unedited(repository, head, path), data) for path, data in new.items()]
    commit, report = commit_files(repository, head, files, message, judged)
    return PullOutcome(commit, tuple(found), report)


def _fetched(fetcher: Fetcher, asked: Wanted) -> tuple[str, bytes]:
    found = fetcher.file(asked.source, asked.revision, asked.file)
    if found.data is None:
        hint = "name the file there: --file PATH"
        raise PlanfenceError(f"{asked.source} has no {asked.file} at {found.commit[:12]}", hint=hint)
    return found.commit, found.data


def _message(files: list[PulledFile], model: str) -> str:
    lines = "".join(f"    {each.path} from {each.place}, {each.commit}\n" for each in files if each.changed)
    return f"chore: pull the shared policy\n\n{lines}\n{messages.MODEL_TRAILER}: {model}\n"


def _extending(text: bytes, path: str) -> bytes:
    """Return the policy's text with one more file in `extends`; comments, order and line ends stay."""
    import tomllib

    import tomlkit
    from tomlkit.items import Array

    plain = text.decode().replace("\r\n", "\n")
    document = tomlkit.parse(plain)
    listed = document.get("extends")
    if isinstance(listed, Array):
        listed.append(path)
        changed = tomlkit.dumps(document)
    else:
        line = f"extends = [{tomlkit.string(path).as_string()}]\n"
        lines = plain.splitlines(keepends=True)
        after = next((number for number, each in enumerate(lines) if re.match(r"schema\s*=", each)), -1) + 1
        changed = "".join((*lines[:after], line, *lines[after:]))
    before = tomllib.loads(plain)
    if tomllib.loads(changed) != before | {"extends": [*before.get("extends", []), path]}:
        raise PlanfenceError(f"`extends` can't be written into {POLICY_PATH}", hint=f'add "{path}" to it by hand')
    return (changed.replace("\n", "\r\n") if b"\r\n" in text else changed).encode()


def _pulled(objects: Objects, commit: str, policy: Policy) -> Iterator[tuple[str, Pulled]]:
    for path in policy.shared:
        found = read_head(_blob(objects, commit, path) or b"")
        if found is not None:
            yield path, found


def _blob(objects: Objects, commit: str, path: str) -> bytes | None:
    found = entry(objects, commit, path)
    blob = None if found is None else objects.read(found.id)
    return None if blob is None else blob.data


@dataclass(frozen=True, slots=True)
class SharedState:
    """How one shared file stands to where it comes from: what is wrong (empty: nothing), and what to type."""

    path: str
    wrong: str = ""
    said: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What `policy check` found: the state of each shared file, and what the policy loosens of their locks."""

    files: tuple[SharedState, ...]
    loosened: tuple[Fault, ...]

    @property
    def refused(self) -> bool:
        """Whether anything is behind, was edited, or is loosened."""
        return bool(self.loosened) or any(each.wrong for each in self.files)


def check_shared(repository: Repository) -> Checked:
    """Compare the shared policies at HEAD with where they come from.

    Raises :class:`CouldNotCheck` if git can't fetch one, :class:`BadFile` for a policy that is wrong.
    """
    objects = repository.objects
    with fetching(repository) as fetcher:
        head = reader.head(repository)
        loaded = Sources(objects).load_policy(head) if head else None
        policy = require_policy(loaded.policy if loaded else None)
        assert loaded is not None
        heads = dict(_pulled(objects, head, policy))
        states = [_state(fetcher, path, heads.get(path)) for path in policy.shared]
    return Checked(tuple(states), tuple(loosened(None, loaded)))


def _state(fetcher: Fetcher, path: str, pulled: Pulled | None) -> SharedState:
    if pulled is None:
        return SharedState(path, said="is this repository's own")
    again = f"planfence policy pull {pulled.place} --file {pulled.file} --to {path}"
    if not pulled.is_whole:
        wrong = f"was edited by hand since it was pulled from {pulled.place}"
        return SharedState(path, wrong, fix=again)
    now = fetcher.file(pulled.source, pulled.rev, pulled.file)
    if now.data is not None and digest(now.data) == pulled.digest:
        return SharedState(path, said=f"is as {pulled.place} has it ({now.commit[:12]})")
    if now.commit != pulled.commit:
        then = fetcher.file(pulled.source, pulled.commit, pulled.file)
        if then.data is not None and digest(then.data) == pulled.digest:
            wrong = f"is behind {pulled.place}: pulled at {pulled.commit[:12]}, now {now.commit[:12]}"
            return SharedState(path, wrong, fix="planfence policy pull")
    wrong = f"was edited by hand: {pulled.source} has another text at {pulled.commit[:12]}"
    return SharedState(path, wrong, fix=again)
