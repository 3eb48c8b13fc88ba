"""Random pushes over random settings of `[branches]`: the push, CI and the server say the same of the same commits."""

from __future__ import annotations

import json
import os
import random
import subprocess
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import PLAN

from planfence.boundary import push, receive, verify
from planfence.errors import PlanfenceError

ZERO = "0" * 40
BRANCHES = ("develop", "release/1", "release/2", "gh-pages", "topic", "users/ada/x")
PATTERNS = ("develop", "release/*", "release/2", "gh-pages", "users/**", "refs/heads/topic", "*")
TASK = "\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human\n"
#: How many pushes a run tries; `PLANFENCE_PUSHES` asks for more.
PUSHES = int(os.environ.get("PLANFENCE_PUSHES", "40"))
IN_A_WORLD = 10


@dataclass
class Commit:
    """One commit of a world: its files by path (all of its tree), and what `fast-import` is told of it."""

    mark: int
    files: dict[str, str]
    kind: str


@dataclass
class World:
    """A history, the server that has some of its commits as branches, and the clone that has all of them."""

    repo: Any
    server: Any
    random: random.Random
    commits: list[Commit] = field(default_factory=list)
    ids: dict[int, str] = field(default_factory=dict)
    stream: list[str] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    shown: dict[str, dict[str, str]] = field(default_factory=dict)

    def commit(self, parents: list[Commit], kind: str, text: str, changed: dict[str, str | None]) -> Commit:
        mark = len(self.commits) + 1
        files = dict(parents[0].files) if parents else {}
        for other in parents[1:]:
            files = other.files | files
        self.stream.append(f"commit refs/made/{mark}\nmark :{mark}\ncommitter Ada <ada@example.org> {mark} +0000\n")
        self.stream.append(f"data {len(text.encode())}\n{text}\n")
        self.stream += [f"{'merge' if at else 'from'} :{each.mark}\n" for at, each in enumerate(parents)]
        for path, content in changed.items():
            files.pop(path, None) if content is None else files.update({path: content})
        self.stream.append("deleteall\n")
        for path, content in files.items():
            self.stream.append(f"M 100644 inline {path}\ndata {len(content.encode())}\n{content}\n")
        self.commits.append(Commit(mark, files, kind))
        return self.commits[-1]

    def follow(self, parents: list[Commit]) -> Commit:
        """Add a commit of a random kind."""
        one, number = self.random, len(self.commits) + 1
        kind = one.choice(["small"] * 3 + ["planned"] * 3 + ["large", "slip", "no policy", "own base"])
        if len(parents) > 1:
            return self.commit(parents, "merge", "Merge", {})
        if kind == "planned":
            return self.commit(parents, kind, f"feat: {number}{TASK}", {"src/auth.py": f"auth = {number}\n"})
        if kind == "small":
            return self.commit(parents, kind, f"fix: {number}", {f"small/{number}": "x\n"})
        if kind == "large":
            return self.commit(parents, kind, f"fix: {number}", {f"large/{number}/{each}": "x\n" for each in "abc"})
        if kind == "slip":
            return self.commit(parents, kind, f"feat: {number}{TASK}", {f"evil/{number}": "x\n"})
        if kind == "no policy":
            return self.commit(parents, kind, "chore: no policy", {"planfence.toml": None})
        policy = f'schema = 1\nbase = "{one.choice(BRANCHES)}"\n[unplanned]\nfiles = 9\n'
        return self.commit(parents, kind, "chore: policy", {"planfence.toml": policy})

    def make(self, policy: str) -> None:
        one = self.random
        old = self.commit([], "old", "feat: begin", {"src/user.py": "user = 1\n"})
        old = self.commit([old], "old", "feat: more", {f"old/{each}": "x\n" for each in "abc"})
        line = self.commit([old], "line", "fix: on the release line", {f"line/{each}": "x\n" for each in "abc"})
        self.commit([line], "line", f"feat: picked{TASK}\n(cherry picked from commit x)", {"src/auth.py": "y\n"})
        pages = self.commit([], "orphan", "docs: pages", {f"page{each}.html": "x\n" for each in "abcde"})
        self.commit([pages], "orphan", "docs: more pages", {f"more{each}.html": "x\n" for each in "abcde"})
        main = self.commit([old], "main", "chore: plan", {"planfence.toml": policy, "plans/auth.toml": PLAN})
        own = {"planfence.toml": 'schema = 1\nbase = "gh-pages"\n'}
        self.commit([], "orphan", "chore: another beginning", own | {f"x/{each}": "x\n" for each in "abcde"})
        mains = [main]
        for _ in range(2):
            mains.append(self.commit([mains[-1]], "main", "fix: m", {f"main/{len(self.commits)}": "x\n"}))
        for _ in range(14):
            several = 2 if one.random() < 0.2 else 1
            parents = one.sample(self.commits, several)
            self.follow(parents if one.random() < 0.5 else [one.choice(self.commits[-5:])])
        stream = "".join(self.stream).encode()
        self.repo.git("fast-import", "--quiet", "--force", "--export-marks=../marks", stdin=stream)
        for row in (self.repo.root.parent / "marks").read_text().splitlines():
            mark, name = row.split()
            self.ids[int(mark[1:])] = name
        (self.server.root / "objects/info/alternates").write_text(f"{self.repo.root / '.git/objects'}\n")
        self.heads = {"main": self.ids[one.choice(mains).mark]}
        for name in BRANCHES:
            if one.random() < 0.7:
                self.heads[name] = self.ids[one.choice(self.commits).mark]
        self.show(self.server, "refs/heads/", self.heads)
        ledger = self.repo.git("for-each-ref", "--format=create %(refname) %(objectname)", "refs/planfence/")
        self.server.git("update-ref", "--stdin", stdin=f"{ledger}\n".encode())

    def show(self, repo: Any, prefix: str, heads: dict[str, str]) -> None:
        """Let the branches below ``prefix`` be these; nothing else writes there."""
        before = self.shown.get(prefix, {})
        lines = [f"update {prefix}{name} {tip}\n" for name, tip in heads.items() if before.get(name) != tip]
        gone = [f"delete {prefix}{name}\n" for name in before if name not in heads]
        if gone + lines:
            repo.git("update-ref", "--stdin", stdin="".join(gone + lines).encode())
        self.shown[prefix] = dict(heads)


