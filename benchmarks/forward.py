"""Forward, and forward with backward, of eleven architectures in every framework beside the same framework's peers.

`python -m benchmarks.forward [--peer NAME=PYTHON ...] [--case NAME ...] [--framework NAME ...] [--rounds N] [--json FILE]`

Peers: Transformers 5 (PyTorch, as is and compiled), Transformers 4 (TensorFlow, Flax), KerasHub (TensorFlow, JAX), torchax
(Transformers 5 in JAX). The contestants of a framework are alive at once, each in a process of its own, all with the same
weights where their library can read them, and take turns, so that whatever else the machine does meets all of them alike. A
ratio is the median over rounds of our best contestant's time over a peer's in the same round. The skew of the output and the
length of the gradient are compared with ours; who computes other numbers is marked, as KerasHub is where it draws its weights.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES
from benchmarks.contestants import CONTESTANTS, takes_part

ROOT = Path(__file__).parents[1]
STEPS = ("forward", "gradient")
Times = dict[str, dict[str, list[float]]]
"""Seconds by contestant and step, one for each round."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON",
                        help="a Python with transformers5, transformers4, keras_hub or torchax")  # fmt: skip
    parser.add_argument("--case", action="append", choices=list(CASES), help="all if not given")
    parser.add_argument("--framework", action="append", choices=list(CONTESTANTS), help="all if not given")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", help="a file for all that was measured, to which a run adds")
    options = parser.parse_args()
    pythons = {"": sys.executable} | dict(peer.split("=", 1) for peer in options.peer)
    found: dict[str, Any] = json.loads(Path(options.json).read_text()) if options.json and Path(options.json).exists() else {}
    for case in options.case or CASES:
        with tempfile.TemporaryDirectory() as folder:
            make(case, folder)
            for framework in options.framework or CONTESTANTS:
                race = Race(case, framework, folder, pythons, options.threads)
                found.setdefault(case, {})[framework] = race.run(options.rounds)
                report(case, framework, found[case][framework])
        if options.json:
            Path(options.json).write_text(json.dumps(found, indent=1))
    summarise(found)


def make(case: str, folder: str) -> None:
    """Writes a checkpoint of a case in the formats of all peers."""
    from trivium import numpy
    from trivium.convert import convert

    cls = getattr(numpy, CASES[case].model)
    config = {"model_type": cls.config_class.model_type, **CASES[case].config}
    cls(cls.config_class.from_dict(config)).save_pretrained(f"{folder}/torch")
    for to in ("tensorflow", "flax"):
        convert(f"{folder}/torch", f"{folder}/{to}", to)


class Race:
    """The contestants of a framework for one architecture."""

    def __init__(self, case: str, framework: str, folder: str, pythons: dict[str, str], threads: int) -> None:
        self.case, self.framework, self.folder = case, framework, folder
        names = [
            name
            for name, (environment, _) in CONTESTANTS[framework].items()
            if environment in pythons and takes_part(name, framework, case)
        ]
        self.workers = {name: self.start(name, pythons[CONTESTANTS[framework][name][0]], threads) for name in names}

    def start(self, name: str, python: str, threads: int) -> subprocess.Popen[str]:
        command = [python, "-m", "benchmarks.contestants", self.framework, name, self.case, self.folder]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(threads)}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, text=True, env=environment, cwd=ROOT, **pipes)

    def run(self, rounds: int) -> dict[str, Any]:
        """The times of all, and the facts of each; None of one that fails."""
        facts = {name: self.ask(name, "facts") for name in self.workers}
        times: Times = {name: {step: [] for step in STEPS} for name, found in facts.items() if found is not None}
        for _ in range(rounds):
            for step in STEPS:
                for name, kept in times.items():
                    kept[step].append(self.ask(name, step))
        for worker in self.workers.values():
            with contextlib.suppress(BrokenPipeError):  # of one that failed
                worker.stdin.close()  # type: ignore[union-attr]
            worker.wait()
        return {"facts": facts, "times": times}

    def ask(self, name: str, what: str) -> Any:
        worker = self.workers[name]
        try:
            print(what, file=worker.stdin, flush=True)
            return json.loads(worker.stdout.readline())  # type: ignore[union-attr]
        except (ValueError, BrokenPipeError):
            return None


def ratio(times: Times, step: str, name: str, peer: str) -> float:
    return statistics.median(a / b for a, b in zip(times[name][step], times[peer][step], strict=True))


def best(times: Times, step: str, ours: bool) -> str | None:
    """The quickest of our contestants, or of the others."""
    names = [name for name in times if name.startswith("Trivium") == ours]
    return min(names, key=lambda name: statistics.median(times[name][step]), default=None)


def same(mine: dict[str, float], other: dict[str, float]) -> bool:
    return abs(mine["skew"] - other["skew"]) < 1e-3 and abs(mine["gradient"] / other["gradient"] - 1) < 1e-2


def report(case: str, framework: str, found: dict[str, Any]) -> None:
    """Prints the times of a race."""
    times, facts = found["times"], found["facts"]
    print(f"\n{CASES[case].what}; {framework}; in brackets our best over it")
    known = [fact for name, fact in facts.items() if name.startswith("Trivium") and fact]
    for name, fact in facts.items():
        if fact is None:
            print(f"  {name:26} failed")
            continue
        cells = []
        for step in STEPS:
            ours = best(times, step, True)
            against = f"({ratio(times, step, ours, name):.2f})" if ours else ""
            cells.append(f"{step} {statistics.median(times[name][step]) * 1000:7.0f} ms {against:6}")
        mark = "" if known and same(known[0], fact) else "  other numbers"
        print(f"  {name:26}{'   '.join(cells)}{mark}", flush=True)


def summarise(found: dict[str, Any]) -> None:
    """Prints a table of our best time over the best peer's, and that peer."""
    print("\n| | " + " | ".join(f"{framework}, {step}" for framework in CONTESTANTS for step in STEPS) + " |")
    print("|---|" + "---|" * (len(CONTESTANTS) * len(STEPS)))
    for case, races in found.items():
        cells = []
        for framework in CONTESTANTS:
            times = races[framework]["times"] if framework in races else {}
            for step in STEPS:
                ours, peer = best(times, step, True), best(times, step, False)
                cells.append(f"{ratio(times, step, ours, peer):.2f} ({peer})" if ours and peer else "")
        print(f"| {case} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
