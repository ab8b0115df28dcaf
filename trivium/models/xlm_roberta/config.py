"""XLM-RoBERTa's config."""

from __future__ import annotations

from trivium.core.config import Size
from trivium.models.roberta.config import RobertaConfig


class XLMRobertaConfig(RobertaConfig):
    """The fields of XLM-RoBERTa's config.json, which are RoBERTa's, with Transformers' defaults."""

    model_type = "xlm-roberta"
    processing = {"tokenizer": "XLMRoberta"}

    vocab_size: Size = 30522
