"""XLNet's config."""

from __future__ import annotations

from typing import Annotated, Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Range, Rate, Scale, Size


class XLNetConfig(Config):
    """The fields of XLNet's config.json, with the values of xlnet-large-cased as defaults."""

    model_type = "xlnet"
    processing = {"tokenizer": "XLNet"}
    aliases = {
        "n_token": "vocab_size",
        "hidden_size": "d_model",
        "num_attention_heads": "n_head",
        "num_hidden_layers": "n_layer",
    }

    vocab_size: Size = 32000
    d_model: Size = 1024
    n_layer: Count = 24
    n_head: Size = 16
    d_head: Size | None = None
    d_inner: Size = 4096
    ff_activation: Activation = "gelu"
    attn_type: Literal["bi", "uni"] = "bi"
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-12
    dropout: Rate = 0.1
    mem_len: Count | None = 512
    reuse_len: Count | None = None
    use_mems_eval: bool = True
    bi_data: Literal[False] = False
    clamp_len: int = -1
    same_length: bool = False
    summary_type: Literal["last"] = "last"
    summary_use_proj: Literal[True] = True
    summary_activation: Activation | None = "tanh"
    summary_proj_to_labels: Literal[False] = False
    summary_first_dropout: Annotated[float, Range(0.0, 0.0)] = 0.0
    summary_last_dropout: Rate = 0.1
    start_n_top: Size = 5
    end_n_top: Size = 5
    pad_token_id: int | None = 5
    bos_token_id: int | None = 1
    eos_token_id: int | tuple[int, ...] | None = 2

    def check(self) -> None:
        self.require_divisible("d_model", "n_head")
        if self.d_model % 2:
            raise self.error("d_model", f"= {self.d_model} is not even, as sines and cosines of positions need it")
        if self.d_head not in (None, self.d_model // self.n_head):
            raise self.error("d_head", f"= {self.d_head} is not d_model / n_head")
