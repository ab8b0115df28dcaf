"""safetensors: the length of a header, the header in JSON, and the tensors' bytes, little-endian and in C order.

Reader and writer are Trivium's own: the writer of the safetensors library (0.8) stores wrong values for arrays that are not in
C order, and orders metadata at random; the reader checks more and gives views on a memory map.
Source: https://github.com/huggingface/safetensors, "Format".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core.errors import Corrupt, LimitExceeded, UnsupportedDtype
from trivium.core.files import parse_json

from ..tensors import DTYPES, Mapped, Tensor, check_count, check_name, check_shape
from ..writing import replacing
from . import Output

HEADER_LIMIT = 100_000_000  # bytes; the library's own limit

# In the library's order: tensors of a later dtype are written first.
_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "I16": "int16",
    "U16": "uint16",
    "F16": "float16",
    "BF16": "bfloat16",
    "I32": "int32",
    "U32": "uint32",
    "F32": "float32",
    "C64": "complex64",
    "F64": "float64",
    "I64": "int64",
    "U64": "uint64",
}
_RANK = {dtype: (rank, code) for rank, (code, dtype) in enumerate(_DTYPES.items())}


def read(path: Path, trust: bool = False, private: bool = False) -> list[Tensor]:
    """See `Format.read`."""
    file = Mapped(path, private)
    if file.size < 8:
        raise Corrupt(f"{file.size} bytes are too few for a safetensors file", path=path)
    length = int.from_bytes(file.bytes[:8], "little")
    if length > HEADER_LIMIT:
        raise LimitExceeded(f"a header of {length:,} bytes; the limit is {HEADER_LIMIT:,}", path=path)
    if length > file.size - 8:
        raise Corrupt(f"the header has {length:,} bytes, but the file {file.size:,}", path=path, hint="download it again")
    text = file.bytes[8 : 8 + length]
    if text[:1] != b"{":
        raise Corrupt("the header does not begin with '{'", path=path, key=8)
    header = parse_json(text, path, HEADER_LIMIT)
    _check_metadata(header.pop("__metadata__", {}), path)
    check_count(len(header), path)
    start, end, tensors = 8 + length, 0, []
    for key, entry in sorted(header.items(), key=lambda item: _begin(item[1], path, item[0])):
        tensor, begin, past = _tensor(file, start, key, entry, path)
        if begin != end:
            raise Corrupt(f"its bytes begin at {begin}, those before it end at {end}", path=path, key=key)
        if start + past > file.size:
            raise Corrupt(
                f"its bytes end at {start + past:,}, but the file has {file.size:,}", path=path, key=key,
                hint="the file is truncated; download it again",
            )  # fmt: skip
        tensors.append(tensor)
        end = past
    if start + end != file.size:
        raise Corrupt(f"{file.size - start - end:,} bytes after the last tensor", path=path, key=start + end)
    return tensors


def _check_metadata(metadata: Any, path: Path) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise Corrupt("__metadata__ is not an object of strings", path=path, key="__metadata__")


def _begin(entry: Any, path: Path, key: str) -> tuple[int, int]:
    """Where a tensor's bytes begin and end, counted from the header's end."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise Corrupt("its header is not an object of dtype, shape and data_offsets", path=path, key=ascii(key)[:200])
    offsets = entry["data_offsets"]
    if not isinstance(offsets, list) or len(offsets) != 2 or any(type(offset) is not int for offset in offsets):
        raise Corrupt("data_offsets are not two integers", path=path, key=key)
    begin, end = offsets
    if not 0 <= begin <= end:
        raise Corrupt(f"data_offsets [{begin}, {end}] are no range", path=path, key=key)
    return begin, end


def _tensor(file: Mapped, start: int, key: str, entry: dict[str, Any], path: Path) -> tuple[Tensor, int, int]:
    check_name(key, path)
    code = entry["dtype"]
    if not isinstance(code, str) or code not in _DTYPES:
        raise UnsupportedDtype(f"the dtype {str(code)[:40]!r} is not supported", path=path, key=key)
    dtype = DTYPES[_DTYPES[code]]
    shape = check_shape(entry["shape"], dtype, path, key)
    begin, end = _begin(entry, path, key)
    tensor = Tensor(key, shape, dtype, partial(_values, file, start + begin, shape, dtype, path, key))
    if tensor.nbytes != end - begin:
        raise Corrupt(f"{code}{list(shape)} has {tensor.nbytes:,} bytes, data_offsets {end - begin:,}", path=path, key=key)
    return tensor, begin, end


def _values(file: Mapped, offset: int, shape: tuple[int, ...], dtype: np.dtype, path: Path, key: str) -> np.ndarray:
    if dtype.kind == "b" and (file.array(offset, shape, DTYPES["uint8"]) > 1).any():
        raise Corrupt("a boolean that is neither 0 nor 1", path=path, key=key)
    return file.array(offset, shape, dtype)


def write(path: Path, tensors: Iterable[Output], metadata: Mapping[str, str], shard: bool = False) -> None:
    """See `Format.write`. The bytes are those of the safetensors library."""
    outputs = list(tensors)
    for output in outputs:
        if output.dtype.name not in _RANK:
            raise UnsupportedDtype(f"safetensors cannot hold {output.dtype}", path=path, key=output.key)
    outputs.sort(key=lambda output: (-_RANK[output.dtype.name][0], output.key))
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    end = 0
    for output in outputs:
        check_name(output.key, path)
        if output.key in header or output.key == "__metadata__":
            raise AssertionError(f"{output.key!r} is written twice, or is the name of the metadata")
        begin, end = end, end + int(np.prod(output.shape, dtype=np.int64)) * output.dtype.itemsize
        code = _RANK[output.dtype.name][1]
        header[output.key] = {"dtype": code, "shape": list(output.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for output in outputs:
            for piece in output.pieces():
                file.write(piece.reshape(-1).view(np.uint8).data)
