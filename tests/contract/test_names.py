"""One class has one name in the whole package, each room has its place, and nothing is there that nothing reads."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import planfence

HOME = Path(planfence.__file__).parent


@cache
def trees() -> dict[str, ast.Module]:
    """Each module, parsed: when a test asks, for every worker collects this file and one runs it."""
    return {
        ".".join(("planfence", *file.relative_to(HOME).with_suffix("").parts)).removesuffix(".__init__"): ast.parse(
            file.read_text("utf-8")
        )
        for file in HOME.rglob("*.py")
    }


def test_no_two_modules_define_classes_of_one_name() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for module, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(module)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


def test_json_is_printed_by_what_keeps_it_valid_under_the_net() -> None:
    """`json.dumps` leaves `##[error]` as it is, and the net made another text of it that was no JSON."""
    asked = {
        module
        for module, tree in trees().items()
        if module.startswith(("planfence.cli.", "planfence.render."))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "json.dumps"
    }
    assert asked == {"planfence.render.report_html"}


def test_the_architecture_names_each_room_and_each_module_above_them(request) -> None:
    page = (request.config.rootpath / "docs/architecture.md").read_text("utf-8")
    rooms = {f"{path.name}/" for path in HOME.iterdir() if (path / "__init__.py").is_file()}
    modules = {path.name for path in HOME.glob("[!_]*.py")}
    assert rooms | modules <= set(page.split("```")[1].split())


def _reads(module: str, tree: ast.Module) -> set[tuple[str, str]]:
    """What a module reads: (module, name). A function or a class that calls itself does not read itself."""
    known: dict[str, str] = {}
    found: set[tuple[str, str]] = set()
    for node in ast.walk(tree):
        for each in node.names if isinstance(node, ast.ImportFrom) and node.module else ():
            if (whole := f"{node.module}.{each.name}") in trees():
                known[each.asname or each.name] = whole
            else:
                found.add((node.module, each.name))
    for part in tree.body:
        for node in ast.walk(part):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id != getattr(part, "name", ""):
                found.add((module, node.id))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found.add((known.get(node.value.id, ""), node.attr))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
                found |= {(module, word) for word in re.findall(r"\w+", node.value)}  # an annotation in quotes
    return found


def test_whatever_a_module_has_the_program_reads() -> None:
    read = set().union(*(_reads(module, tree) for module, tree in trees().items()))
    there = set()
    for module, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) or (isinstance(node, ast.FunctionDef) and not node.decorator_list):
                there.add((module, node.name))
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                for name in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    there |= {(module, name.id)} if isinstance(name, ast.Name) else set()
    assert {each for each in there - read if each[1] not in ("TYPE_CHECKING", "__all__")} == set()
