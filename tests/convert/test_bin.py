"""pytorch_model.bin: what PyTorch writes is read bit for bit, and what attacks is refused with nothing of it run."""

from __future__ import annotations

import collections
import io
import json
import struct
import sys
import tracemalloc
import zipfile
from contextlib import suppress
from functools import partial

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.convert import inspect
from trivium.convert.checkpoint import open_checkpoint
from trivium.convert.formats import bin as torch_bin
from trivium.convert.formats import pickled, sniff
from trivium.convert.tensors import DTYPES
from trivium.core.errors import (
    Collision,
    Corrupt,
    KeyMismatch,
    LimitExceeded,
    TriviumError,
    UnknownFormat,
    Unsafe,
    UnsupportedDtype,
)

from .checkpoints import outputs

LIMIT = 256 * 2**20  # bytes that a reader may take for a small file


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def named(name):
    module, _, leaf = name.rpartition(".")
    return f"c{module}\n{leaf}\n".encode()


def storage(kind="torch.FloatStorage", key="0", count=4, where="cpu", extra=b""):
    return b"(" + text("storage") + named(kind) + text(key) + text(where) + b"J" + struct.pack("<i", count) + extra + b"tQ"


def ints(*values):
    return b"(" + b"".join(b"\x8a\x09" + value.to_bytes(9, "little", signed=True) for value in values) + b"t"


DICT = named("collections.OrderedDict") + b")R"
A = text("a")


def tensor(size=(4,), stride=(1,), offset=0, stored=None, hooks=DICT, function="v2", tail=b""):
    start = b"\x8a\x09" + offset.to_bytes(9, "little", signed=True)
    body = (storage() if stored is None else stored) + start + ints(*size) + ints(*stride) + b"\x89" + hooks + tail
    return named(f"torch._utils._rebuild_tensor_{function}") + b"(" + body + b"tR"


def pickle(value=None, key=A, after=b""):
    return b"\x80\2}(" + key + (tensor() if value is None else value) + b"u." + after


def raw(body):
    return b"\x80\2" + body + b"."


FOUR = struct.pack("<4f", 1, 2, 3, 4)


def archive(path, data=None, members=None, root="archive", **options):
    """A zip as torch.save writes it, of any parts."""
    parts = {"data.pkl": pickle() if data is None else data, "byteorder": b"little", "data/0": FOUR, "version": b"3\n"}
    parts |= members or {}
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, content in parts.items():
            if content is not None:
                file.writestr(zipfile.ZipInfo(f"{root}/{name}"), content)
    return path


@pytest.fixture
def bin_path(tmp_path):
    return tmp_path / "pytorch_model.bin"


def read(path):
    return {tensor.key: tensor.read() for tensor in sniff(path).module.read(path)}


