"""`generate`: Transformers' tokens for every class that writes, in every backend; and what it promises beside them."""

from __future__ import annotations

import functools
import importlib
import io
import json
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests import drawn
from tests.backends import NAMES, Backend, each_backend
from tests.conftest import GOLDENS, Golden, goldens
from tests.writing import tokens
from trivium.cli import main
from trivium.core.errors import ConfigError, InputError
from trivium.generation.config import GenerationConfig
from trivium.generation.streamers import TextIteratorStreamer, TextStreamer
from trivium.generation.text import Chat, Writer
from trivium.models import catalogue

TOKENS = tokens()
COMPILED = {"GPT2LMHeadModel": (0, 1, 9, 10), "T5ForConditionalGeneration": (0, 1), "WhisperForConditionalGeneration": (0,)}
"""Class -> the calls that JAX and TensorFlow compile whole; all of them would be minutes of compiling the same loop."""
BEAMS = {"LlavaForConditionalGeneration", "EncoderDecoderModel", "MistralForCausalLM", "MambaForCausalLM"}
"""Other classes whose beams are tried there: what beams do is the same in all, but for what they reorder."""
EVERY = "TRIVIUM_ALL_TOKENS" in os.environ
"""Whether to try all calls in all frameworks."""


def golden_of(name: str) -> Golden:
    """The golden whose config and weights a class's tokens are made with."""
    found = {repr(golden): golden for golden in goldens()}
    return found[f"{name}-{TOKENS[name]['config']}"]


def load(backend: Backend, name: str, folder: Path) -> Any:
    """A model with the weights of its golden."""
    return getattr(backend.door, name).from_pretrained(golden_of(name).write(folder / name))


def inputs_of(backend: Backend, name: str, number: int = 0) -> dict[str, Any]:
    """The inputs of a class's calls, of one of its sets."""
    return {key: backend.array(drawn.unpack(value)) for key, value in TOKENS[name]["sets"][number]["inputs"].items()}


def check(backend: Backend, model: Any, inputs: dict[str, Any], call: dict[str, Any], **options: Any) -> None:
    """Asserts that a call gives the golden's tokens and scores."""
    asked = {"return_dict_in_generate": True, "output_scores": True}
    found = model.generate(**inputs, **call["options"], **asked, **options)
    sequences = backend.numpy(found.sequences)
    assert sequences.tolist() == call["sequences"], call["options"]
    if "sequences_scores" in call:
        np.testing.assert_allclose(backend.numpy(found.sequences_scores), call["sequences_scores"], rtol=1e-5, atol=1e-5)
        if "beam_indices" in call:
            assert backend.numpy(found.beam_indices).tolist() == call["beam_indices"]
        return
    steps = zip(found.scores, sequences[:, -len(found.scores) :].T, strict=True)
    chosen = [backend.numpy(scores)[range(len(tokens)), tokens] for scores, tokens in steps]
    np.testing.assert_allclose(chosen, call["chosen_by"], rtol=1e-5, atol=1e-5)


def test_every_class_that_writes_has_tokens() -> None:
    """Of every class that Transformers says generates there are tokens; those and no others have `generate`."""
    classes = {name for names in catalogue.architectures().values() for name in names[1:]}
    writing = {name for name in classes if hasattr(catalogue.network_class(name), "generate")}
    assert set(json.loads((GOLDENS / "generating_classes.json").read_text())) <= writing
    assert writing == set(TOKENS)


def tried(backend: Backend, name: str) -> dict[int, bool | None]:
    """The calls of a class that are tried in a backend, and whether they are compiled."""
    calls = range(sum(len(calls["calls"]) for calls in TOKENS[name]["sets"]))
    if backend.name not in ("tensorflow", "flax"):
        return dict.fromkeys(calls)
    if name in COMPILED or EVERY:
        return {index: index in COMPILED.get(name, ()) for index in (calls if EVERY else COMPILED[name])}
    # JAX's compiler takes less time than its operations one by one
    return dict.fromkeys((0, 1) if name in BEAMS else (0,), backend.name == "flax")


@pytest.mark.parametrize("name", TOKENS)
@each_backend
def test_tokens(backend: Backend, name: str, tmp_path: Path) -> None:
    """Greedy and beam searches give Transformers' tokens, and scores to 1e-5."""
    model = load(backend, name, tmp_path)
    calls = [(number, call) for number, calls in enumerate(TOKENS[name]["sets"]) for call in calls["calls"]]
    for index, compiled in tried(backend, name).items():
        number, call = calls[index]
        check(backend, model, inputs_of(backend, name, number), call, compiled=compiled)


@each_backend
def test_images_that_do_not_fit(backend: Backend, tmp_path: Path) -> None:
    """Prompts with places for more or fewer tokens of images than there are are refused; captions need no prompt."""
    model = load(backend, "LlavaForConditionalGeneration", tmp_path)
    inputs = inputs_of(backend, "LlavaForConditionalGeneration")
    for images in (inputs["pixel_values"][:1], np.concatenate([backend.numpy(inputs["pixel_values"])] * 2)):
        with pytest.raises(InputError, match="another number of tokens"):
            model.generate(**inputs | {"pixel_values": images}, max_new_tokens=1)
    writer = load(backend, "BlipForConditionalGeneration", tmp_path)
    found = texts(backend, writer, inputs["pixel_values"], max_new_tokens=3, compiled=None)
    assert [row[0] for row in found] == [writer.config.text_config.bos_token_id] * 2
    with pytest.raises(InputError, match="pixel_values"):
        writer.generate(input_ids=[[1, 2, 3]])


