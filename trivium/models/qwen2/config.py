"""Qwen2's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Count, Size
from trivium.models.llama.config import LlamaConfig


class Qwen2Config(LlamaConfig):
    """The fields of Qwen2's config.json, with Transformers' defaults."""

    model_type = "qwen2"
    processing = {"tokenizer": "Qwen2"}

    vocab_size: Size = 151936
    intermediate_size: Size = 22016
    num_key_value_heads: Size | None = 32
    max_position_embeddings: Size = 32768
    use_sliding_window: bool = False
    sliding_window: Size | None = 4096
    max_window_layers: Count = 28
    attention_bias: Literal[True] = True
    mlp_bias: Literal[False] = False
    bos_token_id: int | None = None
    eos_token_id: int | tuple[int, ...] | None = None
