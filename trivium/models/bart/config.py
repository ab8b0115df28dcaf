"""BART's config."""

from __future__ import annotations

from trivium.core.config import Rate
from trivium.models.encoder_decoders_config import EncoderDecoderConfig


class BartConfig(EncoderDecoderConfig):
    """The fields of BART's config.json, with the values of bart-large as defaults."""

    model_type = "bart"
    processing = {"tokenizer": "Bart"}
    default_labels = 3

    classifier_dropout: Rate = 0.0
    decoder_start_token_id: int | None = 2
