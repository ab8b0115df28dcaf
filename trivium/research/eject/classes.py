"""Classes that inherit from others made one that says all itself, as one would write it who had no relatives to think of."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from typing import Any

from . import syntax
from .inlining import Inliner, bound, is_simple, written_out
from .sources import Sources, Symbol, link_of, locals_of
from .sources import name as named
from .specialising import Specialised, is_self, is_static, listed
from .tidying import Substituted, tidied

GENERATES = Symbol("trivium.generation.generating", "Generates")
HEAD = Symbol("trivium.models.heads", "Head")
_LINE = 110  # characters of a docstring on one line


class Flattener:
    """The classes of networks and configs without those of their bases that nobody else needs.

    Attributes:
        kept: The bases that stay: several classes share them, or they are used themselves.
        users: Every class that is used, whose attributes count where a base asks for them.
    """

    def __init__(self, sources: Sources, inliner: Inliner) -> None:
        self.sources, self.inliner = sources, inliner
        self.kept: set[Symbol] = set()
        self.users: set[Symbol] = set()

    # What inherits from what

    def bases(self, symbol: Symbol) -> list[Any]:
        """What a class names as its bases."""
        return [link_of(base) for base in self.sources.definition(symbol).bases]

    def line(self, symbol: Symbol) -> list[Symbol]:
        """A class and the classes of networks and configs that it inherits from, in the order in which Python looks."""
        parents = [base for base in self.bases(symbol) if isinstance(base, Symbol) and self.is_own(base)]
        lines = [self.line(parent) for parent in parents]
        return [symbol, *_merged([*lines, parents])]

    def is_own(self, symbol: Symbol) -> bool:
        """Whether a class is a network's or a config's."""
        return (symbol.module.startswith("trivium.models.") and symbol != GENERATES) or _is_config(symbol)

    def native(self, symbol: Symbol) -> list[Any]:
        """The bases of a class that are neither a network's nor a config's."""
        found = []
        for each in self.line(symbol):
            for base in self.bases(each):
                if not (isinstance(base, Symbol) and (self.is_own(base) or base == GENERATES)) and base not in found:
                    found.append(base)
        return found

    def is_model(self, symbol: Symbol) -> bool:
        """Whether a class is a whole network."""
        return any(isinstance(base, Symbol) and base.name == "Model" for base in self.native(symbol))

    def attribute(self, symbol: Symbol, word: str) -> ast.expr | None:
        """The value of a class attribute."""
        for each in self.line(symbol):
            body = self.body(each)
            if body is not None and word in ("body_class", "config_class"):
                return named(body) if word == "body_class" else self.attribute(body, word)
            if body is not None and word == "body_prefix":
                keywords = {keyword.arg: keyword.value for keyword in self.sources.definition(each).keywords}
                return keywords.get("prefix") or self.attribute(body, word)
            for statement in self.inliner.definition(each).body:
                if _assigned(statement) == word and isinstance(statement, ast.Assign):
                    return statement.value
                if isinstance(statement, ast.FunctionDef) and statement.name == word and statement.decorator_list:
                    return statement.body[-1].value if isinstance(statement.body[-1], ast.Return) else None
        return None

    def body(self, symbol: Symbol) -> Symbol | None:
        """The body that a head is told to have."""
        for keyword in self.sources.definition(symbol).keywords:
            if keyword.arg == "body":
                return link_of(keyword.value)
        return None

    # One class

    def flat(self, symbol: Symbol) -> ast.ClassDef:
        """A class with all that it has of bases that are not kept."""
        whole = self.line(symbol)
        parents = [each for each in whole[1:] if each in self.kept]
        parents = [each for each in parents if not any(each in self.line(other)[1:] for other in parents)]
        inherited = {each for parent in parents for each in self.line(parent)}
        chain = [each for each in whole if each not in inherited]
        found = copy.copy(self.inliner.definition(symbol))
        members = Members(self, symbol, chain, whole)
        found.bases = [named(parent) for parent in parents] or [self._native(base) for base in self.native(symbol)]
        found.keywords = []
        found.body = members.body()
        return found

    def _native(self, base: Any) -> ast.expr:
        return self.inliner.visit(named(base)) if isinstance(base, Symbol) else _outside(base)


def _merged(lines: list[list[Symbol]]) -> list[Symbol]:
    """Python's order of bases (C3)."""
    found: list[Symbol] = []
    lines = [list(line) for line in lines if line]
    while lines:
        head = next(line[0] for line in lines if not any(line[0] in other[1:] for other in lines))
        found.append(head)
        lines = [rest for line in lines if (rest := [each for each in line if each != head])]
    return found


