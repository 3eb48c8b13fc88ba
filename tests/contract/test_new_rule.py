"""A rule that a newcomer writes, one module and one line as CONTRIBUTING says, is enforced on every surface."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import examples

import planfence

TESTS = Path(__file__).resolve().parents[1]
HEAD = '''"""{first}

## What it checks
That.

## Why is this bad?
It is made up.

## Fix
Do not.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules import ways
from planfence.rules.rule import Context, Need, Rule


def check(ctx: Context) -> Iterator[Finding]:
{body}

RULE = Rule(
    code="{code}",
    name="{name}",
    severity=Severity.ERROR,
    check=check,
{fields}
)
'''
PATHS = """    for file in ctx.change.files:
        if file.path.endswith("x.py"):
            yield RULE.at(file.path, "a name that nobody likes")

"""
WORDS = """    if ctx.message is not None and "wip" in ctx.message.subject:
        yield RULE.about("the work is not done")

"""
COUNT = """    if len(ctx.change.files) == 2:
        yield RULE.about("two files are one too many, or one too few")

"""
RULES = {
    "ugly_name": {
        "code": "NEW001",
        "name": "ugly-name",
        "first": "A file has an ugly name.",
        "body": PATHS,
        "fields": """    proof=lambda policy, plan, task: ("bar **/*x.py",),
    edit=True,
    ways=(ways.keep_out,),
    bad=(("files src/**", "change src/user.py src/x.py"), ("files src/**", "change +src/deep/box.py")),
    good=(("files src/**", "change src/user.py"),),""",
    },
    "unfinished_work": {
        "code": "NEW002",
        "name": "unfinished-work",
        "first": "A message says that the work is not done.",
        "body": WORDS,
        "fields": """    needs=frozenset({Need.MESSAGE}),
    ways=(ways.edit_message,),
    bad=(("message feat: wip",),),
    good=(("message feat: done",),),""",
    },
    "two_files": {
        "code": "NEW003",
        "name": "two-files",
        "first": "Two files change.",
        "body": COUNT,
        "fields": """    bad=(("files src/**", "change src/user.py src/mail.py"),),
    good=(("files src/**", "change src/user.py"), ("files src/**", "change src/a.py src/b.py src/c.py")),""",
    },
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the made-up rules, each a module and a line."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(Path(planfence.__file__).parent, folder / "planfence")
    rules = folder / "planfence/rules"
    listed = (rules / "__init__.py").read_text("utf-8")
    for module, words in RULES.items():
        (rules / f"{module}.py").write_text(HEAD.format(**words), "utf-8")
        listed = listed.replace("from planfence.rules import (\n", f"from planfence.rules import (\n    {module},\n")
        listed = listed.replace("...] = (\n", f"...] = (\n    {module}.RULE,\n")
    (rules / "__init__.py").write_text(listed, "utf-8")
    return folder


@pytest.mark.parametrize("module", RULES)
def test_a_made_up_rule_holds_everywhere(module: str, package: Path, tmp_path: Path) -> None:
    code = RULES[module]["code"]
    done = subprocess.run(
        [sys.executable, str(TESTS / "support/examples.py"), str(tmp_path), code],
        env=os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{TESTS}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    surfaces: set[str] = set()
    for case, seen in told.items():
        bad = case.split(" ")[1] == "bad"
        for surface, status, said in seen:
            surfaces |= {surface} if bad else set()
            assert status == int(bad), (case, surface, said)
            assert not bad or code in said, (case, surface, said)
    wanted = set(examples.SURFACES)
    wanted -= set() if "edit=True" in RULES[module]["fields"] else {"edit"}
    wanted -= {"check --staged"} if "message " in RULES[module]["fields"] else set()
    assert surfaces == wanted
