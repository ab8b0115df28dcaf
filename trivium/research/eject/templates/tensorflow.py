"""What ejected files have in TensorFlow, by Keras 3."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from safetensors import safe_open

from trivium.backends.tensorflow.ops import gelu, gelu_tanh, quick_gelu

from .common import apply_layers, matched, rows_of_columns, weight_files

Tensor = tf.Tensor


class Composed:
    """What modules and models have in common: Keras has a property `output` of its own, which refuses to be set."""

    @property
    def output(self) -> Any:
        return vars(self).get("output_") or super().output  # type: ignore[misc]

    @output.setter
    def output(self, layer: Any) -> None:
        self.output_ = layer


class Module(Composed, keras.layers.Layer):
    """A part of a network, which makes its weights in `__init__` and says in `forward` what it computes.

    It is called past `Layer.__call__`, which would forbid calls that mix tensors with other arguments. `training` reaches the
    leaves from the model.
    """

    def __init__(self) -> None:
        super().__init__()
        self.built = True

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)


@dataclass
class Arguments:
    """What a model is called with; Keras refuses tensors and other values side by side in one argument."""

    inputs: tuple[Any, ...]
    options: dict[str, Any]


class Model(Composed, keras.Model):
    """A whole network, and what `load_weights` has to know of its checkpoints.

    Attributes:
        prefix: The name under which checkpoints of networks with a head keep this one, or under which this one keeps its body.
        tied: Other names of weights -> their names.
        renamed: Parts of names in checkpoints -> what they are called here.
        spared: Patterns of names that a checkpoint may lack, or have, since the code itself makes what they hold.
    """

    prefix: ClassVar[str] = ""
    tied: ClassVar[dict[str, str]] = {}
    renamed: ClassVar[dict[str, str]] = {}
    spared: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: Any) -> None:
        super().__init__()
        self._convert_input_args = False  # integers stay integers
        self._allow_non_tensor_positional_args = True
        self.built = True
        self.config = config

    # Keras has a property `layers` of models, which refuses to be set: a part of that name counts as a list of layers, too
    @property
    def layers(self) -> Any:
        return self.__dict__["layers_"] if "layers_" in self.__dict__ else keras.Model.layers.fget(self)

    @layers.setter
    def layers(self, stack: Any) -> None:
        self.layers_ = stack

    def __call__(self, *inputs: Any, training: bool | None = None, **options: Any) -> Any:
        """Calls the network with inputs by place or name, or with one dict of them, as `fit` passes it."""
        if inputs and isinstance(inputs[0], dict):
            inputs, options = inputs[1:], {**inputs[0], **options}
        return super().__call__(Arguments(inputs, options), training=training)

    def call(self, given: Arguments, training: bool | None = None) -> Any:
        options = {name: as_tensor(value) for name, value in given.options.items()}
        return self.forward(*map(as_tensor, given.inputs), **options)

    def like(self) -> tf.Tensor:
        """A weight, for its dtype."""
        return self.trainable_variables[0].value


def as_tensor(value: Any) -> Any:
    """An input as the framework takes it."""
    return tf.convert_to_tensor(value) if isinstance(value, np.ndarray) else value


class Layers(Module):
    """Layers that are applied in turn; see `apply_layers`."""

    def __init__(self, layers: Any) -> None:
        super().__init__()
        self.stack = list(layers)

    def forward(self, x: Any, *shared: Any, cache: Any = None, hidden_states: bool = False, **options: Any) -> Any:
        return apply_layers(self.stack, x, shared, cache, hidden_states, options)

    def __getitem__(self, index: int) -> Any:
        return self.stack[index]

    def __iter__(self) -> Any:
        return iter(self.stack)

    def __len__(self) -> int:
        return len(self.stack)


# Layers whose arguments are the framework's own


def Linear(inputs: int, outputs: int, bias: bool = True) -> keras.layers.Dense:  # noqa: N802
    layer = keras.layers.Dense(outputs, use_bias=bias)
    layer.build((None, inputs))
    return layer


class Embedding(keras.layers.Embedding):
    """`keras.layers.Embedding` that is built from the start."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__(vocabulary, width)
        self.build(None)


class FixedEmbedding(keras.layers.Embedding):
    """Rows of a table that is given, and not trained."""

    def __init__(self, vocabulary: int, width: int, sines: Any) -> None:
        super().__init__(vocabulary, width, trainable=False)
        self.build(None)
        self.embeddings.assign(sines.table(vocabulary, width))


def LayerNorm(width: int, eps: float) -> keras.layers.LayerNormalization:
    layer = keras.layers.LayerNormalization(epsilon=eps)
    layer.build((None, width))
    return layer


