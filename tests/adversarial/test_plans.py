"""Plan and policy tricks: a change never judges itself."""

from __future__ import annotations

import os

import pytest

LOOSE = 'schema = 1\n[rules]\npath-outside-task = "off"\ntask-missing = "off"\n[tests]\nrequired = []\n'


def _widen(lab, version: int = 2) -> None:
    plan = (lab.repo.root / "plans/auth.toml").read_text()
    plan = plan.replace("version = 1", f"version = {version}")
    lab.write(
        "plans/auth.toml", plan.replace('{ path = "src/user.py"', '{ path = "evil.py" },\n  { path = "src/user.py"')
    )


def test_a_plan_widened_by_the_commit_that_needs_it(lab) -> None:
    _widen(lab)
    lab.write("evil.py")
    lab.refuses("PLN001", path="plans/auth.toml", staged=True)


def test_the_worktrees_plan_does_not_count(lab) -> None:
    """The plan is edited but not staged: HEAD's counts."""
    lab.write("evil.py")
    _widen(lab)
    lab.git("reset", "-q", "--", "plans")
    verdict = lab.staged()
    assert "SCP001" in verdict.codes


def test_a_plan_widened_in_a_commit_of_its_own(lab) -> None:
    """`trust.plan = "branch"`: plan-only commits of the branch count from then on."""
    _widen(lab)
    lab.record("docs: plan", None)
    lab.write("evil.py")
    lab.accepts(staged=True)


def test_a_plan_widened_after_the_commit_that_needed_it(lab) -> None:
    lab.write("evil.py")
    lab.record()
    _widen(lab)
    lab.record("docs: plan", None)
    for name, verdict in lab.everywhere().items():
        assert "SCP001" in verdict.codes, name


def test_a_plan_widened_and_narrowed_again(lab) -> None:
    _widen(lab)
    lab.record("docs: plan", None)
    lab.git("checkout", "-q", lab.base, "--", "plans/auth.toml")
    plan = (lab.repo.root / "plans/auth.toml").read_text().replace("version = 1", "version = 3")
    lab.write("plans/auth.toml", plan)
    lab.record("docs: plan", None)
    lab.write("evil.py")
    lab.refuses("SCP001", lab.record(), path="evil.py")


@pytest.mark.parametrize("version", [1, 0])
def test_a_plan_version_that_does_not_rise(lab, version: int) -> None:
    _widen(lab, version)
    lab.refuses("PLN003", lab.record("docs: plan", None), path="plans/auth.toml")


def test_a_plan_that_goes_back_to_an_old_text(lab) -> None:
    _widen(lab)
    first = lab.record("docs: plan", None)
    lab.git("checkout", "-q", lab.base, "--", "plans/auth.toml")
    head = lab.record("docs: plan", None)
    assert "PLN003" in lab.range(head, first).codes
    lab.refuses("PLN003", head)


@pytest.mark.parametrize("text", ["", "schema = 1\n", "not toml", "\0", "schema = 2\n", "schema = 1\nid = 'other'\n"])
def test_a_plan_that_can_not_be_read(lab, text: str) -> None:
    lab.write("plans/auth.toml", text)
    lab.refuses("PLN003", lab.record("docs: plan", None), path="plans/auth.toml")


def test_a_plan_that_is_a_symlink(lab) -> None:
    (lab.repo.root / "plans/auth.toml").unlink()
    os.symlink("../docs/index.md", lab.repo.root / "plans/auth.toml")
    lab.git("add", "-A")
    lab.refuses("PLN003", lab.record("docs: plan", None), path="plans/auth.toml")


def test_a_plans_folder_that_is_a_symlink(lab) -> None:
    """The folder leads to one with a wider plan in it."""
    lab.git("rm", "-rq", "plans")
    lab.record("docs: no plans", None)
    os.symlink("docs", lab.repo.root / "plans")
    lab.git("add", "-A")
    lab.record("docs: plans", None)
    lab.write("docs/auth.toml", "x")
    head = lab.record("docs: x", "auth/guide")
    for name, verdict in lab.everywhere(head).items():
        assert verdict.refused, name


def test_code_in_the_plans_folder_is_no_plan(lab) -> None:
    for name in ("a.py", "b.py", "c/d.toml"):
        lab.write(f"plans/{name}")
    lab.refuses("MSG001", lab.record("docs: plan", None))


def test_a_task_of_another_plan(lab) -> None:
    lab.write("src/auth.py")
    lab.refuses("MSG001", lab.record("feat: x", "other/middleware"))


@pytest.mark.parametrize(
    "task", ["auth", "auth/", "/middleware", "auth/middleware/x", "../plans/auth/middleware", "auth/../auth/middleware",
             "auth /middleware", "AUTH/middleware", "auth/MIDDLEWARE", "auth/middlewar", ".", "/", "//"],
)  # fmt: skip
def test_a_task_name_that_is_none(lab, task: str) -> None:
    lab.write("src/auth.py")
    lab.refuses("MSG001", lab.record("feat: x", task))


def test_the_task_of_a_plan_that_only_the_index_has(lab) -> None:
    text = (lab.repo.root / "plans/auth.toml").read_text().replace('id = "auth"', 'id = "mine"')
    lab.write("plans/mine.toml", text)
    lab.write("src/auth.py")
    head = lab.record("feat: x", "mine/middleware")
    lab.refuses("MSG001", head)


