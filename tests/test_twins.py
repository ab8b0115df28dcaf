"""Programs for Transformers 4's TensorFlow and Flax classes, the import alone changed: what people published, in our words."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trivium
from tests import pipelines_table
from tests.test_pipelines import checkpoint
from trivium.core.errors import ConfigError

SHORT = pipelines_table.SHORT
PROGRAMS: dict[str, Callable[[Path], Any]] = {}


def program(function: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """A program that runs in a folder of checkpoints."""
    PROGRAMS[function.__name__] = function
    return function


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the checkpoints of this module are."""
    return tmp_path_factory.mktemp("twins")


def reference(name: str, folder: Path, text: str = SHORT) -> Any:
    """What PyTorch's class makes of a text."""
    import torch

    place = checkpoint(name, folder)
    model = getattr(trivium, pipelines_table.CHECKPOINTS[name][0]).from_pretrained(place)
    with torch.no_grad():
        return model(**trivium.AutoTokenizer.from_pretrained(place)(text, return_tensors="pt"))


def near(found: Any, expected: Any) -> None:
    """Equal within rounding."""
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=2e-4, atol=2e-5)


# TensorFlow


@program
def tf_three_lines(folder: Path) -> None:
    from trivium import AutoTokenizer, TFBertModel

    place = checkpoint("vectors", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), TFBertModel.from_pretrained(place)
    outputs = model(tokenizer(SHORT, return_tensors="tf"))
    near(outputs.last_hidden_state, reference("vectors", folder).last_hidden_state)


@program
def tf_classifies(folder: Path) -> None:
    import tensorflow as tf

    from trivium import AutoTokenizer, TFAutoModelForSequenceClassification

    place = checkpoint("classes", folder)
    tokenizer = AutoTokenizer.from_pretrained(place)
    model = TFAutoModelForSequenceClassification.from_pretrained(place, from_pt=True)
    logits = model(**tokenizer(SHORT, return_tensors="tf")).logits
    label = int(tf.math.argmax(logits, axis=-1)[0])
    assert model.config.id2label[label] == "LABEL_1"


@program
def tf_answers(folder: Path) -> None:
    import tensorflow as tf

    from trivium import AutoTokenizer, TFBertForQuestionAnswering

    place = checkpoint("answers", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), TFBertForQuestionAnswering.from_pretrained(place)
    inputs = tokenizer("who jumps?", SHORT, return_tensors="tf")
    outputs = model(**inputs)
    start, end = (int(tf.math.argmax(part, axis=-1)[0]) for part in (outputs.start_logits, outputs.end_logits))
    assert isinstance(tokenizer.decode(inputs.input_ids[0, start : end + 1]), str)


