"""Layers in turn: each by itself, or those that are alike as one, so that what is compiled does not grow with depth."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from trivium.core.layers import Part, Scanned, apply_layers, run_layer


class Layers(nnx.List):
    rematerialise = False

    def __init__(self, layers: Iterable[Any]) -> None:
        super().__init__(layers)

    def __call__(self, x: Any, *shared: Any, cache: Any = None, hidden_states: bool = False, **options: Any) -> Any:
        return apply_layers(self, x, shared, cache, hidden_states, options, _again if self.rematerialise else run_layer)


def _again(layer: Any, x: Any, *shared: Any, cache: Any, **options: Any) -> Any:
    """Calls a layer that is computed again in the gradient."""
    graphdef, state = nnx.split(layer)

    @jax.checkpoint
    def body(state: Any, x: Any, cache: Any) -> Any:
        before, own = jax.tree.leaves(state), nnx.merge(graphdef, state)
        return own(x, *shared, cache=cache, **options), _changed(own, before)

    found, changed = body(state, x, cache)
    _update(layer, state, changed)
    return found


def _changed(layer: Any, before: list[Any]) -> list[Any]:
    """Of each leaf of a layer's state what has become of it, None where nothing: dropout's counters, running statistics."""
    return [None if new is old else new for new, old in zip(jax.tree.leaves(nnx.state(layer)), before, strict=True)]


def _update(layer: Any, state: Any, changed: list[Any]) -> None:
    if any(new is not None for new in changed):
        leaves, structure = jax.tree.flatten(state)
        leaves = [old if new is None else new for new, old in zip(changed, leaves, strict=True)]
        nnx.update(layer, jax.tree.unflatten(structure, leaves))


class ScannedLayers(Scanned, nnx.Module):
    """Of layers that are alike, one is kept, whose arrays have an axis more; it is run by one `jax.lax.scan`.

    By index one gets a copy of a layer.
    """

    def __init__(self, layers: Layers, rematerialise: bool) -> None:
        runs = [list(run) for _, run in itertools.groupby(layers, _kind)]
        self.counts = tuple(map(len, runs))
        self.runs = nnx.List(run[0] if len(run) == 1 else _stack(run) for run in runs)
        self.rematerialise = rematerialise

    def __getitem__(self, index: int) -> Any:
        run, place = self.find(range(len(self))[index])
        if place is None:
            return run
        graphdef, state = nnx.split(run)
        return nnx.merge(graphdef, jax.tree.map(lambda leaf: leaf[place], state))

    def place(self, index: int) -> Any:
        run, place = self.find(index)
        return (run, None, ()) if place is None else (run, Part, (place,))

    def __call__(self, x: Any, *shared: Any, cache: Any = None, hidden_states: bool = False, **options: Any) -> Any:
        return self.apply(x, shared, cache, hidden_states, options)

    def scan(self, run: Any, x: Any, caches: list[Any], shared: Any, hidden_states: bool, options: Any) -> Any:
        graphdef, state = nnx.split(run)

        def body(x: Any, xs: Any) -> Any:
            state, cache = xs
            before, layer = jax.tree.leaves(state), nnx.merge(graphdef, state)
            x, kept = layer(x, *shared, cache=cache, **options)
            return x, (x if hidden_states else None, kept, _changed(layer, before))

        xs = state, _stacked(caches)
        y, _ = jax.eval_shape(body, x, jax.tree.map(lambda leaf: leaf[0], xs))
        if (y.shape, y.dtype) == (x.shape, x.dtype):
            x, ys = jax.lax.scan(jax.checkpoint(body) if self.rematerialise else body, x, xs)
        else:  # no scan changes the shape of what it carries
            each = []
            for index in range(len(caches)):
                x, its = body(x, jax.tree.map(lambda leaf, index=index: leaf[index], xs))
                each.append(its)
            ys = _stacked(each)
        seen, kept, changed = ys
        _update(run, state, changed)
        return x, _unstacked(seen, len(caches)), _unstacked(kept, len(caches))


def _kind(layer: Any) -> Any:
    """Equal for two layers that one program can run."""
    graphdef, state = nnx.split(layer)
    leaves, structure = jax.tree.flatten(state)
    return graphdef, structure, [(leaf.shape, leaf.dtype) for leaf in leaves]


def _stack(layers: list[Any]) -> Any:
    """One layer with the arrays of all."""
    graphdef, state = nnx.split(layers[0])
    return nnx.merge(graphdef, jax.tree.map(_joined, state, *(nnx.state(layer) for layer in layers[1:])))


def _joined(*leaves: Any) -> Any:
    if isinstance(leaves[0], jax.ShapeDtypeStruct):
        return jax.ShapeDtypeStruct((len(leaves), *leaves[0].shape), leaves[0].dtype)
    return jnp.stack(leaves)


def _stacked(trees: list[Any]) -> Any:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def _unstacked(tree: Any, count: int) -> list[Any]:
    leaves, structure = jax.tree.flatten(tree)
    parts = zip(*map(jnp.unstack, leaves), strict=True) if leaves else [()] * count
    return [jax.tree.unflatten(structure, part) for part in parts]
