"""The loop of `nn.Layers`, for the backends that run it as it stands."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


def run_layer(layer: Any, *inputs: Any, **options: Any) -> Any:
    """Calls a layer: what a backend that computes layers again in the gradient has something else for."""
    return layer(*inputs, **options)


def apply_layers(
    layers: Iterable[Any],
    x: Any,
    shared: tuple[Any, ...],
    cache: Any,
    hidden_states: bool,
    options: dict[str, Any],
    run: Callable[..., Any] = run_layer,
) -> tuple[Any, dict[str, Any]]:
    """What the contract says of `nn.Layers`; see there. Each layer is called by `run`."""
    seen, kept = [x], []
    for index, layer in enumerate(layers):
        x, extras = run(layer, x, *shared, cache=None if cache is None else cache[index], **options)
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


class Scanned:
    """`nn.Layers` of which neighbours that are alike are a run, held as one; `counts` says how many layers a run has.

    A backend gives a layer by its index (by which Python iterates, too), and has these methods:

    Attributes:
        place: Of a layer's index: a layer in which to look for weights; what makes `Part`s of them, given its index; and that.
        scan: Of a run, x, its caches, what all share, whether states are asked for, and options: the last x, x after each layer
            if it is asked for, and what each kept.
    """

    runs: Iterable[Any]
    counts: tuple[int, ...]
    place: Callable[[int], tuple[Any, Callable[[Any, str, tuple[int, ...]], Part] | None, tuple[int, ...]]]
    scan: Callable[..., tuple[Any, list[Any], list[Any]]]

    def __len__(self) -> int:
        return sum(self.counts)

    def find(self, index: int) -> tuple[Any, int | None]:
        """The run of a layer, and its index there; None for a layer that is alone, and so is the run."""
        for run, count in zip(self.runs, self.counts, strict=True):
            if index < count:
                return run, index if count > 1 else None
            index -= count
        raise IndexError("there are no more layers")

    def apply(
        self, x: Any, shared: tuple[Any, ...], cache: Any, hidden_states: bool, options: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """`apply_layers`, of runs."""
        caches = iter(itertools.repeat(None) if cache is None else cache)
        seen, kept = [x], []
        for run, count in zip(self.runs, self.counts, strict=True):
            its = list(itertools.islice(caches, count))
            if count > 1:
                x, seen_here, kept_here = self.scan(run, x, its, shared, hidden_states, options)
            else:
                x, extras = run(x, *shared, cache=its[0], **options)
                seen_here, kept_here = [x], [extras]
            seen += seen_here
            kept += kept_here
        return x, collect(seen if hidden_states else None, kept)


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
