"""Calls of small functions written out: what `ops.reshape(x, shape)` is in a framework stands where it is called."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from trivium.core import nn

from . import syntax
from .sources import Outside, Sources, Symbol, arguments, link_of, name
from .tidying import Substituted, tidied

_BUILT_WITH = ("init", "bias_init", "keep_float32")
"""What layers are made with that an ejected file, which draws no first values and is in one dtype, does without."""
_KINDS = {"Size": "int", "Count": "int", "Rate": "float", "Epsilon": "float", "Scale": "float", "Activation": "str"}
"""Types of fields in configs, without their limits."""
_BRANCHES = (ast.Lambda, ast.IfExp, ast.NamedExpr, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp, ast.JoinedStr)


class Inliner(ast.NodeTransformer):
    """Writes out the calls of a backend's layers and functions that are one expression."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._done: dict[Symbol, Any] = {}

    def definition(self, symbol: Symbol) -> Any:
        """A definition in which calls are written out already. Not to be changed: copy it."""
        if symbol not in self._done:
            found = syntax.copied(self.sources.definition(symbol))
            self._done[symbol] = found  # also ends recursion
            if not isinstance(found, ast.Import | ast.ImportFrom):
                if self._is_native(symbol):
                    _without_inits(found)
                found = self._done[symbol] = tidied(self.visit(found))
        return self._done[symbol]

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(argument) for argument in node.args]
        node.keywords = [self.visit(keyword) for keyword in node.keywords]
        symbol = link_of(node.func)
        if not isinstance(symbol, Symbol):
            node.func = self.visit(node.func)
            return node
        if symbol.module == "trivium.models.composites":
            return name(self.sources.part(node))
        if symbol.module == "trivium.core.errors" or symbol.name in ("InputError", "ConfigError"):
            return _plain_error(node)
        if symbol.name in ("Parameter", "Buffer") and self._is_native(symbol):
            return self.visit_Call(self._filled(node))
        if symbol.name == "Embedding" and self._is_native(symbol) and _keyword(node, "trained") is not None:
            node.func.link = symbol = Symbol(self.sources.template, "FixedEmbedding")  # type: ignore[attr-defined]
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "trained"]
        elif self._is_native(symbol):
            _drop_inits(node, symbol.name)
        if not self._is_native(symbol):
            return node
        definition = self.definition(symbol)
        found = None
        if isinstance(definition, ast.FunctionDef) and not symbol.name.startswith("weights_of"):
            found = written_out(definition, node, defaults_show=symbol.module != self.sources.template)
        return found or node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        """A field; one that is a config of any architecture has the one that it has."""
        self.generic_visit(node)
        part = self.sources.part_config(getattr(node.target, "id", ""))
        if part is not None:
            node.annotation = _Configs(part).visit(node.annotation)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        annotated = link_of(node.value)
        if isinstance(annotated, Outside) and annotated.statement.endswith(" Annotated") and isinstance(node.slice, ast.Tuple):
            kind, note = node.slice.elts[:2]
            whole = isinstance(link_of(kind), Symbol) and link_of(kind).name == "Config"
            return self.visit(note if whole else kind)
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        symbol = link_of(node)
        if isinstance(symbol, Symbol) and symbol.module == "trivium.core.config" and symbol.name in _KINDS:
            return ast.copy_location(ast.Name(_KINDS[symbol.name], ast.Load()), node)
        if isinstance(symbol, Symbol) and symbol.module.endswith(".config") and not isinstance(node.ctx, ast.Store):
            definition = self.sources.definition(symbol)
            if isinstance(definition, ast.Assign) and isinstance(definition.value, ast.Subscript):  # a type with limits
                return self.visit(syntax.copied(definition.value))
        if isinstance(symbol, Symbol) and self._is_native(symbol) and isinstance(node.ctx, ast.Load):
            definition = self.definition(symbol)
            if isinstance(definition, ast.Assign) and isinstance(definition.value, ast.Attribute):  # another name of it
                return syntax.copied(definition.value)
            if isinstance(definition, ast.FunctionDef) and (callee := _callee(definition)) is not None:
                return syntax.copied(callee)
        return node

    def _is_native(self, symbol: Symbol) -> bool:
        return symbol.module.startswith(("trivium.backends.", f"{self.sources.template}"))

    def _filled(self, node: ast.Call) -> ast.Call:
        """A parameter by what it is filled with at first: zeros, ones, a number, or small random numbers."""
        symbol: Any = link_of(node.func)
        shape, *rest = [*node.args, *(keyword.value for keyword in node.keywords)]
        kind, extra = "Zeros" if symbol.name == "Buffer" else "Random", []
        if rest:
            init = link_of(rest[0]) or link_of(getattr(rest[0], "func", rest[0]))
            word = init.name if isinstance(init, Symbol) else ""
            kind = {"ZEROS": "Zeros", "ONES": "Ones", "Constant": "Filled"}.get(word, kind)
            extra = rest[0].args if kind == "Filled" and isinstance(rest[0], ast.Call) else []
            if symbol.name == "Buffer" and word not in ("ZEROS", "ONES"):
                kind, extra = "Made", rest
        func = ast.Name(f"{kind}{symbol.name}", ast.Load())
        func.link = Symbol(self.sources.template, func.id)  # type: ignore[attr-defined]
        return ast.copy_location(ast.Call(func, [shape, *extra], []), node)


