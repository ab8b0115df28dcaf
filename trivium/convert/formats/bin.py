"""pytorch_model.bin: what torch.save writes, a zip file since PyTorch 1.6 and a stream of pickles before.

The zip holds a pickle (data.pkl) that says which tensors are views of which storages, and the storages (data/0, data/1, ...),
uncompressed. The stream holds a magic number, a version, facts about the machine, the same pickle, the list of storages, and
their values. Pickles are interpreted (`pickled.py`), never unpickled. The writer writes the zip, which PyTorch loads with
`weights_only=True` and `mmap=True`.

Sources: torch/serialization.py; caffe2/serialize/inline_container.cc.
"""

from __future__ import annotations

import logging
import math
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core.errors import Corrupt, KeyMismatch, LimitExceeded, UnknownFormat, Unsafe

from ..tensors import DTYPES, Mapped, Tensor, check_count, check_name, check_shape
from ..writing import replacing
from . import Output
from .pickled import REBUILD, REBUILD_TYPED, STORAGES, UNTYPED, Storage, Strided, interpret
from .zipped import Member, Writer, members

logger = logging.getLogger("trivium")

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
EXPANSION_FREE = 64 * 2**20  # bytes that a tensor may have more than its storage, by strides of zero

_VERSIONS = range(1, 11)  # of the zip's layout; PyTorch writes 3
_SMALL = 4096  # bytes; the members that say something about the file

_Bytes = Callable[[], np.ndarray]


def read(path: Path, trust: bool = False, private: bool = False) -> list[Tensor]:
    """See `Format.read`."""
    file = Mapped(path, private)
    return _read_zip(file, path) if file.bytes[:4] == b"PK\3\4" else _read_stream(file, path)


def _read_zip(file: Mapped, path: Path) -> list[Tensor]:
    found = members(file, path)
    roots = {name.partition("/")[0] for name in found}
    if len(roots) != 1:
        raise Corrupt("a zip file with more than one folder is not torch.save's", path=path, key=min(roots, default=None))
    parts = {name.partition("/")[2]: member for name, member in found.items()}
    if "constants.pkl" in parts or any(name.startswith("code/") for name in parts):
        raise UnknownFormat(
            "a TorchScript program, not a state dict",
            path=path,
            hint="save its state_dict() in PyTorch",
        )
    if "data.pkl" not in parts:
        raise UnknownFormat("a zip file without data.pkl is not torch.save's", path=path)
    order, version = (parts[name].bytes(_SMALL).strip() if name in parts else b"" for name in ("byteorder", "version"))
    if order not in (b"", b"little", b"big"):
        raise Corrupt(f"the byte order {order.decode('latin-1')!a} is none", path=path, key="byteorder")
    if not order:  # as PyTorch wrote it before 2.1, on whatever machine: most are little-endian
        logger.info("%s does not say in which byte order its numbers are: little-endian is assumed", path)
    if version and not (version.isdigit() and len(version) < 3 and int(version) in _VERSIONS):
        raise Corrupt("an unknown version of the format", path=path, key="version", hint="save it with an older PyTorch")
    pickle = parts["data.pkl"]
    pickle.values()
    tree, end = interpret(file, pickle.offset, pickle.offset + pickle.size, path)
    if end != pickle.offset + pickle.size:
        raise Corrupt("bytes after the end of the pickle", path=path, key="data.pkl")
    storages = {name.removeprefix("data/"): member for name, member in parts.items() if name.startswith("data/")}
    held, big = _tensors(tree, path), order == b"big"
    uses = Counter(tensor.storage.key for tensor in held.values())
    tensors = [_tensor(key, tensor, big, path, *_in_zip(tensor.storage, storages, uses, path)) for key, tensor in held.items()]
    if unknown := set(storages) - {tensor.storage.key for tensor in held.values()}:
        raise Corrupt("a storage that is no tensor's", path=path, key=f"data/{min(unknown)}")
    return tensors


