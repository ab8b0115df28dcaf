"""Programs (`trivium/core/programs.py`, which defines them) in JAX: jitted functions of the weights."""

from __future__ import annotations

import contextlib
import functools
import weakref
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from trivium.core import programs

from . import products

_kept: weakref.WeakKeyDictionary[Any, dict[Any, Callable[..., Any]]] = weakref.WeakKeyDictionary()
_prepared: weakref.WeakKeyDictionary[Any, tuple[Any, Any]] = weakref.WeakKeyDictionary()


def forget(model: Any) -> None:
    """Drops the programs of a model that is to be another."""
    _kept.pop(model, None)
    _prepared.pop(model, None)


def _split(model: Any) -> tuple[Any, Any]:
    """The graph and state that programs run, which are kept for as long as the model's weights are."""
    leaves = jax.tree.leaves(nnx.state(model))
    kept = _prepared.get(model)
    if kept is None or any(old is not new for old, new in zip(kept[0], leaves, strict=True)):
        other = products.prepared(model)
        if other is model:
            return nnx.split(model)
        kept = _prepared[model] = leaves, nnx.split(other)
    return kept[1]


class Programs(programs.Programs):
    def __init__(self, model: Any, compiled: bool | None = None) -> None:
        self.model, self.compiles = model, compiled is not False
        self.whole_loops = self.compiles  # JAX would compile a loop by itself
        self._graph, self._state = _split(model) if self.compiles else nnx.split(model)

    def __call__(self, run: Callable[..., Any], *static: Any) -> Callable[..., Any]:
        graph = self._graph

        def with_weights(state: Any, *tensors: Any) -> Any:
            model = nnx.merge(graph, state, copy=True)
            model.eval()
            return run(model, *static, *tensors)

        if not self.compiles:
            return functools.partial(with_weights, self._state)
        kept = _kept.setdefault(self.model, {})
        if (run, static, graph) not in kept:
            kept[run, static, graph] = jax.jit(with_weights, donate_argnums=1)
        return functools.partial(kept[run, static, graph], self._state)

    def running(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def tensor(self, array: np.ndarray) -> jax.Array:
        return jnp.asarray(array)

    def copy(self, tensors: Any) -> Any:
        return jax.tree.map(jnp.copy, tensors)

    @staticmethod
    def array(tensor: Any) -> np.ndarray:
        return np.asarray(tensor)
