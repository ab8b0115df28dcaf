"""M2M-100's config."""

from __future__ import annotations

from trivium.core.config import Activation, Rate, Size
from trivium.models.encoder_decoders_config import EncoderDecoderConfig


class M2M100Config(EncoderDecoderConfig):
    """The fields of M2M-100's config.json, with Transformers' defaults."""

    model_type = "m2m_100"
    processing = {"tokenizer": "M2M100"}

    vocab_size: Size = 128112
    activation_function: Activation = "relu"
    attention_dropout: Rate = 0.1
    encoder_layerdrop: Rate = 0.05
    decoder_layerdrop: Rate = 0.05
    scale_embedding: bool = True
    decoder_start_token_id: int | None = 2
    forced_eos_token_id: int | None = None
