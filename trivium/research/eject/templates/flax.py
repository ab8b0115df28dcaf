"""What ejected files have in Flax."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from safetensors import safe_open

from trivium.backends.flax.ops import gelu, gelu_tanh, quick_gelu

from .common import apply_layers, matched, rows_of_columns, weight_files

Module = nnx.Module
Tensor = jax.Array


@jax.tree_util.register_dataclass
@dataclass
class ModelOutput:
    """Named results: `out.logits`, `out["logits"]`; `out[0]` is the first of those that are not None."""

    def to_tuple(self) -> tuple[Any, ...]:
        """The results that are not None."""
        return tuple(value for field in fields(self) if (value := getattr(self, field.name)) is not None)

    def __getitem__(self, index: str | int | slice) -> Any:
        return getattr(self, index) if isinstance(index, str) else self.to_tuple()[index]


class Model(nnx.Module):
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
        self.config = config

    def like(self) -> jax.Array:
        """A weight, for its dtype."""
        return jax.tree.leaves(nnx.state(self, nnx.Param))[0]


class Layers(nnx.List):
    """Layers that are applied in turn; see `apply_layers`."""

    def __call__(self, x: Any, *shared: Any, cache: Any = None, hidden_states: bool = False, **options: Any) -> Any:
        return apply_layers(self, x, shared, cache, hidden_states, options)


# Layers whose arguments are the framework's own

RNGS = nnx.Rngs(0)
"""What first values and dropout are drawn from."""


def Linear(inputs: int, outputs: int, bias: bool = True) -> nnx.Linear:  # noqa: N802
    return nnx.Linear(inputs, outputs, use_bias=bias, rngs=RNGS)


def Embedding(vocabulary: int, width: int) -> nnx.Embed:  # noqa: N802
    return nnx.Embed(vocabulary, width, rngs=RNGS)


class Untrained(nnx.Variable):
    """A weight that no optimizer sees."""


class FixedEmbedding(nnx.Module):
    """Rows of a table that is given, and not trained."""

    def __init__(self, vocabulary: int, width: int, sines: Any) -> None:
        super().__init__()
        self.embedding = Untrained(jnp.asarray(sines.table(vocabulary, width)))

    def __call__(self, x: jax.Array) -> jax.Array:
        return jnp.take(self.embedding[...], x, 0)


def LayerNorm(width: int, eps: float) -> nnx.LayerNorm:
    return nnx.LayerNorm(width, epsilon=eps, use_fast_variance=False, rngs=RNGS)


def RMSNorm(width: int, eps: float, shift: float = 0.0) -> Any:  # noqa: N802
    return ShiftedRMSNorm(width, eps, shift) if shift else nnx.RMSNorm(width, epsilon=eps, rngs=RNGS)


class ShiftedRMSNorm(nnx.Module):
    """`nnx.RMSNorm` whose weight is its distance from `shift`."""

    def __init__(self, width: int, eps: float, shift: float) -> None:
        super().__init__()
        self.scale = nnx.Param(jnp.zeros(width))
        self.eps, self.shift = eps, shift

    def __call__(self, x: jax.Array) -> jax.Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        wide = wide * jax.lax.rsqrt(jnp.mean(wide * wide, -1, keepdims=True) + self.eps)
        return (wide * (self.scale[...].astype(wide.dtype) + self.shift)).astype(x.dtype)


def Dropout(rate: float) -> nnx.Dropout:  # noqa: N802
    return nnx.Dropout(rate, rngs=RNGS)


class Chance(nnx.Module):
    """Random numbers, as `chance(shape, like)`, float32 from 0 up to 1; and whether the network is in training."""

    def __init__(self) -> None:
        self.rngs, self.deterministic = RNGS["dropout"].fork(), False

    @property
    def training(self) -> bool:
        return not self.deterministic

    def __call__(self, shape: Any, like: jax.Array) -> jax.Array:
        return jax.random.uniform(self.rngs(), tuple(shape), jnp.float32)


def DropPath(rate: float) -> nnx.Dropout:  # noqa: N802
    return SampleDropout(rate, rngs=RNGS)


class SampleDropout(nnx.Dropout):
    """Leaves out whole samples."""

    def __call__(self, x: jax.Array) -> jax.Array:
        if self.deterministic or not self.rate:
            return x
        return x * super().__call__(jnp.ones((x.shape[0], *[1] * (x.ndim - 1)), x.dtype))


def BatchNorm2d(width: int, eps: float, momentum: float) -> nnx.BatchNorm:  # noqa: N802
    return nnx.BatchNorm(width, momentum=1 - momentum, epsilon=eps, use_fast_variance=False, rngs=RNGS)


def GroupNorm(groups: int, width: int, eps: float) -> nnx.GroupNorm:  # noqa: N802
    return nnx.GroupNorm(width, groups, epsilon=eps, use_fast_variance=False, rngs=RNGS)


def _convolution(
    inputs: int,
    outputs: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    groups: int,
    bias: bool,
    dilation: tuple[int, ...],
) -> nnx.Conv:
    """A convolution that pads both sides alike."""
    sides = tuple((side, side) for side in padding)
    how: dict[str, Any] = {"kernel_dilation": dilation, "feature_group_count": groups, "use_bias": bias}
    return nnx.Conv(inputs, outputs, size, stride, padding=sides, **how, rngs=RNGS)


def ConvTranspose1d(inputs: int, outputs: int, kernel_size: int, stride: int) -> nnx.ConvTranspose:  # noqa: N802
    return nnx.ConvTranspose(inputs, outputs, (kernel_size,), (stride,), padding="VALID", transpose_kernel=True, rngs=RNGS)


def ConvTranspose2d(  # noqa: N802
    inputs: int, outputs: int, kernel_size: tuple[int, int], stride: tuple[int, int]
) -> nnx.ConvTranspose:
    return nnx.ConvTranspose(inputs, outputs, kernel_size, stride, padding="VALID", transpose_kernel=True, rngs=RNGS)


class Conv1D(nnx.Module):
    """A linear layer whose weight is stored (inputs, outputs), as GPT-2's checkpoints have it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nnx.Param(0.02 * jax.random.normal(RNGS(), (inputs, outputs)))
        self.bias = nnx.Param(jnp.zeros(outputs))

    def __call__(self, x: jax.Array) -> jax.Array:
        return x @ self.weight[...] + self.bias[...]


