"""A trained model fine-tuned in three frameworks: `python -m examples.finetune [DIRECTORY_OR_HUB_ID]`.

From the same start and over the same batches, by `model.fit`, a PyTorch loop and optax, the losses are the same within
rounding, by SGD and by AdamW. Then the model that TensorFlow tuned goes on in PyTorch and in Flax as it would have at home.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

import trivium.convert
from examples import demo
from examples.training import LOOPS, TITLES, Batch
from trivium.core import hub

STEPS = 20
RATES = {"sgd": 0.05, "adamw": 2e-5}
TOLERANCE = 5e-5
"""How far apart losses may be, relatively: each step's rounding is the next one's start."""

# what a sentence of the demo is about: 0 plants, 1 money, 2 space, 3 food, 4 sport, 5 travel
TOPICS = (0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5)


def batches(source: Path, count: int) -> list[Batch]:
    """Batches of four sentences with their topics, each in turn."""
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.enable_padding()
    page = tokenizer.encode_batch(list(demo.SENTENCES))
    ids, mask = (np.array([getattr(text, name) for text in page], np.int32) for name in ("ids", "attention_mask"))
    order = np.random.default_rng(0)
    chosen = [order.permutation(len(TOPICS))[:4] for _ in range(count)]
    topics = np.array(TOPICS, np.int32)
    return [{"input_ids": ids[rows], "attention_mask": mask[rows], "labels": topics[rows]} for rows in chosen]


def load(framework: str, source: Path) -> Any:
    """The model with a new classifier, which is drawn from the seed and so the same everywhere; nothing is dropped."""
    auto = importlib.import_module(f"trivium.{framework}").AutoModelForSequenceClassification
    rates = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return auto.from_pretrained(
        source, config=trivium.AutoConfig.from_pretrained(source, num_labels=6, **rates), dtype="float32"
    )


def part(losses: dict[str, list[float]]) -> float:
    """The largest relative distance between the frameworks' losses at any step."""
    table = np.array(list(losses.values()))
    return float((np.ptp(table, 0) / table.min(0)).max())


def main(source: str | None = None, steps: int = STEPS, folder: Path = Path(".demo", "finetuned")) -> int:
    """Prints the losses; 1 if the frameworks part."""
    original = demo.fetch(Path(".demo", "all-MiniLM-L6-v2")) if source is None else hub.resolve(source)
    data, holds = batches(original, 2 * steps), True
    for optimizer, rate in RATES.items():
        losses = {name: loop(load(name, original), data[:steps], optimizer, rate) for name, loop in LOOPS.items()}
        print(demo.paint(1, f"\n{optimizer}, learning rate {rate}"))
        show(losses)
        holds &= demo.check(part(losses) < TOLERANCE, f"{steps} losses within {part(losses):.0e} of each other")

    print(demo.paint(1, "\nTuned in TensorFlow by SGD, and on in each framework"))
    tuned = load("tensorflow", original)
    LOOPS["tensorflow"](tuned, data[:steps], "sgd", RATES["sgd"])
    tuned.save_pretrained(folder / "tensorflow", format="tensorflow")
    trivium.convert.convert(folder / "tensorflow", folder / "torch", "torch", overwrite=True)
    sources = {"torch": folder / "torch", "tensorflow": folder / "tensorflow", "flax": folder / "tensorflow"}
    losses = {name: loop(load(name, sources[name]), data[steps:], "sgd", RATES["sgd"]) for name, loop in LOOPS.items()}
    losses["tensorflow, without a stop"] = LOOPS["tensorflow"](tuned, data[steps:], "sgd", RATES["sgd"])
    show(losses)
    holds &= demo.check(part(losses) < TOLERANCE, f"{steps} more losses within {part(losses):.0e} of each other")
    return 0 if holds else 1


def show(losses: dict[str, list[float]]) -> None:
    """Some of the losses, a framework a line."""
    count = len(next(iter(losses.values())))
    steps = sorted({*range(0, count, max(1, count // 5)), count - 1})
    row = demo.columns("<28", *[">11"] * len(steps))
    row("step", *(step + 1 for step in steps), code=2)
    for name, values in losses.items():
        row(TITLES.get(name, name), *(f"{values[step]:.6f}" for step in steps))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
