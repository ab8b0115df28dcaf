"""Phi's config."""

from __future__ import annotations

from typing import Any

from trivium.core import rotary
from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class PhiConfig(Config):
    """The fields of Phi's config.json, with the values of Phi 1.5 as defaults."""

    model_type = "phi"
    processing = {"tokenizer": "CodeGen"}

    vocab_size: Size = 51200
    hidden_size: Size = 2048
    intermediate_size: Size = 8192
    num_hidden_layers: Count = 24
    num_attention_heads: Size = 32
    num_key_value_heads: Size | None = None
    head_dim: Size | None = None
    resid_pdrop: Rate = 0.0
    embd_pdrop: Rate = 0.0
    attention_dropout: Rate = 0.0
    hidden_act: Activation = "gelu_new"
    max_position_embeddings: Size = 2048
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-5
    tie_word_embeddings: bool = False
    rope_theta: float = 10000.0
    rope_scaling: dict[str, Any] | None = None
    partial_rotary_factor: Rate = 0.5
    qk_layernorm: bool = False
    classifier_dropout: Rate | None = None
    hidden_dropout: Rate | None = None
    bos_token_id: int | None = 1
    eos_token_id: int | tuple[int, ...] | None = 2

    @property
    def key_heads(self) -> int:
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def head_width(self) -> int:
        return self.head_dim or self.hidden_size // self.num_attention_heads

    def check(self) -> None:
        rotary.check(self)
        if self.head_dim is None:
            self.require_divisible("hidden_size", "num_attention_heads")
        if self.num_attention_heads % self.key_heads:
            self.require_divisible("num_attention_heads", "num_key_value_heads")