def Dropout(rate: float) -> keras.layers.Dropout:  # noqa: N802
    return keras.layers.Dropout(rate)


class Mode(keras.layers.Layer):
    """Whether the model is in training: Keras tells its leaves when they are called."""

    def call(self, training: bool = False) -> bool:
        return bool(training)


class Chance(Module):
    """Random numbers, as `chance(shape, like)`, float32 from 0 up to 1; and whether the network is in training."""

    def __init__(self) -> None:
        super().__init__()
        self.seed_generator, self.mode = keras.random.SeedGenerator(), Mode()

    @property
    def training(self) -> bool:
        return self.mode()

    def forward(self, shape: Any, like: tf.Tensor) -> tf.Tensor:
        return keras.random.uniform(tuple(shape), dtype="float32", seed=self.seed_generator)


def Parameter(shape: tuple[int, ...]) -> keras.Variable:  # noqa: N802
    return keras.Variable("glorot_uniform", shape=shape)


def ZerosParameter(shape: tuple[int, ...]) -> keras.Variable:  # noqa: N802
    return keras.Variable("zeros", shape=shape)


def OnesParameter(shape: tuple[int, ...]) -> keras.Variable:  # noqa: N802
    return keras.Variable("ones", shape=shape)


def FilledParameter(shape: tuple[int, ...], value: float) -> keras.Variable:  # noqa: N802
    return keras.Variable(tf.fill(shape, float(value)))


def RandomParameter(shape: tuple[int, ...]) -> keras.Variable:  # noqa: N802
    return keras.Variable("random_normal", shape=shape)


def ZerosBuffer(shape: tuple[int, ...]) -> keras.Variable:  # noqa: N802
    return keras.Variable("zeros", shape=shape, trainable=False)


def OnesBuffer(shape: tuple[int, ...]) -> keras.Variable:  # noqa: N802
    return keras.Variable("ones", shape=shape, trainable=False)


def MadeBuffer(shape: tuple[int, ...], values: Any) -> keras.Variable:  # noqa: N802
    return keras.Variable("zeros", shape=shape, trainable=False)


def Constant(values: np.ndarray) -> tf.Tensor:  # noqa: N802
    return tf.constant(values, tf.int32)


def _convolution() -> dict[str, Any]:
    return {"data_format": "channels_last"}


class Conv1D(Module):
    """A linear layer whose weight is stored (inputs, outputs), as GPT-2's checkpoints have it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = keras.Variable("random_normal", shape=(inputs, outputs))
        self.bias = keras.Variable("zeros", shape=(outputs,))

    def forward(self, x: tf.Tensor) -> tf.Tensor:
        return x @ self.weight + self.bias


def _grouped_matmul(x: tf.Tensor, kernels: Any, sizes: tf.Tensor) -> tf.Tensor:
    """x (M, I), the rows of each group together; kernels (E, I, O); sizes (E,), which add up to M -> (M, O)."""
    kernels = tf.unstack(tf.convert_to_tensor(kernels))
    if tf.executing_eagerly():
        return tf.concat([part @ kernel for part, kernel in zip(tf.split(x, sizes), kernels, strict=True)], 0)
    # XLA knows no sizes that depend on values: every group's product, of which each row keeps its own
    ends, rows = tf.cumsum(sizes), tf.range(tf.shape(x)[0])[:, None]
    found = x @ kernels[0]
    for group, kernel in enumerate(kernels[1:]):
        found = tf.where(rows >= ends[group], x @ kernel, found)
    return found


class Experts(Module):
    """Linear layers without bias, `count` of each name, for rows of which each goes through one of them.

    `experts(name, x, sizes)` takes rows (M, i) in the order of their experts and how many each has, (count,): -> (M, o).
    """

    def __init__(self, count: int, sizes: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        for name, (inputs, outputs) in sizes.items():
            setattr(self, name, keras.Variable("random_normal", shape=(count, inputs, outputs)))

    def forward(self, name: str, x: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
        return _grouped_matmul(x, getattr(self, name), sizes)


class Untied(keras.layers.Dense):
    """A linear layer that does not use the embedding it is given."""

    def __init__(self, width: int, vocabulary: int, bias: bool) -> None:
        super().__init__(vocabulary, use_bias=bias)
        self._allow_non_tensor_positional_args = True
        self.build((None, width))

    def call(self, x: tf.Tensor, embedding: keras.layers.Embedding, bias: Any = None) -> tf.Tensor:
        x = super().call(x)
        return x if bias is None else x + bias


# Functions


def _t(x: Any) -> Any:
    return x


def einsum(formula: str, *xs: Any) -> tf.Tensor:
    return tf.einsum(formula, *xs)


ACTIVATIONS = {
    "gelu": gelu,
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "gelu_fast": gelu_tanh,
    "quick_gelu": quick_gelu,
    "relu": tf.nn.relu,
    "sigmoid": tf.sigmoid,
    "silu": tf.nn.silu,
    "swish": tf.nn.silu,
    "tanh": tf.tanh,
}


def activation(name: str) -> Any:
    return ACTIVATIONS[name]


# Loading


def load_weights(model: Model, source: str | Path, strict: bool = True) -> None:
    """Fills a model with the weights of a checkpoint of Transformers.

    Args:
        model: The model.
        source: A safetensors file, or a folder with one or several.
        strict: Whether it is an error if weights are missing, which are left as they are otherwise, or not expected.

    Raises:
        MissingWeights, UnexpectedWeights, ShapeMismatch: The checkpoint does not fit; the model is as it was.
    """
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(safe_open(path, "tf")) for path in weight_files(source)]
        owner = {key: file for file in files for key in file.keys()}  # noqa: SIM118
        weights = weights_of(model)
        stored = {key: file.get_slice(key).get_shape() for key, file in owner.items()}
        for name, key in matched(model, stored, {name: weight.shape for name, weight in weights.items()}, strict).items():
            weights[name].fill(owner[key].get_tensor(key))


@dataclass
class Weight:
    """A weight of the model: where it is, and the axes of the checkpoint's tensor in the order that it has them in."""

    variable: keras.Variable
    axes: tuple[int, ...]
    index: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor in checkpoints."""
        sizes = self.variable.shape[-len(self.axes) :] if self.axes else ()
        return tuple(sizes[self.axes.index(axis)] for axis in range(len(sizes)))

    def fill(self, tensor: tf.Tensor) -> None:
        """Gives the weight the values of a checkpoint's tensor."""
        tensor = tf.cast(tf.transpose(tensor, self.axes), self.variable.dtype)
        if self.index is not None:
            tensor = tf.tensor_scatter_nd_update(self.variable, [[self.index]], tensor[None])
        self.variable.assign(tensor)


