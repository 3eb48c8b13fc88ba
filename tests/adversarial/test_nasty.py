"""What nobody does by accident: objects made by hand, merges that are none, clocks that go back, settings that lie."""

from __future__ import annotations

import os
from typing import Any

import pytest

PEOPLE = "author A <a@example.org> 1 +0000\ncommitter A <a@example.org> 1 +0000\n"


def commit(lab: Any, header: str, message: str | None = None) -> str:
    """Write a commit object as it stands, and put the branch on it."""
    text = f"{header}\n{lab.message() if message is None else message}".encode("utf-8", "surrogateescape")
    head = lab.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=text)
    (lab.repo.root / ".git/refs/heads/work").write_text(f"{head}\n")
    return head


def evil(lab: Any) -> str:
    return lab.tree_with("100644", b"evil.py", lab.blob())


def good(lab: Any) -> str:
    lab.write("src/auth.py")
    return lab.git("write-tree")


# -- commits by hand


@pytest.mark.parametrize(
    "people",
    [
        "",
        "author\ncommitter\n",
        "author A <a@example.org>\ncommitter A <a@example.org>\n",
        "author A <a@example.org> 99999999999999999999999 +0000\ncommitter A <a@example.org> -1 +9999\n",
        "committer A <a@example.org> 1 +0000\nauthor A <a@example.org> 1 +0000\n",
        f"{PEOPLE}x-header a\n  parent {'1' * 40}\n tree {'2' * 40}\n",
        f"{PEOPLE}mergetag object {'1' * 40}\n type commit\n tag v1\n \n parent {'1' * 40}\n",
        f"{PEOPLE}HG:extra rebase_source:{'3' * 40}\n",
        "author \xff\x01 <\n> 1 +0000\ncommitter A <a@example.org> 1 +0000\n",
    ],
)
def test_odd_people_and_headers_hide_no_change(lab: Any, people: str) -> None:
    lab.refuses("", commit(lab, f"tree {evil(lab)}\nparent {lab.base}\n{people}"))


@pytest.mark.parametrize("end", ["\r\n", " \n", "\n\n"])
def test_a_header_line_that_ends_oddly(lab: Any, end: str) -> None:
    """An empty line ends the header: then it is a root commit, which the boundary judges whole."""
    head = commit(lab, f"tree {evil(lab)}{end}parent {lab.base}\n{PEOPLE}")
    assert lab.verify(head).refused
    assert lab.receive((lab.base, head, "refs/heads/main")).refused


@pytest.mark.parametrize("kind", ["tree", "blob", "tag", "missing", "short", "upper"])
def test_a_parent_that_is_no_commit(lab: Any, kind: str) -> None:
    tag = f"object {lab.base}\ntype commit\ntag v\ntagger A <a@example.org> 1 +0000\n\nx\n"
    parent = {
        "tree": lab.git("rev-parse", f"{lab.base}^{{tree}}"),
        "blob": lab.blob(),
        "tag": lab.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=tag.encode()),
        "missing": "1" * 40,
        "short": lab.base[:39],
        "upper": lab.base.upper(),
    }[kind]
    head = commit(lab, f"tree {good(lab)}\nparent {parent}\n{PEOPLE}")
    for name, verdict in lab.everywhere(head).items():
        assert verdict.refused, name


def test_two_thousand_parents(lab: Any) -> None:
    parents = "".join(
        f"parent {lab.git('commit-tree', f'{lab.base}^{{tree}}', '-p', lab.base, '-m', str(number))}\n"
        for number in range(3)
    )
    lab.refuses("exit 3", commit(lab, f"tree {good(lab)}\n{parents * 700}{PEOPLE}"))


def test_a_merge_of_a_commit_with_itself(lab: Any) -> None:
    """Both parents are one: whatever the merge's tree adds is its own."""
    lab.refuses("", commit(lab, f"tree {evil(lab)}\nparent {lab.base}\nparent {lab.base}\n{PEOPLE}"))


