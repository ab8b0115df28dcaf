"""From a live model of one framework to one of another."""

from __future__ import annotations

import numpy as np
import pytest

import trivium
from tests.backends import NAMES
from trivium.core.errors import InputError

BERT = {
    "vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
    "max_position_embeddings": 16,
}  # fmt: skip
TABLE = "embeddings.word_embeddings.weight"
SIZES = {"vocab_size": 11, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 6}


@pytest.mark.parametrize("source", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_transfer(source: str, dtype: str) -> None:
    """All weights arrive bit for bit in every framework, and are its own."""
    door = getattr(trivium, source)
    model = door.GPT2LMHeadModel(door.GPT2Config(**SIZES), dtype=dtype, seed=3)
    weights = {weight.name: np.array(read()) for weight, read in model.read_weights()}
    for name in NAMES:
        other = trivium.transfer(model, name)
        assert type(other).__module__.startswith(f"trivium.backends.{name}.")
        zeros = {}
        for weight, read in other.read_weights():
            assert read().dtype == weights[weight.name].dtype
            assert read().tobytes() == weights[weight.name].tobytes()
            zeros[weight.name] = np.zeros(weight.shape, read().dtype)
        other.assign_weights(zeros)
    assert all(np.array(read()).tobytes() == weights[weight.name].tobytes() for weight, read in model.read_weights())


@pytest.mark.parametrize(("source", "framework"), [("torch", "flax"), ("torch", "numpy"), ("numpy", "torch")])
def test_shared(source: str, framework: str) -> None:
    """Weights that lie in memory alike are held once, if that is asked for; whatever is turned in between is a copy."""
    door = getattr(trivium, source)
    model = door.BertModel(door.BertConfig(**BERT), seed=3)
    if source == "torch":
        model.double().float()  # which gives each weight memory of PyTorch's own
    for share in (True, False):
        mine = {weight.name: read() for weight, read in model.read_weights()}
        other = {weight.name: read() for weight, read in trivium.transfer(model, framework, share=share).read_weights()}
        for name in mine:
            assert np.array_equal(mine[name], other[name])
        assert np.shares_memory(mine[TABLE], other[TABLE]) == share


def test_refusals() -> None:
    """A framework and a model that are none."""
    model = trivium.numpy.GPT2Model(trivium.numpy.GPT2Config(**SIZES))
    with pytest.raises(InputError, match="there is no framework 'jax'"):
        trivium.transfer(model, "jax")
    with pytest.raises(InputError, match="not a model of Trivium's"):
        trivium.transfer(object(), "numpy")