@pytest.mark.parametrize("backend", ["numpy", "torch"], indirect=True)
def test_prompts_beside_an_encoder(backend: Backend, tmp_path: Path) -> None:
    """Beside what an encoder is given, prompts may be of different lengths: each is gone on with as if it were alone."""
    writer, asked = load(backend, "BlipForConditionalGeneration", tmp_path), {"max_new_tokens": 4, "num_beams": 2}
    images = backend.numpy(inputs_of(backend, "BlipForConditionalGeneration")["pixel_values"])
    images = np.concatenate([images, images[:1] + 1])
    alone = [texts(backend, writer, images[row : row + 1], input_ids=[PROMPTS[row]], **asked)[0] for row in range(3)]
    wanted = [row + [0] * (max(map(len, alone)) - len(row)) for row in alone]
    assert len({len(row) for row in alone}) == 3 and writer.generation_config.pad == 0
    assert texts(backend, writer, images, input_ids=PROMPTS, **asked) == wanted
    for side in ("left", "right"):
        rows, mask = padded(side)
        told = {"input_ids": backend.array(np.array(rows)), "attention_mask": np.array(mask)}
        assert texts(backend, writer, images, **told, **asked) == wanted
    told = {"input_ids": [[0, *PROMPTS[0]], [*PROMPTS[0], 0]], "attention_mask": [[0, 1, 1, 1, 1], [1, 1, 1, 1, 0]]}
    assert texts(backend, writer, images[:2], **told, **asked)[0] == alone[0]
    with pytest.raises(InputError, match="return_dict_in_generate"):
        writer.generate(images, input_ids=PROMPTS, return_dict_in_generate=True)
    model = load(backend, "BartForConditionalGeneration", tmp_path)
    options = TOGETHER | {"do_sample": False}
    wanted = [texts(backend, model, [one], decoder_input_ids=[[2, *one]], **options)[0] for one in PROMPTS]
    found = texts(backend, model, PROMPTS, decoder_input_ids=[[2, *one] for one in PROMPTS], **options)
    assert [row[: len(one)] for row, one in zip(found, wanted, strict=True)] == wanted


@each_backend
def test_padding_of_the_encoder(backend: Backend, tmp_path: Path) -> None:
    """An encoder with learned positions and one with relative ones see each text as if it were alone, whatever the padding."""
    for name in ("BartForConditionalGeneration", "T5ForConditionalGeneration"):
        model = load(backend, name, tmp_path)
        options = TOGETHER | ({"compiled": False} if backend.name in ("tensorflow", "flax") else {})
        wanted = [texts(backend, model, [prompt], **options)[0] for prompt in PROMPTS[1:]]
        for side in ("left", "right"):
            rows, mask = (part[1:] for part in padded(side))
            assert texts(backend, model, np.array(rows), attention_mask=np.array(mask), **options) == wanted


# Processors


PROCESSED = json.loads((GOLDENS / "processors.json").read_text())


def text_of(backend: Backend, start: int, limit: int) -> tuple[Any, Any]:
    """A bound `processors.Text` of the goldens' tokens, with room for two more, and the scores."""
    arrays = {name: drawn.unpack(value) for name, value in PROCESSED["arrays"].items()}
    ids, source = arrays["ids"].astype(np.int32), arrays["source"].astype(np.int32)
    processors = bound(backend, "processors")
    rows, length = ids.shape
    parts = (
        np.pad(ids, ((0, 0), (0, 2)), constant_values=1),  # what is in the room does not matter
        *(np.zeros(rows, np.int32), np.int32(length), np.int32(start), np.int32(limit)),
        *(source, np.ones(source.shape, bool)),
    )
    return processors.Text(*(native(backend, part) for part in parts), eos=(5, 9)), native(backend, arrays["scores"])


def bound(backend: Backend, name: str) -> Any:
    """A module of trivium.generation as a backend has it."""
    return importlib.import_module(f"trivium.backends.{backend.name}.generation.{name}")


def native(backend: Backend, value: Any) -> Any:
    """An array as the framework's own tensor."""
    if backend.name == "tensorflow":
        import tensorflow

        return tensorflow.convert_to_tensor(value)
    if backend.name == "flax":
        import jax.numpy

        return jax.numpy.asarray(value)
    return backend.array(np.asarray(value))


def run_chain(backend: Backend, c: GenerationConfig, text: Any, scores: Any, **options: Any) -> np.ndarray:
    """Scores after the processors that a config asks for."""
    chains = bound(backend, "chains")
    fixed, numbers = chains.split(chains.chain(c, **options))
    return backend.numpy(chains.apply(fixed, native(backend, np.array(numbers, np.float32)), scores, text))


@pytest.mark.parametrize("case", PROCESSED["cases"], ids=lambda case: "-".join(case["options"]))
@each_backend
def test_processors(backend: Backend, case: dict[str, Any]) -> None:
    """Each processor, and chains of them, give Transformers' scores."""
    c = GenerationConfig(**{"do_sample": True, "top_k": 0, "eos_token_id": [5, 9]} | case["options"])
    text, scores = text_of(backend, case["start"], c.max_length)
    found = run_chain(backend, c, text, scores)
    wanted = drawn.unpack(case["scores"])
    assert np.array_equal(np.isinf(found), np.isinf(wanted))
    finite = np.isfinite(wanted)
    np.testing.assert_allclose(found[finite], wanted[finite], rtol=1e-5, atol=1e-6)
    assert not np.array_equal(found, backend.numpy(scores)) or np.array_equal(wanted, backend.numpy(scores))


@each_backend
def test_padding_is_no_text(backend: Backend) -> None:
    """Penalties do not count what stands before a text; counted ones look at what was generated alone."""
    text, scores = text_of(backend, 4, 20)
    offset = native(backend, np.array([0, 5, 0], np.int32))
    c = GenerationConfig(repetition_penalty=1.4)
    seen = drawn.unpack(PROCESSED["arrays"]["ids"])[1, 5:]
    found = run_chain(backend, c, text._replace(offset=offset), scores)[1] != backend.numpy(scores)[1]
    assert set(np.flatnonzero(found)) == set(seen.tolist())
    counted = np.bincount(drawn.unpack(PROCESSED["arrays"]["ids"])[0, 4:], minlength=37)
    for c, taken in (
        (GenerationConfig(frequency_penalty=0.5), 0.5 * counted),
        (GenerationConfig(presence_penalty=-0.5), -0.5 * (counted > 0)),
    ):
        lowered = backend.numpy(scores)[0] - run_chain(backend, c, text, scores)[0]
        np.testing.assert_allclose(lowered, taken, atol=1e-6)


