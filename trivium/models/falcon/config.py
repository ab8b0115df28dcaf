"""Falcon's config."""

from __future__ import annotations

from typing import Any, Literal

from trivium.core import rotary
from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class FalconConfig(Config):
    """The fields of Falcon's config.json, with the values of Falcon 7B as defaults."""

    model_type = "falcon"
    processing = {"tokenizer": "PreTrained"}
    aliases = {"n_embed": "hidden_size"}

    vocab_size: Size = 65024
    hidden_size: Size = 4544
    num_hidden_layers: Count = 32
    num_attention_heads: Size = 71
    num_ln_in_parallel_attn: Literal[1, 2] | None = None
    layer_norm_epsilon: Epsilon = 1e-5
    initializer_range: Scale = 0.02
    hidden_dropout: Rate = 0.0
    attention_dropout: Rate = 0.0
    classifier_dropout: Rate | None = None
    num_kv_heads: Size | None = None
    alibi: bool = False
    new_decoder_architecture: bool = False
    multi_query: bool = True
    parallel_attn: bool = True
    bias: bool = False
    max_position_embeddings: Size = 2048
    rope_theta: float = 10000.0
    rope_scaling: dict[str, Any] | None = None
    ffn_hidden_size: Size | None = None
    activation: Activation = "gelu"
    bos_token_id: int | None = 11
    eos_token_id: int | tuple[int, ...] | None = 11

    @property
    def key_heads(self) -> int:
        if self.new_decoder_architecture:
            return self.num_kv_heads or self.num_attention_heads
        return 1 if self.multi_query else self.num_attention_heads

    @property
    def has_two_norms(self) -> bool:
        """Whether attention and MLP, side by side, have a norm each."""
        return self.new_decoder_architecture and self.num_ln_in_parallel_attn != 1

    def check(self) -> None:
        rotary.check(self)
        self.require_divisible("hidden_size", "num_attention_heads")
        if self.num_attention_heads % self.key_heads:
            self.require_divisible("num_attention_heads", "num_kv_heads")
        if self.new_decoder_architecture and not self.parallel_attn:
            raise self.error("new_decoder_architecture", "is true, which goes with parallel_attn only")
        if self.num_ln_in_parallel_attn == 2 and not self.new_decoder_architecture:
            raise self.error("num_ln_in_parallel_attn", "= 2 goes with new_decoder_architecture only")
