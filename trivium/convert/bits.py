"""Comparing and copying arrays bit for bit, in blocks that fit the cache."""

from __future__ import annotations

import numpy as np

_LONG, _WIDE = 1024, 32  # elements that a tile reads in a row, and rows: more would share a few sets of the processor's cache
_ROWS = 2**20  # elements compared at a time


def _as_bits(array: np.ndarray) -> np.ndarray:
    """The same bytes as unsigned integers."""
    if array.dtype.itemsize > 8:
        return np.ascontiguousarray(array).reshape(-1).view(np.uint64)
    return array.view(f"u{array.dtype.itemsize}")


def differing(a: np.ndarray, b: np.ndarray) -> int:
    """How many elements of two arrays of one shape differ in a bit; all, if the dtypes differ."""
    if a.dtype != b.dtype:
        return max(a.size, 1)
    if a.__array_interface__["data"] == b.__array_interface__["data"] and a.strides == b.strides:
        return 0
    a, b = _as_bits(contiguous(a)).reshape(-1), _as_bits(contiguous(b)).reshape(-1)
    starts = range(0, a.size, _ROWS)
    return sum(int(np.count_nonzero(a[start : start + _ROWS] != b[start : start + _ROWS])) for start in starts)


def contiguous(array: np.ndarray) -> np.ndarray:
    """`array` in C order: itself if it is so already, otherwise a copy made tile by tile."""
    if array.flags.c_contiguous:
        return array
    # Reading runs along `near`, the axis whose elements are neighbours in memory; writing along the last.
    near = min((axis for axis in range(array.ndim) if array.shape[axis] > 1), key=lambda axis: abs(array.strides[axis]))
    last = max(axis for axis in range(array.ndim) if array.shape[axis] > 1)
    if near == last:
        return np.ascontiguousarray(array)
    copy = np.empty(array.shape, array.dtype)
    source, target = (array, copy) if array.itemsize > 8 else (_as_bits(array), _as_bits(copy))
    tile = [slice(None)] * array.ndim
    for row in range(0, array.shape[near], _LONG):
        for column in range(0, array.shape[last], _WIDE):
            tile[near], tile[last] = slice(row, row + _LONG), slice(column, column + _WIDE)
            target[tuple(tile)] = source[tuple(tile)]
    return copy
