"""Every name of a definition that is not local, linked to what it stands for."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from trivium.core.errors import ContractError

from .meanings import Outside, Part, link_of

if TYPE_CHECKING:
    from .sources import Sources


class Linker(ast.NodeTransformer):
    """Says of every name that is not local what it stands for."""

    def __init__(self, sources: Sources, module: str) -> None:
        self.sources, self.module = sources, module
        self.local: list[set[str]] = []

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not isinstance(node.ctx, ast.Load) or any(node.id in names for names in self.local):
            return node
        return self._linked(node, self.module, node.id)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        owner = link_of(node.value)
        return self._linked(node, owner.module, node.attr) if isinstance(owner, Part) else node

    def _linked(self, node: ast.Name | ast.Attribute, module: str, word: str) -> ast.expr:
        found = self.sources.meaning(module, word)
        if found is None:
            if isinstance(node, ast.Attribute):
                raise ContractError(f"{module} has no {word}", key=word)
            if node.id not in vars(builtins) and not node.id.startswith("__"):
                raise ContractError(f"{self.module} has no {word!r}", key=word)
            return node
        imported = _imported_as(found) if isinstance(found, Outside) else None
        linked = ast.copy_location(ast.Name(imported or word, ast.Load()), node)
        linked.link = found  # type: ignore[attr-defined]
        return linked

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        setters = [decorator for decorator in node.decorator_list if getattr(decorator, "attr", "") == "setter"]
        node.decorator_list = setters or [self.visit(decorator) for decorator in node.decorator_list]
        return self._scoped(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return self._scoped(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        own = set() if not self.local else {node.name}
        self.local.append(own)
        self.generic_visit(node)
        self.local.pop()
        return node

    def _comprehension(self, node: Any) -> Any:
        targets = (part for each in node.generators for part in ast.walk(each.target))
        self.local.append({part.id for part in targets if isinstance(part, ast.Name)})
        self.generic_visit(node)
        self.local.pop()
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    def _scoped(self, node: Any) -> Any:
        node.args.defaults = [self.visit(default) for default in node.args.defaults]
        node.args.kw_defaults = [default and self.visit(default) for default in node.args.kw_defaults]
        for argument in arguments(node):
            if argument.annotation is not None:
                argument.annotation = self.visit(argument.annotation)
        if getattr(node, "returns", None) is not None:
            node.returns = self.visit(node.returns)
        self.local.append(locals_of(node))
        if isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        else:
            node.body = [self.visit(statement) for statement in node.body]
        self.local.pop()
        return node


def _imported_as(outside: Outside) -> str | None:
    words = outside.statement.split()
    return words[-1] if words[0] == "from" or "as" in words else None


def arguments(function: Any) -> list[ast.arg]:
    """All parameters of a function, the starred ones at the end."""
    args = function.args
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]


def locals_of(function: Any) -> set[str]:
    """The names that are a function's own; those of comprehensions count as such."""
    found = {argument.arg for argument in arguments(function)}
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found
