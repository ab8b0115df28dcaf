"""Converting a checkpoint: every weight, one by one, from the source's memory map to the target's file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import trivium
from trivium.core import hub
from trivium.core.errors import Corrupt, Mismatch, WriteError
from trivium.core.init import draw

from .bits import differing
from .card import CARD, with_origin
from .checkpoint import Checkpoint, check_member, open_checkpoint
from .formats import PIECE
from .names import is_omitted
from .opening import opened
from .plan import Match, match
from .resumption import shards, take_up
from .saving import PARITY, Progress, Source, Target, assembled, check_shards, target_named, write_weights
from .tensors import dtype_named, is_float, release
from .verification import distance
from .writing import MARK, copy, write_text

if TYPE_CHECKING:
    from .parity import Parity

_WEIGHT_FILES = ("*.safetensors", "*.h5", "*.msgpack", "*.npz", "pytorch_model*.bin", "rust_model.ot")
_COMPUTED = 5e-3  # by which what bfloat16 keeps of a sine may be off
_NOT_THE_MODEL = (".git", ".cache", "model.orbax", PARITY)  # what git and the Hub's client keep beside it, and weights


@dataclass(frozen=True)
class Report:
    """What a conversion did.

    Attributes:
        source: The checkpoint that was read.
        destination: The directory that was written.
        architecture: The model_type.
        network: The class that was saved, by its Transformers name.
        from_format: The source's format, and `from_dialect` that of its names.
        to_format: The target's format, and `to_dialect` that of its names.
        tensors: How many weights were written.
        parameters: How many numbers they hold.
        bytes: The size of the files with the weights.
        seconds: How long it took, without the proof.
        files: The files that were written, by their paths in the destination; the weights come first.
        left_out: Tensors of the source that are no weights: what the code itself makes, by a named rule.
        copies: Tensors of the source that are other names of a weight that was written -> that weight.
        drawn: Weights that the source lacks, by leave of `allow_missing`, and that were drawn.
        begun: Weights that the source lacks, by a named rule, and that are as a new network has them.
        notes: What else a user should know.
        parity: What came of running source and result, if that was asked for.
    """

    source: str
    destination: str
    architecture: str
    network: str
    from_format: str
    from_dialect: str
    to_format: str
    to_dialect: str
    tensors: int
    parameters: int
    bytes: int
    seconds: float
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    copies: dict[str, str]
    drawn: tuple[str, ...]
    begun: tuple[str, ...]
    notes: tuple[str, ...]
    parity: Parity | None

    def as_dict(self) -> dict[str, Any]:
        """The report as `--json` prints it."""
        return asdict(self)


def convert(
    src: str | Path,
    dst: str | Path,
    to: str,
    dtype: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    shard_size: int | None = None,
    max_memory: int = PIECE,
    jobs: int = 1,
    ignore: Iterable[str] = (),
    allow_missing: Iterable[str] = (),
    rename: Mapping[str, str] | None = None,
    verify: bool = False,
    parity: bool = False,
    resume: bool = False,
    trust: bool = False,
    adapter: str | Path | None = None,
) -> Report:
    """Rewrites a checkpoint as another framework's. No framework is needed; the numbers stay bit for bit the same.

    The other files of the model (tokenizer, generation config, subfolders) travel unchanged.

    Args:
        src: A directory, a weight file, an index or a Hub id, with config.json beside it.
        dst: The directory to write.
        to: "torch" (model.safetensors), "tensorflow" (tf_model.h5) or "flax" (flax_model.msgpack), with the names of
            Transformers 4; or "bin" (pytorch_model.bin), "npz" (model.npz, with PyTorch's names), "keras" (model.weights.h5
            of Keras 3) or "orbax" (model.orbax, of the nnx state).
        dtype: Of the floating-point weights, if they are to be cast.
        overwrite: Whether `dst` may hold files already; those of the same names are replaced.
        progress: Called after each tensor with the bytes written, the bytes in all and the tensor's name.
        shard_size: Bytes of values that one file holds at most; None for a single file.
        max_memory: Bytes; of a larger tensor no more than this is in memory at a time.
        jobs: How many shards are written at a time.
        ignore: Patterns (as of `fnmatch`) of tensors of the source to leave out.
        allow_missing: Patterns of weights that the source may lack; they are drawn with seed 0, and reported.
        rename: Prefix of names in the source -> what stands for it in the architecture's.
        verify: Read the result again before it takes its place, and compare it bit for bit with the source.
        parity: Run the NumPy reference on the source and the target's framework on the result, each in a process of its own,
            on the same inputs, and write what came of it to parity.json. If they differ, the result is there all the same,
            and the report's `parity.passed` is False.
        resume: Take up a conversion with `shard_size` that was interrupted: the files of weights that it finished, and that
            hold what the source holds, stay. If this one is interrupted, its finished files stay for the next with `resume`.
        trust: See `open_checkpoint`.
        adapter: A directory with a LoRA adapter, as `peft` saves them, to merge into the weights.

    Raises:
        Busy: Another run is writing to the same destination.
        DiskFull: There is too little room.
        Mismatch: With `verify`, what is read back is not what was read.
        CheckpointError: The source cannot be read, or its tensors are not those of its class; the error lists them all.
        ConfigError: The architecture is not known, or config.json is not valid.
        WriteError: The destination could not be written; what was there before is unharmed.
    """
    start, src, dst = time.perf_counter(), hub.resolve(src), Path(dst)
    target, kept = target_named(to), None if dtype is None else dtype_named(dtype)
    patterns: dict[str, Any] = {"ignore": tuple(ignore), "allow_missing": tuple(allow_missing), "rename": dict(rename or {})}
    patterns |= {} if adapter is None else {"adapter": os.path.realpath(adapter)}
    options: dict[str, Any] = patterns | {"trust": trust}
    with opened(src, **options) as found:
        checkpoint = found.checkpoint
        _check_destination(checkpoint.folder, dst, overwrite)
        check_shards(target, shard_size)
        before, owns = _stamps(checkpoint), target.kind.owns
        with assembled(dst, target, resume) as folder:
            notes, left = [], dict[str, int]()
            if shard_size is not None:
                plan = {"version": trivium.__version__, "source": [os.path.realpath(src), before], "target": to, "dtype": dtype}
                anew = take_up(folder, plan | patterns | {"shard_size": shard_size}, owns)
                notes, left = [anew] if anew else [], shards(folder, owns)
            companions = _copied(checkpoint.folder, folder)
            sources = [Source(w, found.dtype(w.name), partial(found.read, w.name)) for w in found.layout]
            written = write_weights(
                folder, target, found.network, found.config, sources, kept, progress, shard_size, max_memory, jobs
            )
            if stayed := left.items() & shards(folder, owns).items():
                notes.append(
                    f"{len(stayed)} of {len(written) - 1} files of weights were finished, and hold what the source holds"
                )
            size = sum(_size(file) for file in written)
            card = with_origin(checkpoint.folder, [file.name for file in checkpoint.files], written[0].name)
            write_text(folder / CARD, card)
            if verify:
                _verify(found, folder, written[0], target, kept)
            seconds, proof = time.perf_counter() - start, None
            if parity:
                from .parity import prove

                proof = prove(found, options, written, target, kept)
                write_text(folder / PARITY, json.dumps(proof.as_dict(), indent=2, allow_nan=False) + "\n")
            if _stamps(checkpoint) != before:
                raise Corrupt("a file changed while it was read", path=src, hint="convert again")
        return Report(
            source=str(src),
            destination=str(dst),
            architecture=found.config.model_type,
            network=found.network.__name__,
            from_format=checkpoint.format,
            from_dialect=checkpoint.dialect,
            to_format=target.kind.name,
            to_dialect=target.dialect,
            tensors=len(found.layout.weights),
            parameters=found.layout.size,
            bytes=size,
            seconds=round(seconds, 3),
            files=(*(file.name for file in written), *sorted({*companions, CARD, *([PARITY] if proof else [])})),
            left_out=found.left_out,
            copies=dict(found.copies),
            drawn=found.drawn,
            begun=found.begun,
            notes=(*notes, *_notes(found, target, dst, dtype)),
            parity=proof,
        )


def _size(path: Path) -> int:
    """The bytes of a file, or of all files in a directory."""
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())


def _verify(found: Match, folder: Path, written: Path, target: Target, dtype: np.dtype | None) -> None:
    """Compares what was written with its source, weight by weight, through the rules read the other way."""
    with open_checkpoint(folder / written.name, trust=True) as checkpoint:
        result = match(checkpoint, found.network, found.config)
        for name, weight in found.layout.weights.items():
            if is_omitted(weight, found.network, target.dialect, found.rules):
                continue
            values = found.read(name)
            if dtype is not None and is_float(values.dtype):
                values = values.astype(dtype)
            if name not in result.found or differing(values, result.read(name)):
                raise Mismatch(f"{name} is not what was written", path=written, key=name, hint="is the disk sound?")
            release(values)
            release(result.read(name))


def _check_destination(source: Path, destination: Path, overwrite: bool) -> None:
    here, there = Path(os.path.realpath(source)), Path(os.path.realpath(destination))
    if there.is_relative_to(here) or here.is_relative_to(there):
        raise WriteError(
            "the destination and the source are in each other", path=destination, hint="write into a directory of its own"
        )
    if there.exists() and not there.is_dir():
        raise WriteError("a file has this name", path=destination, hint="the destination is a directory")
    if there.is_dir() and any(there.iterdir()) and not overwrite:
        raise WriteError(
            "the directory is not empty", path=destination, hint="--overwrite (overwrite=True) replaces files of the same names"
        )


def _stamps(checkpoint: Checkpoint) -> list[tuple[int, ...]]:
    found = [file.stat() for file in checkpoint.files]
    return [(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns) for status in found]


def _copied(source: Path, folder: Path) -> list[str]:
    """Copies the files of the model that are not its weights, but for its card; their paths."""
    companions = sorted(_companions(source))
    for name in companions:
        file = check_member(source, name, source)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name != CARD:
            copy(file, folder / name)
    return companions


def _companions(folder: Path) -> Iterator[str]:
    """The files of the model that are not its weights, by their paths in its folder."""
    weights = [*_WEIGHT_FILES, *(f"{pattern}.index.json" for pattern in _WEIGHT_FILES)]
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_dir() or name.parts[0] in _NOT_THE_MODEL or MARK in str(name):
            continue
        if len(name.parts) > 1 or not any(fnmatchcase(name.name, pattern) for pattern in weights):
            yield name.as_posix()


def _notes(found: Match, target: Target, destination: Path, dtype: str | None) -> Iterator[str]:
    yield from found.checkpoint.notes
    if found.changes:
        yield f"{len(found.changes)} weights are those of the source with the adapter"
    named, architectures = found.network.__name__, found.config.architectures or ()
    said = ", ".join(architectures) or "no class"
    if not any(name.endswith(named) for name in architectures):
        yield f"config.json names {said}; the tensors are exactly those of {named}"
    if dtype is not None:
        yield f"weights were cast to {dtype}; config.json is as it was"
    elif target.kind.name == "hdf5" and any(tensor.dtype.name == "bfloat16" for tensor in found.found.values()):
        yield "HDF5 has no bfloat16: Trivium and Keras 3 read it back, Transformers 4 does not; --dtype float32 serves it"
    if target.dialect == "torch" and (counters := [fixed.name for fixed in found.layout.fixed.values() if fixed.counts]):
        yield f"{len(counters)} counters of training steps, which PyTorch alone keeps, begin at 0: {counters[0]}, ..."
    for weight in found.layout:
        if weight.name in found.found and is_omitted(weight, found.network, target.dialect, found.rules):
            gap, _ = distance(draw(weight.name, weight.shape, weight.init, 0), found.read(weight.name))
            if not gap <= _COMPUTED:
                yield f"{weight.name} is in no such file, since the code computes it; the source's is off by {gap:.2g}"
    for kind in target.kind.earlier():
        if (destination / kind.file).exists():
            yield f"{kind.file} is in the destination too, and is read before {target.kind.file}"
