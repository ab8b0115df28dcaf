"""Which definitions a network needs, and which of their members, from what is named in them."""

from __future__ import annotations

import ast
import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

from trivium.core.config import Config

from . import syntax
from .classes import GENERATES, HOOKS, Flattener
from .inlining import Inliner
from .sources import Sources, Symbol, link_of

COMMON = {field.name for field in dataclasses.fields(Config)}
"""The fields that every config has, of which a file has those that are asked for."""

_ALWAYS = ("forward", "check", "from_json", "from_dict")


def gathered(sources: Sources, roots: list[Symbol]) -> dict[Symbol, ast.stmt]:
    """The definitions that the roots need, in the form in which they are to be written, but for their names."""
    flattener = Flattener(sources, Inliner(sources))
    first = _Gathering(sources, flattener, roots)
    flattener.users = {symbol for symbol in first.definitions if first.is_own_class(symbol)}
    flattener.kept = _kept(flattener)
    return _Gathering(sources, flattener, roots).definitions


def _kept(flattener: Flattener) -> set[Symbol]:
    """The classes that stay as bases: used themselves, or by several that are."""
    users = flattener.users
    heirs: dict[Symbol, frozenset[Symbol]] = {}
    for base in {each for user in users for each in flattener.line(user)[1:]}:
        heirs[base] = frozenset(user for user in users if base in flattener.line(user))
    found = set()
    for base, its in heirs.items():
        shared = len(its) > 1 and not flattener.is_model(base)
        nearer = any(base in flattener.line(other)[1:] and heirs[other] == its for other in heirs)
        if base in users or (shared and not nearer):
            found.add(base)
    return found


class _Gathering:
    """Definitions and members, from the roots on, until nothing new is named."""

    def __init__(self, sources: Sources, flattener: Flattener, roots: list[Symbol]) -> None:
        self.sources, self.flattener, self.roots = sources, flattener, roots
        self.whole: dict[Symbol, Any] = {}
        self.attributes: set[str] = set()
        count = -1
        while count != (count := self._size()):
            self._spread()
        if Symbol(sources.template, "weights_of_with_experts") in self.whole:
            self.whole.pop(Symbol(sources.template, "weights_of"), None)
        self.definitions = {symbol: self._pruned(symbol, copy.deepcopy(whole)) for symbol, whole in self.whole.items()}

    def _size(self) -> int:
        return len(self.whole) + len(self.attributes)

    def _spread(self) -> None:
        waiting, done = list(self.roots), set()
        while waiting:
            symbol = waiting.pop()
            if symbol in done:
                continue
            done.add(symbol)
            if symbol not in self.whole:
                self.whole[symbol] = self._definition(symbol)
            if symbol.name == "Experts":
                waiting.append(Symbol(self.sources.template, "weights_of_with_experts"))
            for node in self._live(symbol, self.whole[symbol]):
                for part in ast.walk(node):
                    if isinstance(part, ast.Attribute):
                        self.attributes.add(part.attr)
                    elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
                        self.attributes.add(part.value)  # of getattr
                    link = link_of(part)
                    if isinstance(link, Symbol) and link != GENERATES and not getattr(part, "only_typed", False):
                        waiting.append(link)

    def is_own_class(self, symbol: Symbol) -> bool:
        """Whether it is a class of a network or a config."""
        return isinstance(self.sources.definition(symbol), ast.ClassDef) and self.flattener.is_own(symbol)

    def _definition(self, symbol: Symbol) -> Any:
        found = self.flattener.flat(symbol) if self.is_own_class(symbol) else self.flattener.inliner.definition(symbol)
        found = copy.deepcopy(found)
        for argument in [node for node in ast.walk(found) if isinstance(node, ast.arg) and node.annotation is not None]:
            for part in ast.walk(argument.annotation):  # type: ignore[arg-type]
                part.only_typed = True  # type: ignore[attr-defined]
        for function in [node for node in ast.walk(found) if isinstance(node, ast.FunctionDef)]:
            if symbol.module.startswith("trivium.models."):
                without_unused(function)
        return found

    def _live(self, symbol: Symbol, definition: Any) -> Iterator[ast.AST]:
        """The parts of a definition that are needed."""
        if not (isinstance(definition, ast.ClassDef) and self.is_own_class(symbol)):
            yield definition
            return
        yield from (*definition.bases, *definition.decorator_list)
        yield from (member for member in definition.body if self._is_live(symbol, member))

    def _is_live(self, symbol: Symbol, member: ast.stmt) -> bool:
        name = getattr(member, "name", None) or _target(member)
        if name is None:
            return True
        if name == "aliases" and not self._has_aliases():
            return False
        if name == "__init_subclass__" or (name in HOOKS and isinstance(member, ast.Assign)):
            return False
        if isinstance(member, ast.FunctionDef):
            if name.startswith("__") or name in _ALWAYS or name in self.attributes:
                return True
            if name == "init_cache":
                return syntax.docstring_of(member.body[0]) is not None or GENERATES in self._bases(symbol)
            documented = syntax.docstring_of(member.body[0]) is not None
            return documented and name not in HOOKS and symbol in self.roots and "property" not in ast.dump(member)[:2000]
        if isinstance(member, ast.AnnAssign) and name in COMMON:
            return name in self.attributes
        is_field = isinstance(member, ast.AnnAssign) and not self.flattener.is_model(symbol)
        return (is_field and name != "aliases") or name in self.attributes

    def _has_aliases(self) -> bool:
        return any(
            _target(member) == "aliases"
            for symbol, whole in self.whole.items()
            if not symbol.module.endswith("common")
            for member in getattr(whole, "body", ())
        )

    def _bases(self, symbol: Symbol) -> set[Any]:
        return {base for each in self.flattener.line(symbol) for base in self.flattener.bases(each)}

    def _pruned(self, symbol: Symbol, definition: Any) -> Any:
        if isinstance(definition, ast.ClassDef) and self.is_own_class(symbol):
            definition.body = [member for member in definition.body if self._is_live(symbol, member)]
            if all(syntax.docstring_of(member) is not None for member in definition.body) and not definition.body:
                definition.body.append(ast.Pass())
        return definition


def _target(statement: ast.stmt) -> str | None:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    return target.id if isinstance(target, ast.Name) else None


def without_unused(function: ast.FunctionDef) -> None:
    """Takes out what a function computes and does not use, as the first values that nobody draws any more."""
    while True:
        loaded = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        before = ast.dump(function)
        _Unused(loaded).visit(function)
        for node in ast.walk(function):
            if isinstance(node, ast.FunctionDef | ast.If | ast.For) and not node.body:
                node.body = [ast.Pass()]
        if ast.dump(function) == before:
            return


class _Unused(ast.NodeTransformer):
    def __init__(self, loaded: set[str]) -> None:
        self.loaded = loaded

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            pairs = [pair for pair in zip(target.elts, value.elts, strict=True) if not self._is_unused(*pair)]
            if not pairs:
                return None
            if len(pairs) == 1:
                node.targets, node.value = [pairs[0][0]], pairs[0][1]
            else:
                target.elts, value.elts = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            return node
        return None if self._is_unused(target, value) else node

    def _is_unused(self, target: ast.expr, value: ast.expr) -> bool:
        calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
        pure = all(isinstance(link_of(call.func), Symbol) or isinstance(call.func, ast.Name) for call in calls)
        return isinstance(target, ast.Name) and target.id not in self.loaded and pure
