"""A golden's model with its weights drawn, and the arrays of its calls."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np

from tests import drawn
from tests.backends import Backend
from tests.conftest import Golden
from tests.kept import Kept
from trivium.convert.names import key
from trivium.convert.rules import rules_of
from trivium.models import catalogue

Path = tuple[str | int, ...]
DTYPES = {"bfloat16": ml_dtypes.bfloat16, "float16": np.float16, "float32": np.float32, "float64": np.float64}


def built(backend: Backend, golden: Golden, dtype: str = "float32") -> Any:
    """The golden's model, for inference."""
    cls = getattr(backend.door, golden.class_name)
    model = cls(cls.config_class.from_dict(golden.content["config"]), dtype=dtype, seed=None)
    rules, held = rules_of(catalogue.folder_of_type(model.config.model_type)), golden.weights()
    keys = {weight.name: key(weight, model.layout, "torch", rules) for weight in model.layout}
    model.draw_weights([name for name in keys if keys[name] not in held], seed=0)  # what no checkpoint holds
    model.assign_weights({name: held[keys[name]] for name in keys if keys[name] in held})
    model._ready()
    return model


def inputs_of(case: dict[str, Any], dtype: str = "float32") -> dict[str, Any]:
    """The arrays of a call, floats in a dtype."""
    found = {name: drawn.unpack(value) for name, value in case["inputs"].items()}
    return drawn.nested(
        {name: value.astype(DTYPES[dtype]) if value.dtype.kind == "f" else value for name, value in found.items()}
    )


def floats_of(case: dict[str, Any], out: Any) -> Iterator[tuple[Path, Any, np.ndarray]]:
    """(path, tensor, where it is nobody's business) of the floats among a call's outputs."""
    for path, stored in _leaves(case["outputs"]):
        found = at(out, path)
        if "float" in str(found.dtype):  # a golden keeps integers, too, as floats
            yield path, found, Kept(stored).hidden


def _leaves(stored: Any, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(stored, dict) and "shape" in stored:
        yield path, stored
        return
    parts = stored.get("fields", stored) if isinstance(stored, dict) else dict(enumerate(stored))
    for part, value in parts.items():
        yield from _leaves(value, (*path, part))


def at(out: Any, path: Path) -> Any:
    """The part of an output at a path such as ("hidden_states", 0)."""
    return functools.reduce(lambda part, key: part[key], path, out)
