"""Other tools' plans, read into drafts of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from planfence.plan.importers import openspec, speckit, taskmaster
from planfence.plan.importers.draft import Draft

#: Name → reader, and the files beside the given one that it also takes (argument → name).
READERS: Mapping[str, Callable[..., Draft]] = {
    "taskmaster": taskmaster.read,
    "spec-kit": speckit.read,
    "openspec": openspec.read,
}
BESIDE: Mapping[str, Mapping[str, str]] = {"openspec": {"proposal": "proposal.md", "design": "design.md"}}
