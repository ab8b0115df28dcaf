"""Linear layers whose weights are integers (`trivium/core/quantization.py`, which says how they are kept) in Flax."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import nnx

from trivium.core.quantization import Integers

from .model import Module
from .products import row_times, stays


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
        scale = self.scale[...]
        x, values = stays(x.astype(scale.dtype), self.values[...])
        found = _product(x, values) * scale if scale.ndim == 1 else x @ _unpacked(values, scale).T
        return found if self.bias is None else found + self.bias[...]


FEW = 8


def _product(x: jax.Array, weight: jax.Array) -> jax.Array:
    """x (..., i) times a weight (o, i) of integers, which become floats as they are read.

    XLA has a product written into memory as floats first; that of one row (`row_times`), or a sum over products of few, it fuses.
    """
    rows = math.prod(x.shape[:-1])
    if not isinstance(rows, int) or rows > FEW:  # a number that is not known where a program for any is traced
        return x @ weight.astype(x.dtype).T
    found = row_times(x.reshape(-1), weight) if rows == 1 else (x.reshape(rows, 1, -1) * weight.astype(x.dtype)).sum(-1)
    return found.reshape(*x.shape[:-1], -1)


def _unpacked(packed: jax.Array, scale: jax.Array) -> jax.Array:
    """The weight (o, i)."""
    signed = jnp.concatenate([packed & 15, packed >> 4], 1).astype(scale.dtype) - 8
    return (signed.reshape(*scale.shape, -1) * scale[..., None]).reshape(len(scale), -1)
