"""What `forward.py` measures: eleven architectures, each at a published size, with inputs that two cores take in a second.

Imported by the interpreters of several environments: NumPy and the standard library alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

Inputs = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Hub:
    """An architecture in KerasHub.

    Attributes:
        backbone: Its class.
        options: What that is built with; None where KerasHub reads Transformers' checkpoint itself, so that outputs compare.
        rename: Its inputs' names, by Transformers'.
        add: Inputs that it has besides, zeros or ones of the shape of another.
        field: Its output, where it has several.
    """

    backbone: str
    options: dict[str, Any] | None
    rename: dict[str, str]
    add: dict[str, tuple[str, int]] = dataclasses.field(default_factory=dict)
    field: str | None = None


@dataclasses.dataclass(frozen=True)
class Case:
    """An architecture: its class without a head, its config, its inputs, and which output counts."""

    what: str
    model: str
    config: dict[str, Any]
    inputs: Callable[[np.random.Generator], Inputs]
    hub: Hub | None = None
    field: str = "last_hidden_state"


def text(batch: int, tokens: int, padded: bool = False, name: str = "input_ids") -> Callable[[np.random.Generator], Inputs]:
    """Tokens (batch, tokens); where `padded`, with a mask that hides half of the last row."""

    def make(random: np.random.Generator) -> Inputs:
        found: Inputs = {name: random.integers(1000, 30000, (batch, tokens), np.int32)}
        if padded:
            mask = np.ones((batch, tokens), np.int32)
            mask[-1, tokens // 2 :] = 0
            found["attention_mask"] = mask
        return found

    return make


def normal(name: str, *shape: int) -> Callable[[np.random.Generator], Inputs]:
    """Pixels or samples, normalised."""
    return lambda random: {name: random.standard_normal(shape, np.float32)}


def together(*makers: Callable[[np.random.Generator], Inputs]) -> Callable[[np.random.Generator], Inputs]:
    return lambda random: {name: array for make in makers for name, array in make(random).items()}


IDS = {"input_ids": "token_ids"}
MASKED = IDS | {"attention_mask": "padding_mask"}
UNMASKED = {"padding_mask": ("token_ids", 1)}
GROUPED = {
    "vocab_size": 32000, "num_attention_heads": 12, "num_key_value_heads": 4, "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-6, "use_cache": False, "tie_word_embeddings": False,
}  # fmt: skip
BASE = {"num_layers": 12, "num_heads": 12, "hidden_dim": 768, "intermediate_dim": 3072}

CASES = {
    "bert": Case(
        "BERT-base, 4 x 128, padded",
        "BertModel",
        {"vocab_size": 30522},
        text(4, 128, padded=True),
        Hub("BertBackbone", None, MASKED, {"segment_ids": ("token_ids", 0)}, "sequence_output"),
    ),
    "deberta-v2": Case(
        "DeBERTa-v3-base, 2 x 128, padded",
        "DebertaV2Model",
        {
            "vocab_size": 128100, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
            "intermediate_size": 3072, "relative_attention": True, "position_buckets": 256,
            "norm_rel_ebd": "layer_norm", "share_att_key": True,
            "pos_att_type": ["p2c", "c2p"], "position_biased_input": False, "max_position_embeddings": 512,
            "max_relative_positions": -1, "type_vocab_size": 0,
        },
        text(2, 128, padded=True),
        Hub("DebertaV3Backbone", BASE | {"vocabulary_size": 128100}, MASKED),
    ),
    "gpt2": Case(
        "GPT-2 small, 2 x 256",
        "GPT2Model",
        {"use_cache": False},
        text(2, 256),
        Hub("GPT2Backbone", None, IDS, UNMASKED),
    ),
    "llama": Case(
        "LLaMA, 160 million parameters, 12 heads on 4 key heads, 2 x 256",
        "LlamaModel",
        GROUPED | {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12},
        text(2, 256),
        Hub(
            "LlamaBackbone",
            {"vocabulary_size": 32000, "num_layers": 12, "num_query_heads": 12, "num_key_value_heads": 4, "hidden_dim": 768,
             "intermediate_dim": 3072, "layer_norm_epsilon": 1e-6},
            IDS,
            UNMASKED,
        ),
    ),
    "mixtral": Case(
        "Mixtral, 8 experts of which 2 act, 8 layers, 180 million parameters, 2 x 256",
        "MixtralModel",
        GROUPED | {"hidden_size": 768, "intermediate_size": 1024, "num_hidden_layers": 8, "rope_theta": 10000.0},
        text(2, 256),
        Hub(
            "MixtralBackbone",
            {"vocabulary_size": 32000, "num_layers": 8, "num_query_heads": 12, "num_key_value_heads": 4, "hidden_dim": 768,
             "intermediate_dim": 1024, "num_experts": 8, "top_k": 2},
            IDS,
            UNMASKED,
        ),
    ),
    "t5": Case(
        "T5-base, 2 x 128, padded, writing 2 x 64",
        "T5Model",
        {
            "d_model": 768, "d_ff": 3072, "num_layers": 12, "num_decoder_layers": 12, "num_heads": 12, "use_cache": False,
            "decoder_start_token_id": 0,
        },
        together(text(2, 128, padded=True), text(2, 64, name="decoder_input_ids")),
        Hub(
            "T5Backbone",
            BASE | {"vocabulary_size": 32128, "use_gated_activation": False},
            {"input_ids": "encoder_token_ids", "attention_mask": "encoder_padding_mask",
             "decoder_input_ids": "decoder_token_ids"},
            {"decoder_padding_mask": ("decoder_token_ids", 1)},
            "decoder_sequence_output",
        ),
    ),
    "vit": Case(
        "ViT-base, 2 images of 224 x 224",
        "ViTModel",
        {},
        normal("pixel_values", 2, 3, 224, 224),
        Hub(
            "ViTBackbone",
            {"image_shape": (224, 224, 3), "patch_size": 16, "num_layers": 12, "num_heads": 12, "hidden_dim": 768,
             "mlp_dim": 3072},
            {"pixel_values": "images"},
        ),
    ),
    "swin": Case(
        "Swin-tiny, 2 images of 224 x 224",
        "SwinModel",
        {},
        normal("pixel_values", 2, 3, 224, 224),
        Hub(
            "SwinTransformerBackbone",
            {"image_shape": (224, 224, 3), "embed_dim": 96, "depths": (2, 2, 6, 2), "num_heads": (3, 6, 12, 24),
             "window_size": 7},
            {"pixel_values": ""},
        ),
    ),
    "resnet": Case(
        "ResNet-50, 2 images of 224 x 224",
        "ResNetModel",
        {},
        normal("pixel_values", 2, 3, 224, 224),
        Hub(
            "ResNetBackbone",
            {"stackwise_num_filters": [64, 128, 256, 512], "stackwise_num_blocks": [3, 4, 6, 3],
             "stackwise_num_strides": [1, 2, 2, 2], "block_type": "bottleneck_block", "input_conv_filters": [64],
             "input_conv_kernel_sizes": [7],
             "image_shape": (224, 224, 3)},
            {"pixel_values": ""},
        ),
    ),
    "wav2vec2": Case(
        "wav2vec 2.0 base, 1 recording of 4 seconds",
        "Wav2Vec2Model",
        {"apply_spec_augment": False},
        normal("input_values", 1, 64000),
    ),
    "clip": Case(
        "CLIP, ViT-B/32, 2 images of 224 x 224 and 2 texts of 77 tokens",
        "CLIPModel",
        {"text_config": {"eos_token_id": 49407}, "vision_config": {}},
        together(text(2, 77), normal("pixel_values", 2, 3, 224, 224)),
        None,
        "logits_per_image",
    ),
}  # fmt: skip


def inputs(case: Case) -> Inputs:
    return case.inputs(np.random.default_rng(0))


def hub_inputs(hub: Hub, given: Inputs) -> Any:
    """Inputs as KerasHub has them, with images channels last."""
    found = {}
    for name, new in hub.rename.items():
        array = given[name]
        found[new] = array.transpose(0, 2, 3, 1).copy() if array.ndim == 4 else array
    for name, (like, value) in hub.add.items():
        found[name] = np.full_like(found[like], value)
    return found.get("", found)