# What users write, and see


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of GPT-2, of which the tests below take a model."""
    golden = golden_of("GPT2LMHeadModel")
    folder = golden.write(tmp_path_factory.mktemp("gpt2"))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [5, 9], "pad_token_id": 36, "use_cache": True}))
    return folder


@pytest.fixture
def model(backend: Backend, folder: Path) -> Any:
    """The model, in the framework of the test."""
    return backend.door.GPT2LMHeadModel.from_pretrained(folder)


PROMPTS = [[3, 25, 1, 30], [7, 2], [11, 30, 12, 25, 4, 8]]
TOGETHER = {"max_new_tokens": 5, "eos_token_id": None}


def texts(backend: Backend, model: Any, inputs: Any, **options: Any) -> list[list[int]]:
    """What is generated, as lists."""
    return backend.numpy(model.generate(inputs, **options)).tolist()


def padded(side: str) -> tuple[list[list[int]], list[list[int]]]:
    """The prompts with padding on one side, and their mask."""
    longest = max(map(len, PROMPTS))
    rows, mask = [], []
    for prompt in PROMPTS:
        gap = longest - len(prompt)
        rows.append([0] * gap + prompt if side == "left" else prompt + [0] * gap)
        mask.append([0] * gap + [1] * len(prompt) if side == "left" else [1] * len(prompt) + [0] * gap)
    return rows, mask


@each_backend
def test_padding_on_either_side(backend: Backend, model: Any) -> None:
    """Padding on the left, on the right, lists of any lengths, or each text alone: the same continuations."""
    wanted = [texts(backend, model, [prompt], compiled=None, **TOGETHER)[0][len(prompt) :] for prompt in PROMPTS]
    for side in ("left", "right"):
        rows, mask = padded(side)
        found = texts(backend, model, backend.array(np.array(rows)), attention_mask=np.array(mask), **TOGETHER)
        assert [row[-5:] for row in found] == wanted
        assert [row[:-5] for row in found] == rows
    assert [row[-5:] for row in texts(backend, model, PROMPTS, **TOGETHER)] == wanted


@each_backend
def test_chunks_and_turns(backend: Backend, model: Any) -> None:
    """A prompt read in pieces, and a text gone on with from a kept cache, give what one call gives."""
    prompt = PROMPTS[2]
    whole = texts(backend, model, [prompt], max_new_tokens=9, eos_token_id=None)[0]
    assert texts(backend, model, [prompt], max_new_tokens=9, eos_token_id=None, prefill_chunk_size=4)[0] == whole
    first = model.generate([prompt], **TOGETHER, return_dict_in_generate=True)
    said = backend.numpy(first.sequences)
    for _ in range(2):  # the cache may be gone on from more than once
        again = texts(backend, model, said, max_new_tokens=4, eos_token_id=None, past_key_values=first.past_key_values)
        assert again[0] == whole
    with pytest.raises(InputError, match="have seen"):
        model.generate(said[:, :5], past_key_values=first.past_key_values)


class Words:
    """A tokenizer whose every token is a letter."""

    def decode(self, ids: list[int]) -> str:
        return "".join(chr(65 + token) for token in ids)


class Listener:
    """A streamer that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def put(self, tokens: Any) -> None:
        self.heard.append(tokens.tolist())

    def end(self) -> None:
        self.heard.append("end")


@each_backend
def test_what_users_write(backend: Backend, model: Any) -> None:
    """Streams, stop strings, criteria, processors and allowed tokens."""
    inputs, options = [PROMPTS[0], PROMPTS[0][::-1]], {**TOGETHER, "compiled": False if backend.name == "flax" else None}
    wanted = np.array(texts(backend, model, inputs, **options))
    listener = Listener()
    assert texts(backend, model, inputs, streamer=listener, **options) == wanted.tolist()
    assert listener.heard == [inputs, *wanted[:, 4:].T.tolist(), "end"]
    assert [column.tolist() for column in model.stream(inputs, **options)] == wanted[:, 4:].T.tolist()

    stop = Words().decode(wanted[0, 5:7].tolist())
    stopped = texts(backend, model, inputs[:1], stop_strings=[stop, "none"], tokenizer=Words(), **options)
    assert stopped[0] == wanted[0, :7].tolist()
    ended = texts(backend, model, inputs[:1], stopping_criteria=[lambda ids, scores: ids.shape[1] == 6], **options)
    assert ended[0] == wanted[0, :6].tolist()

    def lower(ids: Any, scores: Any) -> Any:
        assert tuple(scores.shape) == (2, 37)
        assert backend.numpy(ids)[:, :4].tolist() == inputs
        return -scores

    lowered = model.generate(inputs, logits_processor=[lower], return_dict_in_generate=True, output_logits=True, **options)
    first = backend.numpy(lowered.logits[0]).argmin(-1)
    assert backend.numpy(lowered.sequences)[:, 4].tolist() == first.tolist()

    def allowed(row: int, ids: Any) -> list[int]:
        return [20 + row, 30 + row] if len(ids) % 2 else [10 + row]

    found = np.array(texts(backend, model, inputs, prefix_allowed_tokens_fn=allowed, **options))
    assert found[:, 4].tolist() == [10, 11]
    assert set(found[0, 5::2]) <= {20, 30} and set(found[1, 5::2]) <= {21, 31}
    found = np.array(texts(backend, model, inputs, prefix_allowed_tokens_fn=allowed, num_beams=2, **options))
    assert found[:, 4].tolist() == [10, 11]


KINDS = ("LlamaForCausalLM", "BloomForCausalLM", "MambaForCausalLM", "MistralForCausalLM", "RecurrentGemmaForCausalLM")
"""Rotary positions, ALiBi, a state, a window, and states beside local attention; the tests above have learned positions."""


