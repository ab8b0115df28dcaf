"""Pipelines answer as Transformers 4.52.4's do, in every framework; and what users may ask of them besides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trivium
from tests import drawn, pipelines_table
from tests.backends import Backend, each_backend
from trivium.core.errors import ConfigError, InputError, NotFound, TriviumError
from trivium.models import catalogue
from trivium.pipelines import TASKS, pipeline

GOLDEN = json.loads((Path(__file__).parent / "goldens" / "pipelines.json").read_text())
CASES = list(zip(pipelines_table.CALLS, GOLDEN, strict=True))


def checkpoint(name: str, folder: Path) -> Path:
    """A small checkpoint of drawn weights, as the goldens' script wrote it."""
    place = folder / name
    if place.exists():
        return place
    place.mkdir()
    values = pipelines_table.config(name)
    cls = getattr(trivium.numpy, values["architectures"][0])
    model = cls(cls.config_class.from_dict(values), seed=None)
    model.assign_weights({weight.name: drawn.weight(weight.name, weight.shape) for weight in model.layout})
    model.save_pretrained(place)
    pipelines_table.lay_out(name, place)
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the checkpoints of this module are."""
    return tmp_path_factory.mktemp("pipelines")


def near(found: Any, expected: Any, where: str = "") -> None:
    """The same names, texts and whole numbers; scores within rounding."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name in expected:
            near(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            near(one, other, f"{where}[{number}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=2e-4, abs=2e-6), where
    else:
        assert found == expected, where


@each_backend
@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{task}-{number}" for number, ((task, *_), _) in enumerate(CASES)])
def test_goldens(number: int, backend: Backend, folder: Path) -> None:
    """Every task, as Transformers answers it."""
    (task, name, item, options), golden = CASES[number]
    pipe = pipeline(task, str(checkpoint(name, folder)), backend=backend.name)
    item = pipelines_table.given(item)
    answer = pipe(**item, **options) if task == "question-answering" else pipe(item, **options)
    near(pipelines_table.plain(answer), golden["answer"])
