"""Every field of Transformers' configs is a field of ours, or changes no number: none is read and ignored."""

from __future__ import annotations

import json
import typing
from typing import Any

import numpy as np
import pytest

from tests import drawn
from tests.backends import Backend
from tests.calls import inputs_of
from tests.conftest import GOLDENS, goldens
from trivium.core import config
from trivium.core.errors import ConfigError
from trivium.models import catalogue

FIELDS = json.loads((GOLDENS / "config_fields.json").read_text())
HARMLESS = {
    "return_dict": "outputs have names and places",
    "use_return_dict": "outputs have names and places",
    "torchscript": "a tied weight is copied for tracing",
    "use_bfloat16": "no network of Transformers reads it",
    "tf_legacy_loss": "TensorFlow's losses are PyTorch's, as the current ones are",
    "chunk_size_feed_forward": "tokens are taken in turns, which saves memory",
    "gradient_checkpointing": "layers are computed again, which saves memory; model.gradient_checkpointing_enable()",
    "downsample_in_first_stage": "Transformers' RegNetConfig makes it true, whatever a file says",
    "use_mambapy": "which of several programs computes the same",
    "pretraining_tp": "a product is summed from its parts",
    "reorder_and_upcast_attn": "a product is divided before it is summed, in float32",
    "is_decoder": "set by the classes themselves where a network reads it and the field is not ours; see `MASKED`",
    "add_cross_attention": "of a pair's decoder, whose config has the field",
    "is_encoder_decoder": "a fact of the architecture",
    "cross_attention_hidden_size": "of a pair's decoder: TrOCR's has the field, and for others a pair's config checks it",
    "finetuning_task": "only the reader of TensorFlow 1's checkpoints asks",
    "untie_r": "only the reader of TensorFlow 1's checkpoints asks",
    "use_mems_train": "what training returns beside its answer",
    "task_specific_params": "options that a pipeline may be given",
    "tokenizer_class": "a name, for tokenizers",
    "prefix": "of texts, for pipelines",
    "sep_token_id": "of tokenizers; BLIP's, which ends its texts, has the field",
    "dense_act_fn": "what feed_forward_proj says",
    "is_gated_act": "what feed_forward_proj says",
    "num_feat_extract_layers": "the length of conv_dim",
    "stage_names": "what the depths say",
    "layers_block_type": "what block_types says",
    "num_layers": "of Swin: the length of depths",
    "rotary": "of Falcon: not alibi",
    "replace_prob": "of UniSpeech: the logits that it changes are not in the answer",
    "num_hidden_layers": "another name of encoder_layers, which no network reads",
    "n_layers": "what an export to ONNX asks",
    "n_positions": "of comments",
    "vocab_size": "of a part's config",
    "hidden_size": "of a part's config, or of Swin, whose depths and embed_dim say it",
    "encoder_attention_heads": "of comments",
    "decoder": "of comments",
    "hidden_activation": "no network of Transformers 4.52.4 reads Gemma's; hidden_act is read",
    "image_size": "ConvNeXt takes any",
    "image_seq_length": "a processor asks",
    "initializer_factor": "of parts that are made without it",
    "initializer_range": "of first values, which are the parts'",
    "label_smoothing": "of BLIP as a whole, where the part that writes has its own",
    "layer_norm_eps": "of SegFormer, whose norms have another in the code",
    "projection_dim": "of BLIP's parts, which project nothing",
    "use_pretrained_backbone": "first values, from timm",
    "num_negatives": "what draws negatives outside of the network asks",
    "num_parallel_samples": "PatchTST's `generate` asks, which is not here",
    "median_filter_width": "`generate` reads it off the file",
    "decoder_pad_token_id": "of a decoder that writes labels' padding, which is -100 here",
    "batch_norm_eps": "where add_fpn, which is refused",
}
"""A field of Transformers that is none of ours: why it changes no number."""
MASKED = ("mpnet", "vilt")
"""Whose tokens would see none that come later if is_decoder were set, by a function that Transformers' models share."""


