"""The four backends as the tests use them: how to hand over arrays and take results back."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

NAMES = ("numpy", "torch", "tensorflow", "flax")

each_backend = pytest.mark.parametrize("backend", NAMES, indirect=True)


class Backend:
    """One backend: `door` has its classes, `array` makes its tensors, `numpy` reads them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.door = importlib.import_module(f"trivium.{name}")

    def array(self, value: np.ndarray) -> Any:
        """A NumPy array as the framework's users would pass it."""
        if self.name == "torch":
            import torch

            return torch.from_numpy(np.array(value))
        return value

    def call(self, model: Callable[..., Any], inputs: dict[str, np.ndarray], **options: Any) -> Any:
        """A model's output for inference."""
        arrays = {name: self.array(value) for name, value in inputs.items()}
        if self.name == "torch":
            import torch

            with torch.no_grad():
                return model(**arrays, **options)
        return model(**arrays, **options)

    def numpy(self, value: Any) -> np.ndarray:
        """A framework's tensor as a NumPy array."""
        return value.detach().numpy() if self.name == "torch" else np.asarray(value)
