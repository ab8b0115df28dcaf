"""Programs with their weights as files, run by processes that know nothing of Trivium."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest

from trivium import cli
from trivium.core.errors import ConfigError, InputError, WriteError

from .backends import Backend, each_framework

FORMATS = {"torch": "torch_export", "tensorflow": "saved_model", "flax": "stablehlo"}
SIZES = {"n_layer": 2, "n_embd": 64, "n_head": 2, "vocab_size": 97, "n_positions": 64, "eos_token_id": 9, "pad_token_id": 0}
IDS = np.array([[3, 25, 1, 30, 11, 7, 8], [0, 0, 7, 2, 8, 8, 4], [7, 2, 8, 8, 4, 0, 0]], np.int32)
MASK = (IDS != 0).astype(np.int32)

READERS = {
    "torch": """
import torch
inputs = {name: torch.from_numpy(value) for name, value in inputs.items()}
with torch.no_grad():
    found = torch.export.load("forward").module()(inputs)
""",
    "tensorflow": """
import tensorflow as tf
forward, generate = tf.saved_model.load("forward"), tf.saved_model.load("generate")
found = forward.serve(inputs)
tokens = generate.generate(inputs["input_ids"], inputs["attention_mask"])
""",
    "flax": """
from jax import export
found = export.deserialize(bytearray(open("forward", "rb").read())).call(inputs)
tokens = export.deserialize(bytearray(open("generate", "rb").read())).call(inputs["input_ids"], inputs["attention_mask"])
""",
}
BEFORE = 'import sys, numpy as np\ninputs = dict(np.load("inputs.npz"))\ntokens = ()\n'
AFTER = """
assert not [name for name in sys.modules if name.partition(".")[0] == "trivium"]
np.savez("found.npz", names=sorted(found), logits=np.asarray(found["logits"]), tokens=np.asarray(tokens))
"""


def tiny(backend: Backend) -> Any:
    """A small decoder, whose layers are partly integers."""
    model = backend.door.GPT2LMHeadModel(backend.door.GPT2Config(**SIZES))
    model._ready()
    model.quantize("int8", skip=["*.attn.*"])
    return model


@each_framework
def test_without_trivium(backend: Backend, tmp_path: Path) -> None:
    """Forward, of another batch and length than it was traced with, and greedy search with padding on either side."""
    model = tiny(backend)
    model.export(tmp_path / "forward", format=FORMATS[backend.name])
    if backend.name != "torch":
        model.export_generate(tmp_path / "generate", batch_size=3, prompt_length=7, max_new_tokens=6)
    np.savez(tmp_path / "inputs.npz", input_ids=IDS, attention_mask=MASK)
    script = BEFORE + READERS[backend.name] + AFTER
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=240)
    found = dict(np.load(tmp_path / "found.npz"))
    wanted = backend.numpy(backend.call(model, {"input_ids": IDS, "attention_mask": MASK}).logits)
    np.testing.assert_allclose(found["logits"], wanted, atol=3e-6)
    if backend.name != "torch":
        written = backend.numpy(model.generate(IDS, attention_mask=MASK, max_new_tokens=6))
        assert found["tokens"].shape == (3, 13)
        np.testing.assert_array_equal(found["tokens"][:, : written.shape[1]], written)
        assert not found["tokens"][:, written.shape[1] :].any()  # all had ended
    assert not [path for path in tmp_path.iterdir() if path.name not in ("forward", "generate", "inputs.npz", "found.npz")]


@each_framework
def test_refusals(backend: Backend, tmp_path: Path) -> None:
    """Another framework's format, what is no greedy search, a place that is taken; nothing is left behind."""
    model = tiny(backend)
    other = FORMATS["torch" if backend.name != "torch" else "flax"]
    with pytest.raises(ConfigError, match="the model is"):
        model.export_generate(tmp_path / "x", other, prompt_length=4)
    with pytest.raises(ConfigError, match="is not there"):
        model.export_generate(tmp_path / "x", "onyx", prompt_length=4)
    if backend.name == "torch":
        with pytest.raises(ConfigError, match="no loop"):
            model.export_generate(tmp_path / "x", prompt_length=4)
        (tmp_path / "taken").mkdir()
        with pytest.raises(WriteError, match="directory"):
            model.export(tmp_path / "taken")
        (tmp_path / "taken").rmdir()
    else:
        with pytest.raises(InputError, match="greedy"):
            model.export_generate(tmp_path / "x", prompt_length=4, do_sample=True)
    assert not list(tmp_path.iterdir())


def test_the_command_line(tmp_path: Path) -> None:
    """`trivium export`, of a checkpoint."""
    import torch

    door = Backend("numpy").door
    door.GPT2LMHeadModel(door.GPT2Config(**SIZES)).save_pretrained(tmp_path / "model")
    out = tmp_path / "model.pt2"
    given = ["export", str(tmp_path / "model"), str(out), "--format", "torch_export", "--quantize", "int8"]
    run = click.testing.CliRunner().invoke(cli.main, given)
    assert run.exit_code == 0, run.output
    found = torch.export.load(out).module()({"input_ids": torch.from_numpy(IDS), "attention_mask": torch.from_numpy(MASK)})
    assert found["logits"].shape == (3, 7, 97)
