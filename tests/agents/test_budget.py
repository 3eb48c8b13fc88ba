"""A budget is told at 80%, holds the next edit at 100%, and is raised by a person; its overrun is one turn at most."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.claims import planned, worktree
from support.repository import Repo

from planfence.agents import answers, budgetpath
from planfence.agents.fastpath import plainly_allowed
from planfence.env import Environment
from planfence.files.state import SESSIONS
from planfence.gitio.worktrees import Worktree, holding
from planfence.manifest.policy import Policy
from planfence.report import prices
from planfence.report.costs import told
from planfence.report.spending import _Stay

MODEL, CODEX = "claude-sonnet-4-20250514", "gpt-5.1-codex"


def budgeted(repo: Repo, limits: str = "budget_usd = 1.0", *, policy: str = "", plan: str = "") -> Repo:
    """A task `p/t` with these limits, active, and beside it `p/v`."""
    planned(repo, policy, p={"t": "src/**", "v": "docs/**"})
    text = (repo.root / "plans/p.toml").read_text()
    text = text.replace("estimate_min = 45", f"estimate_min = 45\n{limits}", 1)
    repo.write("plans/p.toml", text.replace('goal = "something"', f'goal = "something"\n{plan}', 1))
    repo.git("commit", "-q", "--no-verify", "-am", "chore: limits")
    assert repo.planfence("start", "p/t").returncode == 0
    return repo


def in_the_next_second() -> None:
    """Dates are in whole seconds."""
    time.sleep(1.01 - time.time() % 1)


class Session:
    """An agent's session: answers that it has been given, and the hooks that it calls."""

    def __init__(self, repo: Repo, agent: str = "claude", name: str = "s-1") -> None:
        self.repo, self.agent, self.name, self.answers = repo, agent, name, 0
        home = Path(repo.variables["HOME"])
        folder = home / (".claude/projects/x" if agent == "claude" else ".codex/sessions/2026/11/30")
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / (f"{name}.jsonl" if agent == "claude" else f"rollout-{name}.jsonl")
        self.totals = [0, 0, 0]
        if agent == "codex":
            self.row("session_meta", {"id": name, "cwd": str(repo.root)})
            self.row("turn_context", {"model": CODEX, "cwd": str(repo.root)})

    def row(self, kind: str, payload: object, **more: object) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with self.file.open("a") as file:
            file.write(json.dumps({"type": kind, "timestamp": now, "payload": payload} | more) + "\n")

    def answer(self, read: int = 1000, output: int = 1000, cached: int = 0, model: str = MODEL) -> float:
        """Let the model answer; return what that costs."""
        self.answers += 1
        if self.agent == "codex":
            self.totals = [sum(pair) for pair in zip(self.totals, (read + cached, cached, output), strict=True)]
            names = ("input_tokens", "cached_input_tokens", "output_tokens")
            info = {
                "total_token_usage": dict(zip(names, self.totals, strict=True)),
                "last_token_usage": dict(zip(names, (read + cached, cached, output), strict=True)),
            }
            self.row("event_msg", {"type": "token_count", "info": info})
            self.row("event_msg", {"type": "token_count", "info": info})  # it is written again
        else:
            usage = {"input_tokens": read, "cache_read_input_tokens": cached, "output_tokens": output}
            said = {"id": f"{self.name}-{self.answers}", "model": model, "usage": usage, "stop_reason": "tool_use"}
            for _ in range(2):  # a row for each block of the answer
                more = {"message": said, "sessionId": self.name, "cwd": str(self.repo.root), "requestId": said["id"]}
                self.row("assistant", None, **more)
        name = CODEX if self.agent == "codex" else model
        turn = prices.Turn(self.agent, "", int(time.time()), "", name, read + cached, output, cached)
        return prices.cost(turn) or 0.0

    def payload(self, event: str, **more: object) -> bytes:
        where = {"session_id": self.name, "cwd": str(self.repo.root), "transcript_path": str(self.file)}
        return json.dumps({"hook_event_name": event} | where | more).encode()

    def edit(self, path: str = "src/a.py") -> bytes:
        if self.agent == "codex":
            patch = f"*** Begin Patch\n*** Update File: {path}\n@@\n-x\n+y\n*** End Patch\n"
            return self.payload("PreToolUse", tool_name="apply_patch", tool_input={"command": patch})
        target = {"file_path": str(self.repo.root / path), "content": "x"}
        return self.payload("PreToolUse", tool_name="Write", tool_input=target)

    def call(self, data: bytes) -> dict:
        said = answers.reply(self.agent, data, Environment(self.repo.variables | self.repo.extra)).stdout
        return json.loads(said) if said.strip() else {}

    def allowed(self, path: str = "src/a.py") -> tuple[bool, bool]:
        """Whether an edit is allowed, and whether the light entry said so."""
        data = self.edit(path)
        if plainly_allowed(data, self.repo.variables | self.repo.extra):
            return True, True
        return not self.call(data), False

    def prompt(self) -> str:
        found = self.call(self.payload("UserPromptSubmit", prompt="go on"))
        return found.get("hookSpecificOutput", {}).get("additionalContext", "")

    def stop(self, **more: object) -> str:
        return self.call(self.payload("Stop", **more)).get("reason", "")


