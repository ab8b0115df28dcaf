"""Writing the weights of a network as one of the frameworks' own checkpoints."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from trivium.core.config import Config
from trivium.core.errors import CheckpointError, Corrupt, InputError, TriviumError
from trivium.core.files import read_json
from trivium.core.layout import Layout, Weight, layout
from trivium.core.names import nearest
from trivium.models import catalogue

from . import filesystem
from .bits import differing
from .formats import PIECE, Kind, Output, kind_named
from .names import bare, in_files, is_omitted, key, layers, model_name
from .rules import Rules, rules_of
from .tensors import is_float, release
from .writing import assembling, check_space, write_text

Progress = Callable[[int, int, str], None]
"""Called after each tensor with the bytes written so far, the bytes in all, and the tensor's name."""


@dataclass(frozen=True)
class Target:
    """What a framework's users expect: a file format, a dialect of names, and the framework that runs it."""

    kind: Kind
    dialect: str
    framework: str


TARGETS = {
    "torch": Target(kind_named("safetensors"), "torch", "torch"),
    "tensorflow": Target(kind_named("hdf5"), "tf4", "tensorflow"),
    "flax": Target(kind_named("msgpack"), "flax4", "flax"),
    "bin": Target(kind_named("bin"), "torch", "torch"),
    "keras": Target(kind_named("keras"), "tensorflow", "tensorflow"),
    "npz": Target(kind_named("npz"), "torch", "numpy"),
    "orbax": Target(kind_named("orbax"), "flax", "flax"),
}
"""The files of Transformers 4 for each framework, and the other formats."""


PARITY = "parity.json"
"""What a proof of the weights beside it is called; it goes when they do."""


def target_named(name: str) -> Target:
    """The target of a framework's or format's name; raises InputError if there is none."""
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
    shard_size: int | None = None,
    max_memory: int = PIECE,
    jobs: int = 1,
) -> list[Path]:
    """Writes all weights of a network into `folder`, one in memory at a time, and reads the files' structure back.

    Shards that are there already, from a run that was interrupted, stay if they hold the same.

    Args:
        folder: A directory that is there.
        target: Format and dialect.
        network: The unbound class.
        config: Its config.
        sources: Its weights.
        dtype: Of the floating-point weights, if another than theirs.
        progress: See `Progress`.
        shard_size: Bytes of values that one file holds at most, unless one tensor has more; if that makes several files, they
            are named and indexed as Transformers 4.52 does it.
        max_memory: Bytes; of a larger tensor no more than this is in memory at a time.
        jobs: How many shards are written at a time.

    Returns:
        The files: the one with all weights, or the index and the shards.

    Raises:
        UnsupportedDtype: The format cannot hold a weight's numbers.
        WriteError: They could not be written.
    """
    weights, rules = layout(network, config), rules_of(catalogue.folder_of_type(config.model_type))
    kept = [source for source in sources if not is_omitted(source.weight, network, target.dialect, rules)]
    outputs = list(_outputs(kept, target, weights, rules, dtype, progress or (lambda *_: None), max_memory))
    kind, model = target.kind, model_name(network)
    metadata = {"model": model} if target.dialect == "tf4" else {"format": "pt"}
    if kind.name == "msgpack":  # in whose order Transformers fills its shards
        outputs.sort(key=lambda output: output.key.split("."))
    check_space(folder, sum(output.nbytes * max(1, len(output.groups)) for output in outputs))
    shards = _shards(outputs, shard_size, apart=target.dialect == "torch")
    if len(shards) == 1:
        _write(folder / kind.file, kind, outputs, metadata)
        return [folder / kind.file]
    stem = kind.file.removesuffix(kind.suffix)
    files = [folder / f"{stem}-{number:05}-of-{len(shards):05}{kind.suffix}" for number in range(1, len(shards) + 1)]
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        done = [pool.submit(_write, path, kind, shard, metadata, True) for path, shard in zip(files, shards, strict=True)]
        try:
            for future in done:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    named = zip(files, shards, strict=True)
    places = {_indexed(output.key, target.dialect, model): path.name for path, shard in named for output in shard}
    index = {"metadata": {"total_size": sum(output.nbytes for output in outputs)}, "weight_map": places}
    write_text(folder / kind.index, json.dumps(index, indent=2, sort_keys=True) + "\n")
    return [folder / kind.index, *files]


def _write(path: Path, kind: Kind, outputs: list[Output], metadata: dict[str, str], shard: bool = False) -> None:
    if path.exists() and _holds(path, kind, outputs):
        return
    kind.module.write(path, outputs, metadata, shard)
    if {(tensor.key, tensor.shape, tensor.dtype) for tensor in kind.module.read(path, trust=True)} != _described(outputs):
        raise Corrupt("what was written is not what is read back", path=path, hint="is the disk sound?")


def _holds(path: Path, kind: Kind, outputs: list[Output]) -> bool:
    """Whether a file holds exactly these tensors, bit for bit."""
    try:
        held = {tensor.key: tensor for tensor in kind.module.read(path, trust=True)}
    except CheckpointError:
        return False
    if {(tensor.key, tensor.shape, tensor.dtype) for tensor in held.values()} != _described(outputs):
        return False
    for output in outputs:
        values, row = held[output.key].read(), 0
        for piece in output.pieces():
            rows = values[row : row + len(piece)] if output.shape else values
            if differing(piece, rows):
                return False
            row += len(rows) if output.shape else 0
        release(values)
    return True


