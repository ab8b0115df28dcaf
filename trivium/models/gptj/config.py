"""GPT-J's config."""

from __future__ import annotations

from typing import ClassVar

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class GPTJConfig(Config):
    """The fields of GPT-J's config.json, with the values of GPT-J 6B as defaults."""

    model_type = "gptj"
    processing = {"tokenizer": "GPT2"}
    aliases = {
        "hidden_size": "n_embd",
        "max_position_embeddings": "n_positions",
        "num_attention_heads": "n_head",
        "num_hidden_layers": "n_layer",
    }
    rope_theta: ClassVar[float] = 10000.0
    rope_scaling: ClassVar[None] = None

    vocab_size: Size = 50400
    n_positions: Size = 2048
    n_embd: Size = 4096
    n_layer: Count = 28
    n_head: Size = 16
    rotary_dim: Size = 64
    n_inner: Size | None = None
    activation_function: Activation = "gelu_new"
    resid_pdrop: Rate = 0.0
    embd_pdrop: Rate = 0.0
    attn_pdrop: Rate = 0.0
    layer_norm_epsilon: Epsilon = 1e-5
    initializer_range: Scale = 0.02
    tie_word_embeddings: bool = False
    bos_token_id: int | None = 50256
    eos_token_id: int | tuple[int, ...] | None = 50256

    def check(self) -> None:
        self.require_divisible("n_embd", "n_head")
        if self.rotary_dim % 2 or self.rotary_dim > self.head_width:
            raise self.error("rotary_dim", f"= {self.rotary_dim} is not an even part of a head's width, {self.head_width}")
