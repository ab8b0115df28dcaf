"""Masks of polygons, pixel for pixel as COCO's own tools draw them (cocoapi, `rleFrPoly`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trivium.core.errors import ProcessorError

_FINER = 5  # outlines are drawn on a grid that is so much finer than the pixels


def polygon_mask(polygons: Any, height: int, width: int) -> np.ndarray:
    """The bool mask (H, W) of what lies in any of some polygons, each a list x0, y0, x1, y1, ... in pixels.

    Raises:
        ProcessorError: One has fewer than three corners, or is no polygon.
    """
    mask = np.zeros((height, width), bool)
    if isinstance(polygons, dict):
        raise ProcessorError("a segmentation in run lengths; polygons are expected", key="segmentation")
    for polygon in polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            raise ProcessorError(f"a polygon of {len(polygon)} numbers; three corners are six", key="segmentation")
        mask |= _inside(polygon, height, width)
    return mask


def _inside(polygon: Sequence[float], height: int, width: int) -> np.ndarray:
    exact = _FINER * np.array(polygon, np.float64).reshape(-1, 2) + 0.5
    if not np.abs(exact).max() < 4 * _FINER * (height + width):  # nor NaN
        raise ProcessorError(f"a polygon's corner is far outside of an image of {height} x {width}", key="segmentation")
    corners = exact.astype(np.int64)
    outline = np.concatenate([_line(*pair) for pair in zip(corners, np.roll(corners, -1, 0), strict=True)])
    before, after = outline[:-1], outline[1:]
    crossing = before[:, 0] != after[:, 0]
    before, after = before[crossing], after[crossing]
    column = (np.where(after[:, 0] < before[:, 0], after[:, 0], after[:, 0] - 1) + 0.5) / _FINER - 0.5
    row = np.ceil(((np.minimum(before[:, 1], after[:, 1]) + 0.5) / _FINER - 0.5).clip(0, height))
    inside = (column == np.floor(column)) & (column >= 0) & (column <= width - 1)
    # down each column, and on into the next, every crossing of the outline changes between out and in
    places = (column[inside] * height + row[inside]).astype(np.int64)
    crossings = np.bincount(places, minlength=height * width + 1)[: height * width]
    return (np.cumsum(crossings) % 2).astype(bool).reshape(width, height).T


def _line(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The points (N, 2) of a line on the fine grid, with both ends."""
    far = np.abs(end - start)
    long = 0 if far[0] >= far[1] else 1
    flip = start[long] > end[long]
    low, high = (end, start) if flip else (start, end)
    steps = np.arange(far[long] + 1)
    slope = (high[1 - long] - low[1 - long]) / far[long] if far[long] else 0.0
    points = np.empty((len(steps), 2), np.int64)
    points[:, long] = low[long] + steps
    points[:, 1 - long] = (low[1 - long] + slope * steps + 0.5).astype(np.int64)  # towards zero, as C does
    return points[::-1] if flip else points