@pytest.mark.parametrize(
    ("backend", "name"),
    [(name, kind) for name in NAMES for kind in KINDS if name != "flax" or kind in KINDS[-2:]],
    indirect=["backend"],
)
def test_what_is_remembered(backend: Backend, name: str, tmp_path: Path) -> None:
    """Padding on either side, a prompt read in pieces, and a cache of an earlier turn change no token."""
    model = load(backend, name, tmp_path)
    options = TOGETHER | ({"compiled": False} if backend.name == "tensorflow" else {})
    wanted = [texts(backend, model, [prompt], **options)[0][len(prompt) :] for prompt in PROMPTS]
    for side in ("left", "right"):
        rows, mask = padded(side)
        found = texts(backend, model, np.array(rows), attention_mask=np.array(mask), prefill_chunk_size=4, **options)
        assert [row[-5:] for row in found] == wanted
    first = model.generate(PROMPTS[:1], return_dict_in_generate=True, **options)
    widths = {layer.key.shape[1] for layer in first.past_key_values if name == "MistralForCausalLM"}
    assert widths <= {model.config.to_dict().get("sliding_window")}  # which is shorter than the text
    longer = [backend.numpy(first.sequences)[0].tolist() + PROMPTS[2]]
    whole = texts(backend, model, longer, **options)
    assert texts(backend, model, longer, past_key_values=first.past_key_values, **options) == whole


@pytest.mark.parametrize(
    ("backend", "name"),
    [(name, kind) for name in NAMES for kind in ("LlamaForCausalLM", "MistralForCausalLM") if name != "flax" or kind[0] == "M"],
    indirect=["backend"],
)
def test_integers_are_remembered(backend: Backend, name: str, tmp_path: Path) -> None:
    """Keys and values as int8, of a whole text and of a window: the same tokens, in less memory; and so in pieces and turns."""
    model = load(backend, name, tmp_path)
    options = TOGETHER | ({"compiled": False} if backend.name == "tensorflow" else {})
    wanted = [texts(backend, model, [prompt], **options)[0][len(prompt) :] for prompt in PROMPTS]
    options |= {"cache_implementation": "quantized"}
    rows, mask = padded("left")
    found = texts(backend, model, np.array(rows), attention_mask=np.array(mask), prefill_chunk_size=4, **options)
    assert [row[-5:] for row in found] == wanted
    first = model.generate(PROMPTS[:1], return_dict_in_generate=True, **options)
    for layer in first.past_key_values:
        assert "int8" in str(layer.key.dtype) and "int8" in str(layer.value.dtype)
        assert tuple(layer.key_scale.shape) == (*layer.key.shape[:3], 1)
        steps = np.abs(backend.numpy(layer.key)).max(-1)
        assert set(np.unique(steps)) <= {0, 127} and 127 in steps  # the largest of each head has the largest integer
    longer = [backend.numpy(first.sequences)[0].tolist() + PROMPTS[2]]
    assert texts(backend, model, longer, past_key_values=first.past_key_values, **options) == texts(
        backend, model, longer, **options
    )
    assert texts(backend, model, PROMPTS[2:], num_beams=2, **options)[0][:6] == PROMPTS[2]


@each_backend
def test_integers_of_cross_attention(backend: Backend, tmp_path: Path) -> None:
    """What is kept of an encoder stays as it is; a model that remembers no keys is refused."""
    model = load(backend, "T5ForConditionalGeneration", tmp_path)
    options = TOGETHER | {"compiled": False if backend.name in ("tensorflow", "flax") else None}
    found = model.generate([PROMPTS[2]], return_dict_in_generate=True, cache_implementation="quantized", **options)
    kept = found.past_key_values[0]
    assert "int8" in str(kept.key.dtype) and "float" in str(kept.cross_key.dtype)
    assert backend.numpy(found.sequences).tolist() == texts(backend, model, [PROMPTS[2]], **options)
    with pytest.raises(InputError, match="remembers keys"):
        load(backend, "MambaForCausalLM", tmp_path / "mamba").generate([[1, 2]], cache_implementation="quantized")


@pytest.mark.parametrize("backend", ["tensorflow", "flax"], indirect=True)
def test_states_are_kept_by_compiled_programs(backend: Backend, tmp_path: Path) -> None:
    """A prompt shorter than its bucket leaves the state that it alone would leave; another one needs no new program."""
    model = load(backend, "RecurrentGemmaForCausalLM", tmp_path)
    traced = []
    forward = type(model).body

    class Counted(type(model)):  # type: ignore[misc]
        def body(self, *inputs: Any, **options: Any) -> Any:
            traced.append(1)
            return forward(self, *inputs, **options)

    model.__class__ = Counted
    found = [texts(backend, model, [prompt], **TOGETHER) for prompt in PROMPTS]
    assert len(traced) == 2
    assert found == [texts(backend, model, [prompt], compiled=False, **TOGETHER) for prompt in PROMPTS]


@each_backend
def test_windows_in_some_layers(backend: Backend) -> None:
    """Windows shorter than the text change nothing beside reading it whole, in some layers or all; drafts are refused there."""
    for name, options in (
        ("Qwen2ForCausalLM", {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1}),
        ("RecurrentGemmaForCausalLM", {"attention_window_size": 2}),
    ):
        cls = getattr(backend.door, name)
        model = cls(cls.config_class.from_dict(golden_of(name).content["config"] | options), seed=1)
        ids, kinds = list(PROMPTS[2]), {type(layer).__name__ for layer in model.init_cache(1, 9)}
        for _ in range(5):
            logits = backend.numpy(backend.call(model, {"input_ids": np.array([ids])}).logits)
            ids.append(int(logits[0, -1].argmax()))
        assert texts(backend, model, PROMPTS[2:], **TOGETHER) == [ids]
        assert len(kinds) == 2 and "RingCache" in kinds
        with pytest.raises(InputError, match="cannot be set back") as caught:
            model.generate(PROMPTS, assistant_model=model)
        assert caught.value.key == "assistant_model"


