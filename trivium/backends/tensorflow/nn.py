"""The layers of the contract (`trivium/core/nn.py`, which defines them) in Keras 3: its own layers wherever it has them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trivium.core.arrays import blank
from trivium.core.layers import Member, lstm_weights
from trivium.core.pretrained import building

from . import grouped
from .layers import Layers
from .model import Model, shared
from .module import Mode, Module, Unnamed, policy

__all__ = [
    "LSTM", "BatchNorm2d", "Buffer", "Chance", "Constant", "Conv1D", "Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d",
    "DropPath", "Dropout", "Embedding", "Experts", "GroupNorm", "LayerNorm", "Layers", "Linear", "Model", "Module",
    "Parameter", "RMSNorm", "SharedEmbedding", "Unembedding",
]  # fmt: skip


@keras.saving.register_keras_serializable("trivium")
class Blank(keras.initializers.Initializer):
    """No first values: zeros that take neither time nor memory, until the model draws them or loads what replaces them."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> tf.Tensor:
        return shared(blank(tuple(shape), np.dtype(dtype)))


def Parameter(shape: tuple[int, ...], init: Any = None) -> Unnamed:  # noqa: N802, as in the contract
    return Unnamed(shape, building().dtype, Blank())


def Buffer(shape: tuple[int, ...], init: Any = None) -> Unnamed:  # noqa: N802, as in the contract
    return Unnamed(shape, building().dtype, Blank(), trainable=False)


def Constant(values: np.ndarray) -> tf.Tensor:  # noqa: N802, as in the contract
    return tf.constant(values, tf.int32)


def Linear(  # noqa: N802
    inputs: int, outputs: int, bias: bool = True, init: Any = None, bias_init: Any = None, keep_float32: bool = False
) -> keras.layers.Dense:
    layer = keras.layers.Dense(outputs, use_bias=bias, kernel_initializer=Blank(), dtype=policy(keep_float32))
    layer.build((None, inputs))
    return layer


