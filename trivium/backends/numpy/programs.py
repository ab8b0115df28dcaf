"""Programs (`trivium/core/programs.py`, which defines them) in NumPy: functions as they are."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.core import programs
from trivium.core.errors import InputError


class Programs(programs.Programs):
    def __init__(self, model: Any, compiled: bool | None = None) -> None:
        if compiled:
            raise InputError("NumPy compiles nothing", key="compiled", hint="leave it out, or take another framework")
        self.model = model

    def __call__(self, run: Callable[..., Any], *static: Any) -> Callable[..., Any]:
        return functools.partial(run, self.model, *static)

    def running(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def tensor(self, array: np.ndarray) -> np.ndarray:
        return array

    def copy(self, tensors: Any) -> Any:
        return tensors  # nothing is written in place

    @staticmethod
    def array(tensor: Any) -> np.ndarray:
        return np.asarray(tensor)