def said(ask: Any, *arguments: Any, **named: Any) -> tuple[str, ...]:
    """The codes of the errors, or the exit code; what a ref may not do is the server's and the push's alone."""
    try:
        report = ask(*arguments, **named).report
    except PlanfenceError as error:
        return (f"exit {int(error.code)}: {error.message}",)
    return tuple(sorted({finding.code for finding in report.errors} - {"REF001"}))


def settings(one: random.Random) -> str:
    lines = ["schema = 1", "[tests]", "required = []", "[branches]"]
    for key in ("guarded", "integration", "ignored"):
        some = one.sample(PATTERNS, one.choice((0, 0, 1, 2)))
        lines.append(f"{key} = {json.dumps(some)}")
    return "\n".join(lines) + "\n"


def worlds(repo: Any, seed: int) -> tuple[World, str]:
    one = random.Random(seed)
    server = type(repo)(repo.root.parent / f"server-{seed}.git", repo.variables)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(server.root)], check=True, env=repo.variables)
    world = World(repo, server, one)
    policy = settings(one)
    world.make(policy)
    return world, policy


def pushes(world: World) -> Any:
    """Yield (branch, old, new) of pushes to one branch."""
    one = world.random
    for _ in range(IN_A_WORLD):
        branch = one.choice(("main", *BRANCHES))
        yield branch, world.heads.get(branch, ZERO), world.ids[one.choice(world.commits).mark]


def pushed(repo: Any, *updates: push.PushedRef) -> Any:
    return push.judge(repo.open(), "origin", updates).outcome


def ci(world: World, event: dict[str, Any], new: str, ref: str = "", **variables: str) -> Any:
    path = world.repo.write("../event.json", json.dumps(event | {"repository": {"default_branch": "main"}}))
    world.repo.git("update-ref", "--no-deref", "HEAD", new)
    told = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(path), "GITHUB_REF": ref} | variables
    return verify.verify(world.repo.open(**told))


