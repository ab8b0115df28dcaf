"""What processors return: named arrays, as NumPy has them or as tensors of a framework that is installed."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.core.errors import ProcessorError
from trivium.core.pretrained import require

_KINDS = {"torch": "pt", "tensorflow": "tf", "keras": "tf", "jax": "jax", "jaxlib": "jax"}
"""Top module of a tensor's class -> what `return_tensors` calls it."""


class BatchFeature(UserDict[str, Any]):
    """The inputs of a model by name: `batch["pixel_values"]` or `batch.pixel_values`; `model(**batch)` takes them.

    Args:
        data: Name -> values.
        tensor_type: "pt", "tf", "jax" or "np" for tensors of that framework; None leaves lists of NumPy arrays.
    """

    def __init__(self, data: Mapping[str, Any] | None = None, tensor_type: str | None = None):
        super().__init__(data or {})
        self.convert_to_tensors(tensor_type)

    def __getattr__(self, name: str) -> Any:
        if name != "data" and name in self.data:
            return self.data[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}; it has {', '.join(self.__dict__.get('data', {}))}")

    def convert_to_tensors(self, tensor_type: str | None = None) -> BatchFeature:
        """Makes all values tensors of a framework, in place.

        Raises:
            ProcessorError: The examples of a batch differ in shape, or there is no such framework.
        """
        if tensor_type is not None:
            self.data = {name: tensor(value, tensor_type, name) for name, value in self.data.items()}
        return self

    def to(self, *args: Any, **options: Any) -> BatchFeature:
        """Moves PyTorch's tensors to a device, and those of floats to a dtype, as `torch.Tensor.to`; others stay.

        Returns:
            Itself.
        """
        places = (arg for arg in args if kind_of(arg) != "pt" or type(arg).__name__ == "device")  # the others are dtypes
        device = options.get("device", next(places, None))
        for name, value in self.data.items():
            if kind_of(value) == "pt" and hasattr(value, "is_floating_point"):
                if value.is_floating_point():
                    self.data[name] = value.to(*args, **options)
                elif device is not None:
                    self.data[name] = value.to(device=device)
        return self


def kind_of(value: Any) -> str:
    """What `return_tensors` calls the framework of a tensor: "pt", "tf", "jax", and "np" for whatever is of none."""
    return _KINDS.get(type(value).__module__.partition(".")[0], "np")


def as_array(value: Any) -> np.ndarray:
    """A NumPy array of a tensor of any framework, on whatever device; bfloat16 becomes float32."""
    try:
        if kind_of(value) == "pt":
            value = value.detach().cpu()
            value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
        found = np.asarray(value)
    except Exception as error:  # of a list whose parts differ in shape, of a tensor that has no values yet, ...
        raise ProcessorError(f"{type(value).__name__} cannot be read as an array: {error}") from None
    return found.astype(np.float32) if found.dtype.name == "bfloat16" else found


def tensor(value: Any, kind: str, name: str = "") -> Any:
    """A tensor of a framework, of an array, or of a list of arrays or numbers of one shape.

    Args:
        value: What to convert; a tensor of that framework, or something that is neither numbers nor a list, stays.
        kind: "pt", "tf", "jax" or "np".
        name: For the error.

    Raises:
        ProcessorError: The parts of a list differ in shape, or `kind` is none of the four.
        BackendMissing: The framework is not installed.
    """
    if kind not in ("pt", "tf", "jax", "np"):
        raise ProcessorError(f"return_tensors = {kind!r} is none of: pt, tf, jax, np", key="return_tensors")
    if kind != "np" and kind_of(value) == kind:
        return value
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], (str, Mapping, UserDict)):
        return value
    try:
        array = np.asarray([as_array(part) for part in value] if isinstance(value, (list, tuple)) else as_array(value))
    except ValueError:  # ProcessorError is one, too
        raise ProcessorError(
            f"the examples of {name or 'a batch'} differ in shape, so that they make no tensor", key=name,
            hint="pad them (padding=True for recordings, do_pad=True for images), resize them, or leave return_tensors out",
        ) from None  # fmt: skip
    if kind == "pt":
        require("torch", "torch")
        import torch

        return torch.from_numpy(np.ascontiguousarray(array) if array.flags.writeable else array.copy())
    if kind == "tf":
        require("tensorflow", "tensorflow")
        import tensorflow

        return tensorflow.constant(array)
    if kind == "jax":
        require("jax", "flax")
        import jax.numpy

        return jax.numpy.asarray(array)
    return array
