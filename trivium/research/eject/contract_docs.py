"""What the contract says of layers and functions, as the docstrings of those that a backend leaves without."""

from __future__ import annotations

import ast
from typing import Any

from trivium.core import nn, ops

from .sources import Symbol


def add(symbol: Symbol, definition: Any) -> None:
    """Gives a layer or a function of a backend the docstring of the contract, if it has none."""
    if ast.get_docstring(definition) is not None or not symbol.module.endswith((".nn", ".ops", ".layers")):
        return
    text = getattr(getattr(nn if symbol.name[:1].isupper() else ops, symbol.name, None), "__doc__", None)
    if text:
        definition.body = [ast.Expr(ast.Constant(text)), *(part for part in definition.body if not isinstance(part, ast.Pass))]