def _in_zip(storage: Storage, storages: Mapping[str, Member], uses: Mapping[str, int], path: Path) -> tuple[int, _Bytes]:
    """A storage's size in bytes, and what reads it."""
    if "/" in storage.key or "\\" in storage.key or ".." in storage.key or "\0" in storage.key:
        raise Unsafe("a storage whose name leads elsewhere", path=path, key=ascii(storage.key))
    if storage.key not in storages:
        raise Corrupt("a storage is missing", path=path, key=f"data/{ascii(storage.key)[1:-1]}", hint="download it again")
    member = storages[storage.key]
    if storage.view is not None or member.size != _size(storage):
        raise Corrupt(f"{member.size:,} bytes of a storage of {_size(storage):,}", path=path, key=member.name)
    return member.size, member.values if uses[storage.key] == 1 else partial(_read_only, member.values)


def _read_only(values: _Bytes) -> np.ndarray:
    """Values that several tensors share, none of which may change them for the others."""
    data = values().view()
    data.flags.writeable = False
    return data


def _size(storage: Storage) -> int:
    return storage.count * (storage.dtype.itemsize if storage.dtype else 1)


def _read_stream(file: Mapped, path: Path) -> list[Tensor]:
    magic, at = interpret(file, 0, file.size, path, plain=True)
    if magic != MAGIC:
        raise UnknownFormat(
            "a pickle, but not torch.save's", path=path, hint="load it where it was made, and save a state dict"
        )
    protocol, at = interpret(file, at, file.size, path, plain=True)
    machine, at = interpret(file, at, file.size, path, plain=True)
    if protocol != PROTOCOL:
        raise Corrupt("an unknown version of the format", path=path, key="protocol_version")
    if type(machine) is not dict or machine.get("little_endian") is not True:
        raise Corrupt("a file of a big-endian machine", path=path, key="little_endian")
    tree, at = interpret(file, at, file.size, path)
    keys, at = interpret(file, at, file.size, path, plain=True)
    if type(keys) is not list or any(type(key) is not str for key in keys) or len(set(keys)) != len(keys):
        raise Corrupt("the list of storages is none", path=path, key=f"byte {at}")
    tensors = _tensors(tree, path)
    storages: dict[str, Storage] = {}
    for tensor in tensors.values():
        known = storages.setdefault(tensor.storage.key, tensor.storage)
        if (known.dtype, known.count) != (tensor.storage.dtype, tensor.storage.count):
            raise Corrupt("a storage has two sizes or dtypes", path=path, key=known.key)
    if differing := set(keys) ^ set(storages):
        raise Corrupt("the storages are not those that the file lists", path=path, key=min(differing))
    offsets = {}
    for key in keys:
        if at + 8 > file.size:
            raise Corrupt("the end is missing", path=path, key=key, hint="the file is truncated; download it again")
        (count,) = struct.unpack("<q", file.bytes[at : at + 8])
        if count != storages[key].count or at + 8 + _size(storages[key]) > file.size:
            raise Corrupt(f"a storage of {count:,} elements does not fit", path=path, key=key, hint="download it again")
        offsets[key] = at + 8
        at += 8 + _size(storages[key])
    if at != file.size:
        raise Corrupt(f"{file.size - at:,} bytes after the last storage", path=path, key=f"byte {at}")
    return [
        _tensor(key, tensor, False, path, *_in_stream(file, offsets[tensor.storage.key], tensor.storage, path))
        for key, tensor in tensors.items()
    ]


def _in_stream(file: Mapped, offset: int, storage: Storage, path: Path) -> tuple[int, _Bytes]:
    """A storage's size in bytes, and what reads it."""
    start, count = 0, storage.count
    if storage.view is not None:
        _, start, count = storage.view
        if start < 0 or count < 0 or start + count > storage.count:
            raise Corrupt("a storage reaches out of the one that it is a part of", path=path, key=storage.key)
    item = storage.dtype.itemsize if storage.dtype else 1
    return count * item, partial(_read_only, partial(file.array, offset + start * item, (count * item,), DTYPES["uint8"]))


def _tensors(tree: Any, path: Path) -> dict[str, Strided]:
    """The tensors of a state dict."""
    if type(tree) is not dict:
        raise UnknownFormat(f"a state dict is expected, not a {type(tree).__name__}", path=path)
    check_count(len(tree), path)
    for key, value in tree.items():
        if not isinstance(value, Strided):
            inner = type(value) is dict and any(isinstance(item, Strided) for item in value.values())
            hint = f"in PyTorch: torch.save(torch.load(...)[{key!r}], ...)" if inner else "save the state dict alone"
            raise KeyMismatch(f"{ascii(key)[:80]} is no tensor", path=path, key=key[:80], hint=hint)
        check_name(key, path)
    return tree


