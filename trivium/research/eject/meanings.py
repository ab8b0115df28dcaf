"""What a name may stand for."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Symbol:
    """A definition at the top of a module."""

    module: str
    name: str


@dataclass(frozen=True)
class Outside:
    """Something that is imported from outside of Trivium, by this statement."""

    statement: str


@dataclass(frozen=True)
class Part:
    """A module of Trivium."""

    module: str


Meaning = Symbol | Outside | Part | None


def link_of(node: ast.AST) -> Any:
    """What a name in a linked tree stands for."""
    return getattr(node, "link", None)


def name(symbol: Symbol) -> ast.Name:
    """A name that stands for a definition."""
    node = ast.Name(symbol.name, ast.Load())
    node.link = symbol  # type: ignore[attr-defined]
    return node
