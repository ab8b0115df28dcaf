"""ALBERT's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class AlbertConfig(Config):
    """The fields of ALBERT's config.json, with the values of albert-xxlarge as defaults."""

    model_type = "albert"
    processing = {"tokenizer": "Albert"}

    vocab_size: Size = 30000
    embedding_size: Size = 128
    hidden_size: Size = 4096
    num_hidden_layers: Count = 12
    num_hidden_groups: Size = 1
    num_attention_heads: Size = 64
    intermediate_size: Size = 16384
    inner_group_num: Count = 1
    hidden_act: Activation = "gelu_new"
    hidden_dropout_prob: Rate = 0.0
    attention_probs_dropout_prob: Rate = 0.0
    max_position_embeddings: Size = 512
    type_vocab_size: Size = 2
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-12
    classifier_dropout_prob: Rate = 0.1
    position_embedding_type: Literal["absolute", "relative_key", "relative_key_query"] = "absolute"
    pad_token_id: int | None = 0
    bos_token_id: int | None = 2
    eos_token_id: int | tuple[int, ...] | None = 3

    @property
    def relates(self) -> bool:
        """Whether attention learns of distances, by vectors that meet the queries, and places are embedded nowhere."""
        return self.position_embedding_type != "absolute"

    @property
    def meets_keys(self) -> bool:
        """Whether those vectors meet the keys, too."""
        return self.position_embedding_type == "relative_key_query"

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
