"""A model called on arrays, whatever its framework."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.core.outputs import ModelOutput
from trivium.core.signatures import parameters


class Runner:
    """Calls a model for inference: NumPy's arrays in, NumPy's arrays out.

    Programs are compiled where the framework has something to gain from it, one for each set of shapes; whoever pads to few
    shapes waits for few.

    Args:
        model: A bound network.
        compiled: Whether to compile; None leaves it to the framework's habit.
    """

    def __init__(self, model: Any, compiled: bool | None = None):
        self.model = model
        self.programs = importlib.import_module(f"trivium.backends.{backend_of(model)}.programs").Programs(model, compiled)
        self.takes = frozenset(p.name for p in parameters(type(model)))

    def __call__(self, inputs: Mapping[str, np.ndarray], method: str = "__call__", **switches: Any) -> Any:
        """What the model returns: an output of arrays.

        Args:
            inputs: The model's, by name; those that it does not take are left out.
            method: Another method's name, such as "get_text_features", which is given all of `inputs`.
            **switches: Further arguments that are no arrays.
        """
        names = tuple(name for name in inputs if name in self.takes or method != "__call__")
        run = self.programs(_call, method, names, tuple(sorted(switches.items())))
        with self.programs.running():
            return self._arrays(run((), *(self.programs.tensor(np.asarray(inputs[name])) for name in names)))

    def _arrays(self, value: Any) -> Any:
        if isinstance(value, ModelOutput):
            return type(value)(**{name: self._arrays(part) for name, part in value.items()})
        if isinstance(value, (tuple, list)):
            return tuple(self._arrays(part) for part in value)
        array = self.programs.array(value.float() if str(getattr(value, "dtype", "")) == "torch.bfloat16" else value)
        return array.astype(np.float32) if array.dtype.name in ("bfloat16", "float16") else array


def backend_of(model: Any) -> str:
    """The framework of a model: "torch", "tensorflow", "flax" or "numpy"."""
    prefix = "trivium.backends."
    return next(base.__module__ for base in type(model).__mro__ if base.__module__.startswith(prefix)).split(".")[2]


def _call(model: Any, method: str, names: tuple[str, ...], switches: tuple[tuple[str, Any], ...], _: Any, *tensors: Any) -> Any:
    """A program: one call of the model."""
    return getattr(model, method)(**dict(zip(names, tensors, strict=True)), **dict(switches))
