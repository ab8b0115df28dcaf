"""What a weight is called in every format, and how its axes are ordered there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trivium.core.config import Config
from trivium.core.errors import InputError
from trivium.core.layout import Layout, Weight, layout
from trivium.core.names import nearest
from trivium.models import catalogue

from .checkpoint import open_checkpoint
from .names import key, spellings
from .plan import fit
from .rules import Rules, rules_of

FORMATS = {
    "torch": "model.safetensors, pytorch_model.bin; torch.nn in memory",
    "tf4": "tf_model.h5 of Transformers 4",
    "flax4": "flax_model.msgpack of Transformers 4",
    "tensorflow": "model.weights.h5 of Keras 3",
    "flax": "orbax checkpoint; flax.nnx in memory",
}
"""The dialects of names, and where they are found."""


@dataclass(frozen=True)
class Place:
    """A weight in one format.

    Attributes:
        dialect: One of `FORMATS`.
        name: What it is called.
        shape: Its shape.
        axes: The letters of its axes: o, i output and input features; h, w height and width; v, d vocabulary and width; 1 an
            axis of length one.
        transposition: The axes of the Hub's layout in the order in which they are here; empty if that is the same.
    """

    dialect: str
    name: str
    shape: tuple[int, ...]
    axes: str
    transposition: tuple[int, ...]


@dataclass(frozen=True)
class Explanation:
    """A weight in every format.

    Attributes:
        weight: Its name on the Hub.
        layer: The layer that owns it, by the contract's name.
        places: Where it is; the Hub's first.
    """

    weight: str
    layer: str
    places: tuple[Place, ...]

    def as_dict(self) -> dict[str, Any]:
        """The explanation as `--json` prints it."""
        return asdict(self)


def explain(what: str | Path, name: str | None = None, trust: bool = False) -> list[Explanation]:
    """The weights of an architecture or a checkpoint.

    Args:
        what: A checkpoint (a directory, a weight file or an index), an architecture ("bert") or one of its classes
            ("BertForMaskedLM"); of an architecture it is the class without a head. Sizes are the checkpoint's, or those of the
            default config, where the first of repeated layers stands for all.
        name: Of one weight, in any format's spelling; None for all.
        trust: See `open_checkpoint`.

    Raises:
        CheckpointError, ConfigError: The checkpoint cannot be read, or there is no such architecture or class.
        InputError: There is no such weight.
    """
    if Path(what).exists():
        with open_checkpoint(what, trust) as checkpoint:
            found = fit(checkpoint)
            network, config = found.network, found.config
    else:
        network, config = _class(str(what))
    weights, rules = layout(network, config), rules_of(catalogue.folder_of_type(config.model_type))
    if name is not None:
        return [_explained(_named(name, weights, rules), weights, rules)]
    chosen = weights if Path(what).exists() else [weight for weight in weights if not re.search(r"\.[1-9]\d*\.", weight.name)]
    return [_explained(weight, weights, rules) for weight in chosen]


def _class(name: str) -> tuple[type, Config]:
    folders = catalogue.architectures()
    folder = name.replace("-", "_")
    if folder not in folders:
        folder = catalogue.folder_of_class(name)
    config, *classes = folders[folder]
    body = f"{config.removesuffix('Config')}Model"
    chosen = name if name in classes else body if body in classes else classes[0]
    return catalogue.network_class(chosen), catalogue.config_class(folder)()


def _named(name: str, weights: Layout, rules: Rules) -> Weight:
    tied = weights.ties.get(name, name)
    for weight in weights:
        if weight.name == tied or any(name in spellings(weight, weights, dialect, rules) for dialect in FORMATS):
            return weight
    raise InputError(f"there is no weight {name!r}", key=name, hint=nearest(name, list(weights.weights)))


def _explained(weight: Weight, weights: Layout, rules: Rules) -> Explanation:
    return Explanation(weight.name, weight.layer, tuple(_places(weight, weights, rules)))


def _places(weight: Weight, weights: Layout, rules: Rules) -> Iterator[Place]:
    canonical = weight.axes.replace("1", "")
    for dialect in FORMATS:
        axes = weight.place(dialect).axes
        order = tuple(canonical.index(axis) for axis in axes if axis != "1")
        turned = order if order != tuple(range(len(order))) else ()
        yield Place(dialect, key(weight, weights, dialect, rules), weight.shape_in(dialect), axes, turned)