def Parameter(shape: tuple[int, ...]) -> nnx.Param:  # noqa: N802
    return nnx.Param(0.02 * jax.random.normal(RNGS(), shape))


def ZerosParameter(shape: tuple[int, ...]) -> nnx.Param:  # noqa: N802
    return nnx.Param(jnp.zeros(shape))


def OnesParameter(shape: tuple[int, ...]) -> nnx.Param:  # noqa: N802
    return nnx.Param(jnp.ones(shape))


def FilledParameter(shape: tuple[int, ...], value: float) -> nnx.Param:  # noqa: N802
    return nnx.Param(jnp.full(shape, value))


def RandomParameter(shape: tuple[int, ...]) -> nnx.Param:  # noqa: N802
    return nnx.Param(0.02 * jax.random.normal(RNGS(), shape))


def ZerosBuffer(shape: tuple[int, ...]) -> nnx.Variable:  # noqa: N802
    return Untrained(jnp.zeros(shape))


def OnesBuffer(shape: tuple[int, ...]) -> nnx.Variable:  # noqa: N802
    return Untrained(jnp.ones(shape))


def MadeBuffer(shape: tuple[int, ...], values: Any) -> nnx.Variable:  # noqa: N802
    return Untrained(jnp.zeros(shape))


def Constant(values: np.ndarray) -> nnx.Variable:  # noqa: N802
    return Untrained(jnp.asarray(values, jnp.int32))


