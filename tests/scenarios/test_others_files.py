"""What comes from others, and what many do at once: limits, names, permissions, logs, attachments, edits."""

from __future__ import annotations

import hashlib
import json
import os
import random
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from support.gate import CLAUDE, CODEX, gated, work
from support.steps import lines_run

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.state import edit, write_atomically, write_new, write_output
from planfence.foreignjson import DEEPEST, NotJson, read_json
from planfence.ledger.intoto import Statement
from planfence.ledger.records import LARGEST_ATTACHMENT, new_id, now, write_entry
from planfence.ledger.refs import Ledger
from planfence.manifest.policy import Policy

TASK = "auth/middleware"
DRAW = random.Random(9)


def deep(levels: int) -> str:
    """Arrays and objects in each other, in an order drawn at random."""
    kinds = [DRAW.random() < 0.5 for _ in range(levels)]
    opened = "".join("[" if each else '{"answers":' for each in kinds)
    return opened + "1" + "".join("]" if each else "}" for each in reversed(kinds))


@pytest.mark.parametrize("levels", [DEEPEST + 1, 500, 999, 1000, 1500, 20_000, 200_000])
def test_deep_json_is_one_message(levels):
    with pytest.raises(PlanfenceError, match="nested more than") as caught:
        read_json(deep(levels), "the plan", "write another")
    assert not isinstance(caught.value, NotJson)


@pytest.mark.parametrize("levels", [1, 10, DEEPEST - 1])
def test_shallow_json_is_read(levels):
    text = deep(levels)
    assert read_json(text, "it", "") == json.loads(text)


@pytest.mark.parametrize("text", ["", "{", "NaN", "[1e999]", "[-Infinity]", '"\\ud800"', '{"\\udfff": 1}', "1" * 5000])
def test_what_is_no_json(text):
    with pytest.raises(NotJson, match="the review"):
        read_json(text, "the review", "")


def test_large_json_is_refused_unread():
    with pytest.raises(PlanfenceError, match="larger than 1 MB"):
        read_json(b" " * (1 << 21), "it", "", largest=1 << 20)


@pytest.mark.parametrize(
    "command",
    [
        ("review", TASK, "--json", "{file}"),
        ("split", "--plan", "{file}"),
        ("log", "collect", "{file}"),
        ("plan", "import", "--from", "taskmaster", "{file}"),
        ("verify",),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_deep_json_ends_every_command_with_2(repo, tmp_path, command):
    gated(repo)
    work(repo)
    repo.write("docs/index.md", "changed\n")
    repo.git("add", "-A")
    file = tmp_path / "deep.json"
    file.write_text('{"answers":' + "[" * 200_000 + "]" * 200_000 + "}")
    event = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(file)} if command == ("verify",) else {}
    done = repo.planfence(*(word.format(file=file) for word in command), **event)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "nested more than" in done.stderr


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "a = " + "{b=" * 50_000, "a." * 2_000 + "a = 1", "[" + "a." * 2_000 + "a]"]
)
def test_deep_toml_is_a_bad_policy(repo, text):
    repo.write("planfence.toml", f"schema = 1\n{text}\n")
    repo.commit("chore: deep")
    repo.write("docs/index.md", "x")
    repo.git("add", "-A")
    done = repo.planfence("check")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


BAD_NAMES = ["a\nb", "a b", "a\tb", "\x1b[2J", "a,b", "x" * 101, "a\u202eb", "a\rb", "a\u2028b", "\x7f"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_model_s_name_is_checked_where_it_is_given(repo, name):
    gated(repo)
    repo.planfence("start", TASK, **CODEX)
    work(repo)
    for command in (
        ("handover", TASK, "--to", name, "--why", "x"),
        ("rework", TASK, "--to", name, "--why", "x"),
        ("log", "add", f"model={name}", f"task={TASK}"),
        ("trial", "start", "--arms", name, "dual"),
    ):
        done = repo.planfence(*command, **CLAUDE)
        assert done.returncode == 2, (command, done.stdout, done.stderr)
        assert "not a model's name" in done.stderr
    done = repo.planfence("status", PLANFENCE_MODEL=name)
    if name.strip() == name:
        assert done.returncode == 2
    assert name.isprintable() or name not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["auth/a\nb", "auth/ a", "auth/\x1b[2J", "x" * 300])
def test_a_task_s_name_is_checked_where_it_is_given(repo, name):
    assert repo.planfence("log", "add", f"task={name}").returncode == 2
    done = repo.planfence("status", PLANFENCE_TASK=name)
    assert done.returncode == 2
    assert "not a task's name" in done.stderr


