"""Linear layers whose weights are integers (`trivium/core/quantization.py`, which says how they are kept) in TensorFlow."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trivium.core.quantization import Integers

from .module import Module


class QuantizedLinear(Module):
    """A `keras.layers.Dense` with variables `values` and `scale` in the place of its kernel."""

    def __init__(self, integers: Integers, layer: Any) -> None:
        super().__init__()
        self.values = keras.Variable(integers.values, dtype=integers.values.dtype.name, trainable=False, name="values")
        scale = integers.scale.astype(np.dtype(layer.kernel.dtype))
        self.scale = keras.Variable(scale, dtype=layer.kernel.dtype, trainable=False, name="scale")
        self.bias = layer.bias

    def forward(self, x: tf.Tensor) -> tf.Tensor:
        scale = self.scale.value
        x = tf.cast(x, scale.dtype)
        if len(scale.shape) == 1:
            x = _product(x, tf.cast(self.values.value, x.dtype)) * scale
        else:
            x = _product(x, self._unpacked(scale))
        return x if self.bias is None else x + self.bias.value

    def _unpacked(self, scale: tf.Tensor) -> tf.Tensor:
        """The weight (o, i)."""
        outputs, groups = scale.shape
        packed = self.values.value
        halves = [
            tf.bitwise.bitwise_and(packed, tf.constant(15, tf.uint8)),
            tf.bitwise.right_shift(packed, tf.constant(4, tf.uint8)),
        ]
        signed = tf.cast(tf.concat(halves, 1), scale.dtype) - 8
        return tf.reshape(tf.reshape(signed, (outputs, groups, -1)) * scale[..., None], (outputs, -1))


def _product(x: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """x (..., i) times a weight (o, i)."""
    rows = tf.reshape(x, (-1, weight.shape[1]))
    found = tf.matmul(rows, weight, transpose_b=True)
    return (
        tf.reshape(found, tf.concat([tf.shape(x)[:-1], weight.shape[:1]], 0))
        if None in x.shape
        else tf.reshape(found, (*x.shape[:-1], weight.shape[0]))
    )
