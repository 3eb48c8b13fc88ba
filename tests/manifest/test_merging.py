"""A policy of several files: how they are merged, where each value comes from, their faults, what is locked."""

from __future__ import annotations

import copy
import json
import random
import tomllib
from importlib.resources import files
from typing import Any

import pytest
import tomlkit

from planfence.errors import BadFile
from planfence.judge.planchanges import loosened
from planfence.judge.sources import load
from planfence.manifest import locks
from planfence.manifest.policy import Policy
from planfence.manifest.pulledfile import read_head, with_head
from planfence.render.policy import shown
from planfence.rules.catalog import ALL_RULES


def loaded(files: dict[str, str]):
    files = {"planfence.toml": "schema = 1\n"} | files
    return load(files["planfence.toml"].encode(), lambda path: files[path].encode() if path in files else None)


def faults(files: dict[str, str]) -> list[tuple[str, int, int, str]]:
    with pytest.raises(BadFile) as found:
        loaded(files)
    return [(one.path, one.line, one.column, one.message) for one in found.value.faults]


TWO = {
    "planfence.toml": """schema = 1
extends = [".planfence/org.toml", ".planfence/team.toml"]
protected = ["own/**", ".github/**"]
limits.lines = 300
rules = { change-too-large = "warn" }

[[standing]]
id = "deps"
title = "Ours"
authors = ["a@b"]
files = ["x"]
""",
    ".planfence/org.toml": """schema = 1
protected = [".github/**", "infra/**"]
limits = { files = 10, lines = 100 }
rules = { SIZ001 = "error", mixed-content = "off" }
tests.required = ["push", "advance"]

[[standing]]
id = "deps"
title = "Theirs"
authors = ["c@d"]
files = ["y"]

[[standing]]
id = "format"
title = "Format"
authors = ["e@f"]
files = ["z"]
""",
    ".planfence/team.toml": 'schema = 1\ntests.required = ["commit"]\nlimits.files = 12\n',
}


def test_tables_merge_by_key_lists_replace_protected_and_standing_add() -> None:
    found = loaded(TWO)
    policy = found.policy
    assert (policy.limits.files, policy.limits.lines) == (12, 300)
    assert policy.protected == (".github/**", "infra/**", "own/**")
    assert policy.tests.required == ("commit",)
    assert {name: str(severity) for name, severity in policy.rules.items()} == {
        "mixed-content": "off",
        "change-too-large": "warn",
    }
    assert [(each.id, each.title) for each in policy.standing] == [("deps", "Ours"), ("format", "Format")]
    assert policy.shared == (".planfence/org.toml", ".planfence/team.toml")


@pytest.mark.parametrize(
    ("path", "file", "line"),
    [
        (("limits", "files"), ".planfence/team.toml", 3),
        (("limits", "lines"), "planfence.toml", 4),
        (("protected", 0), ".planfence/org.toml", 2),
        (("protected", 2), "planfence.toml", 3),
        (("standing", 0, "title"), "planfence.toml", 9),
        (("standing", 1, "files", 0), ".planfence/org.toml", 17),
        (("tests", "required", 0), ".planfence/team.toml", 2),
        (("rules", "mixed-content"), ".planfence/org.toml", 4),
    ],
)
def test_each_value_has_its_own_file_and_line(path, file: str, line: int) -> None:
    source, own = loaded(TWO).source.origin(path)
    assert (source.path, source.value(own).line) == (file, line)


def test_a_shared_policy_may_extend_others_and_each_counts_once() -> None:
    found = loaded(
        {
            "planfence.toml": 'schema = 1\nextends = ["a.toml", "b.toml"]\n',
            "a.toml": 'schema = 1\nextends = ["c.toml"]\nlimits.files = 3\n',
            "b.toml": 'schema = 1\nextends = ["c.toml"]\n',
            "c.toml": "schema = 1\nlimits.files = 7\nlimits.lines = 9\n",
        }
    )
    assert found.policy.shared == ("c.toml", "a.toml", "b.toml")
    assert (found.policy.limits.files, found.policy.limits.lines) == (3, 9)
    assert all(found.policy.is_policy(path) for path in ("planfence.toml", "a.toml", "c.toml", ".planfence/new.toml"))
    assert not found.policy.is_policy("src/a.toml")


def test_all_faults_of_all_files_at_once() -> None:
    found = faults(
        {
            "planfence.toml": 'schema = 1\nextends = ["a.toml", "gone.toml", "../x", 3]\n'
            'logg = 1\nrules.none = "off"\n',
            "a.toml": 'schema = 1\nextends = ["b.toml"]\nlimits.files = "many"\n',
            "b.toml": 'extends = [\n  "a.toml", "c.toml"]\nschema = 1\n',
            "c.toml": "schema = 1\nlimits = [\n",
        }
    )
    assert [one[:3] for one in found] == [
        ("a.toml", 3, 16),
        ("b.toml", 2, 3),
        ("c.toml", 2, 11),
        ("planfence.toml", 2, 22),
        ("planfence.toml", 2, 35),
        ("planfence.toml", 2, 43),
        ("planfence.toml", 3, 1),
        ("planfence.toml", 4, 7),
    ]
    assert "a.toml → b.toml → a.toml" in found[1][3]
    assert '"gone.toml"' in found[3][3]


