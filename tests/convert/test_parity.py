"""The proof by numbers: inputs that every class takes, what is compared, and what is said where nothing can be."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from trivium.cli import main
from trivium.convert import convert, parity
from trivium.convert.inputs import draw_inputs
from trivium.convert.plan import Match
from trivium.models import catalogue

from .checkpoints import BERT, GPT2, checkpoint, drawn_weights, golden, golden_cases, snapshot, write_checkpoint

FIXED = ("Segformer",)  # 512 x 512 pixels, whatever the config: a minute each


def first_configs():
    """(class, a config of it) for every class of the goldens."""
    found = {}
    for case, config in golden_cases():
        found.setdefault(case.split("/")[-1], (case, config))
    return [pytest.param(name, *where, id=name) for name, where in found.items() if not name.startswith(FIXED)]


@pytest.mark.parametrize(("name", "case", "config"), first_configs())
def test_every_class_takes_its_inputs(name, case, config):
    """Inputs fit the network in numbers and kinds: more than one in a batch, something hidden, and finite outputs."""
    import trivium.numpy as door

    cls = getattr(door, name)
    read = cls.config_class.from_dict(golden(case, config)["config"])
    inputs, again = (draw_inputs(catalogue.network_class(name), read) for _ in range(2))
    assert all((array == again[name]).all() for name, array in inputs.items())
    alone = "LastTokenClassification" in [base.__name__ for base in cls.__mro__] and read.pad_token_id is None
    assert {len(array) for array in inputs.values()} == {1 if alone else 2}
    if "attention_mask" in inputs:
        assert 0 < inputs["attention_mask"].mean() < 1
    out = cls(read)(**inputs)
    assert all(np.isfinite(value).all() for value in out.values() if isinstance(value, np.ndarray))


@pytest.fixture
def folder(tmp_path):
    return checkpoint(tmp_path / "model")


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_written(folder, tmp_path):
    result = run("convert", folder, tmp_path / "out", "--to", "npz", "--parity", "--shard-size", "2kB")
    assert result.exit_code == 0
    assert "outputs of numpy agree with the reference; the largest relative error is" in result.stdout
    found = json.loads((tmp_path / "out" / "parity.json").read_text())
    assert found["passed"]
    assert found["network"] == "BertForMaskedLM"
    assert found["reference"] == {
        "framework": "numpy", "dtype": "float64", "files": {"model.safetensors": sha256(folder / "model.safetensors")},
    }  # fmt: skip
    written = found["target"]["files"]
    assert len(written) > 2
    assert all(sha256(tmp_path / "out" / name) == value for name, value in written.items())
    assert [output["name"] for output in found["outputs"]] == ["logits", *(f"hidden_states[{i}]" for i in range(3))]
    assert all(0 < output["relative"] < 1e-6 for output in found["outputs"])
    assert (found["first_difference"], found["not_run"]) == (None, {})
    assert found["versions"]["numpy"] == np.__version__
    assert found["inputs"] == {"input_ids": [2, 4], "attention_mask": [2, 4]}


def test_it_goes_with_the_weights(folder, tmp_path):
    """An old proof says nothing about new weights, nor about what they are converted to."""
    convert(folder, tmp_path / "out", "npz", parity=True)
    convert(tmp_path / "out", tmp_path / "on", "torch")
    assert "parity.json" not in snapshot(tmp_path / "on")
    convert(folder, tmp_path / "out", "npz", overwrite=True)
    assert "parity.json" not in snapshot(tmp_path / "out")


@pytest.mark.parametrize("framework", ["torch", "tensorflow", "flax"])
def test_frameworks_agree_and_none_is_loaded_here(framework, tmp_path):
    pytest.importorskip(framework)
    folder = checkpoint(tmp_path / "model", GPT2)
    code = (
        "import sys; from trivium.cli import main\n"
        f"arguments = ['convert', {str(folder)!r}, {str(tmp_path / 'out')!r}, '--to', {framework!r}, '--parity', '-q']\n"
        "assert main(arguments, standalone_mode=False) == 0\n"
        "print([name for name in ('torch', 'tensorflow', 'keras', 'jax', 'flax') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
    found = json.loads((tmp_path / "out" / "parity.json").read_text())
    assert found["target"]["framework"] == framework
    assert found["versions"][framework]
    assert 0 < max(output["relative"] for output in found["outputs"]) < 1e-5


@pytest.mark.parametrize(
    ("weight", "first"),
    [("bert.embeddings.LayerNorm.bias", "hidden_states[0]"), ("bert.encoder.layer.1.output.LayerNorm.bias", "hidden_states[2]"),
     ("cls.predictions.bias", "logits")],
)  # fmt: skip
def test_the_first_layer_that_differs(weight, first, folder, tmp_path, monkeypatch):
    honest = Match.read
    monkeypatch.setattr(Match, "read", lambda self, name: honest(self, name) + np.float32(0.1 * (name == weight)))
    result = run("convert", folder, tmp_path / "out", "--to", "npz", "--parity")
    assert result.exit_code == 4
    assert f"error: no parity: {first}, the first output that differs, is off by" in result.stderr
    found = json.loads((tmp_path / "out" / "parity.json").read_text())
    assert (found["passed"], found["first_difference"]) == (False, first)
    assert (tmp_path / "out" / "model.npz").exists()


def test_a_cast_is_allowed_its_rounding(folder, tmp_path):
    report = convert(folder, tmp_path / "out", "npz", dtype="bfloat16", parity=True)
    assert report.parity.passed
    assert 1e-4 < report.parity.relative < report.parity.tolerance == 16 * 2**-7
    assert convert(tmp_path / "out", tmp_path / "wide", "npz", dtype="float32", parity=True).parity.tolerance == 1e-4


def test_what_the_source_is_read_with(tmp_path):
    """The reference runs on the weights that the conversion takes: renamed, ignored, drawn."""
    weights = {f"net.{name}": array for name, array in drawn_weights(BERT).items()} | {"extra": np.ones(2, np.float32)}
    del weights["net.cls.predictions.bias"]
    folder = write_checkpoint(tmp_path / "model", weights, BERT)
    options = {"rename": {"net.": ""}, "ignore": ["extra"], "allow_missing": ["cls.*"]}
    assert convert(folder, tmp_path / "out", "npz", parity=True, **options).parity.passed


def test_a_framework_that_is_not_installed(folder, tmp_path, monkeypatch):
    """That is said, and NumPy runs on the result instead."""
    honest = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jax" else honest(name))
    result = run("convert", folder, tmp_path / "out", "--to", "flax", "--parity")
    assert result.exit_code == 0
    assert "note: not run: flax: jax is not installed; the NumPy reference ran on the result instead" in result.stderr
    assert json.loads((tmp_path / "out" / "parity.json").read_text())["target"]["framework"] == "numpy"


def test_what_cannot_be_run_is_said(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(parity, "_switches", lambda network: {"wrong": True})
    result = run("convert", folder, tmp_path / "out", "--to", "npz", "--parity")
    assert result.exit_code == 4
    assert "error: no parity, since one side could not be run: numpy on model: " in result.stderr
    found = json.loads((tmp_path / "out" / "parity.json").read_text())
    assert set(found["not_run"]) == {"numpy on model", "numpy on model.npz"}
    assert not found["passed"]


def test_an_interruption_leaves_nothing(folder, tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupt)
    before = snapshot(tmp_path)
    assert run("convert", folder, tmp_path / "out", "--to", "npz", "--parity").exit_code == 130
    assert snapshot(tmp_path) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("a", "b", "relative"),
    [
        ([1.0, -4.0], [1.0, -3.0], 0.25),
        ([np.inf, 2.0], [np.inf, 2.0], 0.0),
        ([np.nan, 2.0], [np.nan, 1.0], 0.5),
        ([np.nan, 2.0], [1.0, 2.0], None),
        ([0.0], [1.0], None),
        ([0.0], [0.0], 0.0),
        ([-np.inf, 2.0], [-1e30, 2.0], None),
    ],
)
def test_errors(a, b, relative):
    (found,) = parity._errors({"x": np.array(a)}, {"x": np.array(b)})
    assert found.relative == relative
