"""The functions of the contract (`trivium/core/ops.py`, which defines them) in NumPy."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes  # noqa: F401, whose dtypes NumPy then knows by name
import numpy as np

from trivium.core import activations, assignment
from trivium.core.ops import HALF_LIMIT
from trivium.core.resampling import averaging, bicubic, bilinear

_erf = np.vectorize(math.erf, otypes=[np.float64])
_lgamma = np.vectorize(math.lgamma, otypes=[np.float64])

# Shapes


def shape(x: Any) -> tuple[int, ...]:
    return np.shape(x)


def reshape(x: Any, shape: Sequence[int]) -> np.ndarray:
    return np.reshape(x, shape)


def transpose(x: Any, axes: Sequence[int]) -> np.ndarray:
    return np.transpose(x, axes)


def concat(xs: Sequence[Any], axis: int) -> np.ndarray:
    return np.concatenate(xs, axis)


def split(x: Any, parts: int, axis: int) -> list[np.ndarray]:
    return np.split(x, parts, axis)


def broadcast_to(x: Any, shape: Sequence[int]) -> np.ndarray:
    return np.broadcast_to(x, shape)


def pad(x: Any, widths: Sequence[tuple[int, int]]) -> np.ndarray:
    return np.pad(x, widths)


def roll(x: Any, shifts: Sequence[int], axes: Sequence[int]) -> np.ndarray:
    return np.roll(x, tuple(shifts), tuple(axes))


# Values


def arange(stop: int, like: Any) -> np.ndarray:
    return np.arange(stop, dtype=np.int32)


def zeros(shape: Sequence[int], like: Any) -> np.ndarray:
    return np.zeros(shape, like.dtype)


def constant(values: Sequence[float], like: Any) -> np.ndarray:
    return np.array(values, np.float32)


def cast(x: Any, dtype: str) -> np.ndarray:
    return np.asarray(x).astype(dtype)


def cast_like(x: Any, other: Any) -> np.ndarray:
    return np.asarray(x).astype(other.dtype)


def is_integer(x: Any) -> bool:
    return bool(np.issubdtype(np.asarray(x).dtype, np.integer))


def stop_gradient(x: Any) -> Any:
    return x


def where(condition: Any, x: Any, y: Any) -> np.ndarray:
    return np.where(condition, x, y)


def take(x: Any, index: Any) -> np.ndarray:
    return np.take(x, index, 0)


def take_rows(x: Any, index: Any) -> np.ndarray:
    return x[np.arange(len(x)), index]


def take_along(x: Any, index: Any, axis: int) -> np.ndarray:
    return np.take_along_axis(x, index, axis)


def update(x: Any, values: Any, start: Any, last: bool = False) -> np.ndarray:
    x = x.copy()
    first = min(max(int(start), 0), x.shape[1] - values.shape[1])
    x[:, first : first + values.shape[1]] = values
    return x


def add_at(x: Any, index: Any, values: Any) -> np.ndarray:
    x = x.copy()
    np.add.at(x, (np.arange(len(x))[:, None], index), values.astype(x.dtype))
    return x


# Sums


def sum(x: Any) -> np.ndarray:
    return np.sum(x, dtype=x.dtype)


def mean(x: Any, axis: int) -> np.ndarray:
    return _wide(x).mean(axis).astype(x.dtype)


def max(x: Any, axis: int) -> np.ndarray:
    return np.max(x, axis)


def cumsum(x: Any, axis: int) -> np.ndarray:
    return np.cumsum(x, axis, dtype=x.dtype)


def linear_scan(a: Any, b: Any, start: Any) -> np.ndarray:
    steps, state = [], _wide(start)
    for t in range(a.shape[1]):
        state = _wide(a)[:, t] * state + _wide(b)[:, t]
        steps.append(state)
    return np.stack(steps, 1).astype(a.dtype)


def sum_along(x: Any, axis: int) -> np.ndarray:
    return np.sum(x, axis, dtype=x.dtype)


def every(x: Any) -> np.bool_:
    return np.all(x)


def add(x: Any, y: Any) -> np.ndarray:
    return np.add(x, y)


def einsum(formula: str, *xs: Any) -> np.ndarray:
    return np.einsum(formula, *map(_wide, xs), optimize=len(xs) > 2).astype(xs[0].dtype)


def _grouped_matmul(x: Any, kernels: Any, sizes: Any) -> np.ndarray:
    parts = np.split(_wide(x), np.cumsum(sizes)[:-1])
    return np.concatenate([part @ _wide(kernel) for part, kernel in zip(parts, kernels, strict=True)]).astype(x.dtype)


def argmax(x: Any, axis: int) -> np.ndarray:
    return np.argmax(x, axis).astype(np.int32)


def argsort(x: Any, axis: int) -> np.ndarray:
    return np.argsort(x, axis, kind="stable").astype(np.int32)


def sort(x: Any, axis: int) -> np.ndarray:
    return np.sort(x, axis)


def linear_assignment(costs: Any, real: Any) -> np.ndarray:
    return assignment.solve(sys.modules[__name__], costs, real)


def top_k(x: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
    index = np.argsort(-_wide(x), -1, kind="stable")[..., :k].astype(np.int32)
    return np.take_along_axis(x, index, -1), index


# Elementwise


def exp(x: Any) -> np.ndarray:
    return np.exp(x)


def log(x: Any) -> np.ndarray:
    return np.log(x)


def lgamma(x: Any) -> np.ndarray:
    return _lgamma(x).astype(x.dtype)


def sqrt(x: Any) -> np.ndarray:
    return np.sqrt(x)


def cos(x: Any) -> np.ndarray:
    return np.cos(x)


def sin(x: Any) -> np.ndarray:
    return np.sin(x)


def maximum(x: Any, y: Any) -> np.ndarray:
    return np.maximum(x, np.asarray(y, x.dtype))


def minimum(x: Any, y: Any) -> np.ndarray:
    return np.minimum(x, np.asarray(y, x.dtype))


def clamp_half(x: Any) -> np.ndarray:
    return np.clip(x, -HALF_LIMIT, HALF_LIMIT) if x.dtype == np.float16 else x


# Loops and chance


def while_loop(condition: Callable[[Any], Any], body: Callable[[Any], Any], state: Any) -> Any:
    while condition(state):
        state = body(state)
    return state


def random_key(seed: int | None, like: Any) -> np.ndarray:
    words = np.random.SeedSequence(np.random.randint(2**31) if seed is None else seed).generate_state(2, np.uint64)
    return np.append(words, np.uint64(0))  # Philox's key and counter


def random_uniform(key: np.ndarray, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.Generator(np.random.Philox(key=key[:2], counter=[0, 0, 0, key[2]]))
    return generator.random(shape, np.float32), key + np.array([0, 0, 1], np.uint64)


# Activations


def softmax(x: Any, axis: int) -> np.ndarray:
    return np.exp(log_softmax(_wide(x), axis)).astype(x.dtype)


def log_softmax(x: Any, axis: int) -> np.ndarray:
    y = _wide(x)
    y = y - y.max(axis, keepdims=True)
    return (y - np.log(np.exp(y).sum(axis, keepdims=True))).astype(x.dtype)


def softplus(x: Any) -> np.ndarray:
    return np.logaddexp(0, _wide(x)).astype(x.dtype)


def gelu(x: Any) -> np.ndarray:
    return (x * 0.5 * (1 + _erf(x / math.sqrt(2)))).astype(x.dtype)


def gelu_tanh(x: Any) -> np.ndarray:
    y = _wide(x)
    return (0.5 * y * (1 + np.tanh(math.sqrt(2 / math.pi) * (y + 0.044715 * y**3)))).astype(x.dtype)


def quick_gelu(x: Any) -> np.ndarray:
    y = _wide(x)
    return (y * sigmoid(1.702 * y)).astype(x.dtype)


def elu(x: Any) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, x.dtype.type(0))))


def relu(x: Any) -> np.ndarray:
    return np.maximum(x, 0)


def sigmoid(x: Any) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -x)).astype(x.dtype)


def silu(x: Any) -> np.ndarray:
    return x * sigmoid(x)


def tanh(x: Any) -> np.ndarray:
    return np.tanh(x)


def activation(name: str) -> Callable[[Any], np.ndarray]:
    return globals()[activations.OPS[name]]


# Attention


def attention(
    q: Any,
    k: Any,
    v: Any,
    mask: Any = None,
    *,
    bias: Any = None,
    causal: bool = False,
    scale: float,
    dropout: Callable[[Any], Any],
    weights: bool = False,
) -> tuple[np.ndarray, np.ndarray | None]:
    k, v = (np.repeat(x, q.shape[2] // x.shape[2], 2) for x in (k, v))
    scores = np.einsum("btnh,bsnh->bnts", _wide(q), _wide(k)) * scale
    if bias is not None:
        scores = scores + _wide(bias)
    if causal:
        visible = np.tri(*scores.shape[-2:]).astype(bool)
        mask = visible if mask is None else mask & visible
    if mask is not None:
        scores = np.where(mask, scores, np.finfo(scores.dtype).min)
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    found = dropout((scores / scores.sum(-1, keepdims=True)).astype(v.dtype))
    return np.einsum("bnts,bsnh->btnh", _wide(found), _wide(v)).astype(v.dtype), found if weights else None


def _wide(x: Any) -> np.ndarray:
    """x in the dtype in which sums over its elements are made."""
    return x.astype(np.float64 if x.dtype == np.float64 else np.float32, copy=False)


# Convolution


def conv1d(x: Any, kernel: Any, padding: int = 0, groups: int = 1, stride: int = 1, dilation: int = 1) -> np.ndarray:
    x = np.pad(_wide(x), ((0, 0), (padding, padding), (0, 0)))
    seen = (kernel.shape[2] - 1) * dilation + 1
    windows = np.lib.stride_tricks.sliding_window_view(x, seen, 1)[:, ::stride, :, ::dilation]  # (B, T', i, k)
    parts = zip(np.split(windows, groups, 2), np.split(_wide(kernel), groups, 0), strict=True)
    return np.concatenate([np.einsum("btik,oik->bto", *part) for part in parts], -1).astype(kernel.dtype)


def conv_transpose1d(x: Any, kernel: Any, stride: int) -> np.ndarray:
    batch, tokens, _ = x.shape
    _, width, size = kernel.shape
    last = (tokens - 1) * stride
    found = np.zeros((batch, last + size, width), _wide(kernel).dtype)
    for place in range(size):
        found[:, place : place + last + 1 : stride] += _wide(x) @ _wide(kernel)[:, :, place]
    return found.astype(kernel.dtype)


# Images


def max_pool(x: Any, size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> np.ndarray:
    x = np.pad(x, [(0, 0), *((side, side) for side in padding), (0, 0)], constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))  # (B, H', W', C, *size)
    return windows[:, :: stride[0], :: stride[1]].max((-2, -1))


def average_to(x: Any, size: tuple[int, int]) -> np.ndarray:
    rows, columns = (averaging(old, new) for old, new in zip(x.shape[1:3], size, strict=True))
    return np.einsum("hH,wW,bHWc->bhwc", rows, columns, _wide(x), optimize=True).astype(x.dtype)


def resize_bicubic(x: Any, size: tuple[int, int]) -> np.ndarray:
    rows, columns = (bicubic(old, new) for old, new in zip(x.shape[1:3], size, strict=True))
    return np.einsum("hH,wW,bHWc->bhwc", rows, columns, _wide(x), optimize=True).astype(x.dtype)


def resize_bilinear(x: Any, size: tuple[int, int]) -> np.ndarray:
    rows, columns = (bilinear(old, new) for old, new in zip(x.shape[1:3], size, strict=True))
    return np.einsum("hH,wW,bHWc->bhwc", rows, columns, _wide(x), optimize=True).astype(x.dtype)


# Losses


def cross_entropy(logits: Any, labels: Any, ignore_index: int = -100, weight: Any = None) -> np.ndarray:
    logits = _wide(logits)
    logits = logits - logits.max(-1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    counts = labels != ignore_index
    labels = np.where(counts, labels, 0)
    counts = counts.astype(logits.dtype) if weight is None else counts * weight.astype(logits.dtype)[labels]
    with np.errstate(invalid="ignore"):
        return -(logs[np.arange(len(labels)), labels] * counts).sum() / counts.sum()


def binary_cross_entropy(logits: Any, labels: Any) -> np.ndarray:
    logits = _wide(logits)
    return np.mean(np.logaddexp(0, logits) - logits * labels)


def ctc_loss(logits: Any, labels: Any, logit_lengths: Any, label_lengths: Any, blank: int, zero_infinity: bool) -> np.ndarray:
    logs = log_softmax(_wide(logits), -1)
    found = [_ctc(*one, blank) for one in zip(logs, labels, logit_lengths, label_lengths, strict=True)]
    return np.array([0 if zero_infinity and np.isinf(loss) else loss for loss in found], logs.dtype)


def _ctc(logs: np.ndarray, labels: np.ndarray, steps: int, length: int, blank: int) -> float:
    states = np.full(2 * length + 1, blank)
    states[1::2] = labels[:length]
    skips = np.array([i % 2 and i > 1 and states[i] != states[i - 2] for i in range(len(states))], bool)
    reached = np.where(np.arange(len(states)) < 2, logs[0, states], -np.inf)
    for step in logs[1:steps]:
        one, two = (np.concatenate([np.full(n, -np.inf), reached])[: len(states)] for n in (1, 2))
        reached = np.logaddexp(np.logaddexp(reached, one), np.where(skips, two, -np.inf)) + step[states]
    return -np.logaddexp.reduce(reached[-2:])


def mean_squared_error(x: Any, y: Any) -> np.ndarray:
    return np.mean((_wide(x) - y) ** 2)
