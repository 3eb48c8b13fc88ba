"""The verdict on a history never depends on how it was pushed: at once, one by one, through another branch."""

from __future__ import annotations

import os
import random
import re

import pytest


def _merge(lab, rng: random.Random, number: int, start: str, *, evil: bool) -> str:
    lab.git("checkout", "-q", "-b", f"side{number}", start)
    lab.write(f"docs/side{number}.md")
    lab.record("docs: x", "auth/guide")
    lab.git("checkout", "-q", "work")
    lab.git("merge", "-q", "--no-commit", "--no-ff", "--no-verify", f"side{number}")
    if evil:
        lab.write(rng.choice(["evil.py", f"docs/side{number}.md"]), "the merge's own\n")
    lab.git("commit", "-q", "--no-verify", "-m", lab.message("feat: merge") if evil else "Merge branch 'side'")
    return lab.git("rev-parse", "HEAD")


def _amend(lab, number: int) -> str:
    """A plan that is widened by a commit of its own."""
    path = lab.repo.root / "plans/auth.toml"
    version = int(re.search(r"(?m)^version = (\d+)", path.read_text())[1])
    text = path.read_text().replace(f"version = {version}", f"version = {version + 1}")
    lab.write(
        "plans/auth.toml",
        text.replace('{ path = "src/keys/**" },', f'{{ path = "src/keys/**" }}, {{ path = "wide{number}.py" }},'),
    )
    return lab.record("chore: amend", None)


KINDS = ["good", "good", "small", "bad", "merge", "evil merge", "amend", "wide", "urgent", "two tasks"]


def _history(lab, rng: random.Random) -> list[str]:
    """Some commits, good and bad, some on a side branch that is merged."""
    commits = []
    for number in range(rng.randrange(3, 6)):
        kind = rng.choice(KINDS)
        if kind in ("merge", "evil merge"):
            start = rng.choice([lab.base, *commits[:1]])
            lab.write(f"tests/auth/before{number}.py")
            commits.append(lab.record("test: x"))
            commits.append(_merge(lab, rng, number, start, evil=kind != "merge"))
            continue
        if kind == "amend":
            commits.append(_amend(lab, number))
            continue
        places = {
            "good": f"tests/auth/{number}.py",
            "small": f"small{number}",
            "bad": "evil.py",
            "wide": f"wide{number - 1}.py",
        }
        lab.write(places.get(kind, "src/auth.py"), f"{number}\n")
        words = {"urgent": "fix: x\n\nPlan-Urgent: now\n", "two tasks": lab.message(Plan_Task="auth/guide")}
        commits.append(lab.record(words.get(kind, "fix: x"), None if kind == "small" else "auth/middleware"))
    return commits


@pytest.mark.parametrize("seed", range(int(os.environ.get("PLANFENCE_PUSHES", "10"))))
def test_the_way_of_a_push_changes_nothing(lab, seed: int) -> None:
    commits = _history(lab, random.Random(seed))
    head = commits[-1]
    at_once = lab.receive(("", head, "refs/heads/topic"))
    server = lab.bare()
    server.git("update-ref", "refs/heads/other", head)
    through_another = lab.receive(("", head, "refs/heads/topic"))
    server.git("update-ref", "refs/heads/topic", commits[len(commits) // 2])
    in_two = lab.receive((commits[len(commits) // 2], head, "refs/heads/topic"))
    with_others = lab.receive(("", commits[0], "refs/heads/first"), ("", head, "refs/tags/v1"))
    protected = lab.receive((lab.base, head, "refs/heads/main"))
    verify, push = lab.verify(head), lab.push(head)
    answers = [(v.codes, v.paths) for v in (at_once, through_another, in_two, with_others, protected, verify, push)]
    assert all(answer == answers[0] for answer in answers), answers
    one_by_one = [lab.receive(("", commit, "refs/heads/step")) for commit in commits]
    assert any(verdict.refused for verdict in one_by_one) == at_once.refused
