"""Which commits a push, a request or a range brings: names of refs, the protected branch, `[branches]`."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from planfence.boundary import push, receive, verify
from planfence.errors import PlanfenceError
from planfence.gitio.revisions import resolve
from planfence.judge import check
from planfence.judge.advice import next_steps

ZERO = "0" * 40
POLICY = "schema = 1\n[tests]\nrequired = []\n"
TRAILERS = "\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human\n"


class Team:
    """A clone with `origin`'s branches, and the server that has them."""

    def __init__(self, repo, more: str = "") -> None:
        self.repo = repo
        repo.write("planfence.toml", POLICY + more)
        self.old = repo.git("commit-tree", repo.git("rev-parse", "HEAD^{tree}:docs"), "-m", "feat: before the policy")
        self.base = repo.commit("chore: policy")
        self.server = type(repo)(repo.root.parent / "server.git", repo.variables)
        subprocess.run(
            ["git", "init", "-q", "--bare", "-b", "main", str(self.server.root)], check=True, env=repo.variables
        )
        (self.server.root / "objects/info/alternates").write_text(f"{repo.root / '.git/objects'}\n")
        for line in repo.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/planfence").splitlines():
            self.server.git("update-ref", *line.split(" "))
        self.has("main", self.base)
        repo.git("checkout", "-q", "-b", "work")

    def has(self, branch: str, tip: str) -> None:
        self.server.git("update-ref", f"refs/heads/{branch}", tip)
        self.repo.git("update-ref", f"refs/remotes/origin/{branch}", tip)

    def small(self, name: str, more: str = "") -> str:
        self.repo.write(f"{name}.txt")
        return self.repo.commit(f"fix: {name}{more}", "--no-verify")

    def bad(self) -> str:
        self.repo.write("evil.py")
        return self.repo.commit(f"feat: slip{TRAILERS}", "--no-verify")

    def good(self) -> str:
        self.repo.write("src/auth.py")
        return self.repo.commit(f"feat: add{TRAILERS}", "--no-verify")

    def pushed(self, new: str, ref: str, old: str = ZERO) -> set[str]:
        """What the push and the server say, which must be the same."""
        local = push.judge(self.repo.open(), "origin", [push.PushedRef(ref, new, ref, old)]).outcome.report
        there = self.received((old, new, ref))
        assert {each.code for each in local.errors} == there
        return there

    def received(self, *updates: tuple[str, str, str]) -> set[str]:
        lines = "".join(f"{old} {new} {ref}\n" for old, new, ref in updates)
        return {each.code for each in receive.receive(self.server.open(), lines.encode()).report.errors}

    def requested(self, head: str, target: str = "main", **event) -> set[str]:
        told = {"pull_request": {"head": {"sha": head}}, "repository": {"default_branch": "main"}} | event
        path = self.repo.write("../event.json", json.dumps(told))
        variables = {"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": target, "GITHUB_EVENT_PATH": str(path)}
        return {each.code for each in verify.verify(self.repo.open(**variables)).report.errors}


@pytest.fixture
def team(repo) -> Team:
    return Team(repo)


# -- names


@pytest.mark.parametrize("ref", ["refs/tags/main", "refs/tags/origin/main", "refs/heads/origin/main", "refs/main"])
@pytest.mark.parametrize("left", ["main", "origin/main"])
def test_a_name_that_can_mean_two_refs_is_refused_with_the_full_ones(team: Team, ref: str, left: str) -> None:
    head = team.bad()
    team.repo.git("update-ref", ref, head)
    if ref.removeprefix("refs/").partition("/")[2] != left and ref != f"refs/{left}":
        assert resolve(team.repo.open(), left) == team.base
        return
    with pytest.raises(PlanfenceError) as caught:
        resolve(team.repo.open(), left)
    assert ref in caught.value.hint
    full = f"refs/heads/{left}" if left == "main" else f"refs/remotes/{left}"
    assert full in caught.value.hint
    assert resolve(team.repo.open(), full) == team.base
    for command in (("verify", f"{left}..work"), ("check", "--range", f"{left}..work")):
        done = team.repo.planfence(*command)
        assert done.returncode == 2, done
        assert full in done.stderr
    assert team.repo.planfence("verify", f"{full}..work").returncode == 1


