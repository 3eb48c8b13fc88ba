"""Prompts, agents' runs and reviews, on real repositories, with stand-in agents."""

from __future__ import annotations

import json
import re
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
    repository = repo.open(PATH=f"{path}:{repo.variables['PATH']}")
    ran = run.run(repository, "implement", "auth/middleware", agent, run.Order())
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
    assert repo.git("ls-tree", "-r", "--name-only", ref).splitlines() == ["entry.json"]
    kept = repo.git("for-each-ref", "--format=%(refname)", "refs/planfence/kept")
    names = set(repo.git("ls-tree", "--name-only", kept).splitlines())
    assert {"prompt.md", "change.diff", "output.txt"} <= names
    assert repo.git("diff", "--cached", "--name-only") == ""


def test_an_agent_that_is_not_there_and_one_that_fails(repo, tmp_path):
    with pytest.raises(PlanfenceError, match="not on PATH"):
        run.run(repo.open(), "implement", "auth/middleware", "codex", run.Order(program="no-such-program"))
    program = tmp_path / "bad"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho lost >&2\nexit 3\n")
    program.chmod(0o755)
    ran = run.run(repo.open(), "implement", "auth/middleware", "claude", run.Order(program=str(program)))
    assert (ran.failed, ran.exit, ran.complaint, ran.told.cost) == (True, 3, "lost", None)
    assert "result=failed" in (repo.root / ".ai-benchmark.csv").read_text()


AGENT = """\
#!{python}
import json, os, pathlib, subprocess, sys
sys.stdin.read()
pathlib.Path({seen!r}).write_text(json.dumps(sys.argv[1:]))
environment = dict(os.environ, CLAUDE_CODE_CHILD_SESSION="1")
for command in {commands!r}:
    subprocess.run(command, shell=True, env=environment, check=True, stdout=subprocess.DEVNULL)
print(json.dumps({{"type": "result", "result": {text!r}, "session_id": "s", "total_cost_usd": 0.1}}))
"""


@pytest.fixture
def agent(repo, tmp_path):
    """Return what starts `prompt STAGE --run` with a program that runs commands and answers with a text."""
    plan = (repo.root / "plans/auth.toml").read_text()
    repo.write("plans/auth.toml", plan.replace('implement = "human"', 'implement = "claude"'))
    repo.git("commit", "-qam", "docs: roles")
    repo.write(
        "planfence.toml",
        'schema = 1\n[tests]\ncommand = "test ! -e bad"\nmin_tests = 0\n[identity]\nACME_BOT = "acme-bot"\n',
    )
    repo.git("commit", "-qam", "chore: tests")
    assert repo.install().returncode == 0
    repo.git("checkout", "-q", "-b", "work")
    repo.start("auth/middleware")

    def started(stage, *words, commands=(), text="Done."):
        program = tmp_path / "bin/agent"
        program.parent.mkdir(exist_ok=True)
        seen = str(tmp_path / "seen")
        program.write_text(AGENT.format(python=sys.executable, commands=list(commands), text=text, seen=seen))
        program.chmod(0o755)
        return repo.planfence("prompt", stage, "--run", "claude", "--program", str(program), *words)

    return started


def test_an_executors_commits_are_told_and_tested(repo, agent, tmp_path):
    done = agent("implement", "auth/middleware", "--", "--max-turns", "3",
                 commands=["echo 1 > src/auth.py", "git add src/auth.py", "git commit -qm 'feat: auth'"])  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Done." in done.stdout
    assert "feat: auth" in done.stderr
    assert "tree " in done.stderr
    assert " passed " in done.stderr
    assert json.loads((tmp_path / "seen").read_text())[-2:] == ["--max-turns", "3"]
    assert "Plan-Model: claude" in repo.git("log", "-1", "--format=%B")
    assert repo.planfence("test", "auth/middleware").stdout == ""  # it has passed already


