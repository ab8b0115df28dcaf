"""Gemma's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Count, Size
from trivium.models.llama.config import LlamaConfig


class GemmaConfig(LlamaConfig):
    """The fields of Gemma's config.json, with the values of Gemma 7B as defaults.

    `hidden_activation` is left out: only Transformers' Flax class reads it.
    """

    model_type = "gemma"
    processing = {"tokenizer": "Gemma"}

    vocab_size: Size = 256000
    hidden_size: Size = 3072
    intermediate_size: Size = 24576
    num_hidden_layers: Count = 28
    num_attention_heads: Size = 16
    num_key_value_heads: Size | None = 16
    head_dim: Size | None = 256
    hidden_act: Activation = "gelu_pytorch_tanh"
    max_position_embeddings: Size = 8192
    mlp_bias: Literal[False] = False
    tie_word_embeddings: bool = True
    pad_token_id: int | None = 0
    bos_token_id: int | None = 2
    eos_token_id: int | tuple[int, ...] | None = 1
