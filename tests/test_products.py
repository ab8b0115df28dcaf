"""Products of few rows, as programs make them while tokens are written: quick, the same, and without copies of weights."""

from __future__ import annotations

import numpy as np
import pytest


def model_of(door, dtype="float32"):
    config = door.LlamaConfig(
        vocab_size=1100, hidden_size=256, intermediate_size=2200, num_hidden_layers=1, num_attention_heads=4, eos_token_id=None
    )
    return door.LlamaForCausalLM(config, dtype=dtype, seed=3)


@pytest.mark.parametrize(("dtype", "texts", "is_quick"), [
    ("float32", 1, True), ("float32", 3, True), ("float32", 17, False), ("bfloat16", 1, True), ("bfloat16", 2, False),
])  # fmt: skip
def test_rows_in_torch(monkeypatch, dtype, texts, is_quick):
    """A sum of products for as many rows as it is quicker for; the tokens and scores are those of PyTorch's own product."""
    from trivium import torch as door
    from trivium.backends.torch import inference

    calls = []
    product = inference._product
    monkeypatch.setattr(inference, "_product", lambda x, weight: calls.append(x.shape) or product(x, weight))
    model, ids = model_of(door, dtype), np.random.default_rng(0).integers(0, 1100, (texts, 5))
    found, expected = (
        model.generate(ids, max_new_tokens=4, output_scores=True, return_dict_in_generate=True, compiled=compiled)
        for compiled in (None, False)
    )
    assert (len(calls) > 0) == is_quick
    assert all(shape == (texts, shape[1]) for shape in calls)
    np.testing.assert_array_equal(found.sequences, expected.sequences)
    tolerance = 1e-5 if dtype == "float32" else 2e-2
    for scores, others in zip(found.scores, expected.scores, strict=True):
        np.testing.assert_allclose(scores.float().numpy(), others.float().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("how", ["int8", "int4"])
@pytest.mark.parametrize("texts", [1, 3])
def test_integers_in_torch(monkeypatch, how, texts):
    """Integers are multiplied by a compiled loop, whose scores are those of the weights that they stand for."""
    from trivium import torch as door
    from trivium.backends.torch import inference

    calls = []
    compiled_integers = inference._compiled_integers
    monkeypatch.setattr(inference, "_LARGE", 1 << 10)
    monkeypatch.setattr(inference, "_compiled_integers", lambda: calls.append(how) or compiled_integers())
    model, ids = model_of(door), np.random.default_rng(0).integers(0, 1100, (texts, 12))
    model.quantize(how)
    options = {"max_new_tokens": 3, "output_scores": True, "return_dict_in_generate": True}
    found, expected = (model.generate(ids, **options, compiled=compiled) for compiled in (None, False))
    assert len(calls) >= 12  # the layers of two steps
    np.testing.assert_array_equal(found.sequences, expected.sequences)
    for scores, others in zip(found.scores, expected.scores, strict=True):
        np.testing.assert_allclose(scores, others, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("how", ["bfloat16", "int8", "int4"])
def test_no_copies_in_jax(how):
    """A loop in XLA keeps no float32 copy of the weights that it multiplies one row by in every step."""
    import jax
    from flax import nnx

    from trivium import flax as door
    from trivium.backends.flax import products

    model = model_of(door, "bfloat16" if how == "bfloat16" else "float32")
    if how != "bfloat16":
        model.quantize(how)
    graph, state = nnx.split(products.prepared(model).model.layers[0].mlp)
    width, inner = model.config.hidden_size, model.config.intermediate_size

    def loop(state, x):
        mlp = nnx.merge(graph, state, copy=True)
        return jax.lax.while_loop(lambda x: x.max() < 1e9, mlp, x)

    x = jax.numpy.ones((1, 1, width), model.like().dtype)
    compiled = jax.jit(loop).lower(state, x).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 4 * width * inner
