"""What Keras's users expect of a model: compile, fit, predict, save, export, `tf.function`, gradients, dtypes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import drawn
from tests.conftest import Golden, goldens, native_goldens
from tests.test_goldens import TOLERANCE

tf = pytest.importorskip("tensorflow")

from trivium import tensorflow as door  # noqa: E402

import keras  # isort: skip  # noqa: E402

pytestmark = pytest.mark.xdist_group("tensorflow")

ONE_PER_ARCHITECTURE = ("BertForMaskedLM-default", "GPT2LMHeadModel-default", "ViTForImageClassification-no_bias")
one_per_architecture = pytest.mark.parametrize("golden", [g for g in goldens() if repr(g) in ONE_PER_ARCHITECTURE], ids=repr)
FIRST_OF_CLASS = list({g.class_name: g for g in reversed(native_goldens())}.values())
one_per_class = pytest.mark.parametrize("golden", FIRST_OF_CLASS, ids=repr)


def fields(golden: Golden) -> frozenset[str]:
    """The fields of all outputs of a golden."""
    return frozenset(name for case in golden.content["cases"] for name in case["outputs"])


def has_loss(golden: Golden) -> bool:
    """Whether it is of a class with a loss."""
    return "loss" in fields(golden)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test draws the same numbers."""
    keras.utils.set_random_seed(0)


def build(golden: Golden, weights: bool = True, **options: Any) -> Any:
    """A golden's model with its weights, or with first values; `options` are of the class, or change the config."""
    cls = getattr(door, golden.class_name)
    own = {name: options.pop(name) for name in ("dtype", "seed") if name in options}
    model = cls(cls.config_class.from_dict(golden.content["config"] | options), **own)
    if weights:
        model.assign_weights(golden.weights())
    return model


def inputs_of(golden: Golden) -> dict[str, np.ndarray]:
    """The inputs of a call of the golden with labels, if it has one."""
    cases = golden.content["cases"]
    case = next((case for case in cases if "loss" in case["outputs"]), cases[0])
    return drawn.nested({name: drawn.unpack(value) for name, value in case["inputs"].items()})


def first(out: Any) -> np.ndarray:
    """The main output, without the loss."""
    return next(np.asarray(value) for name, value in out.items() if "loss" not in name)


def close(found: Any, wanted: Any, tolerance: float = TOLERANCE) -> None:
    """Asserts that two arrays are the same within a tolerance relative to the largest value."""
    found, wanted = (np.asarray(tf.cast(value, "float32")) for value in (found, wanted))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * max(1.0, float(np.abs(wanted).max())))


def without_labels(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The inputs of a call for inference."""
    return {name: value for name, value in inputs.items() if "label" not in name}


def canonical(model: Any) -> dict[str, np.ndarray]:
    """Every weight by its name on the Hub."""
    return {weight.name: np.array(read()) for weight, read in model.read_weights()}


def same_weights(found: Any, wanted: Any) -> None:
    """Asserts that each weight of one model, and each variable, is the other's."""
    pair = canonical(found), canonical(wanted)
    assert pair[0].keys() == pair[1].keys()
    for name, value in pair[0].items():
        np.testing.assert_array_equal(value, pair[1][name], err_msg=name)
    assert len(found.weights) == len(wanted.weights)


# Weights


@one_per_class
def test_variables_are_the_weights(golden: Golden) -> None:
    """Keras tracks each weight once, and no other, in the dtype asked for; the layers are its own."""
    model = build(golden, dtype="bfloat16")
    assert len(model.trainable_variables) == len(model.layout.weights)
    assert model.count_params() == model.num_parameters()
    assert {variable.dtype for variable in model.trainable_variables} == {"bfloat16"}
    owners = {id(variable) for variable in model.trainable_variables}
    held = {id(getattr(*model._owner(weight))) for weight in model.layout}
    assert owners == held
    own = (keras.layers.Dense, keras.layers.Embedding, keras.layers.LayerNormalization, keras.layers.Conv2D)
    for weight in model.layout:
        assert weight.layer == "Parameter" or isinstance(model._owner(weight)[0], own)


@one_per_architecture
def test_paths_are_those_of_the_weights(golden: Golden) -> None:
    """A variable can be told by its path, which is its weight's."""
    model = build(golden)
    wanted = {"/".join([*weight.owner.split("."), weight.place("tensorflow").name]) for weight in model.layout}
    assert {variable.path for variable in model.trainable_variables} == wanted


@one_per_architecture
def test_weight_decay_leaves_out_by_name(golden: Golden) -> None:
    """An optimizer can leave biases and norms out of weight decay by their names."""
    model = build(golden)
    optimizer = keras.optimizers.AdamW(1e-9, weight_decay=100.0)  # nearly no step, and a decay that shows
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, run_eagerly=True)
    before = canonical(model)
    model.fit(inputs_of(golden), verbose=0)
    for name, value in canonical(model).items():
        left_out = model.layout.weights[name].place("tensorflow").name in ("bias", "gamma", "beta")
        moved = float(np.abs(value - before[name]).max() / np.abs(before[name]).max())
        assert (moved < 3e-8) == left_out, name


