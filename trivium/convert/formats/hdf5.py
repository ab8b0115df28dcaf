"""tf_model.h5: HDF5 in the layout of Keras 2, as Transformers 4 writes it.

Each top-level layer of the model is a group whose attribute `weight_names` lists its variables; a variable's dataset is in that
group, under the variable's full name: `bert/tf_bert_model/bert/pooler/dense/kernel:0`. What is shared by two layers is in both.
A shard has no such groups: there the attribute `layer_names` lists the datasets themselves, named without the model.
Keys are here what Transformers' TensorFlow names are without the model: `bert/pooler/dense/kernel:0`.

Numbers that HDF5 has no type for, bfloat16 above all, are opaque bytes with the attribute `dtype`, as in Keras 3's files.
Transformers 4 itself cannot read those: convert with `--dtype float32` for it.

The library that reads HDF5 is never let near a file of unknown origin: a child process lists what is in it, and the values are
taken from our own memory map of the file; only those that are compressed come from the child.

Sources: tf_keras/src/saving/legacy/hdf5_format.py; transformers/modeling_tf_utils.py; keras/src/saving/saving_lib.py.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from trivium.core.errors import Corrupt, UnknownFormat, UnsupportedDtype

from ..sandbox import Child
from ..tensors import DTYPES, Mapped, Tensor, check_count, check_name, check_shape, is_native
from ..writing import replacing
from . import Output

ATTRIBUTE_LIMIT = 64512  # bytes; Keras cuts a longer list of names
PIECE = 64 * 2**20  # bytes that the child decodes at a time
MEMORY = 2 * 2**30  # bytes of address space of the child, beside the largest dataset that it decodes; its libraries take 1
SECONDS = 10  # of processor time for the list of contents, and beside decoding
PATIENCE = 6  # times as long by the clock, for a machine that is busy
SPEED = 10 * 2**20  # bytes a second, at least, that are decoded


def read(path: Path, trust: bool = False, private: bool = False) -> list[Tensor]:
    """See `Format.read`. A key comes twice where two layers hold it."""
    contents = Contents(path, trust)
    if "layer_names" not in contents.lists[""]:
        raise UnknownFormat(
            "an HDF5 file, but not Transformers' tf_model.h5",
            path=path,
            hint="is it of Keras 3? Then name it model.weights.h5",
        )
    names = contents.lists[""]["layer_names"]
    groups = {group: lists["weight_names"] for group, lists in contents.lists.items() if group and "weight_names" in lists}
    if not groups:
        listed = [(name, name) for name in names]
    else:
        listed = [(f"{group}/{name}", _without_model(name)) for group in groups for name in groups[group]]
        if absent := set(names) - set(groups):
            raise Corrupt("layer_names lists a layer that is not there", path=path, key=min(absent))
    if differing := {place for place, _ in listed} ^ set(contents.tensors):
        raise Corrupt("the datasets are not those that the file lists", path=path, key=min(differing))
    if len(set(listed)) != len(listed):
        raise Corrupt("a variable is listed twice", path=path)
    return [contents.tensor(place, key) for place, key in listed]


def _without_model(name: str) -> str:
    """A variable's name without the model's, by the rule of Transformers' `strip_model_name_and_prefix`."""
    _, _, rest = name.partition("/")
    return name if "model." in name or not rest else rest


def _with_model(model: str, key: str) -> str:
    """The variable's name of which `_without_model` makes `key`."""
    return key if "model." in key or "/" not in key else f"{model}/{key}"


class Contents:
    """What is in an HDF5 file.

    Attributes:
        tensors: The path of a dataset -> its tensor, with that path for a key.
        lists: The path of a group -> the lists of names in its attributes.
    """

    def __init__(self, path: Path, trust: bool) -> None:
        self.path, self._file, self._library = path, Mapped(path), _Library(path, trust)
        found = self._library.ask({}, SECONDS)
        self._library.close()
        try:
            self.lists: dict[str, dict[str, list[str]]] = found["lists"]
            check_count(len(found["datasets"]), path)
            self.tensors = {place: self._tensor(place, *described) for place, *described in found["datasets"]}
        except (KeyError, TypeError, ValueError) as error:
            raise Corrupt(f"the process that reads it gave no sound answer: {error}", path=path) from None

    def tensor(self, place: str, key: str) -> Tensor:
        """The tensor of a dataset, under another name."""
        check_name(key, self.path)
        found = self.tensors[place]
        return Tensor(key, found.shape, found.dtype, found.read)

    def _tensor(self, place: str, sizes: Any, name: str, order: str, offset: int | None) -> Tensor:
        check_name(place, self.path)
        dtype = DTYPES[name]
        there = dtype.newbyteorder(">") if order == ">" else dtype
        shape = check_shape(sizes, dtype, self.path, place)
        size = math.prod(shape) * dtype.itemsize
        if offset is None:
            self._library.expect(shape, dtype)
            values = partial(self._library.values, place, shape, there)
        elif 0 <= offset <= self._file.size - size:
            values = partial(self._file.array, offset, shape, DTYPES["uint8"] if dtype.kind == "b" else there)
        else:
            raise Corrupt("its values end after the file's end", path=self.path, key=place, hint="download it again")
        return Tensor(place, shape, dtype, partial(_as, dtype, values, place, self.path))


