"""The board: every task that is not done, in every worktree of this clone and in others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.repository import Repo

from planfence.errors import CouldNotCheck
from planfence.gate.board import board, look
from planfence.gate.lastlook import LastLook, again
from planfence.gitio.worktrees import edits, worktrees
from planfence.log.files import places, read_logs
from planfence.render.board_text import board_text

MIDDLEWARE, GUIDE = "auth/middleware", "auth/guide"
TRAILERS = "\n\nPlan-Task: {}\nPlan-Stage: implement\nPlan-Model: human"


@pytest.fixture
def two(repo):
    """Two linked worktrees: one has committed inside its task, the other has edits inside and outside of its own."""
    first, second = (linked(repo, name) for name in ("w1", "w 2"))
    assert first.planfence("start", MIDDLEWARE).returncode == 0
    assert second.planfence("start", GUIDE).returncode == 0
    first.commit("feat: auth" + TRAILERS.format(MIDDLEWARE), **{"src/auth.py": "auth = 1\n"})
    second.write("docs/new.md", "# New\n")
    second.write("README.md", "# Other\n")
    return first, second


def linked(repo, name: str, *options: str) -> Repo:
    folder = repo.root.parent / name
    repo.git("worktree", "add", "-q", *(options or ("-b", f"branch-{name.replace(' ', '')}")), str(folder))
    return Repo(folder, repo.variables)


def rows(repo, **options):
    return {row.task: row for row in board(repo.open(), **options).rows}


def test_each_task_is_seen_from_everywhere_where_it_is_worked_on(repo, two):
    first, second = two
    for place in (repo, first, second):
        seen = rows(place)
        assert list(seen) == [MIDDLEWARE, GUIDE]
        one, other = seen.values()
        assert (one.worktree, one.branch, one.stage, one.holder) == (str(first.root), "branch-w1", "implement", "human")
        assert (one.touched, one.outside, one.commit) == (("src/auth.py",), (), first.git("rev-parse", "HEAD"))
        assert (other.worktree, other.branch, other.commit) == (str(second.root), "branch-w2", "")
        assert (other.touched, other.outside) == (("docs/new.md",), ("README.md",))
        assert one.minutes(10**10) > other.estimate_min


def test_text_is_80_columns_wide_and_json_has_the_same_rows(repo, two):
    for words in (("none",), ("none", "--watch")):
        unknown = repo.planfence("board", *words)
        assert (unknown.returncode, unknown.stdout) == (2, "")
        assert "no plan has the id none" in unknown.stderr
        assert MIDDLEWARE.partition("/")[0] in unknown.stderr
    shown = repo.planfence("board")
    assert shown.returncode == 0, shown.stderr
    assert max(map(len, shown.stdout.splitlines())) <= 80
    told = json.loads(repo.planfence("board", "--json").stdout)
    assert [row["task"] for row in told["rows"]] == [MIDDLEWARE, GUIDE]
    for row in told["rows"]:
        assert row["task"] in shown.stdout
        assert row["branch"] in shown.stdout
    assert told["rows"][1]["outside"] == ["README.md"]
    assert told["rows"][0]["cost"] is None


def test_status_works_from_any_folder_of_any_worktree_and_names_the_place(repo, two):
    first, second = two
    assert repo.planfence("status").returncode == 0
    for root in (repo.root, repo.root / "docs", first.root / "src", second.root):
        for name in (MIDDLEWARE, "middleware"):
            told = json.loads(repo.planfence("status", name, "--json", cwd=root).stdout)
            assert (told["worktree"], told["branch"]) == (str(first.root), "branch-w1")
            assert (told["touched"], told["outside"]) == (["src/auth.py"], [])
        listed = repo.planfence("status", "auth", cwd=root)
        assert (listed.returncode, MIDDLEWARE in listed.stdout, GUIDE in listed.stdout) == (0, True, True)
    own = json.loads(repo.planfence("status", "--json", cwd=second.root / "docs").stdout)
    assert (own["task"], own["worktree"]) == (GUIDE, str(second.root))
    everywhere = json.loads(repo.planfence("status", "--json").stdout)
    assert [row["worktree"] for row in everywhere["rows"]] == [str(first.root), str(second.root)]


def test_status_without_any_active_task_is_a_usage_error_that_says_what_to_type(repo):
    told = repo.planfence("status")
    assert (told.returncode, "planfence start PLAN/TASK" in told.stderr) == (2, True)


def test_a_task_that_nobody_has_active_is_found_by_its_commits(repo, two):
    first, _ = two
    assert first.planfence("finish", "--leave").returncode == 0
    assert rows(repo)[MIDDLEWARE].worktree == str(first.root)
    told = json.loads(repo.planfence("status", MIDDLEWARE, "--json").stdout)
    assert (told["worktree"], told["touched"]) == (str(first.root), ["src/auth.py"])


def test_what_is_merged_shows_its_own_files_alone(repo, two):
    first, _ = two
    first.planfence("finish", "--leave")
    repo.git("merge", "-q", "--no-verify", "--no-edit", "branch-w1")
    repo.git("worktree", "remove", str(first.root))
    repo.commit("chore: something else", **{"src/other.py": "other = 1\n"})
    told = json.loads(repo.planfence("status", MIDDLEWARE, "--json").stdout)
    assert (told["touched"], told["outside"]) == (["src/auth.py"], [])


def test_a_plan_that_only_a_branch_has_is_on_the_board(repo):
    place = linked(repo, "w3")
    text = (repo.root / "plans/auth.toml").read_text().replace('id = "auth"', 'id = "late"')
    place.commit("docs: a plan", **{"plans/late.toml": text})
    place.begin("late/guide")
    place.start("late/guide")
    assert rows(repo)["late/guide"].worktree == str(place.root)
    assert json.loads(repo.planfence("status", "late/guide", "--json").stdout)["worktree"] == str(place.root)


def test_waits_name_what_comes_next(repo, two):
    def waits():
        return {task: [each.kind for each in row.waits] for task, row in rows(repo).items()}

    assert waits() == {MIDDLEWARE: ["tests"], GUIDE: ["tests"]}
    text = (repo.root / "plans/auth.toml").read_text()
    ordered = text.replace('theme = "docs"\n', 'theme = "docs"\ndepends_on = ["middleware"]\n')
    repo.commit("docs: order", **{"plans/auth.toml": ordered})
    assert waits()[GUIDE] == ["tests"]  # the branch that works on it has the older plan
    two[1].planfence("finish", "--leave")
    assert waits()[GUIDE] == ["dependency"]
    repo.planfence("plan", "amend", GUIDE, "--add", "README.md", "--why", "it says so too", PLANFENCE_MODEL="codex")
    assert waits()[GUIDE] == ["person", "dependency"]


def test_worktrees_of_agents_and_odd_ones(repo, tmp_path):
    claude = linked(repo, "repo/.claude/worktrees/bright-fox", "-b", "worktree-bright-fox")
    bare = linked(repo, "w 5", "--detach")
    gone = linked(repo, "gone")
    subprocess.run(["rm", "-rf", str(gone.root)], check=True)
    known = {Path(each.top).name: each for each in worktrees(claude.open())}
    assert set(known) == {"repo", "bright-fox", "w 5"}
    assert (known["bright-fox"].agent, known["w 5"].branch, known["repo"].is_main) == ("claude", "", True)
    said = repo.planfence("board").stdout
    assert "made by claude and has no task" in said
    assert "made by claude" not in repo.planfence("status", cwd=bare.root).stderr
    assert "claude made this worktree" in repo.planfence("status", cwd=claude.root).stderr
    bare.start("auth/nothing")
    assert f"auth/nothing is active in {bare.root}, and no plan has it" in board(repo.open()).notes
    repo.start(GUIDE)
    assert rows(claude)[GUIDE].outside == ()  # the worktree inside the main one is not a file of it


@pytest.mark.usefixtures("two")
def test_other_clones_are_seen_after_a_sync(repo, tmp_path):
    origin = tmp_path / "origin.git"
    repo.git("clone", "-q", "--bare", str(repo.root), str(origin))
    repo.git("remote", "add", "origin", str(origin))
    assert repo.planfence("sync").returncode == 0
    subprocess.run(["git", "clone", "-q", str(origin), str(tmp_path / "elsewhere")], check=True, env=repo.variables)
    other = Repo(tmp_path / "elsewhere", repo.variables)
    assert rows(other)[MIDDLEWARE].clone == ""
    assert other.planfence("sync").returncode == 0
    seen = rows(other)[MIDDLEWARE]
    assert (seen.clone, seen.branch, seen.worktree, seen.stage) == ("w1", "branch-w1", "", "implement")
    assert "in another clone: w1 on branch-w1" in board_text(board(other.open()), 0)


def test_the_log_and_the_report_know_worktree_and_branch(repo, two):
    first, _ = two
    with (repo.root / ".ai-benchmark.csv").open("a") as log:
        for task in (MIDDLEWARE, "old"):
            log.write(f"2026-11-22_10:00:00,task={task},model=codex,cost=0.42,time_min=26,review_round=1\n")
    found = read_logs([repo.root / ".ai-benchmark.csv"]).records
    assert places(found)[-2:] == [("w1", "branch-w1"), ("", "")]
    told = json.loads(repo.planfence("log", "show", "--json", cwd=first.root).stdout)["records"]
    assert {each.get("branch") for each in told if each["task"] == MIDDLEWARE} == {"branch-w1"}
    assert "w1 (branch-w1)" in repo.planfence("log", "show").stdout
    report = json.loads(repo.planfence("report", "--json").stdout)["tasks"]
    assert {(each["task"], each["worktree"], each["branch"]) for each in report} >= {
        (MIDDLEWARE, "w1", "branch-w1"), ("old", "", "")
    }  # fmt: skip


def test_what_is_long_is_wrapped_and_what_others_wrote_is_inert(repo, two):
    two[1].write("src/" + "long-name " * 20 + "/x")
    two[1].write("src/\x1b[31mred")
    shown = repo.planfence("board")
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "\x1b" not in shown.stdout


def test_what_one_worktree_breaks_hides_no_other(repo, two):
    first, _ = two
    first.commit("docs: broken", **{"plans/auth.toml": "goal = \n", "planfence.toml": "schema = 1\n"})
    third = linked(repo, "w3")
    third.git("checkout", "-q", "--orphan", "fresh")
    fourth = linked(repo, "w4")
    fourth.commit("chore: broken", **{"planfence.toml": "schema = 7\n"})
    found = board(repo.open())
    assert {row.task for row in found.rows} == {MIDDLEWARE, GUIDE}
    assert len([note for note in found.notes if "can't be read" in note]) == 2


def test_a_worktree_whose_files_cannot_be_looked_through_says_so_in_its_row(repo, two):
    _, second = two
    index = repo.root / ".git/worktrees/w1/index"
    kept = index.read_bytes()
    for broken in (b"no index at all", b"DIRC" + bytes(60), b""):
        index.write_bytes(broken)
        second.write("docs/other.md")
        for _ in range(2):  # a second look repeats no row that says nothing
            done = repo.planfence("board", "--json")
            found = {row["task"]: row for row in json.loads(done.stdout)["rows"]}
            assert done.returncode == 0, done.stderr
            assert "docs/other.md" in found[GUIDE]["touched"]
            if broken:
                assert found[MIDDLEWARE]["waits"][0]["kind"] == "repair"
                assert "index" in found[MIDDLEWARE]["waits"][0]["what"]
    index.write_bytes(kept)
    (row,) = (row for row in board(repo.open()).rows if row.task == MIDDLEWARE)
    assert row.waits[0].kind != "repair"


def test_a_folder_that_is_removed_while_it_is_looked_through_hides_no_other(repo, two):
    places = [(each.top, each.git_dir) for each in worktrees(repo.open())]
    shutil.rmtree(two[0].root)
    told = dict(zip([top for top, _ in places], edits(repo.open(), places), strict=True))
    assert isinstance(told.pop(str(two[0].root)), CouldNotCheck)
    assert "docs/new.md" in told[str(two[1].root)]


@pytest.mark.parametrize("name", ["board.json", "requests.jsonl", "ledger-tip"])
def test_a_file_of_ours_that_is_no_file_neither_hangs_nor_is_a_traceback(repo, name):
    repo.planfence("start", MIDDLEWARE)
    place = repo.root / ".git/planfence" / name
    for make in (os.mkfifo, os.mkdir, lambda at: at.symlink_to(name), lambda at: at.write_bytes(b"\xff\x00[[[" * 999)):
        place.unlink(missing_ok=True) if not place.is_dir() else place.rmdir()
        make(place)
        done = repo.planfence("board")
        assert done.returncode in (0, 3), done.stderr
        assert "Traceback" not in done.stderr
        if name == "board.json":
            assert MIDDLEWARE in done.stdout


def test_a_worktree_that_is_not_where_git_knows_it_is_said_and_not_read(repo):
    """Git, asked in a folder whose `.git` is gone, tells of the worktree around it."""
    cut, moved = linked(repo, "repo/cut", "-b", "cut"), linked(repo, "moved")
    for place, task in ((cut, MIDDLEWARE), (moved, GUIDE)):
        place.start(task)
        place.write("docs/new.md")
    (cut.root / ".git").unlink()
    last = LastLook()
    look(repo.open(), last)
    there = Repo(moved.root.rename(moved.root.with_name("elsewhere")), repo.variables)
    assert again(repo.open(), last) is None
    found = board(repo.open())
    assert {row.worktree for row in found.rows} == {""}
    said = [note for note in found.notes if "not a worktree any more" in note]
    assert [note.split(",")[0] for note in said] == [
        f"{MIDDLEWARE} is active in {cut.root}",
        f"{GUIDE} is active in {moved.root}",
    ]
    assert (rows(there)[GUIDE].worktree, rows(there)[GUIDE].touched) == (str(there.root), ("docs/new.md",))


def test_a_main_worktree_that_git_names_to_nobody_else(repo, tmp_path):
    """`--separate-git-dir` and a `.git` that is a link: git names the git directory instead, where no file is."""
    (repo.root / ".git").rename(tmp_path / "store")
    (repo.root / ".git").symlink_to(tmp_path / "store")
    there = linked(repo, "there")
    repo.start(GUIDE)
    repo.write("docs/new.md")
    assert (rows(repo)[GUIDE].worktree, rows(repo)[GUIDE].touched) == (str(repo.root), ("docs/new.md",))
    assert rows(there)[GUIDE].worktree == ""


def test_a_bare_repository_with_worktrees(repo, tmp_path):
    bare = Repo(tmp_path / "project/.bare", repo.variables)
    repo.git("clone", "-q", "--bare", str(repo.root), str(bare.root))
    place = Repo(tmp_path / "project/main", repo.variables)
    bare.git("worktree", "add", "-q", str(place.root), "main")
    assert place.planfence("start", GUIDE).returncode == 0
    for each in (place, bare):
        (row,) = (row for row in board(each.open()).rows if row.task == GUIDE)
        assert (row.worktree, row.branch) == (str(place.root), "main")
    other = place.planfence("start", MIDDLEWARE, "--worktree")
    assert other.stdout.splitlines()[-1] == f"cd {tmp_path / 'project/middleware'}", other.stderr


def test_without_a_policy_it_says_what_to_do(empty_repo):
    empty_repo.commit("chore: begin", a="x\n")
    said = empty_repo.planfence("board")
    assert (said.returncode, "planfence init" in said.stderr) == (2, True)


def test_a_second_look_is_as_right_as_the_first(repo, two):
    first, second = two
    opened = repo.open()
    last = LastLook(patience=lambda _: 600.0)
    look(opened, last)
    assert again(opened, last).rows == last.board.rows

    def seen():
        assert again(opened, last) is None  # the marks tell that something has changed
        return {row.task: row for row in look(opened, last).rows}

    second.git("add", "docs/new.md")
    assert again(opened, last).rows == last.board.rows  # looked through again, and nothing is new
    second.write("docs/third.md")
    second.git("add", "docs/third.md")
    assert seen()[GUIDE].touched == ("docs/new.md", "docs/third.md")
    first.commit("feat: more" + TRAILERS.format(MIDDLEWARE), **{"tests/auth/test_a.py": "x\n"})
    assert seen()[MIDDLEWARE].touched == ("src/auth.py", "tests/auth/test_a.py")
    repo.planfence("log", "add", f"task={MIDDLEWARE}", "cost=1.5")
    assert seen()[MIDDLEWARE].cost == 1.5
    first.planfence("finish", "--leave")
    repo.git("worktree", "remove", "--force", str(second.root))
    assert seen()[GUIDE].worktree == ""
    assert again(opened, last) is not None


def test_edits_that_nothing_notes_are_seen_at_once_where_a_look_is_quick(repo, two):
    repo.planfence("board")
    two[1].write("docs/later.md")
    told = json.loads(repo.planfence("board", "--json").stdout)["rows"]
    assert told[1]["touched"] == ["docs/later.md", "docs/new.md"]
    (repo.root / ".git/planfence/board.json").write_text('{"seen": {}, "board": [1]}')
    assert repo.planfence("board").returncode == 0


def test_the_page_is_offline_and_shows_what_others_wrote_as_text(repo, two, tmp_path):
    name = "<script>alert(1)</script>.md"
    two[1].write(f"docs/{name}")
    page = tmp_path / "board.html"
    assert repo.planfence("board", "--html", str(page), "--merge").returncode == 0
    text = page.read_text()
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert f'id="{MIDDLEWARE}"' in text
    assert "&lt;script&gt;" in text
    report = tmp_path / "pages/report.html"
    assert repo.planfence("report", "--html", str(report), "--board", str(page)).returncode == 0
    assert '"board":"../board.html"' in report.read_text()
    assert repo.planfence("report", "--board", str(page)).returncode == 2


def test_what_a_task_has_cost_of_its_budget(repo):
    text = (repo.root / "plans/auth.toml").read_text().replace("estimate_min = 30", "estimate_min = 30\nbudget_usd = 2")
    repo.commit("docs: a budget", **{"plans/auth.toml": text})
    place = linked(repo, "w1")
    assert place.planfence("start", GUIDE).returncode == 0
    assert rows(repo)[GUIDE].cost is None
    repo.planfence("log", "add", f"task={GUIDE}", "cost=0.5", "model=codex")
    repo.planfence("log", "add", f"task={GUIDE}", "tokens_in=900", "model=codex", "llm=nobody-knows")
    row = rows(repo)[GUIDE]
    assert (row.cost, row.unpriced, row.budget, row.spent["usd"]) == (0.5, 900, {"usd": 2.0}, 0.5)
    shown = " ".join(repo.planfence("board").stdout.split())
    assert "budget: $0.50 of $2.00 · 900 tokens without a price" in shown
    told = json.loads(repo.planfence("board", "--json").stdout)["rows"]
    assert [each["budget"] for each in told] == [{}, {"usd": 2.0}]
