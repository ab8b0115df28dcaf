"""From a live model of one framework to one of another, with no file between."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .errors import InputError
from .names import nearest

FRAMEWORKS = ("torch", "tensorflow", "flax", "numpy")


def transfer(model: Any, framework: str, dtype: str | None = None) -> Any:
    """The same model in another framework, ready for inference. It has weights of its own: training one leaves the other alone.

    Args:
        model: Of `trivium.torch`, `.tensorflow`, `.flax` or `.numpy`.
        framework: "torch", "tensorflow", "flax" or "numpy".
        dtype: Of the weights, by NumPy's name; as they are if None.

    Raises:
        InputError: There is no such framework, or the model is not one of Trivium's.
        BackendMissing: The framework is not installed.
    """
    if framework not in FRAMEWORKS:
        raise InputError(f"there is no framework {framework!r}", key=framework, hint=nearest(framework, FRAMEWORKS))
    if not hasattr(model, "read_weights"):
        raise InputError(f"{type(model).__name__} is not a model of Trivium's", hint="load it with trivium's from_pretrained")
    reads = {weight.name: read for weight, read in model.read_weights()}
    dtypes = {read().dtype.name for read in reads.values()} if dtype is None else {dtype}
    target = getattr(importlib.import_module(f"trivium.{framework}"), type(model).__name__)
    result = target(model.config, dtype=dtypes.pop() if len(dtypes) == 1 else "float32", seed=None)
    result.assign_weights(_Live(reads), own=True)
    result._ready()
    return result


class _Live(Mapping[str, np.ndarray]):
    """Name -> a copy of a weight's values, made when it is asked for."""

    def __init__(self, reads: Mapping[str, Callable[[], np.ndarray]]):
        self._reads = reads

    def __getitem__(self, name: str) -> np.ndarray:
        return np.array(self._reads[name]())

    def __iter__(self) -> Iterator[str]:
        return iter(self._reads)

    def __len__(self) -> int:
        return len(self._reads)
