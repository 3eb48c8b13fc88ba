"""What Python's own parser says of a text: whether it is a program, and which of it is imports or annotations."""

from __future__ import annotations

import ast
from copy import deepcopy
from functools import reduce
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
    trees = [tree for text in (one, other) if (tree := parsed(text))]
    if len(trees) < 2:
        return False
    try:
        first, second = (ast.dump(_WithoutTypes().visit(deepcopy(tree))) for tree in trees)
    except RecursionError:
        return False
    return first == second


_TYPE_MAKERS = frozenset(("TypeVar", "ParamSpec", "TypeVarTuple"))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


class _WithoutTypes(ast.NodeTransformer):
    """Takes annotations away, and what is there for checkers alone."""

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
        test = node.test
        name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
        if name == "TYPE_CHECKING" and not node.orelse:
            return None
        self.generic_visit(node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Write `Union[A, B]` and `Optional[A]` as `A | B` and `A | None`, which say the same."""
        self.generic_visit(node)
        name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name not in ("Union", "Optional") or not inner:
            return node
        kinds = [*inner, ast.Constant(None)] if name == "Optional" else inner
        return reduce(lambda one, other: ast.BinOp(one, ast.BitOr(), other), kinds)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`cast(A, b)` is `b`."""
        self.generic_visit(node)
        return node.args[1] if _called(node) == "cast" and len(node.args) == 2 and not node.keywords else node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        self.generic_visit(node)
        return None if isinstance(node.value, ast.Call) and _called(node.value) in _TYPE_MAKERS else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module in ("typing", "typing_extensions", "__future__") else node
