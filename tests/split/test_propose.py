"""The split on real repositories: exact on every edge, all or nothing, whatever is in place."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from planfence.change.hunks import Atom
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio.objects import Objects
from planfence.split import propose as use
from planfence.split.grouping import Group, SplitPlan
from planfence.split.planfile import from_json, to_json
from planfence.split.subject import subject_of

OLD = "def f():\n    return  1\n\n\ndef g():\n    return 2\n"
NEW = "def f():\n    return 1\n\n\ndef g():\n    x = 1\n    y = 2\n    return 3\n"


@pytest.fixture
def reading():
    """Object readers that are closed with the test."""
    with ExitStack() as stack:
        yield lambda repository: stack.enter_context(Objects(repository.git))


@pytest.fixture
def mixed(empty_repo):
    """A repository with a staged change to code, dependencies and documentation, and unstaged work on top."""
    repo = empty_repo
    repo.commit("chore: begin", **{"a.py": OLD, "package.json": '{"a": 1}\n', "docs/x.md": "hi\n"})
    for path, text in {"a.py": NEW, "package.json": '{"a": 2}\n', "docs/x.md": "ho\n"}.items():
        repo.write(path, text)
    repo.git("add", "-A")
    repo.write("docs/x.md", "unstaged\n")
    repo.write("untracked.txt", "u\n")
    return repo


def state(repo) -> dict[str, object]:
    """Everything that a split must leave as it was."""
    index = Path(repo.git("rev-parse", "--path-format=absolute", "--git-path", "index"))
    files = {
        p.relative_to(repo.root): p.read_bytes() for p in repo.root.rglob("*") if p.is_file() and ".git" not in p.parts
    }
    return {"index": index.read_bytes(), "files": files, "config": repo.git("config", "--list")}


def test_a_dry_run_changes_nothing(mixed) -> None:
    before, refs = state(mixed), mixed.git("show-ref", "--head")
    done = mixed.planfence("split")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line[:1].isdigit()] == [
        "1. build: update package.json",
        "2. feat: change a.py",
        "3. docs: update x.md",
    ]
    assert "planfence split --apply" in done.stdout
    assert (state(mixed), mixed.git("show-ref", "--head")) == (before, refs)


def test_apply_makes_the_commits_and_leaves_index_and_worktree_alone(mixed) -> None:
    before, tree = state(mixed), mixed.git("write-tree")
    before["index"] = state(mixed)["index"]
    done = mixed.planfence("split", "--apply", "-m", "fix: g gives 3")
    assert done.returncode == 0, done.stderr
    assert mixed.git("log", "--format=%s").splitlines() == [
        "docs: update x.md",
        "fix: g gives 3",
        "build: update package.json",
        "chore: begin",
    ]
    assert mixed.git("rev-parse", "HEAD^{tree}") == tree
    assert state(mixed) == before
    assert mixed.git("status", "--short").splitlines() == [" M docs/x.md", "?? untracked.txt"]
    assert not list((mixed.root / ".git" / "planfence").glob("split-*"))


def test_what_is_staged_is_split_though_a_file_looks_like_it(empty_repo) -> None:
    repo = empty_repo
    repo.git("config", "core.trustctime", "false")
    repo.git("config", "core.checkStat", "minimal")
    repo.write("src/a.py", "x\n\n\n\n\n\n\nw\n")
    repo.write("docs/d.md", "doc\n")
    repo.commit("chore: begin")
    repo.write("src/a.py", "x\n1\n\n\n\n\n\nv\n")
    repo.write("docs/d.md", "doc\nmore\n")
    place = repo.root / "src/a.py"
    os.utime(place, (1_577_836_800, 1_577_836_800))
    repo.git("add", "-A")
    tree = repo.git("write-tree")
    place.write_text("xy1234567v\n")  # as long, and as old
    os.utime(place, (1_577_836_800, 1_577_836_800))
    assert repo.git("status", "--short").splitlines() == ["M  docs/d.md", "M  src/a.py"]
    done = repo.planfence("split", "--apply")
    assert done.returncode == 0, done.stderr
    assert repo.git("rev-parse", "HEAD^{tree}") == tree
    assert place.read_text() == "xy1234567v\n"


def test_an_edited_plan_is_followed(mixed) -> None:
    plan = json.loads(mixed.planfence("split", "--json").stdout)
    hunk = next(i for i, u in plan["units"].items() if u["path"] == "a.py" and u["kind"] == "behaviour")
    rest = [i for i in plan["units"] if i != hunk]
    plan["cuts"] = [{"unit": hunk, "old": 0, "new": 1}]
    plan["groups"] = [
        {"message": "feat: rest and more", "units": [f"{hunk}.2", *rest]},
        {"message": "feat: first line", "units": [f"{hunk}.1"]},
    ]
    done = mixed.planfence("split", "--plan", "-", "--apply", stdin=json.dumps(plan).encode())
    assert done.returncode == 0, done.stderr
    assert mixed.git("show", "HEAD~1:a.py") + "\n" == NEW.replace("    x = 1\n", "")
    assert mixed.git("show", "HEAD:a.py") + "\n" == NEW


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda p: p["groups"][0]["units"].clear(), "is in no group"),
        (lambda p: p["groups"][0]["units"].extend(p["groups"][1]["units"]), "is in 2 groups"),
        (lambda p: p["groups"][0]["units"].append("nope"), "not a unit of this change"),
        (lambda p: p.update(tree="1" * 40), "for another change"),
        (lambda p: p.update(schema=9), "schema"),
        (lambda p: p["groups"][0].update(message=" "), "empty"),
        (lambda p: p.update(cuts=[{"unit": "nope", "old": 0, "new": 1}]), "not a hunk"),
        (lambda p: p.update(cuts=[{"unit": next(iter(p["units"])), "old": 9, "new": 9}]), "outside"),
        (lambda p: p.pop("groups"), "groups"),
    ],
)
def test_a_wrong_plan_is_refused(mixed, edit, words: str) -> None:
    plan = json.loads(mixed.planfence("split", "--json").stdout)
    edit(plan)
    done = mixed.planfence("split", "--plan", "-", "--apply", stdin=json.dumps(plan).encode())
    assert done.returncode == 2
    assert words in done.stderr
    assert mixed.git("rev-list", "--count", "HEAD") == "1"


def test_ids_survive_another_change_elsewhere(mixed) -> None:
    first = json.loads(mixed.planfence("split", "--json").stdout)["units"]
    mixed.write("docs/x.md", "other\n")
    mixed.git("add", "docs/x.md")
    second = json.loads(mixed.planfence("split", "--json").stdout)["units"]
    assert len(set(first) & set(second)) == len(first) - 1


def test_exec_runs_on_every_commit_and_a_failure_changes_nothing(mixed) -> None:
    done = mixed.planfence("split", "--apply", "--exec", "grep -q 'return 3' a.py")
    assert done.returncode == 1
    assert "failed (1)" in done.stderr
    assert mixed.git("rev-list", "--count", "HEAD") == "1"
    done = mixed.planfence("split", "--apply", "--exec", "test -f a.py && test ! -e untracked.txt && test ! -e .git")
    assert done.returncode == 0, done.stderr
    assert mixed.git("rev-list", "--count", "HEAD") == "4"


def test_the_last_commit_is_split_with_its_author_and_message(mixed) -> None:
    who = {"GIT_AUTHOR_NAME": "Grace", "GIT_AUTHOR_EMAIL": "g@h", "GIT_AUTHOR_DATE": "2020-02-02T02:02:02+0200"}
    mixed.git("commit", "-qm", "feat: everything\n\nIn one.", **who)
    tree, before = mixed.git("rev-parse", "HEAD^{tree}"), state(mixed)
    done = mixed.planfence("split", "--commit", "HEAD", "--apply")
    assert done.returncode == 0, done.stderr
    assert mixed.git("rev-parse", "HEAD^{tree}") == tree
    assert state(mixed) == before
    assert mixed.git("log", "--format=%an %ad %s", "--date=iso-strict").splitlines()[1] == (
        "Grace 2020-02-02T02:02:02+02:00 feat: everything"
    )
    assert mixed.planfence("split", "--commit", "HEAD~2").returncode == 2


def test_nothing_staged_a_merge_and_an_unborn_branch(empty_repo) -> None:
    assert "nothing is staged" in empty_repo.planfence("split").stderr
    empty_repo.write("a.py", "x = 1\n")
    empty_repo.write("README.md", "x\n")
    empty_repo.git("add", "-A")
    done = empty_repo.planfence("split", "--apply")
    assert done.returncode == 0, done.stderr
    assert empty_repo.git("rev-list", "--count", "HEAD") == "2"
    assert empty_repo.git("status", "--short") == ""
    empty_repo.git("checkout", "-q", "-b", "side", "HEAD~1")
    empty_repo.commit("feat: side", b="b\n")
    empty_repo.git("merge", "-q", "--no-commit", "main")
    assert "half done" in empty_repo.planfence("split").stderr


EDGES = {
    "no newline at the end": (b"a\nb\nc", b"x\nb\nc\nd"),
    "newline gained": (b"a\nb\nc", b"x\nb\nc\n"),
    "newline lost": (b"a\nb\nc\n", b"x\nb\nc"),
    "crlf": (b"a\r\nb\r\nc\r\n", b"x\r\nb\r\ny\r\n"),
    "crlf to lf": (b"a\r\nb\r\nc\r\nd\r\n", b"a\nb\r\nc\nd\r\n"),
    "lone cr": (b"a\rb\rc\nd\ne\n", b"a\rB\rc\nd\nE\n"),
    "not utf-8": (b"\xff\nb\n\xfe\n", b"\xfd\nb\n\xfc\n"),
    "only a cr at the end": (b"a\nb\nc\r", b"x\nb\nc"),
    "emptied": (b"a\nb\n", b""),
    "filled": (b"", b"a\nb\n"),
    "looks like a patch": (b"--- a/x\n+++ b/x\nq\n@@ -1 +1 @@\n", b"--- b/x\n+++ b/x\nq\n@@ -2 +2 @@\n"),
    "diff --git": (b"diff --git a b\nq\nx\n", b"diff --git c d\nq\ny\n"),
    "many": (b"".join(b"%d\n" % n for n in range(60)), b"".join(b"%d\n" % (n if n % 3 else -n) for n in range(60))),
}
NAMES = [
    b"a.py",
    b"sp ace.js",
    b'q"uote.txt',
    b"t\tab.md",
    b"new\nline.c",
    b"\xff\xfe.go",
    "ü.rs".encode(),
    b"-dash",
    b":x",
]


def repository_with_edges(repo, rng: random.Random) -> None:
    """Stage every kind of change that git knows, at names that must be quoted."""
    root = os.fsencode(repo.root)

    def put(name: bytes, data: bytes) -> None:
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    names = {label: rng.choice(NAMES) for label in EDGES}
    for label, (old, _) in EDGES.items():
        put(label.encode() + b"/" + names[label], old)
    body = b"".join(b"line %d of a file that moves\n" % n for n in range(30))
    for name in (
        b"moved",
        b"moved-edited",
        b"moved-mode",
        b"gone",
        b"mode",
        b"to-link",
        b"to-folder",
        b"folder/in",
        b"mode-edited",
    ):
        put(name, body + name)
    put(b"binary", b"\0\1\2")
    put(b"empty-gone", b"")
    os.symlink(b"gone", os.path.join(root, b"link"))
    os.symlink(b"gone", os.path.join(root, b"from-link"))
    repo.git("add", "-A")
    repo.git("commit", "-qm", "chore: begin")
    for label, (_, new) in EDGES.items():
        put(label.encode() + b"/" + names[label], new)
    (repo.root / "else").mkdir()
    repo.git("mv", "moved", "else/where")
    repo.git("mv", "moved-edited", "other")
    put(b"other", body.replace(b"line 3 ", b"row 3 ").replace(b"line 25 ", b"row 25 ") + b"moved-edited")
    repo.git("mv", "moved-mode", "script")
    for name in ("script", "mode", "mode-edited"):
        (repo.root / name).chmod(0o755)
    put(b"mode-edited", body.replace(b"line 9 ", b"row 9 "))
    for name in ("gone", "to-link", "to-folder", "folder/in", "empty-gone", "link", "from-link"):
        (repo.root / name).unlink()
    (repo.root / "folder").rmdir()
    os.symlink("mode", repo.root / "to-link")
    os.symlink("elsewhere", repo.root / "link")
    put(b"from-link", b"a file now\n")
    put(b"to-folder/inner", b"x\n")
    put(b"folder", b"a file now\n")
    put(b"binary", b"\0\3")
    put(b"new-empty", b"")
    put(b"new", b"x\ny")
    put(b"new-binary", b"\0")
    repo.git("add", "-A")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * len(repo.git('rev-parse', 'HEAD'))},module")


def shuffled(judged, rng: random.Random) -> tuple[Group, ...]:
    """Every unit into one of four groups by chance, but for what can't be committed apart."""
    from planfence.split.grouping import knots

    units = [one.unit for one in judged]
    home = {unit.id: rng.randrange(4) for unit in units}
    for knot in knots([unit.path for unit in units], [unit.file.old_path for unit in units]):
        for index in knot:
            home[units[index].id] = home[units[knot[0]].id]
    groups = []
    for number in range(4):
        own = [unit.id for unit in units if home[unit.id] == number]
        if own:
            rng.shuffle(own)
            groups.append(Group(tuple(own), f"chore: part {number}"))
    return tuple(groups)


