"""BERT-base forward, batch 8 x 128 tokens, float32: every backend beside Transformers 5 on PyTorch.

`python -m benchmarks.forward [--peer PYTHON] [--rounds N] [--batch B] [--tokens T] [--only TEXT]`

All contestants are alive at once, each in a process of its own, and take turns, so that whatever else the machine does meets
all of them alike. The figure is the median over rounds of a contestant's time over the peer's in the same round.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.contestants import CONTESTANTS

PEER = "Transformers 5, PyTorch, compiled"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=".venv-peer/bin/python", help="a Python with transformers 5 and torch")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--only", default="", help="of our contestants, those whose names contain this")
    options = parser.parse_args()
    names = [name for name in CONTESTANTS if name.startswith("Transformers") or options.only in name]
    workers = {name: start(name, options) for name in names}
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name, worker in workers.items():
            print("run", file=worker.stdin, flush=True)
            times[name].append(float(worker.stdout.readline()))
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    print(f"BERT-base forward, {options.batch} x {options.tokens}, float32, {options.rounds} rounds; 1.00 is {PEER}\n")
    print(f"{'':36} {'ratio':>6} {'quartiles':>13} {'median s':>9}")
    for name in names:
        ratios = [mine / peer for mine, peer in zip(times[name], times[PEER], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"{name:36} {middle:6.2f} {low:6.2f}-{high:.2f} {statistics.median(times[name]):9.3f}")


def start(name: str, options: argparse.Namespace) -> subprocess.Popen[str]:
    python = options.peer if name.startswith("Transformers") else sys.executable
    command = [python, str(Path(__file__).with_name("contestants.py")), name, str(options.batch), str(options.tokens)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    worker = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert worker.stdout.readline() == "ready\n", f"{name} failed; run it by hand: {' '.join(command)}"
    return worker


if __name__ == "__main__":
    main()
