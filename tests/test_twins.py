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
from trivium.core.errors import ConfigError, InputError

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
    near(model({"input_ids": np.array([[2, 5, 3]]), "head_mask": None})[0], sequence)
    with pytest.raises(InputError, match=r"head_mask(.|\n)*trace"):
        model(np.array([[2, 5, 3]]), head_mask=np.ones((2, 2)))


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
    before = model(np.array([[2, 5, 3]]), head_mask=None)[0]
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


EXAMPLES = [
    {
        "text": SHORT,
        "question": "who jumps?",
        "words": ["the", "quick", "fox"],
        "tags": [0, 1, 2],
        "label": 1,
        "start": 2,
        "end": 3,
    },
    {"text": "hello world", "question": "what?", "words": ["hello"], "tags": [2], "label": 0, "start": 1, "end": 1},
    {
        "text": "the lazy dog",
        "question": "which dog?",
        "words": ["lazy", "dog"],
        "tags": [1, 0],
        "label": 2,
        "start": 1,
        "end": 2,
    },
]
"""What the notebooks map and train on, as a data set gives them."""


@program
def tf_notebook_of_texts(folder: Path) -> None:
    from trivium import AutoTokenizer, DataCollatorWithPadding, TFAutoModelForSequenceClassification

    place = checkpoint("classes", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), TFAutoModelForSequenceClassification.from_pretrained(place)
    rows = [{**tokenizer(row["text"], truncation=True), "label": row["label"]} for row in EXAMPLES]
    collate = DataCollatorWithPadding(tokenizer=tokenizer, return_tensors="np")
    data = model.prepare_tf_dataset(rows, batch_size=2, shuffle=True, collate_fn=collate)
    held = model.prepare_tf_dataset(rows, batch_size=2, shuffle=False, tokenizer=tokenizer)
    assert len(data) == 1 and len(held) == 2
    inputs, labels = next(iter(held))
    assert set(inputs) == {"input_ids", "token_type_ids", "attention_mask"} and labels.numpy().tolist() == [1, 0]
    model.compile(optimizer="adam")
    history = model.fit(data, validation_data=held, epochs=1, verbose=0).history
    assert np.isfinite(history["val_loss"][0])


@program
def tf_notebook_of_words(folder: Path) -> None:
    from trivium import AutoTokenizer, DataCollatorForTokenClassification, TFBertForTokenClassification

    place = checkpoint("classes", folder)
    tokenizer = AutoTokenizer.from_pretrained(place)
    model = TFBertForTokenClassification.from_pretrained(place)

    def aligned(row: dict[str, Any]) -> dict[str, Any]:
        found = tokenizer(row["words"], is_split_into_words=True, truncation=True)
        labels, before = [], None
        for word in found.word_ids():
            labels.append(-100 if word is None or word == before else row["tags"][word])
            before = word
        return {**found, "labels": labels}

    collate = DataCollatorForTokenClassification(tokenizer, return_tensors="tf")
    data = model.prepare_tf_dataset([aligned(row) for row in EXAMPLES], batch_size=3, shuffle=False, collate_fn=collate)
    model.compile(optimizer="adam")
    assert np.isfinite(model.fit(data, epochs=1, verbose=0).history["loss"][0])


@program
def tf_notebook_of_answers(folder: Path) -> None:
    from trivium import AutoTokenizer, TFAutoModelForQuestionAnswering

    place = checkpoint("answers", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), TFAutoModelForQuestionAnswering.from_pretrained(place)
    found = tokenizer(
        [row["question"] for row in EXAMPLES], [row["text"] for row in EXAMPLES], truncation="only_second", max_length=24,
        padding="max_length", return_offsets_mapping=True,
    )  # fmt: skip
    rows = [
        {
            "input_ids": ids,
            "token_type_ids": types,
            "attention_mask": mask,
            "start_positions": row["start"],
            "end_positions": row["end"],
        }
        for ids, types, mask, row in zip(
            found["input_ids"], found["token_type_ids"], found["attention_mask"], EXAMPLES, strict=True
        )
    ]
    data = model.prepare_tf_dataset(rows, batch_size=3, shuffle=False)
    model.compile(optimizer="adam", jit_compile=False)
    assert np.isfinite(model.fit(data, epochs=1, verbose=0).history["loss"][0])
    out = model.predict(
        model.prepare_tf_dataset([{"input_ids": row["input_ids"]} for row in rows], batch_size=3, shuffle=False), verbose=0
    )
    assert out["start_logits"].shape == (3, 24)


