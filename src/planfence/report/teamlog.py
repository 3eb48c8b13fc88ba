"""The team's logs: `sync` carries each clone's new lines in the ledger, the report reads all writers', each once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from planfence.files.plain import read_plain
from planfence.files.state import write_atomically
from planfence.gitio.repository import Repository
from planfence.ledger import intoto, redaction, stating
from planfence.ledger.intoto import NotAStatement, Statement
from planfence.ledger.records import write_entry
from planfence.ledger.refs import Ledger
from planfence.log.files import lines_of, local_clock, own_logs
from planfence.log.line import ID_LENGTH, encode, format_record, format_run
from planfence.log.reader import Reader, Record, RunEntry, decode
from planfence.log.writer import utc
from planfence.manifest.policy import Policy

#: The predicate of an entry that carries log lines: `lines` is their text.
LOG_LINES = "https://planfence.dev/attestation/log-lines/v1"
_STATE = "log-shared.json"
_ENTRY_LINES = 5000


def normal(entry: Record | RunEntry) -> str:
    """A line as every clone reads it the same.

    A hand-written line's time is local: it becomes UTC, with an id made from what it says, so that the same line is the
    same record wherever it turns up.
    """
    if not isinstance(entry, Record):
        return format_run(entry.task, entry.edge, entry.epoch)
    if entry.own:
        return entry.text
    digest = hashlib.sha256(f"{entry.epoch} {entry.text}".encode("utf-8", "surrogateescape")).hexdigest()
    return format_record(utc(entry.epoch), entry.fields | {"id": digest[:ID_LENGTH]})


def _lines(repository: Repository, policy: Policy) -> Iterator[str]:
    reader = Reader(local_clock)
    for path in dict.fromkeys(own_logs(repository, policy)):
        with lines_of(path) as lines:
            for entry in reader.read(lines):
                yield normal(entry)


def share(repository: Repository, policy: Policy) -> int:
    """Add this clone's new log lines to its ledger; return how many.

    What was shared before is known by the number of lines and the digest of them all: a log that was changed is shared
    again from its beginning, which makes no doubles.
    """
    lines = list(_lines(repository, policy))
    state = repository.common_dir / "planfence" / _STATE
    done = _done(state, lines)
    own = redaction.own_of(repository.environment.variables) if done < len(lines) else redaction.Own()
    for start in range(done, len(lines), _ENTRY_LINES):
        text = "".join(f"{line}\n" for line in without_secrets(lines[start : start + _ENTRY_LINES], own))
        digest = {"sha256": hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()}
        write_entry(repository, policy, Statement(LOG_LINES, {"lines": text}, digest))
    if len(lines) != done:
        write_atomically(state, json.dumps({"lines": len(lines), "sha256": _digest(lines)}).encode())
    return len(lines) - done


def without_secrets(lines: list[str], own: redaction.Own) -> Iterator[str]:
    """Yield lines as they may leave this machine: the value of each field is a text of its own."""
    fields = [[part.partition("=") for part in line.split(",")] for line in lines]
    values = dict.fromkeys(value for line in fields for _, _, value in line)
    cleaned = stating.without_secrets((decode(value) for value in values), own)
    kept = {value: encode(text) if counts else value for value, (text, counts) in zip(values, cleaned, strict=True)}
    yield from (",".join(f"{name}{equals}{kept[value]}" for name, equals, value in line) for line in fields)


def _done(state: Path, lines: list[str]) -> int:
    try:
        known = json.loads(read_plain(state))
        count, digest = int(known["lines"]), str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return count if count <= len(lines) and _digest(lines[:count]) == digest else 0


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def team_lines(repository: Repository, policy: Policy) -> list[str]:
    """All writers' lines as they are known here, and this clone's own that are not shared yet; each once.

    `planfence sync` brings the others'. An entry that can't be read is not a log line.
    """
    mine = list(_lines(repository, policy))
    found = dict.fromkeys(f"{line}\n" for line in mine)
    # A line that lost something on its way out reads otherwise than the same line here.
    known = {_id(line) for line in mine}
    ledger = Ledger(repository)
    for raw in ledger.read(ledger.tips()):
        if isinstance(raw, str):
            continue
        try:
            stated = intoto.decode(intoto.unseal(raw.data)[1])
        except NotAStatement:
            continue
        text = stated.predicate.get("lines")
        if stated.predicate_type == LOG_LINES and isinstance(text, str):
            lines = (line for line in text.split("\n") if line and _id(line) not in known)
            found |= dict.fromkeys(f"{line}\n" for line in lines)
    return list(found)


def _id(line: str) -> str:
    return line.rpartition(",id=")[2] or line
