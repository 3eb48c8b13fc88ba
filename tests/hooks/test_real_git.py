"""The fast path against the full check on real git: random plans, trees and changes, thousands of them.

Each plan and policy is a commit of one repository; each change is an index that the fast path judges as a hook would,
and a commit on top that the full check judges from git's objects. `PLANFENCE_CASES=100000` tries more than the default.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path
from random import Random

import pytest
from support import generate

from planfence.errors import PlanfenceError
from planfence.gitio import paths
from planfence.gitio.objects import Objects
from planfence.hooks import compiledplan, fastjudge, full
from planfence.hooks import lightrepository as places
from planfence.judge import check
from planfence.judge.sources import Sources
from planfence.manifest.plan import Plan
from planfence.manifest.planfile import parse_plan
from planfence.manifest.policy import Policy
from planfence.records import replace

CASES = int(os.environ.get("PLANFENCE_CASES", "1200"))
PLANS = 12
#: Of what is not accepted, so much is judged (a fourth), to show that the test draws what rules refuse.
SHARE = 4
TASK = "auth/middleware"
TRAILERS = f"change it\n\nPlan-Task: {TASK}\nPlan-Stage: implement\nPlan-Model: human\n".encode()
FILE, PROGRAM, LINK, MODULE = 0o100644, 0o100755, 0o120000, 0o160000

#: A tree: each path's mode and blob.
Tree = dict[bytes, tuple[int, str]]


def plan_text(plan: Plan) -> str:
    """The plan as a file, under the name and the task that the ledger knows."""
    task = plan.tasks[0]
    lines = ["schema = 1", 'id = "auth"', "version = 1", 'goal = "g"', 'out_of_scope = ["x"]', 'rollback = "r"']
    lines.append('risks = [{ risk = "r", mitigation = "m" }]')
    for theme in plan.themes.values():
        lines += [f"[themes.{theme.name}]", f"paths = {json.dumps(theme.paths)}", f"types = {json.dumps(theme.types)}"]
    lines += ["[roles]", 'implement = "human"', "[[tasks]]", 'id = "middleware"', 'title = "t"', "estimate_min = 45"]
    lines += [f"theme = {json.dumps(task.theme)}", f"deny = {json.dumps(task.deny)}", "files = ["]
    for entry in task.files:
        change = f', change = "{entry.change}"' if entry.change else ""
        lines.append(f"  {{ path = {json.dumps(entry.path)}{change} }},")
    return "\n".join([*lines, "]", 'acceptance = [{ id = "A1", text = "a", review = true }]', ""])


def policy_text(policy: Policy) -> str:
    lines = ["schema = 1", f"protected = {json.dumps(policy.protected)}", "[rules]"]
    lines += [f"{code} = {json.dumps(str(severity))}" for code, severity in policy.rules.items()]
    lines += ["[limits]", *([f"files = {policy.limits.files}"] if policy.limits.files else [])]
    lines += ["[unplanned]", f"files = {policy.unplanned.files}"]
    return "\n".join([*lines, ""])


def governed(random: Random) -> tuple[str, str, Plan]:
    """A policy and a plan that can be written down, and that the fast path knows; most leave room for some change."""
    while True:
        policy, plan = generate.policy(random), generate.plan(random)
        task = plan.tasks[0]
        if random.random() < 0.8:
            own = plan.themes["own"]
            wide = replace(own, paths=tuple(dict.fromkeys((*own.paths, *(entry.path for entry in task.files)))))
            task = replace(task, theme="own", deny=task.deny if random.random() < 0.3 else ())
            plan = replace(plan, tasks=(task,), themes=plan.themes | {"own": wide})
        text = plan_text(plan)
        try:
            parse_plan(text.encode(), "plans/auth.toml")
        except (PlanfenceError, UnicodeError):
            continue
        if compiledplan.compile_plan(policy, plan, task) is not None:
            return policy_text(policy), text, plan


def put(tree: Tree, path: bytes, mode: int, blob: str) -> None:
    """Write an entry as git would: what stands in its way is gone."""
    for other in [each for each in tree if each.startswith(path + b"/") or path.startswith(each + b"/")]:
        del tree[other]
    tree[path] = (mode, blob)


def base_tree(random: Random, plan: Plan, blob: str) -> Tree:
    tree: Tree = {}
    wanted = [entry.path for entry in plan.tasks[0].files] * 3
    for path in [*(generate._instance(random, each) for each in wanted), *(generate.path(random, 0) for _ in range(5))]:
        if usable(path) and path != "planfence.toml" and not path.startswith(("plans", "planfence.toml/")):
            put(tree, path.encode(), random.choice((FILE, PROGRAM)), blob)
    return tree


def usable(path: str) -> bool:
    """Whether git itself would have it in a tree."""
    parts = path.split("/")
    return all(parts) and "\0" not in path and not any(part.lower() in (".git", ".", "..", "git~1") for part in parts)


def change(random: Random, base: Tree, plan: Plan, blobs: tuple[str, ...]) -> Tree:
    """The tree after a few random deeds; most are such that the plan might allow them."""
    tree = dict(base)
    free = tuple(entry.path for entry in plan.tasks[0].files if entry.change is None)
    if free and random.random() < 0.6:
        for _ in range(random.randint(1, 2)):
            known = [path for path in sorted(tree) if paths.matches(free, path.decode())]
            path = generate._instance(random, random.choice(free)).encode()
            if known and random.random() < 0.7:
                tree[random.choice(known)] = (FILE, random.choice(blobs[1:]))
            elif usable(path.decode()):
                put(tree, path, FILE, blobs[1])
        return tree
    odd = random.choice((0.0, 0.0, 0.0, 0.15, 0.5))
    wanted = [entry.path for entry in plan.tasks[0].files]
    for _ in range(random.randint(1, 4)):
        deed = random.random()
        if deed < 0.5 and tree:
            path = random.choice(sorted(tree))
            mode = random.choice((FILE, FILE, PROGRAM, *((LINK, MODULE) if odd else ())))
            if random.random() < 0.25:
                del tree[path]
            else:
                tree[path] = (mode, random.choice(blobs))
            continue
        path = generate._instance(random, random.choice(wanted)) if deed < 0.85 else generate.path(random, odd)
        if odd and random.random() < odd:
            path = random.choice((path.upper(), path.title(), f"{path}/x", f"./{path}".removeprefix("./") + "."))
        if usable(path):
            put(tree, paths.encode(path), random.choice((FILE, FILE, FILE, PROGRAM)), random.choice(blobs))
    return tree


def index_file(tree: Tree) -> bytes:
    """An index of these entries, as gitformat-index(5) has version 2."""
    data = b"DIRC" + struct.pack(">2I", 2, len(tree))
    for path in sorted(tree):
        mode, blob = tree[path]
        entry = struct.pack(">10I", 0, 0, 0, 0, 0, 0, mode, 0, 0, 0) + bytes.fromhex(blob)
        entry += struct.pack(">H", min(len(path), 0xFFF)) + path
        data += entry + b"\0" * (8 - len(entry) % 8)
    return data + hashlib.sha1(data).digest()


def quoted(path: bytes) -> bytes:
    """As fast-import reads a path."""
    return b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"'


def commit(mark: int, parent: str, base: Tree, tree: Tree, message: bytes) -> bytes:
    lines = [b"commit refs/cases/%d" % mark, b"mark :%d" % mark, b"committer A <a@b> 1700000000 +0000"]
    lines += [b"data %d\n%s" % (len(message), message), b"from %s" % parent.encode()]
    lines += [b"D %s" % quoted(path) for path in base if path not in tree]
    for path in sorted(tree):
        if base.get(path) != tree[path]:
            lines.append(b"M %06o %s %s" % (tree[path][0], tree[path][1].encode(), quoted(path)))
    return b"\n".join([*lines, b"", b""])


class Bench:
    """One repository, deaf to the machine, in which indexes and commits are made without a worktree."""

    def __init__(self, repo) -> None:
        self.repo = repo
        self.index = repo.root / ".git/case-index"
        self.extra = {"GIT_INDEX_FILE": str(self.index), "GIT_EDITOR": ":"}
        variables = repo.variables | self.extra
        self.environment = {os.fsencode(name): os.fsencode(value) for name, value in variables.items()}
        self.blobs = tuple(repo.git("hash-object", "-w", "--stdin", stdin=text) for text in (b"x\n", b"y\n", b"../z"))
        repo.start(TASK)
        (repo.root / ".ai-benchmark.csv").touch()  # the full way begins a log, and keeps it from git

    def found(self, random: Random) -> tuple[str, Tree, Plan]:
        """Commit a policy, a plan and a tree as the branch's new beginning, and let the full check note what stands."""
        policy, text, plan = governed(random)
        tree = base_tree(random, plan, self.blobs[0])
        for path, content in (("planfence.toml", policy), ("plans/auth.toml", text)):
            blob = self.repo.git("hash-object", "-w", "--stdin", stdin=content.encode())
            put(tree, path.encode(), FILE, blob)
        data = commit(1, self.repo.git("rev-parse", "main"), {}, tree, b"chore: begin\n")
        data = data.replace(b"refs/cases/1", b"refs/heads/work").replace(b"\nM ", b"\ndeleteall\nM ", 1)
        self.repo.git("fast-import", "--quiet", "--force", stdin=data)
        self.repo.git("symbolic-ref", "HEAD", "refs/heads/work")
        head = self.repo.git("rev-parse", "HEAD")
        self.note(head)
        return head, tree, plan

    def note(self, head: str) -> None:
        """What the full check would write down here, once it has found a change clean."""
        repository = self.repo.open()
        with Objects(repository.git) as objects:
            sources = Sources(objects)
            governing = sources.before_judging(head)
            cache = compiledplan.store(repository, governing, sources.plan(governing, "auth"), TASK)
        place = self.place()
        words = [places.refs_mark(place), places.ledger_mark(place), head.encode(), cache.encode() or b"none"]
        places.CheckedHead([*words, b"human", TASK.encode(), b"implement", b"0", b"lasting"]).write(place)

    def place(self) -> places.LightRepository:
        return places.LightRepository(self.environment, os.fsencode(self.repo.root))

    def accepts(self, tree: Tree) -> bool:
        self.index.write_bytes(index_file(tree))
        try:
            return fastjudge.pre_commit(self.place(), b"pre-commit", 0.0)
        except (places.NotProven, FileNotFoundError):
            return False


