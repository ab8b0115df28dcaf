"""wav2vec 2.0's config."""

from __future__ import annotations

import math
from typing import Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Rate, Scale, Size


class Wav2Vec2Config(Config):
    """The fields of wav2vec 2.0's config.json, with the values of wav2vec2-base as defaults."""

    model_type = "wav2vec2"
    processing = {"tokenizer": "Wav2Vec2CTC", "feature_extractor": "Wav2Vec2", "processor": "Wav2Vec2"}

    vocab_size: Size = 32
    hidden_size: Size = 768
    num_hidden_layers: Count = 12
    num_attention_heads: Size = 12
    intermediate_size: Size = 3072
    hidden_act: Activation = "gelu"
    hidden_dropout: Rate = 0.1
    activation_dropout: Rate = 0.1
    attention_dropout: Rate = 0.1
    feat_proj_dropout: Rate = 0.0
    final_dropout: Rate = 0.1
    layerdrop: Rate = 0.1
    initializer_range: Scale = 0.02
    layer_norm_eps: Epsilon = 1e-5
    feat_extract_norm: Literal["group", "layer"] = "group"
    feat_extract_activation: Activation = "gelu"
    conv_dim: tuple[Size, ...] = (512, 512, 512, 512, 512, 512, 512)
    conv_stride: tuple[Size, ...] = (5, 2, 2, 2, 2, 2, 2)
    conv_kernel: tuple[Size, ...] = (10, 3, 3, 3, 3, 2, 2)
    conv_bias: bool = False
    num_conv_pos_embeddings: Size = 128
    num_conv_pos_embedding_groups: Size = 16
    do_stable_layer_norm: bool = False
    apply_spec_augment: bool = True
    mask_time_prob: Rate = 0.05
    mask_time_length: Size = 10
    mask_time_min_masks: Count = 2
    mask_feature_prob: Rate = 0.0
    mask_feature_length: Size = 10
    mask_feature_min_masks: Count = 0
    num_codevectors_per_group: Size = 320
    num_codevector_groups: Size = 2
    codevector_dim: Size = 256
    proj_codevector_dim: Size = 256
    feat_quantizer_dropout: Rate = 0.0
    contrastive_logits_temperature: Scale = 0.1
    diversity_loss_weight: Scale = 0.1
    ctc_loss_reduction: Literal["sum", "mean"] = "sum"
    ctc_zero_infinity: bool = False
    use_weighted_layer_sum: bool = False
    classifier_proj_size: Size = 256
    tdnn_dim: tuple[Size, ...] = (512, 512, 512, 512, 1500)
    tdnn_kernel: tuple[Size, ...] = (5, 3, 3, 1, 1)
    tdnn_dilation: tuple[Size, ...] = (1, 2, 3, 1, 1)
    xvector_output_dim: Size = 512
    add_adapter: bool = False
    adapter_kernel_size: Size = 3
    adapter_stride: Size = 2
    num_adapter_layers: Count = 3
    output_hidden_size: Size | None = None
    adapter_attn_dim: Size | None = None
    pad_token_id: int | None = 0
    bos_token_id: int | None = 1
    eos_token_id: int | tuple[int, ...] | None = 2

    @property
    def norms_every_feature(self) -> bool:
        """Whether every convolution of the wave is normalised, by frame; else the first alone is, over all frames."""
        return self.feat_extract_norm == "layer"

    @property
    def averages_loss(self) -> bool:
        """Whether the CTC loss is a mean, of losses per label; else it is a sum."""
        return self.ctc_loss_reduction == "mean"

    @property
    def masks(self) -> bool:
        """Whether there is a vector for what is masked."""
        return self.mask_time_prob > 0 or self.mask_feature_prob > 0

    @property
    def inputs_to_logits_ratio(self) -> int:
        """How many samples of the wave make one step of the network."""
        return math.prod(self.conv_stride)

    @property
    def output_width(self) -> int:
        """The width of what comes out."""
        return (self.output_hidden_size or self.hidden_size) if self.add_adapter else self.hidden_size

    def check(self) -> None:
        self.require_divisible("hidden_size", "num_attention_heads")
        self.require_divisible("hidden_size", "num_conv_pos_embedding_groups")
        self.require_divisible("codevector_dim", "num_codevector_groups")
        for whole, *parts in (("conv_dim", "conv_stride", "conv_kernel"), ("tdnn_dim", "tdnn_kernel", "tdnn_dilation")):
            for part in parts:
                if len(getattr(self, part)) != len(getattr(self, whole)):
                    raise self.error(part, f"is not as long as {whole}")
        if self.adapter_attn_dim is not None and not self.do_stable_layer_norm:
            raise self.error("adapter_attn_dim", "needs do_stable_layer_norm = true")
