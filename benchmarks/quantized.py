"""Tokens per second of `generate` with weights in float32, int8 and int4, GPT-2 medium, random weights, one text.

`python -m benchmarks.quantized --backend torch|tensorflow|flax [--how none int8 int4] [--compiled] [--tokens N]`

Greedy, prompt of 128 tokens. "after the first" are the tokens of the call's time less that of a call for one token, each the
best of `--rounds`. PyTorch runs as it is unless `--compiled` is given.
"""

from __future__ import annotations

import argparse
import importlib
import time
from typing import Any

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", choices=["torch", "tensorflow", "flax"], required=True)
    parser.add_argument("--how", nargs="+", default=["none", "int8", "int4"])
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    door = importlib.import_module(f"trivium.{options.backend}")
    config = door.GPT2Config(n_embd=1024, n_layer=24, n_head=16)
    model = door.GPT2LMHeadModel(config)
    weights = {weight.name: read() for weight, read in model.read_weights()}
    for how in options.how:
        size = sum(array.nbytes for array in weights.values())
        if how != "none":
            model = door.GPT2LMHeadModel(config, seed=None)
            model.assign_weights(weights)
            size = model.quantize(how).after
        speed = tokens_per_second(model, options)
        print(f"{options.backend:12}{how:6}{size / 1e6:8.0f} MB{speed:8.1f} tokens/s after the first", flush=True)


def tokens_per_second(model: Any, options: argparse.Namespace) -> float:
    """Of the tokens after the first."""
    prompt = np.arange(128)[None] % 1000

    def seconds(tokens: int) -> float:
        start = time.perf_counter()
        np.asarray(
            model.generate(prompt, max_new_tokens=tokens, eos_token_id=None, compiled=True if options.compiled else None)
        )
        return time.perf_counter() - start

    for tokens in (1, options.tokens):
        seconds(tokens)
    one, many = (min(seconds(tokens) for _ in range(options.rounds)) for tokens in (1, options.tokens))
    return (options.tokens - 1) / (many - one)


if __name__ == "__main__":
    main()
