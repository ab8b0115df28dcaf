"""The proof by numbers: the NumPy reference on the source, the target's framework on the result, both on the same inputs.

Each runs in a child process, on the processor. Errors are relative to the largest number of an output: an element near zero
has no digits that could agree.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

import trivium
from trivium.core.signatures import parameters
from trivium.models import catalogue

from .inputs import draw_inputs
from .plan import Match
from .running import Run
from .saving import Target
from .tensors import is_float
from .verification import distance
from .writing import MARK

TOLERANCE = 1e-4
"""The relative error that computing in float32 may make."""
_ROUNDINGS = 16  # how far a network may carry the rounding of a cast, in units of the narrower dtype's epsilon
_WIDE = 500_000_000  # parameters up to which the reference is computed in float64

_PACKAGES = {"torch": ("torch",), "tensorflow": ("tensorflow", "keras"), "flax": ("jax", "flax"), "numpy": ("numpy",)}
_ALONE = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}  # no accelerator's short cuts
_SAID = 600  # characters of what a child says last


@dataclass(frozen=True)
class OutputError:
    """How far the result's output is from the reference's.

    Attributes:
        name: Of the output: `logits`, `hidden_states[0]`.
        shape: Of the reference's.
        absolute: The largest difference; None if there is none to tell: one is missing, has another shape, or NaN elsewhere.
        relative: The same, divided by the reference's largest number.
    """

    name: str
    shape: tuple[int, ...]
    absolute: float | None
    relative: float | None


@dataclass(frozen=True)
class Parity:
    """What came of running source and result on the same inputs.

    Attributes:
        passed: Whether both ran, and no output's relative error is above the tolerance.
        tolerance: See `TOLERANCE`; more where weights were cast to a narrower dtype.
        network: The class, by its Transformers name.
        reference: What ran on the source, and `target` what ran on the result: framework, dtype, and file -> SHA-256.
        not_run: What could not be run -> why.
        versions: Package -> version.
        inputs: Name -> shape of the arguments, which are drawn.
        first_difference: The first output above the tolerance, in the order in which the network computes them:
            `hidden_states[0]` is what goes into the first layer, `hidden_states[1]` what comes out of it.
        outputs: Every output's error.
    """

    passed: bool
    tolerance: float
    network: str
    reference: dict[str, Any]
    target: dict[str, Any]
    not_run: dict[str, str]
    versions: dict[str, str]
    inputs: dict[str, tuple[int, ...]]
    first_difference: str | None
    outputs: tuple[OutputError, ...]

    @property
    def relative(self) -> float | None:
        """The largest relative error; None if something could not be compared."""
        errors = [output.relative for output in self.outputs]
        known = [error for error in errors if error is not None]
        return max(known) if known and len(known) == len(errors) else None

    def as_dict(self) -> dict[str, Any]:
        """The report as parity.json has it."""
        return asdict(self)


def prove(found: Match, options: Mapping[str, Any], written: Sequence[Path], target: Target, dtype: np.dtype | None) -> Parity:
    """Runs a source and what was made of it.

    Args:
        found: The source.
        options: Of `opened`, with which it was opened.
        written: The result's weight file, or its index and the shards; scratch files are made, and removed, beside it.
        target: What it was written for.
        dtype: What floating-point weights were cast to, if they were.
    """
    inputs = draw_inputs(found.network, found.config)
    wide = "float64" if found.layout.size <= _WIDE else "float32"
    framework, not_run = target.framework, dict[str, str]()
    if missing := [package for package in _PACKAGES[framework] if importlib.util.find_spec(package) is None]:
        not_run[framework] = f"{', '.join(missing)} is not installed; the NumPy reference ran on the result instead"
        framework = "numpy"
    source = found.checkpoint.path
    with tempfile.TemporaryDirectory(prefix=MARK, dir=written[0].parent) as scratch:
        here = Path(scratch)
        np.savez(here / "inputs.npz", **inputs)  # type: ignore[arg-type]
        common: dict[str, Any] = {
            "network": found.network.__name__, "inputs": str(here / "inputs.npz"), "switches": _switches(found.network),
            "registered": tuple(map(str, catalogue.sources())),
        }  # fmt: skip
        expected = _outputs(Run("numpy", wide, str(source), dict(options), outputs=str(here / "a.npz"), **common), not_run)
        trusted = {"trust": True}
        got = _outputs(Run(framework, "float32", str(written[0]), trusted, outputs=str(here / "b.npz"), **common), not_run)
        tolerance = _tolerance(found, dtype)
        errors = tuple(_errors(expected, got)) if expected is not None and got is not None else ()
    wrong = [error.name for error in errors if error.relative is None or error.relative > tolerance]
    return Parity(
        passed=bool(errors) and not wrong,
        tolerance=tolerance,
        network=found.network.__name__,
        reference={"framework": "numpy", "dtype": wide, "files": _hashes(found.checkpoint.files)},
        target={"framework": framework, "dtype": "float32", "files": _hashes(written)},
        not_run=not_run,
        versions=_versions(framework),
        inputs={name: array.shape for name, array in inputs.items()},
        first_difference=min(wrong, key=_depth, default=None),
        outputs=errors,
    )


def _switches(network: type) -> dict[str, Any]:
    """What makes the network return the state after each layer."""
    name = "output_hidden_states"
    return {name: True} if name in {parameter.name for parameter in parameters(network)} else {}


def _outputs(run: Run, not_run: dict[str, str]) -> dict[str, np.ndarray] | None:
    """What a run returns; None if it fails, with the reason in `not_run`."""
    home = str(Path(__file__).parents[2])
    environment = os.environ | _ALONE | {"PYTHONPATH": os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))}
    command = [sys.executable, "-P", "-m", "trivium.convert.running", json.dumps(asdict(run))]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
    what = f"{run.framework} on {Path(run.path).name}"
    if done.returncode < 0:
        not_run[what] = f"the process was ended by signal {-done.returncode}; it may have needed more memory than there is"
    elif done.returncode:
        not_run[what] = done.stderr.decode(errors="replace").strip()[-_SAID:]
    else:
        with np.load(run.outputs) as found:
            return {name: found[name] for name in found.files}
    return None


def _tolerance(found: Match, dtype: np.dtype | None) -> float:
    held = {tensor.dtype for tensor in found.found.values() if is_float(tensor.dtype)}
    if dtype is None or not any(other.itemsize > dtype.itemsize for other in held):
        return TOLERANCE
    return max(TOLERANCE, _ROUNDINGS * float(ml_dtypes.finfo(dtype).eps))


def _errors(expected: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray]) -> Iterator[OutputError]:
    for name in [*expected, *(name for name in got if name not in expected)]:
        a, b = expected.get(name), got.get(name)
        if a is None or b is None or a.shape != b.shape:
            yield OutputError(name, () if a is None else a.shape, None, None)
            continue
        absolute, scale = distance(a, b)
        comparable = np.isfinite(absolute) and (scale or not absolute)
        relative = absolute / scale if scale else 0.0
        yield OutputError(name, a.shape, absolute, relative) if comparable else OutputError(name, a.shape, None, None)


def _depth(name: str) -> int:
    """An encoder's states come before a decoder's, and a network's states before what is made of them."""
    return 2 if "hidden_states[" not in name else 0 if "encoder_hidden" in name else 1


def _hashes(files: Iterable[Path]) -> dict[str, str]:
    found = {}
    for file in files:
        for member in sorted(path for path in (file, *file.rglob("*")) if path.is_file()):
            with open(member, "rb") as content:
                found[member.relative_to(file.parent).as_posix()] = hashlib.file_digest(content, "sha256").hexdigest()
    return found


def _versions(framework: str) -> dict[str, str]:
    found = {"python": platform.python_version(), "trivium": trivium.__version__}
    for package in ("numpy", "ml_dtypes", *_PACKAGES[framework]):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:  # tensorflow-cpu, say, is tensorflow by another name
            found[package] = "unknown"
    return found
