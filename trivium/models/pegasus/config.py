"""PEGASUS's config."""

from __future__ import annotations

from trivium.models.encoder_decoders_config import EncoderDecoderConfig


class PegasusConfig(EncoderDecoderConfig):
    """The fields of PEGASUS's config.json, with Transformers' defaults."""

    model_type = "pegasus"
    processing = {"tokenizer": "Pegasus"}

    bos_token_id: int | None = None
    pad_token_id: int | None = 0
    eos_token_id: int | None = 1
    decoder_start_token_id: int | None = 0
    forced_eos_token_id: int | None = 1
