"""The fast path on real git: when it is taken, what it loads, and that it never stands in a refusal's way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from support import generate, program

from planfence import tables
from planfence.env import LOCAL_GIT_VARIABLES, Environment
from planfence.gitio import paths
from planfence.hooks import fastjudge, full
from planfence.hooks import lightrepository as places
from planfence.setup.shims import _START as START

SOURCE = str(Path(places.__file__).resolve().parents[2])
#: Everything that the interpreter has not loaded anyway; nothing beyond our own that is not built in.
OWN = {"planfence", "planfence.prover", "planfence.tables", "planfence.ancestry", "gc", "sys", "_signal"} | {
    *(
        "planfence.hooks",
        *(f"planfence.hooks.{name}" for name in ("fastpath", "fastjudge", "fastmessage", "lightrepository")),
    ),
    *("planfence.files", "planfence.files.append", "planfence.gitio", "planfence.gitio.spawn"),
}


@pytest.fixture
def hooked(repo):
    """The planned repository with hooks as `install` writes them, and a task that was begun."""
    folder = repo.root / ".git" / "hooks"
    folder.mkdir(exist_ok=True)
    for name in ("pre-commit", "pre-merge-commit", "commit-msg", "post-commit"):
        hook = folder / name
        hook.write_text(f"#!/bin/sh\nexec {program.stand_in('python')} -I -S -c '{START}' '{SOURCE}' {name} \"$@\"\n")
        hook.chmod(0o755)
    repo.start("auth/middleware")
    return repo


def commit(repo, text: str, path: str = "tests/auth/test_a.py", *arguments: str, **extra: str) -> int:
    repo.write(path, text)
    repo.git("add", "-A")
    command = ["git", "commit", "-q", "-m", "feat: more", *arguments]
    return subprocess.run(
        command, cwd=repo.root, env=repo.variables | extra, capture_output=True, check=False
    ).returncode


def log(repo) -> list[dict[str, str]]:
    lines = (repo.root / ".ai-benchmark.csv").read_text().splitlines()
    return [dict(word.split("=", 1) for word in line.split(",")[1:]) for line in lines]


def loaded(repo, name: str, *arguments: str) -> set[str]:
    """Which modules a hook loads beyond those of a bare start."""

    def imports(*words: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-X", "importtime", "-c", *words],
            cwd=repo.root,
            env=repo.variables | {"GIT_INDEX_FILE": ".git/index"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "import time:" in line}

    return imports(START, SOURCE, name, *arguments) - imports("pass")


def test_a_clean_commit_loads_nothing_but_the_fast_path(hooked) -> None:
    assert commit(hooked, "one\n") == 0
    hooked.write("tests/auth/test_a.py", "two\n")
    hooked.git("add", "-A")
    assert loaded(hooked, "pre-commit") <= OWN
    hooked.write(".git/COMMIT_EDITMSG", "feat: more\n")
    assert loaded(hooked, "commit-msg", ".git/COMMIT_EDITMSG") <= OWN
    hooked.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-F", ".git/COMMIT_EDITMSG")
    assert loaded(hooked, "post-commit") <= OWN


def test_each_hook_leaves_its_line_and_the_trailers(hooked) -> None:
    for number in range(3):
        assert commit(hooked, f"{number}\n") == 0
    events = [(line["event"], line["result"], line["task"]) for line in log(hooked)]
    names = ("pre-commit", "commit-msg", "post-commit")
    assert events == [(name, "accepted", "auth/middleware") for name in names] * 3
    assert len({line["id"] for line in log(hooked)}) == 9
    assert log(hooked)[-1]["commit"] == hooked.git("rev-parse", "HEAD")
    said = hooked.git("log", "-1", "--format=%B").split("\n")
    assert said[:5] == ["feat: more", "", "Plan-Task: auth/middleware", "Plan-Stage: implement", "Plan-Model: human"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("docs/index.md", "x\n"),
        ("src/keys/a.py", "x\n"),
        ("TESTS/auth/x.py", "x\n"),
        ("planfence.toml", "schema = 1\n\n"),
    ],
)
def test_what_the_rules_refuse_is_refused_after_clean_commits(hooked, path: str, text: str) -> None:
    assert commit(hooked, "one\n") == 0
    assert commit(hooked, "two\n") == 0
    hooked.write("tests/auth/test_a.py", "three\n")
    assert commit(hooked, text, path) == 1
    assert log(hooked)[-1]["result"] == "refused"
    assert log(hooked)[-1]["rules"]


def test_a_cache_that_is_broken_is_a_miss(hooked) -> None:
    assert commit(hooked, "one\n") == 0
    (cached,) = (hooked.root / ".git/planfence/cache").glob("fast-*")
    cached.write_bytes(cached.read_bytes().replace(b"may ", b"may * **\nmay ", 1))
    assert commit(hooked, "x\n", "docs/index.md") == 1


def test_another_task_model_or_ledger_is_not_taken_for_the_same(hooked) -> None:
    assert commit(hooked, "one\n") == 0
    assert commit(hooked, "two\n", PLANFENCE_MODEL="codex") == 1
    assert commit(hooked, "two\n", PLANFENCE_TASK="auth/guide") == 1
    assert commit(hooked, "two\n") == 0


def test_a_bypassed_commit_that_changes_the_plan_is_not_followed(hooked) -> None:
    assert commit(hooked, "one\n") == 0
    plan = (hooked.root / "plans/auth.toml").read_text()
    narrower = plan.replace('{ path = "tests/auth/**" },', "").replace("version = 1", "version = 2")
    assert commit(hooked, narrower, "plans/auth.toml", "--no-verify") == 0
    assert commit(hooked, "two\n") == 1


def test_a_log_that_can_not_be_written_is_said_and_changes_nothing(hooked) -> None:
    assert commit(hooked, "one\n") == 0
    (hooked.root / ".ai-benchmark.csv").unlink()
    (hooked.root / ".ai-benchmark.csv").mkdir()
    assert commit(hooked, "two\n") == 0


def test_git_sees_the_same_environment_as_in_the_full_check() -> None:
    variables = dict.fromkeys((*LOCAL_GIT_VARIABLES, "GIT_AUTHOR_NAME", "GIT_TRACE", "HOME", "GIT_CONFIG_GLOBAL"), "x")
    full = Environment(variables).for_git()
    assert tables.for_git(variables) == full
    assert {name for name in variables if name.startswith("GIT_")} - set(full) == LOCAL_GIT_VARIABLES - set(
        tables.KEPT_GIT_VARIABLES | set(tables.READER_SETTINGS)
    ) | {"GIT_TRACE"}


def test_random_staged_changes_on_real_git(hooked) -> None:
    """In one repository, index after index: what the fast path accepts, the full check accepts."""
    assert commit(hooked, "one\n") == 0
    index = str(hooked.root / ".git/scratch-index")
    blob = hooked.git("hash-object", "-w", "--stdin", stdin=b"x\n")
    wanted = ("tests/auth/**", "src/keys/**", "src/auth.py", "src/user.py", "tests/auth/deep/x.py", "docs/**")
    standing = hooked.root / ".git/planfence/standing"
    kept = standing.read_bytes()
    accepted = 0
    for seed in range(int(os.environ.get("PLANFENCE_CASES", "40000")) // 1000):
        random = Random(seed)
        _, change = generate.tree_and_change(random, wanted[: random.choice((1, 1, 1, 6))])
        standing.write_bytes(kept)
        lines = [
            f"{file.new_mode:06o} {blob if file.new_mode else '0' * 40}\t".encode() + paths.encode(file.path) + b"\0"
            for file in change.files
            if file.new_mode != 0o160000
        ]
        hooked.git("read-tree", "HEAD", GIT_INDEX_FILE=index)
        hooked.git("update-index", "-z", "--index-info", stdin=b"".join(lines), ok=False, GIT_INDEX_FILE=index)
        variables = hooked.variables | {"GIT_INDEX_FILE": index}
        place = places.LightRepository(
            {os.fsencode(n): os.fsencode(v) for n, v in variables.items()}, os.fsencode(hooked.root)
        )
        try:
            fast = fastjudge.pre_commit(place, b"pre-commit", 0.0)
        except places.NotProven:
            continue
        if fast:
            accepted += 1
            outcome = full.pre_commit(hooked.open(GIT_INDEX_FILE=index)).outcome
            assert not outcome.report.findings, (seed, outcome.report.findings)
    assert accepted > 3
