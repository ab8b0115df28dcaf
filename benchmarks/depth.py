"""How long LLaMA takes to compile with few layers and with many, each layer by itself and `model.scan_layers()`.

`python -m benchmarks.depth [--layers FEW MANY] [--framework NAME ...] [--rounds N]`: every figure is the least of some fresh
processes, which take turns. The forward pass and the gradient are compiled for 2 x 64 tokens; the model is narrow, for the
width of a layer hardly matters to a compiler. Tracing counts; making the model and stacking its layers do not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CONFIG = {
    "vocab_size": 1000, "hidden_size": 256, "intermediate_size": 512, "num_attention_heads": 8, "num_key_value_heads": 4,
}  # fmt: skip


def compile_jax(layers: int, scanned: bool) -> list[float]:
    """Seconds to compile forward, and gradient."""
    import jax
    import jax.numpy as jnp

    model, ids = build("flax", layers, scanned), jnp.ones((2, 64), jnp.int32)

    def loss(params: Any, ids: Any) -> Any:
        return model.apply(params, ids, labels=ids).loss

    times = []
    for function in (lambda params, ids: model.apply(params, ids).logits, jax.grad(loss)):
        start = time.perf_counter()
        jax.jit(function).lower(model.params, ids).compile()
        times.append(time.perf_counter() - start)
    return times


def compile_tensorflow(layers: int, scanned: bool) -> list[float]:
    """As `compile_jax`, by XLA. Nothing compiles ahead of a call there, so that a call's own time is taken off."""
    import tensorflow as tf

    model, ids = build("tensorflow", layers, scanned), tf.ones((2, 64), tf.int32)
    weights = [variable.value for variable in model.trainable_variables]

    def gradient(ids: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = model(ids, labels=ids).loss
        return tape.gradient(loss, weights)

    times = []
    for function in (lambda ids: model(ids).logits, gradient):
        compiled = tf.function(function, jit_compile=True, autograph=False)
        start = time.perf_counter()
        compiled(ids)
        between = time.perf_counter()
        compiled(ids)
        times.append(2 * between - start - time.perf_counter())
    return times


COMPILERS = {"JAX": compile_jax, "TensorFlow": compile_tensorflow}


def build(door: str, layers: int, scanned: bool) -> Any:
    import importlib

    module = importlib.import_module(f"trivium.{door}")
    model = module.LlamaForCausalLM(module.LlamaConfig(**CONFIG, num_hidden_layers=layers))
    if scanned:
        model.scan_layers()
    return model


def measure(framework: str, layers: int, scanned: bool) -> list[float]:
    """The seconds of one fresh process."""
    command = [sys.executable, "-m", "benchmarks.depth", "--one", framework, str(layers), str(int(scanned))]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()[-2:]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, nargs=2, default=(4, 32), metavar=("FEW", "MANY"))
    parser.add_argument("--framework", action="append", choices=list(COMPILERS), help="both if not given")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        framework, layers, scanned = options.one
        print(*COMPILERS[framework](int(layers), bool(int(scanned))))
        return
    few, many = options.layers
    print(
        f"| | forward, {few} layers | {many} | ratio | gradient, {few} layers | {many} | ratio |\n|---|---|---|---|---|---|---|"
    )
    for framework in options.framework or COMPILERS:
        for scanned in (False, True):
            rounds = [[measure(framework, layers, scanned) for layers in (few, many)] for _ in range(options.rounds)]
            cells = []
            for step in range(2):
                short, long = (min(found[place][step] for found in rounds) for place in range(2))
                cells.append(f"{short:.1f} s | {long:.1f} s | {long / short:.1f}")
            how = "`scan_layers()`" if scanned else "each layer by itself"
            print(f"| {framework}, {how} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