class Experts(nnx.Module):
    """Linear layers without bias, `count` of each name, for rows of which each goes through one of them.

    `experts(name, x, sizes)` takes rows (M, i) in the order of their experts and how many each has, (count,): -> (M, o).
    """

    def __init__(self, count: int, sizes: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        for name, (inputs, outputs) in sizes.items():
            setattr(self, name, nnx.Param(0.02 * jax.random.normal(RNGS(), (count, inputs, outputs))))

    def __call__(self, name: str, x: jax.Array, sizes: jax.Array) -> jax.Array:
        return jax.lax.ragged_dot(x, getattr(self, name)[...], sizes)


class Unembedding(nnx.Module):
    """A linear layer that uses the table of an embedding instead of a kernel of its own where it is `tied`."""

    def __init__(self, width: int, vocabulary: int, tied: bool, bias: bool = False) -> None:
        super().__init__()
        if not tied:
            self.kernel = nnx.Param(0.02 * jax.random.normal(RNGS(), (width, vocabulary)))
        if bias:
            self.bias = nnx.Param(jnp.zeros(vocabulary))
        self.tied, self.biased = tied, bias

    def __call__(self, x: jax.Array, embedding: nnx.Embed, bias: jax.Array | None = None) -> jax.Array:
        x = x @ (embedding.embedding[...].T if self.tied else self.kernel[...])
        bias = self.bias if self.biased else bias
        return x if bias is None else x + bias[...]


class SharedEmbedding(nnx.Module):
    """An embedding that uses the table of another instead of its own where it is `tied`."""

    def __init__(self, vocabulary: int, width: int, tied: bool) -> None:
        super().__init__()
        if not tied:
            self.embedding = nnx.Param(0.02 * jax.random.normal(RNGS(), (vocabulary, width)))
        self.tied = tied

    def __call__(self, x: jax.Array, other: nnx.Embed | None = None) -> jax.Array:
        return jnp.take((other if self.tied else self).embedding[...], x, 0)


# Functions


ACTIVATIONS = {
    "gelu": gelu,
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "gelu_fast": gelu_tanh,
    "quick_gelu": quick_gelu,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
    "swish": jax.nn.silu,
    "tanh": jnp.tanh,
}


def activation(name: str) -> Any:
    return ACTIVATIONS[name]


# Loading


def load_weights(model: Model, source: str | Path, strict: bool = True) -> None:
    """Fills a model with the weights of a checkpoint of Transformers, and turns it to inference.

    Args:
        model: The model.
        source: A safetensors file, or a folder with one or several.
        strict: Whether it is an error if weights are missing, which are left as they are otherwise, or not expected.

    Raises:
        MissingWeights, UnexpectedWeights, ShapeMismatch: The checkpoint does not fit; the model is as it was.
    """
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(safe_open(path, "flax")) for path in weight_files(source)]
        owner = {key: file for file in files for key in file.keys()}  # noqa: SIM118
        weights = weights_of(model)
        stored = {key: file.get_slice(key).get_shape() for key, file in owner.items()}
        for name, key in matched(model, stored, {name: weight.shape for name, weight in weights.items()}, strict).items():
            weights[name].fill(owner[key].get_tensor(key))
    model.eval()


@dataclass
class Weight:
    """A weight of the model: where it is, and the axes of the checkpoint's tensor in the order that it has them in."""

    variable: nnx.Variable
    axes: tuple[int, ...]
    index: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor in checkpoints."""
        sizes = self.variable.shape[len(self.index) :]
        return tuple(sizes[self.axes.index(axis)] for axis in range(len(sizes)))

    def fill(self, tensor: jax.Array) -> None:
        """Gives the weight the values of a checkpoint's tensor."""
        held = self.variable[...]
        tensor = tensor.transpose(self.axes).astype(held.dtype)
        self.variable.set_value(held.at[self.index].set(tensor) if self.index else tensor)


NAMES = {"kernel": "weight", "scale": "weight", "embedding": "weight", "mean": "running_mean", "var": "running_var"}
"""What Flax calls a weight -> what PyTorch's checkpoints call it."""
AXES = {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 1, 0)}
"""The axes of PyTorch's kernels as Flax has them, by their number."""


def weights_of(part: Any, path: str = "") -> dict[str, Weight]:
    """The weights by their names in checkpoints."""
    found: dict[str, Weight] = {}
    members: Any = enumerate(part) if isinstance(part, nnx.List) else vars(part).items()
    for name, value in members:
        if isinstance(value, nnx.Module | nnx.List):
            found |= weights_of(value, f"{path}{name}.")
        elif isinstance(value, nnx.Variable) and jnp.issubdtype(value.dtype, jnp.inexact):
            axes = AXES[value.ndim] if name == "kernel" else tuple(range(value.ndim))
            found[f"{path}{NAMES.get(name, name)}"] = Weight(value, axes)
    return found


def weights_of_with_experts(part: Any, path: str = "") -> dict[str, Weight]:
    """The weights by their names in checkpoints, where each expert has its own."""
    found: dict[str, Weight] = {}
    members: Any = enumerate(part) if isinstance(part, nnx.List) else vars(part).items()
    for name, value in members:
        if isinstance(value, nnx.Module | nnx.List):
            found |= weights_of_with_experts(value, f"{path}{name}.")
        elif isinstance(part, Experts) and isinstance(value, nnx.Variable):
            found |= {f"{path}{index}.{name}.weight": Weight(value, (1, 0), (index,)) for index in range(value.shape[0])}
        elif isinstance(value, nnx.Variable) and jnp.issubdtype(value.dtype, jnp.inexact):
            axes = AXES[value.ndim] if name == "kernel" else tuple(range(value.ndim))
            found[f"{path}{NAMES.get(name, name)}"] = Weight(value, axes)
    return found


def linear_assignment(costs: jax.Array, real: jax.Array) -> jax.Array:
    """The row of each column: (B, M, Q), (B, M) -> (B, Q); see `rows_of_columns`."""
    shape = jax.ShapeDtypeStruct((costs.shape[0], costs.shape[2]), jnp.int32)
    return jax.pure_callback(rows_of_columns, shape, jax.lax.stop_gradient(costs), real)
