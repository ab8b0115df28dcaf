"""BERT's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class BertConfig(Config):
    """The fields of BERT's config.json, with the values of bert-base-uncased as defaults."""

    model_type = "bert"
    processing = {"tokenizer": "Bert"}

    vocab_size: Size = 30522
    hidden_size: Size = 768
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    intermediate_size: Size = 3072
    hidden_act: Activation = "gelu"
    hidden_dropout_prob: Rate = 0.1
    attention_probs_dropout_prob: Rate = 0.1
    classifier_dropout: Rate | None = None
    max_position_embeddings: Size = 512
    type_vocab_size: Size = 2
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-12
    pad_token_id: int | None = 0
    position_embedding_type: Literal["absolute", "relative_key", "relative_key_query"] = "absolute"
    is_decoder: bool = False
    add_cross_attention: bool = False

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
        if self.add_cross_attention and not self.is_decoder:
            raise self.error("add_cross_attention", "needs is_decoder = True")
