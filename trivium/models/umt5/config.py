"""umT5's config."""

from __future__ import annotations

from trivium.core.config import Count, Size
from trivium.models.t5.config import FeedForward, T5Config


class UMT5Config(T5Config):
    """The fields of umT5's config.json, with the values of umt5-small as defaults."""

    model_type = "umt5"
    processing = {"tokenizer": "T5"}

    vocab_size: Size = 250112
    d_ff: Size = 1024
    num_layers: Count = 8
    num_heads: Size = 6
    feed_forward_proj: FeedForward = "gated-gelu"
    decoder_start_token_id: int | None = 0
