"""Replays a year of a real project as requests, each with a plan of its own, and reports what is refused.

python benchmarks/requests.py REPO [REQUESTS]

REPO is a bare clone with the heads of its requests (`refs/pull/N/head`). Each commit of the last year is made again in
a scratch repository with the same tree, author and message. A commit of the first parents that is a merge, or whose
title names a request whose head is here, is a request. It gets a plan of one task that lists the files it changes, in a
commit before its own, and its commits get the task's trailers. What changes one or two files, none of them protected or
a submodule, is small and gets no plan; what bots made is standing work. Each request is verified as a request, and
again as it landed, merged or squashed as the project did. Nothing should be refused: each refusal is printed, to be
read. Limits of size are off, since the plan is derived from what was done.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from setting import environment

from planfence.boundary import verify
from planfence.change.message import with_trailers
from planfence.env import Environment
from planfence.gitio.repository import Repository, open_repository
from planfence.ledger.records import new_id, write_move
from planfence.ledger.transitions import Move, MoveKind
from planfence.manifest.policy import Policy

PROTECTED = ("planfence.toml", ".pre-commit-config.yaml", ".gitmodules", ".gitattributes")
YEAR_S = 365 * 86400
_PLAN = """\
schema = 1
id = "r{number}"
version = 1
goal = "What request {number} did"
out_of_scope = ["all else"]
risks = [{{ risk = "none", mitigation = "none" }}]
rollback = "Revert it"

[themes.own]
paths = [{paths}]

