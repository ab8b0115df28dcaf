"""CvT's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Config, Count, Rate, Scale, Size


class CvtConfig(Config):
    """The fields of CvT's config.json, with the values of cvt-13 as defaults; a tuple has one value for each stage."""

    model_type = "cvt"
    processing = {"image_processor": "ConvNext"}

    num_channels: Size = 3
    patch_sizes: tuple[Size, ...] = (7, 3, 3)
    patch_stride: tuple[Size, ...] = (4, 2, 2)
    patch_padding: tuple[Count, ...] = (2, 1, 1)
    embed_dim: tuple[Size, ...] = (64, 192, 384)
    num_heads: tuple[Size, ...] = (1, 3, 6)
    depth: tuple[Size, ...] = (1, 2, 10)
    mlp_ratio: tuple[Scale, ...] = (4.0, 4.0, 4.0)
    attention_drop_rate: tuple[Rate, ...] = (0.0, 0.0, 0.0)
    drop_rate: tuple[Rate, ...] = (0.0, 0.0, 0.0)
    drop_path_rate: tuple[Rate, ...] = (0.0, 0.0, 0.1)
    qkv_bias: tuple[bool, ...] = (True, True, True)
    cls_token: tuple[bool, ...] = (False, False, True)
    qkv_projection_method: tuple[Literal["dw_bn"], ...] = ("dw_bn", "dw_bn", "dw_bn")
    kernel_qkv: tuple[Size, ...] = (3, 3, 3)
    padding_kv: tuple[Count, ...] = (1, 1, 1)
    stride_kv: tuple[Size, ...] = (2, 2, 2)
    padding_q: tuple[Count, ...] = (1, 1, 1)
    stride_q: tuple[Size, ...] = (1, 1, 1)
    initializer_range: Scale = 0.02

    def check(self) -> None:
        for name in PER_STAGE:
            if len(getattr(self, name)) != len(self.depth):
                raise self.error(name, f"is not as long as depth, which says that there are {len(self.depth)} stages")
        for stage, (width, heads) in enumerate(zip(self.embed_dim, self.num_heads, strict=True)):
            if width % heads:
                raise self.error("embed_dim", f"has {width} for stage {stage}, not a multiple of its {heads} heads")


PER_STAGE = (
    "patch_sizes", "patch_stride", "patch_padding", "embed_dim", "num_heads", "mlp_ratio", "attention_drop_rate", "drop_rate",
    "drop_path_rate", "qkv_bias", "cls_token", "qkv_projection_method", "kernel_qkv", "padding_kv", "stride_kv", "padding_q",
    "stride_q",
)  # fmt: skip
