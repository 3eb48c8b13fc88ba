"""Groups as tables: what goes into which commit, in which order."""

from __future__ import annotations

import pytest

from planfence.change.hunks import Atom, FileDiff, Hunk, Unit
from planfence.change.pathclass import classify
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.manifest.plan import FileEntry, Plan, Task, Theme
from planfence.split.grouping import Guide, is_changelog, knots, place, propose

ATOMS = {"add": Atom.WHOLE, "delete": Atom.WHOLE, "rename": Atom.RENAME, "binary": Atom.WHOLE}


def judged(*texts: str) -> tuple[ClassifiedUnit, ...]:
    made = []
    for number, text in enumerate(texts):
        path, kind, lines = text.split(" ")
        file = FileDiff(path, path, 0o100644, 0o100644, "1", "2")
        atom = ATOMS.get(kind)
        hunk = None if atom else Hunk(number * 100, number * 100, (), (b"x\n",) * int(lines))
        made.append(ClassifiedUnit(Unit(f"{number}", file, hunk, atom), UnitKind(kind), classify(path)))
    return tuple(made)


def groups(*texts: str, guide: Guide | None = None) -> list[str]:
    """Each group as its bucket's first letters and the numbers of its units."""
    found = propose(judged(*texts), guide or Guide())
    return [f"{group.bucket.name} {','.join(sorted(group.units))}" for group in found]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a.py behaviour 9"], ["BEHAVIOUR 0"]),
        (["a.py behaviour 9", "tests/test_a.py behaviour 9"], ["BEHAVIOUR 0,1"]),
        (["a.py behaviour 9", "a.py comment 2"], ["BEHAVIOUR 0,1"]),
        (["a.py behaviour 9", "b.py comment 2"], ["BEHAVIOUR 0", "DOCS 1"]),
        (["a.py behaviour 9", "CHANGELOG.md comment 2", "news/1.rst add 1"], ["BEHAVIOUR 0,1,2"]),
        (["a.py behaviour 9", "docs/a.md comment 2"], ["BEHAVIOUR 0", "DOCS 1"]),
        (["a.py behaviour 9", "a.py format 4"], ["BEHAVIOUR 0,1"]),
        (["a.py behaviour 9", "a.py format 5"], ["FORMAT 1", "BEHAVIOUR 0"]),
        (["a.py behaviour 9", "b.py format 4"], ["FORMAT 1", "BEHAVIOUR 0"]),
        (["a.py behaviour 9", "b.py rename 0", "b.py behaviour 1"], ["RENAME 1", "BEHAVIOUR 0,2"]),
        (["package.json behaviour 1", "yarn.lock behaviour 9", "a.js behaviour 1"], ["DEPS 0,1", "BEHAVIOUR 2"]),
        ([".github/workflows/a.yml behaviour 1", "a.js behaviour 1"], ["BEHAVIOUR 1", "CI 0"]),
        (["a.js behaviour 9", "b.js codemod 9", "c.js codemod 9"], ["BEHAVIOUR 0", "CODEMOD 1,2"]),
        (["a.js behaviour 9", "a.js codemod 9", "c.js codemod 9"], ["BEHAVIOUR 0,1,2"]),
        (["a.js behaviour 9", "b.js identifier-rename 9"], ["RENAME 1", "BEHAVIOUR 0"]),
        (["a.js move 9", "b.js move 9"], ["RENAME 0,1"]),
        (["a behaviour 9", "a/b.md comment 9"], ["BEHAVIOUR 0,1"]),
        (["Cargo.lock behaviour 9", "CHANGELOG.md comment 1", "docs/a.md comment 1"], ["DEPS 0,1", "DOCS 2"]),
        (["a.js codemod 9", "b.js codemod 9", "news/1.rst add 1"], ["CODEMOD 0,1,2"]),
        (["a.js codemod 9", "yarn.lock behaviour 9", "news/1.rst add 1"], ["DEPS 1", "CODEMOD 0", "DOCS 2"]),
        (["x/_vendor/a.py format 9", "x/_vendor/b.py behaviour 9", "c.py behaviour 1"], ["DEPS 0,1", "BEHAVIOUR 2"]),
        (["src/changes/changes.xml behaviour 1", "src/a.java behaviour 9"], ["BEHAVIOUR 0,1"]),
    ],
)
def test_groups(texts: list[str], expected: list[str]) -> None:
    assert groups(*texts) == expected


