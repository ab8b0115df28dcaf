"""model.npz: a plain zip file of NumPy's arrays, as np.savez writes it, for whoever has NumPy and nothing else.

np.load reads what is written here, without pickles. NumPy has no bfloat16 and no 8-bit floats: their bits are stored as
unsigned integers, and the array `__dtypes__`, a string, says which: {"name": "bfloat16"}. With ml_dtypes they come back by
`found["name"].view("bfloat16")`.

Sources: numpy/lib/_format_impl.py; https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import ast
import json
import math
import re
import struct
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core.errors import Corrupt, LimitExceeded, UnknownFormat, Unsafe, UnsupportedDtype
from trivium.core.files import parse_json

from ..tensors import DTYPES, Mapped, Tensor, check_count, check_name, check_shape, is_native
from ..writing import replacing
from . import Output
from .zipped import ALIGNMENT, Member, Writer, members

DTYPES_KEY = "__dtypes__"
HEADER_LIMIT = 4096  # bytes; NumPy's own are under 200
DTYPES_LIMIT = 2**28  # bytes
_MAGIC = b"\x93NUMPY"
_NUMBER = re.compile(r"[<>|=][biufc]\d{1,2}")


def read(path: Path, trust: bool = False, private: bool = False) -> list[Tensor]:
    """See `Format.read`."""
    found = members(Mapped(path, private), path)
    check_count(len(found), path)
    if other := [name for name in found if not name.endswith(".npy")]:
        raise UnknownFormat("a zip file with something else than arrays", path=path, key=ascii(min(other)))
    named = found.pop(f"{DTYPES_KEY}.npy", None)
    names = {} if named is None else _names(named, path)
    tensors = [_tensor(name.removesuffix(".npy"), member, names, path) for name, member in found.items()]
    if unknown := set(names) - {tensor.key for tensor in tensors}:
        raise Corrupt(f"{DTYPES_KEY} names an array that is not there", path=path, key=min(unknown))
    return tensors


def _header(member: Member, path: Path) -> tuple[dict[str, Any], int]:
    """The header of an array, and where its values begin."""
    head = member.file.bytes[member.offset : member.offset + min(member.size, 12)]
    if head[:6] != _MAGIC or len(head) < 12 or head[6] not in (1, 2, 3) or head[7]:
        raise Corrupt("not an array of NumPy", path=path, key=member.name)
    start = 10 if head[6] == 1 else 12
    size = int.from_bytes(head[8:start], "little")
    if size > HEADER_LIMIT:
        raise LimitExceeded(f"a header of {size:,} bytes; the limit is {HEADER_LIMIT:,}", path=path, key=member.name)
    if start + size > member.size:
        raise Corrupt("an array's header is longer than the array", path=path, key=member.name)
    text = member.file.bytes[member.offset + start : member.offset + start + size]
    try:
        header = ast.literal_eval(text.decode("utf-8" if head[6] == 3 else "latin-1").strip())
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise Corrupt("an array's header is no dict", path=path, key=member.name) from None
    if not isinstance(header, dict) or header.keys() != {"descr", "fortran_order", "shape"}:
        raise Corrupt("an array's header is not of dtype, order and shape", path=path, key=member.name)
    return header, start + size


def _names(member: Member, path: Path) -> dict[str, str]:
    """Key -> dtype, of the arrays whose dtype NumPy lacks."""
    header, start = _header(member, path)
    if not isinstance(header["descr"], str) or not re.fullmatch(r"<U\d+", header["descr"]) or header["shape"] != ():
        raise Corrupt("not a string", path=path, key=DTYPES_KEY)
    data = member.bytes(DTYPES_LIMIT)[start:]
    try:
        text = data.decode("utf-32-le").rstrip("\0")
    except UnicodeDecodeError:
        raise Corrupt("not a string", path=path, key=DTYPES_KEY) from None
    found = parse_json(text.encode("utf-8", "surrogatepass"), path, DTYPES_LIMIT)
    for key, name in found.items():
        if not isinstance(name, str) or name not in DTYPES or is_native(DTYPES[name]):
            raise UnsupportedDtype(f"the dtype {str(name)[:40]!r} is not supported", path=path, key=key)
    return found


def _tensor(key: str, member: Member, names: Mapping[str, str], path: Path) -> Tensor:
    check_name(key, path)
    header, start = _header(member, path)
    stated, fortran = header["descr"], header["fortran_order"]
    if stated == "|O":
        raise Unsafe("an array of pickled objects", path=path, key=key)
    if not isinstance(stated, str) or not _NUMBER.fullmatch(stated):
        raise UnsupportedDtype(f"the dtype {str(stated)[:40]!r} is not supported", path=path, key=key)
    try:
        stored = np.dtype(stated)
    except TypeError:
        raise UnsupportedDtype(f"the dtype {stated!r} is not supported", path=path, key=key) from None
    little = stored.newbyteorder("<")
    if little.name not in DTYPES or type(fortran) is not bool:
        raise UnsupportedDtype(f"the dtype {stated!r} is not supported", path=path, key=key)
    dtype = DTYPES[names.get(key, little.name)]
    if key in names and stored != np.dtype(f"u{dtype.itemsize}"):
        raise Corrupt(f"{DTYPES_KEY} says {dtype.name}, the array {stored}", path=path, key=key)
    shape = check_shape(header["shape"], dtype, path, key)
    size = math.prod(shape) * dtype.itemsize
    if size != member.size - start:
        raise Corrupt(f"{size:,} bytes of values are expected, {member.size - start:,} are there", path=path, key=key)
    return Tensor(key, shape, dtype, partial(_values, member, start, shape, stored, dtype, fortran, path, key))


def _values(
    member: Member, start: int, shape: tuple[int, ...], stored: np.dtype, dtype: np.dtype, fortran: bool, path: Path, key: str
) -> np.ndarray:
    data = member.values()[start:]
    if dtype.kind == "b" and (data > 1).any():
        raise Corrupt("a boolean that is neither 0 nor 1", path=path, key=key)
    values: np.ndarray = np.ndarray(shape, stored, data.data if data.size else bytes(1), order="F" if fortran else "C")
    if dtype.name != stored.newbyteorder("<").name:
        return values.view(dtype)
    return values if stored == dtype else values.astype(dtype)


def write(path: Path, tensors: Iterable[Output], metadata: Mapping[str, str], shard: bool = False) -> None:
    """See `Format.write`."""
    names: dict[str, str] = {}
    with replacing(path) as file:
        archive = Writer(file)
        for output in tensors:
            check_name(output.key, path)
            if output.key == DTYPES_KEY:
                raise AssertionError(f"{output.key} is the name of the list of dtypes")
            stored = output.dtype
            if not is_native(output.dtype):
                names[output.key], stored = output.dtype.name, np.dtype(f"u{output.dtype.itemsize}")
            head = np.frombuffer(_head(stored, output.shape), np.uint8)
            archive.stream(f"{output.key}.npy", head.size + output.nbytes, _parts(head, output))
        if names:
            text = np.asarray(json.dumps(dict(sorted(names.items()))))
            archive.add(f"{DTYPES_KEY}.npy", _head(text.dtype, ()) + text.astype("<U").tobytes())
        archive.end()


def _parts(head: np.ndarray, output: Output) -> Iterable[np.ndarray]:
    yield head
    yield from output.pieces()


def _head(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """The beginning of an array's file, up to its values, which are aligned."""
    text = str({"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": tuple(shape)}).encode()
    text += b" " * (-(10 + len(text) + 1) % ALIGNMENT) + b"\n"
    return _MAGIC + b"\1\0" + struct.pack("<H", len(text)) + text