def _outside(base: Any) -> ast.expr:
    node = ast.Name(base.statement.split()[-1], ast.Load())
    node.link = base  # type: ignore[attr-defined]
    return node


def _assigned(statement: ast.stmt) -> str | None:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    return target.id if isinstance(target, ast.Name) else None


def _is_config(symbol: Symbol) -> bool:
    return symbol.name == "Config" and symbol.module.startswith("trivium.research")


class Members:
    """The members of a class that is made one of a chain of classes."""

    def __init__(self, owner: Flattener, symbol: Symbol, chain: list[Symbol], whole: list[Symbol]) -> None:
        self.owner, self.symbol, self.chain, self.whole = owner, symbol, chain, whole
        self.statements = [owner.inliner.definition(each).body for each in chain]
        self.extra: dict[str, ast.FunctionDef] = {}
        overridden = {
            word
            for user in owner.users
            if user != symbol and symbol in owner.line(user)
            for each in owner.line(user)[: owner.line(user).index(symbol)]
            for statement in owner.sources.definition(each).body
            for word in (_assigned(statement), getattr(statement, "name", None))
        }
        set_later = {
            node.attr
            for body in self.statements
            for statement in body
            for node in ast.walk(statement)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_self(node.value)
        }
        self.fixed = {word for word in self._names() if word not in overridden | set_later}
        self.methods: dict[str, ast.FunctionDef] = {}
        for word in self._names():
            index = next(i for i in range(len(chain)) if self._method(i, word) or self._value(i, word))
            if self._method(index, word):
                self.methods[word] = self._resolved(word, index)
        self.methods |= self.extra
        if any(_is_config(each) for each in chain):
            self._fit_config()

    def _fit_config(self) -> None:
        """Takes out of a config what it has no use for: other names of fields, the values that fields are limited to."""
        heirs = {each for user in (self.symbol, *self.owner.users) for each in self.owner.line(user)}
        heirs = {each for each in heirs if not _is_config(each) and any(map(_is_config, self.owner.line(each)))}
        own = [statement for each in heirs for statement in self.owner.sources.definition(each).body]
        if not any(_assigned(statement) == "aliases" for statement in own):
            del self.methods["__getattr__"], self.methods["from_dict_with_aliases"]
        else:
            self.methods["from_dict"] = self.methods.pop("from_dict_with_aliases")
            self.methods["from_dict"].name = "from_dict"
        if not any(isinstance(member, ast.AnnAssign) and "Literal" in ast.unparse(member.annotation) for member in own):
            self.methods["__post_init__"].body = self.methods["__post_init__"].body[-1:]
            if not any(getattr(statement, "name", "") == "check" for statement in own):
                del self.methods["__post_init__"], self.methods["check"]

    def _names(self) -> list[str]:
        """The names of all members, those of the first ancestor first, `__init__` before all."""
        found = {
            word: None
            for body in reversed(self.statements)
            for statement in body
            if (word := _assigned(statement) or getattr(statement, "name", None))
        }
        common = [
            _assigned(s) for each, body in zip(self.chain, self.statements, strict=True) if _is_config(each) for s in body
        ]
        return sorted(found, key=lambda word: (word in common, word != "__init__"))

    def _method(self, index: int, word: str) -> Any:
        return next((s for s in self.statements[index] if isinstance(s, ast.FunctionDef) and s.name == word), None)

    def _value(self, index: int, word: str) -> Any:
        return next((s for s in self.statements[index] if _assigned(s) == word), None)

    def body(self) -> list[ast.stmt]:
        """The statements of the class."""
        found: list[ast.stmt] = []
        text = self._docstring()
        if text:
            found.append(ast.Expr(ast.Constant(text)))
        special = Specialised(self)
        for word in self._names():
            statement = next((self._value(i, word) for i in range(len(self.chain)) if self._value(i, word)), None)
            if statement is not None and word not in self.methods and word != "__doc__":
                found.append(copy.copy(statement))
                found[-1].gap = False  # type: ignore[attr-defined]
        for method in self.methods.values():
            found.append(special.method(method))
        if not found:
            found.append(ast.Pass())
        return found

    def _docstring(self) -> str | None:
        for each in self.chain:
            definition = self.owner.sources.definition(each)
            if (text := ast.get_docstring(definition)) is not None:
                return self._explained(text) if each == self.symbol else text
            for statement in definition.body:
                if _assigned(statement) == "__doc__" and isinstance(statement.value, ast.Attribute):
                    return ast.get_docstring(self.owner.sources.definition(link_of(statement.value.value)))
        return None

    def _explained(self, text: str) -> str:
        """A docstring with what those of merged classes say of inputs and labels."""
        others = [ast.get_docstring(self.owner.sources.definition(each)) or "" for each in self.chain[1:]]
        inputs = next(
            (found[0] for other in others if (found := re.search(r"^Inputs: .*?(?=\n\n|\Z)", other, re.MULTILINE | re.DOTALL))),
            "",
        )
        if inputs:
            text = re.sub(r"\s*Inputs: (as|those of) [^.;]*[.;]\s*", f"\n\n{inputs}\n\n", text, count=1).strip()
        if "Labels:" in text:
            return text
        for other in others:
            first = other.partition("\n\n")[0].replace("\n", " ")
            if "Labels: " in first and "`" not in first:
                labels = f"Labels: {first.partition('Labels: ')[2]}"
                short = "\n" not in text and len(text) + len(labels) < _LINE
                return f"{text} {labels}" if short else f"{text}\n\n{labels}"
        return text

    # Calls of what a base says

    def _resolved(self, word: str, index: int) -> ast.FunctionDef:
        """A method in which calls of `super()` are what they call, as far as that is in the chain."""
        method = syntax.copied(self._method(index, word))
        method.body = [
            new for position, old in enumerate(method.body) for new in self._without_super(method, position, old, index)
        ]
        return method

    def _without_super(self, method: ast.FunctionDef, position: int, statement: ast.stmt, index: int) -> Iterator[ast.stmt]:
        for call in [node for node in ast.walk(statement) if isinstance(node, ast.Call) and _is_super(node.func)]:
            word = call.func.attr  # type: ignore[attr-defined]
            found = next((i for i in range(index + 1, len(self.chain)) if self._method(i, word)), None)
            if found is None:
                continue
            inner = self._resolved(word, found)
            expression = written_out(inner, call, method=not is_static(inner), branches=True)
            if expression is not None:
                statement = _Replaced(call, expression).visit(statement)
                continue
            spliced = _spliced(method, position, statement, call, inner)
            if spliced is not None:
                yield from spliced
                return
            inner.name = f"_{word}"
            self.extra[inner.name] = inner
            call.func = ast.Attribute(ast.Name("self", ast.Load()), inner.name, ast.Load())
        yield statement


