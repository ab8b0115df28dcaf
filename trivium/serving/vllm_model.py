"""Trivium's network as a model of vLLM, whose scheduler, paged cache and kernels of attention it runs with.

Only vLLM imports this; see `plugin.py`. Source: vLLM 0.32, `docs/contributing/model/basic.md`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

import torch
from vllm.config import VllmConfig
from vllm.model_executor.layers import attention

from trivium.core.errors import ConfigError
from trivium.core.outputs import Causal, EngineCache, Slopes

from . import networks


class PagedLayer(torch.nn.Module, EngineCache):
    """A layer's cache in vLLM's pages.

    Args:
        asked: What the layer asks for.
        vllm_config: Of the engine.
        name: By which the engine knows the layer; it holds the layer's number.
    """

    def __init__(self, asked: networks.Attention, vllm_config: VllmConfig, name: str) -> None:
        super().__init__()
        self.attention = attention.Attention(
            asked.heads,
            asked.head_width,
            asked.scale,
            num_kv_heads=asked.key_heads,
            alibi_slopes=None if asked.slopes is None else list(asked.slopes),
            # the layer's window alone counts, and not what vLLM reads in the config
            cache_config=dataclasses.replace(vllm_config.cache_config, sliding_window=None),
            per_layer_sliding_window=asked.window,
            prefix=name,
        )

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, mask: Causal, bias: Slopes | None, scale: float
    ) -> torch.Tensor:
        """See EngineCache; mask, bias and scale are those that the layer asked for, and were said when it was made."""
        found = self.attention(*(x.reshape(x.shape[1], -1) for x in (q, k, v)))  # (T, N H)
        return found.reshape(q.shape)


class TriviumForCausalLM(torch.nn.Module):
    """Trivium's network for a checkpoint that writes from left to right, found by the config's model_type.

    Args:
        vllm_config: Of the engine.
        prefix: Of the layers' names, where the model is part of another.

    Raises:
        ConfigError: The network cannot be served, or not as the engine is configured; the error says why.
    """

    def __init__(self, *, vllm_config: VllmConfig, prefix: str = "") -> None:
        super().__init__()
        model = vllm_config.model_config
        if vllm_config.parallel_config.tensor_parallel_size > 1:
            raise ConfigError(
                "Trivium's network is held by one device", key="tensor_parallel_size",
                hint="serve several copies with --data-parallel-size, or leave out TriviumForCausalLM",
            )  # fmt: skip
        if vllm_config.quant_config is not None:
            raise ConfigError(
                "Trivium's network is not quantized by vLLM", key="quantization",
                hint="leave out quantization, or TriviumForCausalLM",
            )  # fmt: skip
        self.values, self.source = json.loads(model.hf_config.to_json_string(use_diff=False)), str(model.model)
        self.network = networks.build(self.values, str(model.dtype))
        asked = networks.attentions(self.network)
        start = f"{prefix}." if prefix else ""
        self.caches = torch.nn.ModuleList(
            PagedLayer(each, vllm_config, f"{start}layers.{index}.attn") for index, each in enumerate(asked)
        )
        networks.allocate(self.network, torch.get_default_device())

    def embed_input_ids(self, input_ids: torch.Tensor) -> torch.Tensor:
        """The embeddings (T, D) of tokens (T,)."""
        return self.network.get_input_embeddings()(input_ids)

    def forward(
        self,
        input_ids: torch.Tensor,
        positions: torch.Tensor,
        intermediate_tensors: Any = None,
        inputs_embeds: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The last states (T, D) of the tokens (T,) of all texts, one text's after the other's; or of embeddings (T, D)."""
        tokens = {"input_ids": input_ids[None]} if inputs_embeds is None else {"inputs_embeds": inputs_embeds[None]}
        return networks.states(self.network, tuple(self.caches), positions[None], **tokens)[0]

    def compute_logits(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """The logits (M, V) after M of the states."""
        return self.network.unembed(hidden_states)

    def load_weights(self, weights: Iterable[tuple[str, torch.Tensor]]) -> None:
        """Fills the network; that every tensor is accounted for is seen to here, and not by vLLM."""
        networks.load(self.network, self.values, self.source, weights)
