"""The action and the recipes, each line of them run by bash on what a forge would check out."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from support.forge import ROOT, Forge, Job, github, recipe
from support.program import stand_in

TRAILERS = "\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human\n"
ZERO = "0" * 40


@pytest.fixture
def forge(repo, tmp_path: Path) -> Forge:
    repo.write("planfence.toml", "schema = 1\n[tests]\nrequired = []\n")
    repo.commit("chore: no gate")
    found = Forge(repo, tmp_path / "forge")
    found.folder.mkdir()
    found.create()
    repo.git("checkout", "-q", "-b", "work")
    return found


def good(repo) -> str:
    repo.write("src/auth.py")
    return repo.commit(f"feat: add{TRAILERS}", "--no-verify")


def bad(repo) -> str:
    repo.write("evil.py")
    return repo.commit(f"feat: slip{TRAILERS}", "--no-verify")


def pull(forge: Forge, head: str, *, depth: int = 0, merge_ref: bool = False, **inputs: str) -> Job:
    merge = forge.pull_request(head)
    revision = merge if merge_ref else head
    event = {"pull_request": {"head": {"sha": head}, "base": {"ref": "main"}}}
    work = forge.checkout(revision, "refs/pull/1/merge", depth)
    told = github("refs/pull/1/merge", merge, event, forge.folder, GITHUB_BASE_REF="main", GITHUB_HEAD_REF="work")
    return Job(work, forge.folder, told | {"GITHUB_EVENT_NAME": "pull_request"}, dict(inputs))


def push(forge: Forge, ref: str, head: str, before: str, *, depth: int = 0, forced: bool = False) -> Job:
    event = {"before": before, "after": head, "forced": forced, "repository": {"default_branch": "main"}}
    work = forge.checkout(head, ref, depth)
    return Job(work, forge.folder, github(ref, head, event, forge.folder, GITHUB_EVENT_NAME="push", GITHUB_BASE_REF=""))


@pytest.mark.parametrize("merge_ref", [False, True])
def test_a_pull_request_that_keeps_to_the_plan(forge: Forge, merge_ref: bool) -> None:
    job = pull(forge, good(forge.repo), merge_ref=merge_ref)
    assert job.action(), job.said
    assert job.workspace.git("for-each-ref", "refs/planfence"), "the ledger came with it"


@pytest.mark.parametrize("merge_ref", [False, True])
def test_a_pull_request_that_does_not(forge: Forge, merge_ref: bool) -> None:
    good(forge.repo)
    head = bad(forge.repo)
    job = pull(forge, head, merge_ref=merge_ref, sarif="true")
    summary = forge.folder / "summary.md"
    job.variables["GITHUB_STEP_SUMMARY"] = str(summary)
    assert not job.action()
    assert summary.read_text().count("evil.py") == 1
    assert re.search(r"^::error file=evil\.py,line=1,title=SCP001 ", job.said, re.MULTILINE), job.said
    assert job.outcomes["verify"] == "failure"
    # The report is written, and offered for the upload, although the verdict failed the job.
    report = json.loads(Path(job.outputs["report"]["file"]).read_text())
    assert {result["ruleId"] for result in report["runs"][0]["results"]} == {"SCP001"}
    assert job.outcomes["Upload the findings"] == "wanted"


@pytest.mark.slow
def test_every_step_with_the_program_that_the_action_installs(forge: Forge) -> None:
    job = pull(forge, bad(forge.repo), sarif="true")
    assert not job.action(skip=())
    assert job.outcomes["Install planfence"] == "success"
    assert "SCP001" in job.said
    program = forge.folder / "temp/planfence/bin/planfence"
    assert str(stand_in("planfence")) not in program.read_text(), "the stand-in was replaced"


def test_no_report_where_none_is_asked_for(forge: Forge) -> None:
    job = pull(forge, good(forge.repo))
    assert job.action(), job.said
    assert (job.outcomes["report"], job.outcomes["Upload the findings"]) == ("skipped", "skipped")


def test_a_range_that_is_named(forge: Forge) -> None:
    head = bad(forge.repo)
    job = pull(forge, head, range="origin/main..origin/main")
    assert job.action(), job.said
    job = Job(job.workspace, forge.folder, job.variables, {"range": f"origin/main..{head}"})
    assert not job.action()


@pytest.mark.parametrize("text", ["$(touch ran)", "--exit-zero", "; touch ran", "--format=text"])
def test_an_input_is_never_run_and_no_option(forge: Forge, text: str) -> None:
    job = pull(forge, bad(forge.repo), range=text)
    assert not job.action()
    assert not (job.workspace.root / "ran").exists()


@pytest.mark.parametrize("merge_ref", [False, True])
def test_a_checkout_of_one_commit_says_what_to_do(forge: Forge, merge_ref: bool) -> None:
    good(forge.repo)
    job = pull(forge, bad(forge.repo), depth=1, merge_ref=merge_ref)
    assert not job.action()
    assert "fetch-depth: 0" in job.said
    assert "Traceback" not in job.said


def test_a_push_to_the_protected_branch(forge: Forge) -> None:
    before = forge.repo.git("rev-parse", "main")
    head = bad(forge.repo)
    forge.send(f"{head}:refs/heads/main")
    job = push(forge, "refs/heads/main", head, before)
    assert not job.action()
    assert "evil.py" in job.said


def test_a_push_to_the_protected_branch_checked_out_with_one_commit(forge: Forge) -> None:
    before = forge.repo.git("rev-parse", "main")
    head = good(forge.repo)
    forge.send(f"{head}:refs/heads/main")
    job = push(forge, "refs/heads/main", head, before, depth=1)
    assert not job.action()
    assert "fetch-depth: 0" in job.said


@pytest.mark.parametrize("ref", ["refs/heads/work", "refs/tags/v1"])
@pytest.mark.parametrize("make", [good, bad])
def test_a_new_branch_or_tag(forge: Forge, ref: str, make) -> None:
    head = make(forge.repo)
    forge.send(f"{head}:{ref}")
    job = push(forge, ref, head, ZERO)
    assert job.action() is (make is good), job.said


def test_a_forced_push_to_the_protected_branch_can_not_be_judged_by_what_is_gone(forge: Forge) -> None:
    head = good(forge.repo)
    forge.send(f"+{head}:refs/heads/main")
    job = push(forge, "refs/heads/main", head, "1" * 40, forced=True)
    assert not job.action()
    assert "name the range: A..B" in job.said


def test_a_deleted_ledger_fails_no_job(forge: Forge) -> None:
    """A repository whose ledger nobody has pushed yet: there is nothing to fetch, which is not an error."""
    bare = forge.at(forge.bare)
    for ref in bare.git("for-each-ref", "--format=%(refname)", "refs/planfence").splitlines():
        bare.git("update-ref", "-d", ref)
    job = pull(forge, good(forge.repo))
    job.action()
    assert "couldn't find remote ref" not in job.said
    assert job.outcomes["verify"] in ("success", "failure")


# -- Gitea: the same variables, plain steps


def gitea_lines() -> list[str]:
    return [step["run"] for step in recipe("Gitea") if not step["run"].startswith("pip install")]


@pytest.mark.parametrize("make", [good, bad])
def test_gitea_pull_request(forge: Forge, make) -> None:
    job = pull(forge, make(forge.repo))
    job.install()
    job.variables["GITEA_ACTIONS"] = "true"
    assert all(job.bash(line) for line in gitea_lines()) is (make is good), job.said


# -- GitLab


def gitlab(forge: Forge, revision: str, depth: int | None = None, **told: str) -> Job:
    """GitLab fetches the pipeline's own ref alone, with the depth that `GIT_DEPTH` says (0: all)."""
    depth = int(recipe("GitLab")["plan"]["variables"]["GIT_DEPTH"]) if depth is None else depth
    place = forge.folder / "workspace"
    place.mkdir()
    work = forge.at(place)
    work.git("init", "-q")
    work.git("remote", "add", "origin", f"file://{forge.bare}")
    some = [f"--depth={depth}"] if depth else []
    work.git("fetch", "-q", *some, "origin", f"+{revision}:refs/pipelines/1")
    work.git("checkout", "-q", "--force", "--detach", revision)
    found = Job(
        work, forge.folder, {"GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_SHA": revision} | told
    )
    found.install()
    found.variables["PATH"] = f"{forge.folder}/temp/planfence/bin:{work.variables['PATH']}"
    return found


