"""Every parser as one function of bytes: it returns, or refuses by the one error; anything else is a fault.

Hypothesis runs them in CI (tests/fuzz), atheris for longer (benchmarks/fuzz.py).
"""

from __future__ import annotations

import calendar
import contextlib
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from support import references

from planfence.change import message
from planfence.errors import PlanfenceError
from planfence.gitio import paths
from planfence.gitio.repository import Repository
from planfence.ledger import evidence, intoto, transitions
from planfence.ledger.evidence import TEST_RESULT, Counts, GateRun, Outcome, Result
from planfence.manifest.planfile import parse_plan
from planfence.manifest.policy import Tests
from planfence.manifest.policyfile import parse_policy

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
RICH_PLAN = b"""\
schema = 1
id = "p"
version = 3
goal = "g"
out_of_scope = ["x"]
risks = [{ risk = "r", mitigation = "m" }]
rollback = "b"
constraints = ["c", { text = "t", run = "make" }, 1]
roles = { plan = "claude", implement = "codex", review = "human" }
themes = { t = { paths = ["src/**"], types = ["feat"] }, u = { paths = [] } }
tasks = [
  { id = "a", title = "t", theme = "t", estimate_min = 45, files = [{ path = "a" }], depends_on = ["c"] },
  { id = "b", title = "t", theme = "u", estimate_min = 45, files = [{ path = "b", why = "w" }], depends_on = ["a"] },
  { id = "c", title = "t", theme = "t", estimate_min = 45, files = [], depends_on = ["b"], deny = ["k/**"] },
]
"""
#: The names that `[rules]` may hold here.
RULES = (("SCP001", "path-outside-task"), ("THM004", "mixed-content"))
POLICY = b'schema = 1\nbase = "main"\nprotected = ["a", ".github/**"]\n[limits]\nfiles = 3\nestimate_min = [30, 60]\n'
RICH_POLICY = POLICY + (
    b'[rules]\nSCP001 = "off"\nmixed-content = "warn"\n[tests]\ncommand = "true"\nrequired = ["push"]\nlinks = ["a"]\n'
    b'[rework]\nmax = 1\n[trust]\nplan = "signed"\nevidence = "rerun"\nsigners = "s"\n[unplanned]\nfiles = 0\n'
)
MESSAGE = b"feat(x): y\n\nbody\n\nPlan-Task: p/a\nPlan-Model: human\nCloses #3\n"
RAW = b":100644 100755 " + b"1" * 40 + b" " + b"2" * 40 + b" M\0src/a.py\0"
COMMIT = (
    b"tree " + b"1" * 40 + b"\nparent " + b"2" * 40 + b"\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n"
    b"gpgsig -----BEGIN SSH SIGNATURE-----\n x\n -----END SSH SIGNATURE-----\n\nfeat: x\n"
)
TREE = b"100644 a\0" + b"\x11" * 20 + b"40000 b\0" + b"\x22" * 20
LOG = b"2026-11-22_10:00:00,task=p/a,model=codex,cost=0.42,time_min=26,review_round=2,id=x,event=commit\n"
JUNIT = b'<testsuite name="s" tests="1"><testcase name="a"><failure/></testcase></testsuite>'
JUNITS = [
    JUNIT,
    b'<testsuites tests="2"><testsuite name="a"><testcase name="x"/><testcase name="y"><skipped/></testcase>'
    b'<testsuite name="b"><testcase name="z"><error message="e">t</error></testcase></testsuite>'
    b"</testsuite></testsuites>",
    b'<?xml version="1.0"?><testsuite><properties><property name="a" value="b"/></properties>'
    b'<testcase name="x" time="1"><system-out>o</system-out></testcase><system-err/></testsuite>',
    b"<testsuites><testcase name='n'/></testsuites>",
]
LOGS = [
    LOG,
    b"2026-11-22_10:00:00,task=p/a,model=codex,cost=0.42,time_min=26,review_round=2\n"
    b"p/a,start,1795000000\np/a,end,1795000900\n\n",
    b"2026-11-22_10:00:07,task=p/a,model=claude,cost=,time_min=,review_round=,event=pre-commit,result=refused,plan=p,"
    b"stage=implement,rules=SCP001,files=3,lines=9,ms=12,id=0123456789abcdef\n",
    b"2026-11-22_10:00:08,task=a%2Cb,model=,cost=1e1,time_min=2,review_round=0,event=note,why=x%0Ay,id=0123456789abcde0"
    b"2026-11-22_10:00:09,task=p/b,model=x,cost=1,time_min=2,review_round=3\n",
]
MESSAGES = [
    MESSAGE,
    b"fix!: y\n\nPlan-Task: p/b\n folded\nSigned-off-by: A <a@b>\n\n# Please enter\n# a message\n",
    b"x\n\nPlan-Task: p/b\n\nbody\nCo-authored-by: A <a@b>\n"
    b"# ------------------------ >8 ------------------------\ndiff\n",
    b"feat, fix(a): PROJ-1\n\n* docs: z\n\nFixes: #1, #2 and #4\nplan-task:p/a\nBREAKING CHANGE: x\n",
]
RAWS = (
    b":000000 100644 " + b"0" * 40 + b" " + b"2" * 40 + b' A\0a b\n"\xff\0'
    b":120000 000000 " + b"1" * 40 + b" " + b"0" * 40 + b" D\0:100644\0"
    b":100644 160000 " + b"1" * 64 + b" " + b"2" * 64 + b" T\0-rf\0"
)
RUN = GateRun(
    "1" * 32, "2" * 40, "", "3" * 40, "p/a", 1, "implement", "human", "",
    (Result("tests", "true", 0, Outcome.PASSED),), "export", "0", "x",
)  # fmt: skip
#: What the runs below are held against.
GATE = Tests(command="true", min_tests=1)
FAILED = replace(RUN, results=(Result("tests", "true", 1, Outcome.FAILED, Counts(3, 1, 0), 0.5),))
EMPTY = replace(RUN, results=(Result("tests", "true", 0, Outcome.PASSED, Counts(0, 0, 0)),))
SKIPPED = replace(RUN, results=(Result("tests", "true", 0, Outcome.PASSED, Counts(2, 0, 2)),))
MOVE = transitions.Move(
    "1" * 32, transitions.MoveKind.REVIEW, "p/a", 1, 2, "review", "claude", "5" * 40, "2" * 40,
    answers=(transitions.Answer("A1", True, "seen"),), runs=("2" * 32,), patches=("6" * 40,),
)  # fmt: skip
ENTRY = intoto.encode(evidence.to_statement(RUN))
ENTRIES = [ENTRY, intoto.seal(ENTRY, "k", "s"), intoto.encode(transitions.to_statement(MOVE))]
ENTRIES += [intoto.encode(evidence.to_statement(run)) for run in (FAILED, EMPTY, SKIPPED)]
JSONS = [
    b'{"schema": 1, "base": "1", "tree": "2", "cuts": [{"unit": "u", "old": 1, "new": 2}],'
    b' "groups": [{"message": "fix: x", "units": ["u"], "theme": "t", "task": "a"}]}',
    b'{"answers": [{"id": "A1", "met": true, "evidence": "seen in a.py"}], "notes": "n"}',
    b'{"master": {"metadata": {"description": "d"}, "tasks": [{"id": 1, "title": "t", "status": "pending",'
    b' "dependencies": [2], "details": "src/a.py", "subtasks": [{"id": 1, "title": "s"}]}]}}',
    b'{"type": "result", "session_id": "s", "duration_ms": 5, "total_cost_usd": 0.1, "usage": {"input_tokens": 1},'
    b' "modelUsage": {"m": {"inputTokens": 1, "outputTokens": 2, "costUSD": 0.1}}}',
    b'{"type": "thread.started", "thread_id": "t"}\n{"type": "turn.completed", "usage": {"input_tokens": 1}}\n',
]
PAYLOADS = [
    b'{"session_id": "s", "cwd": "/r", "hook_event_name": "PreToolUse", "tool_name": "Bash",'
    b' "tool_input": {"command": "cd src && git commit -n -m x > a"}}',
    b'{"session_id": "s", "cwd": "/r", "hook_event_name": "PreToolUse", "tool_name": "apply_patch",'
    b' "tool_input": {"command": "*** Begin Patch\\n*** Update File: a\\n*** Move to: b\\n*** End Patch"}}',
    b'{"sessionId": "s", "timestamp": 1, "cwd": "/r", "toolName": "edit", "toolArgs": "{\\"path\\": \\"a\\"}"}',
    b'{"hook_event_name": "beforeMCPExecution", "workspace_roots": ["/r"], "tool_name": "write_file",'
    b' "tool_input": "{\\"files\\": [{\\"path\\": \\"a\\"}]}"}',
    b'{"toolCall": {"name": "run_command", "args": {"CommandLine": "ls", "Cwd": "x"}},'
    b' "hook_event_name": "PreToolUse"}',
]
COMMANDS = [
    b'for f in a {b,c}; do echo "$f" > "$f.x"; done && cd "$(git rev-parse --show-toplevel)" || true',
    b"cat <<'E' > a; X=1 env -u Y git -C b commit -m \"$(cat <<F\n`x`\nF\n)\" &\nx\nE\n",
    b'if [[ $a > 3 ]]; then (( n++ )); case x in a|b) y;; esac; fi | tee >(z) 2>&1 <<< "${q:-w}"',
]


