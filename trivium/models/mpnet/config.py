"""MPNet's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class MPNetConfig(Config):
    """The fields of MPNet's config.json, with the values of mpnet-base as defaults."""

    model_type = "mpnet"
    processing = {"tokenizer": "MPNet"}

    vocab_size: Size = 30527
    hidden_size: Size = 768
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    intermediate_size: Size = 3072
    hidden_act: Activation = "gelu"
    hidden_dropout_prob: Rate = 0.1
    attention_probs_dropout_prob: Rate = 0.1
    max_position_embeddings: Size = 512
    initializer_range: Scale = 0.02
    is_decoder: Literal[False] = False
    layer_norm_eps: Epsilon = 1e-12
    relative_attention_num_buckets: Literal[32] = 32  # Transformers makes another number of weights, but uses 32
    pad_token_id: int | None = 1
    bos_token_id: int | None = 0
    eos_token_id: int | tuple[int, ...] | None = 2

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
