"""Trees made by plumbing, with names and orders that no checkout would make."""

from __future__ import annotations

import pytest


def _nested(lab, mode: str, name: bytes, oid: str) -> str:
    """HEAD's tree with `tests/auth/<name>`: inside the task's scope, so that only the name can refuse it."""
    leaf = lab.raw_tree([(mode, name, oid)])
    auth = lab.raw_tree([("40000", b"auth", leaf)])
    return lab.tree_with("40000", b"tests", auth)


@pytest.mark.parametrize(
    "name",
    [
        b".git",
        b".GIT",
        b".Git ",
        b"git~1",
        b".g\xe2\x80\x8cit",
        b".git\xe2\x80\x8d",
        b".git.",
        b".git::$INDEX_ALLOCATION",
        b"..",
        b".",
        b"a\\b",
        b"..\\x",
        b"con",
        b"nul.txt",
        b"COM1",
        b"aux .txt",
        b"end.",
        b"end ",
        b"a:stream",
        b"\xff",
        b"a\x01b",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
    ],
)
def test_a_name_that_means_something_else_elsewhere(lab, name: bytes) -> None:
    lab.refuses("SCP005", lab.record_tree(_nested(lab, "100644", name, lab.blob())))


def test_a_folder_named_dot_git(lab) -> None:
    hooks = lab.raw_tree([("100755", b"pre-commit", lab.blob())])
    lab.refuses("SCP005", lab.record_tree(_nested(lab, "40000", b".git", hooks)))


def test_a_name_with_a_slash_inside(lab) -> None:
    tree = lab.tree_with("100644", b"src/../.git/hooks/x", lab.blob())
    lab.refuses("", lab.record_tree(tree))


def test_an_empty_name(lab) -> None:
    lab.refuses("", lab.record_tree(lab.tree_with("100644", b"", lab.blob())))


def test_one_name_twice_in_a_tree(lab) -> None:
    """Which of the two is checked out is git's accident: the one that was judged need not be it."""
    good, evil = lab.blob(b"good\n"), lab.blob(b"evil\n")
    leaf = lab.raw_tree([("100644", b"a.py", good), ("100644", b"a.py", evil)])
    tree = lab.tree_with("40000", b"tests", lab.raw_tree([("40000", b"auth", leaf)]))
    lab.refuses("", lab.record_tree(tree))


def test_a_file_and_a_folder_of_one_name(lab) -> None:
    inner = lab.raw_tree([("100644", b"x.py", lab.blob())])
    leaf = lab.raw_tree([("100644", b"a", lab.blob()), ("40000", b"a", inner)])
    tree = lab.tree_with("40000", b"tests", lab.raw_tree([("40000", b"auth", leaf)]))
    lab.refuses("", lab.record_tree(tree))


def test_the_policy_twice_in_a_tree(lab) -> None:
    """The second policy must not be read where the first one is checked out, or the other way round."""
    loose = lab.blob(b'schema = 1\n[rules]\npath-outside-task = "off"\n')
    entries = lab.entries()
    at = next(index for index, entry in enumerate(entries) if entry[1] == b"planfence.toml")
    entries.insert(at, ("100644", b"planfence.toml", loose))
    first = lab.record_tree(lab.raw_tree(entries), task=None)
    lab.refuses("", first)
    entries.append(("100644", b"zzz.py", lab.blob()))
    lab.refuses("", lab.record_tree(lab.raw_tree(entries)))


def test_a_tree_out_of_order(lab) -> None:
    """A reader that walks two trees side by side must not lose a change between them."""
    entries = lab.entries()
    entries.insert(0, ("100644", b"zzz-evil.py", lab.blob()))
    lab.refuses("", lab.record_tree(lab.raw_tree(entries)))


def test_a_tree_in_reverse_order(lab) -> None:
    lab.refuses("", lab.record_tree(lab.raw_tree([*reversed(lab.entries()), ("100644", b"evil", lab.blob())])))


