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
from planfence.records import dataclass

#: How many notes are kept; the oldest go.
KEPT = 20


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a push goes: the remote, its protected branch and its branches, and the one ref, if it is one alone."""

    repository: Repository
    remote: str
    protected: Protected
    branches: Heads
    target: str

    @property
    def _named(self) -> str:
        """The ref, if the verdict depends on more of the remote's branches than its default branch and the base."""
        policy = self.protected.policy
        is_wide = policy.branches != Branches() or self.branches.default != self.protected.name
        return self.target if is_wide else ""

    def state(self) -> str:
        """Return what a verdict depends on besides the pushed commit. To be asked before the judgement."""
        listed = self.repository.git.text(*pushstate.questions(self.remote, self.protected.name, self._named))
        return pushstate.state(listed, Ledger(self.repository).last_tip())

    def leave(self, tip: str, seen: str) -> None:
        """Note that pushing ``tip`` alone there was allowed while the refs were as ``seen``.

        Decides nothing by itself, and says nothing of a branch that keeps its commits: there it counts what the remote
        has.
        """
        repository, protected, policy = self.repository, self.protected, self.protected.policy
        name = self.target.removeprefix(BRANCH)
        if seen != self.state() or policy.guards(name) or name == self.branches.default:
            return
        if log_writer.no_place(repository, "log", policy.log):
            return
        path = log_writer.log_path(repository, policy.log)
        line = format_record("", {"event": "pre-push", "result": "accepted", "commit": tip[:12]}).removeprefix(",")
        about = (pushstate.HEADER, tip, self.remote, self._named, protected.name)
        lines = [*about, str(path or ""), line, __version__, seen, "end", ""]
        folder = repository.cache_dir
        try:
            old = sorted(folder.glob("push-*"), key=lambda each: each.stat().st_mtime)
            for each in old[:-KEPT]:
                each.unlink(missing_ok=True)
            write_atomically(folder / f"push-{tip}", "\n".join(lines).encode("utf-8", "surrogateescape"))
        except (OSError, CouldNotCheck):
            return
