"""A plan may be corrected under its version until one of its tasks begins, whoever looks at it and when."""

from __future__ import annotations

import pytest

from planfence.judge import check, staged
from planfence.ledger.records import new_id, write_move
from planfence.ledger.transitions import Move, MoveKind
from planfence.manifest.policy import Policy

OTHER = 'goal = "Move auth logic into middleware"'
FILE = '{ path = "src/user.py", change = "modify" },'


@pytest.fixture
def fresh(empty_repo, templates):
    """The usual plan, of which nothing has begun; its policy is the base."""
    for path in ("planfence.toml", "plans/auth.toml", "src/user.py", ".gitignore"):
        text = (templates / "planned" / path).read_text("utf-8")
        empty_repo.write(path, text + ("tests.required = []\n" if path == "planfence.toml" else ""))
    empty_repo.commit("chore: begin")
    empty_repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    return empty_repo


def correct(repo, old: str, new: str, **extra: str) -> str:
    place = repo.root / "plans/auth.toml"
    text = place.read_text("utf-8")
    assert old in text
    place.write_text(text.replace(old, new), "utf-8")
    return repo.commit("docs: correct the plan")


def errors(outcome) -> list[str]:
    return [finding.code for finding in outcome.report.errors]


def judged(repo, start: str) -> list[str]:
    opened = repo.open()
    found = errors(check.check_range(opened, start, repo.git("rev-parse", "HEAD")))
    assert bool(found) == bool(repo.planfence("verify", f"{start}..HEAD").returncode)
    return found


def test_before_any_task_has_begun(fresh) -> None:
    start = fresh.git("rev-parse", "HEAD")
    correct(fresh, OTHER, 'goal = "Move it"')
    correct(fresh, FILE, f"{FILE} {{ path = 'src/mail.py' }},")
    assert judged(fresh, start) == []
    fresh.write("plans/auth.toml", (fresh.root / "plans/auth.toml").read_text().replace("Move it", "Move all of it"))
    fresh.git("add", "-A")
    assert errors(staged.check_staged(fresh.open())) == []


@pytest.mark.parametrize("version", ["0", "1"])
def test_after_one_has_begun_and_never_backwards(fresh, version: str) -> None:
    start = fresh.git("rev-parse", "HEAD")
    if version == "1":
        fresh.begin("auth/guide")
    correct(fresh, "version = 1", f"version = {version}\nconstraints = ['fast']")
    assert judged(fresh, start) == ["PLN003"]


def test_the_verdict_stays_when_the_task_begins_later(fresh) -> None:
    start = fresh.git("rev-parse", "HEAD")
    correct(fresh, OTHER, 'goal = "Move it"')
    fresh.begin("auth/middleware")
    fresh.write("src/user.py", "def user():\n    return 2\n")
    fresh.commit("feat: x\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human")
    assert judged(fresh, start) == []
    correct(fresh, "Move it", "Move them")
    assert judged(fresh, start) == ["PLN003"]


def rebased(repo, start: str) -> None:
    repo.write("src/other.py", "other = 1\n")
    repo.git("checkout", "-q", "--detach", start)
    onto = repo.commit("feat: on the base")
    repo.git("checkout", "-q", "main")
    repo.git("rebase", "-q", onto, GIT_COMMITTER_DATE="2026-01-02T00:00:00Z")
    # Elsewhere the commits that the moves name are not there.
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("-c", "gc.pruneExpire=now", "gc", "-q", "--prune=now")


@pytest.mark.parametrize(("old", "new"), [(FILE, f"{FILE} {{ path = 'src/mail.py' }},"), (OTHER, 'goal = "Move it"')])
@pytest.mark.parametrize("later", ["", "another correction", "an amendment"])
def test_a_rebase_changes_no_verdict(fresh, old: str, new: str, later: str) -> None:
    start = fresh.git("rev-parse", "HEAD")
    correct(fresh, old, new)
    if later:
        correct(fresh, "version = 1", f"version = {1 + (later == 'an amendment')}\nconstraints = ['fast']")
    fresh.begin("auth/middleware")
    rebased(fresh, start)
    assert judged(fresh, fresh.git("rev-parse", "HEAD~2" if later else "HEAD~1")) == []


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_a_line_beside_it_is_not_after_it(fresh, first: str) -> None:
    """A task begins with a text of one line; another line, past the hooks, gives the same version another text."""
    base = fresh.git("rev-parse", "HEAD")
    correct(fresh, OTHER, 'goal = "Move it"')
    fresh.begin("auth/middleware")
    fresh.write("docs/a.md", "a\n")
    ours = fresh.commit("docs: a")
    fresh.git("checkout", "-q", "-b", "beside", base)
    correct(fresh, FILE, f"{FILE} {{ path = 'src/mail.py' }},")
    theirs = fresh.git("rev-parse", "HEAD")
    sides = {"ours": ours, "theirs": theirs}
    fresh.git("checkout", "-q", "--detach", sides.pop(first))
    fresh.git("merge", "-q", "--no-ff", "-s", "ours", "-m", "chore: merge", *sides.values())
    assert "PLN003" in judged(fresh, base)
    found = check.check_range(fresh.open(), base, fresh.git("rev-parse", "HEAD")).report.errors
    assert theirs in {each.change for each in found if each.code == "PLN003"}


def test_a_rebase_puts_no_correction_before_the_beginning(fresh) -> None:
    fresh.begin("auth/middleware")
    start = fresh.git("rev-parse", "HEAD")
    correct(fresh, OTHER, 'goal = "Move it"')
    correct(fresh, 'goal = "Move it"', OTHER)  # the text that the task began with, once more
    rebased(fresh, start)
    assert judged(fresh, fresh.git("rev-parse", "HEAD~2")) == ["PLN003", "PLN003"]


def test_a_lost_ledger_opens_nothing(fresh) -> None:
    fresh.begin("auth/middleware")
    fresh.write("src/user.py", "def user():\n    return 2\n")
    fresh.commit("feat: x\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human")
    for ref in fresh.git("for-each-ref", "--format=%(refname)", "refs/planfence").split():
        fresh.git("update-ref", "-d", ref)
    start = fresh.git("rev-parse", "HEAD")
    correct(fresh, OTHER, 'goal = "Move it"')
    fresh.git("reset", "-q", "--soft", start)
    assert errors(staged.check_staged(fresh.open())) == ["PLN003"]


def test_a_move_that_says_nothing_of_its_place_counts_as_earlier(fresh) -> None:
    start = fresh.git("rev-parse", "HEAD")
    correct(fresh, FILE, f"{FILE} {{ path = 'src/mail.py' }},")
    head, tree = fresh.git("rev-parse", f"{start}", f"{start}^{{tree}}").split()
    write_move(
        fresh.open(), Policy(), Move(new_id(), MoveKind.START, "auth/guide", 0, 1, "implement", "human", head, tree)
    )
    assert judged(fresh, start) == ["PLN003"]
