"""A tiny project whose tests run in the blink of an eye, for proofs of its changes."""

from __future__ import annotations

import json

#: Runs `tests/auth/test_*.py` and writes a JUnit report; a file that can't be imported ends it as pytest would.
#: It imports only what an interpreter has loaded: `glob` and `traceback` take as long as an interpreter's start.
RUNNER = """\
import os, sys
sys.path.insert(0, "src")
sys.dont_write_bytecode = True
cases, bad = "", 0
there = os.listdir("tests/auth") if os.path.isdir("tests/auth") else []
for name in sorted(name for name in there if name.startswith("test_") and name.endswith(".py")):
    path, module = f"tests/auth/{name}", type(sys)(name[:-3])
    try:
        exec(compile(open(path).read(), path, "exec"), module.__dict__)
    except Exception:
        sys.excepthook(*sys.exc_info())
        sys.exit(2)
    for name, test in sorted(vars(module).items()):
        if not name.startswith("test_"):
            continue
        failure = ""
        try:
            test()
        except Skip:
            failure = "<skipped/>"
        except Exception:
            sys.excepthook(*sys.exc_info())
            failure, bad = "<failure/>", 1
        cases += f'<testcase classname="{module.__name__}" name="{name}">{failure}</testcase>'
        if bad and "-x" in os.environ.get("PYTEST_ADDOPTS", ""):
            break
open(sys.argv[1], "w").write(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
sys.exit(bad)
""".replace("cases, bad", "class Skip(Exception): pass\nimport builtins\nbuiltins.Skip = Skip\ncases, bad", 1)

USER = """\
def price(amount, member):
    if member:
        return amount - 1
    return amount


def name(user):
    return user.strip()
"""

TESTS = """\
from user import name, price


def test_price():
    assert price(3, False) == 3
    assert price(3, True) == 2


def test_name():
    assert name(" a ") == "a"
"""


def project(repo, command: str = "python -S run.py {junit}", more: str = ""):
    """Give the planned repository code, tests and a runner, on a branch of its own, with the task active."""
    repo.write("planfence.toml", f"schema = 1\n[tests]\ncommand = {json.dumps(command)}\n{more}\n")
    repo.write("run.py", RUNNER)
    repo.write("src/user.py", USER)
    repo.write("tests/auth/test_user.py", TESTS)
    repo.commit("chore: the project")
    repo.git("checkout", "-q", "-b", "work")
    repo.start("auth/middleware")
    return repo


def change(repo, **files: str):
    """Commit `user` and `tests` (and others by their paths) as the task's work."""
    paths = {"user": "src/user.py", "tests": "tests/auth/test_user.py"}
    for name, text in files.items():
        repo.write(paths.get(name, name), text)
    return repo.commit("feat: work\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human")


def prove(repo, *words: str, code: int = 0, **extra: str):
    """Run `planfence prove` and return the record as JSON reads it."""
    done = repo.planfence("prove", *words, "--json", **extra)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def answers(told, question: str) -> list[str]:
    """The answers to one question."""
    return [trial["answer"] for trial in told["trials"] if trial["question"] == question]
