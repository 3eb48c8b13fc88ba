"""A request that is clean against today's base is clean however a forge merges it: a simulated forge, by chance."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.oddrequests import OddTeam, prepare
from support.repository import Repo, copy_tree, environment
from support.requests import METHODS, Request, begin

#: So many seeds; `PLANFENCE_SEEDS=0:500` runs others.
SEEDS = range(*map(int, os.environ.get("PLANFENCE_SEEDS", "0:8").split(":")))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    folder = tmp_path_factory.mktemp("team")
    repo = Repo(folder / "repo", environment(folder))
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main")
    begin(repo)
    prepare(repo)
    return repo


def words_of(report: Any) -> str:
    words = [f"{each.change[:8]} {each.code} {each.path} {each.message}" for each in report.errors]
    return "\n".join([*words, *report.notes])


def judged(repo: Repo, event: dict[str, Any] | None, span: str, **variables: str) -> tuple[bool, str]:
    """What `verify` says of a span; with an event: what it says in the CI that has it."""
    from planfence.boundary import verify

    told = {}
    if event is not None:
        path = repo.write("../event.json", json.dumps(event | {"repository": {"default_branch": "main"}}))
        told = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(path)} | variables
    report = verify.verify(repo.open(**told), "" if told else span).report
    return not report.refused, words_of(report)


class Judge:
    """Asks for verdicts, by an explicit range or by what a forge's event says."""

    def __init__(self, repo: Repo, chance: Random) -> None:
        self.repo, self.chance = repo, chance

    def remote(self, **tips: str) -> None:
        """Let the remote's branches be as they are here, but for these."""
        names = ("main", "release/1")
        here = zip(names, self.repo.git("rev-parse", *names).splitlines(), strict=True)
        lines = [f"update refs/remotes/origin/{name} {tips.get(name.partition('/')[0]) or tip}\n" for name, tip in here]
        self.repo.git("update-ref", "--stdin", stdin="".join(lines).encode())

    def request(self, target: str, base: str, head: str) -> tuple[bool, str]:
        self.remote(**{target.partition("/")[0]: base})
        event = {"pull_request": {"head": {"sha": head}}}
        return judged(self.repo, event if self.says(target) else None, f"{base}..{head}", GITHUB_BASE_REF=target)

    def pushed(self, target: str, before: str, after: str) -> tuple[bool, str]:
        self.remote(**{target.partition("/")[0]: after})
        event = {"before": before, "after": after}
        return judged(self.repo, event if self.says(target) else None, f"{before}..{after}",
                      GITHUB_REF=f"refs/heads/{target}")  # fmt: skip

    def group(self, before: str, after: str) -> tuple[bool, str]:
        """A merge queue's group: the protected branch is not there yet."""
        self.remote(main=before)
        group = {"merge_group": {"base_sha": before, "base_ref": "refs/heads/main"}}
        return judged(self.repo, group if self.says("main") else None, f"{before}..{after}")

    def sent(self, target: str, before: str, after: str) -> tuple[bool, str]:
        """What the hook says to a push from a clone."""
        from planfence.boundary import push

        self.remote(**{target.partition("/")[0]: before})
        ref = f"refs/heads/{target}"
        report = push.judge(self.repo.open(), "origin", [push.PushedRef(ref, after, ref, before)]).outcome.report
        return not report.refused, words_of(report)

    def says(self, target: str) -> bool:
        return target != "main" or self.chance.random() < 0.5

    def received(self, target: str, before: str, after: str) -> tuple[bool, str]:
        """What a server with the hook says to the push: it has the heads as its own branches."""
        from planfence.boundary import receive

        self.repo.git("update-ref", f"refs/heads/{target}", before)
        done = receive.receive(self.repo.open(), f"{before} {after} refs/heads/{target}\n".encode())
        self.repo.git("update-ref", f"refs/heads/{target}", after)
        return not done.report.refused, words_of(done.report)


def play(repo: Repo, seed: int) -> Iterator[tuple[Request, str, bool]]:
    """Play two rounds of requests; yield each with how it was to be merged, and whether that could be done."""
    chance = Random(seed)
    team = OddTeam(repo, chance)
    judge, git = Judge(team.repo, chance), team.git
    for _ in range(2):
        target = team.target = "release/1" if chance.random() < 0.15 else "main"
        starts = [target, target, *git("rev-list", "--first-parent", "-n3", target).split()[1:]][:3]
        waiting: list[Request] = []
        for _ in range(chance.randint(1, 4)):
            below = chance.choice(waiting) if waiting and chance.random() < 0.2 else None
            waiting.append(team.request(below.head if below else chance.choice(starts)))
            waiting[-1].below = below
        if chance.random() < 0.3:
            chance.shuffle(waiting)
        if chance.random() < 0.2:
            team.amended_meanwhile()
        before = git("rev-parse", target)
        group = target == "main" and chance.random() < 0.5
        landed = []
        for request in waiting:
            git("checkout", "-q", "--detach", target)
            at, method = git("rev-parse", target), chance.choice(METHODS)
            request.green, request.why = judge.request(target, at, request.head)
            done = request.green and team.land(request, method)
            yield request, method, done
            if not done:
                continue
            after, told = git("rev-parse", "HEAD"), f"{request.number} to {target} by {method}: {request.made_of}"
            git("checkout", "-q", target)
            git("reset", "-q", "--hard", after)
            landed.append(told)
            if method == "squash without head" and request.governs:
                # Without a head nobody can tell that the plan came first: the refusal says what to fetch.
                green, words = judge.pushed(target, at, after)
                fetch = f"git fetch origin '+refs/pull/{request.number}/head:refs/pull/{request.number}/head'"
                assert green or fetch in words, f"{told}\n{words}"
                git("update-ref", f"refs/pull/{request.number}/head", request.head)
            if not group:
                for ask in (judge.pushed, judge.received, judge.sent):
                    green, words = ask(target, at, after)
                    assert green, f"{ask.__name__}\n{told}\n{words}"
        after = git("rev-parse", target)
        if after != before:
            # A request of a queue is judged with those before it: its base is what they make.
            green, words = judge.group(before, after) if group else judge.pushed(target, before, after)
            assert green, "\n".join(("all together", *landed, words))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_green_as_a_request_is_green_when_it_is_merged(template: Repo, tmp_path: Path, seed: int) -> None:
    copy_tree(template.root, tmp_path / "repo")
    landed = [done for _, _, done in play(Repo(tmp_path / "repo", template.variables), seed)]
    assert landed