[[tasks]]
id = "own"
title = "All of it"
theme = "own"
estimate_min = 45
files = [{files}]
acceptance = [{{ id = "A1", text = "it is right", review = true }}]
"""


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_protected(path: str) -> bool:
    return path in PROTECTED or path.startswith(".github/")


def patterns(paths: set[str], links: set[str]) -> list[str]:
    """Literal paths; of a folder with more than three, or with a name that is no pattern, the folder."""
    folders = Counter(path.rpartition("/")[0] for path in paths)
    found = set[str]()
    for path in paths:
        folder = path.rpartition("/")[0]
        plain = path.isascii() and not set(path) & set('*?[\\":')
        wide = folder and path not in links and (folders[folder] > 3 or not plain) and not set(folder) & set('*?[\\":')
        found.add(f"{folder}/*" if wide and not is_protected(path) else re.sub(r"([*?\[\\])", r"\\\1", path))
    return sorted(found)


@dataclass
class Made:
    """A commit made again: its id, the plans that it has, whether it has the policy."""

    id: str
    plans: dict[str, str] = field(default_factory=dict)
    policy: bool = False


@dataclass
class Request:
    number: int
    how: str
    before: str
    after: str
    head: str
    planned: bool
    commits: int


class Store:
    """Reads objects by one process, and writes them as loose files: the history is made again, commit by commit."""

    def __init__(self, root: Path, variables: dict[str, str]) -> None:
        self._folder = root / "objects"
        self._git = subprocess.Popen(
            ["git", "cat-file", "--batch"], cwd=root, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def read(self, name: str) -> bytes:
        """The content of an object, empty if it is not here."""
        stdin, stdout = self._git.stdin, self._git.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{name}\n".encode())
        stdin.flush()
        head = stdout.readline().split()
        return stdout.read(int(head[2]) + 1)[:-1] if len(head) == 3 else b""

    def write(self, kind: str, data: bytes) -> str:
        whole = f"{kind} {len(data)}\0".encode() + data
        name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        place = self._folder / name[:2] / name[2:]
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(zlib.compress(whole, 1))
        return name

    def entries(self, tree: str) -> dict[str, tuple[bytes, bytes]]:
        """The rows of a tree: name → mode and id."""
        data, found = self.read(tree), {}
        while data:
            mode, _, rest = data.partition(b" ")
            name, _, rest = rest.partition(b"\0")
            found[name.decode("utf-8", "surrogateescape")] = (mode, rest[:20])
            data = rest[20:]
        return found

    def tree(self, rows: dict[str, tuple[bytes, bytes]]) -> str:
        encoded = [(name.encode("utf-8", "surrogateescape"), *row) for name, row in rows.items()]
        encoded.sort(key=lambda row: row[0] + (b"/" if row[1] == b"40000" else b""))
        return self.write("tree", b"".join(b"%s %s\0%s" % (mode, name, each) for name, mode, each in encoded))


class Replay:
    def __init__(self, source: Path, folder: Path) -> None:
        self.root = folder / "again.git"
        self.variables = environment(folder) | {"GIT_NO_REPLACE_OBJECTS": "1"}
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.root)], check=True, env=self.variables)
        place = self.git("rev-parse", "--absolute-git-dir", cwd=source)
        (self.root / "objects/info/alternates").write_text(f"{place}/objects\n")
        self.source, self.store = source, Store(self.root, self.variables)
        self.made: dict[str, Made] = {}
        #: Submodules, which a task has to name, as it has to name what is protected.
        self.links: set[str] = set()
        self.heads: dict[str, str] | None = None
        self.begun: list[tuple[str, str, str]] = []

    def git(self, *arguments: str, stdin: str | None = None, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=cwd or self.root, env=self.variables, check=True, capture_output=True,
            input=None if stdin is None else stdin.encode("utf-8", "surrogateescape"),
        )  # fmt: skip
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    # -- reading

    def touched(self, commits: list[str]) -> set[str]:
        """What commits change, of merges what they have from no parent."""
        asked = "".join(f"{each}\n" for each in commits)
        options = ("--stdin", "-r", "-z", "-c", "--name-only", "--no-renames", "--no-commit-id", "--root")
        out = self.git("diff-tree", *options, stdin=asked)
        return {path for path in out.split("\0") if path}

    def raw(self, commit: str) -> tuple[dict[str, list[str]], str]:
        text = self.store.read(commit).decode("utf-8", "surrogateescape")
        head, _, message = text.partition("\n\n")
        fields: dict[str, list[str]] = {}
        for line in head.split("\n"):
            key, _, value = line.partition(" ")
            fields.setdefault(key, []).append(value)
        return fields, message

    # -- writing

    def commit(self, old: str, parents: list[Made], *, trailers: tuple[tuple[str, str], ...] = ()) -> Made:
        """Make a commit again with its own tree, what governs there, and its own words."""
        fields, message = self.raw(old)
        for name in set(re.findall(r"\b[0-9a-f]{40}\b", message)) & self.made.keys():
            message = message.replace(name, self.made[name].id)
        message = with_trailers(message, trailers, "") if trailers else message
        plans = {name: blob for parent in reversed(parents) for name, blob in parent.plans.items()}
        policy = any(parent.policy for parent in parents)
        new = self.write(
            fields["tree"][0], plans, policy, parents, message, fields["author"][0], fields["committer"][0]
        )
        return Made(new, plans, policy)

    def write(
        self,
        tree: str,
        plans: dict[str, str],
        policy: bool,
        parents: list[Made],
        message: str,
        author: str,
        committer: str,
    ) -> str:
        rows = self.store.entries(tree)
        rows = {name: row for name, row in rows.items() if name not in ("plans", "planfence.toml")}
        if plans:
            folder = self.store.tree({name: (b"100644", bytes.fromhex(blob)) for name, blob in plans.items()})
            rows["plans"] = (b"40000", bytes.fromhex(folder))
        if policy:
            rows["planfence.toml"] = (b"100644", bytes.fromhex(self.policy))
        lines = [f"tree {self.store.tree(rows)}", *(f"parent {parent.id}" for parent in parents if parent.id)]
        text = "\n".join([*lines, f"author {author}", f"committer {committer}", "", message])
        return self.store.write("commit", text.encode("utf-8", "surrogateescape"))

    def blob(self, text: str) -> str:
        return self.store.write("blob", text.encode())

    def of(self, old: str) -> Made:
        """A commit made again, or from before the policy as it is."""
        return self.made.get(old) or Made(old)

    def begin(self, old: str, bots: set[str]) -> None:
        """Put the policy on the commit that the year begins with."""
        files = ", ".join(quoted(each) for each in patterns(bots, self.links)) or '"none"'
        self.policy = self.blob(
            'schema = 1\nbase = "main"\n[rules]\nSIZ001 = "off"\n[tests]\nrequired = []\n[[standing]]\nid = "bots"\n'
            'title = "What bots do"\nauthors = ["*[bot]@users.noreply.github.com"]\n'
            f"files = [{files}]\nmay_touch_protected = true\n"
        )
        fields, _ = self.raw(old)
        who = fields["committer"][0]
        self.made[old] = Made(
            self.write(fields["tree"][0], {}, True, [Made(old)], "chore: begin", who, who), policy=True
        )

    def replay(self, commit: str, number: int) -> Request:
        """Make one of the first parents again, with all that it brought."""
        fields, message = self.raw(commit)
        parents = fields.get("parent", [])
        before = self.of(parents[0])
        title = re.search(r"\(#(\d+)\)\s*$", message.partition("\n")[0])
        head = parents[1] if len(parents) == 2 else self.head_of(title[1]) if title else ""
        side = self.git("rev-list", "--reverse", "--topo-order", head, f"^{parents[0]}").split() if head else []
        if len(parents) == 1 and not 0 < len(side) <= 80:
            side, head = [], ""
        own = side or [commit]
        paths = self.touched([*own, commit])
        by_bot = all("[bot]@" in self.raw(each)[0]["author"][0] for each in own)
        planned = (len(paths) > 2 or any(is_protected(path) or path in self.links for path in paths)) and not by_bot
        trailers: tuple[tuple[str, str], ...] = ()
        if planned:
            trailers = (("Plan-Task", f"r{number}/own"), ("Plan-Stage", "implement"), ("Plan-Model", "human"))
        for each in own if side else []:
            if each not in self.made:
                firsts = self.raw(each)[0].get("parent", [])
                ups = [self.of(one) for one in firsts]
                if planned and (not ups or f"r{number}.toml" not in ups[0].plans):
                    ups[:1] = [self.with_plan(ups[0] if ups else Made(""), number, paths)]
                self.made[each] = self.commit(each, ups, trailers=trailers if len(firsts) < 2 else ())
        if len(parents) == 2:
            new, how = self.commit(commit, [before, self.of(parents[1])]), "merge"
        elif side:
            tip = self.of(head)
            new = self.commit(commit, [Made(before.id, before.plans | tip.plans, policy=True)])
            self.git("update-ref", f"refs/pull/{title[1] if title else number}/head", tip.id)
            how = "squash"
        else:
            start = self.with_plan(before, number, paths) if planned else before
            new, how = self.commit(commit, [start], trailers=trailers), "direct"
        self.made[commit] = new
        tip = self.of(head).id if head else new.id
        return Request(number, how, before.id, new.id, tip, planned, len(own))

    def head_of(self, number: str) -> str:
        """The head of a request; empty if it is not here."""
        if self.heads is None:
            listed = self.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/pull", cwd=self.source)
            self.heads = dict(line.split(" ") for line in listed.splitlines())
        return self.heads.get(f"refs/pull/{number}/head", "")

    def with_plan(self, parent: Made, number: int, paths: set[str]) -> Made:
        names = patterns(paths, self.links)
        files = ", ".join(f"{{ path = {quoted(each)} }}" for each in names)
        text = _PLAN.format(number=number, paths=", ".join(map(quoted, names)), files=files)
        plans = parent.plans | {f"r{number}.toml": self.blob(text)}
        fields, _ = self.raw(parent.id)
        who = fields["committer"][0]
        message = f"docs: plan {number}\n\nPlan-Model: human\n"
        new = self.write(fields["tree"][0], plans, parent.policy, [parent], message, who, who)
        tree = self.raw(new)[0]["tree"][0]
        self.begun.append((f"r{number}/own", new, tree))
        return Made(new, plans, parent.policy)


def judged(repository: Repository, span: str) -> tuple[list[str], tuple[str, ...]]:
    report = verify.verify(repository, span).report
    return [f"{each.change[:12]} {each.code} {each.path} {each.message}" for each in report.errors], report.notes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("requests", nargs="?", type=int, default=400)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        replay = Replay(asked.repository.resolve(), Path(folder))
        tip = replay.git("rev-parse", "HEAD", cwd=replay.source)
        since = int(replay.git("log", "-1", "--format=%ct", tip)) - YEAR_S
        line = replay.git("rev-list", "--first-parent", f"--since={since}", tip).split()[: asked.requests][::-1]
        start = replay.git("rev-parse", f"{line[0]}^")
        for commit in (start, tip):
            listed = replay.git("ls-tree", "-r", "-z", commit).split("\0")
            replay.links |= {row.partition("\t")[2] for row in listed if row.startswith("160000")}
        bots = replay.git("log", "--author=\\[bot\\]@", "--format=%H", f"{start}..{tip}").split()
        heads = {
            number for each in line if (number := re.search(r"\(#(\d+)\)\s*$", replay.raw(each)[1].partition("\n")[0]))
        }
        bots += [
            one for number in heads if (head := replay.head_of(number[1]))
            for one in replay.git("log", "--author=\\[bot\\]@", "--no-merges", "--format=%H", head, f"^{start}").split()
        ]  # fmt: skip
        replay.begin(start, replay.touched(bots) if bots else set())
        requests = [replay.replay(commit, number) for number, commit in enumerate(line, 1)]
        replay.git("update-ref", "refs/heads/main", requests[-1].after)
        repository = open_repository(Environment(replay.variables), replay.root)
        for task, commit, tree in replay.begun:
            write_move(
                repository, Policy(), Move(new_id(), MoveKind.START, task, 0, 1, "implement", "human", commit, tree)
            )
        refused, kinds = 0, Counter[str]()
        for request in requests:
            kinds[f"{request.how}{' with a plan' if request.planned else ''}"] += 1
            replay.git("update-ref", "refs/heads/main", request.before)
            asked_for, notes = judged(repository, f"{request.before}..{request.head}")
            replay.git("update-ref", "refs/heads/main", request.after)
            landed, more = judged(repository, f"{request.before}..{request.after}")
            if asked_for or landed:
                refused += 1
                old = line[request.number - 1]
                print(
                    f"{old[:12]} ({request.how}, {request.commits} commits, {'plan' if request.planned else 'no plan'})"
                )
                for words, found in (("request", asked_for), ("landed", landed)):
                    for one in found[:6]:
                        print(f"    {words}: {one}")
                for note in dict.fromkeys((*notes, *more)):
                    print(f"    {note}")
                sys.stdout.flush()
        print(f"{asked.repository}: {len(requests)} requests ({dict(kinds)}), {refused} with a refusal", flush=True)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
