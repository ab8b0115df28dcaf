"""Every class in half precision: it stays in its dtype, near what its weights say in float64, and finite whatever is hidden.

In Transformers 4.52 outputs have the dtype of the weights, too, but for some losses, GPT-J's logits and ViT-MAE's mask, which
are float32. Here losses may be, as there ViT-MAE's is not, and nothing else but T5's states: its `wo`, and the stream
behind it, are float32 where the rest is float16 (`keep_float32`), there and here.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backends import FRAMEWORKS, Backend, each_backend
from tests.calls import at, built, floats_of, inputs_of
from tests.conftest import Golden, one_golden_per_class
from tests.turns import are_compiled, has_its_turn
from trivium.core.layout import layout
from trivium.core.ops import HALF_LIMIT
from trivium.core.transfer import transfer
from trivium.models import catalogue

EPSILON = {"bfloat16": 2.0**-8, "float16": 2.0**-11}
ROUNDINGS = 24  # of the largest value, by which an output may be off


def dtype_of(value: Any) -> str:
    """NumPy's name of a tensor's dtype."""
    return getattr(value.dtype, "name", str(value.dtype).removeprefix("torch."))


def widened(value: Any, dtype: str) -> Any:
    """Arrays of a dtype as float64, in whatever they are in."""
    if isinstance(value, dict):
        return {name: widened(part, dtype) for name, part in value.items()}
    if isinstance(value, list):
        return [widened(part, dtype) for part in value]
    return value.astype(np.float64) if value.dtype.name == dtype else value


# A number that float16 cannot hold is in the network's file, which PyTorch, the quickest, reads for every class.
TURNS = {"bfloat16": are_compiled(), "float16": {golden for golden in one_golden_per_class() if has_its_turn(golden)}}
TRIED = [
    (golden, dtype, framework)
    for golden in one_golden_per_class()
    for dtype in EPSILON
    for framework in FRAMEWORKS
    if framework == "torch" or golden in TURNS[dtype]
]


@pytest.mark.parametrize(("golden", "dtype", "backend"), TRIED, ids=str, indirect=["backend"])
def test_half_precision(golden: Golden, dtype: str, backend: Backend) -> None:
    """Weights and outputs have the dtype, losses it or float32; outputs are those of the same weights in float64."""
    case = golden.call
    model = built(backend, golden, dtype)
    keeps = dtype == "float16" and any(weight.keep_float32 for weight in model.layout)
    for weight, read in model.read_weights():
        assert read().dtype.name == ("float32" if keeps and weight.keep_float32 else dtype), weight.name
    inputs = inputs_of(case, dtype)
    wide = widened(inputs, dtype)
    expected = transfer(model, "numpy", "float64")(**wide, **case["options"])
    out = backend.call(model, inputs, **case["options"])
    errors = {}
    for path, found, hidden in floats_of(case, out):
        wanted = at(expected, path)
        may_be_wide = "loss" in str(path) or (keeps and "hidden_states" in str(path))
        assert dtype_of(found) in ((dtype, "float32") if may_be_wide else (dtype,)), path
        values = backend.numpy(found).astype(np.float64)
        assert np.isfinite(values).all(), path
        scale = max(1.0, float(np.abs(wanted[~hidden]).max(initial=0)))
        errors[path] = float(np.abs(values - wanted)[~hidden].max(initial=0)) / scale / EPSILON[dtype]
    assert max(errors.values()) < ROUNDINGS, errors


@each_backend
def test_products_beyond_half_precision(backend: Backend) -> None:
    """What T5's `wo` gives, and the stream, may be larger than float16's numbers, also in a model that was handed over."""
    door = backend.door
    config = door.T5Config(vocab_size=20, d_model=16, d_kv=4, d_ff=32, num_layers=2, num_heads=4)
    narrow = importlib.import_module("trivium.numpy").T5EncoderModel(config, dtype="float16", seed=1)
    narrow.assign_weights({weight.name: 300_000 * read() for weight, read in narrow.read_weights() if weight.keep_float32})
    model = transfer(narrow, backend.name)
    ids = np.arange(8, dtype=np.int32).reshape(2, 4)
    out = backend.call(model, {"input_ids": ids}, output_hidden_states=True)
    expected = transfer(model, "numpy", "float64")(input_ids=ids, output_hidden_states=True)
    assert abs(expected.hidden_states[1]).max() > 2 * HALF_LIMIT
    for found, wanted in zip(out.hidden_states, expected.hidden_states, strict=True):
        np.testing.assert_allclose(backend.numpy(found), wanted, atol=ROUNDINGS * EPSILON["float16"] * abs(wanted).max())
    assert {name: dtype_of(found) for name, found in zip("abc", out.hidden_states, strict=True)} == {
        "a": "float16", "b": "float32", "c": "float16"
    }  # fmt: skip


def test_a_file_with_weights_that_keep_float32_is_loaded_as_it_was(tmp_path: Path) -> None:
    """The file's float16 is the model's dtype, though some of its weights are float32, as Transformers writes them, too."""
    from trivium import numpy as door

    config = door.T5Config(vocab_size=20, d_model=16, d_kv=4, d_ff=32, num_layers=2, num_heads=4)
    model = door.T5EncoderModel(config, dtype="float16")
    model.save_pretrained(tmp_path)
    loaded = door.T5EncoderModel.from_pretrained(tmp_path)
    for (weight, read), (_, others) in zip(model.read_weights(), loaded.read_weights(), strict=True):
        assert read().dtype.name == others().dtype.name == ("float32" if weight.keep_float32 else "float16")
        np.testing.assert_array_equal(read(), others())


def test_the_same_weights_keep_float32_as_in_transformers() -> None:
    """Those of `_keep_in_fp32_modules` in 4.52.4: `wo` in T5, mT5 and UMT5, and of no other architecture here."""
    kept = set()
    for golden in one_golden_per_class():
        network, config = catalogue.network_class(golden.class_name), golden.content["config"]
        for weight in layout(network, network.config_class.from_dict(config)):
            if weight.keep_float32:
                kept.add((network.config_class.model_type, weight.name.split(".")[-2]))
    assert kept == {("t5", "wo"), ("mt5", "wo"), ("umt5", "wo")}
