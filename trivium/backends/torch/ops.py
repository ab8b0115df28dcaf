"""The functions of the contract (`trivium/core/ops.py`, which defines them) in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from trivium.backends.numpy import ops as on_host
from trivium.core import activations, assignment
from trivium.core.ops import HALF_LIMIT

# Shapes


def shape(x: Tensor) -> tuple[Any, ...]:
    return tuple(x.shape)


def reshape(x: Tensor, shape: Sequence[Any]) -> Tensor:
    return x.reshape(shape)


def transpose(x: Tensor, axes: Sequence[int]) -> Tensor:
    return x.permute(*axes)


def concat(xs: Sequence[Tensor], axis: int) -> Tensor:
    return torch.cat(tuple(xs), axis)


def split(x: Tensor, parts: int, axis: int) -> Sequence[Tensor]:
    return x.tensor_split(parts, axis)


def broadcast_to(x: Tensor, shape: Sequence[Any]) -> Tensor:
    return x.expand(shape)


def pad(x: Tensor, widths: Sequence[tuple[int, int]]) -> Tensor:
    return F.pad(x, [side for pair in reversed(widths) for side in pair])


def roll(x: Tensor, shifts: Sequence[int], axes: Sequence[int]) -> Tensor:
    return x.roll(tuple(shifts), tuple(axes))


# Values


def arange(stop: Any, like: Tensor) -> Tensor:
    return torch.arange(stop, dtype=torch.int32, device=like.device)


def zeros(shape: Sequence[Any], like: Tensor) -> Tensor:
    return torch.zeros(shape, dtype=like.dtype, device=like.device)


def constant(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=torch.float32, device=like.device)


def cast(x: Tensor, dtype: str) -> Tensor:
    return x.to(getattr(torch, dtype))


def cast_like(x: Tensor, other: Tensor) -> Tensor:
    return x.to(other.dtype)


def is_integer(x: Tensor) -> bool:
    return not (x.is_floating_point() or x.is_complex() or x.dtype == torch.bool)


def stop_gradient(x: Tensor) -> Tensor:
    return x.detach()


def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return torch.where(condition, x, y)


def take(x: Tensor, index: Tensor) -> Tensor:
    return x[index]


def take_rows(x: Tensor, index: Tensor) -> Tensor:
    return x[torch.arange(x.shape[0], device=x.device), index]


def take_along(x: Tensor, index: Tensor, axis: int) -> Tensor:
    return torch.take_along_dim(x, index.long(), axis)


def update(x: Tensor, values: Tensor, start: Tensor, last: bool = False) -> Tensor:
    count = values.shape[1]
    first = start.clamp(0, x.shape[1] - count)
    place = first + torch.arange(count, device=x.device)
    if last:
        return x.index_copy(1, place, values.to(x.dtype))  # which `inference.Inference` does in place
    return torch.index_copy(x, 1, place, values.to(x.dtype))


def add_at(x: Tensor, index: Tensor, values: Tensor) -> Tensor:
    return x.scatter_add(1, index.long(), values.to(x.dtype))


# Sums


def sum(x: Tensor) -> Tensor:
    return x.sum(dtype=x.dtype)


def mean(x: Tensor, axis: int) -> Tensor:
    return x.mean(axis)


def max(x: Tensor, axis: int) -> Tensor:
    return x.amax(axis)


def cumsum(x: Tensor, axis: int) -> Tensor:
    return x.cumsum(axis, dtype=x.dtype)


def linear_scan(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    wide = _accumulator(a)
    return _Scan.apply(a.to(wide), b.to(wide), start.to(wide)).to(a.dtype)


class _Scan(torch.autograd.Function):
    """`linear_scan` with its own gradient, a scan from the end, so that nothing of the stretches in between is kept."""

    generate_vmap_rule = True

    @staticmethod
    def forward(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
        return _joined(a, torch.cat([a[:, :1] * start[:, None] + b[:, :1], b[:, 1:]], 1))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0], inputs[2], output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        a, start, found = ctx.saved_tensors
        later = _Scan.apply(a.roll(-1, 1).flip(1), gradient.flip(1), torch.zeros_like(start)).flip(1)
        before = torch.cat([start[:, None], found[:, :-1]], 1)
        return later * before, later, a[:, 0] * later[:, 0]


def _joined(a: Tensor, b: Tensor) -> Tensor:
    """The scan from zero: neighbours joined to half as many steps, whose states are every second one."""
    count = b.shape[1]
    if count == 1:
        return b
    odd = _joined(a[:, 1::2] * a[:, :-1:2], a[:, 1::2] * b[:, :-1:2] + b[:, 1::2])
    found = torch.empty_like(b)
    found[:, 0], found[:, 1::2] = b[:, 0], odd
    found[:, 2::2] = a[:, 2::2] * odd[:, : (count - 1) // 2] + b[:, 2::2]
    return found


def sum_along(x: Tensor, axis: int) -> Tensor:
    return x.sum(axis, dtype=x.dtype)


def every(x: Tensor) -> Tensor:
    return x.all()


def add(x: Tensor, y: Tensor) -> Tensor:
    return x + y


def einsum(formula: str, *xs: Tensor) -> Tensor:
    return torch.einsum(formula, *xs)


def argmax(x: Tensor, axis: int) -> Tensor:
    return x.argmax(axis).to(torch.int32)


def argsort(x: Tensor, axis: int) -> Tensor:
    return x.argsort(dim=axis, stable=True).to(torch.int32)


def sort(x: Tensor, axis: int) -> Tensor:
    return x.sort(axis).values


@torch.library.custom_op("trivium::linear_assignment", mutates_args=(), schema="(Tensor costs, Tensor real) -> Tensor")
def _linear_assignment(costs: Tensor, real: Tensor) -> Tensor:
    found = assignment.solve(on_host, costs.detach().float().cpu().numpy(), real.cpu().numpy())
    return torch.from_numpy(found).to(costs.device)


@_linear_assignment.register_fake
def _(costs: Tensor, real: Tensor) -> Tensor:
    return costs.new_empty((costs.shape[0], costs.shape[2]), dtype=torch.int32)


def linear_assignment(costs: Tensor, real: Tensor) -> Tensor:
    # on the host: step by step on a device it would wait for every step's outcome
    return _linear_assignment(costs.detach(), real)


def top_k(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    values, index = x.topk(k)
    return values, index.to(torch.int32)


# Elementwise


def exp(x: Tensor) -> Tensor:
    return x.exp()


def log(x: Tensor) -> Tensor:
    return x.log()


def lgamma(x: Tensor) -> Tensor:
    return x.lgamma()


def sqrt(x: Tensor) -> Tensor:
    return x.sqrt()


def cos(x: Tensor) -> Tensor:
    return x.cos()


def sin(x: Tensor) -> Tensor:
    return x.sin()


def maximum(x: Tensor, y: Any) -> Tensor:
    return torch.maximum(x, y) if isinstance(y, Tensor) else x.clamp(min=y)


def minimum(x: Tensor, y: Any) -> Tensor:
    return torch.minimum(x, y) if isinstance(y, Tensor) else x.clamp(max=y)


def clamp_half(x: Tensor) -> Tensor:
    return x.clamp(-HALF_LIMIT, HALF_LIMIT) if x.dtype == torch.float16 else x


# Loops and chance


def while_loop(condition: Callable[[Any], Tensor], body: Callable[[Any], Any], state: Any) -> Any:
    while condition(state):
        state = body(state)
    return state


def random_key(seed: int | None, like: Tensor) -> torch.Generator:
    generator = torch.Generator(like.device)
    return generator.manual_seed(int(torch.randint(2**31, ())) if seed is None else seed)


def random_uniform(key: torch.Generator, shape: Sequence[int]) -> tuple[Tensor, torch.Generator]:
    return torch.rand(tuple(shape), generator=key, device=key.device), key


# Activations


def softmax(x: Tensor, axis: int) -> Tensor:
    return x.softmax(axis, dtype=_accumulator(x)).to(x.dtype)


def log_softmax(x: Tensor, axis: int) -> Tensor:
    return x.log_softmax(axis, dtype=_accumulator(x)).to(x.dtype)


def softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros_like(x))


def gelu(x: Tensor) -> Tensor:
    return F.gelu(x)


def gelu_tanh(x: Tensor) -> Tensor:
    return F.gelu(x, approximate="tanh")


def quick_gelu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)


def elu(x: Tensor) -> Tensor:
    return F.elu(x)


def relu(x: Tensor) -> Tensor:
    return F.relu(x)


def sigmoid(x: Tensor) -> Tensor:
    return torch.sigmoid(x)


def silu(x: Tensor) -> Tensor:
    return F.silu(x)


def tanh(x: Tensor) -> Tensor:
    return torch.tanh(x)


def activation(name: str) -> Callable[[Tensor], Tensor]:
    return globals()[activations.OPS[name]]


# Attention


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    *,
    bias: Tensor | None = None,
    causal: bool = False,
    scale: float,
    dropout: torch.nn.Dropout,
    weights: bool = False,
) -> tuple[Tensor, Tensor | None]:
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    if causal and (weights or mask is not None or bias is not None):
        visible = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril()
        mask, causal = (visible if mask is None else mask & visible), False
    if mask is not None:
        # Not a boolean mask, for which a query that may see no key would get NaN or zero. And scores of zero for such a query:
        # with the smallest number in their place the gradient of the fused kernel is wrong, and float16 is not equal.
        seen = mask.any(-1, keepdim=True)
        q, zero = q.where(seen, 0), torch.zeros((), dtype=q.dtype, device=q.device)
        bias = (zero if bias is None else bias).where(mask, torch.finfo(q.dtype).min).where(seen, zero)
    grouped = q.shape[1] != k.shape[1]
    rate = dropout.p if dropout.training else 0.0
    if not weights and not rate and q.dtype.itemsize == 2 and q.device.type == "cpu" and q.shape[2] == 1:
        return _one_query(q, k, v, bias, scale).transpose(1, 2), None
    if not weights:
        found = F.scaled_dot_product_attention(q, k, v, bias, rate, causal, scale=scale, enable_gqa=grouped)
        return found.transpose(1, 2), None
    if grouped:
        k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], 1) for x in (k, v))
    scores = (q @ k.transpose(2, 3)) * scale
    if bias is not None:
        scores = scores + bias
    found = dropout(scores.softmax(-1, dtype=_accumulator(scores)).to(v.dtype))
    return (found @ v).transpose(1, 2), found


def _one_query(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, scale: float) -> Tensor:
    """Attention of q (B, N, 1, H) to k and v (B, K, S, H), made in float32: (B, N, 1, H).

    For half precision on a CPU, where the fused kernel takes up to nine times as long.
    """
    batch, heads, _, width = q.shape
    q = q.reshape(batch, k.shape[1], -1, width).float()  # the queries that share a key head are rows of one product
    scores = (q @ k.transpose(2, 3).float() * scale).reshape(batch, heads, 1, -1)
    scores = (scores if bias is None else scores + bias).softmax(-1)
    found = scores.reshape(*q.shape[:3], -1) @ v.float()
    return found.reshape(batch, heads, 1, width).to(v.dtype)


def _accumulator(x: Tensor) -> torch.dtype:
    """The dtype in which sums over elements of x are made."""
    return torch.float64 if x.dtype == torch.float64 else torch.float32


# Convolution


def conv1d(x: Tensor, kernel: Tensor, padding: int = 0, groups: int = 1, stride: int = 1, dilation: int = 1) -> Tensor:
    return F.conv1d(x.transpose(1, 2), kernel, None, stride, padding, dilation, groups).transpose(1, 2)


def conv_transpose1d(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    return F.conv_transpose1d(x.transpose(1, 2), kernel, stride=stride).transpose(1, 2)


# Images


def max_pool(x: Tensor, size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
    return F.max_pool2d(x.permute(0, 3, 1, 2), size, stride, padding).permute(0, 2, 3, 1)


def average_to(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.adaptive_avg_pool2d(x.permute(0, 3, 1, 2), size).permute(0, 2, 3, 1)


def resize_bicubic(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x.permute(0, 3, 1, 2), size, mode="bicubic", align_corners=False).permute(0, 2, 3, 1)


def resize_bilinear(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x.permute(0, 3, 1, 2), size, mode="bilinear", align_corners=False).permute(0, 2, 3, 1)


# Losses


def cross_entropy(logits: Tensor, labels: Tensor, ignore_index: int = -100, weight: Tensor | None = None) -> Tensor:
    logits = logits.to(_accumulator(logits))
    weight = None if weight is None else weight.to(logits.dtype)
    return F.cross_entropy(logits, labels.long(), weight, ignore_index=ignore_index)


def binary_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    dtype = _accumulator(logits)
    return F.binary_cross_entropy_with_logits(logits.to(dtype), labels.to(dtype))


def ctc_loss(
    logits: Tensor, labels: Tensor, logit_lengths: Tensor, label_lengths: Tensor, blank: int, zero_infinity: bool
) -> Tensor:
    logs = torch.log_softmax(logits, -1, dtype=_accumulator(logits)).transpose(0, 1)
    arguments = logs, labels.clamp(min=0).long(), logit_lengths.long(), label_lengths.long(), blank
    if not torch.compiler.is_compiling():
        return F.ctc_loss(*arguments, "none", zero_infinity)
    return _ctc_loss(*arguments, zero_infinity)[0]


@torch.library.custom_op(
    "trivium::ctc_loss",
    mutates_args=(),
    schema="(Tensor logs, Tensor labels, Tensor steps, Tensor counts, int blank, bool zero_infinity) -> (Tensor, Tensor)",
)
def _ctc_loss(
    logs: Tensor, labels: Tensor, steps: Tensor, counts: Tensor, blank: int, zero_infinity: bool
) -> tuple[Tensor, Tensor]:
    """The losses and their slopes: PyTorch's own keeps in between what has a shape that depends on values."""
    losses, between = torch.ops.aten._ctc_loss.Tensor(logs, labels, steps, counts, blank, zero_infinity)
    each = torch.ones_like(losses)
    slopes = torch.ops.aten._ctc_loss_backward.Tensor(each, logs, labels, steps, counts, losses, between, blank, zero_infinity)
    return torch.where(losses.isinf(), 0, losses) if zero_infinity else losses, slopes


@_ctc_loss.register_fake
def _(logs: Tensor, labels: Tensor, steps: Tensor, counts: Tensor, blank: int, zero_infinity: bool) -> tuple[Tensor, Tensor]:
    return logs.new_empty(logs.shape[1]), torch.empty_like(logs)


def _keep_slopes(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(output[1])


def _ctc_backward(ctx: Any, losses: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    (slopes,) = ctx.saved_tensors
    return slopes * losses[None, :, None], None, None, None, None, None


_ctc_loss.register_autograd(_ctc_backward, setup_context=_keep_slopes)


def mean_squared_error(x: Tensor, y: Tensor) -> Tensor:
    return F.mse_loss(x.to(_accumulator(x)), y.to(_accumulator(x)))
