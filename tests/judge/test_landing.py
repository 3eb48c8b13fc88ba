"""On what else a commit may stand: as a revert, as a squash or a pick of a head, as a settled merge or a subtree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.repository import Repo, copy_tree, environment
from support.requests import begin, plan, trailers

from planfence.change import message as messages
from planfence.change import origins

POLICY = "schema = 1\n[tests]\nrequired = []\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    folder = tmp_path_factory.mktemp("landing")
    repo = Repo(folder / "repo", environment(folder))
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main")
    begin(repo)
    repo.git("branch", "-q", "a\u2028b\x85c")  # a name may hold what ends a line elsewhere
    return repo


@pytest.fixture
def repo(template: Repo, tmp_path: Path) -> Repo:
    copy_tree(template.root, tmp_path / "repo")
    found = Repo(tmp_path / "repo", template.variables)
    found.git("checkout", "-q", "-b", "work")
    return found


def judged(repo: Repo, base: str = "main", head: str = "HEAD", **extra: str) -> Any:
    from planfence.boundary import verify

    return verify.verify(repo.open(**extra), f"{base}..{head}")


def codes(repo: Repo, base: str = "main", head: str = "HEAD") -> set[str]:
    return {finding.code for finding in judged(repo, base, head).report.errors}


def record(repo: Repo, message: str, **files: str) -> str:
    for path, text in files.items():
        repo.write(path.replace("__", "/") + ".txt", text)
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "--allow-empty", "-m", message)
    return repo.git("rev-parse", "HEAD")


def work(repo: Repo, name: str = "auth", letter: str = "d", message: str = "") -> str:
    text = f"new {letter}\n" * 3
    return record(
        repo,
        message or f"{'docs' if name == 'docs' else 'feat'}: x\n\n{trailers(name)}",
        **{f"src__{name}__{letter}": text},
    )


# -- reverts


def old(repo: Repo, name: str = "auth") -> str:
    return repo.git("log", "-1", "--format=%H", f"--grep=old work on {name}", "main")


def test_the_inverse_of_a_judged_commit_needs_no_task(repo: Repo) -> None:
    repo.git("revert", "--no-edit", old(repo))
    found = judged(repo)
    assert not found.report.refused
    assert found.reverts == 1
    repo.git("revert", "--no-edit", "HEAD")
    found = judged(repo)
    assert not found.report.refused
    assert found.reverts == 2


def test_of_a_reverts_message_only_what_is_forbidden_counts(repo: Repo) -> None:
    lines = 'trailers = { preset = "no-co-author", require = [{ key = "Reviewed-by" }] }\n'
    repo.git("checkout", "-q", "main")
    repo.write("planfence.toml", POLICY.replace("[tests]", f"{lines}[tests]"))
    repo.git("commit", "-q", "--no-verify", "-am", "chore: policy")
    repo.git("checkout", "-q", "-B", "work")
    repo.git("revert", "--no-edit", old(repo))
    assert codes(repo) == set()
    repo.git(
        "commit",
        "-q",
        "--no-verify",
        "--amend",
        "--no-edit",
        "--trailer",
        "Co-authored-by: Claude <noreply@anthropic.com>",
    )
    assert codes(repo) == {"MSG003"}


def test_more_than_the_inverse_is_no_revert(repo: Repo) -> None:
    repo.git("revert", "--no-edit", old(repo))
    repo.write("src/auth/a.txt", "and this\n")
    repo.git("commit", "-q", "--no-verify", "-a", "--amend", "--no-edit")
    assert codes(repo) == {"MSG001"}


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ('Revert "feat: old work on auth" (#31)', "Reverts a/b#12"),
        ('Revert "feat: old work on auth"', "This reverts commit {short}."),
        ("chore: undo it", "This reverts commit {id}"),
        ("chore: undo it", "This reverts merge request !12"),
        ("revert: the log-in", "Refs: {short}"),
        ("Rolled back {short}", "It broke the shop."),
        ('Revert "feat: old work on auth"\r', "\r\nThis reverts commit {id}.\r\n"),
    ],
)
def test_forges_and_people_write_it_so(repo: Repo, subject: str, body: str) -> None:
    commit = old(repo)
    if "12" in body:
        repo.git("checkout", "-q", "main")
        for letter in "abc":
            repo.write(f"src/bill/{letter}.txt", "gone again\n")
        commit = record(repo, f"feat: old work on auth (#12)\n\n{trailers('bill')}")
        repo.git("checkout", "-q", "-B", "work")
    repo.git("revert", "--no-commit", commit)
    text = f"{subject}\n\n{body}".format(id=commit, short=commit[:9])
    repo.git("commit", "-q", "--no-verify", "--cleanup=verbatim", "-m", text)
    assert codes(repo) == set()


@pytest.mark.parametrize("verb", ["Revert", "Reapply"])
def test_a_rebase_makes_other_commits_of_a_revert_and_of_what_it_undoes(repo: Repo, verb: str) -> None:
    work(repo, "auth", "x")
    for _ in range(2 if verb == "Reapply" else 1):
        repo.git("revert", "--no-edit", "HEAD")
    if verb == "Reapply":  # as git writes it since 2.43
        undone = repo.git("rev-parse", "HEAD^")
        repo.git("commit", "-q", "--amend", "-m", f'Reapply "feat: x"\n\nThis reverts commit {undone}.')
    repo.git("checkout", "-q", "main")
    record(repo, "feat: on main", src__main="1\n")
    repo.git("checkout", "-q", "work")
    repo.git("rebase", "-q", "main")
    assert codes(repo) == set()
    repo.write("evil.txt", "more than that\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "--amend", "--no-edit")
    assert judged(repo).report.refused


def test_the_inverse_of_a_merge(repo: Repo) -> None:
    for letter in "def":
        work(repo, letter=letter)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "Merge pull request #3 from a/work", "work")
    repo.git("checkout", "-q", "-b", "back")
    repo.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert codes(repo) == set()


@pytest.mark.parametrize("side", ["1", "2"])
def test_a_merge_is_undone_to_either_of_its_parents(repo: Repo, side: str) -> None:
    for letter in "def":
        work(repo, letter=letter)
    repo.git("checkout", "-q", "main")
    for letter in "xyz":
        work(repo, "bill", letter)
    repo.git("merge", "-q", "--no-ff", "-m", "Merge pull request #3 from a/work", "work")
    merge = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "-q", "-b", "back")
    repo.git("revert", "--no-edit", "-m", side, "HEAD")
    assert codes(repo, merge) == set()
    repo.git("revert", "--no-edit", "HEAD")
    assert codes(repo, merge) == set()
    repo.git("reset", "-q", "--hard", merge)
    repo.git("revert", "--no-commit", "-m", side, "HEAD")
    repo.write("evil.txt", "more than that\n")
    record(repo, f'Revert "x"\n\nThis reverts commit {merge}, reversing\nchanges made to {merge}.')
    assert codes(repo, merge) == {"MSG001"}


def test_a_model_undoes_no_merge_or_squash_that_brought_anothers_work(repo: Repo) -> None:
    own, undo = trailers("auth", "codex"), 'Revert "x"\n\nThis reverts commit {}.\n\n'
    repo.git("checkout", "-q", "main")
    work(repo, "bill", "x")
    repo.git("checkout", "-q", "work")
    work(repo, "auth", "x", f"feat: x\n\n{own}")
    repo.git("merge", "-q", "--no-ff", "--no-verify", "-m", f"Merge main\n\n{own}", "main")
    merge = repo.git("rev-parse", "HEAD")
    repo.git("revert", "--no-commit", "-m", "1", merge)
    record(repo, undo.format(merge) + own)
    assert "SCP001" in codes(repo)
    repo.git("reset", "-q", "--hard", merge)
    repo.git("revert", "--no-commit", "-m", "2", merge)
    record(repo, undo.format(merge) + own)
    assert codes(repo) == set()
    both = f"Both (#3)\n\n* feat: x\n\n{trailers('bill')}\n\n* feat: y\n\n{own}"
    squashed = record(repo, both, src__bill__y="1\n", src__auth__y="1\n")
    repo.git("revert", "--no-commit", squashed)
    record(repo, undo.format(squashed) + own)
    assert "SCP001" in codes(repo, squashed)


# -- picks


def both_on_main(repo: Repo, way: str) -> str:
    """Bring work of two tasks to `main` as a squash or a merge, and go back to the branch `work` before it."""
    for name in ("auth", "bill"):
        record(repo, f"feat: x\n\n{trailers(name)}", **{f"src__{name}__{letter}": "1\n" for letter in "xy"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", *(["--squash"] if way == "squash" else ["--no-ff", "--no-verify", "-m", "Merge"]), "work")
    if way == "squash":
        record(repo, f"Both (#12)\n\n* feat: x\n\n{trailers('auth')}\n\n* feat: x\n\n{trailers('bill')}")
    repo.git("checkout", "-q", "-B", "work", "release/1")
    return repo.git("rev-parse", "main")


@pytest.mark.parametrize("way", ["squash", "merge", "small"])
def test_a_pick_of_what_the_protected_branch_has_needs_no_task(repo: Repo, tmp_path: Path, way: str) -> None:
    picked = [both_on_main(repo, way)] if way != "small" else []
    if way == "small":  # each passed by itself, and was no part of a larger change
        repo.git("checkout", "-q", "main")
        picked = [record(repo, f"chore: {n}", **{f"notes__{n}{letter}": "1\n" for letter in "ab"}) for n in range(3)]
        repo.git("checkout", "-q", "-B", "work", "release/1")
    start = repo.git("rev-parse", "HEAD")
    for commit in picked:
        repo.git("cherry-pick", "-x", *(["-m", "1"] if way == "merge" else []), commit)
    for name, tip in (("main", "main"), ("release/1", "release/1")):
        repo.git("update-ref", f"refs/remotes/origin/{name}", tip)
    path = tmp_path / "event.json"

    def asked() -> Any:
        event = {"pull_request": {"head": {"sha": repo.git("rev-parse", "HEAD")}}}
        path.write_text(json.dumps(event | {"repository": {"default_branch": "main"}}))
        told = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(path), "GITHUB_BASE_REF": "release/1"}
        return judged_by_event(repo, **told)

    assert not asked().refused, asked()
    repo.write("evil.txt", "more than that\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "--amend", "--no-edit")
    assert asked().refused
    # What is nowhere on the protected branch was not judged.
    repo.git("reset", "-q", "--hard", start)
    repo.git("checkout", "-q", "-b", "side")
    beside = record(repo, "chore: side", **{f"side__{letter}": "1\n" for letter in "abc"})
    repo.git("checkout", "-q", "work")
    repo.git("cherry-pick", "-x", beside)
    assert asked().refused


@pytest.mark.parametrize("model", ["codex", "human"])
@pytest.mark.parametrize("reverted", [True, False])
def test_a_model_puts_back_nothing_that_the_protected_branch_reverted(repo: Repo, model: str, reverted: bool) -> None:
    repo.git("checkout", "-q", "main")
    wide = record(repo, "feat: by a person", **{f"src__bill__{letter}": "1\n" for letter in "abcde"})
    if reverted:
        repo.git("revert", "--no-edit", wide)
    repo.git("checkout", "-q", "work")
    repo.git("cherry-pick", "--no-commit", wide)
    said = f"feat: by a person\n\n(cherry picked from commit {wide})\n{trailers('auth', model)}"
    record(repo, said)
    assert bool(judged(repo).report.refused) is (reverted and model != "human")


@pytest.mark.parametrize(
    ("line", "model", "clean"), [("release/1", "human", True), ("release/1", "codex", False), ("topic", "human", False)]
)
def test_a_hotfix_comes_from_a_guarded_line_to_the_protected_branch(
    repo: Repo, line: str, model: str, clean: bool
) -> None:
    repo.git("checkout", "-q", "release/1")
    fix = record(repo, "fix: all of it (#12)", **{f"src__bill__{letter}": "fixed\n" for letter in "xyz"})
    repo.git("update-ref", f"refs/remotes/origin/{line}", fix)
    repo.git("checkout", "-q", "-B", "work", "main")
    repo.git("cherry-pick", "-x", fix)
    text = repo.git("log", "-1", "--format=%B")
    repo.git("commit", "-q", "--no-verify", "--amend", "-m", f"{text}\nPlan-Model: {model}")
    assert judged(repo).report.refused is not clean


def test_a_line_allows_a_policy_for_itself_alone(repo: Repo) -> None:
    repo.git("checkout", "-q", "main")
    signed = POLICY.replace(
        "[tests]", '[branches]\nguarded = ["release/*"]\n[trust]\nplan = "signed"\nsigners = "signers"\n[tests]'
    )
    repo.write(
        "signers", "ada@example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9sVq2rmSm8uI8g3vC2KyLqYyq4Yb5yQ9n9m6gk1rYz\n"
    )
    repo.write("planfence.toml", signed)
    record(repo, "chore: signed")
    repo.write("planfence.toml", f"{signed}[unplanned]\nfiles = 50\n")
    looser = record(repo, "chore: looser")
    repo.git("update-ref", "refs/remotes/origin/release/1", looser)
    repo.git("reset", "-q", "--hard", "main^")
    repo.git("checkout", "-q", "-B", "work", "main")
    repo.git("cherry-pick", "-x", looser)
    assert "PLN004" in codes(repo)


def test_a_model_picks_no_policy(repo: Repo) -> None:
    repo.git("checkout", "-q", "main")
    repo.write("planfence.toml", (repo.root / "planfence.toml").read_text() + "\n[unplanned]\nfiles = 9\n")
    looser = record(repo, "chore: by a person")
    repo.git("checkout", "-q", "work")
    repo.git("cherry-pick", "--no-commit", looser)
    record(repo, f"chore: by a person\n\n(cherry picked from commit {looser})\n{trailers('auth', 'codex')}")
    assert "POL002" in codes(repo)


def judged_by_event(repo: Repo, **told: str) -> Any:
    from planfence.boundary import verify

    return verify.verify(repo.open(**told)).report


def test_a_squash_by_a_model_undoes_its_own_tasks_commits_alone(repo: Repo) -> None:
    repo.git("checkout", "-q", "main")
    others = work(repo, "bill", "x")
    start = repo.git("rev-parse", "HEAD")
    repo.git("revert", "--no-commit", others)
    body = f"* feat: mine\n\nThis reverts commit {others}.\n\n"
    record(repo, f"All of it (#5)\n\n{body}{trailers('auth', 'codex')}", src__auth__y="1\n")
    assert "SCP001" in codes(repo, start, "main")
    repo.git("reset", "-q", "--soft", start)
    repo.git("commit", "-q", "--no-verify", "-m", f"All of it (#5)\n\n{body}{trailers('auth')}")
    assert codes(repo, start, "main") == set()


@pytest.mark.parametrize(
    ("who", "clean"),
    [
        ("Plan-Model: human", True),
        ("", True),
        (trailers("auth", "codex"), True),
        ("Plan-Model: codex", False),
        (trailers("bill", "codex"), False),
    ],
)
@pytest.mark.parametrize("form", ["of several", "with a co-author", "of git's own"])
def test_a_squash_that_is_a_revert_is_by_whom_it_names_in_its_middle(
    repo: Repo, form: str, who: str, clean: bool
) -> None:
    """The request is red if a model undid what others did, and so is its squash."""
    undone = old(repo)
    repo.git("revert", "--no-commit", undone)
    told = f'Revert "x"\n\nThis reverts commit {undone}.\n\n{who}'.rstrip()
    record(repo, told)
    assert (codes(repo) == set()) is clean
    start = repo.git("rev-parse", "main")
    if form == "of git's own":
        repo.git("checkout", "-q", "main")
        repo.git("merge", "-q", "--squash", "work")
        repo.git("commit", "-q", "--no-verify", "--no-edit")
    else:
        end = "\n\nCo-authored-by: Bo <bo@example.org>" if form == "with a co-author" else "\n\n* docs: nothing more"
        squash(repo, f"Undo it (#12)\n\n* {told}{end}")
    assert (codes(repo, start, "main") == set()) is clean


def test_what_was_there_before_the_policy_was_never_judged(empty_repo: Repo) -> None:
    record(empty_repo, "one", a="1\n", b="1\n", c="1\n", d="1\n")
    record(empty_repo, "two", a="2\n", b="2\n", c="2\n")
    empty_repo.write("planfence.toml", POLICY)
    empty_repo.commit("chore: begin")
    empty_repo.git("checkout", "-q", "-b", "work")
    empty_repo.git("revert", "--no-edit", "HEAD^")
    assert codes(empty_repo) == {"MSG001"}


@pytest.mark.parametrize(("mine", "clean"), [("auth", True), ("bill", False)])
def test_a_model_undoes_its_own_tasks_commits_alone(repo: Repo, mine: str, clean: bool) -> None:
    from planfence.judge import staged

    repo.git("revert", "--no-commit", old(repo))
    told = repo.open(PLANFENCE_TASK=f"p/{mine}", PLANFENCE_MODEL="codex")
    assert (not staged.check_staged(told).report.refused) is clean
    assert not staged.check_staged(repo.open(PLANFENCE_TASK=f"p/{mine}", PLANFENCE_MODEL="human")).report.refused


def test_a_plan_that_is_undone_by_itself_has_to_rise(repo: Repo) -> None:
    repo.write("plans/p.toml", plan(2))
    repo.commit("docs: plan")
    repo.git("revert", "--no-edit", "HEAD")
    assert codes(repo) == {"PLN003"}


# -- squashes


def squash(repo: Repo, message: str, head: str = "work", number: int = 12) -> None:
    repo.git("update-ref", f"refs/pull/{number}/head", head)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--squash", head)
    repo.git("commit", "-q", "--no-verify", "-m", message)
    repo.git("branch", "-q", "-D", "work")


@pytest.mark.parametrize(
    ("title", "ref", "fetched"),
    [
        ("Both (#12)", "refs/pull/12/head", "refs/pull/12/head"),
        ("Merged PR 12: Both", "refs/pull/12/merge", "refs/pull/12/merge"),
        ("Pull request #12: Both", "refs/pull-requests/12/from", "refs/pull-requests/12/from"),
        ("Both (#12)", "refs/remotes/origin/pr/12", "refs/pull/12/head"),
        ("Merged in fix/x (pull request #12)", "refs/remotes/origin/fix/x", "refs/heads/fix/x"),
        ("Both", "refs/merge-requests/12/head", "refs/merge-requests/*/head"),
    ],
)
def test_a_squash_brings_its_plan_if_a_head_shows_it(repo: Repo, title: str, ref: str, fetched: str) -> None:
    repo.write("plans/p.toml", plan(2, {"auth": ["more/auth/x.txt"]}))
    record(repo, "docs: more room")
    head = record(repo, f"feat: x\n\n{trailers('auth')}", more__auth__x="1\n", src__auth__x="1\n", src__auth__y="1\n")
    body = f"\n\n* docs: more room\n\n* feat: x\n\n{trailers('auth')}"
    squash(repo, title if title == "Both" else title + body, number=13)
    repo.git("update-ref", "-d", "refs/pull/13/head")
    if ref.endswith("/merge"):  # all that Azure keeps of a request
        head = repo.git("commit-tree", "main^{tree}", "-p", "main^", "-p", head, "-m", "Merge")
    repo.git("update-ref", ref, head)
    found = judged(repo, "main^", "main")
    assert not found.report.refused
    assert any(ref.removeprefix("refs/") in note for note in found.report.notes)
    repo.git("update-ref", "-d", ref)
    repo.git("update-ref", "refs/pull/2/head", "main^")  # another's
    found = judged(repo, "main^", "main")
    assert found.report.refused
    there = fetched.replace("heads", "remotes/origin")
    assert any("git fetch origin '" in note and f"'+{fetched}:{there}'" in note for note in found.report.notes)


@pytest.mark.parametrize("evil", [False, True])
def test_a_squash_of_a_request_upon_another_that_was_squashed(repo: Repo, evil: bool) -> None:
    low = record(repo, f"feat: low\n\n{trailers('auth')}", src__auth__x="low\n")
    more = {"evil": "1\n"} if evil else {}
    record(
        repo, f"feat: x\n\n{trailers('auth')}", src__auth__x="high\n", src__auth__y="1\n", src__auth__z="1\n", **more
    )
    tree = repo.git("rev-parse", "work^{tree}")
    repo.git("update-ref", "refs/pull/13/head", "work")
    squash(repo, "Low (#12)", low)
    made = repo.git("commit-tree", tree, "-p", "main", "-m", "High (#13)")
    found = judged(repo, "main", made)
    assert found.report.refused is True
    repo.git("update-ref", "refs/heads/main", made)
    assert judged(repo, "main^", "main").report.refused is evil


def test_a_part_of_a_request_is_not_its_squash(repo: Repo) -> None:
    repo.write("plans/p.toml", plan(2, {"auth": ["more/auth/x.txt"]}))
    record(repo, "docs: more room")
    head = record(repo, f"feat: x\n\n{trailers('auth')}", more__auth__x="1\n", src__auth__x="1\n", src__auth__y="1\n")
    repo.git("update-ref", "refs/pull/12/head", head)
    repo.git("checkout", "-q", "main")
    repo.git("cherry-pick", "--no-commit", head)
    record(repo, "High (#12)")
    assert judged(repo, "main^", "main").report.refused


@pytest.mark.parametrize("head", ["it is here", "it is gone", "it is refused"])
def test_a_squash_that_is_merged_at_once(repo: Repo, head: str) -> None:
    """GitLab makes one commit of the request on the commit that the branch left, and merges that."""
    base = repo.git("rev-parse", "main")
    record(repo, f"feat: x\n\n{trailers('auth')}", src__auth__x="1\n", src__auth__y="1\n")
    record(repo, f"feat: x\n\n{trailers('bill')}", src__bill__x="1\n", **({"evil": "1\n"} if "ref" in head else {}))
    repo.git("update-ref", "refs/merge-requests/12/head", "work")
    made = repo.git("commit-tree", "work^{tree}", "-p", base, "-m", "One title")
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "work")
    record(repo, "feat: on main", src__main="1\n")
    before = repo.git("rev-parse", "HEAD")
    words = "Merge branch 'work' into 'main'\n\nOne title\n\nSee merge request a/b!12"
    repo.git("merge", "-q", "--no-ff", "--no-verify", "-m", words, made)
    if head == "it is gone":
        repo.git("update-ref", "-d", "refs/merge-requests/12/head")
    report = judged(repo, before, "main").report
    assert report.refused == (head != "it is here")
    ref = "refs/merge-requests/12/head"
    said = {"it is here": "judged by its 2 commits", "it is gone": f"'+{ref}:{ref}'", "it is refused": "refused itself"}
    assert any(said[head] in note for note in report.notes)


def test_a_squash_of_a_refused_head_is_refused(repo: Repo) -> None:
    record(repo, f"feat, fix: two\n\n{trailers('auth')}", src__auth__x="1\n")
    record(repo, f"feat: x\n\n{trailers('bill')}", src__bill__x="1\n", evil="1\n")
    squash(repo, f"Both (#12)\n\n* two\n\n{trailers('auth')}\n\n* x\n\n{trailers('bill')}\n\nPlan-Task: none")
    found = judged(repo, "main^", "main")
    assert found.report.refused
    assert any("which is refused itself" in note for note in found.report.notes)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "end",
    [
        "",
        "\n\nCo-authored-by: Bo <bo@example.org>",
        "\n\nReviewers: bo\n\nDifferential Revision: https://phabricator.example.org/D12",
    ],
)
def test_without_a_head_the_message_says_whose_files_they_are(repo: Repo, end: str, line_end: str) -> None:
    work(repo, "auth", "x")
    record(repo, f"test: x\n\n{trailers('auth')}", src__auth__y="1\n", src__auth__z="1\n")
    work(repo, "docs", "x")
    each = [f"* {kind}: x\n\n{trailers(name)}" for kind, name in (("feat", "auth"), ("test", "auth"), ("docs", "docs"))]
    squash(repo, ("\n\n".join(["All (#12)", *each]) + end).replace("\n", line_end))
    repo.git("update-ref", "-d", "refs/pull/12/head")
    assert codes(repo, "main^", "main") == set()
    repo.write("src/bill/x.txt", "whose?\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "--amend", "--no-edit")
    assert codes(repo, "main^", "main")


def test_one_commit_with_two_tasks_is_no_squash(repo: Repo) -> None:
    record(repo, f"feat: x\n\n{trailers('auth')}\nPlan-Task: p/bill", src__auth__x="1\n", src__bill__x="1\n")
    repo.git("update-ref", "refs/heads/main", "HEAD")
    assert "THM002" in codes(repo, "main^", "main")


def test_squash_message_is_judged_clean(repo: Repo) -> None:
    work(repo, "auth", "x")
    record(repo, f"fix: y\n\n{trailers('auth')}", src__auth__y="1\n", src__auth__z="1\n")
    work(repo, "docs", "x")
    record(repo, "chore: a word\n\nPlan-Task: none", notes__1="another\n")
    done = repo.planfence("squash-message", "main..HEAD")
    assert done.returncode == 0, done.stderr
    squash(repo, done.stdout)
    repo.git("update-ref", "-d", "refs/pull/12/head")
    assert codes(repo, "main^", "main") == set(), done.stdout


# -- the range's tasks


def test_an_unmarked_commit_behind_a_tasks_is_that_tasks_or_refused(repo: Repo) -> None:
    record(repo, "chore: before", notes__1="a word\n")
    work(repo)
    record(repo, "Update files", src__auth__x="1\n", src__auth__y="1\n", src__auth__z="1\n")
    assert codes(repo) == set()
    record(repo, "chore: marked\n\nPlan-Task: none", notes__2="a word\n")
    assert codes(repo) == set()
    record(repo, "chore: slipped", notes__2="two words\n")
    found = judged(repo)
    assert [finding.code for finding in found.report.errors] == ["MSG001"]
    assert "p/auth" in found.report.errors[0].message


@pytest.mark.parametrize("holds", [True, False])
def test_the_hook_marks_a_small_change_where_the_branch_holds_a_task(repo: Repo, holds: bool) -> None:
    from planfence.hooks import full

    if holds:
        work(repo)
    repo.write("notes/1.txt", "a word\n")
    repo.git("add", "-A")
    file = repo.write(".git/MESSAGE", "chore: a word\n")
    assert not full.commit_msg(repo.open(), file).outcome.report.refused
    assert ("Plan-Task: none" in file.read_text()) is holds
    repo.git("commit", "-q", "--no-verify", "-F", str(file))
    assert codes(repo) == set()


def test_the_fast_way_leaves_it_to_the_full_check(repo: Repo) -> None:
    """The hooks stand, the branch gets a task's commit, and the next small change is marked all the same."""
    assert repo.install().returncode == 0
    for number in range(3):
        repo.write(f"notes/{number % 2}.txt", f"{number} words\n")
        repo.git("commit", "-q", "-a", "-m", "chore: a word")
        assert "Plan-Task" not in repo.git("log", "-1", "--format=%B")
    repo.start("p/auth")
    repo.write("src/auth/a.txt", "new\n")
    repo.git("commit", "-q", "-a", "-m", "feat: x")
    (repo.root / ".git/planfence/task").unlink()
    for number in range(3):
        repo.write(f"notes/{number % 2}.txt", f"{number} more words\n")
        repo.git("commit", "-q", "-a", "-m", "chore: a word")
        assert "Plan-Task: none" in repo.git("log", "-1", "--format=%B")
    assert codes(repo) == set()


