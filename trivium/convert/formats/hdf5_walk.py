"""Walking over an HDF5 file of whatever origin: where its numbers are, and those that are not stored in one piece.

This is all that touches the HDF5 library when a file is read. It runs in a child process (`sandbox.py`), unless the user trusts
the file, and `hdf5.py` and `keras.py` make sense of what it says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5g, h5l, h5o, h5s, h5t, h5z

from trivium.core.errors import CheckpointError, Corrupt, LimitExceeded, TriviumError, Unsafe, UnsupportedDtype

from ..tensors import DTYPES, check_count, check_name, check_shape, reading

DEPTH_LIMIT = 32
EXPANSION_LIMIT = 1000  # values : stored bytes, of a compressed dataset
EXPANSION_FREE = 64 * 2**20  # bytes up to which any ratio is allowed
CHUNK_LIMIT = 2**28  # bytes; a chunk is decoded as a whole
LISTS = ("layer_names", "weight_names")

_FILTERS = (h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32, h5z.FILTER_LZF)
_LIBRARY_ERRORS = (OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError, OverflowError)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What is in the file `path`; or, with `place` in the request, the rows from `start` to `stop` of the dataset there.

    Returns:
        "datasets": a list of [place, shape, dtype, byte order as in NumPy, byte offset or None]; "lists": the path of a group
        -> the name of a list of names in its attributes -> the list. Or "bytes": the rows' values as they are stored.

    Raises:
        Corrupt, Unsafe, LimitExceeded, UnsupportedDtype: The file breaks the rules.
    """
    path = Path(request["path"])
    with _reporting(path), h5py.File(path, "r") as file:
        if "place" in request:
            return {"bytes": _rows(h5py.Dataset(_opened(file, request["place"])), request["start"], request["stop"])}
        datasets, groups = [], [("", file)]
        for place, found in _walk(file.id, path):
            if isinstance(found, h5d.DatasetID):
                datasets.append([place, *_described(found, place, path)])
            elif "/" not in place:
                groups.append((place, h5py.Group(found)))
        return {"datasets": datasets, "lists": {name: _lists(group, path) for name, group in groups}}


def _opened(file: Any, place: str) -> Any:
    return h5o.open(file.id, place.encode())


def _rows(dataset: Any, start: int, stop: int) -> memoryview:
    values = np.asarray(dataset[start:stop] if dataset.shape else dataset[()])
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8).data


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Turns what the HDF5 library says about a file into Corrupt."""
    with reading(path):
        try:
            yield
        except TriviumError:
            raise
        except BlockingIOError as error:
            raise CheckpointError("another program is writing this file", path=path, hint="wait until it has ended") from error
        except _LIBRARY_ERRORS as error:
            raise Corrupt(f"the HDF5 library cannot read it: {error}", path=path, hint="download it again") from error


def _walk(file: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """(path in the file, group or dataset) of all there are; links that lead elsewhere are refused before they are followed."""
    pending, seen = [("", h5g.open(file, b"/"), 0)], set()
    while pending:
        prefix, group, depth = pending.pop()
        if depth > DEPTH_LIMIT:
            raise LimitExceeded(f"groups nested deeper than {DEPTH_LIMIT}", path=path, key=prefix)
        address = h5o.get_info(group).addr
        if address in seen:
            raise Unsafe("a group contains itself, or is in two others", path=path, key=prefix)
        seen.add(address)
        check_count(len(seen) + group.get_num_objs(), path)
        for raw in group:
            name = raw.decode()
            check_name(prefix + name, path)
            if group.links.get_info(raw).type != h5l.TYPE_HARD:
                raise Unsafe("a link that leads elsewhere", path=path, key=prefix + name)
            child = h5o.open(group, raw)
            if isinstance(child, h5g.GroupID):
                pending.append((f"{prefix}{name}/", child, depth + 1))
            elif not isinstance(child, h5d.DatasetID):
                raise Unsafe("neither a group nor a dataset", path=path, key=prefix + name)
            yield prefix + name, child


def _lists(holder: Any, path: Path) -> dict[str, list[str]]:
    """The lists of names in a group's attributes."""
    attributes = list(holder.attrs)
    there = [name for name in LISTS if any(attribute.rstrip("0123456789") == name for attribute in attributes)]
    return {name: _strings(holder, name, path) for name in there}