@pytest.mark.parametrize("revision", ["{}~0", "{}^0", "{}@{{0}}", "{}:", "{}^{{commit}}"])
def test_an_operator_hides_no_ambiguity(team: Team, revision: str) -> None:
    team.repo.git("tag", "main", team.bad())
    with pytest.raises(PlanfenceError):
        resolve(team.repo.open(), revision.format("main"))


@pytest.mark.parametrize("place", ["refs/tags/{}", "refs/heads/{}", "refs/remotes/{}"])
def test_a_ref_whose_name_ends_like_a_full_name_does_not_stand_for_it(team: Team, place: str) -> None:
    head = team.bad()
    team.repo.git("update-ref", place.format("refs/heads/gone"), head)
    with pytest.raises(PlanfenceError, match="there is no refs/heads/gone"):
        resolve(team.repo.open(), "refs/heads/gone")
    # It is there: nothing else is meant.
    team.repo.git("update-ref", place.format("refs/heads/main"), head)
    assert resolve(team.repo.open(), "refs/heads/main") == team.base
    # Where the remote's branch is unknown, a tag of that full name is not taken for it.
    team.repo.git("update-ref", "-d", "refs/remotes/origin/main")
    team.repo.git("update-ref", place.format("refs/remotes/origin/main"), head)
    team.repo.git("update-ref", "-d", "refs/heads/main")
    with pytest.raises(PlanfenceError):
        check.check_branch(team.repo.open())


def test_an_abbreviated_id_that_is_a_tag(team: Team) -> None:
    head = team.bad()
    team.repo.git("tag", team.base[:10], head)
    with pytest.raises(PlanfenceError, match="begins an object's id"):
        resolve(team.repo.open(), team.base[:10])
    team.repo.git("tag", team.base, head)
    assert resolve(team.repo.open(), team.base) == team.base


# -- which branch is protected


def test_a_branch_does_not_name_itself_as_base(team: Team) -> None:
    team.repo.write("planfence.toml", 'base = "work"\n' + POLICY)
    own = team.repo.commit("chore: own base", "--no-verify")
    head = team.bad()
    team.repo.git("update-ref", "refs/remotes/origin/work", own)
    update = push.PushedRef("refs/heads/work", head, "refs/heads/work", own)
    for ask in (
        lambda: push.judge(team.repo.open(), "origin", [update]),
        lambda: verify.verify(team.repo.open()),
        lambda: check.check_branch(team.repo.open()),
    ):
        with pytest.raises(PlanfenceError, match="several branches name their own branch"):
            ask()
    team.repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    assert push.judge(team.repo.open(), "origin", [update]).outcome.report.refused
    assert verify.verify(team.repo.open()).report.refused
    assert check.check_branch(team.repo.open()).report.refused


@pytest.mark.parametrize("default", ["main", "develop"])
def test_a_push_does_not_choose_the_protected_branch(team: Team, default: str) -> None:
    team.has("develop", team.base)
    team.server.git("symbolic-ref", "HEAD", f"refs/heads/{default}")
    team.repo.write("planfence.toml", 'base = "x"\n' + POLICY)
    own = team.repo.commit("chore: another base", "--no-verify")
    assert team.received((ZERO, own, "refs/heads/x")) == set()
    assert team.received((team.base, own, f"refs/heads/{default}")) == {"REF001"}
    team.has("x", own)
    assert team.received((team.base, ZERO, "refs/heads/main")) == {"REF001"}
    # An administrator may say so, and then it is the server's word, whatever the policy says.
    team.server.git("config", "planfence.base", "refs/heads/main")
    assert team.received((team.base, own, f"refs/heads/{default}")) == set()
    team.has(default, own)
    assert team.received((own, ZERO, f"refs/heads/{default}")) == {"REF001"}
    assert team.received((team.base, ZERO, "refs/heads/main")) == {"REF001"}


