"""Products of states and weights in half precision, in programs on a CPU.

XLA makes float32 copies of a half-precision matrix before it multiplies, once for a loop over tokens, which then reads twice the
bytes, or else in every step. What it fuses with the conversion is the product of one row, not too wide, and a matrix whose own
rows yield one number each. So programs get nnx's kernels, (inputs, outputs), a second time, turned and in parts of so many
inputs, which takes their memory once more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from flax import nnx

from . import nn


WIDEST = 4095  # XLA fuses a product of one row that takes less than 16 KB


def prepared(model: nnx.Module) -> nnx.Module:
    """A model whose linear layers in half precision do as above; the model itself where there are none, or no CPU."""
    if jax.default_backend() != "cpu" or not any(_is_slow(part) for _, part in nnx.iter_modules(model)):
        return model
    model = nnx.merge(*nnx.split(model))
    for _, part in list(nnx.iter_modules(model)):
        if type(part) in _QUICK and hasattr(part, "kernel"):
            part.turned = nnx.List(map(nnx.Param, _turned(part.kernel[...])))
        if type(part) in _QUICK:
            part.__class__ = _QUICK[type(part)]
    return model


def _is_slow(part: Any) -> bool:
    return type(part) is nnx.Linear and part.kernel[...].ndim == 2 and part.kernel[...].dtype.itemsize == 2


def _turned(kernel: jax.Array) -> list[jax.Array]:
    """A kernel (I, O) as parts (O, i)."""
    count = -(-len(kernel) // WIDEST)
    return [jnp.asarray(part.T) for part in jnp.array_split(kernel, count)]


def _times(x: jax.Array, kernel: jax.Array | None, turned: Sequence[jax.Array]) -> jax.Array:
    """x (..., I) times a kernel (I, O), which is also there in parts (O, i)."""
    x = x.astype(turned[0].dtype)
    if kernel is None or math.prod(x.shape[:-1]) == 1:
        rows = [row_times(row, *turned) for row in x.reshape(-1, x.shape[-1])]
        return jnp.stack(rows).reshape(*x.shape[:-1], -1)
    return jnp.matmul(x, kernel, preferred_element_type=jnp.float32).astype(x.dtype)


def row_times(x: jax.Array, *parts: jax.Array) -> jax.Array:
    """x (I,) times a weight (O, I) of any dtype, or the parts of its inputs, summed in float32: (O,)."""
    ends = np.cumsum([part.shape[1] for part in parts])[:-1]
    pieces = jnp.split(x.astype(jnp.float32), ends)
    products = (_fused(*pair) for pair in zip(pieces, parts, strict=True))
    # a bit less: what is added at once XLA fuses with the addition, and not with the conversion
    return sum(lax.reduce_precision(product, 8, 22) for product in products).astype(x.dtype)  # type: ignore[union-attr]


def _fused(x: jax.Array, weight: jax.Array) -> jax.Array:
    x, weight = stays(x, weight)
    weight = weight.astype(x.dtype)
    return (x[None] @ weight.T)[0] if len(x) <= WIDEST else (x * weight).sum(-1)  # a fifth as quick, but fused


def stays(x: jax.Array, weight: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Both, of which XLA believes that they change together: it moves no conversion of the weight out of a loop."""
    return lax.optimization_barrier((x, weight))


def _values(parts: nnx.List) -> list[jax.Array]:
    return [part[...] for part in parts]


class _Linear(nnx.Linear):
    def __call__(self, x: jax.Array, out_sharding: Any = None) -> jax.Array:
        found = _times(x, self.kernel[...], _values(self.turned))
        return found if self.bias is None else found + self.bias[...]


class _Unembedding(nn.Unembedding):
    def forward(self, x: jax.Array, embedding: nnx.Embed, bias: jax.Array | None = None) -> jax.Array:
        weights = (None, [embedding.embedding[...]]) if self._tied else (self.kernel[...], _values(self.turned))
        bias = self.bias[...] if self._biased else bias
        found = _times(x, *weights)
        return found if bias is None else found + bias.astype(found.dtype)


class _Embed(nnx.Embed):
    def __call__(self, inputs: jax.Array) -> jax.Array:
        inputs, embedding = stays(inputs, self.embedding[...])
        return jnp.take(embedding, inputs, axis=0)


_QUICK: dict[type, type] = {nnx.Linear: _Linear, nnx.Embed: _Embed, nn.Unembedding: _Unembedding}
