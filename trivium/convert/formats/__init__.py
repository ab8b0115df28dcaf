"""The file formats: which there are, and which one a file is in, told by its first bytes."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from trivium.core.errors import Corrupt, UnknownFormat

from ..tensors import Tensor, reading


@dataclass(frozen=True)
class Output:
    """A tensor to be written.

    Attributes:
        key: Its name in the file.
        dtype: Its dtype.
        shape: Its shape.
        produce: Returns its values, of that dtype and shape; called once, when its turn has come.
        groups: In HDF5, the top-level layers that hold it; empty for the one that its name begins with.
        scope: In HDF5, what stands before the key instead of the model's name.
    """

    key: str
    dtype: np.dtype
    shape: tuple[int, ...]
    produce: Callable[[], np.ndarray]
    groups: tuple[str, ...] = ()
    scope: str | None = None

    def values(self) -> np.ndarray:
        """Its values, checked and in one piece."""
        array = self.produce()
        if array.dtype != self.dtype or array.shape != self.shape:
            raise AssertionError(f"{self.key}: {array.dtype}{array.shape} instead of {self.dtype}{self.shape}")
        return np.ascontiguousarray(array).reshape(self.shape)  # NumPy gives a rank to what has none

    def bytes(self) -> memoryview:
        """Its values as bytes in C order."""
        return self.values().reshape(-1).view(np.uint8).data


class Format(Protocol):
    """What each module of this package provides."""

    def read(self, path: Path) -> list[Tensor]:
        """The tensors of a file, whose structure has been checked in full; their values are read later.

        Raises:
            Corrupt, Unsafe, LimitExceeded, UnsupportedDtype: The file breaks the rules.
        """

    def write(self, path: Path, tensors: Iterable[Output], metadata: Mapping[str, str]) -> None:
        """Writes a file, one tensor in memory at a time: the same tensors give the same bytes.

        Raises:
            UnsupportedDtype: The format cannot hold a tensor's numbers.
            WriteError: The file could not be written; what was there before is unharmed.
        """


@dataclass(frozen=True)
class Kind:
    """A format's facts.

    Attributes:
        name: Also the module's.
        file: What Transformers calls a single file of it.
    """

    name: str
    file: str

    @property
    def index(self) -> str:
        """The file that says which tensor is in which shard."""
        return f"{self.file}.index.json"

    @property
    def suffix(self) -> str:
        """The extension of its files."""
        return Path(self.file).suffix

    def owns(self, name: str) -> bool:
        """Whether a file of this name is one of this format's: the single file, a shard or the index."""
        return name in (self.file, self.index) or fnmatchcase(name, f"{Path(self.file).stem}-*-of-*{self.suffix}")

    def earlier(self) -> Iterator[Kind]:
        """The formats that are looked for before this one."""
        return itertools.takewhile(lambda kind: kind != self, KINDS)

    @property
    def module(self) -> Format:
        """The reader and writer."""
        return cast(Format, importlib.import_module(f"{__name__}.{self.name}"))


KINDS = (Kind("safetensors", "model.safetensors"), Kind("hdf5", "tf_model.h5"), Kind("msgpack", "flax_model.msgpack"))
"""All formats, in the order in which they are looked for in a directory."""

_HEAD = 64  # bytes that tell


def sniff(path: Path) -> Kind:
    """The format of a file, told by its content.

    Raises:
        NotFound: There is no such file.
        UnknownFormat: It is in no format that Trivium reads, or in another than its extension says.
        Corrupt: It is empty.
    """
    with reading(path), open(path, "rb") as file:
        head = file.read(_HEAD)
    found = next((kind for kind in KINDS if kind.name == _recognise(head)), None)
    if found is None:
        raise _unknown(path, head)
    named = next((kind for kind in KINDS if kind.suffix == path.suffix), found)
    if named != found:
        raise UnknownFormat(f"the name says {named.name}, the content is {found.name}", path=path, hint="rename the file")
    return found


def _recognise(head: bytes) -> str:
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "hdf5"
    if head[8:9] == b"{":
        return "safetensors"
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
    if head.startswith(b"PK\x03\x04") or head[:1] == b"\x80":
        return UnknownFormat(
            "a PyTorch pickle, which Trivium does not read yet", path=path, hint="save it as model.safetensors in PyTorch"
        )
    if path.suffix == ".safetensors":
        return Corrupt("not a safetensors file: no header at its beginning", path=path, hint="download it again")
    return UnknownFormat("in no format that Trivium reads", path=path, hint="known: " + ", ".join(k.name for k in KINDS))
