"""Comparing two checkpoints, of any formats and dialects, tensor by tensor and bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from trivium.core.errors import ConfigError

from .bits import differing
from .checkpoint import Checkpoint, open_checkpoint
from .plan import Match, fit, match

_Values = Mapping[str, Callable[[], np.ndarray]]


@dataclass(frozen=True)
class Difference:
    """One tensor that two checkpoints do not agree on.

    Attributes:
        name: The weight, or the key where it is no weight.
        kind: "missing", "shape", "dtype" or "values".
        message: What differs.
    """

    name: str
    kind: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """The difference as `--json` prints it."""
        return asdict(self)


def verify(a: str | Path, b: str | Path, trust: bool = False) -> list[Difference]:
    """Compares the weights of two checkpoints in the canonical layout; an empty list says that all bits are the same.

    What the code itself makes (masks in old checkpoints, by a named rule) is not compared. Checkpoints of an unknown
    architecture are compared by their own names, if these are of one dialect.

    Raises:
        CheckpointError: One of them cannot be read.
        ConfigError: Neither says what architecture it is, and their dialects differ.
    """
    with open_checkpoint(a, trust) as first, open_checkpoint(b, trust) as second:
        left, right = _values(first, second)
        names = [*left, *(name for name in right if name not in left)]
        found = (_compare(name, left.get(name), right.get(name)) for name in names)
        return [difference for difference in found if difference is not None]


def _values(first: Checkpoint, second: Checkpoint) -> tuple[_Values, _Values]:
    """Name -> values for both checkpoints."""
    try:
        one = fit(first, first.config or second.config)
        return _canonical(one), _canonical(match(second, one.network, one.config))
    except ConfigError:
        if first.dialect != second.dialect:
            raise
        return _raw(first), _raw(second)


def _canonical(found: Match) -> _Values:
    """The weights, in the layout's order, and what is no weight under its own key."""
    held = [weight.name for weight in found.layout if weight.name in found.found or weight.init.given]
    fitting = [name for name in held if name not in found.misshapen]
    others = {key: found.checkpoint.tensors[key].read for key in found.unexpected}
    others |= {name: found.found[name].read for name in found.misshapen}
    return {name: partial(found.read, name) for name in fitting} | others


def _raw(checkpoint: Checkpoint) -> _Values:
    return {key: tensor.read for key, tensor in checkpoint.tensors.items()}


def _compare(name: str, left: Callable | None, right: Callable | None) -> Difference | None:
    if left is None or right is None:
        return Difference(name, "missing", f"only in the {'second' if left is None else 'first'}")
    x, y = left(), right()
    if x.shape != y.shape:
        return Difference(name, "shape", f"{list(x.shape)} and {list(y.shape)}")
    if x.dtype != y.dtype:
        return Difference(name, "dtype", f"{x.dtype} and {y.dtype}")
    count = differing(x, y)
    if not count:
        return None
    message = f"{count:,} of {x.size:,} elements differ"
    if x.dtype.kind not in "biu":
        message += f", by at most {distance(x, y)[0]:.3g}"
    return Difference(name, "values", message)


def distance(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """The largest difference of two arrays of one shape, and the largest number of the first; NaN and infinities may agree.

    The difference is not finite where they do not.
    """
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    a, b = a.astype(wide), b.astype(wide)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    largest = np.max(np.abs(np.where(same, 0, a) - np.where(same, 0, b)), initial=0.0)
    return float(largest), float(np.max(np.abs(a), where=np.isfinite(a), initial=0.0))