def _plan(data: bytes) -> None:
    plan = parse_plan(data, "plans/p.toml")
    assert plan.id == "p"
    assert plan.version >= 1
    assert parse_plan(references.plan_toml(plan), "plans/p.toml") == plan


def _policy(data: bytes) -> None:
    policy = parse_policy(data, "planfence.toml", RULES)
    assert policy.base
    assert policy.limits.files >= 1
    assert parse_policy(references.policy_toml(policy), "planfence.toml", RULES) == policy


def _message(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    parsed = message.parse(text)
    assert list(parsed.trailers) == references.trailers(text)
    if "\0" in text:
        return  # git makes no commit of it
    cleaned = message.clean(text, "#")
    assert message.clean(cleaned, "#") == cleaned
    if cleaned.strip(" \t\n\r").partition(":")[0].rstrip(" \t").lower() in map(str.lower, message.OWN_TRAILERS):
        return  # behind comments alone, one of ours is git's subject: the hook writes below it (hooks/full.py)
    # What the hook writes is what everybody reads, whatever stood there.
    marked = message.with_trailers(text, ((message.TASK_TRAILER, "p/a"),), "#")
    if cleaned.strip(" \t\n\r"):
        assert message.parse(message.clean(marked, "#")).trailer(message.TASK_TRAILER) == ("p/a",)
        assert message.with_trailers(marked, ((message.TASK_TRAILER, "p/a"),), "#") == marked
    else:
        assert marked == text


def _raw(data: bytes) -> None:
    from planfence import prover
    from planfence.change.trees import parse_raw

    changes = parse_raw(data)
    told = references.raw_records(data)
    assert told is not None, "what git never writes was taken"
    found = [(c.old_mode, c.new_mode, c.old_id, c.new_id, paths.encode(c.path)) for c in changes]
    assert found == told
    # With lines counted it is told apart from the counts, whatever the paths are.
    counts = b"".join(b"1\t-\t" + paths.encode(change.path) + b"\0" for change in changes)
    assert prover.divide(data + counts) == (data, counts)
    plain = prover.parse(data)
    assert plain is None or plain == [(paths.encode(c.path), c.action.letter.encode()) for c in changes]


def _commit(data: bytes) -> None:
    from planfence.gitio.commits import parse_commit, signature_of
    from planfence.gitio.objects import GitObject

    raw = GitObject("4" * 40, "commit", data)
    found = parse_commit(raw)
    assert [found.tree, *found.parents] == references.commit_ids(data)
    payload, signature = signature_of(raw)
    # Whoever signs, signs all but the signature.
    assert not signature or (b"gpgsig" in data and parse_commit(GitObject("4" * 40, "commit", payload)) == found)


def _tree(data: bytes) -> None:
    from planfence.change.governing import parse_tree

    again = b"".join(
        b"%o %s\0%s" % (entry.mode, name.encode("utf-8", "surrogateescape"), bytes.fromhex(entry.id))
        for name, entry in parse_tree(data, 20)
    )
    # Modes with leading zeros are the one thing that reads the same in two ways.
    assert again == data or len(again) < len(data)


def _log(data: bytes) -> None:
    from planfence.log.line import format_record
    from planfence.log.reader import Reader, Record
    from planfence.report.fastfold import FastFold
    from planfence.report.taskfacts import LogFacts

    reader = Reader(_clock)
    lines = data.decode("utf-8", "replace").splitlines(keepends=True)
    found = list(reader.read(lines))
    # Nothing is silently dropped: every line is a record, a run, blank, or counted as set aside.
    assert reader.counts["lines"] == len(lines)
    assert len(found) == reader.counts["records"] + reader.counts["runs"]
    for record in found:
        if isinstance(record, Record):
            again = format_record(record.text[:19], record.fields) + "\n"
            (read,) = Reader(_clock).read([again])
            assert isinstance(read, Record)
            assert {k: v for k, v in read.fields.items() if v} == {k: v for k, v in record.fields.items() if v}
    # The fast reader says the same.
    slow, fast, counts = LogFacts(), LogFacts(), Reader(_clock)
    slow.add(iter(found), "r:")
    folder = FastFold(fast, counts, _clock)
    folder.fold(lines, "r:")
    folder.finish()
    assert counts.counts == reader.counts
    assert fast.tasks.keys() == slow.tasks.keys()
    assert all(
        abs(fast.tasks[name].cost - slow.tasks[name].cost) <= abs(slow.tasks[name].cost) / 1e9 for name in slow.tasks
    )


def _clock(text: str, is_utc: bool) -> int:
    return calendar.timegm(time.strptime(text, "%Y-%m-%d_%H:%M:%S")) - (0 if is_utc else 3600)


def _ledger(data: bytes) -> None:
    try:
        envelope, value = intoto.unseal(data)
        stated = intoto.decode(value)
        if stated.predicate_type == TEST_RESULT:
            run = evidence.from_statement(stated)
            again = evidence.to_statement(run)
            assert evidence.from_statement(again) == run
            assert intoto.decode(json.loads(intoto.encode(again))).predicate == again.predicate
            if not evidence.missing((run,), RUN.tree, GATE):
                assert references.proves(json.loads(envelope.payload), RUN.tree, GATE.command, GATE.min_tests)
        elif stated.predicate_type == transitions.STAGE_MOVE:
            move = transitions.from_statement(stated)
            assert transitions.from_statement(transitions.to_statement(move)) == move
    except intoto.NotAStatement:
        return


def _junit(data: bytes) -> None:
    from planfence.gate.junit import read_counts

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "junit.xml")
        place.write_bytes(data)
        counts = read_counts(place)
    if counts is None:
        return
    assert (counts.tests, counts.failed, counts.skipped) == references.report_counts(data)
    assert counts.failed or not references.shows_failure(data)


