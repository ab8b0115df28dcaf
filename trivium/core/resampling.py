"""Resampling as matrices, for the frameworks whose own filters differ."""

from __future__ import annotations

import functools

import numpy as np


@functools.lru_cache(maxsize=32)
def bicubic(old: int, new: int) -> np.ndarray:
    """The (new, old) float64 matrix that resizes one axis as `ops.resize_bicubic` defines it; edges are repeated."""
    centres = (np.arange(new) + 0.5) * old / new - 0.5
    first = np.floor(centres).astype(np.int64)
    matrix = np.zeros((new, old))
    for offset in range(-1, 3):
        share = _keys(centres - (first + offset))
        np.add.at(matrix, (np.arange(new), np.clip(first + offset, 0, old - 1)), share)
    return matrix


@functools.lru_cache(maxsize=32)
def bilinear(old: int, new: int) -> np.ndarray:
    """The (new, old) float64 matrix that resizes one axis as `ops.resize_bilinear` defines it."""
    centres = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    return np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(old)))


@functools.lru_cache(maxsize=32)
def averaging(old: int, new: int) -> np.ndarray:
    """The (new, old) float64 matrix whose rows average the parts of an axis, as `ops.average_to` defines it."""
    first, last = np.arange(new) * old // new, -(-(np.arange(new) + 1) * old // new)
    places = np.arange(old)
    inside = (places >= first[:, None]) & (places < last[:, None])
    return inside / inside.sum(1, keepdims=True)


def _keys(x: np.ndarray, a: float = -0.75) -> np.ndarray:
    """Keys's cubic kernel."""
    x = np.abs(x)
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