NAMES = {
    **dict.fromkeys(("kernel", "gamma", "scale", "embeddings"), "weight"),
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""What Keras calls a weight -> what PyTorch's checkpoints call it."""
AXES = {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 1, 0)}
"""The axes of PyTorch's kernels as Keras has them, by their number."""


def weights_of(part: Any, path: str = "") -> dict[str, Weight]:
    """The weights by their names in checkpoints."""
    found: dict[str, Weight] = {}
    for name, value in members_of(part):
        if isinstance(value, keras.layers.Layer):
            found |= weights_of(value, f"{path}{name}.")
        elif isinstance(value, keras.Variable) and tf.as_dtype(value.dtype).is_floating:
            axes = AXES[len(value.shape)] if name == "kernel" else tuple(range(len(value.shape)))
            found[f"{path}{NAMES.get(name, name)}"] = Weight(value, axes)
    return found


def weights_of_with_experts(part: Any, path: str = "") -> dict[str, Weight]:
    """The weights by their names in checkpoints, where each expert has its own."""
    found: dict[str, Weight] = {}
    for name, value in members_of(part):
        if isinstance(value, keras.layers.Layer):
            found |= weights_of_with_experts(value, f"{path}{name}.")
        elif isinstance(value, keras.Variable) and isinstance(part, Experts):
            found |= {f"{path}{index}.{name}.weight": Weight(value, (1, 0), index) for index in range(value.shape[0])}
        elif isinstance(value, keras.Variable) and tf.as_dtype(value.dtype).is_floating:
            axes = AXES[len(value.shape)] if name == "kernel" else tuple(range(len(value.shape)))
            found[f"{path}{NAMES.get(name, name)}"] = Weight(value, axes)
    return found


def members_of(part: Any) -> list[tuple[Any, Any]]:
    """What a part is made of, by name."""
    if isinstance(part, Layers):
        return list(enumerate(part.stack))
    if isinstance(part, Module | Model):
        return [(name.removesuffix("_"), value) for name, value in vars(part).items() if not name.startswith("_")]
    return [(variable.name, variable) for variable in part.variables]


def linear_assignment(costs: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
    """The row of each column: (B, M, Q), (B, M) -> (B, Q); see `rows_of_columns`."""
    found = tf.numpy_function(rows_of_columns, [tf.stop_gradient(costs), real], tf.int32)
    return tf.ensure_shape(found, (costs.shape[0], costs.shape[2]))