@program
def tf_notebook_of_summaries(folder: Path) -> None:
    from trivium import AutoTokenizer, DataCollatorForSeq2Seq, TFAutoModelForSeq2SeqLM

    place = checkpoint("sums", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), TFAutoModelForSeq2SeqLM.from_pretrained(place)
    rows = [{**tokenizer(row["text"]), "labels": tokenizer(text_target=row["question"])["input_ids"]} for row in EXAMPLES]
    collate = DataCollatorForSeq2Seq(tokenizer, model=model, return_tensors="np")
    data = model.prepare_tf_dataset(rows, batch_size=3, shuffle=False, collate_fn=collate)
    model.compile(optimizer="adam")
    assert np.isfinite(model.fit(data, epochs=1, verbose=0).history["loss"][0])
    written = model.generate(**tokenizer("hello", return_tensors="tf"), max_new_tokens=4, num_beams=2)
    assert isinstance(tokenizer.batch_decode(written, skip_special_tokens=True)[0], str)


@program
def tf_adds_tokens(folder: Path) -> None:
    from trivium import BertTokenizer, TFBertForMaskedLM

    place = checkpoint("masked", folder)
    tokenizer, model = BertTokenizer.from_pretrained(place), TFBertForMaskedLM.from_pretrained(place)
    before = model(tokenizer("the quick", return_tensors="tf")).logits
    tokenizer.add_tokens(["<first>", "<second>"])
    model.resize_token_embeddings(len(tokenizer))
    after = model(tokenizer("the quick", return_tensors="tf")).logits
    assert after.shape[-1] == len(tokenizer) == model.config.vocab_size
    near(after[..., :500], before[..., :500])
    model.compile("adam")
    inputs = tokenizer(["<first> dog"], return_tensors="np")
    assert np.isfinite(model.fit({**inputs, "labels": inputs["input_ids"]}, verbose=0).history["loss"][0])
    with pytest.raises(AttributeError, match="instead: cut the weights"):
        model.prune_heads({0: [1]})


@program
def flax_script_of_glue(folder: Path) -> None:
    import jax
    import jax.numpy as jnp
    import optax

    from trivium import AutoConfig, AutoTokenizer, FlaxAutoModelForSequenceClassification

    place = checkpoint("classes", folder)
    config = AutoConfig.from_pretrained(place, num_labels=3)
    tokenizer = AutoTokenizer.from_pretrained(place, use_fast=True)
    model = FlaxAutoModelForSequenceClassification.from_pretrained(place, config=config, seed=1)
    data = tokenizer(
        [row["text"] for row in EXAMPLES], padding="max_length", max_length=16, truncation=True, return_tensors="np"
    )
    labels = np.array([row["label"] for row in EXAMPLES])
    decayed = jax.tree_util.tree_map_with_path(
        lambda path, _: str(path[-1].key) not in ("bias", "scale"), model.params
    )  # as the script leaves out biases and norms
    optimizer = optax.adamw(optax.linear_schedule(1e-3, 0, 4), weight_decay=0.01, mask=decayed)

    @jax.jit
    def train_step(params: Any, state: Any, batch: Any, labels: Any, key: Any) -> Any:
        def loss_of(params: Any) -> Any:
            logits = model(**batch, params=params, dropout_rng=key, train=True)[0]
            return jnp.mean(optax.softmax_cross_entropy(logits, jax.nn.one_hot(labels, 3)))

        loss, gradients = jax.value_and_grad(loss_of)(params)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, loss

    params, state = model.params, optimizer.init(model.params)
    for key in jax.random.split(jax.random.PRNGKey(0), 2):
        params, state, loss = train_step(params, state, dict(data), labels, key)
    assert np.isfinite(loss) and model.required_params == {
        tuple(part.key for part in path) for path, _ in jax.tree.leaves_with_path(params)
    }
    assert model(**data, params=params, train=False).logits.argmax(-1).shape == (3,)


