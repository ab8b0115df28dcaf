"""Linear layers whose weights are integers (`trivium/core/quantization.py`, which says how they are kept) in PyTorch."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F

from trivium.core.quantization import Integers

FEW = 8
"""Up to so many rows a compiled product is one loop over the integers, which reads them at the speed of memory."""


class QuantizedLinear(torch.nn.Module):
    """A `torch.nn.Linear` with buffers `values` and `scale` in the place of its weight."""

    bias: torch.nn.Parameter | None

    def __init__(self, integers: Integers, layer: torch.nn.Module) -> None:
        super().__init__()
        held: Any = layer.weight
        self.values = torch.nn.Buffer(torch.from_numpy(integers.values).to(held.device))
        self.scale = torch.nn.Buffer(torch.from_numpy(integers.scale).to(held.device, held.dtype))
        self.bias = layer.bias  # type: ignore[assignment]  # a Parameter or None, as Linear and Conv1D have it

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = math.prod(x.shape[:-1])
        few = torch.compiler.is_compiling() and isinstance(rows, int) and rows <= FEW
        found = self._looped(x.reshape(rows, -1)).reshape(*x.shape[:-1], -1) if few else self._multiplied(x)
        return found if self.bias is None else found + self.bias

    def _looped(self, x: torch.Tensor) -> torch.Tensor:  # (M, i) -> (M, o)
        if self.scale.ndim == 1:
            return (x[:, None] * self.values).sum(-1) * self.scale
        x = x.reshape(len(x), 1, 2, self.scale.shape[1] // 2, -1)  # (M, 1, halves, groups, weights)
        lower, upper = self._halves(x.dtype)
        return (x[:, :, 0] * lower + x[:, :, 1] * upper).sum((-1, -2))

    def _multiplied(self, x: torch.Tensor) -> torch.Tensor:  # (..., i) -> (..., o)
        if self.scale.ndim == 1:
            return F.linear(x, self.values.to(x.dtype)) * self.scale
        return F.linear(x, torch.stack(self._halves(x.dtype), 1).flatten(1))

    def _halves(self, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
        """The weights of the first and of the second half of the inputs, (o, groups, weights) each."""
        outputs, groups = self.scale.shape
        packed = self.values.reshape(outputs, groups // 2, -1)
        lower, upper = self.scale[..., None].chunk(2, 1)
        return ((packed & 15).to(dtype) - 8) * lower, ((packed >> 4).to(dtype) - 8) * upper

    def extra_repr(self) -> str:
        outputs, inputs = self.values.shape
        wide = self.scale.ndim == 1
        return f"{inputs if wide else 2 * inputs}, {outputs}, int{8 if wide else 4}, bias={self.bias is not None}"
