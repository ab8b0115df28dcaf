"""Copying arrays into C order, in tiles that fit the processor's cache."""

from __future__ import annotations

import math

import numpy as np

_LONG, _WIDE = 1024, 32  # elements that a tile reads in a row, and rows: more would share a few sets of the processor's cache
_ALIGNMENT = 64  # bytes; XLA and TensorFlow copy what begins elsewhere


def as_bits(array: np.ndarray) -> np.ndarray:
    """The same bytes as unsigned integers."""
    if array.dtype.itemsize > 8:
        return np.ascontiguousarray(array).reshape(-1).view(np.uint64)
    return array.view(f"u{array.dtype.itemsize}")


def contiguous(array: np.ndarray) -> np.ndarray:
    """`array` in C order: itself if it is so already, otherwise a copy."""
    if array.flags.c_contiguous:
        return array
    copy = np.empty(array.shape, array.dtype)
    _fill(copy, array)
    return copy


def settled(array: np.ndarray, dtype: np.dtype, own: bool) -> np.ndarray:
    """A copy of `array` in C order, of another dtype, as XLA and TensorFlow take it for a tensor without a further copy.

    With `own`, `array` is the caller's to give away, and is taken itself if it is so already.
    """
    address = array.__array_interface__["data"][0]
    if own and array.flags.carray and array.dtype == dtype and address % _ALIGNMENT == 0:
        return array
    copy = blank(array.shape, dtype)
    _fill(copy, array.astype(dtype, copy=False))
    return copy


def blank(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros, placed as in `settled`; large ones take no memory until they are used."""
    size = math.prod(shape) * dtype.itemsize
    room = np.zeros(size + _ALIGNMENT, np.uint8)
    start = -room.__array_interface__["data"][0] % _ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)


def _fill(target: np.ndarray, source: np.ndarray) -> None:
    """Copies `source` into `target`, which is in C order, tile by tile if `source` is in another."""
    axes = [axis for axis in range(source.ndim) if source.shape[axis] > 1]
    # Reading runs along `near`, the axis whose elements are neighbours in memory; writing along the last.
    near, last = min(axes, key=lambda axis: abs(source.strides[axis]), default=0), max(axes, default=0)
    if source.itemsize <= 8:
        source, target = as_bits(source), as_bits(target)
    if near == last:
        target[...] = source
        return
    tile = [slice(None)] * source.ndim
    for row in range(0, source.shape[near], _LONG):
        for column in range(0, source.shape[last], _WIDE):
            tile[near], tile[last] = slice(row, row + _LONG), slice(column, column + _WIDE)
            target[tuple(tile)] = source[tuple(tile)]
