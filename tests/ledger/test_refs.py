"""The ledger against real git: nothing lost, nothing doubled, no ref followed, whatever happens to it."""

from __future__ import annotations

import json
import multiprocessing
import os

import pytest
from support.ledger import append_many, start

from planfence.errors import CouldNotCheck
from planfence.ledger.intoto import Statement
from planfence.ledger.records import read_book, reading, reading_again, write_entry, write_move
from planfence.ledger.refs import PREFIX, Ledger
from planfence.manifest.policy import Policy


def entries(repo) -> int:
    return len(read_book(repo.open()).moves)


def own_ref(repo) -> str:
    return PREFIX + Ledger(repo.open()).writer()


def test_entries_come_back_with_attachments_and_trees(repo):
    opened, tree = repo.open(), repo.git("rev-parse", "HEAD^{tree}")
    commit = write_entry(opened, Policy(), Statement("x", {}, {}), {"output.txt": b"\xff\0"}, {"result": tree})
    kept = Ledger(opened).kept(commit)
    assert kept.files == {"output.txt": b"\xff\0"}
    assert kept.trees == {"result": tree}
    assert repo.git("ls-tree", "--name-only", commit) == "entry.json"


def test_the_users_branches_and_worktree_stay(repo):
    before = repo.git("for-each-ref", "refs/heads"), repo.git("status", "--porcelain")
    write_move(repo.open(), Policy(), start())
    assert (repo.git("for-each-ref", "refs/heads"), repo.git("status", "--porcelain")) == before


def test_a_symbolic_ref_moves_nothing_and_is_said(repo):
    head, ref = repo.git("rev-parse", "HEAD"), own_ref(repo)
    repo.git("symbolic-ref", ref, "refs/heads/main")
    write_move(repo.open(), Policy(), start("x/y"))
    assert repo.git("rev-parse", "refs/heads/main") == head
    book = read_book(repo.open())
    assert any(move.task == "x/y" for move in book.moves)
    assert any("symbolic" in problem for problem in book.problems)


def test_whoever_asks_twice_is_told_the_same_ledger(repo):
    opened = repo.open()
    before = read_book(opened)
    write_move(opened, Policy(), start("x/y"))
    for book in (reading(opened), reading_again(opened, before)):
        told = book()
        assert any(move.task == "x/y" for move in told.moves)
        write_move(opened, Policy(), start("x/z"))
        assert book() is told


@pytest.mark.parametrize("letter", ["\u2028", "\u2029", "\x85"])
def test_a_ref_may_hold_what_ends_a_line_elsewhere(repo, letter):
    before = read_book(repo.open())
    repo.git("update-ref", f"{PREFIX}a{letter}b", repo.git("for-each-ref", "--format=%(objectname)", PREFIX))
    assert read_book(repo.open()).moves == before.moves


def test_a_ref_that_is_a_blob_is_said_and_gone_round(repo):
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"rubbish")
    repo.git("update-ref", own_ref(repo), blob)
    write_move(repo.open(), Policy(), start("x/y"))
    book = read_book(repo.open())
    assert [move.task for move in book.moves].count("x/y") == 1
    assert any("blob" in problem for problem in book.problems)


@pytest.mark.parametrize("content", [b"", b"not json", b"[]", b'{"_type": 1}', b"{" * 100000, b"\xff\xfe"])
def test_rubbish_entries_are_counted_and_hide_nothing(repo, content):
    before = entries(repo)
    Ledger(repo.open()).append(content)
    write_move(repo.open(), Policy(), start())
    book = read_book(repo.open())
    assert len(book.moves) == before + 1
    assert any("set aside" in problem for problem in book.problems)


def test_a_commit_without_an_entry_is_set_aside(repo):
    repo.git("update-ref", PREFIX + "0" * 16, "HEAD")
    assert any("set aside" in problem for problem in read_book(repo.open()).problems)


@pytest.mark.parametrize("harm", ["deleted", "rewound"])
def test_a_ref_that_was_deleted_or_put_back_loses_nothing(repo, harm):
    write_move(repo.open(), Policy(), start("x/y"))
    before, ref = entries(repo), own_ref(repo)
    repo.git("update-ref", *(["-d", ref] if harm == "deleted" else [ref, f"{ref}~1"]))
    book = read_book(repo.open())
    assert len(book.moves) == before
    assert any("put back" in problem for problem in book.problems)
    write_move(repo.open(), Policy(), start("x/z"))
    assert entries(repo) == before + 1
    assert not read_book(repo.open()).problems


def test_a_broken_history_closes_rather_than_opens(repo):
    write_move(repo.open(), Policy(), start("x/y"))
    parent = repo.git("rev-parse", own_ref(repo))
    write_move(repo.open(), Policy(), start("x/z"))
    loose = repo.root / ".git" / "objects" / parent[:2] / parent[2:]
    loose.unlink()
    with pytest.raises(CouldNotCheck):
        read_book(repo.open())


def test_two_ids_alike_count_once(repo):
    move, before = start("x/y"), entries(repo)
    write_move(repo.open(), Policy(), move)
    write_move(repo.open(), Policy(), move)
    assert entries(repo) == before + 1


def test_a_full_disk_is_said_and_adds_nothing(repo, monkeypatch):
    before = entries(repo)
    objects = repo.root / ".git" / "objects"
    if os.getuid() == 0:
        blocked = objects / "pack"
        limited = repo.open()
        object.__setattr__(limited.git, "program", str(_failing_git(repo, blocked)))
        with pytest.raises(CouldNotCheck):
            Ledger(limited).append(b"{}")
    assert entries(repo) == before


def _failing_git(repo, blocked):
    """A git whose writes find no room, as on a full disk."""
    script = repo.root.parent / "git-full"
    script.write_text('#!/bin/sh\nulimit -f 0\nexec git "$@"\n')
    script.chmod(0o755)
    return script


def test_processes_at_once_lose_and_double_nothing(repo):
    before = entries(repo)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=append_many, args=(repo.root, repo.variables, 8, n)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    names = [move.task for move in read_book(repo.open()).moves]
    assert len(names) == before + 32
    assert len(set(names)) >= 32


def test_two_clones_have_two_names(repo, tmp_path):
    repo.git("clone", "-q", ".", str(tmp_path / "other"))
    from planfence.gitio.repository import open_repository

    other = open_repository(repo.environment(), tmp_path / "other")
    assert Ledger(other).writer() != Ledger(repo.open()).writer()


def test_the_entry_is_an_in_toto_statement(repo):
    data = json.loads(repo.git("show", f"{own_ref(repo)}:entry.json"))
    assert data["_type"] == "https://in-toto.io/Statement/v1"
    assert data["subject"][0]["digest"]["gitTree"]
