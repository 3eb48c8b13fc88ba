"""No two active tasks claim one file unless a person says so: in one clone, and in two that meet at a sync."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.claims import planned, worktree, wrong_claims
from support.gate import bare_remote
from support.repository import Repo

from planfence.hooks import lightrepository
from planfence.setup.shims import _START as START

SOURCE = str(Path(lightrepository.__file__).resolve().parents[2])
AGENT = {"PLANFENCE_MODEL": "codex"}


def started(repo: Repo, task: str, *more: str, **extra: str):
    return repo.planfence("start", task, *more, **extra)


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        ("src/a.py", "src/a.py", "src/a.py"),
        ("src/**", "src/*.py", "src/a.py, src/b.py"),
        ("src/**", "src/a.py", "src/a.py"),
        ("src/new/**", "src/new/planned.py", "src/new/planned.py"),
        ("src/new.py", "src/new.py", "src/new.py"),
        # No file that is there, or planned by its name, is named by both.
        ("src/new/**", "src/new/*.py", ""),
        ("src/**", "docs/**", ""),
        ("src/** !src/keys/**", "src/keys/**", ""),
        ("src/keys/**", "src/** !src/*/*", ""),
        ("**/*.py", "src/[ab].py docs/*", "src/a.py, src/b.py"),
    ],
)
def test_what_start_refuses(empty_repo, one: str, other: str, named: str) -> None:
    repo = planned(empty_repo, p={"t": one}, q={"u": other})
    assert started(repo, "p/t").returncode == 0
    there = worktree(repo, "there")
    done = started(there, "q/u", **AGENT)
    assert done.returncode == (1 if named else 0), done.stderr
    if not named:
        return
    assert "SCP007" in done.stderr
    assert "q/u and p/t (human, since 20" in done.stderr
    assert f"in {repo.root} on branch main) both claim {named}" in done.stderr
    assert not (repo.root / ".git/worktrees/there/planfence/task").exists()
    assert not wrong_claims(repo, ["src/a.py", "src/b.py", "src/keys/k.py", "docs/a.md", "src/new.py"])


def test_a_worktree_that_is_named_by_a_relative_path_is_found(empty_repo) -> None:
    """`worktree.useRelativePaths` (git 2.48) writes it so; written by hand, so that any git can be used."""
    repo = planned(empty_repo, p={"t": "src/a.py"}, q={"u": "src/a.py"})
    there = worktree(repo, "there")
    named = repo.root / ".git/worktrees/there/gitdir"
    named.write_text(os.path.relpath(named.read_text().strip(), named.parent) + "\n")
    assert started(there, "p/t").returncode == 0
    assert "SCP007" in started(repo, "q/u").stderr
    assert "is active in the worktree" in started(repo, "p/t").stderr


def test_what_orders_two_tasks_lets_both(empty_repo) -> None:
    """`depends_on` says which is first, and GAT003 holds the second until the first is done."""
    repo = planned(empty_repo, p={"first": "src/**", "second": "src/a.py >first", "third": "src/b.py"})
    assert started(repo, "p/first").returncode == 0
    there = worktree(repo, "there")
    held = started(there, "p/second").stderr
    assert "GAT003" in held
    assert "SCP007" not in held
    assert "SCP007" in started(there, "p/third").stderr


def test_a_person_shares_and_a_model_asks(empty_repo) -> None:
    repo = planned(empty_repo, 'rules.claimed-elsewhere = "error"\n', p={"t": "src/**"}, q={"u": "src/a.py docs/**"})
    started(repo, "p/t")
    there = worktree(repo, "there")
    share = ("--share", "src/a.py", "--why", "both rename it")
    asked = started(there, "q/u", *share, **AGENT)
    assert asked.returncode == 1
    assert "request 1 waits for a person: let q/u change src/a.py" in asked.stderr
    assert started(there, "q/u", "--share", "src/a.py").returncode == 2
    assert started(there, "q/u", "--share", "lib/a.py", "--why", "x").returncode == 2
    assert started(there, "q/u", "--share", "src/../a.py", "--why", "x").returncode == 2
    assert "SCP007" in started(there, "q/u", "--share", "docs/a.md", "--why", "x").stderr
    done = repo.planfence("approve", "1")
    assert done.returncode == 0, done.stderr
    assert (repo.root / ".git/worktrees/there/planfence/task").read_text() == "q/u\n"
    assert not wrong_claims(repo, ["src/a.py", "docs/a.md"])
    # Both know, neither is refused, even under a policy that refuses.
    for mine, other in ((repo, "q/u"), (there, "p/t")):
        mine.write("src/a.py", "now\n")
        mine.git("add", "src/a.py")
        said = mine.planfence("check", "--staged")
        assert said.returncode == 0, said.stdout
        assert f"shared with {other}" in said.stdout
    assert "may change src/a.py too" in started(repo, "p/t").stderr


def test_a_claim_ends_with_its_task(empty_repo) -> None:
    repo = planned(empty_repo, 'tests.required = []\ntests.prove = "off"\n', p={"t": "src/**"}, q={"u": "src/a.py"})
    started(repo, "p/t")
    there = worktree(repo, "there")
    assert started(there, "q/u").returncode == 1
    assert repo.planfence("finish", "--leave").returncode == 0
    assert "active in no worktree of this clone" in started(there, "q/u").stderr
    assert repo.planfence("advance", "p/t").returncode == 0
    assert started(there, "q/u").returncode == 1
    from planfence.gate import stage
    from planfence.judge.situation import look
    from planfence.ledger.transitions import Answer

    stage.answer(look(repo.open(PLANFENCE_MODEL="claude"), "p/t"), {"A1": Answer("A1", True, "read it")})
    done = repo.planfence("advance", "p/t", PLANFENCE_MODEL="claude")
    assert done.returncode == 0, done.stderr
    assert started(there, "q/u").returncode == 0


def test_a_stale_claim_ends_where_another_begins(empty_repo, monkeypatch) -> None:
    from planfence.gate import stage
    from planfence.judge.situation import look

    repo = planned(empty_repo, "claims.stale_h = 1\n", p={"t": "src/**"}, q={"u": "src/a.py"})
    monkeypatch.setattr(stage, "now", lambda: "2026-01-01T00:00:00Z")
    stage.start(look(repo.open(), "p/t"))
    monkeypatch.undo()
    there = worktree(repo, "there")
    state = repo.root / ".git/planfence/task"
    assert started(there, "q/u").returncode == 1, "it was just written"
    for path in (state, *(repo.root.glob(".ai-*"))):
        os.utime(path, (0, 0))
    repo.write("src/b.py", "an edit\n")
    assert started(there, "q/u").returncode == 1, "a file was just edited"
    repo.git("checkout", "-q", "--", "src/b.py")
    moment = {"GIT_COMMITTER_DATE": f"@{int(time.time())} +0000"}
    repo.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "feat: x\n\nPlan-Task: p/t", **moment)
    assert started(there, "q/u").returncode == 1, "a commit was just made"
    repo.git("reset", "-q", "--hard", "HEAD^")
    done = started(there, "q/u")
    assert done.returncode == 0, done.stderr
    assert "the claim of p/t (human, since 2026-01-01T00:00:00Z" in done.stderr
    assert "is stale, and ends here" in done.stderr
    # Who comes back is the second now.
    again = started(repo, "p/t")
    assert again.returncode == 1
    assert "p/t and q/u" in again.stderr


def test_an_amendment_claims_what_it_adds(empty_repo) -> None:
    repo = planned(empty_repo, p={"t": "src/a.py"}, q={"u": "src/b.py"}, r={"v": "docs/**"})
    started(repo, "p/t")
    there = worktree(repo, "there")
    amended = repo.planfence("plan", "amend", "p/t", "--add", "src/b.py", "--why", "it is needed")
    assert amended.returncode == 0, amended.stderr
    assert "both claim src/b.py" in started(there, "q/u").stderr
    started(there, "r/v")
    late = repo.planfence("plan", "amend", "p/t", "--add", "docs/a.md", "--why", "it is needed")
    assert late.returncode == 0
    assert "r/v (human, since 20" in late.stderr
    assert "may change docs/a.md too" in late.stderr


def test_off_is_off(empty_repo) -> None:
    repo = planned(empty_repo, 'rules.SCP007 = "off"\n', p={"t": "src/**"}, q={"u": "src/a.py"})
    started(repo, "p/t")
    assert started(worktree(repo, "there"), "q/u").returncode == 0


def test_two_clones_meet_at_the_sync(empty_repo, tmp_path) -> None:
    """Neither knew the other: the first start has the file, and both are told."""
    repo = planned(empty_repo, p={"t": "src/**"}, q={"u": "src/a.py"})
    bare_remote(repo, tmp_path / "far.git")
    other = Repo(tmp_path / "other", repo.variables)
    repo.git("clone", "-q", str(tmp_path / "far.git"), str(other.root))
    assert started(repo, "p/t").returncode == 0
    time.sleep(1.01 - time.time() % 1)  # a record's date has whole seconds
    assert started(other, "q/u", **AGENT).returncode == 0
    repo.planfence("sync")
    second = other.planfence("sync")
    assert second.returncode == 0, second.stderr
    assert "q/u and p/t (human, since" in second.stderr
    assert "in another clone) both claim src/a.py; p/t was first: let q/u wait" in second.stderr
    first = repo.planfence("sync")
    assert "p/t and q/u (codex, since" in first.stderr
    assert "p/t was first" in first.stderr
    assert "let p/t wait" not in first.stderr
    # The second is advised with each commit, the first with nothing more than that.
    for mine, said in ((other, "claimed by p/t"), (repo, "claimed by p/t first, and also by q/u")):
        mine.write("src/a.py", "now\n")
        mine.git("add", "src/a.py")
        assert said in mine.planfence("check", "--staged").stdout
    shared = started(other, "q/u", "--share", "src/a.py", "--why", "both rename it")
    assert shared.returncode == 0, shared.stderr
    other.planfence("sync")
    assert "both claim" not in repo.planfence("sync").stderr


def test_two_clones_that_begin_one_task_are_told(empty_repo, tmp_path) -> None:
    repo = planned(empty_repo, p={"t": "src/**"})
    bare_remote(repo, tmp_path / "far.git")
    other = Repo(tmp_path / "other", repo.variables)
    repo.git("clone", "-q", str(tmp_path / "far.git"), str(other.root))
    started(repo, "p/t")
    started(other, "p/t")
    repo.planfence("sync")
    assert "p/t was begun in two clones" in other.planfence("sync").stderr


# -- many at once -------------------------------------------------------------------------------------------------


def begin(repo: Repo, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "planfence", *words],
        cwd=repo.root, env=repo.variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def storm(repo: Repo, trees: list[Repo], rounds: int, seed: int) -> None:
    """Start tasks that overlap in all worktrees at once, and kill some of them in between; then let each try again."""
    chance = random.Random(seed)
    names = [f"p/t{number}" for number in range(len(trees))]
    for _ in range(rounds):
        running = [(tree, name, begin(tree, "start", name)) for tree, name in zip(trees, names, strict=True)]
        for _tree, _name, process in chance.sample(running, len(running) // 2):
            time.sleep(chance.uniform(0, 0.15))
            os.killpg(process.pid, signal.SIGKILL)
        for _, _, process in running:
            process.communicate()
        assert not wrong_claims(repo, FILES)


FILES = [f"src/{name}.py" for name in "abcdef"]


def test_starts_at_once_claim_each_file_once(empty_repo) -> None:
    """Six worktrees, six tasks of which each three overlap, all at once, some killed: no file has two holders."""
    tasks = {f"t{number}": " ".join(FILES[number : number + 2] or FILES[:1]) for number in range(6)}
    repo = planned(empty_repo, p=tasks)
    trees = [worktree(repo, f"wt{number}") for number in range(6)]
    storm(repo, trees, 2, 17)
    for tree, name in zip(trees, tasks, strict=True):
        started(tree, f"p/{name}")
    assert not wrong_claims(repo, FILES)
    active = {tree.root.name: (repo.root / f".git/worktrees/{tree.root.name}/planfence/task") for tree in trees}
    begun = {name: path.read_text().strip() for name, path in active.items() if path.exists()}
    assert len(begun) >= 2
    assert len(set(begun.values())) == len(begun)


# -- edit time ----------------------------------------------------------------------------------------------------


def edit(repo: Repo, path: str, event: str = "PreToolUse", *, module: str = "planfence agent") -> str:
    payload = {
        "hook_event_name": event,
        "session_id": "s",
        "cwd": str(repo.root),
        "tool_name": "Write",
        "tool_input": {"file_path": str(repo.root / path), "content": "x"},
    }
    if module == "planfence agent":
        return repo.planfence("agent", "claude", stdin=json.dumps(payload).encode()).stdout
    from planfence.agents.fastpath import plainly_allowed

    return "allowed" if plainly_allowed(json.dumps(payload).encode(), repo.variables) else "unsure"


def test_an_edit_is_told_who_else_claims_the_file(empty_repo) -> None:
    repo = planned(empty_repo, p={"t": "src/**"}, q={"u": "src/a.py"})
    started(repo, "p/t")
    assert edit(repo, "src/a.py") == ""
    assert edit(repo, "src/a.py", module="light") == "allowed"
    assert started(worktree(repo, "there"), "q/u", "--share", "src/a.py", "--why", "both").returncode == 0
    # The start of the other ends what was noted; then only what nobody else claims is noted again.
    assert edit(repo, "src/a.py", module="light") == "unsure"
    for path in ("src/a.py", "src/b.py"):
        assert edit(repo, path) == ""
    assert edit(repo, "src/a.py", module="light") == "unsure"
    assert edit(repo, "src/b.py", module="light") == "allowed"
    said = json.loads(edit(repo, "src/a.py", "PostToolUse"))["hookSpecificOutput"]["additionalContext"]
    assert "src/a.py: shared with q/u" in said
    assert edit(repo, "src/a.py", "PostToolUse") == "", "it is told once a session"
    assert edit(repo, "src/b.py", "PostToolUse") == ""
    told = json.loads(edit(repo, "src/a.py", "SessionStart"))["hookSpecificOutput"]["additionalContext"]
    assert "q/u, begun by human, claims some of these too: src/**" not in told
    assert "claims some of these too: src/a.py." in told


def test_an_edit_is_denied_if_the_policy_says_so(empty_repo) -> None:
    repo = planned(empty_repo, p={"t": "src/**"}, q={"u": "src/a.py"})
    started(repo, "p/t")
    there = worktree(repo, "there")
    there.write("planfence.toml", 'schema = 1\nrules.claimed-elsewhere = "error"\n')
    there.git("commit", "-q", "--no-verify", "-am", "chore: policy")
    there.start("q/u")
    assert "SCP007" in edit(there, "src/a.py")


# -- the light way ------------------------------------------------------------------------------------------------


def test_a_clean_commit_beside_a_claim_stays_on_the_light_way(empty_repo) -> None:
    """What nobody else claims is proved as ever; what is claimed goes to the rules, and so does a claim just made."""
    repo = planned(empty_repo, p={"t": "src/**"}, q={"u": "src/a.py"}, r={"v": "src/b.py"})
    assert repo.install().returncode == 0
    started(repo, "p/t")
    started(worktree(repo, "there"), "q/u", "--share", "src/a.py", "--why", "both")

    def judged(path: str, text: str) -> tuple[bool, str]:
        """Whether pre-commit of a staged change asks the rules, and what the commit then says."""
        repo.write(path, text)
        repo.git("add", path)
        light = [sys.executable, "-I", "-S", "-X", "importtime", "-c", START, SOURCE, "pre-commit"]
        variables = repo.variables | {"GIT_INDEX_FILE": ".git/index"}
        seen = subprocess.run(light, cwd=repo.root, env=variables, capture_output=True, text=True, check=True)
        commit = ["git", "commit", "-q", "-m", "feat: x"]
        done = subprocess.run(commit, cwd=repo.root, env=repo.variables, capture_output=True, text=True, check=True)
        return "planfence.judge" in seen.stderr, done.stderr

    assert judged("src/b.py", "1\n") == (True, "")
    assert judged("src/b.py", "2\n") == (False, "")
    full, said = judged("src/a.py", "3\n")
    assert full
    assert "src/a.py: SCP007" in said or "SCP007" in said
    assert judged("src/b.py", "4\n") == (True, "")
    assert judged("src/b.py", "5\n") == (False, "")
    started(worktree(repo, "third"), "r/v", "--share", "src/b.py", "--why", "both")
    full, said = judged("src/b.py", "6\n")
    assert full
    assert "shared with r/v" in said
