"""A rule's examples as real repositories, and every surface that may see them.

The words of an example stand at the head of `docs/rules.md`. Run as a program, it sends the examples of the rules
that it is given through every surface, with whatever package is first on the path, and prints what each said.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from support.objects import Entries, Pack, entries_of
from support.repository import Repo, copy_tree, environment

from planfence.change import message as messages
from planfence.gitio.repository import Repository
from planfence.ledger.lineage import Lineage

TASK = "p/t"
#: For what git does to prepare a scene: its hooks would look at each of these commits, too.
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
BASE = "main"
_MODES = {"f": "100644", "x": "100755", "l": "120000", "s": "160000", "-": "0"}
#: What a submodule points to: any commit id will do, since nobody fetches it.
_LINKED = "1234567890" * 4
SURFACES = (
    *("edit", "check --staged", "hook id", "native", "check --commit"),
    *("range of 5", "range of 200", "push", "verify", "receive"),
)


@dataclass
class Spec:
    """An example, read."""

    lines: tuple[str, ...]
    files: list[str] = field(default_factory=lambda: ["src/user.py"])
    deny: list[str] = field(default_factory=list)
    themes: list[list[str]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    policy: list[str] = field(default_factory=list)
    has: dict[str, str] = field(default_factory=dict)
    changes: list[tuple[str, str, str, str]] = field(default_factory=list)
    plan: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    task: str = TASK
    model: str = "human"
    stage: str = "implement"
    message: str = "feat: change"
    at: list[str] = field(default_factory=list)
    push: str = ""
    needs: list[str] = field(default_factory=list)
    proof: str = ""
    done: list[str] = field(default_factory=list)
    claimed: list[str] = field(default_factory=list)
    rounds: tuple[int, str] = (0, "")
    words: frozenset[str] = frozenset()

    @property
    def speaks(self) -> bool:
        """Whether the example is about its message."""
        return "message" in self.words

    def surfaces(self, *, bad: bool, edit: bool) -> tuple[str, ...]:
        """The surfaces that can see it."""
        if self.push:
            return ("server",)
        if "advance" in self.at:
            return ("advance",)
        seen = set(SURFACES) - {"edit"}
        paths = [path for path, old, new, _ in self.changes if old in "f-" and new in "f-"]
        if edit and not self.speaks and len(paths) == len(self.changes) and not self.plan:
            seen.add("edit")
        if self.speaks and bad:
            seen -= {"check --staged"}
        if "push" in self.at:
            seen &= {"push", "verify", "receive"} if bad else seen
        if "signed" in self.words:
            seen &= {"push", "verify", "receive"}
        if any(line.startswith("tests.required") for line in self.policy):
            seen &= {"check --staged", "hook id", "native", "verify", "receive"}
        if "tested" in self.words:
            seen &= {"check --staged", "hook id", "native"}
        return tuple(surface for surface in SURFACES if surface in seen)


def read(example: tuple[str, ...]) -> Spec:  # noqa: C901 - one branch for each word
    """Read an example's lines."""
    spec = Spec(example, words=frozenset(line.split(" ", 1)[0] for line in example))
    for line in example:
        word, _, rest = line.partition(" ")
        several = rest.split()
        if word in ("files", "deny", "types", "at", "needs", "done", "claimed"):
            setattr(spec, word, several)
        elif word == "theme":
            spec.themes.append(several)
        elif word in ("task", "model", "stage", "message", "push", "proof"):
            setattr(spec, word, "" if rest == "none" else rest)
        elif word == "policy":
            spec.policy.append(rest)
        elif word == "role":
            spec.roles[several[0]] = several[1]
        elif word == "rounds":
            spec.rounds = int(several[0]), several[1]
        elif word == "plan":
            key, _, value = rest.partition(" = ") if " += " not in rest else rest.partition(" += ")
            spec.plan[key] = value
        elif word in ("has", "change"):
            names, equals, text = rest.partition(" = ")
            for name in names.split():
                change = _change(name, text if equals else "")
                if word == "has":
                    spec.has[change[0]] = text if equals else "was\n"
                else:
                    spec.changes.append(change)
        elif word not in ("tested", "signed"):
            raise ValueError(f"no example has the word {word}")
    if not spec.changes and not spec.plan and not spec.push:
        spec.changes.append(_change("src/user.py", ""))
    return spec


