"""What the ejected files of all frameworks have in common."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np

# Results; Flax has its own, which JAX knows as a tree


@dataclass
class ModelOutput:
    """Named results: `out.logits`, `out["logits"]`; `out[0]` is the first of those that are not None."""

    def to_tuple(self) -> tuple[Any, ...]:
        """The results that are not None."""
        return tuple(value for field in fields(self) if (value := getattr(self, field.name)) is not None)

    def __getitem__(self, index: str | int | slice) -> Any:
        return getattr(self, index) if isinstance(index, str) else self.to_tuple()[index]


# Errors


class ConfigError(ValueError):
    """A config that is not valid, or asks for what this file does not do."""


class InputError(ValueError):
    """Inputs that do not fit the network or each other."""


class CheckpointError(ValueError):
    """A checkpoint that does not fit the model."""


class MissingWeights(CheckpointError):
    """The model has weights that the checkpoint lacks."""


class UnexpectedWeights(CheckpointError):
    """The checkpoint has tensors that the model has no place for."""


class ShapeMismatch(CheckpointError):
    """A tensor has another shape than its weight."""


# Config


@dataclass(frozen=True, kw_only=True)
class Config:
    """What all configs have."""

    aliases: ClassVar[Mapping[str, str]] = {}

    num_labels: int = 2
    problem_type: Literal["regression", "single_label_classification", "multi_label_classification"] | None = None
    tie_word_embeddings: bool = True
    output_attentions: bool = False
    output_hidden_states: bool = False
    bos_token_id: int | None = None
    eos_token_id: int | tuple[int, ...] | None = None
    pad_token_id: int | None = None

    @classmethod
    def from_json(cls, path: str | Path) -> Self:
        """The config of a checkpoint, by its config.json."""
        return cls.from_dict(json.loads(Path(path).read_text()))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The config that the values of a config.json describe; keys that are no fields are left out."""
        kinds = typing.get_type_hints(cls)
        given = {name: as_field(values[name], kinds[name]) for name in kinds if name in values}
        if values.get("id2label"):
            given["num_labels"] = len(values["id2label"])
        return cls(**given)

    @classmethod
    def from_dict_with_aliases(cls, values: Mapping[str, Any]) -> Self:
        """The config that the values of a config.json describe; keys that are no fields are left out."""
        kinds = typing.get_type_hints(cls)
        values = {cls.aliases.get(name, name): value for name, value in values.items()}
        given = {name: as_field(values[name], kinds[name]) for name in kinds if name in values}
        if values.get("id2label"):
            given["num_labels"] = len(values["id2label"])
        return cls(**given)

    def __post_init__(self) -> None:
        for name, kind in typing.get_type_hints(type(self)).items():
            if typing.get_origin(kind) is Literal and getattr(self, name) not in typing.get_args(kind):
                raise self.error(name, f"= {getattr(self, name)!r} is not supported (supported: {typing.get_args(kind)})")
        self.check()

    def check(self) -> None:
        """Raises ConfigError where fields contradict each other."""

    def error(self, field: str, message: str) -> ConfigError:
        """The error for a field."""
        return ConfigError(f"{type(self).__name__}.{field} {message}")

    def require_divisible(self, whole: str, part: str) -> None:
        """Raises ConfigError unless one field is a multiple of another."""
        if getattr(self, whole) % getattr(self, part):
            raise self.error(whole, f"= {getattr(self, whole)} is not a multiple of {part} = {getattr(self, part)}")

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def pair(self, field: str) -> tuple[int, int]:
        """A field that is one size for both height and width, or the two of them."""
        value = getattr(self, field)
        return (value, value) if isinstance(value, int) else value

    @property
    def key_heads(self) -> int:
        """The number of heads of keys and values."""
        return self.num_attention_heads  # type: ignore[attr-defined]

    @property
    def head_width(self) -> int:
        """The width of a head."""
        return self.hidden_size // self.num_attention_heads  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        if name in type(self).aliases:
            return getattr(self, type(self).aliases[name])
        raise AttributeError(f"{type(self).__name__} has no field {name!r}")


def as_field(value: Any, kind: Any) -> Any:
    """A value of JSON as a config holds it: lists as tuples, objects as configs."""
    if isinstance(value, list):
        return tuple(as_field(item, kind) for item in value)
    for option in (kind, *typing.get_args(kind)):
        if isinstance(value, dict) and hasattr(option, "from_dict"):
            return option.from_dict(value)
    return value


# Layers


