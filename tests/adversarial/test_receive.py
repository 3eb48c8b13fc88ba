"""A real server: pushes into a bare repository with the hook, and updates that only a server sees."""

from __future__ import annotations

import pytest

ZERO = ""


def _bad(lab) -> str:
    lab.write("evil.py")
    return lab.record()


def _good(lab) -> str:
    lab.write("src/auth.py")
    return lab.record()


@pytest.fixture
def server(lab):
    """A bare repository with the hook, as `install --server` makes it, and `origin` set to it."""
    bare = lab.bare()
    done = bare.install("--server")
    assert done.returncode == 0, done
    lab.git("remote", "add", "origin", str(bare.root))
    return bare


def _push(lab, *arguments: str):
    import subprocess

    return subprocess.run(
        ["git", "push", *arguments],
        cwd=lab.repo.root,
        env=lab.repo.variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_good_push(lab, server) -> None:
    _good(lab)
    done = _push(lab, "-q", "origin", "work")
    assert done.returncode == 0, done.stderr
    assert server.git("rev-parse", "work") == lab.git("rev-parse", "work")


def test_a_bad_push(lab, server) -> None:
    _bad(lab)
    done = _push(lab, "-q", "origin", "work")
    assert done.returncode != 0
    assert "SCP001" in done.stderr
    assert server.git("for-each-ref", "refs/heads/work") == ""


def test_a_bad_push_straight_to_the_protected_branch(lab, server) -> None:
    _bad(lab)
    assert "SCP001" in _push(lab, "origin", "work:main").stderr


def test_push_options_are_the_clients_word(lab, server) -> None:
    server.git("config", "receive.advertisePushOptions", "true")
    _bad(lab)
    for option in ("planfence=off", "ci.skip", "PLANFENCE_URGENT=now", "skip"):
        assert _push(lab, "-o", option, "origin", "work").returncode != 0


def test_no_verify_does_not_reach_the_server(lab, server) -> None:
    _bad(lab)
    assert _push(lab, "--no-verify", "origin", "work").returncode != 0


def test_several_refs_in_one_push_one_of_them_bad(lab, server) -> None:
    _good(lab)
    lab.git("checkout", "-q", "-b", "bad")
    _bad(lab)
    assert "SCP001" in _push(lab, "origin", "work", "bad").stderr
    assert server.git("for-each-ref", "refs/heads/work") == ""


def test_a_bad_commit_behind_a_tag(lab, server) -> None:
    _bad(lab)
    lab.git("tag", "light")
    lab.git("tag", "-a", "-m", "x", "heavy")
    lab.git("tag", "-a", "-m", "x", "nested", "heavy")
    for tag in ("light", "heavy", "nested"):
        assert "SCP001" in _push(lab, "origin", tag).stderr, tag


@pytest.mark.parametrize(
    "ref",
    ["refs/for/main", "refs/custom/x", "refs/notes/commits", "refs/stash", "refs/pull/1/head", "refs/a/../b"],
)
def test_a_bad_commit_behind_a_custom_ref(lab, ref: str) -> None:
    assert "SCP001" in lab.receive((ZERO, _bad(lab), ref)).codes


@pytest.mark.parametrize("what", ["HEAD^{tree}", "HEAD:README.md"])
def test_a_tag_of_something_that_is_no_commit(lab, what: str) -> None:
    lab.git("tag", "odd", what)
    assert lab.receive((ZERO, "odd", "refs/tags/odd")).codes == {"exit 3"}


def test_a_branch_that_is_a_tag(lab) -> None:
    _good(lab)
    lab.git("tag", "-a", "-m", "x", "heavy")
    assert "REF001" in lab.receive((ZERO, "heavy", "refs/heads/topic")).codes


def test_deleting_the_protected_branch(lab) -> None:
    assert lab.receive((lab.base, ZERO, "refs/heads/main")).codes == {"REF001"}


def test_deleting_another_branch(lab) -> None:
    assert not lab.receive((lab.base, ZERO, "refs/heads/topic")).refused


def test_forcing_the_protected_branch(lab) -> None:
    first = _good(lab)
    lab.base = first
    lab.git("checkout", "-q", "main")
    lab.write("docs/x.md")
    other = lab.record("docs: x", "auth/guide")
    assert "REF001" in lab.receive((first, other, "refs/heads/main")).codes


def test_forcing_another_branch_is_judged_and_allowed(lab) -> None:
    first = _good(lab)
    lab.git("reset", "-q", "--hard", lab.base)
    lab.write("src/auth.py", "other\n")
    assert not lab.receive((first, lab.record(), "refs/heads/topic")).refused
    assert "SCP001" in lab.receive((first, _bad(lab), "refs/heads/topic")).codes


def test_a_bad_branch_on_the_server_then_merged_to_the_protected_one(lab) -> None:
    """It came in before the hook did: that the server has it does not make it good."""
    bad = _bad(lab)
    lab.bare().git("update-ref", "refs/heads/old", bad)
    assert "SCP001" in lab.receive((lab.base, bad, "refs/heads/main")).codes


def test_a_range_is_judged_the_same_however_it_was_pushed(lab) -> None:
    """All at once, one by one, through another branch: small changes count together."""
    commits = []
    for name in ("a", "b", "c"):
        lab.write(name)
        commits.append(lab.record("fix: small", None))
    assert "MSG001" in lab.receive((ZERO, commits[2], "refs/heads/topic")).codes
    lab.bare().git("update-ref", "refs/heads/topic", commits[1])
    assert "MSG001" in lab.receive((commits[1], commits[2], "refs/heads/topic")).codes
    assert "MSG001" in lab.receive((ZERO, commits[2], "refs/heads/another")).codes
    assert "MSG001" in lab.receive((lab.base, commits[2], "refs/heads/main")).codes
    assert not lab.receive((ZERO, commits[1], "refs/heads/another")).refused


def test_other_branches_in_the_same_push_change_nothing(lab) -> None:
    lab.write("a")
    lab.write("b")
    one = lab.record("fix: small", None)
    lab.git("reset", "-q", "--hard", lab.base)
    lab.write("c")
    lab.write("d")
    two = lab.record("fix: small", None)
    assert not lab.receive((ZERO, one, "refs/heads/one"), (ZERO, two, "refs/heads/two")).refused


@pytest.mark.parametrize(
    "data",
    [
        b"x\n",
        b"a b c\n",
        b"0000 0000 refs/heads/x\n",
        b"0" * 40 + b" " + b"g" * 40 + b" refs/heads/x\n",
        b"0" * 40 + b" " + b"1" * 40 + b" heads/x\n",
        b"0" * 40 + b" " + b"1" * 40 + b" refs/heads/x\n",
        b"0" * 64 + b" " + b"1" * 64 + b" refs/heads/x\n",
        b"\0\n",
        b"\xff" * 100,
    ],
)
def test_input_that_git_would_not_write(lab, data: bytes) -> None:
    from planfence.boundary import receive
    from planfence.errors import PlanfenceError

    with pytest.raises(PlanfenceError):
        receive.receive(lab.bare().open(), data)


def test_a_server_without_a_branch(lab) -> None:
    bare = lab.bare()
    bare.git("symbolic-ref", "HEAD", "refs/heads/none")
    assert lab.receive((ZERO, _good(lab), "refs/heads/topic")).codes == {"exit 2"}


def test_a_namespace(lab) -> None:
    assert lab.receive((ZERO, _good(lab), "refs/heads/topic"), GIT_NAMESPACE="x").codes == {"exit 3"}


def test_the_quarantine_is_left_as_it_was(lab, server) -> None:
    """New objects are read from the quarantine, and nothing of ours lands in the store."""
    lab.git("config", "gc.auto", "0")
    before = lab.git("rev-parse", "HEAD")
    lab.git("checkout", "-q", "-b", "side")
    _good(lab)
    lab.git("checkout", "-q", "work")
    lab.write("docs/x.md")
    lab.record("docs: x", "auth/guide")
    lab.git("merge", "-q", "--no-edit", "--no-verify", "side")
    count = server.git("count-objects", "-v").splitlines()[0]
    lab.write("evil.py")
    lab.record()
    assert _push(lab, "origin", "work").returncode != 0
    assert server.git("count-objects", "-v").splitlines()[0] == count
    assert before


def test_install_server_leaves_another_hook_alone(lab) -> None:
    bare = lab.bare()
    hook = bare.root / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n")
    done = bare.install("--server")
    assert done.returncode == 2
    assert "planfence receive" in done.stderr
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
    (bare.root / "hooks/pre-receive.d").mkdir()
    assert bare.install("--server").returncode == 0
    assert (bare.root / "hooks/pre-receive.d/planfence").exists()
    assert lab.repo.install("--server").returncode == 2


def test_a_thousand_refs_cost_no_process_each(lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first push of all tags must not take a server's five seconds."""
    import subprocess

    from planfence.boundary import receive

    server = lab.bare().open()
    lines = "".join(f"{'0' * 40} {lab.base} refs/tags/v{number}\n" for number in range(1000))
    started: list[object] = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: started.append(args) or run(*args, **kwargs))
    assert not receive.receive(server, lines.encode()).report.refused
    assert len(started) < 30


def test_a_policy_that_can_not_be_read_is_fixed_by_what_it_said_before_and_by_nothing_else(lab) -> None:
    """A server that could read none refused its fix too; by any readable one, whoever broke it could loosen it."""
    past = "schema = 1\n[tests]\nrequired = []\n"
    lab.git("checkout", "-q", "main")
    lab.write("planfence.toml", "schema = = 1\n")
    lab.base = lab.record("chore: broken", None)

    def offered(branch: str = "refs/heads/main", **files: str) -> set[str]:
        lab.git("reset", "-q", "--hard", lab.base)
        for name, text in files.items():
            lab.write({"policy": "planfence.toml", "code": "README.md", "more": ".planfence/more.toml"}[name], text)
        tip = lab.record("chore: again", None)
        told = lab.receive((lab.base, tip, branch))
        assert not told.codes or "git checkout" in told.words, told
        return told.codes

    assert not offered(policy=past)
    tip = lab.repo.head()
    assert not lab.verify(tip).codes
    assert lab.receive((lab.base, tip, "refs/heads/main"), ("", lab.base, "refs/heads/other")).codes == {"exit 2"}
    assert lab.receive((lab.base, "", "refs/heads/main")).codes == {"exit 2"}
    assert not offered("refs/heads/fix", policy="# the same\nschema = 1\ntests.required = []\n", more="schema = 1\n")
    assert offered(policy=past, code="changed\n") == {"exit 2"}
    for text in (f"{past}[rules]\nSCP001 = 'off'\n", "schema = = 2\n"):
        assert offered(policy=text) == {"exit 2"}, text
    lab.git("checkout", "-q", "--detach", "work")
    lab.write("planfence.toml", past)
    assert lab.receive((lab.base, lab.record("chore: beside", None), "refs/heads/main")).codes == {"exit 2"}
    lab.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    assert "git checkout" in lab.push().words
    # A model's, more than the policy on the way, and a history that is cut off.
    lab.git("checkout", "-q", "main")
    for model, path in (("codex", ""), (None, "src/undone.py")):
        lab.git("reset", "-q", "--hard", lab.base)
        if path:
            lab.write(path, "x = 1\n")
            lab.record("feat: more", None)
            lab.git("rm", "-q", path)
            lab.record("feat: less", None)
        lab.write("planfence.toml", past)
        trailer = f"\n\nPlan-Model: {model}" if model else ""
        told = lab.receive((lab.base, lab.record(f"chore: again{trailer}", None), "refs/heads/main"))
        assert (told.codes, "git checkout" in told.words) == ({"exit 2"}, True), told
    (lab.repo.root / ".git/shallow").write_text(f"{lab.base}\n")
    assert "git fetch --unshallow" in lab.verify(lab.repo.head()).words


@pytest.mark.parametrize(
    ("texts", "way"),
    [
        (["schema = 1\nnewer.key = 1\n"], "upgrade"),
        (["schema = 1\nrules.NEW999 = 'error'\n"], "upgrade"),
        (["schema = 99\n"], "upgrade"),
        (["schema = 1\ntrust.plan = 'newest'\n"], "upgrade"),
        (["schema = 1\nnewer.key = 1\n", "schema = = 1\n"], "upgrade"),  # the last one that somebody could read
        (["schema = = 1\ntrust.plan = 'signed'\n"], "by hand"),
        (["schema = 1\nlimits.files = 'many'\n"], "git checkout"),
    ],
)
def test_what_a_newer_planfence_may_read_is_not_undone(lab, texts: list[str], way: str) -> None:
    past = lab.git("show", "main:planfence.toml")
    lab.git("checkout", "-q", "main")
    for text in texts:
        lab.write("planfence.toml", text)
        lab.base = lab.record("chore: another", None)
    lab.write("planfence.toml", f"{past}\n")
    told = lab.receive((lab.base, lab.record("chore: back", None), "refs/heads/main"))
    if way == "git checkout":
        assert not told.codes, told
    else:
        assert told.codes == {"exit 2"}, told
        assert {"upgrade": "pip install -U", "by hand": "by hand"}[way] in told.words, told
        assert "git checkout" not in told.words, told
