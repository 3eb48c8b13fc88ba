"""Importing another tool's plan: read, drafted, written beside the other plans, never over one."""

from __future__ import annotations

from pathlib import Path

from planfence.change import reader
from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.gitio.repository import Repository
from planfence.judge.sources import Sources
from planfence.manifest.policy import Policy
from planfence.plan.importers import BESIDE, READERS
from planfence.plan.importers.draft import identifier, to_toml
from planfence.plan.plans import write_at


def import_plan(repository: Repository, kind: str, file: Path, *, plan_id: str = "", tag: str = "") -> tuple[Path, str]:
    """Write the plan; return where it stands and its text.

    The id is ``plan_id``, or the name of the folder that the file is in. Raises
    :class:`PlanfenceError` where that plan is there already.
    """
    given: dict[str, bytes | str] = {}
    for name, other in BESIDE.get(kind, {}).items():
        beside = file.with_name(other)
        if beside.is_file():
            given[name] = _read(beside)
    if tag:
        given["tag"] = tag
    draft = READERS[kind](_read(file), **given)
    name = identifier(plan_id or file.resolve().parent.name)
    policy = Sources(repository.objects).policy(reader.head(repository)) or Policy()
    text = to_toml(draft, name)
    return write_at(repository, policy.plan_path(name), text, "give another name with --id"), text


def _read(path: Path) -> bytes:
    try:
        return read_plain(path)
    except OSError as error:
        raise CouldNotCheck(f"{path} can't be read: {error.strerror}") from error
