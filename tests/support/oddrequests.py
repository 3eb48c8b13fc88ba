"""What else a request may be made of: moved plans and folders, parts of reverts, links, submodules, backports."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from support.requests import KINDS, TASKS, TYPES, Request, Team, small_plan, trailers

#: Each names a method of :class:`OddTeam`.
ODD = ("part", "moved_plan", "two_plans", "submodule", "folder", "mode", "link", "empty", "same", "backport", "reopen")


def prepare(repo: Any) -> None:
    """Give `main` folders to move, and a submodule that the task names."""
    text = (repo.root / "plans/p.toml").read_text().replace("version = 1", "version = 2")
    for name in TASKS:
        for number in range(4):
            repo.write(f"src/{name}/deep/{number}.txt", "".join(f"{name} {number} {n}\n" for n in range(20)))
        own = f'  {{ path = "src/{name}/**" }},\n'
        text = text.replace(own, f'{own}  {{ path = "src/{name}/sub" }},\n')
    repo.write("plans/p.toml", text)
    repo.git("add", "plans")
    repo.git("commit", "-q", "-m", "docs: submodules")
    for name in TASKS:
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},src/{name}/sub")
        repo.git("add", f"src/{name}/deep")
        repo.git("commit", "-q", "-m", f"{TYPES[name][0]}: deep\n\n{trailers(name)}")
    repo.git("branch", "-f", "release/1")
    repo.git("reset", "-q", "--hard")


@dataclass
class OddTeam(Team):
    """A team that does these things, too."""

    kinds: tuple[str, ...] = KINDS + ODD

    def _files(self, *arguments: str) -> list[str]:
        return self.git("diff", "--name-only", *arguments).splitlines()

    def _part(self, name: str) -> bool:
        """Take back some files of what is on main, under the task that they are of."""
        ids = self.git("rev-list", "--no-merges", "-n8", self.base).split()
        for target in self.chance.sample(ids, len(ids)):
            if not self.git("rev-list", "--parents", "-n1", target).partition(" ")[2]:
                continue
            touched = self._files(f"{target}^", target)
            if len(touched) < 2 or not all(each.startswith(f"src/{name}/") for each in touched):
                continue
            self.git("revert", "-n", target, ok=False)
            if self.git("ls-files", "-u"):
                self.git("revert", "--abort", ok=False)
                self.git("reset", "-q", "--hard")
                continue
            self.git("checkout", "-q", "HEAD", "--", touched[0], ok=False)
            self.git("revert", "--quit", ok=False)
            words = f"Revert part of it\n\nThis reverts commit {target} in part.\n\n{trailers(name)}"
            if self.save(self.chance.choice((words, f"fix: back\n\n{trailers(name)}"))):
                return True
            self.git("reset", "-q", "--hard")
        return False

    def _new_plan(self, identity: str) -> None:
        text = small_plan(self.number, "An odd goal").replace(f'"r{self.number}"', f'"{identity}"')
        self.repo.write(f"plans/{identity}.toml", text.replace(f"own/{self.number}/", f"own/{identity}/"))

    def _work_by(self, identity: str) -> bool:
        self.repo.begin(f"{identity}/own")
        self.change(f"own/{identity}/{self.chance.choice('abcd')}.txt")
        return self.save(f"feat: by {identity} {self.chance.randrange(10**6)}\n\n{trailers(f'{identity}/own')}")

    def _moved_plan(self, name: str) -> bool:
        """A plan that is called otherwise in the middle of the request, before or after work by it."""
        old, new = (f"q{self.number}-{self.chance.randrange(10**6)}{letter}" for letter in "ab")
        self._new_plan(old)
        self.save(f"docs: plan {old}")
        if self.chance.random() < 0.5:
            self._work_by(old)
        self.git("mv", f"plans/{old}.toml", f"plans/{new}.toml")
        text = (self.repo.root / f"plans/{new}.toml").read_text()
        self.repo.write(f"plans/{new}.toml", text.replace(old, new))
        self.save(f"docs: plan {old} is {new}")
        return self._work_by(new)

    def _two_plans(self, name: str) -> bool:
        """Two plans, in one commit or in two."""
        both = [f"t{self.number}-{self.chance.randrange(10**6)}{letter}" for letter in "ab"]
        for each in both:
            self._new_plan(each)
            if self.chance.random() < 0.5:
                self.save(f"docs: plan {each}")
        self.save("docs: plans")
        self._work_by(both[0])
        return self._work_by(both[1])

    def _submodule(self, name: str) -> bool:
        new = f"{self.chance.randrange(10**39):040d}"
        if not self.git("ls-files", f"src/{name}/sub"):
            return False  # taken back
        self.git("update-index", "--cacheinfo", f"160000,{new},src/{name}/sub")
        self.git("commit", "-q", "--no-verify", "-m", f"{TYPES[name][0]}: bump\n\n{trailers(name)}")
        return True

    def _folder(self, name: str) -> bool:
        """Move a folder, and maybe change a file of it in the same commit."""
        here = sorted({each.rpartition("/")[0] for each in self.git("ls-files", f"src/{name}/deep*").splitlines()})
        if not here:
            return False
        self.git("mv", here[0], f"src/{name}/deep{self.number}-{self.chance.randrange(999)}")
        if self.chance.random() < 0.5:
            self._deep(name)
        return self.save(f"{TYPES[name][-1]}: move the folder\n\n{trailers(name)}")

    def _deep(self, name: str) -> None:
        for each in self.git("ls-files", f"src/{name}/deep*").splitlines()[:2]:
            self.change(each)

    def _mode(self, name: str) -> bool:
        place = self.repo.root / f"src/{name}/{self.chance.choice('abcd')}.txt"
        if not place.is_file():
            return False
        os.chmod(place, place.stat().st_mode ^ 0o111)
        self._deep(name)
        return self.save(f"{TYPES[name][0]}: run it\n\n{trailers(name)}")

    def _link(self, name: str) -> bool:
        """A symbolic link that an amendment names."""
        if not self._amend(name):
            return False
        path = self._files("HEAD^", "HEAD")[0]
        (self.repo.root / path).unlink()
        (self.repo.root / path).symlink_to(f"../../src/{name}/a.txt")
        return self.save(f"{TYPES[name][0]}: link\n\n{trailers(name)}")

    def _empty(self, name: str) -> bool:
        words = self.chance.choice((f"{TYPES[name][0]}: nothing\n\n{trailers(name)}", "ci: run again"))
        self.git("commit", "-q", "--no-verify", "--allow-empty", "-m", words)
        return True

    def _picked(self, commit: str, *words: str) -> bool:
        before = self.git("rev-parse", "HEAD")
        self.git("cherry-pick", "--allow-empty", *words, commit, ok=False)
        if (self.repo.root / ".git/CHERRY_PICK_HEAD").exists():
            self.git("cherry-pick", "--abort", ok=False)
            self.git("reset", "-q", "--hard", before)
        return self.git("rev-parse", "HEAD") != before

    def _same(self, name: str) -> bool:
        """Make what the base has meanwhile, too: a rebase drops it."""
        newer = self.git("rev-list", "--no-merges", "--reverse", f"HEAD..{self.target}").split()
        return sum(self._picked(each) for each in newer[:2]) > 0

    def _backport(self, name: str) -> bool:
        other = "main" if self.target == "release/1" else "release/1"
        ids = self.git("rev-list", "--no-merges", "-n6", other, "--not", "HEAD").split()
        return bool(ids) and self._picked(self.chance.choice(ids), "-x")

    def _reopen(self, name: str) -> bool:
        """The commits of an earlier request once more."""
        if not self.requests:
            return False
        earlier = self.chance.choice(self.requests)
        ids = self.git("rev-list", "--reverse", "--no-merges", earlier.head, "--not", "HEAD", self.base).split()
        return sum(self._picked(each) for each in ids) > 0

    def amended_meanwhile(self) -> None:
        """Land an amendment of the plan that all work by, while requests wait."""
        self.git("checkout", "-q", self.target)
        text = (self.repo.root / "plans/p.toml").read_text()
        version = int(text.split("version = ")[1].split("\n")[0])
        text = text.replace(f"version = {version}\n", f"version = {version + 1}\n")
        self.repo.write("plans/p.toml", text.replace('rollback = "', f'rollback = "{version} '))
        self.save("docs: amended meanwhile")

    def _made(self, made_of: list[str]) -> Request:
        found = super()._made(made_of)
        self.requests.append(found)
        return found
