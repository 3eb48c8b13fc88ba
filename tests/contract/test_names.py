"""A class name says one thing in the whole package."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import planfence


def test_no_two_modules_define_classes_of_one_name() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for file in Path(planfence.__file__).parent.rglob("*.py"):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(file.name)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}