def test_a_file_that_extends_itself_and_one_in_many_steps() -> None:
    assert (
        "planfence.toml → planfence.toml"
        in faults({"planfence.toml": 'schema = 1\nextends = ["planfence.toml"]\n'})[0][3]
    )
    ring = {f"{n}.toml": f'schema = 1\nextends = ["{(n + 1) % 9}.toml"]\n' for n in range(9)}
    assert "a circle" in faults({"planfence.toml": 'schema = 1\nextends = ["0.toml"]\n'} | ring)[0][3]
    many = {f"{n}.toml": "schema = 1\n" for n in range(60)}
    top = {"planfence.toml": f"schema = 1\nextends = [{', '.join(f'{chr(34)}{name}{chr(34)}' for name in many)}]\n"}
    assert "more than 32" in faults(top | many)[0][3]


def test_what_is_wrong_between_files_is_said_where_the_value_stands() -> None:
    found = faults(
        {
            "planfence.toml": 'schema = 1\nextends = ["a.toml"]\n',
            "a.toml": 'schema = 1\ntrust.plan = "signed"\nrun_log = "a.toml"\n'
            'locked = ["limits.filez", "rules.none"]\n',
        }
    )
    assert [one[:2] for one in found] == [("a.toml", 2), ("a.toml", 3), ("a.toml", 4), ("a.toml", 4)]


def test_only_a_shared_policy_locks() -> None:
    assert faults({"planfence.toml": 'schema = 1\nlocked = ["mode"]\n'})[0][:3] == ("planfence.toml", 2, 1)


# -- locks: a second opinion on what is looser, from a table of values in order

ORDERED: dict[str, list[Any]] = {  # from loose to strict
    "mode": ["observe", "enforce"],
    "limits.files": [40, 20, 3],
    "limits.lines": [900, 80],
    "limits.count_generated": [False, True],
    "limits.estimate_min": [[10, 90], [30, 60], [40, 50]],
    "unplanned.files": [9, 2, 0],
    "unplanned.urgent": ["any", "human", "off"],
    "tests.min_tests": [0, 5],
    "tests.required": [[], ["push"], ["push", "advance"]],
    "tests.prove": ["off", "change", "hunks"],
    "tests.proven_min": [0.1, 0.9],
    "rework.max": [9, 0],
    "budget.usd": [0, 20.5, 3],
    "trust.evidence": ["local", "rerun"],
    "ledger.attachments": ["full", "redacted", "none"],
    "ledger.retention_days": [0, 90, 7],
    "claims.stale_h": [4, 24, 0],
    "rules.SCP001": ["off", "warn", "error"],
    "branches.guarded": [[], ["a"], ["a", "b"]],
    "branches.ignored": [["a", "b"], ["a"], []],
}
UNORDERED = {
    "tests.command": ["a", "b"],
    "base": ["main", "trunk"],
    "tests.timeout_s": [1, 2],
    "identity.A": ["x", "y"],
}


def document(values: dict[str, Any], **more: Any) -> str:
    out: dict[str, Any] = {"schema": 1, **more}
    for key, value in values.items():
        table, _, name = key.partition(".")
        if name:
            out.setdefault(table, {})[name] = value
        else:
            out[table] = value
    return tomlkit.dumps(out)


def looser_keys(shared: str, own: str, before: Policy | None = None) -> set[str]:
    after = loaded({"planfence.toml": own, "org.toml": shared})
    return {fault.message.split("`")[1] for fault in loosened(before, after)}


def test_locked_keys_drawn_at_random() -> None:
    rng = random.Random(18)
    pool = ORDERED | UNORDERED
    for _ in range(150):
        shared = {key: rng.choice(pool[key]) for key in rng.sample(list(pool), 6)}
        locked = rng.sample(list(shared), 4)
        own = {key: rng.choice(pool[key]) for key in rng.sample(list(pool), 8)}
        wanted = {
            key
            for key in locked
            if key in own
            and (
                own[key] != shared[key]
                if key in UNORDERED
                else pool[key].index(own[key]) < pool[key].index(shared[key])
            )
        }
        found = looser_keys(document(shared, locked=locked), document(own, extends=["org.toml"]))
        assert found == wanted, (shared, own)