def _change(name: str, text: str) -> tuple[str, str, str, str]:
    """`path`, `+path`, `-path`, `path@s`: (path, mode letter before, after, text after)."""
    old, new = {"+": ("-", "f"), "-": ("f", "-")}.get(name[0], ("f", "f"))
    name = name.lstrip("+-")
    name, at, mode = name.partition("@")
    if at:
        old, new = ("-" if old == "-" else mode), mode
    return name, old, new, text


def _plan(spec: Spec, *, after: bool) -> str:
    version = spec.plan.get("version", "1") if after else "1"
    goal = spec.plan.get("goal", '"a goal"') if after else '"a goal"'
    files = [*spec.files, *(spec.plan.get("files", "").split() if after else [])]
    entries = []
    for each in files:
        action, colon, pattern = each.partition(":")
        entries.append(f'{{ path = "{pattern}", change = "{action}" }}' if colon else f'{{ path = "{each}" }}')
    themes = [["own", *(spec.files if not spec.themes else ["src/**"])], *spec.themes]
    lines = ["schema = 1", 'id = "p"', f"version = {version}", f"goal = {goal}", 'out_of_scope = ["x"]']
    lines += ['risks = [{ risk = "x", mitigation = "y" }]', 'rollback = "revert"']
    for name, *patterns in themes:
        clean = [pattern.partition(":")[2] or pattern for pattern in patterns]
        lines += [f"[themes.{name}]", f"paths = {json.dumps(clean)}"]
        lines += [f"types = {json.dumps(spec.types)}"] if name == "own" and spec.types else []
    lines += ["[roles]", *(f'{stage} = "{model}"' for stage, model in spec.roles.items())]
    for name in spec.needs:
        lines += ["[[tasks]]", f'id = "{name}"', 'title = "T"', 'theme = "own"', "estimate_min = 45"]
        lines += [f'files = [{{ path = "src/{name}.py" }}]', _CRITERION]
    lines += ["[[tasks]]", 'id = "t"', 'title = "T"', 'theme = "own"', "estimate_min = 45"]
    lines += [f"files = [{', '.join(entries)}]", f"deny = {json.dumps(spec.deny)}"]
    lines += [f"depends_on = {json.dumps(spec.needs)}", _CRITERION]
    return "\n".join(lines) + "\n"


_CRITERION = 'acceptance = [{ id = "A1", text = "it works", review = true }]'
_FILL = """schema = 1
id = "fill"
version = 1
goal = "commits that nobody minds"
out_of_scope = ["x"]
risks = [{ risk = "x", mitigation = "y" }]
rollback = "revert"
[themes.own]
paths = ["fill/**"]
[[tasks]]
id = "t"
title = "T"
theme = "own"
estimate_min = 45
files = [{ path = "fill/log.txt" }]
acceptance = [{ id = "A1", text = "it works", review = true }]
"""


#: The clone's name in its ledger.
_WRITER = "0123456789abcdef"


class _OneCommit(Lineage):
    """The plans of a history of one commit, which added them all."""

    def __init__(self, commit: str, plans: set[str]) -> None:
        self.commit, self.plans = commit, plans

    def added(self, plan_id: str) -> frozenset[str]:
        return frozenset((self.commit,)) if plan_id in self.plans else frozenset()

    def roots(self) -> frozenset[str]:
        return frozenset((self.commit,))


