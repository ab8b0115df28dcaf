"""Every class against Transformers: names and shapes of the weights, outputs in all backends, greedy decoding."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import drawn
from tests.backends import Backend, each_backend
from tests.conftest import Golden, every_golden, goldens
from trivium.convert.names import key
from trivium.convert.rules import rules_of
from trivium.core.layout import layout
from trivium.models import catalogue

TOLERANCE = 1e-5  # relative to the largest value, float32


@every_golden
def test_layout(golden: Golden) -> None:
    """The layout, drawn without a framework, is the file on the Hub; with its ties it is PyTorch's state dict."""
    config = catalogue.config_class(golden.content["config"]["model_type"]).from_dict(golden.content["config"])
    found = layout(catalogue.network_class(golden.class_name), config)
    rules = rules_of(catalogue.folder_of_type(config.model_type))
    names = {weight: key(weight, found, "torch", rules) for weight in found}
    saved = [weight for weight in found if names[weight] in golden.content["weights"] or not weight.init.given]
    assert {names[weight]: list(weight.shape) for weight in saved} == golden.content["weights"]
    assert {*found.weights, *found.ties, *found.fixed} == set(golden.content["state_dict"])


def test_every_class_has_a_golden() -> None:
    """No class goes untested."""
    classes = {name for names in catalogue.architectures().values() for name in names[1:]}
    assert classes == {golden.class_name for golden in goldens()}


@every_golden
@each_backend
def test_outputs(golden: Golden, backend: Backend, checkpoint: Path) -> None:
    """Outputs equal Transformers', for every call of the golden."""
    model = getattr(backend.door, golden.class_name).from_pretrained(checkpoint)
    if backend.name == "torch":
        assert list(model.state_dict()) and set(model.state_dict()) == set(golden.content["state_dict"])
    for case in golden.content["cases"]:
        inputs = {name: drawn.unpack(value) for name, value in case["inputs"].items()}
        out = backend.call(model, inputs, **case["options"])
        assert {name for name in out if name != "past_key_values"} == set(case["outputs"])
        for name, expected in case["outputs"].items():
            compare(backend, name, out[name], expected)


def compare(backend: Backend, name: str, found: Any, expected: Any) -> None:
    """Asserts that a field of an output is the golden's; NaN in the golden marks what is nobody's business."""
    if "fields" in expected:
        for field, part in expected["fields"].items():
            compare(backend, f"{name}.{field}", found[field], part)
        return
    if isinstance(expected, list):
        assert isinstance(found, tuple) and len(found) == len(expected), name
        for index, pair in enumerate(zip(found, expected, strict=True)):
            compare(backend, f"{name}[{index}]", *pair)
        return
    wanted, got = drawn.unpack(expected), backend.numpy(found)
    assert got.shape == wanted.shape, name
    counts = ~np.isnan(wanted)
    scale = max(1.0, float(np.abs(wanted[counts]).max(initial=0)))
    error = float(np.abs(got[counts] - wanted[counts]).max(initial=0)) / scale
    assert error < TOLERANCE, f"{name}: {error:.2e}"


@pytest.mark.parametrize("golden", [golden for golden in goldens() if "greedy" in golden.content], ids=repr)
@each_backend
def test_greedy_tokens(golden: Golden, backend: Backend, checkpoint: Path) -> None:
    """Greedy decoding with the cache, one token at a time, gives Transformers' tokens; so it does without the cache."""
    model = getattr(backend.door, golden.class_name).from_pretrained(checkpoint)
    greedy = golden.content["greedy"]
    inputs = {name: drawn.unpack(value) for name, value in greedy["inputs"].items()}
    wanted = drawn.unpack(greedy["tokens"])
    for cached in (True, False):
        if hasattr(model, "encode"):
            found = decode_second_text(backend, model, inputs, wanted[:, :1], wanted.shape[1], cached)
        else:
            found = decode(backend, model, inputs, wanted.shape[1], cached)
        assert np.array_equal(found, wanted), f"cached={cached}"


def decode(backend: Backend, model: Any, inputs: dict[str, np.ndarray], length: int, cached: bool) -> np.ndarray:
    """Tokens (B, length), the prompt among them, each the likeliest."""
    tokens = inputs["input_ids"]
    batch, prompt = tokens.shape
    mask = np.concatenate([inputs["attention_mask"], np.ones((batch, length - prompt), np.int64)], 1)
    positions = np.maximum(mask.cumsum(1) - 1, 0)
    others = {name: value for name, value in inputs.items() if name not in ("input_ids", "attention_mask")}
    has_positions = "position_ids" in signature(getattr(model, "body_class", type(model)).forward).parameters
    cache, new = (model.init_cache(batch, length) if cached else None), tokens
    while tokens.shape[1] < length:
        end = tokens.shape[1]
        start = end - new.shape[1] if cached else 0
        step = {
            "input_ids": tokens[:, start:end],
            "attention_mask": mask if cached else mask[:, :end],
            "position_ids": positions[:, start:end],
        }
        if not has_positions:
            del step["position_ids"]
        if start == 0:  # images, say, whose tokens are in the prompt
            step |= others
        out = backend.call(model, step, past_key_values=cache)
        cache = out.past_key_values
        new = backend.numpy(out.logits)[:, -1:].argmax(-1)
        tokens = np.concatenate([tokens, new], 1)
    return tokens


def decode_second_text(
    backend: Backend, model: Any, inputs: dict[str, np.ndarray], tokens: np.ndarray, length: int, cached: bool
) -> np.ndarray:
    """As `decode`, for an encoder and a decoder: what follows `tokens`, after a text that is encoded once."""
    encoded = backend.call(model.encode, inputs)
    cache, new = (model.init_cache(len(tokens), length) if cached else None), tokens
    mask = {name: value for name, value in inputs.items() if name == "attention_mask"}
    while tokens.shape[1] < length:
        step = {**mask, "decoder_input_ids": new if cached else tokens}
        out = backend.call(model, step, encoder_outputs=encoded, past_key_values=cache)
        cache, encoded = out.past_key_values, None if cached else encoded  # the cache has all that is needed of it
        new = backend.numpy(out.logits)[:, -1:].argmax(-1)
        tokens = np.concatenate([tokens, new], 1)
    return tokens
