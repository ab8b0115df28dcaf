"""The functions of the contract (`trivium/core/ops.py`, which defines them) in TensorFlow."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trivium.backends.numpy import ops as on_host
from trivium.core import activations, assignment
from trivium.core.ops import HALF_LIMIT
from trivium.core.resampling import averaging, bicubic, bilinear

Tensor = Any  # tf.Tensor, or keras.Variable where a network hands over a parameter


def _t(x: Tensor) -> tf.Tensor:
    return x.value if isinstance(x, keras.Variable) else tf.convert_to_tensor(x)


# Shapes


def shape(x: Tensor) -> tuple[Any, ...]:
    known, x = x.shape, _t(x)
    if all(size is not None for size in known):
        return tuple(known)
    sizes = tf.unstack(tf.shape(x))
    return tuple(size if fixed is None else fixed for fixed, size in zip(known, sizes, strict=True))


def reshape(x: Tensor, shape: Sequence[Any]) -> tf.Tensor:
    return tf.reshape(x, shape)


def transpose(x: Tensor, axes: Sequence[int]) -> tf.Tensor:
    return tf.transpose(x, axes)


def concat(xs: Sequence[Tensor], axis: int) -> tf.Tensor:
    return tf.concat([_t(x) for x in xs], axis)


def split(x: Tensor, parts: int, axis: int) -> Sequence[tf.Tensor]:
    return tf.split(x, parts, axis)


def broadcast_to(x: Tensor, shape: Sequence[Any]) -> tf.Tensor:
    return tf.broadcast_to(_t(x), shape)


def pad(x: Tensor, widths: Sequence[tuple[int, int]]) -> tf.Tensor:
    return tf.pad(x, widths)


def roll(x: Tensor, shifts: Sequence[int], axes: Sequence[int]) -> tf.Tensor:
    return tf.roll(x, shifts, axes)


# Values


def arange(stop: Any, like: Tensor) -> tf.Tensor:
    return tf.range(stop, dtype=tf.int32)


def zeros(shape: Sequence[Any], like: Tensor) -> tf.Tensor:
    return tf.zeros(shape, like.dtype)


def constant(values: Sequence[float], like: Tensor) -> tf.Tensor:
    return tf.constant(values, tf.float32)


def cast(x: Tensor, dtype: str) -> tf.Tensor:
    return tf.cast(_t(x), dtype)


def cast_like(x: Tensor, other: Tensor) -> tf.Tensor:
    return tf.cast(_t(x), other.dtype)


def is_integer(x: Tensor) -> bool:
    return tf.as_dtype(x.dtype).is_integer


def stop_gradient(x: Tensor) -> tf.Tensor:
    return tf.stop_gradient(_t(x))


def where(condition: Tensor, x: Tensor, y: Tensor) -> tf.Tensor:
    return tf.where(condition, x, y)


def take(x: Tensor, index: Tensor) -> tf.Tensor:
    return tf.gather(_t(x), _t(index))


def take_rows(x: Tensor, index: Tensor) -> tf.Tensor:
    index = tf.where(index < 0, index + tf.cast(tf.shape(x)[1], index.dtype), index)
    return tf.gather(x, index, axis=1, batch_dims=1)


def take_along(x: Tensor, index: Tensor, axis: int) -> tf.Tensor:
    # not tf.experimental.numpy.take_along_axis, whose gradient XLA cannot compile where the axis is the last
    x, index = _t(x), _t(index)
    order = list(range(len(x.shape)))
    order[axis], order[-1] = order[-1], order[axis]  # the axis, last
    x, index = (tf.transpose(each, order) if order != sorted(order) else each for each in (x, index))
    if not (x.shape[:-1].is_fully_defined() and x.shape[:-1] == index.shape[:-1]):
        before = tf.broadcast_dynamic_shape(tf.shape(x)[:-1], tf.shape(index)[:-1])
        x, index = (tf.broadcast_to(each, tf.concat([before, tf.shape(each)[-1:]], 0)) for each in (x, index))
    found = tf.gather(x, index, axis=-1, batch_dims=len(order) - 1)
    return tf.transpose(found, order) if order != sorted(order) else found


def update(x: Tensor, values: Tensor, start: Tensor, last: bool = False) -> tf.Tensor:
    count = tf.shape(values)[1]
    first = tf.clip_by_value(tf.cast(start, tf.int32), 0, tf.shape(x)[1] - count)
    places = tf.range(tf.shape(x)[1]) - first
    inside = (places >= 0) & (places < count)
    moved = tf.gather(values, tf.clip_by_value(places, 0, count - 1), axis=1)
    return tf.where(tf.reshape(inside, [1, -1] + [1] * (len(x.shape) - 2)), tf.cast(moved, x.dtype), x)


def add_at(x: Tensor, index: Tensor, values: Tensor) -> tf.Tensor:
    rows = tf.broadcast_to(tf.range(tf.shape(index)[0], dtype=index.dtype)[:, None], tf.shape(index))
    return tf.tensor_scatter_nd_add(x, tf.stack([rows, index], -1), tf.cast(values, x.dtype))


# Sums


def sum(x: Tensor) -> tf.Tensor:
    return _summed(x, None)


def _summed(x: Tensor, axis: int | None) -> tf.Tensor:
    # XLA on a CPU sums bfloat16 in bfloat16, where 256 and 1 are 256
    wide = _accumulator(x) if x.dtype.is_floating else x.dtype
    return tf.cast(tf.reduce_sum(tf.cast(x, wide), axis), x.dtype)


def mean(x: Tensor, axis: int) -> tf.Tensor:
    return tf.reduce_mean(x, axis)


def max(x: Tensor, axis: int) -> tf.Tensor:
    return tf.reduce_max(x, axis)


def cumsum(x: Tensor, axis: int) -> tf.Tensor:
    return tf.cumsum(x, axis)


def linear_scan(a: Tensor, b: Tensor, start: Tensor) -> tf.Tensor:
    wide = _accumulator(a)
    return tf.cast(_scan(*(tf.cast(x, wide) for x in (a, b, start))), a.dtype)


@tf.custom_gradient
def _scan(a: tf.Tensor, b: tf.Tensor, start: tf.Tensor) -> Any:
    """`linear_scan` with its own gradient, a scan from the end: a loop's would keep every turn, which XLA has to count."""
    count = tf.shape(b)[1]
    places = tf.reshape(tf.range(count), [1, -1] + [1] * (len(b.shape) - 2))
    one, zero = tf.ones((), b.dtype), tf.zeros((), b.dtype)

    def joined(distance: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Each stretch joined with the one before it; `distance` is how many steps either has."""
        has = places >= distance
        before = tf.where(has, tf.roll(a, distance, 1), one), tf.where(has, tf.roll(b, distance, 1), zero)
        return 2 * distance, a * before[0], a * before[1] + b

    first = tf.concat([a[:, :1] * start[:, None] + b[:, :1], b[:, 1:]], 1)
    found = tf.while_loop(lambda distance, *_: distance < count, joined, (1, a, first))[2]

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
        backwards = tf.reverse(tf.roll(a, -1, 1), [1]), tf.reverse(upstream, [1])
        later = tf.reverse(_scan(*backwards, tf.zeros_like(start)), [1])
        before = tf.concat([start[:, None], found[:, :-1]], 1)
        return later * before, later, a[:, 0] * later[:, 0]

    return found, gradient


def sum_along(x: Tensor, axis: int) -> tf.Tensor:
    return _summed(x, axis)


def every(x: Tensor) -> tf.Tensor:
    return tf.reduce_all(x)


def add(x: Tensor, y: Tensor) -> tf.Tensor:
    wide = x if x.dtype.size > y.dtype.size else y
    return cast_like(x, wide) + cast_like(y, wide)


def einsum(formula: str, *xs: Tensor) -> tf.Tensor:
    return tf.einsum(formula, *map(_t, xs))


def argmax(x: Tensor, axis: int) -> tf.Tensor:
    return tf.argmax(x, axis, output_type=tf.int32)


def argsort(x: Tensor, axis: int) -> tf.Tensor:
    return tf.argsort(x, axis, stable=True)


def sort(x: Tensor, axis: int) -> tf.Tensor:
    return tf.sort(x, axis)


def linear_assignment(costs: Tensor, real: Tensor) -> tf.Tensor:
    if tf.executing_eagerly():  # step by step every function takes longer to call than to run
        return tf.constant(assignment.solve(on_host, np.asarray(_t(costs)), np.asarray(_t(real))))
    return assignment.solve(sys.modules[__name__], tf.stop_gradient(costs), tf.convert_to_tensor(real))


def top_k(x: Tensor, k: int) -> tuple[tf.Tensor, tf.Tensor]:
    found = tf.math.top_k(x, k)
    return found.values, found.indices


# Elementwise


def exp(x: Tensor) -> tf.Tensor:
    return tf.exp(x)


def log(x: Tensor) -> tf.Tensor:
    return tf.math.log(x)


def lgamma(x: Tensor) -> tf.Tensor:
    return tf.cast(tf.math.lgamma(tf.cast(x, _accumulator(x))), x.dtype)


def sqrt(x: Tensor) -> tf.Tensor:
    return tf.sqrt(x)


def cos(x: Tensor) -> tf.Tensor:
    return tf.cos(x)


def sin(x: Tensor) -> tf.Tensor:
    return tf.sin(x)


def maximum(x: Tensor, y: Any) -> tf.Tensor:
    return tf.maximum(x, y)


def minimum(x: Tensor, y: Any) -> tf.Tensor:
    return tf.minimum(x, y)


def clamp_half(x: Tensor) -> tf.Tensor:
    return tf.clip_by_value(x, -HALF_LIMIT, HALF_LIMIT) if x.dtype == tf.float16 else x


# Loops and chance


def while_loop(condition: Callable[[Any], Tensor], body: Callable[[Any], Any], state: Any) -> Any:
    if tf.executing_eagerly():
        while condition(state):
            state = body(state)
        return state
    return tf.while_loop(condition, lambda state: (body(state),), (state,))[0]


def random_key(seed: int | None, like: Tensor) -> tf.Tensor:
    if seed is None:
        return tf.random.uniform((2,), 0, 2**31 - 1, tf.int32)
    return tf.random.split(tf.constant([seed & 0x7FFFFFFF, seed >> 31], tf.int64), 1)[0]


def random_uniform(key: tf.Tensor, shape: Sequence[Any]) -> tuple[tf.Tensor, tf.Tensor]:
    now, later = tf.unstack(tf.random.split(key, 2))
    return tf.random.stateless_uniform(shape, now, alg="philox"), later


# Activations


def softmax(x: Tensor, axis: int) -> tf.Tensor:
    return tf.cast(tf.nn.softmax(tf.cast(x, _accumulator(x)), axis), x.dtype)


def log_softmax(x: Tensor, axis: int) -> tf.Tensor:
    return tf.cast(tf.nn.log_softmax(tf.cast(x, _accumulator(x)), axis), x.dtype)


def softplus(x: Tensor) -> tf.Tensor:
    return tf.nn.softplus(x)


def gelu(x: Tensor) -> tf.Tensor:
    return tf.nn.gelu(x, approximate=False)


def gelu_tanh(x: Tensor) -> tf.Tensor:
    return tf.nn.gelu(x, approximate=True)


def quick_gelu(x: Tensor) -> tf.Tensor:
    return x * tf.sigmoid(1.702 * x)


def elu(x: Tensor) -> tf.Tensor:
    return tf.nn.elu(x)


def relu(x: Tensor) -> tf.Tensor:
    return tf.nn.relu(x)


def sigmoid(x: Tensor) -> tf.Tensor:
    return tf.sigmoid(x)


def silu(x: Tensor) -> tf.Tensor:
    return tf.nn.silu(x)


def tanh(x: Tensor) -> tf.Tensor:
    return tf.tanh(x)


def activation(name: str) -> Callable[[Tensor], tf.Tensor]:
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
    dropout: Callable[[Tensor], Tensor],
    weights: bool = False,
) -> tuple[tf.Tensor, tf.Tensor | None]:
    wide = _accumulator(q)
    batch, tokens, heads, width = shape(q)
    seen, groups = shape(k)[1], heads // k.shape[2]
    if groups == 1:
        scores = tf.einsum("btnh,bsnh->bnts", q, k)
    else:  # each key head has its queries' heads in a group
        grouped = tf.reshape(q, (batch, tokens, -1, groups, width))
        scores = tf.reshape(tf.einsum("btkgh,bskh->bkgts", grouped, k), (batch, heads, tokens, seen))
    scores = tf.cast(scores, wide) * scale
    if bias is not None:
        scores = scores + tf.cast(bias, wide)
    if causal:
        places = tf.range(tokens)
        visible = places <= places[:, None]
        mask = visible if mask is None else mask & visible
    if mask is not None:
        scores = tf.where(mask, scores, wide.min)
    found = dropout(tf.cast(tf.nn.softmax(scores), v.dtype))
    if groups == 1:
        x = tf.einsum("bnts,bsnh->btnh", found, v)
    else:
        grouped = tf.reshape(found, (batch, -1, groups, tokens, seen))
        x = tf.reshape(tf.einsum("bkgts,bskh->btkgh", grouped, v), (batch, tokens, heads, v.shape[-1]))
    return x, found if weights else None


def _accumulator(x: Tensor) -> tf.DType:
    """The dtype in which sums over elements of x are made."""
    return tf.float64 if x.dtype == tf.float64 else tf.float32


# Convolution


def conv1d(x: Tensor, kernel: Tensor, padding: int = 0, groups: int = 1, stride: int = 1, dilation: int = 1) -> tf.Tensor:
    x = tf.pad(x, ((0, 0), (padding, padding), (0, 0)))
    return keras.ops.conv(x, tf.transpose(kernel, (2, 1, 0)), stride, "valid", "channels_last", dilation)


def conv_transpose1d(x: Tensor, kernel: Tensor, stride: int) -> tf.Tensor:
    return keras.ops.conv_transpose(x, tf.transpose(kernel, (2, 1, 0)), stride, "valid", data_format="channels_last")


# Images


def max_pool(x: Tensor, size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> tf.Tensor:
    sides = ((0, 0), *((side, side) for side in padding), (0, 0))
    return tf.nn.max_pool2d(tf.pad(x, sides, constant_values=x.dtype.min), size, stride, "VALID")


def average_to(x: Tensor, size: tuple[int, int]) -> tf.Tensor:
    rows, columns = (tf.constant(averaging(old, new), x.dtype) for old, new in zip(x.shape[1:3], size, strict=True))
    return tf.einsum("hH,wW,bHWc->bhwc", rows, columns, x)


def resize_bicubic(x: Tensor, size: tuple[int, int]) -> tf.Tensor:
    rows, columns = (tf.constant(bicubic(old, new), x.dtype) for old, new in zip(x.shape[1:3], size, strict=True))
    return tf.einsum("hH,wW,bHWc->bhwc", rows, columns, x)


def resize_bilinear(x: Tensor, size: tuple[int, int]) -> tf.Tensor:
    rows, columns = (tf.constant(bilinear(old, new), x.dtype) for old, new in zip(x.shape[1:3], size, strict=True))
    return tf.einsum("hH,wW,bHWc->bhwc", rows, columns, x)


# Losses


def cross_entropy(logits: Tensor, labels: Tensor, ignore_index: int = -100, weight: Tensor | None = None) -> tf.Tensor:
    logits = tf.cast(logits, _accumulator(logits))
    counts = tf.cast(labels != ignore_index, logits.dtype)
    labels = tf.where(labels == ignore_index, tf.zeros_like(labels), labels)
    if weight is not None:
        counts = counts * tf.gather(tf.cast(weight, logits.dtype), labels)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.reduce_sum(losses * counts) / tf.reduce_sum(counts)


def binary_cross_entropy(logits: Tensor, labels: Tensor) -> tf.Tensor:
    dtype = _accumulator(logits)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, dtype), tf.cast(logits, dtype)))


def ctc_loss(
    logits: Tensor, labels: Tensor, logit_lengths: Tensor, label_lengths: Tensor, blank: int, zero_infinity: bool
) -> tf.Tensor:
    labels, logit_lengths, label_lengths = (tf.cast(x, tf.int32) for x in (labels, logit_lengths, label_lengths))
    inside = tf.range(tf.shape(labels)[1]) < label_lengths[:, None]
    repeated = tf.reduce_sum(tf.cast((labels[:, 1:] == labels[:, :-1]) & inside[:, 1:], tf.int32), 1)
    too_few = label_lengths + repeated > logit_lengths
    loss = tf.nn.ctc_loss(
        tf.where(inside, labels, 0),
        tf.cast(logits, _accumulator(logits)),
        tf.where(too_few, 0, label_lengths),
        logit_lengths,
        logits_time_major=False,
        blank_index=blank,
    )
    return tf.where(too_few, tf.constant(0 if zero_infinity else float("inf"), loss.dtype), loss)


def mean_squared_error(x: Tensor, y: Tensor) -> tf.Tensor:
    dtype = _accumulator(x)
    return tf.reduce_mean(tf.math.squared_difference(tf.cast(x, dtype), tf.cast(y, dtype)))
