"""ViLT's config."""

from __future__ import annotations

from typing import Annotated, Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Range, Rate, Scale, Size

Limit = Annotated[int, Range(-1, 2**40)]


class ViltConfig(Config):
    """The fields of ViLT's config.json, with the values of vilt-b32-mlm as defaults.

    `max_image_length` limits how many patches of an image count, -1 for no limit; `num_images` is how many images
    ViltForImagesAndTextClassification compares.
    """

    model_type = "vilt"
    processing = {"tokenizer": "Bert", "image_processor": "Vilt", "processor": "Vilt"}

    vocab_size: Size = 30522
    type_vocab_size: Size = 2
    modality_type_vocab_size: Size = 2
    max_position_embeddings: Size = 40
    hidden_size: Size = 768
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    intermediate_size: Size = 3072
    hidden_act: Activation = "gelu"
    hidden_dropout_prob: Rate = 0.0
    attention_probs_dropout_prob: Rate = 0.0
    initializer_range: Scale = 0.02
    position_embedding_type: Literal["absolute"] = "absolute"
    is_decoder: Literal[False] = False
    layer_norm_eps: Epsilon = 1e-12
    image_size: Size = 384
    patch_size: Size = 32
    num_channels: Size = 3
    qkv_bias: bool = True
    max_image_length: Limit = -1
    tie_word_embeddings: bool = False
    num_images: Limit = -1

    @property
    def grid(self) -> int:
        """How many patches an image has along each side."""
        return self.image_size // self.patch_size

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        if self.grid == 0:
            raise self.error("image_size", f"= {self.image_size} is smaller than a patch")
        if self.max_image_length == 0:
            raise self.error("max_image_length", "= 0 leaves nothing of an image; -1 is for no limit")
        if self.num_images >= self.modality_type_vocab_size:
            why = f"= {self.modality_type_vocab_size}, of which the text takes one and each of {self.num_images} images another"
            raise self.error("modality_type_vocab_size", why)
