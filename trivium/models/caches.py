"""The state of decoding: one `LayerCache` per layer, of fixed size, passed in and returned.

B batch, T tokens of the input, S room for tokens, K key heads, H head width.
"""

from trivium.core.outputs import LayerCache

from . import ops


def empty(model, batch_size, max_length):
    """Caches that have seen nothing, in the dtype and on the device of the model's weights."""
    c, like = model.config, model.like()
    shape = (batch_size, max_length, c.num_attention_heads, c.hidden_size // c.num_attention_heads)
    return tuple(  # no array twice: whoever gives the cache away to be overwritten (donation in JAX) may give each one once
        LayerCache(ops.zeros(shape, like=like), ops.zeros(shape, like=like), ops.arange(1, like=like)[0])
        for _ in range(c.num_hidden_layers)
    )


def positions(cache, x):
    """The positions of the tokens of x (B, T, D): (1, T), from where the cache ends."""
    counted = ops.arange(ops.shape(x)[1], like=x)[None]
    return counted if cache is None else counted + cache[0].length


def extend(cache, k, v):
    """Keys and values (B, T, K, H) with those that a layer's cache holds: two of (B, S, K, H), and the new cache.

    Without a cache they are what they were, and None.
    """
    if cache is None:
        return k, v, None
    keys, values = ops.update(cache.key, k, cache.length), ops.update(cache.value, v, cache.length)
    return keys, values, LayerCache(keys, values, cache.length + ops.shape(k)[1])
