"""Chance: what is drawn has the distribution that it should have, in every framework, and can be drawn again.

Every draw is of a fixed seed. Bounds on means are five standard deviations of the mean of independent draws.
"""

from __future__ import annotations

import importlib
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backends import Backend, each_backend, each_framework
from trivium.core.errors import InputError
from trivium.core.pretrained import _construction

PAIR = {
    "vocab_size": 37, "d_model": 8, "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 12,
    "decoder_ffn_dim": 12, "encoder_layers": 2, "decoder_layers": 2, "dropout": 0.0, "attention_dropout": 0.0,
    "activation_dropout": 0.0,
}  # fmt: skip
OPT = {
    "vocab_size": 37, "hidden_size": 8, "num_attention_heads": 2, "ffn_dim": 12, "num_hidden_layers": 2, "dropout": 0.0,
}  # fmt: skip
SPEECH = {
    "vocab_size": 11, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2,
    "conv_dim": (8, 8), "conv_stride": (3, 2), "conv_kernel": (5, 3), "num_conv_pos_embeddings": 6,
    "num_conv_pos_embedding_groups": 2, "num_codevectors_per_group": 5, "codevector_dim": 6, "proj_codevector_dim": 7,
}  # fmt: skip
STILL = {"hidden_dropout": 0.0, "activation_dropout": 0.0, "attention_dropout": 0.0, "feat_proj_dropout": 0.0}
IDS = np.arange(12, dtype=np.int32).reshape(2, 6) + 3
WAVE = np.random.default_rng(0).standard_normal((2, 60)).astype(np.float32)
IMAGE = np.random.default_rng(1).standard_normal((2, 3, 12, 12)).astype(np.float32)
SERIES = np.random.default_rng(2).standard_normal((4, 16, 2)).astype(np.float32)
MANY = 4000


def chance_of(backend: Backend, seed: int = 0) -> tuple[Any, Any]:
    """The network's blocks of chance, and what they draw from."""
    blocks = importlib.import_module(f"trivium.backends.{backend.name}.models.chance")
    if backend.name == "torch":
        import torch

        torch.manual_seed(seed)
    with _construction("float32", seed):
        return blocks, importlib.import_module(f"trivium.backends.{backend.name}.nn").Chance()


def built(backend: Backend, name: str, seed: int = 0, **fields: Any) -> Any:
    cls = getattr(backend.door, name)
    if backend.name == "torch":
        import torch

        torch.manual_seed(seed)
    return cls(cls.config_class(**fields), seed=seed)


def near(found: np.ndarray, expected: np.ndarray, count: int) -> None:
    """Shares of `count` independent draws are what is expected of them."""
    assert (abs(found - expected) <= 5 * np.sqrt(expected * (1 - expected) / count) + 1e-12).all()


# Numbers


@each_backend
def test_numbers_are_uniform_and_others_each_time(backend: Backend) -> None:
    _, chance = chance_of(backend)
    first, second = (backend.numpy(chance((MANY,), backend.array(WAVE))) for _ in range(2))
    assert first.dtype == np.float32 and first.min() >= 0 and first.max() < 1
    near(np.histogram(first, 10, (0, 1))[0] / MANY, np.full(10, 0.1), MANY)
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / math.sqrt(MANY)


@each_framework
def test_layers_draw_apart(backend: Backend) -> None:
    """Two dropouts of one model leave out other elements, though the model has one seed."""
    nn = importlib.import_module(f"trivium.backends.{backend.name}.nn")
    ones = backend.array(np.ones((2, 2000), np.float32))
    with _construction("float32", 0), nn.Model._scope():
        layers = [nn.Dropout(0.5), nn.Dropout(0.5)]
    options = {"training": True} if backend.name == "tensorflow" else {}
    first, second = (backend.numpy(layer(ones, **options)).ravel() for layer in layers)
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / math.sqrt(first.size)


# Layers that are left out