def expected_files(judged, groups, base: dict[bytes, tuple[str, bytes]], final: dict[bytes, tuple[str, bytes]]):
    """An oracle that applies units to a dictionary of files, line by line, sharing no code with the product."""
    units = {one.unit.id: one.unit for one in judged}
    chosen: set[str] = set()
    for group in groups:
        chosen |= set(group.units)
        files = dict(base)
        by_path: dict[str, list] = {}
        for unit in units.values():
            by_path.setdefault(unit.path, []).append(unit)
        for path, own in by_path.items():
            old_name, name = os.fsencode(own[0].file.old_path), os.fsencode(path)
            picked = [unit for unit in own if unit.id in chosen]
            atoms = {unit.atom for unit in picked}
            if Atom.WHOLE in atoms:
                files.pop(name, None)
                if name in final:
                    files[name] = final[name]
                continue
            if not picked or own[0].atom is Atom.WHOLE:
                continue
            mode, data = base[old_name]
            lines = data.split(b"\n")
            kept = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
            for unit in sorted((u for u in picked if u.hunk), key=lambda u: -u.hunk.old_start):
                start = unit.hunk.old_start
                assert tuple(kept[start : start + len(unit.hunk.old)]) == unit.hunk.old
                kept[start : start + len(unit.hunk.old)] = unit.hunk.new
            del files[old_name]
            files[name if Atom.RENAME in atoms else old_name] = (
                final[name][0] if Atom.MODE in atoms else mode,
                b"".join(kept),
            )
        yield files


