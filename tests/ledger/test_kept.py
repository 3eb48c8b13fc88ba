"""What is kept beside the ledger: without secrets, for a while, on the remote that the policy names."""

from __future__ import annotations

import json

import pytest
from support.repository import Repo

from planfence.ledger import remote as exchanging
from planfence.ledger.intoto import Statement
from planfence.ledger.records import read_book, write_entry, write_move
from planfence.ledger.refs import KEPT, PREFIX, Ledger
from planfence.ledger.remote import drop_here, drop_there, exchange, first_day
from planfence.manifest.policy import LedgerKept, Policy

TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture
def remote(repo, tmp_path):
    repo.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    return repo


def entry(repo: Repo, policy: Policy | None = None, **files: bytes) -> str:
    given = {name.replace("_", "."): data for name, data in files.items()}
    tree = repo.git("rev-parse", "HEAD^{tree}")
    return write_entry(repo.open(), policy or Policy(), Statement("urn:x", {"id": "1"}, {}), given, {"result": tree})


def statement(repo: Repo, commit: str) -> dict:
    return json.loads(repo.git("cat-file", "blob", f"{commit}:entry.json"))["predicate"]["attachments"]


def everything(repo: Repo) -> str:
    """All that leaves with a push of our refs, as text."""
    out = []
    for line in repo.git("rev-list", "--objects", "--glob=refs/planfence/*").splitlines():
        if repo.git("cat-file", "-t", line[:40]) in ("blob", "commit"):
            out.append(repo.git("cat-file", "-p", line[:40]))
    return "\n".join(out)


def dated(repo: Repo, day: str) -> None:
    """Let what is kept be of another day."""
    for ref in repo.git("for-each-ref", "--format=%(refname)", KEPT).splitlines():
        repo.git("update-ref", f"{ref.rpartition('/')[0]}/{day}", ref)
        repo.git("update-ref", "-d", ref)