def gitlab_script(job: Job) -> bool:
    """The runner joins the lines into one script."""
    lines = [line for line in recipe("GitLab")["plan"]["script"] if not line.startswith("pip install")]
    return job.bash("\n".join(lines))


@pytest.mark.parametrize("make", [good, bad])
def test_gitlab_merge_request(forge: Forge, make) -> None:
    good(forge.repo) if make is bad else None
    head = make(forge.repo)
    forge.send(f"{head}:refs/heads/work")
    told = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    job = gitlab(forge, head, CI_COMMIT_BEFORE_SHA=ZERO, **told)
    assert gitlab_script(job) is (make is good), job.said
    suite = ElementTree.fromstring((job.workspace.root / "planfence.xml").read_bytes())
    assert suite.get("failures") == ("0" if make is good else "1")


def test_gitlab_merged_results(forge: Forge) -> None:
    """A merged-results pipeline stands on GitLab's own merge; the source branch is what is judged."""
    head = bad(forge.repo)
    merge = forge.pull_request(head)
    told = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": head}
    job = gitlab(forge, merge, CI_COMMIT_BEFORE_SHA=ZERO, **told)
    assert not gitlab_script(job)
    assert 'failures="1"' in (job.workspace.root / "planfence.xml").read_text()


@pytest.mark.parametrize("make", [good, bad])
def test_gitlab_default_branch(forge: Forge, make) -> None:
    before = forge.repo.git("rev-parse", "main")
    head = make(forge.repo)
    forge.send(f"{head}:refs/heads/main")
    job = gitlab(forge, head, CI_COMMIT_BRANCH="main", CI_COMMIT_BEFORE_SHA=before, CI_PIPELINE_SOURCE="push")
    assert gitlab_script(job) is (make is good), job.said


