"""What Python's own parser says of a text: whether it is a program, and which of it is imports or annotations."""

from __future__ import annotations

import ast
from copy import deepcopy
from functools import lru_cache, reduce
from typing import TypeGuard

from planfence.content.pyequal import parsed


def import_lines(source: bytes) -> frozenset[int]:
    """The lines (from 0) that import statements stand on, and `__all__`, which says what `import *` brings."""
    tree = parsed(source)
    found = (node for node in ast.walk(tree) if _brings_names(node)) if tree else ()
    return frozenset(line for node in found for line in range(node.lineno - 1, (node.end_lineno or node.lineno)))


def _brings_names(node: ast.AST) -> TypeGuard[ast.stmt]:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(each, ast.Name) and each.id == "__all__" for each in targets)
    return isinstance(node, ast.Import | ast.ImportFrom)


def only_types(one: bytes, other: bytes) -> bool:
    """Whether two programs differ in annotations of functions and local names alone (a class's may be its fields)."""
    first = _what_runs(one)
    return bool(first) and first == _what_runs(other)


@lru_cache(maxsize=4)
def _what_runs(text: bytes) -> str:
    tree = parsed(text)
    try:
        return ast.dump(_WithoutTypes(tree).visit(deepcopy(tree))) if tree else ""
    except RecursionError:
        return ""


_TYPE_MAKERS = frozenset(("TypeVar", "ParamSpec", "TypeVarTuple"))
_TYPING = ("typing", "typing_extensions")


class _WithoutTypes(ast.NodeTransformer):
    """Takes annotations away, and what is there for checkers alone: by names that the program has from `typing`."""

    def __init__(self, tree: ast.AST) -> None:
        self._names: dict[str, str] = {}  # as the program calls it → as `typing` does; a module: empty
        bound: list[str] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._bring(node, bound)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                bound.append(node.name)
            elif isinstance(node, ast.arg):
                bound.append(node.arg)
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                bound.append(node.id)
        for name in bound:
            self._names.pop(name, None)

    def _bring(self, node: ast.Import | ast.ImportFrom, bound: list[str]) -> None:
        for each in node.names:
            name = each.asname or each.name
            if isinstance(node, ast.Import) and each.name in _TYPING:
                self._names[name] = ""
            elif isinstance(node, ast.ImportFrom) and node.module in _TYPING and not node.level:
                self._names[name] = each.name
            else:
                bound.append(name)

    def _name(self, node: ast.expr) -> str:
        """What `typing` calls this; empty if it is not from there."""
        if isinstance(node, ast.Attribute):
            return node.attr if isinstance(node.value, ast.Name) and self._names.get(node.value.id) == "" else ""
        return self._names.get(node.id, "") if isinstance(node, ast.Name) else ""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        self.generic_visit(node)
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function  # noqa: N815 - the names that `ast` calls

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        kept = [each if isinstance(each, ast.AnnAssign) else self.visit(each) for each in node.body]
        node.body = [each for each in kept if each is not None]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return ast.Assign([node.target], node.value, lineno=node.lineno) if node.value is not None else None

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if self._name(node.test) == "TYPE_CHECKING" and not node.orelse:
            return None
        self.generic_visit(node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Write `Union[A, B]` and `Optional[A]` as `A | B` and `A | None`, which say the same."""
        self.generic_visit(node)
        name = self._name(node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name not in ("Union", "Optional") or not inner:
            return node
        kinds = [*inner, ast.Constant(None)] if name == "Optional" else inner
        return reduce(lambda one, other: ast.BinOp(one, ast.BitOr(), other), kinds)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`cast(A, b)` is `b`."""
        self.generic_visit(node)
        return node.args[1] if self._name(node.func) == "cast" and len(node.args) == 2 and not node.keywords else node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        self.generic_visit(node)
        return None if isinstance(node.value, ast.Call) and self._name(node.value.func) in _TYPE_MAKERS else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module in (*_TYPING, "__future__") and not node.level else node
