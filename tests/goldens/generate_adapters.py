"""Writes adapters.json: LoRA adapters of peft on Transformers' models, and what the models say with them.

    PYTHONPATH=. python tests/goldens/generate_adapters.py

in an environment with peft 0.21, Transformers 5 and PyTorch. Weights, the base model's and the adapter's, are drawn by their
names, so that none is stored. With Trivium's own PyTorch models in their place, peft must give the same: that is checked here.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import peft
import torch
import transformers
from safetensors.numpy import load_file, save_file

import trivium.torch
from tests import drawn
from trivium.backends.torch.nn import Conv1D

SIZES = {"vocab_size": 37, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
IDS = {"input_ids": [[1, 5, 9, 2, 7], [3, 4, 8, 6, 0]]}
PIXELS = {"pixel_values": drawn.weight("pixels", (2, 3, 8, 8)).round(3).tolist()}

CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "bert": (
        "BertForSequenceClassification", {**SIZES, "max_position_embeddings": 16, "num_labels": 3}, IDS,
        {"task_type": "SEQ_CLS", "target_modules": ["query", "attention.output.dense"], "r": 4, "lora_alpha": 16,
         "bias": "lora_only"},
    ),
    "gpt2": (
        "GPT2LMHeadModel", {"vocab_size": 37, "n_positions": 16, "n_embd": 16, "n_layer": 2, "n_head": 2}, IDS,
        {"task_type": "CAUSAL_LM", "target_modules": ["c_attn", "c_fc", "mlp.c_proj"], "r": 3, "lora_alpha": 8,
         "use_rslora": True, "fan_in_fan_out": True},
    ),
    "llama": (
        "LlamaForCausalLM",
        {**SIZES, "num_key_value_heads": 1, "max_position_embeddings": 16, "tie_word_embeddings": False}, IDS,
        {"task_type": "CAUSAL_LM", "target_modules": ["q_proj", "v_proj", "down_proj", "embed_tokens"], "r": 2, "lora_alpha": 4,
         "modules_to_save": ["lm_head"], "rank_pattern": {"v_proj": 3, "model.layers.1.mlp.down_proj": 5},
         "alpha_pattern": {r"layers\.0\.self_attn\.q_proj": 32}},
    ),
    "dora": (
        "OPTForCausalLM",
        {"vocab_size": 37, "hidden_size": 16, "word_embed_proj_dim": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
         "ffn_dim": 24, "max_position_embeddings": 16}, IDS,
        {"task_type": "CAUSAL_LM", "target_modules": ["q_proj", "fc1"], "r": 2, "lora_alpha": 3, "use_dora": True},
    ),
    "resnet": (
        "ResNetForImageClassification",
        {"embedding_size": 6, "hidden_sizes": [6, 8], "depths": [1, 1], "layer_type": "basic", "num_labels": 3}, PIXELS,
        {"target_modules": ["convolution", "classifier.1"], "r": 2, "bias": "all"},
    ),
}  # fmt: skip


def base(library: Any, name: str, fields: dict[str, Any]) -> Any:
    """A model with drawn weights."""
    cls = getattr(library, name)
    config = getattr(library, name[: name.index("For")] + "Config" if "For" in name else "GPT2Config")(**fields)
    model = cls(config).eval()
    with torch.no_grad():
        for key, held in weights(model).items():
            held.copy_(torch.from_numpy(drawn.weight(key, tuple(held.shape))))
    return model


def weights(model: Any) -> dict[str, torch.Tensor]:
    """Name -> parameter or statistics, tied ones once."""
    found, saved = {**dict(model.named_parameters()), **dict(model.named_buffers())}, model.state_dict()
    return {name: held for name, held in found.items() if name in saved and held.is_floating_point()}


def said(model: Any, inputs: dict[str, Any]) -> np.ndarray:
    """The logits."""
    with torch.no_grad():
        return model(**{name: torch.tensor(value) for name, value in inputs.items()}).logits.numpy()


def golden(name: str, fields: dict[str, Any], inputs: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """A case as it is stored."""
    with tempfile.TemporaryDirectory() as folder:
        model = base(transformers, name, fields)
        config = {"model_type": model.config.model_type, **fields, "architectures": [name]}
        shapes = {key: list(held.shape) for key, held in weights(model).items()}
        peft.get_peft_model(model, peft.LoraConfig(**options)).save_pretrained(folder, save_embedding_layers=False)
        file = Path(folder, "adapter_model.safetensors")
        values = {key: drawn.weight(key, held.shape) for key, held in load_file(file).items()}
        save_file(values, file)
        model = base(transformers, name, fields)
        before = said(model, inputs)
        logits = said(peft.PeftModel.from_pretrained(model, folder).eval(), inputs)
        assert np.abs(logits - before).max() > 0.1
        if "input_ids" in inputs:  # convolutions of Trivium's are channels last, peft's are not
            check_ours(name, fields, inputs, options, folder, logits)
        return {
            "class": name, "config": config, "weights": shapes, "inputs": inputs,
            "adapter": json.loads(Path(folder, "adapter_config.json").read_text()),
            "tensors": {key: list(held.shape) for key, held in values.items()}, "logits": logits.tolist(),
        }  # fmt: skip


def check_ours(name: str, fields: Any, inputs: Any, options: Any, folder: str, logits: np.ndarray) -> None:
    """Peft on Trivium's model: the same tensors, the same answers, a backward pass, merging, and text."""
    config = peft.LoraConfig.from_pretrained(folder)
    config._register_custom_module({Conv1D: peft.tuners.lora.Linear})
    ours = peft.PeftModel.from_pretrained(base(trivium.torch, name, fields), folder, config=config).eval()
    assert np.abs(said(ours, inputs) - logits).max() < 1e-5, name
    if options.get("task_type") == "CAUSAL_LM":
        ids = torch.tensor(inputs["input_ids"])
        assert ours.generate(input_ids=ids, max_new_tokens=2).shape[1] == 7
        ours(input_ids=ids, labels=ids).loss.backward()
    assert np.abs(said(ours.merge_and_unload(), inputs) - logits).max() < 1e-5, name


if __name__ == "__main__":
    found = {case: golden(*arguments) for case, arguments in CASES.items()}
    Path(__file__).with_name("adapters.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")