# Fit, evaluate, predict


@pytest.mark.parametrize("golden", [g for g in FIRST_OF_CLASS if has_loss(g)], ids=repr)
def test_fit_by_the_own_loss(golden: Golden) -> None:
    """With labels among the inputs, compile without a loss: fit lowers the network's own loss, evaluate returns it."""
    model = build(golden)
    inputs = inputs_of(golden)
    eager = repr(golden) not in ONE_PER_ARCHITECTURE  # the others are compiled, as Keras does unless told otherwise
    model.compile(keras.optimizers.SGD(1e-2), run_eagerly=eager)
    expected = model(**inputs).loss
    close(model.evaluate(inputs, verbose=0), expected)
    history = model.fit(inputs, epochs=1 if eager else 2, verbose=0, batch_size=len(next(iter(inputs.values()))))
    assert model.evaluate(inputs, verbose=0) < float(expected)
    assert len(history.history["loss"]) == (1 if eager else 2)


def test_fit_with_a_loss_of_keras() -> None:
    """With a loss, metrics and `y`, the prediction that counts is the logits; sample weights and tf.data work."""
    golden = next(g for g in goldens() if repr(g) == "BertForSequenceClassification-default")
    model = build(golden)
    inputs = without_labels(inputs_of(golden))
    labels = np.array([1, 0])
    model.compile(
        keras.optimizers.SGD(0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        run_eagerly=True,
    )
    start = model.evaluate(inputs, labels, verbose=0, return_dict=True)
    close(start["loss"], model(**inputs, labels=labels).loss)
    assert start["accuracy"] == np.mean(first(model(**inputs)).argmax(-1) == labels)
    data = tf.data.Dataset.from_tensor_slices((inputs, labels)).repeat(4).batch(2)
    model.fit(data, epochs=2, verbose=0)
    model.fit(inputs, labels, sample_weight=np.array([1.0, 0.5]), verbose=0)
    end = model.evaluate(data, verbose=0, return_dict=True)
    assert end["loss"] < start["loss"]
    model = build(golden)  # with the network's own loss
    model.compile(keras.optimizers.SGD(0.1), metrics=["accuracy"], run_eagerly=True)
    own = model.evaluate({**inputs, "labels": labels}, verbose=0, return_dict=True)
    assert own["accuracy"] == np.mean(first(model(**inputs)).argmax(-1) == labels)


def test_fit_without_labels_says_so() -> None:
    """Neither labels nor a loss: the error says what to give."""
    golden = next(g for g in goldens() if repr(g) == "BertForMaskedLM-default")
    model = build(golden)
    model.compile("adamw")
    with pytest.raises(Exception, match="give labels among the inputs"):
        model.fit(without_labels(inputs_of(golden)), verbose=0)


@pytest.mark.parametrize("golden", list({fields(g): g for g in FIRST_OF_CLASS}.values()), ids=repr)
def test_predict(golden: Golden) -> None:
    """Predict returns the network's output with arrays, batches joined."""
    model = build(golden)
    model.compile(run_eagerly=repr(golden) not in ONE_PER_ARCHITECTURE)
    inputs = without_labels(inputs_of(golden))
    whole = model(**inputs)
    batch = len(next(iter(inputs.values())))
    inputs = {name: np.concatenate([value] * 3) for name, value in inputs.items()}
    found = model.predict(inputs, batch_size=batch, verbose=0)
    assert type(found) is type(whole)
    assert isinstance(first(found), np.ndarray)
    close(first(found), np.concatenate([first(whole)] * 3))


# Saving


@one_per_class
def test_keras_file(golden: Golden, tmp_path: Path) -> None:
    """`save` and `load_model` of a .keras file keep every weight, the config, the dtype and the outputs."""
    for dtype in ("bfloat16", "float32") if repr(golden) in ONE_PER_ARCHITECTURE else ("float32",):
        model = build(golden, dtype=dtype)
        model.save(tmp_path / "model.keras")
        found = keras.saving.load_model(tmp_path / "model.keras")
        assert type(found) is type(model)
        assert found.config == model.config
        same_weights(found, model)
        assert {variable.dtype for variable in found.trainable_variables} == {dtype}
    inputs = without_labels(inputs_of(golden))
    close(first(found(**inputs)), first(model(**inputs)), 0)


def test_keras_file_in_a_fresh_process(tmp_path: Path) -> None:
    """A .keras file loads where only the door was imported, and goes on training where it stopped."""
    golden = next(g for g in goldens() if repr(g) == "BertForSequenceClassification-default")
    model, inputs = build(golden, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0), inputs_of(golden)
    model.compile("adamw", run_eagerly=True)
    model.fit(inputs, verbose=0)
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "inputs.npz", **inputs)
    code = f"""
import numpy as np
from trivium.tensorflow import BertForSequenceClassification
import keras
model = keras.saving.load_model({str(tmp_path / "model.keras")!r})
inputs = dict(np.load({str(tmp_path / "inputs.npz")!r}))
assert int(model.optimizer.iterations) == 1
model.fit(inputs, verbose=0)
np.save({str(tmp_path / "logits.npy")!r}, model.predict(inputs, verbose=0).logits)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], capture_output=True)
    model.fit(inputs, verbose=0)
    close(np.load(tmp_path / "logits.npy"), model.predict(inputs, verbose=0).logits)


@one_per_architecture
def test_weights_file(golden: Golden, tmp_path: Path) -> None:
    """`save_weights` and `load_weights` of a .weights.h5 file are Keras's own, and restore every weight."""
    model, other = build(golden), build(golden, weights=False, seed=1)
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    same_weights(other, model)


