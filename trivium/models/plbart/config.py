"""PLBART's config."""

from __future__ import annotations

from trivium.core.config import Count, Rate, Size
from trivium.models.encoder_decoders_config import EncoderDecoderConfig


class PLBartConfig(EncoderDecoderConfig):
    """The fields of PLBART's config.json, with the values of plbart-base as defaults."""

    model_type = "plbart"
    processing = {"tokenizer": "PLBart"}

    vocab_size: Size = 50005
    d_model: Size = 768
    encoder_layers: Count = 6
    encoder_attention_heads: Size = 12
    encoder_ffn_dim: Size = 3072
    decoder_layers: Count = 6
    decoder_attention_heads: Size = 12
    decoder_ffn_dim: Size = 3072
    attention_dropout: Rate = 0.1
    classifier_dropout: Rate = 0.0
    scale_embedding: bool = True
