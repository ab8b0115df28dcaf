"""The base class of TensorFlow's modules, which are Keras's layers."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras

from trivium.core.pretrained import building


class Unnamed(NamedTuple):
    """A variable that is made, and named, once it is an attribute: optimizers know weights by their names."""

    shape: tuple[int, ...]
    dtype: str
    initializer: Any
    trainable: bool = True

    def named(self, name: str) -> keras.Variable:
        """The variable."""
        shape, dtype = self.shape, self.dtype
        return keras.Variable(self.initializer, shape=shape, dtype=dtype, trainable=self.trainable, name=name)


def policy(keep_float32: bool = False) -> keras.DTypePolicy:
    """Of a layer under construction: weights in the model's dtype, and computation as a mixed global policy of Keras says.

    A policy such as "mixed_bfloat16" counts for weights of its dtype. Otherwise computation is in the weights' dtype.
    """
    chosen, dtype = keras.config.dtype_policy(), building().dtype_of(keep_float32)
    mixed = chosen.compute_dtype != chosen.variable_dtype and chosen.variable_dtype == dtype
    return chosen if mixed else keras.DTypePolicy(dtype)


class Composed:
    """What modules and models have in common. They make their weights in `__init__`, so that they are built from the start."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value.named(name) if isinstance(value, Unnamed) else value)

    # Keras has a property `output` of its own, which refuses to be set, and leaves whatever has this name out of its files
    @property
    def output(self) -> Any:
        return vars(self).get("output_") or super().output

    @output.setter
    def output(self, layer: Any) -> None:
        self.output_ = layer


class Module(Composed, keras.layers.Layer):
    """A part of a network: a Keras layer that holds others.

    It is called past `Layer.__call__`, which is for leaves and for models: there it would only forbid calls that mix tensors
    with other arguments, and take longer than the work. `training` reaches the leaves from the model.
    """

    def __init__(self) -> None:
        super().__init__(dtype=policy())
        self.built = True

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)


class Mode(keras.layers.Layer):
    """Whether the model is in training: Keras tells its leaves when they are called."""

    def call(self, training: bool = False) -> bool:
        return bool(training)
