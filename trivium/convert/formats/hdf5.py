"""tf_model.h5: HDF5 in the layout of Keras 2, as Transformers 4 writes it.

Each top-level layer of the model is a group whose attribute `weight_names` lists its variables; a variable's dataset is in that
group, under the variable's full name: `bert/tf_bert_model/bert/pooler/dense/kernel:0`. What is shared by two layers is in both.
A shard has no such groups: there the attribute `layer_names` lists the datasets themselves, named without the model.
Keys are here what Transformers' TensorFlow names are without the model: `bert/pooler/dense/kernel:0`.

Numbers that HDF5 has no type for, bfloat16 above all, are opaque bytes with the attribute `dtype`, as in Keras 3's files.
Transformers 4 itself cannot read those: convert with `--dtype float32` for it.

Sources: tf_keras/src/saving/legacy/hdf5_format.py; transformers/modeling_tf_utils.py; keras/src/saving/saving_lib.py.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from h5py import h5d, h5g, h5l, h5o, h5s, h5t, h5z

from trivium.core.errors import Corrupt, LimitExceeded, TriviumError, UnknownFormat, Unsafe, UnsupportedDtype

from ..tensors import DTYPES, Mapped, Tensor, check_count, check_name, check_shape, is_native, reading
from ..writing import replacing
from . import Output

DEPTH_LIMIT = 32
EXPANSION_LIMIT = 1000  # values : stored bytes, of a compressed dataset
EXPANSION_FREE = 64 * 2**20  # bytes up to which any ratio is allowed
ATTRIBUTE_LIMIT = 64512  # bytes; Keras cuts a longer list of names

_FILTERS = (h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32, h5z.FILTER_LZF)
_LIBRARY_ERRORS = (OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError, OverflowError, MemoryError)


def read(path: Path) -> list[Tensor]:
    """See `Format.read`. A key comes twice where two layers hold it."""
    mapped = Mapped(path)
    with _reporting(path), h5py.File(path, "r") as file:
        datasets = dict(_datasets(file.id, path))
        groups = [name for name in file if isinstance(file[name], h5py.Group) and _is_list(file[name], "weight_names")]
        if not _is_list(file, "layer_names"):
            raise UnknownFormat(
                "an HDF5 file, but not Transformers' tf_model.h5", path=path, hint="files of Keras 3 have no names to go by"
            )
        names = _strings(file, "layer_names", path)
        if not groups:
            listed = [(name, name) for name in names]
        else:
            listed = [(f"{group}/{name}", _without_model(name)) for group in groups for name in _variables(file, group, path)]
            if absent := set(names) - set(groups):
                raise Corrupt("layer_names lists a layer that is not there", path=path, key=min(absent))
        if differing := {place for place, _ in listed} ^ set(datasets):
            raise Corrupt("the datasets are not those that the file lists", path=path, key=min(differing))
        if len(set(listed)) != len(listed):
            raise Corrupt("a variable is listed twice", path=path)
        return [_tensor(mapped, datasets[place], key, place, path) for place, key in listed]


def _without_model(name: str) -> str:
    """A variable's name without the model's, by the rule of Transformers' `strip_model_name_and_prefix`."""
    _, _, rest = name.partition("/")
    return name if "model." in name or not rest else rest


