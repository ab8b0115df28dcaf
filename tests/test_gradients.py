"""Every class compiled by every framework: one call's outputs, and the gradients of its loss, which all frameworks agree on.

Where there is no loss, each output is weighed by drawn numbers. PyTorch in float64, not compiled, is the reference; NumPy,
which has no gradients, tells by differences whether it is right.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests import drawn, table
from tests.backends import Backend, each_backend
from tests.calls import built, floats_of, inputs_of
from tests.conftest import Golden, each_class, stands_for_all
from tests.test_goldens import compare

TOLERANCE = 1e-4  # relative to the weight's largest gradient, float32
NEGLIGIBLE = 1e-2  # of the largest gradient of all: what is smaller is judged as if it were this large
STEP, PRECISION = 1e-6, 1e-7  # of the differences, and how near they come to the sum of all shares
ROUNDED = 1e-3, 1e-4  # the same for architectures that round to float32 on their way


def objective(out: Any, case: dict[str, Any], backend: Backend, dtype: str = "float32") -> Any:
    """What is differentiated: the sum of the losses, or of all floats as weighed."""
    losses = [out[name] for name in case["outputs"] if name in ("loss", "mc_loss")]
    return sum(losses or weighed(out, case, backend, dtype))


def weighed(out: Any, case: dict[str, Any], backend: Backend, dtype: str) -> Iterator[Any]:
    for path, found, stored in floats_of(case, out):
        factors = np.where(np.isnan(stored), 0, drawn.weight(f"{path} weighed", stored.shape))
        yield backend.total(found * backend.array(factors.astype(dtype)))


@functools.lru_cache(maxsize=2)
def reference(golden: Golden) -> dict[str, np.ndarray]:
    """The gradients in float64, by the names of the weights."""
    backend, case = Backend("torch"), golden.call
    model = built(backend, golden, "float64")
    inputs = {name: backend.array(value) for name, value in inputs_of(case, "float64").items()}
    objective(model(**inputs, **case["options"]), case, backend, "float64").backward()
    return backend.gradients(model)


@each_backend
@each_class
def test_gradients(golden: Golden, backend: Backend) -> None:
    """Compiled outputs are Transformers' too; the gradient with respect to every weight is the reference's."""
    case, expected = golden.call, reference(golden)
    if backend.name == "numpy":
        check_by_differences(backend, golden, expected)
        return
    differentiated = functools.partial(objective, case=case, backend=backend)
    out, found = backend.train(built(backend, golden), differentiated, inputs_of(case), case["options"], stands_for_all(golden))
    for name, wanted in case["outputs"].items():
        compare(backend, name, out[name], wanted)
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
