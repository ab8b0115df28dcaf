"""What the names in Trivium's files stand for, told from their source: definitions, modules, and what is imported from outside."""

from __future__ import annotations

import ast
import builtins
import copy
import dataclasses
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trivium
from trivium.core import auto
from trivium.core.config import Config
from trivium.core.errors import ContractError
from trivium.models import catalogue
from trivium.research import binding

from . import syntax

ROOT = Path(trivium.__file__).parent
TEMPLATES = "trivium.research.eject.templates"
_REPLACED = ("core.config", "core.errors", "core.outputs", "core.layers", "core.nn", "core.init", "generation.generating")


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


class Sources:
    """The files of Trivium as one backend sees them.

    Args:
        backend: Its name.
        config: The architecture's, which says what its parts are where they may be of any architecture.
    """

    def __init__(self, backend: str, config: Config) -> None:
        self.backend, self.config = backend, config
        self.template = f"{TEMPLATES}.{backend}"
        self._linked: dict[Symbol, ast.stmt] = {}

    def meaning(self, module: str, word: str) -> Meaning:
        """What a name at the top of a module stands for; None for a builtin, or nothing."""
        if module == "trivium.models" or (module.startswith("trivium.models.") and module.count(".") == 2):
            inside = f"{module}.{word}"
            if module == "trivium.models" and word in ("nn", "ops"):
                return Part(f"trivium.backends.{self.backend}.{word}")
            if _path(inside) is not None:
                return Part(inside)
        if module == f"trivium.backends.{self.backend}" and word in ("nn", "ops"):
            return Part(f"{module}.{word}")
        for template in self._templates(module):
            if word in _module(template).definitions:
                return Symbol(template, word)
            if word == "Tensor" and word in _module(template).imports:
                return _module(template).imports[word]
        found = _module(module)
        if word in found.definitions:
            return Symbol(module, word)
        imported = found.imports.get(word)
        if imported is None:
            return None
        if isinstance(imported, Outside):
            return imported
        base, own = imported
        if own is None:
            return Part(base)
        inner = f"{base}.{own}"
        bound = base == "trivium.models" or base.startswith("trivium.backends.")
        return Part(inner) if _path(inner) and not bound else self.meaning(base, own)

    def _templates(self, module: str) -> tuple[str, ...]:
        """The modules whose definitions come before those of a module."""
        short = module.removeprefix("trivium.")
        if short.startswith("backends."):
            return (self.template,)
        return (self.template, f"{TEMPLATES}.common") if short in _REPLACED else ()

    def definition(self, symbol: Symbol) -> Any:
        """The statement that defines a symbol, its names linked to what they stand for. Not to be changed: copy it."""
        if symbol not in self._linked:
            statement = copy.deepcopy(_module(symbol.module).definitions[symbol.name])
            if symbol == PAIR:
                _choose_parts(statement)
            self._linked[symbol] = statement = _Linker(self, symbol.module).visit(statement)
            if isinstance(statement, ast.ClassDef):
                statement.body = [plain for member in statement.body for plain in self._plain(member)]
        return self._linked[symbol]

    def _plain(self, member: ast.stmt) -> list[ast.stmt]:
        """A member of a class, one name at a time, and a method borrowed from another class as that method."""
        if not isinstance(member, ast.Assign):
            return [member]
        target, value = member.targets[0], member.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            return [_assignment(*pair, member) for pair in zip(target.elts, value.elts, strict=True)]
        owner = link_of(value.value) if isinstance(value, ast.Attribute) else None
        if isinstance(owner, Symbol) and isinstance(lender := self.definition(owner), ast.ClassDef):
            borrowed = (s for s in lender.body if isinstance(s, ast.FunctionDef) and s.name == value.attr)  # type: ignore
            return [next(map(copy.deepcopy, borrowed), member)]
        return [member]

    def part_config(self, field: str) -> Symbol | None:
        """The class of the config that a field of the architecture's config is; None for other fields."""
        if field == "backbone_config":  # which may be absent, and is a ResNet's if it is there
            return Symbol("trivium.models.resnet.config", "ResNetConfig")
        value = getattr(self.config, field, None) if field in self._fields() else None
        return Symbol(type(value).__module__, type(value).__name__) if isinstance(value, Config) else None

    def _fields(self) -> set[str]:
        return {field.name for field in dataclasses.fields(self.config)}

    def part(self, call: ast.Call) -> Symbol:
        """The network that `composites.network` or `for_task` finds for a part of the config."""
        config = getattr(self.config, call.args[0].attr)  # type: ignore[attr-defined]
        if len(call.args) > 1:
            name = auto.class_name(config, call.args[1].value)  # type: ignore[attr-defined]
        else:
            name = type(config).__name__.removesuffix("Config") + "Model"
        return Symbol(f"trivium.models.{catalogue.folder_of_class(name)}.network", name)

    def order(self, symbol: Symbol) -> int:
        """The line of a definition."""
        return _module(symbol.module).definitions[symbol.name].lineno

    def definitions(self, module: str) -> list[str]:
        """The names that a module defines, in order."""
        return list(_module(module).definitions)

    def docstring(self, module: str) -> str:
        """A module's docstring."""
        return _module(module).docstring

    def note(self, symbol: Symbol) -> Any:
        """The string that follows the definition of a constant, as its documentation."""
        return _module(symbol.module).notes.get(symbol.name)