PICKLES = {
    "K01 os.system": (raw(named("os.system") + text("touch canary") + b"\x85R"), Unsafe, "os.system"),
    "K02 STACK_GLOBAL": (raw(text("os") + text("system") + b"\x93"), Unsafe, "STACK_GLOBAL"),
    "K02 INST": (raw(b"(" + text("touch canary") + b"ios\nsystem\n"), Unsafe, "INST"),
    "K02 OBJ": (raw(b"(" + named("os.system") + b"o"), Unsafe, "os.system"),
    "K02 OBJ of what is allowed": (raw(b"(" + named("torch.FloatStorage") + b"o"), Unsafe, "OBJ"),
    "K02 EXT1": (raw(b"\x82\1"), Unsafe, "EXT1"),
    "K02 NEWOBJ": (raw(named("torch.FloatStorage") + b")\x81"), Unsafe, "NEWOBJ"),
    "K02 NEWOBJ_EX": (raw(named("torch.FloatStorage") + b")}\x92"), Unsafe, "NEWOBJ_EX"),
    "K03 resolve_name": (raw(named("pkgutil.resolve_name") + text("builtins:eval") + b"\x85R"), Unsafe, "pkgutil"),
    "K04 torch.load": (raw(named("torch.serialization.load") + text("x") + b"\x85R"), Unsafe, "torch.serialization.load"),
    "K05 numpy": (raw(named("numpy.core.multiarray._reconstruct") + b")R"), Unsafe, "_reconstruct"),
    "K06 dotted": (raw(b"ccollections\nOrderedDict.__init__.__globals__\n"), Unsafe, "__globals__"),
    "K07 BUILD on a tensor": (pickle(tensor() + b"}b"), Unsafe, "attributes"),
    "K07 BUILD on a class": (raw(named("torch.FloatStorage") + b"}b"), Unsafe, "attributes"),
    "K07 BUILD of other attributes": (raw(b"}}" + text("__class__") + b"Nsb"), Unsafe, "attributes"),
    "K08 SETITEM on a tensor": (pickle(tensor() + text("x") + b"Ks".replace(b"K", b"K\1")), Unsafe, "item"),
    "K09 REDUCE of a storage type": (raw(named("torch.FloatStorage") + b"K\4\x85R"), Unsafe, "FloatStorage"),
    "K10 memo bomb": (raw(b"Nr\xff\xff\xff\x0f"), UnknownFormat, None),
    "K11 bytearray": (raw(named("builtins.bytearray") + b"\x8a\5\0\0\0\0\2\x85R"), Unsafe, "bytearray"),
    "K11 BYTEARRAY8": (raw(b"\x96" + struct.pack("<Q", 2**33)), Unsafe, "BYTEARRAY8"),
    "K12 nested lists": (raw(b"]" * 200_000 + b"a" * 199_999), LimitExceeded, None),
    "K12 nested marks": (raw(b"(" * 1_000_000), LimitExceeded, None),
    "K12 many opcodes": (raw(b"N" + b"q\0" * 2_000), LimitExceeded, "opcodes"),
    "K13 BINUNICODE": (raw(b"X\xff\xff\xff\xff"), LimitExceeded, None),
    "K14 LONG1": (raw(b"\x8a\xff" + b"\1" * 255), LimitExceeded, None),
    "K14 LONG4": (raw(b"\x8b\xff\xff\xff\x7f"), Unsafe, "LONG4"),
    "K14 BINBYTES8": (raw(b"\x8e" + struct.pack("<Q", 2**40)), Unsafe, "BINBYTES8"),
    "K16 list in itself": (raw(b"]q\0h\0a"), UnknownFormat, None),
    "K16 dict in itself": (raw(b"}q\0" + text("a") + b"h\0s"), KeyMismatch, None),
    "K17 size": (pickle(tensor(size=(5,))), Corrupt, "storage"),
    "K17 stride": (pickle(tensor(size=(2, 2), stride=(3, 1))), Corrupt, "storage"),
    "K17 offset": (pickle(tensor(offset=1)), Corrupt, "storage"),
    "K17 negative offset": (pickle(tensor(offset=-1)), Corrupt, None),
    "K17 negative stride": (pickle(tensor(stride=(-1,), offset=3)), Corrupt, None),
    "K17 negative size": (pickle(tensor(size=(-1,))), Corrupt, None),
    "K17 ranks": (pickle(tensor(size=(2, 2))), Corrupt, None),
    "K17 no elements, far away": (pickle(tensor(size=(0,), offset=9)), Corrupt, None),
    "K19 product": (pickle(tensor(size=(2**40, 2**40), stride=(0, 0))), Corrupt, None),
    "K20 stride 0": (pickle(tensor(size=(2**40,), stride=(0,))), LimitExceeded, None),
    "K21 missing storage": (pickle(tensor(stored=storage(key="1"))), Corrupt, "missing"),
    "K24 numel": (pickle(tensor(size=(2,), stored=storage(count=2))), Corrupt, "bytes"),
    "K24 negative numel": (pickle(tensor(size=(0,), stored=storage(count=-1))), Corrupt, None),
    "K25 dtype": (pickle(tensor(size=(2,), stored=storage("torch.DoubleStorage"))), Corrupt, "bytes"),
    "K26 data.pkl": (pickle(tensor(stored=storage(key="../data.pkl"))), Unsafe, None),
    "K26 absolute": (pickle(tensor(stored=storage(key="/etc/passwd"))), Unsafe, None),
    "K26 NUL": (pickle(tensor(stored=storage(key="0\0"))), Unsafe, None),
    "K37 after STOP": (pickle(after=b"N."), Corrupt, "after the end"),
    "K38 protocol 3": (b"\x80\3}.", UnknownFormat, "protocol"),
    "K38 protocol 4": (b"\x80\4\x95\2\0\0\0\0\0\0\0}.", UnknownFormat, "protocol"),
    "K38 protocol 5": (b"\x80\5}.", UnknownFormat, "protocol"),
    "K39 truncated": (pickle()[:-20], Corrupt, None),
    "K39 empty": (b"", Corrupt, None),
    "K47 sparse": (raw(named("torch._utils._rebuild_sparse_tensor") + b")R"), UnsupportedDtype, "sparse"),
    "K47 quantized": (pickle(tensor(stored=storage("torch.QInt8Storage", count=16))), UnsupportedDtype, None),
    "K49 subclass": (raw(named("torch._tensor._rebuild_from_type_v2") + b")R"), UnsupportedDtype, "_rebuild_from_type_v2"),
    "K49 conjugated": (pickle(tensor(tail=b"}" + text("conj") + b"\x88s")), UnsupportedDtype, None),
    "K49 hooks": (pickle(tensor(hooks=b"}" + text("a") + b"Ns")), Unsafe, "hooks"),
    "K52 integers": (pickle(key=b"K\1"), KeyMismatch, "int"),
    "K52 tuples": (pickle(key=b")"), KeyMismatch, "tuple"),
    "K52 None": (pickle(key=b"N"), KeyMismatch, "NoneType"),
    "K52 bytes": (pickle(key=b"C\1a"), Unsafe, "SHORT_BINBYTES"),
    "K53 twice": (b"\x80\2}(" + text("a") + tensor() + text("a") + tensor() + b"u.", Collision, None),
    "not a dict": (raw(b"N"), UnknownFormat, None),
    "a checkpoint of training": (raw(b"}" + text("model") + b"}" + text("a") + tensor() + b"ss"), KeyMismatch, "no tensor"),
    "a bad name": (pickle(key=text("a\u202eb")), Unsafe, None),
    "no mark": (raw(b"t"), Corrupt, None),
    "no value": (raw(b"}" + text("a") + b"s"), Corrupt, None),
    "not remembered": (raw(b"h\7"), Corrupt, None),
    "not an opcode": (raw(b"\xff"), Corrupt, None),
    "left on the stack": (raw(b"NN"), Corrupt, None),
    "not a storage": (raw(text("storage") + b"Q"), Corrupt, None),
}


