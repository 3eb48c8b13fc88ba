"""Nothing secret goes into the ledger, and what only looks like it stays."""

from __future__ import annotations

import os
from random import Random

import pytest
from support import planted_secrets

from planfence.ledger.redaction import Own, installed_detector, own_of, redact

DRAWN = int(os.environ.get("PLANFENCE_SECRETS", "12"))
NOBODY = Own()


@pytest.mark.parametrize("kind", planted_secrets.KINDS)
def test_no_planted_secret_is_kept(kind: str) -> None:
    rng = Random(f"planted {kind}")
    for _ in range(DRAWN):
        text, secret = planted_secrets.planted(rng, kind)
        kept = redact(text.encode(), NOBODY)
        body = secret.split("\n")[len(secret.split("\n")) // 2]
        assert body not in kept.data.decode(), text
        assert sum(kept.counts.values()) >= 1
        assert redact(kept.data, NOBODY).data == kept.data


def test_there_are_enough_of_them() -> None:
    assert len(planted_secrets.KINDS) >= 30
    assert len(planted_secrets.KINDS) * DRAWN >= 300


def test_innocent_look_alikes_stay() -> None:
    rng = Random("innocent")
    texts = [planted_secrets.innocent(rng) for _ in range(3000)]
    changed = [text for text in texts if redact(text.encode(), NOBODY).counts]
    assert len(changed) <= 0.01 * len(texts), changed[:10]


def test_values_of_the_environment_go_by_name() -> None:
    own = own_of(
        {
            "HOME": "/home/ada",
            "DEPLOY_TOKEN": "correct horse",
            "ACME_PASSWORD": "p@ss/word",
            "EDITOR_SECRET": "x",
            "MY_SECRET": "production",
            "PWD": "/home/ada/project",
            "GREETING": "hello there",
        }
    )
    assert own == Own({"DEPLOY_TOKEN": "correct horse", "ACME_PASSWORD": "p@ss/word"}, "/home/ada")
    text = "say correct horse, p@ss/word, p%40ss%2Fword, hello there, production x, /home/ada/project, /home/adam"
    kept = redact(text.encode(), own)
    assert kept.data.decode() == (
        "say [redacted: $DEPLOY_TOKEN], [redacted: $ACME_PASSWORD], [redacted: $ACME_PASSWORD], hello there, "
        "production x, ~/project, /home/adam"
    )
    assert kept.counts == {"$DEPLOY_TOKEN": 1, "$ACME_PASSWORD": 2, "home": 1}


@pytest.mark.parametrize("home", ["", "/", "home"])
def test_a_home_that_stands_in_every_path_is_none(home: str) -> None:
    assert own_of({"HOME": home}).home == ""


def test_a_key_without_its_end_and_one_in_a_diff() -> None:
    key = planted_secrets.FORMS["rsa key"](Random(1))
    open_ended = key.partition("\n-----END")[0]
    for text in (open_ended, key[100:], "".join(f"+{line}\n" for line in key.split("\n")), key.replace("\n", "\\n")):
        kept = redact(f"before it:\n{text}\nafter it".encode(), NOBODY)
        assert kept.counts == {"private-key": 1}
        assert key.split("\n")[2][:40] not in kept.data.decode()
        assert kept.data.startswith(b"before it:")


def test_bytes_that_are_no_text_stay() -> None:
    data = bytes(range(256)) + b"\xff\xfe ghp_" + b"a" * 36 + b"\x80"
    kept = redact(data, NOBODY)
    assert kept.data == bytes(range(256)) + b"\xff\xfe [redacted: github-token]\x80"


def test_another_detector_is_asked_as_well() -> None:
    kept = redact(b"one two ghp_" + b"a" * 36, NOBODY, lambda text: [(4, 7, "number")])
    assert kept.data == b"one [redacted: number] [redacted: github-token]"
    assert kept.counts == {"number": 1, "github-token": 1}


def test_the_extra_finds_more_and_leaves_look_alikes() -> None:
    pytest.importorskip("kingfisher_sdk")
    detector = installed_detector()
    assert detector is not None
    rng = Random("extra")
    texts = [planted_secrets.innocent(rng) for _ in range(500)]
    assert sum(bool(redact(text.encode(), NOBODY, detector).counts) for text in texts) <= 5
