"""What a push may do to the ledger on a server: each writer's ref only grows, and stays its writer's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from planfence.env import Environment
from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.finding import Finding
from planfence.gitio.repository import Repository
from planfence.ledger.refs import KEPT, PREFIX
from planfence.rules import ledger_rewritten

_NAME = re.compile(rf"{re.escape(PREFIX)}(?P<writer>[0-9a-f]{{16}})")

_KEPT = re.compile(rf"{re.escape(KEPT)}(?P<writer>[0-9a-f]{{16}})/(?P<day>\d{{4}}-\d\d(?:-\d\d)?)")

#: Who pushes, as servers say it to their hooks; the client can't set any of them.
_PUSHERS = ("PLANFENCE_PUSHER", "GL_ID", "GITEA_PUSHER_ID", "FORGEJO_PUSHER_ID", "GL_USER", "REMOTE_USER")


def judge_ledger(repository: Repository, old: str, new: str, ref: str, first: str = "") -> Iterator[Finding]:
    """Yield what is wrong with one update under `refs/planfence/`.

    ``first`` is the first day whose attachments the policy keeps: anybody may drop those before (empty: none).
    """
    name, kept = _NAME.fullmatch(ref), _KEPT.fullmatch(ref)
    if kept is not None:
        yield from _judge_kept(repository, new, kept, first)
    elif name is None:
        yield ledger_rewritten.about(ref, "is not a ledger's name")
    elif new == repository.zero:
        yield ledger_rewritten.about(ref, "would be deleted")
    elif not _is_chain(repository, new):
        yield ledger_rewritten.about(ref, "would lead to something that is not a ledger")
    elif old != repository.zero and not repository.git.is_ancestor(old, new):
        yield ledger_rewritten.about(ref, "would lose entries that it has")
    else:
        owner, pusher = _owner(repository, name["writer"]), who(repository.environment)
        if owner and owner != pusher:
            # Where nobody says who pushes, it may be anybody.
            yield ledger_rewritten.about(ref, "belongs to another writer")
        elif pusher and not owner:
            _keep_owner(repository, name["writer"], pusher)


def _judge_kept(repository: Repository, new: str, kept: re.Match[str], first: str) -> Iterator[Finding]:
    """Attachments are not proof, and go after their time; until then they are their writer's."""
    owner, pusher = _owner(repository, kept["writer"]), who(repository.environment)
    if new == repository.zero:
        if kept["day"] >= first[: len(kept["day"])] and not (owner and owner == pusher):
            yield ledger_rewritten.about(kept[0], "would be deleted before its time")
    elif repository.git.status("cat-file", "-t", new, ok=(0, 1, 128))[1].strip() != b"commit":
        yield ledger_rewritten.about(kept[0], "would lead to something that is not a commit")
    elif owner and owner != pusher:
        yield ledger_rewritten.about(kept[0], "belongs to another writer")
    elif pusher and not owner:
        _keep_owner(repository, kept["writer"], pusher)


def who(environment: Environment) -> str:
    """Return who pushes, as the server says; empty if it does not."""
    return next((value for name in _PUSHERS if (value := environment.get(name))), "")


def _is_chain(repository: Repository, new: str) -> bool:
    """Whether it is a commit whose tree holds an entry."""
    status, out = repository.git.status("cat-file", "-t", f"{new}:entry.json", ok=(0, 1, 128))
    kind = repository.git.status("cat-file", "-t", new, ok=(0, 1, 128))[1]
    return status == 0 and out.strip() == b"blob" and kind.strip() == b"commit"


def _place(repository: Repository, writer: str) -> Path:
    return repository.common_dir / "planfence" / "writers" / writer


def _owner(repository: Repository, writer: str) -> str:
    try:
        return read_plain(_place(repository, writer)).decode("utf-8", "surrogateescape").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CouldNotCheck(f"{_place(repository, writer)} can't be read: {error.strerror}") from error


def _keep_owner(repository: Repository, writer: str, pusher: str) -> None:
    """Remember whose ledger it is; the first who pushes it. Exclusive, so that two can't both be first."""
    place = _place(repository, writer)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{pusher}\n")
    except FileExistsError:
        return
    except OSError as error:
        raise CouldNotCheck(f"{place} can't be written: {error.strerror}") from error