def test_a_locked_table_locks_all_of_its_keys_and_rules_by_either_name() -> None:
    shared = document({"limits.files": 9}, locked=["limits", "rules", "standing", "protected"])
    own = 'extends = ["org.toml"]\nschema = 1\n'
    assert looser_keys(shared, own) == set()
    assert looser_keys(shared, own + "protected = []\n") == {"protected"}  # it would drop the default ones
    assert looser_keys(shared, own + "limits.lines = 900\n") == {"limits.lines"}
    by_name = {rule.code: rule.name for rule in ALL_RULES}
    assert looser_keys(shared, own + f'rules.{by_name["SCP001"]} = "off"\n') == {"rules.SCP001"}
    assert looser_keys(shared, own + 'rules.mixed-content = "warn"\n') == set()
    assert looser_keys(shared, own + '[[standing]]\nid="a"\ntitle="t"\nauthors=["a@b"]\nfiles=["**"]\n') == {"standing"}


def test_what_stands_beside_a_shared_policy_changes_nothing_of_its_locks() -> None:
    files = {
        "planfence.toml": 'schema = 1\nextends = ["own.toml", "org.toml"]\n',
        "own.toml": 'schema = 1\nextends = ["more.toml"]\ntests.required = []\nlimits.lines = 300\n',
        "more.toml": "schema = 1\nlimits.files = 90\n",
        "org.toml": 'schema = 1\nextends = ["base.toml"]\nlocked = ["limits", "tests.required", "rules"]\n',
        "base.toml": "schema = 1\nlimits.lines = 400\n",
    }
    found = [(fault.path, fault.message.split("`")[1]) for fault in loosened(None, loaded(files))]
    assert found == [("more.toml", "limits.files"), ("own.toml", "tests.required")]


def test_a_later_shared_policy_is_held_to_the_locks_of_one_before() -> None:
    files = {
        "planfence.toml": 'schema = 1\nextends = ["org.toml", "team.toml"]\n',
        "org.toml": 'schema = 1\nlocked = ["limits.files"]\nlimits.files = 5\n',
        "team.toml": "schema = 1\nlimits.files = 50\n",
    }
    (fault,) = loosened(None, loaded(files))
    assert (fault.path, fault.line) == ("team.toml", 2)


BODY = b'schema = 1\nlocked = ["limits.files"]\nlimits.files = 5\n'
LOOSE = b"schema = 1\nlimits.files = 50\n"


@pytest.mark.parametrize(
    ("after", "own", "refused"),
    [
        (with_head("u", "f", "main", "1", LOOSE), "", False),  # pulled again
        (with_head("v", "f", "main", "1", LOOSE), "", True),  # from elsewhere
        (with_head("u", "f", "main", "1", BODY).replace(b"= 5", b"= 50"), "", True),  # edited by hand
        (LOOSE, "", True),  # without its head
        (with_head("u", "f", "main", "1", BODY), "limits.files = 4", False),
        (with_head("u", "f", "main", "1", BODY), "limits.files = 50", True),
        (None, "limits.files = 50", True),  # taken out of the list
        (None, "limits.files = 5", True),  # the next commit would be held by nothing
        (LOOSE.replace(b"50", b"5"), "", True),  # the same
        (with_head("v", "f", "main", "1", BODY), "", False),  # the source moved, its locks did not
        (with_head("u", "f", "main", "1", BODY), 'mode = "observe"', True),  # nothing would be refused
        (with_head("u", "f", "main", "1", BODY), 'rules.policy-loosened = "warn"', True),
        (with_head("u", "f", "main", "1", BODY + b'mode = "observe"\nrules.POL001 = "off"\n'), "", False),  # its word
    ],
)
def test_who_takes_a_lock_away_is_held_to_it(after: bytes | None, own: str, refused: bool) -> None:
    files = {
        "planfence.toml": 'schema = 1\nextends = ["o.toml"]\n',
        "o.toml": with_head("u", "f", "main", "1", BODY).decode(),
    }
    before = loaded(files).policy
    assert before.pulled == {"o.toml": "u"}
    now = copy.copy(files)
    extends = "" if after is None else 'extends = ["o.toml"]'
    now["planfence.toml"] = f"schema = 1\n{extends}\n{own}\n"
    now |= {} if after is None else {"o.toml": after.decode()}
    assert bool(list(loosened(before, loaded(now), (before,)))) == refused