def _replayed(data: bytes) -> None:
    """A recorded tree: what is written to disk stays in its folder, and is none of git's own."""
    from planfence.change.export import _folders
    from planfence.change.governing import parse_tree

    entries = list(parse_tree(data, 20))
    _folders(entries, "")
    for name, _ in entries:
        plain = "".join(char for char in name.lower() if not (0x200B <= ord(char) <= 0x206F or char == "\ufeff"))
        assert name not in ("", ".", "..")
        assert not {"/", "\0"} & set(name)
        assert plain.rstrip(" .") not in (".git", "git~1")


def _json(data: bytes) -> None:
    """Every reader of another program's JSON."""
    from planfence.ledger import reviewing
    from planfence.plan.importers import taskmaster
    from planfence.report import costs_printed
    from planfence.split import planfile

    text = data.decode("utf-8", "replace")
    for read in (
        lambda: planfile.from_json(text),
        lambda: reviewing.read_json(data),
        lambda: taskmaster.read(data),
        lambda: costs_printed.collect(text, epoch=0),
    ):
        with contextlib.suppress(PlanfenceError):
            read()


def _payload(data: bytes) -> None:
    """An agent's hook call: what it writes and runs is told, or it is refused."""
    from planfence.agents import payload, shell

    for agent in ("claude", "codex", "gemini", "cursor", "copilot", "antigravity"):
        with contextlib.suppress(PlanfenceError):
            told = payload.read(agent, data)
            assert all(edit.path for edit in told.edits)
            if told.command:
                shell.judge(told.command, told.cwd or "/")


