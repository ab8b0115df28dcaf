"""GPT Neo's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size

Sight = Literal["global", "local"]


class GPTNeoConfig(Config):
    """The fields of GPT Neo's config.json, with the values of GPT Neo 1.3B as defaults."""

    model_type = "gpt_neo"
    processing = {"tokenizer": "GPT2"}
    aliases = {"num_attention_heads": "num_heads", "num_hidden_layers": "num_layers"}

    vocab_size: Size = 50257
    max_position_embeddings: Size = 2048
    hidden_size: Size = 2048
    num_layers: Count = 24
    num_heads: Size = 16
    intermediate_size: Size | None = None
    attention_types: tuple[tuple[tuple[Sight, ...] | Count, ...], ...] = ((("global", "local"), 12),)
    attention_layers: tuple[Sight, ...] | None = None
    window_size: Size = 256
    activation_function: Activation = "gelu_new"
    resid_dropout: Rate = 0.0
    embed_dropout: Rate = 0.0
    attention_dropout: Rate = 0.0
    classifier_dropout: Rate = 0.1
    layer_norm_epsilon: Epsilon = 1e-5
    initializer_range: Scale = 0.02
    bos_token_id: int | None = 50256
    eos_token_id: int | tuple[int, ...] | None = 50256

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_heads")
        for item in self.attention_types:
            if [type(part) for part in item] != [tuple, int]:
                raise self.error("attention_types", f"has {item!r}, where kinds of layers and how often they come are expected")
        if len(self.sights) != self.num_layers:
            raise self.error("attention_types", f"is about {len(self.sights)} layers, and num_layers = {self.num_layers}")
        if self.attention_layers not in (None, self.sights):
            raise self.error("attention_layers", "says otherwise than attention_types")

    @property
    def sights(self) -> tuple[Sight, ...]:
        """What each layer sees: all that is before a token, or a window."""
        return tuple(sight for sights, count in self.attention_types for sight in sights * count)  # type: ignore[operator]
