"""Trees without what is known before they run: stars of literals, names of attributes as strings, decided branches."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from . import syntax
from .sources import Symbol, link_of


class Substituted(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and link_of(node) is None and node.id in self.values:
            return syntax.copied(self.values[node.id])
        return node


def tidied(node: Any) -> Any:
    """A tree without what is known before it runs: stars of literals, names of attributes as strings, constant branches."""
    return _Tidier().visit(node)


class _Tidier(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        arguments: list[ast.expr] = []
        for argument in node.args:
            literal = isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Tuple | ast.List)
            arguments += argument.value.elts if literal else [argument]  # type: ignore[attr-defined]
        keywords: list[ast.keyword] = []
        for keyword in node.keywords:
            literal = keyword.arg is None and isinstance(keyword.value, ast.Dict)
            if literal and all(key is None or _is_word(key) for key in keyword.value.keys):  # type: ignore[attr-defined]
                pairs = zip(keyword.value.keys, keyword.value.values, strict=True)  # type: ignore[attr-defined]
                keywords += [ast.keyword(key and key.value, value) for key, value in pairs]
            elif not _is_of_construction(keyword.value):
                keywords.append(keyword)
        node.args, node.keywords = arguments, keywords
        if isinstance(node.func, ast.Name) and link_of(node.func) is None and not keywords:
            if node.func.id == "getattr" and len(arguments) == 2 and _is_word(arguments[1]):
                return ast.copy_location(ast.Attribute(arguments[0], arguments[1].value, ast.Load()), node)  # type: ignore
            shape = node.func.id == "tuple" and len(arguments) == 1 and getattr(arguments[0], "attr", "") == "shape"
            if shape:
                return arguments[0]
            if node.func.id == "tuple" and len(arguments) == 1 and isinstance(arguments[0], ast.List | ast.Tuple):
                return ast.copy_location(ast.Tuple(arguments[0].elts, ast.Load()), node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        self.generic_visit(node)
        call = node.value
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id == "setattr"
            and _is_word(call.args[1])
        ):
            target = ast.Attribute(call.args[0], call.args[1].value, ast.Store())  # type: ignore[attr-defined]
            found = ast.copy_location(ast.Assign([target], call.args[2], lineno=node.lineno), node)
            return _as_before(found, node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        self.generic_visit(node)
        target = node.targets[0]
        same = isinstance(target, ast.Name) and isinstance(node.value, ast.Name) and target.id == node.value.id
        return None if same and link_of(node.value) is None else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Constant):
            return ast.copy_location(ast.Constant(not node.operand.value), node)
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        self.generic_visit(node)
        each = node.generators[0]
        plain = (
            len(node.generators) == 1 and not each.ifs and isinstance(node.elt, ast.Name) and isinstance(each.target, ast.Name)
        )
        return each.iter if plain and node.elt.id == each.target.id else node  # type: ignore[attr-defined]

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        left, right, operator = node.left, node.comparators[0], node.ops[0]
        known = isinstance(left, ast.Constant) and isinstance(right, ast.Constant) and right.value is None
        if not known or not isinstance(operator, ast.Is | ast.IsNot):
            return node
        return ast.copy_location(ast.Constant((left.value is None) == isinstance(operator, ast.Is)), node)  # type: ignore

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        decides = isinstance(node.op, ast.Or)
        if any(isinstance(value, ast.Constant) and value.value is decides for value in node.values):
            return ast.copy_location(ast.Constant(decides), node)
        left = [value for value in node.values if not (isinstance(value, ast.Constant) and value.value is (not decides))]
        if len(left) < len(node.values) and all(isinstance(v, ast.Compare | ast.Call | ast.UnaryOp | ast.BoolOp) for v in left):
            if len(left) > 1:
                node.values = left
                return node
            return left[0] if left else ast.copy_location(ast.Constant(not decides), node)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node

    def visit_If(self, node: ast.If) -> Any:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse or None
        return node


def _as_before(node: Any, other: Any) -> Any:
    for word in ("before", "trailing", "gap"):
        if hasattr(other, word):
            setattr(node, word, getattr(other, word))
    return node


def _is_word(node: Any) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()


def _is_of_construction(node: ast.expr) -> bool:
    """Whether a value is known to a model of Trivium under construction alone: its dtype, its seed."""
    links = (link_of(part) for part in ast.walk(node))
    return any(isinstance(link, Symbol) and link.name in ("_dtype", "building", "policy") for link in links)