def _shell(data: bytes) -> None:
    """A command line: it is judged, whatever it is, and what names the way round beside it is still seen."""
    from planfence.agents import shell

    text = data.decode("utf-8", "surrogateescape")
    shell.judge(text, "/r")
    assert shell.judge(f"git commit -n -m x; {text}", "/r").attempts


def _receive(data: bytes) -> None:
    from planfence.boundary.receive import parse

    asked = SimpleNamespace(zero="0" * 40)  # it asks for nothing else
    asked.is_id = partial(Repository.is_id, asked)
    updates = parse(asked, data)
    told = "".join(f"{each.old} {each.new} {each.ref}\n" for each in updates).encode("utf-8", "surrogateescape")
    assert told.replace(b"\n", b"") == data.replace(b"\n", b"")


def _guarded(parser: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        try:
            parser(data)
        except PlanfenceError:
            return

    return target


_PARSERS = {
    "plan": (_plan, [PLAN, RICH_PLAN, RICH_PLAN.replace(b", 1]", b"]").replace(b'["c"]', b"[]")]),
    "policy": (_policy, [POLICY, RICH_POLICY]),
    "message": (_message, MESSAGES),
    "raw diff": (_raw, [RAW, RAW * 2, RAWS]),
    "commit": (_commit, [COMMIT]),
    "tree": (_tree, [TREE]),
    "log": (_log, LOGS),
    "ledger": (_ledger, ENTRIES),
    "junit": (_junit, JUNITS),
    "replay": (_replayed, [TREE, b"100644 .gitmodules\0" + b"\x11" * 20]),
    "json": (_json, JSONS),
    "payload": (_payload, PAYLOADS),
    "shell": (_shell, COMMANDS),
    "pre-receive": (_receive, [b"0" * 40 + b" " + b"1" * 40 + b" refs/heads/x\n"]),
}
TARGETS = {name: _guarded(parser) for name, (parser, _) in _PARSERS.items()}
SEEDS: dict[str, list[bytes]] = {name: seeds for name, (_, seeds) in _PARSERS.items()}
