"""Loaded weights that are views of their file: it never changes, may go, and no two weights share memory."""

from __future__ import annotations

import copy
import errno
import mmap
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import goldens
from trivium.convert import convert
from trivium.convert.saving import TARGETS

torch = pytest.importorskip("torch")

from trivium import torch as door  # noqa: E402

pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.skipif(not door.BertModel.keeps_views, reason="files are copied on this system"),
]
GOLDEN = next(golden for golden in goldens() if repr(golden) == "BertForPreTraining-untied")
MAPPED = ("torch", "bin", "npz")  # formats whose values lie as PyTorch has them


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model in every format."""
    folder = tmp_path_factory.mktemp("written")
    source = GOLDEN.write(folder / "source")
    for to in TARGETS:
        convert(source, folder / to, to)
    return folder


def load(folder: Path) -> Any:
    return door.BertForPreTraining.from_pretrained(folder, trust=True)


def values(model: Any) -> dict[str, Any]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def the_bytes(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def train(model: Any) -> dict[str, Any]:
    """Changes all weights in place, as an optimizer does it, and returns what they should be then."""
    wanted = {name: value + 1 for name, value in values(model).items()}
    with torch.no_grad():
        for value in model.parameters():
            value.add_(1)
    return wanted


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("to", MAPPED)
def test_nothing_is_copied(to: str, written: Path) -> None:
    """Every weight is in the map of its file."""
    model = load(written / to)
    lines = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if f"{written / to}/" in line]
    ranges = [[int(end, 16) for end in line[0].split("-")] for line in lines]
    for name, value in model.named_parameters():
        assert any(begin <= value.data_ptr() < end for begin, end in ranges), name


@pytest.mark.parametrize("to", TARGETS)
def test_training_leaves_the_file_alone(to: str, written: Path) -> None:
    """Weights are trained in place; the file, and what others load from it, stay as they were."""
    before, model, other = the_bytes(written / to), load(written / to), load(written / to)
    original = values(other)
    wanted = train(model)
    same(values(model), wanted)
    same(values(other), original)
    assert the_bytes(written / to) == before


@pytest.mark.parametrize("to", MAPPED)
def test_the_file_goes(to: str, written: Path, tmp_path: Path) -> None:
    """A model outlives its file: removed, or replaced by what the model itself saves."""
    shutil.copytree(written / to, tmp_path / "model")
    model, other = load(tmp_path / "model"), load(tmp_path / "model")
    original, wanted = values(other), train(model)
    model.save_pretrained(tmp_path / "model", "safetensors" if to == "torch" else to)
    same(values(load(tmp_path / "model")), wanted)
    same(values(other), original)
    duplicate = copy.deepcopy(other)
    shutil.rmtree(tmp_path / "model")
    same(values(other), original)
    same(values(duplicate), original)


def test_two_weights_never_share_memory(tmp_path: Path) -> None:
    """torch.save keeps what two tensors share in memory; weights that are not tied are each their own all the same."""
    folder = GOLDEN.write(tmp_path)
    model = load(folder)
    state = values(model)
    state["cls.predictions.decoder.weight"] = state["bert.embeddings.word_embeddings.weight"]
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    found = load(folder)
    with torch.no_grad():
        found.cls.predictions.decoder.weight.zero_()
    same(values(found), state | {"cls.predictions.decoder.weight": torch.zeros(found.cls.predictions.decoder.weight.shape)})


def test_a_system_that_promises_no_memory(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file cannot be mapped so that it may be written to, weights are copied."""
    honest, expected = mmap.mmap, values(load(written / "torch"))

    def refuse(descriptor: int, length: int, access: int) -> mmap.mmap:
        if access == mmap.ACCESS_COPY:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        return honest(descriptor, length, access=access)

    monkeypatch.setattr(mmap, "mmap", refuse)
    model = load(written / "torch")
    same(values(model), expected)
    wanted = train(model)
    same(values(model), wanted)


def test_arrays_of_the_caller_are_copied() -> None:
    """`assign_weights` keeps none of the arrays that it is given."""
    config = door.BertForPreTraining.config_class.from_dict(GOLDEN.content["config"])
    model, arrays = door.BertForPreTraining(config, seed=None), {name: np.array(v) for name, v in GOLDEN.weights().items()}
    model.assign_weights(arrays)
    wanted = values(model)
    for array in arrays.values():
        array[...] = 0
    same(values(model), wanted)
