"""BlenderBot's config."""

from __future__ import annotations

from trivium.core.config import Count, Size
from trivium.models.encoder_decoders_config import EncoderDecoderConfig


class BlenderbotConfig(EncoderDecoderConfig):
    """The fields of BlenderBot's config.json, with the values of blenderbot-3B as defaults."""

    model_type = "blenderbot"
    processing = {"tokenizer": "Blenderbot"}

    vocab_size: Size = 8008
    max_position_embeddings: Size = 128
    d_model: Size = 2560
    encoder_layers: Count = 2
    encoder_attention_heads: Size = 32
    encoder_ffn_dim: Size = 10240
    decoder_layers: Count = 24
    decoder_attention_heads: Size = 32
    decoder_ffn_dim: Size = 10240
    bos_token_id: int | None = 1
    pad_token_id: int | None = 0
    decoder_start_token_id: int | None = 1