def test_attachments_are_redacted_and_the_statement_counts_what_was_taken_out(repo) -> None:
    repo.extra["ACME_TOKEN"] = "correct horse"
    text = f"{TOKEN}\n{repo.variables['HOME']}/x and correct horse, {TOKEN}\n".encode()
    commit = entry(repo, output_txt=text, prompt_md=b"nothing to hide")
    said = statement(repo, commit)
    counts = {each["name"]: each["redacted"] for each in said["files"]}
    assert said["mode"] == "redacted"
    assert counts == {"output.txt": {"github-token": 2, "home": 1, "$ACME_TOKEN": 1}, "prompt.md": {}}
    kept = Ledger(repo.open()).kept(commit)
    assert kept.files["output.txt"] == (
        b"[redacted: github-token]\n~/x and [redacted: $ACME_TOKEN], [redacted: github-token]\n"
    )
    import hashlib

    assert {each["name"]: each["digest"]["sha256"] for each in said["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in kept.files.items()
    }
    assert TOKEN not in everything(repo)
    assert "correct horse" not in everything(repo)


def test_full_keeps_them_as_they_are_and_none_keeps_none(repo) -> None:
    full = entry(repo, Policy(ledger=LedgerKept("full")), output_txt=TOKEN.encode())
    assert Ledger(repo.open()).kept(full).files == {"output.txt": TOKEN.encode()}
    before = repo.git("for-each-ref", KEPT)
    none = entry(repo, Policy(ledger=LedgerKept("none")), output_txt=b"said")
    assert statement(repo, none) == {"mode": "none", "gitTree": "", "files": []}
    kept = Ledger(repo.open()).kept(none)
    assert (kept.files, kept.trees, kept.mode, kept.gone) == ({}, {}, "none", False)
    assert repo.git("for-each-ref", KEPT) == before


def test_what_is_dropped_leaves_every_statement_where_it_was(remote) -> None:
    first = entry(remote, output_txt=b"old")
    dated(remote, "2020-01-02")
    second = entry(remote, output_txt=b"new")
    exchange(remote.open(), "origin")
    ledger = remote.git("for-each-ref", PREFIX), remote.git("ls-remote", "origin", f"{PREFIX}*")
    opened = remote.open()
    assert len(drop_here(opened, first_day(30))) == 1
    assert Ledger(opened).kept(first).gone
    assert Ledger(opened).kept(second).files == {"output.txt": b"new"}
    done, said = drop_there(opened, "origin", first_day(30))
    assert (len(done), said) == (1, "")
    assert "2020-01-02" not in remote.git("ls-remote", "origin")
    assert (remote.git("for-each-ref", PREFIX), remote.git("ls-remote", "origin", f"{PREFIX}*")) == ledger
    assert statement(remote, first)["files"][0]["digest"]["sha256"]
    assert not read_book(opened).problems
    assert remote.git("fsck", "--connectivity-only", "--no-dangling") == ""
    remote.git("gc", "-q", "--prune=now")
    assert exchange(remote.open(), "origin").pushed


def test_others_read_them_and_a_copied_folder_loses_none(remote, tmp_path) -> None:
    commit = entry(remote, output_txt=b"of one")
    exchange(remote.open(), "origin")
    remote.git("clone", "-q", "--no-hardlinks", str(remote.root), str(tmp_path / "copy"))
    other = Repo(tmp_path / "copy", remote.variables)
    other.git("remote", "set-url", "origin", str(tmp_path / "remote.git"))
    exchange(other.open(), "origin")
    assert Ledger(other.open()).kept(commit).files == {"output.txt": b"of one"}
    # The other one writes under the first one's name, as after `cp -r`.
    (other.root / ".git/planfence/writer").write_text((remote.root / ".git/planfence/writer").read_text())
    (other.root / ".git/planfence/ledger-tip").unlink(missing_ok=True)
    theirs = entry(other, output_txt=b"of the copy")
    mine = entry(remote, output_txt=b"of one again")
    for each in (remote, other, remote, other):
        exchange(each.open(), "origin")
    for each in (remote, other):
        ledger = Ledger(each.open())
        assert [ledger.kept(name).files["output.txt"] for name in (commit, mine, theirs)] == [
            b"of one", b"of one again", b"of the copy",
        ]  # fmt: skip


def test_what_is_too_old_neither_goes_out_nor_stays(remote, tmp_path) -> None:
    entry(remote, output_txt=b"old")
    dated(remote, "2020-01-02")
    exchange(remote.open(), "origin", retention_days=30)
    assert KEPT not in remote.git("ls-remote", "origin")
    assert remote.git("for-each-ref", KEPT) == ""


def test_days_are_counted_whole(monkeypatch) -> None:
    monkeypatch.setattr(exchanging.time, "time", lambda: 1_700_000_000)  # 2023-11-14
    assert [first_day(days) for days in (1, 2, 30)] == ["2023-11-14", "2023-11-13", "2023-10-16"]
    assert first_day(2**62) < "1924"  # as a policy may say


def test_a_statement_that_names_a_tree_of_the_repository_shows_nothing_of_it(repo) -> None:
    """Whoever writes a statement may name any tree, of another branch too."""
    tree = repo.git(
        "mktree", stdin=b"100644 blob %s\tprompt.md\n" % repo.git("hash-object", "-w", "--stdin", stdin=b"x").encode()
    )
    stated = Statement("urn:x", {"attachments": {"mode": "full", "gitTree": tree, "files": []}}, {})
    commit = write_entry(repo.open(), Policy(), stated)
    kept = Ledger(repo.open()).kept(commit)
    assert (kept.files, kept.gone) == ({}, True)


@pytest.mark.parametrize(
    "said",
    [None, 3, {}, {"mode": "full", "gitTree": "--output=x"}, {"mode": "full", "gitTree": 3, "files": [3]},
     {"mode": "redacted", "gitTree": "", "files": [{"name": "a", "redacted": {"b": "c"}}]}],
)  # fmt: skip
def test_a_statement_may_say_anything(repo, said) -> None:
    commit = write_entry(repo.open(), Policy(), Statement("urn:x", {"attachments": said}, {}))
    assert Ledger(repo.open()).kept(commit).files == {}


def test_entries_of_the_old_version_are_read_and_counted(repo) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"{}")
    tree = repo.git("mktree", stdin=f"100644 blob {blob}\tentry.json\n100644 blob {blob}\tprompt.md\n".encode())
    commit = repo.git("commit-tree", "-m", "x", tree)
    repo.git("update-ref", f"{PREFIX}{'a' * 16}", commit)
    assert Ledger(repo.open()).kept(commit).files == {"prompt.md": b"{}"}
    assert exchanging.older_style(repo.open()) == 1


