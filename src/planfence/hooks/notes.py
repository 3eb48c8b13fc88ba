"""What the full hooks leave for each other, and for the light hooks of the next commit.

Two small files of this worktree, in the form that `place` reads and writes: `note` says which of one commit's hooks
judged, and what; `standing` says what was found to hold at a HEAD, for a task and a model.
"""

from __future__ import annotations

import os
from contextlib import suppress

from planfence.change import reader
from planfence.change.change import Change, FileChange
from planfence.errors import CouldNotCheck
from planfence.finding import Finding
from planfence.gitio import paths
from planfence.gitio.repository import Repository
from planfence.hooks import compiledplan, lightrepository
from planfence.hooks.lightrepository import CheckedHead, LightRepository, NotProven
from planfence.judge.verdicts import CheckResult
from planfence.ledger.stages import Facts, fold
from planfence.manifest.plan import Task

_TYPE = 0o170000
#: The note is read up to a limit; what is found beyond it is told again.
_MOST_TOLD = 1000


def raw_bytes(files: tuple[FileChange, ...]) -> bytes:
    """What `diff-tree --raw -z` prints for these changes."""
    return b"".join(map(_raw, files))


def raw_key(files: tuple[FileChange, ...]) -> str:
    """A name for what changed: the digest of what `diff-tree --raw -z` prints for it."""
    return lightrepository.digest(raw_bytes(files)).decode()


def _raw(file: FileChange) -> bytes:
    if not file.old_mode or not file.new_mode:
        letter = "D" if file.old_mode else "A"
    else:
        letter = "M" if file.old_mode & _TYPE == file.new_mode & _TYPE else "T"
    head = f":{file.old_mode:06o} {file.new_mode:06o} {file.old_id} {file.new_id} {letter}"
    return head.encode() + b"\0" + paths.encode(file.path) + b"\0"


def was_left(repository: Repository) -> bool:
    """Whether pre-commit has left the judging of this commit to commit-msg."""
    return lightrepository.was_left(os.fsencode(repository.state_dir))


def mark_seen(repository: Repository, hook: str, outcome: CheckResult) -> None:
    """Leave word that this hook ran, and on what; if nothing was found, also what stands for the next commits.

    It decides nothing, so a state folder that can't be written is not a reason to refuse.
    """
    change = outcome.change
    if change is None:
        return
    told = ",".join(map(told_as, outcome.report.findings[:_MOST_TOLD])) or "-"
    parent = change.parents[0] if change.parents else "-"
    seen = " ".join((hook, parent, raw_key(change.files), change.tree, told)).encode()
    head = lightrepository.EARLY if hook == "pre-commit" else lightrepository.NOTE
    with suppress(OSError):
        repository.state_dir.mkdir(parents=True, exist_ok=True)
        lightrepository.leave(os.fsencode(repository.state_dir), seen, [], head=head)
    environment = {os.fsencode(name): os.fsencode(value) for name, value in repository.environment.variables.items()}
    with suppress(OSError, NotProven):
        standing = _standing(repository, outcome, change, LightRepository(environment, os.fsencode(repository.top)))
        if standing is None and hook == "pre-commit":
            (repository.state_dir / "standing").unlink(missing_ok=True)


def missed(repository: Repository, head: Change) -> tuple[str, ...]:
    """Which hooks have not judged this commit, by the note, which is then used up.

    commit-msg judges change and message, so its word is enough.
    """
    words = _noted(repository)
    with suppress(OSError, NotProven):
        lightrepository.use_up(os.fsencode(repository.state_dir))
    if len(words) < 4 or not _is_about(repository, words[1:4], head):
        return ("pre-commit", "commit-msg")
    return () if words[0] == "commit-msg" else ("commit-msg",)


def told_as(finding: Finding) -> str:
    """A name for a finding, the same in each hook that finds it."""
    said = f"{finding.code} {finding.path}:{finding.line} {finding.message}"
    return lightrepository.digest(paths.encode(said)).decode()[:16]


def told_by(repository: Repository, change: Change | None, hook: str) -> frozenset[str]:
    """Return what this hook told of the same commit."""
    words = _noted(repository)
    if change is None or len(words) != 5 or words[0] != hook or not _is_about(repository, words[1:4], change):
        return frozenset()
    return frozenset(words[4].split(","))


def _noted(repository: Repository) -> list[str]:
    try:
        return lightrepository.read_note(os.fsencode(repository.state_dir))[0].decode("utf-8", "replace").split(" ")
    except (OSError, NotProven):
        return []


def _is_about(repository: Repository, words: list[str], head: Change) -> bool:
    """Whether a hook's word is about this commit: it names the tree, or what leads to it from the HEAD that was then.

    That HEAD is the parent, or the commit that was amended.
    """
    before, key, tree = words
    if tree != "-":
        return tree == head.tree
    if before == (head.parents[0] if len(head.parents) == 1 else "-"):
        return key == raw_key(head.files)
    try:
        known = lightrepository.is_id(before.encode("utf-8", "replace"))
        return known and key == raw_key(reader.between(repository, before, head.tree))
    except CouldNotCheck:  # it is not there any more
        return False


def _standing(
    repository: Repository, outcome: CheckResult, change: Change, here: LightRepository
) -> CheckedHead | None:
    """Write down what may be believed of the next commits at this HEAD; None: something was found, or is unsettled."""
    report, policy, attribution = outcome.report, outcome.policy, outcome.attribution
    plain = (
        not (report.findings or report.notes or attribution.urgent or attribution.marked or change.is_merge)
        and len(change.parents) == 1
    )
    if (
        not plain
        or policy is None
        or outcome.governing is None
        or (attribution.task, attribution.model) != (os.fsdecode(here.task), here.model.decode())
    ):
        return None
    if "commit" in policy.tests.required or policy.trust.evidence != "local":
        return None
    mark, ledger = lightrepository.refs_mark(here), lightrepository.ledger_mark(here)
    cache = compiledplan.store(repository, outcome.governing, outcome.plan, attribution.task, outcome.facts)
    if not cache or (attribution.task and (outcome.facts is None or not change.files)):
        return None
    lasting = outcome.task is None or _is_lasting(outcome.facts or Facts(), outcome.task, attribution.task)
    words = [mark, ledger, change.parents[0].encode(), cache.encode(), here.model, here.task or b"-"]
    words += [(attribution.stage or "-").encode(), b"%d" % attribution.rework, b"lasting" if lasting else b"once"]
    standing = CheckedHead(words)
    standing.write(here)
    return standing


def _is_lasting(facts: Facts, task: Task, name: str) -> bool:
    """Whether commits change nothing of where the task and what it waits for are: the ledger alone says it."""
    plan_id = name.partition("/")[0]
    for each in (name, *(f"{plan_id}/{other}" for other in task.depends_on)):
        state = facts.state(each)
        alone = fold(each, state.moves)
        if (alone.stage, alone.round) != (state.stage, state.round):
            return False
    return True
