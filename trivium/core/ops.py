"""The contract of functions: what a network may compute with beside its layers and the operators of Python.

A network file says `from .. import ops` and gets its backend's functions; those of this file are their definition and compute
nothing. Tensors also take `+ - * / ** @`, comparisons, `& | ~`, `abs`, and reading by index with integers, slices, None, `...`.

Shapes are tuples of integers, or of scalar tensors where a framework traces with sizes unknown: `ops.shape` returns either, and
every function takes both. Dtypes: inputs of two dtypes are never mixed silently; a result has the dtype of its first tensor
unless said otherwise. Integers that are made are int32. Each function agrees with NumPy in float64 within float32 rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import activations
from .errors import Unbound

Tensor = Any
Shape = Sequence[Any]
HALF_LIMIT = 64512.0
"""Where `clamp_half` ends: 1000 below the largest of float16, and one of its numbers."""


def _unbound() -> Any:
    raise Unbound(
        "this network is bound to no framework: it knows its weights, but computes nothing",
        hint="take the class from trivium.torch, trivium.tensorflow, trivium.flax or trivium.numpy",
    )


# Shapes


def shape(x: Tensor) -> tuple[Any, ...]:
    """The sizes of x: integers where known, scalar tensors where not. Source: keras.ops.shape."""
    return _unbound()


def reshape(x: Tensor, shape: Shape) -> Tensor:
    """x in another shape; one size may be -1. Source: numpy.reshape."""
    return _unbound()


def transpose(x: Tensor, axes: Sequence[int]) -> Tensor:
    """x with its axes in the order `axes`. Source: numpy.transpose."""
    return _unbound()


def concat(xs: Sequence[Tensor], axis: int) -> Tensor:
    """Tensors joined along an axis. Source: numpy.concat."""
    return _unbound()


def split(x: Tensor, parts: int, axis: int) -> Sequence[Tensor]:
    """x cut along an axis into equal parts. Source: numpy.split."""
    return _unbound()


def broadcast_to(x: Tensor, shape: Shape) -> Tensor:
    """x repeated to a shape. Source: numpy.broadcast_to."""
    return _unbound()


def pad(x: Tensor, widths: Sequence[tuple[int, int]]) -> Tensor:
    """x with zeros before and after it: one (before, after) per axis. Source: numpy.pad."""
    return _unbound()


def roll(x: Tensor, shifts: Sequence[int], axes: Sequence[int]) -> Tensor:
    """x shifted along axes, what falls out coming in again at the other end. Source: numpy.roll."""
    return _unbound()


# Values


def arange(stop: Any, like: Tensor) -> Tensor:
    """0, 1, ..., stop - 1, int32, on the device of `like`. Source: numpy.arange."""
    return _unbound()


def zeros(shape: Shape, like: Tensor) -> Tensor:
    """Zeros in the dtype and on the device of `like`. Source: numpy.zeros."""
    return _unbound()


def constant(values: Sequence[float], like: Tensor) -> Tensor:
    """Numbers that the network knows beforehand, (n,) float32, on the device of `like`. Source: numpy.array."""
    return _unbound()


def cast(x: Tensor, dtype: str) -> Tensor:
    """x as another dtype, by NumPy's name of it. Source: numpy.astype."""
    return _unbound()


def cast_like(x: Tensor, other: Tensor) -> Tensor:
    """x in the dtype of `other`."""
    return _unbound()


def is_integer(x: Tensor) -> bool:
    """Whether x has an integer dtype."""
    return _unbound()


def stop_gradient(x: Tensor) -> Tensor:
    """x as a constant: gradients do not flow through it. Source: jax.lax.stop_gradient."""
    return _unbound()


def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """x where the condition holds, y elsewhere. Source: numpy.where."""
    return _unbound()


def take(x: Tensor, index: Tensor) -> Tensor:
    """Rows of a table: (V, ...), integers (...) -> (..., ...). Source: numpy.take with axis 0."""
    return _unbound()