@pytest.mark.parametrize("mask", [0o077, 0o027, 0o022, 0o007])
def test_no_file_is_wider_than_the_umask(empty_repo, mask):
    repo = empty_repo
    line = f"umask {mask:04o}; {sys.executable} -m planfence init && {sys.executable} -m planfence plan new other"
    line += f" && {sys.executable} -m planfence log add task=a cost=1"
    before = {path: path.stat().st_mode for path in repo.root.rglob("*")}
    subprocess.run(["/bin/sh", "-c", line], cwd=repo.root, env=repo.variables, check=True, capture_output=True)
    made = [path for path in repo.root.rglob("*") if path not in before and not path.is_symlink()]
    assert any(path.name == "planfence.toml" for path in made)
    assert any(path.name == "pre-commit" for path in made)
    wide = {str(path): oct(path.stat().st_mode) for path in made if path.stat().st_mode & 0o777 & mask}
    assert wide == {}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_a_file_that_is_there_keeps_its_permissions(tmp_path, mode):
    file = tmp_path / "settings.json"
    file.write_text("{}")
    file.chmod(mode)
    write_atomically(file, b"new")
    assert stat.S_IMODE(file.stat().st_mode) == mode
    edit(file, lambda old: (old or b"") + b"er")
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert file.read_bytes() == b"newer"
    assert not write_new(file, b"other")
    assert file.read_bytes() == b"newer"


def test_a_result_goes_where_a_link_leads_and_into_what_is_no_file(tmp_path):
    file, link, pipe = tmp_path / "page.html", tmp_path / "link", tmp_path / "pipe"
    file.write_bytes(b"old")
    link.symlink_to(file.name)
    write_output(link, b"new")
    assert (link.readlink(), file.read_bytes()) == (Path("page.html"), b"new")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_output(pipe, b"piped")
    assert os.read(reader, 9) == b"piped"
    assert pipe.is_fifo()
    os.close(reader)
    with file.open("rb+") as held:
        write_output(Path(f"/dev/fd/{held.fileno()}"), b"er")
        assert held.read() == b"newer"  # the same file, not another in its place
    dangling = tmp_path / "dangling"
    dangling.symlink_to("later.html")
    write_output(dangling, b"made")
    assert (dangling.readlink(), (tmp_path / "later.html").read_bytes()) == (Path("later.html"), b"made")
    with pytest.raises(CouldNotCheck, match="could not be written"):
        write_output(tmp_path, b"a folder")


def test_an_edit_that_somebody_else_made_meanwhile_is_not_lost(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"a")
    seen = []

    def change(old: bytes | None) -> bytes:
        seen.append(old)
        if len(seen) == 1:
            file.write_bytes(b"theirs")
        return (old or b"") + b"+ours"

    assert edit(file, change)
    assert (seen, file.read_bytes()) == ([b"a", b"theirs"], b"theirs+ours")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


EDITS = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from planfence.files.state import edit
for _ in range(20):
    edit(Path({file!r}), lambda old: (old or b"") + b"x")
