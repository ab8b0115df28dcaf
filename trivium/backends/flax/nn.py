"""The layers of the contract (`trivium/core/nn.py`, which defines them) in Flax: nnx's own modules wherever it has them."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from trivium.core.errors import ConfigError
from trivium.core.layers import Member, lstm_weights
from trivium.core.pretrained import building

from . import grouped
from .layers import Layers
from .model import Model, Module, rngs

__all__ = [
    "LSTM", "BatchNorm2d", "Buffer", "Chance", "Constant", "Conv1D", "Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d",
    "DropPath", "Dropout", "Embedding", "Experts", "GroupNorm", "LayerNorm", "Layers", "Linear", "Model", "Module",
    "Parameter", "RMSNorm", "SharedEmbedding", "Unembedding",
]  # fmt: skip


def _dtype(keep_float32: bool = False) -> jnp.dtype:
    dtype = jnp.dtype(building().dtype_of(keep_float32))
    if dtype != jax.dtypes.canonicalize_dtype(dtype):
        hint = 'jax.config.update("jax_enable_x64", True) first, or dtype="float32"'
        raise ConfigError(f"JAX would make {dtype} weights {jax.dtypes.canonicalize_dtype(dtype)}", key="dtype", hint=hint)
    return dtype


def _abstract(key: Any, shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
    """No first values: the model draws them, or loads what replaces them."""
    return jax.ShapeDtypeStruct(shape, dtype)


def _in_dtype_of_weights(arrays: tuple[Any, ...], *, dtype: Any = None, inexact: bool = True) -> tuple[Any, ...]:
    """The input and weights of a layer in the dtype of the weights, whatever that is when the layer is called."""
    dtype = dtype or arrays[min(1, len(arrays) - 1)].dtype
    return tuple(None if x is None else jnp.asarray(x, dtype) for x in arrays)


def _options(*inits: str) -> dict[str, Any]:
    """What all layers are made with; `inits` are the names of their initializers."""
    made = {"param_dtype": _dtype(), "promote_dtype": _in_dtype_of_weights, "rngs": SimpleNamespace(params=lambda: None)}
    return made | dict.fromkeys(inits, _abstract)


def Parameter(shape: tuple[int, ...], init: Any = None) -> nnx.Param:  # noqa: N802, as in the contract
    return nnx.Param(_abstract(None, shape, _dtype()))


class _Buffer(nnx.Variable):
    """A weight that is no `nnx.Param`, so that optimizers and `model.params` leave it out."""


def Buffer(shape: tuple[int, ...], init: Any = None) -> nnx.Variable:  # noqa: N802, as in the contract
    return _Buffer(_abstract(None, shape, _dtype()))


class _Constant(nnx.Variable):
    """Integers that are no weight."""


def Constant(values: np.ndarray) -> nnx.Variable:  # noqa: N802, as in the contract
    return _Constant(jnp.asarray(values, jnp.int32))


def Linear(  # noqa: N802
    inputs: int, outputs: int, bias: bool = True, init: Any = None, bias_init: Any = None, keep_float32: bool = False
) -> nnx.Linear:
    options = _options("kernel_init", "bias_init") | {"param_dtype": _dtype(keep_float32), "dot_general": _by_rows}
    return nnx.Linear(inputs, outputs, use_bias=bias, **options)


def _by_rows(x: jax.Array, kernel: jax.Array, axes: Any = None, **options: Any) -> jax.Array:
    """x (..., I) times a kernel (I, O), as one matrix of rows.

    Products over two axes, as the kernel's gradient would be, get copies that are turned; into each XLA fuses the sums that led
    to what is copied, so that a network computed its stream's gradient again for every kernel, through all layers above.
    """
    if x.ndim < 3 or (isinstance(x.shape[-2], int) and x.shape[-2] == 1):  # of one token each, which is quicker as it is
        return jnp.matmul(x, kernel, **options)
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    return jnp.matmul(rows, kernel, **options).reshape(*x.shape[:-1], kernel.shape[1])


class Experts(Module):
    def __init__(self, count: int, sizes: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        for name, (inputs, outputs) in sizes.items():
            setattr(self, name, Parameter((count, inputs, outputs)))

    def forward(self, name: str, x: jax.Array, sizes: jax.Array) -> jax.Array:
        return grouped.matmul(x, getattr(self, name)[...], sizes)

    def __getitem__(self, index: int) -> Member:
        return Member(self, index)


def Conv1D(inputs: int, outputs: int, init: Any = None) -> nnx.Linear:  # noqa: N802
    return Linear(inputs, outputs)


def Embedding(vocabulary: int, width: int, init: Any = None, trained: bool = True) -> nnx.Embed:  # noqa: N802
    layer = nnx.Embed(vocabulary, width, **_options("embedding_init"))
    layer.dtype = None  # nnx has the dtype of the weights at birth
    if not trained:
        layer.embedding = Buffer((vocabulary, width))
    return layer


class SharedEmbedding(Module):
    def __init__(self, vocabulary: int, width: int, tied: bool) -> None:
        super().__init__()
        if not tied:
            self.embedding = Parameter((vocabulary, width))
        self._tied = tied

    def forward(self, x: jax.Array, other: nnx.Embed | None = None) -> jax.Array:
        table = other.embedding if self._tied else self.embedding  # type: ignore[union-attr]
        return jnp.take(table[...], jnp.asarray(x), 0)


def LayerNorm(width: int, eps: float) -> nnx.LayerNorm:
    return nnx.LayerNorm(width, epsilon=eps, use_fast_variance=False, **_options("scale_init", "bias_init"))


def RMSNorm(width: int, eps: float, shift: float = 0.0) -> Any:  # noqa: N802
    if shift:
        return ShiftedRMSNorm(width, eps, shift)
    return OwnRMSNorm(width, epsilon=eps, **_options("scale_init") | {"promote_dtype": _each_in_its_dtype})


def _each_in_its_dtype(arrays: tuple[Any, ...], *, dtype: Any = None) -> tuple[Any, ...]:
    return arrays


class OwnRMSNorm(nnx.RMSNorm):
    """`nnx.RMSNorm` that narrows what it gives to the dtype of its weight, and not what it takes."""

    def __call__(self, x: jax.Array, mask: Any = None) -> jax.Array:
        return super().__call__(x, mask).astype(self.scale.dtype)


class ShiftedRMSNorm(Module):
    """`nnx.RMSNorm` whose weight is its distance from `shift`."""

    def __init__(self, width: int, eps: float, shift: float) -> None:
        super().__init__()
        self.scale = Parameter((width,))
        self.eps, self.shift = eps, shift

    def forward(self, x: jax.Array) -> jax.Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        wide = wide * jax.lax.rsqrt(jnp.mean(wide * wide, -1, keepdims=True) + self.eps)
        return (wide * (self.scale[...].astype(wide.dtype) + self.shift)).astype(x.dtype)


def Dropout(rate: float) -> nnx.Dropout:  # noqa: N802
    return nnx.Dropout(rate, rngs=rngs() if rate else None)


def DropPath(rate: float) -> nnx.Dropout:  # noqa: N802
    return SampleDropout(rate, rngs=rngs() if rate else None)


class SampleDropout(nnx.Dropout):
    """Leaves out whole samples."""

    def __call__(self, x: jax.Array) -> jax.Array:
        if self.deterministic or not self.rate:
            return x
        return x * super().__call__(jnp.ones((x.shape[0], *[1] * (x.ndim - 1)), x.dtype))


class Chance(Module):
    def __init__(self) -> None:
        super().__init__()
        self.rngs, self.deterministic = rngs()["dropout"].fork(), False

    @property
    def training(self) -> bool:
        return not self.deterministic  # which nnx sets in `train` and `eval`

    def forward(self, shape: Sequence[int], like: jax.Array) -> jax.Array:
        return jax.random.uniform(self.rngs(), tuple(shape), jnp.float32)


class BatchNorm(nnx.BatchNorm):
    """`nnx.BatchNorm` whose running variance is that of PyTorch: of n values, over n - 1, unless it is `biased`."""

    biased = False

    def __call__(self, x: jax.Array) -> jax.Array:
        kept = self.momentum * self.var[...]
        y = super().__call__(x)
        if not (self.use_running_average or self.biased):
            count = x.size // x.shape[-1]
            self.var[...] = kept + (self.var[...] - kept) * (count / max(count - 1, 1))
        return y


def BatchNorm2d(width: int, eps: float, momentum: float) -> BatchNorm:  # noqa: N802
    options = _options("scale_init", "bias_init")
    layer = BatchNorm(width, momentum=1 - momentum, epsilon=eps, use_fast_variance=False, **options)
    layer.mean, layer.var = (nnx.BatchStat(_abstract(None, (width,), _dtype())) for _ in range(2))
    return layer


class Unembedding(Module):
    def __init__(self, width: int, vocabulary: int, tied: bool, bias: bool = False) -> None:
        super().__init__()
        if not tied:
            self.kernel = Parameter((width, vocabulary))
        if bias:
            self.bias = Parameter((vocabulary,))
        self._tied, self._biased = tied, bias

    def forward(self, x: jax.Array, embedding: nnx.Embed, bias: jax.Array | None = None) -> jax.Array:
        kernel = embedding.embedding[...].T if self._tied else self.kernel[...]
        bias = self.bias[...] if self._biased else bias
        x, kernel, bias = _in_dtype_of_weights((x, kernel, bias))
        x = _by_rows(x, kernel)
        return x if bias is None else x + bias


def GroupNorm(groups: int, width: int, eps: float) -> nnx.GroupNorm:  # noqa: N802
    options = _options("scale_init", "bias_init")
    return nnx.GroupNorm(width, groups, epsilon=eps, use_fast_variance=False, **options)


def Conv1d(  # noqa: N802
    inputs: int,
    outputs: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
    bias: bool = True,
    dilation: int = 1,
    init: Any = None,
    bias_init: Any = None,
) -> nnx.Conv:
    return _convolution(inputs, outputs, (kernel_size,), (stride,), (padding,), groups, bias, (dilation,))


def Conv2d(  # noqa: N802
    inputs: int,
    outputs: int,
    kernel_size: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    groups: int = 1,
    bias: bool = True,
    dilation: tuple[int, int] = (1, 1),
    init: Any = None,
    bias_init: Any = None,
) -> nnx.Conv:
    return _convolution(inputs, outputs, kernel_size, stride, padding, groups, bias, dilation)


def ConvTranspose1d(  # noqa: N802
    inputs: int,
    outputs: int,
    kernel_size: int,
    stride: int,
    init: Any = None,
    bias_init: Any = None,
) -> nnx.ConvTranspose:
    options = _options("kernel_init", "bias_init")
    return nnx.ConvTranspose(inputs, outputs, (kernel_size,), (stride,), padding="VALID", transpose_kernel=True, **options)


class LSTM(Module):
    def __init__(self, inputs: int, width: int, layers: int) -> None:
        super().__init__()
        for name, shape in lstm_weights(inputs, width, layers).items():
            setattr(self, name, Parameter(shape))
        self._width, self._depth = width, layers

    def forward(self, x: jax.Array) -> jax.Array:
        for n in range(self._depth):
            entering, staying, *biases = (
                getattr(self, f"{name}_l{n}")[...] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            given = x @ entering.T + biases[0] + biases[1]  # (B, T, 4 D)
            start = jnp.zeros((x.shape[0], self._width), x.dtype)
            _, steps = jax.lax.scan(functools.partial(_remember, staying), (start, start), given.swapaxes(0, 1))
            x = steps.swapaxes(0, 1)
        return x


def _remember(staying: jax.Array, state: tuple[jax.Array, jax.Array], step: jax.Array) -> tuple[Any, jax.Array]:
    """One step of an LSTM: what it said and its cells, the next; and what it says."""
    said, cell = state
    take, keep, new, show = jnp.split(step + said @ staying.T, 4, -1)
    cell = jax.nn.sigmoid(keep) * cell + jax.nn.sigmoid(take) * jnp.tanh(new)
    said = jax.nn.sigmoid(show) * jnp.tanh(cell)
    return (said, cell), said


def ConvTranspose2d(  # noqa: N802
    inputs: int, outputs: int, kernel_size: tuple[int, int], stride: tuple[int, int]
) -> nnx.ConvTranspose:
    options = _options("kernel_init", "bias_init")
    return nnx.ConvTranspose(inputs, outputs, kernel_size, stride, padding="VALID", transpose_kernel=True, **options)


def _convolution(
    inputs: int,
    outputs: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    groups: int,
    bias: bool,
    dilation: tuple[int, ...] = (1,),
) -> nnx.Conv:
    sides = tuple((side, side) for side in padding)  # hashable, as a module's description has to be
    options = _options("kernel_init", "bias_init")
    options |= {"padding": sides, "kernel_dilation": dilation, "feature_group_count": groups, "use_bias": bias}
    return nnx.Conv(inputs, outputs, size, stride, **options)
