"""Linear layers whose weights are integers (`trivium/core/quantization.py`, which says how they are kept) in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.core.quantization import Integers

from .model import Module
from .nn import _product


class QuantizedLinear(Module):
    def __init__(self, integers: Integers, layer: Any) -> None:
        super().__init__()
        self.integers = integers
        self.dtype, self.bias = layer.weight.dtype, getattr(layer, "bias", None)

    def forward(self, x: np.ndarray) -> np.ndarray:
        x = _product(x.astype(self.dtype, copy=False), self.integers.weight().T)
        return x if self.bias is None else x + self.bias
