"""Caches whose keys and values are int8, with a scale for each head of each token.

Letters: B batch, S room for tokens, K key heads, H head width.
"""

from trivium.core.errors import InputError

from . import ops

KEPT = ("key", "value")


def quantized(cache):
    """An empty cache with room for integers; states, and what is kept of an encoder, stay as they are.

    Raises:
        InputError: No layer has keys.
    """
    if not any(hasattr(layer, "key") for layer in cache):
        raise InputError(
            "no layer remembers keys", key="cache_implementation", hint="leave it out: a state has one size anyway"
        )
    return tuple(empty(layer) if hasattr(layer, "key") else layer for layer in cache)


def empty(layer):
    """The same room (B, S, K, H) for integers."""
    scale = {f"{name}_scale": ops.cast(ops.zeros((*ops.shape(layer.key)[:3], 1), like=layer.key), "float32") for name in KEPT}
    return layer._replace(**{name: ops.cast(getattr(layer, name), "int8") for name in KEPT}, **scale)
