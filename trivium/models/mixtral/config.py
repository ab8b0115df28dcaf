"""Mixtral's config."""

from __future__ import annotations

from trivium.core.config import Epsilon, Rate, Scale, Size
from trivium.models.mistral.config import MistralConfig


class MixtralConfig(MistralConfig):
    """The fields of Mixtral's config.json, with the values of Mixtral 8x7B as defaults."""

    model_type = "mixtral"
    processing = {"tokenizer": "Llama"}

    rms_norm_eps: Epsilon = 1e-5
    rope_theta: float = 1e6
    sliding_window: Size | None = None
    num_experts_per_tok: Size = 2
    num_local_experts: Size = 8
    output_router_logits: bool = False
    router_aux_loss_coef: Scale = 0.001
    router_jitter_noise: Rate = 0.0

    def check(self) -> None:
        super().check()
        if self.num_experts_per_tok > self.num_local_experts:
            raise self.error("num_experts_per_tok", f"= {self.num_experts_per_tok} is more than num_local_experts")