class _Configs(ast.NodeTransformer):
    """Puts a config in the place of that of any architecture."""

    def __init__(self, part: Symbol) -> None:
        self.part = part

    def visit_Name(self, node: ast.Name) -> ast.expr:
        link = link_of(node)
        return name(self.part) if isinstance(link, Symbol) and link.name == "Config" else node


def _plain_error(call: ast.Call) -> ast.Call:
    """An error whose hint is part of what it says."""
    hint = _keyword(call, "hint")
    call.keywords = []
    if hint is not None and call.args:
        parts: list[ast.expr] = []
        for text in (call.args[0], ast.Constant("; "), hint):
            parts += text.values if isinstance(text, ast.JoinedStr) else [text]
        if all(isinstance(part, ast.Constant) for part in parts):
            call.args[0] = ast.Constant("".join(part.value for part in parts))  # type: ignore[attr-defined]
        else:
            call.args[0] = ast.JoinedStr([p if isinstance(p, ast.Constant | ast.FormattedValue) else _shown(p) for p in parts])
    return call


def _shown(node: ast.expr) -> ast.FormattedValue:
    return ast.FormattedValue(node, -1)


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def _without_inits(definition: Any) -> None:
    """Takes the parameters for first values out of a layer's definition."""
    for function in [definition, *getattr(definition, "body", [])]:
        if isinstance(function, ast.FunctionDef):
            _drop_parameters(function, _BUILT_WITH)


def _drop_parameters(function: ast.FunctionDef, names: tuple[str, ...]) -> None:
    args = function.args
    defaults = dict(zip([arg.arg for arg in args.args][::-1], args.defaults[::-1], strict=False))
    args.args = [arg for arg in args.args if arg.arg not in names]
    args.defaults = [defaults[arg.arg] for arg in args.args if arg.arg in defaults]


def _drop_inits(call: ast.Call, layer: str) -> None:
    """Takes first values out of a call of a layer."""
    call.keywords = [keyword for keyword in call.keywords if keyword.arg not in _BUILT_WITH]
    contract = getattr(nn, layer, None)
    if contract is None or any(isinstance(argument, ast.Starred) for argument in call.args):
        return
    words = [*inspect.signature(contract).parameters, *[""] * len(call.args)]
    call.args = [value for value, word in zip(call.args, words, strict=False) if word not in _BUILT_WITH]


def _callee(function: ast.FunctionDef) -> ast.expr | None:
    """What a function calls with its own parameters and no more; then it is that."""
    value = _value(function)
    names = [argument.arg for argument in arguments(function)]
    if (
        not isinstance(value, ast.Call)
        or value.keywords
        or (isinstance(value.func, ast.Attribute) and _uses(value.func, names))
    ):
        return None
    given = [argument.id if isinstance(argument, ast.Name) else None for argument in value.args]
    return value.func if given == names and not _uses(value.func, names) else None


