"""ALiBi: attention is biased towards near keys, by a slope of each head's own, and positions need no embedding.

Press and others, arXiv:2108.12409. Letters: B batch, T tokens, S keys, N heads.
"""

import math

from trivium.core.outputs import EngineCache, Slopes

from . import caches, masks, ops


def slopes(heads):
    """The slope of each head: powers of 2 ** (-8 / n), n the largest power of two in `heads`, then every other one for 2 n."""
    n = 2 ** math.floor(math.log2(heads))
    base, finer = 2 ** (-8 / n), 2 ** (-4 / n)
    return (*(base**i for i in range(1, n + 1)), *(finer**i for i in range(1, 2 * (heads - n), 2)))


def bias(x, attention_mask, cache, heads, scale=None, made_in="float32"):
    """What is added to the products of queries and keys: (B or 1, N, 1, S).

    It grows with the key's position, not with its distance: for one query the two differ by the same number for all keys.
    A key's position is the number of visible ones before it. S and `attention_mask` as in `masks.causal`; `made_in` is the
    dtype whose rounding it has before it is multiplied by `scale`.
    """
    if isinstance(caches.with_keys(cache), EngineCache):
        return Slopes(tuple(slope * (scale or 1.0) for slope in slopes(heads)), made_in)
    positions = ops.maximum(masks.count(x, attention_mask, cache) - 1, 0)  # (B or 1, S)
    slope = ops.cast(ops.constant(slopes(heads), like=x), made_in)[:, None, None]
    grown = ops.cast_like(slope * ops.cast(positions, made_in)[:, None, None], x)
    return grown if scale is None else grown * scale