@each_backend
def test_a_little_time(backend: Backend, model: Any) -> None:
    """No token is begun when the time is over; one there always is."""
    assert len(texts(backend, model, PROMPTS[:1], max_time=1e-9, **TOGETHER)[0]) == 5


# Chance


@each_backend
def test_sampling_follows_the_processed_scores(backend: Backend, model: Any) -> None:
    """First tokens are spread as the softmax of the processed scores says, by chi-squared; nothing else is drawn."""
    options = {"do_sample": True, "top_k": 8, "temperature": 1.5, "top_p": 0.95, "max_new_tokens": 1, "eos_token_id": None}
    asked = {"return_dict_in_generate": True, "output_scores": True, "num_return_sequences": 2000}
    found = model.generate(PROMPTS[:1], **options, **asked, seed=1)
    drawn_tokens = backend.numpy(found.sequences)[:, -1]
    scores = backend.numpy(found.scores[0])[0].astype(np.float64)
    chances = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    counts = np.bincount(drawn_tokens, minlength=37)
    possible = chances > 0
    assert not counts[~possible].any()
    assert 3 <= possible.sum() <= 8
    expected = 2000 * chances[possible]
    statistic = ((counts[possible] - expected) ** 2 / expected).sum()
    assert statistic < 24.3  # seven degrees of freedom: once in a thousand seeds


@each_backend
def test_seeds(backend: Backend, model: Any) -> None:
    """One seed gives the same texts, another others, none new ones; beams are drawn too."""
    options = {"do_sample": True, "top_k": 0, "temperature": 3.0, "max_new_tokens": 6, "eos_token_id": None}

    def sampled(seed: int | None, **more: Any) -> list[list[int]]:
        return texts(backend, model, PROMPTS[:1], seed=seed, **options, **more)

    assert sampled(5) == sampled(5)
    assert len({str(sampled(seed)) for seed in (5, 6, None, None)}) == 4
    assert sampled(5, num_beams=2) == sampled(5, num_beams=2) != sampled(6, num_beams=2)


# A draft


@each_backend
def test_assisted_decoding_says_what_the_model_says(backend: Backend, model: Any) -> None:
    """Drafts of another model, or of the model itself, change no token, whether chosen or drawn by the model's likeliest."""
    other = backend.door.GPT2LMHeadModel(model.config.replace(n_layer=1), seed=3)
    for inputs, options in ((PROMPTS, {"eos_token_id": 12}), (PROMPTS[:1], {"repetition_penalty": 1.5, "eos_token_id": None})):
        wanted = texts(backend, model, inputs, max_new_tokens=9, **options)
        for helper in (other, model):
            found = model.generate(
                inputs, assistant_model=helper, num_assistant_tokens=3, max_new_tokens=9, return_dict_in_generate=True,
                output_scores=True, **options,
            )  # fmt: skip
            assert backend.numpy(found.sequences).tolist() == wanted
            assert len(found.scores) == len(wanted[0]) - max(map(len, inputs))


@each_backend
def test_assisted_sampling_follows_the_model(backend: Backend, model: Any) -> None:
    """What is drawn with the help of drafts is spread as the model's own chances say, by chi-squared over two tokens."""
    other = backend.door.GPT2LMHeadModel(model.config.replace(n_layer=1), seed=3)
    options = {"do_sample": True, "top_k": 3, "max_new_tokens": 2, "eos_token_id": None}
    inputs = np.repeat(PROMPTS[:1], 1000, 0)
    found = backend.numpy(model.generate(inputs, seed=1, assistant_model=other, num_assistant_tokens=2, **options))[:, 4:]
    expected = {}
    for first, chance in likeliest(backend, model, PROMPTS[0]).items():
        for second, other_chance in likeliest(backend, model, [*PROMPTS[0], first]).items():
            expected[first, second] = 1000 * chance * other_chance
    counts = Counter(map(tuple, found.tolist()))
    assert set(counts) <= set(expected) and len(expected) == 9
    assert sum((counts[pair] - wanted) ** 2 / wanted for pair, wanted in expected.items()) < 26.1  # once in a thousand seeds


def likeliest(backend: Backend, model: Any, prompt: list[int]) -> dict[int, float]:
    """The chances of the three likeliest tokens, of these three."""
    logits = backend.numpy(backend.call(model, {"input_ids": np.array([prompt])}).logits)[0, -1].astype(np.float64)
    tokens = np.argsort(-logits)[:3]
    chances = np.exp(logits[tokens] - logits[tokens[0]])
    return dict(zip(tokens.tolist(), (chances / chances.sum()).tolist(), strict=True))


# Programs


