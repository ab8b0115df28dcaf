"""The file formats: which there are, and which one a file is in, told by its first bytes."""

from __future__ import annotations

import functools
import importlib
import itertools
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from trivium.core.arrays import contiguous
from trivium.core.errors import Corrupt, InputError, UnknownFormat
from trivium.core.names import nearest

from ..tensors import Tensor, reading, release

PIECE = 64 * 2**20
"""Bytes of a tensor's file that are in memory at a time, unless the user says otherwise."""
_BLOCK = 2**20  # bytes that are transposed and written at a time: more than that leaves the processor's cache in between


@dataclass(frozen=True)
class Output:
    """A tensor to be written.

    Attributes:
        key: Its name in the file.
        dtype: Its dtype.
        shape: Its shape.
        produce: Returns its values, of that shape: in any order in memory, and cast to `dtype` if they are of another. Called
            when its turn has come.
        groups: In HDF5, the top-level layers that hold it; empty for the one that its name begins with.
        piece: Bytes of its file that are in memory at a time.
        scope: In HDF5, what stands before the key instead of the model's name.
    """

    key: str
    dtype: np.dtype
    shape: tuple[int, ...]
    produce: Callable[[], np.ndarray]
    groups: tuple[str, ...] = ()
    piece: int = PIECE
    scope: str | None = None

    @property
    def nbytes(self) -> int:
        """The bytes of its values."""
        return math.prod(self.shape) * self.dtype.itemsize

    def pieces(self) -> Iterator[np.ndarray]:
        """Its values in C order: pieces of the first axis, one after the other, small enough for the processor's cache."""
        array = self.produce()
        if array.shape != self.shape:
            raise AssertionError(f"{self.key}: {array.shape} instead of {self.shape}")
        if not self.shape or not self.nbytes:
            yield contiguous(array).astype(self.dtype, copy=False)
            return
        rows = max(1, min(_BLOCK, self.piece) * self.shape[0] // self.nbytes)
        begin = 0
        made = (
            contiguous(array[start : start + rows]).astype(self.dtype, copy=False) for start in range(0, self.shape[0], rows)
        )
        for start, piece in zip(range(0, self.shape[0], rows), made if array.flags.c_contiguous else _ahead(made), strict=True):
            end = min(start + rows, self.shape[0])
            yield piece
            if (end - begin) * self.nbytes >= self.piece * self.shape[0] or end == self.shape[0]:
                release(array[begin:end])
                begin = end

    def values(self) -> np.ndarray:
        """Its values in one piece."""
        pieces = list(self.pieces())
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def bytes(self) -> memoryview:
        """Its values as bytes in C order."""
        return self.values().reshape(-1).view(np.uint8).data


def _ahead(pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The same pieces, the next of which is made while one is written: NumPy and the system both let go of the interpreter."""
    pool = _pool()
    coming = pool.submit(next, pieces, None)
    while (piece := coming.result()) is not None:
        coming = pool.submit(next, pieces, None)
        yield piece


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1), "trivium-transposing")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked process has the pool, and none of its threads


class Format(Protocol):
    """What each module of this package provides."""

    def read(self, path: Path, trust: bool = False, private: bool = False) -> list[Tensor]:
        """The tensors of a file, whose structure has been checked in full; their values are read later.

        Args:
            path: The file.
            trust: Whether a library that is no match for hostile files (HDF5's) may read it in this process.
            private: Whether to give arrays that may be written to, while the file stays as it is, where values lie in the file
                as in memory (safetensors, bin, npz) and belong to one tensor alone. See `Mapped`.

        Raises:
            Corrupt, Unsafe, LimitExceeded, UnsupportedDtype: The file breaks the rules.
        """

    def write(self, path: Path, tensors: Iterable[Output], metadata: Mapping[str, str], shard: bool = False) -> None:
        """Writes a file, one tensor in memory at a time: the same tensors give the same bytes.

        Args:
            path: The file.
            tensors: What it is to hold.
            metadata: What else it says.
            shard: Whether it is one of several; in HDF5 these have another structure.

        Raises:
            UnsupportedDtype: The format cannot hold a tensor's numbers.
            WriteError: The file could not be written; what was there before is unharmed.
        """


@dataclass(frozen=True)
class Kind:
    """A format's facts.

    Attributes:
        name: Also the module's.
        file: What a single file of it is called; by Transformers, if that knows it. Orbax's is a directory.
        dialect: Whose names its tensors have (see `names.py`); None if the keys tell.
        sharded: Whether a checkpoint may be spread over several files, with an index.
    """

    name: str
    file: str
    dialect: str | None = None
    sharded: bool = True

    @property
    def index(self) -> str:
        """The file that says which tensor is in which shard."""
        return f"{self.file}.index.json"

    @property
    def entries(self) -> tuple[str, str]:
        """The files by which a checkpoint is found: that of a single one, and the index."""
        return self.file, self.index

    @property
    def suffix(self) -> str:
        """The extension of its files."""
        return self.file[self.file.index(".") :]

    def owns(self, name: str) -> bool:
        """Whether a file of this name is one of this format's: the single file, a shard or the index."""
        return name in (self.file, self.index) or fnmatchcase(
            name, f"{self.file.removesuffix(self.suffix)}-*-of-*{self.suffix}"
        )

    def earlier(self) -> Iterator[Kind]:
        """The formats that are looked for before this one."""
        return itertools.takewhile(lambda kind: kind != self, KINDS)

    @property
    def module(self) -> Format:
        """The reader and writer."""
        return cast(Format, importlib.import_module(f"{__name__}.{self.name}"))


KINDS = (
    Kind("safetensors", "model.safetensors"),
    Kind("bin", "pytorch_model.bin"),
    Kind("hdf5", "tf_model.h5", "tf4"),
    Kind("msgpack", "flax_model.msgpack", "flax4"),
    Kind("keras", "model.weights.h5", "tensorflow", sharded=False),
    Kind("npz", "model.npz"),
    Kind("orbax", "model.orbax", "flax", sharded=False),
)
"""All formats, in the order in which they are looked for in a directory."""


def kind_named(name: str) -> Kind:
    """The format of a name; raises InputError if there is none."""
    found = {kind.name: kind for kind in KINDS}
    if name not in found:
        raise InputError(f"there is no format {name!r}", key=name, hint=nearest(name, found))
    return found[name]


ORBAX_MARKER = "_METADATA"
"""The file that makes a directory a checkpoint of Orbax."""

_HEAD = 1024  # bytes that tell


def sniff(path: Path) -> Kind:
    """The format of a file, told by its content.

    Raises:
        NotFound: There is no such file.
        UnknownFormat: It is in no format that Trivium reads, or in another than its extension says.
        Corrupt: It is empty.
    """
    if (path / ORBAX_MARKER).is_file():
        return kind_named("orbax")
    with reading(path), open(path, "rb") as file:
        head = file.read(_HEAD)
    found = next((kind for kind in KINDS if kind.name == _recognise(head)), None)
    if found is None:
        raise _unknown(path, head)
    if found.name == "hdf5" and path.name.endswith(kind_named("keras").suffix):  # which of the two, its reader sees
        return kind_named("keras")
    endings = sorted((kind for kind in KINDS if path.name.endswith(kind.suffix)), key=lambda kind: -len(kind.suffix))
    named = endings[0] if endings else found
    if named != found:
        raise UnknownFormat(f"the name says {named.name}, the content is {found.name}", path=path, hint="rename the file")
    return found


def _recognise(head: bytes) -> str:
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "hdf5"
    if head[8:9] == b"{":
        return "safetensors"
    if head.startswith(b"PK\x03\x04"):
        name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
        return "npz" if name.endswith(b".npy") else "bin"
    if head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):  # a pickle of some protocol
        return "bin"
    if head[:1] and (0x80 < head[0] <= 0x8F or head[0] in (0xDE, 0xDF)):  # a map that is not empty
        return "msgpack"
    return ""


def _unknown(path: Path, head: bytes) -> Corrupt | UnknownFormat:
    if not head:
        return Corrupt("the file is empty", path=path, hint="download it again")
    if head.startswith(b"version https://git-lfs"):
        return UnknownFormat("a Git LFS pointer, not the weights themselves", path=path, hint="fetch them: git lfs pull")
    if head.lstrip()[:1] == b"<":
        return UnknownFormat("a web page, not weights", path=path, hint="the download failed; try it again")
    if path.suffix == ".safetensors":
        return Corrupt("not a safetensors file: no header at its beginning", path=path, hint="download it again")
    return UnknownFormat("in no format that Trivium reads", path=path, hint="known: " + ", ".join(k.name for k in KINDS))
