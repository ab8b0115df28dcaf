"""`generate` beside searches: all fields, guidance, contrast of layers, drafts, what ends texts, and what is kept of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docs import fields as table
from tests.backends import NAMES, Backend, each_backend
from tests.conftest import GOLDENS
from tests.test_generation import PROMPTS, TOGETHER, Listener, Words, load, padded, texts
from trivium.core.errors import ConfigError, InputError
from trivium.generation.config import GenerationConfig
from trivium.generation.fields import NOTES, REMEDIES, SETTINGS

CALLS = json.loads((GOLDENS / "strategies.json").read_text())
FIELDS = json.loads((GOLDENS / "generation_fields.json").read_text())
IN_JAX = (1, 4, 6, 10, 16)
"""The calls that are tried in JAX: one of each kind, since each takes ten times as long there as elsewhere."""
WHOLE = (1, 4, 6, 16)
"""Those that TensorFlow and JAX compile: guidance, contrast of layers, drafts, and what is read once more."""
LOOP = {"tensorflow": False, "flax": False}
"""Whether to compile, of these frameworks, where the loop is not what a test is about."""


def means(backend: Backend, value: Any) -> Any:
    """The mean square of each tensor, in lists for tuples."""
    if isinstance(value, tuple):
        return [means(backend, item) for item in value]
    return float(np.square(backend.numpy(value).astype(np.float64)).mean())


def close(found: Any, wanted: Any) -> None:
    """Asserts that nested lists of numbers are alike, and equally long."""
    if isinstance(wanted, list):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            close(one, other)
    else:
        assert found == pytest.approx(wanted, rel=2e-5, abs=2e-5)


CASES = [(name, index) for name in NAMES for index in range(len(CALLS)) if name != "flax" or index in IN_JAX]


@pytest.mark.parametrize(("backend", "index"), CASES, indirect=["backend"])
def test_strategies(backend: Backend, index: int, tmp_path: Path) -> None:
    """Tokens, scores, states and transition scores are Transformers'."""
    call = CALLS[index]
    model = load(backend, call["class"], tmp_path)
    options = {"max_new_tokens": 6, "eos_token_id": 35, "pad_token_id": 36} | call["options"]
    options["compiled"] = None if index in WHOLE else LOOP.get(backend.name)
    if "config" in options:
        changed = type(model)(model.config.replace(**options.pop("config")), seed=1)
        changed.assign_weights({weight.name: read() for weight, read in model.read_weights()})
        model = changed
    divisor = options.pop("stops", None)
    if divisor:
        options["stopping_criteria"] = [lambda ids, scores: backend.numpy(ids)[:, -1] % divisor == 0]
    found = model.generate(call["inputs"], return_dict_in_generate=True, output_scores=True, **options)
    assert backend.numpy(found.sequences).tolist() == call["sequences"]
    for name, wanted in call.items():
        if name.endswith(("states", "attentions")):
            close(means(backend, found[name]), wanted)
    if "sequences_scores" in call:
        close(backend.numpy(found.sequences_scores).tolist(), call["sequences_scores"])
    if "transition_scores" in call:
        beams = {"beam_indices": found.beam_indices} if found.beam_indices is not None else {}
        scores = model.compute_transition_scores(found.sequences, found.scores, normalize_logits=True, **beams)
        close(backend.numpy(scores).tolist(), call["transition_scores"])


# Between tokens


@pytest.mark.parametrize("backend", ["numpy", "torch", "tensorflow"], indirect=True)
def test_what_ends_beams(backend: Backend, tmp_path: Path) -> None:
    """Stop strings and time end the texts of beam searches; each text ends with the first stop string that it says."""
    model = load(backend, "GPT2LMHeadModel", tmp_path)
    options = {**TOGETHER, "num_beams": 2, "compiled": LOOP.get(backend.name)}
    said = texts(backend, model, PROMPTS[:1], **options)[0][4:]
    stop = Words().decode(said[1:3])
    found = texts(backend, model, PROMPTS[:1], stop_strings=stop, tokenizer=Words(), length_penalty=-9.0, **options)
    assert stop in Words().decode(found[0][4:]) and len(found[0]) < 9
    for more in ({}, {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 0.5}):
        assert len(texts(backend, model, PROMPTS[:1], max_time=1e-9, **options | more)[0]) == 5