def test_the_command_says_what_it_did(remote, tmp_path) -> None:
    remote.git("init", "-q", "--bare", str(tmp_path / "ledger.git"))
    remote.write("planfence.toml", f'schema = 1\n[ledger]\nremote = "{tmp_path}/ledger.git"\nretention_days = 9\n')
    remote.commit("chore: keep less", "--no-verify")
    commit = entry(remote, output_txt=b"said")
    assert remote.planfence("sync").returncode == 0
    assert KEPT in remote.git("ls-remote", str(tmp_path / "ledger.git"))
    assert remote.git("ls-remote", "origin") == ""
    dated(remote, "2020-01-02")
    for ref in remote.git("for-each-ref", "--format=%(refname)", KEPT).splitlines():
        remote.git("push", "-q", "--no-verify", str(tmp_path / "ledger.git"), ref)
    done = remote.planfence("ledger", "prune")
    assert done.returncode == 0, done.stderr
    assert "dropped here: the attachments of 1 day" in done.stdout
    assert f"dropped on {tmp_path}/ledger.git: the attachments of 1 day" in done.stdout
    assert Ledger(remote.open()).kept(commit).gone
    (tmp_path / "ledger.git").rename(tmp_path / "away.git")
    assert remote.planfence("ledger", "prune").returncode == 3
    assert remote.planfence("ledger", "prune", "--local").returncode == 0
    remote.write("planfence.toml", "schema = 1\n")
    remote.commit("chore: keep all", "--no-verify")
    assert remote.planfence("ledger", "prune").returncode == 2


def test_a_move_without_attachments_says_nothing_of_any(repo) -> None:
    from support.ledger import start

    commit = write_move(repo.open(), Policy(), start())
    assert "attachments" not in json.loads(repo.git("cat-file", "blob", f"{commit}:entry.json"))["predicate"]


def test_a_server_lets_only_their_writer_or_their_age_take_attachments_away(repo) -> None:
    from planfence.boundary.ledgerpush import judge_ledger

    head, zero, writer = repo.git("rev-parse", "HEAD"), "0" * 40, "a" * 16

    def judged(who: str, ref: str, new: str = zero, first: str = "") -> list[str]:
        opened = repo.open(**({"PLANFENCE_PUSHER": who} if who else {}))
        return [each.message for each in judge_ledger(opened, head, new, f"{KEPT}{ref}", first)]

    day, month = f"{writer}/2026-11-03", f"{writer}/2026-11"
    assert judged("ada", day, head) == []  # the first who pushes is the owner
    assert judged("bob", day, head)
    assert judged("bob", day)
    assert judged("", day)
    assert judged("ada", day) == []
    assert judged("bob", day, first="2026-11-04") == []
    assert judged("bob", day, first="2026-11-03")
    assert judged("bob", month, first="2026-11-30")
    assert judged("bob", month, first="2026-12-01") == []
    assert judged("ada", day, repo.git("rev-parse", "HEAD^{tree}"))
    assert judged("ada", f"{writer}/x", head)


