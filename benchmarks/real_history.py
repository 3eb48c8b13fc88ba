"""Judges the last commits of a real repository, and compares each verdict with an independent oracle.

python benchmarks/real_history.py REPO [COMMITS] [--seed N]

REPO is any local clone. In a scratch clone, a plan is derived from the repository's own folders (tasks whose patterns
are folders, kinds of files and single files, with `change` and `deny` here and there), and put under the commits:
each commit is made again with the same tree plus the plan, a task that is chosen at random in its trailer, on top of
its (first) parent made again. Nothing else of it changes.

The oracle knows nothing of planfence. It compares `ls-tree -r` of both trees, and asks git's own
`:(glob)` pathspecs, one `git ls-files` over an index of all paths for each pattern, which paths a pattern names.
From that it says which paths break SCP001, SCP002, SCP003 and THM001. Agreement must be total: path by path.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from setting import environment

from planfence.env import Environment
from planfence.gitio.repository import open_repository
from planfence.judge import check

POLICY = """\
schema = 1
protected = []
[rules]
"""
RULES_OFF = (
    "SCP004",
    "SCP005",
    "SIZ001",
    "THM002",
    "THM003",
    "THM004",
    "GAT002",
    "GAT003",
    "ROL001",
    "ROL002",
    "ROL003",
)
JUDGED = ("SCP001", "SCP002", "SCP003", "THM001")


@dataclass(frozen=True)
class Task:
    """A task of the derived plan: (pattern, change) lines, what it denies, its theme."""

    name: str
    files: tuple[tuple[str, str], ...]
    deny: tuple[str, ...]
    theme: str


class Clone:
    """A bare scratch clone without hard links, and how git is asked in it."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.root = folder / "clone.git"
        self.variables = environment(folder) | {"GIT_NO_REPLACE_OBJECTS": "1"}
        subprocess.run(
            ["git", "clone", "-q", "--bare", "--no-local", str(source), str(self.root)], check=True, env=self.variables
        )

    def git(self, *arguments: str, stdin: bytes | None = None, **more: str) -> bytes:
        return subprocess.run(
            ["git", *arguments], cwd=self.root, env=self.variables | more, input=stdin, check=True, capture_output=True
        ).stdout


def tree_of(clone: Clone, name: str) -> dict[bytes, bytes]:
    """`ls-tree`: path → mode and id."""
    out = clone.git("ls-tree", "-r", "-z", "--full-tree", name)
    return {path: head for head, _, path in (line.partition(b"\t") for line in out.split(b"\0")[:-1])}


def derive(paths: list[str], chance: random.Random) -> tuple[list[Task], dict[str, tuple[str, ...]]]:
    """Derive tasks and themes from the folders and endings of real paths."""
    plain = [path for path in paths if path.isascii() and path.isprintable() and not set(path) & set('*?[\\":')]
    folders = sorted({path.rsplit("/", depth)[0] for path in plain for depth in (1, 2) if path.count("/") >= depth})
    endings = sorted({path.rsplit(".", 1)[1] for path in plain if "." in path.rsplit("/", 1)[-1]} - {""})
    usable = [end for end in endings if end.isalnum()] or ["txt"]

    def pattern() -> str:
        folder, end = chance.choice(folders or ["src"]), chance.choice(usable)
        first = folder.split("/")[0]
        name = chance.choice(plain)
        kinds = (f"{folder}/**", f"{folder}/**", f"{first}/**", f"{folder}/*", f"**/*.{end}", f"{folder}/*.{end}", name)
        return chance.choice((*kinds, f"{first}/**/*.{end}", f"{folder}/[a-m]*", f"{folder}/?*.{end}", "**"))

    themes = {f"theme{number}": tuple({pattern() for _ in range(3)}) for number in range(3)}
    tasks = []
    for number in range(24):
        lines = {pattern(): chance.choice(("", "", "", "add", "modify", "delete")) for _ in range(chance.randint(1, 6))}
        deny = tuple({pattern() for _ in range(chance.choice((0, 0, 1)))} - {"**"})
        tasks.append(Task(f"t{number}", tuple(lines.items()), deny, chance.choice(list(themes))))
    return tasks, themes


