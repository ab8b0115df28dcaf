"""mBART's config."""

from __future__ import annotations

from trivium.core.config import Rate
from trivium.models.encoder_decoders_config import EncoderDecoderConfig


class MBartConfig(EncoderDecoderConfig):
    """The fields of mBART's config.json, with the values of mbart-large-cc25 as defaults."""

    model_type = "mbart"
    processing = {"tokenizer": "MBart"}

    classifier_dropout: Rate = 0.0