@pytest.mark.parametrize("case", PICKLES)
def test_pickles(case, bin_path, monkeypatch):
    data, error, message = PICKLES[case]
    archive(bin_path, data)
    monkeypatch.chdir(bin_path.parent)
    monkeypatch.setattr(pickled, "OPCODE_LIMIT", 1_000 if case == "K12 many opcodes" else pickled.OPCODE_LIMIT)
    before, content = set(sys.modules), bin_path.read_bytes()
    tracemalloc.start()
    try:
        with pytest.raises(TriviumError, match=message) as caught:
            read(bin_path)
        assert tracemalloc.get_traced_memory()[1] < LIMIT
    finally:
        tracemalloc.stop()
    assert type(caught.value) is error
    assert caught.value.path == bin_path
    assert set(sys.modules) - before <= {"pickletools", "encodings.cp437"}  # nothing was imported, and nothing run:
    assert [path.name for path in bin_path.parent.iterdir()] == [bin_path.name]
    assert bin_path.read_bytes() == content


def twice(path, first, last):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", first)
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("archive/data.pkl", last)
    return path


def patched(path, find, replacement, last=False):
    """A sound archive with some bytes replaced: of a local header, or of the central directory if `last`."""
    content = archive(path).read_bytes()
    at = content.rindex(find) if last else content.index(find)
    path.write_bytes(content[:at] + replacement + content[at + len(replacement) :])
    return path