def text_of(tasks: list[Task], themes: dict[str, tuple[str, ...]]) -> str:
    """The plan as TOML."""

    def quoted(words: tuple[str, ...]) -> str:
        return "[" + ", ".join(f"'{word}'" if "'" not in word else f'"{word}"' for word in words) + "]"

    out = ['schema = 1\nid = "real"\nversion = 1\ngoal = "x"\nout_of_scope = ["x"]\nrollback = "x"\n'
           'risks = [{ risk = "x", mitigation = "x" }]\n']  # fmt: skip
    out += [f"\n[themes.{name}]\npaths = {quoted(paths)}\n" for name, paths in themes.items()]
    for task in tasks:
        lines = ", ".join(
            f"{{ path = {quoted((path,))[1:-1]}" + (f', change = "{change}" }}' if change else " }")
            for path, change in task.files
        )
        out.append(
            f'\n[[tasks]]\nid = "{task.name}"\ntitle = "x"\ntheme = "{task.theme}"\nestimate_min = 45\n'
            f"files = [{lines}]\ndeny = {quoted(task.deny)}\n"
            "acceptance = [{ id = 'A1', text = 'x', review = true }]\n"
        )
    return "".join(out)


def replant(clone: Clone, commits: list[str], text: str, chosen: list[Task]) -> list[tuple[str, str, Task]]:
    """Make the commits again with the plan in their trees; return (new, old, task) of each."""
    policy = POLICY + "".join(f'{code} = "off"\n' for code in RULES_OFF)
    blobs = {
        name: clone.git("hash-object", "-w", "--stdin", stdin=body.encode()).decode().strip()
        for name, body in {"planfence.toml": policy, "plans/real.toml": text}.items()
    }
    index = {"GIT_INDEX_FILE": str(clone.root / "scratch-index")}
    extra = "".join(f"100644 {blob}\t{name}\n" for name, blob in blobs.items()).encode()

    def planted(tree: str) -> str:
        clone.git("read-tree", tree, **index)
        gone = b"".join(
            b"0 %s\t%s\n" % (b"0" * 40, path)
            for path in clone.git("ls-files", "-z", "--", "plans", "planfence.toml", **index).split(b"\0")[:-1]
        )
        clone.git("update-index", "--index-info", stdin=gone + extra, **index)
        return clone.git("write-tree", **index).decode().strip()

    made: list[tuple[str, str, Task]] = []
    base = planted(f"{commits[0]}^^{{tree}}")
    tip = clone.git("commit-tree", base, "-m", "chore: begin").decode().strip()
    for commit, task in zip(commits, chosen, strict=True):
        # A second parent's side is left out: the whole difference to the commit before is judged.
        message = f"chore: again\n\nPlan-Task: real/{task.name}\nPlan-Model: human\n"
        tree = planted(f"{commit}^{{tree}}")
        tip = clone.git("commit-tree", tree, "-p", tip, stdin=message.encode()).decode().strip()
        made.append((tip, commit, task))
    return made


class Oracle:
    """What git's own pathspecs and tree listings say."""

    def __init__(self, clone: Clone, tasks: list[Task], themes: dict[str, tuple[str, ...]], paths: set[bytes]) -> None:
        self._named: dict[str, set[bytes]] = {}
        self._clone, self._themes = clone, themes
        patterns = {pattern for task in tasks for pattern, _ in task.files}
        patterns |= {pattern for task in tasks for pattern in task.deny} | {p for each in themes.values() for p in each}
        for pattern in patterns:
            self._named[pattern] = self._ask(pattern, paths)

    def _ask(self, pattern: str, paths: set[bytes]) -> set[bytes]:
        """Paths that a pattern names, by git: over an index that can hold them all, in as many as it takes.

        Over time one name is a file and a folder, which no index can hold together. A pathspec without wildcards
        names a whole folder in git, in a plan only that one path: there the oracle keeps the exact path.
        """
        index = {"GIT_INDEX_FILE": str(self._clone.root / "oracle-index")}
        found: set[bytes] = set()
        for batch in _holdable(paths):
            if not hasattr(self, "_ready") or self._ready != batch:
                (self._clone.root / "oracle-index").unlink(missing_ok=True)
                empty = self._clone.git("hash-object", "-w", "--stdin", stdin=b"").strip()
                lines = b"".join(b"100644 %s\t%s\0" % (empty, path) for path in sorted(batch))
                self._clone.git("update-index", "-z", "--index-info", stdin=lines, **index)
                self._ready = batch
            found |= set(self._clone.git("ls-files", "-z", "--", f":(top,glob){pattern}", **index).split(b"\0")[:-1])
        if not any(char in pattern for char in "*?["):
            found &= {pattern.encode()}
        return found

    def verdict(
        self, old: dict[bytes, bytes], new: dict[bytes, bytes], task: Task, added: dict[bytes, str]
    ) -> set[tuple[str, bytes]]:
        """(code, path) of everything that is wrong; ``added`` maps a path to the task whose commit added it."""
        wrong: set[tuple[str, bytes]] = set()
        for path in old.keys() | new.keys():
            if old.get(path) == new.get(path):
                continue
            action = "add" if path not in old else "delete" if path not in new else "modify"
            changes = {change for pattern, change in task.files if path in self._named[pattern]}
            if not changes:
                wrong.add(("SCP001", path))
            elif "" not in changes and action not in changes and ("add" not in changes or added.get(path) != task.name):
                wrong.add(("SCP002", path))
            if any(path in self._named[pattern] for pattern in task.deny):
                wrong.add(("SCP003", path))
            claimed = {name for name, patterns in self._themes.items() if any(path in self._named[p] for p in patterns)}
            if claimed and task.theme not in claimed:
                wrong.add(("THM001", path))
        return wrong


