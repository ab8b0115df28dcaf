"""BLOOM's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Config, Count, Epsilon, Rate, Scale, Size


class BloomConfig(Config):
    """The fields of BLOOM's config.json, with Transformers' defaults."""

    model_type = "bloom"
    processing = {"tokenizer": "Bloom"}
    aliases = {"n_embed": "hidden_size", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head"}

    vocab_size: Size = 250880
    hidden_size: Size = 64
    n_layer: Count = 2
    n_head: Size = 8
    layer_norm_epsilon: Epsilon = 1e-5
    initializer_range: Scale = 0.02
    apply_residual_connection_post_layernorm: bool = False
    hidden_dropout: Rate = 0.0
    attention_dropout: Rate = 0.0
    classifier_dropout: Rate | None = None
    slow_but_exact: Literal[False] = False
    bos_token_id: int | None = 1
    eos_token_id: int | tuple[int, ...] | None = 2

    def check(self) -> None:
        self.require_divisible("hidden_size", "n_head")