def read_tree(repo, tree: str) -> dict[bytes, tuple[str, bytes]]:
    raw = subprocess.run(
        ["git", "ls-tree", "-r", "-z", tree], cwd=repo.root, env=repo.variables, capture_output=True, check=True
    ).stdout
    files = {}
    for record in raw.split(b"\0")[:-1]:
        head, _, path = record.partition(b"\t")
        mode, kind, name = head.decode().split(" ")
        data = (
            b""
            if kind == "commit"
            else subprocess.run(
                ["git", "cat-file", "blob", name], cwd=repo.root, env=repo.variables, capture_output=True, check=True
            ).stdout
        )
        files[path] = (mode, data)
    return files


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_every_intermediate_tree_is_exact_on_all_edges(
    empty_repo, reading, tmp_path, seed: int, object_format: str
) -> None:
    repo, rng = empty_repo, random.Random(seed)
    if object_format == "sha256":
        shutil.rmtree(repo.root / ".git")
        repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    repository_with_edges(repo, rng)
    repository = repo.open()
    objects = reading(repository)
    subject = subject_of(repository, objects, None)
    judged = use.analyse(objects, subject)
    groups = shuffled(judged, rng)
    plan = from_json(to_json(SplitPlan(subject.base, subject.tree, groups), judged))
    proposal = use.take_plan(objects, subject, plan)
    before = state(repo)
    done = use.apply(repository, proposal)
    assert state(repo) == before
    base, final = read_tree(repo, subject.base_tree), read_tree(repo, subject.tree)
    for commit, files in zip(done.commits, expected_files(judged, groups, base, final), strict=True):
        assert read_tree(repo, f"{commit}^{{tree}}") == files
    assert repo.git("rev-parse", "HEAD^{tree}") == subject.tree
    repo.git("fsck", "--strict", "--no-dangling", ok=False)


