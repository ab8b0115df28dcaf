"""Looking inside a model, the same in every framework: what its parts return, and what follows if they returned something else.

A part is named by its path, as its weights are: "encoder.layer.3.attention". What it returns is its first tensor: of an
attention that also returns its weights, the stream; of a layer, the stream after it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trivium.core.errors import InputError
from trivium.core.layers import Member, Part, Scanned
from trivium.core.names import nearest
from trivium.core.outputs import ModelOutput
from trivium.core.pretrained import at

Tensor = Any
Edit = Callable[[Tensor], Tensor]


@dataclass
class Trace:
    """What was seen during a call of a model.

    Attributes:
        output: What the model returned.
        activations: Path -> what the part returned, as the framework's tensor; a list of them, if it was called several times
            (ALBERT's one layer). In the order in which the parts returned first.
    """

    output: Any
    activations: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, path: str) -> Any:
        return self.activations[path]


def trace(
    model: Any,
    inputs: Mapping[str, Any],
    names: Iterable[str] = ("*",),
    edits: Mapping[str, Edit] | None = None,
    **options: Any,
) -> Trace:
    """Calls a model and keeps what its parts return.

    Args:
        model: Of any backend. It is called as it stands, without compiling it; in PyTorch, gradients flow as they do otherwise.
        inputs: Its inputs by name, as tensors or NumPy arrays.
        names: Paths of parts, or patterns of them as of `fnmatch`: "encoder.layer.*.attention".
        edits: Path or pattern -> what becomes of what the part returns before anyone sees it: `zero`, `add(x)`, `replace(x)`,
            or a function of your own from tensor to tensor.
        **options: Of the model's call: `output_attentions=True`.

    Raises:
        InputError: A name is of no part of the model; the nearest are offered. Or a part that is named was not called.
    """
    names, edits = list(names), dict(edits or {})
    found = {path: [] for name in names for path in _paths(model, name)}  # type: ignore[var-annotated]
    changes = {path: edit for name, edit in edits.items() for path in _paths(model, name)}
    order: list[str] = []

    def watcher(path: str) -> Callable[[Any], Any]:
        def watch(returned: Any) -> Any:
            value = _first(returned)
            if path in changes:
                value = changes[path](value)
                returned = _with_first(returned, value)
            if path in found:
                found[path].append(value)
                order.append(path)
            return returned

        return watch

    with watching(model, {path: watcher(path) for path in {**found, **changes}}):
        output = model(**{name: model._native(value) for name, value in inputs.items()}, **options)
    for name in names:
        if not any(found[path] for path in _paths(model, name)):
            hint = "a part may be held for its weights alone, or be left out by these inputs"
            raise InputError(f"{name!r} was not called", key=name, hint=hint)
    return Trace(output, {path: found[path][0] if len(found[path]) == 1 else found[path] for path in dict.fromkeys(order)})


@contextlib.contextmanager
def watching(model: Any, watchers: Mapping[str, Callable[[Any], Any]]) -> Iterator[None]:
    """While this is open, what a part returns goes through its watcher, by path; the watcher's answer takes its place."""
    with contextlib.ExitStack() as stack:
        for path, watch in watchers.items():
            stack.callback(model._watch(at(model, path), watch))
        yield


# Edits


def zero(x: Tensor) -> Tensor:
    """The part returns zeros."""
    return x * 0


def add(value: Tensor) -> Edit:
    """The part returns what it did, and a tensor of a shape that fits: a direction (D,) to steer by, say."""
    return lambda x: x + value


def replace(value: Tensor) -> Edit:
    """The part returns something else of the same shape, such as what it returned for another input."""

    def edit(x: Tensor) -> Tensor:
        if tuple(x.shape) != tuple(value.shape):
            raise InputError(f"{tuple(value.shape)} cannot stand for what the part returns, which is {tuple(x.shape)}")
        return value

    return edit


# Within what parts return


def _first(returned: Any) -> Any:
    while isinstance(returned, (tuple, ModelOutput)):
        returned = returned[0]
    return returned


def _with_first(returned: Any, value: Any) -> Any:
    if isinstance(returned, ModelOutput):
        name = returned.keys()[0]
        return dataclasses.replace(returned, **{name: _with_first(returned[name], value)})
    if isinstance(returned, tuple):
        return (_with_first(returned[0], value), *returned[1:])
    return value


def _paths(model: Any, name: str) -> list[str]:
    parts = [path for path in model.layout.parts if path]
    found = [path for path in parts if fnmatch.fnmatchcase(path, name)]
    if not found:
        raise InputError(f"{type(model).__name__} has no part {name!r}", key=name, hint=nearest(name, parts))
    called = [path for path in found if _is_called(model, path)]
    if not called:
        hint = "name the whole of which it is a part; and trace a model before scan_layers()"
        raise InputError(f"{name!r} is kept in one stack with its like, and not called by itself", key=name, hint=hint)
    return called


def _is_called(model: Any, path: str) -> bool:
    """Whether a part is a module of its own, and no slice of a stack, as one of several experts or a layer of a scan."""
    part = model
    for step in path.split("."):
        if isinstance(part, Scanned):
            part, place = part.find(int(step))
            if place is not None:
                return False
        else:
            part = at(part, step)
        if isinstance(part, (Member, Part)):
            return False
    return True
