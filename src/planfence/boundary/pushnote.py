"""The note that the pre-push hook's light entry reads: a push that was judged, and what its verdict depends on."""

from __future__ import annotations

from planfence import __version__
from planfence.boundary import pushstate
from planfence.errors import CouldNotCheck
from planfence.files.state import write_atomically
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Heads
from planfence.judge.ranges import BRANCH, Protected
from planfence.ledger.refs import Ledger
from planfence.log import writer as log_writer
from planfence.log.line import format_record
from planfence.manifest.policy import Branches

#: How many notes are kept; the oldest go.
KEPT = 20


def state(repository: Repository, remote: str, protected: Protected | None, branches: Heads, target: str) -> str:
    """Return what a verdict depends on besides the pushed commit. To be asked before the judgement."""
    if protected is None:
        return ""
    target = target if _is_wide(protected, branches) else ""
    listed = repository.git.text(*pushstate.questions(remote, protected.name, target))
    return pushstate.state(listed, Ledger(repository).last_tip())


def _is_wide(protected: Protected, branches: Heads) -> bool:
    """Whether the verdict depends on more of the remote's branches than its default branch and the base."""
    return protected.policy.branches != Branches() or branches.default != protected.name


def leave(
    repository: Repository, remote: str, protected: Protected, branches: Heads, tip: str, target: str, seen: str
) -> None:
    """Note that pushing ``tip`` alone to ``target`` was allowed while the refs were as ``seen``.

    Decides nothing by itself, and says nothing of a branch that keeps its commits: there it counts what the remote has.
    """
    policy = protected.policy
    name = target.removeprefix(BRANCH)
    if (
        seen != state(repository, remote, protected, branches, target)
        or policy.guards(name)
        or name == branches.default
    ):
        return
    if log_writer.no_place(repository, "log", policy.log):
        return
    target = target if _is_wide(protected, branches) else ""
    path = log_writer.log_path(repository, policy.log)
    fields = {"event": "pre-push", "result": "accepted", "commit": tip[:12]}
    line = format_record("", fields).removeprefix(",")
    lines = [pushstate.HEADER, tip, remote, target, protected.name, str(path or ""), line, __version__, seen, "end", ""]
    folder = repository.cache_dir
    try:
        old = sorted(folder.glob("push-*"), key=lambda each: each.stat().st_mtime)
        for each in old[:-KEPT]:
            each.unlink(missing_ok=True)
        write_atomically(folder / f"push-{tip}", "\n".join(lines).encode("utf-8", "surrogateescape"))
    except (OSError, CouldNotCheck):
        return
