"""The verdict on a history never depends on how it was pushed: at once, one by one, through another branch."""

from __future__ import annotations

import random

import pytest


def _history(lab, rng: random.Random) -> list[str]:
    """Some commits, good and bad, some on a side branch that is merged."""
    commits = []
    for number in range(rng.randrange(3, 6)):
        kind = rng.choice(["good", "good", "small", "bad", "merge"])
        if kind == "merge" and commits:
            lab.git("checkout", "-q", "-b", f"side{number}", rng.choice([lab.base, commits[0]]))
            lab.write(f"docs/side{number}.md")
            lab.record("docs: x", "auth/guide")
            lab.git("checkout", "-q", "work")
            lab.git("merge", "-q", "--no-edit", "--no-verify", f"side{number}")
            commits.append(lab.git("rev-parse", "HEAD"))
            continue
        places = {"good": f"tests/auth/{number}.py", "small": f"small{number}", "bad": "evil.py"}
        lab.write(places.get(kind, "src/auth.py"), f"{number}\n")
        commits.append(lab.record("fix: x", None if kind == "small" else "auth/middleware"))
    return commits


@pytest.mark.parametrize("seed", range(6))
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
    verify = lab.verify(head)
    answers = [(v.codes, v.paths) for v in (at_once, through_another, in_two, with_others, protected, verify)]
    assert all(answer == answers[0] for answer in answers), answers
    one_by_one = [lab.receive(("", commit, "refs/heads/step")) for commit in commits]
    assert any(verdict.refused for verdict in one_by_one) == at_once.refused
