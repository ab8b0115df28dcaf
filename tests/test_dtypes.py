"""Every class in half precision: it stays in its dtype, near what its weights say in float64, and finite whatever is hidden.

In Transformers 4.52 outputs have the dtype of the weights, too, but for some losses, GPT-J's logits and ViT-MAE's mask, which
are float32. Here losses may be, as there ViT-MAE's is not, and nothing else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backends import FRAMEWORKS, Backend
from tests.calls import at, built, floats_of, inputs_of
from tests.conftest import Golden, one_golden_per_class
from tests.turns import are_compiled, has_its_turn
from trivium.core.transfer import transfer

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
    assert {read().dtype.name for _, read in model.read_weights()} == {dtype}
    inputs = inputs_of(case, dtype)
    wide = widened(inputs, dtype)
    expected = transfer(model, "numpy", "float64")(**wide, **case["options"])
    out = backend.call(model, inputs, **case["options"])
    errors = {}
    for path, found, hidden in floats_of(case, out):
        wanted = at(expected, path)
        assert dtype_of(found) in ((dtype, "float32") if "loss" in str(path) else (dtype,)), path
        values = backend.numpy(found).astype(np.float64)
        assert np.isfinite(values).all(), path
        scale = max(1.0, float(np.abs(wanted[~hidden]).max(initial=0)))
        errors[path] = float(np.abs(values - wanted)[~hidden].max(initial=0)) / scale / EPSILON[dtype]
    assert max(errors.values()) < ROUNDINGS, errors