@pytest.mark.parametrize(
    ("texts", "messages"),
    [
        (["package.json behaviour 2"], ["build: update package.json"]),
        (
            ["package.json behaviour 2", "yarn.lock behaviour 2"],
            ["build: update dependencies in package.json and yarn.lock"],
        ),
        (["x/_vendor/a.py behaviour 2"], ["build: update dependencies in a.py"]),
        (["a.py comment 2", "tests/b.py comment 2"], ["docs: update comments in a.py and b.py"]),
        (["a.py comment 2", "README.md comment 2"], ["docs: update a.py and README.md"]),
        (["tests/a.py codemod 2", "tests/b.py codemod 2"], ["test: apply one edit throughout a.py and b.py"]),
        (["a.py behaviour 9", ".editorconfig behaviour 1"], ["feat: change a.py and .editorconfig"]),
        (["setup.cfg behaviour 9"], ["build: change setup.cfg"]),
        (["tests/a.py behaviour 2", "news/1.rst add 1"], ["test: change a.py"]),
        (
            ["src/a.py behaviour 2", "tests/a.py behaviour 2", "tests/b.py behaviour 2"],
            ["feat: change 3 files in src and tests"],
        ),
    ],
)
def test_messages_say_no_more_than_is_known(texts: list[str], messages: list[str]) -> None:
    assert [group.message for group in propose(judged(*texts), Guide())] == messages


def test_themes_decide_first_and_a_shared_path_keeps_the_change_whole() -> None:
    files = (FileEntry("src/**"), FileEntry("loose.py"))
    tasks = (Task("t", "T", "code", 45, files), Task("u", "U", "web", 45, (FileEntry("web/**"),)))
    themes = {
        "web": Theme("web", ("web/**", "shared.py"), ("style",)),
        "code": Theme("code", ("src/**", "shared.py"), ("fix",)),
    }
    guide = Guide(Plan("p", 1, "g", tasks, themes=themes), tasks[0])
    texts = [
        "src/a.py behaviour 9",
        "shared.py behaviour 1",
        "loose.py behaviour 1",
        "web/a.js behaviour 1",
        "x.py behaviour 1",
    ]
    found = propose(judged(*texts), guide)
    assert [(g.theme, g.task, sorted(g.units)) for g in found] == [
        ("code", "p/t", ["0", "1", "2"]),
        ("", "", ["4"]),
        ("web", "p/u", ["3"]),
    ]
    assert [g.message.partition(":")[0] for g in found] == ["fix", "feat", "style"]


def test_the_users_words_are_for_the_largest_change_of_behaviour_alone() -> None:
    names = {"0": frozenset({"one"}), "1": frozenset({"two"})}
    found = propose(
        judged("a.py behaviour 2", "b.py behaviour 9", "README.md comment 1"), Guide(words="fix: b", names=names)
    )
    assert [group.message for group in found] == ["feat: change a.py", "fix: b", "docs: update README.md"]


def test_clusters_join_files_that_share_a_name() -> None:
    texts = ["a.py behaviour 1", "b.py behaviour 1", "c.py behaviour 1", "c.py behaviour 1"]
    names = {"0": frozenset({"n"}), "3": frozenset({"n"})}
    assert groups(*texts, guide=Guide(names=names)) == ["BEHAVIOUR 0,2,3", "BEHAVIOUR 1"]


def test_knots_hold_every_unit_of_paths_that_contain_each_other() -> None:
    assert knots(["a", "a/b", "c", "a", "ab"], ["a", "a/b", "c", "a", "ab"]) == [[0, 1, 3]]
    assert knots(["x/y/z", "x", "q"], ["x/y/z", "w", "q"]) == [[0, 1]]


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["src/a.py"], "a.py"),
        (["src/a.py", "src/b.py"], "a.py and b.py"),
        (["src/a.py", "lib/a.py"], "src/a.py and lib/a.py"),
        (["src/x/a.py", "src/x/b.py", "src/y/c.py"], "3 files in src"),
        (["a.py", "b.py", "src/c.py"], "3 files"),
        (["new\nline"], "new�line"),
        (["\udcff"], "�"),
    ],
)
def test_places_in_few_words(paths: list[str], words: str) -> None:
    assert place(paths) == words


def test_changelogs() -> None:
    paths = ("CHANGES.rst", "news/1.txt", "CHANGELOG", "src/changes.py", "docs/a.md")
    assert [path for path in paths if is_changelog(path)] == ["CHANGES.rst", "news/1.txt", "CHANGELOG"]
