"""Products of rows with the kernel of the group that each belongs to.

How many rows a group has is a value, on which the shapes of its product depend: no compiled graph holds it. So it is an
operator of its own, which a graph calls. Not `torch.nn.functional.grouped_mm`, which compiles for bfloat16 alone.
Letters: M rows, I inputs, O outputs, E groups.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def matmul(x: Tensor, kernels: Tensor, sizes: Tensor) -> Tensor:
    """x (M, I), the rows of each group together; kernels (E, I, O); sizes (E,), which add up to M -> (M, O)."""
    device = x.device.type
    if not torch.compiler.is_compiling() and torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.cat([part @ kernel for part, kernel in zip(x.split(sizes.tolist()), kernels, strict=True)])
    return _matmul(x, kernels, sizes)


@torch.library.custom_op("trivium::grouped_matmul", mutates_args=())
def _matmul(x: Tensor, kernels: Tensor, sizes: Tensor) -> Tensor:
    parts, found = sizes.tolist(), x.new_empty(x.shape[0], kernels.shape[2])
    for part, kernel, out in zip(x.split(parts), kernels, found.split(parts), strict=True):
        torch.mm(part, kernel, out=out)
    return found


@_matmul.register_fake
def _(x: Tensor, kernels: Tensor, sizes: Tensor) -> Tensor:
    return x.new_empty(x.shape[0], kernels.shape[2])


@torch.library.custom_op("trivium::grouped_outer", mutates_args=())
def _outer(x: Tensor, y: Tensor, sizes: Tensor) -> Tensor:
    """The products of each group's rows of x (M, I) and y (M, O), added up -> (E, I, O)."""
    parts, found = sizes.tolist(), x.new_empty(sizes.shape[0], x.shape[1], y.shape[1])
    for a, b, out in zip(x.split(parts), y.split(parts), found, strict=True):
        torch.mm(a.T, b, out=out)
    return found


@_outer.register_fake
def _(x: Tensor, y: Tensor, sizes: Tensor) -> Tensor:
    return x.new_empty(sizes.shape[0], x.shape[1], y.shape[1])


def _keep(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _matmul_backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
    x, kernels, sizes = ctx.saved_tensors
    return _matmul(gradient, kernels.transpose(1, 2), sizes), _outer(x, gradient, sizes), None


def _outer_backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
    x, y, sizes = ctx.saved_tensors
    return _matmul(y, gradient.transpose(1, 2), sizes), _matmul(x, gradient, sizes), None


_matmul.register_autograd(_matmul_backward, setup_context=_keep)
_outer.register_autograd(_outer_backward, setup_context=_keep)
