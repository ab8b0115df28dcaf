"""The layers of the contract (`trivium/core/nn.py`, which defines them) in NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from trivium.core.layers import Member, apply_layers, lstm_weights
from trivium.core.pretrained import building

from . import ops
from .model import Model, Module

__all__ = [
    "LSTM", "BatchNorm2d", "Buffer", "Chance", "Constant", "Conv1D", "Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d",
    "DropPath", "Dropout", "Embedding", "Experts", "GroupNorm", "LayerNorm", "Layers", "Linear", "Model", "Module",
    "Parameter", "RMSNorm", "SharedEmbedding", "Unembedding",
]  # fmt: skip


def Parameter(shape: tuple[int, ...], init: Any = None) -> np.ndarray:  # noqa: N802, as in the contract
    return np.zeros(shape, building().dtype)


Buffer = Parameter


def Constant(values: np.ndarray) -> np.ndarray:  # noqa: N802, as in the contract
    return values


class Layers(Module):
    def __init__(self, layers: Iterable[Module]) -> None:
        super().__init__()
        self._layers = list(layers)

    def forward(self, x: Any, *shared: Any, cache: Any = None, hidden_states: bool = False, **options: Any) -> Any:
        return apply_layers(self, x, shared, cache, hidden_states, options)

    def __getitem__(self, index: int) -> Module:
        return self._layers[index]

    def __iter__(self) -> Iterator[Module]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)


def _product(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return (ops._wide(x) @ ops._wide(weight)).astype(x.dtype, copy=False)


class Linear(Module):
    def __init__(
        self,
        inputs: int,
        outputs: int,
        bias: bool = True,
        init: Any = None,
        bias_init: Any = None,
        keep_float32: bool = False,
    ) -> None:
        super().__init__()
        dtype = building().dtype_of(keep_float32)
        self.weight = np.zeros((outputs, inputs), dtype)
        if bias:
            self.bias = np.zeros((outputs,), dtype)
        self._biased = bias

    def forward(self, x: np.ndarray) -> np.ndarray:
        x = _product(x.astype(self.weight.dtype, copy=False), self.weight.T)
        return x + self.bias if self._biased else x


class Experts(Module):
    def __init__(self, count: int, sizes: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        for name, (inputs, outputs) in sizes.items():
            setattr(self, name, Parameter((count, outputs, inputs)))

    def forward(self, name: str, x: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        return ops._grouped_matmul(x, getattr(self, name).swapaxes(1, 2), sizes)

    def __getitem__(self, index: int) -> Member:
        return Member(self, index)


class Conv1D(Module):
    def __init__(self, inputs: int, outputs: int, init: Any = None) -> None:
        super().__init__()
        self.weight = Parameter((inputs, outputs))
        self.bias = Parameter((outputs,))

    def forward(self, x: np.ndarray) -> np.ndarray:
        return _product(x, self.weight) + self.bias


class Unembedding(Module):
    def __init__(self, width: int, vocabulary: int, tied: bool, bias: bool = False) -> None:
        super().__init__()
        if not tied:
            self.weight = Parameter((vocabulary, width))
        self.bias = Parameter((vocabulary,)) if bias else None
        self._tied = tied

    def forward(self, x: np.ndarray, embedding: Embedding, bias: np.ndarray | None = None) -> np.ndarray:
        bias = self.bias if bias is None else bias
        x = _product(x, (embedding.weight if self._tied else self.weight).T)
        return x if bias is None else x + bias


class Embedding(Module):
    def __init__(self, vocabulary: int, width: int, init: Any = None, trained: bool = True) -> None:
        super().__init__()
        self.weight = Parameter((vocabulary, width))

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.weight[np.asarray(x)]


class SharedEmbedding(Module):
    def __init__(self, vocabulary: int, width: int, tied: bool) -> None:
        super().__init__()
        if not tied:
            self.weight = Parameter((vocabulary, width))
        self._tied = tied

    def forward(self, x: np.ndarray, other: Embedding | None = None) -> np.ndarray:
        table = other.weight if self._tied else self.weight  # type: ignore[union-attr]
        return table[np.asarray(x)]


class LayerNorm(Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = Parameter((width,))
        self.bias = Parameter((width,))
        self._eps = eps

    def forward(self, x: np.ndarray) -> np.ndarray:
        wide = ops._wide(x)
        centred = wide - wide.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + self._eps)
        return scaled.astype(x.dtype) * self.weight + self.bias


class RMSNorm(Module):
    def __init__(self, width: int, eps: float, shift: float = 0.0) -> None:
        super().__init__()
        self.weight = Parameter((width,))
        self._eps, self._shift = eps, shift

    def forward(self, x: np.ndarray) -> np.ndarray:
        wide = ops._wide(x)
        scaled = wide / np.sqrt((wide**2).mean(-1, keepdims=True) + self._eps)
        return (scaled * (ops._wide(self.weight) + self._shift)).astype(self.weight.dtype)


class Dropout(Module):
    def __init__(self, rate: float) -> None:
        super().__init__()

    def forward(self, x: np.ndarray) -> np.ndarray:
        return x


class DropPath(Dropout):
    pass


class Chance(Module):
    training = False

    def __init__(self) -> None:
        super().__init__()
        self._generator = np.random.default_rng(building().draw_seed())

    def forward(self, shape: Sequence[int], like: np.ndarray) -> np.ndarray:
        return self._generator.random(tuple(shape), np.float32)


class BatchNorm2d(Module):
    def __init__(self, width: int, eps: float, momentum: float) -> None:
        super().__init__()
        self.weight = Parameter((width,))
        self.bias = Parameter((width,))
        self.running_mean = Parameter((width,))
        self.running_var = Parameter((width,))
        self._eps = eps

    def forward(self, x: np.ndarray) -> np.ndarray:
        scale = ops._wide(self.weight) / np.sqrt(ops._wide(self.running_var) + self._eps)
        return ((ops._wide(x) - ops._wide(self.running_mean)) * scale + ops._wide(self.bias)).astype(x.dtype)


class GroupNorm(Module):
    def __init__(self, groups: int, width: int, eps: float) -> None:
        super().__init__()
        self.weight = Parameter((width,))
        self.bias = Parameter((width,))
        self._groups, self._eps = groups, eps

    def forward(self, x: np.ndarray) -> np.ndarray:
        wide = ops._wide(x).reshape(len(x), -1, self._groups, x.shape[-1] // self._groups)
        centred = wide - wide.mean((1, 3), keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean((1, 3), keepdims=True) + self._eps)
        return scaled.reshape(x.shape).astype(x.dtype) * self.weight + self.bias


class Conv1d(Module):
    def __init__(
        self,
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
    ) -> None:
        super().__init__()
        self.weight = Parameter((outputs, inputs // groups, kernel_size))
        if bias:
            self.bias = Parameter((outputs,))
        self._biased, self._how = bias, (padding, groups, stride, dilation)

    def forward(self, x: np.ndarray) -> np.ndarray:
        x = ops.conv1d(x, self.weight, *self._how)
        return x + self.bias if self._biased else x


class Conv2d(Module):
    def __init__(
        self,
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
    ) -> None:
        super().__init__()
        self.weight = Parameter((outputs, inputs // groups, *kernel_size))
        if bias:
            self.bias = Parameter((outputs,))
        self._biased, self._how, self._dilation = bias, (stride, padding, groups), dilation

    def forward(self, x: np.ndarray) -> np.ndarray:
        x = _convolve(x, _dilated(self.weight, self._dilation), *self._how)
        return x + self.bias if self._biased else x


class ConvTranspose1d(Module):
    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        stride: int,
        init: Any = None,
        bias_init: Any = None,
    ) -> None:
        super().__init__()
        self.weight = Parameter((inputs, outputs, kernel_size))
        self.bias = Parameter((outputs,))
        self._stride = stride

    def forward(self, x: np.ndarray) -> np.ndarray:
        return ops.conv_transpose1d(x, self.weight, self._stride) + self.bias


class LSTM(Module):
    def __init__(self, inputs: int, width: int, layers: int) -> None:
        super().__init__()
        for name, shape in lstm_weights(inputs, width, layers).items():
            setattr(self, name, Parameter(shape))
        self._width, self._layers = width, layers

    def forward(self, x: np.ndarray) -> np.ndarray:
        found = ops._wide(x)
        for n in range(self._layers):
            entering, staying, *biases = (
                ops._wide(getattr(self, f"{name}_l{n}")) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            given = found @ entering.T + biases[0] + biases[1]  # (B, T, 4 D)
            said = cell = np.zeros((len(x), self._width), given.dtype)
            steps = []
            for step in given.swapaxes(0, 1):
                take, keep, new, show = np.split(step + said @ staying.T, 4, -1)
                cell = ops.sigmoid(keep) * cell + ops.sigmoid(take) * np.tanh(new)
                said = ops.sigmoid(show) * np.tanh(cell)
                steps.append(said)
            found = np.stack(steps, 1)
        return found.astype(x.dtype)


class ConvTranspose2d(Module):
    def __init__(self, inputs: int, outputs: int, kernel_size: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        self.weight = Parameter((inputs, outputs, *kernel_size))
        self.bias = Parameter((outputs,))
        self._stride = stride

    def forward(self, x: np.ndarray) -> np.ndarray:
        (batch, h, w, _), (_, outputs, *size), (down, right) = x.shape, self.weight.shape, self._stride
        parts = np.einsum("bhwi,ioyx->bhwyxo", ops._wide(x), ops._wide(self.weight))
        found = np.zeros((batch, (h - 1) * down + size[0], (w - 1) * right + size[1], outputs), parts.dtype)
        for i in range(h):
            for j in range(w):
                found[:, i * down : i * down + size[0], j * right : j * right + size[1]] += parts[:, i, j]
        return found.astype(x.dtype) + self.bias


def _dilated(weight: np.ndarray, dilation: tuple[int, int]) -> np.ndarray:
    """A kernel (o, i, h, w) with zeros between its elements."""
    if dilation == (1, 1):
        return weight
    size = [(length - 1) * step + 1 for length, step in zip(weight.shape[2:], dilation, strict=True)]
    found = np.zeros((*weight.shape[:2], *size), weight.dtype)
    found[:, :, :: dilation[0], :: dilation[1]] = weight
    return found


def _convolve(x: np.ndarray, weight: np.ndarray, stride: tuple[int, ...], padding: tuple[int, ...], groups: int) -> np.ndarray:
    """(B, *space, i), (o, i / groups, *kernel) -> (B, *space', o)."""
    space = tuple(range(1, x.ndim - 1))
    x = np.pad(x, [(0, 0), *((side, side) for side in padding), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(ops._wide(x), weight.shape[2:], axis=space)
    windows = windows[(slice(None), *(slice(None, None, step) for step in stride))]  # (B, *space', i, *kernel)
    channels = x.ndim - 1
    summed = list(range(channels, windows.ndim))
    parts = [
        np.tensordot(part, kernel, (summed, list(range(1, kernel.ndim))))
        for part, kernel in zip(np.split(windows, groups, channels), np.split(ops._wide(weight), groups), strict=True)
    ]
    return np.concatenate(parts, -1).astype(x.dtype)
