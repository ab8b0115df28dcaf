"""What all tests share: the backends, one import of each framework per worker, and checkpoints made of the goldens."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # PyTorch's; half the time: two of pytest's processes have two cores
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up messages
os.environ.setdefault(  # a fourth of the time: models are tiny, and compiled for one call; read by JAX's XLA and TensorFlow's
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    " --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1",
)
os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks the Hub; those of the Hub have a server of their own

from tests import drawn, kept
from tests.backends import NAMES, Backend

GOLDENS = Path(__file__).parent / "goldens"
_backends: dict[str, Backend] = {}
_uses: Counter[str] = Counter()


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The backend that the test is parametrised with."""
    if request.param not in _backends:
        _backends[request.param] = Backend(request.param)
        gc.collect()
        gc.freeze()  # a framework's modules and pytest's lists of tests stay: whatever looks for garbage need not look there
    yield _backends[request.param]
    _uses[request.param] += 1
    if request.param in _FORGETTING and _uses[request.param] % 50 == 0:
        _FORGETTING[request.param]()
        gc.collect()
        with contextlib.suppress(OSError, AttributeError):  # not every system's C library can
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def _forget_flax() -> None:
    """Gives back what JAX keeps of every operation it has compiled, 13 MB a model, which adds up over hundreds of models."""
    import jax

    jax.clear_caches()


def _forget_tensorflow() -> None:
    """Gives back the kernels of operations and functions that TensorFlow keeps, of functions that are no more, too."""
    from tensorflow.python.eager import context

    context.context().clear_kernel_cache()


_FORGETTING = {"flax": _forget_flax, "tensorflow": _forget_tensorflow}


class Golden:
    """What Transformers 4.52.4 says of one class with one config; `goldens/generate.py` wrote it."""

    def __init__(self, model_type: str, class_name: str, config_name: str) -> None:
        self.model_type, self.class_name, self.config_name = model_type, class_name, config_name

    def __repr__(self) -> str:
        return f"{self.class_name}-{self.config_name}"

    def __eq__(self, other: object) -> bool:
        return repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    @property
    def content(self) -> dict[str, Any]:
        """The golden as it is stored."""
        return kept.read(GOLDENS / self.model_type / f"{self.class_name}.json")["configs"][self.config_name]

    @property
    def call(self) -> dict[str, Any]:
        """The case that stands for the class where one is enough: the first with a loss, else the first."""
        cases = self.content["cases"]
        return next((case for case in cases if "loss" in case["outputs"]), cases[0])

    def weights(self) -> dict[str, Any]:
        """The drawn weights, by the names of the checkpoint on the Hub."""
        shapes = self.content["weights"]
        return {name: drawn.weight(name, tuple(shape)) for name, shape in shapes.items()}

    def write(self, directory: Path) -> Path:
        """Writes the checkpoint into `directory`, with the library that everybody uses."""
        from safetensors.numpy import save_file

        directory.mkdir(parents=True, exist_ok=True)
        (directory / "config.json").write_text(json.dumps(self.content["config"]))
        save_file(self.weights(), directory / "model.safetensors", {"format": "pt"})
        return directory


def goldens() -> Iterator[Golden]:
    """All goldens."""
    for path in sorted(GOLDENS.glob("*/*.json")):
        if path.parent.name != "files":
            for config_name in kept.read(path)["configs"]:
                yield Golden(path.parent.name, path.stem, config_name)


def native_goldens() -> list[Golden]:
    """The goldens on which each framework's own ways are tried, which are the backend's and not an architecture's."""
    return [golden for golden in goldens() if golden.model_type in ("bert", "gpt2", "vit")]


@functools.cache
def one_golden_per_class() -> tuple[Golden, ...]:
    """Of each class the first golden with a loss, else the first."""
    classes: dict[tuple[str, str], Golden] = {}
    for golden in goldens():
        held = classes.setdefault((golden.model_type, golden.class_name), golden)
        if "loss" in golden.call["outputs"] and "loss" not in held.call["outputs"]:
            classes[golden.model_type, golden.class_name] = golden
    return tuple(classes.values())


@functools.cache
def _representatives() -> dict[str, Golden]:
    """Architecture -> its first class with a loss, else its first."""
    classes = sorted(one_golden_per_class(), key=lambda golden: "loss" not in golden.call["outputs"])
    return {golden.model_type: golden for golden in reversed(classes)}


def stands_for_all(golden: Golden) -> bool:
    """Whether what takes too long to try on every class of an architecture is tried on this one."""
    return _representatives()[golden.model_type] == golden


every_golden = pytest.mark.parametrize("golden", list(goldens()), ids=repr)


@pytest.fixture
def checkpoint(golden: Golden, tmp_path: Path) -> Path:
    """A directory with the golden's checkpoint."""
    return golden.write(tmp_path / "checkpoint")


# Known gaps

EXCEPTIONS = Path(__file__).parent / "exceptions"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks the gaps in `exceptions/<backend>.txt` as expected to fail; one that does not fail, or is no test, is an error.

    A line is a test's name below `tests/` and the reason: `test_contract.py::test_op[flax-mean]  JAX has no mean`.
    """
    tests = {item.nodeid.removeprefix("tests/"): item for item in items}
    files = {name.partition("::")[0] for name in tests}
    for path in (EXCEPTIONS / f"{name}.txt" for name in NAMES):
        for line in path.read_text().splitlines() if path.exists() else ():
            name, _, reason = line.partition("  ")
            if name in tests and reason.strip():
                tests[name].add_marker(pytest.mark.xfail(strict=True, reason=reason.strip()))
            elif not reason.strip() or (name.partition("::")[0] in files and not any("::" in arg for arg in config.args)):
                raise pytest.UsageError(f"{path}: no such test, or no reason: {line!r}")
