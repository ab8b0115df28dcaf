"""The base classes of PyTorch's modules and models."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import ml_dtypes
import numpy as np
import torch
from torch.utils import _pytree

from trivium.core import outputs
from trivium.core.pretrained import Pretrained, WritesNothing, at
from trivium.core.quantization import Integers
from trivium.core.signatures import spelled_out

from .programs import forget
from .quantized import QuantizedLinear

Module = torch.nn.Module

# dtypes that NumPy has from ml_dtypes and PyTorch cannot take from it: they travel as integers of their size
_AS_INTEGERS = {
    torch.bfloat16: (np.uint16, ml_dtypes.bfloat16),
    torch.float8_e4m3fn: (np.uint8, ml_dtypes.float8_e4m3fn),
    torch.float8_e5m2: (np.uint8, ml_dtypes.float8_e5m2),
}


class Model(Pretrained, Module):
    """A network in PyTorch: a `torch.nn.Module` whose state dict has the names of the checkpoint on the Hub.

    Args:
        config: The architecture's config.
        dtype: Of the weights, by NumPy's name.
        seed: Of the first values, which are the same in every framework; None leaves the weights on the meta device.
    """

    column = "torch"
    framework = "pt"
    keeps_views = os.name == "posix"  # elsewhere a file that is mapped cannot be replaced

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if getattr(cls, "body_class", None):
            cls.forward = spelled_out(cls)  # type: ignore[method-assign]
        if "forward" in vars(cls):
            cls.forward = _returning(cls.forward)  # type: ignore[method-assign]

    def __getattr__(self, name: str) -> Any:
        if name in ("generate", "stream"):  # PyTorch would have words of its own for what Pretrained refuses
            raise WritesNothing(type(self), name)
        return super().__getattr__(name)

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.like().device

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights."""
        return self.like().dtype

    def like(self) -> torch.Tensor:
        """A weight, for its dtype and device."""
        return next(self.parameters())

    def prepare_inputs_for_generation(self, input_ids: torch.Tensor, **options: Any) -> dict[str, Any]:
        """The inputs as they are. `generate` has no need of it, but libraries such as peft want to wrap this method."""
        return {"input_ids": input_ids, **options}

    def enable_input_require_grads(self) -> None:
        """Has the embedded input require gradients, as peft wants it of a model whose embeddings are frozen."""
        embedding = self.get_input_embeddings()
        if embedding is not None:
            embedding.register_forward_hook(lambda _, inputs, embedded: embedded.requires_grad_(True))

    @classmethod
    @contextlib.contextmanager
    def _scope(cls) -> Iterator[None]:
        with _lock, torch.device("meta"), _no_first_values():
            yield

    def _assign(self, owner: Module, name: str, array: np.ndarray, own: bool = False) -> None:
        held = getattr(owner, name)
        with torch.no_grad():
            if held.is_meta:
                tensor = _tensor(array, own).to(held.dtype)
                if isinstance(held, torch.nn.Parameter):
                    owner.register_parameter(name, torch.nn.Parameter(tensor, held.requires_grad))
                else:
                    owner.register_buffer(name, tensor)
            else:
                held.copy_(_tensor(array, own))

    def _read(self, owner: Module, name: str) -> np.ndarray:
        return array_of(getattr(owner, name))

    def _tie(self, ties: Mapping[str, str]) -> None:
        for alias, name in ties.items():
            place, _, leaf = alias.rpartition(".")
            at(self, place).register_parameter(leaf, self.get_parameter(name))

    @staticmethod
    def _children(part: Module) -> Iterable[Module]:
        return part.children()

    def _ready(self) -> None:
        self.eval()

    def _become(self, other: Any) -> None:
        other.to(self.device).train(self.training)
        for name, weight in other.named_parameters():
            weight.requires_grad_(self.get_parameter(name).requires_grad)
        super()._become(other)
        forget(self)

    def _replace_linear(self, parent: str, leaf: str, integers: Integers) -> None:
        part = at(self, parent)
        setattr(part, leaf, QuantizedLinear(integers, getattr(part, leaf)))
        forget(self)

    def _watch(self, part: Module, watch: Callable[[Any], Any]) -> Callable[[], None]:
        return part.register_forward_hook(lambda _, inputs, returned: watch(returned)).remove

    def _native(self, value: Any) -> Any:
        return _tensor(value, own=False).to(self.device) if isinstance(value, np.ndarray) else value


def _returning(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A network's `forward` with `return_dict`, which programs for Transformers' models and peft give: False means a tuple."""

    @functools.wraps(forward)
    def wrapped(self: Any, *inputs: Any, return_dict: bool | None = None, **options: Any) -> Any:
        out = forward(self, *inputs, **options)
        return out.to_tuple() if return_dict is False else out

    return wrapped


_lock = threading.RLock()


@contextlib.contextmanager
def _no_first_values() -> Iterator[None]:
    """PyTorch's layers without their own first values: on the meta device, drawing nothing takes seconds of imports."""
    names = [name for name in vars(torch.nn.init) if name.endswith("_") and not name.startswith("_")]
    held = {name: getattr(torch.nn.init, name) for name in names}
    try:
        for name in names:
            setattr(torch.nn.init, name, lambda tensor, *args, **options: tensor)
        yield
    finally:
        for name, function in held.items():
            setattr(torch.nn.init, name, function)


def array_of(tensor: torch.Tensor) -> np.ndarray:
    """A tensor's values, of every dtype that checkpoints have: a view where it lies in memory in one piece."""
    held = tensor.detach().cpu().contiguous()
    if held.dtype in _AS_INTEGERS:
        integer, dtype = _AS_INTEGERS[held.dtype]
        return held.view(getattr(torch, np.dtype(integer).name)).numpy().view(dtype)
    return held.numpy()


def _tensor(array: np.ndarray, own: bool) -> torch.Tensor:
    """A tensor with a copy of the array, or with the array itself if that is the caller's own and as PyTorch wants it."""
    if not (own and array.flags.carray):
        array = np.array(array, order="C")
    for dtype, (integer, other) in _AS_INTEGERS.items():
        if array.dtype == other:
            return torch.from_numpy(array.view(integer)).view(dtype)
    return torch.from_numpy(array)


def _register(cls: type[outputs.ModelOutput]) -> None:
    _pytree.register_pytree_node(
        cls,
        lambda out: (list(out.to_tuple()), tuple(out.keys())),
        lambda values, names: cls(**dict(zip(names, values, strict=True))),
        serialized_type_name=f"{cls.__module__}.{cls.__qualname__}",
    )


outputs.on_each_class(_register)