def test_an_old_group_writable_mode(lab) -> None:
    lab.accepts(lab.record_tree(_nested(lab, "100664", b"a.py", lab.blob())))


@pytest.mark.parametrize("mode", ["100600", "100000", "140000", "0", "777"])
def test_a_mode_that_git_does_not_write(lab, mode: str) -> None:
    """No crash; whatever git makes of the mode, the path is judged."""
    tree = lab.tree_with(mode, b"evil.py", lab.blob())
    lab.refuses("", lab.record_tree(tree))


def test_a_blob_that_is_missing(lab) -> None:
    """Its content is not needed for the verdict on paths: outside stays outside."""
    lab.refuses("", lab.record_tree(lab.tree_with("100644", b"evil.py", "1" * 40)))


def test_a_subtree_that_is_missing(lab) -> None:
    lab.refuses("exit", lab.record_tree(lab.tree_with("40000", b"evil", "1" * 40)))


def test_a_root_tree_that_is_missing(lab) -> None:
    lab.refuses("exit", lab.record_tree("1" * 40) if False else _commit_of(lab, "1" * 40))


def _commit_of(lab, tree: str, parent: str = "HEAD", extra: str = "") -> str:
    """A commit object that `commit-tree` would refuse to write."""
    text = (
        f"tree {tree}\nparent {lab.git('rev-parse', parent)}\nauthor A <a@example.org> 1 +0000\n"
        f"committer A <a@example.org> 1 +0000\n{extra}\n{lab.message()}"
    )
    oid = lab.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=text.encode())
    lab.git("update-ref", "refs/heads/work", oid)
    return oid


def test_a_commit_whose_tree_is_a_blob(lab) -> None:
    lab.refuses("exit", _commit_of(lab, lab.blob()))


def test_a_commit_with_two_trees(lab) -> None:
    """Git reads the first; a reader that takes the last judges another tree than is checked out."""
    evil = lab.tree_with("100644", b"evil.py", lab.blob())
    clean = lab.git("rev-parse", "HEAD^{tree}")
    text = (
        f"tree {evil}\ntree {clean}\nparent {lab.base}\nauthor A <a@example.org> 1 +0000\n"
        f"committer A <a@example.org> 1 +0000\n\n{lab.message()}"
    )
    oid = lab.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=text.encode())
    lab.git("update-ref", "refs/heads/work", oid)
    lab.refuses("", oid)


def test_a_parent_line_behind_the_author(lab) -> None:
    """Git stops reading parents at the author: such a line is not a parent, and must not become one for us."""
    evil = lab.tree_with("100644", b"evil.py", lab.blob())
    other = lab.git("commit-tree", evil, stdin=b"x\n")
    text = (
        f"tree {evil}\nparent {lab.base}\nauthor A <a@example.org> 1 +0000\n"
        f"committer A <a@example.org> 1 +0000\nparent {other}\n\n{lab.message()}"
    )
    oid = lab.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=text.encode())
    lab.git("update-ref", "refs/heads/work", oid)
    lab.refuses("", oid)


def test_a_message_with_a_nul(lab) -> None:
    text = (
        f"tree {lab.tree_with('100644', b'evil.py', lab.blob())}\nparent {lab.base}\n"
        f"author A <a@example.org> 1 +0000\ncommitter A <a@example.org> 1 +0000\n\n"
        "feat: x\0\n\nPlan-Task: auth/middleware\n"
    )
    oid = lab.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=text.encode())
    lab.git("update-ref", "refs/heads/work", oid)
    lab.refuses("exit", oid)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-7", "rot13", "zlib", "idna", "no-such", "a\0b"])
def test_an_encoding_header_never_crashes(lab, encoding: str) -> None:
    oid = _commit_of(lab, lab.tree_with("100644", b"evil.py", lab.blob()), extra=f"encoding {encoding}\n")
    lab.refuses("", oid)
