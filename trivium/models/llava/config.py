"""LLaVA's config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from trivium.core.config import Activation, Config, Count
from trivium.models.clip.config import CLIPVisionConfig
from trivium.models.llama.config import LlamaConfig

ENCODER = CLIPVisionConfig(
    hidden_size=1024,
    intermediate_size=4096,
    num_hidden_layers=24,
    num_attention_heads=16,
    image_size=336,
    patch_size=14,
    projection_dim=768,
)  # clip-vit-large-patch14-336


class LlavaConfig(Config):
    """The fields of LLaVA's config.json, with the values of LLaVA 1.5 7B as defaults.

    text_config says whether embeddings are tied; the field tie_word_embeddings of this config counts for nothing, as in
    Transformers.
    """

    model_type = "llava"
    processing = {"tokenizer": "Llama", "image_processor": "Llava", "processor": "Llava"}
    aliases: ClassVar[Mapping[str, str]] = {"image_token_id": "image_token_index"}

    text_config: Annotated[Config, LlamaConfig] = LlamaConfig()
    vision_config: Annotated[Config, CLIPVisionConfig] = ENCODER
    image_token_index: Count = 32000
    projector_hidden_act: Activation = "gelu"
    multimodal_projector_bias: bool = True
    vision_feature_layer: int | tuple[int, ...] = -2
    vision_feature_select_strategy: Literal["default", "full"] = "default"

    @property
    def feature_layers(self) -> tuple[int, ...]:
        """The layers of the encoder of images whose outputs are used; 0 is what comes before the first."""
        layers = self.vision_feature_layer
        return (layers,) if isinstance(layers, int) else layers

    @property
    def features(self) -> slice:
        """Which of the encoder's tokens are used: all, or all but the first, which stands for the whole image."""
        return slice(self.vision_feature_select_strategy == "default", None)

    def check(self) -> None:
        depth = self.vision_config.num_hidden_layers
        if not self.feature_layers or not all(-depth - 1 <= layer <= depth for layer in self.feature_layers):
            raise self.error("vision_feature_layer", f"= {self.vision_feature_layer} is no layer of {depth}")