def overlapping(path):
    """Two entries of the directory for one member (Fifield's bomb)."""
    content = bytearray(archive(path).read_bytes())
    start = content.index(b"PK\1\2")
    offsets = [match for match in range(start, len(content)) if content[match : match + 4] == b"PK\1\2"]
    content[offsets[2] + 42 : offsets[2] + 46] = content[offsets[1] + 42 : offsets[1] + 46]
    path.write_bytes(content)
    return path


def flagged(path, bit):
    content = bytearray(archive(path).read_bytes())
    content[content.index(b"PK\1\2") + 8] |= bit
    content[6] |= bit
    path.write_bytes(content)
    return path


def cut(path, sizes):
    """A central directory that lies about the size of the storage."""
    content = bytearray(archive(path).read_bytes())
    at = content.rindex(b"archive/data/0") - 46
    content[at + 20 : at + 28] = struct.pack("<II", *sizes)
    path.write_bytes(content)
    return path


def flipped(path):
    content = bytearray(archive(path).read_bytes())
    content[content.index(FOUR) + 2] ^= 1
    path.write_bytes(content)
    return path


def deflated(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", pickle())
        file.writestr("archive/data/0", bytes(2**24))
    return path


def appended(path, more):
    path.write_bytes(archive(path).read_bytes() + more)
    return path


def prefixed(path):
    content = archive(path).read_bytes()
    path.write_bytes(b"PK\3\4" + bytes(26) + content)
    return path


ARCHIVES = {
    "K22 short storage": (partial(archive, members={"data/0": FOUR[:12]}), Corrupt),
    "K23 long storage": (partial(archive, members={"data/0": FOUR + FOUR}), Corrupt),
    "K23 a storage that is not used": (partial(archive, members={"data/1": FOUR}), Corrupt),
    "K26 member": (partial(archive, members={"../data/0": FOUR}), Unsafe),
    "K27 twice": (partial(twice, first=pickle(), last=raw(b"N")), Corrupt),
    "K27 twice, other order": (partial(twice, first=raw(b"N"), last=pickle()), Corrupt),
    "K28 names": (partial(patched, find=b"archive/data/0", replacement=b"archive/data/1"), Corrupt),
    "K28 central name": (partial(patched, find=b"archive/data/0", replacement=b"archive/data/1", last=True), Corrupt),
    "K29 sizes": (partial(cut, sizes=(12, 12)), Corrupt),
    "K30 encrypted": (partial(flagged, bit=1), Unsafe),
    "K31 zip64": (partial(cut, sizes=(0xFFFFFFFF, 0xFFFFFFFF)), Corrupt),
    "K32 overlap": (overlapping, Corrupt),
    "K33 compressed": (deflated, LimitExceeded),
    "K35 after the end": (partial(appended, more=b"x"), Corrupt),
    "K35 a comment": (partial(appended, more=b"\0" * 22), Corrupt),
    "K35 before the beginning": (prefixed, Corrupt),
    "K36 flipped bit": (flipped, Corrupt),
    "K40 two roots": (partial(archive, members={"../other/data.pkl": pickle()}), Unsafe),
    "K41 no pickle": (partial(archive, members={"data.pkl": None}), UnknownFormat),
    "K42 TorchScript": (partial(archive, members={"constants.pkl": raw(b"N")}), UnknownFormat),
    "K42 code": (partial(archive, members={"code/__torch__.py": b"x"}), UnknownFormat),
    "K43 middle": (partial(archive, members={"byteorder": b"middle"}), Corrupt),
    "K44 version": (partial(archive, members={"version": b"99\n"}), Corrupt),
    "K44 no version": (partial(archive, members={"version": b"x"}), Corrupt),
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_archives(case, bin_path):
    make, error = ARCHIVES[case]
    make(bin_path)
    with pytest.raises(TriviumError) as caught:
        read(bin_path)
    assert type(caught.value) is error
    if case.startswith("K42"):
        assert "state_dict" in caught.value.hint


def test_two_roots(bin_path):  # K40
    archive(bin_path)
    with zipfile.ZipFile(bin_path, "a") as file:
        file.writestr("other/data.pkl", pickle())
    with pytest.raises(Corrupt, match="more than one folder"):
        read(bin_path)


def test_byte_orders(bin_path, caplog):  # K43, N05
    assert read(archive(bin_path))["a"].tolist() == [1, 2, 3, 4]
    with caplog.at_level("INFO", "trivium"):
        assert read(archive(bin_path, members={"byteorder": None}))["a"].tolist() == [1, 2, 3, 4]
    assert "little-endian is assumed" in caplog.text
    big = struct.pack(">4f", 1, 2, 3, 4)
    found = read(archive(bin_path, members={"byteorder": b"big", "data/0": big}))["a"]
    assert (found.tolist(), found.dtype) == ([1, 2, 3, 4], np.dtype("<f4"))


def test_what_is_allowed(bin_path):
    cuda = read(archive(bin_path, pickle(tensor(stored=storage(where="cuda:7")))))  # K50
    assert cuda["a"].tolist() == [1, 2, 3, 4]
    old = b"U\1a" + tensor()  # L11
    assert read(archive(bin_path, b"\x80\2}(" + old + b"u."))["a"].tolist() == [1, 2, 3, 4]
    view = read(archive(bin_path, pickle(tensor(size=(2, 2), stride=(1, 2)))))["a"]
    assert view.tolist() == [[1, 3], [2, 4]]
    assert not view.flags.writeable
    assert read(archive(bin_path, pickle(tensor(size=(3,), stride=(0,), offset=2))))["a"].tolist() == [3, 3, 3]


def test_wrappers_are_offered_not_guessed(tmp_path):  # K54
    from .checkpoints import BERT, drawn_weights

    weights = {f"module.{name}": array for name, array in drawn_weights(BERT).items()}
    torch_bin.write(tmp_path / "pytorch_model.bin", outputs(weights), {})
    (tmp_path / "config.json").write_text(json.dumps(BERT))
    from trivium.convert import convert

    with pytest.raises(KeyMismatch) as caught:
        convert(tmp_path, tmp_path.parent / f"{tmp_path.name}-out", "torch")
    assert "module." in caught.value.hint


# Against PyTorch


def torch_array(value):
    import torch

    if value.dtype == torch.bfloat16:
        return value.contiguous().view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
    return value.numpy()


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_agrees_with_torch(zipped, bin_path):  # F03, K51
    torch = pytest.importorskip("torch")
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    kept = {name: torch.ones(2, 3).to(getattr(torch, name)) for name in _TORCH}
    kept |= {
        "base": base, "tied": base, "turned": base.t(), "part": base[1:3, ::2], "wide": base[:1].expand(3, 6),
        "scalar": torch.tensor(3.5), "empty": torch.zeros(0, 3), "parameter": torch.nn.Parameter(torch.randn(3)),
        "three": torch.randn(2, 3, 4).permute(2, 0, 1), "nan": torch.tensor([float("nan"), -0.0, 1e-45]),
    }  # fmt: skip
    linear = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).state_dict()
    for state in (collections.OrderedDict(kept), kept, linear):
        torch.save(state, bin_path, _use_new_zipfile_serialization=zipped)
        expected = torch.load(bin_path, weights_only=True)
        found = read(bin_path)
        assert found.keys() == expected.keys()
        for key, array in found.items():
            assert array.shape == tuple(expected[key].shape)
            assert array.tobytes() == torch_array(expected[key].detach()).tobytes(), key
    torch.save(kept, bin_path, _use_new_zipfile_serialization=zipped)
    found = read(bin_path)
    assert np.shares_memory(found["base"], found["tied"])
    assert np.shares_memory(found["base"], found["turned"])
    notes = inspect(bin_path).notes  # K51
    assert "base and tied and turned and part and wide share their bytes in the file" in notes
    assert sum("share their bytes" in note for note in notes) == 1


_TORCH = ("bool", "int8", "uint8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64")


def test_torch_reads_what_is_written(bin_path):  # F03
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(0)
    weights = {}
    for name, dtype in DTYPES.items():
        high = 2 if dtype.kind == "b" else 256
        weights[name] = generator.integers(0, high, 6 * dtype.itemsize, np.uint8).view(dtype).reshape(2, 3)
    weights |= {"scalar": np.float32(2).reshape(()), "empty": np.zeros((0, 2), "f4"), "turned": np.arange(6.0).reshape(2, 3).T}
    torch_bin.write(bin_path, outputs(weights), {})
    content = bin_path.read_bytes()
    for mapped in (False, True):
        found = torch.load(bin_path, weights_only=True, mmap=mapped)
        assert list(found) == list(weights)
        for name, array in weights.items():
            value = found[name]
            assert (str(value.dtype), tuple(value.shape)) == (f"torch.{array.dtype.name}", array.shape)
            flat = value.contiguous().reshape(-1)
            same = flat.view(torch.uint8).numpy() if flat.numel() else np.empty(0, np.uint8)
            assert same.tobytes() == np.ascontiguousarray(array).tobytes()
    torch_bin.write(bin_path, outputs(weights), {})
    assert bin_path.read_bytes() == content  # C8
    assert zipfile.ZipFile(bin_path).testzip() is None
    with zipfile.ZipFile(bin_path) as file:
        for entry in file.infolist():
            head = content[entry.header_offset : entry.header_offset + 30]
            assert (entry.header_offset + 30 + sum(struct.unpack("<HH", head[26:]))) % 64 == 0


def test_large_members_have_wide_sizes(tmp_path, monkeypatch):
    """What a storage of 4 GiB and more would look like, at a smaller size."""
    from trivium.convert.formats import zipped

    monkeypatch.setattr(zipped, "_WIDE", 1000)
    stream = io.BytesIO()
    writer = zipped.Writer(stream)
    for name in ("a", "b"):
        writer.stream(name, 2000, [np.arange(2000, dtype=np.uint8)])
    writer.end()
    content = stream.getvalue()
    at = content.index(b"PK\3\4")
    assert struct.unpack("<HHQQ", content[at + 31 : at + 51]) == (1, 16, 2000, 2000)
    at = content.rindex(b"PK\1\2")
    assert struct.unpack("<HHQQQ", content[at + 47 : at + 75])[:4] == (1, 24, 2000, 2000)


# The legacy stream

LEGACY = (raw(b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"), raw(b"M\xe9\3"), raw(b"}" + text("little_endian") + b"\x88s"))
COUNT, KEYS = struct.pack("<q", 4), raw(b"](" + text("0") + b"e")


def stream(magic=LEGACY[0], protocol=LEGACY[1], machine=LEGACY[2], tree=None, keys=KEYS, tail=COUNT + FOUR):
    whole = tensor(stored=storage(extra=b"N"))
    return magic + protocol + machine + (pickle(whole) if tree is None else tree) + keys + tail


def view(start, count):
    return b"(" + text("v") + b"J" + struct.pack("<i", start) + b"J" + struct.pack("<i", count) + b"t"


STREAMS = {
    "L01 magic": (stream(magic=raw(b"K\1")), UnknownFormat),
    "L02 protocol": (stream(protocol=raw(b"M\xe8\3")), Corrupt),
    "L03 big endian": (stream(machine=raw(b"}" + text("little_endian") + b"\x89s")), Corrupt),
    "L04 no fourth": (b"".join(LEGACY), Corrupt),
    "L04 no fifth": (stream(keys=b"", tail=b""), Corrupt),
    "L05 large count": (stream(tail=struct.pack("<q", 2**40) + FOUR), Corrupt),
    "L05 truncated": (stream(tail=COUNT + FOUR[:-1]), Corrupt),
    "L05 no values": (stream(tail=b""), Corrupt),
    "L06 negative count": (stream(tail=struct.pack("<q", -4) + FOUR), Corrupt),
    "L07 unknown storage": (stream(keys=raw(b"](" + text("1") + b"e")), Corrupt),
    "L07 storage twice": (stream(keys=raw(b"](" + text("0") + text("0") + b"e")), Corrupt),
    "L07 no list": (stream(keys=raw(b"N")), Corrupt),
    "L08 view": (stream(tree=pickle(tensor(stored=storage(extra=view(2, 4))))), Corrupt),
    "L08 negative view": (stream(tree=pickle(tensor(stored=storage(extra=view(-1, 4))))), Corrupt),
    "L08 tensor in a view": (stream(tree=pickle(tensor(stored=storage(extra=view(1, 2))))), Corrupt),
    "L12 name in stream 1": (stream(magic=raw(named("collections.OrderedDict"))), Unsafe),
    "L12 name in stream 2": (stream(protocol=raw(named("os.system"))), Unsafe),
    "L12 name in stream 3": (stream(machine=raw(named("torch.FloatStorage"))), Unsafe),
    "L12 name in stream 5": (stream(keys=raw(named("torch.FloatStorage"))), Unsafe),
    "bytes after the end": (stream(tail=COUNT + FOUR + b"x"), Corrupt),
}


@pytest.mark.parametrize("case", STREAMS)
def test_streams(case, bin_path):
    content, error = STREAMS[case]
    bin_path.write_bytes(content)
    with pytest.raises(TriviumError) as caught:
        read(bin_path)
    assert type(caught.value) is error


def test_stream(bin_path):
    bin_path.write_bytes(stream())
    assert read(bin_path)["a"].tolist() == [1, 2, 3, 4]
    bin_path.write_bytes(stream(tree=pickle(tensor(size=(2,), stored=storage(extra=view(1, 2))))))
    assert read(bin_path)["a"].tolist() == [2, 3]


# Fuzzing


@pytest.mark.parametrize("content", [archive, lambda path: path.write_bytes(stream())], ids=["zip", "legacy"])
def test_mutations_never_escape_as_anything_else(content, bin_path):  # F02, F04
    content(bin_path)
    sound, generator = bin_path.read_bytes(), np.random.default_rng(0)
    for _ in range(1500):
        changed = bytearray(sound)
        for place in generator.integers(0, len(sound), generator.integers(1, 4)):
            changed[place] = generator.integers(0, 256)
        bin_path.write_bytes(changed)
        with suppress(TriviumError):
            read(bin_path)


@pytest.mark.parametrize("content", [archive, lambda path: path.write_bytes(stream())], ids=["zip", "legacy"])
def test_truncated_at_every_offset(content, bin_path):  # K39
    content(bin_path)
    sound = bin_path.read_bytes()
    for size in range(len(sound)):
        bin_path.write_bytes(sound[:size])
        with pytest.raises((Corrupt, UnknownFormat)):
            read(bin_path)


PARTS = [*(bytes([code]) for code in range(256)), A, tensor(), storage(), DICT, b"(", b"t"]


@given(st.lists(st.sampled_from(PARTS), max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_opcodes(tmp_path_factory, codes):  # F02
    path = tmp_path_factory.mktemp("any") / "pytorch_model.bin"
    archive(path, raw(b"".join(codes)))
    with suppress(TriviumError):
        read(path)


def test_sharded(tmp_path):
    for name in "ab":
        torch_bin.write(tmp_path / f"pytorch_model-{name}.bin", outputs({name: np.ones(2, "f4")}), {})
    mapping = {name: f"pytorch_model-{name}.bin" for name in "ab"}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": mapping}))
    with open_checkpoint(tmp_path) as found:
        assert (found.format, found.dialect, sorted(found.tensors)) == ("bin", "torch", ["a", "b"])
    mapping["a"] = "model.safetensors"  # X06
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": mapping}))
    with pytest.raises(Unsafe):
        open_checkpoint(tmp_path)
