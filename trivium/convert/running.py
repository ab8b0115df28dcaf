"""A checkpoint run in one framework, in a child process: the converter's own has none.

Run as a program. Its argument is a JSON object, the fields of `Run`.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import trivium
from trivium.core.outputs import ModelOutput

from .opening import opened


@dataclass(frozen=True)
class Run:
    """What is to be run.

    Attributes:
        framework: "numpy", "torch", "tensorflow" or "flax".
        dtype: Of the weights, by NumPy's name; layers compute in it.
        path: The checkpoint.
        options: Of `opened`.
        network: The class, by its Transformers name.
        inputs: A .npz file with the arguments.
        switches: Further arguments that are no arrays.
        outputs: The .npz file to write: name of an output -> values, in the order of the class.
        registered: The sources of architectures that are not in the package.
    """

    framework: str
    dtype: str
    path: str
    options: dict[str, Any]
    network: str
    inputs: str
    switches: dict[str, Any]
    outputs: str
    registered: tuple[str, ...]


def run(wanted: Run) -> None:
    """Loads the checkpoint, calls the model, and writes what it returns."""
    for source in wanted.registered:
        trivium.register(source)
    door = importlib.import_module(f"trivium.{wanted.framework}")
    with opened(wanted.path, **wanted.options) as found:
        model = getattr(door, wanted.network)(found.config, dtype=wanted.dtype, seed=None)
        model.assign_weights({name: found.read(name) for name in found.layout.weights})
        model._ready()
    with np.load(wanted.inputs) as inputs:
        programs = importlib.import_module(f"trivium.backends.{wanted.framework}.programs").Programs(model)
        with programs.running():
            out = model(**{name: programs.tensor(inputs[name]) for name in inputs.files}, **wanted.switches)
    np.savez(wanted.outputs, **dict(_arrays(out)))  # type: ignore[arg-type]


def _arrays(value: Any, name: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of an output, by name: `logits`, `hidden_states[0]`, `text_model_output.pooler_output`."""
    if value is None:
        return
    if isinstance(value, ModelOutput):
        for field, part in value.items():
            yield from _arrays(part, f"{name}.{field}" if name else field)
    elif isinstance(value, (tuple, list)):
        for index, part in enumerate(value):
            yield from _arrays(part, f"{name}[{index}]")
    else:
        yield name, np.asarray(value)


if __name__ == "__main__":
    run(Run(**json.loads(sys.argv[1])))
