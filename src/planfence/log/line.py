"""How one line of the benchmark log or the run log is written.

Hook fast paths use this module, so it imports nothing.
"""

from __future__ import annotations

#: What teams already write with `echo`: always there, in this order, empty if nobody knows.
FIRST_FIELDS = ("task", "model", "cost", "time_min", "review_round")

#: What our own lines add, in the order in which they are written. ``id`` is last, so that a line that bears one
#: is known to be whole; it also says that the line's time is UTC.
OWN_FIELDS = (
    "event",
    "result",
    "plan",
    "stage",
    "role",
    "flow",
    "theme",
    "rules",
    "files",
    "lines",
    "ms",
    "est_min",
    "llm",
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "ctx",
    "estimated",
    "session",
    "run",
    "until",
    "commit",
    "worktree",
    "branch",
    "outcome",
    "fixes",
    "trial",
    "parts",
    "proven",
    "rewritten",
    "why",
    "id",
)

#: An id is this many hexadecimal digits: 64 random bits.
ID_LENGTH = 16

_ESCAPES = {code: f"%{code:02X}" for code in (*range(0x20), 0x7F)} | {ord("%"): "%25", ord(","): "%2C"}


def encode(value: str) -> str:
    """Percent-encode what would break a line: `%`, commas and control characters, newlines among them."""
    return value.translate(_ESCAPES)


def format_record(when: str, fields: dict[str, str]) -> str:
    """Return one line without its newline.

    ``when`` is `2026-11-22_10:00:00`, in UTC if ``fields`` has an id, local time otherwise. The first fields
    are always written, the others only if they have a value. Unknown fields stand before the id.
    """
    words = [when]
    words += [f"{name}={encode(fields.get(name, ''))}" for name in FIRST_FIELDS]
    words += [f"{name}={encode(fields[name])}" for name in OWN_FIELDS[:-1] if fields.get(name)]
    known = (*FIRST_FIELDS, *OWN_FIELDS)
    words += [f"{name}={encode(value)}" for name, value in fields.items() if name not in known and value]
    if fields.get("id"):
        words.append(f"id={fields['id']}")
    return ",".join(words)


def format_run(task: str, edge: str, epoch: int) -> str:
    """Return one line of the run log: `TASK,start,EPOCH` or `TASK,end,EPOCH`, the epoch in seconds."""
    name = encode(task)
    if name[10:11] + name[13:14] == "_:":  # a name like a time would begin a record
        name = f"{name[:10]}%5F{name[11:]}"
    return f"{name},{edge},{epoch}"
