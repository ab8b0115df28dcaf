"""The doctor: every kind of damage, made from a healthy checkpoint; and healthy ones, of which it says so."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from trivium.cli import main
from trivium.convert import convert, doctor, verify
from trivium.convert.checkpoint import open_checkpoint
from trivium.convert.diagnosis import _mangled
from trivium.convert.saving import TARGETS
from trivium.core.errors import NotFound
from trivium.core.init import draw
from trivium.core.layout import layout
from trivium.models import catalogue

from .checkpoints import BERT, GPT2, HDF5, MARIAN, MSGPACK, checkpoint, drawn_weights, outputs, snapshot, write_checkpoint

RESNET = {
    "architectures": ["ResNetForImageClassification"],
    "model_type": "resnet",
    "layer_type": "basic",
    "embedding_size": 4,
    "hidden_sizes": [4, 6],
    "depths": [1, 1],
    "num_labels": 3,
}


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def only(diagnosis):
    """The one finding."""
    assert not diagnosis.healthy
    (finding,) = diagnosis.findings
    assert finding.remedy
    return finding


def given(config):
    """The weights that are the architecture's own: positions in waves, which some formats leave out."""
    parsed = catalogue.config_class(config["model_type"]).from_dict(config)
    weights = layout(catalogue.network_class(config["architectures"][0]), parsed)
    return {weight.name: draw(weight.name, weight.shape, weight.init, 0) for weight in weights if weight.init.given}


@pytest.mark.parametrize("config", [BERT, GPT2, RESNET, MARIAN], ids=lambda config: config["model_type"])
def test_healthy(config, tmp_path):
    """In every format, alone and together."""
    folder = write_checkpoint(tmp_path / "model", drawn_weights(config) | given(config), config)
    for to in TARGETS:
        convert(folder, tmp_path / "all", to, overwrite=True)
    before = snapshot(tmp_path / "all")
    found = doctor(tmp_path / "all", trust=True)
    assert found.healthy, found.findings
    assert set(found.files.values()) == {target.kind.name for target in TARGETS.values()}
    assert found.network == config["architectures"][0]
    assert not found.notes
    assert snapshot(tmp_path / "all") == before
    assert doctor(tmp_path / "all" / "model.npz").files == {"model.npz": "npz"}


def test_reset_statistics(tmp_path):
    weights = drawn_weights(RESNET)
    for name in weights:
        if "running_" in name:
            weights[name] = np.full_like(weights[name], float(name.endswith("var")))
    finding = only(doctor(write_checkpoint(tmp_path / "model", weights, RESNET)))
    assert finding.kind == "reset statistics"
    assert "the mean is 0 and the variance 1" in finding.message
    assert set(finding.tensors) == {name.rpartition(".")[0] for name in weights if "running_" in name}


def drawn_blocks():
    """A ResNet of basic blocks as it comes out of Flax: what is in the blocks is not what was trained."""
    weights = drawn_weights(RESNET)
    for name in weights:
        if ".layer." in name and ".normalization." in name:
            weights[name] = np.full_like(weights[name], float(name.endswith(("weight", "var"))))
    return weights


def test_drawn_blocks(tmp_path):
    finding = only(doctor(write_checkpoint(tmp_path / "model", drawn_blocks(), RESNET)))
    assert finding.kind == "drawn blocks"
    assert "resnet.encoder.stages.0.layers.0.layer.0.normalization" in finding.tensors


@pytest.mark.parametrize("damaged", [False, True])
def test_blocks_as_flax_calls_them(damaged, tmp_path):
    """Flax's own name for a layer of a basic block is read; whether it was loaded is another question."""
    weights = drawn_blocks() if damaged else drawn_weights(RESNET)
    convert(write_checkpoint(tmp_path / "model", weights, RESNET), tmp_path / "out", "flax")
    path = tmp_path / "out" / MSGPACK.file
    with open_checkpoint(path) as found:
        held = {}
        for key, tensor in found.tensors.items():
            collection = "batch_stats" if key.endswith((".mean", ".var")) else "params"
            held[f"{collection}.{key}".replace(".layer.", ".layer.layer_")] = tensor.read()
    MSGPACK.module.write(path, outputs(held), {})
    if damaged:
        assert only(doctor(path)).kind == "drawn blocks"
    else:
        assert doctor(path).healthy
        convert(path, tmp_path / "back", "torch")
        assert verify(tmp_path / "model", tmp_path / "back") == []


def test_zero_bias(tmp_path):
    weights = drawn_weights(MARIAN)
    weights["final_logits_bias"][:] = 0
    assert only(doctor(write_checkpoint(tmp_path / "model", weights, MARIAN))).kind == "zero bias"