@pytest.mark.parametrize("agent", ["claude", "codex"])
@pytest.mark.parametrize("seed", range(2))
def test_no_session_overruns_its_budget_by_more_than_a_turn(empty_repo, agent: str, seed: int) -> None:
    chance, session = random.Random(seed), Session(budgeted(empty_repo), agent)
    spent, last, light = 0.0, 0.0, 0
    session.prompt()
    for _ in range(400):
        last = session.answer(chance.randrange(3000), chance.choice([200, 800, 4000]), chance.randrange(40_000))
        spent += last
        good, quick = session.allowed()
        light += quick
        if not good:
            break
        assert spent < 1.0, "the edit after the budget was spent is held"
    assert 1.0 <= spent <= 1.0 + last
    assert light > session.answers / 3, "most edits take the light way"


def test_what_is_told_and_held(empty_repo) -> None:
    repo = budgeted(empty_repo, "budget_usd = 1.0\nbudget_tokens = 400000")
    session = Session(repo)
    assert "budget" not in session.prompt()
    session.answer(0, 40_000)  # $0.60
    assert session.allowed()[0]
    assert "budget" not in session.prompt()
    session.answer(0, 16_000)  # $0.84
    said = session.prompt()
    assert "p/t: $0.84 of $1.00 (84%), 56,000 of 400,000 tokens (14%)" in said
    assert f"spent on {MODEL} $0.84" in said
    assert session.prompt() == "", "it is told once"
    assert session.allowed()[0]
    assert session.stop() == ""
    session.answer(0, 16_000)  # $1.08
    denied = session.call(session.edit())["hookSpecificOutput"]["permissionDecisionReason"]
    assert "the budget is spent: p/t: $1.08 of $1.00 (108%)" in denied
    assert f"spent on {MODEL} $1.08" in denied
    assert "planfence budget p/t --add-usd N --why" in denied
    shell = session.payload("PreToolUse", tool_name="Bash", tool_input={"command": "echo x > src/a.py"})
    assert "the budget is spent" in json.dumps(session.call(shell))
    for harmless in ("git commit -m 'feat: x'", "cat src/a.py", 'planfence budget p/t --add-usd 2 --why "more"'):
        look = session.payload("PreToolUse", tool_name="Bash", tool_input={"command": harmless})
        assert session.call(look) == {}, harmless
    assert "The budget is spent." in session.stop()
    assert session.stop(stop_hook_active=True) == "", "a stop is held once"
    assert "Edits are held" in session.prompt()


def test_a_person_raises_it_and_a_model_asks(empty_repo) -> None:
    repo = budgeted(empty_repo)
    session = Session(repo)
    session.answer(0, 80_000)  # $1.20
    assert not session.allowed()[0]
    agent = {"PLANFENCE_MODEL": "codex"}
    asked = repo.planfence("budget", "p/t", "--add-usd", "2", "--why", "it is larger", **agent)
    assert asked.returncode == 1
    assert "request 1 waits for a person: let p/t cost $2 more" in asked.stderr
    assert repo.planfence("approve", "1", **agent).returncode == 2
    assert not session.allowed()[0]
    done = repo.planfence("approve", "1")
    assert done.returncode == 0, done.stderr
    assert "p/t may cost $2 more" in done.stdout
    assert session.allowed() == (True, False)
    shown = repo.planfence("budget", "p/t")
    assert "p/t: $1.20 of $3.00 (40%)" in shown.stdout
    (account,) = json.loads(repo.planfence("budget", "--json").stdout)
    assert account["limit"] == {"usd": 3.0, "min": None, "tokens": None}
    assert account["spent"]["usd"] == pytest.approx(1.2)
    session.answer(0, 80_000)
    session.answer(0, 80_000)
    assert not session.allowed()[0]
    again = repo.planfence("budget", "--add-usd", "0.5", "--why", "nearly there")
    assert again.returncode == 0, again.stderr
    assert not session.allowed()[0], "$3.60 of $3.50"
    assert '"kind":"budget"' in repo.git("cat-file", "-p", ledger(repo) + ":entry.json").replace(" ", "")


