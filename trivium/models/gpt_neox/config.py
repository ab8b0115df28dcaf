"""GPT-NeoX's config."""

from __future__ import annotations

from typing import Any

from trivium.core import rotary
from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class GPTNeoXConfig(Config):
    """The fields of GPT-NeoX's config.json, with the values of GPT-NeoX 20B as defaults."""

    model_type = "gpt_neox"
    processing = {"tokenizer": "GPTNeoX"}
    aliases = {"rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"}

    vocab_size: Size = 50432
    hidden_size: Size = 6144
    num_hidden_layers: Count = 44
    num_attention_heads: Size = 64
    intermediate_size: Size = 24576
    hidden_act: Activation = "gelu"
    rotary_pct: Rate = 0.25
    rotary_emb_base: float = 10000.0
    rope_scaling: dict[str, Any] | None = None
    attention_bias: bool = True
    attention_dropout: Rate = 0.0
    hidden_dropout: Rate = 0.0
    classifier_dropout: Rate = 0.1
    max_position_embeddings: Size = 2048
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-5
    use_parallel_residual: bool = True
    tie_word_embeddings: bool = False
    bos_token_id: int | None = 0
    eos_token_id: int | tuple[int, ...] | None = 2

    def check(self) -> None:
        rotary.check(self)
        self.require_divisible("hidden_size", "num_attention_heads")
