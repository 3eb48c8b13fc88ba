"""Prompts, agents' runs and reviews, on real repositories, with stand-in agents."""

from __future__ import annotations

import json
import stat
import sys
import tomllib
from pathlib import Path

import pytest

from planfence.agents import programs, prompts, run
from planfence.errors import PlanfenceError
from planfence.ledger import reviewing
from planfence.ledger.transitions import Answer
from planfence.manifest.planfile import parse_plan

RECORDED = Path(__file__).parent.parent / "agents" / "outputs"


def test_the_planners_prompt_ends_with_a_plan_that_parses(repo):
    text = prompts.render(repo.open(), "plan", goal="Cache the price list")
    assert text.startswith("# Plan: Cache the price list")
    for word in ("out of scope", "Risks", "Acceptance", "Rollback", "60 minutes", "smallest mergeable"):
        assert word in text
    example = text.rpartition("```toml\n")[2].partition("```")[0]
    assert text.rstrip().endswith("```")
    assert parse_plan(example.encode(), "plans/auth-mw.toml").id == "auth-mw" == tomllib.loads(example)["id"]


def test_the_planners_prompt_knows_a_plan_that_is_there(repo):
    assert "- out of scope: token format" in prompts.render(repo.open(), "plan", "auth")
    with pytest.raises(PlanfenceError, match="a planner needs a goal"):
        prompts.render(repo.open(), "plan")


def test_the_executors_prompt_names_files_changes_theme_and_tests(repo):
    text = prompts.render(repo.open(), "implement", "auth/middleware")
    assert "- `src/auth.py`: add" in text
    assert "- `tests/auth/**`: any change" in text
    assert "Never touch: `src/keys/**`" in text
    assert "Theme: auth (commit types: feat, fix, refactor, test)" in text
    for word in ("planfence test", "change summary", "Risky diffs", "Out of scope", "A1"):
        assert word in text
    assert "{{" not in text


def test_the_reviewers_prompt_asks_point_by_point_in_the_form_that_review_reads(repo):
    text = prompts.render(repo.open(), "review", "auth/middleware")
    for word in ("architecture", "nulls", "retries", "timeouts", "concurrency", "401 and 403 differ", "A1"):
        assert word in text
    answers, _ = reviewing.read_json(text.encode())
    assert [answer.criterion for answer in answers] == ["architecture", "edge-cases", "risks", "scope", "A1"]


def test_a_template_in_the_repository_wins_and_counts_only_when_committed(repo):
    repo.write("plans/prompts/implement.md", "Do {{ task }}: {{title}}\n")
    assert "executor" in prompts.render(repo.open(), "implement", "auth/middleware")
    repo.commit("docs: our prompt")
    assert prompts.render(repo.open(), "implement", "auth/middleware") == "Do auth/middleware: Extract the auth check\n"
    repo.write("plans/prompts/implement.md", "{{ weather }}\n")
    repo.commit("docs: our prompt")
    with pytest.raises(PlanfenceError, match="weather"):
        prompts.render(repo.open(), "implement", "auth/middleware")


STAND_IN = """\
#!{python}
import pathlib, sys
prompt = sys.stdin.read()
assert "auth/middleware" in prompt
assert sys.argv[1:] == {arguments!r}, sys.argv
pathlib.Path("src/auth.py").write_text("def check():\\n    return 401\\n")
sys.stdout.buffer.write(pathlib.Path({output!r}).read_bytes())
"""


def stand_in(tmp_path, agent, version):
    program = tmp_path / "bin" / agent
    program.parent.mkdir()
    output = str(RECORDED / f"{agent}-{version}.out")
    program.write_text(STAND_IN.format(python=sys.executable, arguments=list(programs.ARGUMENTS[agent]), output=output))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program.parent)


