"""The layers of the contract (`trivium/core/nn.py`, which defines them) in PyTorch: its own modules wherever it has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from trivium.core.layers import Member, apply_layers, lstm_weights, run_layer
from trivium.core.pretrained import building

from . import grouped
from .convolution import convolve
from .model import Model, Module

__all__ = [
    "LSTM", "BatchNorm2d", "Buffer", "Chance", "Constant", "Conv1D", "Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d",
    "DropPath", "Dropout", "Embedding", "Experts", "GroupNorm", "LayerNorm", "Layers", "Linear", "Model", "Module",
    "Parameter", "RMSNorm", "SharedEmbedding", "Unembedding",
]  # fmt: skip


def _dtype(keep_float32: bool = False) -> torch.dtype:
    return getattr(torch, building().dtype_of(keep_float32))


def Parameter(shape: tuple[int, ...], init: Any = None) -> torch.nn.Parameter:  # noqa: N802, as in the contract
    return torch.nn.Parameter(torch.empty(shape, dtype=_dtype()))


def Buffer(shape: tuple[int, ...], init: Any = None) -> torch.nn.Buffer:  # noqa: N802, as in the contract
    return torch.nn.Buffer(torch.empty(shape, dtype=_dtype()))


def Constant(values: np.ndarray) -> torch.nn.Buffer:  # noqa: N802, as in the contract
    return torch.nn.Buffer(torch.tensor(values, device="cpu"))  # not on the meta device: no weight


def Linear(  # noqa: N802
    inputs: int, outputs: int, bias: bool = True, init: Any = None, bias_init: Any = None, keep_float32: bool = False
) -> torch.nn.Linear:
    kind = WideLinear if keep_float32 and building().dtype == "float16" else torch.nn.Linear
    return kind(inputs, outputs, bias, dtype=_dtype(keep_float32))


class WideLinear(torch.nn.Linear):
    """`torch.nn.Linear` for inputs that are narrower than its weights."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.to(self.weight.dtype))


def Embedding(vocabulary: int, width: int, init: Any = None, trained: bool = True) -> torch.nn.Embedding:  # noqa: N802
    layer = torch.nn.Embedding(vocabulary, width, dtype=_dtype())
    layer.weight.requires_grad_(trained)
    return layer


class SharedEmbedding(torch.nn.Embedding):
    def __init__(self, vocabulary: int, width: int, tied: bool) -> None:
        super().__init__(vocabulary, width, dtype=_dtype())
        if tied:
            self.weight = None  # until the model gives it the other's

    def forward(self, x: torch.Tensor, other: Module | None = None) -> torch.Tensor:
        return F.embedding(x, self.weight)


def LayerNorm(width: int, eps: float) -> torch.nn.LayerNorm:
    return torch.nn.LayerNorm(width, eps, dtype=_dtype())


class RMSNorm(torch.nn.RMSNorm):
    def __init__(self, width: int, eps: float, shift: float = 0.0) -> None:
        super().__init__(width, eps, dtype=_dtype())
        self.shift = shift

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.shift:
            return F.rms_norm(x.float(), self.normalized_shape, self.weight.float() + self.shift, self.eps).to(x.dtype)
        if x.dtype == torch.float32 and self.weight.dtype == torch.float16:  # behind a layer that keeps float32
            return (F.rms_norm(x, self.normalized_shape, None, self.eps) * self.weight).to(self.weight.dtype)
        return super().forward(x)


def Dropout(rate: float) -> torch.nn.Dropout:  # noqa: N802
    return torch.nn.Dropout(rate)


class DropPath(torch.nn.Module):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or not self.rate:
            return x
        return x * F.dropout(torch.ones_like(x[(slice(None), *[slice(1)] * (x.ndim - 1))]), self.rate)

    def extra_repr(self) -> str:
        return f"{self.rate}"


