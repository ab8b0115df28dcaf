"""Finding the weights of a checkpoint, shards and indexes, and what leads out of its folder."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest

from trivium.convert import convert
from trivium.convert.checkpoint import open_checkpoint
from trivium.core.errors import (
    CheckpointError,
    Collision,
    Corrupt,
    KeyMismatch,
    LimitExceeded,
    NotFound,
    UnknownFormat,
    Unsafe,
)  # fmt: skip

from .checkpoints import BERT, FILES, MSGPACK, SAFETENSORS, checkpoint, outputs

INDEX = "model.safetensors.index.json"


def shards(folder, **files):
    """A sharded checkpoint: file -> names of its tensors."""
    folder.mkdir(exist_ok=True)
    mapping = {}
    for file, names in files.items():
        tensors = {name: np.full(2, len(mapping), np.float32) for name in names}
        SAFETENSORS.module.write(folder / f"{file}.safetensors", outputs(tensors), {})
        mapping |= dict.fromkeys(names, f"{file}.safetensors")
    index(folder, mapping)
    return folder


def index(folder, mapping):
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": mapping}))


@pytest.mark.parametrize(
    ("folder", "dialect"),
    [
        ("bert_tf", "tf4"), ("bert_tf_sharded", "tf4"), ("bert_tf_safetensors", "tf4"), ("gpt2_tf", "tf4"),
        ("bert_flax", "flax4"), ("bert_flax_sharded", "flax4"), ("bert_flax_safetensors", "flax4"), ("gpt2_flax", "flax4"),
        ("bert_torch_sharded", "torch"),
    ],
)  # fmt: skip
def test_dialects(folder, dialect):
    with open_checkpoint(FILES / folder) as found:
        assert found.dialect == dialect
        assert found.config["model_type"] in folder
        assert all(file.exists() for file in found.files)
        array = next(iter(found.tensors.values())).read()
    assert not array.flags.writeable
    assert array.sum() is not None


def test_precedence(tmp_path):  # X17
    folder = checkpoint(tmp_path / "model")
    convert(folder, tmp_path / "tf", "tensorflow")
    shutil.copy(tmp_path / "tf" / "tf_model.h5", folder)
    index(folder, {"a": "nowhere.safetensors"})
    with open_checkpoint(folder) as found:
        assert found.format == "safetensors"
        assert len(found.files) == 1
        assert found.notes == tuple(
            f"model.safetensors was read; {name} is there too and was not" for name in (INDEX, "tf_model.h5")
        )
    with open_checkpoint(folder / "tf_model.h5") as found:
        assert found.format == "hdf5"
        assert found.config == BERT
        assert not found.notes


def test_no_weights(tmp_path):
    with pytest.raises(NotFound, match=r"it reads model\.safetensors"):
        open_checkpoint(tmp_path)
    with pytest.raises(NotFound, match="no such file"):
        open_checkpoint(tmp_path / "absent")
    (tmp_path / "notes.txt").write_text("some text")
    with pytest.raises(UnknownFormat):
        open_checkpoint(tmp_path / "notes.txt")


def test_shards(tmp_path):
    folder = shards(tmp_path / "model", one=["a", "b"], two=["c"])
    for path in (folder, folder / INDEX):
        with open_checkpoint(path) as found:
            assert sorted(found.tensors) == ["a", "b", "c"]
            assert [file.name for file in found.files] == [INDEX, "one.safetensors", "two.safetensors"]


@pytest.mark.parametrize(
    "name",
    [
        "../one.safetensors", "a/../../one.safetensors", "/etc/passwd", "C:\\one.safetensors", "C:one.safetensors",
        "\\\\host\\share\\one.safetensors", "one\0.safetensors", "", "nul.safetensors", "one.bin", "one.h5",
    ],
)  # fmt: skip
def test_index_that_leads_elsewhere(name, tmp_path):  # X01 to X06
    folder = shards(tmp_path / "model", one=["a"])
    index(folder, {"a": name})
    with pytest.raises(Unsafe):
        open_checkpoint(folder)


BAD_INDEXES = {
    "X11 no map": ('{"metadata": {}}', Corrupt),
    "X11 a list": ('{"weight_map": []}', Corrupt),
    "X11 empty": ('{"weight_map": {}}', Corrupt),
    "X11 numbers": ('{"weight_map": {"a": 1}}', Corrupt),
    "X11 duplicate": ('{"weight_map": {"a": "one.safetensors", "a": "one.safetensors"}}', Corrupt),
    "X11 no JSON": ("{", Corrupt),
    "X11 large": ('{"weight_map": {"a": "' + "x" * 11 * 2**20 + '"}}', LimitExceeded),
    "X14 not listed": ('{"weight_map": {"a": "one.safetensors"}}', KeyMismatch),
    "X14 not there": ('{"weight_map": {"a": "one.safetensors", "b": "one.safetensors", "c": "one.safetensors"}}', KeyMismatch),
    "X15 no shard": ('{"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}', NotFound),
    "X18 capitals": ('{"weight_map": {"a": "one.safetensors", "b": "One.safetensors"}}', Collision),
}


@pytest.mark.parametrize("case", BAD_INDEXES)
def test_bad_index(case, tmp_path):
    folder = shards(tmp_path / "model", one=["a", "b"])
    text, error = BAD_INDEXES[case]
    (folder / INDEX).write_text(text)
    with pytest.raises(error) as caught:
        open_checkpoint(folder)
    assert type(caught.value) is error


def test_links(tmp_path):  # X10
    shards(tmp_path / "other", one=["a"])
    folder = tmp_path / "models--x--y" / "snapshots" / "main"
    folder.mkdir(parents=True)
    index(folder, {"a": "one.safetensors"})
    (folder / "one.safetensors").symlink_to(tmp_path / "other" / "one.safetensors")
    with pytest.raises(Unsafe, match="symbolic link"):
        open_checkpoint(folder)
    blobs = folder.parent.parent / "blobs"
    blobs.mkdir()
    shutil.move(tmp_path / "other" / "one.safetensors", blobs / "0123")
    (folder / "one.safetensors").unlink()
    (folder / "one.safetensors").symlink_to("../../blobs/0123")
    with open_checkpoint(folder) as found:
        assert list(found.tensors) == ["a"]


def test_devices(tmp_path):  # X09
    folder = shards(tmp_path / "model", one=["a"])
    (folder / "one.safetensors").unlink()
    os.mkfifo(folder / "one.safetensors")
    with pytest.raises(Unsafe, match="regular file"):
        open_checkpoint(folder)


def test_shards_that_hold_one_name_twice(tmp_path):
    folder = shards(tmp_path / "model", one=["a"], two=["b"])
    shutil.copy(folder / "one.safetensors", folder / "two.safetensors")
    index(folder, {"a": "one.safetensors", "b": "two.safetensors"})
    with pytest.raises(CheckpointError):
        open_checkpoint(folder)


def test_flax_collections(tmp_path):
    """A Flax model with BatchNorm keeps weights and statistics apart."""
    tensors = {"params.norm.scale": np.ones(2, "f4"), "batch_stats.norm.mean": np.zeros(2, "f4")}
    MSGPACK.module.write(tmp_path / "flax_model.msgpack", outputs(tensors), {})
    with open_checkpoint(tmp_path) as found:
        assert sorted(found.tensors) == ["norm.mean", "norm.scale"]


def test_nothing_is_written_to_the_source(tmp_path):  # C2
    folder = checkpoint(tmp_path / "model")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in folder.iterdir()}
    for path in folder.iterdir():
        path.chmod(0o400)
    folder.chmod(0o500)
    convert(folder, tmp_path / "out", "tensorflow")
    folder.chmod(0o700)
    assert before.keys() == set(folder.iterdir())
    assert all((path.read_bytes(), path.stat().st_mtime_ns) == before[path][:2] for path in before)
