"""PatchTST's config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class PatchTSTConfig(Config):
    """The fields of PatchTST's config.json, with Transformers' defaults.

    `share_projection = false` fails in Transformers, and `scaling_dim` and those after it are read there but set by nobody.
    """

    model_type = "patchtst"
    aliases: ClassVar[Mapping[str, str]] = {"hidden_size": "d_model"}

    num_input_channels: Size = 1
    context_length: Size = 32
    patch_length: Size = 1
    patch_stride: Size = 1
    d_model: Size = 128
    num_hidden_layers: Count = 3
    num_attention_heads: Size = 4
    ffn_dim: Size = 512
    activation_function: Activation = "gelu"
    bias: bool = True
    share_embedding: bool = True
    channel_attention: bool = False
    norm_type: Literal["batchnorm", "layernorm"] = "batchnorm"
    norm_eps: Epsilon = 1e-5
    pre_norm: bool = True
    attention_dropout: Rate = 0.0
    positional_dropout: Rate = 0.0
    path_dropout: Rate = 0.0
    ff_dropout: Rate = 0.0
    head_dropout: Rate = 0.0
    positional_encoding_type: Literal["sincos", "random"] = "sincos"
    use_cls_token: bool = False
    init_std: Scale = 0.02
    scaling: Literal["mean", "std"] | bool | None = "std"
    scaling_dim: Literal[1] = 1
    keepdim: Literal[True] = True
    minimum_scale: Literal[None] = None
    default_scale: Literal[None] = None
    do_mask_input: bool | None = None
    mask_type: Literal["random", "forecast"] = "random"
    random_mask_ratio: Rate = 0.5
    num_forecast_mask_patches: Size | tuple[Size, ...] = (2,)
    channel_consistent_masking: bool | None = False
    unmasked_channel_indices: tuple[Count, ...] | None = None
    mask_value: float = 0.0
    pooling_type: Literal["mean", "max"] | None = "mean"
    share_projection: Literal[True] = True
    loss: Literal["mse", "nll"] = "mse"
    distribution_output: Literal["student_t", "normal", "negative_binomial"] = "student_t"
    prediction_length: Size = 24
    num_targets: Size = 1
    output_range: tuple[float, ...] | None = None

    @property
    def num_patches(self) -> int:
        """How many patches a series is cut into."""
        return (self.context_length - self.patch_length) // self.patch_stride + 1

    @property
    def distribution(self) -> str | None:
        """The distribution whose parameters are predicted, or None where it is values."""
        return None if self.loss == "mse" else self.distribution_output

    @property
    def forecasts(self) -> tuple[int, ...]:
        """How many patches at the end are hidden, in one part of a batch and the next."""
        counts = self.num_forecast_mask_patches
        return (counts,) if isinstance(counts, int) else counts

    def check(self) -> None:
        self.require_divisible("d_model", "num_attention_heads")
        if self.context_length <= self.patch_length:
            raise self.error("patch_length", f"= {self.patch_length} is not below context_length = {self.context_length}")
        if self.positional_encoding_type == "sincos" and self.d_model % 2:
            raise self.error("d_model", f"= {self.d_model} must be even where positions are sines and cosines")
        if not self.forecasts or (self.mask_type == "forecast" and max(self.forecasts) >= self.num_patches):
            raise self.error("num_forecast_mask_patches", f"= {self.forecasts}; there are {self.num_patches} patches")
        if self.mask_type == "random" and self.random_mask_ratio == 1:
            raise self.error("random_mask_ratio", "= 1 leaves nothing to see")
        if max(self.unmasked_channel_indices or (0,)) >= self.num_input_channels:
            raise self.error("unmasked_channel_indices", f"= {self.unmasked_channel_indices}: there are no such channels")
        if self.output_range is not None and len(self.output_range) != 2:
            raise self.error("output_range", f"= {self.output_range} is not (low, high)")
