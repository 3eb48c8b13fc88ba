"""The note that the pre-push hook's light entry reads: a push that was judged, and what its verdict depends on."""

from __future__ import annotations

from planfence import __version__
from planfence.boundary import pushstate
from planfence.errors import CouldNotCheck
from planfence.files.state import write_atomically
from planfence.gitio.repository import Repository
from planfence.ledger.refs import Ledger
from planfence.log import writer as records
from planfence.log.line import format_record
from planfence.manifest.policy import Policy

#: How many notes are kept; the oldest go.
KEPT = 20


def state(repository: Repository, remote: str, base: str) -> str:
    """Return what a verdict depends on besides the pushed commit. To be asked before the judgement."""
    listed = repository.git.text(*pushstate.questions(remote, base))
    return pushstate.state(listed, Ledger(repository).last_tip())


def leave(repository: Repository, policy: Policy, tip: str, remote: str, seen: str) -> None:
    """Note that pushing ``tip`` alone was allowed while the refs were as ``seen``. Decides nothing by itself."""
    if seen != state(repository, remote, policy.base):
        return
    if records.no_place(repository, "log", policy.log):
        return
    path = records.log_path(repository, policy.log)
    fields = {"event": "pre-push", "result": "accepted", "commit": tip[:12]}
    line = format_record("", fields).removeprefix(",")
    lines = [pushstate.HEADER, tip, remote, policy.base, str(path or ""), line, __version__, seen, "end", ""]
    folder = repository.cache_dir
    try:
        old = sorted(folder.glob("push-*"), key=lambda each: each.stat().st_mtime)
        for each in old[:-KEPT]:
            each.unlink(missing_ok=True)
        write_atomically(folder / f"push-{tip}", "\n".join(lines).encode("utf-8", "surrogateescape"))
    except (OSError, CouldNotCheck):
        return
