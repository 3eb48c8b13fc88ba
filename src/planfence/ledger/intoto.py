"""The ledger's outer formats: in-toto Statement v1, and DSSE if an entry is signed.

Sources: in-toto attestation framework, `spec/v1/statement.md`; DSSE `protocol.md` (the PAE
and the envelope).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from planfence.records import dataclass

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"

#: We write one. Each is a question to ssh-keygen, and whoever may push an entry may write thousands.
MOST_SIGNATURES = 4

_ALL_TEXT = frozenset({str})
_DECODER = json.JSONDecoder()


class NotAStatement(ValueError):
    """The bytes are not a statement of ours; the words say why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One in-toto statement: what it is about (digests by name), and what it says of it."""

    predicate_type: str
    predicate: Mapping[str, Any]
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Envelope:
    """The bytes that were stated, and the signatures over them (key id, armoured signature); none: unsigned."""

    payload: bytes
    signatures: tuple[tuple[str, str], ...] = ()


def encode(statement: Statement) -> bytes:
    """Return the statement as JSON, in one canonical form (sorted keys, no spaces, UTF-8)."""
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": "tree", "digest": dict(statement.digests)}],
            "predicateType": statement.predicate_type,
            "predicate": statement.predicate,
        }
    )


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return JSON bytes that are the same for the same value; lone surrogates stay escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def pae(payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: what is signed."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, keyid: str, signature: str) -> bytes:
    """Return the DSSE envelope of a payload and one armoured SSH signature over :func:`pae`."""
    import base64

    return canonical(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": keyid, "sig": base64.b64encode(signature.encode()).decode()}],
        }
    )


def unseal(data: bytes) -> tuple[Envelope, Any]:
    """Read an entry, sealed or bare; return it and the JSON value of its payload.

    Raises :class:`NotAStatement` for anything else.
    """
    value = _json(data)
    if not isinstance(value, dict) or "payloadType" not in value:
        return Envelope(data), value
    if value["payloadType"] != PAYLOAD_TYPE:
        raise NotAStatement("an envelope of another payload type")
    import base64

    try:
        payload = base64.b64decode(value["payload"], validate=True)
        signatures = tuple(
            (str(item.get("keyid", "")), base64.b64decode(item["sig"], validate=True).decode("ascii"))
            for item in value["signatures"]
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotAStatement("a broken envelope") from error
    if len(signatures) > MOST_SIGNATURES:
        raise NotAStatement("an envelope of too many signatures")
    return Envelope(payload, signatures), _json(payload)


def _json(data: bytes) -> Any:
    try:
        return _DECODER.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise NotAStatement("not JSON") from error


def decode(value: Any) -> Statement:
    """Read a statement from its JSON value. Raises :class:`NotAStatement`."""
    if not isinstance(value, dict) or value.get("_type") != STATEMENT_TYPE:
        raise NotAStatement("not an in-toto Statement v1")
    try:
        digests = value["subject"][0]["digest"]
        predicate = value["predicate"]
        kind = value["predicateType"]
    except (KeyError, IndexError, TypeError) as error:
        raise NotAStatement("a statement without subject or predicate") from error
    if not isinstance(digests, dict) or not isinstance(predicate, dict) or not isinstance(kind, str):
        raise NotAStatement("a statement with a field of the wrong type")
    if not _ALL_TEXT.issuperset(map(type, digests.values())):
        raise NotAStatement("a digest that is not text")
    return Statement(kind, predicate, digests)
