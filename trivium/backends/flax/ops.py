"""The functions of the contract (`trivium/core/ops.py`, which defines them) in JAX."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array, lax

from trivium.core import activations, assignment
from trivium.core.ops import HALF_LIMIT
from trivium.core.resampling import averaging, bicubic, bilinear

# Shapes


def shape(x: Array) -> tuple[int, ...]:
    return tuple(x.shape)


def reshape(x: Array, shape: Sequence[int]) -> Array:
    return jnp.reshape(x, shape)


def transpose(x: Array, axes: Sequence[int]) -> Array:
    return jnp.transpose(x, axes)


def concat(xs: Sequence[Array], axis: int) -> Array:
    return jnp.concatenate(xs, axis)


def split(x: Array, parts: int, axis: int) -> Sequence[Array]:
    return jnp.split(x, parts, axis)


def broadcast_to(x: Array, shape: Sequence[int]) -> Array:
    return jnp.broadcast_to(x, shape)


def pad(x: Array, widths: Sequence[tuple[int, int]]) -> Array:
    return jnp.pad(x, widths)


def roll(x: Array, shifts: Sequence[int], axes: Sequence[int]) -> Array:
    return jnp.roll(x, tuple(shifts), tuple(axes))


# Values


def arange(stop: int, like: Array) -> Array:
    return jnp.arange(stop, dtype=jnp.int32)


def zeros(shape: Sequence[int], like: Array) -> Array:
    return jnp.zeros(shape, like.dtype)


def constant(values: Sequence[float], like: Array) -> Array:
    return jnp.asarray(values, jnp.float32)


def cast(x: Array, dtype: str) -> Array:
    return jnp.asarray(x, dtype)


def cast_like(x: Array, other: Array) -> Array:
    return jnp.asarray(x, other.dtype)


def is_integer(x: Array) -> bool:
    return jnp.issubdtype(x.dtype, jnp.integer)


def stop_gradient(x: Array) -> Array:
    return lax.stop_gradient(x)


def where(condition: Array, x: Array, y: Array) -> Array:
    return jnp.where(condition, x, y)


def take(x: Array, index: Array) -> Array:
    return jnp.take(x, index, 0)


def take_rows(x: Array, index: Array) -> Array:
    return x[jnp.arange(x.shape[0]), index]


def take_along(x: Array, index: Array, axis: int) -> Array:
    return jnp.take_along_axis(x, index, axis)


def update(x: Array, values: Array, start: Array, last: bool = False) -> Array:
    return lax.dynamic_update_slice_in_dim(x, values.astype(x.dtype), start, 1, allow_negative_indices=False)


def add_at(x: Array, index: Array, values: Array) -> Array:
    return x.at[jnp.arange(x.shape[0])[:, None], index].add(values.astype(x.dtype))


# Sums


def sum(x: Array) -> Array:
    return _summed(x, None)


def _summed(x: Array, axis: int | None) -> Array:
    # XLA on a CPU sums bfloat16 in bfloat16, where 256 and 1 are 256
    wide = _accumulator(x) if jnp.issubdtype(x.dtype, jnp.floating) else x.dtype
    return jnp.sum(x, axis, dtype=wide).astype(x.dtype)


def mean(x: Array, axis: int) -> Array:
    return jnp.mean(x, axis)


def max(x: Array, axis: int) -> Array:
    return jnp.max(x, axis)


def cumsum(x: Array, axis: int) -> Array:
    return jnp.cumsum(x, axis, dtype=x.dtype)


def linear_scan(a: Array, b: Array, start: Array) -> Array:
    dtype = a.dtype
    a, b, start = (x.astype(_accumulator(a)) for x in (a, b, start))

    def join(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
        return first[0] * second[0], second[0] * first[1] + second[1]

    return lax.associative_scan(join, (a, b.at[:, 0].add(a[:, 0] * start)), axis=1)[1].astype(dtype)


def sum_along(x: Array, axis: int) -> Array:
    return _summed(x, axis)


def every(x: Array) -> Array:
    return jnp.all(x)


def add(x: Array, y: Array) -> Array:
    return x + y


def einsum(formula: str, *xs: Array) -> Array:
    return jnp.einsum(formula, *xs)


def argmax(x: Array, axis: int) -> Array:
    return jnp.argmax(x, axis).astype(jnp.int32)


def argsort(x: Array, axis: int) -> Array:
    return jnp.argsort(x, axis, stable=True).astype(jnp.int32)


def sort(x: Array, axis: int) -> Array:
    return jnp.sort(x, axis)


@jax.jit
def linear_assignment(costs: Array, real: Array) -> Array:
    return assignment.solve(sys.modules[__name__], lax.stop_gradient(costs), jnp.asarray(real))


def top_k(x: Array, k: int) -> tuple[Array, Array]:
    values, index = lax.top_k(x, k)
    return values, index


# Elementwise


def exp(x: Array) -> Array:
    return jnp.exp(x)


def log(x: Array) -> Array:
    return jnp.log(x)


def lgamma(x: Array) -> Array:
    return lax.lgamma(x)


def sqrt(x: Array) -> Array:
    return jnp.sqrt(x)


def cos(x: Array) -> Array:
    return jnp.cos(x)


def sin(x: Array) -> Array:
    return jnp.sin(x)


def maximum(x: Array, y: Any) -> Array:
    return jnp.maximum(x, y)


def minimum(x: Array, y: Any) -> Array:
    return jnp.minimum(x, y)


def clamp_half(x: Array) -> Array:
    return jnp.clip(x, -HALF_LIMIT, HALF_LIMIT) if x.dtype == jnp.float16 else x


# Loops and chance


def while_loop(condition: Callable[[Any], Array], body: Callable[[Any], Any], state: Any) -> Any:
    return lax.while_loop(condition, body, state)


def random_key(seed: int | None, like: Array) -> Array:
    return jax.random.key(secrets.randbits(32) if seed is None else seed)


def random_uniform(key: Array, shape: Sequence[int]) -> tuple[Array, Array]:
    now, later = jax.random.split(key)
    return jax.random.uniform(now, shape, jnp.float32), later


# Activations


def softmax(x: Array, axis: int) -> Array:
    return jax.nn.softmax(x.astype(_accumulator(x)), axis).astype(x.dtype)


def log_softmax(x: Array, axis: int) -> Array:
    return jax.nn.log_softmax(x.astype(_accumulator(x)), axis).astype(x.dtype)


def softplus(x: Array) -> Array:
    return jax.nn.softplus(x)


def gelu(x: Array) -> Array:
    return jax.nn.gelu(x, approximate=False)


def gelu_tanh(x: Array) -> Array:
    return jax.nn.gelu(x, approximate=True)


def quick_gelu(x: Array) -> Array:
    return x * jax.nn.sigmoid(1.702 * x)


def elu(x: Array) -> Array:
    return jax.nn.elu(x)


def relu(x: Array) -> Array:
    return jax.nn.relu(x)


def sigmoid(x: Array) -> Array:
    return jax.nn.sigmoid(x)


def silu(x: Array) -> Array:
    return jax.nn.silu(x)


def tanh(x: Array) -> Array:
    return jnp.tanh(x)


def activation(name: str) -> Callable[[Array], Array]:
    return globals()[activations.OPS[name]]


# Attention


def attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None = None,
    *,
    bias: Array | None = None,
    causal: bool = False,
    scale: float,
    dropout: nnx.Dropout,
    weights: bool = False,
) -> tuple[Array, Array | None]:
    # not jax.nn.dot_product_attention, whose default is these products on every device, with more copies: on a CPU it takes
    # 1.3 to 2 times as long, and float64 becomes float32
    wide = _accumulator(q)
    batch, tokens, heads, width = q.shape
    q = q.reshape(batch, tokens, k.shape[2], -1, width)  # each key head has its queries' heads in a group
    scores = jnp.einsum("btkgh,bskh->bkgts", q, k, preferred_element_type=wide).reshape(batch, heads, tokens, -1) * scale
    if bias is not None:
        scores = scores + bias
    if causal:
        visible = jnp.tri(scores.shape[-2], scores.shape[-1], dtype=bool)
        mask = visible if mask is None else mask & visible
    if mask is not None:
        scores = jnp.where(mask, scores, jnp.finfo(wide).min)
    scores = jnp.exp(scores - lax.stop_gradient(scores.max(-1, keepdims=True)))
    total = scores.sum(-1, keepdims=True)
    if weights or (dropout.rate and not dropout.deterministic):
        found = dropout((scores / total).astype(v.dtype))
        return jnp.transpose(_weighted(found, v), (0, 2, 1, 3)), found if weights else None
    x = _weighted(scores.astype(v.dtype), v, preferred_element_type=wide) / total  # H divisions, not S
    return jnp.transpose(x.astype(v.dtype), (0, 2, 1, 3)), None


def _weighted(weights: Array, v: Array, **options: Any) -> Array:
    """Sums of values (B, S, K, H) as weights (B, N, T, S) say -> (B, N, T, H)."""
    batch, heads, tokens, seen = weights.shape
    grouped = weights.reshape(batch, v.shape[2], -1, tokens, seen)
    return jnp.einsum("bkgts,bskh->bkgth", grouped, v, **options).reshape(batch, heads, tokens, -1)


def _accumulator(x: Array) -> Any:
    """The dtype in which sums over elements of x are made."""
    return jnp.promote_types(x.dtype, jnp.float32)


# Convolution


def conv1d(x: Array, kernel: Array, padding: int = 0, groups: int = 1, stride: int = 1, dilation: int = 1) -> Array:
    kernel = jnp.asarray(kernel)
    options: dict[str, Any] = {"rhs_dilation": (dilation,), "feature_group_count": groups}
    options["dimension_numbers"] = "NWC", "OIW", "NWC"
    return lax.conv_general_dilated(x.astype(kernel.dtype), kernel, (stride,), [(padding, padding)], **options)


def conv_transpose1d(x: Array, kernel: Array, stride: int) -> Array:
    kernel = jnp.asarray(kernel)
    # "VALID" for JAX is the length of conv1d's input where every value counts: (T - 1) stride + k for k of stride at least
    return lax.conv_transpose(
        x.astype(kernel.dtype), kernel, (stride,), "VALID", dimension_numbers=("NWC", "OIW", "NWC"), transpose_kernel=True
    )


# Images


def max_pool(x: Array, size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> Array:
    return nnx.max_pool(x, size, stride, [(side, side) for side in padding])


def average_to(x: Array, size: tuple[int, int]) -> Array:
    rows, columns = (jnp.asarray(averaging(old, new), x.dtype) for old, new in zip(x.shape[1:3], size, strict=True))
    return jnp.einsum("hH,wW,bHWc->bhwc", rows, columns, x, precision="highest")


def resize_bicubic(x: Array, size: tuple[int, int]) -> Array:
    rows, columns = (jnp.asarray(bicubic(old, new), x.dtype) for old, new in zip(x.shape[1:3], size, strict=True))
    return jnp.einsum("hH,wW,bHWc->bhwc", rows, columns, x, precision="highest")


def resize_bilinear(x: Array, size: tuple[int, int]) -> Array:
    rows, columns = (jnp.asarray(bilinear(old, new), x.dtype) for old, new in zip(x.shape[1:3], size, strict=True))
    return jnp.einsum("hH,wW,bHWc->bhwc", rows, columns, x, precision="highest")


# Losses


def cross_entropy(logits: Array, labels: Array, ignore_index: int = -100, weight: Array | None = None) -> Array:
    logits = logits.astype(_accumulator(logits))
    counts = labels != ignore_index
    labels = jnp.where(counts, labels, 0)
    shares = counts if weight is None else counts * weight.astype(logits.dtype)[labels]
    found = jnp.take_along_axis(logits, labels[:, None], 1)[:, 0]
    return jnp.where(counts, (jax.nn.logsumexp(logits, -1) - found) * shares, 0).sum() / shares.sum()


def binary_cross_entropy(logits: Array, labels: Array) -> Array:
    logits = logits.astype(_accumulator(logits))
    return jnp.mean(jax.nn.softplus(logits) - logits * labels)


def ctc_loss(
    logits: Array, labels: Array, logit_lengths: Array, label_lengths: Array, blank: int, zero_infinity: bool
) -> Array:
    labels, logit_lengths, label_lengths = (jnp.asarray(x, jnp.int32) for x in (labels, logit_lengths, label_lengths))
    beyond = jnp.arange(labels.shape[1]) >= label_lengths[:, None]
    silent = jnp.arange(logits.shape[1]) >= logit_lengths[:, None]
    repeated = jnp.sum((labels[:, 1:] == labels[:, :-1]) & ~beyond[:, 1:], 1)
    dtype = _accumulator(logits)
    paddings = silent.astype(dtype), jnp.where(beyond, 0, labels), beyond.astype(dtype)
    loss = optax.ctc_loss(logits.astype(dtype), *paddings, blank_id=blank)
    return jnp.where(label_lengths + repeated > logit_lengths, 0.0 if zero_infinity else jnp.inf, loss)


def mean_squared_error(x: Array, y: Array) -> Array:
    return jnp.mean((x.astype(_accumulator(x)) - y) ** 2)