def test_a_loosened_policy_does_not_judge_its_own_branch(lab) -> None:
    """In CI and on the server the policy is the protected branch's."""
    lab.write("planfence.toml", LOOSE)
    lab.record("chore: policy", None)
    lab.write("evil.py")
    lab.record()
    assert "SCP001" in lab.verify().codes
    assert "SCP001" in lab.receive((lab.base, "HEAD", "refs/heads/main")).codes


def test_a_policy_loosened_by_the_commit_that_needs_it(lab) -> None:
    lab.write("planfence.toml", LOOSE)
    lab.write("evil.py")
    lab.refuses("PLN001", path="planfence.toml", staged=True)


def test_a_policy_that_can_not_be_read(lab) -> None:
    lab.write("planfence.toml", "schema = [")
    head = lab.record("chore: policy", None)
    assert lab.commit(head).refused
    for name, verdict in lab.everywhere(head).items():
        assert verdict.refused, name


def test_taking_the_policy_away(lab) -> None:
    lab.git("rm", "-q", "planfence.toml")
    lab.refuses("SCP004", lab.record("chore: policy", None), path="planfence.toml")


def test_taking_the_policy_away_for_one_commit(lab) -> None:
    lab.git("rm", "-q", "planfence.toml")
    lab.record("chore: off", None)
    for name in ("a", "b", "c"):
        lab.write(name)
    lab.record("feat: x", None)
    lab.git("checkout", "-q", lab.base, "--", "planfence.toml")
    lab.record("chore: on", None)
    for name, verdict in lab.everywhere().items():
        assert verdict.refused, name


def test_a_policy_renamed_away(lab) -> None:
    lab.git("mv", "planfence.toml", "planfence.toml.bak")
    lab.refuses("SCP004", lab.record("chore: policy", None), path="planfence.toml")


def test_a_policy_that_is_a_symlink(lab) -> None:
    lab.git("rm", "-q", "--cached", "planfence.toml")
    (lab.repo.root / "planfence.toml").unlink()
    os.symlink("docs/index.md", lab.repo.root / "planfence.toml")
    lab.git("add", "-A")
    head = lab.record("chore: policy", None)
    assert lab.commit(head).refused
    for name, verdict in lab.everywhere(head).items():
        assert verdict.refused, name


def test_a_policy_in_another_case(lab) -> None:
    lab.write("PLANFENCE.TOML", LOOSE)
    lab.refuses("SCP005", lab.record("chore: policy", None), path="PLANFENCE.TOML")


def test_moving_the_plans_folder_by_policy_counts_when_the_base_has_it(lab) -> None:
    lab.write("planfence.toml", 'schema = 1\nplans = "docs"\n[tests]\nrequired = []\n')
    lab.record("chore: policy", None)
    text = (lab.repo.root / "plans/auth.toml").read_text()
    text = text.replace('{ path = "src/user.py"', '{ path = "**/*" },\n{ path = "src/user.py"')
    lab.write("docs/auth.toml", text)
    lab.record("docs: plan", None)
    lab.write("evil.py")
    lab.record()
    assert "SCP001" in lab.verify().codes
    assert "SCP001" in lab.receive((lab.base, "HEAD", "refs/heads/main")).codes


def test_no_policy_at_the_base(lab) -> None:
    lab.git("checkout", "-q", "--orphan", "bare")
    lab.git("rm", "-rfq", ".")
    lab.write("a")
    lab.git("commit", "-q", "--no-verify", "-m", "feat: nothing")
    base = lab.git("rev-parse", "HEAD")
    lab.write("b")
    lab.git("commit", "-q", "--no-verify", "-m", "feat: more")
    assert lab.verify(base=base).codes == {"exit 2"}
    lab.base = base
    assert lab.receive((base, "HEAD", "refs/heads/main")).codes == {"exit 2"}


def test_small_changes_count_together(lab) -> None:
    for name in ("a", "b", "c"):
        lab.write(name)
        lab.record("fix: small", None)
    for name, verdict in lab.everywhere().items():
        assert "MSG001" in verdict.codes, name


def test_small_changes_count_together_through_merges(lab) -> None:
    lab.git("checkout", "-q", "-b", "side")
    lab.write("a")
    lab.write("b")
    lab.record("fix: small", None)
    lab.git("checkout", "-q", "work")
    lab.write("c")
    lab.record("fix: small", None)
    lab.git("merge", "-q", "--no-edit", "--no-verify", "side")
    for name, verdict in lab.everywhere().items():
        assert "MSG001" in verdict.codes, name


def test_a_small_change_of_a_plan_task_does_not_open_the_small_door(lab) -> None:
    """With a task active the small route is closed."""
    lab.write("evil.py")
    lab.refuses("SCP001", staged=True)


def test_no_small_door_means_no_empty_one_either(lab) -> None:
    lab.write("planfence.toml", "schema = 1\n[unplanned]\nfiles = 0\n[tests]\nrequired = []\n")
    lab.base = lab.record("chore: policy", None)
    lab.refuses("MSG001", lab.record("feat: nothing", None))


def test_an_empty_commit_of_a_task_that_is_none(lab) -> None:
    lab.refuses("MSG001", lab.record("feat: nothing", "auth/none"))


def test_an_empty_commit(lab) -> None:
    lab.accepts(lab.record("feat: nothing"))


def test_two_branches_whose_names_collide(lab) -> None:
    """Each is clean, and so is their merge; only together they are not."""
    lab.write("tests/auth/a.py")
    lab.record()
    lab.git("checkout", "-q", "-b", "side", lab.base)
    lab.git("rm", "-rqf", "--cached", "tests", ok=False)
    lab.write("tests/auth/A.py")
    lab.record()
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "--no-edit", "--no-verify", "side")
    lab.refuses("SCP005")