def _tensor(key: str, found: Strided, big: bool, path: Path, size: int, values: _Bytes) -> Tensor:
    item = found.dtype.itemsize
    shape = check_shape(found.sizes, found.dtype, path, key)
    if len(found.strides) != len(shape) or min(found.strides, default=0) < 0 or found.offset < 0:
        raise Corrupt(f"strides {str(found.strides)[:80]} do not fit the shape {list(shape)}", path=path, key=key)
    last = found.offset + sum((size - 1) * stride for size, stride in zip(shape, found.strides, strict=True))
    if (last + 1 if math.prod(shape) else found.offset) * item > size:
        raise Corrupt("the tensor reaches out of its storage", path=path, key=key)
    if math.prod(shape) * item > size + EXPANSION_FREE:
        raise LimitExceeded(f"{math.prod(shape) * item:,} bytes made of {size:,}", path=path, key=key)
    return Tensor(key, shape, found.dtype, partial(_values, found, shape, big, path, key, values), found.storage.key)


def _values(found: Strided, shape: tuple[int, ...], big: bool, path: Path, key: str, values: _Bytes) -> np.ndarray:
    if not math.prod(shape):
        return np.empty(shape, found.dtype)
    item, data = found.dtype.itemsize, values()
    if found.dtype.kind == "b" and (data > 1).any():
        raise Corrupt("a boolean that is neither 0 nor 1", path=path, key=key)
    dtype, strides = found.dtype.newbyteorder(">") if big else found.dtype, [stride * item for stride in found.strides]
    view: np.ndarray = np.ndarray(shape, dtype, data.data, found.offset * item, strides)
    return view.astype(found.dtype) if big else view


def write(path: Path, tensors: Iterable[Output], metadata: Mapping[str, str], shard: bool = False) -> None:
    """See `Format.write`."""
    outputs = list(tensors)
    with replacing(path) as file:
        archive = Writer(file)
        archive.add("archive/data.pkl", _pickle(outputs, path))
        for name, text in ((".format_version", b"1"), (".storage_alignment", b"64"), ("byteorder", b"little")):
            archive.add(f"archive/{name}", text)
        for index, output in enumerate(outputs):
            archive.stream(f"archive/data/{index}", output.nbytes, output.pieces())
        archive.add("archive/version", b"3\n")
        archive.end()


def _pickle(outputs: list[Output], path: Path) -> bytes:
    """The pickle of an OrderedDict of tensors, each of which has a storage of its own."""
    pieces = [b"\x80\2", _name("collections.OrderedDict"), b")R("]
    names = {dtype: name for name, dtype in STORAGES.items()}
    for index, output in enumerate(outputs):
        check_name(output.key, path)
        typed, count = names.get(output.dtype), math.prod(output.shape)
        storage = b"(%b%b%b%b%bt" % (
            _string("storage"), _name(typed or UNTYPED), _string(str(index)), _string("cpu"),
            _integer(count if typed else count * output.dtype.itemsize),
        )  # fmt: skip
        sizes = [_integer(size) for size in output.shape]
        strides = [_integer(math.prod(size or 1 for size in output.shape[axis + 1 :])) for axis in range(len(output.shape))]
        dtype = b"" if typed else _name(f"torch.{output.dtype.name}")
        pieces += [
            _string(output.key), _name(REBUILD if typed else REBUILD_TYPED), b"(", storage, b"Q", _integer(0),
            b"(%bt(%bt" % (b"".join(sizes), b"".join(strides)), b"\x89", _name("collections.OrderedDict"), b")R", dtype, b"tR",
        ]  # fmt: skip
    return b"".join([*pieces, b"u."])


def _name(name: str) -> bytes:
    module, _, leaf = name.rpartition(".")
    return f"c{module}\n{leaf}\n".encode()


def _string(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _integer(value: int) -> bytes:
    if value < 2**31:
        return b"J" + struct.pack("<i", value)
    return b"\x8a\x08" + struct.pack("<q", value)