def test_head_is_kept_whatever_its_policy_says(team: Team) -> None:
    """The policy-only commit is there already, made before this rule was."""
    team.repo.write("planfence.toml", 'base = "x"\n' + POLICY)
    own = team.repo.commit("chore: another base", "--no-verify")
    team.has("x", own)
    team.has("main", own)
    assert team.received((own, ZERO, "refs/heads/main")) == {"REF001"}
    assert team.received((own, team.base, "refs/heads/main")) >= {"REF001"}


@pytest.mark.parametrize("alias", ["refs/heads/alias", "refs/custom/alias", "refs/tags/alias"])
def test_a_symbolic_ref_is_what_it_stands_for(team: Team, alias: str) -> None:
    first = team.repo.git("rev-parse", "HEAD^")
    team.server.git("symbolic-ref", alias, "refs/heads/main")
    assert team.received((team.base, first, alias)) == {"REF001"}
    assert team.received((team.base, ZERO, alias)) == {"REF001"}
    team.server.git("symbolic-ref", "refs/heads/twice", alias)
    assert team.received((team.base, ZERO, "refs/heads/twice")) == {"REF001"}


def test_a_guarded_branch_is_kept_like_the_base(repo) -> None:
    team = Team(repo, '[branches]\nguarded = ["release/*"]\n')
    team.has("release/1", team.base)
    first = repo.git("rev-parse", "HEAD^")
    for name, wanted in (("release/1", {"REF001"}), ("topic", set())):
        assert team.pushed(ZERO, f"refs/heads/{name}", team.base) == wanted
        assert team.pushed(first, f"refs/heads/{name}", team.base) == wanted


# -- `[branches]`


def test_what_an_integration_branch_has_is_not_new(repo) -> None:
    team = Team(repo, '[branches]\nintegration = ["develop"]\n')
    first = team.small("s1")
    team.has("develop", first)
    second = team.small("s2")
    assert team.pushed(second, "refs/heads/develop", first) == set()
    team.has("develop", second)
    third = team.small("s3")
    assert team.pushed(third, "refs/heads/develop", second) == set()
    assert team.pushed(third, "refs/heads/topic") == set()
    team.has("develop", third)
    good = team.good()
    assert team.pushed(good, "refs/heads/topic") == set()
    assert team.requested(good, "develop") == set()
    # On the way to main each is judged, and they are not added up.
    assert team.requested(third) == set()
    assert team.pushed(third, "refs/heads/main", team.base) == set()
    assert team.repo.planfence("verify", f"{team.base}..{third}").returncode == 0
    # What has not been there yet is added up.
    for name in ("n1", "n2", "n3"):
        last = team.small(name)
    assert team.pushed(last, "refs/heads/topic") == {"MSG001"}
    assert team.requested(last, "develop") == {"MSG001"}


def test_what_came_to_an_integration_branch_unjudged_does_not_come_to_main(repo) -> None:
    team = Team(repo, '[branches]\nintegration = ["develop"]\n')
    team.has("develop", team.bad())
    good = team.good()
    assert team.pushed(good, "refs/heads/topic") == set()
    assert team.requested(good) == {"SCP001"}
    assert team.pushed(good, "refs/heads/main", team.base) == {"SCP001"}


def test_without_the_setting_all_counts(team: Team) -> None:
    team.has("develop", team.small("s1"))
    team.has("develop", team.small("s2"))
    assert team.pushed(team.small("s3"), "refs/heads/develop") == {"MSG001"}


