"""Commits that wait to be folded into another (`fixup!`), if they are about to leave this clone."""

from __future__ import annotations

from planfence.change.change import Change
from planfence.change.message import Message
from planfence.gitio.repository import Repository
from planfence.records import dataclass, field
from planfence.rules.rule import Fold


@dataclass(slots=True)
class Folding:
    """Follows a range, parents first. ``revisions`` are its `rev-list` arguments."""

    repository: Repository
    revisions: tuple[str, ...]
    _seen: list[tuple[str, str]] = field(default_factory=list)

    def see(self, change: Change, message: Message) -> Fold | None:
        """Take note of a commit; return how it can be folded, if it was made to be."""
        if not message.autosquash:
            self.pass_by(change.name, message)
            return None
        if change.is_merge:
            return None
        target = message.folds_into
        found = any(
            subject.startswith(target) or (len(target) >= 4 and name.startswith(target)) for name, subject in self._seen
        )
        return Fold(self._onto(change.name), self._branch(change.name), found)

    def pass_by(self, commit: str, message: Message) -> None:
        """Take note of a commit that others may be folded into."""
        self._seen.append((commit, message.subject))

    def _onto(self, commit: str) -> str:
        without = [revision[1:] for revision in self.revisions if revision.startswith("^")]
        if not without:
            return ""
        return self.repository.git.text("merge-base", commit, *without, ok=(0, 1, 128))[:12]

    def _branch(self, commit: str) -> str:
        """The branch to name: a rebase without a name would take the current one."""
        words = ("for-each-ref", "--format=%(HEAD)%(refname)", f"--contains={commit}", "refs/heads/")
        names = [line.strip() for line in self.repository.git.text(*words).split("\n") if line]
        if not names or any(name.startswith("*") for name in names):
            return ""
        import shlex

        return shlex.quote(names[0].removeprefix("refs/heads/"))