def test_a_merge_of_what_is_merged_already(lab: Any) -> None:
    """Its second parent is an ancestor: there is nothing to merge, and all that it changes is its own."""
    older = lab.git("rev-parse", f"{lab.base}^")
    head = commit(lab, f"tree {evil(lab)}\nparent {lab.base}\nparent {older}\n{PEOPLE}")
    lab.refuses("SCP001", head, path="evil.py")


def test_a_fast_forward_made_a_merge_with_something_added(lab: Any) -> None:
    good(lab)
    child = lab.record()
    head = commit(lab, f"tree {evil(lab)}\nparent {lab.base}\nparent {child}\n{PEOPLE}")
    lab.refuses("SCP001", head, path="evil.py")


def test_an_evil_criss_cross(lab: Any) -> None:
    """Two merge bases, and a tree that neither they nor the sides explain."""
    lab.git("checkout", "-q", "-b", "other")
    lab.write("tests/auth/o.py")
    other = lab.record()
    lab.git("checkout", "-q", "work")
    lab.write("src/auth.py")
    own = lab.record()
    lab.git("merge", "-q", "--no-edit", "--no-verify", other)
    lab.git("checkout", "-q", "other")
    lab.git("merge", "-q", "--no-edit", "--no-verify", own)
    lab.git("checkout", "-q", "work")
    head = lab.record_tree(evil(lab), parents=("work", "other"))
    lab.refuses("SCP001", head, path="evil.py")


@pytest.mark.parametrize("option", ["ours", "theirs", "subtree=src", "ignore-space-change", "find-renames=1"])
def test_a_strategys_options_explain_nothing_outside_the_scope(lab: Any, option: str) -> None:
    lab.git("checkout", "-q", "-b", "side")
    lab.write("docs/index.md", "theirs\n")
    lab.record("docs: theirs", "auth/guide")
    lab.git("checkout", "-q", "work")
    lab.write("src/auth.py")
    lab.record()
    lab.git("merge", "-q", "--no-commit", "--no-verify", "-X", option, "side", ok=False)
    lab.git("checkout", "-q", lab.base, "--", "docs/index.md")
    lab.git("commit", "-q", "--no-verify", "-m", lab.message("feat: merge"))
    lab.refuses("SCP001", path="docs/index.md")


def test_clocks_that_go_back(lab: Any) -> None:
    """`A..B` walks by date: a commit from before the base, or from 2100, is judged like any other."""
    head = lab.base
    made = []
    for date in ("4102444800 +0000", "1 +0000", "4102444800 +0000", "2 +0000"):
        lab.write(f"evil{len(made)}.py")
        people = f"author A <a@example.org> {date}\ncommitter A <a@example.org> {date}\n"
        head = commit(lab, f"tree {lab.git('write-tree')}\nparent {head}\n{people}")
        made.append(head)
    for name, verdict in lab.everywhere(head).items():
        assert set(made) <= set(verdict.judged), name
        assert {f"evil{number}.py" for number in range(4)} <= verdict.paths, name
    assert lab.base not in lab.verify(head).judged


def test_the_empty_tree(lab: Any) -> None:
    """Everything is gone, the policy and the plans with it."""
    empty = lab.git("hash-object", "-t", "tree", "-w", "--stdin", stdin=b"")
    lab.refuses("", lab.record_tree(empty))


def test_a_commit_that_is_its_parents_twin(lab: Any) -> None:
    """No change, another message: nothing but the message is judged, everywhere the same."""
    head = lab.record_tree(lab.git("rev-parse", "HEAD^{tree}"), "feat: again")
    lab.accepts(head)


# -- trees by hand


@pytest.mark.parametrize(("mode", "kind"), [("100644", "tree"), ("40000", "blob"), ("120000", "tree"), ("160000", "0")])
def test_an_entry_that_lies_about_its_type(lab: Any, mode: str, kind: str) -> None:
    oid = {"tree": lab.git("rev-parse", "HEAD:src"), "blob": lab.blob(), "0": "0" * 40}[kind]
    lab.refuses("", lab.record_tree(lab.tree_with(mode, b"zz", oid)))


