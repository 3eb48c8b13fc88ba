"""The split on real histories: exactness against an oracle, agreement with real pairs of commits, speed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from themes_common import clone, commits

from planfence.app.rarenames import rare_names
from planfence.core.hunks import Atom, Unit, units_of
from planfence.core.kinds import judge
from planfence.core.split import Guide, knots, propose
from planfence.core.splitsteps import steps_of
from planfence.env import current
from planfence.gitio.compose import compose_trees
from planfence.gitio.hunks import read_files
from planfence.gitio.repository import Repository, open_repository

Files = dict[bytes, tuple[bytes, bytes]]


def _scratch(repo: str, folder: str) -> Repository:
    """A bare repository that borrows the clone's objects, so that nothing is written into the clone."""
    objects = clone(repo).text("rev-parse", "--path-format=absolute", "--git-path", "objects")
    subprocess.run(["git", "init", "-q", "--bare", folder], check=True)
    Path(folder, "objects/info/alternates").write_text(f"{objects}\n")
    return open_repository(current(), Path(folder))


def _groups(units: Sequence[Unit], rng: random.Random, count: int = 3) -> list[list[Unit]]:
    home = {unit.id: rng.randrange(count) for unit in units}
    for knot in knots([unit.path for unit in units], [unit.file.old_path for unit in units]):
        for index in knot:
            home[units[index].id] = home[units[knot[0]].id]
    groups = [[unit for unit in units if home[unit.id] == number] for number in range(count)]
    for group in groups:
        rng.shuffle(group)
    return [group for group in groups if group]


def _expected(groups: Sequence[Sequence[Unit]]) -> Iterator[dict[str, tuple[int, object]]]:
    """The changed paths after each group, by an oracle that replaces lines from the bottom up."""
    done: dict[str, list[Unit]] = {}
    for group in groups:
        for unit in group:
            done.setdefault(unit.path, []).append(unit)
        files: dict[str, tuple[int, object]] = {}
        gone = {unit.file.old_path for other in groups for unit in other}
        for path in {unit.path for other in groups for unit in other}:
            file = next(unit.file for other in groups for unit in other if unit.path == path)
            own = done.get(path, [])
            atoms = {unit.atom for unit in own}
            if Atom.WHOLE in file.atoms:
                mode, name = (file.new_mode, file.new_id) if Atom.WHOLE in atoms else (file.old_mode, file.old_id)
                if mode:
                    files[path] = (mode, name)
                continue
            data = file.old or b""
            lines = data.split(b"\n")
            kept = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
            for unit in sorted((u for u in own if u.hunk), key=lambda u: -u.hunk.old_start):
                kept[unit.hunk.old_start : unit.hunk.old_start + len(unit.hunk.old)] = unit.hunk.new
            place = path if Atom.RENAME in atoms else file.old_path
            hunked = any(unit.hunk for unit in own)
            files[place] = (
                file.new_mode if Atom.MODE in atoms else file.old_mode,
                b"".join(kept) if hunked else file.old_id,
            )
        yield {path: files.get(path, (0, "")) for path in gone | set(files)}


def exact(count: str, *repos: str) -> None:
    print(f"{'repository':32} {'commits':>7} {'trees':>7} {'hunks':>7} {'wrong':>6}")
    for repo in repos:
        with tempfile.TemporaryDirectory() as folder:
            repository = _scratch(repo, f"{folder}/bare")
            git, rng = repository.git, random.Random(5)
            done = trees = hunks = wrong = 0
            for name in commits(clone(repo), int(count) * 2):
                if done >= int(count):
                    break
                base = git.text("rev-parse", f"{name}^^{{tree}}")
                tree = git.text("rev-parse", f"{name}^{{tree}}")
                units = units_of(read_files(git, base, tree))
                if not 2 <= len(units) <= 400:
                    continue
                done += 1
                groups = _groups(units, rng)
                made = compose_trees(repository, base, steps_of(groups))
                bad = made[-1] != tree
                for result, expected in zip(made, _expected(groups), strict=True):
                    bad = bad or not _is(repository, result, base, expected)
                    trees += 1
                hunks += len(units)
                wrong += bad
                if bad:
                    print(f"  wrong: {name}", file=sys.stderr)
        print(f"{repo[-32:]:32} {done:7} {trees:7} {hunks:7} {wrong:6}")


def _is(repository: Repository, tree: str, base: str, expected: dict[str, tuple[int, object]]) -> bool:
    """Whether a tree is the base but for the expected paths, which hold exactly what is expected."""
    raw = repository.git.run("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", base, tree).split(b"\0")
    found = {
        os.fsdecode(path): head.decode().split(" ") for head, path in zip(raw[::2], raw[1::2], strict=False) if head
    }
    for path, fields in found.items():
        if path not in expected:
            return False
        mode, content = expected[path]
        if int(fields[1], 8) != mode:
            return False
        if isinstance(content, bytes):
            if repository.git.run("cat-file", "blob", fields[3]) != content:
                return False
        elif mode and fields[3] != content:
            return False
    return True


def _rand(one: Sequence[object], other: Sequence[object]) -> float:
    """The adjusted Rand index (Hubert and Arabie, 1985)."""

    def pairs(number: int) -> float:
        return number * (number - 1) / 2

    both = sum(pairs(n) for n in Counter(zip(one, other, strict=True)).values())
    left, right = (sum(pairs(n) for n in Counter(side).values()) for side in (one, other))
    chance = left * right / pairs(len(one)) if len(one) > 1 else 0.0
    most = (left + right) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)


