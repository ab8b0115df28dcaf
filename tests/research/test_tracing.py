"""Named activations and interventions, the same in every backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backends import Backend, each_backend
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
    assert np.array_equal(backend.numpy(found["cls.predictions.decoder"]), before)
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
    assert np.array_equal(backend.numpy(backend.call(model, TEXT)[0]), backend.numpy(clean.output[0]))


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
