"""The cases that a correct checker answers, each by its number: how it is made, and what every surface must say.

A case is a generator. It stages something and yields what the environment of a hook would be (usually nothing), is
resumed once the staged tree was judged, and yields the commit that push, verify and receive are then asked about;
where it does not, what is staged is committed as it stands.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

#: The answers besides a rule's code: it passes; it can't be read, exit 2 or 3; the surface has no such thing.
PASSES, UNREADABLE, NONE = "passes", "exit", "-"

Maker = Callable[[Any], Iterator[Any]]


@dataclass(frozen=True)
class Case:
    """One case: what is staged and what is committed are each answered by a code, or by one of the words above."""

    number: int
    what: str
    staged: str
    committed: str
    path: str
    make: Maker
    #: Where the push says something else than verify and receive.
    pushed: str = ""


CASES: list[Case] = []


def case(
    number: int, what: str, staged: str, committed: str, path: str = "", pushed: str = ""
) -> Callable[[Maker], Maker]:
    def note(make: Maker) -> Maker:
        CASES.append(Case(number, what, staged, committed, path, make, pushed or committed))
        return make

    return note


def link(lab: Any, target: str, path: str) -> None:
    place = lab.repo.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    os.symlink(target, place)
    lab.git("add", "-A")


@case(1, "`git mv` out of another folder", "SCP001", "SCP001", "docs/index.md")
def _(lab: Any) -> Iterator[Any]:
    (lab.repo.root / "tests/auth").mkdir(parents=True)
    lab.git("mv", "docs/index.md", "tests/auth/index.py")
    yield {}


@case(2, "a copy, with diff.renames=copies", "SCP001", "SCP001", "src/copy.py")
def _(lab: Any) -> Iterator[Any]:
    lab.git("config", "diff.renames", "copies")
    lab.write("src/copy.py", (lab.repo.root / "src/user.py").read_text())
    lab.write("src/user.py", "less\n")
    yield {}


@case(3, "a file becomes a symlink", "SCP001", "SCP001", "README.md")
def _(lab: Any) -> Iterator[Any]:
    link(lab, "docs/index.md", "README.md")
    yield {}


@case(4, "a symlink through which another folder is written", "SCP005", "SCP005", "tests/auth/link")
def _(lab: Any) -> Iterator[Any]:
    link(lab, "../../docs", "tests/auth/link")
    yield {}


@case(5, "`update-index --chmod=+x`", "SCP001", "SCP001", "docs/index.md")
def _(lab: Any) -> Iterator[Any]:
    lab.git("update-index", "--chmod=+x", "docs/index.md")
    yield {}


@case(6, "a gitlink bump that an uncommitted .gitmodules ignores", "SCP001", "SCP001", "sub")
def _(lab: Any) -> Iterator[Any]:
    lab.git("update-index", "--add", "--cacheinfo", f"160000,{lab.base},sub")
    first = lab.base
    lab.base = lab.record(task=None)
    lab.repo.write(".gitmodules", '[submodule "sub"]\n\tpath = sub\n\turl = ./x\n\tignore = all\n')
    for key in ("submodule.sub.ignore", "diff.ignoreSubmodules"):
        lab.git("config", key, "all")
    lab.git("update-index", "--cacheinfo", f"160000,{lab.git('rev-parse', f'{first}^')},sub")
    yield {}


@case(7, "attributes, CI, hooks and submodules' configuration", "SCP004", "SCP004", ".github/workflows/ci.yml")
def _(lab: Any) -> Iterator[Any]:
    for path in (".gitattributes", ".github/workflows/ci.yml", ".pre-commit-config.yaml", ".gitmodules"):
        lab.write(path)
    yield {}


@case(8, "a newline, a quote and a tab in a name", "SCP001", "SCP001", 'src/a\n"é\tb.py')
def _(lab: Any) -> Iterator[Any]:
    lab.git("config", "core.quotePath", "false")
    lab.write('src/a\n"é\tb.py')
    yield {}


@case(9, "a name that is not UTF-8", "SCP005", "SCP005", os.fsdecode(b"tests/auth/\xff"))
def _(lab: Any) -> Iterator[Any]:
    lab.write(os.fsdecode(b"tests/auth/\xff"))
    yield {}


@case(10, "`-rf` and `:(top)x` as names", "SCP001", "SCP001", ":(top)x")
def _(lab: Any) -> Iterator[Any]:
    for name in ("-rf", ":(top)x"):
        lab.repo.write(name)
        lab.git("--literal-pathspecs", "add", "--", name)
    yield {}


@case(11, "SRC/user.py beside src/user.py", "SCP005", "SCP005", "SRC/user.py")
def _(lab: Any) -> Iterator[Any]:
    lab.write("SRC/user.py")
    yield {}


@case(12, "what `fnmatch`, `PurePath.match` and a plain prefix would take", "SCP001", "SCP001", "tests/auth_evil/a")
def _(lab: Any) -> Iterator[Any]:
    for path in ("tests/auth_evil/a", "deep/src/user.py", "src/authXpy"):
        lab.write(path)
    yield {}


@case(13, "`add -N`: the tree omits it", PASSES, PASSES)
def _(lab: Any) -> Iterator[Any]:
    lab.write("src/auth.py")
    lab.repo.write("evil.py")
    lab.git("add", "-N", "evil.py")
    yield {}


@case(14, "`commit --only`: another index is committed", "SCP001", "SCP001", "evil.py")
def _(lab: Any) -> Iterator[Any]:
    index = {"GIT_INDEX_FILE": str(lab.repo.root / ".git/other-index")}
    lab.git("read-tree", "HEAD", **index)
    lab.repo.write("evil.py")
    lab.git("add", "evil.py", **index)
    yield index
    yield lab.record_tree(lab.git("write-tree", **index))
