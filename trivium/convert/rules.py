"""The words in which `trivium/models/<m>/weights.py` states where an architecture's names on disk differ from its network's.

A fact is stated once and serves reading and writing. Paths are those of a network with a head: `bert.embeddings`, also for
BertModel, whose own names lack the `bert.`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True)
class Rename:
    r"""In a dialect ("tf4" or "flax4"), names that begin with `path` begin with `there` instead.

    The last component of `path`, where it names a weight, is the dialect's: `embeddings`, say, and not `weight`. "*" is any
    one component, and the same in `there`; a dot within a component is written as "\\.".
    """

    dialect: str
    path: str
    there: str


@dataclass(frozen=True)
class Shared:
    """tf_model.h5 holds the weights under `path` once more in the top-level layer `layer`, where the model has that layer."""

    path: str
    layer: str


@dataclass(frozen=True)
class Bare:
    """In tf_model.h5 the weight `path` is under `name`, without the model's name.

    Attributes:
        layers: The top-level layers that hold it, of those that the model has.
        scope: What stands there instead of the model's name; names with "model." in them or no "/" stand alone.
    """

    path: str
    layers: tuple[str, ...]
    name: str
    scope: str | None = None


@dataclass(frozen=True)
class Axes:
    """The weights whose names end with `path` have other axes in tf_model.h5, letters as in the layout's table."""

    path: str
    axes: str
    there: str


@dataclass(frozen=True)
class Twice:
    """In a dialect a weight that is tied to the name `path` is written under that name too."""

    dialect: str
    path: str


@dataclass(frozen=True)
class Omitted:
    """Files of a dialect lack the weights that fit `pattern` (as of `fnmatch`), which are the architecture's own.

    `networks` are the classes that leave them out; empty for all.
    """

    dialect: str
    pattern: str
    networks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """All exceptions of an architecture.

    Attributes:
        renames: Names that differ; the first that fits counts.
        shared: What TensorFlow's files hold twice.
        twice: Ties that a dialect's files spell out.
        derived: Patterns (as of `fnmatch`) of names that old PyTorch checkpoints also have, without the body's prefix, and
            that hold nothing but what the code itself makes: masks, counters. They are left out, and reported.
        bare: What TensorFlow's files hold without the model's name.
        axes: Weights whose axes are others in TensorFlow's files.
        also: Other names, of any part of a path, under which weights may be found; they are written under the first.
        omitted: Weights that are given by the architecture, and that files do without.
        begun: Names of weights that a checkpoint may lack, and that are then as a new network has them: buffers that older
            releases of Transformers did not save. They are reported.
        dotted: Lists whose members TensorFlow calls `stages.0`, as the Hub does, and not `stages_._0`.
    """

    renames: tuple[Rename, ...] = ()
    shared: tuple[Shared, ...] = ()
    twice: tuple[Twice, ...] = ()
    derived: tuple[str, ...] = ()
    bare: tuple[Bare, ...] = ()
    omitted: tuple[Omitted, ...] = ()
    begun: tuple[str, ...] = ()
    dotted: tuple[str, ...] = ()
    axes: tuple[Axes, ...] = ()
    also: tuple[Rename, ...] = ()


@functools.cache
def rules_of(architecture: str) -> Rules:
    """The rules of an architecture, named by its folder; most have none."""
    name = f"trivium.models.{architecture}.weights"
    if importlib.util.find_spec(name) is None:
        return Rules()
    return importlib.import_module(name).RULES
