"""What `generate` returns of the layers: Transformers' hidden states and attentions, of each class that writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backends import NAMES, Backend
from tests.conftest import GOLDENS
from tests.test_generation import TOKENS, inputs_of, load

STATES = json.loads((GOLDENS / "states.json").read_text())
COMPILED = ("GPT2LMHeadModel", "EncoderDecoderModel", "LlavaForConditionalGeneration")
"""The classes that are tried in TensorFlow and JAX: a decoder, a pair, and one that is shown images."""
FIELDS = {"return_dict_in_generate": True, "output_hidden_states": True, "output_attentions": True}
LOOP = {"tensorflow": False, "flax": False}


def tensors(backend: Backend, value: Any) -> list[np.ndarray]:
    """Those in tuples of tuples."""
    if isinstance(value, tuple):
        return [one for item in value for one in tensors(backend, item)]
    return [] if value is None else [backend.numpy(value).astype(np.float64)]


def flat(value: Any) -> list[float]:
    """The numbers in lists of lists, but for None, where a layer says nothing."""
    return [one for item in value for one in flat(item)] if isinstance(value, list) else [] if value is None else [value]


def unseen(field: str, each: list[np.ndarray]) -> list[int]:
    """Which tensors are of tokens that a mask may hide, of which the golden has zeros: an encoder's, and those of a prompt."""
    if field in ("hidden_states", "attentions"):
        return [index for index, x in enumerate(each) if x.shape[-2] > 1]
    return list(range(len(each))) if field.startswith("encoder_") else []


@pytest.mark.parametrize(
    ("backend", "name"),
    [(backend, name) for backend in NAMES for name in STATES if backend in ("numpy", "torch") or name in COMPILED],
    indirect=["backend"],
)
def test_states(backend: Backend, name: str, tmp_path: Path) -> None:
    """Shapes, their order and numbers are Transformers', with beams (of each step, the beams that were read) and without."""
    wanted, model, inputs = STATES[name], load(backend, name, tmp_path), inputs_of(backend, name)
    call = TOKENS[name]["sets"][0]["calls"][wanted["call"]]
    asked = FIELDS | ({"output_attentions": False} if name in ("MambaForCausalLM", "RecurrentGemmaForCausalLM") else {})
    found = model.generate(**inputs, **call["options"], **asked, compiled=LOOP.get(backend.name))
    assert backend.numpy(found.sequences).tolist() == call["sequences"]
    for field in wanted.keys() - {"call"}:
        each = tensors(backend, found[field])
        for index in unseen(field, each) if "attention_mask" in inputs and "Blip" not in name else ():
            mask = backend.numpy(inputs["attention_mask"])
            mask = np.repeat(mask, len(each[index]) // len(mask), 0)
            each[index] = each[index] * mask.reshape(len(mask), *[1] * (each[index].ndim - 3), -1, 1)
        assert [list(each[0].shape), list(each[-1].shape)] == wanted[field]["shapes"], field
        squares = [np.mean(np.square(x.reshape(len(x), -1)).mean(1) * np.arange(1, len(x) + 1)) for x in each]
        np.testing.assert_allclose(squares, flat(wanted[field]["squares"]), rtol=3e-5, err_msg=field)