@pytest.mark.parametrize("backend", ["tensorflow", "flax"], indirect=True)
def test_nothing_is_compiled_again(backend: Backend, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts of another length or number in the same bucket, other weights and other numbers need no new program."""
    traced = []
    forward = type(model).body

    def counted(self: Any, *inputs: Any, **options: Any) -> Any:
        traced.append(1)
        return forward(self, *inputs, **options)

    monkeypatch.setattr(type(model), "body", counted)
    options = {"do_sample": True, "max_new_tokens": 6, "seed": 0}
    first = texts(backend, model, PROMPTS, temperature=0.5, top_p=0.9, **options)
    warm = len(traced)
    assert warm >= 2  # the prompt's and the loop's
    assert texts(backend, model, PROMPTS, temperature=0.5, top_p=0.9, **options) == first
    assert texts(backend, model, [row[1:] for row in PROMPTS], temperature=0.7, top_p=0.8, **options) != first
    texts(backend, model, [*PROMPTS, [1, 2, 3, 4, 5, 6, 7, 8]], temperature=0.7, top_p=0.8, **options | {"max_new_tokens": 4})
    model.assign_weights({"transformer.ln_f.bias": np.linspace(-9, 9, model.config.n_embd, dtype=np.float32)})
    assert texts(backend, model, PROMPTS, temperature=0.5, top_p=0.9, **options) != first
    assert len(traced) == warm
    texts(backend, model, [list(range(1, 18))], temperature=0.5, top_p=0.9, **options | {"max_new_tokens": 2})
    assert len(traced) > warm


@pytest.mark.parametrize("backend", ["tensorflow", "flax"], indirect=True)
def test_images_need_no_other_program(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts with images, of another length or number in the same bucket, are read by the same programs."""
    model, traced = load(backend, "LlavaForConditionalGeneration", tmp_path), []
    see = type(model.get_body()).get_image_features
    monkeypatch.setattr(type(model.get_body()), "get_image_features", lambda self, x: traced.append(1) or see(self, x))
    inputs = {name: backend.numpy(value) for name, value in inputs_of(backend, "LlavaForConditionalGeneration").items()}
    ids, images = inputs["input_ids"], inputs["pixel_values"]
    ids = [row[seen > 0].tolist() for row, seen in zip(ids, inputs["attention_mask"], strict=True)]

    def wrote(rows: list[list[int]], pixels: Any, **options: Any) -> list[list[int]]:
        found = texts(backend, model, rows, pixel_values=pixels, max_new_tokens=2, eos_token_id=None, **options)
        return [row[-2:] for row in found]

    first = wrote(ids, images)
    warm = len(traced)
    longer, three = [[1, 2, *ids[0]], [3, *ids[1]]], np.concatenate([images, images[:1]])
    assert wrote(longer, images) == wrote(longer, images, compiled=False)
    assert len(traced) == warm + 1  # that of what is not compiled
    assert wrote([*ids, ids[0]], three) == [*first, first[0]]  # more rows than before: one program more
    assert wrote([*ids, *ids], np.concatenate([images, images])) == first + first
    assert len(traced) == warm + 2


@pytest.mark.parametrize("backend", ["torch"], indirect=True)
def test_pytorch_compiles_a_step(backend: Backend, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`compiled=True` says the same, in as many graphs as there are programs, and none more for prompts of the same bucket."""
    import torch

    graphs = []

    def count(graph: Any, _: Any) -> Any:
        graphs.append(1)
        return graph.forward

    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=count, fullgraph=True))
    options = {"do_sample": False, "max_new_tokens": 6, "repetition_penalty": 1.2}
    wanted = texts(backend, model, PROMPTS, **options)
    assert texts(backend, model, PROMPTS, compiled=True, **options) == wanted
    assert len(graphs) == 3  # the prompt, a choice, a step
    others = [row[1:] for row in PROMPTS]
    assert texts(backend, model, others, compiled=True, **options) == texts(backend, model, others, **options)
    model.assign_weights({"transformer.ln_f.bias": np.linspace(-9, 9, model.config.n_embd, dtype=np.float32)})
    assert texts(backend, model, PROMPTS, compiled=True, **options) == texts(backend, model, PROMPTS, **options) != wanted
    assert len(graphs) == 3
    with torch._dynamo.config.patch(recompile_limit=2):
        for rows in (1, 2):  # with three prompts more sizes than PyTorch now compiles one function for
            texts(backend, model, PROMPTS[:1] * rows, compiled=True, **options)
    assert len(graphs) == 9


@pytest.mark.parametrize("backend", ["torch", "tensorflow", "flax"], indirect=True)
@pytest.mark.parametrize("architecture", ["GPT2LMHeadModel", "LlamaForCausalLM"])
def test_half_precision(backend: Backend, architecture: str, tmp_path: Path) -> None:
    """In bfloat16, whose products have ways of their own, the logits are those of the network as it is; so are new weights'."""
    folder = golden_of(architecture).write(tmp_path / architecture)
    model = getattr(backend.door, architecture).from_pretrained(folder, dtype="bfloat16")
    asked = {"max_new_tokens": 2, "return_dict_in_generate": True, "output_logits": True, "eos_token_id": None}
    for inputs in (np.array([[3, 5, 7]]), np.array([[3, 5, 7], [8, 1, 2]])):
        for scale in (1.0, 0.5):
            read = {weight.name: read for weight, read in model.read_weights()}
            name = next(name for name in read if name.endswith(("c_fc.weight", "up_proj.weight")))
            model.assign_weights({name: read[name]().astype(np.float32) * scale})
            found = model.generate(inputs, **asked)
            whole = backend.numpy(found.sequences)[:, :-1]
            wanted = backend.numpy(backend.call(model, {"input_ids": whole}).logits).astype(np.float32)[:, 2:]
            got = np.stack([backend.numpy(x) for x in found.logits], 1)
            assert np.abs(got - wanted).max() < 0.05 * np.abs(wanted).max()


@pytest.mark.parametrize("backend", ["torch", "flax"], indirect=True)
def test_a_model_in_training(backend: Backend, model: Any) -> None:
    """Dropout does not act while a text is generated, and acts again thereafter."""
    wanted = texts(backend, model, PROMPTS, **TOGETHER)
    model.train()
    assert texts(backend, model, PROMPTS, **TOGETHER) == wanted
    first, second = (backend.numpy(model(backend.array(np.array(PROMPTS[:1]))).logits) for _ in range(2))
    assert not np.array_equal(first, second)


# Arguments


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"max_new_token": 3}, InputError, "max_new_tokens"),
        ({"logit_processor": []}, InputError, "logits_processor"),
        ({"use_cache": False}, ConfigError, "leave it out"),
        ({"position_ids": [[0]]}, InputError, "follow from attention_mask"),
        ({"temperature": 0.0}, ConfigError, "temperature"),
        ({"top_p": 1.5}, ConfigError, "top_p"),
        ({"num_beams": 0}, ConfigError, "num_beams"),
        ({"early_stopping": "soon"}, ConfigError, "early_stopping"),
        ({"bad_words_ids": [[]]}, ConfigError, "bad_words_ids"),
        ({"num_beams": 4, "num_beam_groups": 3, "diversity_penalty": 1.0}, ConfigError, "num_beam_groups"),
        ({"num_beams": 4, "num_beam_groups": 2}, ConfigError, "diversity_penalty"),
        ({"diversity_penalty": 1.0}, ConfigError, "num_beam_groups"),
        ({"num_return_sequences": 3}, ConfigError, "num_return_sequences"),
        ({"min_length": 30}, ConfigError, "min_length"),
        ({"min_new_tokens": 5, "max_new_tokens": 4}, ConfigError, "min_new_tokens"),
        ({"constraints": [1]}, ConfigError, "constraints"),
        ({"watermarking_config": {"bias": 2.0}}, ConfigError, "watermarking_config"),
        ({"max_length": 4}, InputError, "max_new_tokens"),
        ({"stop_strings": "end"}, InputError, "tokenizer"),
        ({"num_beams": 2, "streamer": Listener()}, InputError, "streamer"),
        ({"compiled": True}, InputError, "compile"),
        ({"attention_mask": [[1, 1]]}, InputError, "attention_mask"),
        ({"attention_mask": [[0, 0, 0, 0]]}, InputError, "attention_mask|mask shows"),
        ({"encoder_hidden_state": 1}, InputError, "encoder_hidden_states"),
        ({"max_new_tokens": 2000}, InputError, "positions"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_arguments(backend: Backend, model: Any, options: dict[str, Any], error: type[Exception], says: str) -> None:
    """What is unknown, invalid or contradictory is refused by name, with the nearest that there is."""
    with pytest.raises(error, match=says):
        model.generate(PROMPTS[:1], **options)


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
def test_what_cannot_write(backend: Backend) -> None:
    """An encoder of text refuses to write; a decoder with no prompt needs a beginning."""
    reader = golden_of("BertLMHeadModel").content["config"] | {"is_decoder": False}
    cls = backend.door.BertLMHeadModel
    with pytest.raises(InputError, match="is_decoder"):
        cls(cls.config_class.from_dict(reader)).generate(PROMPTS[:1])


@each_backend
def test_who_does_not_write(backend: Backend) -> None:
    """A network without a head for it has no `generate`, and says which of its architecture have."""
    config = golden_of("BertLMHeadModel").content["config"]
    cls = backend.door.BertModel
    model = cls(cls.config_class.from_dict(config))
    assert not hasattr(cls, "generate") and not hasattr(model, "stream")
    with pytest.raises(AttributeError, match="BertModel has no generate: it writes no text; BertLMHeadModel can"):
        model.generate(PROMPTS)


# The config


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
def test_the_config_travels(backend: Backend, model: Any, tmp_path: Path) -> None:
    """generation_config.json is read, used, and written back, with the keys that mean nothing here."""
    assert model.generation_config.eos == (5, 9)
    model.generation_config = model.generation_config.replace(max_new_tokens=3, suppress_tokens=[1, 2])
    assert len(texts(backend, model, PROMPTS[:1])[0]) == 7
    model.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "generation_config.json").read_text())
    wanted = {"eos_token_id": [5, 9], "pad_token_id": 36, "use_cache": True, "max_new_tokens": 3, "suppress_tokens": [1, 2]}
    assert written == wanted
    assert type(model).from_pretrained(tmp_path).generation_config == model.generation_config