"""


def test_many_edits_at_once_all_stand(tmp_path):
    file = tmp_path / "file"
    code = EDITS.format(path=sys.path, file=str(file))
    runs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [run.wait(120) for run in runs] == [0] * 4
    assert file.read_bytes() == b"x" * 80


def test_six_inits_at_once(empty_repo):
    repo = empty_repo
    repo.write(".gitignore", "mine\n")
    command = [sys.executable, "-m", "planfence", "init"]
    runs = [
        subprocess.Popen(command, cwd=repo.root, env=repo.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    said = [run.communicate(timeout=300) for run in runs]
    assert [run.returncode for run in runs] == [0] * 6, said
    text = (repo.root / ".gitignore").read_text()
    assert text.startswith("mine\n")
    assert text.count("/.ai-run.log*") == 1


@pytest.mark.parametrize("key", ["log", "run_log"])
def test_a_policy_names_no_tracked_file_as_its_log(repo, key):
    repo.planfence("start", "auth/guide")
    repo.write("planfence.toml", f'schema = 1\n{key} = "README.md"\n')
    repo.git("add", "-A")
    done = repo.planfence("check")
    assert done.returncode in (1, 2)
    assert "README.md" in done.stdout + done.stderr
    assert "tracked" in done.stdout + done.stderr
    repo.commit("chore: policy", "--no-verify")
    was = (repo.root / "README.md").read_bytes()
    for command in (
        ("check",),
        ("log", "add", "task=a", "cost=1"),
        ("finish", "--leave"),
        ("start", "auth/guide"),
        ("test",),
    ):
        repo.planfence(*command)
    assert (repo.root / "README.md").read_bytes() == was


@pytest.mark.parametrize("name", ["planfence.toml", "plans", "plans/auth.toml", "Plans/x", "a/.git/x", ".GIT"])
@pytest.mark.parametrize("key", ["log", "run_log"])
def test_a_policy_names_nothing_that_governs_as_its_log(repo, key, name):
    repo.write("planfence.toml", f'schema = 1\n{key} = "{name}"\n')
    repo.commit("chore: policy")
    repo.write("docs/index.md", "x")
    repo.git("add", "-A")
    done = repo.planfence("check")
    assert done.returncode == 2
    assert "planfence.toml:2:" in done.stderr


def test_a_log_that_becomes_tracked_is_not_written_to_by_the_hooks(repo):
    assert repo.install().returncode == 0
    repo.start("auth/guide")
    for number in range(3):
        repo.write("docs/index.md", f"{number}\n")
        repo.git("add", "docs")
        repo.git("commit", "-qm", "docs: x")
    log = repo.root / ".ai-benchmark.csv"
    assert log.exists()
    repo.git("add", "-f", ".ai-benchmark.csv")
    repo.git("commit", "-qm", "docs: the log", "--no-verify")
    repo.planfence("check")
    for number in range(3):
        repo.write("docs/index.md", f"again {number}\n")
        repo.git("add", "docs")
        repo.planfence("check")
    was = log.read_bytes()
    repo.write("docs/index.md", "once more\n")
    repo.git("add", "docs")
    repo.planfence("check")
    assert log.read_bytes() == was


def test_a_large_attachment_is_cut_and_says_so(repo):
    whole = b"".join(b"%d\n" % n for n in range(3_000_000))
    opened = repo.open()
    stated = Statement("urn:test", {"id": new_id(), "at": now()}, {"gitTree": "1" * 40})
    commit = write_entry(opened, Policy(), stated, {"output.txt": whole, "prompt.md": b"small"})
    kept = Ledger(opened).kept(commit).files
    assert kept["prompt.md"] == b"small"
    assert len(kept["output.txt"]) <= LARGEST_ATTACHMENT
    assert hashlib.sha256(whole).hexdigest().encode() in kept["output.txt"]
    assert b"bytes cut here" in kept["output.txt"]
    assert kept["output.txt"].startswith(whole[:1000])
    assert kept["output.txt"].endswith(whole[-1000:])


HEAD = """schema = 1
id = "big"
version = 1
goal = "g"
out_of_scope = ["x"]
risks = [{ risk = "r", mitigation = "m" }]
rollback = "b"
[themes.a]
paths = ["src/**"]
types = ["feat"]
[roles]
plan = "claude"
"""
SHAPES = {
    "apart": ('{{ path = "src/d{n}/a.py", change = "add" }}', False),
    "one folder": ('{{ path = "src/d/a{n}.py", change = "add" }}, {{ path = "src/d/b{n}/*.py" }}', False),
    "one file": ('{{ path = "src/d/a.py", change = "modify" }}', False),
    "one file, in turn": ('{{ path = "src/d/a.py", change = "modify" }}', True),
    "alike": ('{{ path = "src/**/a{n}.py" }}', False),
    "unknown": ('{{ path = "src/e{n}.py", change = "modify" }}', False),
}


def plan_of(count: int, shape: str) -> bytes:
    files, chained = SHAPES[shape]
    tasks = (
        f'[[tasks]]\nid = "t{n}"\ntitle = "t"\ntheme = "a"\nestimate_min = 40\nfiles = [{files.format(n=n)}]\n'
        'acceptance = [{ id = "A1", text = "x", review = true }]\n'
        + (f'depends_on = ["t{n - 1}"]\n' if chained and n else "")
        for n in range(count)
    )
    return (HEAD + "".join(tasks)).encode()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_lint_of_a_plan_takes_as_long_as_the_plan_is(shape):
    from planfence.plan.plans import lint_plan
    from planfence.rules.lint.base import RepositoryPaths

    tree = RepositoryPaths.of(frozenset(f"src/x{n % 100}/f{n}.py" for n in range(2000)))
    lint_plan(plan_of(1, shape), "plans/big.toml", Policy(), tree)  # its modules are loaded once
    taken = [
        lines_run(partial(lint_plan, plan_of(count, shape), "plans/big.toml", Policy(), tree))
        for count in (75, 150, 300)
    ]
    first, second = taken[1] - taken[0], taken[2] - taken[1]
    assert second <= 2.6 * first, taken


def test_every_pair_of_tasks_that_overlaps_is_still_found():
    from planfence.plan.plans import lint_plan

    for count in range(2, 9):
        found = lint_plan(plan_of(count, "one file"), "plans/big.toml", Policy())
        assert sum(each.code == "LNT012" for each in found) == count * (count - 1) // 2
        found = lint_plan(plan_of(count, "one file, in turn"), "plans/big.toml", Policy())
        assert "LNT012" not in {each.code for each in found}
