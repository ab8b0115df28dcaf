"""Writing the weights of a network as one of the frameworks' own checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trivium.core.config import Config
from trivium.core.errors import Corrupt, InputError
from trivium.core.layout import Layout, Weight, layout
from trivium.core.names import nearest
from trivium.models import catalogue

from .bits import contiguous
from .formats import KINDS, Kind, Output
from .names import bare, in_files, is_omitted, key, layers, model_name
from .rules import Rules, rules_of
from .tensors import is_float
from .writing import assembling, write_text

Progress = Callable[[int, int, str], None]
"""Called after each tensor with the bytes written so far, the bytes in all, and the tensor's name."""


@dataclass(frozen=True)
class Target:
    """What a framework's users expect: a file format and a dialect of names."""

    kind: Kind
    dialect: str


_SAFETENSORS, _HDF5, _MSGPACK = KINDS
TARGETS = {"torch": Target(_SAFETENSORS, "torch"), "tensorflow": Target(_HDF5, "tf4"), "flax": Target(_MSGPACK, "flax4")}


def target_named(name: str) -> Target:
    """The target of a framework's name; raises InputError if there is none."""
    if name not in TARGETS:
        raise InputError(f"there is no target {name!r}", key=name, hint=nearest(name, TARGETS))
    return TARGETS[name]


@dataclass(frozen=True)
class Source:
    """A weight to be written.

    Attributes:
        weight: Which one.
        dtype: The dtype of its values.
        read: Returns its values in the canonical layout.
    """

    weight: Weight
    dtype: np.dtype
    read: Callable[[], np.ndarray]

    @property
    def nbytes(self) -> int:
        """The bytes of its values."""
        return int(np.prod(self.weight.shape, dtype=np.int64)) * self.dtype.itemsize


def write_weights(
    folder: Path,
    target: Target,
    network: type,
    config: Config,
    sources: Iterable[Source],
    dtype: np.dtype | None = None,
    progress: Progress | None = None,
) -> Path:
    """Writes all weights of a network into one file in `folder`, one in memory at a time, and reads its structure back.

    Args:
        folder: A directory that is there.
        target: Format and dialect.
        network: The unbound class.
        config: Its config.
        sources: Its weights.
        dtype: Of the floating-point weights, if another than theirs.
        progress: See `Progress`.

    Returns:
        The file.

    Raises:
        UnsupportedDtype: The format cannot hold a weight's numbers.
        WriteError: It could not be written.
    """
    weights, rules = layout(network, config), rules_of(catalogue.folder_of_type(config.model_type))
    kept = [source for source in sources if not is_omitted(source.weight, network, target.dialect, rules)]
    outputs = list(_outputs(kept, target, weights, rules, dtype, progress or (lambda *_: None)))
    path = folder / target.kind.file
    metadata = {"model": model_name(network)} if target.dialect == "tf4" else {"format": "pt"}
    target.kind.module.write(path, outputs, metadata)
    wanted = {(output.key, output.shape, output.dtype) for output in outputs}
    if {(tensor.key, tensor.shape, tensor.dtype) for tensor in target.kind.module.read(path)} != wanted:
        raise Corrupt("what was written is not what is read back", path=path, hint="is the disk sound?")
    return path


def _outputs(
    sources: list[Source], target: Target, weights: Layout, rules: Rules, dtype: np.dtype | None, progress: Progress
) -> Iterator[Output]:
    sources = [replace(source, weight=in_files(source.weight, rules)) for source in sources]
    sources = sources + list(_twice(sources, target, weights, rules))
    total, done = sum(source.nbytes for source in sources), 0
    top = {key(weight, weights, "tf4", rules).partition("/")[0] for weight in weights}

    def produce(source: Source, kept: np.dtype) -> np.ndarray:
        nonlocal done
        array = contiguous(source.weight.from_canonical(source.read(), target.dialect))
        done += source.nbytes
        progress(done, total, source.weight.name)
        return array.astype(kept, copy=False)

    for source in sources:
        weight, kept = source.weight, dtype if dtype is not None and is_float(source.dtype) else source.dtype
        yield Output(
            key(weight, weights, target.dialect, rules),
            kept,
            weight.shape_in(target.dialect),
            lambda source=source, kept=kept: produce(source, kept),  # type: ignore[misc]
            layers(weight, weights, rules, top) if target.dialect == "tf4" else (),
            next((rule.scope for rule in bare(weight, weights, rules)), None),
        )
    integers = {"torch": "int64", "tf4": "int32"}.get(target.dialect)  # Flax's files have none
    for fixed in weights.fixed.values():
        if integers and (target.dialect == "torch" or not fixed.counts):
            name = key(fixed.place, weights, target.dialect, rules)
            owners = layers(fixed.place, weights, rules, top) if target.dialect == "tf4" else ()
            values = fixed.values.astype(integers)
            yield Output(name, values.dtype, values.shape, lambda values=values: values, owners)  # type: ignore[misc]


def _twice(sources: list[Source], target: Target, weights: Layout, rules: Rules) -> Iterator[Source]:
    """The weights that the dialect writes under their other name too."""
    named = {source.weight.name: source for source in sources}
    for rule in rules.twice:
        if rule.dialect == target.dialect and rule.path in weights.ties:
            source = named[weights.ties[rule.path]]
            place = replace(source.weight, name=rule.path, layer="Linear", leaf=rule.path.rpartition(".")[2])
            yield replace(source, weight=place)


def save(
    weights: Iterable[tuple[Weight, Callable[[], np.ndarray]]],
    network: type,
    config: Config,
    directory: str | Path,
    format: str = "safetensors",
    progress: Progress | None = None,
) -> Path:
    """Writes a model's weights and config.json into a directory, which is made if need be; what else is there stays.

    Args:
        weights: Every weight with a function that returns its values in the canonical layout. It is called twice: for the
            dtype and for the values.
        network: The unbound class.
        config: Its config.
        directory: Where to write.
        format: "safetensors", with the names of the Hub; or a framework's own file of Transformers 4: "tensorflow"
            (tf_model.h5) or "flax" (flax_model.msgpack).
        progress: See `Progress`.

    Returns:
        The file with the weights.

    Raises:
        WriteError: It could not be written; what was there before is unharmed.
    """
    target = target_named("torch" if format == "safetensors" else format)
    sources = [Source(weight, read().dtype, read) for weight, read in weights]
    with assembling(Path(directory), ("config.json", target.kind.file), target.kind.owns) as folder:
        write_text(folder / "config.json", config.to_json())
        write_weights(folder, target, network, config, sources, progress=progress)
    return Path(directory) / target.kind.file
