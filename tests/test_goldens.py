"""Every class against Transformers: names and shapes of the weights, outputs in all backends, greedy decoding."""

from __future__ import annotations

import functools
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import drawn
from tests.backends import NAMES, Backend, each_backend
from tests.conftest import Golden, every_golden, goldens
from tests.kept import Kept
from tests.turns import are_compiled, has_its_turn
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
        if backend.name == "flax" and case is golden.call and golden in are_compiled():
            continue  # test_gradients compares its outputs: most of the time is the compiler's
        inputs = drawn.nested({name: drawn.unpack(value) for name, value in case["inputs"].items()})
        out = backend.call(model, inputs, **case["options"])
        assert {name for name in out if name != "past_key_values"} == set(case["outputs"])
        for name, expected in case["outputs"].items():
            compare(backend, name, out[name], expected)


def compare(backend: Backend, name: str, found: Any, expected: Any) -> None:
    """Asserts that a field of an output is the golden's."""
    if "fields" in expected:
        for field, part in expected["fields"].items():
            compare(backend, f"{name}.{field}", found[field], part)
        return
    if isinstance(expected, list):
        assert isinstance(found, tuple) and len(found) == len(expected), name
        for index, pair in enumerate(zip(found, expected, strict=True)):
            compare(backend, f"{name}[{index}]", *pair)
        return
    stored, got = Kept(expected), backend.numpy(found)
    assert got.shape == stored.shape, name
    error = stored.error(got)
    assert error < TOLERANCE, f"{name}: {error:.2e}"


CACHES = (
    "GPT2LMHeadModel",
    "T5ForConditionalGeneration",
    "MistralForCausalLM",
    "MambaForCausalLM",
    "RecurrentGemmaForCausalLM",
)
"""A class for each kind of cache. In these, and those whose turn it is, one step of decoding is compiled."""


def is_stepped(golden: Golden) -> bool:
    return golden.class_name in CACHES or has_its_turn(golden)


WRITING = [golden for golden in goldens() if "greedy" in golden.content]
STEPPED = [(golden, name) for golden in WRITING for name in NAMES if name != "flax" or is_stepped(golden)]
"""All but JAX's, which take a compiler: test_tokens compiles each class's cached decoding there."""


@pytest.mark.parametrize(("golden", "backend"), STEPPED, ids=str, indirect=["backend"])
def test_greedy_tokens(golden: Golden, backend: Backend, checkpoint: Path) -> None:
    """Decoding with the cache, one token at a time, each the likeliest, gives Transformers' tokens.

    So does one call over the whole text without a cache.
    """
    model = getattr(backend.door, golden.class_name).from_pretrained(checkpoint)
    greedy = golden.content["greedy"]
    inputs = {name: drawn.unpack(value) for name, value in greedy["inputs"].items()}
    wanted = drawn.unpack(greedy["tokens"])
    second = hasattr(model, "encode") and model.prompt_name == "decoder_input_ids"
    step = second_text(backend, model, inputs) if second else text(model, inputs, wanted.shape[1])
    prompt = 1 if second else inputs["input_ids"].shape[1]
    run = backend.compiled(model) if is_stepped(golden) else functools.partial(backend.call, model)
    cache = model.init_cache(*wanted.shape)
    found = new = wanted[:, :prompt]
    while found.shape[1] < wanted.shape[1]:
        given, options = step(new, found.shape[1] - new.shape[1], True)
        out = run(given, **options, past_key_values=cache)
        cache, new = out.past_key_values, backend.numpy(out.logits)[:, -1:].argmax(-1)
        found = np.concatenate([found, new], 1)
    assert np.array_equal(found, wanted), "with the cache"
    given, options = step(wanted[:, :-1], 0, False)
    logits = backend.numpy(backend.call(model, given, **options).logits)
    assert np.array_equal(logits[:, prompt - 1 :].argmax(-1), wanted[:, prompt:]), "without the cache"


Step = Callable[[np.ndarray, int, bool], tuple[dict[str, np.ndarray], dict[str, Any]]]


def text(model: Any, inputs: dict[str, np.ndarray], length: int) -> Step:
    """What a decoder is given of a text that grows to `length`: (new tokens, where they begin, cached) -> inputs, options."""
    visible = inputs["attention_mask"]
    mask = np.concatenate([visible, np.ones((len(visible), length - visible.shape[1]), np.int64)], 1)
    positions = np.maximum(mask.cumsum(1) - 1, 0)
    others = {name: value for name, value in inputs.items() if name not in ("input_ids", "attention_mask")}
    has_positions = "position_ids" in signature(getattr(model, "body_class", type(model)).forward).parameters

    def step(tokens: np.ndarray, start: int, cached: bool) -> Any:
        end = start + tokens.shape[1]
        given = {"input_ids": tokens, "attention_mask": mask if cached else mask[:, :end]}
        given |= {"position_ids": positions[:, start:end]} if has_positions else {}
        return given | ({} if start else others), {}  # images, say, whose tokens are in the prompt

    return step


def second_text(backend: Backend, model: Any, inputs: dict[str, np.ndarray]) -> Step:
    """As `text`, for a decoder and its encoder, to which the first text is given once."""
    encoded = backend.call(model.encode, inputs)
    mask = {name: value for name, value in inputs.items() if name == "attention_mask"}

    def step(tokens: np.ndarray, start: int, cached: bool) -> Any:
        # after the first tokens the cache has all that is needed of the encoder
        return mask | {"decoder_input_ids": tokens}, {} if cached and start else {"encoder_outputs": encoded}

    return step
