"""A policy that many repositories share: pulled from another repository, judged as one, compared in CI."""

from __future__ import annotations

import tomllib

import pytest
from support.repository import Repo

from planfence.errors import PlanfenceError
from planfence.manifest.policy import Policy
from planfence.manifest.policyfile import parse_policy
from planfence.setup.sharedpolicy import Wanted, wanted

ORG = 'schema = 1\nlocked = ["limits.files"]\nlimits.files = 10\nprotected = ["infra/**"]\n'
OWN = "# ours\nschema = 1\ntests.required = []\n\n[limits]\nlines = 300\n"


@pytest.fixture
def source(empty_repo, tmp_path):
    """The organisation's own repository."""
    root = tmp_path / "org-policy"
    root.mkdir()
    found = Repo(root, empty_repo.variables)
    found.git("init", "-q", "-b", "main")
    found.write("org.toml", ORG)
    found.commit("feat: the policy")
    return found


@pytest.fixture
def shared(empty_repo, source):
    """A repository whose policy extends the organisation's."""
    empty_repo.write("planfence.toml", OWN)
    empty_repo.write("src/a.py")
    empty_repo.commit("chore: begin")
    done = empty_repo.planfence("policy", "pull", f"{source.root}@main")
    assert done.returncode == 0, done.stderr
    return empty_repo


def touched(repo: Repo, revision: str = "HEAD") -> list[str]:
    return sorted(repo.git("show", "--format=", "--name-only", revision).split())


def test_a_pull_is_a_commit_of_the_policy_alone_and_says_whence(shared, source) -> None:
    shared.write("src/a.py", "edited\n")
    assert touched(shared) == [".planfence/org.toml", "planfence.toml"]
    head = shared.git("show", "HEAD:.planfence/org.toml").splitlines()
    assert head[1:5] == [
        f"# source: {source.root}",
        "# file: org.toml",
        "# rev: main",
        f"# commit: {source.git('rev-parse', 'HEAD')}",
    ]
    assert shared.git("show", "HEAD:planfence.toml").startswith(
        '# ours\nschema = 1\nextends = [".planfence/org.toml"]\ntests'
    )
    assert shared.git("status", "--porcelain") == " M src/a.py"
    assert shared.planfence("verify", "HEAD~1..HEAD").returncode == 0
    again = shared.planfence("policy", "pull")
    assert "up to date" in again.stdout
    assert touched(shared) == [".planfence/org.toml", "planfence.toml"]


def test_show_prints_the_merged_policy_with_file_and_line(shared) -> None:
    plain = shared.planfence("policy", "show").stdout
    assert (
        parse_policy(plain.encode(), "planfence.toml").limits
        == parse_policy(b"schema = 1\nlimits = { files = 10, lines = 300 }", "planfence.toml").limits
    )
    lines = shared.planfence("policy", "show", "--origin").stdout.splitlines()
    assert "limits.files = 10  # .planfence/org.toml:9" in lines
    assert "limits.lines = 300  # planfence.toml:7" in lines
    assert 'mode = "enforce"  # default' in lines
    assert 'protected = ["infra/**"]  # .planfence/org.toml:10' in lines
    assert tomllib.loads("\n".join(lines)) == tomllib.loads(plain)


def test_check_says_what_is_behind_and_what_was_edited(shared, source) -> None:
    done = shared.planfence("policy", "check")
    assert (done.returncode, "is as" in done.stdout) == (0, True), done.stderr
    source.write("other.txt")
    source.commit("docs: nothing of the policy")
    assert shared.planfence("policy", "check").returncode == 0
    source.write("org.toml", ORG.replace("10", "12"))
    source.commit("feat: looser")
    done = shared.planfence("policy", "check")
    assert done.returncode == 1
    assert "is behind" in done.stderr
    assert done.stderr.endswith("\n    fix: planfence policy pull\n")
    assert shared.planfence("policy", "pull").returncode == 0
    assert touched(shared) == [".planfence/org.toml"]
    assert shared.planfence("policy", "check").returncode == 0
    # An edit by hand, with the digest and without it.
    text = (shared.root / ".planfence/org.toml").read_text()
    shared.write(".planfence/org.toml", text.replace("= 12", "= 99"))
    shared.git("commit", "-qam", "chore: edit", "--no-verify")
    done = shared.planfence("policy", "check")
    assert (done.returncode, "edited by hand" in done.stderr) == (1, True)
    from planfence.manifest.pulledfile import read_head, with_head

    forged = read_head(text.encode())
    assert forged is not None
    data = with_head(forged.source, forged.file, forged.rev, forged.commit, forged.body.replace(b"12", b"99"))
    shared.write(".planfence/org.toml", data)
    shared.git("commit", "-qam", "chore: forge", "--no-verify")
    done = shared.planfence("policy", "check")
    assert (done.returncode, "edited by hand" in done.stderr) == (1, True)
    assert shared.planfence("policy", "pull").returncode == 0
    assert "= 12" in (shared.root / ".planfence/org.toml").read_text()


