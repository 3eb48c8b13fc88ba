"""The published JSON Schemas and the parsers: what one accepts, so does the other."""

from __future__ import annotations

import copy
import datetime
import json
import re
import tomllib
from importlib import resources
from typing import Any

import jsonschema
import pytest
import tomlkit
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from planfence.manifest import planfile, policyfile
from planfence.manifest.policy import Policy
from planfence.manifest.tomlsource import read_toml
from planfence.render.policy import shown

PLAN = {
    "schema": 1,
    "id": "auth-mw",
    "version": 3,
    "goal": "Move auth logic",
    "out_of_scope": ["token format"],
    "risks": [{"risk": "codes differ", "mitigation": "a contract test"}, {"risk": "slow"}],
    "rollback": "Revert",
    "constraints": ["API v2 unchanged", {"text": "p99", "run": "make bench"}],
    "themes": {"auth": {"paths": ["src/auth/**"], "types": ["feat"]}, "docs": {"paths": []}},
    "roles": {"plan": "claude", "implement": "codex"},
    "tasks": [
        {
            "id": "extract",
            "title": "Extract",
            "theme": "auth",
            "estimate_min": 45,
            "depends_on": ["wire"],
            "deny": ["src/keys/**"],
            "files": [{"path": "src/a.py", "change": "add", "why": "new"}, {"path": "tests/[ab]*"}],
            "acceptance": [{"id": "A1", "text": "401", "run": "pytest", "review": False}, {"id": "A2", "text": "x"}],
            "roles": {"review": "human"},
        },
        {"id": "wire", "title": "Wire", "theme": "docs", "files": []},
    ],
}
POLICY = {
    "schema": 1,
    "extends": [".planfence/org.toml"],
    "locked": ["limits.files", "rules.SCP001"],
    "mode": "observe",
    "base": "main",
    "plans": "plans",
    "log": ".ai-benchmark.csv",
    "run_log": "logs/.ai-run.log",
    "protected": ["planfence.toml", ".github/**"],
    "rules": {"mixed-content": "warn", "SCP001": "off"},
    "limits": {"files": 20, "lines": 800, "estimate_min": [30, 60], "count_generated": True},
    "unplanned": {"files": 0, "urgent": "any"},
    "tests": {
        "command": "pytest",
        "setup": "",
        "where": "auto",
        "min_tests": 0,
        "timeout_s": 60,
        "required": ["advance", "commit"],
        "links": ["node_modules"],
        "prove": "hunks",
        "proven_min": 0.5,
        "jobs": 2,
        "paths": ["checks/**"],
        "run_at_push": True,
        "env": ["DATABASE_URL"],
    },
    "rework": {"max": 0},
    "claims": {"stale_h": 3},
    "budget": {"usd": 2.5, "min": 90, "tokens": 0},
    "trust": {"plan": "base", "evidence": "rerun", "signers": ""},
    "identity": {"ACME_AGENT": "acme", "_x": "codex"},
    "trailers": {
        "preset": "kernel",
        "require": [{"by": "codex", "key": "Assisted-by", "value": "*:*", "write": "{agent}:{model}"}],
        "forbid": [{"key": "Signed-off-by"}],
        "rewrite": [
            {"by": "agent", "key": "Co-authored-by", "value": "agent", "to": "Assisted-by", "write": "{agent}"}
        ],
    },
    "branches": {"guarded": ["main"], "integration": ["develop", "release/*"], "ignored": ["gh-pages"]},
    "ledger": {"attachments": "none", "remote": "https://example.org/ledger.git", "retention_days": 30},
    "standing": [
        {
            "id": "deps",
            "title": "Dependency updates",
            "authors": ["*[bot]@users.noreply.github.com"],
            "files": ["package.json", "package-lock.json"],
            "types": ["build"],
            "limits": {"files": 30, "lines": 9000},
            "may_touch_protected": True,
        },
        {"id": "a", "title": "b", "authors": ["c@d"], "files": []},
    ],
}
WORDS = [
    "a",
    "auth-mw",
    "a b",
    "",
    " ",
    "\n",
    "a\n",
    "-a",
    ".",
    "..",
    "a/../b",
    "./a",
    "a/.",
    "a//b",
    "/a",
    "a/",
    "!a",
    ":a",
    "a\\b",
    "a\x00",
    "**",
    "a/**",
    "a/[bc]",
    "a?",
    "é",
    "co/dex:1@2+3",
    "add",
    "error",
    "auto",
    "base",
    "a..b",
    "...",
    "x/..y",
    "feat!",
    "human",
    "Plan-Task",
    "1A",
    "a@b",
    "*@*",
    "a@b@c",
    "a b@c",
    "observe",
    "full",
    "ext::sh",
]
VALUES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from([0, 1, 2, -1, 60, 1.0, 1.5, float("inf"), float("nan"), True, False]),
    st.sampled_from(
        [[], {}, ["a"], [1], [30, 60], [1.0, 2], [{"path": "a"}], [["a"]], {"a": "b"}, {"text": "a"}, {"path": "a"}]
    ),
    st.just(datetime.date(2026, 1, 1)),
)