class _Replaced(ast.NodeTransformer):
    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else self.generic_visit(node)


def _spliced(
    method: ast.FunctionDef, position: int, statement: ast.stmt, call: ast.Call, inner: ast.FunctionDef
) -> list[ast.stmt] | None:
    """A statement that is no more than a call, as the statements of what it calls; None where that does not go."""
    if getattr(statement, "value", None) is not call or not isinstance(statement, ast.Expr | ast.Assign | ast.Return):
        return None
    found = bound(inner, call, method=True)
    body = inner.body[syntax.docstring_of(inner.body[0]) is not None :]
    returns = [node for part in body for node in ast.walk(part) if isinstance(node, ast.Return)]
    if found is None or (returns and (len(returns) > 1 or body[-1] is not returns[0])):
        return None
    stored = {n.id for part in body for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if position and (stored - set(found[0])) & locals_of(method):
        return None
    values: dict[str, ast.expr] = {}
    given: list[ast.stmt] = []
    for word, argument in found[0].items():
        if isinstance(argument, ast.Name) and argument.id == word:
            continue
        if word in stored or not is_simple(argument):
            if word in locals_of(method):
                return None
            given.append(ast.Assign([ast.Name(word, ast.Store())], argument, lineno=0))
        else:
            values[word] = argument
    body = [*given, *(new for part in body for new in listed(tidied(Substituted(values).visit(syntax.copied(part)))))]
    if returns:
        last: Any = body.pop()
        if isinstance(statement, ast.Return):
            body.append(last)
        elif isinstance(statement, ast.Assign):
            body.append(ast.copy_location(ast.Assign(statement.targets, last.value, lineno=statement.lineno), statement))
    return body


def _is_super(node: ast.AST) -> bool:
    value = getattr(node, "value", None)
    return isinstance(node, ast.Attribute) and isinstance(value, ast.Call) and getattr(value.func, "id", "") == "super"