def rows_of_columns(costs: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Which row goes with each column at the least cost; -1 for none.

    Args:
        costs: (B, M, Q).
        real: (B, M), the rows that are to be matched.

    Returns:
        (B, Q) int32. Source: Kuhn, Naval Research Logistics 2, 1955, by shortest paths.
    """
    found = np.full((len(costs), costs.shape[2]), -1, np.int32)
    for batch, cost in enumerate(costs):
        rows = np.flatnonzero(real[batch])
        spare = np.full((len(rows), len(rows)), cost.max(initial=0) + 1)  # for rows beyond the columns
        owner = _owners(np.concatenate([cost[rows], spare], 1).astype(np.float64))[: cost.shape[1]]
        found[batch, owner >= 0] = rows[owner[owner >= 0]]
    return found


def _owners(cost: np.ndarray) -> np.ndarray:
    """The row of each column, -1 for none; cost (M, Q), no more rows than columns."""
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    owner, before = np.zeros(columns + 1, int), np.zeros(columns + 1, int)  # from 1; 0 is none
    for row in range(1, rows + 1):
        owner[0], column = row, 0
        distance, used = np.full(columns + 1, np.inf), np.zeros(columns + 1, bool)
        while owner[column]:
            used[column] = True
            through = cost[owner[column] - 1] - row_price[owner[column]] - column_price[1:]
            better = np.flatnonzero(~used[1:] & (through < distance[1:])) + 1
            distance[better], before[better] = through[better - 1], column
            column = int(np.argmin(np.where(used, np.inf, distance)))
            step = distance[column]
            row_price[owner[used]] += step
            column_price[used] -= step
            distance[~used] -= step
        while column:
            owner[column], column = owner[before[column]], before[column]
    return owner[1:] - 1


def apply_layers(
    layers: Iterable[Any], x: Any, shared: tuple[Any, ...], cache: Any, hidden_states: bool, options: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Applies layers in turn, each as `layer(x, *shared, cache=its own, **options)`, which returns x and what it keeps.

    Returns:
        The last x; and by name, for all layers, what they kept, and the states before and after each where asked for.
    """
    seen, kept = [x], []
    for index, layer in enumerate(layers):
        x, extras = layer(x, *shared, cache=None if cache is None else cache[index], **options)
        seen.append(x)
        kept.append(extras)
    found: dict[str, Any] = {"hidden_states": tuple(seen) if hidden_states else None}
    for name in kept[0] if kept else ():
        found[name] = None if kept[0][name] is None else tuple(extras[name] for extras in kept)
    return x, found


@dataclass(frozen=True)
class SinesThenCosines:
    """A table with a row for each position p: sin(p w) for each of D / 2 frequencies w = 10000^(-2i / D), then the cosines.

    With `to_the_end` the last frequency is 1 / 10000, as in tensor2tensor. Source: arXiv:1706.03762, section 3.5.
    """

    to_the_end: bool = False

    def table(self, positions: int, width: int) -> np.ndarray:
        """The table, (positions, width) float32."""
        places = 2 * np.arange((width + 1) // 2) / (width - 2 if self.to_the_end else width)
        angles = np.arange(positions)[:, None] / 10000**places
        return np.concatenate([np.sin(angles), np.cos(angles[:, : width // 2])], 1).astype(np.float32)


# Loading


def weight_files(source: str | Path) -> Iterator[Path]:
    """The safetensors files of a checkpoint: the file itself, or those in a folder."""
    path = Path(source)
    files = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    if not files:
        raise CheckpointError(f"{path} has no *.safetensors; convert the checkpoint first")
    yield from files


def is_any(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a name fits one of some patterns, of which "*" stands for anything."""
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def matched(
    model: Any, stored: Mapping[str, tuple[int, ...]], own: Mapping[str, tuple[int, ...]], strict: bool
) -> dict[str, str]:
    """Name of a weight -> its name in the checkpoint, of which `stored` has the shapes as `own` has those of the model.

    Names may have the body's prefix or lack it, for the checkpoint may be of a class with another head.
    """
    prefix = f"{model.prefix}."
    found: dict[str, str] = {}
    unexpected = []
    for key in stored:
        plain = re.sub(r"\.gamma$", ".weight", re.sub(r"\.beta$", ".bias", key))
        for old, new in model.renamed.items():
            plain = plain.replace(old, new)
        spellings = (key, plain, prefix + plain, plain.removeprefix(prefix))
        name = next((name for name in spellings if name in own), None)
        twin = next((model.tied[name] for name in spellings if name in model.tied), None)
        if name is not None:
            found[name] = key
        elif twin is not None:
            found.setdefault(twin, key)
        elif not is_any(plain, model.spared):
            unexpected.append(key)
    missing = [name for name in own if name not in found and not is_any(name, model.spared)]
    if strict and missing:
        raise MissingWeights(f"the checkpoint lacks {len(missing)} weights: {', '.join(missing[:10])}")
    if strict and unexpected:
        raise UnexpectedWeights(
            f"{type(model).__name__} has no place for {len(unexpected)} tensors: {', '.join(unexpected[:10])}"
        )
    for name, key in found.items():
        if tuple(stored[key]) != tuple(own[name]):
            raise ShapeMismatch(f"{key} has shape {tuple(stored[key])}; {tuple(own[name])} is expected")
    return found
