"""The split on real histories: exactness against an oracle, agreement with real pairs of commits, speed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from themes_common import children_time, clone, commits, quantile

from planfence.change.hunkreader import read_files
from planfence.change.hunks import Atom, Unit, units_of
from planfence.content.kinds import judge
from planfence.env import current
from planfence.gitio.repository import Repository, open_repository
from planfence.split.compose import trees_of
from planfence.split.grouping import Guide, knots, propose
from planfence.split.newtrees import NewTrees, steps_of
from planfence.split.rareidentifiers import rare_names

Files = dict[bytes, tuple[bytes, bytes]]


def _scratch(repo: str, folder: str) -> Repository:
    """A bare repository that borrows the clone's objects, so that nothing is written into the clone."""
    objects = clone(repo).git.text("rev-parse", "--path-format=absolute", "--git-path", "objects")
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
                units = units_of(read_files(repository, base, tree))
                if not 2 <= len(units) <= 400:
                    continue
                done += 1
                groups = _groups(units, rng)
                new = NewTrees(repository)
                made = trees_of(new, base, steps_of(groups))
                new.store(repository.git)
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
        for name in commits(repository, int(count) * 6):
            if len(scores["plain"]) >= int(count):
                break
            status, _ = git.status("rev-parse", "--verify", "--quiet", f"{name}~2", ok=(0, 1, 128))
            if status or git.text("rev-list", "--parents", "-n1", f"{name}^").count(" ") != 1:
                continue
            first = {unit.id for unit in units_of(read_files(repository, f"{name}~2", f"{name}^"))}
            second = {unit.id for unit in units_of(read_files(repository, f"{name}^", name))}
            units = [
                u for u in units_of(read_files(repository, f"{name}~2", name)) if (u.id in first) != (u.id in second)
            ]
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
            single = list(units_of(read_files(repository, f"{name}^", name)))
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


def speed(*repos: str) -> None:
    """One split into three commits against three `git commit`, in a scratch repository and in clones of REPO….

    Everything is staged as `git add` leaves it. `commit` is three `git commit` alone, `add+commit` with the
    `git add` that a split spares; ratios of medians, runs interleaved. Waiting time is what a person feels, processor
    time the same on a busy machine, but for what runs side by side.
    """
    print(f"{'repository':20} {'hooks':>5} {'time':>9} {'split':>7} {'commit':>7} {'add+commit':>10}   ratios")
    for repo in ("", *repos):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, "work")
            run = _runner(root, folder)
            source = _begin(root, repo, run)
            for hooks in (False, True):
                if hooks:
                    Path(root, "planfence.toml").write_text("schema = 1\n[unplanned]\nfiles = 50\n")
                    run("git", "add", "-A")
                    run("git", "commit", "-qm", "chore: policy")
                    run(*_program(), "install")
                rows = [_turn(root, source, turn, run) for turn in range(_TURNS)]
                for number, name in ((0, "waiting"), (1, "processor")):
                    split, alone, both = (quantile([row[k][number] * 1000 for row in rows], 0.5) for k in range(3))
                    words = f"{Path(repo).parent.name[-20:] or 'scratch':20} {'yes' if hooks else 'no':>5} {name:>9}"
                    ratios = f"{split / alone:6.2f} {split / both:6.2f}"
                    print(f"{words} {split:7.1f} {alone:7.1f} {both:10.1f}   {ratios}", flush=True)


#: Pairs for each row of :func:`speed`.
_TURNS = 15


def _program() -> list[str]:
    """The installed program as a shell would start it."""
    script = Path(sys.executable).parent / "planfence"
    return [str(script)] if script.exists() else [sys.executable, "-m", "planfence"]


def _begin(root: Path, repo: str, run) -> str:
    """Make the repository and return the source file that every turn changes."""
    if repo:
        subprocess.run(["git", "clone", "-q", "--shared", repo, str(root)], check=True)
        names = run("git", "ls-files").stdout.decode().splitlines()
        likely = [name for name in names if name.endswith((".py", ".js", ".java", ".go")) and "test" not in name]
        source = next(name for name in likely if 2000 < Path(root, name).stat().st_size < 40_000)
    else:
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        source = "src/module_1.py"
        for number in range(5):
            file = Path(root, f"src/module_{number}.py")
            file.parent.mkdir(exist_ok=True)
            file.write_text("".join(f"value_{line} = {line}\n" for line in range(50)))
    run("git", "config", "gc.auto", "0")
    for name in ("package.json", "NOTES.md"):
        Path(root, name).write_text("{}\n" if name.endswith("json") else "notes\n")
    run("git", "add", "-A")
    run("git", "commit", "-qm", "chore: begin")
    return source


def _turn(root: Path, source: str, turn: int, run) -> tuple[tuple[float, float], ...]:
    """(waiting, processor) seconds of a split, of three commits, and of those with their `git add`."""

    def timed(*words: str) -> tuple[float, float]:
        began, used = time.perf_counter(), children_time()
        run(*words)
        return time.perf_counter() - began, children_time() - used

    _edit(root, source, turn + 100)
    run("git", "add", "-A")
    split = timed(*_program(), "split", "--apply", "-m", "chore: main")
    _edit(root, source, turn)
    adds, alone = [], []
    for name in ("package.json", source, "NOTES.md"):
        adds.append(timed("git", "add", name))
        alone.append(timed("git", "commit", "-qm", f"chore: {turn}"))
    spent = tuple(sum(each[k] for each in alone) for k in (0, 1))
    return split, spent, tuple(spent[k] + sum(each[k] for each in adds) for k in (0, 1))


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
