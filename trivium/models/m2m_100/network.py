"""M2M-100: mBART between any two of a hundred languages, with positions that are computed; also NLLB.

Fan and others, arXiv:2010.11125. Checkpoints: facebook/m2m100_418M, facebook/nllb-200-distilled-600M.
Letters: as in `encoder_decoders`.
"""

import math

from trivium.models.m2m_100.config import M2M100Config as Config

from .. import caches, encoder_decoders, nn, ops


class Sinusoids(nn.Module):
    """Sines of positions, then cosines; zero for padding. Source: tensor2tensor, by way of fairseq."""

    def __init__(self, c: Config):
        super().__init__()
        half = c.d_model // 2
        self.frequencies = tuple(math.exp(-math.log(10000) * index / (half - 1)) for index in range(half))
        self.odd, self.padding = c.d_model % 2, c.pad_token_id

    def forward(self, positions):  # (B, T) -> (B, T, D)
        places = ops.cast(positions, "float32")[..., None]
        angles = places * ops.constant(self.frequencies, like=places)
        x = ops.concat([ops.sin(angles), ops.cos(angles)] + [places * 0] * self.odd, -1)
        return x * ops.cast(positions != self.padding, "float32")[..., None]


def positions(c: Config, input_ids, x, cache):  # -> (B or 1, T)
    """The positions of tokens, of which padding does not count, and has the position of its number."""
    if input_ids is None:
        return caches.positions(cache, x) + (c.pad_token_id + 1)
    real = ops.cast(input_ids != c.pad_token_id, "int32")
    seen = 0 if cache is None else cache[0].length
    return (ops.cumsum(real, 1) + seen) * real + c.pad_token_id


# Unlike mBART: positions that are computed, no norm of the embeddings
STYLE = encoder_decoders.Style(Sinusoids, norm_first=True)


class M2M100Model(encoder_decoders.EncoderDecoder):
    __doc__ = encoder_decoders.EncoderDecoder.__doc__
    config_class = Config
    style = STYLE

    def positions(self, input_ids, x, cache):  # Unlike mBART: see above
        return positions(self.config, input_ids, x, cache)


class M2M100ForConditionalGeneration(encoder_decoders.Generation, body=M2M100Model):
    """M2M-100 that translates."""
