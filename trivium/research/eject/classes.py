"""Classes that inherit from others made one that says all itself, as one would write it who had no relatives to think of."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

from trivium.core.pretrained import Pretrained

from . import syntax
from .inlining import Inliner, Substituted, bound, is_simple, tidied, written_out
from .sources import Sources, Symbol, link_of, locals_of
from .sources import name as named

GENERATES = Symbol("trivium.generation.generating", "Generates")
HEAD = Symbol("trivium.models.heads", "Head")
_TOO_LONG = 25  # nodes of an expression that stands in several places


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
        members = _Members(self, symbol, chain, whole)
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


class _Members:
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
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_self(node.value)
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
        special = _Specialised(self)
        for word in self._names():
            statement = next((self._value(i, word) for i in range(len(self.chain)) if self._value(i, word)), None)
            if statement is not None and word not in self.methods and word != "__doc__":
                found.append(copy.copy(statement))
                found[-1].gap = False  # type: ignore[attr-defined]
        for method in self.methods.values():
            found.append(special.method(method))
        if len(found) == bool(text):
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
        """A docstring with what those of merged classes say of labels."""
        if "Labels:" in text:
            return text
        for each in self.chain[1:]:
            other = ast.get_docstring(self.owner.sources.definition(each)) or ""
            first = other.partition("\n\n")[0].replace("\n", " ")
            if "Labels: " in first and "`" not in first:
                return f"{text}{' ' if chr(10) not in text else chr(10) * 2}Labels: {first.partition('Labels: ')[2]}"
        return text

    # Calls of what a base says

    def _resolved(self, word: str, index: int) -> ast.FunctionDef:
        """A method in which calls of `super()` are what they call, as far as that is in the chain."""
        method = copy.deepcopy(self._method(index, word))
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
            expression = written_out(inner, call, method=not _is_static(inner), branches=True)
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
    body = [*given, *(new for part in body for new in _listed(tidied(Substituted(values).visit(copy.deepcopy(part)))))]
    if returns:
        last: Any = body.pop()
        if isinstance(statement, ast.Return):
            body.append(last)
        elif isinstance(statement, ast.Assign):
            body.append(ast.copy_location(ast.Assign(statement.targets, last.value, lineno=statement.lineno), statement))
    return body


def _listed(statements: Any) -> list[ast.stmt]:
    return statements if isinstance(statements, list) else [] if statements is None else [statements]


class _Specialised(ast.NodeTransformer):
    """Puts into methods what the class says once and for all: its constants, its body, what its hooks return."""

    def __init__(self, members: _Members) -> None:
        self.members, self.owner = members, members.owner
        self.counts: dict[str, int] = {}
        for method in members.methods.values():
            for node in ast.walk(method):
                if isinstance(node, ast.Attribute) and _is_self(node.value):
                    self.counts[node.attr] = self.counts.get(node.attr, 0) + 1
        self.inside: list[str] = []

    def method(self, method: ast.FunctionDef) -> ast.FunctionDef:
        """A method with all that is known."""
        if method.name in self.inside:
            return method
        self.inside.append(method.name)
        found = copy.deepcopy(method)
        body: list[ast.stmt] = []
        for statement in found.body:
            for new in _listed(self.visit(statement)):
                body += _listed(tidied(new))
        found.body = body or [ast.Pass()]
        self.inside.pop()
        return found

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if _is_self(node.value) and isinstance(node.ctx, ast.Load):
            known = self._known(node.attr)
            if known is not None:
                return copy.deepcopy(known)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and _is_self(node.func.value):
            word = node.func.attr
            if word == "get_input_embeddings" and word not in self.members.methods:
                return self._embedding() or node
            hook = self._hook(word)
            if hook is not None:
                return written_out(hook, node, method=not _is_static(hook), branches=True) or node
        first = node.args[0] if node.args else None
        if ast.unparse(node.func) == "Model.__init__" and first is not None and _is_self(first):
            node = ast.parse("super().__init__()", mode="eval").body  # type: ignore[assignment]
            node.args = [ast.Name("c", ast.Load())]
        return tidied(node)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        if ast.unparse(node.targets[0]) == "self.input_embedding":  # see `_embedding`
            return None
        self.generic_visit(node)
        return node

    def _known(self, word: str) -> ast.expr | None:
        if word in ("body_class", "body_prefix") or (word in self.members.fixed and word not in self.members.methods):
            value = self.owner.attribute(self.members.symbol, word)
            return value if value is not None and _is_constant(value) else None
        return None

    def _hook(self, word: str) -> ast.FunctionDef | None:
        """A method that is one expression, and not meant for users."""
        method = self.members.methods.get(word)
        if method is None or word not in self.members.fixed or word in ("forward", *self.inside):
            return None
        if any(isinstance(decorator, ast.Name) and decorator.id != "staticmethod" for decorator in method.decorator_list):
            return None
        documented = syntax.docstring_of(method.body[0]) is not None
        if documented and word not in HOOKS:
            return None
        method = self.method(method)
        last = method.body[-1]
        if getattr(last, "before", None) or (
            self.counts.get(word, 0) > 1 and sum(1 for _ in ast.walk(last)) > _TOO_LONG and word not in HOOKS
        ):
            return None
        return method

    def _embedding(self) -> ast.expr | None:
        """The layer that embeds the input."""
        symbol = self.members.symbol
        body: Any = self.owner.attribute(symbol, "body_class")
        prefix: Any = self.owner.attribute(symbol, "body_prefix") if body is not None else None
        base = "self" if prefix is None else f"self.{prefix.value}"
        owner = link_of(body) if body is not None else symbol
        path: Any = self.owner.attribute(owner, "input_embedding")
        if path is None and self.owner.sources.part_config("text_config"):  # of the text's network, within
            text = self.owner.sources.part(ast.parse("network(c.text_config)", mode="eval").body)  # type: ignore[arg-type]
            path, base = self.owner.attribute(text, "input_embedding"), f"{base}.language_model"
        if isinstance(path, ast.IfExp):
            branches = (_path(base, branch) for branch in (path.body, path.orelse))
            return ast.IfExp(copy.deepcopy(path.test), *branches)
        return None if path is None else _path(base, path)


def _path(base: str, path: Any) -> ast.expr:
    return ast.parse(f"{base}.{path.value}", mode="eval").body


HOOKS = {
    *vars(Pretrained),
    "body_class",
    "body_options",
    "width",
    "dropout_rate",
    "body",
    "unembed",
    "get_body",
    "input_shapes",
    "from_encoder_decoder_pretrained",
}
"""What models of Trivium are asked for by Trivium."""


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple | ast.List):
        return all(map(_is_constant, node.elts))
    if isinstance(node, ast.Dict):
        return all(key is not None and _is_constant(key) for key in node.keys) and all(map(_is_constant, node.values))
    if isinstance(node, ast.Name):
        return link_of(node) is not None
    if isinstance(node, ast.Attribute):
        return _is_constant(node.value)
    return isinstance(node, ast.Constant)


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _is_super(node: ast.AST) -> bool:
    value = getattr(node, "value", None)
    return isinstance(node, ast.Attribute) and isinstance(value, ast.Call) and getattr(value.func, "id", "") == "super"


def _is_static(method: ast.FunctionDef) -> bool:
    return any(isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in method.decorator_list)
