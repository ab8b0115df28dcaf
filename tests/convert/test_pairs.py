"""Every format into every other: the same weights come to the same files, whichever way they took."""

from __future__ import annotations

import itertools

import pytest

from trivium.convert import convert, verify
from trivium.convert.saving import TARGETS

from .checkpoints import GPT2, checkpoint, snapshot


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The same model in every format."""
    folder = tmp_path_factory.mktemp("formats")
    source = checkpoint(folder / "source", GPT2)
    for to in TARGETS:
        convert(source, folder / to, to)
        assert verify(source, folder / to, trust=True) == []
    return folder


def files(folder):
    return {name: content for name, content in snapshot(folder).items() if name != "README.md"}  # which names the source


@pytest.mark.parametrize(("first", "second"), itertools.permutations(TARGETS, 2))
def test_pairs(first, second, written, tmp_path):  # N09
    convert(written / first, tmp_path / "out", second, trust=True)
    assert files(tmp_path / "out") == files(written / second)


@pytest.mark.parametrize("to", TARGETS)
def test_models_load_and_save(to, written, tmp_path):
    import trivium.numpy as door

    model = door.GPT2LMHeadModel.from_pretrained(written / to, trust=True)
    model.save_pretrained(tmp_path, format="safetensors" if to == "torch" else to)
    assert verify(written / "source", tmp_path, trust=True) == []


@pytest.mark.parametrize("to", TARGETS)
def test_writing_over_what_is_there(to, written, tmp_path):
    convert(written / "source", tmp_path / "out", to, trust=True)
    before = files(tmp_path / "out")
    convert(written / "source", tmp_path / "out", to, overwrite=True, trust=True)
    assert files(tmp_path / "out") == before
