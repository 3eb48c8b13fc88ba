"""A team's forge in one repository: random requests, and how forges bring them to the protected branch.

Titles, bodies, trailers and refs are what the forges write: docs.github.com, "Configuring commit squashing for pull
requests", "About merge methods", "Managing a merge queue"; docs.gitlab.com, "Squash and merge".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from support.repository import copy_tree

TASKS = ("auth", "bill", "docs")
TYPES = {"auth": ("feat", "fix", "test"), "bill": ("feat", "fix", "refactor"), "docs": ("docs",)}
METHODS = (
    *("merge", "squash", "squash without head", "squash by its title", "rebase", "fast-forward"),
    *("squash and merge", "rebase and merge"),
)
#: What a request may be made of, the likely ones more than once; each names a method of :class:`Team`.
KINDS = (
    *("task",) * 6,
    *("amend", "merge", "revert", "small", "suggestion", "undo", "again", "plan", "octopus", "subtree"),
)
#: What no squash's message can tell of: where a plan came, or what runs no hook.
GOVERNING = {"amend", "plan", "subtree", "link", "moved_plan", "two_plans", "reopen", "same", "backport"}
BOT = "49699333+dependabot[bot]@users.noreply.github.com"
POLICY = """\
schema = 1
[tests]
required = []
[branches]
guarded = ["main", "release/*"]
[[standing]]
id = "deps"
title = "Dependency updates"
authors = ["*[bot]@users.noreply.github.com"]
files = ["package.json", "package-lock.json", "deps/**"]
types = ["build", "chore", "ci"]
"""

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


def small_plan(number: int, goal: str) -> str:
    """A plan that a request brings itself, of one task."""
    text = _HEAD.format(version=1).replace('"p"', f'"r{number}"').replace("One thing after the other", goal)
    theme = _THEME.format(name="own", types='"feat"').replace("src/own/**", f"own/{number}/**")
    return text + theme + _TASK.format(name="own", more="").replace("src/own/**", f"own/{number}/**")


def begin(repo: Any) -> None:
    """Give `main` a policy, the plan, begun tasks, and a history with commits that can be reverted."""
    files = {"planfence.toml": POLICY, "plans/p.toml": plan()}
    files |= {path: "".join(f"{n}\n" for n in range(9)) for path in ("package.json", "package-lock.json")}
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
    repo.git("branch", "release/1")


def trailers(name: str, model: str = "human") -> str:
    task = name if "/" in name else f"p/{name}"
    return f"Plan-Task: {task}\nPlan-Stage: implement\nPlan-Model: {model}"


@dataclass
class Request:
    """One request: its number, its head (a full id), what it is made of, and whether it was green, and why."""

    number: int
    head: str
    made_of: list[str]
    green: bool = True
    why: str = ""
    below: Request | None = None

    @property
    def holds(self) -> set[str]:
        """What it brings; a stacked request brings what is below it, too."""
        return {*self.made_of, *(self.below.holds if self.below else ())}

    @property
    def governs(self) -> bool:
        """Whether a squash without its head can be refused."""
        return bool(GOVERNING & self.holds)


@dataclass
class Team:
    """Makes requests and merges them, by chance."""

    repo: Any
    chance: Random
    number: int = 10
    requests: list[Request] = field(default_factory=list)
    version: int = 1
    more: dict[str, list[str]] = field(default_factory=dict)
    base: str = "main"
    target: str = "main"
    kinds: tuple[str, ...] = KINDS

    @property
    def git(self) -> Any:
        return self.repo.git

    @property
    def since(self) -> str:
        """Where the branch left `main`, as the hooks take it."""
        return self.git("merge-base", "HEAD", "main")

    def change(self, path: str) -> None:
        """Change a line in the middle or add a file, so that many merges are clean."""
        place = self.repo.root / path
        if place.is_file() and place.read_text().count("\n") > 4:
            lines = place.read_text().split("\n")
            lines[self.chance.randrange(len(lines) - 1)] = f"line {self.chance.randrange(10**6)}"
            place.write_text("\n".join(lines))
        else:
            self.repo.write(path, "".join(f"{self.number} {self.chance.randrange(10**6)}\n" for _ in range(9)))

    def save(self, message: str, **variables: str) -> bool:
        self.git("add", "-A")
        if not self.git("status", "--porcelain"):
            return False
        self.git("commit", "-q", "--no-verify", "-m", message, **variables)
        return True

    # -- requests

    def request(self, base: str = "main") -> Request:
        """Make a request of one to six commits for one to three tasks, or a bot's."""
        self.number += 1
        self.git("checkout", "-q", "--detach", base)
        self.base = base
        if self.chance.random() < 0.1:
            return self._made(["bot"] if self._bot() else [])
        tasks = self.chance.sample(TASKS, self.chance.choice((1, 1, 2, 3)))
        made_of: list[str] = []
        for _ in range(self.chance.randint(1, 6)):
            begun = bool({"task", "octopus"}.intersection(made_of))
            kind = self.chance.choice(self.kinds)
            if (kind in ("suggestion", "undo") and not begun) or (kind == "plan" and "plan" in made_of):
                kind = "task"
            if getattr(self, f"_{kind}")(self.chance.choice(tasks)):
                made_of.append(kind)
        if not made_of and self._task(tasks[0]):
            made_of.append("task")
        if "plan" in made_of:
            self._move_on()
        return self._made(made_of)

    def _made(self, made_of: list[str]) -> Request:
        found = Request(self.number, self.git("rev-parse", "HEAD"), made_of)
        for folder in ("pull", "merge-requests"):
            self.git("update-ref", f"refs/{folder}/{found.number}/head", found.head)
        return found

    def _bot(self) -> bool:
        """An update of dependencies, as Dependabot writes it."""
        for path in self.chance.sample(("package.json", "package-lock.json", "deps/a.txt"), 2):
            self.change(path)
        body = f"Bumps x from 1 to {self.number}.\n\n---\nupdated-dependencies:\n- dependency-name: x\n..."
        signed = "Signed-off-by: dependabot[bot] <support@github.com>"
        return self.save(f"build(deps): bump x from 1 to {self.number}\n\n{body}\n\n{signed}", GIT_AUTHOR_EMAIL=BOT)

    def _plan(self, name: str) -> bool:
        """A plan of its own, corrected under its version, begun, amended and worked by."""
        path, number = f"plans/r{self.number}.toml", self.number
        for at in range(self.chance.randint(1, 3)):
            text = small_plan(number, f"Goal {at}")
            if self.chance.random() < 0.5:
                text = text.replace("The own", f"Title {at}")
            self.repo.write(path, text)
            self.save(f"docs: plan {number}, {at}\n\nPlan-Model: human")
            if self.chance.random() < 0.3:
                self._task(name)
        self.repo.begin(f"r{number}/own")
        if self.chance.random() < 0.3:
            self.repo.write(
                path,
                text.replace("version = 1", "version = 2").replace("out_of_scope", "constraints = ['x']\nout_of_scope"),
            )
            self.save(f"docs: plan {number} amended\n\nPlan-Model: human")
        for _ in range(self.chance.randint(1, 2)):
            self.change(f"own/{number}/{self.chance.choice('abcd')}.txt")
            model = self.chance.choice(("human", "codex"))
            self.save(f"feat: by plan {number} {self.chance.randrange(10**6)}\n\n{trailers(f'r{number}/own', model)}")
        return True

    def _move_on(self) -> None:
        """Send the task of the request's own plan on to review, and maybe let it be done."""
        from planfence.gate import stage
        from planfence.judge.situation import look
        from planfence.ledger.transitions import Answer

        task = f"r{self.number}/own"
        for step in range(self.chance.choice((0, 1, 2, 2))):
            if step:
                stage.answer(look(self.repo.open(), task), {"A1": Answer("A1", True, "seen")})
            if stage.advance(look(self.repo.open(), task)).refused:
                return  # the branch itself is

    def _task(self, name: str) -> bool:
        for _ in range(self.chance.randint(1, 3)):
            letter = self.chance.choice("abcd" + "efgh")
            self.change(f"src/{name}/{letter}.txt")
        scope = self.chance.choice(("", f"({name})"))
        body = self.chance.choice(("", "Why it is so.\n\n", "* one thing\n* another\n\n"))
        kind = self.chance.choice(TYPES[name])
        model = self.chance.choice(("human", "human", "codex"))
        return self.save(f"{kind}{scope}: change {self.number}\n\n{body}{trailers(name, model)}")

    def _amend(self, name: str) -> bool:
        path = f"more/{name}/{self.number}-{self.chance.randrange(99)}.txt"
        text = (self.repo.root / "plans/p.toml").read_text()
        version = int(text.split("version = ")[1].split("\n")[0])
        head, _, rest = text.partition(f'  {{ path = "src/{name}/**" }},\n')
        text = f'{head}  {{ path = "src/{name}/**" }},\n  {{ path = "{path}" }},\n{rest}'
        self.repo.write("plans/p.toml", text.replace(f"version = {version}\n", f"version = {version + 1}\n"))
        self.save(f"docs: more room for {name}\n\nPlan-Model: human")
        self.change(path)
        return self.save(f"{TYPES[name][0]}: use it\n\n{trailers(name)}")

    def _merge(self, name: str) -> bool:
        """`Update branch`, and the web editor if there are conflicts: no hook, no trailer."""
        self.git("merge", "-q", "--no-verify", "-m", f"Merge branch '{self.target}'", self.target, ok=False)
        conflicts = [line[3:] for line in self.git("status", "--porcelain").splitlines() if line[:2] in ("UU", "AA")]
        if not conflicts:
            return True
        if any(path.startswith("plans/") for path in conflicts):
            self.git("merge", "--abort")
            return False
        for path in conflicts:
            self.repo.write(path, f"settled {self.number}\n" * 9)
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", f"Merge branch '{self.target}'")
        return True

    def _revert(self, name: str) -> bool:
        """`git revert` of something that is on main, of a merge too."""
        ids = self.git("rev-list", "--first-parent", "-n8", self.base).split()
        target = self.chance.choice(ids)
        merge = len(self.git("rev-list", "--parents", "-n1", target).split()) > 2
        parents = self.git("rev-list", "--parents", "-n1", target).split()[1:]
        if not parents or self.git("diff", "--name-only", parents[0], target, "--", "plans", "planfence.toml"):
            return False
        words = ["-m", "1"] if merge else []
        before = self.git("rev-parse", "HEAD")
        self.git("revert", "--no-edit", *words, target, ok=False)
        if (self.repo.root / ".git/REVERT_HEAD").exists() or self.git("status", "--porcelain"):
            self.git("revert", "--abort", ok=False)
            self.git("reset", "-q", "--hard", before)
        return self.git("rev-parse", "HEAD") != before

    def _small(self, name: str) -> bool:
        """One or two files outside the plan, as the hooks let them through: marked behind a task's commit."""
        for _ in range(self.chance.choice((1, 1, 2))):
            self.change(f"notes/{self.chance.randrange(12)}.txt")
        holds = self.git("log", "--format=%B", f"{self.since}..HEAD")
        mark = "\n\nPlan-Task: none" if "Plan-Stage: " in holds else ""
        return self.save(f"chore: a word {self.number}{mark}")

    def _suggestion(self, name: str) -> bool:
        """A forge's commit suggestion: no trailer, a file of a task that the branch is about."""
        names = [line.partition("/")[2] for line in self.git("log", "--format=%B", f"{self.since}..HEAD").splitlines()]
        mine = [each for each in names if each in TASKS]
        if not mine:
            return False
        self.change(f"src/{mine[0]}/{self.chance.choice('abcd')}.txt")
        self.change(f"src/{mine[0]}/{self.chance.choice('efgh')}.txt")
        self.change(f"src/{mine[0]}/x.txt")
        return self.save("Update files\n\nCo-authored-by: Bo <bo@example.org>")

    def _undo(self, name: str) -> bool:
        """`git revert HEAD` on the branch itself."""
        if len(self.git("rev-list", "--parents", "-n1", "HEAD").split()) != 2 or not self.git(
            "log", f"{self.since}..HEAD"
        ):
            return False
        touched = self.git("diff", "--name-only", "HEAD^", "HEAD").splitlines()
        if not touched or any(each.startswith("plans/") for each in touched):
            return False
        before = self.git("rev-parse", "HEAD")
        self.git("revert", "--no-edit", "HEAD")
        return self.git("rev-parse", "HEAD") != before

    def _again(self, name: str) -> bool:
        """A revert, and its own revert: `Reapply "…"`."""
        before = self.git("rev-parse", "HEAD")
        if not (self._revert(name) or self._undo(name)):
            return False
        reverted = self.git("rev-parse", "HEAD")
        self.git("revert", "--no-edit", "HEAD")
        return reverted not in (before, self.git("rev-parse", "HEAD"))

    def _octopus(self, name: str) -> bool:
        """A merge of two branches at once."""
        start, tips = self.git("rev-parse", "HEAD"), []
        for letter in "uvw"[: self.chance.choice((2, 2, 3))]:
            self.git("checkout", "-q", "--detach", start)
            self.change(f"src/{name}/{letter}{self.number}.txt")
            self.save(f"{TYPES[name][0]}: side {letter} {self.number}\n\n{trailers(name)}")
            tips.append(self.git("rev-parse", "HEAD"))
        self.git("checkout", "-q", "--detach", start)
        self.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge branches", *tips)
        return True

    def _subtree(self, name: str) -> bool:
        """`git subtree add --squash` below a folder of a task that is being worked on."""
        blob = self.git("hash-object", "-w", "--stdin", stdin=f"lib {self.number}\n".encode())
        tree = self.git("mktree", stdin=f"100644 blob {blob}\tlib.txt\n".encode())
        foreign = self.git("commit-tree", tree, "-m", "Theirs")
        prefix = f"src/{name}/lib{self.number}-{self.chance.randrange(10**6)}"
        self.git("subtree", "add", "-q", "--squash", f"--prefix={prefix}", foreign)
        return True

    # -- merging

    def land(self, request: Request, method: str) -> bool:
        """Bring a request to the branch that is checked out; False: this method can't."""
        head, before = request.head, self.git("rev-parse", "HEAD")
        gitea = f"Merge pull request 'Request (it)' (#{request.number}) from a/b into main"
        title = self.chance.choice((f"Merge pull request #{request.number} from a/b", gitea))
        if method == "merge":
            self.git("merge", "-q", "--no-ff", "--no-verify", "-m", title, head, ok=False)
        elif method == "fast-forward":
            self.git("merge", "-q", "--ff-only", head, ok=False)
        elif method.startswith("rebase"):
            if "subtree" in request.holds or not self._rebase(head, before):
                return False
            if method == "rebase and merge":
                tip = self.git("rev-parse", "HEAD")
                self.git("reset", "-q", "--hard", before)
                self.git("merge", "-q", "--no-ff", "--no-verify", "-m", title, tip)
            return True
        elif not self._squash(request, method, before):
            return False
        if self.git("status", "--porcelain") or self.git("rev-parse", "HEAD") == before:
            self.git("merge", "--abort", ok=False)
            self.git("reset", "-q", "--hard", before)
            return False
        return True

    def _squash(self, request: Request, method: str, before: str) -> bool:
        number, head = request.number, request.head
        message = self.squash_message(request, bare=method in ("squash by its title", "squash and merge"))
        if method == "squash and merge":
            # GitLab squashes on the commit that the branch left the target at, and merges that.
            base = self.git("merge-base", before, head)
            squash = self.git("commit-tree", f"{head}^{{tree}}", "-p", base, "-m", message.partition(" (#")[0])
            words = f"Merge branch 'x' into 'main'\n\nSee merge request a/b!{number}"
            self.git("merge", "-q", "--no-ff", "--no-verify", "-m", words, squash, ok=False)
            return True
        self.git("merge", "-q", "--squash", head, ok=False)
        if self.git("ls-files", "-u"):
            self.git("reset", "-q", "--hard", before)
            return False
        if not self.git("diff", "--cached", "--name-only"):
            return False
        author = {"GIT_AUTHOR_EMAIL": BOT} if request.made_of == ["bot"] else {}
        self.git("commit", "-q", "--no-verify", "-m", message, **author)
        if method == "squash without head":
            for folder in ("pull", "merge-requests"):
                self.git("update-ref", "-d", f"refs/{folder}/{number}/head")
        return True

    def _rebase(self, head: str, before: str) -> bool:
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

    def squash_message(self, request: Request, *, bare: bool) -> str:
        """GitHub's: the commit's own, or the title and each commit's message, and who else wrote it.

        ``bare``: the repository is set to take the title, and maybe the description.
        """
        if bare:
            body = self.chance.choice(("", "\n\nWhat it is about.\n\n- one thing\n- another"))
            return f"Request {request.number} (#{request.number}){body}"
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
        return text.replace("\n", "\r\n") if self.chance.random() < 0.2 else text  # as a web form sends it


def copy(template: Path, place: Path, made: Any) -> Any:
    """A copy of a template repository."""
    copy_tree(template, place)
    return type(made)(place, made.variables)
