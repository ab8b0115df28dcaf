"""LLaMA's config."""

from __future__ import annotations

from typing import Any

from trivium.core import rotary
from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class LlamaConfig(Config):
    """The fields of LLaMA's config.json, with the values of LLaMA 7B as defaults."""

    model_type = "llama"
    processing = {"tokenizer": "Llama"}

    vocab_size: Size = 32000
    hidden_size: Size = 4096
    intermediate_size: Size = 11008
    num_hidden_layers: Count = 32
    num_attention_heads: Size = 32
    num_key_value_heads: Size | None = None
    head_dim: Size | None = None
    hidden_act: Activation = "silu"
    max_position_embeddings: Size = 2048
    initializer_range: Scale = 0.02
    rms_norm_eps: Epsilon = 1e-6
    rope_theta: float = 10000.0
    rope_scaling: dict[str, Any] | None = None
    attention_bias: bool = False
    attention_dropout: Rate = 0.0
    mlp_bias: bool = False
    classifier_dropout: Rate | None = None
    hidden_dropout: Rate | None = None
    tie_word_embeddings: bool = False
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
