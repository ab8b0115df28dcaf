"""Products of states and weights in half precision, in programs on a CPU.

XLA makes float32 copies of a half-precision matrix before it multiplies, once for a loop over tokens, which then reads twice the
bytes, or else in every step. A sum of products of one row it fuses with the conversion, if each of the matrix's own rows yields
one number; so programs get nnx's kernels, (inputs, outputs), a second time, turned, which takes their memory once more.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from flax import nnx

from . import nn


def prepared(model: nnx.Module) -> nnx.Module:
    """A model whose linear layers in half precision do as above; the model itself where there are none, or no CPU."""
    if jax.default_backend() != "cpu" or not any(_is_slow(part) for _, part in nnx.iter_modules(model)):
        return model
    model = nnx.merge(*nnx.split(model))
    for _, part in list(nnx.iter_modules(model)):
        if type(part) in _QUICK and hasattr(part, "kernel"):
            part.turned = nnx.Param(jnp.asarray(part.kernel[...].T))
        if type(part) in _QUICK:
            part.__class__ = _QUICK[type(part)]
    return model


def _is_slow(part: Any) -> bool:
    return type(part) is nnx.Linear and part.kernel[...].ndim == 2 and part.kernel[...].dtype.itemsize == 2


def _times(x: jax.Array, kernel: jax.Array | None, turned: jax.Array) -> jax.Array:
    """x (..., I) times a kernel (I, O), which is also there as (O, I)."""
    x = x.astype(turned.dtype)
    if kernel is None or math.prod(x.shape[:-1]) == 1:
        rows = [row_times(row, turned) for row in x.reshape(-1, x.shape[-1])]
        return jnp.stack(rows).reshape(*x.shape[:-1], -1)
    return jnp.matmul(x, kernel, preferred_element_type=jnp.float32).astype(x.dtype)


def row_times(x: jax.Array, weight: jax.Array) -> jax.Array:
    """x (I,) times a weight (O, I) of any dtype, summed in float32: (O,)."""
    x, weight = stays(x, weight)
    return (weight.astype(jnp.float32) * x.astype(jnp.float32)).sum(-1).astype(x.dtype)


def stays(x: jax.Array, weight: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Both, of which XLA believes that they change together: it moves no conversion of the weight out of a loop."""
    return lax.optimization_barrier((x, weight))


class _Linear(nnx.Linear):
    def __call__(self, x: jax.Array, out_sharding: Any = None) -> jax.Array:
        found = _times(x, self.kernel[...], self.turned[...])
        return found if self.bias is None else found + self.bias[...]


class _Unembedding(nn.Unembedding):
    def forward(self, x: jax.Array, embedding: nnx.Embed, bias: jax.Array | None = None) -> jax.Array:
        weights = (None, embedding.embedding[...]) if self._tied else (self.kernel[...], self.turned[...])
        bias = self.bias[...] if self._biased else bias
        found = _times(x, *weights)
        return found if bias is None else found + bias.astype(found.dtype)


class _Embed(nnx.Embed):
    def __call__(self, inputs: jax.Array) -> jax.Array:
        inputs, embedding = stays(inputs, self.embedding[...])
        return jnp.take(embedding, inputs, axis=0)


_QUICK: dict[type, type] = {nnx.Linear: _Linear, nnx.Embed: _Embed, nn.Unembedding: _Unembedding}
