"""RecurrentGemma's config."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Range, Rate, Scale, Size


class RecurrentGemmaConfig(Config):
    """The fields of RecurrentGemma's config.json, with the values of RecurrentGemma 2B as defaults."""

    model_type = "recurrent_gemma"
    processing = {"tokenizer": "Gemma"}

    num_hidden_layers: Count = 26
    vocab_size: Size = 256000
    hidden_size: Size = 2560
    intermediate_size: Size = 3 * 2560
    num_attention_heads: Size = 10
    num_key_value_heads: Size | None = None
    head_dim: Size | None = None
    lru_width: Size | None = None
    attention_window_size: Size = 2048
    conv1d_width: Size = 4
    logits_soft_cap: Scale = 30.0
    rms_norm_eps: Epsilon = 1e-6
    hidden_activation: Activation = "gelu_pytorch_tanh"
    partial_rotary_factor: Annotated[float, Range(0.5, 0.5)] = 0.5
    rope_theta: float = 10000.0
    block_types: tuple[Literal["recurrent", "attention"], ...] = ("recurrent", "recurrent", "attention")
    attention_dropout: Rate = 0.0
    attention_bias: bool = False
    w_init_variance_scale: Scale = 0.01
    final_w_init_variance_scale: Scale | None = None
    pad_token_id: int | None = 0
    eos_token_id: int | tuple[int, ...] | None = 1
    bos_token_id: int | None = 2

    rope_scaling: ClassVar[None] = None
    max_position_embeddings: ClassVar[int] = 0
    """There is no limit to positions; only scaled ones ask for it."""

    @property
    def key_heads(self) -> int:
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def head_width(self) -> int:
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def recurrent_width(self) -> int:
        """The channels of a recurrent block."""
        return self.lru_width or self.hidden_size

    @property
    def kinds(self) -> tuple[str, ...]:
        """The block type of each layer: the given ones over and over."""
        return tuple(self.block_types[index % len(self.block_types)] for index in range(self.num_hidden_layers))

    @property
    def final_std(self) -> float:
        """What the weights that write into the stream are drawn with, before it is divided by the root of their inputs."""
        given = self.final_w_init_variance_scale
        return (2.0 / self.num_hidden_layers if given is None else given) ** 0.5

    def check(self) -> None:
        if not self.block_types:
            raise self.error("block_types", "names no type")
        if self.head_dim is None:
            self.require_divisible("hidden_size", "num_attention_heads")
        if self.num_attention_heads % self.key_heads:
            self.require_divisible("num_attention_heads", "num_key_value_heads")
        if self.recurrent_width % self.num_attention_heads:
            self.require_divisible("lru_width" if self.lru_width else "hidden_size", "num_attention_heads")