def test_a_path_that_becomes_a_folder_stays_whole(empty_repo, reading) -> None:
    repository_with_edges(empty_repo, random.Random(1))
    repository = empty_repo.open()
    objects = reading(repository)
    subject = subject_of(repository, objects, None)
    proposal = use.make_proposal(repository, objects, subject)
    home = {unit: n for n, group in enumerate(proposal.plan.groups) for unit in group.units}
    of = {one.unit.file.old_path: home[one.unit.id] for one in proposal.judged}
    of |= {one.unit.path: home[one.unit.id] for one in proposal.judged}
    assert of["to-folder"] == of["to-folder/inner"]
    assert of["folder"] == of["folder/in"]
    units = [one.unit.id for one in proposal.judged]
    first = next(one.unit.id for one in proposal.judged if one.unit.path == "to-folder")
    groups = (Group((first,), "a"), Group(tuple(unit for unit in units if unit != first), "b"))
    with pytest.raises(PlanfenceError, match="divides to-folder"):
        use.take_plan(objects, subject, SplitPlan(subject.base, subject.tree, groups))


def test_a_branch_that_moved_meanwhile_is_not_overwritten(mixed, reading) -> None:
    repository = mixed.open()
    objects = reading(repository)
    proposal = use.make_proposal(repository, objects, subject_of(repository, objects, None))
    moved = mixed.git("commit-tree", "-p", "HEAD", "-m", "x", "HEAD^{tree}")
    mixed.git("update-ref", "HEAD", moved)
    with pytest.raises(CouldNotCheck):
        use.apply(repository, proposal)
    assert mixed.git("rev-parse", "HEAD") == moved