@pytest.mark.parametrize(
    ("commands", "code", "said"),
    [
        ([], 0, "nothing committed\n"),
        (["echo 1 > src/auth.py"], 0, "nothing committed: src/auth.py"),
        (["echo 1 > src/auth.py", "echo 2 > src/user.py", "git add src/auth.py", "git commit -qm 'feat: auth'"], 0,
         "left uncommitted: src/user.py"),
        (["echo 1 > src/auth.py", "touch tests/auth/bad; mkdir -p tests/auth", "touch bad", "git add src bad",
          "git commit -qm 'feat: auth' || true"], 0, "nothing committed"),
    ],
)  # fmt: skip
def test_what_an_executor_left_is_said(repo, agent, commands, code, said):
    commands = [each for each in commands if "tests/auth/bad" not in each]
    done = agent("implement", "auth/middleware", commands=commands)
    assert done.returncode == code, done.stderr
    assert said in done.stderr


def test_an_executor_whose_tests_fail_is_told(repo, agent):
    repo.write("planfence.toml", 'schema = 1\n[tests]\ncommand = "false"\nmin_tests = 0\n')
    repo.git("commit", "-qam", "chore: other tests", "--no-verify")
    commands = ["echo 1 > src/auth.py", "git add src/auth.py", "git commit -qm 'feat: auth'"]
    done = agent("implement", "auth/middleware", commands=commands)
    assert done.returncode == 1
    assert "not passed" in done.stderr


def test_a_reviewers_answers_are_recorded_and_not_printed(repo, agent, tmp_path, monkeypatch):
    from planfence.judge.situation import look
    from planfence.ledger.reviewing import points

    plan = (repo.root / "plans/auth.toml").read_text()
    plan = plan.replace('implement = "claude"', 'implement = "codex"').replace("version = 1", "version = 2")
    repo.write("plans/auth.toml", plan)
    repo.git("commit", "-qam", "docs: roles", "--no-verify")
    repo.write("src/auth.py")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "feat: auth", CODEX_CI="1")
    assert repo.planfence("test", "auth/middleware").returncode == 0
    moved = repo.planfence("advance", "auth/middleware", CODEX_CI="1")
    assert moved.returncode == 0, moved.stderr + moved.stdout
    listed = [{"id": point.id, "met": True, "evidence": "src/auth.py:1 read"}
              for point in points(look(repo.open(), "auth/middleware").task)]  # fmt: skip
    text = f"Here it is:\n```json\n{json.dumps({'answers': listed, 'notes': 'n'})}\n```"
    monkeypatch.setitem(repo.variables, "ACME_BOT", "1")  # a team's own agent that starts the reviewer
    done = agent("review", "auth/middleware", text=text)
    assert done.returncode == 0, done.stderr
    assert "answers recorded by claude" in done.stdout
    assert '"answers"' not in done.stdout
    assert "acceptEdits" not in (tmp_path / "seen").read_text()
    bad = agent("review", "auth/middleware", text="Looks good to me")
    assert bad.returncode == 1
    assert "Looks good to me" in bad.stdout
    assert "no JSON object with `answers`" in bad.stderr


def test_a_planners_plan_is_written_where_it_belongs(repo, agent):
    plan = (repo.root / "plans/auth.toml").read_text().replace('id = "auth"', 'id = "mail"')
    done = agent("plan", "--goal", "Send mail", text=f"The plan:\n```toml\n{plan}```\n")
    assert "plans/mail.toml" in done.stdout
    assert (repo.root / "plans/mail.toml").read_text() == plan.strip() + "\n"
    assert "git add plans/mail.toml" in done.stderr
    again = agent("plan", "--goal", "Send mail", text=f"```toml\n{plan}```\n")
    assert again.returncode == 1
    assert "exists already" in again.stderr
    for text in ("I would rather not", "```toml\nschema = 1\n```", "```toml\nschema = \n```"):
        bad = agent("plan", "--goal", "Send mail", text=text)
        assert bad.returncode == 1
        assert "Traceback" not in bad.stderr
    assert "event=run" in (repo.root / ".ai-benchmark.csv").read_text()


