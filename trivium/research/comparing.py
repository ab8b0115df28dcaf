"""Two checkpoints, or one in two frameworks, run side by side: where they part, and how far."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core import auto
from trivium.core.errors import ConfigError, InputError
from trivium.core.outputs import ModelOutput
from trivium.core.pretrained import require
from trivium.pipelines.running import backend_of

TOLERANCE = 1e-4
"""The relative difference from which on two parts are not the same: float32 in two frameworks stays below it."""


@dataclass(frozen=True)
class Difference:
    """How far what a part returns differs.

    Attributes:
        path: The part: "encoder.layer.3.attention", or "output.logits" of what the model returns.
        error: The largest difference, relative to the largest value of the first; infinite where one has NaN and the other has
            none.
        largest: The largest value of the first.
    """

    path: str
    error: float
    largest: float


@dataclass(frozen=True)
class Comparison:
    """Two models, part by part, in the order in which parts returned.

    Attributes:
        first: What the first is, for people.
        second: What the second is.
        tolerance: From which relative difference on parts differ.
        parts: Every part that both have, and the outputs.
    """

    first: str
    second: str
    tolerance: float
    parts: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether no part differs."""
        return self.parting is None

    @property
    def parting(self) -> Difference | None:
        """The first part that differs."""
        return next((part for part in self.parts if not part.error <= self.tolerance), None)

    def as_dict(self) -> dict[str, Any]:
        """The comparison as `--json` prints it."""
        parting = self.parting
        return {**dataclasses.asdict(self), "same": self.same, "parting": parting.path if parting else None}

    def save(self, path: str | Path) -> None:
        """Draws the differences, part by part, into a file whose ending says its format.

        Raises:
            BackendMissing: matplotlib is not installed.
        """
        require("matplotlib", "draw")
        from matplotlib import figure

        errors = np.array([part.error for part in self.parts])
        known = errors[np.isfinite(errors) & (errors > 0)]
        floor = min(float(known.min(initial=self.tolerance)), self.tolerance) / 3
        top = max(float(known.max(initial=self.tolerance)), self.tolerance) * 3
        heights = np.where(errors == 0, np.nan, np.clip(np.nan_to_num(errors, nan=top, posinf=top), floor, top))
        drawing = figure.Figure(figsize=(7.5, max(2.5, 0.19 * len(self.parts) + 1.2)), layout="constrained")
        axes = drawing.subplots()
        colours = ["tab:red" if not error <= self.tolerance else "tab:blue" for error in errors]
        axes.barh(range(len(heights)), heights, left=0, color=colours, height=0.7)
        axes.axvline(self.tolerance, color="black", linewidth=1, linestyle="--", label=f"tolerance {self.tolerance:g}")
        axes.set_xscale("log")
        axes.set_xlim(floor / 2, top)
        axes.set_yticks(range(len(heights)), [part.path for part in self.parts], fontsize=7)
        axes.set_ylim(len(heights) - 0.4, -0.6)
        axes.set_xlabel("largest difference, relative to the largest value (no bar: equal)")
        axes.set_title(f"{self.first}\n{self.second}", fontsize=9)
        axes.legend(fontsize=8)
        drawing.savefig(path, dpi=130)


def compare(
    first: Any,
    second: Any = None,
    *,
    backend: str = "numpy",
    other_backend: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    tolerance: float = TOLERANCE,
    quantize: str | None = None,
) -> Comparison:
    """Runs two models on the same inputs, and compares what their parts return.

    Args:
        first: A directory, a Hub id, or a model.
        second: Another; if not given, the same checkpoint in `other_backend`.
        backend: "torch", "tensorflow", "flax" or "numpy", for what is loaded.
        other_backend: For the second; as the first's if not given.
        inputs: Name -> array; drawn if not given, the same each time.
        tolerance: From which relative difference on parts differ.
        quantize: "int8" or "int4": keep the second's weights as integers, which is loaded for that.

    Raises:
        InputError: There is nothing to compare, or the two have no shapes in common.
        ConfigError: A checkpoint names no class.
    """
    if quantize is not None and not isinstance(first if second is None else second, (str, Path)):
        raise InputError("a model of yours is not quantised", key="quantize", hint="call its quantize(), or give a checkpoint")
    if second is None and other_backend in (None, backend) and quantize is None:
        raise InputError("there is no second model", key="second", hint="a second checkpoint, or other_backend=...")
    one = loaded(first, backend)
    other = loaded(first if second is None else second, other_backend or backend, quantize)
    if inputs is None:
        from trivium.convert.inputs import draw_inputs

        inputs = draw_inputs(type(one).unbound(), one.config)
    seen, others = dict(_seen(one, inputs)), dict(_seen(other, inputs))
    paths = [path for path in seen if path in others]
    if not paths:
        raise InputError("the two models have no part in common", key="second")
    parts = tuple(_difference(path, seen[path], others[path]) for path in paths)
    named = _named(first if second is None else second, other) + (f", {quantize}" if quantize else "")
    return Comparison(_named(first, one), named, tolerance, parts)


def loaded(model: Any, backend: str, quantize: str | None = None) -> Any:
    """The model of a checkpoint, of the class that its config names; a model as it is."""
    if not isinstance(model, (str, Path)):
        return model
    config = auto.AutoConfig.from_pretrained(model)
    if not config.architectures:
        raise ConfigError("names no class", path=model, key="architectures")
    name = config.architectures[0].removeprefix("TF").removeprefix("Flax")
    return getattr(importlib.import_module(f"trivium.{backend}"), name).from_pretrained(model, config=config, quantize=quantize)


def _named(given: Any, model: Any) -> str:
    where = f" of {given}" if isinstance(given, (str, Path)) else ""
    return f"{type(model).__name__}{where} in {backend_of(model)}"


def _seen(model: Any, inputs: Mapping[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """What each part returns, by path, and then the outputs."""
    programs = importlib.import_module(f"trivium.backends.{backend_of(model)}.programs").Programs(model, False)
    with programs.running():
        found = model.trace(inputs)
        for path, value in found.activations.items():
            values = value if isinstance(value, list) else [value]
            for number, one in enumerate(values):
                if hasattr(one, "shape"):
                    yield path + (f"[{number}]" if len(values) > 1 else ""), _array(programs, one)
        for path, value in _leaves(found.output, "output"):
            yield path, _array(programs, value)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, ModelOutput):
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}")
    elif isinstance(value, (tuple, list)):
        for number, part in enumerate(value):
            yield from _leaves(part, f"{path}[{number}]")
    elif hasattr(value, "shape"):
        yield path, value


def _array(programs: Any, value: Any) -> np.ndarray:
    value = value.float() if str(getattr(value, "dtype", "")) == "torch.bfloat16" else value
    return np.asarray(programs.array(value)).astype(np.float64)


def _difference(path: str, one: np.ndarray, other: np.ndarray) -> Difference:
    if one.shape != other.shape:
        raise InputError(f"{path} is {one.shape} in the first, {other.shape} in the second", key=path)
    largest = float(np.abs(one).max(initial=0.0))
    if (np.isnan(one) != np.isnan(other)).any():
        return Difference(path, float("inf"), largest)
    apart = float(np.nanmax(np.abs(np.where(one == other, 0.0, one - other)), initial=0.0))
    return Difference(path, apart / (largest or 1.0), largest)
