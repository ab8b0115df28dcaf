"""The config of the small BlenderBot."""

from __future__ import annotations

from trivium.core.config import Count, Size
from trivium.models.encoder_decoders_config import EncoderDecoderConfig


class BlenderbotSmallConfig(EncoderDecoderConfig):
    """The fields of the small BlenderBot's config.json, with the values of blenderbot_small-90M as defaults."""

    model_type = "blenderbot-small"
    processing = {"tokenizer": "BlenderbotSmall"}

    max_position_embeddings: Size = 512
    d_model: Size = 512
    encoder_layers: Count = 8
    encoder_ffn_dim: Size = 2048
    decoder_layers: Count = 8
    decoder_ffn_dim: Size = 2048
    bos_token_id: int | None = 1
    pad_token_id: int | None = 0
    decoder_start_token_id: int | None = 1
