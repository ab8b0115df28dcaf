"""Who reads meanwhile, where temporary files are, and files that are saved over themselves."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from trivium.convert import conversion, convert, filesystem, verify
from trivium.convert.checkpoint import open_checkpoint
from trivium.convert.saving import TARGETS
from trivium.core.errors import Corrupt

from .checkpoints import GPT2 as ONE_LAYER
from .checkpoints import SAFETENSORS, checkpoint, drawn_weights, outputs, snapshot, write_checkpoint
from .test_crash import Watching, failing

GPT2 = {**ONE_LAYER, "n_layer": 0}


@pytest.mark.parametrize("to", TARGETS)
def test_no_other_place_is_used(to, tmp_path, monkeypatch):  # W15
    """Temporary files are where the result is to be: another file system for TMPDIR, or none, does not matter."""
    source = checkpoint(tmp_path / "source", GPT2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    moves, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (moves.append((Path(a), Path(b))), replace(a, b)))
    convert(source, tmp_path / "new" / "out", to, parity=to == "npz")
    convert(source, tmp_path / "new" / "out", to, overwrite=True)
    assert moves
    assert all(path.is_relative_to(tmp_path / "new") for move in moves for path in move)


@pytest.mark.parametrize("to", ["torch", "flax", "bin", "npz", "orbax"])
def test_a_reader_keeps_what_it_opened(to, tmp_path):  # W17
    source = checkpoint(tmp_path / "source", GPT2)
    other = write_checkpoint(tmp_path / "other", {name: array + 1 for name, array in drawn_weights(GPT2).items()}, GPT2)
    convert(other, tmp_path / "out", to)
    convert(other, tmp_path / "same", to)
    with open_checkpoint(tmp_path / "out") as reader, open_checkpoint(tmp_path / "same") as same:
        views = {key: tensor.read() for key, tensor in reader.tensors.items()}
        convert(source, tmp_path / "out", to, overwrite=True)
        for key, tensor in same.tensors.items():
            assert np.array_equal(views[key], tensor.read())
            assert np.array_equal(reader.tensors[key].read(), tensor.read())
    assert verify(source, tmp_path / "out") == []


@pytest.mark.parametrize("to", ["torch", "flax", "orbax"])
def test_verifying_takes_no_room(to, tmp_path, monkeypatch):  # W21
    """The disk is full when the result is read again: nothing is written there, so that it does not matter."""
    source, honest = checkpoint(tmp_path / "source", GPT2), conversion._verify

    def full(*arguments):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(filesystem, "ops", Watching(0, failing(errno.ENOSPC)))
            honest(*arguments)
            assert not filesystem.ops.names

    monkeypatch.setattr(conversion, "_verify", full)
    convert(source, tmp_path / "out", to, verify=True)
    assert verify(source, tmp_path / "out") == []


def test_a_model_is_saved_over_its_own_file(tmp_path):  # S37
    """Weights that are views of the file which they replace."""
    import trivium.numpy as door

    folder = checkpoint(tmp_path / "model")
    before = snapshot(folder)["model.safetensors"]
    model = door.BertForMaskedLM.from_pretrained(folder)
    for _ in range(2):
        model.save_pretrained(folder)
        assert snapshot(folder)["model.safetensors"] == before
    model.save_pretrained(folder, shard_size=500)
    assert not (folder / "model.safetensors").exists()
    assert verify(folder, checkpoint(tmp_path / "again")) == []


def test_bfloat16_without_more_ado(tmp_path):  # S29
    """NumPy knows bfloat16 by ml_dtypes alone; whoever reads need not import it."""
    import ml_dtypes

    values = np.array([1.5, -0.0, np.nan], ml_dtypes.bfloat16)
    SAFETENSORS.module.write(tmp_path / SAFETENSORS.file, outputs({"a": values}), {})
    code = (
        "import sys; from pathlib import Path; from trivium.convert.checkpoint import open_checkpoint\n"
        "tensor = open_checkpoint(sys.argv[1]).tensors['a']\n"
        "print(tensor.dtype, tensor.read().tobytes().hex())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / SAFETENSORS.file)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"bfloat16 {values.tobytes().hex()}\n"


@pytest.mark.parametrize("tail", [b"PK\3\4", b"PK\5\6" + bytes(18), b"\x7fELF\2\1\1", b"<html></html>", b"\0"])
def test_polyglots(tail, tmp_path):  # S33
    """A file that is also something else: nothing may follow the last tensor."""
    path = tmp_path / SAFETENSORS.file
    SAFETENSORS.module.write(path, outputs({"a": np.ones(3, np.float32)}), {})
    with open(path, "ab") as file:
        file.write(tail)
    with pytest.raises(Corrupt, match="after the last tensor"):
        open_checkpoint(path)