def test_the_config_of_old_checkpoints() -> None:
    """Without generation_config.json config.json is asked; what it leaves open is Transformers' default."""
    cls = catalogue.config_class("gpt2")
    found = GenerationConfig.from_model_config(cls.from_dict({"num_beams": 4, "eos_token_id": 7, "bad_words_ids": [[1, 2]]}))
    assert found == GenerationConfig(num_beams=4, eos_token_id=7, bos_token_id=50256, bad_words_ids=((1, 2),))
    assert GenerationConfig().max_length == 20 and GenerationConfig().top_k == 50


@pytest.mark.parametrize("values", [{"temperature": "hot"}, {"watermarking_config": {"bias": 2.0}}])
def test_a_damaged_config_names_its_file(values: dict[str, Any], tmp_path: Path) -> None:
    """An error of generation_config.json says where it is."""
    (tmp_path / "generation_config.json").write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=r"generation_config\.json") as caught:
        GenerationConfig.from_pretrained(tmp_path)
    assert caught.value.key == next(iter(values))


# Speech


@each_backend
def test_languages_of_whisper(backend: Backend, tmp_path: Path) -> None:
    """The decoder begins with language, task and no timestamps, as asked, as the config says, or as the model hears."""
    model = load(backend, "WhisperForConditionalGeneration", tmp_path)
    known = {
        "lang_to_id": {"<|en|>": 10, "<|de|>": 11, "<|fr|>": 12},
        "task_to_id": {"translate": 20, "transcribe": 21},
        "no_timestamps_token_id": 30,
        "decoder_start_token_id": 3,
    }
    sound = inputs_of(backend, "WhisperForConditionalGeneration")["input_features"]
    options = {"max_new_tokens": 2, "compiled": False if backend.name in ("tensorflow", "flax") else None}

    def begun(**asked: Any) -> list[list[int]]:
        return [row[:-2] for row in texts(backend, model, sound, **asked, **options)]

    model.generation_config = GenerationConfig.from_dict(known)
    assert begun(language="de", task="translate") == [[3, 11, 20, 30]] * 2
    assert begun(language="<|fr|>") == [[3, 12, 21, 30]] * 2
    logits = backend.numpy(
        backend.call(
            model,
            {
                "input_features": drawn.unpack(
                    TOKENS["WhisperForConditionalGeneration"]["sets"][0]["inputs"]["input_features"]
                ),
                "decoder_input_ids": np.full((2, 1), 3),
            },
        ).logits
    )[:, -1]
    heard = 10 + logits[:, 10:13].argmax(1)
    assert begun() == [[3, language, 30] for language in heard]
    assert begun(task="translate") == [[3, language, 20, 30] for language in heard]
    model.generation_config = GenerationConfig.from_dict(known | {"forced_decoder_ids": [[1, None], [2, 21]]})
    assert begun() == [[3, language, 21, 30] for language in heard]
    with pytest.raises(InputError, match="'dutch'"):
        begun(language="dutch")


# Words