@pytest.mark.parametrize("target", [b"x" * 5_000_000, b"a\0b", b"a\nb", b"\xff", b"tests\\..\\..\\x"])
def test_an_odd_symlink_target(lab: Any, target: bytes) -> None:
    leaf = lab.raw_tree([("120000", b"link", lab.blob(target))])
    tree = lab.tree_with("40000", b"tests", lab.raw_tree([("40000", b"auth", leaf)]))
    lab.refuses("SCP005", lab.record_tree(tree), path="tests/auth/link")


def test_a_name_of_ten_thousand_letters(lab: Any) -> None:
    lab.refuses("SCP001", lab.record_tree(lab.tree_with("100644", b"n" * 10_000, lab.blob())))


def test_a_thousand_folders_deep(lab: Any) -> None:
    tree = lab.raw_tree([("100644", b"f", lab.blob())])
    for _ in range(1000):
        tree = lab.raw_tree([("40000", b"d", tree)])
    lab.refuses("", lab.record_tree(lab.tree_with("40000", b"zz", tree)))


@pytest.mark.parametrize("name", ["tests/auth/a\u202egpj.py", "tests/auth/a\u200b.py", "tests/auth/\u2066x\u2069.py"])
def test_a_name_that_shows_as_another(lab: Any, name: str) -> None:
    lab.write(name)
    lab.refuses("SCP005", path=name, staged=True)


def test_a_name_that_is_another_where_joiners_do_not_count(lab: Any) -> None:
    """HFS+ leaves them out when it compares."""
    lab.write("tests/auth/ab.py")
    lab.record()
    lab.write("tests/auth/a\u200db.py")
    lab.refuses("SCP005", path="tests/auth/a\u200db.py", staged=True)


def test_a_letter_of_another_alphabet(lab: Any) -> None:
    lab.write("src/\u0430uth.py")
    lab.refuses("SCP001", path="src/\u0430uth.py", staged=True)


def test_one_name_composed_and_decomposed(lab: Any) -> None:
    lab.write("tests/auth/caf\u00e9.py")
    lab.record()
    lab.git("update-index", "--add", "--cacheinfo", f"100644,{lab.blob()},tests/auth/cafe\u0301.py")
    lab.refuses("SCP005", staged=True)


# -- trailers


@pytest.mark.parametrize(
    "message",
    [
        "feat: x\n\nPlan-Task: auth/\n middleware\nPlan-Model: human\n",
        "feat: x\n\nPlan-Task=auth/middleware\nPlan-Model=human\n",
        "feat: x\n\nPlan-Task: auth/middleware\n\nmore words\n",
        "feat: x\n\nplan task: auth/middleware\n",
        "feat: x\n\nPlan-Task: ../auth/middleware\n",
        "feat: x\n\nPlan-Task: auth/middleware/extra\n",
        "feat: x\n\nPlan-Task: AUTH/middleware\n",
        "feat: x\n\nPlan-Task: auth\\middleware\n",
        "feat: x\n\nPlan-Task: 'auth/middleware'\n",
        "feat: x\n\nPlan-Task: auth/middleware # the task\n",
    ],
)
def test_a_task_that_is_nearly_named(lab: Any, message: str) -> None:
    lab.git("config", "trailer.separators", "=:")
    for path in ("src/auth.py", "tests/auth/a.py", "tests/auth/b.py"):
        lab.write(path)
    lab.refuses("", commit(lab, f"tree {lab.git('write-tree')}\nparent {lab.base}\n{PEOPLE}", message))


def test_two_values_in_two_cases(lab: Any) -> None:
    message = "feat: x\n\nPlan-Task: auth/middleware\nplan-task: auth/guide\n"
    lab.refuses("THM002", commit(lab, f"tree {good(lab)}\nparent {lab.base}\n{PEOPLE}", message))