def _holdable(paths: set[bytes]) -> Iterator[frozenset[bytes]]:
    """Divide paths so that no part has a name as a file and as a folder."""
    folders = {path[:end] for path in paths for end in range(len(path)) if path[end : end + 1] == b"/"}
    yield frozenset(paths - folders)
    if paths & folders:
        yield from _holdable(paths & folders)


def run(source: Path, count: int, seed: int, folder: Path) -> bool:
    clone, chance = Clone(source, folder), random.Random(seed)
    found = clone.git("rev-list", "--first-parent", "--no-merges", f"-n{count + 1}", "HEAD").decode().split()
    commits = list(reversed(found[:count]))
    if len(found) <= count:
        commits = commits[1:]
    trees = {name: tree_of(clone, name) for name in [f"{commits[0]}^", *commits]}
    trees[clone.git("rev-parse", f"{commits[0]}^").decode().strip()] = trees.pop(f"{commits[0]}^")
    everything = {p for tree in trees.values() for p in tree if p.split(b"/")[0] not in (b"plans", b"planfence.toml")}
    trees = {name: {p: h for p, h in tree.items() if p in everything} for name, tree in trees.items()}
    tasks, themes = derive(sorted(os.fsdecode(path) for path in everything), chance)
    oracle = Oracle(clone, tasks, themes, everything)
    chosen, verdicts = [], []
    added: dict[bytes, str] = {}
    before = clone.git("rev-parse", f"{commits[0]}^").decode().strip()
    for commit in commits:
        few = [chance.choice(tasks) for _ in range(chance.choice((1, 12)))]  # half of them: one that fits
        each = [(oracle.verdict(trees[before], trees[commit], task, added), task) for task in few]
        verdict, task = min(each, key=lambda one: len(one[0]))
        chosen.append(task)
        verdicts.append(verdict)
        added |= dict.fromkeys(trees[commit].keys() - trees[before].keys(), task.name)
        before = commit
    made = replant(clone, commits, text_of(tasks, themes), chosen)
    repository = open_repository(Environment(clone.variables), clone.root)
    began = time.perf_counter()
    base = clone.git("rev-parse", f"{made[0][0]}^").decode().strip()
    outcome = check.check_range(repository, base, made[-1][0])
    seconds = time.perf_counter() - began
    ours: dict[str, set[tuple[str, bytes]]] = {}
    for finding in outcome.report.findings:
        ours.setdefault(finding.change, set()).add((finding.code, os.fsencode(finding.path)))
    agreed = refused = 0
    judged = set(outcome.report.judged)
    for (new, old, task), expected in zip(made, verdicts, strict=True):
        mine = {each for each in ours.get(new, set()) if each[0] in JUDGED}
        other = {each[0] for each in ours.get(new, set())} - set(JUDGED)
        agreed += expected == mine and new in judged and not other
        refused += bool(expected)
        if expected != mine or other:
            git_alone, ours_alone = sorted(expected - mine)[:5], sorted(mine - expected)[:5]
            print(f"  {old} {task.name}: only git {git_alone}, only ours {ours_alone} {other}")
    bare = time.perf_counter()
    clone.git("log", "--raw", "-z", "--no-renames", f"{base}..{made[-1][0]}")
    ratio = seconds / (time.perf_counter() - bare)
    print(f"{source}: {len(made)} commits, {len(everything)} paths, {refused} refused, {len(made) - refused} clean, "
          f"agreement {agreed}/{len(made)}, time / git log --raw -z {ratio:.1f}", flush=True)  # fmt: skip
    return agreed == len(made)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("commits", nargs="?", type=int, default=700)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if run(asked.repository.resolve(), asked.commits, asked.seed, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