def _with_model(model: str, key: str) -> str:
    """The variable's name of which `_without_model` makes `key`."""
    return key if "model." in key or "/" not in key else f"{model}/{key}"


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Turns what the HDF5 library says about a file into Corrupt."""
    with reading(path):
        try:
            yield
        except TriviumError:
            raise
        except BlockingIOError as error:
            raise Corrupt("another program is writing this file", path=path, hint="wait until it has ended") from error
        except _LIBRARY_ERRORS as error:
            raise Corrupt(f"the HDF5 library cannot read it: {error}", path=path, hint="download it again") from error


def _datasets(file: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """(path in the file, dataset) of every dataset; links that lead elsewhere are refused before they are followed."""
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
            elif isinstance(child, h5d.DatasetID):
                yield prefix + name, child
            else:
                raise Unsafe("neither a group nor a dataset", path=path, key=prefix + name)


def _variables(file: Any, group: str, path: Path) -> list[str]:
    return _strings(file[group], "weight_names", path)


def _is_list(holder: Any, name: str) -> bool:
    return name in holder.attrs or f"{name}0" in holder.attrs


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


def _tensor(mapped: Mapped, dataset: Any, key: str, place: str, path: Path) -> Tensor:
    check_name(key, path)
    dtype, stored = _dtype(dataset, place, path)
    if dataset.get_space().get_simple_extent_type() not in (h5s.SIMPLE, h5s.SCALAR):
        raise UnsupportedDtype("a dataset without values", path=path, key=place)
    shape = check_shape(dataset.shape, dtype, path, place)
    tensor = Tensor(key, shape, dtype, partial(_decoded, path, place, shape, dtype))
    settings = dataset.get_create_plist()
    if settings.get_layout() == h5d.VIRTUAL or settings.get_external_count():
        raise Unsafe("a dataset whose values are in another file", path=path, key=place)
    filters = [settings.get_filter(index)[0] for index in range(settings.get_nfilters())]
    if set(filters) - set(_FILTERS):
        raise Unsafe("a compression that would need a plug-in", path=path, key=place, hint="gzip, shuffle and lzf are read")
    size = dataset.get_storage_size()
    if settings.get_layout() == h5d.CHUNKED:
        if tensor.nbytes > max(EXPANSION_FREE, EXPANSION_LIMIT * size):
            raise LimitExceeded(f"{tensor.nbytes:,} bytes of values stored in {size:,}", path=path, key=place)
    elif size != tensor.nbytes:
        raise Corrupt(f"{size:,} bytes are stored of {tensor.nbytes:,}", path=path, key=place, hint="download it again")
    offset = dataset.get_offset()
    if offset is None or dtype.kind == "b":
        return tensor
    if offset + tensor.nbytes > mapped.size:
        raise Corrupt("its values end after the file's end", path=path, key=place, hint="download it again")
    return Tensor(key, shape, dtype, partial(_mapped, mapped, offset, shape, dtype, stored))


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


def _mapped(mapped: Mapped, offset: int, shape: tuple[int, ...], dtype: np.dtype, stored: np.dtype) -> np.ndarray:
    values = mapped.array(offset, shape, stored)
    return values if stored == dtype else values.astype(dtype)


def _decoded(path: Path, place: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """The values of a dataset that is not stored in one piece."""
    with _reporting(path), h5py.File(path, "r") as file:
        values = np.asarray(file[place][()])
        return (values.view(dtype) if values.dtype.kind == "V" else values.astype(dtype)).reshape(shape)


def write(path: Path, tensors: Iterable[Output], metadata: Mapping[str, str]) -> None:
    """See `Format.write`. `metadata["model"]` is the model's name in TensorFlow, which begins every variable's."""
    model = metadata["model"]
    layers: dict[str, list[bytes]] = {}
    with replacing(path) as target:
        sink = _Sink(target)
        with h5py.File(sink, "w", libver="earliest") as file:
            for output in tensors:
                check_name(output.key, path)
                values, variable = _storable(output, path), _with_model(output.scope or model, output.key)
                for group in output.groups or (output.key.partition("/")[0],):
                    layers.setdefault(group, []).append(variable.encode())
                    dataset = file.create_dataset(f"{group}/{variable}", data=values, track_times=False)
                    if values.dtype.kind == "V":
                        dataset.attrs["dtype"] = output.dtype.name
                sink.check()
            for layer, variables in layers.items():
                _write_list(file[layer], "weight_names", variables)
            _write_list(file, "layer_names", [layer.encode() for layer in layers])
            file.attrs["backend"] = "tensorflow"
            file.attrs["keras_version"] = "2.19.0"  # which Transformers 4.52 was tested with
            file.create_group("top_level_model_weights").attrs["weight_names"] = []
        sink.check()


class _Sink(io.RawIOBase):
    """The file that HDF5 writes to. The library crashes the process when a write fails (1.14), so it never learns of it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.position, self.end = file, 0, 0
        self.error: OSError | None = None

    def check(self) -> None:
        """Raises the error of a write that failed."""
        if self.error is not None:
            raise self.error

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.end}[whence]
        return self.position

    def tell(self) -> int:
        return self.position

    def readinto(self, buffer: Any) -> int:
        self.file.seek(self.position)
        data = self.file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        if self.error is None:
            try:
                self.file.seek(self.position)
                self.file.write(data)
            except OSError as error:
                self.error = error
        self.position += size
        self.end = max(self.end, self.position)
        return size

    def truncate(self, size: int | None = None) -> int:
        self.end = self.position if size is None else size
        try:
            self.file.truncate(self.end)
        except OSError as error:
            self.error = self.error or error
        return self.end


def _storable(output: Output, path: Path) -> np.ndarray:
    """A tensor's values, as opaque bytes if HDF5 has no type for them."""
    if output.dtype.kind == "c":
        raise UnsupportedDtype(f"tf_model.h5 cannot hold {output.dtype}", path=path, key=output.key)
    values = output.values()
    return values if is_native(values.dtype) else values.view(f"V{values.itemsize}")


def _write_list(holder: Any, name: str, values: list[bytes]) -> None:
    """Writes a list of names as Keras does: cut into the fewest attributes that HDF5 can hold."""
    array, count = np.asarray(values), 1
    while any(part.nbytes > ATTRIBUTE_LIMIT for part in np.array_split(array, count)):
        count += 1
    if count == 1:
        holder.attrs[name] = values
    else:
        for index, part in enumerate(np.array_split(array, count)):
            holder.attrs[f"{name}{index}"] = part