@pytest.fixture
def bench(repo) -> Bench:
    (Path(repo.root) / ".git/planfence").mkdir(exist_ok=True)
    return Bench(repo)


def test_what_the_fast_path_accepts_no_rule_refuses_on_real_git(bench: Bench) -> None:
    taken: dict[str, int] = {}
    refused = in_hooks = 0
    for number in range(PLANS):
        head, base, plan = bench.found(Random(f"plan {number}"))
        stream, accepted = [], set()
        for case in range(CASES // PLANS):
            random = Random(f"{number} {case}")
            tree = change(random, base, plan, bench.blobs)
            if tree == base:
                continue
            stream.append(commit(case + 1, head, base, tree, TRAILERS))
            if bench.accepts(tree):
                accepted.add(case + 1)
                if len(accepted) == 1:  # the very hook; the others are judged as commits, many at once
                    in_hooks += 1
                    outcome = full.pre_commit(bench.repo.open(**bench.extra)).outcome
                    assert not outcome.report.findings, (number, case, outcome.report.findings)
                    bench.note(head)
        marks = bench.repo.root / ".git/marks"
        bench.repo.git("fast-import", "--quiet", f"--export-marks={marks}", "--force", stdin=b"".join(stream))
        commits = {name: int(mark[1:]) for mark, name in map(str.split, marks.read_text().splitlines())}
        judged = [name for name, case in commits.items() if case in accepted or case % SHARE == 0]
        outcome = check.judge_commits(bench.repo.open(), judged, walk=False)
        wrong = [each for each in outcome.report.findings if commits.get(each.change) in accepted]
        assert not wrong, (number, commits[wrong[0].change], wrong)
        assert len(outcome.report.judged) == len(judged)
        taken[head] = len(accepted)
        refused += len({each.change for each in outcome.report.errors})
    assert sum(taken.values()) > CASES // 10, f"the test tries too little that is accepted: {taken}"
    assert sum(count > 0 for count in taken.values()) > PLANS // 2, taken
    assert refused > CASES // 5 // SHARE, "the test tries too little that is refused"
    assert in_hooks > PLANS // 2
