"""Programs (`trivium/core/programs.py`, which defines them) in TensorFlow: one XLA function each."""

from __future__ import annotations

import contextlib
import functools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from trivium.core import programs

_kept: weakref.WeakKeyDictionary[Any, dict[Any, Callable[..., Any]]] = weakref.WeakKeyDictionary()


def forget(model: Any) -> None:
    """Drops the programs of a model whose layers are to be others."""
    _kept.pop(model, None)


class Programs(programs.Programs):
    def __init__(self, model: Any, compiled: bool | None = None) -> None:
        self.model, self.compiles = model, compiled is not False

    def __call__(self, run: Callable[..., Any], *static: Any) -> Callable[..., Any]:
        if not self.compiles:
            return functools.partial(run, self.model, *static)
        kept = _kept.setdefault(self.model, {})
        if (run, static) not in kept:
            model = weakref.ref(self.model)  # or the programs of a model would keep it alive
            program = tf.function(lambda *tensors: run(model(), *static, *tensors), autograph=False, jit_compile=self._by_xla())
            kept[run, static] = program
        return kept[run, static]

    def _by_xla(self) -> bool:
        """Not half-precision weights on a CPU: there XLA multiplies at a tenth of the speed of TensorFlow's own kernels."""
        return not (self.model.like().dtype.size == 2 and not tf.config.list_logical_devices("GPU"))

    def running(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()  # Keras's layers are in inference mode unless called to train

    def tensor(self, array: np.ndarray) -> tf.Tensor:
        return tf.convert_to_tensor(array)

    def copy(self, tensors: Any) -> Any:
        return tensors  # nothing is written in place

    @staticmethod
    def array(tensor: Any) -> np.ndarray:
        return np.asarray(tensor)
