"""The table of migration.md, made from the code: `python -m docs.migration` rewrites it, and a test keeps it true."""

from __future__ import annotations

from pathlib import Path

from docs.tables import between
from trivium.core import familiar
from trivium.processing.tokenizers import specials

FILE = Path(__file__).with_suffix(".md")
BEGIN, END = "<!-- absent: made by `python -m docs.migration` -->", "<!-- end of absent -->"
OTHERS = {
    "`model(..., head_mask=mask)`, but for None": "`model.trace(inputs, names, edits)` changes what heads return",
    "`model.module` (Flax)": "the model is the module: `nnx`'s functions take it, `model.apply` is pure",
    "`config.field = value`": "`from_pretrained(..., field=value)`, or `model.config = model.config.replace(field=value)`",
    "`Trainer`, `TFTrainer`, `create_optimizer`": "Keras's `fit`, optax and PyTorch's optimizers; examples/finetune.py",
    "`PushToHubCallback`, `KerasMetricCallback`": "`model.push_to_hub`, and Keras's own callbacks",
}
"""What programs use that is no method -> what to use instead."""


def table() -> str:
    """The table, in Markdown."""
    rows = [*OTHERS.items()]
    rows += [(f"`model.{name}`", instead) for name, instead in familiar.ABSENT.items()]
    rows += [(f"`tokenizer.{name}`", instead) for name, instead in specials.ABSENT.items()]
    return "\n".join(["| absent | instead |", "|---|---|", *(f"| {name} | {instead} |" for name, instead in rows)])


def write() -> None:
    """Puts the table of today in the file."""
    FILE.write_text(between(FILE.read_text(), BEGIN, END, table()))


if __name__ == "__main__":
    write()