def _strings(holder: Any, name: str, path: Path) -> list[str]:
    """A list of strings in an attribute, or in several where Keras has cut it: weight_names0, weight_names1, ..."""
    count = sum(attribute.startswith(name) for attribute in holder.attrs)
    found: list[str] = []
    for attribute in [name] if name in holder.attrs else [f"{name}{index}" for index in range(count)]:
        if attribute not in holder.attrs:
            raise Corrupt("a part of a list of names is missing", path=path, key=f"{holder.name} {attribute}")
        identifier = holder.attrs.get_id(attribute)
        if identifier.shape == (0,):  # an empty list has NumPy's default dtype
            continue
        if identifier.get_type().get_class() != h5t.STRING or len(identifier.shape) != 1:
            raise Corrupt("not a list of names", path=path, key=f"{holder.name} {attribute}")
        if identifier.shape[0] * identifier.get_type().get_size() > 2**16:  # more than an attribute can hold
            raise LimitExceeded("a list of names that is too long", path=path, key=f"{holder.name} {attribute}")
        found += [value.decode() if isinstance(value, bytes) else str(value) for value in holder.attrs[attribute]]
    return found


def _described(dataset: Any, place: str, path: Path) -> tuple[tuple[int, ...], str, str, int | None]:
    """Shape, dtype, byte order and byte offset of a dataset; no offset, if the values are to be asked for."""
    dtype, stored = _dtype(dataset, place, path)
    if dataset.get_space().get_simple_extent_type() not in (h5s.SIMPLE, h5s.SCALAR):
        raise UnsupportedDtype("a dataset without values", path=path, key=place)
    shape = check_shape(dataset.shape, dtype, path, place)
    declared = math.prod(shape) * dtype.itemsize
    settings = dataset.get_create_plist()
    if settings.get_layout() == h5d.VIRTUAL or settings.get_external_count():
        raise Unsafe("a dataset whose values are in another file", path=path, key=place)
    filters = [settings.get_filter(index)[0] for index in range(settings.get_nfilters())]
    if set(filters) - set(_FILTERS):
        raise Unsafe("a compression that would need a plug-in", path=path, key=place, hint="gzip, shuffle and lzf are read")
    size = dataset.get_storage_size()
    if settings.get_layout() == h5d.CHUNKED:
        if declared > max(EXPANSION_FREE, EXPANSION_LIMIT * size):
            raise LimitExceeded(f"{declared:,} bytes of values stored in {size:,}", path=path, key=place)
        if math.prod(settings.get_chunk()) * dtype.itemsize > CHUNK_LIMIT:
            raise LimitExceeded(f"chunks of more than {CHUNK_LIMIT:,} bytes", path=path, key=place)
    elif size != declared:
        raise Corrupt(f"{size:,} bytes are stored of {declared:,}", path=path, key=place, hint="download it again")
    return shape, dtype.name, stored.byteorder, dataset.get_offset()


def _dtype(dataset: Any, place: str, path: Path) -> tuple[np.dtype, np.dtype]:
    """A dataset's dtype, and how its numbers are stored: in another byte order perhaps."""
    kind = dataset.get_type()
    if kind.get_class() == h5t.OPAQUE:
        attributes = h5py.Dataset(dataset).attrs
        name = attributes.get("dtype")
        if isinstance(name, str) and name in DTYPES and DTYPES[name].itemsize == kind.get_size():
            return DTYPES[name], DTYPES[name]
    elif kind.get_class() in (h5t.FLOAT, h5t.INTEGER) or kind == h5t.py_create(np.dtype(bool)):
        stored = kind.dtype
        if stored.newbyteorder("<").name in DTYPES:
            return DTYPES[stored.newbyteorder("<").name], stored
    raise UnsupportedDtype("a dataset that holds no plain numbers", path=path, key=place)