def test_base_is_develop_and_a_request_leads_to_main(repo) -> None:
    team = Team(repo, "")
    repo.write("planfence.toml", 'base = "develop"\n' + POLICY)
    base = repo.commit("chore: base", "--no-verify")
    team.has("main", base)
    team.has("develop", base)
    head = team.small("s1")
    for name in ("s2", "s3"):
        team.has("develop", head)
        head = team.small(name)
    assert team.pushed(head, "refs/heads/develop", repo.git("rev-parse", "origin/develop")) == set()
    team.has("develop", head)
    assert team.requested(head) == set()
    assert team.pushed(head, "refs/heads/main", base) == set()
    assert team.requested(team.bad()) == {"SCP001"}


def _release_line(team: Team) -> str:
    """A line from before the policy, and two planned commits picked onto it."""
    team.repo.git("checkout", "-q", "-f", "--detach", team.old)
    team.has("release/1", team.old)
    for path in ("a", "b", "c"):
        team.repo.write(f"{path}.txt")
    team.repo.commit(f"feat: picked{TRAILERS}\n(cherry picked from commit {team.base})", "--no-verify")
    return team.small("fix")


def test_a_release_line_that_is_older_than_the_policy(team: Team) -> None:
    head = _release_line(team)
    assert team.pushed(head, "refs/heads/release/1", team.old) == set()
    assert team.requested(head, "release/1") == set()
    # It is judged on its way to main, and a branch of main is judged wherever it goes.
    assert team.requested(head) == {"MSG001"}
    assert team.received((team.base, head, "refs/heads/main")) >= {"MSG001"}
    team.repo.git("checkout", "-q", "-f", "work")
    assert team.requested(team.bad(), "release/1") == {"SCP001"}


def test_a_release_line_that_is_guarded(repo) -> None:
    team = Team(repo, '[branches]\nguarded = ["release/*"]\n')
    head = _release_line(team)
    assert team.pushed(head, "refs/heads/release/1", team.old) == {"MSG001"}
    assert team.requested(head, "release/1") == {"MSG001"}


def test_taking_the_policy_away_is_no_way_out(team: Team) -> None:
    team.repo.git("rm", "-q", "planfence.toml")
    team.repo.commit("chore: no policy", "--no-verify")
    assert team.pushed(team.bad(), "refs/heads/topic") == {"SCP001", "SCP004"}


@pytest.mark.parametrize("ignored", [False, True])
def test_an_orphan_branch(repo, ignored: bool) -> None:
    team = Team(repo, '[branches]\nignored = ["gh-*"]\n' if ignored else "")
    repo.git("switch", "-q", "--orphan", "gh-pages")
    for name in "abcde":
        repo.write(f"{name}.html")
    head = repo.commit("docs: pages", "--no-verify")
    assert team.pushed(head, "refs/heads/gh-pages") == set()
    assert team.received((team.base, head, "refs/heads/main")) >= {"MSG001", "REF001"}


def test_an_ignored_branch_opens_no_way_to_main(repo) -> None:
    team = Team(repo, '[branches]\nignored = ["gh-pages", "main"]\n')
    head = team.bad()
    assert team.pushed(head, "refs/heads/gh-pages") == set()
    team.has("gh-pages", head)
    assert team.pushed(head, "refs/heads/topic") == {"SCP001"}
    assert team.pushed(head, "refs/heads/main", team.base) == {"SCP001"}
    assert team.requested(head) == {"SCP001"}


def test_stacked_branches(team: Team) -> None:
    first = team.good()
    team.has("first", first)
    second = team.small("s", "\n\nPlan-Task: none")  # as commit-msg marks it on a branch that holds a task's commits
    assert team.pushed(second, "refs/heads/second") == set()
    assert team.requested(second, "first") == set()
    bad = team.bad()
    assert team.pushed(bad, "refs/heads/second") == {"SCP001"}
    assert team.requested(bad, "first") == {"SCP001"}


