"""SegFormer's config."""

from __future__ import annotations

from typing import Literal

from trivium.core.config import Activation, Config, Rate, Scale, Size


class SegformerConfig(Config):
    """The fields of SegFormer's config.json, with the values of segformer-b0-finetuned-ade-512-512 as defaults.

    `layer_norm_eps` is none of them: Transformers does not heed it, and checkpoints were made with 1e-5.
    """

    model_type = "segformer"
    processing = {"image_processor": "Segformer"}

    num_channels: Size = 3
    num_encoder_blocks: Size = 4
    depths: tuple[Size, ...] = (2, 2, 2, 2)
    sr_ratios: tuple[Size, ...] = (8, 4, 2, 1)
    hidden_sizes: tuple[Size, ...] = (32, 64, 160, 256)
    patch_sizes: tuple[Size, ...] = (7, 3, 3, 3)
    strides: tuple[Size, ...] = (4, 2, 2, 2)
    num_attention_heads: tuple[Size, ...] = (1, 2, 5, 8)
    mlp_ratios: tuple[Scale, ...] = (4, 4, 4, 4)
    hidden_act: Activation = "gelu"
    hidden_dropout_prob: Rate = 0.0
    attention_probs_dropout_prob: Rate = 0.0
    classifier_dropout_prob: Rate = 0.1
    initializer_range: Scale = 0.02
    drop_path_rate: Rate = 0.1
    decoder_hidden_size: Size = 256
    semantic_loss_ignore_index: int = 255
    reshape_last_stage: Literal[True] = True

    def check(self) -> None:
        for field in ("depths", "sr_ratios", "hidden_sizes", "patch_sizes", "strides", "num_attention_heads", "mlp_ratios"):
            if len(getattr(self, field)) != self.num_encoder_blocks:
                raise self.error(
                    field, f"= {getattr(self, field)} does not have num_encoder_blocks = {self.num_encoder_blocks}"
                )
        for width, heads in zip(self.hidden_sizes, self.num_attention_heads, strict=True):
            if width % heads:
                raise self.error("num_attention_heads", f"has {heads}, of which the width {width} is no multiple")
