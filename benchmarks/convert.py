"""Converting checkpoints, side by side with `cp` and with Transformers 4: times as ratios, and peak memory.

`python -m benchmarks.convert [--peer PYTHON] [--case a|b|c] [--pair FROM:TO] [--rounds N]`: in each round every contestant
converts the same checkpoint once, each in a process of its own, and its output is forced to the disk and removed. Times are of
the whole process, which is what a user waits for; the least of the rounds counts. The peer is a Python with Transformers
4.52.4, PyTorch, TensorFlow and Flax; without it the comparison is with `cp` alone.

This process imports nothing large: what the system says of a child's peak memory counts its parent's too.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGETS = ("torch", "tensorflow", "flax")
LLAMA = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 32000, "hidden_size": 2048,
    "num_attention_heads": 32, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
}  # fmt: skip
CASES = {
    "a": {
        "what": "BERT-base, float32",
        "dtype": "float32",
        "shard_size": None,
        "config": {"model_type": "bert", "architectures": ["BertForMaskedLM"], "vocab_size": 30522},
    },
    "b": {
        "what": "LLaMA of 1.1 billion parameters (TinyLlama's config), bfloat16, sharded",
        "dtype": "bfloat16",
        "shard_size": 500_000_000,
        "config": LLAMA | {"num_hidden_layers": 22, "num_key_value_heads": 4, "intermediate_size": 5632},
    },
    "c": {
        "what": "LLaMA of 4.2 billion parameters, bfloat16, 8 GB, sharded: does memory stay flat?",
        "dtype": "bfloat16",
        "shard_size": 1_000_000_000,
        "config": LLAMA | {"num_hidden_layers": 80, "num_key_value_heads": 32, "intermediate_size": 5632},
    },
}

# What a user of Transformers 4 runs. With the sharding that the source has, so that the same bytes are written.
PEER = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import transformers
source, target, origin, to, architecture, shard = sys.argv[1:]
prefix = {"torch": "", "tensorflow": "TF", "flax": "Flax"}
options = {{"torch": "from_pt", "tensorflow": "from_tf", "flax": "from_flax"}[origin]: True}
if to == "torch":
    options["torch_dtype"] = "auto"
if to == "flax":
    import jax.numpy
    options["dtype"] = jax.numpy.float32
model = getattr(transformers, prefix[to] + architecture).from_pretrained(source, **options)
model.save_pretrained(target, max_shard_size=int(shard), **({} if to == "torch" else {"safe_serialization": False}))
"""


def make(folder: Path, case: dict, origins: tuple[str, ...]) -> None:
    """Writes the checkpoints of a case, one per framework, of numbers drawn at random."""
    import numpy as np

    from trivium.convert import convert
    from trivium.convert.saving import save
    from trivium.convert.tensors import dtype_named
    from trivium.core.layout import layout
    from trivium.models import catalogue

    config = catalogue.config_class(case["config"]["model_type"]).from_dict(case["config"])
    network = catalogue.network_class(config.architectures[0])
    dtype, random = dtype_named(case["dtype"]), np.random.default_rng(0)
    pool = (random.standard_normal(2**24, np.float32) * 0.02).astype(dtype)

    weights = [(weight, partial(np.resize, pool, weight.shape)) for weight in layout(network, config)]
    save(weights, network, config, folder / TARGETS[0], shard_size=case["shard_size"])
    for to in set(TARGETS[1:]) & set(origins):
        convert(folder / TARGETS[0], folder / to, to, shard_size=case["shard_size"])


def run(command: list[str], output: Path) -> dict[str, float | str]:
    """Seconds and peak memory of a command that fills `output`, until all is on the disk."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    for file in output.glob("*"):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    seconds = time.perf_counter() - start
    written = sum(file.stat().st_size for file in output.glob("*"))
    shutil.rmtree(output, ignore_errors=True)
    if process.returncode or not written:
        return {"error": (errors.strip().splitlines() or ["nothing was written"])[-1][:300]}
    return {"seconds": seconds, "rss": usage.ru_maxrss * 1024, "bytes": written}


def rounds(commands: dict[str, list[str]], output: Path, count: int) -> dict[str, dict]:
    """The best of some rounds, in which all take turns; what fails is not tried again."""
    best: dict[str, dict] = {}
    for _ in range(count):
        for name, command in commands.items():
            if "error" in best.get(name, {}):
                continue
            found = run(command, output)
            print(name, found, file=sys.stderr, flush=True)
            if "error" in found or name not in best or found["seconds"] < best[name]["seconds"]:
                best[name] = found
    return best


def measure(name: str, folder: Path, pairs: list[tuple[str, str]], peer: str | None, count: int) -> list[dict]:
    """One row for each pair of frameworks."""
    case, origins = CASES[name], ",".join({origin for origin, _ in pairs})
    making = ["--make", str(folder), "--origins", origins, "--case", name]
    subprocess.run([sys.executable, "-m", "benchmarks.convert", *making], cwd=ROOT, check=True)
    rows, output = [], folder / "output"
    for origin, to in pairs:
        source = folder / origin
        shard = ["--shard-size", str(case["shard_size"])] if case["shard_size"] else []
        commands = {
            "cp": ["cp", "-r", "--reflink=never", str(source), str(output)],
            "trivium": [sys.executable, "-m", "trivium.cli", "convert", str(source), str(output), "--to", to, "-q", *shard],
        }
        if peer and origin != to:
            arguments = [origin, to, case["config"]["architectures"][0], str(case["shard_size"] or 10**11)]
            commands["transformers"] = [peer, "-c", PEER, str(source), str(output), *arguments]
        best = rounds(commands, output, count)
        rows.append({"from": origin, "to": to, **best})
        print(_line(rows[-1]), flush=True)
    return rows


def _pair(text: str) -> tuple[str, str]:
    origin, _, to = text.partition(":")
    if not {origin, to} <= set(TARGETS):
        raise argparse.ArgumentTypeError(f"{text} is not FROM:TO, of {', '.join(TARGETS)}")
    return origin, to


def _line(row: dict) -> str:
    ours, copy, theirs = row["trivium"], row["cp"], row.get("transformers", {"error": "not tried"})
    line = f"{row['from']:>10} -> {row['to']:<10}"
    if "error" in ours:
        return f"{line}  {ours['error']}"
    line += f"  {ours['seconds'] / copy['seconds']:5.2f} x cp ({copy['seconds']:.2f} s)  {ours['rss'] / 1e6:5.0f} MB"
    if "error" in theirs:
        return f"{line}  Transformers: {theirs['error'][:100]}"
    return f"{line}  1/{theirs['seconds'] / ours['seconds']:.1f} of Transformers ({theirs['rss'] / 1e6:.0f} MB)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=str(ROOT / ".venv-peer4" / "bin" / "python"))
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_argument("--pair", type=_pair, action="append", metavar="FROM:TO", help="all pairs if not given")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, help="Write the figures here as JSON.")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--origins", default=",".join(TARGETS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make(arguments.make, CASES[arguments.case[0]], tuple(arguments.origins.split(",")))
        return
    peer = arguments.peer if Path(arguments.peer).exists() else None
    found = {}
    for name in arguments.case or CASES:
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:
            print(CASES[name]["what"])
            pairs = arguments.pair or list(itertools.product(TARGETS, TARGETS))
            found[name] = measure(name, Path(folder), pairs, peer, arguments.rounds)
    if arguments.output:
        arguments.output.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