def classes() -> dict[str, type[config.Config]]:
    """model_type -> the class of our config, also of configs' parts."""
    found: dict[str, type[config.Config]] = {}

    def add(cls: type[config.Config]) -> None:
        if found.setdefault(cls.model_type, cls) is not cls:
            return
        for kind in config._field_types(cls).values():  # type: ignore[arg-type]
            for part in (kind, *typing.get_args(kind)):
                if isinstance(part, type) and issubclass(part, config.Config) and part is not config.Config:
                    found.get(part.model_type) or add(part)

    for folder in catalogue.architectures():
        add(catalogue.config_class(folder))
    return found


def known(cls: type[config.Config]) -> set[str]:
    """The names that a config reads: its fields, and the other names of them."""
    return {field.name for field in config._fields(cls)} | set(cls.aliases) | {"torch_dtype"}  # type: ignore[arg-type]


def test_every_field_is_known() -> None:
    """No config of ours leaves out a field of Transformers' that changes a number, and no reason is stale."""
    assert set(classes()) == set(FIELDS) - {"general", "switches"}
    excused, found = set(), classes()
    for model_type, cls in found.items():
        beside = {
            name for other in found.values() if other.__module__ == cls.__module__ for name in known(other) | set(vars(other))
        }
        missing = {*FIELDS["general"], *FIELDS[model_type]["fields"]} - known(cls) | set(FIELDS[model_type]["read"]) - beside
        missing -= config_of_generation() | {"tie_encoder_decoder"}
        assert missing <= set(HARMLESS), (model_type, missing - set(HARMLESS))
        excused |= missing
    assert excused == set(HARMLESS)


def config_of_generation() -> set[str]:
    """The fields of Transformers' GenerationConfig, which its configs have, too."""
    return set(json.loads((GOLDENS / "generation_fields.json").read_text())["4.52.4"])


REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    *(
        (name, {"tie_encoder_decoder": True})
        for name, found in FIELDS.items()
        if name != "switches" and found.get("fields", {}).get("is_encoder_decoder")
    ),
    *((name, {"is_decoder": True}) for name in MASKED),
    ("vilt", {"position_embedding_type": "relative_key"}),
    ("electra", {"summary_proj_to_labels": True}),
    ("xlnet", {"summary_first_dropout": 0.1}),
    ("gpt2", {"summary_last_dropout": 0.1}),
    ("llama", {"quantization_config": {"quant_method": "gptq", "bits": 4}}),
    ("bert", {"pruned_heads": {"0": [1]}}),
)


@pytest.mark.parametrize(("model_type", "fields"), REFUSED)
def test_what_would_be_ignored_is_refused(model_type: str, fields: dict[str, Any]) -> None:
    """A value that no network of ours honours is refused by name; Transformers' default is not."""
    cls, (name,) = classes()[model_type], fields
    with pytest.raises(ConfigError, match=name) as caught:
        cls.from_dict({"model_type": model_type, **fields})
    assert caught.value.key == name
    cls.from_dict({"model_type": model_type, name: FIELDS["general"].get(name, getattr(cls(), name))})


@pytest.mark.parametrize("switch", FIELDS["switches"], ids=lambda switch: switch["class"])
def test_fields_that_few_files_set(switch: dict[str, Any]) -> None:
    """What a field changes is what it changes in Transformers."""
    golden = next(golden for golden in goldens() if golden.class_name == switch["class"])
    cls = getattr(Backend("numpy").door, golden.class_name)
    model = cls(cls.config_class.from_dict(golden.content["config"]).replace(**switch["change"]), seed=None)
    model.assign_weights({weight.name: drawn.weight(weight.name, weight.shape) for weight in model.layout})
    found = np.asarray(model(**inputs_of(golden.content["cases"][0])).last_hidden_state, np.float64)
    assert list(found.shape) == switch["shape"]
    assert np.square(found).mean() == pytest.approx(switch["square"], rel=1e-5)
