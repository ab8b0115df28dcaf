"""RoBERTa-PreLayerNorm's config."""

from __future__ import annotations

from trivium.models.roberta.config import RobertaConfig


class RobertaPreLayerNormConfig(RobertaConfig):
    """The fields of RoBERTa-PreLayerNorm's config.json, which are RoBERTa's, with Transformers' defaults."""

    model_type = "roberta-prelayernorm"
    processing = {"tokenizer": "Roberta"}