# -- settings


@pytest.mark.parametrize("where", ["include", "includeIf", "worktree"])
def test_a_file_of_lies_behind_the_configuration(lab: Any, where: str) -> None:
    lies = "[diff]\n\texternal = true\n\tignoreSubmodules = all\n[core]\n\tattributesFile = /nonexistent\n"
    lies += "\tfsmonitor = true\n\tquotePath = false\n[log]\n\tshowRoot = false\n"
    if where == "worktree":
        lab.git("config", "extensions.worktreeConfig", "true")
        lab.repo.write(".git/config.worktree", lies)
    else:
        lab.repo.write(".git/lies", lies)
        lab.git("config", "include.path" if where == "include" else "includeIf.gitdir:**.path", "lies")
    lab.write("evil.py")
    lab.refuses("SCP001", path="evil.py", staged=True)


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_every_version_of_the_index(lab: Any, version: str) -> None:
    lab.write("evil.py")
    lab.git("update-index", "--index-version", version)
    lab.refuses("SCP001", path="evil.py", staged=True)


def test_what_the_file_system_monitor_has_called_valid(lab: Any) -> None:
    lab.write("docs/index.md", "changed\n")
    lab.git("update-index", "--fsmonitor-valid", "docs/index.md", ok=False)
    lab.refuses("SCP001", path="docs/index.md", staged=True)


def test_another_worktree_by_the_environment(lab: Any) -> None:
    elsewhere = lab.repo.root.parent / "elsewhere"
    elsewhere.mkdir()
    lab.write("evil.py")
    assert "SCP001" in lab.staged(GIT_WORK_TREE=str(elsewhere), GIT_DIR=str(lab.repo.root / ".git")).codes


def test_objects_that_only_an_alternate_of_an_alternate_has(lab: Any) -> None:
    lab.write("evil.py")
    head = lab.record()
    last = lab.repo.root
    for name in ("first", "second"):
        root = lab.repo.root.parent / name
        lab.git("clone", "-q", "--shared", "--no-checkout", str(last), str(root))
        last = root
    there = type(lab.repo)(last, lab.repo.variables)
    assert there.planfence("verify", f"{lab.base}..{head}").returncode == 1


# -- plans


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-16"),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode() + b"\0",
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.encode() + b"[[tasks]]\n" * 400,
    ],
    ids=["utf-16", "bom", "nul", "cr", "long"],
)
def test_a_plan_that_only_some_readers_could_read(lab: Any, encode: Any) -> None:
    lab.repo.write("plans/auth.toml", encode((lab.repo.root / "plans/auth.toml").read_text()))
    lab.git("add", "-A")
    lab.record("chore: plan", None)
    lab.write("src/auth.py")
    for name, verdict in lab.everywhere(lab.record()).items():
        assert verdict.refused, name


def test_a_plan_by_another_extension_or_in_a_folder_below(lab: Any) -> None:
    text = (lab.repo.root / "plans/auth.toml").read_text().replace('id = "auth"', 'id = "loose"')
    lab.repo.write("plans/deep/loose.toml", text)
    lab.repo.write("plans/loose.TOML", text)
    lab.git("add", "-A")
    lab.record("chore: plans", None)
    lab.write("tests/auth/a.py")
    lab.write("tests/auth/b.py")
    lab.write("src/auth.py")
    lab.refuses("MSG001", lab.record(task="loose/middleware"))


def test_a_name_that_no_file_system_here_can_hold(lab: Any) -> None:
    name = b"tests/auth/" + b"\xf0\x9f\x92\xa9" * 300
    lab.git("update-index", "--add", "--cacheinfo", f"100644,{lab.blob()},{os.fsdecode(name)}")
    staged, head = lab.staged(), lab.record()
    answers = {name: verdict.refused for name, verdict in lab.everywhere(head).items()}
    assert set(answers.values()) == {staged.refused}, answers
