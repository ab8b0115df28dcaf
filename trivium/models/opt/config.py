"""OPT's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Count, Rate, Scale, Size


class OPTConfig(Config):
    """The fields of OPT's config.json, with the values of OPT 125M as defaults."""

    model_type = "opt"
    processing = {"tokenizer": "GPT2"}

    vocab_size: Size = 50272
    hidden_size: Size = 768
    num_hidden_layers: Count = 12
    ffn_dim: Size = 3072
    max_position_embeddings: Size = 2048
    do_layer_norm_before: bool = True
    _remove_final_layer_norm: bool = False
    word_embed_proj_dim: Size | None = None
    dropout: Rate = 0.1
    attention_dropout: Rate = 0.0
    num_attention_heads: Size = 12
    activation_function: Activation = "relu"
    layerdrop: Rate = 0.0
    init_std: Scale = 0.02
    enable_bias: bool = True
    layer_norm_elementwise_affine: Literal[True] = True  # Transformers itself cannot build it without
    pad_token_id: int | None = 1
    bos_token_id: int | None = 2
    eos_token_id: int | tuple[int, ...] | None = 2

    @property
    def embedding_width(self) -> int:
        """The width of the embeddings, and of what comes out."""
        return self.word_embed_proj_dim or self.hidden_size

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
