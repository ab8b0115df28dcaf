"""Comparing arrays bit for bit, in blocks that fit the cache."""

from __future__ import annotations

import numpy as np

from trivium.core.arrays import as_bits, contiguous

_ROWS = 2**20  # elements compared at a time


def differing(a: np.ndarray, b: np.ndarray) -> int:
    """How many elements of two arrays of one shape differ in a bit; all, if the dtypes differ."""
    if a.dtype != b.dtype:
        return max(a.size, 1)
    if a.__array_interface__["data"] == b.__array_interface__["data"] and a.strides == b.strides:
        return 0
    a, b = as_bits(contiguous(a)).reshape(-1), as_bits(contiguous(b)).reshape(-1)
    starts = range(0, a.size, _ROWS)
    return sum(int(np.count_nonzero(a[start : start + _ROWS] != b[start : start + _ROWS])) for start in starts)
