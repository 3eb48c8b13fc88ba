"""Every parser as one function of bytes: it returns, or refuses by the one error; anything else is a fault.

Hypothesis runs them in CI (tests/fuzz), atheris for longer (benchmarks/fuzz.py).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from planfence.core import evidence, message, moves, statement
from planfence.core.evidence import TEST_RESULT, GateRun, Outcome, Result
from planfence.core.planfile import parse_plan
from planfence.core.policyfile import parse_policy
from planfence.errors import PlanfenceError

PLAN = b"""\
schema = 1
id = "p"
version = 1
goal = "g"
[themes.t]
paths = ["src/**"]
[[tasks]]
id = "a"
title = "t"
theme = "t"
estimate_min = 45
files = [{ path = "src/a.py", change = "add" }, { path = "src/**" }]
acceptance = [{ id = "A1", text = "x", review = true }]
"""
POLICY = b'schema = 1\nbase = "main"\nprotected = ["a", ".github/**"]\n[limits]\nfiles = 3\nestimate_min = [30, 60]\n'
MESSAGE = b"feat(x): y\n\nbody\n\nPlan-Task: p/a\nPlan-Model: human\nCloses #3\n"
RAW = b":100644 100755 " + b"1" * 40 + b" " + b"2" * 40 + b" M\0src/a.py\0"
COMMIT = (
    b"tree " + b"1" * 40 + b"\nparent " + b"2" * 40 + b"\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n"
    b"gpgsig -----BEGIN SSH SIGNATURE-----\n x\n -----END SSH SIGNATURE-----\n\nfeat: x\n"
)
TREE = b"100644 a\0" + b"\x11" * 20 + b"40000 b\0" + b"\x22" * 20
LOG = b"2026-11-22_10:00:00,task=p/a,model=codex,cost=0.42,time_min=26,review_round=2,id=x,event=commit\n"
JUNIT = b'<testsuite name="s" tests="1"><testcase name="a"><failure/></testcase></testsuite>'
RUN = GateRun(
    "1" * 32, "2" * 40, "", "3" * 40, "p/a", 1, "implement", "human", "",
    (Result("tests", "true", 0, Outcome.PASSED),), "export", "0", "x",
)  # fmt: skip
ENTRY = statement.encode(evidence.to_statement(RUN))


def _plan(data: bytes) -> None:
    plan = parse_plan(data, "plans/p.toml")
    assert plan.id == "p"
    assert plan.version >= 1


def _policy(data: bytes) -> None:
    policy = parse_policy(data, "planfence.toml")
    assert policy.base
    assert policy.limits.files >= 1


def _message(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    parsed = message.parse(text)
    assert all(key for key, _ in parsed.trailers)
    message.with_trailers(text, ((message.TASK_TRAILER, "p/a"),), "#")
    message.clean(text, "#")


def _raw(data: bytes) -> None:
    from planfence.gitio.trees import parse_raw

    # Nothing is lost: every record that is taken is a path in the answer.
    assert len(parse_raw(data)) * 2 == data.count(b"\0")


def _commit(data: bytes) -> None:
    from planfence.gitio.commits import parse_commit, signature_of
    from planfence.gitio.objects import GitObject

    raw = GitObject("4" * 40, "commit", data)
    found = parse_commit(raw)
    assert data.startswith(b"tree " + found.tree.encode())
    signature_of(raw)


def _tree(data: bytes) -> None:
    from planfence.gitio.governing import parse_tree

    taken = sum(len(name.encode("utf-8", "surrogateescape")) + 22 for name, _ in parse_tree(data, 20))
    assert taken <= len(data)


def _log(data: bytes) -> None:
    from planfence.app.logs import local_clock
    from planfence.core.log import Reader

    reader = Reader(local_clock)
    lines = data.decode("utf-8", "replace").splitlines(keepends=True)
    found = list(reader.read(lines))
    # Nothing is silently dropped: every line is a record, a run, blank, or counted as set aside.
    assert reader.counts["lines"] == len(lines)
    assert len(found) == reader.counts["records"] + reader.counts["runs"]


def _ledger(data: bytes) -> None:
    try:
        _, value = statement.unseal(data)
        stated = statement.decode(value)
        if stated.predicate_type == TEST_RESULT:
            evidence.from_statement(stated)
        elif stated.predicate_type == moves.STAGE_MOVE:
            moves.from_statement(stated)
    except statement.NotAStatement:
        return


def _junit(data: bytes) -> None:
    from planfence.store.junit import read_counts

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "junit.xml")
        place.write_bytes(data)
        counts = read_counts(place)
    assert counts is None or (counts.tests >= 0 and counts.failed <= counts.tests)


def _receive(data: bytes) -> None:
    from planfence.app.receive import parse

    for update in parse(SimpleNamespace(zero="0" * 40), data):  # type: ignore[arg-type] # it asks for nothing else
        assert update.ref.startswith("refs/")


def _guarded(parser: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        try:
            parser(data)
        except PlanfenceError:
            return

    return target


_PARSERS = {
    "plan": (_plan, [PLAN]),
    "policy": (_policy, [POLICY]),
    "message": (_message, [MESSAGE]),
    "raw diff": (_raw, [RAW, RAW * 2]),
    "commit": (_commit, [COMMIT]),
    "tree": (_tree, [TREE]),
    "log": (_log, [LOG]),
    "ledger": (_ledger, [ENTRY, statement.seal(ENTRY, "k", "s")]),
    "junit": (_junit, [JUNIT]),
    "pre-receive": (_receive, [b"0" * 40 + b" " + b"1" * 40 + b" refs/heads/x\n"]),
}
TARGETS = {name: _guarded(parser) for name, (parser, _) in _PARSERS.items()}
SEEDS: dict[str, list[bytes]] = {name: seeds for name, (_, seeds) in _PARSERS.items()}