@program
def tf_fits_with_a_loss_of_keras(folder: Path) -> None:
    import tensorflow as tf

    from trivium import AutoTokenizer, TFAutoModelForSequenceClassification

    place = checkpoint("classes", folder)
    tokenizer = AutoTokenizer.from_pretrained(place)
    model = TFAutoModelForSequenceClassification.from_pretrained(place, num_labels=2, ignore_mismatched_sizes=True)
    encoded = dict(tokenizer([SHORT, "hello"], padding=True, return_tensors="np"))
    data = tf.data.Dataset.from_tensor_slices((encoded, np.array([0, 1]))).batch(2)
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=tf.keras.optimizers.Adam(learning_rate=3e-3), loss=loss, metrics=["accuracy"])
    history = model.fit(data, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


@program
def tf_fits_with_its_own_loss(folder: Path) -> None:
    from trivium import AutoTokenizer, TFBertForSequenceClassification

    place = checkpoint("classes", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), TFBertForSequenceClassification.from_pretrained(place)
    model.compile(optimizer="adam")
    encoded = dict(tokenizer([SHORT, "hello"], padding=True, return_tensors="np"))
    inside = model.evaluate({**encoded, "labels": np.array([0, 2])}, verbose=0)
    beside = model.evaluate(encoded, np.array([0, 2]), verbose=0)
    near(beside, inside)


@program
def tf_trains_in_a_loop(folder: Path) -> None:
    import tensorflow as tf

    from trivium import AutoTokenizer, TFBertForMaskedLM

    place = checkpoint("masked", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), TFBertForMaskedLM.from_pretrained(place)
    inputs = tokenizer("the quick [MASK]", return_tensors="tf")
    inputs["labels"] = tokenizer("the quick [MASK]", return_tensors="tf")["input_ids"]
    with tf.GradientTape() as tape:
        loss = model(**inputs, training=True).loss
    assert all(gradient is not None for gradient in tape.gradient(loss, model.trainable_variables))


@program
def tf_saves_and_loads(folder: Path) -> None:
    from trivium import TFAutoModel, TFBertModel

    place = folder / "tf_saved"
    TFBertModel.from_pretrained(checkpoint("vectors", folder)).save_pretrained(place)
    assert (place / "tf_model.h5").exists()
    near(
        TFAutoModel.from_pretrained(place)([[2, 5, 3]])[0],
        trivium.BertModel.from_pretrained(place, from_tf=True)(_pt([[2, 5, 3]]))[0].detach(),
    )


@program
def tf_gives_tuples(folder: Path) -> None:
    from trivium import TFBertModel

    model = TFBertModel.from_pretrained(checkpoint("vectors", folder))
    sequence, pooled, hidden, attentions = model(
        [[2, 5, 3]], return_dict=False, output_hidden_states=True, output_attentions=True
    )
    assert len(hidden) == 3 and len(attentions) == 2 and sequence.shape == (1, 3, 16) and pooled.shape == (1, 16)
    outputs = model(input_ids=np.array([[2, 5, 3]]))
    near(outputs[0], sequence)
    near(outputs["pooler_output"], outputs.to_tuple()[1])


@program
def tf_writes(folder: Path) -> None:
    from trivium import AutoTokenizer, TFGPT2LMHeadModel

    place = checkpoint("writes", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), TFGPT2LMHeadModel.from_pretrained(place)
    tokens = model.generate(tokenizer("The quick brown", return_tensors="tf").input_ids, max_new_tokens=5, do_sample=False)
    other = trivium.GPT2LMHeadModel.from_pretrained(place)
    expected = other.generate(tokenizer("The quick brown", return_tensors="pt").input_ids, max_new_tokens=5, do_sample=False)
    assert np.asarray(tokens).tolist() == expected.tolist()


@program
def tf_sees(folder: Path) -> None:
    from trivium import AutoImageProcessor, TFViTForImageClassification

    place = checkpoint("pictures", folder)
    processor, model = AutoImageProcessor.from_pretrained(place), TFViTForImageClassification.from_pretrained(place)
    logits = model(**processor(pipelines_table.given("picture"), return_tensors="tf")).logits
    assert model.config.id2label[int(np.argmax(logits, -1)[0])] == "LABEL_3"


# Flax


@program
def flax_three_lines(folder: Path) -> None:
    from trivium import AutoTokenizer, FlaxBertModel

    place = checkpoint("vectors", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), FlaxBertModel.from_pretrained(place)
    outputs = model(**tokenizer(SHORT, return_tensors="jax"))
    near(outputs.last_hidden_state, reference("vectors", folder).last_hidden_state)


@program
def flax_is_pure(folder: Path) -> None:
    import jax
    import jax.numpy as jnp

    from trivium import AutoTokenizer, FlaxAutoModelForSequenceClassification

    place = checkpoint("classes", folder)
    tokenizer = AutoTokenizer.from_pretrained(place)
    model, params = FlaxAutoModelForSequenceClassification.from_pretrained(place, _do_init=False, dtype=jnp.float32)
    batch = dict(tokenizer(SHORT, return_tensors="np"))
    logits = jax.jit(lambda params, batch: model(**batch, params=params, train=False).logits)(params, batch)
    near(logits, reference("classes", folder).logits)


@program
def flax_trains_with_optax(folder: Path) -> None:
    import jax
    import optax

    from trivium import AutoTokenizer, FlaxBertForSequenceClassification

    place = checkpoint("classes", folder)
    tokenizer = AutoTokenizer.from_pretrained(place)
    model = FlaxBertForSequenceClassification.from_pretrained(place)
    batch, labels = dict(tokenizer([SHORT, "hello"], padding=True, return_tensors="np")), np.array([0, 2])

    def loss_of(params: Any, key: Any) -> Any:
        logits = model(**batch, params=params, dropout_rng=key, train=True)[0]
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    optimizer, params = optax.adam(3e-3), model.params
    state, losses = optimizer.init(params), []
    step = jax.jit(jax.value_and_grad(loss_of))
    for key in jax.random.split(jax.random.PRNGKey(0), 6):
        loss, gradients = step(params, key)
        updates, state = optimizer.update(gradients, state, params)
        params = optax.apply_updates(params, updates)
        losses.append(float(loss))
    assert losses[-1] < losses[0]
    model.save_pretrained(folder / "flax_tuned", params=params)
    assert (folder / "flax_tuned" / "flax_model.msgpack").exists()
    near(model.__class__.from_pretrained(folder / "flax_tuned")(**batch)[0], model(**batch, params=params)[0])


@program
def flax_replaces_params(folder: Path) -> None:
    import jax
    import jax.numpy as jnp

    from trivium import FlaxBertModel

    model = FlaxBertModel.from_pretrained(checkpoint("vectors", folder))
    before = model(np.array([[2, 5, 3]]))[0]
    half = model.to_bf16(model.params)
    assert {leaf.dtype for leaf in jax.tree.leaves(half)} == {jnp.dtype("bfloat16")}
    model.params = model.to_fp32(half)
    assert not np.array_equal(model(np.array([[2, 5, 3]]))[0], before)


@program
def flax_writes(folder: Path) -> None:
    import jax

    from trivium import AutoTokenizer, FlaxGPT2LMHeadModel

    place = checkpoint("writes", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), FlaxGPT2LMHeadModel.from_pretrained(place)
    prompt = tokenizer("The quick brown", return_tensors="np")["input_ids"]
    tokens = model.generate(prompt, params=model.params, max_new_tokens=5, do_sample=False).sequences
    expected = trivium.GPT2LMHeadModel.from_pretrained(place).generate(prompt, max_new_tokens=5, do_sample=False)
    assert np.asarray(tokens).tolist() == expected.tolist()
    drawn = [
        model.generate(prompt, do_sample=True, max_new_tokens=5, prng_key=jax.random.PRNGKey(7)).sequences for _ in range(2)
    ]
    assert np.array_equal(*drawn)


@program
def flax_encodes_and_decodes(folder: Path) -> None:
    from trivium import AutoTokenizer, FlaxBartForConditionalGeneration

    place = checkpoint("sums", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), FlaxBartForConditionalGeneration.from_pretrained(place)
    inputs = tokenizer(SHORT, return_tensors="np")
    start = np.array([[model.config.decoder_start_token_id]])
    encoded = model.encode(**inputs, params=model.params)
    logits = model.decode(start, encoded, encoder_attention_mask=inputs["attention_mask"]).logits
    near(logits, model(**inputs, decoder_input_ids=start).logits)


@program
def flax_compares_pictures_and_texts(folder: Path) -> None:
    from trivium import CLIPProcessor, FlaxCLIPModel

    place = checkpoint("both", folder)
    processor, model = CLIPProcessor.from_pretrained(place), FlaxCLIPModel.from_pretrained(place)
    inputs = processor(text=["a dog", "the fox"], images=pipelines_table.given("picture"), return_tensors="np", padding=True)
    assert model(**inputs).logits_per_image.shape == (1, 2)
    assert model.get_text_features(inputs["input_ids"], inputs["attention_mask"], params=model.params).shape == (2, 12)


@program
def flax_reads_what_tensorflow_wrote(folder: Path) -> None:
    from trivium import FlaxAutoModel, TFAutoModel

    place = folder / "tf_for_flax"
    TFAutoModel.from_pretrained(checkpoint("vectors", folder)).save_pretrained(place)
    assert os.listdir(place).count("tf_model.h5") == 1
    near(
        FlaxAutoModel.from_pretrained(place, from_pt=True)(np.array([[2, 5, 3]]))[0],
        TFAutoModel.from_pretrained(place)([[2, 5, 3]])[0],
    )


@program
def flax_begins_from_a_config(folder: Path) -> None:
    import jax

    from trivium import BertConfig, FlaxBertForMaskedLM

    model = FlaxBertForMaskedLM(BertConfig(**pipelines_table.TEXT), input_shape=(1, 4), seed=0, _do_init=False)
    params = model.init_weights(jax.random.PRNGKey(0), (1, 4))
    assert model(np.array([[2, 5, 3]]), params=params, train=False).logits.shape == (1, 3, 512)


@program
def what_is_not_there_is_refused(folder: Path) -> None:
    from trivium import TFBertModel

    place = checkpoint("vectors", folder)
    for options in (
        {"quantization_config": {}},
        {"variant": "fp16"},
        {"attn_implementation": "flash_attention_2"},
        {"nothing": 1},
    ):
        with pytest.raises(ConfigError, match=next(iter(options))):
            TFBertModel.from_pretrained(place, **options)


def _pt(ids: Any) -> Any:
    import torch

    return torch.tensor(ids)


def test_what_was_loaded_is_told(folder: Path) -> None:
    """`output_loading_info` and dtypes of any framework's."""
    import torch

    place = checkpoint("classes", folder)
    model, info = trivium.BertForSequenceClassification.from_pretrained(
        place,
        num_labels=7,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
        torch_dtype=torch.bfloat16,
        low_cpu_mem_usage=True,
    )
    assert info["mismatched_keys"] == ["classifier.bias", "classifier.weight"] and not info["missing_keys"]
    assert model.dtype == torch.bfloat16 and model.classifier.weight.shape == (7, 16)
    with pytest.raises(ConfigError, match="no dtype of floats"):
        trivium.BertModel.from_pretrained(place, dtype="int8")


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str, folder: Path) -> None:
    """Each checks what it would print."""
    PROGRAMS[name](folder)