def ledger(repo: Repo) -> str:
    return repo.git("for-each-ref", "--format=%(objectname)", "refs/planfence/ledger").split()[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--add-usd", "2"), "a higher budget needs a reason"),
        (("--add-min", "2", "--why", "x"), "no limit of minutes of work to raise"),
        (("--add-usd", "0", "--why", "x"), "--add-usd"),
        (("--add-usd", "nan", "--why", "x"), "no amount"),
        (("--add-usd", "1e9", "--why", "x"), "--add-usd"),
    ],
)
def test_what_is_no_raise(empty_repo, words, said: str) -> None:
    done = budgeted(empty_repo).planfence("budget", "p/t", *words)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_price_that_is_not_known_is_never_nothing(empty_repo) -> None:
    repo = budgeted(empty_repo, "budget_usd = 1.0\nbudget_tokens = 50000")
    session = Session(repo)
    session.answer(1000, 20_000, model="acme-9")
    said = session.prompt()
    assert "the price is not known of acme-9 21,000 tokens" in said
    assert "p/t: $0.00 of $1.00 (0%), 21,000 of 50,000 tokens (42%)" in said
    assert session.allowed()[0]
    session.answer(1000, 40_000, model="acme-9")
    assert "62,000 of 50,000 tokens (124%)" in json.dumps(session.call(session.edit()))


OUTPUT = r'"output_tokens": \d'


