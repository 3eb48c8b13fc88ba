"""The light way of a commit stays small enough to be read at once, and calls one way."""

from __future__ import annotations

import ast
from pathlib import Path

import planfence

SOURCE = Path(planfence.__file__).parent
#: What runs on a clean commit, from the entry down; each may import only those that follow it.
WAY = ("fastpath", "fastmessage", "fastjudge", "lightrepository")
BOUND = 1100


def test_python_and_shim_text_together_stay_under_the_bound() -> None:
    files = [*(SOURCE / "hooks" / f"{name}.py" for name in WAY), SOURCE / "setup/shims.py"]
    assert sum(len(file.read_text().splitlines()) for file in files) < BOUND


def test_the_light_way_calls_one_way() -> None:
    for position, name in enumerate(WAY):
        tree = ast.parse((SOURCE / "hooks" / f"{name}.py").read_text())
        named = {
            f"{each.module}.{alias.name}"
            for each in ast.walk(tree)
            if isinstance(each, ast.ImportFrom)
            for alias in each.names
        }
        above = [f"planfence.hooks.{other}" for other in WAY[: position + 1]]
        assert not [word for word in named if any(word == each or word.startswith(f"{each}.") for each in above)]
