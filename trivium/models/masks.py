"""Which keys a query may see, as the boolean masks that `ops.attention` takes.

B batch, T tokens of the input, S keys; True is visible.
"""

from trivium.core.errors import InputError
from trivium.core.outputs import Causal, EngineCache, RingCache

from . import caches, ops


def padding(attention_mask):
    """(B, S), or (B, T, S) for each query, nonzero where visible -> (B, 1, 1 or T, S); None stays None."""
    if attention_mask is None:
        return None
    visible = ops.cast(attention_mask, "bool")
    return visible[:, None] if len(visible.shape) == 3 else visible[:, None, None, :]


def causal(x, attention_mask, cache, window=None):
    """The mask of a decoder of x (B, T, D): no query sees a later key, or one `window` or more before. -> (B or 1, 1, T, S).

    None where `causal=True` says it all. With a cache S is its room, and column j of `attention_mask` is about the j-th
    token that the cache has seen or will see; columns that it lacks at the end are visible.
    """
    if cache is None and attention_mask is None and window is None:
        return None
    held = caches.with_keys(cache)
    if isinstance(held, EngineCache):
        if attention_mask is not None:
            raise InputError("an engine's cache takes no mask", key="attention_mask", hint="leave it out")
        return Causal(window)
    if isinstance(held, RingCache):
        return _in_ring(x, attention_mask, held)
    tokens = ops.shape(x)[1]
    seen = 0 if held is None else held.length
    room = tokens if held is None else ops.shape(held.key)[1]
    queries = ops.arange(tokens, like=x) + seen
    keys = ops.arange(room, like=x)
    visible = (keys <= queries[:, None])[None, None]
    if window is not None:
        visible = visible & (keys > queries[:, None] - window)
    if attention_mask is not None:
        visible = visible & padding(_widen(attention_mask, room))
    return visible


def _in_ring(x, attention_mask, cache):
    """As `causal`, for the keys of `caches.extend_ring`, whose ring is as long as the window."""
    window = ops.shape(cache.key)[1]
    queries, keys = ops.arange(ops.shape(x)[1], like=x) + cache.length, caches.numbers(cache, x)
    visible = (keys <= queries[:, None]) & (keys > queries[:, None] - window) & (keys >= 0)
    if attention_mask is None:
        return visible[None, None]
    if len(attention_mask.shape) != 2:
        raise InputError("a cache that is a ring takes masks (B, S)", key="attention_mask", hint="make it as long as the text")
    columns = ops.transpose(ops.cast(attention_mask, "bool"), (1, 0))
    last = ops.shape(columns)[0] - 1
    shown = ops.transpose(ops.take(columns, ops.minimum(ops.maximum(keys, 0), last)), (1, 0)) | (keys > last)
    return visible[None, None] & shown[:, None, None, :]


def count(x, attention_mask, cache):
    """How many visible keys there are up to each, itself among them; zero for those that are hidden: (B or 1, S) int32.

    S and the columns of `attention_mask` as in `causal`.
    """
    room = ops.shape(x)[1] if cache is None else ops.shape(cache[0].key)[1]
    if attention_mask is None:
        return ops.arange(room, like=x)[None] + 1
    visible = ops.cast(_widen(attention_mask, room), "int32")
    return ops.cumsum(visible, 1) * visible


def _widen(attention_mask, room):
    visible = ops.cast(attention_mask, "bool")
    *others, width = ops.shape(visible)
    if isinstance(width, int) and isinstance(room, int) and width == room:
        return visible
    missing = ops.zeros((*others, room - width), like=visible)
    return ops.concat([visible, ~missing], -1)
