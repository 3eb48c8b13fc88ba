"""The first line under *Next*, typed word for word where the refusal stood, makes the same commit pass."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from support import examples, program

from planfence.rules import RULES

CASES = [pytest.param(rule, number, id=f"{rule.code}-{number}") for rule in RULES for number in range(len(rule.bad))]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return examples.template(tmp_path_factory.mktemp("template"))


def first(said: str) -> tuple[str, str]:
    """The why and the line of the first step; a model is told only what to ask a person for."""
    found = re.search(r"^Next:\n  # (.*)\n(?:  (?!# )(.*)$)?", said, re.MULTILINE)
    assert found, said
    assert not re.search(r"(^|: |, and )or ", found[1]), said
    return found[1], found[2] or ""


def for_person(scene, *command: str) -> str:
    """What the command says with the lines that a person types for a model."""
    patched = "from planfence.rules.rule import NextStep; NextStep.for_model = lambda self: self"
    repo = scene.repo
    done = program.run(command, repo.root, repo.variables | repo.extra, prepare=patched)
    return done.stdout + done.stderr


def run(repo, line: str, **extra: str) -> subprocess.CompletedProcess[str]:
    variables = repo.variables | repo.extra | extra
    if extra.get("PLANFENCE_MODEL") == "":
        variables.pop("PLANFENCE_MODEL")
    words = shlex.split(line)
    if words[0] == "planfence" and not set(line) & set("$`&|;<>*?[]~\n"):
        return program.run(words[1:], repo.root, variables)
    variables["PATH"] = f"{program.stand_in('planfence').parent}{os.pathsep}{variables['PATH']}"
    return subprocess.run(
        ["sh", "-c", line], cwd=repo.root, env=variables, capture_output=True, text=True, errors="replace", check=False
    )


def decides(why: str) -> bool:
    """Whether the line is for a person to decide, and settles nothing by itself."""
    return bool(re.search(r"\b(let |see |give the role|keep it out|take the commit back)", why))


def type_first(scene, said: str, *command: str) -> tuple[str, str, subprocess.CompletedProcess[str]]:
    why, line = first(said)
    as_person = {"PLANFENCE_MODEL": ""} if "ask a person" in why else {}
    if not line:
        assert as_person, said
        why, line = first(for_person(scene, *command))
    editor = "sed -i.bak '1s/.*/feat: one thing/'" if "in other words" in why else "true"
    return why, line, run(scene.repo, line, GIT_EDITOR=editor, **as_person)


@pytest.mark.parametrize(("rule", "number"), CASES)
def test_the_commit_that_is_about_to_be_made(rule, number: int, template: Path, tmp_path: Path) -> None:
    scene = examples.Scene(template, tmp_path, rule.bad[number])
    if scene.spec.push or {"push", "advance"} & set(scene.spec.at):
        pytest.skip("no local hook refuses it")
    scene.stage()
    status, said = scene._native()
    assert status
    assert rule.code in said
    file = str(scene.repo.write(".git/COMMIT_EDITMSG", f"{scene.spec.message}\n"))
    why, line, typed = type_first(scene, said, "hook", "commit-msg", file)
    subject = scene.repo.git("log", "-1", "--format=%s")
    if scene.repo.git("rev-parse", "HEAD") == scene.base or subject.startswith("chore: amend"):
        again, words = scene._native()
        if again and decides(why):
            assert typed.returncode == 0 or why.startswith("see "), (line, typed.stderr)
            return
        assert again == 0, (why, line, typed.stderr, words)
    status, said = scene._check(commit="HEAD")
    assert status == 0, (line, said)


#: What is under way in a rebase is the same for each example of a rule: of those behind the tip, the first is enough.
MADE = [
    pytest.param(rule, number, later, id=f"{rule.code}-{number}-{'an earlier one' if later else 'the last'}")
    for rule in RULES
    for number in range(len(rule.bad))
    for later in ((0, 2) if number == 0 else (0,))
]


@pytest.mark.parametrize(("rule", "number", "later"), MADE)
def test_a_commit_that_was_made(rule, number: int, later: int, template: Path, tmp_path: Path) -> None:
    scene = examples.Scene(template, tmp_path, rule.bad[number])
    seen = scene.spec.surfaces(bad=True, edit=False)
    if not {"range of 5", "push"} & set(seen):
        pytest.skip("no range refuses it")
    scene.stage()
    scene.record()
    scene.fill(later, "later")
    span = f"{scene.base}..HEAD"
    command = ("check", "--range", span) if "range of 5" in seen else ("verify", span)
    done = scene.repo.planfence(*command)
    assert done.returncode == 1, done.stdout + done.stderr
    assert rule.code in done.stdout
    why, line, typed = type_first(scene, done.stdout, *command)
    again, words = scene.judged(command[0], "HEAD")
    if again and decides(why):
        assert typed.returncode == 0 or why.startswith("see "), (line, typed.stderr)
        return
    assert again == 0, (why, line, typed.stderr, words)
