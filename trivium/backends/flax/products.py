"""Products of few rows and weights in half precision or of integers, in programs on a CPU.

XLA makes float32 copies of such a matrix before it multiplies, once for a loop over tokens, which then reads more bytes and
holds them all, or else in every step. What it fuses with the conversion is the product of one row, not too wide, and a matrix
whose own rows yield one number each. So programs get nnx's half-precision kernels, (inputs, outputs), a second time, turned and
in parts of so many inputs, which takes their memory once more.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax

from . import nn

FEW = 3  # rows, each of which reads the weight by itself; more are quicker with the copies
_WIDEST = 4095  # XLA fuses a product of one row that takes less than 16 KB


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
    count = -(-len(kernel) // _WIDEST)
    return [jnp.asarray(part.T) for part in jnp.array_split(kernel, count)]


def _times(x: jax.Array, kernel: jax.Array | None, turned: Sequence[jax.Array]) -> jax.Array:
    """x (..., I) times a kernel (I, O), which is also there in parts (O, i)."""
    x = x.astype(turned[0].dtype)
    if kernel is None or are_few(x):
        return by_row(x, functools.partial(_row_times, parts=turned))
    return jnp.matmul(x, kernel, preferred_element_type=jnp.float32).astype(x.dtype)


def are_few(x: jax.Array, few: int = FEW) -> bool:
    """Whether x (..., I) has few rows; a number that is not known, where a program for any is traced, is not few."""
    rows = math.prod(x.shape[:-1])
    return isinstance(rows, int) and rows <= few


def by_row(x: jax.Array, product: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """The products of each row (I,) of x (..., I): (..., O)."""
    return jnp.stack([product(row) for row in x.reshape(-1, x.shape[-1])]).reshape(*x.shape[:-1], -1)


def _row_times(x: jax.Array, parts: Sequence[jax.Array]) -> jax.Array:
    """x (I,) times a weight that is given as parts (O, i) of its inputs: (O,)."""
    ends = np.cumsum([part.shape[1] for part in parts])[:-1]
    return sum(map(row_times, jnp.split(x, ends), parts))  # type: ignore[return-value]


def row_times(x: jax.Array, weight: jax.Array, floats: Callable[[jax.Array], jax.Array] = lambda weight: weight) -> jax.Array:
    """x (I,) times the weight (O, I) that `floats` makes of what is kept, summed in float32: (O,)."""
    x, weight = lax.optimization_barrier((x, weight))  # as if both changed together: no conversion is moved out of a loop
    weight, wide = floats(weight).astype(jnp.float32), x.astype(jnp.float32)
    found = (wide[None] @ weight.T)[0] if len(x) <= _WIDEST else (wide * weight).sum(-1)  # the latter a fifth as quick
    # a bit less: with what is added to a product at once it would be fused, in the place of the conversion
    return lax.reduce_precision(found, 8, 22).astype(x.dtype)


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
        inputs, embedding = lax.optimization_barrier((inputs, self.embedding[...]))
        return jnp.take(embedding, inputs, axis=0)


_QUICK: dict[type, type] = {nnx.Linear: _Linear, nnx.Embed: _Embed, nn.Unembedding: _Unembedding}
