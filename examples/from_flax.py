"""A Flax checkpoint of Transformers 4 brought to PyTorch and TensorFlow: `python -m examples.from_flax [DIRECTORY_OR_HUB_ID]`.

First by loading: each framework reads flax_model.msgpack itself. Then by files, with no framework: model.safetensors and
tf_model.h5, as Transformers 4 would write them. All of it says the same. Without an argument it takes the sentence encoder of
the demo, as Flax would have it.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np

import trivium
from examples import demo
from trivium.core import hub

IDS = np.array([[2, 7, 1, 5, 3], [2, 4, 8, 3, 0]])
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
TOLERANCE = 1e-5


def states(framework: str, source: Path) -> np.ndarray:
    """What a framework's model makes of two texts, with the weights of a checkpoint in any format."""
    model = importlib.import_module(f"trivium.{framework}").AutoModel.from_pretrained(source, dtype="float32")
    out = model(**{name: model._native(array) for name, array in (("input_ids", IDS), ("attention_mask", MASK))})
    found = out.last_hidden_state
    return np.asarray(found.detach() if framework == "torch" else found)[MASK.astype(bool)]


def main(source: str | None = None, folder: Path = Path(".demo", "from_flax")) -> int:
    """Prints how far apart the models are; 1 if they are not one."""
    if source is None:
        original, flax = demo.fetch(Path(".demo", "all-MiniLM-L6-v2")), folder / "flax"
        trivium.convert.convert(original, flax, "flax", overwrite=True)
    else:
        flax = hub.resolve(source)
    reference = states("numpy", flax)
    row = demo.columns("<34", ">14")
    row("read from", "apart, at most", code=2)
    holds = True
    for framework, target in (
        ("flax", None),
        ("torch", None),
        ("tensorflow", None),
        ("torch", "torch"),
        ("tensorflow", "tensorflow"),
    ):
        place = flax
        if target is not None:
            place = folder / target
            report = trivium.convert.convert(flax, place, target, overwrite=True, verify=True)
        file = "flax_model.msgpack" if target is None else report.files[0]
        apart = float(np.abs(states(framework, place) - reference).max())
        row(f"{demo.TITLES[framework]}, {file}", f"{apart:.0e}")
        holds &= apart < TOLERANCE
    differences = trivium.convert.verify(folder / "torch", folder / "tensorflow")
    holds &= demo.check(not differences, "the two files hold the same numbers, bit for bit")
    return 0 if demo.check(holds, f"all are within {TOLERANCE:.0e} of NumPy on the Flax file") else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