def _value(function: ast.FunctionDef) -> ast.expr | None:
    """The expression that a function returns, if that is all it does."""
    body = function.body[syntax.docstring_of(function.body[0]) is not None :]
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None


def _uses(node: ast.AST, names: Any) -> int:
    return sum(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def is_simple(node: ast.expr) -> bool:
    """Whether an expression may stand twice: a name, a number, an attribute of these."""
    if isinstance(node, ast.Attribute):
        return is_simple(node.value)
    if isinstance(node, ast.UnaryOp):
        return is_simple(node.operand)
    return isinstance(node, ast.Name | ast.Constant)


def bound(function: ast.FunctionDef, call: ast.Call, method: bool = False) -> tuple[dict[str, Any], set[str]] | None:
    """Parameter -> argument of a call, and the parameters that have their defaults; None where that is not plain to see."""
    args = function.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args)][method:]
    found: dict[str, Any] = {}
    positional = list(call.args)
    if args.vararg and args.kwarg and not names:  # hands on whatever it is given
        keys: list[ast.expr | None] = [ast.Constant(keyword.arg) if keyword.arg else None for keyword in call.keywords]
        options = ast.Dict(keys, [keyword.value for keyword in call.keywords])
        return {args.vararg.arg: ast.Tuple(positional, ast.Load()), args.kwarg.arg: options}, set()
    plain = [value for value in positional if not isinstance(value, ast.Starred)]
    if len(plain) != len(positional):
        if not (
            args.vararg and len(plain) == len(names) and isinstance(positional[-1], ast.Starred) and positional[:-1] == plain
        ):
            return None
        found[args.vararg.arg] = positional[-1].value
    elif len(plain) > len(names):
        return None
    elif args.vararg:
        found[args.vararg.arg] = ast.Tuple([], ast.Load())
    found |= dict(zip(names, plain, strict=False))
    spare: list[Any] = []
    for keyword in call.keywords:
        if keyword.arg is None:
            spare.append(keyword.value)
        elif keyword.arg in (*names, *(arg.arg for arg in args.kwonlyargs)) and keyword.arg not in found:
            found[keyword.arg] = keyword.value
        else:
            return None
    if args.kwarg and len(spare) == 1:
        found[args.kwarg.arg] = spare.pop()
    elif args.kwarg and not spare:
        found[args.kwarg.arg] = ast.Dict([], [])
    if spare:
        return None
    defaults = dict(zip(names[::-1], args.defaults[::-1], strict=False))
    defaults |= {arg.arg: value for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True) if value is not None}
    left = {word: value for word, value in defaults.items() if word not in found}
    wanted = {argument.arg for argument in arguments(function)} - ({function.args.args[0].arg} if method else set())
    found |= left
    return (found, set(left)) if wanted == set(found) else None


def written_out(
    function: ast.FunctionDef, call: ast.Call, method: bool = False, defaults_show: bool = True, branches: bool = False
) -> ast.expr | None:
    """A call as the expression that the function returns; None where a call reads better or says more.

    Args:
        function: A function, or a method if `method`, whose `self` is then the caller's.
        call: The call.
        defaults_show: Whether keyword arguments that only hand on a default are written.
        branches: Whether the expression may have branches and loops.
    """
    value = _value(function)
    if value is None or (not branches and any(isinstance(node, _BRANCHES) for node in ast.walk(value))):
        return None
    arguments_of = bound(function, call, method)
    if arguments_of is None:
        return None
    values, left = arguments_of
    helped = any(isinstance(link_of(node), Symbol) and link_of(node).name.startswith("_") for node in ast.walk(value))
    for word, argument in values.items():
        uses = _uses(value, (word,))
        if uses > 1 and (helped or not is_simple(argument)):
            return None
    value = syntax.copied(value)
    if not defaults_show:
        _Undefaulted(left).visit(value)
    return tidied(Substituted(values).visit(value))


class _Undefaulted(ast.NodeTransformer):
    """Leaves out keyword arguments that only hand on a default, which is the framework's own too."""

    def __init__(self, left: set[str]) -> None:
        self.left = left

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        node.keywords = [k for k in node.keywords if not (isinstance(k.value, ast.Name) and k.value.id in self.left)]
        return node
