"""A model's output as a dict of tensors, which needs no class of Trivium's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trivium.core.outputs import ModelOutput


def named(out: ModelOutput, prefix: str = "") -> dict[str, Any]:
    """Name -> tensor; those of a tuple are numbered: "hidden_states_0", ..."""
    found: dict[str, Any] = {}
    for name, value in out.items():
        if isinstance(value, ModelOutput):
            found |= named(value, f"{prefix}{name}_")
        elif isinstance(value, tuple):
            found |= {f"{prefix}{name}_{index}": leaf for index, leaf in enumerate(_leaves(value))}
        else:
            found[prefix + name] = value
    return found


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for part in value:
            yield from _leaves(part)
    elif value is not None:
        yield value
