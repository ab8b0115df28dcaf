"""Types for what a network's file leaves without, told from the shapes that stand beside a function, names and defaults."""

from __future__ import annotations

import ast
import re
from typing import Any

_SHAPE = r"\([^()]*(?:\([^()]*\)[^()]*)*\)(?: or None)?"
_COMMENT = re.compile(rf"^(?P<given>{_SHAPE}(?:, {_SHAPE})*) -> (?P<result>.*)$")


def add(definition: Any, config: str, tensor: str, outputs: set[str]) -> None:
    """Gives the functions of a definition types where they have none.

    Args:
        definition: A function or a class.
        config: What `c` is.
        tensor: What the framework calls its tensors.
        outputs: The classes of what models return.
    """
    for function in [node for node in ast.walk(definition) if isinstance(node, ast.FunctionDef)]:
        args = function.args
        named = [*args.posonlyargs, *args.args]
        defaults = dict(zip([arg.arg for arg in named[::-1]], args.defaults[::-1], strict=False))
        defaults |= {arg.arg: value for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True) if value is not None}
        found = _COMMENT.match(getattr(function, "trailing", ""))
        shapes = re.findall(_SHAPE, found["given"]) if found else []
        method = bool(named) and named[0].arg in ("self", "cls")
        plain = named[1:] if method else named
        for index, arg in enumerate([*plain, *args.kwonlyargs]):
            if arg.annotation is None:
                shape = shapes[index] if index < len(shapes) and arg in plain else ""
                arg.annotation = _parsed(_kind(arg.arg, shape, defaults.get(arg.arg), config, tensor))
        for starred in filter(None, (args.vararg, args.kwarg)):
            starred.annotation = starred.annotation or _parsed("Any")
        if function.returns is None:
            function.returns = _parsed(_result(function, found["result"] if found else "", tensor, outputs))


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _kind(name: str, shape: str, default: ast.expr | None, config: str, tensor: str) -> str:
    """The type of a parameter."""
    value = default.value if isinstance(default, ast.Constant) else None
    if shape:
        return f"{tensor} | None" if shape.endswith("or None") or (default is not None and value is None) else tensor
    if name == "c":
        return config
    if isinstance(value, bool | int | float):
        return type(value).__name__
    if name.startswith("output_"):
        return "bool | None"
    if name in _SIZES:
        return "int"
    optional = isinstance(default, ast.Constant) and value is None
    return f"{tensor} | None" if optional and name.endswith(_TENSORS) else "Any"


_SIZES = ("batch_size", "max_length")
_TENSORS = ("_ids", "_mask", "_embeds", "labels", "_states", "_values", "_positions", "_features")
"""What the names of inputs end with that are tensors and no tuples of them."""


def _result(function: ast.FunctionDef, shape: str, tensor: str, outputs: set[str]) -> str:
    """The type of what a function returns."""
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    if not any(value is not None for value in returned) and not any(isinstance(n, ast.Yield) for n in ast.walk(function)):
        return "None"
    made = {value.func.id for value in returned if isinstance(value, ast.Call) and isinstance(value.func, ast.Name)}
    if len(made) == 1 and made <= outputs and all(isinstance(value, ast.Call) for value in returned):
        return made.pop()
    return tensor if re.fullmatch(_SHAPE, shape) and not shape.endswith("None") else "Any"