def test_linked_worktree_detached_head_and_another_tools_hook(mixed) -> None:
    hook = mixed.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    mixed.git("worktree", "add", "-q", "--detach", "../linked", "HEAD")
    linked = type(mixed)(mixed.root.parent / "linked", mixed.variables)
    linked.write("a.py", NEW)
    linked.write("docs/x.md", "hu\n")
    linked.git("add", "-A")
    main = mixed.git("rev-parse", "main")
    done = linked.planfence("split", "--apply")
    assert done.returncode == 0, done.stderr
    assert linked.git("rev-list", "--count", "HEAD") == "3"
    assert linked.git("status", "--short") == ""
    assert mixed.git("rev-parse", "main") == main


def test_commits_are_signed_where_git_is_told_to(mixed, tmp_path) -> None:
    sign(mixed, tmp_path)
    done = mixed.planfence("split", "--apply")
    assert done.returncode == 0, done.stderr
    assert mixed.git("log", "-3", "--format=%G?").split() == ["G", "G", "G"]


def test_groups_follow_the_plans_themes_and_the_rules_judge_each_commit(repo) -> None:
    repo.git("checkout", "-q", "-b", "work")
    repo.start("auth/middleware")
    repo.write("src/user.py", "def user():\n    return 2\n")
    repo.write("docs/index.md", "# More\n")
    repo.write("docs/guide.md", "# Guide\n")
    repo.git("add", "-A")
    plan = json.loads(repo.planfence("split", "--json").stdout)
    assert [(group["theme"], group["task"]) for group in plan["groups"]] == [
        ("auth", "auth/middleware"),
        ("docs", "auth/guide"),
    ]
    repo.write("src/other.py", "x = 1\n")
    repo.git("add", "-A")
    done = repo.planfence("split", "--apply")
    assert done.returncode == 1
    assert "SCP001" in done.stdout
    assert "src/other.py" in done.stdout
    assert repo.git("rev-list", "--count", "HEAD") == "1"


