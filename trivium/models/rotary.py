"""Rotary positions: queries and keys turned by angles that grow with the position, so that products depend on distances.

Su and others, arXiv:2104.09864. Letters: B batch, T tokens, N heads, H head width, R the part of it that turns.
"""

from trivium.core import rotary

from . import nn, ops


class Rotary(nn.Module):
    """The angles, as their cosines and sines. It has no weights; the frequencies follow from the config."""

    def __init__(self, c, width):
        super().__init__()
        self.frequencies, self.amplitude = rotary.frequencies(c, width)
        self.growth, self.longest = rotary.growth(c, width), c.max_position_embeddings

    def forward(self, positions, x):  # (B or 1, T), any tensor of the network -> two of (B or 1, T, 1, R / 2)
        frequencies = ops.constant(self.frequencies, like=x)
        if self.growth is not None:
            exponents, factor = self.growth
            length = ops.cast(ops.maximum(ops.max(ops.max(positions, 1), 0) + 1, self.longest), "float32")
            grown = ops.log(factor * length / self.longest - (factor - 1))
            frequencies = frequencies * ops.exp(grown * ops.constant(exponents, like=x))
        angles = ops.cast(positions, "float32")[:, :, None, None] * frequencies
        return tuple(ops.cast_like(turn(angles) * self.amplitude, x) for turn in (ops.cos, ops.sin))


def rotate(x, cos, sin):
    """x (B, T, N, H) with the pairs (i, i + R / 2) of its first R columns turned; the other columns stay."""
    turned = 2 * ops.shape(cos)[-1]
    a, b = ops.split(x[..., :turned], 2, -1)
    parts = [a * cos - b * sin, b * cos + a * sin]
    return ops.concat([*parts, x[..., turned:]] if turned < ops.shape(x)[-1] else parts, -1)


def rotate_neighbours(x, cos, sin):
    """`rotate` where the pairs are (2 i, 2 i + 1)."""
    batch, tokens, n, h = ops.shape(x)
    turned = 2 * ops.shape(cos)[-1]
    pairs = ops.reshape(x[..., :turned], (batch, tokens, n, turned // 2, 2))
    a, b = pairs[..., 0], pairs[..., 1]
    pairs = ops.concat([(a * cos - b * sin)[..., None], (b * cos + a * sin)[..., None]], -1)
    x = [ops.reshape(pairs, (batch, tokens, n, turned)), x[..., turned:]]
    return ops.concat(x if turned < h else x[:1], -1)
