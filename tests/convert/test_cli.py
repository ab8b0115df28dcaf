"""The command line: exit codes, what goes to stdout and stderr, and that no framework is loaded."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from trivium.cli import main

from .checkpoints import BERT, checkpoint, drawn_weights, snapshot, write_checkpoint


@pytest.fixture
def folder(tmp_path):
    return checkpoint(tmp_path / "model")


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_convert(folder, tmp_path):
    result = run("convert", folder, tmp_path / "out", "--to", "flax")
    assert result.exit_code == 0
    assert "BertForMaskedLM" in result.stdout
    assert not result.stderr
    result = run("convert", folder, tmp_path / "quiet", "--to", "flax", "-q")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    result = run("convert", folder, tmp_path / "out", "--to", "tensorflow", "--json", "--overwrite", "--dtype", "float16")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["to_format"] == "hdf5"


def test_notes_are_on_stderr(tmp_path):
    weights = drawn_weights(BERT)
    weights["cls.predictions.decoder.bias"] = weights["cls.predictions.bias"]
    result = run("convert", write_checkpoint(tmp_path / "model", weights, BERT), tmp_path / "out", "--to", "flax")
    assert result.stderr == "note: written once, since they are tied: cls.predictions.decoder.bias\n"


def test_inspect(folder):
    result = run("inspect", folder)
    assert result.exit_code == 0
    assert "bert.embeddings.word_embeddings.weight" in result.stdout
    assert "class         BertForMaskedLM" in result.stdout
    found = json.loads(run("inspect", folder, "--json").stdout)
    assert found["architecture"] == "bert"
    assert found["tensors"][0]["shape"] == [11, 8]


def test_verify(folder, tmp_path):
    run("convert", folder, tmp_path / "out", "--to", "tensorflow")
    result = run("verify", folder, tmp_path / "out")
    assert (result.exit_code, result.stdout) == (0, "identical, bit for bit\n")
    weights = drawn_weights(BERT)
    weights["cls.predictions.bias"][3] += 1
    other = write_checkpoint(tmp_path / "other", weights, BERT)
    result = run("verify", other, tmp_path / "out")
    assert result.exit_code == 4
    assert result.stdout.startswith("cls.predictions.bias: 1 of 11 elements differ, by at most 1")
    assert result.stderr == "1 tensor differs\n"
    result = run("verify", other, tmp_path / "out", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 4
    assert not found["identical"]
    assert found["differences"][0]["name"] == "cls.predictions.bias"


def test_env_and_version():
    assert json.loads(run("env", "--json").stdout)["numpy"]
    assert run("env").stdout.startswith("python")
    assert run("--version").stdout.startswith("trivium ")
    assert run("--help").exit_code == 0


def truncate(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def forget(folder):
    (folder / "config.json").unlink()


@pytest.mark.parametrize(
    ("prepare", "arguments", "code", "kind"),
    [
        (truncate, ["--to", "flax"], 3, "Corrupt"),
        (forget, ["--to", "flax"], 1, "ConfigError"),
        (None, ["--to", "onnx"], 2, "UsageError"),
        (None, [], 2, "UsageError"),
        (None, ["--to", "flax", "--wrong"], 2, "UsageError"),
        (None, ["--to", "flax", "--dtype", "float33"], 1, "UnsupportedDtype"),
    ],
)
def test_errors(prepare, arguments, code, kind, folder, tmp_path):
    if prepare:
        prepare(folder)
    before = snapshot(tmp_path)
    result = run("convert", folder, tmp_path / "out", *arguments)
    assert result.exit_code == code
    assert not result.stdout
    assert result.stderr
    result = run("convert", folder, tmp_path / "out", *arguments, "--json")
    error = json.loads(result.stdout)["error"]
    assert result.exit_code == code
    assert error["type"] == kind
    assert error["message"]
    assert snapshot(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_nothing_there(tmp_path):
    result = run("inspect", tmp_path / "absent")
    assert result.exit_code == 1
    assert "no such file or directory" in result.stderr


def test_interrupted(folder, tmp_path, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("trivium.convert.formats.contiguous", interrupt)
    before = snapshot(tmp_path)
    assert run("convert", folder, tmp_path / "out", "--to", "flax").exit_code == 130
    result = run("convert", folder, tmp_path / "out", "--to", "flax", "--json")
    assert result.exit_code == 130
    assert json.loads(result.stdout)["error"]["type"] == "Interrupted"
    assert snapshot(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_a_reader_that_has_seen_enough(folder):
    command = f"{sys.executable} -m trivium.cli inspect {folder} | head -n 1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert result.stdout.startswith("bert.embeddings")
    assert not result.stderr


def test_no_framework_is_loaded(folder, tmp_path):
    code = (
        "import sys; from trivium.cli import main\n"
        f"main(['convert', {str(folder)!r}, {str(tmp_path / 'out')!r}, '--to', 'tensorflow', '-q'], standalone_mode=False)\n"
        "print([name for name in ('torch', 'tensorflow', 'keras', 'jax', 'flax', 'safetensors') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
