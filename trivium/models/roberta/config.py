"""RoBERTa's config."""

from __future__ import annotations

from trivium.core.config import Count, Size
from trivium.models.bert.config import BertConfig


class RobertaConfig(BertConfig):
    """The fields of RoBERTa's config.json, which are BERT's, with Transformers' defaults."""

    model_type = "roberta"
    processing = {"tokenizer": "Roberta"}

    vocab_size: Size = 50265
    pad_token_id: Count = 1
    bos_token_id: int | None = 0
    eos_token_id: int | tuple[int, ...] | None = 2
