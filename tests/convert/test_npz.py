"""model.npz: NumPy reads what is written, and what NumPy wrote is read; what is wrong is said."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from trivium.convert.formats import npz, sniff
from trivium.convert.tensors import DTYPES, is_native
from trivium.core.errors import Corrupt, LimitExceeded, TriviumError, UnknownFormat, Unsafe, UnsupportedDtype

from .checkpoints import outputs


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.npz"


def read(path):
    return {tensor.key: tensor.read() for tensor in sniff(path).module.read(path)}


def test_numpy_reads_what_is_written(path):
    weights = {
        name: np.arange(12, dtype=np.uint8).repeat(8).view(np.uint8)[: 6 * dtype.itemsize] for name, dtype in DTYPES.items()
    }
    weights = {name: (raw % 2 if name == "bool" else raw).view(DTYPES[name]).reshape(2, 3) for name, raw in weights.items()}
    weights |= {"a/b.weight": np.float32(2).reshape(()), "empty": np.zeros((0, 2), "f4")}
    npz.write(path, outputs(weights), {})
    with np.load(path) as found:
        names = json.loads(str(found["__dtypes__"]))
        assert set(found) == {*weights, "__dtypes__"}
        for name, array in weights.items():
            value = found[name].view(names[name]) if name in names else found[name]
            assert (value.dtype, value.shape, value.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert set(names) == {name for name, dtype in DTYPES.items() if not is_native(dtype)}
    found = {tensor.key: tensor.read() for tensor in npz.read(path)}
    assert all(found[name].ctypes.data % 64 == 0 for name in ("float32", "bfloat16", "float64"))


def test_what_numpy_wrote(path):
    base = np.arange(24.0).reshape(4, 6)
    kept = {
        "base": base,
        "fortran": np.asfortranarray(base),
        "big": base.astype(">f4"),
        "half": base.astype("f2"),
        "x/y": base[0],
    }
    np.savez(path, **kept, scalar=np.float32(1))
    found = read(path)
    for name, array in kept.items():
        assert np.array_equal(found[name], array)
        assert found[name].dtype == array.dtype.newbyteorder("<")
    assert found["scalar"].shape == ()


def npy(text, values=b"\0" * 8, version=(1, 0)):
    raw = text.encode("latin-1")
    size = len(raw).to_bytes(2 if version[0] == 1 else 4, "little")
    return b"\x93NUMPY" + bytes(version) + size + raw + values


def header(descr="'<f4'", order="False", shape="(2,)"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}"


def saved(*arrays, **options):
    stream = io.BytesIO()
    np.save(stream, *arrays, **options)
    return stream.getvalue()


def list_of(text):
    return {"a.npy": npy(header("'<u2'", shape="(4,)")), "__dtypes__.npy": saved(np.array(text))}


BAD = {
    "objects": ({"a.npy": saved(np.array([{}], dtype=object))}, Unsafe),
    "no array": ({"a.npy": b"\0" * 100}, Corrupt),
    "short": ({"a.npy": b"\x93NUMPY"}, Corrupt),
    "version": ({"a.npy": npy(header(), version=(9, 0))}, Corrupt),
    "no dict": ({"a.npy": npy("[")}, Corrupt),
    "code": ({"a.npy": npy("__import__('os')")}, Corrupt),
    "deep": ({"a.npy": npy("(" * 4000)}, Corrupt),
    "long": ({"a.npy": npy(" " * 5000 + header())}, LimitExceeded),
    "more fields": ({"a.npy": npy("{'descr': '<f4'}")}, Corrupt),
    "records": ({"a.npy": npy(header("[('a', '<f4')]"))}, UnsupportedDtype),
    "text": ({"a.npy": npy(header("'<U1'"))}, UnsupportedDtype),
    "void": ({"a.npy": npy(header("'|V2'"))}, UnsupportedDtype),
    "wide": ({"a.npy": npy(header("'<f16'"))}, UnsupportedDtype),
    "f99": ({"a.npy": npy(header("'<f99'"))}, UnsupportedDtype),
    "short values": ({"a.npy": npy(header(shape="(3,)"))}, Corrupt),
    "product": ({"a.npy": npy(header(shape="(1099511627776, 1099511627776)"))}, Corrupt),
    "negative": ({"a.npy": npy(header(shape="(-2,)"))}, Corrupt),
    "bool shape": ({"a.npy": npy(header(shape="(True, 2)"))}, Corrupt),
    "bool values": ({"a.npy": npy(header("'|b1'", shape="(8,)"), b"\2" * 8)}, Corrupt),
    "something else": ({"a.npy": npy(header()), "b.txt": b"x"}, UnknownFormat),
    "K26 name": ({"../a.npy": npy(header())}, Unsafe),
    "dtypes are no JSON": (list_of("x"), Corrupt),
    "dtypes of nothing": (list_of('{"b": "bfloat16"}'), Corrupt),
    "dtypes unknown": (list_of('{"a": "O"}'), UnsupportedDtype),
    "dtypes of another size": (list_of('{"a": "float8_e5m2"}'), Corrupt),
    "dtypes are numbers": ({"a.npy": npy(header()), "__dtypes__.npy": npy(header())}, Corrupt),
}


@pytest.mark.parametrize("case", BAD)
def test_refuses(case, path):
    parts, error = BAD[case]
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(zipfile.ZipInfo(name), content)
    with pytest.raises(TriviumError) as caught:
        read(path)
    assert type(caught.value) is error


def test_compressed(path):  # K33
    np.savez_compressed(path, a=np.zeros(10**6))
    with pytest.raises(LimitExceeded, match="compressed"):
        read(path)


def test_mutations_never_escape_as_anything_else(path):  # F04
    npz.write(path, outputs({"a": np.arange(6.0).reshape(2, 3), "b": np.ones(2, DTYPES["bfloat16"])}), {})
    sound, generator = path.read_bytes(), np.random.default_rng(0)
    for _ in range(1500):
        changed = bytearray(sound)
        for place in generator.integers(0, len(sound), generator.integers(1, 4)):
            changed[place] = generator.integers(0, 256)
        path.write_bytes(changed)
        with suppress(TriviumError):
            read(path)
