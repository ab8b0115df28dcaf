"""What ejected files have in NumPy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from safetensors import safe_open

from trivium.backends.numpy.ops import _grouped_matmul, gelu, gelu_tanh, quick_gelu, relu, sigmoid, silu

from .common import apply_layers, matched, rows_of_columns, weight_files

Tensor = np.ndarray


class Module:
    """A part of a network: arrays, and other parts, whose paths are the names of their weights."""

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)  # type: ignore[attr-defined]


class Model(Module):
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

    def like(self) -> np.ndarray:
        """A weight, for its dtype."""
        return next(iter(weights_of(self).values()))


class Layers(Module):
    """Layers that are applied in turn; see `apply_layers`."""

    def __init__(self, layers: Any) -> None:
        super().__init__()
        self.members = list(layers)

    def forward(self, x: Any, *shared: Any, cache: Any = None, hidden_states: bool = False, **options: Any) -> Any:
        return apply_layers(self, x, shared, cache, hidden_states, options)

    def __getitem__(self, index: int) -> Any:
        return self.members[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)


# Layers whose arguments are the framework's own


def Parameter(shape: tuple[int, ...]) -> np.ndarray:  # noqa: N802
    return np.zeros(shape, np.float32)


def ZerosParameter(shape: tuple[int, ...]) -> np.ndarray:  # noqa: N802
    return np.zeros(shape, np.float32)


def OnesParameter(shape: tuple[int, ...]) -> np.ndarray:  # noqa: N802
    return np.ones(shape, np.float32)


def FilledParameter(shape: tuple[int, ...], value: float) -> np.ndarray:  # noqa: N802
    return np.full(shape, value, np.float32)


def RandomParameter(shape: tuple[int, ...]) -> np.ndarray:  # noqa: N802
    return np.zeros(shape, np.float32)


def ZerosBuffer(shape: tuple[int, ...]) -> np.ndarray:  # noqa: N802
    return np.zeros(shape, np.float32)


def OnesBuffer(shape: tuple[int, ...]) -> np.ndarray:  # noqa: N802
    return np.ones(shape, np.float32)


def MadeBuffer(shape: tuple[int, ...], values: Any) -> np.ndarray:  # noqa: N802
    return np.zeros(shape, np.float32)


def Constant(values: np.ndarray) -> np.ndarray:  # noqa: N802
    return values


class Linear(Module):
    """x W^T + b."""

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = RandomParameter((outputs, inputs))
        self.bias = ZerosParameter((outputs,)) if bias else None

    def forward(self, x: np.ndarray) -> np.ndarray:
        x = x @ self.weight.T
        return x if self.bias is None else x + self.bias


class Embedding(Module):
    """Rows of a table: integers (...) -> (..., D)."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.weight = np.zeros((vocabulary, width), np.float32)

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.weight[np.asarray(x)]


class FixedEmbedding(Module):
    """Rows of a table that is given."""

    def __init__(self, vocabulary: int, width: int, sines: Any) -> None:
        super().__init__()
        self.weight = sines.table(vocabulary, width)

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.weight[np.asarray(x)]


class Chance(Module):
    """Random numbers, as `chance(shape, like)`, float32 from 0 up to 1; a network is never in training here."""

    training = False

    def __init__(self) -> None:
        super().__init__()
        self.generator = np.random.default_rng(0)

    def forward(self, shape: Any, like: np.ndarray) -> np.ndarray:
        return self.generator.random(tuple(shape), np.float32)


class Experts(Module):
    """Linear layers without bias, `count` of each name, for rows of which each goes through one of them.

    `experts(name, x, sizes)` takes rows (M, i) in the order of their experts and how many each has, (count,): -> (M, o).
    """

    def __init__(self, count: int, sizes: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        for name, (inputs, outputs) in sizes.items():
            setattr(self, name, np.zeros((count, outputs, inputs), np.float32))

    def forward(self, name: str, x: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        return _grouped_matmul(x, getattr(self, name).swapaxes(1, 2), sizes)


# Functions


def shape(x: Any) -> tuple[int, ...]:
    return x.shape


ACTIVATIONS = {
    "gelu": gelu,
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "gelu_fast": gelu_tanh,
    "quick_gelu": quick_gelu,
    "relu": relu,
    "sigmoid": sigmoid,
    "silu": silu,
    "swish": silu,
    "tanh": np.tanh,
}


def activation(name: str) -> Any:
    return ACTIVATIONS[name]


# Loading


def load_weights(model: Model, source: str | Path, strict: bool = True) -> None:
    """Fills a model with the weights of a checkpoint of Transformers.

    Args:
        model: The model.
        source: A safetensors file, or a folder with one or several; of float32, float64 or float16.
        strict: Whether it is an error if weights are missing, which are left as they are otherwise, or not expected.

    Raises:
        MissingWeights, UnexpectedWeights, ShapeMismatch: The checkpoint does not fit; the model is as it was.
    """
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(safe_open(path, "np")) for path in weight_files(source)]
        owner = {key: file for file in files for key in file.keys()}  # noqa: SIM118
        weights = weights_of(model)
        stored = {key: file.get_slice(key).get_shape() for key, file in owner.items()}
        for name, key in matched(model, stored, {name: weight.shape for name, weight in weights.items()}, strict).items():
            weights[name][...] = owner[key].get_tensor(key)


def weights_of(part: Any, path: str = "") -> dict[str, np.ndarray]:
    """The weights by their names in checkpoints."""
    found: dict[str, np.ndarray] = {}
    members = enumerate(part.members) if isinstance(part, Layers) else vars(part).items()
    for name, value in members:
        if isinstance(value, np.ndarray):
            found[f"{path}{name}"] = value
        elif isinstance(value, Module):
            found |= weights_of(value, f"{path}{name}.")
    return found


def weights_of_with_experts(part: Any, path: str = "") -> dict[str, np.ndarray]:
    """The weights by their names in checkpoints, where each expert has its own."""
    found: dict[str, np.ndarray] = {}
    members = enumerate(part.members) if isinstance(part, Layers) else vars(part).items()
    for name, value in members:
        if isinstance(value, np.ndarray) and isinstance(part, Experts):
            found |= {f"{path}{index}.{name}.weight": matrix for index, matrix in enumerate(value)}
        elif isinstance(value, np.ndarray):
            found[f"{path}{name}"] = value
        elif isinstance(value, Module):
            found |= weights_of_with_experts(value, f"{path}{name}.")
    return found


def linear_assignment(costs: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The row of each column: (B, M, Q), (B, M) -> (B, Q); see `rows_of_columns`."""
    return rows_of_columns(costs, real)
