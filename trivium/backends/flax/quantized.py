"""Linear layers whose weights are integers (`trivium/core/quantization.py`, which says how they are kept) in Flax."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from trivium.core.quantization import Integers

from .model import Module
from .products import are_few, by_row, row_times

FEW = 8  # rows, each of which reads the integers by itself: copies as floats would take the memory that integers save


class Quantity(nnx.Variable):
    """Integers or scales, which are no `nnx.Param`, so that optimizers and `model.params` leave them out."""


class QuantizedLinear(Module):
    """An `nnx.Linear` with variables `values` and `scale` in the place of its kernel."""

    def __init__(self, integers: Integers, layer: nnx.Linear) -> None:
        super().__init__()
        self.values = Quantity(jnp.asarray(integers.values))
        self.scale = Quantity(jnp.asarray(integers.scale, layer.kernel[...].dtype))
        self.bias = layer.bias

    def forward(self, x: jax.Array) -> jax.Array:
        values, scale = self.values[...], self.scale[...]
        x = x.astype(scale.dtype)
        found = _times_bytes(x, values) * scale if scale.ndim == 1 else _times_nibbles(x, values, scale)
        return found if self.bias is None else found + self.bias[...]


def _times_bytes(x: jax.Array, values: jax.Array) -> jax.Array:
    """x (..., i) times values (o, i)."""
    if are_few(x, FEW):
        return by_row(x, lambda row: row_times(row, values))
    return x @ values.astype(x.dtype).T


def _times_nibbles(x: jax.Array, packed: jax.Array, scale: jax.Array) -> jax.Array:
    """x (..., i) times the weight (o, i) of two integers in each byte of packed (o, i / 2), with a scale (o, groups)."""
    low, high = jnp.split(jnp.repeat(scale, 2, axis=1), 2, axis=1)  # of halves of groups, for the half may be in one's midst

    def first(packed: jax.Array) -> jax.Array:
        return _scaled(packed & 15, low)

    def second(packed: jax.Array) -> jax.Array:
        return _scaled(packed >> 4, high)

    if are_few(x, FEW):
        before, after = jnp.split(x, 2, axis=-1)
        found = by_row(before, lambda row: row_times(row, packed, first))
        return found + by_row(after, lambda row: row_times(row, packed, second))
    return x @ jnp.concatenate([first(packed), second(packed)], 1).T


def _scaled(nibbles: jax.Array, scale: jax.Array) -> jax.Array:
    """Numbers (o, i) of integers from 0 to 15, of which 8 stands for zero."""
    groups = jnp.broadcast_to(scale[..., None], (*scale.shape, nibbles.shape[1] // scale.shape[1]))
    return (nibbles.astype(scale.dtype) - 8) * groups.reshape(nibbles.shape)