def test_replay_says_what_was_taken_out_and_what_is_not_here_any_more(repo) -> None:
    repo.write("planfence.toml", f'schema = 1\ntests.min_tests = 0\ntests.command = "echo {TOKEN}"\n')
    repo.commit("chore: a test that tells", "--no-verify")
    assert repo.planfence("test").returncode == 0
    shown = repo.planfence("replay", "last").stdout
    assert (
        "--- output (redacted: 2 github-token) ---\n$ echo [redacted: github-token]\n[redacted: github-token]\n"
        in shown
    )
    dated(repo, "2020-01-02")
    assert repo.planfence("ledger", "prune", "--local", "--older-than", "3").returncode == 0
    done = repo.planfence("replay", "last", "--tests")
    assert done.returncode == 0, done.stderr
    assert "--- output ---\n(dropped after its time (`planfence ledger prune`)" in done.stdout
    assert "the outcome is same" in done.stdout


def test_a_symbolic_ref_among_them_moves_no_branch(remote) -> None:
    from planfence.errors import PlanfenceError

    entry(remote, output_txt=b"said")
    exchange(remote.open(), "origin")
    head = remote.git("rev-parse", "main")
    remote.git("symbolic-ref", f"{KEPT}{'b' * 16}/2026-11", "refs/heads/main")
    with pytest.raises(PlanfenceError, match="symbolic ref"):
        exchange(remote.open(), "origin")
    assert remote.git("rev-parse", "main") == head
    # The own one is replaced, not followed.
    own = remote.git("for-each-ref", "--format=%(refname)", KEPT).splitlines()[0]
    remote.git("symbolic-ref", own, "refs/heads/main")
    commit = entry(remote, output_txt=b"said")
    assert remote.git("rev-parse", "main") == head
    assert Ledger(remote.open()).kept(commit).files == {"output.txt": b"said"}


def test_a_url_of_the_policy_starts_no_program(remote, tmp_path) -> None:
    from planfence.errors import BadFile
    from planfence.manifest.policyfile import parse_policy

    for bad in ("ext::sh -c x", "ext::x", "--upload-pack=x", "a b"):
        with pytest.raises(BadFile):
            parse_policy(f'schema = 1\nledger.remote = "{bad}"\n'.encode(), "planfence.toml")
    helper = tmp_path / "bin/git-remote-acme"
    helper.parent.mkdir()
    helper.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    helper.chmod(0o755)
    remote.extra["PATH"] = f"{helper.parent}:{remote.variables['PATH']}"
    assert exchange(remote.open(), "acme://example.org/x").offline
    assert not (tmp_path / "ran").exists()


def test_attachments_are_no_commits_to_judge_at_a_push(remote) -> None:
    from planfence.boundary.push import judge, parse

    entry(remote, output_txt=b"said")
    ref = remote.git("for-each-ref", "--format=%(refname)", KEPT)
    line = f"{ref} {remote.git('rev-parse', ref)} {ref} {'0' * 40}\n".encode()
    opened = remote.open()
    assert not judge(opened, "origin", parse(opened, line)).outcome.report.refused


def test_the_first_thing_that_a_clone_keeps(repo, tmp_path) -> None:
    repo.git("clone", "-q", str(repo.root), str(tmp_path / "new"))
    commit = entry(Repo(tmp_path / "new", repo.variables), output_txt=b"said")
    assert Ledger(Repo(tmp_path / "new", repo.variables).open()).kept(commit).files == {"output.txt": b"said"}


def test_two_that_drop_at_once_both_end_well(remote) -> None:
    from concurrent.futures import ThreadPoolExecutor

    entry(remote, output_txt=b"said")
    kept = remote.git("for-each-ref", "--format=%(refname)", KEPT)
    tip = remote.git("rev-parse", kept)
    old = [f"{kept.rpartition('/')[0]}/2026-01-{day:02}" for day in range(1, 29)]
    for ref in old:
        remote.git("update-ref", ref, tip)
    with ThreadPoolExecutor(3) as pool:
        dropped = list(pool.map(lambda _: drop_here(remote.open(), "2026-02-01"), range(3)))
    assert sorted(ref for refs in dropped for ref in refs) == old
    assert remote.git("for-each-ref", "--format=%(refname)", KEPT) == kept
