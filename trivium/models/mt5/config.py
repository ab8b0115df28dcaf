"""mT5's config."""

from __future__ import annotations

from trivium.core.config import Count, Size
from trivium.models.t5.config import FeedForward, T5Config


class MT5Config(T5Config):
    """The fields of mT5's config.json, with the values of mt5-small as defaults."""

    model_type = "mt5"
    processing = {"tokenizer": "T5"}

    vocab_size: Size = 250112
    d_ff: Size = 1024
    num_layers: Count = 8
    num_heads: Size = 6
    feed_forward_proj: FeedForward = "gated-gelu"
    tie_word_embeddings: bool = False
    decoder_start_token_id: int | None = 0
