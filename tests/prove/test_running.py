"""What a proof touches, what it keeps, and where it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from support.proving import TESTS, USER, answers, change, project, prove

from planfence.change.export import Rewriter
from planfence.errors import CouldNotCheck
from planfence.files import private
from planfence.ledger.records import read_book
from planfence.prove import prove as use
from planfence.prove.bench import never_began
from planfence.prove.session import LEVELS, ProofProgress
from planfence.records import replace

GOOD = USER.replace("amount - 1", "amount - 2")
GOOD_TESTS = TESTS.replace("== 2", "== 1")
MODE = 0o100644


def silent(show=lambda _: None) -> ProofProgress:
    return ProofProgress(lambda _: None, show)


def state(repo) -> tuple[str, str, str, bytes]:
    refs = "\n".join(line for line in repo.git("show-ref", "--head").splitlines() if "refs/planfence/" not in line)
    return repo.git("status", "--porcelain=v2", "--branch"), refs, repo.git("stash", "list"), (
        repo.root / ".git/index"
    ).read_bytes()  # fmt: skip


def test_a_killed_proof_leaves_nothing_behind(repo):
    project(repo, command="touch started; sleep 20; true", more="min_tests = 0")
    change(repo, user=GOOD, tests=GOOD_TESTS)
    repo.write("src/dirty.py", "1\n")
    repo.git("add", "src/dirty.py")
    repo.git("status")
    before = state(repo)
    command = [sys.executable, "-m", "planfence", "prove"]
    temporary = repo.root.parent / "tmp"
    temporary.mkdir()
    variables = repo.variables | {"TMPDIR": str(temporary)}
    process = subprocess.Popen(command, cwd=repo.root, env=variables, start_new_session=True)
    until = time.monotonic() + 60
    while not list(temporary.glob("*/tree/started")) and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert state(repo) == before
    while list(temporary.glob("*/tree")) and time.monotonic() < until:
        time.sleep(0.05)
    assert not list(temporary.glob("*/tree"))


def test_an_interrupt_keeps_what_was_learned_and_the_next_call_goes_on(repo):
    project(repo)
    change(repo, user=GOOD, tests=GOOD_TESTS)
    opened = repo.open()
    shown: list[str] = []

    def interrupt(text: str) -> None:
        shown.append(text)
        if "parts asked" in text:
            raise KeyboardInterrupt

    asked = use.change_of(opened, "auth/middleware")
    with pytest.raises(KeyboardInterrupt):
        use.prove(asked, LEVELS, 600, silent(interrupt))
    (first,) = read_book(opened).proofs
    assert first.passes >= 2
    assert first.change.answer == "noticed"
    second = use.prove(asked, LEVELS, 600, silent()).proof
    assert second.seq == 2
    assert second.change == first.change
    assert [each.answer for each in second.parts] == ["noticed"]
    assert use.prove(asked, LEVELS, 0.001, silent()).proof == second  # all is known: nothing runs


def test_a_record_about_other_parts_is_not_gone_on_with(repo):
    project(repo)
    change(repo, user=GOOD, tests=GOOD_TESTS, **{"src/more.py": "A = 1\n"})
    opened = repo.open()
    asked = use.change_of(opened, "auth/middleware")
    first = use.prove(asked, LEVELS, 600, silent()).proof
    assert len(first.parts) == 2
    tests = replace(asked.target.policy.tests, paths=("src/more.py",))
    target = replace(asked.target, policy=replace(asked.target.policy, tests=tests))
    second = use.prove(use.take_apart(opened, target), LEVELS, 600, silent()).proof
    assert (second.seq, [each.path for each in second.parts]) == (2, ["src/user.py"])


def test_an_interrupt_before_anything_is_known_opens_no_gate(repo):
    project(repo)
    change(repo, user=GOOD, tests=GOOD_TESTS)
    opened = repo.open()

    def interrupt(text: str) -> None:
        if shown.append(text) or len(shown) > 3:
            raise KeyboardInterrupt

    for only in (LEVELS, ("change",)):
        shown: list[str] = []
        with pytest.raises(KeyboardInterrupt):
            use.prove(use.change_of(opened, "auth/middleware"), only, 600, silent(interrupt), again=True)
        assert not any("change" in proof.asked and proof.change is None for proof in read_book(opened).proofs)
    assert answers(prove(repo, code=1), "hunk") == ["noticed"]


def test_what_the_budget_cut_is_said(repo):
    project(repo, command="sleep 1; python run.py {junit}")
    change(repo, user=GOOD, tests=GOOD_TESTS)
    done = repo.planfence("prove", "--budget", "4s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of 1 parts within 4s; the same command goes on from there" in done.stdout


def test_trials_run_side_by_side(repo):
    project(repo, more="jobs = 2")
    change(repo, user=GOOD, tests=GOOD_TESTS)
    assert answers(prove(repo, "--only", "hunks"), "hunk") == ["noticed"]


def test_the_policy_says_where_tests_are(repo):
    project(repo, command="sh checks/all.sh", more='min_tests = 0\npaths = ["checks/**"]')
    change(repo, user=GOOD, **{"checks/all.sh": "grep -q 'amount - 2' src/user.py\n"})
    assert answers(prove(repo, "--only", "change"), "change") == ["noticed"]


DOUBLE = USER + "\n\ndef double(n):\n    return n + n\n"
DOUBLE_TESTS = "from user import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
#: Ends as pytest does if a file that it is told to run is not there.
FILES = "for one in {files}; do test -f $one || exit 4; done; python run.py {junit}"


@pytest.mark.parametrize(
    ("command", "more", "files", "gone"),
    [
        (FILES, "", {"tests/auth/test_more.py": DOUBLE_TESTS, "tests": TESTS + "\n"}, ""),
        (FILES, "", {"tests/auth/test_account.py": TESTS + "\n\n" + DOUBLE_TESTS}, "tests/auth/test_user.py"),
        ("python run.py {junit}", "min_tests = 3", {"tests": TESTS + "\n\n" + DOUBLE_TESTS}, ""),
    ],
    ids=["new file", "renamed file", "more tests than before"],
)
def test_tests_that_are_only_more_are_not_rewritten(repo, command, more, files, gone):
    project(repo, command, more)
    if gone:
        repo.git("rm", "-q", gone)
    change(repo, user=DOUBLE, **files)
    told = prove(repo, "--only", "old-tests")
    assert answers(told, "old-tests") == ["unnoticed"]


def test_old_tests_that_are_all_skipped_do_not_pass(repo):
    skipping = "import os\n\n\ndef test_a():\n    if not os.path.exists('src/old.py'):\n        raise Skip\n"
    project(repo)
    repo.write("src/old.py", "A = 1\n")
    repo.write("tests/auth/test_user.py", skipping)
    repo.commit("test: of the old module")
    repo.git("rm", "-q", "src/old.py")
    change(repo, user=DOUBLE, tests=DOUBLE_TESTS)
    assert answers(prove(repo, "--only", "old-tests", code=1), "old-tests") == ["noticed"]


def test_tests_that_are_red_prove_nothing(repo):
    project(repo)
    change(repo, user=GOOD)
    done = repo.planfence("prove")
    assert done.returncode == 2
    assert "the tests do not pass on this tree" in done.stderr
    assert "planfence test auth/middleware" in done.stderr


def with_submodule(repo, more: str = ""):
    """A change that brings a submodule as well, which the tests need."""
    project(repo, "test -f vendor/lib/a.py && python run.py {junit}", more)
    (repo.root / "vendor/lib").mkdir(parents=True)
    commit = repo.git("rev-parse", "HEAD").strip()
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},vendor/lib")
    change(repo, user=GOOD, tests=GOOD_TESTS)
    return repo.planfence("prove")


def test_tests_that_need_a_submodule_are_told_that_an_export_has_none_of_it(repo):
    done = with_submodule(repo)
    assert done.returncode == 2
    assert "an export does not hold what is in submodules (vendor/lib)" in done.stderr
    assert "`setup`" in done.stderr


def test_a_submodule_that_setup_fills_stays_in_all_trials(repo):
    done = with_submodule(repo, 'setup = "touch vendor/lib/a.py"')
    assert (done.returncode, done.stderr) == (1, "")
    assert "red without it" in done.stdout
    assert "1 of 1 parts proven" in done.stdout
    assert "not asked: 1 submodules" in done.stdout


def test_a_change_of_words_has_nothing_to_prove(repo):
    project(repo)
    change(repo, user=USER.replace("def price", "# The price.\ndef price"), **{"docs/index.md": "# More\n"})
    done = repo.planfence("prove")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to prove" in done.stdout
    assert "1 comments, 1 docs files" in done.stdout


def test_more_tests_alone_have_nothing_to_take_away(repo):
    project(repo)
    change(
        repo, tests=TESTS + "\n\ndef test_more():\n    assert price(4, True) == 3\n", **{"docs/index.md": "# More\n"}
    )
    done = repo.planfence("prove")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to take away" in done.stdout
    assert "1 docs files" in done.stdout


def test_a_part_is_shown_as_a_patch_that_takes_it_back(repo):
    project(repo)
    change(repo, user=GOOD.replace("user.strip()", "user.strip().lower()"), tests=GOOD_TESTS)
    told = prove(repo, "--only", "hunks", code=1)
    (key,) = [each["key"] for each in told["trials"] if each["answer"] == "unnoticed"]
    patch = repo.planfence("prove", "--show", key).stdout
    repo.git("apply", stdin=patch.encode())
    assert (repo.root / "src/user.py").read_text() == GOOD


def test_other_peoples_commits_are_not_asked_about(repo):
    project(repo)
    repo.write("src/other.py", "def other():\n    return 1\n")
    repo.commit("feat: other\n\nPlan-Task: auth/guide\nPlan-Stage: implement\nPlan-Model: human")
    change(repo, user=GOOD, tests=GOOD_TESTS)
    asked = use.change_of(repo.open(), "auth/middleware")
    assert [part.path for part in asked.division.parts] == ["src/user.py"]


def test_on_the_protected_branch_itself_the_tasks_commits_are_the_change(repo):
    project(repo)
    repo.git("checkout", "-q", "-B", "main")
    change(repo, user=GOOD, tests=GOOD_TESTS)
    change(repo, user=GOOD.replace("user.strip()", "user.strip().lower()"))
    asked = use.change_of(repo.open(), "auth/middleware")
    assert sorted(part.first for part in asked.division.parts) == [3, 8]


@pytest.mark.parametrize("budget", ["", "ten", "0m", "-1m", "1d"])
def test_a_budget_that_is_no_time(repo, budget):
    project(repo)
    done = repo.planfence("prove", "--budget", budget)
    assert done.returncode == 2
    assert "write it as 90s, 10m or 1h" in done.stderr


# -- the export between two trials --------------------------------------------------------------------------------


def test_a_rewritten_module_is_read_anew_though_its_cache_is_as_old_and_as_large(tmp_path):
    rewriter = Rewriter(tmp_path)
    said = []
    for number in range(6):
        rewriter.write({"m.py": (MODE, b"X = %d\n" % number)})
        command = [sys.executable, "-c", "import m; print(m.X)"]
        done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=True)
        said.append(done.stdout.strip())
    assert said == [str(number) for number in range(6)]
    assert list((tmp_path / "__pycache__").glob("m.*.pyc"))


def test_a_rewritten_file_is_always_a_second_newer(tmp_path):
    rewriter = Rewriter(tmp_path)
    times = []
    for text in (b"a", b"b", None, b"c"):
        rewriter.write({"src/a": None if text is None else (MODE, text)})
        if text is not None:
            times.append((tmp_path / "src/a").stat().st_mtime)
    assert times[1] >= times[0] + 1
    assert times[2] >= times[1] + 1


def test_a_path_that_tests_led_elsewhere_is_not_written(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    files = tmp_path / "files"
    files.mkdir()
    (files / "src").symlink_to(outside)
    for path in ("src/a.py", "../a.py", ".git/config", "a//b"):
        with pytest.raises(CouldNotCheck):
            Rewriter(files).write({path: (MODE, b"x")})
    assert not list(outside.iterdir())


def test_a_file_becomes_a_folder_and_back(tmp_path):
    rewriter = Rewriter(tmp_path)
    rewriter.write({"a": (MODE, b"1")})
    rewriter.write({"a": None, "a/b": (0o100755, b"2")})
    assert os.access(tmp_path / "a/b", os.X_OK)
    rewriter.write({"a/b": None, "a": (0o120000, b"there")})
    assert os.readlink(tmp_path / "a") == "there"


def test_a_sweep_between_making_and_locking_takes_no_folder_away(monkeypatch):
    real, swept = private.fcntl.flock, []

    def flock(descriptor, how):
        if how == private.fcntl.LOCK_EX and not swept:
            swept.append(private.sweep())
        return real(descriptor, how)

    monkeypatch.setattr(private.fcntl, "flock", flock)
    with private.private_folder(os.environ["PATH"]) as made:
        assert swept[0] >= 1
        assert made.folder.is_dir()


@pytest.mark.parametrize(
    "output",
    [
        b'a.sh: 2: Syntax error: "fi" unexpected\n',
        b"./a.sh: line 2: syntax error near unexpected token `fi'\n",
        b"TAP version 13\n# file:///a.mjs:2\n# SyntaxError: Unexpected end of input\n",
        b"  \xe2\x97\x8f Test suite failed to run\n\n    SyntaxError: /a.js: Unexpected token (3:4)\n",
        b"Error: Transform failed with 1 error:\n",
        b"A.java:1: error: illegal start of type\n",
        b"a.hs:3:5: error:\n",
        b"src/a.c:3: fatal error: a.h: No such file or directory\n",
        b"a.rb:3: syntax error, unexpected end-of-input, expecting `end'\n",
        b'PHP Parse error:  syntax error, unexpected token "}" in a.php on line 3\n',
        b"syntax error at d.pl line 1, at EOF\nExecution of d.pl aborted due to compilation errors.\n",
        b"lua5.4: a.lua:3: unexpected symbol near '}'\n",
        b"== Compilation error in file lib/a.ex ==\n",
        b"a.fs(3,1): error FS0010: Incomplete structured construct\n",
        b"/usr/bin/ld: a.o: multiple definition of `a'\n",
        b"make: *** No rule to make target 'a.c', needed by 'a'.  Stop.\n",
    ],
)
def test_what_did_not_build_is_known_by_what_tools_say(output):
    assert never_began(b"gcc a.c\n" + output)


@pytest.mark.parametrize(
    "output",
    [
        b"E       AssertionError: assert 'syntax error at line 3' == 'syntax error, line 3'\n",
        b"not ok 1 - says syntax error: at line 3\n",
        b"# Failed test 'reports a parse error: here'\n",
        b"FAIL tests/a.rb: expected no error\n",
        b"----- Captured stdout call -----\na.cfg:1: error: no such key\n",
    ],
)
def test_a_test_that_speaks_of_errors_has_begun(output):
    assert not never_began(output)