SEES = {"output_hidden_states": True}
FAMILIES: dict[str, tuple[str, dict[str, Any], tuple[str, ...], dict[str, Any]]] = {
    # class, config, rates, inputs
    "bart": ("BartModel", PAIR, ("encoder_layerdrop", "decoder_layerdrop"), {"input_ids": IDS}),
    "m2m_100": ("M2M100Model", PAIR, ("encoder_layerdrop", "decoder_layerdrop"), {"input_ids": IDS, "decoder_input_ids": IDS}),
    "opt": ("OPTModel", OPT, ("layerdrop",), {"input_ids": IDS}),
    "wav2vec2": ("Wav2Vec2Model", SPEECH | STILL | {"apply_spec_augment": False}, ("layerdrop",), {"input_values": WAVE}),
    "whisper": (
        *("WhisperModel", PAIR | {"num_mel_bins": 4, "max_source_positions": 6, "max_target_positions": 9, "pad_token_id": 0}),
        *(
            ("encoder_layerdrop", "decoder_layerdrop"),
            {"input_features": WAVE[:, :48].reshape(2, 4, 12), "decoder_input_ids": IDS},
        ),
    ),
}
OF_EACH = [("torch", family) for family in FAMILIES] + [("tensorflow", "bart"), ("flax", "bart")]


def steps(backend: Backend, out: Any) -> list[bool]:
    """Of each layer but the last, whose output is normalised, whether it changed anything."""
    stacks = [value for name, value in out.items() if name.endswith("hidden_states")]
    pairs = [pair for stack in stacks for pair in itertools.pairwise(stack[:-1])]
    return [not np.array_equal(*(backend.numpy(x) for x in pair)) for pair in pairs]


@pytest.mark.parametrize(("backend", "family"), OF_EACH, indirect=["backend"])
def test_dropped_layers(backend: Backend, family: str) -> None:
    """A layer that is dropped hands on what it was given; outside of training none is dropped, whatever the rate."""
    name, config, rates, inputs = FAMILIES[family]
    model = built(backend, name, **config, **dict.fromkeys(rates, 1.0), **SEES)
    trained = backend.learner(model)(inputs)
    assert steps(backend, trained) == [False] * len(rates)
    model._ready()
    assert steps(backend, backend.call(model, inputs)) == [True] * len(rates)