def test_a_repository_that_loosens_a_locked_key_is_refused_everywhere(shared, source) -> None:
    base = shared.git("rev-parse", "HEAD")
    shared.write("planfence.toml", 'schema = 1\nextends = [".planfence/org.toml"]\nlimits.files = 11\n')
    shared.git("add", "-A")
    staged = shared.planfence("check", "--staged")
    assert (staged.returncode, "POL001" in staged.stdout + staged.stderr) == (1, True)
    shared.git("commit", "-q", "--no-verify", "-m", "chore: more")
    done = shared.planfence("verify", f"{base}..HEAD")
    assert done.returncode == 1
    assert "planfence.toml:3" in done.stdout
    assert "`limits.files` is 11" in done.stdout
    done = shared.planfence("policy", "check")
    assert (done.returncode, "limits.files" in done.stderr) == (1, True)
    # A lock that comes with a pull holds at once: nothing is committed.
    shared.git("reset", "-q", "--hard", base)
    source.write(
        "org.toml", ORG.replace('["limits.files"]', '["limits"]').replace("files = 10", "files = 10\nlimits.lines = 9")
    )
    source.commit("feat: lock more")
    done = shared.planfence("policy", "pull")
    assert (done.returncode, "POL001" in done.stderr) == (1, True)
    assert shared.git("rev-parse", "HEAD") == base
    assert shared.git("status", "--porcelain") == ""


def test_a_shared_file_governs_and_is_judged_by_the_policy_before(shared) -> None:
    base = shared.git("rev-parse", "HEAD")
    text = (shared.root / ".planfence/org.toml").read_text()
    # With code: PLN001. Away: it can't be read. Emptied of its locks by hand: held to them.
    for path, new, code in (
        ("src/a.py", None, "PLN001"),
        ("", "", "PLN003"),
        ("", text.replace('locked = ["limits.files"]\n', "").replace("= 10", "= 50"), "POL001"),
    ):
        shared.git("reset", "-q", "--hard", base)
        if path:
            shared.write(path, "changed\n")
            shared.write(".planfence/org.toml", text + "# more\n")
        elif new:
            shared.write(".planfence/org.toml", new)
        else:
            (shared.root / ".planfence/org.toml").unlink()
        shared.git("add", "-A")
        done = shared.planfence("check", "--staged")
        assert (done.returncode, code in done.stdout + done.stderr) == (1, True), (code, done.stdout, done.stderr)


def test_a_broken_shared_file_lets_only_its_fix_through(shared) -> None:
    good = (shared.root / ".planfence/org.toml").read_text()
    shared.write(".planfence/org.toml", "schema = 1\nlimits = 3\n")
    shared.git("commit", "-qam", "chore: break", "--no-verify")
    shared.write("src/a.py", "changed\n")
    shared.git("add", "-A")
    done = shared.planfence("check", "--staged")
    assert (done.returncode, ".planfence/org.toml:2:10" in done.stderr) == (2, True)
    shared.git("reset", "-q", "--hard")
    shared.write(".planfence/org.toml", good)
    shared.git("add", "-A")
    assert shared.planfence("check", "--staged").returncode == 0


def test_the_policy_is_that_of_the_commit_never_of_the_worktree(shared) -> None:
    shared.write(".planfence/org.toml", "schema = 1\nlimits.files = 1\n")
    assert "limits.files = 10" in shared.planfence("policy", "show").stdout
    (shared.root / ".planfence/org.toml").unlink()
    assert "limits.files = 10" in shared.planfence("policy", "show").stdout


def test_edits_of_the_user_are_never_lost(shared, source) -> None:
    source.write("org.toml", ORG + "# more\n")
    source.commit()
    head = shared.git("rev-parse", "HEAD")
    shared.write(".planfence/org.toml", "mine\n")
    done = shared.planfence("policy", "pull")
    assert (done.returncode, "changes of your own" in done.stderr) == (2, True)
    assert (shared.root / ".planfence/org.toml").read_text() == "mine\n"
    assert shared.git("rev-parse", "HEAD") == head


def test_what_a_head_names_runs_no_command(shared, tmp_path) -> None:
    """The head of a file is text of others."""
    from planfence.manifest.pulledfile import with_head

    for bad in (f"ext::sh -c touch% {tmp_path}/ran", f"--upload-pack=touch {tmp_path}/ran", "planfence::x"):
        shared.write(".planfence/org.toml", with_head(bad, "org.toml", "main", "1" * 40, ORG.encode()))
        shared.git("commit", "-qam", "chore: bad", "--no-verify")
        for verb in ("check", "pull"):
            assert shared.planfence("policy", verb).returncode in (1, 2, 3)
        assert not (tmp_path / "ran").exists()
    shared.write(".planfence/org.toml", with_head(str(tmp_path / "none"), "org.toml", "main", "1" * 40, ORG.encode()))
    shared.git("commit", "-qam", "chore: gone", "--no-verify")
    assert shared.planfence("policy", "check").returncode == 3


