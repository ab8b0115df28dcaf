"""ELECTRA's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Rate, Size
from trivium.models.bert.config import BertConfig


class ElectraConfig(BertConfig):
    """The fields of ELECTRA's config.json, with the values of electra-small-discriminator as defaults."""

    model_type = "electra"
    processing = {"tokenizer": "Electra"}

    embedding_size: Size = 128
    hidden_size: Size = 256
    num_attention_heads: Size = 4
    intermediate_size: Size = 1024
    summary_type: Literal["first"] = "first"
    summary_use_proj: Literal[True] = True
    summary_activation: Activation | None = "gelu"
    summary_proj_to_labels: Literal[False] = False
    summary_first_dropout: Rate = 0.0
    summary_last_dropout: Rate = 0.1
