import os
import subprocess

import pytest

from planfence.env import Environment
from planfence.gitio.repository import open_repository
from planfence.report.metrics import Frame
from planfence.report.reworkhistory import add_history
from planfence.report.taskfacts import LogFacts

NOW = 1795341600
DAY = 86_400
FRAME = Frame(NOW)


class Story:
    """A repository in which commits bear tasks and dates."""

    def __init__(self, folder):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        identity = {
            f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        self.variables = (
            kept | identity | {"HOME": str(folder), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        )
        self.top = folder / "work"
        self.git("init", "-q", str(self.top), at=None)

    def git(self, *words, at=NOW):
        dates = {} if at is None else {"GIT_AUTHOR_DATE": f"{at} +0000", "GIT_COMMITTER_DATE": f"{at} +0000"}
        where = [] if at is None else ["-C", str(self.top)]
        done = subprocess.run(
            ["git", *where, *words], env=self.variables | dates, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, text, task="", at=NOW, more=""):
        (self.top / "file").write_text(text)
        self.git("add", ".", at=at)
        trailer = f"\n\n{more}\nPlan-Task: {task}" if task else f"\n\n{more}"
        self.git("commit", "-q", "--allow-empty", "-m", f"feat: x{trailer}", at=at)
        return self.git("rev-parse", "HEAD")

    def facts(self, *tasks):
        facts = LogFacts()
        for name in tasks:
            facts.task(name).finished = NOW - 10 * DAY
        add_history(facts, open_repository(Environment(self.variables), self.top), FRAME)
        return facts.tasks


@pytest.fixture
def story(tmp_path):
    return Story(tmp_path)


def test_a_revert_is_found_in_the_history(story):
    story.commit("a\n", at=NOW - 12 * DAY)
    work = story.commit("a\nb\n", "p/t", NOW - 10 * DAY)
    story.git("revert", "--no-edit", work, at=NOW - 9 * DAY)
    task = story.facts("p/t")["p/t"]
    assert task.reverted
    assert (task.merged_at, task.reverted_at) == (NOW - 10 * DAY, NOW - 9 * DAY)


@pytest.mark.parametrize(
    "words",
    [('Revert "feat: x" (#8)', "Reverts a/b#7"), ('Revert "feat: x (#7)"', ""), ("Undo", "This reverts commit {}.")],
)
def test_a_forges_button_names_a_request_or_a_title(story, words):
    story.commit("a\n", at=NOW - 12 * DAY)
    (story.top / "file").write_text("b\n")
    story.git("commit", "-q", "-a", "-m", "feat: x (#7)\n\nPlan-Task: p/t\n\nCo-authored-by: b <b@c>", at=NOW - 9 * DAY)
    target = story.git("rev-parse", "HEAD")
    subject, body = words
    story.git("commit", "-q", "--allow-empty", "-m", f"{subject}\n\n{body.format(target)}", at=NOW - 8 * DAY)
    assert story.facts("p/t")["p/t"].reverted_at == NOW - 8 * DAY


def test_a_revert_of_a_revert_brings_the_work_back(story):
    story.commit("a\n")
    work = story.commit("a\nb\n", "p/t")
    story.git("revert", "--no-edit", work)
    story.git("revert", "--no-edit", "HEAD")
    assert not story.facts("p/t")["p/t"].reverted


def test_a_later_fix_is_found_in_the_history(story):
    work = story.commit("a\n", "p/t", NOW - 10 * DAY)
    story.commit("b\n", "p/u", NOW - 8 * DAY, more=f'Fixes: {work[:12]} ("feat: x")')
    found = story.facts("p/t", "p/u")
    assert found["p/t"].mended_at == NOW - 8 * DAY
    assert not found["p/u"].mended_at


def test_a_fix_after_the_window_does_not_count(story):
    work = story.commit("a\n", "p/t", NOW - 10 * DAY)
    story.commit("b\n", at=NOW, more=f"Fixes: {work[:12]}")
    assert not story.facts("p/t")["p/t"].mended_at


def test_lines_changed_again(story):
    story.commit("1\n2\n3\n4\n", "p/t", NOW - 10 * DAY)
    story.commit("1\n+++ x\n--- y\n4\n", "p/u", NOW - 9 * DAY)
    found = story.facts("p/t", "p/u")
    assert (found["p/t"].lines_added, found["p/t"].lines_redone) == (4, 2)
    assert (found["p/u"].lines_added, found["p/u"].lines_redone) == (2, 0)


def test_no_commit_and_no_task_are_no_error(story):
    assert not story.facts("p/t")["p/t"].merged_at
    story.commit("a\n")
    assert not story.facts("p/t")["p/t"].merged_at
