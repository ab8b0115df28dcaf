"""flax_model.msgpack: nested maps of names, whose leaves are arrays as flax.serialization writes them.

A leaf is an extension of type 1 (or 3, for a scalar) that holds, once more in MessagePack, the shape, NumPy's name of the
dtype, and the values in C order. Above 2^30 bytes an array is cut into flat pieces. Keys are joined with "." here.

The reader is Trivium's own walk over the memory map: it takes the few types that such a file needs, refuses all others, and
notes where the values are. Sources: https://github.com/msgpack/msgpack/blob/master/spec.md; flax/serialization.py.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from trivium.core.errors import Collision, Corrupt, LimitExceeded, UnsupportedDtype

from ..tensors import DTYPES, NAME_LIMIT, RANK_LIMIT, Mapped, Tensor, check_count, check_name, check_shape
from ..writing import replacing
from . import Output

DEPTH_LIMIT = 64
PIECE = 2**30  # bytes; a larger array is cut
CHUNKED = "__msgpack_chunked_array__"

_NDARRAY, _SCALAR = 1, 3


def read(path: Path, trust: bool = False, private: bool = False) -> list[Tensor]:
    """See `Format.read`."""
    return _Reader(path).tensors()


class _Reader:
    """Walks over a file from its beginning; `at` is the next byte."""

    def __init__(self, path: Path) -> None:
        self.path, self.file = path, Mapped(path)
        self.at = self.names = 0

    def tensors(self) -> list[Tensor]:
        found: dict[str, Tensor] = {}
        for tensor in self.map("", 0):
            if tensor.key in found:
                raise Collision("two tensors have this name", path=self.path, key=tensor.key)
            found[tensor.key] = tensor
        if self.at != self.file.size:
            self.fail(f"{self.file.size - self.at:,} bytes after the end")
        return list(found.values())

    def fail(self, message: str) -> NoReturn:
        raise Corrupt(message, path=self.path, key=f"byte {self.at}")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        return bytes(self.file.bytes[self.skip(count) : self.at])

    def skip(self, count: int) -> int:
        """Where the next bytes begin, which are passed over."""
        begin, end = self.at, self.at + count
        if end > self.file.size:
            raise Corrupt(
                f"the file ends at byte {self.file.size:,}, in the middle of a value", path=self.path, key=f"byte {begin}",
                hint="the file is truncated; download it again",
            )  # fmt: skip
        self.at = end
        return begin

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def map(self, prefix: str, depth: int) -> Iterator[Tensor]:
        """The tensors in the map that begins here."""
        if depth > DEPTH_LIMIT:
            raise LimitExceeded(f"maps nested deeper than {DEPTH_LIMIT}", path=self.path, key=f"byte {self.at}")
        seen: set[str] = set()
        size = self.map_size()
        self.names += size
        check_count(self.names, self.path)
        for _ in range(size):
            name = self.string()
            if name in seen:
                raise Corrupt("duplicate key", path=self.path, key=prefix + name)
            if name == CHUNKED and prefix and size == 3 and not seen:
                yield self.pieces(prefix.removesuffix("."))
                return
            seen.add(name)
            check_name(prefix + name, self.path)
            if self.peek_map():
                yield from self.map(f"{prefix}{name}.", depth + 1)
            else:
                yield self.leaf(prefix + name)

    def peek_map(self) -> bool:
        first = self.file.bytes[self.at] if self.at < self.file.size else -1
        return 0x80 <= first <= 0x8F or first in (0xDE, 0xDF)

    def map_size(self) -> int:
        first = self.number(1)
        if 0x80 <= first <= 0x8F:
            return first & 0x0F
        if first in (0xDE, 0xDF):
            return self.number(2 if first == 0xDE else 4)
        return self.fail(f"a map is expected, not a value of type 0x{first:02x}")

    def string(self) -> str:
        first = self.number(1)
        if 0xA0 <= first <= 0xBF:
            size = first & 0x1F
        elif 0xD9 <= first <= 0xDB:
            size = self.number(1 << (first - 0xD9))
        else:
            self.fail(f"a string is expected, not a value of type 0x{first:02x}")
        if size > NAME_LIMIT:
            raise LimitExceeded(f"a name of {size:,} bytes; the limit is {NAME_LIMIT:,}", path=self.path, key=f"byte {self.at}")
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            self.fail("a name is not UTF-8")

    def integer(self) -> int:
        first = self.number(1)
        if first <= 0x7F:
            return first
        if 0xCC <= first <= 0xCF:
            return self.number(1 << (first - 0xCC))
        return self.fail(f"a size is expected, not a value of type 0x{first:02x}")

    def leaf(self, key: str) -> Tensor:
        """The array that begins here."""
        begin, first = self.at, self.number(1)
        if 0xD4 <= first <= 0xD8:
            size = 1 << (first - 0xD4)
        elif 0xC7 <= first <= 0xC9:
            size = self.number(1 << (first - 0xC7))
        else:
            raise UnsupportedDtype(
                f"a value of type 0x{first:02x} is no array", path=self.path, key=key or f"byte {begin}",
                hint="a parameter file of Flax holds arrays and nothing else",
            )  # fmt: skip
        code = self.number(1)
        if code not in (_NDARRAY, _SCALAR):
            raise UnsupportedDtype(f"an extension of type {code} is no array", path=self.path, key=key)
        end = self.at + size
        tensor = self.array(key)
        if self.at != end:
            self.fail(f"{key} has {size:,} bytes, its parts have {size - end + self.at:,}")
        return tensor

    def array(self, key: str) -> Tensor:
        if self.number(1) != 0x93:
            self.fail(f"{key} is not a triple of shape, dtype and values")
        first = self.number(1)
        if 0x90 <= first <= 0x9F:
            rank = first & 0x0F
        elif first in (0xDC, 0xDD):
            rank = self.number(2 if first == 0xDC else 4)
        else:
            self.fail(f"{key} has no shape")
        if rank > RANK_LIMIT:
            raise LimitExceeded(f"{rank} axes; the limit is {RANK_LIMIT}", path=self.path, key=key)
        sizes = [self.integer() for _ in range(rank)]
        name = self.string()
        if name not in DTYPES:
            raise UnsupportedDtype(f"the dtype {name[:40]!r} is not supported", path=self.path, key=key)
        shape = check_shape(sizes, DTYPES[name], self.path, key)
        first = self.number(1)
        if not 0xC4 <= first <= 0xC6:
            self.fail(f"{key} has no values")
        size = self.number(1 << (first - 0xC4))
        read = partial(self.file.array, self.skip(size), shape, DTYPES[name])
        tensor = Tensor(key, shape, DTYPES[name], read)
        if tensor.nbytes != size:
            self.fail(f"{key} is {name}{list(shape)}, which has {tensor.nbytes:,} bytes, but {size:,} are there")
        return tensor

    def pieces(self, key: str) -> Tensor:
        """The array in pieces whose map begins here, after its first key."""
        if self.number(1) != 0xC3:
            self.fail(f"{key} is not marked as an array in pieces")
        if self.string() != "shape":
            self.fail(f"{key} is an array in pieces without a shape")
        sizes = [self.integer() for _ in self.numbered(key)]
        if self.string() != "chunks":
            self.fail(f"{key} is an array in pieces without pieces")
        pieces = [self.leaf(key) for _ in self.numbered(key)]
        dtypes = {piece.dtype for piece in pieces}
        if len(dtypes) != 1 or any(len(piece.shape) != 1 for piece in pieces):
            self.fail(f"{key} is in pieces that do not fit together")
        shape = check_shape(sizes, pieces[0].dtype, self.path, key)
        tensor = Tensor(key, shape, pieces[0].dtype, lambda: np.concatenate([p.read() for p in pieces]).reshape(shape))
        if tensor.nbytes != sum(piece.nbytes for piece in pieces):
            self.fail(f"{key} is in pieces that together do not have its shape {list(shape)}")
        return tensor

    def numbered(self, key: str) -> Iterator[int]:
        """Walks over a map whose keys are "0", "1", ..., the form in which flax writes a tuple."""
        for index in range(self.map_size()):
            if self.string() != str(index):
                self.fail(f"{key} has pieces or sizes that are not numbered in order")
            yield index


def write(path: Path, tensors: Iterable[Output], metadata: Mapping[str, str], shard: bool = False) -> None:
    """See `Format.write`; there is no place for metadata. Names are in order at every level, as Transformers 4 has them."""
    tree: dict[str, Any] = {}
    for output in tensors:
        check_name(output.key, path)
        *folders, leaf = output.key.split(".")
        branch = tree
        for folder in folders:
            branch = branch.setdefault(folder, {})
        if not isinstance(branch, dict) or leaf in branch:
            raise AssertionError(f"{output.key!r} is written twice, or is also a folder")
        branch[leaf] = output
    with replacing(path) as file:
        _write_map(file, tree)


def _write_map(file: BinaryIO, tree: Mapping[str, Any]) -> None:
    file.write(_map_head(len(tree)))
    for name in sorted(tree, key=lambda name: (name == "batch_stats", name)):  # Flax's models make their weights first
        file.write(_string(name))
        if isinstance(tree[name], dict):
            _write_map(file, tree[name])
        else:
            _write_leaf(file, tree[name])


def _write_leaf(file: BinaryIO, output: Output) -> None:
    values = (piece.reshape(-1).view(np.uint8).data for piece in output.pieces())
    if output.nbytes <= PIECE:
        _write_head(file, output.dtype, output.shape)
        for data in values:
            file.write(data)
        return
    itemsize = output.dtype.itemsize
    total, count = output.nbytes // itemsize, PIECE // itemsize
    chunks = -(-total // count)
    file.write(_map_head(3) + _string(CHUNKED) + b"\xc3" + _string("shape") + _map_head(len(output.shape)))
    for axis, size in enumerate(output.shape):
        file.write(_string(str(axis)) + _integer(size))
    file.write(_string("chunks") + _map_head(chunks))
    index = wanted = 0  # the next chunk, and the bytes that the one before it still wants
    for data in values:
        while data:
            if not wanted:
                length = min(count, total - index * count)
                file.write(_string(str(index)))
                _write_head(file, output.dtype, (length,))
                index, wanted = index + 1, length * itemsize
            file.write(data[:wanted])
            data, wanted = data[wanted:], max(0, wanted - len(data))


def _write_head(file: BinaryIO, dtype: np.dtype, sizes: tuple[int, ...]) -> None:
    """Writes what comes before an array's values."""
    nbytes = math.prod(sizes) * dtype.itemsize
    rank = bytes([0x90 | len(sizes)]) if len(sizes) < 16 else struct.pack(">BH", 0xDC, len(sizes))
    head = b"\x93" + rank + b"".join(map(_integer, sizes)) + _string(dtype.name)
    head += _sized(nbytes, 0xC4, 0xC5, 0xC6)
    size = len(head) + nbytes
    # A payload of 1, 2, 4, 8 or 16 bytes has a shorter form.
    fixed = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}.get(size)
    file.write(bytes([fixed]) if fixed else _sized(size, 0xC7, 0xC8, 0xC9))
    file.write(bytes([_NDARRAY]) + head)


def _map_head(size: int) -> bytes:
    if size < 16:
        return bytes([0x80 | size])
    return struct.pack(">BH", 0xDE, size) if size < 2**16 else struct.pack(">BI", 0xDF, size)


def _string(text: str) -> bytes:
    data = text.encode()
    return (bytes([0xA0 | len(data)]) if len(data) < 32 else _sized(len(data), 0xD9, 0xDA, 0xDB)) + data


def _integer(value: int) -> bytes:
    if value < 0x80:
        return bytes([value])
    for code, layout, limit in ((0xCC, ">BB", 2**8), (0xCD, ">BH", 2**16), (0xCE, ">BI", 2**32)):
        if value < limit:
            return struct.pack(layout, code, value)
    return struct.pack(">BQ", 0xCF, value)


def _sized(size: int, code8: int, code16: int, code32: int) -> bytes:
    """The head of a value whose size is written in 1, 2 or 4 bytes."""
    if size < 2**8:
        return struct.pack(">BB", code8, size)
    return struct.pack(">BH", code16, size) if size < 2**16 else struct.pack(">BI", code32, size)