def _described(outputs: Iterable[Output]) -> set[tuple[str, tuple[int, ...], np.dtype]]:
    return {(output.key, output.shape, output.dtype) for output in outputs}


def _shards(outputs: Sequence[Output], size: int | None, apart: bool) -> list[list[Output]]:
    """Outputs, cut where the next would make a file larger than `size`; one that is larger itself has a file of its own.

    With `apart` that file comes before the one that is being filled: PyTorch's shards are counted so in Transformers.
    """
    if size is None:
        return [list(outputs)]
    shards: list[list[Output]] = []
    shard: list[Output] = []
    room = size
    for output in outputs:
        if apart and output.nbytes > size:
            shards.append([output])
            continue
        if output.nbytes > room and shard:
            shards.append(shard)
            shard, room = [], size
        shard.append(output)
        room -= output.nbytes
    return [*shards, shard] if shard else shards


def check_shards(target: Target, shard_size: int | None) -> None:
    """Raises InputError if the target's weights are to be split and cannot be."""
    if shard_size is not None and not target.kind.sharded:
        why = f"{target.kind.file} cannot be split"
        raise InputError(why, key="shard_size", hint="leave out --shard-size (shard_size), or choose another format")


def assembled(directory: Path, target: Target, resume: bool = False) -> AbstractContextManager[Path]:
    """A temporary directory for a checkpoint, whose files take their places in `directory`; see `writing.assembling`."""
    kind = target.kind

    def stale(name: str) -> bool:
        return kind.owns(name) or name == PARITY

    return assembling(directory, ("config.json", *kind.entries), stale, partial(_keep_readable, kind), resume)


def _keep_readable(kind: Kind, temporary: Path, directory: Path) -> None:
    """Gives shards that are about to be replaced second names, to which the old index then leads until the new one comes."""
    index = directory / kind.index
    try:
        found = read_json(index)
        shards = {str(name) for name in found["weight_map"].values()}
    except (OSError, TriviumError, KeyError, AttributeError):  # none, or none that could be read before either
        return
    if not any((temporary / name).exists() for name in shards):
        return
    second = {name: f"{name.removesuffix(kind.suffix)}-replaced{kind.suffix}" for name in shards}
    for name, other in second.items():
        with suppress(FileNotFoundError):
            filesystem.ops.unlink(directory / other)
        filesystem.ops.link(directory / name, directory / other)
    found["weight_map"] = {key: second[name] for key, name in found["weight_map"].items()}
    write_text(index, json.dumps(found, indent=2, sort_keys=True) + "\n")


def _indexed(key: str, dialect: str, model: str) -> str:
    """A key as Transformers' index spells it: TensorFlow's with the model's name, which its shards lack."""
    return f"{model}/{key}" if dialect == "tf4" else key.replace(".", "/") if dialect == "flax4" else key


def _outputs(
    sources: list[Source],
    target: Target,
    weights: Layout,
    rules: Rules,
    dtype: np.dtype | None,
    progress: Progress,
    piece: int,
) -> Iterator[Output]:
    sources = [replace(source, weight=in_files(source.weight, rules)) for source in sources]
    sources = sources + list(_twice(sources, target, weights, rules))
    lock = threading.Lock()
    total, done = sum(source.nbytes for source in sources), 0
    top = {key(weight, weights, "tf4", rules).partition("/")[0] for weight in weights}

    def produce(source: Source) -> np.ndarray:
        nonlocal done
        array = source.read()
        if array.dtype != source.dtype:
            raise AssertionError(f"{source.weight.name}: {array.dtype} instead of {source.dtype}")
        with lock:
            done += source.nbytes
            progress(min(done, total), total, source.weight.name)
        return source.weight.from_canonical(array, target.dialect)

    for source in sources:
        weight, kept = source.weight, dtype if dtype is not None and is_float(source.dtype) else source.dtype
        yield Output(
            key(weight, weights, target.dialect, rules),
            kept,
            weight.shape_in(target.dialect),
            partial(produce, source),
            layers(weight, weights, rules, top) if target.dialect == "tf4" else (),
            piece,
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
    if target.dialect != "torch":  # Transformers' classes of other frameworks share no layers
        for name, twin in weights.twins.items():
            yield replace(named[weights.ties[name]], weight=twin)


def save(
    weights: Iterable[tuple[Weight, Callable[[], np.ndarray]]],
    network: type,
    config: Config,
    directory: str | Path,
    format: str = "safetensors",
    progress: Progress | None = None,
    shard_size: int | None = None,
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
        shard_size: Bytes of values that one file holds at most; None for a single file.

    Returns:
        The file with the weights, or the index of its shards.

    Raises:
        WriteError: It could not be written; what was there before is unharmed.
    """
    target = target_named("torch" if format == "safetensors" else format)
    check_shards(target, shard_size)
    sources = [Source(weight, read().dtype, read) for weight, read in weights]
    with assembled(Path(directory), target) as folder:
        write_text(folder / "config.json", config.to_json())
        written = write_weights(folder, target, network, config, sources, progress=progress, shard_size=shard_size)
    return Path(directory) / written[0].name