def test_fine_divides_behaviour_by_shared_rare_names(empty_repo) -> None:
    repo = empty_repo
    texts = {name: "\n".join(f"def {name}_{n}(): return {n}" for n in range(9)) + "\n" for name in ("alpha", "beta")}
    repo.commit("chore: begin", **{f"{name}.py": text for name, text in texts.items()})
    for name, text in texts.items():
        repo.write(f"{name}.py", f"{text}\ndef {name}_special():\n    return special_{name}\n")
        repo.write(f"use_{name}.py", f"from {name} import {name}_special\nprint(special_{name})\n")
    repo.git("add", "-A")
    assert len(json.loads(repo.planfence("split", "--json").stdout)["groups"]) == 1
    fine = json.loads(repo.planfence("split", "--json", "--fine").stdout)
    paths = [sorted({fine["units"][unit]["path"] for unit in group["units"]}) for group in fine["groups"]]
    assert sorted(paths) == [["alpha.py", "use_alpha.py"], ["beta.py", "use_beta.py"]]


def moved_or_not(repo) -> None:
    """Wait for the git that may be moving the branch: it is apart, so that no signal ends it."""
    needle = b"planfence split: one"
    for _ in range(200):
        running = [Path(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdigit()]
        if not any(needle in _read(line) for line in running if _inside(line.parent, repo.root)):
            return
        time.sleep(0.02)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _inside(process: Path, root: Path) -> bool:
    try:
        return (process / "cwd").resolve() == root.resolve()
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="sees what git still does by /proc")
def test_killed_at_any_instant_all_is_as_before_or_done(mixed) -> None:
    before, tree, head = state(mixed), mixed.git("write-tree"), mixed.git("rev-parse", "HEAD")
    before["index"] = state(mixed)["index"]
    started = time.monotonic()
    command = [sys.executable, "-m", "planfence", "split", "--apply"]
    subprocess.run(command, cwd=mixed.root, env=mixed.variables, capture_output=True, check=True)
    whole = time.monotonic() - started
    mixed.git("update-ref", "HEAD", head)
    rng, ends = random.Random(7), set()
    for _ in range(20):
        process = subprocess.Popen(
            command,
            cwd=mixed.root,
            env=mixed.variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(0.3, 1.05) * whole)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        moved_or_not(mixed)
        now = mixed.git("rev-parse", "HEAD")
        ends.add(now == head)
        assert state(mixed) == before
        if now != head:
            assert mixed.git("rev-parse", "HEAD^{tree}") == tree
            assert mixed.git("rev-list", "--count", "HEAD") == "4"
            mixed.git("update-ref", "HEAD", head)
    assert not list((mixed.root / ".git" / "refs").rglob("*.lock"))
    assert mixed.planfence("split").returncode == 0
    assert not list((mixed.root / ".git" / "planfence").glob("split-*"))
    mixed.git("fsck", "--strict", "--no-dangling")


@pytest.mark.parametrize(("begun", "other"), [(True, "auth/guide"), (False, "none")])
def test_the_line_that_a_refusal_offers_solves_it(repo, begun: bool, other: str) -> None:
    if not begun:
        for ref in repo.git("for-each-ref", "--format=%(refname)", "refs/planfence").splitlines():
            repo.git("update-ref", "-d", ref)
        shutil.rmtree(repo.root / ".git" / "planfence")
        assert repo.planfence("start", "auth/middleware").returncode == 0
    repo.git("checkout", "-q", "-b", "work")
    repo.start("auth/middleware")
    repo.write("src/user.py", "def user():\n    return 2\n")
    repo.write("docs/index.md", "# More\n")
    repo.git("add", "-A")
    assert repo.install().returncode == 0
    refused = typed(repo, "git commit -m 'feat: user gives 2'")
    assert refused.returncode == 1
    line = "planfence split --apply"
    assert line in map(str.strip, refused.stderr.splitlines())
    done = typed(repo, line)
    assert done.returncode == 0, done.stderr
    trailers = repo.git("log", "-2", "--format=%s|%(trailers:key=Plan-Task,valueonly,separator=%x2C)").splitlines()
    assert trailers == [f"docs: update index.md|{other}", "feat: change user.py|auth/middleware"]
    assert repo.planfence("check", "--range", "HEAD~2..HEAD").returncode == 0


