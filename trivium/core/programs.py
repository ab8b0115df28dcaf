"""The contract of programs: functions of a model and tensors, compiled where a framework has something to gain from it.

A program is a function `run(model, *static, given, *tensors)`. It is compiled once for each model, each `static` and the
shapes of its tensors, and kept for as long as the model is: a caller who keeps to few shapes waits for the compiler but once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from .ops import _unbound

Tensor = Any


class Programs:
    """The programs of one model, whose weights are those of the moment; a model in training mode runs as for inference.

    Args:
        model: A bound network.
        compiled: Whether to compile; None leaves it to the framework's habit.

    Attributes:
        compiles: Whether it does, so that other shapes cost time.
        whole_loops: Whether `ops.while_loop` may be within a program.
    """

    compiles: bool = False
    whole_loops: bool = True

    def __init__(self, model: Any, compiled: bool | None = None) -> None:
        _unbound()

    def __call__(self, run: Callable[..., Any], *static: Any) -> Callable[..., Any]:
        """`run` as a function of its tensors, in tuples and named tuples.

        The memory of the first of them may be given away for the results: it must not be used again.

        Args:
            run: A function of a module, by which its program is known.
            static: What the program is compiled for; hashable.
        """
        return _unbound()

    def running(self) -> contextlib.AbstractContextManager[Any]:
        """Held while programs run: no gradients, inference mode."""
        return _unbound()

    def tensor(self, array: np.ndarray) -> Tensor:
        """An array as the framework's tensor, on the device of the weights."""
        return _unbound()

    def copy(self, tensors: Any) -> Any:
        """Tensors in tuples, as copies that may be given away."""
        return _unbound()

    @staticmethod
    def array(tensor: Any) -> np.ndarray:
        """A tensor, of this framework or NumPy's, or a list of numbers, as an array."""
        return _unbound()
