"""Changes of an input that leave it well formed, so that a fuzzer gets past the syntax to what it says."""

from __future__ import annotations

import base64
import copy
import json
import random
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

from support.references import toml

_ODD = [None, True, False, 0, 1, -1, 2, 10**30, 0.5, float("nan"), float("inf"), "", " ", "0", "\ud800", "é", [], {}]
_WORDS = ["passed", "failed", "PASSED", "FAILED", "tests", "true", "p/a", "start", "rework", "add", "signed", "base"]
_WORDS += ["**", "a/**", "../a", "-x", "human"]
_TAGS = ["testsuites", "testsuite", "testcase", "failure", "error", "skipped", "properties", "system-out"]
_TAGS += ["x", "{u}testcase", "{u}failure", "rerunFailure"]


def change(value: Any, chance: random.Random) -> Any:
    """Return the value with one thing in it replaced, taken out, doubled or moved."""
    value = copy.deepcopy(value)
    places: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        node = waiting.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        places += [(node, key) for key in keys]
        waiting += [node[key] for key in keys]
    if not places:
        return chance.choice(_ODD)
    node, key = chance.choice(places)
    other, name = chance.choice(places)
    step = chance.randrange(5)
    if step == 0:
        node[key] = chance.choice(_ODD + _WORDS)
    elif step == 1:
        del node[key]
    elif step == 2:
        node[key] = copy.deepcopy(other[name])
    elif step == 3 and isinstance(node, list):
        node.insert(chance.randrange(len(node) + 1), copy.deepcopy(node[key]))
    elif isinstance(node[key], (int, float)) and not isinstance(node[key], bool):
        node[key] = chance.choice([node[key] + 1, -node[key], float(node[key]), str(node[key])])
    elif isinstance(node, dict):
        node[chance.choice([*_WORDS, str(name)])] = copy.deepcopy(node[key])
    return value


def entry(data: bytes, chance: random.Random) -> bytes:
    """A ledger entry, sealed or bare."""
    value = json.loads(data)
    if isinstance(value, dict) and "payload" in value and chance.random() < 0.7:
        inner = change(json.loads(base64.b64decode(value["payload"])), chance)
        value["payload"] = base64.b64encode(json.dumps(inner).encode()).decode()
    else:
        value = change(value, chance)
    return json.dumps(value).encode()


def anything(data: bytes, chance: random.Random) -> bytes:
    """Another program's JSON."""
    return json.dumps(change(json.loads(data), chance)).encode()


def document(data: bytes, chance: random.Random) -> bytes:
    """A plan or a policy."""
    changed = change(tomllib.loads(data.decode()), chance)
    return toml(changed) if isinstance(changed, dict) else data


def report(data: bytes, chance: random.Random) -> bytes:
    """A JUnit report."""
    root = ElementTree.fromstring(data)
    nodes = list(root.iter())
    node, other = chance.choice(nodes), chance.choice(nodes)
    step = chance.randrange(5)
    if step == 0:
        node.tag = chance.choice(_TAGS)
    elif step == 1:
        node.insert(chance.randrange(len(node) + 1), copy.deepcopy(other))
    elif step == 2 and len(node):
        del node[chance.randrange(len(node))]
    elif step == 3:
        ElementTree.SubElement(node, chance.choice(_TAGS))
    else:
        node.set(
            chance.choice(["name", "tests", "failures", "message", "type", "time"]),
            chance.choice(["", "0", "-1", "x", "1e9"]),
        )
    return ElementTree.tostring(root)


#: By target; a mutator raises for an input that it can't read.
MUTATORS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "plan": document,
    "policy": document,
    "ledger": entry,
    "junit": report,
    "json": anything,
    "payload": anything,
}

_SCISSORS = b"# ------------------------ >8 ------------------------"
_KEYS = b"task model cost time_min review_round event result id stage"
#: By target, words that bytes alone seldom make.
DICTIONARY: dict[str, list[bytes]] = {
    "message": [b"Plan-%s: " % key for key in (b"Task", b"Stage", b"Model", b"Rework", b"Urgent")]
    + [
        b"Signed-off-by: ",
        b"(cherry picked from commit 1)",
        b"Closes: ",
        b"feat: ",
        b"fixup! ",
        b"#1",
        b"# ",
        _SCISSORS,
    ]
    + [b"\n\n", b"\n ", b"\r\n", _SCISSORS],
    "commit": [b"\n%s " % key for key in (b"parent", b"tree", b"author", b"committer", b"encoding", b"gpgsig")]
    + [b"\ngpgsig-sha256 ", b"\n ", b"\n\n", b"1" * 40, b"utf-16", b"latin-1", b"shift_jis", b"utf-7"]
    + [b"unicode_escape", b"idna", b"rot13", b"> 1 +0000"],
    "raw diff": [b":100644 100644 ", b":000000 100644 ", b"1" * 40, b"2" * 64, b" M\0", b" A\0", b" U\0", b" R100\0"],
    "log": [b",%s=" % key for key in _KEYS.split()]
    + [b"0123456789abcdef", b"2026-11-22_10:00:00", b",start,1795000000", b",end,", b"%0A", b"%2C", b"\r\n"],
    "pre-receive": [b"0" * 40, b" refs/heads/", b"refs/planfence/", b"1" * 40],
    "tree": [b"100644 ", b"40000 ", b"040000 ", b"160000 ", b"\0"],
    "replay": [b"100644 ", b"40000 ", b"120000 ", b"160000 ", b"\0", b"..", b"/", b".git", b"git~1", b"\xe2\x80\x8c"],
    "shell": [
        b"git ",
        b"commit ",
        b"-n ",
        b"$(",
        b"`",
        b"<<E\n",
        b"\nE\n",
        b"${x:-",
        b"; do ",
        b"done",
        b"{a,b}",
        b"eval ",
    ],
}