@each_backend
def test_users_see_their_texts_alone(backend: Backend, tmp_path: Path) -> None:
    """Whatever a framework rounds numbers up to, what users write is shown as many texts as were given."""
    model, seen = load(backend, "GPT2LMHeadModel", tmp_path), set()

    def watch(ids: Any, scores: Any) -> Any:
        seen.add(len(ids))
        return scores

    def allowed(row: int, ids: Any) -> list[int]:
        seen.add(3 if row in range(3) else row)
        return [1, 2]

    options = {**TOGETHER, "max_new_tokens": 2}
    for asked in ({"logits_processor": [watch]}, {"stopping_criteria": [lambda ids, _: watch(ids, False)]}):
        texts(backend, model, PROMPTS, **asked, **options)
    texts(backend, model, PROMPTS, prefix_allowed_tokens_fn=allowed, **options)
    assert seen == {3}


@pytest.mark.parametrize("backend", ["numpy", "torch", "tensorflow"], indirect=True)
def test_drafts(backend: Backend, tmp_path: Path) -> None:
    """Drafts change no token, wherever a text ends; they are heard token by token, and criteria end texts between them."""
    model = load(backend, "GPT2LMHeadModel", tmp_path)
    helper = type(model)(model.config.replace(n_layer=1), seed=3)
    plain = np.array(texts(backend, model, PROMPTS, max_new_tokens=9, eos_token_id=None, compiled=LOOP.get(backend.name)))
    for drafts in ({"assistant_model": model, "num_assistant_tokens": 5, "assistant_confidence_threshold": 0.0},
                   {"assistant_model": helper, "num_assistant_tokens": 4, "assistant_confidence_threshold": 0.9},
                   {"prompt_lookup_num_tokens": 4, "max_matching_ngram_size": 3}):  # fmt: skip
        options = {"max_new_tokens": 9, "compiled": LOOP.get(backend.name)}
        for end in (int(plain[0, 7]), [int(token) for token in plain[:, 9]]):  # within a draft
            wanted = texts(backend, model, PROMPTS, eos_token_id=end, **options)
            assert texts(backend, model, PROMPTS, eos_token_id=end, **options, **drafts) == wanted
        listener, options = Listener(), options | {"eos_token_id": None}
        ended = {"stopping_criteria": [lambda ids, _: backend.numpy(ids)[:, -1] % 4 == 0]}
        wanted = texts(backend, model, PROMPTS, **options, **ended)
        assert texts(backend, model, PROMPTS, streamer=listener, **options, **drafts, **ended) == wanted
        assert listener.heard[1:] == [*np.array(wanted).T[len(PROMPTS[2]) :].tolist(), "end"]


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
def test_contrastive_search_is_heard(backend: Backend, tmp_path: Path) -> None:
    """A streamer hears each token of contrastive search, of guidance and of several texts for a prompt."""
    model = load(backend, "GPT2LMHeadModel", tmp_path)
    ways: tuple[dict[str, Any], ...] = (
        {"penalty_alpha": 0.6, "top_k": 4},
        {"guidance_scale": 2.0},
        {"do_sample": True, "num_return_sequences": 2, "seed": 1},
    )
    for way in ways:
        listener = Listener()
        found = np.array(texts(backend, model, PROMPTS[:1], streamer=listener, **TOGETHER, **way))
        assert listener.heard == [PROMPTS[:1], *found[:, 4:].T.tolist(), "end"]
    streamed = list(model.stream(PROMPTS[:1], **TOGETHER, **ways[-1]))
    assert np.array(streamed).T.tolist() == found[:, 4:].tolist()


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
@pytest.mark.parametrize(
    "way", [{"num_beams": 2}, {"penalty_alpha": 0.5, "top_k": 2}, {"prompt_lookup_num_tokens": 2}], ids=list
)
def test_what_is_said_at_once(backend: Backend, way: dict[str, Any], tmp_path: Path) -> None:
    """`stream` refuses what does not come token by token, rather than do something else."""
    with pytest.raises(InputError, match="stream is for greedy search"):
        next(load(backend, "GPT2LMHeadModel", tmp_path).stream(PROMPTS, **way))


@pytest.mark.parametrize("backend", ["numpy", "torch"], indirect=True)
def test_xlnet_reads_each_text_alone(backend: Backend, tmp_path: Path) -> None:
    """Padding on either side and other texts change nothing of what XLNet writes, by its memory of any length."""
    model = load(backend, "XLNetLMHeadModel", tmp_path)
    for length in (None, 4):
        other = type(model)(model.config.replace(mem_len=length), seed=2)
        wanted = [texts(backend, other, [prompt], **TOGETHER)[0][len(prompt) :] for prompt in PROMPTS]
        for side in ("left", "right"):
            rows, mask = padded(side)
            found = texts(backend, other, np.array(rows), attention_mask=np.array(mask), **TOGETHER)
            assert [row[-5:] for row in found] == wanted


REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("GPT2LMHeadModel", {"guidance_scale": 2.0, "num_beams": 2}, "guidance_scale"),
    ("GPT2LMHeadModel", {"dola_layers": "low", "penalty_alpha": 0.5}, "dola_layers"),
    ("GPT2LMHeadModel", {"dola_layers": [7]}, "dola_layers"),
    ("GPT2LMHeadModel", {"guidance_scale": 2.0, "negative_prompt_ids": [[1]]}, "negative_prompt_ids"),
    ("GPT2LMHeadModel", {"negative_prompt_ids": [[1]] * 3}, "negative_prompt_ids"),
    ("GPT2LMHeadModel", {"prompt_lookup_num_tokens": 2, "num_beams": 2}, "num_beams"),
    ("XLNetLMHeadModel", {"output_attentions": True, "return_dict_in_generate": True}, "output_attentions"),
    ("GPT2LMHeadModel", {"forced_decoder_ids": [[1, 2]]}, "forced_decoder_ids"),
    ("MambaForCausalLM", {"prompt_lookup_num_tokens": 2}, "prompt_lookup_num_tokens"),
    ("MambaForCausalLM", {"output_attentions": True, "return_dict_in_generate": True}, "output_attentions"),
    ("GPT2LMHeadModel", {"prompt_lookup_num_tokens": 2, "assistant_model": 1}, "assistant_model"),
    ("BlipForConditionalGeneration", {"encoder_repetition_penalty": 2.0}, "encoder_repetition_penalty"),
    ("XLNetLMHeadModel", {"prefill_chunk_size": 2}, "prefill_chunk_size"),
    ("XLNetLMHeadModel", {"penalty_alpha": 0.5}, "penalty_alpha"),
    ("XLNetLMHeadModel", {"prompt_lookup_num_tokens": 2}, "prompt_lookup_num_tokens"),
    ("T5ForConditionalGeneration", {"guidance_scale": 2.0}, "guidance_scale"),
    ("T5ForConditionalGeneration", {"dola_layers": "high"}, "dola_layers"),
)


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
@pytest.mark.parametrize(("name", "options", "key"), REFUSED)
def test_what_does_not_go_together(backend: Backend, name: str, options: dict[str, Any], key: str, tmp_path: Path) -> None:
    """What a strategy or a network cannot do is refused by name."""
    with pytest.raises((InputError, ConfigError), match=key) as caught:
        load(backend, name, tmp_path).generate(PROMPTS, **options)
    assert caught.value.key == key


# The fields of GenerationConfig


def test_every_field_of_transformers_has_its_default() -> None:
    """All are known by name; what 4.52.4 does unless it is told, we do."""
    ours = GenerationConfig()
    for fields in FIELDS.values():
        assert set(fields) <= {*GenerationConfig.names(), *NOTES}
    for name, default in FIELDS["4.52.4"].items():
        assert getattr(ours, name) == (None if default == {} else default), name
    assert REMEDIES.keys() | SETTINGS <= set(GenerationConfig.names())


@pytest.mark.parametrize("name", sorted(REMEDIES))
def test_what_is_not_here_says_what_to_do(name: str) -> None:
    """A field that has one value only is refused with any other, and a hint; in a file, what changes no token may stand."""
    for value in ("other", {"a": 1}, 3, [1], True):
        if value != getattr(GenerationConfig(), name):
            with pytest.raises(ConfigError, match=name) as caught:
                GenerationConfig().replace(**{name: value})
            assert (caught.value.key, caught.value.hint) == (name, REMEDIES[name])
            if name in SETTINGS:
                assert GenerationConfig.from_dict({name: value}).to_dict() == {name: value}
            else:
                with pytest.raises(ConfigError, match=name):
                    GenerationConfig.from_dict({name: value})


def test_nothing_asked_for() -> None:
    """None, where Transformers users write it to switch something off, switches it off."""
    c = GenerationConfig(temperature=None, top_k=None, top_p=None, typical_p=None, repetition_penalty=None)
    assert (c.temperature, c.top_k, c.top_p, c.typical_p, c.repetition_penalty) == (1.0, 0, 1.0, 1.0, 1.0)


def test_the_documented_fields() -> None:
    """The table in docs/generation.md is that of the code."""
    page = table.PAGE.read_text()
    assert table.updated(page) == page, "run python -m docs.fields"
    assert all(f"`{name}`" in page for fields in FIELDS.values() for name in fields)