@one_per_architecture
def test_saved_model(golden: Golden, tmp_path: Path) -> None:
    """`export` writes a SavedModel that takes any batch size and length, and that TensorFlow runs without Trivium."""
    model = build(golden)
    model.export(tmp_path / "exported", verbose=False)
    inputs = {name: value for name, value in inputs_of(golden).items() if name in model.input_shapes()}
    loaded = tf.saved_model.load(str(tmp_path / "exported"))
    for call in (inputs, {name: np.concatenate([value, value[:1]])[:, : value.shape[1]] for name, value in inputs.items()}):
        if "input_ids" in call:
            call = {name: value[:, 1:5] for name, value in call.items()}
        arrays = {name: tf.constant(value, model.input_shapes()[name][1]) for name, value in call.items()}
        found = loaded.serve(arrays)
        assert isinstance(found, dict)
        close(found["logits"], model(**arrays).logits)


# Functions, gradients


@pytest.mark.slow
@one_per_architecture
def test_function(golden: Golden) -> None:
    """`tf.function(jit_compile=True)` takes inputs of unknown batch size and length, and traces them once."""
    model = build(golden)
    inputs = {name: value for name, value in inputs_of(golden).items() if name in model.input_shapes()}
    traced = []

    def call(inputs: dict[str, Any]) -> Any:
        traced.append(True)
        return model(**inputs).logits

    signature = {name: tf.TensorSpec(shape, dtype) for name, (shape, dtype) in model.input_shapes().items()}
    function = tf.function(call, jit_compile=True, input_signature=[signature])
    for count in (1, 3):
        arrays = {name: tf.constant(np.repeat(value, count, 0), signature[name].dtype) for name, value in inputs.items()}
        if "input_ids" in arrays:
            arrays = {name: value[:, : 4 + count] for name, value in arrays.items()}
        close(function(arrays), model(**arrays).logits)
    assert len(traced) == 1


@pytest.mark.parametrize("jit_compile", [False, True])
def test_images_of_unknown_size(jit_compile: bool) -> None:
    """Swin shifts its windows where there are several, as the sizes at hand say, which a traced function does not know."""
    config = door.SwinConfig(embed_dim=4, depths=(2, 2), num_heads=(1, 2), window_size=2, patch_size=2, image_size=16)
    model = door.SwinModel(config, seed=3)
    signature = tf.TensorSpec((None, 3, None, None))
    function = tf.function(lambda x: model(x).last_hidden_state, input_signature=[signature], jit_compile=jit_compile)
    for size in ((4, 4), (4, 12), (10, 14), (16, 16)):
        image = np.random.default_rng(0).normal(size=(2, 3, *size)).astype(np.float32)
        close(function(image), model(image).last_hidden_state)


