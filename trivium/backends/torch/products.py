"""Products of states and weights on a CPU, for as long as programs run: by oneDNN, whatever PyTorch would take.

PyTorch hands float32 to MKL, which on an AMD processor reads a matrix at about half of oneDNN's speed.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import torch

from . import nn

_DTYPES = (torch.float32, torch.bfloat16)


@contextlib.contextmanager
def quick(model: torch.nn.Module) -> Iterator[None]:
    """Within, the linear layers of a model on a CPU are multiplied by oneDNN; there are no gradients."""
    changed = []
    if torch.backends.mkldnn.is_available():
        for module in model.modules():
            product = _PRODUCTS.get(type(module))
            if product and "forward" not in vars(module) and _fits(module):
                vars(module)["forward"] = types.MethodType(product, module)
                changed.append(module)
    try:
        yield
    finally:
        for module in changed:
            del vars(module)["forward"]


def _fits(module: torch.nn.Module) -> bool:
    return all(held.device.type == "cpu" and held.dtype in _DTYPES for held in module.parameters(recurse=False))


def _times(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """x (..., I) times weight (O, I)."""
    if not torch.compiler.is_compiling():
        return _by_library(x, weight, bias)
    if x.numel() == x.shape[-1] and weight.is_contiguous():
        # one row: inductor reads the weight in one pass, faster than either library
        found = (x.reshape(1, -1).float() * weight.float()).sum(-1).to(x.dtype).reshape(*x.shape[:-1], -1)
        return found if bias is None else found + bias
    return torch.ops.trivium.linear(x, weight, bias)


def _by_library(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


# an operator of our own: inductor takes oneDNN's for weights in its own order alone
_library = torch.library.Library("trivium", "DEF")
_library.define("linear(Tensor x, Tensor weight, Tensor? bias) -> Tensor")
_library.impl("linear", _by_library, "CPU")
_library.impl("linear", lambda x, weight, bias: x.new_empty((*x.shape[:-1], weight.shape[0])), "Meta")


def _linear(layer: torch.nn.Linear, x: torch.Tensor) -> torch.Tensor:
    return _times(x, layer.weight, layer.bias)


def _conv1d(layer: nn.Conv1D, x: torch.Tensor) -> torch.Tensor:
    return _times(x, layer.weight.T, layer.bias)


def _unembedding(layer: Any, x: torch.Tensor, embedding: Any, bias: torch.Tensor | None = None) -> torch.Tensor:
    return _times(x, embedding.weight if layer.weight is None else layer.weight, layer.bias if bias is None else bias)


_PRODUCTS: dict[Any, Callable[..., torch.Tensor]] = {
    torch.nn.Linear: _linear,
    nn.Conv1D: _conv1d,
    nn.Unembedding: _unembedding,
}
