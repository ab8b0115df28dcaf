"""Layers that are computed again in the gradient: the same loss and gradients, dropout and all, and fewer numbers kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backends import Backend, each_framework
from trivium.core.errors import ConfigError

IDS = np.random.default_rng(0).integers(3, 37, (2, 6)).astype(np.int32)
T5 = {"vocab_size": 37, "d_model": 8, "d_kv": 4, "d_ff": 12, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0}
INPUTS = {"input_ids": IDS, "labels": IDS, "attention_mask": np.array([[1, 1, 1, 1, 0, 0], [1] * 6], np.int32)}


def trained(backend: Backend, again: bool) -> tuple[float, dict[str, np.ndarray]]:
    """Loss and gradients of a step with dropout; T5's layers share a bias that is trained, and hear the encoder's."""
    model = backend.door.T5ForConditionalGeneration(backend.door.T5Config(**T5, dropout_rate=0.3))
    if again:
        model.gradient_checkpointing_enable()
    if backend.name == "torch":
        import torch

        torch.manual_seed(0)
        loss = backend.learner(model)(INPUTS).loss
        loss.backward()
        return float(loss), backend.gradients(model)
    if backend.name == "tensorflow":
        import tensorflow as tf

        @tf.function
        def step() -> Any:
            with tf.GradientTape() as tape:
                loss = model(**INPUTS, training=True).loss
            return loss, tape.gradient(loss, model.trainable_variables)

        before = [np.array(variable) for variable in model.non_trainable_variables]
        loss, gradients = step()
        moved = [not np.array_equal(old, variable) for old, variable in zip(before, model.non_trainable_variables, strict=True)]
        assert moved and all(moved)  # every dropout draws anew next time
        return float(loss), backend.gradients(model, gradients)
    import jax

    def loss_of(params: Any) -> Any:
        return model.apply(params, **INPUTS, train=True, rngs=jax.random.key(0)).loss

    loss, gradients = jax.jit(jax.value_and_grad(loss_of))(model.params)
    return float(loss), backend.gradients(model, gradients)


@each_framework
def test_gradients_are_the_same(backend: Backend) -> None:
    (loss, gradients), (same, others) = trained(backend, False), trained(backend, True)
    assert loss == pytest.approx(same, rel=1e-6)
    for name, expected in gradients.items():
        np.testing.assert_allclose(others[name], expected, 1e-4, 1e-6, err_msg=name)


def test_fewer_numbers_are_kept() -> None:
    """Of the inner values of layers PyTorch keeps nothing for the gradient, and counts what it keeps."""
    import torch

    door = Backend("torch").door
    counts = []
    for again in (False, True):
        model = door.T5ForConditionalGeneration(door.T5Config(**T5 | {"num_layers": 6}))
        if again:
            model.gradient_checkpointing_enable()
        kept: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x, kept=kept: kept.append(x.numel()) or x, lambda x: x):
            model.train()(**{name: torch.from_numpy(value) for name, value in INPUTS.items()})
        counts.append(sum(kept))
    assert counts[1] < counts[0] / 3


def test_it_can_be_turned_off() -> None:
    model = Backend("torch").door.T5Model(Backend("torch").door.T5Config(**T5))
    model.gradient_checkpointing_enable()
    assert [stack.rematerialise for stack in (model.encoder.block, model.decoder.block)] == [True, True]
    model.gradient_checkpointing_disable()
    assert not (model.encoder.block.rematerialise or model.decoder.block.rematerialise)


@pytest.mark.parametrize(
    ("backend", "name", "message"), [("torch", "ResNetModel", "batch normalisation"), ("numpy", "T5Model", "no layers")]
)
def test_what_cannot_be_computed_again(backend: str, name: str, message: str) -> None:
    door = Backend(backend).door
    config = door.T5Config(**T5) if name == "T5Model" else door.ResNetConfig(embedding_size=4, hidden_sizes=(8,), depths=(1,))
    with pytest.raises(ConfigError, match=message):
        getattr(door, name)(config).gradient_checkpointing_enable()
