"""What the hooks find late: exactly the project's own dependencies."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from planfence.hooks import installed

ROOT = Path(__file__).resolve().parents[2]


def run(code: str) -> str:
    start = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); from planfence.hooks import installed; "
    command = [sys.executable, "-I", "-S", "-c", start + code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_its_names_are_the_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["report"]]
    wanted = {line.split(">")[0].lower() for line in asked}
    of = {name: {each.lower() for each in owners} for name, owners in packages_distributions().items()}
    assert {name for name in installed.NAMES if name in of and not of[name] & wanted} == set()
    given = {owner for name in installed.NAMES for owner in of.get(name, ())}
    assert {each for each in wanted if any(each in owners for owners in of.values())} == given


def test_a_dependency_is_found_when_it_is_asked_for_and_site_is_not_run_before() -> None:
    code = "installed.find_late(); print('site' in sys.modules); import tomlkit; print('site' in sys.modules)"
    assert run(code).split() == ["False", "True"]


def test_anything_else_is_missing_as_ever() -> None:
    code = "installed.find_late()\ntry: import msvcrt\nexcept ImportError as error: print(error.name)"
    assert run(code + "\nprint('site' in sys.modules)").split() == ["msvcrt", "False"]