@pytest.mark.parametrize(
    ("agent", "version", "cost", "tokens"),
    [
        ("claude", "2.0.30", 0.00077, (0, 56)),
        ("claude", "2.1.197", 0.00138, (66, 42)),
        ("codex", "0.153.0", None, (500, 25)),
        ("codex", "0.169.0", None, (500, 25)),
    ],
)
def test_an_agents_run_is_recorded(repo, tmp_path, agent, version, cost, tokens):
    path = stand_in(tmp_path, agent, version)
    ran = run.run(repo.open(PATH=f"{path}:{repo.variables['PATH']}"), "implement", "auth/middleware", agent)
    assert not ran.failed
    assert ran.told.text == "Done."
    assert ran.told.session
    assert ran.told.cost == (None if cost is None else pytest.approx(cost))
    assert (ran.told.tokens_in, ran.told.tokens_out) == tokens
    assert (ran.files, ran.lines) == (1, 2)
    line = (repo.root / ".ai-benchmark.csv").read_text()
    assert f"task=auth/middleware,model={agent}" in line
    assert "event=run" in line
    assert ("event=cost" in line) is (cost is not None)
    ref = repo.git("for-each-ref", "--format=%(refname)", "refs/planfence/ledger")
    names = repo.git("ls-tree", "-r", "--name-only", ref).splitlines()
    assert {"entry.json", "prompt.md", "change.diff", "output.txt"} <= {name.rpartition("/")[2] for name in names}
    assert repo.git("diff", "--cached", "--name-only") == ""


def test_an_agent_that_is_not_there_and_one_that_fails(repo, tmp_path):
    with pytest.raises(PlanfenceError, match="not on PATH"):
        run.run(repo.open(), "implement", "auth/middleware", "codex", "no-such-program")
    program = tmp_path / "bad"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho lost >&2\nexit 3\n")
    program.chmod(0o755)
    ran = run.run(repo.open(), "implement", "auth/middleware", "claude", str(program))
    assert (ran.failed, ran.exit, ran.complaint, ran.told.cost) == (True, 3, "lost", None)
    assert "result=failed" in (repo.root / ".ai-benchmark.csv").read_text()


def answers(task, **changed):
    found = [Answer(point.id, True, f"read {point.id} in src/auth.py:3") for point in reviewing.points(task)]
    return [changed.get(answer.criterion.replace("-", "_"), answer) for answer in found]


@pytest.fixture
def task(repo):
    from planfence.judge.situation import look

    return look(repo.open(), "auth/middleware").task


@pytest.mark.parametrize("evidence", ["", "  ", "ok", "LGTM!", "yes.", "…"])
def test_an_answer_needs_a_word_of_evidence(task, evidence):
    with pytest.raises(PlanfenceError, match="is no evidence"):
        reviewing.check(answers(task, A1=Answer("A1", True, evidence)), task)


def test_every_point_is_answered_once_and_nothing_else(task):
    given = answers(task)
    assert reviewing.check(reversed(given), task) == tuple(given)
    with pytest.raises(PlanfenceError, match="A1: not answered"):
        reviewing.check(given[:-1], task)
    with pytest.raises(PlanfenceError, match="answered twice"):
        reviewing.check([*given, given[0]], task)
    with pytest.raises(PlanfenceError, match="nobody asked"):
        reviewing.check([*given, Answer("A9", True, "seen it")], task)


def test_a_checklist_can_be_filled_in(task):
    text = reviewing.checklist(task)
    filled = text.replace("- [ ] A1: ", "- [x] A1: pytest said 3 passed")
    read = reviewing.read_text(filled)
    assert Answer("A1", True, "pytest said 3 passed") in read
    assert Answer("scope", False, "") in read
    assert len(read) == len(reviewing.points(task))


@pytest.mark.parametrize(
    "data", [b"", b"no json", b'{"answers": 3}', b'{"answers": [{"id": "A1"}]}', b'{"answers": [1]}']
)
def test_json_that_is_no_review(data):
    with pytest.raises(PlanfenceError):
        reviewing.read_json(data)


def test_a_review_is_recorded_by_who_gave_it_and_its_gap_sends_the_task_back(repo, task):
    repo.planfence("start", "auth/middleware")
    given = json.dumps({"answers": [{"id": a.criterion, "met": a.met, "evidence": a.evidence} for a in answers(task)]})
    early = repo.planfence("review", "auth/middleware", "--json", "-", stdin=given.encode())
    assert early.returncode == 2
    assert "not in review" in early.stderr