@pytest.mark.parametrize(
    ("spec", "source", "revision"),
    [
        ("https://example.org/acme/policy.git", "https://example.org/acme/policy.git", "HEAD"),
        ("https://example.org/acme/policy.git@v1.2", "https://example.org/acme/policy.git", "v1.2"),
        ("https://ada:secret@example.org/policy@main", "https://example.org/policy", "main"),
        ("https://ada:se@cr:et@example.org/policy", "https://example.org/policy", "HEAD"),
        ("https://ada@example.org:8443/policy", "https://ada@example.org:8443/policy", "HEAD"),
        ("ssh://git@[::1]:22/policy@v1", "ssh://git@[::1]:22/policy", "v1"),
        ("ssh://git@example.org/policy", "ssh://git@example.org/policy", "HEAD"),
        ("ssh://git@example.org/policy@rel/1", "ssh://git@example.org/policy", "rel/1"),
        ("git@example.org:acme/policy.git", "git@example.org:acme/policy.git", "HEAD"),
        ("git@example.org:acme/policy.git@main", "git@example.org:acme/policy.git", "main"),
        ("../policy@main", "../policy", "main"),
        ("upstream", "upstream", "HEAD"),
    ],
)
def test_a_source_with_a_revision(spec: str, source: str, revision: str) -> None:
    assert wanted(spec, "org.toml") == Wanted(source, revision, "org.toml")
    assert wanted(spec, "deep/x.toml").place == ".planfence/x.toml"
    for words in ((f"{spec}\udcff", "x.toml"), (spec, "x.toml", "a\udcff.toml"), (f"../a\n{spec}", "x.toml")):
        with pytest.raises(PlanfenceError, match="be printed"):
            wanted(*words)


@pytest.mark.parametrize(("spec", "revision"), [("", "HEAD"), ("@v1", "v1")])
def test_a_path_that_is_there_has_no_revision_in_its_name(tmp_path, spec: str, revision: str) -> None:
    (tmp_path / "org@acme").mkdir()
    for source in ("org@acme", f"{tmp_path}/org@acme", f"file://{tmp_path}/org@acme"):
        assert wanted(source + spec, "org.toml", top=str(tmp_path)) == Wanted(source, revision, "org.toml")


@pytest.mark.parametrize("place", ["https://{}@example.org/policy", "https://example.org/policy?private_token={}@main"])
def test_a_source_with_a_token_is_not_committed(place: str) -> None:
    with pytest.raises(PlanfenceError, match="holds a secret"):
        wanted(place.format("glpat-" + "a1B2c3D4e5" * 2), "org.toml")


def test_it_extends_more_than_one(shared, source) -> None:
    source.write("team.toml", "schema = 1\nlimits.files = 4\n")
    source.commit()
    assert shared.planfence("policy", "pull", f"{source.root}@main", "--file", "team.toml").returncode == 0
    text = shared.git("show", "HEAD:planfence.toml")
    assert tomllib.loads(text)["extends"] == [".planfence/org.toml", ".planfence/team.toml"]
    assert "limits.files = 4" in shared.planfence("policy", "show").stdout
    assert shared.planfence("policy", "check").stdout.count("is as") == 2
    refused = shared.planfence("policy", "pull", f"{source.root}@main", "--to", "lib/team.toml")
    assert (refused.returncode, "not a place" in refused.stderr) == (2, True)
    assert Policy().limits.files == 20


def test_a_merge_that_git_makes_by_itself_can_loosen_nothing(shared, source) -> None:
    """One side raises a limit that is not locked yet, the other brings the lock."""
    shared.git("checkout", "-q", "-b", "work")
    shared.write("planfence.toml", shared.git("show", "HEAD:planfence.toml").replace("300", "900") + "\n")
    shared.git("commit", "-qam", "chore: longer changes")
    shared.git("checkout", "-q", "main")
    source.write("org.toml", ORG.replace('["limits.files"]', '["limits"]').replace("= 10", "= 10\nlimits.lines = 300"))
    source.commit("feat: lock more")
    done = shared.planfence("policy", "pull")
    assert done.returncode == 0, done.stderr
    main = shared.git("rev-parse", "HEAD")
    shared.git("merge", "-q", "--no-verify", "--no-edit", "work")
    done = shared.planfence("check", "--range", f"{main}..HEAD")
    assert (done.returncode, "POL001" in done.stdout + done.stderr) == (1, True), done.stderr
    done = shared.planfence("policy", "check")
    assert (done.returncode, "limits.lines" in done.stderr) == (1, True)
