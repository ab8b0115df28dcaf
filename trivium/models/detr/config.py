"""DETR's config."""

from __future__ import annotations

from typing import Any, Literal

from trivium.core.config import Activation, Config, Count, Rate, Scale, Size
from trivium.models.resnet.config import ResNetConfig

RESNETS = {
    "resnet18": ("basic", (2, 2, 2, 2)),
    "resnet34": ("basic", (3, 4, 6, 3)),
    "resnet50": ("bottleneck", (3, 4, 6, 3)),
    "resnet101": ("bottleneck", (3, 4, 23, 3)),
    "resnet152": ("bottleneck", (3, 8, 36, 3)),
}
"""timm's name of a ResNet -> the kind of its blocks, and how many each stage has."""


class DetrConfig(Config):
    """The fields of DETR's config.json, with the values of detr-resnet-50 as defaults.

    `backbone` is timm's name of a ResNet where `use_timm_backbone`; else `backbone_config` describes it, a resnet-50 if it is
    null. `dilation`, timm's alone, has the last stage look further instead of coarser.
    """

    model_type = "detr"
    processing = {"image_processor": "Detr"}
    aliases = {"hidden_size": "d_model", "num_attention_heads": "encoder_attention_heads"}

    use_timm_backbone: bool = True
    backbone_config: Config | None = None
    backbone: str | None = "resnet50"
    backbone_kwargs: dict[str, Any] | None = None
    dilation: bool | None = False
    num_channels: Size = 3
    num_queries: Size = 100
    encoder_layers: Count = 6
    encoder_ffn_dim: Size = 2048
    encoder_attention_heads: Size = 8
    decoder_layers: Count = 6
    decoder_ffn_dim: Size = 2048
    decoder_attention_heads: Size = 8
    encoder_layerdrop: Rate = 0.0
    decoder_layerdrop: Rate = 0.0
    activation_function: Activation = "relu"
    d_model: Size = 256
    dropout: Rate = 0.1
    attention_dropout: Rate = 0.0
    activation_dropout: Rate = 0.0
    init_std: Scale = 0.02
    init_xavier_std: Scale = 1.0
    auxiliary_loss: bool = False
    tie_encoder_decoder: Literal[False] = False
    position_embedding_type: Literal["sine", "learned"] = "sine"
    class_cost: Scale = 1.0
    bbox_cost: Scale = 5.0
    giou_cost: Scale = 2.0
    mask_loss_coefficient: Scale = 1.0
    dice_loss_coefficient: Scale = 1.0
    bbox_loss_coefficient: Scale = 5.0
    giou_loss_coefficient: Scale = 2.0
    eos_coefficient: Scale = 0.1

    @property
    def resnet(self) -> ResNetConfig:
        """The backbone, where it is not timm's."""
        found = self.backbone_config or ResNetConfig(out_features=("stage4",))
        assert isinstance(found, ResNetConfig)  # see `check`
        return found

    @property
    def output_stride(self) -> int:
        """How many pixels are one place of the last map of features, along each axis, where the backbone is timm's."""
        return (self.backbone_kwargs or {}).get("output_stride", 16 if self.dilation else 32)

    @property
    def learns_positions(self) -> bool:
        """Whether the places of an image are embedded by tables; else by sines."""
        return self.position_embedding_type == "learned"

    def check(self) -> None:
        self.require_divisible("d_model", "encoder_attention_heads")
        self.require_divisible("d_model", "decoder_attention_heads")
        if self.d_model % 4:
            raise self.error("d_model", f"= {self.d_model} is not a multiple of 4: sine and cosine of either axis")
        if self.use_timm_backbone and self.backbone not in RESNETS:
            raise self.error("backbone", f"= {self.backbone!r} is not supported (supported: {', '.join(RESNETS)})")
        supported = {"out_indices": ([1, 2, 3, 4],), "in_chans": (self.num_channels,), "output_stride": (8, 16, 32)}
        for key, value in (self.backbone_kwargs or {}).items():
            if not self.use_timm_backbone or value not in supported.get(key, ()):
                raise self.error("backbone_kwargs", f"= {{{key!r}: {value!r}}} is not supported")
        if self.use_timm_backbone:
            return
        if self.dilation:
            raise self.error("dilation", "= True is not supported without timm")
        if self.backbone not in (None, "resnet50"):
            raise self.error(
                "backbone",
                f"= {self.backbone!r} is not supported without timm",
            )
        if not isinstance(self.backbone_config, ResNetConfig | None):
            raise self.error("backbone_config", f"is a {self.backbone_config.model_type}; ResNet is supported")
        if self.resnet.num_channels != self.num_channels:
            raise self.error("num_channels", f"= {self.num_channels}, but backbone_config says {self.resnet.num_channels}")