def ecma_pattern(validator, pattern, instance, schema):
    """JSON Schema's patterns are ECMA-262's, whose `$` does not match before a final newline."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": ecma_pattern})
SCHEMAS = {
    name: json.loads(resources.files("planfence").joinpath("schemas", f"{name}.schema.json").read_text("utf-8"))
    for name in ("plan", "policy")
}
READERS = {"plan": planfile.read_structure, "policy": policyfile.read_structure}
DOCUMENTS = {"plan": PLAN, "policy": POLICY}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += places(each, (*path, key))
    return found


@st.composite
def documents(draw: st.DrawFn, base: dict[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(base)
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(places(document) or [()]))
        if not path:
            break
        parent: Any = document
        for key in path[:-1]:
            parent = parent[key]
        deed = draw(st.sampled_from(["take out", "replace", "replace", "add a key"]))
        if deed == "take out":
            del parent[path[-1]]
        elif deed == "replace" or isinstance(parent, list):
            parent[path[-1]] = copy.deepcopy(draw(VALUES))
        else:
            key = draw(st.sampled_from(["x", "run", "text", "files", "why", "plan", "a b"]))
            parent[key] = copy.deepcopy(draw(VALUES))
    return document


PARTS: dict[str, str] = {}


def as_toml(document: dict[str, Any]) -> str:
    """The document's text; what most documents have in common is written once."""
    parts = []
    for each in document.items():
        if (said := repr(each)) not in PARTS:
            PARTS[said] = tomlkit.dumps(dict([each])).rstrip("\n") + "\n"
        parts.append(PARTS[said])
    return "".join(sorted(parts, key=lambda part: part.startswith("[")))  # tables end what is not in one


def agree(name: str, document: dict[str, Any]) -> bool:
    text = as_toml(document)
    source = read_toml(text.encode(), "x.toml")
    assert source.data.keys() == document.keys()
    _, faults = READERS[name](source)
    problem = next(Validator(SCHEMAS[name]).iter_errors(source.data), None)
    # A schema can't say which names git would not check out: file systems take many spellings for one name.
    said = [fault for fault in faults.found if "git would check out" not in fault.fix]
    assert bool(said) == bool(problem), (text, faults.found, problem)
    for fault in faults.found:
        assert fault.fix
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.column >= 1
    return not faults.found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schemas_are_valid_and_accept_the_whole_example(name: str) -> None:
    Validator.check_schema(SCHEMAS[name])
    assert agree(name, DOCUMENTS[name])


def test_a_blank_name_extends_nothing() -> None:
    assert not agree("policy", POLICY | {"extends": [" "]})


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(PLAN))
def test_plan_schema_and_parser_agree(document: dict[str, Any]) -> None:
    event("accepted" if agree("plan", document) else "refused")


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(POLICY))
def test_policy_schema_and_parser_agree(document: dict[str, Any]) -> None:
    event("accepted" if agree("policy", document) else "refused")


def test_defaults_are_the_parsers_own() -> None:
    """Each default in the policy's schema is what a policy without the key means."""
    policy = policyfile.parse_policy(b"schema = 1", "planfence.toml")
    assert policy == Policy()
    written: dict[str, Any] = {"schema": 1}
    for key, schema in SCHEMAS["policy"]["properties"].items():
        if "default" in schema:
            written[key] = schema["default"]
        elif "properties" in schema:
            written[key] = {name: each["default"] for name, each in schema["properties"].items()}
    assert policyfile.parse_policy(tomlkit.dumps(written).encode(), "planfence.toml") == policy
    assert tomllib.loads(tomlkit.dumps(written)) == written


def test_the_policy_that_is_shown_reads_as_the_same_one() -> None:
    document = {key: value for key, value in POLICY.items() if key not in ("extends", "locked")}
    assert set(POLICY) == set(SCHEMAS["policy"]["properties"])
    found = policyfile.load_policy(tomlkit.dumps(document).encode(), "planfence.toml")
    for origin in (False, True):
        assert policyfile.parse_policy(shown(found, origin=origin).encode(), "planfence.toml") == found.policy


def test_every_key_of_the_schemas_is_documented(request: pytest.FixtureRequest) -> None:
    docs = request.config.rootpath / "docs"
    for name, schema in SCHEMAS.items():
        text = " ".join(re.findall(r"`[^`\n]+`", (docs / f"{name}.md").read_text("utf-8")))
        keys = {key for each in _tables(schema) for key in each}
        assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", text)] == []


def _tables(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for each in schema for found in _tables(each)]
    if not isinstance(schema, dict):
        return []
    own = [schema["properties"]] if isinstance(schema.get("properties"), dict) else []
    return own + [found for each in schema.values() for found in _tables(each)]
