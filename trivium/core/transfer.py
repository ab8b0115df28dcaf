"""From a live model of one framework to one of another, with no file between."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .errors import InputError
from .loading import dtype_name
from .names import nearest

FRAMEWORKS = ("torch", "tensorflow", "flax", "numpy")


def transfer(model: Any, framework: str, dtype: Any = None, share: bool = False) -> Any:
    """The same model in another framework, ready for inference.

    It has weights of its own, so that training one leaves the other alone, unless `share` says otherwise.

    Args:
        model: Of `trivium.torch`, `.tensorflow`, `.flax` or `.numpy`.
        framework: "torch", "tensorflow", "flax" or "numpy".
        dtype: Of the weights, by NumPy's name or a framework's own; as they are if None.
        share: Whether both models may hold the same memory: that of weights which lie in memory alike in both frameworks, and
            which the first may write to, as PyTorch's and NumPy's on a CPU. Others are copied: all that TensorFlow gets, and
            for JAX those that do not begin at a multiple of 64 bytes, as weights that PyTorch mapped from a file do not. What
            is then written to such a weight in place, as an optimizer of PyTorch does it, changes it in both; JAX does not
            expect that of arrays that its programs are at work on. So share for inference, or keep one of the two.

    Raises:
        InputError: There is no such framework, or the model is not one of Trivium's.
        BackendMissing: The framework is not installed.
    """
    if framework not in FRAMEWORKS:
        raise InputError(f"there is no framework {framework!r}", key=framework, hint=nearest(framework, FRAMEWORKS))
    if not hasattr(model, "read_weights"):
        raise InputError(f"{type(model).__name__} is not a model of Trivium's", hint="load it with trivium's from_pretrained")
    weights = list(model.read_weights())
    reads = {weight.name: read for weight, read in weights}
    wanted = dtype_name(dtype)
    dtypes = {read().dtype.name for weight, read in weights if not weight.keep_float32} if wanted is None else {wanted}
    target = getattr(importlib.import_module(f"trivium.{framework}"), type(model).__name__)
    result = target(model.config, dtype=dtypes.pop() if len(dtypes) == 1 else "float32", seed=None)
    result.assign_weights(_Live(reads, share), own=True)
    result._ready()
    return result


class _Live(Mapping[str, np.ndarray]):
    """Name -> a weight's values, copied when it is asked for unless they may be shared."""

    def __init__(self, reads: Mapping[str, Callable[[], np.ndarray]], share: bool):
        self._reads, self._share = reads, share

    def __getitem__(self, name: str) -> np.ndarray:
        values = self._reads[name]()
        return values if self._share and values.flags.writeable else np.array(values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._reads)

    def __len__(self) -> int:
        return len(self._reads)