@pytest.mark.parametrize(
    ("beneath", "refused"),
    [
        (with_head("u", "f", "main", "1", b"schema = 1\nlimits.files = 5\n"), False),
        (with_head("u", "f", "main", "1", LOOSE), False),  # pulled again
        (with_head("u", "f", "main", "1", b"schema = 1\nlimits.files = 5\n").replace(b"= 5", b"= 50"), True),
        (with_head("v", "f", "main", "1", LOOSE), True),
        (LOOSE, True),
        (None, False),  # what locks is as it was pulled, and extends it no longer
    ],
)
def test_what_says_a_locked_value_is_held_as_what_locks_it(beneath: bytes | None, refused: bool) -> None:
    def read(data: bytes | None, extends: bytes = b'extends = ["deep.toml"]\n'):
        own = {"planfence.toml": 'schema = 1\nextends = ["o.toml"]\n'}
        body = b'schema = 1\nlocked = ["limits.files"]\n' + (b"" if data is None else extends)
        shared = {"o.toml": with_head("u", "g", "main", "1", body).decode()}
        return loaded(own | shared | ({} if data is None else {"deep.toml": data.decode()}))

    before = read(with_head("u", "f", "main", "1", b"schema = 1\nlimits.files = 5\n")).policy
    assert bool(list(loosened(before, read(beneath), (before,)))) == refused


BASE = with_head("u", "f", "main", "1", b'schema = 1\nlocked = ["limits"]\nlimits.files = 5\n').decode()


@pytest.mark.parametrize(
    ("parents", "now", "refused"),
    [
        (("",), "", ""),  # the branch is older than the first pull
        (("", ""), "", ""),  # so is what it merges
        ((None, None), None, ""),  # or older than the policy
        (("",), "limits.lines = 300", ""),
        (("",), "limits.files = 9", "up to date"),  # still looser than the base
        (("",), "limits.files = 50", "up to date"),
        (("",), 'mode = "observe"', "stricter"),
        (('mode = "observe"',), 'mode = "observe"\nlimits.lines = 300', ""),
        (('mode = "observe"', 'mode = "observe"'), 'mode = "observe"', ""),
        (('mode = "observe"', "+"), 'mode = "observe"', "stricter"),  # a merge that drops one side
        (("", "+"), "", "stricter"),
        (("", "+"), "limits.files = 5", "was pulled"),
        (("", "+"), "+limits.files = 4", ""),
        (("", "+"), "+limits.files = 50", "stricter"),
        (("+",), "limits.files = 5", "was pulled"),
        (("limits.files = 5",), "limits.files = 50", "up to date"),  # the next step
    ],
)
def test_a_branch_older_than_a_lock_answers_for_its_own_changes(parents, now, refused: str) -> None:
    def read(own: str | None):
        extends = 'extends = ["o.toml"]\n' if own and own[0] == "+" else ""
        return loaded({"planfence.toml": f"schema = 1\n{extends}{(own or '').lstrip('+')}\n", "o.toml": BASE})

    each = [Policy(mode="observe") if own is None else read(own).policy for own in parents]
    found = {fault.fix for fault in loosened(read("+").policy, read(now), each)}
    assert bool(found) == bool(refused), found
    assert not refused or any(refused in fix for fix in found), found


def test_the_head_of_a_pulled_file_reads_as_it_was_written() -> None:
    data = with_head("git@h:a/b.git", "org.toml", "v1", "ab" * 20, BODY)
    found = read_head(data)
    assert found is not None
    assert found.is_whole
    assert (found.source, found.rev, found.commit, found.body) == ("git@h:a/b.git", "v1", "ab" * 20, BODY)
    assert tomllib.loads(data.decode()) == tomllib.loads(BODY.decode())
    crlf = read_head(data.replace(b"\n", b"\r\n"))
    assert crlf is not None
    assert crlf.is_whole
    assert read_head(BODY) is None
    assert read_head(data[:40]) is None
    assert not read_head(data + b"#").is_whole


def test_every_key_of_the_policy_can_be_locked_and_is_shown() -> None:
    policy = Policy()
    tables = json.loads(files("planfence.schemas").joinpath("policy.schema.json").read_text())["properties"]
    keys = {f"{name}.{key}" for name, table in tables.items() for key in table.get("properties", ())}
    alone = {"schema", "extends", "locked", "rework", "claims", "trailers.preset"}
    assert (keys | set(tables)) - alone == set(locks.KEYS)
    told = tomllib.loads(shown(loaded({})))
    assert set(tables) - set(told) == {"extends", "locked", "identity", "rules", "standing", "trailers"}
    assert loaded({"planfence.toml": tomlkit.dumps(told)}).policy == policy
    for key in locks.KEYS:
        assert locks.is_key(policy, key)
        lock = locks.Lock(key, locks.value(policy, key), "org.toml")
        assert list(locks.looser(lock, policy, {})) == []


@pytest.mark.parametrize(
    "name", [".git/x.toml", "a/.GIT/x.toml", "GIT~1/x.toml", "../x.toml", "/x.toml", "a/*.toml", "a//b"]
)
def test_a_path_that_can_name_no_shared_policy_is_said_and_not_read(name: str) -> None:
    from planfence.manifest import merging

    assert merging.path_fault(name)
    assert merging.path_fault(".planfence/org.toml") is None
