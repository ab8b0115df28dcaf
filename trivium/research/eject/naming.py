"""Names in an ejected file."""

from __future__ import annotations

import ast

from .meanings import Outside, Symbol, link_of

GOOD_NAMES = {
    ("masks", "causal"): "causal_mask",
    ("masks", "padding"): "padding_mask",
    ("masks", "count"): "count_visible",
    ("caches", "positions"): "cache_positions",
    ("caches", "extend"): "extend_cache",
    ("caches", "empty"): "empty_cache",
    ("caches", "empty_layer"): "empty_layer_cache",
    ("caches", "empty_crossed"): "empty_crossed_cache",
    ("caches", "cross"): "cross_cache",
    ("caches", "numbers"): "cached_numbers",
    ("multihead", "split"): "split_heads",
    ("multihead", "merge"): "merge_heads",
    ("heads", "kept"): "kept_of",
    ("heads", "embed"): "embedded",
    ("heads", "spans"): "span_logits",
    ("core.rotary", "frequencies"): "rotary_frequencies",
    ("core.rotary", "growth"): "rotary_growth",
    ("core.rotary", "kind"): "rotary_kind",
    ("core.rotary", "check"): "check_rotary",
}
"""What is clear with its module's name before it, and needs another without."""


class Called(ast.NodeTransformer):
    """Calls what a module computes `__call__`, as in Flax."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = "__call__" if node.name == "forward" else node.name
        self.generic_visit(node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        node.attr = "__call__" if node.attr == "forward" else node.attr
        self.generic_visit(node)
        return node


class Renamer(ast.NodeTransformer):
    """Gives definitions their names in the file, and notes what is imported."""

    def __init__(self, names: dict[Symbol, str], imports: set[str], config: str) -> None:
        self.names, self.imports, self.config = names, imports, config

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        path = ast.unparse(node)
        if path == "torch.nn" and isinstance(link_of(node.value), Outside):
            self.imports.add("from torch import nn")
            return ast.copy_location(ast.Name("nn", ast.Load()), node)
        if path == "torch.nn.functional":
            self.imports.add("import torch.nn.functional as F  # noqa: N812")
            return ast.copy_location(ast.Name("F", ast.Load()), node)
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        link = link_of(node)
        if isinstance(link, Outside):
            renamed = "  # noqa: N812" if link.statement.endswith(" as F") else ""
            self.imports.add(link.statement + renamed)
        elif isinstance(link, Symbol):
            # what is there for another architecture is annotated with that one's config
            node.id = self.names.get(link, self.config)
        return node
