"""New models' weights follow their architectures' published schemes, and a seed gives the same weights in every framework."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import table
from tests.backends import FRAMEWORKS, Backend
from tests.conftest import GOLDENS
from trivium.convert.names import key
from trivium.convert.rules import rules_of
from trivium.core.init import draw
from trivium.core.layout import layout
from trivium.models import catalogue

FOLDER = Path(__file__).with_name("first_values")
ENOUGH, MODELS = 6000, (4, 40)  # as in goldens/generate_first_values.py


def drawn(name: str, config: dict[str, Any]) -> dict[str, np.ndarray]:
    """Kind of weight -> first values of a few models of a class, in a row."""
    network = catalogue.network_class(name)
    weights = layout(network, network.config_class.from_dict(config))  # type: ignore[attr-defined]
    rules = rules_of(catalogue.folder_of_type(config["model_type"]))
    kinds = {weight: re.sub(r"(?<=\.)\d+(?=\.)", "*", key(weight, weights, "torch", rules)) for weight in weights}
    counts: dict[str, int] = defaultdict(int)
    for weight, kind in kinds.items():
        counts[kind] += int(np.prod(weight.shape))
    values: dict[str, list[np.ndarray]] = defaultdict(list)
    for weight, kind in kinds.items():
        for seed in range(int(np.clip(-(-ENOUGH // counts[kind]), *MODELS))):
            values[kind].append(draw(weight.name, weight.shape, weight.init, seed).ravel())
    return {kind: np.concatenate(found) for kind, found in values.items()}


def differs(values: np.ndarray, wanted: list[float]) -> str | None:
    """What is not as Transformers draws it."""
    mean, std, largest = values.mean(dtype=np.float64), values.std(dtype=np.float64), np.abs(values).max()
    if len(wanted) == 1:
        return None if np.ptp(values) == 0 and np.isclose(values[0], wanted[0]) else f"mean {mean:.3g}, deviation {std:.3g}"
    slack = 0.03 + 4 / np.sqrt(2 * values.size)  # of two estimates
    if abs(std / wanted[1] - 1) > slack:
        return f"deviation {std:.4g}"
    if abs(mean - wanted[0]) > 8 * std / np.sqrt(values.size):
        return f"mean {mean:.4g}"
    shape = largest / std, wanted[2] / wanted[1]  # 1.7 of a uniform distribution, above 3 of a normal one
    return f"largest {largest:.4g}" if values.size > 1000 and (shape[0] < 2) != (shape[1] < 2) else None


@pytest.mark.parametrize("model_type", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_published_schemes(model_type: str) -> None:
    """Mean, deviation and kind of distribution of every kind of weight of every class, as Transformers 4.52.4 draws them."""
    wrong = []
    for name, golden in json.loads((FOLDER / f"{model_type}.json").read_text()).items():
        config = json.loads((GOLDENS / model_type / f"{name}.json").read_text())["configs"][golden["config"]]["config"]
        values = drawn(name, config)
        for kind, wanted in golden["kinds"].items():
            if any(fnmatchcase(kind, pattern) for pattern in table.rows()[model_type].begun):
                assert differs(values[kind], wanted), f"{kind} is as in Transformers after all"
            elif why := differs(values[kind], wanted):
                wrong.append(f"{name}: {kind}: {why}; {wanted} is expected")
    assert not wrong, "\n".join(wrong)


def test_every_architecture() -> None:
    """There is a golden for each."""
    assert {path.stem.replace("-", "_") for path in FOLDER.glob("*.json")} == set(catalogue.architectures())


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_one_seed(framework: str) -> None:
    """One seed gives the same bits in every framework; another gives others."""
    for name in ("BertForMaskedLM", "ConvNextModel", "MambaForCausalLM"):
        network = catalogue.network_class(name)
        path = next(Path(GOLDENS).glob(f"*/{name}.json"))
        config = network.config_class.from_dict(json.loads(path.read_text())["configs"]["default"]["config"])  # type: ignore[attr-defined]
        models = [getattr(Backend(backend).door, name)(config, seed=3) for backend in ("numpy", framework)]
        ours, theirs = ({weight.name: np.array(read()) for weight, read in model.read_weights()} for model in models)
        assert ours.keys() == theirs.keys() and all(np.array_equal(ours[key], theirs[key]) for key in ours)
        other = getattr(Backend(framework).door, name)(config, seed=4)
        assert any(not np.array_equal(ours[weight.name], read()) for weight, read in other.read_weights())
