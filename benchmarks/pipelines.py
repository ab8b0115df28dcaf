"""Text classification by a pipeline, beside Transformers 5: cold, from the start of the process to the first answer, and warm.

`python -m benchmarks.pipelines CHECKPOINT [--peer PYTHON] [--rounds N]`: CHECKPOINT is a directory with a tokenizer, such as
all-MiniLM-L6-v2; its head is drawn. Each contestant runs in a process of its own, in turns; the least of the rounds counts.
Warm is the time for 1,000 short texts after the first 64, by lists of them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXTS = [
    f"text number {number} is {'very ' * (number % 7)}short and {'good' if number % 3 else 'bad'}" for number in range(1064)
]

OURS = """
import json, os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
source, backend, texts, size = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
from trivium import pipeline
classify = pipeline("text-classification", source, backend=backend)
classify(texts[0])
cold = time.time()
classify(texts[:64], batch_size=size)
start = time.perf_counter()
classify(texts[64:], batch_size=size)
print(json.dumps({"cold": cold, "warm": time.perf_counter() - start}))
"""
THEIRS = OURS.replace("from trivium import", "from transformers import").replace(", backend=backend", "")


def run(python: str, program: str, *arguments: str) -> dict[str, float]:
    """Seconds of a contestant."""
    start = time.time()
    done = subprocess.run([python, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return {"cold": found["cold"] - start, "warm": found["warm"]}


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--peer", help="A Python with Transformers 5 and PyTorch.")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    texts = json.dumps(TEXTS)
    contestants = {f"Trivium, {name}": (sys.executable, OURS, name) for name in ("torch", "flax", "tensorflow")}
    if arguments.peer:
        contestants["Transformers 5"] = (arguments.peer, THEIRS, "")
    best: dict[tuple[str, int], dict[str, float]] = {}
    for _ in range(arguments.rounds):
        for size in (1, 32):
            for name, (python, program, backend) in contestants.items():
                found = run(python, program, arguments.checkpoint, backend, texts, str(size))
                before = best.setdefault((name, size), found)
                best[name, size] = {kind: min(found[kind], before[kind]) for kind in found}
    for (name, size), found in best.items():
        print(f"{name:<20} batch {size:>2}  cold {found['cold']:5.2f} s  warm {1000 / found['warm']:7.1f} texts/s")


if __name__ == "__main__":
    main()