def take_rows(x: Tensor, index: Tensor) -> Tensor:
    """x[b, index[b]]: (B, T, ...), (B,) integer -> (B, ...). A negative index counts from the end."""
    return _unbound()


def take_along(x: Tensor, index: Tensor, axis: int) -> Tensor:
    """The elements of x at `index` along an axis; the other axes are those of both. Source: numpy.take_along_axis."""
    return _unbound()


def update(x: Tensor, values: Tensor, start: Tensor, last: bool = False) -> Tensor:
    """x with `values` in place of those from `start` on: (B, S, ...), (B, T, ...), () int32 -> (B, S, ...).

    A new tensor; compilers write in place where nobody else looks. `last` says that nobody does, so that a program which
    is not compiled may, too. A `start` beyond S - T is taken as S - T.
    Source: jax.lax.dynamic_update_slice.
    """
    return _unbound()


def add_at(x: Tensor, index: Tensor, values: Tensor) -> Tensor:
    """x with `values` added at the places `index` of each row: (B, V), (B, T) int32, (B, T) -> (B, V).

    What is named twice is added twice. Source: numpy.add.at, torch.scatter_add.
    """
    return _unbound()


# Sums


def sum(x: Tensor) -> Tensor:
    """The sum of all elements, in x's dtype; made in float32 at least. Source: numpy.sum."""
    return _unbound()


def mean(x: Tensor, axis: int) -> Tensor:
    """The mean along an axis, which goes. Source: numpy.mean."""
    return _unbound()


def max(x: Tensor, axis: int) -> Tensor:
    """The largest element along an axis, which goes. Source: numpy.max."""
    return _unbound()


def cumsum(x: Tensor, axis: int) -> Tensor:
    """Sums of the elements up to each, in x's dtype. Source: numpy.cumsum."""
    return _unbound()


