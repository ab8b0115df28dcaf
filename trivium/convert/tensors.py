"""A tensor in a file: what every reader gives, what every writer takes, and the limits that hold for all formats."""

from __future__ import annotations

import errno
import math
import mmap
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import ml_dtypes
import numpy as np

from trivium.core.errors import CheckpointError, Corrupt, LimitExceeded, NotFound, Unsafe, UnsupportedDtype

TENSOR_LIMIT = 1_000_000
RANK_LIMIT = 32
NAME_LIMIT = 4096  # bytes of UTF-8
ADDRESSABLE = 2**63  # bytes; NumPy counts in int64

_NATIVE = (
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
_EXTENDED = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")
DTYPES: dict[str, np.dtype] = {
    **{name: np.dtype(name) for name in _NATIVE},
    **{name: np.dtype(getattr(ml_dtypes, name)) for name in _EXTENDED},
}
"""The number formats that a checkpoint may hold, by NumPy's name; all little-endian."""


@dataclass(frozen=True)
class Tensor:
    """One tensor of a checkpoint.

    Attributes:
        key: Its name in the file.
        shape: Its shape there.
        dtype: Its dtype, one of `DTYPES`.
        read: Returns its values: a view on the memory map where the file holds them in one piece, which need not be aligned in
            memory. The view is read-only, unless the file was mapped privately, and stays valid after the checkpoint is closed.
        storage: What it is a view of in the file, where other tensors may be views of the same; None where none can.
    """

    key: str
    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray] = field(repr=False, compare=False)
    storage: str | None = field(default=None, repr=False, compare=False)

    @property
    def nbytes(self) -> int:
        """The bytes of its values."""
        return math.prod(self.shape) * self.dtype.itemsize


def is_float(dtype: np.dtype) -> bool:
    """Whether a dtype holds real numbers with a fraction."""
    return dtype.kind == "f" or dtype.name in _EXTENDED


def is_native(dtype: np.dtype) -> bool:
    """Whether a dtype is NumPy's own."""
    return dtype.name in _NATIVE


def dtype_named(name: str) -> np.dtype:
    """The dtype of NumPy's name for it.

    Raises:
        UnsupportedDtype: Checkpoints hold no such numbers.
    """
    if name not in DTYPES:
        raise UnsupportedDtype(f"there is no dtype {name!r}", key=name, hint="known: " + ", ".join(DTYPES))
    return DTYPES[name]


def check_name(name: str, path: object) -> None:
    """Raises Unsafe or LimitExceeded for a tensor's name that no honest file has."""
    if len(name) > NAME_LIMIT:
        raise LimitExceeded(f"a tensor's name of {len(name):,} characters; the limit is {NAME_LIMIT:,}", path=path)
    # Control characters, invisible direction marks and lone surrogates make a name look like another one.
    suspect = not (name.isascii() and name.isprintable())  # which most names are: the categories cost time
    hidden = suspect and any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in name)
    if not name or "\\" in name or hidden:
        raise Unsafe("a tensor's name is empty or holds a backslash or an invisible character", path=path, key=ascii(name))


def check_shape(shape: object, dtype: np.dtype, path: object, key: str) -> tuple[int, ...]:
    """`shape` as a tuple; raises Corrupt unless it is a list of sizes that memory could hold."""
    if not isinstance(shape, (list, tuple)) or any(type(size) is not int or size < 0 for size in shape):
        raise Corrupt(f"the shape {str(shape)[:200]} is not a list of sizes", path=path, key=key)
    if len(shape) > RANK_LIMIT:
        raise LimitExceeded(f"{len(shape)} axes; the limit is {RANK_LIMIT}", path=path, key=key)
    if math.prod(size or 1 for size in shape) * dtype.itemsize >= ADDRESSABLE:
        raise Corrupt(f"a tensor of the shape {list(shape)} fits in no memory", path=path, key=key)
    return tuple(shape)


def check_count(count: int, path: object) -> None:
    """Raises LimitExceeded for more tensors than any honest file has."""
    if count > TENSOR_LIMIT:
        raise LimitExceeded(f"{count:,} tensors; the limit is {TENSOR_LIMIT:,}", path=path)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what the system says about a file that cannot be read into a CheckpointError."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Unsafe("not a regular file", path=path)
        yield
    except FileNotFoundError as error:
        if isinstance(error, CheckpointError):
            raise
        raise NotFound("no such file", path=path) from None
    except PermissionError as error:
        raise CheckpointError("not readable", path=path, hint="check its permissions") from error


def release(array: np.ndarray) -> None:
    """Lets go of the memory under a view of a memory map; its pages are read again when they are wanted again."""
    base: object = array
    while isinstance(base, (np.ndarray, memoryview)):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    if not isinstance(base, mmap.mmap) or not array.size or not hasattr(mmap, "MADV_DONTNEED"):
        return
    if not memoryview(base).readonly:  # what was written to its pages is nowhere else
        return
    begin = array.__array_interface__["data"][0] - np.frombuffer(base, np.uint8).__array_interface__["data"][0]
    size = array.itemsize + sum((n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True))
    page = begin - begin % mmap.PAGESIZE
    base.madvise(mmap.MADV_DONTNEED, page, begin - page + size)


class Mapped:
    """A file mapped into memory, read-only; or privately, so that a page is copied when it is first written to.

    While it is mapped, the file may be replaced or removed, as every sound writer does it: the map keeps the old one. A program
    that changes the file in place changes what is in the map, and one that truncates it ends this process (SIGBUS).
    """

    def __init__(self, path: Path, private: bool = False) -> None:
        with reading(path), open(path, "rb") as file:
            self.size = os.fstat(file.fileno()).st_size
            self.bytes: mmap.mmap | bytes = _map(file.fileno(), private) if self.size else b""

    def array(self, offset: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """The values that start at a byte offset, which the caller has checked to be in the file."""
        count = math.prod(shape)
        values = np.frombuffer(self.bytes, dtype, count, offset) if count else np.empty(0, dtype)
        return values.reshape(shape)


def _map(descriptor: int, private: bool) -> mmap.mmap:
    try:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY if private else mmap.ACCESS_READ)
    except OSError as error:
        if not private or error.errno != errno.ENOMEM:
            raise
        return _map(descriptor, False)  # the system promises no memory for copies of all pages
