"""A team's forge in one repository: random requests, and how forges bring them to the protected branch.

Titles, bodies, trailers and refs are what the forges write: docs.github.com, "Configuring commit squashing for pull
requests", "About merge methods", "Managing a merge queue"; docs.gitlab.com, "Squash and merge".
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

TASKS = ("auth", "bill", "docs")
TYPES = {"auth": ("feat", "fix", "test"), "bill": ("feat", "fix", "refactor"), "docs": ("docs",)}
METHODS = ("merge", "squash", "squash without head", "rebase", "fast-forward")

_HEAD = """\
schema = 1
id = "p"
version = {version}
goal = "One thing after the other"
out_of_scope = ["all else"]
risks = [{{ risk = "none", mitigation = "none" }}]
rollback = "Revert the merge"
"""
_THEME = """
[themes.{name}]
paths = ["src/{name}/**", "more/{name}/**"]
types = [{types}]
"""
_TASK = """
[[tasks]]
id = "{name}"
title = "The {name}"
theme = "{name}"
estimate_min = 45
files = [
  {{ path = "src/{name}/**" }},
{more}]
acceptance = [{{ id = "A1", text = "It is right", review = true }}]
"""


def plan(version: int = 1, more: dict[str, list[str]] | None = None) -> str:
    """The plan that all requests work by, with more files for its tasks."""
    text = _HEAD.format(version=version)
    for name in TASKS:
        text += _THEME.format(name=name, types=", ".join(f'"{word}"' for word in TYPES[name]))
    for name in TASKS:
        lines = "".join(f'  {{ path = "{path}" }},\n' for path in (more or {}).get(name, []))
        text += _TASK.format(name=name, more=lines)
    return text


def begin(repo: Any) -> None:
    """Give `main` a policy, the plan, begun tasks, and a history with commits that can be reverted."""
    files = {"planfence.toml": "schema = 1\n[tests]\nrequired = []\n", "plans/p.toml": plan()}
    files |= {f"src/{name}/{letter}.txt": "".join(f"{n}\n" for n in range(9)) for name in TASKS for letter in "abcd"}
    files |= {f"notes/{number}.txt": "a note\n" for number in range(12)}
    for path, text in files.items():
        repo.write(path, text)
    repo.commit("chore: begin")
    for name in TASKS:
        repo.begin(f"p/{name}")
    for name in TASKS:
        for letter in "abc":
            repo.write(f"src/{name}/{letter}.txt", "".join(f"{n}\n" for n in range(9)) + f"old {name}\n")
        repo.commit(f"{TYPES[name][0]}: old work on {name}\n\n{trailers(name)}")


def trailers(name: str) -> str:
    return f"Plan-Task: p/{name}\nPlan-Stage: implement\nPlan-Model: human"


@dataclass
class Request:
    """One request: its number, its head (a full id), what it is made of, and whether it was green."""

    number: int
    head: str
    made_of: list[str]
    green: bool = True


@dataclass
class Team:
    """Makes requests and merges them, by chance."""

    repo: Any
    chance: Random
    number: int = 10
    requests: list[Request] = field(default_factory=list)
    version: int = 1
    more: dict[str, list[str]] = field(default_factory=dict)

    @property
    def git(self) -> Any:
        return self.repo.git

    def change(self, path: str) -> None:
        """Change a line in the middle or add a file, so that many merges are clean."""
        place = self.repo.root / path
        if place.is_file() and place.read_text().count("\n") > 4:
            lines = place.read_text().split("\n")
            lines[self.chance.randrange(len(lines) - 1)] = f"line {self.chance.randrange(10**6)}"
            place.write_text("\n".join(lines))
        else:
            self.repo.write(path, "".join(f"{self.number} {self.chance.randrange(10**6)}\n" for _ in range(9)))

    def save(self, message: str) -> bool:
        self.git("add", "-A")
        if not self.git("status", "--porcelain"):
            return False
        self.git("commit", "-q", "--no-verify", "-m", message)
        return True

    # -- requests

    def request(self, base: str = "main") -> Request:
        """Make a request of one to six commits for one to three tasks."""
        self.number += 1
        self.git("checkout", "-q", "--detach", base)
        tasks = self.chance.sample(TASKS, self.chance.choice((1, 1, 2, 3)))
        begun, made_of = False, []
        for _ in range(self.chance.randint(1, 6)):
            kind = self.chance.choice(("task",) * 6 + ("amend", "merge", "revert", "small", "suggestion", "undo"))
            if kind in ("suggestion", "undo") and not begun:
                kind = "task"
            if getattr(self, f"_{kind}")(self.chance.choice(tasks), begun):
                made_of.append(kind)
            begun = begun or kind == "task"
        if not made_of:
            self._task(tasks[0], begun)
            made_of.append("task")
        found = Request(self.number, self.git("rev-parse", "HEAD"), made_of)
        self.git("update-ref", f"refs/pull/{found.number}/head", found.head)
        return found

    def _task(self, name: str, begun: bool) -> bool:
        for _ in range(self.chance.randint(1, 3)):
            letter = self.chance.choice("abcd" + "efgh")
            self.change(f"src/{name}/{letter}.txt")
        scope = self.chance.choice(("", f"({name})"))
        body = self.chance.choice(("", "Why it is so.\n\n", "* one thing\n* another\n\n"))
        kind = self.chance.choice(TYPES[name])
        return self.save(f"{kind}{scope}: change {self.number}\n\n{body}{trailers(name)}")

    def _amend(self, name: str, begun: bool) -> bool:
        path = f"more/{name}/{self.number}-{self.chance.randrange(99)}.txt"
        text = (self.repo.root / "plans/p.toml").read_text()
        version = int(text.split("version = ")[1].split("\n")[0])
        head, _, rest = text.partition(f'  {{ path = "src/{name}/**" }},\n')
        text = f'{head}  {{ path = "src/{name}/**" }},\n  {{ path = "{path}" }},\n{rest}'
        self.repo.write("plans/p.toml", text.replace(f"version = {version}\n", f"version = {version + 1}\n"))
        self.save(f"docs: more room for {name}\n\nPlan-Model: human")
        self.change(path)
        return self.save(f"{TYPES[name][0]}: use it\n\n{trailers(name)}")

    def _merge(self, name: str, begun: bool) -> bool:
        """`Update branch`, and the web editor if there are conflicts: no hook, no trailer."""
        self.git("merge", "-q", "--no-verify", "-m", "Merge branch 'main'", "main", ok=False)
        conflicts = [line[3:] for line in self.git("status", "--porcelain").splitlines() if line[:2] in ("UU", "AA")]
        if not conflicts:
            return True
        if any(path.startswith("plans/") for path in conflicts):
            self.git("merge", "--abort")
            return False
        for path in conflicts:
            self.repo.write(path, f"settled {self.number}\n" * 9)
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", "Merge branch 'main'")
        return True

    def _revert(self, name: str, begun: bool) -> bool:
        """`git revert` of something that is on main, of a merge too."""
        ids = self.git("rev-list", "--first-parent", "-n8", "main").split()
        target = self.chance.choice(ids)
        merge = len(self.git("rev-list", "--parents", "-n1", target).split()) > 2
        parents = self.git("rev-list", "--parents", "-n1", target).split()[1:]
        if not parents or self.git("diff", "--name-only", parents[0], target, "--", "plans", "planfence.toml"):
            return False
        if self.git("merge-base", "--is-ancestor", target, "HEAD", ok=False) is None:
            return False
        words = ["-m", "1"] if merge else []
        before = self.git("rev-parse", "HEAD")
        self.git("revert", "--no-edit", *words, target, ok=False)
        if (self.repo.root / ".git/REVERT_HEAD").exists() or self.git("status", "--porcelain"):
            self.git("revert", "--abort", ok=False)
            self.git("reset", "-q", "--hard", before)
        return self.git("rev-parse", "HEAD") != before

    def _small(self, name: str, begun: bool) -> bool:
        """One or two files outside the plan, as the hooks let them through: marked behind a task's commit."""
        for _ in range(self.chance.choice((1, 1, 2))):
            self.change(f"notes/{self.chance.randrange(12)}.txt")
        holds = self.git("log", "--format=%B", "main..HEAD")
        mark = "\n\nPlan-Task: none" if "Plan-Task: p/" in holds else ""
        return self.save(f"chore: a word {self.number}{mark}")

    def _suggestion(self, name: str, begun: bool) -> bool:
        """A forge's commit suggestion: no trailer, a file of a task that the branch is about."""
        names = [line.partition("/")[2] for line in self.git("log", "--format=%B", "main..HEAD").splitlines()]
        mine = [each for each in names if each in TASKS]
        if not mine:
            return False
        self.change(f"src/{mine[0]}/{self.chance.choice('abcd')}.txt")
        self.change(f"src/{mine[0]}/{self.chance.choice('efgh')}.txt")
        self.change(f"src/{mine[0]}/x.txt")
        return self.save("Update files\n\nCo-authored-by: Bo <bo@example.org>")

    def _undo(self, name: str, begun: bool) -> bool:
        """`git revert HEAD` on the branch itself."""
        if len(self.git("rev-list", "--parents", "-n1", "HEAD").split()) != 2 or not self.git("log", "main..HEAD"):
            return False
        if self.git("diff", "--name-only", "HEAD^", "HEAD", "--", "plans"):
            return False
        before = self.git("rev-parse", "HEAD")
        self.git("revert", "--no-edit", "HEAD")
        return self.git("rev-parse", "HEAD") != before

    # -- merging

    def land(self, request: Request, method: str) -> bool:
        """Bring a request to the branch that is checked out; False: this method can't."""
        number, head, before = request.number, request.head, self.git("rev-parse", "HEAD")
        if method == "merge":
            self.git(
                "merge", "-q", "--no-ff", "--no-verify", "-m", f"Merge pull request #{number} from a/b", head, ok=False
            )
        elif method == "fast-forward":
            self.git("merge", "-q", "--ff-only", head, ok=False)
        elif method == "rebase":
            return self._rebase(head, before)
        else:
            message = self.squash_message(request)
            self.git("merge", "-q", "--squash", head, ok=False)
            if self.git("ls-files", "-u"):
                self.git("reset", "-q", "--hard", before)
                return False
            if not self.git("diff", "--cached", "--name-only"):
                return False
            self.git("commit", "-q", "--no-verify", "-m", message)
            if method == "squash without head":
                self.git("update-ref", "-d", f"refs/pull/{number}/head")
        if self.git("status", "--porcelain") or self.git("rev-parse", "HEAD") == before:
            self.git("merge", "--abort", ok=False)
            self.git("reset", "-q", "--hard", before)
            return False
        return True

    def _rebase(self, head: str, before: str) -> bool:
        if self.git("rev-list", "--merges", f"{before}..{head}"):
            return False  # a forge that rebases merges drops what they settled
        place = self.git("symbolic-ref", "-q", "--short", "HEAD", ok=False)
        self.git("checkout", "-q", "--detach", head)
        self.git("-c", "core.editor=true", "rebase", "-q", "--no-verify", before, ok=False)
        folder = Path(self.repo.root, ".git")
        if (folder / "rebase-merge").exists() or (folder / "rebase-apply").exists():
            self.git("rebase", "--abort")
            self.git("checkout", "-q", place or before)
            return False
        new = self.git("rev-parse", "HEAD")
        if place:
            self.git("checkout", "-q", "-B", place, new)
        return new != before

    def squash_message(self, request: Request) -> str:
        """GitHub's: the commit's own, or the title and each commit's message, and who else wrote it."""
        ids = self.git("rev-list", "--reverse", "--no-merges", f"HEAD..{request.head}").split()
        texts = [self.git("log", "-1", "--format=%B", each).strip() for each in ids]
        if len(texts) == 1:
            subject, _, body = texts[0].partition("\n")
            text = f"{subject} (#{request.number})\n{body}"
        else:
            parts = [f"* {each}" for each in texts]
            text = f"Request {request.number} (#{request.number})\n\n" + "\n\n".join(parts)
        if self.chance.random() < 0.5:
            text = f"{text.rstrip()}\n\nCo-authored-by: Bo <bo@example.org>"
        return text


def copy(template: Path, place: Path, made: Any) -> Any:
    """A copy of a template repository."""
    shutil.copytree(template, place, symlinks=True)
    return type(made)(place, made.variables)
