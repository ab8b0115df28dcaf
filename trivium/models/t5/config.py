"""T5's config."""

from __future__ import annotations

from typing import Annotated, Literal

from trivium.core import activations
from trivium.core.config import Config, Count, Epsilon, Rate, Scale, Size

FeedForward = Annotated[str, activations.NAMES | {f"gated-{name}" for name in activations.NAMES}]


class T5Config(Config):
    """The fields of T5's config.json, with the values of t5-small as defaults."""

    model_type = "t5"
    processing = {"tokenizer": "T5"}
    aliases = {
        "head_dim": "d_kv",
        "hidden_size": "d_model",
        "num_attention_heads": "num_heads",
        "num_hidden_layers": "num_layers",
    }

    vocab_size: Size = 32128
    d_model: Size = 512
    d_kv: Size = 64
    d_ff: Size = 2048
    num_layers: Count = 6
    num_decoder_layers: Count | None = None
    num_heads: Size = 8
    relative_attention_num_buckets: Size = 32
    relative_attention_max_distance: Size = 128
    dropout_rate: Rate = 0.1
    classifier_dropout: Rate = 0.0
    layer_norm_epsilon: Epsilon = 1e-6
    initializer_factor: Scale = 1.0
    feed_forward_proj: FeedForward = "relu"
    pad_token_id: int | None = 0
    eos_token_id: int | None = 1
    decoder_start_token_id: int | None = None
    tie_encoder_decoder: Literal[False] = False

    @property
    def decoder_layers(self) -> int:
        """The decoder's layers, as many as the encoder's unless said otherwise."""
        return self.num_layers if self.num_decoder_layers is None else self.num_decoder_layers

    @property
    def gated(self) -> bool:
        """Whether the inner layer is multiplied by a gate."""
        return self.feed_forward_proj.startswith("gated-")

    @property
    def activation(self) -> str:
        """The activation of the inner layer; the gated "gelu" of T5's checkpoints is the approximate one."""
        return "gelu_new" if self.feed_forward_proj == "gated-gelu" else self.feed_forward_proj.removeprefix("gated-")