def test_other_branches_in_one_push_change_nothing(team: Team) -> None:
    one = team.small("one")
    team.repo.git("reset", "-q", "--hard", team.base)
    for name in ("two", "three"):
        two = team.small(name)
    updates = [push.PushedRef("a", one, "refs/heads/a", ZERO), push.PushedRef("b", two, "refs/heads/b", ZERO)]
    assert not push.judge(team.repo.open(), "origin", updates).outcome.report.refused
    assert team.received((ZERO, one, "refs/heads/a"), (ZERO, two, "refs/heads/b")) == set()


# -- what the clone lacks


@pytest.mark.parametrize("event", [{"pull_request": {"head": {"sha": "1" * 40}}}, {"pull_request": {}}])
def test_a_head_that_is_not_here(team: Team, event: dict) -> None:
    with pytest.raises(PlanfenceError, match="is not here"):
        team.requested("", **event)


@pytest.mark.parametrize("depth", ["1", "2"])
def test_all_files_in_a_shallow_checkout_says_what_to_fetch(team: Team, tmp_path: Path, depth: str) -> None:
    for name in ("s1", "s2"):
        head = team.small(name)
    team.server.git("fetch", "-q", str(team.repo.root), f"{head}:refs/heads/work")
    place = tmp_path / "shallow"
    command = ["git", "clone", "-q", f"--depth={depth}", "--branch=work", f"file://{team.repo.root}", str(place)]
    subprocess.run(command, check=True, env=team.repo.variables, capture_output=True)
    shallow = type(team.repo)(place, team.repo.variables)
    done = shallow.planfence("hook", "pre-commit", PRE_COMMIT="1")
    assert done.returncode == 2, done
    assert "git fetch --unshallow origin '+refs/heads/main:refs/remotes/origin/main'" in done.stderr


def test_without_the_ledger_it_is_said_what_to_fetch(team: Team) -> None:
    head = team.good()
    for ref in team.repo.git("for-each-ref", "--format=%(refname)", "refs/planfence").splitlines():
        team.repo.git("update-ref", "-d", ref)
    (team.repo.root / ".git/planfence/ledger-tip").unlink(missing_ok=True)
    for done in (
        team.repo.planfence("verify", f"{team.base}..{head}"),
        team.repo.planfence("hook", "pre-commit", PRE_COMMIT="1"),
    ):
        assert done.returncode == 1, done
        assert "git fetch origin 'refs/planfence/*:refs/planfence/*'" in done.stdout + done.stderr


# -- the light entry


def test_the_light_entry_of_a_push_knows_the_branches(repo) -> None:
    team = Team(repo, '[branches]\nintegration = ["develop"]\nguarded = ["release/*"]\n')
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    team.has("develop", team.small("s1"))
    head = team.small("s2")
    light = Path(push.__file__).parents[1] / "hooks/pushpath.py"

    def is_light(ref: str, old: str = ZERO) -> bool:
        command = [sys.executable, "-I", "-S", "-X", "importtime", str(light), "origin", "url"]
        line = f"refs/heads/work {head} {ref} {old}\n".encode()
        done = subprocess.run(command, cwd=repo.root, env=repo.variables, input=line, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return b"planfence.hooks.main" not in done.stderr

    assert not is_light("refs/heads/topic")
    assert is_light("refs/heads/topic")
    assert not is_light("refs/heads/other")
    assert not is_light("refs/heads/release/1")
    assert not is_light("refs/heads/release/1")
    assert not is_light("refs/heads/topic")
    team.has("elsewhere", head)
    assert not is_light("refs/heads/topic")


@pytest.mark.parametrize("remote", ["origin", "fork", "../far away.git"])
def test_what_to_type_names_the_remote_of_the_push(team: Team, remote: str) -> None:
    team.repo.git("update-ref", f"refs/remotes/{remote}/main" if " " not in remote else "refs/x", team.base)
    gone = push.judge(team.repo.open(), remote, [push.PushedRef("(delete)", ZERO, "refs/heads/main", team.base)])
    step = next_steps(team.repo.open(), gone.outcome)[0]
    assert step.command == f"git ls-remote {shlex.quote(remote)} main"
    assert "is deleted" not in "".join(gone.notes)
