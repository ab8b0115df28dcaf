"""What networks have in common whose layers remember by a state of fixed size, and not by the keys of all tokens.

Letters: B batch, T tokens, S columns of a mask, C channels, D width, K size of a kernel.
"""

from trivium.core.outputs import StateCache

from . import ops


def empty(model, batch_size, width, kernel_size, state_size):
    """A StateCache that has seen nothing, of a layer with `width` channels and a state of the shape (B, *state_size)."""
    like = model.like()
    recent = ops.zeros((batch_size, kernel_size - 1, width), like=like)
    state = ops.zeros((batch_size, *state_size), like=ops.constant((0.0,), like=like))
    return StateCache(recent, state, ops.arange(1, like=like)[0])


def begin(cache, x, kernel_size, state_size):
    """What a layer of x (B, T, C) remembers: the inputs (B, K - 1, C) before x, and the state (B, *state_size); or zeros."""
    if cache is not None:
        return cache.recent, cache.state
    batch, _, width = ops.shape(x)
    state = ops.zeros((batch, *state_size), like=ops.constant((0.0,), like=x))
    return ops.zeros((batch, kernel_size - 1, width), like=x), state


def convolve(conv, recent, x):  # a layer, (B, K - 1, C), (B, T, C) -> (B, T, C), (B, K - 1 + T, C)
    """A convolution without padding, in which no token sees a later one, and the inputs, whose last the next call needs."""
    joined = ops.concat([recent, x], 1)
    return conv(joined), joined


def keep(cache, inputs, states):
    """The cache after T tokens, or as many as are `counted`, of inputs (B, K - 1 + T, C) and states (B, T, ...); or None."""
    if cache is None:
        return None
    tokens, before = ops.shape(states)[1], ops.shape(cache.recent)[1]
    if isinstance(cache.counted, tuple):
        return StateCache(inputs[:, tokens:], states[:, -1], cache.length + tokens)
    batch = ops.shape(states)[0]
    last = ops.broadcast_to(cache.counted, (batch,))
    recent = [ops.take_rows(inputs, last + place)[:, None] for place in range(before)]
    recent = ops.concat(recent, 1) if recent else cache.recent
    return StateCache(recent, ops.take_rows(states, last - 1), cache.length + cache.counted)


def columns(attention_mask, x, length):  # (B, S), (B, T, D) -> (B, T)
    """Whether each token of x is visible, by a mask whose columns count from the start of the cache, `length` tokens ago.

    Columns that the mask lacks at the end are visible.
    """
    visible = ops.cast(attention_mask, "bool")
    places, count = ops.arange(ops.shape(x)[1], like=x) + length, ops.shape(visible)[1]
    found = ops.take(ops.transpose(visible, (1, 0)), ops.minimum(places, count - 1))
    return ops.transpose(found, (1, 0)) | (places >= count)