def typed(repo, line: str) -> subprocess.CompletedProcess[str]:
    """A command line as a person types it."""
    return subprocess.run(
        ["/bin/sh", "-c", line], cwd=repo.root, env=repo.variables, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("setting", ["plain", "sha256", "linked", "signed", "hooked"])
def test_a_plan_is_printed_edited_and_carried_out_wherever(empty_repo, tmp_path, setting: str) -> None:
    """One hunk moved, one cut by line, the groups put in another order; every commit holds exactly what it should."""
    repo = empty_repo
    if setting == "sha256":
        shutil.rmtree(repo.root / ".git")
        repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    repo.commit("chore: begin", **{"a.py": OLD, "package.json": '{"a": 1}\n', "docs/x.md": "hi\n"})
    if setting == "linked":
        repo.git("worktree", "add", "-q", "-b", "side", "../linked", "HEAD")
        repo = type(repo)(repo.root.parent / "linked", repo.variables)
    if setting == "signed":
        sign(repo, tmp_path)
    if setting == "hooked":
        for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-commit"):
            hook = repo.write(f".git/hooks/{name}", "#!/bin/sh\ntouch ran\nexit 1\n")
            hook.chmod(0o755)
    for path, text in {"a.py": NEW, "package.json": '{"a": 2}\n', "docs/x.md": "ho\n"}.items():
        repo.write(path, text)
    repo.git("add", "-A")
    tree, before = repo.git("write-tree"), state(repo)
    plan = json.loads(repo.planfence("split", "--json").stdout)
    of = {(unit["path"], unit["kind"]): name for name, unit in plan["units"].items()}
    cut, layout, deps, docs = (
        of["a.py", "behaviour"], of["a.py", "format"], of["package.json", "behaviour"], of["docs/x.md", "comment"]
    )  # fmt: skip
    plan["cuts"] = [{"unit": cut, "old": 0, "new": 1}]
    plan["groups"] = [
        {"message": "docs: first", "units": [docs, layout]},
        {"message": "feat: one line", "units": [f"{cut}.1"]},
        {"message": "feat: the rest", "units": [deps, f"{cut}.2"]},
    ]
    (tmp_path / "split.json").write_text(json.dumps(plan))
    done = repo.planfence("split", "--plan", str(tmp_path / "split.json"), "--apply")
    assert done.returncode == 0, done.stderr
    assert repo.git("log", "-3", "--format=%s").splitlines() == ["feat: the rest", "feat: one line", "docs: first"]
    shown = [(repo.git("show", f"HEAD~{n}:a.py") + "\n", repo.git("show", f"HEAD~{n}:package.json")) for n in (2, 1, 0)]
    first = OLD.replace("return  1", "return 1")
    assert shown == [
        (first, '{"a": 1}'),
        (first.replace("    return 2", "    x = 1\n    return 2"), '{"a": 1}'),
        (NEW, '{"a": 2}'),
    ]
    assert repo.git("rev-parse", "HEAD^{tree}") == tree
    assert state(repo) == before
    assert not (repo.root / "ran").exists()
    if setting == "signed":
        assert repo.git("log", "-3", "--format=%G?").split() == ["G", "G", "G"]
    repo.git("fsck", "--strict", "--no-dangling")


def sign(repo, folder: Path) -> None:
    """Let git sign commits with an SSH key, and know its own signatures."""
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (folder / "signers").write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
    for name, value in {
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "commit.gpgsign": "true",
        "gpg.ssh.allowedSignersFile": str(folder / "signers"),
    }.items():
        repo.git("config", name, value)