@pytest.mark.parametrize(
    ("agent", "old", "new"),
    [
        ("claude", OUTPUT, '"output_tokens": -3'),
        ("claude", OUTPUT, '"tokens_out": 3'),
        ("codex", OUTPUT, '"output_tokens": 3e20'),
        ("codex", '"timestamp": "', '"at": "'),
    ],
)
def test_an_answer_that_cannot_be_read_is_said_and_takes_nothing_off(
    empty_repo, agent: str, old: str, new: str
) -> None:
    repo = budgeted(empty_repo)
    session = Session(repo, agent)
    session.answer(0, 3)
    session.prompt()
    before = session.file.read_text()
    session.answer(0, 3)
    session.file.write_text(before + re.sub(old, new, session.file.read_text()[len(before) :]))
    assert session.allowed()[0]
    look = repo.planfence("budget", "p/t").stdout
    assert " answers can't be read" in look, look
    session.file.write_text(before[: len(before) // 2])
    assert not session.allowed()[1], "the file was written anew"


def test_minutes_of_work(empty_repo) -> None:
    repo = budgeted(empty_repo, "budget_min = 30")
    session = Session(repo)
    session.prompt()
    assert session.allowed() == (True, True)
    log = repo.root / ".ai-run.log"
    log.write_text(f"p/t,start,{int(time.time()) - 1795}\n")
    assert session.allowed() == (True, True), "it is as the last look found it"
    assert "30 of 30 minutes (100%)" in session.prompt()
    assert session.allowed() == (True, True)
    left = Path(budgetpath.file_of(str(repo.root / ".git")))
    until = next(line for line in left.read_text().split("\n") if line.startswith("left")).split(" ")[-1]
    assert 0 < float(until) - time.time() < 10
    log.write_text(f"p/t,start,{int(time.time()) - 1801}\n")
    left.write_text(left.read_text().replace(until, repr(time.time() - 1)))
    assert "30 of 30 minutes" in json.dumps(session.call(session.edit()))


def test_the_policy_s_default_and_the_plan_s_sum(empty_repo) -> None:
    repo = budgeted(empty_repo, "", policy="budget.usd = 1.0\n", plan="budget_usd = 1.5")
    there = worktree(repo, "there")
    assert there.planfence("start", "p/v").returncode == 0
    one, other = Session(repo), Session(there, name="s-2")
    one.answer(0, 60_000)  # $0.90
    other.answer(0, 50_000)  # $0.75, $1.65 together
    denied = json.dumps(one.call(one.edit()))
    assert "the plan p: $1.65 of $1.50 (110%)" in denied
    assert "p/t: $0.90 of $1.00" not in denied
    assert "the plan p" in json.dumps(other.call(other.edit("docs/a.md")))
    assert repo.planfence("budget", "p/t", "--add-usd", "1", "--why", "both").returncode == 0
    assert one.allowed()[0]
    assert other.allowed("docs/a.md")[0]


def test_what_others_spend_is_not_this_task_s(empty_repo) -> None:
    """Another worktree's session, one before the start, and one that the log has already as the agent reported it."""
    repo = budgeted(empty_repo)
    away = Session(Repo(repo.root.parent / "away", repo.variables), name="s-9")
    away.answer(0, 900_000)
    session = Session(repo)
    early = json.loads(session.payload("x"))
    assert early
    session.answer(0, 10_000)
    old = session.file.read_text().replace(time.strftime("%Y-%m-%d"), "2020-01-01")
    session.file.write_text(old)
    session.answer(0, 10_000)
    (account,) = json.loads(repo.planfence("budget", "--json").stdout)
    assert account["spent"]["usd"] == pytest.approx(0.15)
    result = {"type": "result", "session_id": "s-1", "uuid": "u", "total_cost_usd": 0.5, "usage": {"output_tokens": 9}}
    assert repo.planfence("log", "collect", "-", stdin=json.dumps(result).encode()).returncode == 0
    (account,) = json.loads(repo.planfence("budget", "--json").stdout)
    assert account["spent"]["usd"] == pytest.approx(0.5)
    in_the_next_second()
    session.answer(0, 10_000)  # the session is resumed, and what it spends then is not in the log
    (account,) = json.loads(repo.planfence("budget", "--json").stdout)
    assert account["spent"]["usd"] == pytest.approx(0.65)


def test_codex_sessions_count_wherever_its_home_is(empty_repo) -> None:
    """The agent's hook names the file; who looks at the budget may have no `CODEX_HOME`."""
    repo = budgeted(empty_repo)
    session = Session(repo, "codex")
    session.file = session.file.rename(repo.root.parent / session.file.name)
    cost = session.answer(0, 10_000)
    session.prompt()
    (account,) = json.loads(repo.planfence("budget", "--json").stdout)
    assert account["spent"]["usd"] == pytest.approx(cost)


def test_a_session_that_goes_on_with_another_task_is_charged_to_it(empty_repo) -> None:
    repo = budgeted(empty_repo, policy="[budget]\nusd = 9\n")
    session, other = Session(repo), Session(repo, name="s-2")
    first = session.answer(0, 10_000) + other.answer(0, 5_000)
    assert repo.planfence("finish", "--leave").returncode == 0
    in_the_next_second()
    assert repo.planfence("start", "p/v").returncode == 0
    second = session.answer(0, 20_000)

    def spent(task: str) -> float:
        return json.loads(repo.planfence("budget", task, "--json").stdout)[0]["spent"]["usd"]

    assert (spent("p/v"), spent("p/t")) == (pytest.approx(second), pytest.approx(first))


def test_what_was_spent_in_a_worktree_that_the_task_has_left_counts(empty_repo) -> None:
    """And what that worktree's next task spends there does not."""
    repo = budgeted(empty_repo, policy="[budget]\nusd = 9\n")
    there = worktree(repo, "there")
    first = Session(repo).answer(0, 10_000)
    assert repo.planfence("finish", "--leave").returncode == 0
    in_the_next_second()
    assert there.planfence("start", "p/t").returncode == 0
    assert repo.planfence("start", "p/v").returncode == 0
    second = Session(there, name="s-2").answer(0, 20_000)
    third = Session(repo, name="s-3").answer(0, 30_000)
    found = {
        name: json.loads(repo.planfence("budget", name, "--json").stdout)[0]["spent"]["usd"] for name in ("p/t", "p/v")
    }
    assert found == {"p/t": pytest.approx(first + second), "p/v": pytest.approx(third)}


def test_worktrees_with_one_name_are_told_apart_by_their_task() -> None:
    here, there = (Worktree(f"/{name}/shop", "", "", "", task) for name, task in (("a", "p/t"), ("b", "p/v")))
    assert _Stay("p/t", 0, 9, frozenset(("shop",))).among([here, there]) == [here]
    assert _Stay("p/x", 0, 9, frozenset(("shop",))).among([here, there]) == [here, there]
    assert _Stay("p/x", 0, 9, frozenset(("other",))).among([here, there]) == []


def test_no_name_in_a_session_s_file_breaks_the_sum(tmp_path) -> None:
    (tmp_path / SESSIONS).mkdir()
    names = (
        "",
        "/",
        "//",
        ".",
        "..",
        "a\0b",
        "\ud800",
        "x" * 5000,
        str(tmp_path),
        "/dev/zero",
        str(tmp_path / "t.jsonl"),
    )
    (tmp_path / "t.jsonl").touch()
    (tmp_path / SESSIONS / "s.jsonl").write_text("".join(json.dumps({"transcript": name}) + "\n" for name in names))
    assert list(told(tmp_path)) == [tmp_path / "t.jsonl"]
    place = Worktree(str(tmp_path), "", "", "")
    assert [holding(name, [place]) for name in ("a\0b", "\ud800", f"{tmp_path}/a")] == [None, None, place]


def test_a_subagent_s_answers_count(empty_repo) -> None:
    repo = budgeted(empty_repo)
    session = Session(repo)
    session.answer(0, 100)
    assert session.allowed()[0]
    assert session.allowed() == (True, True)
    session.file.with_suffix("").joinpath("subagents").mkdir(parents=True)
    child = Session(repo, name="agent-1")
    child.answer(0, 80_000)
    child.file.rename(session.file.with_suffix("") / "subagents" / "agent-1.jsonl")
    assert not session.allowed()[0]


@pytest.mark.parametrize(
    "damage",
    ["", "planfence-budget 1\np/t\nend\n", "planfence-budget 1\nother/t\nleft inf inf inf\nend\n", "\0\n", "left"],
)
def test_a_word_of_what_is_left_that_is_damaged_proves_nothing(empty_repo, damage: str) -> None:
    repo = budgeted(empty_repo)
    session = Session(repo)
    session.answer(0, 10)
    session.prompt()
    assert session.allowed() == (True, True)
    Path(budgetpath.file_of(str(repo.root / ".git"))).write_text(damage)
    assert session.allowed() == (True, False)


def test_an_agent_whose_sessions_are_not_read_is_told_so(empty_repo) -> None:
    session = Session(budgeted(empty_repo))
    data = session.payload("BeforeAgent", prompt="go on")
    said = answers.reply("gemini", data, Environment(session.repo.variables)).stdout
    assert "What gemini spends is not known" in said


def test_a_model_does_not_raise_its_own_budget_in_the_plan(empty_repo) -> None:
    repo = budgeted(empty_repo)
    text = (repo.root / "plans/p.toml").read_text().replace("version = 1", "version = 2")
    for old, new in (("budget_usd = 1.0", "budget_usd = 5"), ("budget_usd = 1.0\n", "")):
        repo.write("plans/p.toml", text.replace(old, new))
        repo.git("add", "plans/p.toml")
        refused = repo.planfence("check", "--staged", PLANFENCE_MODEL="codex")
        assert "PLN002" in refused.stdout, refused.stdout
        assert "a budget" in refused.stdout
        assert repo.planfence("check", "--staged").returncode == 0


def test_the_light_way_with_a_budget_imports_nothing_heavy(empty_repo) -> None:
    session = Session(budgeted(empty_repo))
    session.answer(0, 10)
    assert session.allowed()[0]
    session.answer(0, 10)
    source = str(Path(budgetpath.__file__).parents[2])
    code = (
        f"import sys, os, __future__; sys.path.insert(0, {source!r}); before = set(sys.modules)\n"
        "from planfence.agents import fastpath\n"
        "assert fastpath.plainly_allowed(sys.stdin.buffer.read(), os.environ)\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], input=session.edit(), env=session.repo.variables, capture_output=True,
        check=True,
    )  # fmt: skip
    ours = {"planfence", "planfence.agents", "planfence.agents.fastpath", "planfence.agents.budgetpath"}
    assert set(done.stdout.decode().split()) <= ours | {"_json", "time"}


def test_no_budget_costs_nothing(empty_repo) -> None:
    assert not Policy().budget
    repo = budgeted(empty_repo, "")
    session = Session(repo)
    session.answer(0, 10_000_000)
    session.prompt()
    assert session.allowed() == (True, True)
    assert not Path(budgetpath.file_of(str(repo.root / ".git"))).exists()
    assert "nothing limits what p/t costs" in repo.planfence("budget").stderr
