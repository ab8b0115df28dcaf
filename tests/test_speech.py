"""Whisper's times, long sounds and fallbacks: Transformers' tokens and segments, in every backend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backends import NAMES, Backend
from tests.conftest import GOLDENS
from tests.test_generation import load
from trivium.core.errors import InputError
from trivium.generation.config import GenerationConfig

SPEECH = json.loads((GOLDENS / "speech.json").read_text())
CALLS = SPEECH["calls"]
WHISPER = "WhisperForConditionalGeneration"
IN_JAX = (5,)
"""The call that is tried in JAX, where each takes ten times as long: segments with the times of their tokens."""


def listener(backend: Backend, folder: Path, **fields: Any) -> Any:
    """The model of the goldens."""
    model = load(backend, WHISPER, folder)
    model.generation_config = GenerationConfig.from_dict(SPEECH["fields"] | fields)
    return model


def sound(call: dict[str, Any]) -> np.ndarray:
    """The sounds of a call: (B, M, F)."""
    return np.random.default_rng(call["seed"]).normal(size=call["shape"]).astype(np.float32)


@pytest.mark.parametrize(
    ("backend", "index"),
    [(name, index) for name in NAMES for index in range(len(CALLS)) if name != "flax" or index in IN_JAX],
    indirect=["backend"],
)
def test_sounds(backend: Backend, index: int, tmp_path: Path) -> None:
    """Tokens, segments and times are Transformers'."""
    call, options = CALLS[index], {"max_new_tokens": 5, "compiled": False if backend.name == "tensorflow" else None}
    if call["frames"]:
        options["attention_mask"] = np.arange(call["shape"][2]) < np.array(call["frames"])[:, None]
    found = listener(backend, tmp_path).generate(backend.array(sound(call)), **options, **call["options"])
    sequences = found.sequences if "segments" in call or "token_timestamps" in call else found
    assert backend.numpy(sequences).tolist() == call["sequences"]
    for row, wanted in zip(found.segments if "segments" in call else (), call.get("segments", ()), strict=True):
        assert len(row) == len(wanted)
        for one, other in zip(row, wanted, strict=True):
            assert one["tokens"].tolist() == other["tokens"]
            assert [one["start"], one["end"]] == pytest.approx([other["start"], other["end"]], abs=1e-4)
            if "token_timestamps" in other:
                np.testing.assert_allclose(one["token_timestamps"], other["token_timestamps"], atol=1e-4)
    if "token_timestamps" in call and "segments" not in call:
        np.testing.assert_allclose(backend.numpy(found.token_timestamps), call["token_timestamps"], atol=1e-4)


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
def test_fallback(backend: Backend, tmp_path: Path) -> None:
    """What is not good enough is tried again by the next temperature; what repeats itself, or is silence, as asked."""
    model, call = listener(backend, tmp_path), CALLS[8]
    asked = {"max_new_tokens": 5, "language": "de", "task": "transcribe", "return_segments": True}

    def tokens(**options: Any) -> list[list[int]]:
        return [one["tokens"].tolist() for one in model.generate(sound(call), **asked, **options).segments[0]]

    plain = tokens()
    assert tokens(temperature=[0.0, 5.0], logprob_threshold=-99.0) == plain
    for threshold in ({"logprob_threshold": 0.0}, {"compression_ratio_threshold": 1e-3}):
        assert tokens(temperature=[0.0, 0.0], seed=1, **threshold) == plain
        assert len({str(tokens(temperature=[0.0, 5.0], seed=seed, **threshold)) for seed in (1, 2)}) == 2
    assert tokens(logprob_threshold=0.0, no_speech_threshold=0.0) == []
    short, told = sound(CALLS[0]), {"max_new_tokens": 5, "language": "de", "seed": 1}
    assert np.array_equal(model.generate(short, temperature=0.0, **told), model.generate(short, **told))
    assert not np.array_equal(model.generate(short, temperature=9.0, **told), model.generate(short, **told))
    model.generation_config = GenerationConfig.from_dict(SPEECH["fields"] | {"return_timestamps": True})
    assert (
        backend.numpy(model.generate(sound(CALLS[0]), max_new_tokens=5, **CALLS[0]["options"])).tolist()
        == CALLS[0]["sequences"]
    )


REFUSED: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({"return_timestamps": False}, {}, "return_timestamps"),
    ({}, {"no_timestamps_token_id": None}, "no_timestamps_token_id"),
    ({"return_token_timestamps": True}, {"alignment_heads": None}, "alignment_heads"),
    ({"num_return_sequences": 2, "num_beams": 2}, {}, "num_return_sequences"),
    ({"prompt_condition_type": "now"}, {}, "prompt_condition_type"),
    ({"prompt_condition_type": "all-segments"}, {}, "prompt_condition_type"),
    ({"no_speech_threshold": 0.5}, {}, "no_speech_threshold"),
    ({"decoder_input_ids": [[3]]}, {}, "decoder_input_ids"),
    ({"language": "klingon"}, {}, "language"),
    ({"language": ["de", "en"]}, {}, "language"),
    ({"language": "de"}, {"is_multilingual": False}, "language"),
    ({"temperature": []}, {}, "temperature"),
)


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
@pytest.mark.parametrize(("options", "fields", "key"), REFUSED)
def test_refused(backend: Backend, options: dict[str, Any], fields: dict[str, Any], key: str, tmp_path: Path) -> None:
    """What contradicts itself, or what a checkpoint lacks, is refused by name."""
    with pytest.raises(InputError) as caught:
        listener(backend, tmp_path, **fields).generate(sound(CALLS[8]), max_new_tokens=5, **options)
    assert caught.value.key == key


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
def test_several_long_sounds(backend: Backend, tmp_path: Path) -> None:
    """Where several long sounds end has to be said; each is then heard as if it were alone."""
    model, call = listener(backend, tmp_path), CALLS[15]
    with pytest.raises(InputError, match="where each ends"):
        model.generate(sound(call))
    for row, frames in enumerate(call["frames"]):
        alone = model.generate(sound(call)[row : row + 1, :, :frames], max_new_tokens=5, **call["options"])
        wanted = [token for one in call["segments"][row] for token in one["tokens"]]
        assert backend.numpy(alone.sequences)[0].tolist() == wanted
