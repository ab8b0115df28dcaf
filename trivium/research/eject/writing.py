"""The file that an architecture becomes."""

from __future__ import annotations

import ast
import builtins
import itertools
import keyword
from typing import Any

from trivium.core.errors import InputError
from trivium.core.names import nearest
from trivium.models import catalogue
from trivium.research.binding import BACKENDS
from trivium.research.style import formatted

from . import contract_docs, syntax
from .checkpoints import checkpoint_facts
from .gathering import gathered
from .sources import Outside, Sources, Symbol, link_of, locals_of

SECTIONS = ("Errors", "Config", "Outputs", "Functions", "Layers", "The network", "Loading")

_GOOD_NAMES = {
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


class File:
    """An ejected file in the making."""

    def __init__(self, sources: Sources, folder: str, roots: list[Symbol]) -> None:
        self.sources, self.folder = sources, folder
        self.roots = roots
        loader = Symbol(sources.template, "load_weights")
        config = type(sources.config)
        self.config = Symbol(config.__module__, config.__name__)
        self.definitions = gathered(sources, [*roots, self.config, loader])
        self.names = self._named()
        self.facts = {
            symbol: found for symbol in self.definitions if (found := checkpoint_facts(symbol, folder, sources.config))
        }

    # Names

    def _named(self) -> dict[Symbol, str]:
        taken = {*vars(builtins), *keyword.kwlist, "np", "torch", "nn", "F", "tf", "keras", "jax", "jnp", "nnx", "lax", "math"}
        around: dict[Symbol, set[str]] = {symbol: set() for symbol in self.definitions}
        for definition in self.definitions.values():
            for node in ast.walk(definition):
                link = link_of(node)
                if isinstance(link, Outside):
                    taken.add(node.id)  # type: ignore[attr-defined]
            for function in [n for n in ast.walk(definition) if isinstance(n, ast.FunctionDef | ast.Lambda)]:
                own = locals_of(function)
                for node in ast.walk(function):
                    if isinstance(link_of(node), Symbol):
                        around.setdefault(link_of(node), set()).update(own)
        found: dict[Symbol, str] = {}
        for symbol in sorted(self.definitions, key=self._priority):
            candidates = self._candidates(symbol)
            name = next(name for name in candidates if name not in taken and name not in around[symbol])
            found[symbol] = name
            taken.add(name)
        plain = Symbol(self.sources.template, "weights_of")
        found |= {plain: "weights_of"}
        return found

    def _priority(self, symbol: Symbol) -> tuple[Any, ...]:
        own = symbol.module == self._own_module
        return (symbol not in self.roots, not own, symbol.module.startswith("trivium.backends"), symbol)

    @property
    def _own_module(self) -> str:
        return f"trivium.models.{self.folder}.network"

    def _candidates(self, symbol: Symbol) -> Any:
        module = symbol.module.removeprefix("trivium.").removeprefix("models.").removesuffix(".network")
        plain = _GOOD_NAMES.get((module, symbol.name))
        if plain:
            yield plain
        yield symbol.name.removesuffix("_with_experts")
        short = module.rpartition(".")[2]
        if symbol.name[:1].isupper() and not symbol.name.isupper():
            yield "".join(part.capitalize() for part in short.split("_")) + symbol.name
        elif symbol.module.endswith("ops"):
            yield f"tensor_{symbol.name}"
        else:
            yield f"{short}_{symbol.name}".replace("__", "_")
        number = 2
        while True:
            yield f"{symbol.name}_{number}"
            number += 1

    # Text

    def text(self) -> str:
        """The source."""
        imports: set[str] = set()
        sections: dict[str, list[str]] = {section: [] for section in SECTIONS}
        for symbol in self._ordered():
            statement = self.definitions[symbol]
            _Renamer(self.names, imports, self.names[self.config]).visit(statement)
            self._finish(symbol, statement)
            note = self.sources.note(symbol)
            if getattr(statement, "decorator_list", None):
                imports.add("from dataclasses import dataclass")
            sections[self._section(symbol)].append(syntax.written([statement, *([note] if note else [])]))
        parts = [f"# {section}\n\n\n" + _joined(texts) for section, texts in sections.items() if texts]
        head = f'"""{self._docstring()}\n"""\n\nfrom __future__ import annotations\n\n' + "\n".join(sorted(imports))
        return formatted("\n\n\n".join([head, *parts]) + "\n", ("I", "F401", "UP034"))

    def _finish(self, symbol: Symbol, statement: Any) -> None:
        """The last touches of a definition."""
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            statement.name = self.names[symbol]
            contract_docs.add(symbol, statement)
        if symbol in self.facts:
            place = syntax.docstring_of(statement.body[0]) is not None
            statement.body[place:place] = self.facts[symbol]
            if len(statement.body) > 2 + place:
                statement.body[place + len(self.facts[symbol])].gap = True
        if self.sources.backend == "flax":
            _Called().visit(statement)
        if isinstance(statement, ast.ClassDef) and self._section(symbol) == "Outputs" and not statement.decorator_list:
            if not any(getattr(base, "id", "") == "NamedTuple" for base in statement.bases):
                decorators = ["jax.tree_util.register_dataclass"] * (self.sources.backend == "flax") + ["dataclass"]
                statement.decorator_list = [ast.parse(decorator, mode="eval").body for decorator in decorators]
        elif isinstance(statement, ast.ClassDef) and self._section(symbol) == "Config" and not statement.decorator_list:
            statement.decorator_list = [ast.parse("dataclass(frozen=True, kw_only=True)", mode="eval").body]

    def _docstring(self) -> str:
        return self.sources.docstring(self._own_module)

    def _section(self, symbol: Symbol) -> str:
        module, definition = symbol.module, self.definitions[symbol]
        if symbol.name.endswith(("Error", "Weights", "Mismatch")) and module.endswith("common"):
            return "Errors"
        if module.endswith(("config", "backbones")) or symbol.name in ("Config", "as_field"):
            return "Config"
        if module == "trivium.core.outputs" or symbol.name == "ModelOutput":
            return "Outputs"
        if symbol.name in (
            "Model",
            "load_weights",
            "weights_of",
            "weight_files",
            "matched",
            "is_any",
            "Weight",
            "NAMES",
            "AXES",
            "members_of",
            "weights_of_with_experts",
        ):
            return "Loading" if symbol.name != "Model" else "Layers"
        if module.startswith("trivium.models."):
            shared = module.count(".") == 2 and not any(
                isinstance(self.definitions[needed], ast.ClassDef) for needed in self._needed(symbol)
            )
            return "Functions" if shared and not isinstance(definition, ast.ClassDef) else "The network"
        if isinstance(definition, ast.ClassDef) or module.endswith(".nn") or symbol.name in ("apply_layers", "Module"):
            return "Layers"
        return "Functions"

    def _ordered(self) -> list[Symbol]:
        """The definitions, each after those that Python must know before it."""
        found: list[Symbol] = []
        written: set[int] = set()

        def place(symbol: Symbol) -> None:
            if symbol in found or id(self.definitions[symbol]) in written:
                return
            for needed in self._needed(symbol):
                place(needed)
            if symbol not in found:
                found.append(symbol)

        for symbol in sorted(self.definitions, key=self._place):
            place(symbol)
        return found

    def _place(self, symbol: Symbol) -> tuple[Any, ...]:
        kinds = ("core", "backends", "research", "models")
        kind = kinds.index(symbol.module.split(".")[1])
        return (kind, symbol.module == self._own_module, symbol.module, self.sources.order(symbol))

    def _needed(self, symbol: Symbol) -> list[Symbol]:
        """What a definition names that is run when the file is imported."""
        definition = self.definitions[symbol]
        nodes: list[ast.AST] = [definition]
        if isinstance(definition, ast.FunctionDef):
            nodes = [*definition.decorator_list, *definition.args.defaults]
        elif isinstance(definition, ast.ClassDef):
            nodes = [*definition.bases, *definition.decorator_list]
            nodes += [s for s in definition.body if isinstance(s, ast.Assign)]
            nodes += [s.value for s in definition.body if isinstance(s, ast.AnnAssign) and s.value is not None]
        found = [link_of(part) for node in nodes for part in ast.walk(node)]
        return [link for link in found if isinstance(link, Symbol) and link != symbol and link in self.definitions]


class _Called(ast.NodeTransformer):
    """Calls what a module computes `__call__`, as in Flax."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = "__call__" if node.name == "forward" else node.name
        self.generic_visit(node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        node.attr = "__call__" if node.attr == "forward" else node.attr
        self.generic_visit(node)
        return node


def _joined(texts: list[str]) -> str:
    """Definitions with blank lines between them; short ones stand together."""
    found = texts[0]
    for before, text in itertools.pairwise(texts):
        found += ("\n" if "\n" not in before + text else "\n\n\n") + text
    return found


class _Renamer(ast.NodeTransformer):
    """Gives definitions their names in the file, and notes what is imported."""

    def __init__(self, names: dict[Symbol, str], imports: set[str], config: str) -> None:
        self.names, self.imports, self.config = names, imports, config

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        path = ast.unparse(node)
        if path == "torch.nn" and isinstance(link_of(node.value), Outside):
            self.imports.add("from torch import nn")
            return ast.copy_location(ast.Name("nn", ast.Load()), node)
        if path == "torch.nn.functional":
            self.imports.add("import torch.nn.functional as F")
            return ast.copy_location(ast.Name("F", ast.Load()), node)
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        link = link_of(node)
        if isinstance(link, Outside):
            self.imports.add(link.statement)
        elif isinstance(link, Symbol):
            # what is there for another architecture is annotated with that one's config
            node.id = self.names[link] if link in self.names else self.config
        return node


def eject(name: str, backend: str, cls: str | None = None) -> str:
    """The source of an architecture."""
    if backend not in BACKENDS:
        raise InputError(f"there is no backend {backend!r}", key="backend", hint=nearest(backend, BACKENDS))
    folder = catalogue.folder_of_type(name)
    module = f"trivium.models.{folder}.network"
    classes = [cls] if cls else catalogue.architectures()[folder][1:]
    sources = Sources(backend, catalogue.config_class(name)())
    return File(sources, folder, [Symbol(module, each) for each in classes]).text()
