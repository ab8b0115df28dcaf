"""`trivium.convert.open`: names to arrays, whatever the format."""

from __future__ import annotations

import numpy as np
import pytest

import trivium
from trivium.convert import convert
from trivium.core.errors import ConfigError, KeyMismatch

from .checkpoints import BERT, checkpoint, drawn_weights


@pytest.mark.parametrize("to", ["torch", "tensorflow", "flax", "bin", "npz", "keras", "orbax"])
def test_the_same_mapping_of_every_format(to, tmp_path):
    source = checkpoint(tmp_path / "source")
    convert(source, tmp_path / "out", to)
    with trivium.convert.open(tmp_path / "out") as weights:
        expected = drawn_weights(BERT)
        assert set(weights) == set(expected) and len(weights) == len(expected)
        assert weights.network == "BertForMaskedLM" and weights.config["model_type"] == "bert"
        for name, array in weights.items():
            np.testing.assert_array_equal(array, expected[name])
        with pytest.raises(KeyError, match="did you mean"):
            weights["bert.embeddings.LayerNorm.weigt"]


def test_a_plain_reader(tmp_path):
    source = checkpoint(tmp_path / "source")
    convert(source, tmp_path / "flax", "flax")
    own = trivium.convert.open(tmp_path / "flax", canonical=False)
    assert "bert.embeddings.LayerNorm.scale" in own and own.network is None
    np.testing.assert_array_equal(
        own["bert.embeddings.LayerNorm.scale"], drawn_weights(BERT)["bert.embeddings.LayerNorm.weight"]
    )


def test_a_file_of_no_architecture(tmp_path):
    np.savez(tmp_path / "any.npz", a=np.arange(3.0))
    with trivium.convert.open(tmp_path / "any.npz") as weights:
        assert list(weights) == ["a"] and weights["a"].tolist() == [0, 1, 2] and weights.config is None
    with pytest.raises(ConfigError):
        trivium.convert.open(tmp_path / "any.npz", canonical=True)


def test_one_that_does_not_fit(tmp_path):
    source = checkpoint(tmp_path / "source")
    convert(source, tmp_path / "out", "npz")
    held = dict(np.load(tmp_path / "out" / "model.npz"))
    held["stray"] = np.zeros(2)
    np.savez(tmp_path / "out" / "model.npz", **held)
    assert "stray" in trivium.convert.open(tmp_path / "out")
    with pytest.raises(KeyMismatch, match="stray"):
        trivium.convert.open(tmp_path / "out", canonical=True)