class Experts(Module):
    def __init__(self, count: int, sizes: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        for name, (inputs, outputs) in sizes.items():
            setattr(self, name, Parameter((count, inputs, outputs)))

    def forward(self, name: str, x: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
        return grouped.matmul(x, getattr(self, name).value, sizes)

    def __getitem__(self, index: int) -> Member:
        return Member(self, index)


def Conv1D(inputs: int, outputs: int, init: Any = None) -> keras.layers.Dense:  # noqa: N802
    return Linear(inputs, outputs)


class Embedding(keras.layers.Embedding):
    """`keras.layers.Embedding` with a dense gradient.

    Given Keras's own, of the rows that a batch has, Keras's Adam leaves the moments of all other rows as they are; in the other
    frameworks they fade, and the models would part.
    """

    def __init__(self, vocabulary: int, width: int, init: Any = None, trained: bool = True) -> None:
        super().__init__(vocabulary, width, embeddings_initializer=Blank(), dtype=policy(), trainable=trained)
        self.build(None)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.cast(_rows(tf.convert_to_tensor(self.embeddings), tf.cast(x, tf.int32)), self.compute_dtype)


@tf.custom_gradient
def _rows(table: tf.Tensor, index: tf.Tensor) -> Any:
    def backward(gradient: tf.Tensor) -> tuple[tf.Tensor, None]:
        rows = tf.reshape(gradient, (-1, table.shape[1]))
        return tf.math.unsorted_segment_sum(rows, tf.reshape(index, (-1,)), table.shape[0]), None

    return tf.gather(table, index), backward


def LayerNorm(width: int, eps: float) -> keras.layers.LayerNormalization:
    layer = keras.layers.LayerNormalization(epsilon=eps, dtype=policy())
    layer.build((None, width))
    return layer


def RMSNorm(width: int, eps: float, shift: float = 0.0) -> Any:  # noqa: N802
    if shift:
        return ShiftedRMSNorm(width, eps, shift)
    layer = OwnRMSNorm(epsilon=eps, dtype=policy(), autocast=False)
    layer.build((None, width))
    return layer


class OwnRMSNorm(keras.layers.RMSNormalization):
    """`keras.layers.RMSNormalization` that narrows what it gives to the dtype of its weight, and not what it takes."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.cast(super().call(x), self.compute_dtype)


class ShiftedRMSNorm(Module):
    """`keras.layers.RMSNormalization` whose weight is its distance from `shift`."""

    def __init__(self, width: int, eps: float, shift: float) -> None:
        super().__init__()
        self.scale = Parameter((width,))
        self.eps, self.shift = eps, shift

    def forward(self, x: tf.Tensor) -> tf.Tensor:
        wide = tf.cast(x, tf.float64 if x.dtype == tf.float64 else tf.float32)
        wide = wide * tf.math.rsqrt(tf.reduce_mean(wide * wide, -1, keepdims=True) + self.eps)
        return tf.cast(wide * (tf.cast(self.scale.value, wide.dtype) + self.shift), x.dtype)


def Dropout(rate: float) -> keras.layers.Dropout:  # noqa: N802
    return keras.layers.Dropout(rate, seed=building().draw_seed(), dtype=policy(), autocast=False)  # x in its own dtype


class DropPath(keras.layers.Dropout):
    def __init__(self, rate: float) -> None:
        super().__init__(rate, seed=building().draw_seed(), dtype=policy())

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or not self.rate:
            return x
        return x * super().call(tf.ones_like(x[(slice(None), *[slice(1)] * (len(x.shape) - 1))]), training)


class Chance(Module):
    def __init__(self) -> None:
        super().__init__()
        self.seed_generator, self.mode = keras.random.SeedGenerator(building().draw_seed()), Mode()

    @property
    def training(self) -> bool:
        return self.mode()

    def forward(self, shape: Sequence[Any], like: tf.Tensor) -> tf.Tensor:
        return keras.random.uniform(tuple(shape), dtype="float32", seed=self.seed_generator)


class BatchNorm(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` whose running variance is that of PyTorch: of n values, over n - 1."""

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        kept = self.momentum * tf.convert_to_tensor(self.moving_variance)
        y = super().call(x, training=training)
        if training and self.trainable:
            count = tf.cast(tf.size(x) // x.shape[-1], kept.dtype)
            new = tf.convert_to_tensor(self.moving_variance) - kept
            self.moving_variance.assign(kept + new * (count / tf.maximum(count - 1, 1)))
        return y


def BatchNorm2d(width: int, eps: float, momentum: float) -> BatchNorm:  # noqa: N802
    layer = BatchNorm(momentum=1 - momentum, epsilon=eps, dtype=policy())
    layer.build((None, None, None, width))
    return layer


def GroupNorm(groups: int, width: int, eps: float) -> keras.layers.GroupNormalization:  # noqa: N802
    layer = keras.layers.GroupNormalization(groups, epsilon=eps, dtype=policy())
    layer.build((None, None, width))
    layer.input_spec = None  # of any number of axes
    return layer


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
) -> Any:
    layer = keras.layers.Conv1D(
        outputs, kernel_size, stride, dilation_rate=dilation, groups=groups, use_bias=bias, **_convolution()
    )
    layer.build((None, None, inputs))
    return _padded(layer, ((padding, padding),))


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
) -> Any:
    layer = keras.layers.Conv2D(
        outputs, kernel_size, stride, dilation_rate=dilation, groups=groups, use_bias=bias, **_convolution()
    )
    layer.build((None, None, None, inputs))
    return _padded(layer, tuple((side, side) for side in padding))


def ConvTranspose1d(  # noqa: N802
    inputs: int,
    outputs: int,
    kernel_size: int,
    stride: int,
    init: Any = None,
    bias_init: Any = None,
) -> keras.layers.Conv1DTranspose:
    layer = keras.layers.Conv1DTranspose(outputs, kernel_size, stride, **_convolution())
    layer.build((None, None, inputs))
    return layer


class LSTM(Module):
    def __init__(self, inputs: int, width: int, layers: int) -> None:
        super().__init__()
        for name, shape in lstm_weights(inputs, width, layers).items():
            setattr(self, name, Parameter(shape))
        self.width, self.depth = width, layers

    def forward(self, x: tf.Tensor) -> tf.Tensor:
        x = tf.transpose(x, (1, 0, 2))
        for n in range(self.depth):
            entering, staying, *biases = (
                getattr(self, f"{name}_l{n}").value for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            given = tf.matmul(x, entering, transpose_b=True) + biases[0] + biases[1]  # (T, B, 4 D)
            start = tf.zeros((tf.shape(x)[1], self.width), x.dtype)
            x, _ = tf.scan(functools.partial(_remember, staying), given, (start, start))
        return tf.transpose(x, (1, 0, 2))


def _remember(staying: tf.Tensor, state: tuple[tf.Tensor, tf.Tensor], step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """One step of an LSTM: what it said and its cells, the next."""
    said, cell = state
    take, keep, new, show = tf.split(step + tf.matmul(said, staying, transpose_b=True), 4, -1)
    cell = tf.sigmoid(keep) * cell + tf.sigmoid(take) * tf.tanh(new)
    return tf.sigmoid(show) * tf.tanh(cell), cell


def ConvTranspose2d(  # noqa: N802
    inputs: int, outputs: int, kernel_size: tuple[int, int], stride: tuple[int, int]
) -> keras.layers.Conv2DTranspose:
    layer = keras.layers.Conv2DTranspose(outputs, kernel_size, stride, **_convolution())
    layer.build((None, None, None, inputs))
    return layer


def _convolution() -> dict[str, Any]:
    return {"data_format": "channels_last", "kernel_initializer": Blank(), "dtype": policy()}


def _padded(layer: Any, sides: tuple[tuple[int, int], ...]) -> Any:
    """A convolution that pads both sides alike, as PyTorch's does; Keras's own "same" pads more at the end."""
    if any(side for side, _ in sides):
        convolve = layer.call
        layer.sides = sides
        layer.call = lambda x: convolve(tf.pad(x, ((0, 0), *sides, (0, 0))))
    return layer


def SharedEmbedding(vocabulary: int, width: int, tied: bool) -> Any:  # noqa: N802
    return TiedEmbedding() if tied else UntiedEmbedding(vocabulary, width)


class TiedEmbedding(Module):
    """Has no table of its own."""

    def forward(self, x: tf.Tensor, other: keras.layers.Embedding) -> tf.Tensor:
        return other(x)


class UntiedEmbedding(Embedding):
    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__(vocabulary, width)
        self._allow_non_tensor_positional_args = True

    def call(self, x: tf.Tensor, other: Any = None) -> tf.Tensor:
        return super().call(x)


def Unembedding(width: int, vocabulary: int, tied: bool, bias: bool = False) -> Module:  # noqa: N802
    return Tied(vocabulary, bias) if tied else Untied(width, vocabulary, bias)


class Tied(Module):
    """Has no weight of its own, but perhaps a bias."""

    def __init__(self, vocabulary: int, bias: bool) -> None:
        super().__init__()
        self.bias = Parameter((vocabulary,)) if bias else None

    def forward(self, x: tf.Tensor, embedding: keras.layers.Embedding, bias: Any = None) -> tf.Tensor:
        x = tf.matmul(x, tf.cast(embedding.embeddings, x.dtype), transpose_b=True)
        bias = self.bias if bias is None else bias
        return x if bias is None else x + bias


class Untied(keras.layers.Dense):
    def __init__(self, width: int, vocabulary: int, bias: bool) -> None:
        super().__init__(vocabulary, use_bias=bias, kernel_initializer=Blank(), dtype=policy())
        self._allow_non_tensor_positional_args = True
        self.build((None, width))

    def call(self, x: tf.Tensor, embedding: keras.layers.Embedding, bias: Any = None) -> tf.Tensor:
        x = super().call(x)
        return x if bias is None else x + bias