class Chance(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()

    def forward(self, shape: Sequence[int], like: torch.Tensor) -> torch.Tensor:
        return torch.rand(tuple(shape), device=like.device)


class BatchNorm2d(torch.nn.BatchNorm2d):
    def __init__(self, width: int, eps: float, momentum: float) -> None:
        super().__init__(width, eps, momentum, dtype=_dtype())
        self.num_batches_tracked = torch.zeros((), dtype=torch.int64, device="cpu")  # not on the meta device: no weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Layers(torch.nn.ModuleList):
    rematerialise = False

    def __init__(self, layers: Iterable[Module]) -> None:
        super().__init__(layers)

    def forward(self, x: Any, *shared: Any, cache: Any = None, hidden_states: bool = False, **options: Any) -> Any:
        run = _again if self.rematerialise and torch.is_grad_enabled() else run_layer
        return apply_layers(self, x, shared, cache, hidden_states, options, run)


def _again(layer: Module, *inputs: Any, **options: Any) -> Any:
    """Calls a layer that is computed again in the gradient, with the same random numbers."""
    return checkpoint(layer, *inputs, use_reentrant=False, **options)


class Experts(Module):
    def __init__(self, count: int, sizes: dict[str, tuple[int, int]]) -> None:
        super().__init__()
        for name, (inputs, outputs) in sizes.items():
            self.register_parameter(name, Parameter((count, outputs, inputs)))
        self.count = count

    def forward(self, name: str, x: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
        return grouped.matmul(x, getattr(self, name).transpose(1, 2), sizes)

    def __getitem__(self, index: int) -> Member:
        return Member(self, index)

    # The state dict has the names of the checkpoint

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        for index in range(self.count):
            for name, held in self._parameters.items():
                destination[f"{prefix}{index}.{name}.weight"] = (held if keep_vars else held.detach())[index]

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, metadata: Any, strict: bool, missing: Any, unexpected: Any, errors: Any
    ) -> None:
        known = set()
        for name, held in self._parameters.items():
            for index in range(self.count):
                key = f"{prefix}{index}.{name}.weight"
                known.add(key)
                if key not in state_dict:
                    missing.append(key)
                elif state_dict[key].shape != held.shape[1:]:
                    errors.append(f"{key} has shape {tuple(state_dict[key].shape)}; {tuple(held.shape[1:])} is expected")
                else:
                    with torch.no_grad():
                        held[index].copy_(state_dict[key])
        unexpected.extend(key for key in state_dict if key.startswith(prefix) and key not in known)


class Conv1D(Module):
    def __init__(self, inputs: int, outputs: int, init: Any = None) -> None:
        super().__init__()
        self.in_features, self.out_features = inputs, outputs
        self.weight = Parameter((inputs, outputs))
        self.bias = Parameter((outputs,))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight.T, self.bias)

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"


class Unembedding(torch.nn.Linear):
    def __init__(self, width: int, vocabulary: int, tied: bool, bias: bool = False) -> None:
        super().__init__(width, vocabulary, bias=bias, dtype=_dtype())
        if tied:
            self.weight = None  # until the model gives it the embedding's

    def forward(self, x: torch.Tensor, embedding: Module, bias: torch.Tensor | None = None) -> torch.Tensor:
        weight = embedding.weight if self.weight is None else self.weight
        return F.linear(x, weight, self.bias if bias is None else bias)


class GroupNorm(torch.nn.GroupNorm):
    def __init__(self, groups: int, width: int, eps: float) -> None:
        super().__init__(groups, width, eps, dtype=_dtype())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # in memory as it reads: where a compiled graph hands back a gradient in another order, PyTorch 2.13 misreads it
        return super().forward(x.movedim(-1, 1)).movedim(1, -1).contiguous()


class Conv1d(torch.nn.Conv1d):
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
        super().__init__(inputs, outputs, kernel_size, stride, padding, dilation, groups, bias, dtype=_dtype())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Conv2d(torch.nn.Conv2d):
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
        super().__init__(inputs, outputs, kernel_size, stride, padding, dilation, groups, bias, dtype=_dtype())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return convolve(x, self)


class ConvTranspose1d(torch.nn.ConvTranspose1d):
    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        stride: int,
        init: Any = None,
        bias_init: Any = None,
    ) -> None:
        super().__init__(inputs, outputs, kernel_size, stride, dtype=_dtype())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class LSTM(Module):  # no torch.nn.LSTM, which torch.compile refuses
    def __init__(self, inputs: int, width: int, layers: int) -> None:
        super().__init__()
        for name, shape in lstm_weights(inputs, width, layers).items():
            self.register_parameter(name, Parameter(shape))
        self.width, self.depth = width, layers

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        start = x.new_zeros(self.depth, x.shape[0], self.width)
        if not torch.compiler.is_compiling():
            weights: list[torch.Tensor] = list(self.parameters())
            return torch.lstm(x, (start, start), weights, True, self.depth, 0.0, self.training, False, True)[0]
        for n in range(self.depth):  # the fused kernel has no gradient in a compiled graph
            entering, staying, *biases = (
                getattr(self, f"{name}_l{n}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            said = cell = start[n]
            steps = []
            for step in F.linear(x, entering, biases[0] + biases[1]).unbind(1):
                take, keep, new, show = (step + F.linear(said, staying)).chunk(4, -1)
                cell = keep.sigmoid() * cell + take.sigmoid() * new.tanh()
                said = show.sigmoid() * cell.tanh()
                steps.append(said)
            x = torch.stack(steps, 1)
        return x

    def extra_repr(self) -> str:
        return f"{self.weight_ih_l0.shape[1]}, {self.width}, layers={self.depth}"


class ConvTranspose2d(torch.nn.ConvTranspose2d):
    def __init__(self, inputs: int, outputs: int, kernel_size: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__(inputs, outputs, kernel_size, stride, dtype=_dtype())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return convolve(x, self)
