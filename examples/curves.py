"""An architecture of one's own, trained in three frameworks: `python -m examples.curves [STEPS]`.

`hybrid.py` (attention to keys that a convolution has mixed) is written once. From the same first values, over the same
batches of characters, PyTorch, TensorFlow and Flax draw one curve; the picture is `.demo/curves.png`. Then what PyTorch has
learnt is converted, and TensorFlow and Flax read it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

import trivium
from examples import demo
from examples.training import LOOPS, TITLES, Batch

ROOT = Path(__file__).parents[1]
FIELDS = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
RATE, TOKENS, ROWS = 2e-3, 64, 8
TOLERANCE = 1e-4
"""How far apart the losses of the first 20 steps may be, relatively; after that rounding grows with every step."""


def batches(count: int, tokens: int = TOKENS, rows: int = ROWS) -> tuple[list[Batch], int]:
    """Batches of characters, cut at random from the text on how Trivium is made, and how many characters there are."""
    text = (ROOT / "docs" / "design.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    known = sorted(set(text))
    ids = np.array([known.index(character) for character in text], np.int32)
    generator = np.random.default_rng(0)
    starts = generator.integers(0, len(ids) - tokens, (count, rows))
    cut = [np.stack([ids[start : start + tokens] for start in row]) for row in starts]
    return [{"input_ids": rows, "labels": rows} for rows in cut], len(known)


def draw(losses: dict[str, list[float]], path: Path) -> None:
    """The curves, one upon the other, and below how far apart they are."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(2, 1, figsize=(7, 5), height_ratios=(3, 1), sharex=True, layout="constrained")
    for (name, values), style in zip(losses.items(), ("-", "--", ":"), strict=True):
        above.plot(values, style, label=TITLES[name], linewidth=2.5 - 0.5 * len(style))
    above.set(ylabel="loss (nats per character)", title="A hybrid of convolution and attention, written once")
    above.legend(frameon=False)
    table = np.array(list(losses.values()))
    below.semilogy(np.maximum(np.ptp(table, 0) / table.min(0), 1e-8), color="gray")
    below.set(xlabel="step", ylabel="apart, relatively")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main(steps: int = 300, folder: Path = Path(".demo")) -> int:
    """Trains, prints, draws; 1 if the frameworks part in the first 20 steps, or read another model than was written."""
    data, characters = batches(steps)
    losses, models = {}, {}
    for name, loop in LOOPS.items():
        network = trivium.bind(ROOT / "examples" / "hybrid.py", name)
        models[name] = network.HybridForCausalLM(network.HybridConfig(vocab_size=characters, **FIELDS), seed=1)
        start = time.perf_counter()
        losses[name] = loop(models[name], data, "adamw", RATE)
        seconds = time.perf_counter() - start
        print(f"   {TITLES[name]:<12}{losses[name][0]:.4f} -> {np.mean(losses[name][-10:]):.4f} in {seconds:.0f} s", flush=True)
    draw(losses, folder / "curves.png")
    table = np.array(list(losses.values()))[:, :20]
    apart = float((np.ptp(table, 0) / table.min(0)).max())
    holds = demo.check(apart < TOLERANCE, f"the first {table.shape[1]} losses are within {apart:.0e}; see {folder}/curves.png")

    models["torch"].save_pretrained(folder / "hybrid")
    found = {}
    for name in LOOPS:
        model = trivium.bind(ROOT / "examples" / "hybrid.py", name).HybridForCausalLM.from_pretrained(folder / "hybrid")
        found[name] = LOOPS[name](model, data[:1], "sgd", 0.0)[0]
    same = np.ptp(list(found.values())) < 1e-5
    return 0 if holds & demo.check(bool(same), f"what PyTorch learnt has the loss {found['torch']:.4f} in all three") else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