@each_framework
@pytest.mark.parametrize("scans", [False, True])
def test_share_of_dropped_layers(backend: Backend, scans: bool) -> None:
    """Layers are dropped each for itself, at their rate, held as one or not."""
    if scans and backend.name == "torch":
        return
    config = OPT | {"num_hidden_layers": 11, "layerdrop": 0.4}
    model = built(backend, "OPTModel", **config, **SEES)
    if scans:
        model.scan_layers()
    learn = backend.learner(model, compiled=backend.name == "tensorflow")
    found = np.array([steps(backend, learn({"input_ids": IDS})) for _ in range(40)])
    near(np.mean(~found), np.array(0.4), found.size)
    near(np.mean(~found[:, 1:] & ~found[:, :-1]), np.array(0.16), found.size // 2)


# Spans that are hidden


def expected_spans(size: int, length: int, counted: int, count: int) -> np.ndarray:
    """How likely each place is hidden by `count` spans whose beginnings are drawn without putting back."""
    starts = counted - length + 1
    covering = [min(place, starts - 1) - max(0, place - length + 1) + 1 for place in range(size)]
    return np.array([1 - math.comb(starts - max(n, 0), count) / math.comb(starts, count) for n in covering])


@each_backend
def test_spans(backend: Backend) -> None:
    """Each sample has as many spans as its length asks for, and each place of them is as likely as it should be."""
    blocks, chance = chance_of(backend)
    lengths = np.repeat(np.array([16, 8, 2], np.int32), MANY)
    found = backend.numpy(blocks.spans(chance, backend.array(WAVE), 16, backend.array(lengths), 0.375, 3, 0))
    assert found.dtype == bool and found.shape == (3 * MANY, 16)
    near(found[:MANY].mean(0), expected_spans(16, 3, 16, 2), MANY)
    near(found[MANY : 2 * MANY].mean(0), expected_spans(16, 3, 8, 1), MANY)
    assert not found[2 * MANY :].any()  # there is no room for a span


def test_spans_at_least_and_at_most() -> None:
    blocks, chance = chance_of(Backend("numpy"))
    for share, least, count in ((0.0, 2, 2), (1.0, 0, 4)):
        found = blocks.spans(chance, WAVE, 12, np.full(MANY, 12), share, 3, least)
        near(found.mean(0), expected_spans(12, 3, 12, count), MANY)
    with pytest.raises(InputError, match="spans of 10 places are to be hidden of 4"):
        blocks.spans(chance, WAVE, 4, np.full(2, 4), 0.5, 10, 0)


def test_part_of_a_span_is_a_chance_of_one_more() -> None:
    """0.75 spans are one in three calls of four, for the whole batch."""
    blocks, chance = chance_of(Backend("numpy"))
    found = np.array([blocks.spans(chance, WAVE, 12, np.array([12, 12]), 0.1875, 3, 0).any(1) for _ in range(400)])
    assert (found[:, 0] == found[:, 1]).all()
    near(found[:, 0].mean(), np.array(0.75), 400)


@each_framework
def test_speech_with_spans_hidden(backend: Backend) -> None:
    """In training a recording is heard with spans of its frames hidden; frames and features that are all hidden say nothing."""
    rates = {"layerdrop": 0.0, "mask_time_length": 2, "mask_feature_length": 2}
    whole = {"mask_time_prob": 1.0, "mask_time_length": 1, "mask_feature_prob": 1.0, "mask_feature_length": 1}
    model = built(backend, "Wav2Vec2Model", **SPEECH | STILL | rates)
    learn = backend.learner(model)
    first, second = (backend.numpy(learn({"input_values": WAVE}).last_hidden_state) for _ in range(2))
    assert not np.allclose(first, second, atol=1e-4)
    deaf = backend.learner(built(backend, "Wav2Vec2Model", **SPEECH | STILL | rates | whole))
    first, second = (backend.numpy(deaf({"input_values": x}).last_hidden_state) for x in (WAVE, WAVE[::-1].copy()))
    assert np.array_equal(first, second)


@each_framework
def test_spectrograms_with_spans_hidden(backend: Backend) -> None:
    """Whisper's spans are of its input: all frames of the first sound, whose mask leaves no room for one, are heard."""
    name, config, _, inputs = FAMILIES["whisper"]
    spans = {"apply_spec_augment": True, "mask_time_prob": 1.0, "mask_time_length": 2}
    model = built(backend, name, **config, **spans)
    mask = np.array([[1] + [0] * 11, [1] * 12], np.int32)
    trained = backend.numpy(backend.learner(model)(inputs | {"attention_mask": mask}).encoder_last_hidden_state)
    model._ready()
    heard = backend.numpy(backend.call(model, inputs).encoder_last_hidden_state)
    assert np.allclose(trained[0], heard[0], atol=1e-6) and not np.allclose(trained[1], heard[1], atol=1e-3)


# One of several


@each_backend
def test_samples_of_a_choice(backend: Backend) -> None:
    """One of all is chosen, as often as the softmax says, whatever the temperature."""
    blocks, chance = chance_of(backend)
    logits = np.array([0.0, 1.0, -1.0, 0.5], np.float32)
    for temperature in (0.5, 2.0):
        found = blocks.gumbel_softmax(chance, backend.array(np.tile(logits, (MANY, 1))), temperature)
        found = backend.numpy(found)
        assert np.allclose(np.sort(found, -1), [0, 0, 0, 1], atol=1e-6)
        near(found.mean(0), np.exp(logits) / np.exp(logits).sum(), MANY)


def test_gradient_of_a_choice() -> None:
    """It is PyTorch's own: that of the softmax of logits and noise, over the temperature."""
    import torch

    blocks, _ = chance_of(Backend("torch"))
    uniform = torch.rand(3, 5, generator=torch.Generator().manual_seed(0))
    logits = torch.randn(3, 5, generator=torch.Generator().manual_seed(1)).requires_grad_()
    weights = torch.randn(3, 5, generator=torch.Generator().manual_seed(2))
    found = blocks.gumbel_softmax(lambda shape, like: uniform, logits, 1.5)
    (gradient,) = torch.autograd.grad((found * weights).sum(), logits)
    soft = ((logits - (-uniform.log()).log()) / 1.5).softmax(-1)
    (expected,) = torch.autograd.grad((soft * weights).sum(), logits)
    assert torch.equal(found.argmax(-1), soft.argmax(-1)) and torch.allclose(gradient, expected, atol=1e-6)


# All of it, compiled


@each_framework
def test_chance_is_compiled_and_trains(backend: Backend) -> None:
    """One compiled step draws anew each time, and every weight that the loss depends on has a finite gradient."""
    config = SPEECH | {"layerdrop": 0.5, "mask_time_length": 2, "mask_feature_prob": 0.5, "mask_feature_length": 2}
    model = built(backend, "Wav2Vec2ForPreTraining", **config)
    generator = np.random.default_rng(3)
    inputs = {
        "input_values": WAVE,
        "mask_time_indices": np.array([[0, 1, 1, 0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1, 0]], bool),
        "sampled_negative_indices": generator.integers(0, 18, (2, 9, 4)),
    }
    learn = backend.learner(model, compiled=True)
    losses = [float(backend.numpy(learn(inputs).loss)) for _ in range(4)]
    assert len(set(losses)) == 4 and all(map(math.isfinite, losses))
    if backend.name == "torch":
        learn(inputs).loss.backward()
        found = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    elif backend.name == "flax":
        import jax
        from flax import nnx

        def loss(params: Any, key: Any) -> Any:
            return model.apply(params, **inputs, train=True, rngs=key).loss

        gradients = jax.jit(jax.grad(loss))(model.params, jax.random.key(0))
        found = {str(path): leaf for path, leaf in jax.tree.leaves_with_path(gradients)}
        assert jax.tree.leaves(nnx.state(model, nnx.RngState))
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = model(**inputs, training=True).loss
        pairs = zip(model.trainable_variables, tape.gradient(value, model.trainable_variables), strict=True)
        found = {variable.path: gradient for variable, gradient in pairs if gradient is not None}
    assert all(np.isfinite(backend.numpy(gradient)).all() for gradient in found.values())
    codes = [np.abs(backend.numpy(gradient)).max() for name, gradient in found.items() if "weight_proj" in name]
    assert codes and max(codes) > 0  # which an argmax would not let through


# Patches that are hidden

PATCHES = {
    "ViTMAEModel": (
        {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12, "image_size": 12,
         "patch_size": 4, "mask_ratio": 0.6}, {"pixel_values": IMAGE}, 6,
    ),
    "PatchTSTModel": (
        {"num_input_channels": 2, "context_length": 16, "patch_length": 4, "patch_stride": 4, "num_hidden_layers": 1,
         "d_model": 8, "num_attention_heads": 2, "ffn_dim": 12, "do_mask_input": True, "random_mask_ratio": 0.5},
        {"past_values": SERIES}, 2,
    ),
}  # fmt: skip


@each_backend
@pytest.mark.parametrize("name", PATCHES)
def test_hidden_patches_are_drawn(backend: Backend, name: str) -> None:
    """Without noise as an input a model draws it, in training or not: so many patches, others each time."""
    config, inputs, count = PATCHES[name]
    model = built(backend, name, **config)
    model._ready()
    call = model if backend.name == "numpy" else lambda **arrays: model(**arrays)
    masks = [backend.numpy(call(**{key: backend.array(value) for key, value in inputs.items()}).mask) for _ in range(2)]
    assert (masks[0].sum(-1) == count).all() and not np.array_equal(*masks)


# Seeds


@pytest.mark.parametrize("backend", ["tensorflow", "flax"], indirect=True)
def test_seeds_reach_dropout(backend: Backend, tmp_path: Path) -> None:
    """A model that is loaded or made again with a seed drops what it dropped; with another seed it does not."""
    config = OPT | {"dropout": 0.3, "num_hidden_layers": 1}
    built(backend, "OPTModel", **config).save_pretrained(tmp_path)

    def trained(model: Any) -> np.ndarray:
        return backend.numpy(backend.learner(model)({"input_ids": IDS}).last_hidden_state)

    cls = backend.door.OPTModel
    first, again, other = (trained(cls.from_pretrained(tmp_path, seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.allclose(first, other, atol=1e-3)
    first, again = (trained(backend.door.AutoModel.from_config(cls.config_class(**config), seed=1)) for _ in range(2))
    assert np.array_equal(first, again)


def test_pytorch_draws_from_its_own_generator() -> None:
    import torch

    backend = Backend("torch")
    learn = backend.learner(built(backend, "BartModel", **PAIR | {"dropout": 0.3, "encoder_layerdrop": 0.3}))
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(backend.numpy(learn({"input_ids": IDS}).last_hidden_state))
    assert np.array_equal(found[0], found[1]) and not np.allclose(found[0], found[2], atol=1e-3)


def test_numpy_does_not_train() -> None:
    with pytest.raises(InputError, match="NumPy's models are for inference"):
        built(Backend("numpy"), "BartModel", **PAIR).train()
