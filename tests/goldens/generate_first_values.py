"""Writes tests/first_values/<model_type>.json: how Transformers 4.52.4 draws the weights of new models.

    python tests/goldens/generate_first_values.py [model_type ...]

in the environment of `generate.py`, whose goldens say of which classes and configs. For each class

    config   the golden's config that was taken
    kinds    name in the checkpoint, numbers replaced by "*" -> [mean, standard deviation, largest size] over enough models that
             they mean something; where all values are one, that alone. What an earlier class has too is left out.
"""

from __future__ import annotations

import os

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "CUDA_VISIBLE_DEVICES": "-1"}

import copy
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

HERE = Path(__file__).parent
THERE = HERE.parent / "first_values"
sys.path.insert(0, str(HERE.parents[1]))

from tests import kept  # noqa: E402

ENOUGH = 6000  # numbers, so that a standard deviation is known to a few per cent
MODELS = (4, 40)


def in_memory(model: torch.nn.Module, key: str) -> str:
    """The name in memory of a tensor in a file, where some models' are spelt otherwise."""
    for pattern, there in model._checkpoint_conversion_mapping.items():
        key, found = re.subn(pattern, there, key)
        if found:
            break
    return key


def kinds(name: str, config: dict[str, Any], weights: dict[str, list[int]]) -> dict[str, list[float]]:
    """Kind -> what its values are like."""
    cls, counts = getattr(transformers, name), dict[str, int]()
    for key, shape in weights.items():
        counts[kind(key)] = counts.get(kind(key), 0) + int(np.prod(shape))
    models = int(np.clip(-(-ENOUGH // min(counts.values())), *MODELS))
    values: dict[str, list[np.ndarray]] = defaultdict(list)
    for seed in range(models):
        torch.manual_seed(seed)
        model = cls._from_config(cls.config_class.from_dict(copy.deepcopy(config)))
        state = model.state_dict()
        for key in weights:
            values[kind(key)].append(state[in_memory(model, key)].double().numpy().ravel())
    return {key: summary(np.concatenate(found)) for key, found in values.items()}


def kind(key: str) -> str:
    """A weight's name without the numbers of its layers."""
    return re.sub(r"(?<=\.)\d+(?=\.)", "*", key)


def summary(values: np.ndarray) -> list[float]:
    """Mean, standard deviation and largest size; or the one value."""
    if np.ptp(values) == 0:
        return [float(values[0])]
    return [float(f"{number:.3g}") for number in (values.mean(), values.std(), np.abs(values).max())]


def main(wanted: list[str]) -> None:
    """Writes the goldens of some architectures, or of all."""
    THERE.mkdir(exist_ok=True)
    for folder in sorted(path for path in HERE.iterdir() if path.is_dir() and (not wanted or path.name in wanted)):
        found = {}
        for path in sorted(folder.glob("*.json")) if folder.name not in ("files", "tokenizers") else ():
            content = kept.read(path)
            name, golden = next(iter(content["configs"].items()))
            found[path.stem] = {"config": name, "kinds": kinds(path.stem, golden["config"], golden["weights"])}
        if found:
            shared = dict[tuple[str, str], Any]()  # what classes have in common is kept once, with the first
            for name, entry in found.items():
                start = f"{getattr(transformers, name).base_model_prefix}."
                places = {key: (entry["config"], key.removeprefix(start)) for key in entry["kinds"]}
                entry["kinds"] = {k: v for k, v in entry["kinds"].items() if shared.setdefault(places[k], v) is v}
            found = {name: entry for name, entry in found.items() if entry["kinds"]}
            text = json.dumps(found, separators=(",", ":")).replace('},"', '},\n"')
            (THERE / f"{folder.name}.json").write_text(text + "\n")
            print(folder.name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
