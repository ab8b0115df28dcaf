"""The state of decoding: one `LayerCache` per layer, of fixed size, passed in and returned.

B batch, T tokens of the input, S room for tokens, W a window, N heads, K key heads, H head width.
"""

from trivium.core.errors import InputError
from trivium.core.outputs import CrossCache, EngineCache, LayerCache, RingCache, StateCache

from . import ops


def empty(model, batch_size, max_length, crosses=False):
    """Caches that have seen nothing, in the dtype and on the device of the model's weights; CrossCaches where it `crosses`."""
    kind = CrossCache if crosses else LayerCache
    # no array twice: whoever gives the cache away to be overwritten (donation in JAX) may give each one once
    return tuple(empty_layer(model, batch_size, max_length, kind) for _ in range(model.config.num_hidden_layers))


def empty_layer(model, batch_size, max_length, kind=LayerCache, window=None):
    """The cache of one layer, as `empty` makes them; a ring where texts may be longer than the `window` that the layer sees."""
    if window is not None and window < max_length:
        kind, max_length = RingCache, window
    like, shape = model.like(), (batch_size, max_length, model.config.key_heads, model.config.head_width)
    return kind(ops.zeros(shape, like=like), ops.zeros(shape, like=like), ops.arange(1, like=like)[0])


def with_keys(cache):
    """The cache of the first layer that holds keys, among layers that may remember by states; None if none does."""
    return next((layer for layer in cache or () if not isinstance(layer, StateCache)), None)


def positions(cache, x):
    """The positions of the tokens of x (B, T, D): (1, T), from where the cache ends."""
    counted = ops.arange(ops.shape(x)[1], like=x)[None]
    return counted if cache is None else counted + cache[0].length


def attend(cache, q, k, v, mask, *, scale, dropout, bias=None, weights=False):
    """What queries (B, T, N, H) find in a layer's cache and in their own keys and values (B, T, K, H).

    Mask and bias as of `ops.attention`; without a mask no query sees a later key.

    Returns:
        (B, T, N, H), the new cache, and the weights (B, N, T, S) or None.
    """
    if isinstance(cache, EngineCache):
        if weights:
            raise InputError("an engine's cache gives no attentions", key="output_attentions", hint="do not ask for them")
        return cache.attend(q, k, v, mask=mask, bias=bias, scale=scale), cache, None
    k, v, cache = extend(cache, k, v)
    x, seen = ops.attention(q, k, v, mask, bias=bias, causal=mask is None, scale=scale, dropout=dropout, weights=weights)
    return x, cache, seen


def extend(cache, k, v):
    """Keys and values (B, T, K, H) with those that a layer's cache holds: two of (B, S, K, H), and the new cache.

    Without a cache they are what they were, and None.
    """
    if cache is None:
        return k, v, None
    if isinstance(cache, EngineCache):
        raise InputError("an engine's cache does not show its keys", hint="let the layer attend by caches.attend")
    new = {"key": k, "value": v} if isinstance(cache.key_scale, tuple) else as_integers(key=k, value=v)
    if isinstance(cache, RingCache):
        seen, cache = extend_ring(cache, new)
    else:
        seen = {name: ops.update(getattr(cache, name), x, cache.length, True) for name, x in new.items()}
        cache = cache._replace(**seen, length=cache.length + ops.shape(k)[1])
    return *(as_floats(seen, name, k) for name in ("key", "value")), cache


# Integers


def as_integers(**tensors):
    """Keys and values (B, T, K, H), by name, as int8, and for each head of each token the scale by which to multiply them."""
    found = {}
    for name, x in tensors.items():
        scale = ops.cast(ops.maximum(ops.max(abs(x), -1)[..., None] / 127, 1e-12), "float32")
        found[name] = ops.cast(ops.cast(x / ops.cast_like(scale, x) + 128.5, "int32") - 128, "int8")  # casting cuts off
        found[f"{name}_scale"] = scale
    return found


def as_floats(seen, name, like):
    """What a cache holds under a name, as floats."""
    if f"{name}_scale" not in seen:
        return seen[name]
    return ops.cast_like(ops.cast(seen[name], "float32") * seen[f"{name}_scale"], like)


# Rings


def extend_ring(cache, new):
    """What a ring shows, by name, and the ring with what is new (B, T, K, ...): of one token the ring then, (B, W, K, ...);
    of several what it held and they, (B, W + T, K, ...)."""
    tokens, room = ops.shape(new["key"])[1], ops.shape(cache.key)[1]
    if is_one(tokens):
        seen = {name: ops.update(getattr(cache, name), x, cache.length % room, True) for name, x in new.items()}
        return seen, cache._replace(**seen, length=cache.length + 1, counted=())
    seen = {name: ops.concat([getattr(cache, name), x], 1) for name, x in new.items()}
    length = cache.length + (tokens if isinstance(cache.counted, tuple) else cache.counted)
    number, place = ring_numbers(length, room, new["key"]), ops.arange(room, like=new["key"])
    chosen = ops.where(number >= cache.length, number - cache.length + room, place)

    def kept(x):
        return ops.transpose(ops.take(ops.transpose(x, (1, 0, 2, 3)), chosen), (1, 0, 2, 3))

    return seen, cache._replace(**{name: kept(x) for name, x in seen.items()}, length=length, counted=())


def ring_numbers(length, room, x):
    """The number of the token in each place of a ring that has seen `length` tokens: (W,), below 0 where there is none."""
    return length - 1 - (length - 1 - ops.arange(room, like=x)) % room


def numbers(cache, x):
    """The number of the token that each key of `extend_ring` is of, for x (B, T, D): (W,) or (W + T,), below 0 for none."""
    tokens, room = ops.shape(x)[1], ops.shape(cache.key)[1]
    if is_one(tokens):
        return ring_numbers(cache.length + 1, room, x)
    return ops.concat([ring_numbers(cache.length, room, x), ops.arange(tokens, like=x) + cache.length], 0)


def is_one(tokens):
    """Whether a number of tokens, which may be unknown while a framework traces, is one."""
    return isinstance(tokens, int) and tokens == 1


# Decoders that attend to an encoder


def empty_crossed(model, batch_size, max_length, layers, heads, head_width):
    """CrossCaches that have seen nothing, not even the encoder's states, as `empty` makes them."""
    like, shape = model.like(), (batch_size, max_length, heads, head_width)
    return tuple(
        CrossCache(ops.zeros(shape, like=like), ops.zeros(shape, like=like), ops.arange(1, like=like)[0]) for _ in range(layers)
    )


def has_crossed(cache):
    """Whether a cache, of a layer or of all, holds an encoder's keys; then the encoder is needed no more."""
    layer = cache[0] if type(cache) is tuple and cache else cache
    return getattr(layer, "cross_key", None) is not None


def cross(cache, encoded, project):
    """Keys and values (B, E, K, H) of an encoder, computed by `project` the first time, and the cache that keeps them."""
    if has_crossed(cache):
        return cache.cross_key, cache.cross_value, cache
    k, v = project(encoded)
    return k, v, None if cache is None else cache._replace(cross_key=k, cross_value=v)
