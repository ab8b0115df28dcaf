"""DeiT's config."""

from __future__ import annotations

from trivium.models.vit.config import ViTConfig


class DeiTConfig(ViTConfig):
    """The fields of DeiT's config.json, with the values of deit-base-distilled-patch16-224 as defaults: they are ViT's."""

    model_type = "deit"
    processing = {"image_processor": "DeiT"}
