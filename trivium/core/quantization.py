"""Weights as small integers: which, how they are rounded, and what that costs; the same integers in every framework.

A linear layer's weight (o, i) becomes integers and scales, scale times integer being about the weight. Whatever the weight
is called in a framework, the integers are those of its layout on the Hub, rounded by NumPy:

- int8: one scale for each output, (o,) float32: its largest weight over 127.
- int4: one scale for each group of `group_size` weights of an output, (o, i / group_size) float32: the largest over 7. Two
  integers share a byte, (o, i / 2) uint8: weight j is the lower half of byte j, and weight j + i / 2 the upper; each plus 8.

Source: Dettmers and others, arXiv:2208.07339, section 2 (absmax quantisation), without its mixed precision.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .errors import ConfigError
from .layers import Part
from .layout import Weight

BITS = {"int8": 8, "int4": 4}
GROUP = 32
KINDS = ("Linear", "Conv1D")
"""The contract's layers whose weights may be integers."""


@dataclass(frozen=True)
class Scheme:
    """How weights are made integers.

    Attributes:
        bits: 8 or 4.
        group_size: With 4 bits, how many weights of an output share a scale.
        modules: Patterns (as of `fnmatch`) of the layers to quantise; None for all of the body.
        skip: Patterns of layers to leave alone.
    """

    bits: int
    group_size: int = GROUP
    modules: tuple[str, ...] | None = None
    skip: tuple[str, ...] = ()

    def takes(self, weight: Weight) -> bool:
        """Whether a weight has a shape of which this makes integers."""
        return self.bits == 8 or weight.shape_in("torch")[weight.axes.index("i")] % (2 * self.group_size) == 0


@dataclass(frozen=True)
class Integers:
    """A weight (o, i) as integers; see the module.

    Attributes:
        values: (o, i) int8, or (o, i / 2) uint8.
        scale: (o,) or (o, groups) float32.
    """

    values: np.ndarray
    scale: np.ndarray

    @property
    def size(self) -> int:
        """Bytes."""
        return self.values.nbytes + self.scale.nbytes

    def weight(self) -> np.ndarray:
        """What the weight is now: (o, i) float32."""
        if self.scale.ndim == 1:
            return self.values * self.scale[:, None]
        signed = np.concatenate([self.values & 15, self.values >> 4], 1).astype(np.float32) - 8
        outputs, groups = self.scale.shape
        return (signed.reshape(outputs, groups, -1) * self.scale[..., None]).reshape(outputs, -1)


@dataclass(frozen=True)
class LayerError:
    """What quantisation did to one layer.

    Attributes:
        name: The layer's path.
        error: The norm of the weight's change over that of the weight.
        before: Bytes of the weight before.
        after: Bytes of integers and scales.
    """

    name: str
    error: float
    before: int
    after: int


@dataclass(frozen=True)
class QuantizationReport:
    """What quantisation did to a model.

    Attributes:
        layers: The layers whose weights are integers now.
        left: The other layers of the same kinds, which are as they were.
        before: Bytes of all of the model's weights before.
        after: Bytes of them all after.
        change: How the answers to `inputs` changed, if they were given: see `trivium.research.quantizing`.
    """

    layers: tuple[LayerError, ...]
    left: tuple[str, ...]
    before: int
    after: int
    change: dict[str, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report as `--json` prints it."""
        return asdict(self)


def scheme(how: str, group_size: int = GROUP, modules: Iterable[str] | None = None, skip: Iterable[str] = ()) -> Scheme:
    """A scheme, by the name of the integers.

    Raises:
        ConfigError: There is no such scheme.
    """
    if how not in BITS:
        raise ConfigError(f"quantize = {how!r} is not there", key="quantize", hint="int8 or int4")
    if group_size < 1:
        raise ConfigError(f"group_size = {group_size} is no size", key="group_size")
    return Scheme(BITS[how], group_size, None if modules is None else tuple(modules), tuple(skip))


def to_integers(weight: np.ndarray, bits: int, group_size: int) -> Integers:
    """A weight (o, i) as integers; halves are rounded to the even one."""
    weight = np.asarray(weight, np.float32)
    if bits == 8:
        scale = _scale(weight, 127)
        return Integers(np.rint(weight / scale[:, None]).astype(np.int8), scale)
    outputs, inputs = weight.shape
    groups = weight.reshape(outputs, -1, group_size)
    scale = _scale(groups, 7)
    values = (np.rint(groups / scale[..., None]).reshape(outputs, inputs) + 8).astype(np.uint8)
    return Integers(values[:, : inputs // 2] | values[:, inputs // 2 :] << 4, scale)


def _scale(weight: np.ndarray, most: int) -> np.ndarray:
    """The scale for the last axis, 1 where all is zero."""
    largest = np.abs(weight).max(-1) / np.float32(most)
    return np.where(largest > 0, largest, np.float32(1))


def quantize_model(model: Any, scheme: Scheme) -> QuantizationReport:
    """Replaces layers of a model by ones whose weights are integers.

    Raises:
        ConfigError: It has none that the scheme would take, or they are integers already.
    """
    if model.quantized:
        raise ConfigError("the model's weights are integers already", key="quantize", hint="load it anew")
    chosen: list[Weight] = []
    left: list[Weight] = []
    for weight in candidates(model):
        (chosen if _is_meant(model, weight, scheme) and scheme.takes(weight) else left).append(weight)
    if not chosen:
        raise ConfigError(
            f"{type(model).__name__} has no layer to quantise", key="quantize",
            hint=f"linear layers, with int4 of a multiple of {2 * scheme.group_size} inputs; see modules= and skip=",
        )  # fmt: skip
    itemsize = np.dtype(next(model.read_weights())[1]().dtype).itemsize
    before = sum(int(np.prod(weight.shape)) for weight in model.layout) * itemsize
    layers = tuple(_quantize(model, weight, scheme) for weight in chosen)
    model.quantized = frozenset(weight.name for weight in chosen)
    after = before - sum(layer.before - layer.after for layer in layers)
    return QuantizationReport(layers, tuple(weight.owner for weight in left), before, after)


def candidates(model: Any) -> Iterator[Weight]:
    """The weights of a model's linear layers that belong to one layer alone; an output embedding is none."""
    parts, shared = model.layout.parts, set(model.layout.ties.values())
    for weight in model.layout:
        if weight.leaf == "weight" and parts[weight.owner].name in KINDS and weight.name not in shared:
            owner, _ = model._owner(weight)
            if not isinstance(owner, Part):  # of a stack
                yield weight


def _is_meant(model: Any, weight: Weight, scheme: Scheme) -> bool:
    def fits(patterns: Iterable[str]) -> bool:
        return any(fnmatch.fnmatch(weight.owner, pattern) for pattern in patterns)

    in_body = weight.name.startswith(f"{model.layout.prefix}." if model.layout.prefix else "")
    return not fits(scheme.skip) and (in_body if scheme.modules is None else fits(scheme.modules))


def _quantize(model: Any, weight: Weight, scheme: Scheme) -> LayerError:
    held = model._read_canonical(weight)
    matrix = held if weight.axes == "oi" else held.T
    found = to_integers(matrix, scheme.bits, scheme.group_size)
    wide = np.asarray(matrix, np.float32)
    error = float(np.linalg.norm(found.weight() - wide) / (np.linalg.norm(wide) or 1.0))
    before = held.nbytes
    parent, _, leaf = weight.owner.rpartition(".")
    model._replace_linear(parent, leaf, found)
    return LayerError(weight.owner, error, before, found.size)
