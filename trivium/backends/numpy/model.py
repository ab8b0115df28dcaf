"""The base classes of NumPy's modules and models."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.core.errors import InputError
from trivium.core.pretrained import Pretrained, at
from trivium.core.quantization import Integers


class Module:
    def __init__(self) -> None:
        super().__init__()

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise TypeError(f"{type(self).__name__} does not say what it computes: it has no forward")


class Model(Pretrained, Module):
    """A network in NumPy; `dtype="float64"` makes it the reference for the others."""

    column = "torch"  # arrays are kept as the checkpoint has them

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the weights."""
        return self.like().dtype

    def like(self) -> np.ndarray:
        """A weight, for its dtype."""
        owner, name = self._owner(next(weight for weight in self.layout if weight.name not in self.quantized))
        return getattr(owner, name)

    def train(self) -> None:
        """Raises InputError: nothing here acts in training alone."""
        raise InputError("NumPy's models are for inference alone", hint="train it in trivium.torch, .tensorflow or .flax")

    def _assign(self, owner: Any, name: str, array: np.ndarray, own: bool = False) -> None:
        setattr(owner, name, np.array(array, getattr(owner, name).dtype, order="C", copy=None))

    def _read(self, owner: Any, name: str) -> np.ndarray:
        return getattr(owner, name)

    def _replace_linear(self, parent: str, leaf: str, integers: Integers) -> None:
        from .quantized import QuantizedLinear

        part = at(self, parent)
        setattr(part, leaf, QuantizedLinear(integers, getattr(part, leaf)))
