"""CamemBERT's config."""

from __future__ import annotations

from trivium.core.config import Size
from trivium.models.roberta.config import RobertaConfig


class CamembertConfig(RobertaConfig):
    """The fields of CamemBERT's config.json, which are RoBERTa's, with Transformers' defaults."""

    model_type = "camembert"
    processing = {"tokenizer": "Camembert"}

    vocab_size: Size = 30522
