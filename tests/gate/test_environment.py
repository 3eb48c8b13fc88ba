"""What the caller's environment, the folders above an export, and files beside the tree can't do to the test gate."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.gate import CODEX, gated, work

from planfence import testvariables
from planfence.env import Environment
from planfence.files.private import believed_above
from planfence.gate.junit import read_counts
from planfence.ledger.evidence import Counts

TASK = "auth/middleware"
DRAW = random.Random(13)

#: One name of each pattern, as somebody might have it.
DRAWN = [
    word.replace("*", DRAW.choice(("X", "MODE", "MY_TOOL")))
    for kind in testvariables.KINDS.values()
    for word in kind.split()
]
#: And what a Makefile calls a tool by: `PROVE ?= prove`.
DRAWN += [word[:-2] for kind in testvariables.KINDS.values() for word in kind.split() if word.endswith("_*")]
DRAWN = [name for name in DRAWN if name not in ("PW", "STACK")]
#: What tests need, whatever a kind's ends look like.
NEEDED = (
    *("PATH", "HOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "CI"),
    *("DATABASE_URL", "DATABASE_OPTIONS", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGOPTIONS", "MYSQL_HOST"),
    *("REDIS_URL", "AWS_REGION", "GOOGLE_APPLICATION_CREDENTIALS", "DJANGO_SETTINGS_MODULE", "NODE_ENV", "JAVA_HOME"),
    *("GOMODCACHE", "PYENV_ROOT", "NVM_DIR", "SDKMAN_DIR", "ASDF_DATA_DIR", "VOLTA_HOME", "PUB_CACHE", "DOTNET_ROOT"),
    *("PLAYWRIGHT_BROWSERS_PATH", "PNPM_HOME", "XDG_CACHE_HOME", "npm_config_cache", "RBENV_ROOT"),
    *("HTTP_PROXY", "http_proxy", "SSL_CERT_FILE", "NPM_TOKEN", "GIT_AUTHOR_NAME", "TEST_DATABASE_URL"),
    *("PW", "STACK"),
)


def test_what_changes_what_runs_does_not_reach_the_tests():
    for name in DRAWN:
        for spelt in (name, name.lower()):
            there = Environment({spelt: "x", "PATH": "/bin", "DATABASE_URL": "db"})
            assert set(there.for_tests("/c")) == {"PATH", "DATABASE_URL", "GIT_CEILING_DIRECTORIES"}, spelt
            assert there.kept_from_tests() == (() if name in ("PWD", "OLDPWD", "SHELL") else (spelt,)), spelt


def test_what_tests_need_stays():
    there = Environment(dict.fromkeys(NEEDED, "x"))
    assert set(there.for_tests("/c")) == {*NEEDED, "GIT_CEILING_DIRECTORIES"}
    assert there.kept_from_tests() == ()


def test_what_only_says_where_a_toolchain_or_a_cache_lies_stays():
    for name in testvariables.PLACES.split():
        there = Environment({name: "x", f"{name}_OPTS": "x"})
        assert set(there.for_tests("/c")) == {name, "GIT_CEILING_DIRECTORIES"}, name


@pytest.mark.parametrize(
    "name",
    [
        *("CARGO_HOME", "RUSTUP_TOOLCHAIN", "GRADLE_USER_HOME", "COMPOSER_HOME", "BUNDLE_APP_CONFIG", "BUNDLE_GEMFILE"),
        *("GOROOT", "GOPATH", "GOCACHE", "NPM_CONFIG_PREFIX", "NX_CACHE_DIRECTORY", "MIX_HOME", "CCACHE_DIR", "R_LIBS"),
        *("MAVEN_CONFIG", "JULIA_DEPOT_PATH", "UV_PROJECT_ENVIRONMENT", "PYTHONHOME", "LD_LIBRARY_PATH"),
        "VALGRIND_LIB",
    ],
)
def test_a_place_that_can_change_what_runs_does_not(name):
    assert set(Environment({name: "x"}).for_tests("/c")) == {"GIT_CEILING_DIRECTORIES"}


def test_a_strict_list_is_all_but_what_every_program_needs():
    there = Environment(dict.fromkeys((*NEEDED, "CC", "LD_PRELOAD"), "x"))
    kept = set(there.for_tests("/c", ("PGHOST", "CC")))
    assert kept == {"PATH", "HOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "PGHOST", "CC"} | {
        "GIT_CEILING_DIRECTORIES"
    }
    assert there.kept_from_tests(("PGHOST", "CC")) == ("LD_PRELOAD",)


def test_every_kind_is_documented(request):
    text = (request.config.rootpath / "docs/stages.md").read_text("utf-8")
    listed = set(re.findall(r"`([^`\s]+)`", text))
    assert [word for kind in testvariables.KINDS.values() for word in kind.split() if word not in listed] == []
    assert set(testvariables.PLACES.split()) <= listed


#: It loads no plugin that takes as long as itself.
PYTEST = "python -m pytest -q -p no:cacheprovider -p no:hypothesispytest -p no:anyio -p no:xdist test_fails.py"
#: A tool, a command whose tests fail, and the variables that would make them pass, with the files that these name.
TRICKS = [
    ("make", "make -f suite.mk", {"MAKEFLAGS": "n"}, {}),
    ("make", "make -f suite.mk", {"MAKEFLAGS": "i"}, {}),
    ("make", "make -f suite.mk", {"GNUMAKEFLAGS": "-n"}, {}),
    ("make", "make -f asked.mk", {"PROVE": "true"}, {}),
    (
        "make",
        "make -f suite.mk",
        {"MAKEFILES": "{out}/x.mk"},
        {"x.mk": "SHELL=/bin/true\n"},
    ),
    ("bash", "bash suite.sh", {"BASH_ENV": "{out}/x.sh"}, {"x.sh": "exit 0\n"}),
    ("bash", "bash -c 'false_ && exit 1; exit 1'", {"BASH_ENV": "{out}/x.sh"}, {"x.sh": "trap 'exit 0' EXIT\n"}),
    (
        "bash",
        "bash suite.sh",
        {"BASH_FUNC_false%%": "() {{ exit 0; }}", "BASH_FUNC_exit%%": "() {{ builtin exit 0; }}"},
        {},
    ),
    ("bash", "bash suite.sh", {"SHELLOPTS": "noexec"}, {}),
    (
        "python",
        "python suite_fails.py",
        {"PYTHONPATH": "{out}"},
        {"sitecustomize.py": "import os, sys\n'suite_fails.py' in sys.orig_argv and os._exit(0)\n"},
    ),
    ("python", "python suite_fails.py", {"PYTHONOPTIMIZE": "1"}, {}),
    (
        "python",
        "python suite_fails.py",
        {"PYTHONINSPECT": "1", "PYTHONSTARTUP": "{out}/x.py"},
        {"x.py": "import os; os._exit(0)\n"},
    ),
    (
        "python",
        PYTEST,
        {"PYTEST_ADDOPTS": "--co"},
        {},
    ),
    (
        "python",
        PYTEST,
        {"PYTEST_PLUGINS": "x", "PYTHONPATH": "{out}"},
        {"x.py": "import os; os._exit(0)\n"},
    ),
    ("node", "node suite.js", {"NODE_OPTIONS": "--require={out}/x.js"}, {"x.js": "process.exit(0)\n"}),
    ("perl", "perl suite.pl", {"PERL5OPT": "-Mx", "PERL5LIB": "{out}"}, {"x.pm": "exit 0; 1;\n"}),
    ("perl", "perl suite.pl", {"PERL5OPT": "-c"}, {}),
    ("dash", "dash -i -c 'exit 1'", {"ENV": "{out}/x.sh"}, {"x.sh": "exit 0\n"}),
    ("make", "make -f goal.mk", {"VPATH": "{out}"}, {"goal": ""}),
    ("make", "make -f tool.mk", {"GO": "true"}, {}),
    ("make", "make -f driver.mk", {"LOG_COMPILER": "true"}, {}),
    ("bash", "bash -i < suite.sh", {"PROMPT_COMMAND": "exit 0"}, {}),
    ("bash", "bash suite.sh", {"BASH_FUNC_false()": "() {{ exit 0; }}", "LINK.c": "true"}, {}),
    ("flock", "flock lock -c 'exit 1'", {"SHELL": "/bin/true"}, {}),
    ("script", "script -qec 'exit 1' /dev/null", {"SHELL": "/bin/true"}, {}),
    ("tclsh", "tclsh suite.tcl", {"TCL_LIBRARY": "{out}"}, {"init.tcl": "exit 0\n"}),
    ("xz", "xz -t suite.sh", {"XZ_DEFAULTS": "--help"}, {}),
    ("bzip2", "bzip2 -t suite.sh", {"BZIP2": "--help"}, {}),
    ("zsh", "zsh -c 'exit 1'", {"ZDOTDIR": "{out}"}, {".zshenv": "exit 0\n"}),
    ("fish", "fish -c 'exit 1'", {"XDG_DATA_DIRS": "{out}"}, {"fish/vendor_conf.d/x.fish": "exit 0\n"}),
    (
        "pyenv",
        "$PYENV_ROOT/shims/python -c 'raise SystemExit(1)'",
        {"PYENV_HOOK_PATH": "{out}"},
        {"exec/x.bash": "exit 0\n"},
    ),
]
SUITE = {
    "goal.mk": "all: goal\ngoal:\n\tfalse\n",
    "tool.mk": "GO ?= false\nall:\n\t$(GO) test\n",
    "driver.mk": "all:\n\t$(LOG_COMPILER) false\n",
    "suite.tcl": "exit 1\n",
    "suite.mk": "all:\n\tfalse\n",
    "asked.mk": "PROVE ?= false\nall:\n\t$(PROVE)\n",
    "suite.sh": "false || exit 1\n",
    "suite_fails.py": "assert False\n",
    "test_fails.py": "def test_it():\n    assert False\n",
    "suite.js": "process.exit(1)\n",
    "suite.pl": "exit 1;\n",
}


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: f"{trick[0]} {' '.join(trick[2])}")
def test_no_variable_turns_a_failing_test_into_a_pass(repo, trick):
    tool, command, variables, files = trick
    if shutil.which(tool, path=repo.variables["PATH"]) is None:
        pytest.skip(f"needs {tool}")
    outside = repo.root.parent / "outside"
    outside.mkdir()
    for name, text in files.items():
        (outside / name).parent.mkdir(parents=True, exist_ok=True)
        (outside / name).write_text(text)
    for name, text in SUITE.items():
        repo.write(name, text)
    gated(repo, command)
    work(repo)
    extra = {name: value.format(out=outside) for name, value in variables.items()}
    raw = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=repo.root,
        env=repo.variables | extra,
        capture_output=True,
        check=False,
        timeout=60,
    )
    if raw.returncode:
        pytest.skip(f"this {tool} does not fall for it")
    done = repo.planfence("test", TASK, **CODEX, **extra)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "failed" in done.stdout
    for name in extra.keys() - {"SHELL"}:  # which is always there
        assert name in done.stdout


def test_the_policy_may_name_what_the_tests_see(repo):
    gated(repo, 'test "$PGHOST$OTHER$MAKEFLAGS" = here')
    repo.write("planfence.toml", (repo.root / "planfence.toml").read_text() + 'env = ["PGHOST"]\n')
    repo.commit("chore: a strict list")
    work(repo)
    done = repo.planfence("test", TASK, PGHOST="here", OTHER="there", MAKEFLAGS="k", **CODEX)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MAKEFLAGS" in done.stdout
    done = repo.planfence("test", TASK, "--again", PGHOST="gone", **CODEX)
    assert done.returncode == 1, "that it passed before does not say that it does now"
    assert "not passed: tests: failed" in done.stdout


PASSES = {
    "pytest.ini": "[pytest]\naddopts = -p no:cacheprovider\n",
    "conftest.py": "import os\ndef pytest_configure():\n    os._exit(0)\n",
    "setup.cfg": "[tool:pytest]\naddopts = --co\n",
    "tox.ini": "[pytest]\naddopts = --co\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--co'\n",
}


@pytest.mark.parametrize("names", [("pytest.ini", "conftest.py"), ("setup.cfg",), ("tox.ini",), ("pyproject.toml",)])
def test_nothing_above_an_export_is_believed(repo, tmp_path, names):
    above = tmp_path / "temporary" / "deeper"
    above.mkdir(parents=True)
    for name in names:
        (above.parent / name).write_text(PASSES[name])
    repo.write("test_fails.py", SUITE["test_fails.py"])
    gated(repo, "python -m pytest -q test_fails.py")
    repo.write("planfence.toml", (repo.root / "planfence.toml").read_text() + 'where = "export"\n')
    repo.commit("chore: in an export")
    work(repo)
    done = repo.planfence("test", TASK, TMPDIR=str(above), **CODEX)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "failed" in done.stdout
    assert not list(above.glob("planfence-*"))


def test_what_lies_above_the_worktree_sends_the_tests_to_an_export(repo):
    gated(repo, "true")
    work(repo)
    (repo.root.parent / "conftest.py").write_text("")
    done = repo.planfence("test", TASK, **CODEX)
    assert "(export, run" in done.stdout
    assert "conftest.py" in done.stderr


@pytest.mark.parametrize("name", ["package.json", "node_modules", ".cargo", "go.work", "Makefile", ".git"])
def test_a_file_that_appears_above_the_export_is_no_pass(repo, name):
    gated(repo, f"touch ../{name}")
    repo.write("planfence.toml", (repo.root / "planfence.toml").read_text() + 'where = "export"\n')
    repo.commit("chore: in an export")
    work(repo)
    done = repo.planfence("test", TASK, **CODEX)
    assert done.returncode == 1
    assert "disturbed" in done.stdout


def test_believed_above_looks_at_every_folder_up_to_the_root(tmp_path):
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    assert believed_above(here) == believed_above(tmp_path)
    (tmp_path / "tox.ini").touch()
    assert believed_above(here) == str(tmp_path / "tox.ini")


@pytest.mark.parametrize("name", [".ai-benchmark.csv", ".ai-run.log", ".ai-run.log.lock", "notes.ignored"])
def test_a_test_reads_no_log_and_no_ignored_file(repo, name):
    gated(repo, f"test -e {name}")
    repo.write(".gitignore", ".ai-*\n*.ignored\n")
    repo.commit("chore: ignore")
    work(repo)
    repo.write(name, "feeds the test\n")
    done = repo.planfence("test", TASK, **CODEX)
    assert done.returncode == 1, done.stdout
    assert "(export, run" in done.stdout


DEEP = "<testsuites>" + "<testsuite>" * 100_000 + "<testcase/>" + "</testsuite>" * 100_000 + "</testsuites>"


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("mkfifo {junit}", "not a plain file"),
        ("ln -s /dev/zero {junit}", "is a link"),
        ("sh suite.sh ../real 1 0; ln -s $PWD/../real {junit}", "is a link"),
        ("mkdir {junit}", "not a plain file"),
        ("cp deep.xml {junit}", "nested"),
        ("truncate -s 100G {junit}", "larger than"),
        ('printf \'<?xml version="1.0" encoding="latin-1"?><!DOCTYPE a><testsuites/>\' > {junit}', "document type"),
    ],
)
def test_a_report_is_a_plain_file_of_a_sane_size(repo, deed, said):
    repo.write("deep.xml", DEEP)
    gated(repo, deed)
    work(repo)
    begun = time.monotonic()
    done = repo.planfence("test", TASK, **CODEX)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no-report" in done.stdout
    assert said in done.stderr
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("link", [".git", "a/.git", ".GIT", ".git/hooks", "git~1", "plans", "planfence.toml", "node_*"])
def test_links_that_the_policy_may_not_have(repo, link):
    repo.write("planfence.toml", f'schema = 1\n[tests]\nlinks = ["dir", "{link}"]\n')
    repo.commit("chore: links")
    done = repo.planfence("check", "--staged")
    assert done.returncode == 2
    assert "planfence.toml:3:" in done.stderr
    assert link in done.stderr


def test_a_link_that_leads_to_the_repository_is_refused(repo):
    gated(repo, "true")
    more = 'where = "export"\nlinks = ["cache"]\n'
    repo.write("planfence.toml", (repo.root / "planfence.toml").read_text() + more)
    repo.write(".gitignore", ".ai-*\ncache\n")
    repo.commit("chore: links")
    work(repo)
    (repo.root / "cache").symlink_to(".git")
    done = repo.planfence("test", TASK, **CODEX)
    assert done.returncode == 3
    assert "leads to the repository itself" in done.stderr


def test_after_kill_9_the_test_ends_and_nothing_comes_back(repo, tmp_path):
    temporary, mark = tmp_path / "temporary", tmp_path / "alive"
    temporary.mkdir()
    gated(repo, f"while :; do mkdir -p kept; date > kept/x; date > {mark}; sleep 0.05; done")
    repo.write("planfence.toml", (repo.root / "planfence.toml").read_text() + 'where = "export"\n')
    repo.commit("chore: in an export")
    work(repo)
    run = subprocess.Popen(
        [sys.executable, "-m", "planfence", "test", TASK],
        cwd=repo.root,
        env=repo.variables | CODEX | {"TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _until(mark.exists)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    _until(lambda: not list(temporary.glob("planfence-*")))
    mark.unlink()
    time.sleep(0.5)
    assert not mark.exists()
    assert not list(temporary.glob("planfence-*"))


def _until(there) -> None:
    end = time.monotonic() + 60
    while not there() and time.monotonic() < end:
        time.sleep(0.02)
    assert there()


@pytest.mark.parametrize("shell", ["dash", "bash --posix", "busybox sh"])
def test_the_reaper_is_plain_posix_shell(shell, tmp_path):
    from planfence.files import private

    words = shell.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"needs {words[0]}")
    folder = tmp_path / "left"
    (folder / "tree").mkdir(parents=True)
    Path(f"{folder}.lock").touch()
    victim = subprocess.Popen(["sleep", "600"], start_new_session=True)
    fed = f"{victim.pid}\n".encode()
    subprocess.run([*words, "-c", private._REAPER, "reaper", str(folder)], input=fed, check=False, timeout=60)
    assert victim.wait(10) == -signal.SIGKILL
    assert not folder.exists()
    assert not Path(f"{folder}.lock").exists()


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        ('<testsuite><testcase status="notrun" result="suppressed"/></testsuite>', Counts(1, 0, 1)),
        ('<testsuite><testcase status="disabled"/><testcase status="run"/></testsuite>', Counts(2, 0, 1)),
        ('<testsuite><testcase status="notrun"><error/></testcase></testsuite>', Counts(1, 1, 0)),
        ('<?xml version="1.0" encoding="x-evil"?><testsuite/>', None),
    ],
)
def test_what_a_report_says_without_an_element(tmp_path, report, counts):
    place = tmp_path / "report.xml"
    place.write_text(report)
    assert read_counts(place) == counts
