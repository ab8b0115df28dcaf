"""GPT-2's config."""

from __future__ import annotations

from typing import Annotated, Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Range, Rate, Scale, Size


class GPT2Config(Config):
    """The fields of GPT-2's config.json, with the values of the smallest GPT-2 as defaults."""

    model_type = "gpt2"
    processing = {"tokenizer": "GPT2"}
    aliases = {
        "hidden_size": "n_embd",
        "max_position_embeddings": "n_positions",
        "num_attention_heads": "n_head",
        "num_hidden_layers": "n_layer",
    }

    vocab_size: Size = 50257
    n_positions: Size = 1024
    n_embd: Size = 768
    n_layer: Count = 12
    n_head: Size = 12
    n_inner: Size | None = None
    activation_function: Activation = "gelu_new"
    resid_pdrop: Rate = 0.1
    embd_pdrop: Rate = 0.1
    attn_pdrop: Rate = 0.1
    layer_norm_epsilon: Epsilon = 1e-5
    initializer_range: Scale = 0.02
    summary_type: Literal["cls_index"] = "cls_index"
    summary_use_proj: Literal[True] = True
    summary_activation: Activation | None = None
    summary_proj_to_labels: Literal[True] = True
    summary_first_dropout: Rate = 0.1
    summary_last_dropout: Annotated[float, Range(0.0, 0.0)] = 0.0
    classifier_dropout: Rate | None = None
    hidden_dropout: Rate | None = None
    scale_attn_weights: bool = True
    scale_attn_by_inverse_layer_idx: bool = False
    add_cross_attention: bool = False
    bos_token_id: int | None = 50256
    eos_token_id: int | tuple[int, ...] | None = 50256

    def check(self) -> None:
        self.require_divisible("n_embd", "n_head")
