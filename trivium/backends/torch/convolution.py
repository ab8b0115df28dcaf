"""Convolutions of images whose channels come last, in the network and in memory.

While torch.compile traces they are an operator of our own. Its compiler lays out every four-dimensional tensor near one of
PyTorch's convolutions as if channels were the second axis; the networks' are the last, so that its loops would leap through
memory (ResNet-50 took twice the time). Autocast and exported programs have PyTorch's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

Tensor = torch.Tensor
Sizes = Sequence[int]


def convolve(x: Tensor, layer: torch.nn.Conv2d | torch.nn.ConvTranspose2d) -> Tensor:
    """A layer's convolution of x (B, H, W, C): (B, h, w, O)."""
    sizes: tuple[Any, ...] = (layer.stride, layer.padding, layer.dilation, layer.output_padding)
    compiles = torch.compiler.is_compiling() and not torch.compiler.is_exporting()
    call = _operator if compiles and not torch.is_autocast_enabled(x.device.type) else _convolve
    return call(x, layer.weight, layer.bias, *sizes, layer.transposed, layer.groups)


def _convolve(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    output_padding: Sizes,
    transposed: bool,
    groups: int,
) -> Tensor:
    x = x.contiguous().permute(0, 3, 1, 2)
    return torch.convolution(x, weight, bias, stride, padding, dilation, transposed, output_padding, groups).permute(0, 2, 3, 1)


@torch.library.custom_op("trivium::convolve", mutates_args=())
def _operator(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    output_padding: Sizes,
    transposed: bool,
    groups: int,
) -> Tensor:
    found = _convolve(x, weight, bias, stride, padding, dilation, output_padding, transposed, groups)
    return found.contiguous()  # which the compiler is promised, whatever order a device's library prefers


@_operator.register_fake
def _(*inputs: Any) -> Tensor:
    return _convolve(*inputs).contiguous()


def _remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, weight, bias, *how = inputs
    ctx.save_for_backward(x, weight)
    ctx.bias, ctx.how = None if bias is None else [len(bias)], how


def _derive(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    x, weight = ctx.saved_tensors
    stride, padding, dilation, output_padding, transposed, groups = ctx.how
    images = (tensor.contiguous().permute(0, 3, 1, 2) for tensor in (gradient, x))
    how = stride, padding, dilation, transposed, output_padding, groups
    wanted = list(ctx.needs_input_grad[:3])
    found, *others = torch.ops.aten.convolution_backward(*images, weight, ctx.bias, *how, wanted)
    return None if found is None else found.permute(0, 2, 3, 1), *others, *[None] * 6


_operator.register_autograd(_derive, setup_context=_remember)
