"""Tokens per second of `generate`: every backend beside Transformers, KerasHub and llama.cpp, and beside the memory's bound.

`python -m benchmarks.generate [--model gpt2|llama|small] [--batch B] [--rounds N] [--peer NAME=PYTHON ...] [--only TEXT]`

Greedy, random weights, nothing ends early. Contestants are processes that are alive side by side, as many as `--alive` says,
and take turns; the first is Transformers 5 in each such group, and a ratio is to it in the same round. "tokens/s" are those of
the whole call, the prompt's reading included; "after the first" those of the call's time less that of a call for one token.
The bound is what the machine reads per second, measured in the same rounds, over the bytes of weights that a token needs.
A contestant whose environment is not given is left out; one that fails is named.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.writers import CONTESTANTS, MODELS

ROOT = Path(__file__).parents[1]
PEER = "Transformers 5, PyTorch"
READ_BYTES = 1 << 29


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=list(MODELS), default="gpt2")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--prompt", type=int, default=128)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alive", type=int, default=4, help="how many contestants are in memory at once")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="contestants whose names fit this regular expression")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON",
                        help="a Python with transformers5, transformers4, keras_hub or llama_cpp")  # fmt: skip
    options = parser.parse_args()
    pythons = {"": sys.executable} | dict(peer.split("=", 1) for peer in options.peer)
    names = [name for name, (of, _) in CONTESTANTS.items() if of in pythons and name != PEER]
    names = [name for name in names if re.search(options.only, name)]
    first = [PEER] if "transformers5" in pythons else []
    step = max(1, options.alive - len(first))
    groups = [[*first, *names[start : start + step]] for start in range(0, len(names), step)]
    dtype = MODELS[options.model][2]
    print(f"{options.model}, {dtype}, batch {options.batch}, prompt {options.prompt}, {options.tokens} new tokens", flush=True)
    print(f"{'':36}{'tokens/s':>9}{'ratio':>7}{'after the first':>17}{'of the bound':>14}")
    for group in groups:
        report(group, pythons, options)


def report(group: list[str], pythons: dict[str, str], options: argparse.Namespace) -> None:
    """Prints what a group of contestants did."""
    workers = {name: start(name, pythons[CONTESTANTS[name][0]], options) for name in group}
    for name in [name for name, worker in workers.items() if not is_ready(worker, options.tokens)]:
        print(f"{name:36} failed; run it by hand: {' '.join(map(str, workers.pop(name).args))}")
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in workers}
    speeds = []
    for _ in range(options.rounds):
        speeds.append(read_speed(options.threads))
        for name, worker in workers.items():
            rounds[name].append((ask(worker, options.tokens), ask(worker, 1)))
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    bound = statistics.median(speeds) / bytes_of_weights(options.model)
    for name, found in rounds.items():
        whole = statistics.median(options.batch * options.tokens / time for time, _ in found)
        # the best of the rounds, as of the bandwidth's: a difference of two times that others' work has lengthened says nothing
        after = (options.tokens - 1) / max(1e-9, min(time for time, _ in found) - min(time for _, time in found))
        pairs = zip(found, rounds.get(PEER, found), strict=True)
        ratio = statistics.median(peer / mine for (mine, _), (peer, _) in pairs)
        print(f"{name:36}{whole:9.1f}{ratio:7.2f}{options.batch * after:17.1f}{after / bound:14.0%}", flush=True)
    print(
        f"{'(bound, at ' + format(statistics.median(speeds) / 1e9, '.0f') + ' GB/s)':36}{'':33}{options.batch * bound:.1f}",
        flush=True,
    )


def start(name: str, python: str, options: argparse.Namespace) -> subprocess.Popen[str]:
    sizes = (options.batch, options.prompt)
    command = [python, "-m", "benchmarks.writers", name, options.model, *map(str, sizes)]  # no script: tokenizers.py is near it
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(options.threads)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, text=True, env=environment, cwd=ROOT, **pipes)


def is_ready(worker: Any, tokens: int) -> bool:
    """Whether a contestant works, which has then compiled what it will."""
    try:
        return worker.stdout.readline() == "ready\n" and all(ask(worker, count) > 0 for count in (tokens, 1))
    except (ValueError, BrokenPipeError):
        return False


def ask(worker: Any, tokens: int) -> float:
    """The seconds in which a contestant writes so many tokens."""
    print(tokens, file=worker.stdin, flush=True)
    return float(worker.stdout.readline())


def bytes_of_weights(model: str) -> int:
    """What is read for each token: all weights but tables of which it needs one row."""
    import importlib
    import math

    from benchmarks.writers import NAMES, of_class
    from trivium import numpy as door
    from trivium.core.layout import layout

    cls, config = of_class(door, model)
    network = getattr(importlib.import_module(f"trivium.models.{config.model_type}.network"), cls.__name__)
    tables = (".wpe.weight",) if NAMES[model] == "GPT2" else (".embed_tokens.weight",)  # GPT-2's tokens are also its last layer
    weights = layout(network, config).weights
    size = 4 if MODELS[model][2] == "float32" else 2
    return size * sum(math.prod(weight.shape) for name, weight in weights.items() if not name.endswith(tables))


def read_speed(threads: int) -> float:
    """The bytes per second that a sum over much memory reads."""
    import torch

    torch.set_num_threads(threads)
    numbers = torch.ones(READ_BYTES // 4)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        numbers.sum()
        times.append(time.perf_counter() - start)
    return READ_BYTES / min(times)


if __name__ == "__main__":
    main()
