"""The loop of `nn.Layers`, for the backends that run it as it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


def apply_layers(
    layers: Iterable[Any], x: Any, shared: tuple[Any, ...], cache: Any, hidden_states: bool, options: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """What the contract says of `nn.Layers`; see there."""
    seen, kept = [x], []
    for index, layer in enumerate(layers):
        x, extras = layer(x, *shared, cache=None if cache is None else cache[index], **options)
        seen.append(x)
        kept.append(extras)
    return x, collect(seen if hidden_states else None, kept)


def collect(seen: list[Any] | None, kept: list[dict[str, Any]]) -> dict[str, Any]:
    """What layers kept, by name, as a tuple over layers or None; with the hidden states, where there are any."""
    found: dict[str, Any] = {"hidden_states": None if seen is None else tuple(seen)}
    for name in kept[0] if kept else ():
        found[name] = None if kept[0][name] is None else tuple(extras[name] for extras in kept)
    return found


def lstm_weights(inputs: int, width: int, layers: int) -> dict[str, tuple[int, ...]]:
    """Name -> shape of the weights of `nn.LSTM`."""
    found: dict[str, tuple[int, ...]] = {}
    for n in range(layers):
        found |= {f"weight_ih_l{n}": (4 * width, width if n else inputs), f"weight_hh_l{n}": (4 * width, width)}
        found |= {f"bias_ih_l{n}": (4 * width,), f"bias_hh_l{n}": (4 * width,)}
    return found


class Part(NamedTuple):
    """Where the weight of one layer is that is kept in a stack with others: `stack.name[index]`."""

    stack: Any
    name: str
    index: tuple[int, ...]  # type: ignore[assignment]  # a tuple's method of that name is nobody's business here


class Member:
    """One of the things that a stack holds, by whose attributes `Part`s are found."""

    def __init__(self, stack: Any, index: int) -> None:
        self._stack, self._index = stack, index

    def __getattr__(self, name: str) -> Part:
        return Part(self._stack, name, (self._index,))
