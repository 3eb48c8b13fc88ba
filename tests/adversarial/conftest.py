"""One lab a test: a real repository, and every surface that judges it."""

from __future__ import annotations

import hashlib
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.repository import Repo, copy_tree, environment

TASK = "auth/middleware"
TRAILERS = f"Plan-Task: {TASK}\nPlan-Stage: implement\nPlan-Model: human\n"


@dataclass
class Verdict:
    """What one surface said: the codes of its error findings, or `exit N` where it raised."""

    codes: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    judged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    words: str = ""

    @property
    def refused(self) -> bool:
        return bool(self.codes)


def ask(question: Callable[[], Any]) -> Verdict:
    """Ask one surface; an error is a refusal with its exit code, a crash is a failed test."""
    from planfence.errors import PlanfenceError

    try:
        outcome = question()
    except PlanfenceError as error:
        return Verdict({f"exit {int(error.code)}"}, words=f"{error.message} {error.hint}")
    report = outcome.report
    return Verdict(
        {finding.code for finding in report.errors},
        {finding.path for finding in report.errors},
        report.judged,
        report.notes,
        " ".join(finding.message for finding in report.errors),
    )


@dataclass
class Lab:
    """A repository on branch `work`, cut from `main`, with `auth/middleware` as the active task."""

    repo: Any
    bare_template: Path
    base: str

    @property
    def git(self) -> Callable[..., str]:
        return self.repo.git

    def write(self, path: str, text: str | bytes = "x\n") -> None:
        self.repo.write(path, text)
        self.git("add", "--", path)

    # --- making commits without a hook ---------------------------------------------------
    def message(self, text: str = "feat: change", task: str | None = TASK, **trailers: str) -> str:
        lines = [] if task is None else [f"Plan-Task: {task}", "Plan-Stage: implement", "Plan-Model: human"]
        lines += [f"{key.replace('_', '-')}: {value}" for key, value in trailers.items()]
        return f"{text}\n\n" + "\n".join(lines) + "\n" if lines else f"{text}\n"

    def record(self, text: str = "feat: change", task: str | None = TASK, parents: tuple[str, ...] = ("HEAD",)) -> str:
        """Commit what is staged by plumbing, so that git's own checks don't get in the way."""
        return self.record_tree(self.git("write-tree"), text, task, parents)

    def record_tree(
        self, tree: str, text: str = "feat: change", task: str | None = TASK, parents: tuple[str, ...] = ("HEAD",)
    ) -> str:
        message = text if "\n" in text else self.message(text, task)
        arguments = [word for parent in parents for word in ("-p", parent)]
        commit = self.git("commit-tree", tree, *arguments, stdin=message.encode("utf-8", "surrogateescape"))
        self.git("update-ref", "HEAD", commit)
        return commit

    def blob(self, data: bytes = b"x\n") -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=data)

    def raw_tree(self, entries: list[tuple[str, bytes, str]]) -> str:
        """Write a tree that no index would make: (mode, name, id) as they stand, in this order."""
        data = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
        whole = b"tree %d\0" % len(data) + data
        oid = hashlib.sha1(whole, usedforsecurity=False).hexdigest()  # as git writes a loose object
        place = self.repo.root / ".git/objects" / oid[:2] / oid[2:]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(zlib.compress(whole))
        return oid

    def tree_with(self, mode: str, name: bytes, oid: str, commit: str = "HEAD") -> str:
        """HEAD's top tree and one more entry, in git's order."""
        entries = self.entries(commit)
        entries.append((mode, name, oid))
        entries.sort(key=lambda e: e[1] + (b"/" if e[0] in ("40000", "040000") else b""))
        return self.raw_tree(entries)

    def entries(self, treeish: str = "HEAD") -> list[tuple[str, bytes, str]]:
        out = self.git("ls-tree", "-z", "--full-tree", treeish).encode("utf-8", "surrogateescape")
        found = []
        for record in out.split(b"\0"):
            if record:
                head, _, name = record.partition(b"\t")
                mode, _, oid = head.decode().split(" ")
                found.append((mode.lstrip("0"), name, oid))
        return found

    # --- the surfaces --------------------------------------------------------------------
    def staged(self, **extra: str) -> Verdict:
        from planfence.judge import staged

        return ask(lambda: staged.check_staged(self.repo.open(**{"PLANFENCE_TASK": TASK} | extra)))

    def staged_without_task(self) -> Verdict:
        from planfence.judge import staged

        return ask(lambda: staged.check_staged(self.repo.open()))

    def commit(self, revision: str = "HEAD", **extra: str) -> Verdict:
        from planfence.judge import check

        return ask(lambda: check.check_commit(self.repo.open(**extra), revision))

    def range(self, head: str = "HEAD", base: str | None = None, **extra: str) -> Verdict:
        """What the push judges."""
        from planfence.judge import check

        return ask(lambda: check.check_span(self.repo.open(**extra), f"{base or self.base}..{head}"))

    def push(self, head: str = "HEAD", **extra: str) -> Verdict:
        """What the pre-push hook says to a push of ``head``, behind a deletion and a ref with nothing new."""
        from planfence.boundary import push

        zero = "0" * len(self.base)
        self.git("update-ref", "refs/remotes/origin/main", self.base)
        new = self.git("rev-parse", head)
        updates = [
            push.PushedRef("(delete)", zero, "refs/heads/gone", self.base),
            push.PushedRef("refs/heads/main", self.base, "refs/heads/old", zero),
            push.PushedRef("refs/heads/work", new, "refs/heads/work", zero),
        ]
        return ask(lambda: push.judge(self.repo.open(**extra), "origin", updates).outcome)

    def verify(self, head: str = "HEAD", base: str | None = None, **extra: str) -> Verdict:
        from planfence.boundary import verify

        return ask(lambda: verify.verify(self.repo.open(**extra), f"{base or self.base}..{head}"))

    def bare(self) -> Any:
        """A bare repository that has `main` at the base and can read the lab's objects."""
        root = self.repo.root.parent / "server.git"
        if not root.exists():
            copy_tree(self.bare_template, root)
            (root / "objects/info").mkdir(parents=True, exist_ok=True)
            (root / "objects/info/alternates").write_text(f"{self.repo.root / '.git/objects'}\n")
            self.sync(f"create refs/heads/main {self.base}\n")
        return type(self.repo)(root, self.repo.variables)

    def sync(self, more: str = "") -> None:
        """Bring the ledger's refs to the server, as `planfence sync` does."""
        server = type(self.repo)(self.repo.root.parent / "server.git", self.repo.variables)
        ledger = self.git("for-each-ref", "--format=update %(refname) %(objectname)", "refs/planfence")
        server.git("update-ref", "--stdin", stdin=f"{more}{ledger}\n".encode() if ledger else more.encode())

    def receive(self, *updates: tuple[str, str, str], **extra: str) -> Verdict:
        """What the server says to (old, new, ref) updates; ids may be revisions of the lab, empty for none."""
        from planfence.boundary import receive

        zero = "0" * len(self.base)

        def named(revision: str) -> str:
            known = not revision or len(revision) == len(zero)
            return (revision or zero) if known else self.git("rev-parse", revision)

        lines = "".join(f"{named(old)} {named(new)} {ref}\n" for old, new, ref in updates)
        return ask(lambda: receive.receive(self.bare().open(**extra), lines.encode("utf-8", "surrogateescape")))

    def everywhere(self, head: str = "HEAD") -> dict[str, Verdict]:
        """The verdict on `base..head` of every surface that judges commits."""
        found = {"range": self.range(head)}
        found["verify"] = self.verify(head)
        found["receive"] = self.receive((self.base, head, "refs/heads/main"))
        return found

    # --- the answers ---------------------------------------------------------------------
    def refuses(self, code: str, head: str = "HEAD", *, path: str | None = None, staged: bool = False) -> None:
        """Every surface refuses with this code (`exit` stands for 2 or 3), and names the path."""
        surfaces = {"staged": self.staged()} if staged else {}
        if staged:
            head = self.record()
        surfaces |= {"commit": self.commit(head)} | self.everywhere(head)
        for name, verdict in surfaces.items():
            found = any(each.startswith(code) for each in verdict.codes)
            assert found, f"{name} says {verdict} and not {code}"
            if path is not None and not code.startswith("exit"):
                assert path in verdict.paths, f"{name} names {verdict.paths}, not {path}"

    def accepts(self, head: str = "HEAD", *, staged: bool = False) -> None:
        """Every surface lets it pass."""
        surfaces = {"staged": self.staged()} if staged else {}
        if staged:
            head = self.record()
        surfaces |= {"commit": self.commit(head)} | self.everywhere(head)
        for name, verdict in surfaces.items():
            assert not verdict.refused, f"{name} refuses: {verdict}"


@pytest.fixture(scope="session")
def bare_template(tmp_path_factory: pytest.TempPathFactory, templates: Path) -> Path:
    import subprocess

    folder = tmp_path_factory.mktemp("bare") / "server.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True, capture_output=True)
    shutil.rmtree(folder / "hooks", ignore_errors=True)
    return folder


@pytest.fixture(scope="session")
def lab_template(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    copy_tree(templates / "planned", folder / "repo")
    repo = Repo(folder / "repo", environment(folder))
    # Evidence has its own cases; these are about what a change touches.
    repo.write("planfence.toml", "schema = 1\n[tests]\nrequired = []\n")
    repo.commit("chore: no gate")
    repo.git("checkout", "-q", "-b", "work")
    return repo.root


@pytest.fixture
def lab(lab_template: Path, tmp_path: Path, bare_template: Path) -> Lab:
    copy_tree(lab_template, tmp_path / "repo")
    repo = Repo(tmp_path / "repo", environment(tmp_path))
    return Lab(repo, bare_template, repo.head())
