"""Import and load times, beside Transformers 5 on PyTorch.

`python -m benchmarks.startup [--peer PYTHON] [--rounds N]`

Every figure is a fresh process, and the contestants take turns; printed are medians. "Door" is what importing a class costs
beyond its framework's own import, in the same process; "load" is `from_pretrained` of BERT-base in safetensors, 0.44 GB, warm
from the page cache.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BERT = "vocab_size=30522, hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072"

TIMED = "import time; start = time.perf_counter(); {0}; print(time.perf_counter() - start)"
IMPORTS = {"trivium": "import trivium", "numpy": "import numpy"}
FRAMEWORKS = {"torch": "import torch", "tensorflow": "import keras, tensorflow", "flax": "import flax.nnx"}


def measure(python: str, code: str) -> float:
    """The number that a program prints last."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=".venv-peer/bin/python", help="a Python with transformers 5 and torch")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make = f"import trivium.numpy as t; t.BertModel(t.BertConfig({BERT})).save_pretrained({folder!r}); print(0)"
        measure(sys.executable, make)
        programs: dict[str, tuple[str, str]] = {
            "import trivium": (sys.executable, TIMED.format("import trivium")),
            "import transformers": (options.peer, TIMED.format("import transformers")),
            "load, Transformers 5, PyTorch": (options.peer, load("transformers", "torch", folder)),
        }
        for name, framework in FRAMEWORKS.items():
            door = f"from trivium.{name} import BertModel"
            programs[f"door, {name}"] = (sys.executable, f"{framework}\n" + TIMED.format(door))
            programs[f"load, Trivium, {name}"] = (sys.executable, load(f"trivium.{name}", framework.split()[-1], folder))
        times: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(options.rounds):
            for name, (python, code) in programs.items():
                times[name].append(measure(python, code))
    peer = times["load, Transformers 5, PyTorch"]
    for name, found in times.items():
        ratio = ""
        if name.startswith("load"):
            ratio = f"{statistics.median(a / b for a, b in zip(found, peer, strict=True)):.2f} of Transformers 5"
        print(f"{name:32} {statistics.median(found) * 1000:8.0f} ms  {ratio}")


def load(module: str, framework: str, folder: str) -> str:
    """A program that prints the time of loading, imports not counted."""
    return f"import {framework}\nfrom {module} import BertModel\n" + TIMED.format(f"BertModel.from_pretrained({folder!r})")


if __name__ == "__main__":
    main()
