"""What the hooks of one commit leave for each other, and for the fast path of the next commit.

Two small files of this worktree, in the form that `fastpath` reads and writes too: `hooks-seen` says
which hooks ran, and on what; `standing` says what was found to hold at a HEAD, for a task and a model.
"""

from __future__ import annotations

import os
from contextlib import suppress

from planfence.change import reader
from planfence.change.change import Change, FileChange
from planfence.errors import CouldNotCheck
from planfence.files.state import write_atomically
from planfence.gitio import paths
from planfence.gitio.repository import Repository
from planfence.hooks import compiledplan, fastjudge, fastpath
from planfence.hooks.fastpath import Place, Standing, Unsure
from planfence.judge.check import Outcome
from planfence.ledger.stages import Facts, fold
from planfence.manifest.plan import Task

SEEN = "hooks-seen"
#: What commit-msg leaves for the shell of post-commit, see `fastmessage.leave`.
TO_RECORD = "to-record"
#: What pre-commit leaves for the shell of commit-msg, see `fastahead`.
AHEAD = "ahead"
_TYPE = 0o170000


def raw_bytes(files: tuple[FileChange, ...]) -> bytes:
    """What `diff-tree --raw -z` prints for these changes."""
    return b"".join(map(_raw, files))


def raw_key(files: tuple[FileChange, ...]) -> str:
    """A name for what changed: the digest of what `diff-tree --raw -z` prints for it."""
    return fastpath.digest(raw_bytes(files)).decode()


def _raw(file: FileChange) -> bytes:
    if not file.old_mode or not file.new_mode:
        letter = "D" if file.old_mode else "A"
    else:
        letter = "M" if file.old_mode & _TYPE == file.new_mode & _TYPE else "T"
    head = f":{file.old_mode:06o} {file.new_mode:06o} {file.old_id} {file.new_id} {letter}"
    return head.encode() + b"\0" + paths.encode(file.path) + b"\0"


def read_seen(repository: Repository) -> dict[str, list[str]]:
    """Return which hooks ran since the last commit; each with HEAD, what was staged, and maybe its tree."""
    try:
        lines = fastpath.unsealed(os.fsencode(repository.state_dir))
    except (OSError, Unsure):
        return {}
    return {words[0]: words[1:] for words in (line.decode("utf-8", "replace").split(" ") for line in lines)}


def take_back(repository: Repository) -> None:
    """See to it that no earlier note speaks for the message of this commit."""
    with suppress(OSError):
        (repository.state_dir / AHEAD).unlink(missing_ok=True)


def mark_seen(repository: Repository, hook: str, outcome: Outcome) -> None:
    """Leave word that this hook ran, and on what; where pre-commit found nothing, also what the fast path needs.

    It decides nothing, so a state folder that can't be written is no reason to refuse.
    """
    change = outcome.change
    if change is None:
        return
    seen = {name: words for name, words in read_seen(repository).items() if name in ("pre-commit", "commit-msg")}
    seen[hook] = [change.parents[0] if change.parents else "-", raw_key(change.files), change.tree]
    if hook == "pre-commit":
        seen = {hook: seen[hook]} | _for_fast(repository, outcome, change)
    lines = [" ".join((name, *words)).encode() for name, words in seen.items()]
    try:
        write_atomically(repository.state_dir / SEEN, fastpath.sealed(lines))
    except CouldNotCheck:
        return


def was_seen(repository: Repository, words: list[str] | None, head: Change) -> bool:
    """Whether a hook's word is about this commit: it names the tree, or what leads to it from the HEAD that was then.

    That HEAD is the parent, or the commit that was amended.
    """
    if words is None or len(words) not in (2, 3):
        return False
    before, key, *tree = words
    if tree:
        return tree == [head.tree]
    if before == (head.parents[0] if len(head.parents) == 1 else "-"):
        return key == raw_key(head.files)
    try:
        known = fastpath.is_id(before.encode("utf-8", "replace"))
        return known and key == raw_key(reader.between(repository, before, head.tree))
    except CouldNotCheck:  # it is not there any more
        return False


def _for_fast(repository: Repository, outcome: Outcome, change: Change) -> dict[str, list[str]]:
    """Write down what stands at this HEAD, and return what commit-msg needs to know that pre-commit saw the same."""
    environment = {os.fsencode(name): os.fsencode(value) for name, value in repository.environment.variables.items()}
    try:
        place = Place(environment, os.fsencode(repository.top))
        index = fastpath.index_mark(place)
        standing = _standing(repository, outcome, change, place)
        if standing is None:
            (repository.state_dir / "standing").unlink(missing_ok=True)
            return {}
        standing.write(place)
        _, comment = repository.git.status(*(word.decode() for word in fastpath.COMMENT))
        words = (index, standing.mark, fastpath.digest(comment), b"%d" % len(change.files))
        lines = [b" ".join((b"fast", *words)), *fastjudge.noted(raw_bytes(change.files))]
        return {words[0]: words[1:] for words in (line.decode().split(" ") for line in lines)}
    except (Unsure, OSError):
        return {}


def _standing(repository: Repository, outcome: Outcome, change: Change, place: Place) -> Standing | None:
    """What may be believed of the next commits at this HEAD; None where something was found, or is not settled."""
    report, policy, claim = outcome.report, outcome.policy, outcome.claim
    plain = not (report.findings or report.notes or claim.urgent or change.is_merge) and len(change.parents) == 1
    if not plain or policy is None or outcome.governing is None or os.fsencode(claim.task) != place.task:
        return None
    if "commit" in policy.tests.required or policy.trust.evidence != "local":
        return None
    mark, ledger = fastpath.refs_mark(place), fastpath.ledger_mark(place)
    cache = compiledplan.store(repository, outcome.governing, outcome.plan, claim.task)
    if not cache or (claim.task and (outcome.facts is None or not change.files)):
        return None
    lasting = outcome.task is None or _is_lasting(outcome.facts or Facts(), outcome.task, claim.task)
    words = [mark, ledger, change.parents[0].encode(), cache.encode(), place.model, place.task or b"-"]
    words += [(claim.stage or "-").encode(), b"%d" % claim.rework, b"lasting" if lasting else b"once"]
    return Standing(words)


def _is_lasting(facts: Facts, task: Task, name: str) -> bool:
    """Whether commits change nothing of where the task and what it waits for are: the ledger alone says it."""
    plan_id = name.partition("/")[0]
    for each in (name, *(f"{plan_id}/{other}" for other in task.depends_on)):
        state = facts.state(each)
        alone = fold(each, state.moves)
        if (alone.stage, alone.round) != (state.stage, state.round):
            return False
    return True