def linear_scan(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    """h where h[:, t] = a[:, t] h[:, t - 1] + b[:, t] and h[:, -1] is `start`: two of (B, T, ...), (B, ...) -> (B, T, ...).

    All three have one dtype; sums are made in float32 at least. Frameworks join stretches of time two by two instead of
    going from one step to the next, which they may, for such steps are associative.
    Source: Blelloch, Prefix sums and their applications, CMU-CS-90-190, section 1.4.1.
    """
    return _unbound()


def sum_along(x: Tensor, axis: int) -> Tensor:
    """The sum along an axis, which goes, in x's dtype; made in float32 at least. Source: numpy.sum."""
    return _unbound()


def every(x: Tensor) -> Tensor:
    """Whether all elements of a boolean tensor are true: (...) -> () bool. Source: numpy.all."""
    return _unbound()


def add(x: Tensor, y: Tensor) -> Tensor:
    """x + y in the wider of their dtypes. Source: numpy.add."""
    return _unbound()


def einsum(formula: str, *xs: Tensor) -> Tensor:
    """Products summed over the letters that the result lacks. Source: numpy.einsum."""
    return _unbound()


def argmax(x: Tensor, axis: int) -> Tensor:
    """The first place of the largest element along an axis, int32. Source: numpy.argmax."""
    return _unbound()


def argsort(x: Tensor, axis: int) -> Tensor:
    """The places of the elements along an axis in rising order, int32, stable. Source: numpy.argsort."""
    return _unbound()


def sort(x: Tensor, axis: int) -> Tensor:
    """The elements along an axis in rising order. Source: numpy.sort."""
    return _unbound()


def linear_assignment(costs: Tensor, real: Tensor) -> Tensor:
    """Gives rows to columns, each to one at most, so that as many as can be have one and the sum of their costs is least.

    (B, M, Q), (B, M) bool -> (B, Q) int32: of each column the row, or -1. Rows that are not `real` go without. Made in
    float32; gradients do not flow through it. Source: scipy.optimize.linear_sum_assignment; see `assignment.py`.
    """
    return _unbound()


def top_k(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest elements along the last axis, falling, and their places, int32; equals in any order.

    (..., V) -> two of (..., k). Source: jax.lax.top_k.
    """
    return _unbound()


# Elementwise


def exp(x: Tensor) -> Tensor:
    """e to the x."""
    return _unbound()


def log(x: Tensor) -> Tensor:
    """The natural logarithm."""
    return _unbound()


def lgamma(x: Tensor) -> Tensor:
    """The natural logarithm of the gamma function, of positive numbers. Source: math.lgamma."""
    return _unbound()


def sqrt(x: Tensor) -> Tensor:
    """The square root."""
    return _unbound()


def cos(x: Tensor) -> Tensor:
    """The cosine of radians."""
    return _unbound()


def sin(x: Tensor) -> Tensor:
    """The sine of radians."""
    return _unbound()


def maximum(x: Tensor, y: Tensor) -> Tensor:
    """The larger of two; y may be a number. Source: numpy.maximum."""
    return _unbound()


def minimum(x: Tensor, y: Tensor) -> Tensor:
    """The smaller of two; y may be a number. Source: numpy.minimum."""
    return _unbound()


def clamp_half(x: Tensor) -> Tensor:
    """x, but in float16 no further from 0 than HALF_LIMIT, so that what became infinite can be computed with again.

    Source: Transformers 4, in whose T5 and BART residual streams overflow.
    """
    return _unbound()


# Loops and chance


def while_loop(condition: Callable[[Any], Tensor], body: Callable[[Any], Any], state: Any) -> Any:
    """What is left of `state` when `body` has been applied to it for as long as `condition` holds.

    Args:
        condition: state -> () bool.
        body: state -> the next state, with the same structure, shapes and dtypes.
        state: Tensors in tuples and named tuples.

    Source: jax.lax.while_loop; where a framework runs as it reads, Python's own.
    """
    return _unbound()


def random_key(seed: int | None, like: Tensor) -> Any:
    """What `random_uniform` draws from, on the device of `like`: a tensor, or the framework's own generator.

    Each framework draws its own numbers; one seed gives the same in the same framework. None takes a seed from the
    framework's global state where it has one, otherwise from the operating system.
    """
    return _unbound()


def random_uniform(key: Any, shape: Shape) -> tuple[Tensor, Any]:
    """Numbers from [0, 1), float32, all independent, and the key for the next draw; a key is used once."""
    return _unbound()


# Activations


def softmax(x: Tensor, axis: int) -> Tensor:
    """exp(x) over its sum along an axis; made in float32 at least."""
    return _unbound()


def log_softmax(x: Tensor, axis: int) -> Tensor:
    """The logarithm of softmax; made in float32 at least."""
    return _unbound()


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    return _unbound()


def gelu(x: Tensor) -> Tensor:
    """x Phi(x) with the error function. Source: Hendrycks and Gimpel, arXiv:1606.08415."""
    return _unbound()


def gelu_tanh(x: Tensor) -> Tensor:
    """gelu by its approximation with tanh, as in GPT-2. Source: the same, section 2."""
    return _unbound()


def quick_gelu(x: Tensor) -> Tensor:
    """gelu by its approximation x sigmoid(1.702 x), as in CLIP. Source: the same, section 2."""
    return _unbound()


def elu(x: Tensor) -> Tensor:
    """x where it is above 0, exp(x) - 1 elsewhere. Source: Clevert and others, arXiv:1511.07289."""
    return _unbound()


def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return _unbound()


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return _unbound()


def silu(x: Tensor) -> Tensor:
    """x sigmoid(x). Source: Elfwing and others, arXiv:1702.03118."""
    return _unbound()


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return _unbound()


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """The activation function that a config names (see `activations.py`)."""
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
) -> tuple[Tensor, Tensor | None]:
    """softmax(scale q k^T + bias) v for every head: (B, T, N, H), two of (B, S, K, H) -> (B, T, N, H), and the weights.

    N is a multiple of K: query head n goes with key head n // (N / K) (Ainslie and others, arXiv:2305.13245).

    Args:
        mask: Boolean, (B or 1, N or 1, T or 1, S); False hides a key. A query that may see no key gets the mean of all values.
        bias: Added to the scaled products, (B or 1, N, T or 1, S), in q's dtype.
        causal: Also hides the keys after each query; T = S.
        scale: What the products are multiplied by, usually H ** -0.5.
        dropout: The network's `nn.Dropout`, for the weights.
        weights: Whether to return the weights (B, N, T, S) too, after dropout; else None, and the framework's fused kernel.

    Source: Vaswani and others, arXiv:1706.03762, equation 1.
    """
    return _unbound()


# Convolution with a kernel that is computed; a layer has its own


def conv1d(x: Tensor, kernel: Tensor, padding: int = 0, groups: int = 1, stride: int = 1, dilation: int = 1) -> Tensor:
    """Convolution over one axis: (B, T, i), (o, i / groups, k) -> (B, T', o), zeros on both sides.

    Not both a stride and a dilation above 1, which TensorFlow does not have. Source: torch conv1d.
    """
    return _unbound()


def conv_transpose1d(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    """What conv1d takes back: (B, T, i), (i, o, k) -> (B, (T - 1) stride + k, o), no stride above k.

    Source: torch.nn.functional.conv_transpose1d.
    """
    return _unbound()


# Images


def max_pool(x: Tensor, size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
    """The largest of each window: (B, H, W, C) -> (B, H', W', C), padded on both sides with what is never the largest.

    Source: torch.nn.functional.max_pool2d.
    """
    return _unbound()


def average_to(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Images (B, H, W, C) cut into `size` parts along each axis, which overlap where they must, and averaged: (B, *size, C).

    Source: torch.nn.functional.adaptive_avg_pool2d.
    """
    return _unbound()


def resize_bicubic(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Images (B, H, W, C) resized to (B, *size, C), not antialiased, with Keys's cubic of a = -0.75 and corners not aligned.

    Source: torch.nn.functional.interpolate(mode="bicubic"); Keys, IEEE Trans. ASSP 29, 1981.
    """
    return _unbound()


def resize_bilinear(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Images (B, H, W, C) resized to (B, *size, C), not antialiased, corners not aligned.

    Source: torch.nn.functional.interpolate(mode="bilinear").
    """
    return _unbound()


# Losses: the mean over what counts, in float32 at least


def cross_entropy(logits: Tensor, labels: Tensor, ignore_index: int = -100, weight: Tensor | None = None) -> Tensor:
    """-log softmax(logits)[label], mean over the labels that are not `ignore_index`: (M, V), (M,) integer -> ().

    In the mean a label counts as much as `weight`, (V,), says. NaN where there is none.
    Source: torch.nn.functional.cross_entropy.
    """
    return _unbound()


def binary_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """-log sigmoid(logits) for label 1, -log sigmoid(-logits) for 0, mean over all: two of (...) -> ().

    Source: torch.nn.functional.binary_cross_entropy_with_logits.
    """
    return _unbound()


def ctc_loss(
    logits: Tensor, labels: Tensor, logit_lengths: Tensor, label_lengths: Tensor, blank: int, zero_infinity: bool
) -> Tensor:
    """-log of the probability of all ways to say the labels in T steps: (B, T, V), (B, S) int, two of (B,) int -> (B,).

    Each step says a label, again the one before, or nothing, which is `blank`. Where there are too few steps it is
    infinite, or 0 without a gradient if `zero_infinity`. What is in `labels` beyond a length does not matter.
    Source: Graves and others, ICML 2006; torch.nn.functional.ctc_loss.
    """
    return _unbound()


def mean_squared_error(x: Tensor, y: Tensor) -> Tensor:
    """The mean of (x - y)^2: two of (...) -> ()."""
    return _unbound()