@one_per_class
def test_every_weight_gets_a_gradient(golden: Golden) -> None:
    """Every variable that the call uses gets a finite gradient, and not all zeros."""
    model = build(golden)
    inputs = inputs_of(golden)
    with tf.GradientTape() as tape:
        out = model(**inputs, training=True)
        loss = out.loss if "loss" in out else tf.reduce_sum(out[0] ** 2)
        for name in ("mc_loss", "pooler_output"):
            if name in out:
                loss += tf.reduce_sum(out[name])
    names = {id(getattr(*model._owner(weight))): weight.name for weight in model.layout}
    variables = model.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        name = names[id(variable)]
        relative = getattr(model.config, "position_embedding_type", "absolute") != "absolute"
        if "crossattention" in name or "mask_token" in name or (relative and "position_embeddings" in name):
            continue
        assert gradient is not None, name
        dense = tf.convert_to_tensor(gradient)
        assert bool(tf.reduce_all(tf.math.is_finite(dense))), name
        # a bias that moves all scores or all choices alike changes nothing
        assert float(tf.reduce_max(tf.abs(dense))) > 0 or name.endswith("bias"), name


@one_per_architecture
def test_dropout_acts_in_training_only(golden: Golden) -> None:
    """Every rate of the config counts with `training=True`, and only then."""
    rates = [name for name in golden.content["config"] if name.endswith(("_pdrop", "_dropout_prob"))]
    assert len(rates) > 1
    inputs = inputs_of(golden)
    for rate in rates:
        model = build(golden, weights=False, **(dict.fromkeys(rates, 0.0) | {rate: 0.5}))
        plain = first(model(**inputs))
        assert not np.array_equal(first(model(**inputs, training=True)), plain), rate
        assert not np.array_equal(first(model(**inputs, training=True)), first(model(**inputs, training=True))), rate
        assert np.array_equal(first(model(**inputs, training=False)), plain)
        assert np.array_equal(first(model(**inputs)), plain)


# Dtypes


@one_per_architecture
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_dtypes(golden: Golden, dtype: str) -> None:
    """A model in another dtype computes in it; losses at least in float32."""
    inputs = inputs_of(golden)
    wanted = build(golden)(**inputs)
    if "pixel_values" in inputs:
        inputs["pixel_values"] = tf.cast(inputs["pixel_values"], dtype)
    found = build(golden, dtype=dtype)(**inputs, output_hidden_states=True)
    assert {state.dtype.name for state in (*found.hidden_states, found.logits)} == {dtype}
    assert found.loss.dtype.name == ("float64" if dtype == "float64" else "float32")
    for name in ("logits", "loss"):
        close(found[name], wanted[name], 1e-5 if dtype == "float64" else 3e-2)


# As a part of others


def test_inside_a_larger_model() -> None:
    """A network is a layer of another model, functional or subclassed, and trains with it."""
    golden = next(g for g in goldens() if repr(g) == "BertModel-default")
    body = build(golden)
    inputs = {name: inputs_of(golden)[name] for name in ("input_ids", "attention_mask")}
    symbolic = {name: keras.Input((None,), dtype="int32", name=name) for name in inputs}
    pooled = body(symbolic).pooler_output
    model = keras.Model(symbolic, keras.layers.Dense(3)(pooled))
    assert model.count_params() == body.num_parameters() + 16 * 3 + 3
    close(model.layers[-1](body(**inputs).pooler_output), model(inputs))
    before = canonical(body)
    model.compile("sgd", loss="mse", run_eagerly=True)
    model.fit(inputs, np.ones((len(inputs["input_ids"]), 3)), verbose=0)
    assert any(not np.array_equal(value, before[name]) for name, value in canonical(body).items())


def test_trainable_can_be_turned_off() -> None:
    """A frozen body keeps its weights while the head learns."""
    golden = next(g for g in goldens() if repr(g) == "BertForSequenceClassification-default")
    model = build(golden)
    model.bert.trainable = False
    assert len(model.trainable_variables) == 2
    before = canonical(model)
    model.compile("sgd", run_eagerly=True)
    model.fit(inputs_of(golden), verbose=0)
    changed = {name for name, value in canonical(model).items() if not np.array_equal(value, before[name])}
    assert changed == {"classifier.weight", "classifier.bias"}


# Decoding


@pytest.mark.parametrize(
    "golden", [g for g in goldens() if repr(g) in ("GPT2LMHeadModel-default", "BertLMHeadModel-decoder")], ids=repr
)
def test_cached_decoding_in_a_function(golden: Golden) -> None:
    """Decoding token by token with a cache is one traced function, and gives what one call over the whole text gives."""
    model = build(golden)
    tokens = drawn.unpack(golden.content["cases"][0]["inputs"]["input_ids"]).astype(np.int32)
    whole = model(input_ids=tokens).logits
    step = tf.function(lambda token, cache: model(input_ids=token, past_key_values=cache))
    cache = model.init_cache(tokens.shape[0], tokens.shape[1] + 2)
    for index in range(tokens.shape[1]):
        out = step(tf.constant(tokens[:, index : index + 1]), cache)
        cache = out.past_key_values
        close(out.logits[:, 0], whole[:, index])
    assert step.experimental_get_tracing_count() == 1
