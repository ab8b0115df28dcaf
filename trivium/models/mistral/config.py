"""Mistral's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Size
from trivium.models.llama.config import LlamaConfig


class MistralConfig(LlamaConfig):
    """The fields of Mistral's config.json, with the values of Mistral 7B as defaults."""

    model_type = "mistral"
    processing = {"tokenizer": "Llama"}

    intermediate_size: Size = 14336
    num_key_value_heads: Size | None = 8
    max_position_embeddings: Size = 131072
    sliding_window: Size | None = 4096
    attention_bias: Literal[False] = False
    mlp_bias: Literal[False] = False
