"""The heads of attention, taken out of a width and put back.

Letters: B batch, T tokens, D width, N heads, H = D / N.
"""

from . import ops


def split(x, heads):  # (B, T, D) -> (B, T, N, H)
    batch, tokens, width = ops.shape(x)
    return ops.reshape(x, (batch, tokens, heads, width // heads))


def merge(x):  # (B, T, N, H) -> (B, T, D)
    batch, tokens, n, h = ops.shape(x)
    return ops.reshape(x, (batch, tokens, n * h))