@program
def flax_script_of_masks(folder: Path) -> None:
    import jax
    import optax

    from trivium import AutoTokenizer, DataCollatorForLanguageModeling, FlaxAutoModelForMaskedLM

    place = checkpoint("masked", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), FlaxAutoModelForMaskedLM.from_pretrained(place)
    collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.5, return_tensors="np", seed=0)
    batch = dict(collate([tokenizer(row["text"], return_special_tokens_mask=True) for row in EXAMPLES]))
    labels = batch.pop("labels")

    def loss_of(params: Any) -> Any:
        logits, counted = model(**batch, params=params, train=False)[0], labels >= 0
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, np.maximum(labels, 0))
        return (losses * counted).sum() / counted.sum()

    before = model.params
    gradients = jax.grad(loss_of)(before)
    after = jax.tree.map(lambda weight, slope: weight - 0.1 * slope, before, gradients)
    assert loss_of(after) < loss_of(before)
    model.save_pretrained(folder / "flax_masked", params=after)
    tokenizer.save_pretrained(folder / "flax_masked")
    assert (folder / "flax_masked" / "flax_model.msgpack").exists()


@program
def flax_adds_tokens(folder: Path) -> None:
    import jax.numpy as jnp

    from trivium import AutoTokenizer, FlaxBertForMaskedLM

    place = checkpoint("masked", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), FlaxBertForMaskedLM.from_pretrained(place)
    before = model(**tokenizer("the quick", return_tensors="np")).logits
    tokenizer.add_special_tokens({"additional_special_tokens": ["<speaker>"]})
    model.resize_token_embeddings(len(tokenizer), pad_to_multiple_of=8, mean_resizing=False)
    assert model.config.vocab_size % 8 == 0 and model.params_shape_tree["bert"]["embeddings"]["word_embeddings"][
        "embedding"
    ].shape == (model.config.vocab_size, 16)
    near(model(**tokenizer("the quick", return_tensors="np")).logits[..., :500], before[..., :500])
    assert model(**tokenizer("<speaker>", return_tensors="np"), params=model.to_bf16(model.params)).logits.dtype == jnp.bfloat16


@program
def sentences_are_compared(folder: Path) -> None:
    import torch

    from trivium import AutoModel, AutoTokenizer

    place = checkpoint("vectors", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), AutoModel.from_pretrained(place)
    encoded = tokenizer([SHORT, "hello"], padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        output = model(**encoded)
    mask = encoded["attention_mask"].unsqueeze(-1).expand(output[0].size()).float()
    pooled = torch.sum(output[0] * mask, 1) / torch.clamp(mask.sum(1), min=1e-9)
    vectors = torch.nn.functional.normalize(pooled, p=2, dim=1)
    alone = AutoModel.from_pretrained(place)(**tokenizer("hello", return_tensors="pt"))[0].mean(1)
    near((vectors[1] * torch.nn.functional.normalize(alone, dim=1)[0]).sum().detach(), 1.0)


@program
def zero_shot_by_hand(folder: Path) -> None:
    import torch

    from trivium import AutoTokenizer, BertForSequenceClassification, pipeline

    place = checkpoint("follows", folder)
    tokenizer, model = AutoTokenizer.from_pretrained(place), BertForSequenceClassification.from_pretrained(place)
    scores = {}
    for name in ("a fox", "the world"):
        inputs = tokenizer.encode_plus(SHORT, f"This example is {name}.", return_tensors="pt", truncation="only_first")
        with torch.no_grad():
            scores[name] = model(**inputs).logits[0, [0, 2]].softmax(-1)[1].item()  # contradiction, entailment
    found = pipeline("zero-shot-classification", model=str(place), backend="torch")(SHORT, list(scores), multi_label=True)
    near([scores[name] for name in found["labels"]], found["scores"])


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
