"""Values drawn from names: the same weights and inputs for whoever asks, with none of them stored.

Only whole numbers are added up before the last scaling, so that the values, and hashes of them, agree on every machine
and in every version of NumPy: Philox's bits are fixed by its paper, while a library's normal draws are not.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_TERMS = 8  # 16-bit numbers in one sum: near enough to a bell


def bits(label: str, count: int) -> NDArray[np.uint64]:
    """64-bit words, as many as asked for."""
    key = int.from_bytes(hashlib.sha256(label.encode()).digest()[:16], "little")
    return np.random.Philox(key=key).random_raw(count)


def _normal(label: str, shape: Sequence[int]) -> NDArray[np.float64]:
    count = int(np.prod(shape, dtype=np.int64))
    words = bits(label, count * _TERMS // 4).astype("<u8").view("<u2").reshape(count, _TERMS)
    centred = words.sum(axis=1, dtype=np.int64) - _TERMS * 0xFFFF / 2
    return (centred * (np.sqrt(12 / _TERMS) / 65536)).reshape(tuple(shape))


def weight(name: str, shape: Sequence[int], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """The weight of that name in a PyTorch checkpoint: small, near one where it scales, positive where it is a variance."""
    values = 0.2 * _normal(name, shape)
    if name.endswith("running_var"):
        values = 0.5 + np.abs(values)
    elif (len(shape) == 1 and name.endswith("weight")) or (name.endswith("original0") and set(shape[1:]) == {1}):
        values = 1 + values  # also the length of a whole direction, where weights are normalised
    return np.asarray(values, np.float32).astype(dtype)


def array(name: str, spec: Any) -> NDArray[Any]:
    """The input of that name which a `table.Input` describes. Floats are float32, wider ones are made by the caller."""
    if spec.kind == "given":
        values = np.array(spec.data).reshape(spec.shape or np.shape(spec.data))
    elif spec.kind == "integers":
        label = f"{name} {spec.shape} {spec.low} {spec.high}"
        raw = bits(label, int(np.prod(spec.shape))) % np.uint64(spec.high - spec.low)
        values = raw.astype(np.int64).reshape(spec.shape) + spec.low
    elif spec.kind == "normal":
        values = _normal(f"{name} {spec.shape}", spec.shape)
    else:
        raise ValueError(f"Input.kind {spec.kind!r} of {name} is none of: given, integers, normal")
    if spec.kept is not None:
        values = np.where(np.array(spec.kept, bool), values, spec.fill)
    return values.astype(spec.dtype)


def nested(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays by name, those whose names are paths ("labels.0.boxes") in lists of dicts."""
    found: dict[str, Any] = {}
    for name, value in arrays.items():
        if "." not in name:
            found[name] = value
            continue
        outer, index, inner = name.split(".")
        dicts = found.setdefault(outer, [])
        dicts.extend({} for _ in range(len(dicts), int(index) + 1))
        dicts[int(index)][inner] = value
    return found


def pack(values: NDArray[Any]) -> dict[str, Any]:
    """An array as a golden stores it: floats as float32, little-endian, C order, in base64."""
    values = np.asarray(values)
    kept = np.float32 if values.dtype.kind == "f" else values.dtype
    data = np.ascontiguousarray(values, np.dtype(kept).newbyteorder("<")).tobytes()
    return {"dtype": np.dtype(kept).name, "shape": list(values.shape), "data": base64.b64encode(data).decode("ascii")}


def unpack(packed: dict[str, Any]) -> NDArray[Any]:
    """What `pack` stored."""
    dtype = np.dtype(packed["dtype"])
    stored = np.frombuffer(base64.b64decode(packed["data"]), dtype.newbyteorder("<"))
    return stored.astype(dtype).reshape(packed["shape"])