@pytest.mark.parametrize("seed", range(-(-PUSHES // IN_A_WORLD)))
def test_push_ci_and_server_agree(repo: Any, seed: int) -> None:
    world, policy = worlds(repo, seed)
    known = world.random.random() < 0.5
    if known:
        repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    differ = []
    for branch, old, new in pushes(world):
        ref = f"refs/heads/{branch}"
        world.show(repo, "refs/remotes/origin/", world.heads)
        line = f"{old} {new} {ref}\n".encode()
        answers = {"server": said(receive.receive, world.server.open(), line)}
        update = push.PushedRef(ref, new, ref, old)
        answers["push"] = said(pushed, repo, update)
        if not known and "name their own branch" in "".join(answers["push"]):
            del answers["push"]  # nothing says which of them is the protected one: refused, with the command to run
        if old != ZERO:
            told = {"pull_request": {"head": {"sha": new}}}
            answers["request"] = said(ci, world, told, new, GITHUB_BASE_REF=branch)
        world.show(repo, "refs/remotes/origin/", world.heads | {branch: new})
        told = {"before": old, "after": new}
        answers["ci"] = said(ci, world, told, new, GITHUB_REF=ref)
        if len(set(answers.values())) > 1:
            differ.append((branch, repo.git("log", "--oneline", "-3", new), answers))
    assert not differ, (policy, differ)


def told(ask: Any, *arguments: Any) -> frozenset[str]:
    """The codes of the errors, or the exit code; of refs what is said of each, but for what only a server says."""
    try:
        report = ask(*arguments).report
    except PlanfenceError as error:
        return frozenset({f"exit {int(error.code)}: {error.message}"})
    refs = {f"{each.code} {each.message}" for each in report.errors if each.code == "REF001"}
    codes = {each.code for each in report.errors} - {"REF001"}
    return frozenset(codes | {each for each in refs if "would make" not in each})


def several(world: World) -> list[tuple[str, str, str]]:
    """Return (full ref, old, new) of one push: branches that move, begin and go, and tags of both kinds."""
    one, found = world.random, []
    for branch in one.sample(("main", *BRANCHES), one.randint(1, 3)):
        old = world.heads.get(branch, ZERO)
        new = ZERO if old != ZERO and one.random() < 0.2 else world.ids[one.choice(world.commits).mark]
        found.append((f"refs/heads/{branch}", old, new))
    for name in one.sample(("v1", "v2", "main"), one.choice((0, 0, 1, 2))):
        tip = world.ids[one.choice(world.commits).mark]
        if one.random() < 0.5:
            text = f"object {tip}\ntype commit\ntag {name}\ntagger Ada <ada@example.org> 1 +0000\n\na tag\n"
            tip = world.repo.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=text.encode())
        found.append((f"refs/tags/{name}", ZERO, tip))
    return found


@pytest.mark.parametrize("seed", range(-(-PUSHES // IN_A_WORLD)))
def test_several_refs_in_one_push(repo: Any, seed: int) -> None:
    world, policy = worlds(repo, seed + 100_000)
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    differ = []
    for _ in range(IN_A_WORLD):
        updates = several(world)
        world.show(repo, "refs/remotes/origin/", world.heads)
        lines = "".join(f"{old} {new} {ref}\n" for ref, old, new in updates).encode()
        server = told(receive.receive, world.server.open(), lines)
        local = told(pushed, repo, *(push.PushedRef(ref, new, ref, old) for ref, old, new in updates))
        apart = [
            told(receive.receive, world.server.open(), f"{old} {new} {ref}\n".encode()) for ref, old, new in updates
        ]
        runs = []
        for ref, old, new in updates:
            branch, tip = ref.removeprefix("refs/heads/"), new
            if new == ZERO:
                continue  # no run of CI is about what is gone
            if ref.startswith("refs/tags/"):
                tip = repo.git("rev-parse", f"{new}^{{commit}}")
                world.show(repo, "refs/remotes/origin/", world.heads)
            else:
                world.show(repo, "refs/remotes/origin/", world.heads | {branch: new})
            runs.append(told(ci, world, {"before": old, "after": tip}, tip, ref))
        refs = {each for each in server if each.startswith("REF001")}
        if not any(each.startswith("exit") for each in server):
            if {local, frozenset().union(*apart)} != {server}:
                differ.append((updates, server, local, apart))
            if server - refs != frozenset().union(*runs):
                differ.append((updates, server, runs))
        elif not any(each.startswith("exit") for each in local):
            differ.append((updates, server, local))
    assert not differ, (policy, differ)
