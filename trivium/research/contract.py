"""Whether a network file keeps to the contract, told from its source: what every framework can run and compile.

What is found is an error that names the line and the remedy, before any framework has seen the file.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from trivium.core import nn, ops
from trivium.core.errors import ContractError
from trivium.core.names import nearest

SIZES = "sizes = ops.shape(x): they may be unknown while TensorFlow traces; x.shape[-1] and len(x.shape) are always known"
METHODS = {
    **dict.fromkeys(("view", "unsqueeze", "squeeze", "flatten", "reshape"), "ops.reshape(x, shape)"),
    **dict.fromkeys(("permute", "transpose", "swapaxes"), "ops.transpose(x, axes)"),
    **dict.fromkeys(("to", "float", "half", "type", "astype"), "ops.cast(x, dtype) or ops.cast_like(x, other)"),
    **dict.fromkeys(("expand", "repeat"), "ops.broadcast_to(x, shape)"),
    **dict.fromkeys(("item", "numpy", "tolist"), "values are not known while a framework compiles; compute with ops"),
    **dict.fromkeys(("cuda", "cpu", "detach", "clone", "contiguous"), "leave it out: each framework has its own habits here"),
    **dict.fromkeys(("chunk",), "ops.split(x, parts, axis)"),
    **dict.fromkeys(("masked_fill", "masked_fill_"), "ops.where(condition, x, y)"),
    "size": SIZES,
}
"""Methods of one framework's tensors -> what the contract has instead."""


_IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Finding:
    """A line that breaks the contract."""

    line: int
    message: str
    hint: str


def check(path: Path) -> None:
    """Raises ContractError for the first line of a network file that breaks the contract; the others are named with it."""
    found = findings(path)
    if found:
        first, *others = found
        more = f"; so do lines {', '.join(str(finding.line) for finding in others)}" if others else ""
        raise ContractError(f"{first.message}{more}", path=f"{path}:{first.line}", hint=first.hint)


def findings(path: Path) -> list[Finding]:
    """The lines of a network file that break the contract.

    Raises:
        ContractError: The file is not Python.
    """
    try:
        tree = ast.parse(path.read_text(), str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ContractError(f"this is not Python: {error}", path=f"{path}:{line}", hint="mend the line") from None
    of_numpy = {id(node) for function in ast.walk(tree) if _is_constant(function) for node in ast.walk(function)}
    found = [finding for node in ast.walk(tree) for finding in _imports(node)]
    modules = {alias.asname or alias.name for node in tree.body if isinstance(node, _IMPORTS) for alias in node.names}
    found += [finding for node in ast.walk(tree) if id(node) not in of_numpy for finding in _statements(node, modules)]
    found += _names(tree)
    return sorted(found, key=lambda finding: finding.line)


def _is_constant(node: ast.AST) -> bool:
    """Whether a function computes a constant with NumPy, where anything goes."""
    names = (name.id for name in ast.walk(node) if isinstance(name, ast.Name)) if isinstance(node, ast.FunctionDef) else ()
    return "np" in names


def _imports(node: ast.AST) -> Iterator[Finding]:
    """Frameworks, and what is bound under a name that is bound to none."""
    allowed = {*sys.stdlib_module_names, "numpy", "trivium"}
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [node.module or ""]
    else:
        return
    for name in names:
        if name.partition(".")[0] not in allowed:
            hint = "a network is built of `from .. import nn, ops` alone, so that every framework can run it"
            yield Finding(node.lineno, f"{name} is outside the contract", hint)
        parts = name.split(".")
        of_models = parts[:2] == ["trivium", "models"]
        if (of_models and parts[-1] not in ("config", "outputs")) or parts[:2] == ["trivium", "backends"]:
            rest = ".".join(parts[2:])
            hint = f"from ..{rest} import ..." if rest and of_models else "from .. import heads, nn, ops"
            yield Finding(node.lineno, f"{name} under its absolute name is bound to no backend", hint)


def _statements(node: ast.AST, modules: set[str]) -> Iterator[Finding]:
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Subscript) and not _is_text(target.slice):
                hint = "make a new tensor: ops.where, ops.concat, ops.update"
                yield Finding(node.lineno, "a tensor is written in place, which JAX and TensorFlow do not allow", hint)
    if isinstance(node, ast.Assign) and _is_shape(node.value) and isinstance(node.targets[0], (ast.Tuple, ast.List)):
        yield Finding(node.lineno, "x.shape is unpacked", SIZES)
    if isinstance(node, ast.Subscript) and _is_shape(node.value) and ast.unparse(node.slice) != "-1":
        yield Finding(node.lineno, f"{ast.unparse(node)} may be unknown", SIZES)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        owner, name = ast.unparse(node.func.value), node.func.attr
        if owner.partition(".")[0] not in {*modules, "self", "super()"} or "(" in owner.removeprefix("super()"):
            yield Finding(node.lineno, f".{name}() is a method of one framework's tensors", METHODS[name])
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        for call in ast.walk(node.test):
            if isinstance(call, ast.Call) and _computes(call.func):
                hint = "ops.where(condition, x, y) takes both branches"
                yield Finding(node.lineno, f"a Python branch on the value of {ast.unparse(call)}", hint)


def _computes(function: ast.AST) -> bool:
    """Whether a call is of an op whose result is a tensor."""
    is_op = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "ops"
    return is_op and function.attr not in ("shape", "is_integer", "activation")  # type: ignore[attr-defined]


def _is_text(index: ast.AST) -> bool:
    return isinstance(index, ast.Constant) and isinstance(index.value, str)


def _is_shape(node: ast.AST) -> bool:
    """Whether this is the shape of a tensor; those of weights are known."""
    return isinstance(node, ast.Attribute) and node.attr == "shape" and not ast.unparse(node).startswith("self.")


def _names(tree: ast.Module) -> Iterator[Finding]:
    """What a file asks of the contract, or of a file that it is bound with, and is not there."""
    modules: dict[str, ModuleType] = {}
    for node in tree.body:
        if not (isinstance(node, ast.ImportFrom) and node.level == 2):
            continue
        for alias in node.names:
            name = ".".join(filter(None, ["trivium.models", node.module, alias.name]))
            try:
                modules[alias.asname or alias.name] = {"nn": nn, "ops": ops}.get(alias.name) or importlib.import_module(name)
            except ModuleNotFoundError:
                parent = importlib.import_module(name.rpartition(".")[0]) if node.module else None
                if not hasattr(parent, alias.name):
                    yield Finding(
                        node.lineno, f"there is no {alias.name!r} to be bound", "see trivium/models for what there is"
                    )
    for use in ast.walk(tree):
        if isinstance(use, ast.Attribute) and isinstance(use.value, ast.Name) and use.value.id in modules:
            public = _public(modules[use.value.id])
            if use.attr not in public:
                yield Finding(use.lineno, f"there is no {ast.unparse(use)}", nearest(use.attr, public))


def _public(module: ModuleType) -> list[str]:
    """What a module offers: the contract's own names, of other files all."""
    if module in (nn, ops):
        return [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    return [name for name in vars(module) if not name.startswith("__")]