PAIR = Symbol("trivium.models.pairs", "Pair")


def _choose_parts(pair: ast.ClassDef) -> None:
    """Which networks a pair is made of is known when it is ejected; see `Inliner`."""
    chosen = 'return composites.network(c.encoder), composites.for_task(c.decoder, "AutoModelForCausalLM")'
    method = next(member for member in pair.body if getattr(member, "name", "") == "part_classes")
    method.body = ast.parse(chosen).body  # type: ignore[attr-defined]


def _assignment(target: ast.expr, value: ast.expr, old: ast.stmt) -> ast.stmt:
    return ast.copy_location(ast.Assign([target], value, lineno=old.lineno), old)


class _Module:
    def __init__(self, module: str) -> None:
        path = _path(module)
        if path is None:
            raise ContractError(
                f"there is no module {module}", key=module, hint="import what is in trivium, or in the file itself"
            )
        tree = syntax.parsed(path.read_text())
        self.docstring = ast.get_docstring(tree) or ""
        self.definitions: dict[str, Any] = {}
        self.imports: dict[str, Any] = {}
        self.notes: dict[str, Any] = {}
        last = ""
        for statement in tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self._read_import(statement, module)
            elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
                self.definitions[statement.name] = statement
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                for target in targets[0].elts if isinstance(targets[0], ast.Tuple) else targets:
                    if isinstance(target, ast.Name):
                        self.definitions[last := target.id] = statement
            elif last and syntax.docstring_of(statement) is not None:
                self.notes[last] = statement

    def _read_import(self, statement: ast.Import | ast.ImportFrom, module: str) -> None:
        for alias in statement.names:
            word = alias.asname or alias.name
            source = getattr(statement, "module", None) or ""
            level = getattr(statement, "level", 0)
            if level or source.partition(".")[0] == "trivium":
                # Relative to the package of the file; a package's own __init__ is not read
                base = ".".join(module.split(".")[:-level]) if level else ""
                base = ".".join(filter(None, (base, source)))
                self.imports[word] = (base, alias.name)
            elif isinstance(statement, ast.Import):
                renamed = f" as {alias.asname}" if alias.asname else ""
                self.imports[word.partition(".")[0]] = Outside(f"import {alias.name}{renamed}")
            else:
                renamed = f" as {alias.asname}" if alias.asname else ""
                self.imports[word] = Outside(f"from {source} import {alias.name}{renamed}")


@functools.lru_cache(maxsize=512)
def _read(module: str, stamp: float) -> _Module:
    return _Module(module)


def _module(module: str) -> _Module:
    path = _path(module)
    return _read(module, path.stat().st_mtime if path else 0.0)


def _path(module: str) -> Path | None:
    """The file of a module of Trivium, or of an architecture of one's own."""
    own = binding.sources_of(module)
    if own is not None:
        return own
    path = ROOT.joinpath(*module.split(".")[1:])
    found = path.with_suffix(".py") if path.name else path
    return found if found.is_file() else None


class _Linker(ast.NodeTransformer):
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
