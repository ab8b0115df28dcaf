"""Weights in float32 and computation in bfloat16, in the way of each framework: it trains, and near float32's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

IDS = np.random.default_rng(0).integers(3, 37, (2, 7)).astype(np.int32)
LABELS = np.array([0, 2])
WAVE = np.random.default_rng(1).standard_normal((2, 60)).astype(np.float32)
IMAGE = np.random.default_rng(2).standard_normal((2, 3, 12, 12)).astype(np.float32)
TEXT = {"vocab_size": 37, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "num_labels": 3}
CASES: dict[str, tuple[dict[str, Any], dict[str, np.ndarray]]] = {
    "BertForSequenceClassification": (TEXT | STILL, {"input_ids": IDS, "labels": LABELS}),
    "LlamaForCausalLM": (TEXT, {"input_ids": IDS, "labels": IDS}),
    "T5ForConditionalGeneration": (
        {"vocab_size": 37, "d_model": 16, "d_kv": 8, "d_ff": 20, "num_layers": 2, "num_heads": 2, "dropout_rate": 0.0,
         "decoder_start_token_id": 0}, {"input_ids": IDS, "labels": IDS},
    ),
    "ViTForImageClassification": (
        {key: value for key, value in TEXT.items() if key != "vocab_size"} | STILL | {"image_size": 12, "patch_size": 4},
        {"pixel_values": IMAGE, "labels": LABELS},
    ),
    "ResNetForImageClassification": (
        {"embedding_size": 8, "hidden_sizes": (8, 12), "depths": (1, 1), "num_labels": 3},
        {"pixel_values": IMAGE.repeat(2, 2).repeat(2, 3), "labels": LABELS},
    ),
}  # fmt: skip
each_case = pytest.mark.parametrize("name", CASES)


def check(before: float, first: float, losses: list[float], half: bool) -> None:
    """Of the loss in float32, the same in half precision, and those of the steps that follow."""
    assert half and abs(first - before) <= 0.03 * abs(before) and first != before
    assert all(map(np.isfinite, losses)) and losses[-1] < losses[0]


@pytest.fixture
def mixed_bfloat16() -> Iterator[None]:
    import keras

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_global_policy("float32")


def test_a_policy_that_is_not_mixed_says_nothing_of_models() -> None:
    """Then it is the dtype that a model is made with that counts."""
    import keras

    import trivium.tensorflow as door

    keras.mixed_precision.set_global_policy("float16")
    try:
        model = door.BertModel(door.BertConfig(**TEXT))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert model(IDS).last_hidden_state.dtype == "float32"


@each_case
def test_policies_of_keras(name: str, mixed_bfloat16: None) -> None:
    """`keras.mixed_precision.set_global_policy`, before the model is made."""
    import keras

    import trivium.tensorflow as door

    config, inputs = CASES[name]
    cls = getattr(door, name)
    model = cls(cls.config_class(**config))
    assert (model.compute_dtype, model.variable_dtype) == ("bfloat16", "float32")
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    out = model(**inputs, training=False)
    keras.mixed_precision.set_global_policy("float32")
    plain = cls(cls.config_class(**config))
    before = float(plain(**inputs, training=False).loss)
    model.compile(keras.optimizers.SGD(0.1))
    losses = model.fit(inputs, epochs=4, verbose=0, batch_size=2).history["loss"]
    check(before, float(out.loss), losses, half=out.logits.dtype == "bfloat16")


@each_case
def test_autocast_of_pytorch(name: str) -> None:
    """`torch.autocast` around the call."""
    import torch

    import trivium.torch as door

    config, inputs = CASES[name]
    cls = getattr(door, name)
    model, arrays = cls(cls.config_class(**config)), {key: torch.from_numpy(value) for key, value in inputs.items()}
    model.eval()
    before = float(model(**arrays).loss)
    with torch.autocast("cpu", torch.bfloat16):
        calm = model(**arrays)
    optimizer, losses = torch.optim.SGD(model.train().parameters(), 0.1), []
    for _ in range(4):
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(**arrays).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert {weight.grad.dtype for weight in model.parameters() if weight.grad is not None} == {torch.float32}
    check(before, float(calm.loss), losses, half=calm.logits.dtype == torch.bfloat16)


@each_case
def test_casts_of_jax(name: str) -> None:
    """Parameters in float32, which `apply` is given in bfloat16: the gradients are float32's."""
    import jax
    import jax.numpy as jnp

    import trivium.flax as door

    config, inputs = CASES[name]
    cls = getattr(door, name)
    model = cls(cls.config_class(**config))
    model.eval()
    kept = model.batch_stats

    def loss(params: Any) -> Any:
        half, stats = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), (params, kept))
        out = model.apply(half, **inputs, batch_stats=stats)
        return out.loss.astype(jnp.float32), out.logits

    params, losses = model.params, []
    step = jax.jit(jax.value_and_grad(loss, has_aux=True))
    before = float(jax.jit(lambda params: model.apply(params, **inputs).loss)(params))
    for _ in range(4):
        (value, logits), gradients = step(params)
        losses.append(float(value))
        params = jax.tree.map(lambda weight, gradient: weight - 0.1 * gradient, params, gradients)
    assert {leaf.dtype for leaf in jax.tree.leaves(gradients)} == {jnp.dtype("float32")}
    check(before, losses[0], losses, half=logits.dtype == jnp.bfloat16)
