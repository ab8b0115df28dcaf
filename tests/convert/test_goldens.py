"""Our files hold exactly what Transformers 4.52 writes for the same weights: names, shapes, bytes."""

from __future__ import annotations

import hashlib

import h5py
import numpy as np
import pytest

from tests import kept
from trivium.convert import convert, verify
from trivium.convert.checkpoint import open_checkpoint
from trivium.convert.formats import hdf5, msgpack
from trivium.convert.plan import fit
from trivium.core.errors import Collision

from .checkpoints import FILES, golden, golden_cases, write_golden

CASES = list(golden_cases())
TENSORFLOW = [case for case in CASES if "tensorflow" in golden(*case)]
FLAX = [case for case in CASES if "flax" in golden(*case)]


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    made = {}

    def make(case, config):
        if (case, config) not in made:
            made[case, config] = write_golden(tmp_path_factory.mktemp("golden"), golden(case, config))
        return made[case, config]

    return make


def datasets(path):
    """[dataset, shape, dtype, sha256] of a tf_model.h5, by its own lists."""
    with h5py.File(path) as file:
        return [
            [f"{layer}/{name}", list(file[layer][name].shape), file[layer][name].dtype.name, sha256(file[layer][name][()])]
            for layer in file.attrs["layer_names"]
            for name in file[layer].attrs["weight_names"]
        ]


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@pytest.mark.parametrize(("case", "config"), TENSORFLOW)
def test_tensorflow(case, config, source, tmp_path):
    facts = golden(case, config)["tensorflow"]
    report = convert(source(case, config), tmp_path / "out", "tensorflow")
    assert f"TF{report.network}" == facts["class"]
    assert kept.tensors(datasets(tmp_path / "out" / "tf_model.h5")) == facts["tensors"]


@pytest.mark.parametrize(("case", "config"), FLAX)
def test_flax(case, config, source, tmp_path):
    facts = golden(case, config)["flax"]
    convert(source(case, config), tmp_path / "out", "flax")
    file = tmp_path / "out" / "flax_model.msgpack"
    written = [[t.key.replace(".", "/"), list(t.shape), t.dtype.name, sha256(t.read())] for t in msgpack.read(file)]
    assert kept.tensors(written) == facts["tensors"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == facts["sha256"]


@pytest.mark.parametrize(("case", "config"), CASES)
def test_round_trip_gives_the_same_file(case, config, source, tmp_path):
    start = source(case, config)
    at = start  # the files are ours, and the child that reads those of others has tests of its own: trust
    with open_checkpoint(start) as checkpoint:
        held = [weight for weight in fit(checkpoint).layout if weight.name in golden(case, config)["weights"]]
    # Flax's files lack what the architecture gives, which has been drawn here: it would come back as it ought to be
    between = ("tensorflow",) if any(weight.init.given for weight in held) else ("tensorflow", "flax", "tensorflow")
    for step, to in enumerate((*between, "torch")):
        convert(at, tmp_path / str(step), to, trust=True)
        at = tmp_path / str(step)
        assert verify(start, at, trust=True) == []
    assert (at / "model.safetensors").read_bytes() == (start / "model.safetensors").read_bytes()
    assert (at / "config.json").read_bytes() == (start / "config.json").read_bytes()


@pytest.mark.parametrize("folder", sorted(path.name for path in FILES.iterdir()))
@pytest.mark.parametrize("to", ["torch", "tensorflow", "flax"])
def test_files_of_transformers(folder, to, tmp_path):
    """Real files, sharded and in safetensors too, come to the same single file whatever they were."""
    family = folder.partition("_")[0]
    convert(FILES / folder, tmp_path / "out", to)
    assert verify(FILES / folder, tmp_path / "out") == []
    assert verify(FILES / f"{family}_tf", tmp_path / "out") == []
    if to == "flax":
        expected = (FILES / f"{family}_flax" / "flax_model.msgpack").read_bytes()
        assert (tmp_path / "out" / "flax_model.msgpack").read_bytes() == expected
    if to == "tensorflow":
        assert sorted(datasets(tmp_path / "out" / "tf_model.h5")) == sorted(datasets(FILES / f"{family}_tf" / "tf_model.h5"))


def test_copies_in_tensorflows_groups_must_agree(tmp_path):
    """BERT's embeddings are in two groups of tf_model.h5."""
    (tmp_path / "config.json").write_bytes((FILES / "bert_tf" / "config.json").read_bytes())
    (tmp_path / "tf_model.h5").write_bytes((FILES / "bert_tf" / "tf_model.h5").read_bytes())
    keys = [tensor.key for tensor in hdf5.read(tmp_path / "tf_model.h5")]
    twice = next(key for key in keys if keys.count(key) == 2)
    with open_checkpoint(tmp_path) as checkpoint:
        assert len(checkpoint.tensors) == len(set(keys)) < len(keys)
    with h5py.File(tmp_path / "tf_model.h5", "r+") as file:
        place = next(name for name in file["mlm___cls"].attrs["weight_names"] if name.endswith(twice))
        file["mlm___cls"][place][...] = 0
    with pytest.raises(Collision, match="differ"):
        open_checkpoint(tmp_path)