@pytest.mark.parametrize("told", [{"CI_COMMIT_BRANCH": "work"}, {"CI_COMMIT_TAG": "v1"}])
@pytest.mark.parametrize("make", [good, bad])
def test_gitlab_new_branch_or_tag(forge: Forge, told: dict[str, str], make) -> None:
    head = make(forge.repo)
    forge.send(f"{head}:refs/heads/work", f"{head}:refs/tags/v1")
    job = gitlab(forge, head, CI_COMMIT_BEFORE_SHA=ZERO, CI_PIPELINE_SOURCE="push", **told)
    assert gitlab_script(job) is (make is good), job.said


def test_gitlab_with_its_own_depth(forge: Forge) -> None:
    """`GIT_DEPTH` left out means twenty commits, and the one before them is not there."""
    before = forge.repo.git("rev-parse", "main")
    head = good(forge.repo)
    forge.send(f"{head}:refs/heads/main")
    job = gitlab(forge, head, depth=1, CI_COMMIT_BRANCH="main", CI_COMMIT_BEFORE_SHA=before)
    assert not job.bash("planfence verify")
    assert "GIT_DEPTH" in job.said


def test_each_recipe_is_what_the_action_does() -> None:
    fetch = "git fetch --quiet origin 'refs/planfence/*:refs/planfence/*'"
    assert fetch in (ROOT / "action.yml").read_text("utf-8")
    assert any("refs/planfence/*:refs/planfence/*" in line for line in gitea_lines())
    steps = recipe("GitHub Actions")["jobs"]["plan"]["steps"]
    assert steps[0]["with"]["fetch-depth"] == 0
