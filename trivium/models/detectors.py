"""What detectors after DETR have in common: where a place is in an image, boxes, and masks. `c` is the config.

Letters: B batch, h w places of a map of features, P = h w places, D width, N heads, Q queries. Source: Carion and others,
arXiv:2005.12872.
"""

import itertools
import math
from typing import NamedTuple

from trivium.core.init import Uniform

from . import images, multihead, nn, ops


class Seen(NamedTuple):
    """What the encoder is shown of images: maps of features, the last as tokens, where these are, and what is no padding."""

    maps: tuple
    x: object  # (B, P, D)
    places: object  # (B or 1, P, D)
    visible: object  # (B, h, w)


class SinePositions(nn.Module):
    """Sines and cosines of how far down and right a place is, as a part of what is visible."""

    def __init__(self, c):
        super().__init__()
        self.frequencies = tuple(10000 ** (-4 * i / c.d_model) for i in range(c.d_model // 4))

    def forward(self, visible):  # (B, h, w) -> (B, h, w, D)
        visible = ops.cast(visible, "float32")
        down, right = ops.cumsum(visible, 1), ops.cumsum(visible, 2)
        down, right = down / (down[:, -1:] + 1e-6), right / (right[:, :, -1:] + 1e-6)
        return ops.concat([self.waves(down), self.waves(right)], -1)

    def waves(self, share):  # (B, h, w) -> (B, h, w, D / 2), sine and cosine in turn
        angles = (2 * math.pi * share)[..., None] * ops.constant(self.frequencies, like=share)
        batch, h, w, count = ops.shape(angles)
        return ops.reshape(ops.concat([ops.sin(angles)[..., None], ops.cos(angles)[..., None]], -1), (batch, h, w, 2 * count))


class LearnedPositions(nn.Module):
    """A table of rows and one of columns, of 50 places each."""

    def __init__(self, c):
        super().__init__()
        self.row_embeddings = nn.Embedding(50, c.d_model // 2, init=Uniform(0.0, 1.0))
        self.column_embeddings = nn.Embedding(50, c.d_model // 2, init=Uniform(0.0, 1.0))

    def forward(self, visible):  # (B, h, w) -> (1, h, w, D)
        _, h, w = ops.shape(visible)
        across, down = self.column_embeddings(ops.arange(w, like=visible)), self.row_embeddings(ops.arange(h, like=visible))
        half = ops.shape(across)[-1]
        across = ops.broadcast_to(across[None, None], (1, h, w, half))
        return ops.concat([across, ops.broadcast_to(down[None, :, None], (1, h, w, half))], -1)


class Boxes(nn.Module):
    def __init__(self, c):
        super().__init__()
        widths = (c.d_model, c.d_model, c.d_model, 4)
        self.layers = nn.Layers(nn.Linear(i, o) for i, o in itertools.pairwise(widths))

    def forward(self, x):  # (B, Q, D) -> (B, Q, 4)
        return ops.sigmoid(self.layers[2](ops.relu(self.layers[1](ops.relu(self.layers[0](x))))))


class MaskHead(nn.Module):
    """Paints a mask for each query, finer and finer with the maps of features of earlier stages."""

    def __init__(self, c, widths):
        super().__init__()
        first = c.d_model + c.encoder_attention_heads
        inner = (first, first, c.d_model // 2, c.d_model // 4, c.d_model // 8, c.d_model // 16)
        same = {"kernel_size": (3, 3), "padding": (1, 1)}
        for i in range(1, 6):
            setattr(self, f"lay{i}", nn.Conv2d(inner[i - 1], inner[i], **same))
            setattr(self, f"gn{i}", nn.GroupNorm(min(8, inner[i]), inner[i], eps=1e-5))
        self.out_lay = nn.Conv2d(inner[5], 1, **same)
        for i, width in enumerate(reversed(widths), start=1):
            setattr(self, f"adapter{i}", nn.Conv2d(width, inner[i + 1], kernel_size=(1, 1)))

    def forward(self, x, weights, maps):  # (B, h, w, D), (B, Q, h, w, N), three of (B, h', w', D') -> (B, Q, h', w')
        batch, queries, h, w, n = ops.shape(weights)
        x = ops.broadcast_to(x[:, None], (batch, queries, h, w, ops.shape(x)[-1]))
        x = ops.reshape(ops.concat([x, weights], -1), (batch * queries, h, w, ops.shape(x)[-1] + n))
        x = self.paint(self.lay1, self.gn1, x)
        x = self.paint(self.lay2, self.gn2, x)
        steps = (self.adapter1, self.lay3, self.gn3), (self.adapter2, self.lay4, self.gn4), (self.adapter3, self.lay5, self.gn5)
        for (adapter, conv, norm), earlier in zip(steps, reversed(maps), strict=True):
            x = self.paint(conv, norm, self.refine(x, adapter(earlier), queries))
        x = self.out_lay(x)
        _, h, w, _ = ops.shape(x)
        return ops.reshape(x, (batch, queries, h, w))

    def paint(self, conv, norm, x):
        return ops.relu(norm(conv(x)))

    def refine(self, x, earlier, queries):  # (B Q, h, w, D), (B, h', w', D) -> (B Q, h', w', D)
        batch, h, w, width = ops.shape(earlier)
        earlier = ops.broadcast_to(earlier[:, None], (batch, queries, h, w, width))
        return ops.reshape(earlier, (batch * queries, h, w, width)) + images.nearest(x, (h, w))


class AttentionMap(nn.Module):
    """Where each query looks, by every head; of all places of all heads the weights add up to one."""

    def __init__(self, c):
        super().__init__()
        bound = c.init_xavier_std * (3 / c.d_model) ** 0.5
        self.q_linear = nn.Linear(c.d_model, c.d_model, init=Uniform(-bound, bound))
        self.k_linear = nn.Linear(c.d_model, c.d_model, init=Uniform(-bound, bound))
        self.heads, self.scale = c.encoder_attention_heads, (c.d_model / c.encoder_attention_heads) ** -0.5

    def forward(self, x, encoded, visible):  # (B, Q, D), (B, P, D), (B, h, w) -> (B, Q, h, w, N)
        q, k = multihead.split(self.q_linear(x) * self.scale, self.heads), multihead.split(self.k_linear(encoded), self.heads)
        weights = ops.einsum("bqnd,bpnd->bqnp", q, k)
        batch, queries, n, places = ops.shape(weights)
        _, h, w = ops.shape(visible)
        shown = ops.reshape(visible, (batch, 1, 1, places))
        weights = ops.where(shown, weights, weights * 0 - 6e4)  # whose exp is 0, and which float16 has
        weights = ops.softmax(ops.reshape(weights, (batch, queries, n * places)), -1)
        return ops.transpose(ops.reshape(weights, (batch, queries, n, h, w)), (0, 1, 3, 4, 2))
