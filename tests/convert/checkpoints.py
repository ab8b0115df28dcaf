"""Checkpoints for the tests: those of the goldens, and small ones of any tensors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests import drawn, kept
from trivium.convert.formats import Output, kind_named
from trivium.core.layout import layout
from trivium.models import catalogue

GOLDENS = Path(__file__).parent.parent / "goldens"
FILES = GOLDENS / "files"
SAFETENSORS, HDF5, MSGPACK = map(kind_named, ("safetensors", "hdf5", "msgpack"))


def outputs(tensors: Mapping[str, np.ndarray]) -> list[Output]:
    return [Output(key, array.dtype, array.shape, partial(np.asarray, array)) for key, array in tensors.items()]


def golden_cases() -> Iterator[tuple[str, str]]:
    """(golden, name of the config in it)."""
    for path in sorted(GOLDENS.glob("*/*.json")):
        if path.parent != FILES:
            for config in kept.read(path)["configs"]:
                yield str(path.relative_to(GOLDENS).with_suffix("")), config


def golden(case: str, config: str) -> dict[str, Any]:
    return kept.read(GOLDENS / f"{case}.json")["configs"][config]


def write_golden(folder: Path, facts: Mapping[str, Any]) -> Path:
    """The PyTorch checkpoint of a golden."""
    constants = {name: drawn.unpack(packed) for name, packed in facts.get("constants", {}).items()}
    weights = {name: drawn.weight(name, shape) for name, shape in facts["weights"].items()} | constants
    return write_checkpoint(folder, weights, facts["config"])


def write_checkpoint(folder: Path, weights: Mapping[str, np.ndarray], config: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    SAFETENSORS.module.write(folder / "model.safetensors", outputs(weights), {"format": "pt"})
    return folder


def snapshot(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


BERT = {
    "architectures": ["BertForMaskedLM"],
    "model_type": "bert",
    "vocab_size": 11,
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 6,
}
GPT2 = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "vocab_size": 11,
    "n_embd": 8,
    "n_layer": 1,
    "n_head": 2,
    "n_positions": 6,
}

MARIAN = {
    "architectures": ["MarianMTModel"],
    "model_type": "marian",
    "vocab_size": 11,
    "d_model": 8,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 8,
    "decoder_ffn_dim": 8,
    "max_position_embeddings": 6,
    "pad_token_id": 10,
    "decoder_start_token_id": 10,
}


def drawn_weights(config: Mapping[str, Any], dtype: Any = np.float32) -> dict[str, np.ndarray]:
    """The weights of the class that a config names, by their names on the Hub."""
    network = catalogue.network_class(config["architectures"][0])
    parsed = catalogue.config_class(config["model_type"]).from_dict(config)
    return {weight.name: drawn.weight(weight.name, weight.shape, dtype) for weight in layout(network, parsed)}


def checkpoint(folder: Path, config: Mapping[str, Any] = BERT, **options: Any) -> Path:
    return write_checkpoint(folder, drawn_weights(config, **options), config)
