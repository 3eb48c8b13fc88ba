"""The merge forecast: what `git merge` would leave in conflict, and in which order to merge."""

from __future__ import annotations

import json
from itertools import combinations

import pytest
from support.randommerges import GitCrashed, branches, really
from support.repository import Repo

from planfence.change.mergetrial import MergeTrials, Side
from planfence.errors import CouldNotCheck

BRANCHES = 12


@pytest.mark.parametrize("seed", [1, 2])
def test_no_random_pair_differs_from_the_real_merge(empty_repo, seed):
    names, seen = branches(empty_repo, BRANCHES, seed), 0
    with MergeTrials(empty_repo.open()) as trials:
        told = {name: Side(empty_repo.git("rev-parse", name), name) for name in names}
        for number, name in enumerate(names[:-1]):
            others = names[number + 1 :: 3]
            found = trials.merges(told[name], [told[other] for other in others])
            for other, outcome in zip(others, found, strict=True):
                try:
                    expected = really(empty_repo, name, other)
                except GitCrashed:
                    continue
                seen += 1
                assert (None if outcome.unrelated else outcome.files) == expected, (name, other)
    assert seen > BRANCHES


@pytest.mark.parametrize(
    "setting",
    [("merge.renames", "false"), ("merge.directoryRenames", "true"), ("merge.own.driver", "false")],
)
def test_the_users_own_settings_count(empty_repo, setting):
    empty_repo.git("config", *setting)
    (empty_repo.root / ".git/info/attributes").write_text("f*.txt merge=own\n" if "driver" in setting[0] else "")
    names = branches(empty_repo, 6, 7)
    with MergeTrials(empty_repo.open()) as trials:
        for ours, theirs in combinations(names, 2):
            sides = [Side(empty_repo.git("rev-parse", name), name) for name in (ours, theirs)]
            assert trials.merges(sides[0], sides[1:])[0].files == really(empty_repo, ours, theirs), (ours, theirs)


def test_a_strategy_that_cannot_be_tried_out_is_said(empty_repo):
    empty_repo.git("config", "pull.twohead", "resolve")
    with pytest.raises(CouldNotCheck, match="resolve"):
        MergeTrials(empty_repo.open())


def test_histories_without_a_common_commit_are_said_and_hide_no_other(empty_repo):
    names = branches(empty_repo, 3, 3)
    empty_repo.git("checkout", "-q", "--orphan", "alone")
    empty_repo.commit("feat: alone", **{"only.txt": "x\n"})
    sides = [Side(empty_repo.git("rev-parse", name), name) for name in (*names, "alone")]
    with MergeTrials(empty_repo.open()) as trials:
        found = trials.merges(sides[0], [sides[3], sides[1], sides[3], sides[2]])
    assert [each.unrelated for each in found] == [True, False, True, False]


@pytest.fixture
def three(repo):
    """Three worktrees: two change the same line, the third waits for a task of the second."""
    text = (repo.root / "plans/auth.toml").read_text()
    more = text[text.index('[[tasks]]\nid = "guide"') :].replace('"guide"', '"after"')
    more = more.replace('theme = "docs"\n', 'theme = "docs"\ndepends_on = ["guide"]\n')
    repo.commit("docs: a third task", **{"plans/auth.toml": text + "\n" + more})
    for name, task, files in (
        ("a", "auth/after", {"docs/index.md": "# After\n"}),
        ("b", "auth/guide", {"docs/index.md": "# Guide\n", "docs/more.md": "x\n"}),
        ("c", "auth/middleware", {"src/auth.py": "x\n"}),
    ):
        repo.git("worktree", "add", "-q", "-b", f"work-{name}", str(repo.root.parent / name))
        place = Repo(repo.root.parent / name, repo.variables)
        place.start(task)
        place.commit(f"feat: x\n\nPlan-Task: {task}\nPlan-Stage: implement", **files)
    return repo


def test_the_board_says_who_conflicts_and_in_which_order_to_merge(three):
    before = three.git("count-objects", "-v"), three.git("for-each-ref"), three.git("status", "--porcelain")
    told = json.loads(three.planfence("board", "--merge", "--json").stdout)["merge"]
    assert told["branches"] == ["work-a", "work-b", "work-c"]
    assert told["clashes"] == [{"ours": "work-a", "theirs": "work-b", "files": ["docs/index.md"]}]
    # work-a comes first by its name, and waits for the task of work-b.
    assert [(step["branch"], step["files"]) for step in told["order"]] == [
        ("work-c", []), ("work-b", []), ("work-a", ["docs/index.md"]),
    ]  # fmt: skip
    assert (three.git("count-objects", "-v"), three.git("for-each-ref"), three.git("status", "--porcelain")) == before
    text = three.planfence("board", "--merge").stdout
    assert "work-a and work-b" in text
    assert text.index("1. work-c") < text.index("2. work-b") < text.index("3. work-a")


def test_each_step_is_the_real_merge_after_the_steps_before(three):
    told = json.loads(three.planfence("board", "--merge", "--json").stdout)["merge"]
    place = three.root.parent / "trunk"
    three.git("worktree", "add", "-q", "--detach", str(place), "main")
    trunk = Repo(place, three.variables)
    for step in told["order"]:
        trunk.git("merge", "-q", "--no-ff", "--no-verify", "--no-edit", step["branch"], ok=False)
        left = {line.split("\t")[1] for line in trunk.git("ls-files", "-u").splitlines()}
        assert left == set(step["files"])
        if left:
            break


def test_submodules_merge_as_they_really_do(empty_repo, tmp_path):
    inner = Repo(tmp_path / "inner", empty_repo.variables)
    inner.root.mkdir()
    inner.git("init", "-q", "-b", "main")
    commits = [inner.commit(f"feat: {number}", a=f"{number}\n") for number in range(3)]
    inner.git("checkout", "-q", "-b", "side", commits[0])
    aside = inner.commit("feat: aside", b="x\n")
    empty_repo.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "--name", "other", str(inner.root), "sub"
    )
    for name, commit in (("main", commits[0]), ("one", commits[1]), ("two", commits[2]), ("three", aside)):
        empty_repo.git("checkout", "-q", "-f", "-B", name, *(["main"] if name != "main" else []))
        empty_repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
        empty_repo.git("commit", "-q", "-m", f"feat: {name}")
    with MergeTrials(empty_repo.open()) as trials:
        for ours, theirs in combinations(("one", "two", "three"), 2):
            sides = [Side(empty_repo.git("rev-parse", name), name) for name in (ours, theirs)]
            empty_repo.git("checkout", "-q", "-f", ours)
            empty_repo.git("merge", "-q", "--no-commit", theirs, ok=False)
            left = {line.split("\t")[1] for line in empty_repo.git("ls-files", "-u").splitlines()}
            empty_repo.git("reset", "-q", "--hard")
            assert set(trials.merges(sides[0], sides[1:])[0].files) == left, (ours, theirs)
