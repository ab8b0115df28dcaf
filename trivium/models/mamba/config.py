"""Mamba's config."""

from __future__ import annotations

import math
from typing import Literal

from trivium.core.config import Activation, Config, Count, Epsilon, Scale, Size


class MambaConfig(Config):
    """The fields of Mamba's config.json, with its defaults, which are those of no published size."""

    model_type = "mamba"
    processing = {"tokenizer": "GPTNeoX"}

    vocab_size: Size = 50280
    hidden_size: Size = 768
    state_size: Size = 16
    num_hidden_layers: Count = 32
    layer_norm_epsilon: Epsilon = 1e-5
    expand: Scale = 2
    intermediate_size: Size | None = None
    conv_kernel: Size = 4
    use_bias: bool = False
    use_conv_bias: bool = True
    hidden_act: Activation = "silu"
    initializer_range: Scale = 0.1
    residual_in_fp32: bool = True
    time_step_rank: Size | Literal["auto"] = "auto"
    time_step_scale: Scale = 1.0
    time_step_min: Scale = 0.001
    time_step_max: Scale = 0.1
    time_step_init_scheme: Literal["random", "constant"] = "random"
    time_step_floor: Scale = 1e-4
    rescale_prenorm_residual: bool = False
    pad_token_id: int | None = 0
    bos_token_id: int | None = 0
    eos_token_id: int | tuple[int, ...] | None = 0

    @property
    def inner_width(self) -> int:
        """The channels of a layer."""
        return self.intermediate_size or int(self.expand * self.hidden_size)

    @property
    def rank(self) -> int:
        """The rank of the projection to steps in time."""
        return math.ceil(self.hidden_size / 16) if self.time_step_rank == "auto" else self.time_step_rank