def test_an_untied_head(tmp_path):
    """A TensorFlow file with a head of its own, which the config ties to the embedding."""
    convert(checkpoint(tmp_path / "model", GPT2), tmp_path / "out", "tensorflow")
    path = tmp_path / "out" / HDF5.file
    with open_checkpoint(path, trust=True) as found:
        held = {key: tensor.read() for key, tensor in found.tensors.items()}
    embedding = next(array for key, array in held.items() if "wte" in key)
    HDF5.module.write(path, outputs(held | {"lm_head/kernel:0": embedding.T + 1}), {"model": "tf_gpt2lm_head_model"})
    finding = only(doctor(tmp_path / "out", trust=True))
    assert (finding.kind, finding.tensors) == ("untied head", ("lm_head/kernel:0",))
    assert "tie_word_embeddings" in finding.remedy
    assert "--ignore lm_head/kernel:0" in finding.remedy
    convert(tmp_path / "out", tmp_path / "back", "torch", ignore=["lm_head/kernel:0"], trust=True)
    assert (tmp_path / "back" / "model.safetensors").read_bytes() == (tmp_path / "model" / "model.safetensors").read_bytes()


def test_mangled_names(tmp_path):
    ours, theirs = "embedder.normalization.weight", "embedder.normalization.gamma"
    weights = {name.replace(ours, theirs): array for name, array in drawn_weights(RESNET).items()}
    finding = only(doctor(write_checkpoint(tmp_path / "model", weights, RESNET)))
    assert finding.kind == "mangled names"
    assert finding.tensors == ("resnet.embedder.embedder.normalization.gamma",)
    option = finding.remedy.split("--rename ")[1].split(" ")[0]
    assert run("convert", tmp_path / "model", tmp_path / "out", "--to", "torch", "--rename", option).exit_code == 0
    assert doctor(tmp_path / "out").healthy


@pytest.mark.parametrize(
    ("name", "there"), [("layer.0.gamma_1", "layer.0.weight_1"), ("alphabeta.bias", "alphabias.bias"), ("x.weight", "x.gamma")]
)
def test_names_are_mangled_both_ways(name, there):
    assert _mangled([name, "other"], [there, "another"]) == {name: there}


@pytest.mark.parametrize("config", [BERT, {**BERT, "model_type": "unknown"}], ids=["known", "unknown"])
def test_different_numbers(config, tmp_path):
    """By the architecture across names; by the names alone where that is not known."""
    weights = drawn_weights(BERT)
    folder = write_checkpoint(tmp_path / "model", weights, BERT)
    weights["bert.encoder.layer.0.output.dense.bias"] = weights["bert.encoder.layer.0.output.dense.bias"] * np.float32(1.5)
    other = write_checkpoint(tmp_path / "other", weights, BERT)
    convert(other, tmp_path / "npz", "npz")
    (tmp_path / "npz" / "model.npz").rename(folder / "model.npz")
    (folder / "config.json").write_text(json.dumps(config))
    found = doctor(folder)
    finding = only(found)
    assert (finding.kind, finding.file, finding.tensors) == (
        "different numbers",
        "model.npz",
        ("bert.encoder.layer.0.output.dense.bias",),
    )
    assert "model.safetensors and model.npz do not hold the same weights: 1 differ, by up to" in finding.message
    assert (found.network is None) == (config is not BERT)


def test_rounding_is_no_damage(tmp_path):
    folder = checkpoint(tmp_path / "model")
    convert(folder, tmp_path / "out", "npz", dtype="float16")
    (tmp_path / "out" / "model.npz").rename(folder / "model.npz")
    found = doctor(folder)
    assert found.healthy
    assert "differ by rounding alone" in found.notes[0]


def test_what_cannot_be_examined_is_said(tmp_path):
    folder = checkpoint(tmp_path / "model")
    convert(folder, tmp_path / "flax", "flax")
    (tmp_path / "flax" / MSGPACK.file).rename(folder / MSGPACK.file)
    (folder / "config.json").unlink()
    found = doctor(folder)
    assert found.healthy
    assert any("there is no config.json" in note for note in found.notes)
    assert "model.safetensors and flax_model.msgpack were not compared" in found.notes[-1]
    with pytest.raises(NotFound):
        doctor(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="no weights"):
        doctor(tmp_path / "empty")


def test_what_does_not_fit_and_what_cannot_be_read(tmp_path):
    weights = {name: array for name, array in drawn_weights(BERT).items() if "word_embeddings" not in name}
    weights["extra"] = np.ones(2, np.float32)
    folder = write_checkpoint(tmp_path / "model", {**weights, "cls.predictions.bias": np.ones(3, np.float32)}, BERT)
    finding = only(doctor(folder))
    assert finding.kind == "mismatch"
    assert {"extra", "cls.predictions.bias"} <= set(finding.tensors)
    (folder / MSGPACK.file).write_bytes(b"\x82broken")
    assert [finding.kind for finding in doctor(folder).findings] == ["mismatch", "unreadable"]


def test_command_line(tmp_path):
    folder = checkpoint(tmp_path / "model", RESNET)
    result = run("doctor", folder)
    assert (result.exit_code, result.stdout) == (0, "healthy: model.safetensors\n")
    result = run("doctor", write_checkpoint(tmp_path / "damaged", drawn_blocks(), RESNET))
    assert result.exit_code == 4
    assert result.stdout.startswith("model.safetensors: drawn blocks: the 4 layers of the basic blocks are as they are drawn")
    assert result.stdout.endswith("\n1 finding\n")
    result = run("doctor", tmp_path / "damaged", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["healthy"], found["findings"][0]["kind"]) == (4, False, "drawn blocks")
    assert run("doctor", tmp_path / "absent").exit_code == 1
