"""What `trivium explain` says is what the converter does."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from trivium.cli import main
from trivium.convert import convert, explain
from trivium.convert.checkpoint import open_checkpoint
from trivium.convert.explanation import FORMATS
from trivium.core.errors import ConfigError, InputError
from trivium.models import catalogue

from .checkpoints import BERT, GPT2, checkpoint


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("config", [BERT, GPT2], ids=["bert", "gpt2"])
def test_a_checkpoint(config, tmp_path):
    folder = checkpoint(tmp_path / "model", config)
    found = explain(folder)
    for to, dialect in (("torch", "torch"), ("tensorflow", "tf4"), ("flax", "flax4")):
        convert(folder, tmp_path / to, to)
        places = {place.name: place.shape for weight in found for place in weight.places if place.dialect == dialect}
        with open_checkpoint(tmp_path / to) as written:
            assert places == {key: tensor.shape for key, tensor in written.tensors.items()}


@pytest.mark.parametrize("architecture", catalogue.architectures())
def test_every_architecture(architecture):
    found = explain(architecture)
    assert found
    for weight in found:
        assert [place.dialect for place in weight.places] == list(FORMATS)
        first = weight.places[0]
        for place in weight.places:
            order = place.transposition or range(len([axis for axis in place.axes if axis != "1"]))
            kept = [size for size, axis in zip(first.shape, first.axes, strict=True) if axis != "1"]
            turned = [size for size, axis in zip(place.shape, place.axes, strict=True) if axis != "1"]
            assert turned == [kept[axis] for axis in order]
    assert not [weight for weight in found if ".1." in weight.weight]


def test_one_weight_in_any_spelling(tmp_path):
    folder = checkpoint(tmp_path / "model")
    (one,) = explain(folder, "bert.encoder.layer.1.output.dense.weight")
    assert one.layer == "Linear"
    assert {place.dialect: place.transposition for place in one.places}["flax4"] == (1, 0)
    for place in one.places:
        assert explain(folder, place.name) == [one]
    with pytest.raises(InputError, match="there is no weight"):
        explain(folder, "bert.encoder.layer.1.output.dens.weight")


def test_command(tmp_path):
    result = run("explain", "BertForMaskedLM", "cls.predictions.bias")
    assert result.exit_code == 0
    assert "  tf4         mlm___cls/predictions/bias:0  30522  a\n" in result.stdout
    found = json.loads(run("explain", "vit", "--json").stdout)
    assert found["formats"].keys() == FORMATS.keys()
    assert len(found["weights"]) > 10
    assert run("explain", checkpoint(tmp_path / "model"), "bert.pooler").exit_code == 1
    with pytest.raises(ConfigError, match="there is no class"):
        explain("NoModel")


def test_trust(tmp_path, monkeypatch):
    """HDF5 is read in this process, where that is asked for."""
    convert(checkpoint(tmp_path / "model", BERT), tmp_path / "out", "tensorflow")

    def refuse(*_, **__):
        raise AssertionError("a child process was started")

    monkeypatch.setattr("trivium.convert.sandbox.Child.__init__", refuse)
    assert run("explain", tmp_path / "out", "--trust").exit_code == 0
    assert run("explain", tmp_path / "out").exit_code != 0
