"""Linear layers whose weights are integers (`trivium/core/quantization.py`, which says how they are kept) in PyTorch."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import handle_torch_function, has_torch_function

from trivium.core.quantization import Integers

from .products import sum_of_parts, sum_of_products

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
        rows = x.reshape(-1, x.shape[-1]).to(self.scale.dtype)
        product = looped if torch.compiler.is_compiling() and are_few(rows) else times
        found = product(rows, self.values, self.scale).reshape(*x.shape[:-1], -1)
        return found if self.bias is None else found + self.bias

    def extra_repr(self) -> str:
        outputs, inputs = self.values.shape
        wide = self.scale.ndim == 1
        return f"{inputs if wide else 2 * inputs}, {outputs}, int{8 if wide else 4}, bias={self.bias is not None}"


def are_few(rows: torch.Tensor) -> bool:
    """Whether rows (M, i) are at most FEW; a number that is not known while a program is traced is not."""
    return isinstance(rows.shape[0], int) and rows.shape[0] <= FEW


def times(x: torch.Tensor, values: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """x (M, i) times the weight (o, i) that a QuantizedLinear's values and scale stand for: (M, o).

    A function of PyTorch's kind: a TorchFunctionMode may put another product in its place (`inference.py`).
    """
    if not torch.compiler.is_compiling() and has_torch_function((x, values, scale)):
        return handle_torch_function(times, (x, values, scale), x, values, scale)
    if scale.ndim == 1:
        return F.linear(x, values.to(x.dtype)) * scale
    return F.linear(x, torch.stack(_halves(values, scale, x.dtype), 1).flatten(1))


def looped(x: torch.Tensor, values: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """As `times`, to be compiled: a sum into whose loop the compiler puts the conversion.

    A program of any size is given x (M, P, i) and values (o, P, i) in parts.
    """
    if scale.ndim == 1:
        return (sum_of_products if x.ndim == 2 else sum_of_parts)(x, values) * scale
    by_group = x.reshape(len(x), 1, 2, scale.shape[1] // 2, -1).float()  # (M, 1, halves, groups, weights)
    lower, upper = _halves(values, scale, torch.float32)
    products = by_group[:, :, 0] * lower + by_group[:, :, 1] * upper
    return (products.sum((-1, -2)) if x.ndim == 2 else products.sum(-1).sum(-1)).to(x.dtype)


def _halves(values: torch.Tensor, scale: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """The weights of the first and of the second half of the inputs, (o, groups, weights) each."""
    outputs, groups = scale.shape
    packed = values.reshape(outputs, groups // 2, -1)
    lower, upper = scale[..., None].chunk(2, 1)
    return ((packed & 15).to(dtype) - 8) * lower, ((packed >> 4).to(dtype) - 8) * upper