def pairs(count: str, *repos: str) -> None:
    """Two neighbouring commits squashed: how well the proposal finds them again, and how many single ones it breaks."""
    print(f"{'repository':32} {'pairs':>6} {'plain':>7} {'fine':>7} {'by file':>8} {'whole broken: plain fine':>26}")
    for repo in repos:
        repository = open_repository(current(), Path(repo))
        git = repository.git
        scores: dict[str, list[float]] = {"plain": [], "fine": [], "file": []}
        broken = Counter()
        singles = 0
        for name in commits(git, int(count) * 6):
            if len(scores["plain"]) >= int(count):
                break
            status, _ = git.status("rev-parse", "--verify", "--quiet", f"{name}~2", ok=(0, 1, 128))
            if status or git.text("rev-list", "--parents", "-n1", f"{name}^").count(" ") != 1:
                continue
            first = {unit.id for unit in units_of(read_files(git, f"{name}~2", f"{name}^"))}
            second = {unit.id for unit in units_of(read_files(git, f"{name}^", name))}
            units = [u for u in units_of(read_files(git, f"{name}~2", name)) if (u.id in first) != (u.id in second)]
            if (
                not 3 <= len(units) <= 80
                or not any(u.id in first for u in units)
                or not any(u.id in second for u in units)
            ):
                continue
            truth = [unit.id in first for unit in units]
            for label, fine in (("plain", False), ("fine", True)):
                scores[label].append(_rand(truth, _labels(repository, name, units, fine=fine)))
            scores["file"].append(_rand(truth, [unit.path for unit in units]))
            single = list(units_of(read_files(git, f"{name}^", name)))
            singles += 1
            for fine in (False, True):
                broken[fine] += len(set(_labels(repository, name, single, fine=fine))) > 1
        mean = {label: sum(values) / max(1, len(values)) for label, values in scores.items()}
        print(
            f"{repo[-32:]:32} {singles:6} {mean['plain']:7.2f} {mean['fine']:7.2f} {mean['file']:8.2f}"
            f" {broken[False] / max(1, singles):17.0%} {broken[True] / max(1, singles):8.0%}"
        )


def _labels(repository: Repository, tree: str, units: Sequence[Unit], *, fine: bool) -> list[int]:
    judged = judge(units, time.perf_counter, 3.0)
    guide = Guide(names=rare_names(repository, tree, judged)) if fine else Guide()
    groups = propose(judged, guide)
    home = {unit: number for number, group in enumerate(groups) for unit in group.units}
    return [home[unit.id] for unit in units]


def speed(repo: str) -> None:
    """One split into three commits against three `git commit`, in one clone; ratios of the medians of 9 runs."""
    program = [sys.executable, "-m", "planfence"]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "work")
        run = _runner(root, folder)
        subprocess.run(["git", "clone", "-q", "--shared", repo, str(root)], check=True)
        run("git", "config", "gc.auto", "0")
        names = [
            n for n in run("git", "ls-files").stdout.decode().splitlines() if n.endswith((".py", ".js", ".java", ".go"))
        ]
        source = next(name for name in names if "test" not in name and Path(root, name).stat().st_size > 2000)
        for name in ("package.json", "NOTES.md"):
            Path(root, name).write_text("{}\n" if name.endswith("json") else "notes\n")
        run("git", "add", "-A")
        run("git", "commit", "-qm", "chore: begin")
        for hooks in (False, True):
            if hooks:
                Path(root, "planfence.toml").write_text("schema = 1\n[unplanned]\nfiles = 50\n")
                run("git", "add", "-A")
                run("git", "commit", "-qm", "chore: policy")
                run(*program, "install")
            three, split = [], []
            for turn in range(9):
                _edit(root, source, turn)
                began = time.perf_counter()
                for name in ("package.json", source, "NOTES.md"):
                    run("git", "add", name)
                    run("git", "commit", "-qm", f"chore: {turn}")
                three.append(time.perf_counter() - began)
                _edit(root, source, turn + 100)
                run("git", "add", "-A")
                began = time.perf_counter()
                run(*program, "split", "--apply", "-m", "chore: main")
                split.append(time.perf_counter() - began)
            ratio = sorted(split)[4] / sorted(three)[4]
            words = "with our hooks" if hooks else "without hooks"
            times = [sorted(values)[4] * 1000 for values in (split, three)]
            print(f"{words:16} split {times[0]:.0f} ms, three commits {times[1]:.0f} ms: {ratio:.2f}")
        shutil.rmtree(root)


def _edit(root: Path, source: str, turn: int) -> None:
    with Path(root, source).open("a") as file:
        file.write(f"# {turn}\nvalue_{turn} = {turn}\n")
    Path(root, "package.json").write_text(f'{{"version": "{turn}"}}\n')
    Path(root, "NOTES.md").write_text(f"notes {turn}\n")


def _runner(root: Path, home: str):
    variables = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {
        "HOME": home,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@b",
    }

    def run(*words: str) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(words, cwd=root, env=variables, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"{words}: {done.stdout.decode()}{done.stderr.decode()}")
        return done

    return run
