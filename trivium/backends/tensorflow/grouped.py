"""Products of rows with the kernel of the group that each belongs to, of which a graph computes no more than it needs.

XLA knows no sizes that depend on values, and a graph not whether XLA will compile it. So rows are cut into tiles, and tiles
where a group ends: a loop multiplies each piece, as long as a tile and masked, by its group's kernel.
Letters: M rows, I inputs, O outputs, E groups.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

TILE = 256


def matmul(x: tf.Tensor, kernels: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
    """x (M, I), the rows of each group together; kernels (E, I, O); sizes (E,), which add up to M -> (M, O)."""
    if tf.executing_eagerly():
        parts = zip(tf.split(x, sizes), tf.unstack(kernels), strict=True)
        return tf.concat([part @ kernel for part, kernel in parts], 0)
    return _in_tiles(x, tf.convert_to_tensor(kernels), sizes)


@tf.custom_gradient
def _in_tiles(x: tf.Tensor, kernels: tf.Tensor, sizes: tf.Tensor) -> Any:
    def step(tile: tf.Tensor, inside: tf.Tensor, group: tf.Tensor, held: tf.Tensor) -> tf.Tensor:
        return tf.where(inside, tiles[tile] @ kernels[group], held)

    def backward(gradient: Any) -> Any:
        gradient = tf.convert_to_tensor(gradient)  # a gather's are indexed slices
        return _in_tiles(gradient, tf.transpose(kernels, (0, 2, 1)), sizes), _outer(x, gradient, sizes), None

    tiles = _cut(x)
    found = _for_pieces(step, (tf.shape(tiles)[1], kernels.shape[2]), x, sizes, by_group=False)
    return tf.reshape(found, (-1, kernels.shape[2]))[: tf.shape(x)[0]], backward


@tf.custom_gradient
def _outer(x: tf.Tensor, y: tf.Tensor, sizes: tf.Tensor) -> Any:
    """The products of each group's rows of x (M, I) and y (M, O), added up -> (E, I, O)."""

    def step(tile: tf.Tensor, inside: tf.Tensor, group: tf.Tensor, held: tf.Tensor) -> tf.Tensor:
        rows = tf.where(inside, those[tile], tf.zeros((), x.dtype))
        return held + tf.matmul(rows, others[tile], transpose_a=True)

    def backward(gradient: tf.Tensor) -> Any:
        return _in_tiles(y, tf.transpose(gradient, (0, 2, 1)), sizes), _in_tiles(x, gradient, sizes), None

    those, others = _cut(x), _cut(y)
    return _for_pieces(step, (x.shape[1], y.shape[1]), x, sizes, by_group=True), backward


def _for_pieces(step: Any, shape: Any, x: tf.Tensor, sizes: tf.Tensor, by_group: bool) -> tf.Tensor:
    """What the steps for the pieces of a tile, or of a group, left behind: (tiles or E, *shape).

    A step gets the tile's number, which rows of it the piece has, (tile, 1), its group, and what the step before left for the
    same tile or group, at first zeros.
    """
    rows, ends = tf.shape(x)[0], tf.cumsum(sizes)
    tile = tf.minimum(TILE, rows)
    starts = tf.sort(tf.concat([tf.range(0, rows, tile), ends[:-1]], 0))
    stops = tf.concat([starts[1:], rows[None]], 0)
    order = tf.argsort(tf.cast(stops == starts, tf.int32), stable=True)  # the empty ones last
    starts, stops = tf.gather(starts, order), tf.gather(stops, order)
    groups = tf.searchsorted(ends, starts, side="right")
    count = sizes.shape[0] if by_group else (rows + tile - 1) // tile

    def body(index: tf.Tensor, held: tf.Tensor, before: tf.Tensor, found: tf.TensorArray) -> Any:
        number, group = starts[index] // tile, groups[index]
        places = (number * tile + tf.range(tile))[:, None]
        inside = (places >= starts[index]) & (places < stops[index])
        key = group if by_group else number
        held = step(number, inside, group, tf.where(key == before, held, tf.zeros_like(held)))
        return index + 1, held, key, found.write(key, held)

    pieces = tf.reduce_sum(tf.cast(stops > starts, tf.int32))
    found = tf.TensorArray(x.dtype, count, element_shape=shape if by_group else (None, shape[1]), clear_after_read=False)
    zeros = tf.zeros(shape, x.dtype)
    state = tf.while_loop(lambda index, *_: index < pieces, body, (0, zeros, -1, found))
    return state[3].stack()


def _cut(x: tf.Tensor) -> tf.Tensor:
    """x (M, I) as whole tiles (tiles, tile, I), with rows of zeros at the end."""
    rows = tf.shape(x)[0]
    tile = tf.minimum(TILE, rows)
    return tf.reshape(tf.pad(x, ((0, -rows % tile), (0, 0))), (-1, tile, x.shape[1]))
