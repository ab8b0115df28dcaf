"""What a whole file never does is taken out of it: parameters that nobody passes, branches for what nobody makes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from . import syntax
from .gathering import without_unused
from .inlining import is_simple
from .sources import Symbol, link_of
from .tidying import Substituted, tidied

Definitions = dict[Symbol, Any]


def pruned(definitions: Definitions, roots: list[Symbol]) -> Definitions:
    """The definitions that the roots need, without what none of them makes use of."""
    while True:
        before = sum(1 for definition in definitions.values() for _ in ast.walk(definition))
        for symbol in definitions:
            if symbol.module.startswith("trivium.models.") and isinstance(definitions[symbol], ast.FunctionDef):
                _drop_unpassed(symbol, definitions)
        definitions = _reached(definitions, roots)
        for symbol in [symbol for symbol in definitions if symbol.module.endswith(".outputs")]:
            definitions = _without_kind(symbol, definitions, roots)
        if sum(1 for definition in definitions.values() for _ in ast.walk(definition)) == before:
            return definitions


def _drop_unpassed(symbol: Symbol, definitions: Definitions) -> None:
    """Puts its default in the place of each parameter that no call gives."""
    function = definitions[symbol]
    names = [arg.arg for arg in function.args.args]
    defaults = dict(zip(names[::-1], function.args.defaults[::-1], strict=False))
    passed: set[str] = set()
    for call in _uses(symbol, definitions):
        if not isinstance(call, ast.Call) or any(isinstance(argument, ast.Starred) for argument in call.args):
            return
        passed |= {*names[: len(call.args)], *(keyword.arg or "" for keyword in call.keywords)}
        if "" in passed:
            return
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    dropped = {name: value for name, value in defaults.items() if name not in passed | stored and is_simple(value)}
    if dropped:
        function.args.args = [arg for arg in function.args.args if arg.arg not in dropped]
        function.args.defaults = [value for name, value in list(defaults.items())[::-1] if name not in dropped]
        definitions[symbol] = _simplified(Substituted(dropped).visit(function))


def _uses(symbol: Symbol, definitions: Definitions) -> Iterator[ast.AST]:
    """The calls of a definition, and names of it that are no calls."""
    for definition in definitions.values():
        called: set[int] = set()
        for node in ast.walk(definition):
            if isinstance(node, ast.Call) and link_of(node.func) == symbol:
                called.add(id(node.func))
                yield node
            elif link_of(node) == symbol and id(node) not in called:
                yield node


def _reached(definitions: Definitions, roots: list[Symbol]) -> Definitions:
    found: set[Symbol] = set()
    waiting = list(roots)
    while waiting:
        symbol = waiting.pop()
        if symbol in found or symbol not in definitions:
            continue
        found.add(symbol)
        links = (link_of(node) for node in ast.walk(definitions[symbol]))
        waiting += [link for link in links if isinstance(link, Symbol)]
        if symbol.name == "load_weights":
            waiting += [Symbol(symbol.module, "weights_of"), Symbol(symbol.module, "weights_of_with_experts")]
    return {symbol: definition for symbol, definition in definitions.items() if symbol in found}


def _without_kind(symbol: Symbol, definitions: Definitions, roots: list[Symbol]) -> Definitions:
    """Without asking whether something is of a class, if the class is made only where something is of it."""
    asked = _Asked(symbol)
    changed = {each: asked.visit(syntax.copied(definition)) for each, definition in definitions.items()}
    if not asked.found:
        return definitions
    changed = _reached({each: _simplified(definition) for each, definition in changed.items()}, roots)
    return definitions if symbol in changed else changed


class _Asked(ast.NodeTransformer):
    """Answers `isinstance(x, kind)` with no."""

    def __init__(self, kind: Symbol) -> None:
        self.kind, self.found = kind, False

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "isinstance" and link_of(node.args[1]) == self.kind:
            self.found = True
            return ast.copy_location(ast.Constant(False), node)
        return node


def _simplified(definition: Any) -> Any:
    definition = tidied(definition)
    for function in [node for node in ast.walk(definition) if isinstance(node, ast.FunctionDef)]:
        without_unused(function)
    return definition
