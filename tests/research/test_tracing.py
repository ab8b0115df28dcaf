"""Named activations and interventions, the same in every backend."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests import calls
from tests.backends import Backend, each_backend, each_framework
from tests.conftest import Golden, one_golden_per_class, stands_for_all
from trivium.core.errors import InputError
from trivium.research.tracing import add, replace, zero

TEXT = {"input_ids": np.array([[1, 5, 9, 2], [3, 4, 0, 0]]), "attention_mask": np.array([[1, 1, 1, 1], [1, 1, 0, 0]])}
SIZES = {"vocab_size": 11, "hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 12}


def model_of(backend: Backend, name: str, **fields: Any) -> Any:
    """A tiny model for inference, of the same weights in every backend."""
    cls = getattr(backend.door, name)
    model = cls(cls.config_class(**{**SIZES, **fields}), seed=1)
    model._ready()
    return model


@each_backend
def test_activations(backend: Backend) -> None:
    """What parts return is what the model itself tells of them, and what NumPy says; the model is as it was before."""
    model, reference = (model_of(each, "BertForMaskedLM") for each in (backend, Backend("numpy")))
    kinds = [type(model.bert.encoder.layer[i]) for i in range(3)]
    before = backend.numpy(backend.call(model, TEXT).logits)
    found = model.trace(
        TEXT,
        ["bert.embeddings", "bert.encoder.layer.?", "*.2.attention.self.query", "cls.predictions.decoder"],
        output_hidden_states=True,
    )
    states = found.output.hidden_states
    assert list(found.activations) == [
        "bert.embeddings", "bert.encoder.layer.0", "bert.encoder.layer.1", "bert.encoder.layer.2.attention.self.query",
        "bert.encoder.layer.2", "cls.predictions.decoder",
    ]  # fmt: skip
    assert np.array_equal(backend.numpy(found["bert.embeddings"]), backend.numpy(states[0]))
    for i in range(3):
        assert np.array_equal(backend.numpy(found[f"bert.encoder.layer.{i}"]), backend.numpy(states[i + 1]))
    assert np.allclose(backend.numpy(found["cls.predictions.decoder"]), before, rtol=0, atol=1e-6)  # Flax's call is compiled
    wanted = reference.trace(TEXT)
    assert len(wanted.activations) > 40
    everything = model.trace(TEXT).activations
    # a fused kernel needs no dropout when there is nothing to drop
    assert {name for name in {*everything} ^ {*wanted.activations} if not name.endswith("self.dropout")} == set()
    for name, value in everything.items():
        assert np.allclose(backend.numpy(value), wanted[name], rtol=0, atol=1e-5), name
    assert [type(model.bert.encoder.layer[i]) for i in range(3)] == kinds
    assert np.array_equal(backend.numpy(backend.call(model, TEXT).logits), before)


@each_backend
def test_edits(backend: Backend) -> None:
    """Zero, add and replace do to the output what they do in NumPy, by arithmetic done by hand."""
    model = model_of(backend, "BertModel")
    clean = model.trace(TEXT, ["encoder.layer.*.attention", "encoder.layer.1"])
    layer = "encoder.layer.1"
    zeroed = model.trace(TEXT, ["encoder.layer.2"], {"encoder.layer.2": zero})
    assert not np.any(backend.numpy(zeroed.output.last_hidden_state))
    assert not np.any(backend.numpy(zeroed["encoder.layer.2"]))
    shifted = model.trace(TEXT, [layer], {layer: add(2.0)})
    assert np.allclose(backend.numpy(shifted[layer]), backend.numpy(clean[layer]) + 2, atol=1e-6)
    # what another input left behind a layer decides all that follows
    other = model.trace({**TEXT, "input_ids": TEXT["input_ids"][::-1].copy()}, [layer])
    patched = model.trace(TEXT, ["encoder.layer.2"], {layer: replace(other[layer])})
    straight = model.trace({**TEXT, "input_ids": TEXT["input_ids"][::-1].copy()}, ["encoder.layer.2"])
    assert np.allclose(backend.numpy(patched["encoder.layer.2"]), backend.numpy(straight["encoder.layer.2"]), atol=1e-6)
    # a function of one's own, on all attentions at once
    silent = model.trace(TEXT, ["encoder.layer.0.attention"], {"encoder.layer.*.attention": lambda x: x * 0.0})
    assert not np.any(backend.numpy(silent["encoder.layer.0.attention"]))
    with pytest.raises(InputError, match=r"\(2, 8\) cannot stand for .* \(2, 4, 8\)"):
        model.trace(TEXT, [layer], {layer: replace(clean[layer][:, 0])})
    # after an error, nothing watches any more
    assert np.allclose(backend.numpy(backend.call(model, TEXT)[0]), backend.numpy(clean.output[0]), rtol=0, atol=1e-6)


@each_backend
def test_shared_layer(backend: Backend) -> None:
    """A layer that is called several times has several activations, and an edit acts on each."""
    model = model_of(backend, "AlbertModel", embedding_size=6)
    path = next(path for path in model.layout.parts if path.endswith("albert_layers.0"))
    found = model.trace(TEXT, [path], output_hidden_states=True)
    assert len(found[path]) == 3
    assert np.array_equal(backend.numpy(found[path][2]), backend.numpy(found.output.hidden_states[3]))


def test_gradients_flow() -> None:
    """In PyTorch an activation is a node of the graph."""
    backend = Backend("torch")
    found = model_of(backend, "BertModel").trace(TEXT, ["encoder.layer.0"])
    found["encoder.layer.0"].retain_grad()
    found.output.last_hidden_state.sum().backward()
    assert found["encoder.layer.0"].grad.abs().sum() > 0


@pytest.mark.parametrize("golden", [golden for golden in one_golden_per_class() if stands_for_all(golden)], ids=repr)
def test_every_architecture(golden: Golden) -> None:
    """Of each, all parts that are called can be named, and changed: the last to return makes zeros, which all see."""
    model, inputs, options = calls.built(Backend("numpy"), golden), calls.inputs_of(golden.call), golden.call["options"]
    found = model.trace(inputs, **options)
    named = {path for path in model.layout.parts if path and not re.search(r"experts\.\d", path)}
    assert set(found.activations) <= named and len(found.activations) > 8
    last = next(path for path in reversed(found.activations) if hasattr(found[path], "shape"))
    again = model.trace(inputs, [last], {last: zero}, **options)
    assert again[last].shape == found[last].shape and not again[last].any()


def test_stacks() -> None:
    """One of several experts, or a layer of a scan, is no module of its own: it is refused by name, and the rest is there."""
    experts, sizes = "layers.0.block_sparse_moe.experts", {"num_local_experts": 3, "num_key_value_heads": 2}
    model = model_of(Backend("numpy"), "MixtralModel", **sizes)
    with pytest.raises(InputError, match=rf"'{experts}.1' is kept in one stack with its like, .*\n.*name the whole"):
        model.trace(TEXT, [f"{experts}.1"])
    assert experts in model.trace(TEXT).activations
    scanned = model_of(Backend("flax"), "BertModel")
    scanned.scan_layers()
    with pytest.raises(InputError, match=r"'encoder.layer.1' is kept in one stack"):
        scanned.trace(TEXT, ["encoder.layer.1"])
    assert "embeddings" in scanned.trace(TEXT).activations


def in_torch(model: Any, run: Callable[..., Any]) -> Any:
    """A trace of a model that was compiled in its place, and called, with nobody watching."""
    model.compile(backend="eager")
    Backend("torch").call(model, TEXT)
    return run(model, TEXT)


def in_flax(model: Any, run: Callable[..., Any]) -> Any:
    """A trace within a compiled function of JAX."""
    import jax

    return jax.jit(lambda params, inputs: run(model.with_params(params), inputs))(model.params, TEXT)


def in_tensorflow(model: Any, run: Callable[..., Any]) -> Any:
    """A trace within a compiled function of TensorFlow."""
    import tensorflow as tf

    return tf.function(lambda inputs: run(model, inputs))({name: tf.constant(value) for name, value in TEXT.items()})


@each_framework
def test_edits_are_compiled(backend: Backend) -> None:
    """Compiled, a trace and its edits do what they do otherwise: they are not left out."""
    layer = "encoder.layer.1"

    def run(model: Any, inputs: Any) -> Any:
        found = model.trace(inputs, [layer], {layer: add(2.0)})
        return found[layer], found.output.last_hidden_state

    model = model_of(backend, "BertModel")
    wanted = [backend.numpy(tensor) for tensor in run(model, TEXT)]
    compiled = {"torch": in_torch, "flax": in_flax, "tensorflow": in_tensorflow}[backend.name]
    found = compiled(model, run)
    assert all(np.allclose(backend.numpy(one), other, rtol=0, atol=1e-5) for one, other in zip(found, wanted, strict=True))
    clean = backend.numpy(backend.call(model_of(backend, "BertModel"), TEXT).last_hidden_state)
    assert not np.allclose(wanted[1], clean, atol=1e-2)


def test_saving_is_unharmed(tmp_path: Any) -> None:
    """Keras knows its classes as before, after a body was watched."""
    import keras

    model = model_of(Backend("tensorflow"), "BertForMaskedLM")
    out = model.trace(TEXT, ["bert"]).output
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again) is type(model)
    assert np.array_equal(again(TEXT).logits, out.logits)


def test_no_such_part() -> None:
    """A wrong name is told, with the nearest; and one that was not called."""
    model = model_of(Backend("numpy"), "BertModel")
    with pytest.raises(InputError, match=r"BertModel has no part 'encoder.layers.0'\n.*did you mean 'encoder.layer.0'"):
        model.trace(TEXT, ["encoder.layers.0"])
    with pytest.raises(InputError, match="no part 'decoder'"):
        model.trace(TEXT, ["encoder"], {"decoder": zero})
    whole = model_of(Backend("numpy"), "BertForMaskedLM")
    with pytest.raises(InputError, match=r"'cls' was not called\n.*held for its weights alone"):
        whole.trace(TEXT, ["cls", "bert"])
