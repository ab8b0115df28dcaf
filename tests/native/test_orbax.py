"""model.orbax: what Orbax wrote of an nnx state is read, and what Trivium writes Orbax restores into one."""

from __future__ import annotations

import json
import shutil
import sys

import jax
import numpy as np
import pytest
from flax import nnx

from tests.convert.checkpoints import BERT, GPT2, snapshot
from trivium.convert import convert, verify
from trivium.convert.checkpoint import open_checkpoint
from trivium.convert.formats import Output, kind_named
from trivium.core.errors import BackendMissing, Corrupt, LimitExceeded, NotFound, TriviumError, Unsafe, UnsupportedDtype

ocp = pytest.importorskip("orbax.checkpoint")
ORBAX = kind_named("orbax")


def build(config, dtype="float32", seed=1):
    import trivium.flax as door
    from trivium.models import catalogue

    parsed = catalogue.config_class(config["model_type"]).from_dict(dict(config))
    return getattr(door, config["architectures"][0])(parsed, dtype=dtype, seed=seed)


def weights(model):
    return {weight.name: np.asarray(read()) for weight, read in model.read_weights()}


def saved(folder, tree, **options):
    checkpointer = ocp.Checkpointer(ocp.PyTreeCheckpointHandler(**options))
    checkpointer.save(folder / ORBAX.file, tree)
    return folder


def equal(model, expected):
    found = weights(model)
    return found.keys() == expected.keys() and all(array.tobytes() == expected[name].tobytes() for name, array in found.items())


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    return path


@pytest.mark.parametrize("form", ["ocdbt", "files", "zarr3", "everything", "pure"])
def test_what_orbax_wrote(form, folder, tmp_path):
    model = build(GPT2, "bfloat16" if form == "ocdbt" else "float32")
    state = nnx.state(model) if form == "everything" else nnx.state(model, nnx.Param)
    tree = nnx.to_pure_dict(state) if form == "pure" else state
    saved(folder, tree, use_ocdbt=form != "files", use_zarr3=form == "zarr3")
    (folder / "config.json").write_text(model.config.to_json())
    with open_checkpoint(folder) as found:
        assert (found.format, found.dialect) == ("orbax", "flax")
    report = convert(folder, tmp_path / "torch", "torch")
    assert bool(report.left_out) == (form == "everything")
    with open_checkpoint(tmp_path / "torch") as found:
        for name, array in weights(model).items():
            assert found.tensors[name].read().tobytes() == array.tobytes()
    assert verify(folder, tmp_path / "torch") == []


def written(folder, model):
    path = folder / ORBAX.file
    from trivium.convert.names import key
    from trivium.convert.rules import Rules

    outputs = [
        Output(key(weight, model.layout, "flax", Rules()), read().dtype, weight.shape_in("flax"),
               lambda weight=weight, read=read: weight.from_canonical(np.asarray(read()), "flax"))
        for weight, read in model.read_weights()
    ]  # fmt: skip
    ORBAX.module.write(path, outputs, {})
    return path


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("config", [BERT, GPT2], ids=["bert", "gpt2"])
def test_orbax_restores_what_is_written(config, dtype, folder):
    model, other = build(config, dtype), build(config, dtype, seed=2)
    path = written(folder, model)
    abstract = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), nnx.state(other, nnx.Param))
    restored = ocp.StandardCheckpointer().restore(path, abstract)
    nnx.update(other, restored)
    assert equal(other, weights(model))
    before = snapshot(path)
    shutil.rmtree(path)
    written(folder, model)
    assert snapshot(path) == before  # C8


def test_plain_files_need_no_tensorstore(folder, monkeypatch):
    model = build(GPT2)
    monkeypatch.setitem(sys.modules, "tensorstore", None)
    path = written(folder, model)
    (folder / "config.json").write_text(model.config.to_json())
    for place in (folder, path):
        with open_checkpoint(place) as found:
            array = found.tensors["transformer.wte.embedding"].read()
            assert found.folder == folder
            assert found.config is not None
    assert not array.flags.writeable
    assert equal(type(model).from_pretrained(folder), weights(model))


def test_a_database_needs_tensorstore(folder, monkeypatch):
    saved(folder, nnx.state(build(GPT2), nnx.Param))
    monkeypatch.setitem(sys.modules, "tensorstore", None)
    with pytest.raises(BackendMissing, match="tensorstore") as caught:
        open_checkpoint(folder)
    assert "trivium[orbax]" in caught.value.hint


def renamed(path, name):
    metadata = json.loads((path / "_METADATA").read_text())
    next(iter(metadata["tree_metadata"].values()))["key_metadata"][0]["key"] = name
    (path / "_METADATA").write_text(json.dumps(metadata))


def array_says(path, **facts):
    place = path / "transformer.wte.embedding.value" / ".zarray"
    place.write_text(json.dumps(json.loads(place.read_text()) | facts))


def unfinished(path):
    path.rename(path.with_name("model.orbax.orbax-checkpoint-tmp-1"))
    return path.with_name("model.orbax.orbax-checkpoint-tmp-1")


def linked(path):
    place = path / "transformer.wte.embedding.value"
    shutil.move(place, path.parent / "elsewhere")
    place.symlink_to(path.parent / "elsewhere")


BAD = {
    "unfinished": (unfinished, Corrupt),
    "X01 name": (lambda path: renamed(path, "../../secret"), Unsafe),
    "X01 absolute": (lambda path: renamed(path, "/etc"), Unsafe),
    "X01 dots": (lambda path: renamed(path, ".."), Unsafe),
    "X05 NUL": (lambda path: renamed(path, "a\0"), Unsafe),
    "a number": (lambda path: renamed(path, 1), Unsafe),
    "X10 link": (linked, Unsafe),
    "X15 missing": (lambda path: shutil.rmtree(path / "transformer.wte.embedding.value"), NotFound),
    "X15 missing values": (lambda path: (path / "transformer.wte.embedding.value" / "0.0").unlink(), NotFound),
    "truncated": (lambda path: (path / "transformer.wte.embedding.value" / "0.0").write_bytes(b"x"), Corrupt),
    "dtype": (lambda path: array_says(path, dtype="|O"), UnsupportedDtype),
    "filters": (lambda path: array_says(path, filters=[{"id": "x"}]), UnsupportedDtype),
    "shape": (lambda path: array_says(path, shape=[-1, 8], chunks=[1, 8]), Corrupt),
    "H09 declared, not stored": (lambda path: array_says(path, shape=[2**36, 8], compressor={"id": "zstd"}), LimitExceeded),
    "no list": (lambda path: (path / "_METADATA").write_text("{}"), Corrupt),
    "no JSON": (lambda path: (path / "_METADATA").write_text("{"), Corrupt),
    "no entries": (lambda path: (path / "_METADATA").write_text('{"tree_metadata": {"a": 1}}'), Corrupt),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return written(tmp_path_factory.mktemp("orbax"), build(GPT2))


@pytest.mark.parametrize("case", BAD)
def test_refuses(case, sound, folder):
    change, error = BAD[case]
    path = folder / ORBAX.file
    shutil.copytree(sound, path)
    path = change(path) if case == "unfinished" else (change(path), path)[1]
    with pytest.raises(TriviumError) as caught:
        open_checkpoint(path)
    assert type(caught.value) is error