# -- merges


def test_a_conflict_that_was_settled_in_the_tasks_files_is_the_tasks(repo: Repo) -> None:
    for letter in "abc":
        record(repo, f"feat: x\n\n{trailers('auth')}", **{f"src__auth__{letter}": "mine\n"})
    repo.git("checkout", "-q", "main")
    record(
        repo,
        f"feat: y\n\n{trailers('auth')}",
        src__auth__a="theirs\n",
        src__auth__b="theirs\n",
        src__auth__c="theirs\n",
    )
    repo.git("checkout", "-q", "work")
    repo.git("merge", "-q", "--no-verify", "main", ok=False)
    record(repo, "Merge branch 'main' into work", src__auth__a="both\n", src__auth__b="both\n", src__auth__c="both\n")
    assert codes(repo) == set()
    repo.write("evil.txt", "what nobody sees\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "--amend", "--no-edit")
    assert codes(repo) == {"MSG001"}


def test_a_subtree_under_a_task_that_lists_the_prefix(repo: Repo) -> None:
    def blob(text: str) -> str:
        return repo.git("hash-object", "-w", "--stdin", stdin=text.encode())

    def tree(*lines: str) -> str:
        return repo.git("mktree", stdin="".join(f"{line}\n" for line in lines).encode())

    vendored = tree(*(f"100644 blob {blob(name)}\t{name}" for name in "abc"))
    words = (
        "Squashed 'src/auth/lib/' content from commit 0123456\n\ngit-subtree-dir: src/auth/lib\ngit-subtree-split: {0}"
    )
    foreign = repo.git("commit-tree", vendored, "-m", words.format("0" * 40))
    repo.git("read-tree", "--prefix=src/auth/lib/", "-u", foreign)
    whole = repo.git("write-tree")
    head = repo.git(
        "commit-tree", whole, "-p", "HEAD", "-p", foreign, "-m", f"Merge commit '{foreign}' as 'src/auth/lib'"
    )
    repo.git("reset", "-q", "--hard", head)
    assert codes(repo) == set()
    squash(repo, "A library (#12)")
    work(repo, "bill", "x")
    assert codes(repo, "main~2", "main") == set()
    repo.git("checkout", "-q", "-b", "elsewhere", "main~2")
    repo.git("read-tree", "--prefix=lib/", "-u", foreign)
    there = repo.git("commit-tree", repo.git("write-tree"), "-p", "HEAD", "-p", foreign, "-m", "Merge")
    assert codes(repo, "main~2", there) >= {"MSG001"}


# -- what is counted


@pytest.mark.parametrize("counted", [False, True])
def test_what_nobody_reads_counts_as_files(repo: Repo, counted: bool) -> None:
    repo.git("checkout", "-q", "main")
    setting = "true" if counted else "false"
    repo.write("planfence.toml", f"{POLICY}[limits]\nlines = 50\ncount_generated = {setting}\n")
    repo.write(
        ".gitattributes", "src/auth/made-*.txt linguist-generated\nsrc/auth/mine/yarn.lock -linguist-generated\n"
    )
    repo.write("src/auth/long.txt", "".join(f"{n}\n" for n in range(40)))
    repo.commit("chore: limits")
    repo.git("checkout", "-q", "-B", "work")
    repo.git("mv", "src/auth/long.txt", "src/auth/moved.txt")
    repo.write("src/auth/package-lock.json", "{\n" * 99)
    repo.write("src/auth/made-1.txt", "1\n" * 99)
    repo.commit(f"feat: x\n\n{trailers('auth')}")
    assert codes(repo) == ({"SIZ001"} if counted else set())
    repo.write("src/auth/mine/yarn.lock", "1\n" * 99)
    repo.commit(f"feat: y\n\n{trailers('auth')}")
    assert codes(repo) == {"SIZ001"}


@pytest.mark.parametrize(("whole", "found"), [(False, set()), (True, {"SIZ001"})])
def test_of_a_file_that_is_renamed_and_edited_the_edit_counts(repo: Repo, whole: bool, found: set[str]) -> None:
    """Git knows the file again by what is left of it."""
    long = "".join(f"{n} of a long file\n" for n in range(500))
    repo.git("checkout", "-q", "main")
    record(repo, f"feat: long\n\n{trailers('auth')}", src__auth__long=long, src__auth__also=long.upper())
    repo.git("checkout", "-q", "-B", "work")
    (repo.root / "src/auth/new").mkdir()
    for name in ("long", "also"):
        repo.git("mv", f"src/auth/{name}.txt", f"src/auth/new/{name}.txt")
    text = long[::-1] if whole else long.replace("7 of", "seven of")
    record(repo, f"feat: x\n\n{trailers('auth')}", src__auth__new__long=text)
    assert codes(repo) == found


def test_a_rebased_groups_small_changes_need_the_heads(repo: Repo) -> None:
    heads = []
    for number in range(3):
        repo.git("checkout", "-q", "-B", "work", "main")
        heads.append(record(repo, f"chore: {number}", **{f"notes__{number}{letter}": "1\n" for letter in "ab"}))
    base = repo.git("rev-parse", "main")
    repo.git("checkout", "-q", "main")
    for head in heads:
        repo.git("cherry-pick", head)
    repo.git("branch", "-q", "-D", "work")
    report = judged(repo, base, "main").report
    assert report.refused
    assert [note for note in report.notes if "'+refs/pull/*/head:refs/pull/*/head'" in note]
    for number, head in enumerate(heads):
        repo.git("update-ref", f"refs/pull/{number}/head", head)
    assert codes(repo, base, "main") == set()


@pytest.mark.parametrize(
    ("each", "all_of_them", "clean"),
    [
        ("Merged in fix/x (pull request #%d)", "", True),
        ("Rollup merge of #%d - a:b, r=c", "Auto merge of #30 - c:rollup, r=c", True),
        ("Merge branch 'x'", "Auto merge of #30 - c:x, r=c", False),
        ("", "Merge #20 #21 #22", True),
        ("", "Merge branches", False),
    ],
)
def test_what_a_forge_writes_of_a_merge_says_which_request_it_was(
    repo: Repo, each: str, all_of_them: str, clean: bool
) -> None:
    base, heads = repo.git("rev-parse", "main"), []
    for number in range(3):
        repo.git("checkout", "-q", "-B", "work", base)
        small = {f"notes__{number}{letter}": "1\n" for letter in "ab"}
        heads.append(record(repo, f"chore: {number}", **small))
    repo.git("checkout", "-q", "main")
    merge = ("merge", "-q", "--no-ff", "--no-verify", "-m")
    for number, head in enumerate(heads if each else ()):
        repo.git(*merge, each % (20 + number) if "%" in each else each, head)
    if all_of_them:
        tip = repo.git("rev-parse", "main")
        repo.git("reset", "-q", "--hard", base)
        repo.git(*merge, all_of_them, *([tip] if each else heads))
    assert (codes(repo, base, "main") == set()) is clean


# -- what a merge would meet, and who passed the hooks by


def test_two_requests_with_the_same_plan_version(repo: Repo) -> None:
    repo.write("plans/p.toml", plan(2, {"auth": ["more/auth/x.txt"]}))
    repo.commit("docs: more room")
    repo.git("checkout", "-q", "main")
    repo.write("plans/p.toml", plan(2, {"docs": ["more/docs/x.txt"]}))
    repo.commit("docs: more room")
    assert codes(repo, "main", "work") == {"PLN003"}


@pytest.mark.parametrize("way", ["request", "merge", "squash", "queue"])
@pytest.mark.parametrize("mode", ["enforce", "observe"])
@pytest.mark.parametrize("path", ["planfence.toml", ".planfence/org.toml"])
def test_two_requests_whose_policies_git_merges_to_one_that_can_not_be_read(
    repo: Repo, path: str, mode: str, way: str
) -> None:
    """Each adds the same table in another place: nobody decides anything, and then nothing could be judged."""
    lines = "".join(f"# {n}\n" for n in range(9))
    repo.git("checkout", "-q", "main")
    repo.write(".planfence/org.toml", "schema = 1\n")
    extends = 'extends = [".planfence/org.toml"]\n' if path != "planfence.toml" else ""
    repo.write("planfence.toml", f'schema = 1\nmode = "{mode}"\n{extends}tests.required = []\n')
    text = (repo.root / path).read_text() + lines
    repo.write(path, text)
    start = record(repo, "chore: a policy")
    repo.write(path, text.replace("# 2\n", "# 2\n[limits]\nfiles = 30\n# and\n"))
    base = record(repo, "chore: more files")
    repo.git("checkout", "-q", "-B", "work", start)
    repo.write(path, f"{text}[limits]\nlines = 900\n")
    head = record(repo, "chore: more lines")
    assert codes(repo, start, head) == set()
    repo.git("update-ref", "refs/pull/12/head", head)
    repo.git("checkout", "-q", "main")
    if way == "squash":
        squash(repo, "chore: more lines (#12)")
    elif way != "request":
        repo.git("merge", "-q", "--no-ff", "-m", "Merge pull request #12 from a/b", "work")
    assert codes(repo, start if way == "queue" else base, "work" if way == "request" else "main") == {"PLN003"}


def test_a_guarded_branch_that_is_not_the_base_has_versions_of_its_own(repo: Repo, tmp_path: Path) -> None:
    repo.git("checkout", "-q", "main")
    repo.write("planfence.toml", f'{POLICY}[branches]\nguarded = ["release/*"]\n')
    base = record(repo, "chore: guard the releases")
    for branch in ("work", "line"):
        repo.git("checkout", "-q", "-B", branch, base)
        repo.write("plans/p.toml", plan(2, {{"work": "auth", "line": "docs"}[branch]: ["more/x.txt"]}))
        record(repo, "docs: more room")
    repo.git("update-ref", "refs/remotes/origin/main", base)
    repo.git("update-ref", "refs/remotes/origin/release/1", "line")
    head = repo.git("rev-parse", "work")
    event = {"pull_request": {"head": {"sha": head}}, "repository": {"default_branch": "main"}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    told = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    for target, refused in (("release/1", True), ("main", False)):
        from planfence.boundary import verify

        assert verify.verify(repo.open(**told, GITHUB_BASE_REF=target)).report.refused == refused


def test_what_a_squash_by_title_would_lack(repo: Repo) -> None:
    from planfence.boundary.squashmessage import lacks

    assert lacks("feat, fix: both", "", ["p/auth"])[0].startswith("the title has two types")
    assert "p/auth" in lacks("feat: x", "", ["p/auth"])[0]
    assert lacks("feat: x", "Plan-Task: p/auth", ["p/auth"]) == ()


def test_only_what_the_hooks_would_have_refused_was_made_past_them(repo: Repo) -> None:
    record(repo, "chore: one", notes__1="1\n", notes__2="1\n")
    record(repo, "chore: two", notes__3="1\n", notes__4="1\n")
    assert codes(repo) == {"MSG001"}
    assert not any("past the local hooks" in note for note in judged(repo).report.notes)
    record(repo, f"feat: x\n\n{trailers('auth')}", evil="1\n")
    assert any("1 of 3 commits were made past the local hooks" in note for note in judged(repo).report.notes)


# -- a plan that is corrected before its tasks begin

NEW = plan().replace('id = "p"', 'id = "q"')


def begin_corrected(repo: Repo) -> None:
    """Put a new plan on main, correct it on the branch under its version, begin a task, and work on it."""
    repo.git("checkout", "-q", "main")
    repo.write("plans/q.toml", NEW)
    repo.commit("docs: plan q")
    repo.git("checkout", "-q", "-B", "work")
    repo.write("plans/q.toml", corrected())
    repo.commit("docs: say it better")
    repo.begin("q/auth")
    work(repo, "auth", message=f"feat: x\n\n{trailers('auth').replace('p/', 'q/')}")


def corrected() -> str:
    head, _, rest = NEW.partition('goal = "')
    return f'{head}goal = "More of {rest}'


@pytest.mark.parametrize("way", ["request", "merge", "squash", "fast-forward"])
def test_a_plan_corrected_before_it_began_lands_any_way(repo: Repo, way: str) -> None:
    begin_corrected(repo)
    base, head = repo.git("rev-parse", "main", "work").split()
    if way != "request":
        repo.git("update-ref", "refs/pull/7/head", head)
        repo.git("checkout", "-q", "main")
        words = {"merge": ["--no-ff", "-m", "Merge pull request #7 from a/work"], "squash": ["--squash"]}
        repo.git("merge", "-q", "--no-verify", *words.get(way, ["--ff-only"]), head)
        if way == "squash":
            repo.git("commit", "-q", "--no-verify", "-m", "feat: x (#7)")
    found = judged(repo, base, "HEAD")
    assert not found.report.refused, found.report.errors


def test_a_plan_corrected_after_it_began_on_main_does_not_land(repo: Repo) -> None:
    repo.git("checkout", "-q", "main")
    repo.write("plans/q.toml", NEW)
    repo.commit("docs: plan q")
    repo.begin("q/auth")
    base = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "-q", "-B", "work")
    repo.write("plans/q.toml", corrected())
    head = repo.commit("docs: say it better")
    assert "PLN003" in codes(repo, base, head)
    repo.git("update-ref", "refs/pull/7/head", head)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-verify", "--no-ff", "-m", "Merge pull request #7 from a/work", head)
    assert "PLN003" in codes(repo, base)


@pytest.mark.parametrize(
    ("behind", "squashed"),
    [
        ("", False),
        ("\n\nCo-authored-by: Bo <bo@example.org>", True),
        ("\n\nReviewers: bo\n\nSubscribers: cy\n\nDifferential Revision: https://phabricator.example.org/D12", True),
        ("\n\nAnd then one more thing: all of it.", False),
    ],
)
def test_lines_of_a_tool_behind_a_message_are_no_part_of_it(behind: str, squashed: bool) -> None:
    text = f"Move it\n\nSummary:\nfeat: x\n\n{trailers('auth')}{behind}"
    assert origins.reads_like_a_squash(messages.parse(text)) is squashed
