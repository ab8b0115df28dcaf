"""LayoutLM's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Size
from trivium.models.bert.config import BertConfig


class LayoutLMConfig(BertConfig):
    """The fields of LayoutLM's config.json, with the values of layoutlm-base-uncased as defaults."""

    model_type = "layoutlm"
    processing = {"tokenizer": "LayoutLM"}

    max_2d_position_embeddings: Size = 1024
    position_embedding_type: Literal["absolute"] = "absolute"
    is_decoder: Literal[False] = False
    add_cross_attention: Literal[False] = False
    classifier_dropout: None = None