def test_arguments_of_an_agent_need_an_agent(repo):
    done = repo.planfence("prompt", "implement", "auth/middleware", "--", "--max-turns", "3")
    assert done.returncode == 2
    assert "--run claude" in done.stderr


def test_codex_may_write_to_git_and_a_reviewer_may_write_nothing(tmp_path):
    linked = programs.arguments("codex", "implement", "/home/dev/shop/.git", ["-m", "x"])
    assert linked[-5:] == ["--add-dir", "/home/dev/shop/.git", "-m", "x", "-"]
    assert "read-only" in programs.arguments("codex", "review", ".git")
    assert programs.arguments("claude", "implement", ".git", ["x"])[-1] == "x"


def answers(task, **changed):
    found = [Answer(point.id, True, f"read {point.id} in src/auth.py:3") for point in reviewing.points(task)]
    return [changed.get(answer.criterion.replace("-", "_"), answer) for answer in found]


@pytest.fixture
def task(repo):
    from planfence.judge.situation import look

    return look(repo.open(), "auth/middleware").task


@pytest.mark.parametrize(
    "evidence",
    [
        *("", "  ", "ok", "LGTM!", "yes.", "…", "...", "\u200b", "\xa0\u2060", "\u115f", "\u1160", "\u3164", "\uffa0"),
        *("ok\u200b", "\u2060o\u200bk", "LGTM\ufe0f!\u200d", "looks\u3164 good"),
    ],
)
def test_an_answer_needs_a_word_of_evidence(task, evidence):
    with pytest.raises(PlanfenceError, match=re.escape(f"A1: {evidence.strip()!r} is not evidence")):
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
    assert reviewing.read_text(filled.replace("- [", "* [")) == read
    assert Answer("A1", True, "pytest said 3 passed") in read
    assert Answer("scope", False, "") in read
    assert len(read) == len(reviewing.points(task))


MET = '{"answers": [{"id": "A1", "met": true, "evidence": "seen it"}]}'
UNMET = MET.replace("true", "false")
FORM = MET.replace("seen it", "\u2026")


@pytest.mark.parametrize(
    ("text", "met"),
    [
        (MET, True),
        (f"So:\n```json\n{UNMET}\n```\nbye", False),
        (f"The form is {FORM}, {{so}}: {UNMET}", False),
        (f'The form is {{"answers": []}}. {MET}', True),
        (f"{MET} and again {MET}", True),
        (f'{{"result": {UNMET}}}', False),
        (f'{{"a": [1, {{"b": [{UNMET}]}}], "c": "{{"}} and {{"d": {UNMET}}}', False),
    ],
)
def test_a_review_is_found_in_an_agents_words(text, met):
    assert [answer.met for answer in reviewing.read_json(text.encode())[0]] == [met]


def test_a_text_of_many_objects_is_read_once(monkeypatch):
    read = []

    def within_limits(parse, *rest):
        value, end = parse()
        read.append(end - parse.args[1])
        return value, end

    monkeypatch.setattr(reviewing, "within_limits", within_limits)
    text = '{"a":' * 40 + str(list(range(1000))) + "}" * 40 + MET
    assert reviewing.read_json(text.encode())[0][0].met
    assert sum(read) == len(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{UNMET} or {MET}", "differ"),
        (f'{{"a": {UNMET}, "b": [{MET}]}}', "differ"),
        (MET.replace('"met": true', '"met": false, "met": true'), "twice"),
        (MET.replace("seen", "\\ud800"), "half a character"),
        (MET.replace('"seen it"', "[" * 120 + "]" * 120), "deep"),
        ('{"a":x' * 5000 + MET, "again and again"),
        ('{"a":' * 30 + '"' + "x" * 100_000, "again and again"),
    ],
)
def test_a_review_that_can_be_read_in_two_ways_is_none(text, why):
    with pytest.raises(PlanfenceError) as caught:
        reviewing.read_json(text.encode())
    assert why in " ".join((caught.value.message, *caught.value.more))


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
