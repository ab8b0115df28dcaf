"""A checkpoint: the tensors of a directory or file, in any format and dialect, read from a memory map when asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from types import TracebackType
from typing import Any, Self

from trivium.core import hub
from trivium.core.errors import Collision, Corrupt, KeyMismatch, NotFound, Unsafe
from trivium.core.files import read_json

from .bits import differing
from .formats import KINDS, ORBAX_MARKER, Kind, sniff
from .names import dialect_of
from .tensors import Tensor, reading

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices in Windows
_FLAX_COLLECTIONS = ("params.", "batch_stats.")


@dataclass
class Checkpoint:
    """An open checkpoint.

    Attributes:
        path: As it was opened.
        tensors: Key -> tensor, as the files have them; TensorFlow's keys without the model's name, Flax's joined with ".".
        kind: The format of its files.
        dialect: The dialect of its keys: "torch", "tf4", "flax4", "tensorflow" or "flax"; see `names.py`.
        files: The files that were read: an index first, then the shards.
        config: config.json, as it is; None if there is none.
        notes: What a user should know about the choice of files.
    """

    path: Path
    tensors: Mapping[str, Tensor]
    kind: Kind
    dialect: str
    files: tuple[Path, ...]
    config: dict[str, Any] | None
    notes: tuple[str, ...] = field(default=())

    @property
    def format(self) -> str:
        """The format of its files: "safetensors", "bin", "hdf5", ...: the name of its kind."""
        return self.kind.name

    @property
    def folder(self) -> Path:
        """The directory of its files."""
        return self.path if self.path.is_dir() and self.path not in self.files else self.path.parent

    @property
    def nbytes(self) -> int:
        """The bytes of all values."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the files. Arrays that were read stay valid; a memory map ends with the last of them."""
        self.tensors = {}


def open_checkpoint(path: str | Path, trust: bool = False, private: bool = False) -> Checkpoint:
    """Opens the checkpoint in a directory, a weight file or an index.

    In a directory the first of these is read, or its index: model.safetensors, pytorch_model.bin, tf_model.h5,
    flax_model.msgpack, model.weights.h5, model.npz, model.orbax. Whether it is whole is checked at once; the values are read
    when they are asked for.

    Args:
        path: Of it.
        trust: Read HDF5 in this process, and not in a child with limits: for files whose origin you know.
        private: See `Format.read`.

    Raises:
        NotFound: There is no such file, or the directory has no weights.
        UnknownFormat: It is in no format that Trivium reads.
        Corrupt, Unsafe, LimitExceeded, UnsupportedDtype: A file breaks the rules of its format.
        Collision: Two tensors have one name and differ.
    """
    path = hub.resolve(path)
    chosen, notes = _choose(path) if path.is_dir() and not (path / ORBAX_MARKER).is_file() else (path, ())
    if chosen.name.endswith(".index.json"):
        kind = next((kind for kind in KINDS if chosen.name.endswith(f"{kind.suffix}.index.json")), KINDS[0])
        mapping = _read_index(chosen, kind)
        files = (chosen, *(chosen.parent / name for name in sorted(set(mapping.values()))))
        tensors = [tensor for file in files[1:] for tensor in _read_shard(file, kind, trust, private)]
    else:
        kind, mapping, files = sniff(chosen), {}, (chosen,)
        tensors = kind.module.read(chosen, trust, private)
    found = _by_key(tensors, chosen)
    dialect = kind.dialect or dialect_of(found)
    if mapping and dialect != "tf4":  # Transformers' TensorFlow indexes have other names than its shards
        _check_index(chosen, mapping, found)
    if dialect == "flax4":
        found = _by_key((_without_collection(tensor) for tensor in found.values()), chosen)
    config = chosen.parent / "config.json"
    return Checkpoint(path, found, kind, dialect, files, read_json(config) if config.exists() else None, notes)


def _choose(folder: Path) -> tuple[Path, tuple[str, ...]]:
    there = [folder / name for kind in KINDS for name in (kind.file, kind.index) if (folder / name).exists()]
    if not there:
        raise NotFound("no weights in this directory", path=folder, hint="it reads " + ", ".join(kind.file for kind in KINDS))
    chosen, *others = there
    return chosen, tuple(f"{chosen.name} was read; {other.name} is there too and was not" for other in others)


def _read_index(path: Path, kind: Kind) -> dict[str, str]:
    mapping = read_json(path).get("weight_map")
    if not isinstance(mapping, dict) or not mapping or not all(isinstance(name, str) for name in mapping.values()):
        raise Corrupt("weight_map is not an object of file names", path=path, key="weight_map")
    shards = sorted(set(mapping.values()))
    if len({name.casefold() for name in shards}) != len(shards):
        raise Collision("shards whose names differ in capitals only", path=path)
    for name in shards:
        if Path(name).suffix != kind.suffix:
            raise Unsafe(f"a shard that is no {kind.suffix} file", path=path, key=ascii(name))
        check_member(path.parent, name, path)
    return mapping


def check_member(folder: Path, name: str, source: object) -> Path:
    """The file `name` in `folder`; Unsafe, naming `source`, if it leads elsewhere.

    A symbolic link may lead within the folder, or to the blobs of the Hub's cache that the folder belongs to.
    """
    windows = PureWindowsPath(name)
    bad = not name or "\0" in name or "\\" in name or windows.drive or windows.root or ".." in windows.parts
    if bad or any(_RESERVED.fullmatch(part) for part in windows.parts):
        raise Unsafe("a file name that leads out of the folder", path=source, key=ascii(name))
    home, real = Path(os.path.realpath(folder)), Path(os.path.realpath(folder / name))
    blobs = [parent.parent / "blobs" for parent in (home, *home.parents) if parent.name == "snapshots"]
    if not any(real.is_relative_to(allowed) for allowed in (home, *blobs)):
        raise Unsafe("a symbolic link that leads out of the folder", path=source, key=name)
    with reading(folder / name):
        return folder / name


def _read_shard(path: Path, kind: Kind, trust: bool, private: bool) -> list[Tensor]:
    found = sniff(path)
    if found != kind:
        raise Corrupt(f"the index is of {kind.name}, this shard is {found.name}", path=path)
    return kind.module.read(path, trust, private)


def _by_key(tensors: Iterable[Tensor], path: Path) -> dict[str, Tensor]:
    """Tensors by key. One that is there twice, as in tf_model.h5 and its shards, is taken once if the bits are the same."""
    found: dict[str, Tensor] = {}
    for tensor in tensors:
        first = found.setdefault(tensor.key, tensor)
        if first is not tensor and (first.shape != tensor.shape or differing(first.read(), tensor.read())):
            raise Collision("two tensors have this name, and differ", path=path, key=tensor.key)
    return found


def _check_index(path: Path, mapping: Mapping[str, str], found: Mapping[str, Tensor]) -> None:
    listed = {name.replace("/", ".") for name in mapping}
    held = {name.replace("/", ".") for name in found}
    if listed != held:
        lines = [f"  listed, but in no shard: {name}" for name in sorted(listed - held)]
        lines += [f"  in a shard, but not listed: {name}" for name in sorted(held - listed)]
        raise KeyMismatch("\n".join(["the index does not fit its shards", *lines]), path=path, hint="download it again")


def _without_collection(tensor: Tensor) -> Tensor:
    """A tensor of a Flax model with BatchNorm, whose weights and statistics are collections of their own."""
    for prefix in _FLAX_COLLECTIONS:
        if tensor.key.startswith(prefix):
            return Tensor(tensor.key.removeprefix(prefix), tensor.shape, tensor.dtype, tensor.read)
    return tensor
