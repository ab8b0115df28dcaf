"""What a class says once and for all, put into its methods: its constants, its body, what its hooks return."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from trivium.core.pretrained import Pretrained

from . import syntax
from .inlining import written_out
from .sources import link_of
from .tidying import tidied

if TYPE_CHECKING:
    from .classes import Members

TOO_LONG = 25
"""Nodes of an expression that is not to stand in several places."""


class Specialised(ast.NodeTransformer):
    """Puts into methods what the class says once and for all: its constants, its body, what its hooks return."""

    def __init__(self, members: Members) -> None:
        self.members, self.owner = members, members.owner
        self.counts: dict[str, int] = {}
        for method in members.methods.values():
            for node in ast.walk(method):
                if isinstance(node, ast.Attribute) and is_self(node.value):
                    self.counts[node.attr] = self.counts.get(node.attr, 0) + 1
        self.inside: list[str] = []

    def method(self, method: ast.FunctionDef) -> ast.FunctionDef:
        """A method with all that is known."""
        if method.name in self.inside:
            return method
        self.inside.append(method.name)
        found = syntax.copied(method)
        body: list[ast.stmt] = []
        for statement in found.body:
            for new in listed(self.visit(statement)):
                body += listed(tidied(new))
        found.body = body or [ast.Pass()]
        self.inside.pop()
        return found

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if is_self(node.value) and isinstance(node.ctx, ast.Load):
            known = self._known(node.attr)
            if known is not None:
                return syntax.copied(known)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and is_self(node.func.value):
            word = node.func.attr
            if word == "get_input_embeddings" and word not in self.members.methods:
                return self._embedding() or node
            hook = self._hook(word)
            if hook is not None:
                return written_out(hook, node, method=not is_static(hook), branches=True) or node
        first = node.args[0] if node.args else None
        if ast.unparse(node.func) == "Model.__init__" and first is not None and is_self(first):
            node = ast.parse("super().__init__()", mode="eval").body  # type: ignore[assignment]
            node.args = [ast.Name("c", ast.Load())]
        return tidied(node)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        if ast.unparse(node.targets[0]) == "self.input_embedding" and isinstance(node.value, ast.JoinedStr):  # see `_embedding`
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
            self.counts.get(word, 0) > 1 and sum(1 for _ in ast.walk(last)) > TOO_LONG and word not in HOOKS
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
            return ast.IfExp(syntax.copied(path.test), *branches)
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


def listed(statements: Any) -> list[ast.stmt]:
    """What a transformer made of a statement: nothing, another, or several."""
    return statements if isinstance(statements, list) else [] if statements is None else [statements]


def is_self(node: ast.AST) -> bool:
    """Whether a node is the name `self`."""
    return isinstance(node, ast.Name) and node.id == "self"


def is_static(method: ast.FunctionDef) -> bool:
    """Whether a method is static."""
    return any(isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in method.decorator_list)