class _Library:
    """The HDF5 library, in a child process that is there when it is needed, or here if the user trusts the file."""

    def __init__(self, path: Path, trust: bool) -> None:
        self.path, self.trust = path, trust
        self.child: Child | None = None
        self.seconds, self.memory = SECONDS, MEMORY

    def expect(self, shape: tuple[int, ...], dtype: np.dtype) -> None:
        """Allows for the time and memory that a dataset to be decoded takes."""
        self.seconds += math.prod(shape) * dtype.itemsize // SPEED
        self.memory = max(self.memory, MEMORY + 2 * math.prod(shape[1:]) * dtype.itemsize)

    def ask(self, request: dict[str, Any], seconds: float, size: int = 0) -> dict[str, Any]:
        """See `hdf5_walk.answer`, and `Child.ask`."""
        request = {"path": str(self.path.absolute()), **request}
        if self.trust:
            from .hdf5_walk import answer

            return answer(request)
        if self.child is None:
            self.child = Child("formats.hdf5_walk", ("h5py",), self.path, self.memory, self.seconds)
        return self.child.ask(request, PATIENCE * seconds, size)

    def close(self) -> None:
        """Ends the child process, until there is something more to ask."""
        if self.child is not None:
            self.child.close()
            self.child = None

    def values(self, place: str, shape: tuple[int, ...], stored: np.dtype) -> np.ndarray:
        """The values of a dataset, as they are stored."""
        values = np.empty(shape, stored)
        flat = values.reshape(-1).view(np.uint8)
        rows = shape[0] if shape else 1
        size = values.nbytes // max(rows, 1)
        step = max(1, PIECE // max(size, 1))
        for start in range(0, rows, step) if values.size else ():
            stop = min(start + step, rows)
            request = {"place": place, "start": start, "stop": stop}
            expected = (stop - start) * size
            found = self.ask(request, SECONDS + expected / SPEED, expected)["bytes"]
            flat[start * size : stop * size] = np.frombuffer(found, np.uint8)
        return values


def _as(dtype: np.dtype, read: Callable[[], np.ndarray], place: str, path: Path) -> np.ndarray:
    """Values as `read` gives them, in Trivium's dtype for them."""
    values = read()
    if dtype.kind == "b":
        if (values.view(np.uint8) > 1).any():
            raise Corrupt("a boolean that is neither 0 nor 1", path=path, key=place)
        return values.view(dtype)
    return values if values.dtype == dtype else values.astype(dtype)


def write(path: Path, tensors: Iterable[Output], metadata: Mapping[str, str], shard: bool = False) -> None:
    """See `Format.write`. `metadata["model"]` is the model's name in TensorFlow, which begins every variable's."""
    import h5py

    model = metadata["model"]
    layers: dict[str, list[bytes]] = {}
    if shard:
        tensors = sorted(tensors, key=lambda output: output.key)
    with replacing(path) as target:
        sink = Sink(target)
        with h5py.File(sink, "w", libver="earliest") as file:
            for output in tensors:
                check_name(output.key, path)
                if output.dtype.kind == "c":
                    raise UnsupportedDtype(f"tf_model.h5 cannot hold {output.dtype}", path=path, key=output.key)
                variable = _with_model(output.scope or model, output.key)
                groups = output.groups or (output.key.partition("/")[0],)
                for group in () if shard else groups:
                    layers.setdefault(group, []).append(variable.encode())
                write_datasets(file, [output.key] if shard else [f"{group}/{variable}" for group in groups], output, sink)
            if shard:
                _write_list(file, "layer_names", [output.key.encode() for output in tensors])
            else:
                for layer, variables in layers.items():
                    _write_list(file[layer], "weight_names", variables)
                _write_list(file, "layer_names", [layer.encode() for layer in layers])
                file.attrs["backend"] = "tensorflow"
                file.attrs["keras_version"] = "2.19.0"  # which Transformers 4.52 was tested with
                file.create_group("top_level_model_weights").attrs["weight_names"] = []
        sink.check()


class Sink(io.RawIOBase):
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


def write_datasets(file: Any, names: list[str], output: Output, sink: Sink) -> None:
    """Writes a tensor's values under each of some names, as opaque bytes if HDF5 has no type for them."""
    stored = output.dtype if is_native(output.dtype) else np.dtype(f"V{output.dtype.itemsize}")
    datasets = [file.create_dataset(name, output.shape, stored, track_times=False) for name in names]
    start = 0
    for piece in output.pieces():
        place = slice(start, start + len(piece)) if output.shape else ()
        for dataset in datasets if piece.size else ():
            dataset[place] = piece.view(stored)
        start += len(piece) if output.shape else 0
        sink.check()
    if stored != output.dtype:
        for dataset in datasets:
            dataset.attrs["dtype"] = output.dtype.name


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
