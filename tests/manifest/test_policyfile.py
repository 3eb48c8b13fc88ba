"""Policies: what is read, and every fault with its place and fix."""

from __future__ import annotations

import pytest

from planfence.errors import BadFile
from planfence.finding import Severity
from planfence.manifest.policy import Policy
from planfence.manifest.policyfile import parse_policy

KNOWN = (("SCP001", "path-outside-task"), ("THM004", "mixed-content"))
PATH = "planfence.toml"


def faults(text: str, known=KNOWN):
    with pytest.raises(BadFile) as caught:
        parse_policy(text.encode(), PATH, known)
    return caught.value.faults


def test_schema_alone_is_a_whole_policy() -> None:
    assert parse_policy(b"schema = 1\n", PATH) == Policy()


def test_reads_everything() -> None:
    policy = parse_policy(
        b"""schema = 1
base = "develop"
plans = "docs/plans"
protected = ["Makefile"]
rules = { THM004 = "off", path-outside-task = "warn" }
[limits]
files = 5
estimate_min = [10, 20]
[unplanned]
files = 0
urgent = false
[tests]
command = "make test"
required = []
[rework]
max = 3
[trust]
plan = "signed"
signers = ".signers"
""",
        PATH,
        KNOWN,
    )
    assert (policy.base, policy.plans, policy.protected) == ("develop", "docs/plans", ("Makefile",))
    assert policy.rules == {"THM004": Severity.OFF, "path-outside-task": Severity.WARN}
    assert (policy.limits.files, policy.limits.lines, policy.limits.estimate_min) == (5, 800, (10, 20))
    assert (policy.unplanned.files, policy.unplanned.urgent) == (0, "off")
    assert (policy.tests.command, policy.tests.required, policy.rework_max) == ("make test", (), 3)
    assert (policy.trust.plan, policy.trust.signers) == ("signed", ".signers")


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "fix"),
    [
        ("", 1, 1, "the file has no `schema`", "add `schema = 1`"),
        ("schema = 9", 1, 10, "schema 9 is newer", "upgrade"),
        ("schema = 1\nbase = ''", 2, 8, '`base` is ""', "write a branch"),
        ("schema = 1\nbase = 'a..b c'", 2, 8, '`base` is "a..b c"', "write a branch"),
        ("schema = 1\nplan = 'x'", 2, 1, "unknown key `plan`", "did you mean `plans`?"),
        ("schema = 1\nplans = '../x'", 2, 9, '`.` or `..` in a pattern: "../x"', "top of the repository"),
        ("schema = 1\nlog = '/tmp/x'", 2, 7, "an absolute path", "`tmp/x`"),
        ("schema = 1\nlog = '*.csv'", 2, 7, 'a pattern: "*.csv"', "one path"),
        ("schema = 1\nprotected = ['a', 'b/']", 2, 19, 'a bare folder: "b/"', "`b/**`"),
        ("schema = 1\n[rules]\nSCP01 = 'warn'", 3, 1, 'no rule is named "SCP01"', "did you mean `SCP001`?"),
        ("schema = 1\n[rules]\nzebra = 'warn'", 3, 1, 'no rule is named "zebra"', "planfence explain"),
        ("schema = 1\n[rules]\nSCP001 = 'wrn'", 3, 10, '`SCP001` is "wrn"', "did you mean `warn`?"),
        ("schema = 1\n[rules]\nSCP001 = 'off'\npath-outside-task = 'warn'", 4, 1, "are one rule", "keep one"),
        ("schema = 1\n[limits]\nfiles = 0", 3, 9, "`files` is 0", "1 or more"),
        ("schema = 1\n[limits]\nestimate_min = [30]", 3, 16, "not two numbers", "[30, 60]"),
        ("schema = 1\n[limits]\nestimate_min = [60, 30]", 3, 16, "from 60 to 30 minutes", "`[30, 60]`"),
        ("schema = 1\n[limits]\nestimate_min = 45", 3, 16, "is a whole number, not a list", "a list"),
        ("schema = 1\n[unplanned]\nurgent = 'no'", 3, 10, '`urgent` is "no"', "one of `any`, `human`, `off`"),
        ("schema = 1\n[tests]\nwhere = 'here'", 3, 9, '`where` is "here"', "worktree"),
        ("schema = 1\n[tests]\nrequired = ['pushes']", 3, 13, "can't be required at", "did you mean `push`?"),
        ("schema = 1\n[trust]\nplan = 'signed'", 3, 8, "`plan` is signed, but no signers", "signers ="),
        ("schema = 1\n[trust]\nsigners = '../keys'", 3, 11, "`.` or `..`", "top of the repository"),
        ("schema = 1\nrework = 2", 2, 10, "`rework` is a whole number, not a table", "a table"),
        ("schema = 1\n[limits\n", 2, 8, "not TOML: Expected ']'", "TOML"),
    ],
)
def test_one_fault(text: str, line: int, column: int, message: str, fix: str) -> None:
    (fault,) = faults(text)
    assert (fault.line, fault.column) == (line, column), fault
    assert message in fault.message
    assert fix in fault.fix


def test_unknown_rules_pass_where_nobody_knows_the_rules() -> None:
    assert parse_policy(b"schema = 1\n[rules]\nzebra = 'warn'", PATH).rules == {"zebra": Severity.WARN}


def test_all_at_once() -> None:
    found = faults("schema = 1\nbsae = 'x'\n[limits]\nfiles = -1\nlines = 'x'\n[tests]\nwhen = 1\n")
    assert [(fault.line, fault.column) for fault in found] == [(2, 1), (4, 9), (5, 9), (7, 1)]


def test_a_file_is_read_up_to_a_size() -> None:
    with pytest.raises(BadFile) as caught:
        parse_policy(b"#" * 10_000_001, PATH)
    assert str(caught.value).startswith("planfence.toml: larger than 10 MB\n    fix: ")


@pytest.mark.parametrize("number", ["0x" + "f" * 20, "0b" + "1" * 20_000, "9" * 30, "9" * 5_000])
@pytest.mark.parametrize("key", ["schema", "limits.files", "tests.timeout_s", "a"])
def test_a_number_that_no_file_needs(number: str, key: str) -> None:
    with pytest.raises(BadFile, match=r"64 bits|digits"):
        parse_policy(f"{key} = {number}\n".encode(), PATH)
