"""Every class and its gradients in every framework: one call's outputs, and the gradients of its loss, which all agree on.

Where there is no loss, each output is weighed by drawn numbers. PyTorch in float64, not compiled, is the reference; NumPy,
which has no gradients, tells by differences whether it is right. Classes that differ in code, and those whose turn it is
(`tests/turns.py`), are compiled. Of the others TensorFlow computes the gradients as it reads, and JAX traces the way to them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests import drawn, table
from tests.backends import NAMES, Backend
from tests.calls import built, floats_of, inputs_of
from tests.conftest import Golden, one_golden_per_class
from tests.test_goldens import compare
from tests.turns import are_compiled, has_its_turn

TOLERANCE = 1e-4  # relative to the weight's largest gradient, float32
NEGLIGIBLE = 1e-2  # of the largest gradient of all: what is smaller is judged as if it were this large
STEP, PRECISION = 1e-6, 1e-7  # of the differences, and how near they come to the sum of all shares
ROUNDED = 1e-3, 1e-4  # the same for architectures that round to float32 on their way


def objective(out: Any, case: dict[str, Any], backend: Backend, dtype: str = "float32") -> Any:
    """What is differentiated: the sum of the losses, or of all floats as weighed."""
    losses = [out[name] for name in case["outputs"] if name in ("loss", "mc_loss")]
    return sum(losses or weighed(out, case, backend, dtype))


def weighed(out: Any, case: dict[str, Any], backend: Backend, dtype: str) -> Iterator[Any]:
    for path, found, hidden in floats_of(case, out):
        factors = np.where(hidden, 0, drawn.weight(f"{path} weighed", hidden.shape))
        yield backend.total(found * backend.array(factors.astype(dtype)))


@functools.lru_cache(maxsize=2)
def reference(golden: Golden) -> dict[str, np.ndarray]:
    """The gradients in float64, by the names of the weights."""
    backend, case = Backend("torch"), golden.call
    model = built(backend, golden, "float64")
    inputs = {name: backend.array(value) for name, value in inputs_of(case, "float64").items()}
    objective(model(**inputs, **case["options"]), case, backend, "float64").backward()
    return backend.gradients(model)


TRIED = [(golden, name) for golden in one_golden_per_class() for name in NAMES if name != "torch" or golden in are_compiled()]


@pytest.mark.parametrize(("golden", "backend"), TRIED, ids=str, indirect=["backend"])
def test_gradients(golden: Golden, backend: Backend) -> None:
    """Outputs are Transformers'; the gradient with respect to every weight is the reference's."""
    case = golden.call
    if backend.name == "numpy":
        check_by_differences(backend, golden, reference(golden))
        return
    differentiated = functools.partial(objective, case=case, backend=backend)
    call = built(backend, golden), differentiated, inputs_of(case), case["options"]
    if golden not in are_compiled() and backend.name == "flax":
        backend.trace(*call)
        return
    out, found = backend.train(*call, forwards=golden in are_compiled(), backwards=has_its_turn(golden))
    for name, wanted in case["outputs"].items():
        compare(backend, name, out[name], wanted)
    check(found, reference(golden))


def check(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Asserts that gradients are the reference's."""
    assert found.keys() == expected.keys()
    largest = max(float(np.abs(values).max(initial=0)) for values in expected.values())
    errors = {}
    for name, wanted in expected.items():
        scale = max(float(np.abs(wanted).max(initial=0)), NEGLIGIBLE * largest)
        errors[name] = float(np.abs(found[name] - wanted).max(initial=0)) / scale
    assert not {name: error for name, error in errors.items() if not error < TOLERANCE}


def check_by_differences(backend: Backend, golden: Golden, gradients: dict[str, np.ndarray]) -> None:
    """Asserts that the gradients say how the objective changes when all weights move a little in a drawn direction."""
    case = golden.call
    inputs = inputs_of(case, "float64")
    model = built(backend, golden, "float64")
    weights = {weight.name: np.array(read()) for weight, read in model.read_weights() if weight.is_trained}
    direction = {name: drawn.weight(f"{name} direction", values.shape) for name, values in weights.items()}

    def moved(by: float) -> float:
        model.assign_weights({name: values + by * direction[name] for name, values in weights.items()})
        return float(objective(model(**inputs, **case["options"]), case, backend, "float64"))

    shares = [gradients[name] * values for name, values in direction.items()]
    expected, scale = (sum(float(f(share).sum()) for share in shares) for f in (np.asarray, np.abs))
    step, precision = ROUNDED if table.rows()[golden.model_type].rounds else (STEP, PRECISION)
    found = (moved(step) - moved(-step)) / (2 * step)
    assert scale > 0
    assert abs(found - expected) < precision * scale
