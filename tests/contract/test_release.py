"""A release names one version everywhere, and asks for nothing that it does not use."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

import planfence

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = {name: wanted for name, wanted in PROJECT["optional-dependencies"].items() if name != "dev"}
WANTED = {"": PROJECT["dependencies"], **EXTRAS}
#: Where an extra is not installed, nobody says what it brings: these are not called like what one imports.
NOT_ITS_NAME = {"kingfisher-secret-scanner": "kingfisher_sdk", "gitpython": "git"}


def canonical(requirement: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()


def imported() -> set[str]:
    """The top-level names that `src` imports, less the standard library's and our own."""
    found: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    # What begins with `_` belongs to one version of the standard library or another.
    return {name for name in found - set(sys.stdlib_module_names) - {"planfence"} if not name.startswith("_")}


def brings() -> dict[str, set[str]]:
    """What each distribution lets one import."""
    found: dict[str, set[str]] = {}
    for name, distributions in packages_distributions().items():
        for distribution in distributions:
            found.setdefault(canonical(distribution), set()).add(name)
    return found


def test_what_is_asked_for_is_imported_and_what_is_imported_is_asked_for() -> None:
    known = brings()
    names = imported()
    asked: set[str] = set()
    for requirement in (each for wanted in WANTED.values() for each in wanted):
        name = canonical(requirement)
        modules = known.get(name) or {NOT_ITS_NAME.get(name, name.replace("-", "_"))}
        assert modules & names, f"nothing imports {requirement}"
        asked |= modules
    assert names <= asked, f"imported, but asked for nowhere: {sorted(names - asked)}"


def test_no_extra_asks_again_for_what_everybody_has() -> None:
    core = {canonical(each) for each in WANTED[""]}
    assert not core & {canonical(each) for wanted in EXTRAS.values() for each in wanted}


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("README.md", r"^ +rev: v(\S+)$"),
        ("docs/ci.md", r"uses: your-org/planfence@v(\S+)$"),
        ("CHANGELOG.md", r"\A# Changelog\n\n## Unreleased\n(?:(?!## ).*\n)*## (\S+) \(\d{4}-\d\d-\d\d\)$"),
    ],
)
def test_the_version_is_the_same_everywhere(name: str, pattern: str) -> None:
    assert set(re.findall(pattern, (ROOT / name).read_text("utf-8"), re.MULTILINE)) == {planfence.__version__}


def test_the_workflow_names_each_action_by_its_commit_and_keeps_no_secret() -> None:
    text = (ROOT / ".github/workflows/release.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    actions = [step["uses"] for step in steps if "uses" in step]
    assert actions
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in actions)
    assert "secrets." not in text
    assert any(".ci/release" in step.get("run", "") for step in steps)
    # What builds may not publish, and what publishes builds nothing.
    assert "id-token" not in workflow["jobs"]["build"]["permissions"]
    assert not any("uses" in step and "checkout" in step["uses"] for step in workflow["jobs"]["publish"]["steps"])
