"""Tokenizing, beside Transformers 5: texts a second, singly and in lists, and from the start of the process to the first.

`python -m benchmarks.tokenizers CHECKPOINT [--peer PYTHON] [--rounds N]`: CHECKPOINT is a directory with a tokenizer, such as
all-MiniLM-L6-v2. Each contestant runs in a process of its own, in turns; the least of the rounds counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

from benchmarks.pipelines import ROOT, TEXTS

OURS = """
import json, sys, time
source, texts = sys.argv[1], json.loads(sys.argv[2])
from trivium import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(source)
tokenizer(texts[0])
cold = time.time()
def least(run):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
single = least(lambda: [tokenizer(text) for text in texts])
batch = least(lambda: tokenizer(texts, padding=True, truncation=True, return_tensors="np"))
rows = tokenizer(texts)["input_ids"]
decode = least(lambda: [tokenizer.decode(row) for row in rows])
print(json.dumps({"cold": cold, "single": single, "batch": batch, "decode": decode}))
"""
THEIRS = OURS.replace("from trivium import", "from transformers import")


def run(python: str, program: str, *arguments: str) -> dict[str, float]:
    """Seconds of a contestant."""
    start = time.time()
    done = subprocess.run([python, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return {**found, "cold": found["cold"] - start}


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--peer", help="A Python with Transformers 5.")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    contestants = {"Trivium": (sys.executable, OURS)}
    if arguments.peer:
        contestants["Transformers 5"] = (arguments.peer, THEIRS)
    best: dict[str, dict[str, float]] = {}
    for _ in range(arguments.rounds):
        for name, (python, program) in contestants.items():
            found = run(python, program, arguments.checkpoint, json.dumps(TEXTS))
            best[name] = {kind: min(value, best.get(name, found)[kind]) for kind, value in found.items()}
    for name, found in best.items():
        rates = "  ".join(f"{kind} {len(TEXTS) / found[kind]:8.0f} texts/s" for kind in ("single", "batch", "decode"))
        print(f"{name:<16} cold {found['cold']:5.2f} s  {rates}")


if __name__ == "__main__":
    main()
