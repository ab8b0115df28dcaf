"""What PyTorch does in another way while programs generate: caches are written in place, and few rows are multiplied quickly.

A step of generation multiplies a row for each text by every matrix of a model, which takes as long as the matrices take to be
read. On a CPU MKL reads them at half the speed of memory then, and float32 for eight rows at a sixth; the loop that PyTorch's
compiler writes for a sum of products reads them at nearly all of it, and is one for all sizes. A matrix that lies as (inputs,
outputs), as GPT-2's do, is laid in memory the other way round once.
"""

from __future__ import annotations

import functools
import itertools
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from . import quantized
from .products import in_parts, sum_of_parts

_LARGE = 1 << 20  # bytes of a matrix; smaller ones stay in the processor's cache, where MKL is as quick
_FEW = {torch.float32: 16}  # rows up to which the sum is quicker; of half precision, which processors multiply, one


class Inference(TorchFunctionMode):
    """While this is entered, `ops.update` writes into what it is given, and products of few rows may be compiled sums.

    Args:
        product: x times a weight on a CPU, as `sum_of_products`; None: PyTorch's own, of integers too.
    """

    def __init__(self, product: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None) -> None:
        super().__init__()
        self.product = product

    def __torch_function__(self, function: Callable[..., Any], types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if function is torch.Tensor.index_copy:
            return torch.Tensor.index_copy_(*args)
        if function is F.linear and self.product and _is_few_rows(*args):
            return self._rows(*args)
        if function is quantized.times and self.product and quantized.are_few(args[0]) and _is_large(args[1]):
            return _product_of_integers(*args)
        return function(*args, **(kwargs or {}))

    def _rows(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        found = self.product(x.flatten(0, 1), weight)[:, None]
        return found if bias is None else found + bias


def product_for(model: torch.nn.Module) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None:
    """The compiled sum of products if a model has large matrices on a CPU.

    Those of `Conv1D` are laid in memory as they are read; their shapes and values stay.
    """
    from . import nn  # whose models know of programs, which know of this

    for module in model.modules():
        if isinstance(module, nn.Conv1D) and _is_large(module.weight) and module.weight.is_contiguous():
            module.weight.data = module.weight.data.T.contiguous().T
    return _product if any(map(_is_large, itertools.chain(model.parameters(), model.buffers()))) else None


def _product(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    product = _compiled_floats()  # when the first token needs it, and not while a model is loaded
    return product(in_parts(x), in_parts(weight)) if product else F.linear(x, weight)


def _product_of_integers(x: torch.Tensor, values: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    product = _compiled_integers()
    return product(in_parts(x), in_parts(values), scale) if product else quantized.times(x, values, scale)


@functools.cache
def _compiled_floats() -> Callable[..., torch.Tensor] | None:
    return _compiled(sum_of_parts, torch.ones(1, 2, 64), torch.ones(128, 2, 64))


@functools.cache
def _compiled_integers() -> Callable[..., torch.Tensor] | None:
    return _compiled(quantized.looped, torch.ones(1, 2, 64), torch.ones(128, 2, 64, dtype=torch.int8), torch.ones(128))


def _compiled(product: Callable[..., Any], *example: torch.Tensor) -> Callable[..., Any] | None:
    """The function compiled for tensors of any size, with fused multiply-adds; None, with a warning, where that cannot be."""
    try:
        found = torch.compile(product, dynamic=True, options={"cpp.enable_floating_point_contract_flag": "fast"})
        found(*example)
    except Exception as error:  # its kinds are PyTorch's own
        reason = str(error).strip().splitlines()[0]
        warnings.warn(f"generation reads weights at half speed: PyTorch's compiler does not work here: {reason}", stacklevel=2)
        return None
    return found


def _is_large(weight: torch.Tensor) -> bool:
    return weight.device.type == "cpu" and weight.nbytes >= _LARGE and weight.ndim == 2


def _is_few_rows(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> bool:
    # the states of one token of each text, (R, 1, I); a pooler's or a classifier's (R, I) would wait once for the compiler
    is_token = x.ndim == 3 and x.shape[1] == 1 and len(x) <= _FEW.get(x.dtype, 1) and x.is_floating_point()
    return is_token and x.dtype == weight.dtype and _is_large(weight) and weight.is_contiguous()
