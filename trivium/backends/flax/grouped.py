"""Products of rows with the kernel of the group that each belongs to, of which a processor computes no more than it needs.

`lax.ragged_dot` computes every group's product with all rows there. Here rows are cut into tiles, and tiles where a group
ends: a loop multiplies each piece, as long as a tile and masked, by its group's kernel. It has no forward-mode derivative.
Letters: M rows, I inputs, O outputs, E groups.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

TILE = 256


def matmul(x: Array, kernels: Array, sizes: Array) -> Array:
    """x (M, I), the rows of each group together; kernels (E, I, O); sizes (E,), which add up to M -> (M, O)."""
    return lax.platform_dependent(x, kernels, sizes, cpu=_in_tiles, default=lax.ragged_dot)


@jax.custom_vjp
def _in_tiles(x: Array, kernels: Array, sizes: Array) -> Array:
    def step(piece: Any, found: Array) -> Array:
        first, inside, group = piece
        now = _tile(x, first) @ lax.dynamic_index_in_dim(kernels, group, keepdims=False)
        return lax.dynamic_update_slice_in_dim(found, jnp.where(inside, now, _tile(found, first)), first, 0)

    rows, x = x.shape[0], _padded(x)
    return _for_pieces(step, jnp.zeros((x.shape[0], kernels.shape[2]), x.dtype), rows, sizes)[:rows]


def _forward(x: Array, kernels: Array, sizes: Array) -> Any:
    return _in_tiles(x, kernels, sizes), (x, kernels, sizes)


def _backward(kept: Any, gradient: Array) -> Any:
    x, kernels, sizes = kept
    return _in_tiles(gradient, kernels.swapaxes(1, 2), sizes), _outer(x, gradient, sizes), None


_in_tiles.defvjp(_forward, _backward)


def _outer(x: Array, y: Array, sizes: Array) -> Array:
    """The products of each group's rows of x (M, I) and y (M, O), added up -> (E, I, O)."""

    def step(piece: Any, found: Array) -> Array:
        first, inside, group = piece
        now = jnp.where(inside, _tile(x, first), 0).T @ _tile(y, first)
        return found.at[group].add(now)

    rows, x, y = x.shape[0], _padded(x), _padded(y)
    return _for_pieces(step, jnp.zeros((sizes.shape[0], x.shape[1], y.shape[1]), x.dtype), rows, sizes)


def _for_pieces(step: Any, found: Array, rows: int, sizes: Array) -> Array:
    """`found` after a step for each piece: the first row of its tile, which rows of the tile it has, (tile, 1), its group."""
    ends = jnp.cumsum(sizes)
    tile = min(TILE, rows)
    starts = jnp.sort(jnp.concatenate([jnp.arange(0, rows, tile), ends[:-1]]))
    stops = jnp.append(starts[1:], rows)
    order = jnp.argsort(stops == starts, stable=True)  # the empty ones last
    starts, stops = starts[order], stops[order]
    groups = jnp.searchsorted(ends, starts, side="right")

    def body(index: Array, found: Array) -> Array:
        first = starts[index] // tile * tile
        places = (first + jnp.arange(tile))[:, None]
        return step((first, (places >= starts[index]) & (places < stops[index]), groups[index]), found)

    return lax.fori_loop(0, jnp.sum(stops > starts), body, found)


def _padded(x: Array) -> Array:
    """With rows of zeros up to whole tiles."""
    return jnp.pad(x, ((0, -x.shape[0] % min(TILE, x.shape[0])), (0, 0)))


def _tile(x: Array, first: Array) -> Array:
    return lax.dynamic_slice_in_dim(x, first, min(TILE, x.shape[0]))
