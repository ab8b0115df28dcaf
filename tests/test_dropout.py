"""Dropout: three frameworks draw other numbers of the same distribution, in training alone.

A batch holds one text many times, each of which is a draw of its own. Every draw is of a fixed seed, so that nothing here
depends on luck; bounds are five standard errors, which a right program exceeds once in two million.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from tests.backends import FRAMEWORKS, Backend, each_framework
from trivium.core.pretrained import _construction

DRAWS = 800
BERT = {
    "vocab_size": 23, "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 20,
    "max_position_embeddings": 8, "num_labels": 3, "hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.3,
    "output_hidden_states": True, "initializer_range": 0.5,
}  # fmt: skip
IDS = np.tile(np.array([[3, 9, 17, 4, 20]], np.int32), (DRAWS, 1))


def model_of(backend: Backend) -> Any:
    if backend.name == "torch":
        import torch

        torch.manual_seed(3)
    return backend.door.BertForSequenceClassification(backend.door.BertConfig(**BERT), seed=3)


def losses(logits: np.ndarray) -> np.ndarray:
    """Of each text, whose label is 1."""
    return np.log(np.exp(logits).sum(-1)) - logits[:, 1]


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean and variance over draws, and the squares of their standard errors."""
    apart = x - x.mean(0)
    variance = (apart**2).mean(0)
    return x.mean(0), variance, variance / len(x), ((apart**4).mean(0) - variance**2) / len(x)


def assert_alike(first: np.ndarray, second: np.ndarray) -> None:
    (mean, variance, error, spread), (mean_, variance_, error_, spread_) = moments(first), moments(second)
    assert (abs(mean - mean_) <= 5 * np.sqrt(error + error_) + 1e-6).all()
    assert (abs(variance - variance_) <= 5 * np.sqrt(spread + spread_) + 1e-6).all()


def test_training_is_the_same_in_distribution() -> None:
    """Mean and variance of the loss, and of each number that the first layer says, over the draws of each framework."""
    found = {}
    for name in FRAMEWORKS:
        backend = Backend(name)
        model = model_of(backend)
        out = backend.learner(model)({"input_ids": IDS})
        found[name] = losses(backend.numpy(out.logits)), backend.numpy(out.hidden_states[1]).reshape(DRAWS, -1)
        model._ready()
        calm = losses(backend.numpy(backend.call(model, {"input_ids": IDS[:2]}).logits))
        assert np.ptp(calm) < 1e-5 < 0.05 < found[name][0].std()  # outside of training nothing is drawn
    for name in FRAMEWORKS[1:]:
        for ours, theirs in zip(found[name], found["torch"], strict=True):
            assert_alike(ours, theirs)
        assert abs(np.corrcoef(found[name][0], found["torch"][0])[0, 1]) < 5 / DRAWS**0.5


@each_framework
@pytest.mark.parametrize("layer", ["Dropout", "DropPath"])
def test_rate_and_scale(backend: Backend, layer: str) -> None:
    """A quarter is left out, element by element or sample by sample; the rest is scaled so that the mean stays."""
    nn = importlib.import_module(f"trivium.backends.{backend.name}.nn")
    if backend.name == "torch":
        import torch

        torch.manual_seed(0)
    with _construction("float32", 0), nn.Model._scope():
        made = getattr(nn, layer)(0.25)
    options = {"training": True} if backend.name == "tensorflow" else {}
    found = backend.numpy(made(backend.array(np.full((4000, 3), 3, np.float32)), **options))
    assert set(np.unique(found)) == {0, 4}
    draws = found[:, 0] if layer == "DropPath" else found.ravel()
    assert layer == "Dropout" or (found == found[:, :1]).all()
    assert abs((draws == 0).mean() - 0.25) < 5 * (0.25 * 0.75 / draws.size) ** 0.5