class Scene:
    """One example in a repository of its own: HEAD is what stands before the change, on the branch `work`."""

    def __init__(self, template: Path, folder: Path, example: tuple[str, ...]) -> None:
        self.spec = read(example)
        copy_tree(template, folder / "repo")
        self.repo = Repo(folder / "repo", environment(folder))
        if os.environ.get("PYTHONPATH"):
            self.repo.variables["PYTHONPATH"] = os.environ["PYTHONPATH"]
        self.repo.extra["PLANFENCE_MODEL"] = self.spec.model
        self._before()

    @cached_property
    def opened(self) -> Repository:
        """The repository, opened once: what is read by name or id is read anew each time."""
        return self.repo.open()

    @property
    def git_dir(self) -> Path:
        return self.repo.root / ".git"

    def _before(self) -> None:
        spec, repo = self.spec, self.repo
        policy, signers = ["schema = 1", *spec.policy], dict[str, str]()
        if "advance" in spec.at:
            policy.append('tests.required = ["advance"]')
        if not any(line.startswith("tests.") for line in policy):
            policy.append("tests.required = []")
        elif not any(line.startswith("tests.command") for line in policy):
            policy += ['tests.command = "true"', "tests.min_tests = 0"]
        if any("trust.plan" in line for line in policy):
            signers["signers"] = self._signers()
            policy.append('trust.signers = "signers"')
        made, files = Pack(), {"plans/p.toml": _plan(spec, after=False), "plans/fill.toml": _FILL}
        files["planfence.toml"] = "\n".join(policy) + "\n"
        files |= signers | spec.has
        entries = {path.encode(): (b"100644", made.add("blob", text.encode())) for path, text in files.items()}
        for path, old, _, _ in spec.changes:
            if old == "s":
                entries[path.encode()] = b"160000", bytes.fromhex("9" * 40)
            elif old != "-" and path not in files:
                text = b"def user():\n    return 1\n" if path.endswith(".py") else b"was\n"
                entries[path.encode()] = b"100644", made.add("blob", text)
        tree = made.files(entries)
        base = made.commit(tree, [], "chore: begin\n")
        made.write(self.git_dir)
        self.base, self.tree = base.hex(), tree.hex()
        for branch in ("main", "work"):
            repo.write(f".git/refs/heads/{branch}", f"{self.base}\n")
        repo.write(".git/HEAD", "ref: refs/heads/work\n")
        repo.git("reset", "-q", "--hard")
        self._ledger()
        if spec.task:
            repo.start(spec.task)

    def _signers(self) -> str:
        key = self.repo.root.parent / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        self.repo.git("config", "user.signingkey", str(key))
        self.repo.git("config", "gpg.format", "ssh")
        return f"ada@example.org {key.with_suffix('.pub').read_text()}"

    def _ledger(self) -> None:
        """What the ledger says: begun, sent back, moved on."""
        from planfence.ledger.records import new_id, now
        from planfence.ledger.transitions import Claim, Move, MoveKind

        spec, made = self.spec, list[Move]()
        head, tree = self.base, self.tree
        model = spec.roles.get("implement", "human")

        def move(task: str, kind: str, stage: str, number: int, who: str = model, round_: int = 0) -> None:
            made.append(Move(new_id(), MoveKind(kind), task, round_, number, stage, who, head, tree))

        move("fill/t", "start", "implement", 1)
        if spec.claimed:
            name, *files = spec.claimed
            claim = Claim(tuple(files))
            made.append(
                Move(new_id(), MoveKind.START, name, 0, 1, "implement", "codex", head, tree, at=now(), claim=claim)
            )
        for name in spec.done:
            move(f"p/{name}", "start", "implement", 1)
            move(f"p/{name}", "advance", "review", 2)
            move(f"p/{name}", "advance", "done", 3)
        if spec.stage != "plan" and spec.task:
            self._own_moves(move)
        self._write_down(made)

    def _own_moves(self, move: Callable[..., None]) -> None:
        spec, number = self.spec, 2
        move(TASK, "start", "implement", 1)
        for round_ in range(spec.rounds[0]):
            move(TASK, "advance", "review", number, spec.rounds[1], round_)
            move(TASK, "rework", "implement", number + 1, "human", round_ + 1)
            number += 2
        if spec.stage in ("review", "done"):
            move(TASK, "advance", "review", number)
        if spec.stage == "done":
            move(TASK, "advance", "done", number + 1, "human")

    def _write_down(self, moves: list[Any]) -> None:
        """Write the moves as `write_move` does, all of them at once."""
        from planfence.ledger import intoto, lineage, refs, transitions
        from planfence.manifest.policy import Policy

        pack, tip = Pack(), list[bytes]()
        history = _OneCommit(self.base, {"p", "fill"})
        for move in moves:
            bound = lineage.bound(self.opened, Policy(), move, history)
            entry = pack.add("blob", intoto.encode(transitions.to_statement(bound)))
            tree = pack.tree({refs.ENTRY.encode(): (b"100644", entry)})
            tip = [pack.commit(tree, tip, "planfence ledger entry\n")]
        pack.write(self.git_dir)
        for path, text in {
            f".git/{refs.PREFIX}{_WRITER}": tip[0].hex(),
            ".git/planfence/writer": _WRITER,
            ".git/planfence/ledger-tip": tip[0].hex(),
        }.items():
            self.repo.write(path, f"{text}\n")

    # -- the change ---------------------------------------------------------------------------------------------

    def stage(self) -> None:
        """Make the change in the worktree and stage it."""
        repo, spec, written = self.repo, self.spec, list[str]()
        for path, _, new, text in spec.changes:
            if new == "-":
                repo.git("rm", "-q", "--", path)
            elif new == "s":
                repo.git("update-index", "--add", "--cacheinfo", f"160000,{_LINKED},{path}")
            elif new == "l":
                (repo.root / path).parent.mkdir(parents=True, exist_ok=True)
                os.symlink(text or "target", repo.root / path)
                repo.git("add", "--", path)
            else:
                given = text or ("def user():\n    return 2\n" if path.endswith(".py") else "now\n")
                repo.write(path, given)
                written.append(path)
        if written:
            repo.git("--literal-pathspecs", "add", "--", *written)
        if spec.plan:
            repo.write("plans/p.toml", _plan(spec, after=True))
            repo.git("add", "plans/p.toml")
        if "tested" in spec.words:
            assert repo.planfence("test", "--staged").returncode == 0

    def text(self) -> str:
        """The message of the finished commit: with the trailers that the hook would write."""
        spec = self.spec
        trailers = [f"Plan-Model: {spec.model}"] if spec.model != "human" or spec.task else []
        if spec.task:
            trailers = [f"Plan-Task: {spec.task}", f"Plan-Stage: {spec.stage}", *trailers]
            trailers += [f"Plan-Rework: {spec.rounds[0]}"] if spec.rounds[0] else []
        return f"{spec.message}\n\n" + "\n".join(trailers) + "\n"

    def record(self) -> str:
        """Commit what is staged past the hooks."""
        sign = ["-S"] if "signed" in self.spec.words else []
        self.repo.git(*_NO_HOOKS, "commit", "-q", *sign, "-F", "-", stdin=self.text().encode())
        return self.repo.head()

    def fill(self, count: int, tag: str) -> None:
        """Put clean commits of another task on top of HEAD, and make the worktree what HEAD says."""
        pack, head = Pack(), bytes.fromhex(self.repo.head())
        last = _fillers(pack, count, tag, head, self._entries(head.hex()))[0]
        pack.write(self.git_dir)
        self.repo.write(".git/refs/heads/work", f"{last.hex()}\n")
        self.repo.git("reset", "-q", "--hard")

    def around(self, tip: str) -> Iterator[tuple[int, str]]:
        """Put the change between clean commits of another task, as a rebase would; yield their number and the last."""
        header, _, message = self._read(tip).decode("utf-8", "surrogateescape").partition("\n\n")
        if not self.spec.task:  # commit-msg marks what is small on a branch that holds a task's commits
            mark = f"{messages.TASK_TRAILER}: {messages.NO_TASK}"
            text = message.encode("utf-8", "surrogateescape")
            message = self.repo.git("interpret-trailers", "--no-divider", "--trailer", mark, stdin=text) + "\n"
        people = "".join(f"{line}\n" for line in header.split("\n") if line.startswith(("author ", "committer ")))
        pack, base, entries = Pack(), bytes.fromhex(self.base), self._entries(tip)
        ranges = []
        for count in (200, 5):
            before, after = count // 2, count - 1 - count // 2
            last, folder = _fillers(pack, before, f"before {count}", base, self._entries(self.base))
            picked = pack.commit(pack.tree(entries | folder), [last], message, people)
            ranges.append((count, _fillers(pack, after, f"after {count}", picked, entries)[0].hex()))
        pack.write(self.git_dir)
        for count, last in ranges:
            self.repo.write(".git/refs/heads/work", f"{last}\n")
            yield count, last

    def _read(self, name: str) -> bytes:
        found = self.opened.objects.read(name)
        assert found is not None
        return found.data

    def _entries(self, commit: str) -> Entries:
        return entries_of(self._read(f"{commit}^{{tree}}"))

    # -- the surfaces -------------------------------------------------------------------------------------------

    def see(self, surfaces: tuple[str, ...]) -> Iterator[tuple[str, int, str]]:  # noqa: C901 - one for each
        """Yield (surface, exit code, what was said) for each, in the order in which the change grows up."""
        if "server" in surfaces:
            yield ("server", *self._server())
            return
        if "advance" in surfaces:
            yield ("advance", *self._advance())
            return
        if "edit" in surfaces:
            yield ("edit", *self._edit())
        self.stage()
        index = (self.git_dir / "index").read_bytes()
        if "check --staged" in surfaces:
            yield ("check --staged", *self._check(staged=True))
        if "hook id" in surfaces:
            yield ("hook id", *self._hook_ids())
        if "native" in surfaces:
            yield ("native", *self._native())
            self.repo.write(".git/refs/heads/work", f"{self.base}\n")
            (self.git_dir / "index").write_bytes(index)
        if set(surfaces) <= {"edit", "check --staged", "hook id", "native"}:
            return
        tip = self.record()
        if "check --commit" in surfaces:
            yield ("check --commit", *self._check(commit=tip))
        left, last = set(surfaces), tip
        for count, last in self.around(tip) if "range of 200" in surfaces else ():
            yield (f"range of {count}", *self.judged("check", last))
            if "verify" in left:
                yield ("verify", *self._boundary("verify", last))
                left.remove("verify")
        if "push" in left:
            yield ("push", *self._push(last))
        for surface in ("verify", "receive"):
            if surface in left:
                yield (surface, *self._boundary(surface, last))

    def _told(self, outcome) -> tuple[int, str]:
        from planfence.render import text

        return int(outcome.report.refused), text.render(outcome.report)

    def judged(self, command: str, tip: str) -> tuple[int, str]:
        """What `check --range` or `verify` says of a range."""
        return self._boundary("verify", tip) if command == "verify" else self._check(base=self.base, tip=tip)

    def _check(self, *, staged: bool = False, commit: str = "", base: str = "", tip: str = "") -> tuple[int, str]:
        from planfence.judge import check
        from planfence.judge.staged import check_staged

        opened = self.opened
        if staged:
            return self._told(check_staged(opened, thorough=True))
        if commit:
            return self._told(check.check_commit(opened, commit, thorough=True))
        return self._told(check.check_span(opened, f"{base}..{tip}"))

    def _edit(self) -> tuple[int, str]:
        from planfence.agents.patch import Edit
        from planfence.agents.scope import judge_edits
        from planfence.change.change import Action

        edits = [
            Edit(str(self.repo.root / path), Action.DELETE if new == "-" else None)
            for path, _, new, _ in self.spec.changes
        ]
        found = judge_edits(edits, str(self.repo.root), self.repo.environment())
        return int(bool(found.denials)), "\n".join(f"{each.what}: {each.why}\n{each.fix}" for each in found.denials)

    def _hook_ids(self) -> tuple[int, str]:
        """What a framework runs: the ids' entries, of a commit that opens no editor."""
        said = ""
        index = str(self.repo.root / ".git/index")
        done = self.repo.planfence("hook", "pre-commit", PRE_COMMIT="1", GIT_INDEX_FILE=index, GIT_EDITOR=":")
        said += done.stderr
        if not done.returncode:
            (self.repo.root / ".git/COMMIT_EDITMSG").write_text(f"{self.spec.message}\n")
            done = self.repo.planfence(
                "hook", "commit-msg", ".git/COMMIT_EDITMSG", PRE_COMMIT="1", GIT_INDEX_FILE=index, GIT_EDITOR=":"
            )
            said += done.stderr
        return done.returncode, said

    def _native(self) -> tuple[int, str]:
        done = subprocess.run(
            ["git", "commit", "-q", "-m", self.spec.message],
            cwd=self.repo.root, env=self.repo.variables | self.repo.extra, capture_output=True, text=True, check=False,
            errors="replace",
        )  # fmt: skip
        return done.returncode, done.stderr

    def _push(self, tip: str) -> tuple[int, str]:
        from planfence.boundary import push

        # A remote that has the base and nothing else, as its own tracking branch says.
        with open(self.repo.root / ".git/config", "a") as config:
            config.write(f'[remote "origin"]\n\turl = {self.repo.root}\n')
        self.repo.write(".git/refs/remotes/origin/main", f"{self.base}\n")
        zero = "0" * len(tip)
        line = f"refs/heads/work {tip} refs/heads/work {zero}\n".encode()
        opened = self.opened
        return self._told(push.judge(opened, "origin", push.parse(opened, line)).outcome)

    def _boundary(self, surface: str, tip: str) -> tuple[int, str]:
        from planfence.boundary import receive, verify

        opened = self.opened
        if surface == "verify":
            return self._told(verify.verify(opened, f"{self.base}..{tip}"))
        zero = "0" * len(tip)
        return self._told(receive.receive(opened, f"{zero} {tip} refs/heads/work\n".encode()))

    def _advance(self) -> tuple[int, str]:
        """The gate out of the implement stage, with a proof in the ledger of what came of the first question."""
        from planfence.ledger.evidence import TESTS
        from planfence.ledger.proofs import Proof, Question, Trial, TrialOutcome
        from planfence.ledger.records import new_id, write_proof
        from planfence.manifest.policy import Policy

        self.stage()
        commit = self.record()
        tree, base_tree = self.repo.git("rev-parse", "HEAD^{tree}", f"{self.base}^{{tree}}").split()
        assert self.repo.planfence("test").returncode == 0
        trial = Trial(Question.CHANGE, "change", TrialOutcome(self.spec.proof), failures=6)
        made = Proof(
            new_id(), 1, TASK, tree, commit, self.base, base_tree, 1, "implement", "human", "", ((TESTS, "true"),),
            6, 0.1, "", ("change",), 0, (trial,), "planfence", "2026-01-01T00:00:00Z",
        )  # fmt: skip
        write_proof(self.repo.open(), Policy(), made, {"base": base_tree, "result": tree})
        done = self.repo.planfence("advance")
        return done.returncode, done.stdout + done.stderr

    def _server(self) -> tuple[int, str]:
        """A real push into a bare repository with the hook."""
        repo = self.repo
        for number in range(2):
            repo.write("src/user.py", f"{number}\n")
            repo.git("add", "-A")
            repo.git(*_NO_HOOKS, "commit", "-q", "-F", "-", stdin=self.text().encode())
        bare = Repo(repo.root.parent / "server.git", repo.variables)
        subprocess.run(["git", "clone", "-q", "--bare", str(repo.root), str(bare.root)], env=repo.variables, check=True)
        bare.git("symbolic-ref", "HEAD", "refs/heads/main")
        bare.git("update-ref", "refs/heads/main", "refs/heads/work~1")
        repo.git("push", "-q", str(bare.root), "refs/planfence/*:refs/planfence/*")
        assert bare.install("--server").returncode == 0
        refspec = self.spec.push.replace("HEAD^", "HEAD~2")
        done = subprocess.run(
            ["git", "push", "-q", str(bare.root), refspec],
            cwd=repo.root, env=repo.variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stderr


def _fillers(pack: Pack, count: int, tag: str, parent: bytes, entries: Entries) -> tuple[bytes, Entries]:
    """Put clean commits of another task on one whose tree has these entries; return the last, and the task's folder."""
    message = "feat: more\n\nPlan-Task: fill/t\nPlan-Stage: implement\nPlan-Model: human\n"
    logs, folders = _logs(count, tag)
    pack.include(logs)
    folder: Entries = {}
    for number, folder in enumerate(folders):
        who = f"A <a@b> {1767225600 + number} +0000"
        parent = pack.commit(pack.tree(entries | folder), [parent], message, f"author {who}\ncommitter {who}\n")
    return parent, folder


@cache
def _logs(count: int, tag: str) -> tuple[Pack, list[Entries]]:
    """What so many commits write, each in its turn: the same on top of any tree."""
    pack, folders = Pack(), []
    for number in range(count):
        blob = pack.add("blob", f"{tag} {number}\n".encode())
        folders.append({b"fill": (b"40000", pack.tree({b"log.txt": (b"100644", blob)}))})
    return pack, folders


def template(folder: Path) -> Path:
    """An empty repository with the native hooks, made once."""
    made = folder / "examples"
    made.mkdir()
    repo = Repo(made, environment(folder))
    if os.environ.get("PYTHONPATH"):
        repo.variables["PYTHONPATH"] = os.environ["PYTHONPATH"]
    repo.git("init", "-q", "-b", "main", "--template=")
    repo.git("config", "maintenance.auto", "false")  # one process less for each commit
    repo.write(".git/info/exclude", ".ai-*\n")
    done = repo.install()
    assert done.returncode == 0, done.stderr
    return made


def verdicts(rule, kind: str, number: int, template_: Path, folder: Path) -> list[tuple[str, int, str]]:
    """What every surface that can see it says of one example."""
    example = getattr(rule, kind)[number]
    scene = Scene(template_, folder, example)
    return list(scene.see(scene.spec.surfaces(bad=kind == "bad", edit=rule.edit)))


def codes_in(said: str) -> set[str]:
    """The rules that a text names."""
    return set(re.findall(r"\b[A-Z]{3}\d{3}\b", said))


def main(words: list[str]) -> None:
    """Print, for each rule that is named, what every surface says of every example."""
    from planfence.rules import RULES

    folder = Path(words[0])
    made = template(folder)
    told = {}
    for rule in RULES:
        for kind in ("bad", "good"):
            for number in range(len(getattr(rule, kind)) if rule.code in words[1:] else 0):
                place = folder / f"{rule.code}-{kind}-{number}"
                place.mkdir()
                told[f"{rule.code} {kind} {number}"] = verdicts(rule, kind, number, made, place)
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
