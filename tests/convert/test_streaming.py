"""Streaming: pieces, shards, and how much memory they take."""

from __future__ import annotations

import json
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

from trivium.convert import convert, verify
from trivium.convert.formats import Output, msgpack
from trivium.convert.tensors import Mapped, release
from trivium.core.arrays import contiguous

from .checkpoints import BERT, GPT2, HDF5, MSGPACK, SAFETENSORS, checkpoint, outputs, snapshot

TARGETS = ("torch", "tensorflow", "flax")
METADATA = {"model": "tf_model"}
KINDS = (SAFETENSORS, HDF5, MSGPACK)


@pytest.mark.parametrize("order", [(1, 0), (2, 0, 1), (2, 1, 0), (2, 3, 1, 0), (0, 3, 1, 2), (0, 1, 2)])
@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16, np.uint8, np.complex128], ids=str)
def test_contiguous_is_a_copy_in_c_order(order, dtype):
    sizes = (130, 3, 70, 2)[: len(order)]
    array = np.arange(np.prod(sizes)).astype(dtype).reshape(sizes)
    array = array.transpose(order)
    copy = contiguous(array)
    assert copy.flags.c_contiguous
    assert copy.tobytes() == array.tobytes()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (7, 5), (3, 2, 2)])
def test_pieces_give_the_same_file(kind, shape, tmp_path):
    array = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    files = []
    for piece in (1, 24, 10**6):
        one = Output("a/b:0", array.dtype, shape, lambda: array, piece=piece)
        kind.module.write(tmp_path / kind.file, [one], METADATA)
        files.append((tmp_path / kind.file).read_bytes())
    assert len(set(files)) == 1


@pytest.mark.parametrize("piece", [4, 12, 28, 1000])
def test_pieces_of_an_array_that_flax_cuts(piece, tmp_path, monkeypatch):
    monkeypatch.setattr(msgpack, "PIECE", 20)
    array = np.arange(21, dtype=np.float32).reshape(7, 3)
    path = tmp_path / MSGPACK.file
    msgpack.write(path, [Output("a.b", array.dtype, array.shape, lambda: array, piece=piece)], {})
    (read,) = msgpack.read(path)
    assert read.read().tobytes() == array.tobytes()
    assert path.read_bytes().count(b"\x93\x91\x05") == 4  # chunks of five, and one of one


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("config", [BERT, GPT2], ids=["bert", "gpt2"])
def test_shards(to, config, tmp_path):
    folder = checkpoint(tmp_path / "model", config)
    report = convert(folder, tmp_path / "out", to, shard_size=600, max_memory=64)
    index = json.loads((tmp_path / "out" / report.files[0]).read_text())
    assert index["metadata"]["total_size"] == 4 * report.parameters
    shards = [name for name in report.files[1:] if name not in ("config.json", "README.md")]
    assert sorted(set(index["weight_map"].values())) == shards
    assert len(index["weight_map"]) == report.tensors
    assert not verify(folder, tmp_path / "out")
    convert(tmp_path / "out", tmp_path / "back", "torch")
    assert (tmp_path / "back" / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_names_of_shards(tmp_path):
    folder = checkpoint(tmp_path / "model")
    for to, first, key in (
        ("torch", "model-00001-of-", "bert.pooler.dense.weight"),
        ("tensorflow", "tf_model-00001-of-", "tf_bert_for_masked_lm/bert/embeddings/LayerNorm/gamma:0"),
        ("flax", "flax_model-00001-of-", "bert/embeddings/LayerNorm/scale"),
    ):
        report = convert(folder, tmp_path / to, to, shard_size=2000)
        assert report.files[0].endswith(".index.json")
        assert report.files[1].startswith(first)
        places = json.loads((tmp_path / to / report.files[0]).read_text())["weight_map"]
        assert (key in places) == (key != "bert.pooler.dense.weight")


def test_one_file_takes_the_place_of_shards_and_the_reverse(tmp_path):
    folder = checkpoint(tmp_path / "model")
    convert(folder, tmp_path / "out", "flax")
    whole = snapshot(tmp_path / "out")
    convert(folder, tmp_path / "out", "flax", shard_size=2000, overwrite=True)
    assert "flax_model.msgpack" not in snapshot(tmp_path / "out")
    convert(folder, tmp_path / "out", "flax", overwrite=True)
    assert snapshot(tmp_path / "out") == whole


def test_a_map_is_released_and_can_be_read_again(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(np.arange(10**5, dtype=np.float32).tobytes())
    array = Mapped(path).array(400, (300, 300), np.dtype(np.float32)).T
    release(array)
    assert array[0, 0] == 100
    release(np.zeros(3))
    (values,) = outputs({"a": array})
    assert values.values()[0, 1] == 400


def test_a_private_map_keeps_what_is_written_to_it(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(10**5))
    array = Mapped(path, private=True).array(0, (10**5,), np.dtype(np.uint8))
    array[:] = 1
    release(array)
    assert array.all()
    assert path.read_bytes() == bytes(10**5)


MEASURE = """
import resource, sys
import numpy as np
from trivium.convert.formats import Output, kind_named
from trivium.convert.formats import safetensors
from pathlib import Path
folder, kind = Path(sys.argv[1]), kind_named(sys.argv[2])
tensors = safetensors.read(folder / "model.safetensors")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
turned = [Output(t.key, t.dtype, t.shape[::-1], lambda t=t: t.read().T, piece=4 * 2**20) for t in tensors]
kind.module.write(folder / kind.file.replace("model", "made"), turned, {"model": "tf_model"})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_memory_does_not_grow_with_the_file(kind, tmp_path):  # C6
    large = {f"a.{i}": np.full((1024, 4096), i, np.float32) for i in range(8)}  # 8 x 16 MiB
    SAFETENSORS.module.write(tmp_path / "model.safetensors", outputs(large), {})
    command = [sys.executable, "-c", MEASURE, str(tmp_path), kind.name]
    grown = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert grown < 48 * 1024  # kB: twice the largest tensor, and 16 MiB