@pytest.fixture(scope="module")
def speaking(folder: Path) -> Path:
    """The checkpoint with a tokenizer, whose words are w0, w1, ..."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({f"w{index}": index for index in range(37)}, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
def test_words(backend: Backend, model: Any, speaking: Path) -> None:
    """A writer returns, streams and prints the words of the tokens."""
    ids = texts(backend, model, [[3, 25, 1]], max_new_tokens=6)[0][3:]
    wanted = " ".join(f"w{token}" for token in ids)
    writer = Writer(speaking, "numpy")
    assert writer.write("w3 w25 w1", max_new_tokens=6) == wanted
    pieces = list(writer.stream("w3 w25 w1", max_new_tokens=6))
    assert "".join(pieces) == wanted and len(pieces) == len(ids)
    file = io.StringIO()
    model.generate([[3, 25, 1]], streamer=TextStreamer(writer.tokenizer, skip_prompt=True, file=file), max_new_tokens=6)
    assert file.getvalue() == wanted + "\n"
    streamer = TextIteratorStreamer(writer.tokenizer, timeout=10)
    for _ in range(2):  # it may be used again
        thread = threading.Thread(target=lambda: model.generate([[3, 25, 1]], streamer=streamer, max_new_tokens=6))
        thread.start()
        pieces = list(streamer)
        thread.join()
        assert "".join(pieces) == f"w3 w25 w1 {wanted}" and len(pieces) > 5
    with pytest.raises(ValueError, match="one text"):
        model.generate(PROMPTS, streamer=streamer, max_new_tokens=2)


def test_the_command_line(speaking: Path, tmp_path: Path) -> None:
    """`trivium generate` prints a text, at once or word by word, and refuses by name."""
    run = functools.partial(CliRunner().invoke, main)
    base = ["generate", str(speaking), "w3 w25 w1", "--backend", "numpy", "--max-new-tokens", "5"]
    text = run(base).output
    assert len(text.split()) == 5
    assert run([*base, "--stream"]).output == text
    assert json.loads(run([*base, "--json"]).output)["text"] + "\n" == text
    sampled = [*base, "--sample", "--seed", "1", "--set", "temperature=9.0", "--set", "eos_token_id=[36]"]
    assert run(sampled).output == run(sampled).output != text
    refused = run([*base, "--set", "topp=0.9"])
    assert refused.exit_code == 1 and "top_p" in refused.stderr
    (tmp_path / "config.json").write_text((speaking / "config.json").read_text())
    refused = run(["generate", str(tmp_path), "w1", "--backend", "numpy"])
    assert refused.exit_code == 1 and "tokenizer.json" in refused.stderr


def test_chat(speaking: Path, tmp_path: Path) -> None:
    """`trivium chat` answers line by line, and remembers what was said."""
    template = "{% for m in messages %}{{ m.content }} {% endfor %}w1"
    for path in speaking.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    run = functools.partial(CliRunner().invoke, main, ["chat", str(tmp_path), "--backend", "numpy", "--max-new-tokens", "3"])
    refused = run(input="w3\n")
    assert refused.exit_code == 1 and "chat template" in refused.stderr
    (tmp_path / "chat_template.jinja").write_text(template)
    answers = run(input="w3 w25\nw4\n\nw5\n").output.splitlines()
    assert [len(answer.split()) for answer in answers] == [3, 3]
    talk = Chat(tmp_path, "numpy", system="w9")
    said = ["".join(talk.answer(text, max_new_tokens=3)) for text in ("w3 w25", "w4")]
    assert [one["role"] for one in talk.messages] == ["system", "user", "assistant", "user", "assistant"]
    assert said[1].split() == Writer(tmp_path, "numpy").write(f"w9 w3 w25 {said[0]} w4 w1", max_new_tokens=3).split()


@pytest.mark.parametrize("stream", ["write", "stream"])
def test_a_template_with_special_tokens(speaking: Path, tmp_path: Path, stream: str) -> None:
    """A conversation's marks are tokens, once each, and none of what is answered."""
    from tokenizers import AddedToken, Tokenizer

    tokenizer = Tokenizer.from_file(str(speaking / "tokenizer.json"))
    vocabulary = tokenizer.get_vocab()
    vocabulary |= {"<|im_start|>": vocabulary.pop("w35"), "<|im_end|>": vocabulary.pop("w36")}
    content = json.loads(tokenizer.to_str())
    content["model"]["vocab"] = vocabulary
    tokenizer = Tokenizer.from_str(json.dumps(content))
    tokenizer.add_special_tokens([AddedToken(mark, normalized=False) for mark in ("<|im_start|>", "<|im_end|>")])
    for path in speaking.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    turn = "{{ '<|im_start|> ' + m.role.replace('user', 'w1').replace('assistant', 'w2') + ' ' + m.content + ' <|im_end|> ' }}"
    template = "{% for m in messages %}" + turn + "{% endfor %}{% if add_generation_prompt %}<|im_start|> w2 {% endif %}"
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template, "eos_token": "<|im_end|>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    talk = Chat(tmp_path, "numpy")
    seen: list[list[int]] = []
    stream_of = talk.model.stream
    talk.model.stream = lambda prompts, **options: seen.append(prompts[0]) or stream_of(prompts, **options)
    said = ["".join(talk.answer(text, max_new_tokens=3, forced_eos_token_id=36)).strip() for text in ("w3", "w4 w5")]
    assert all(len(answer.split()) == 2 and "<|" not in answer for answer in said)
    first = [35, 1, 3, 36, 35, 2]
    assert seen[0] == first
    ids = [int(word[1:]) for word in said[0].split()]
    assert seen[1] == [*first, *ids, 36, 35, 1, 4, 5, 36, 35, 2]
    writer, options = Writer(tmp_path, "numpy"), {"max_new_tokens": 3, "forced_eos_token_id": 36}
    prompt = "<|im_start|> w1 w3 <|im_end|> <|im_start|> w2"
    answer = writer.write(prompt, **options) if stream == "write" else "".join(writer.stream(prompt, **options))
    assert answer.strip() == said[0]
