"""README's converter chapter, as a stranger would follow it: every line of it, and every option that it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from trivium import cli, convert

from .checkpoints import BERT, checkpoint, drawn_weights, write_checkpoint

README = (Path(__file__).parents[2] / "README.md").read_text()
CHAPTER = README.partition("## The converter")[2].partition("\n## ")[0]


def trivium(line, capsys, code=0):
    """What a command line prints."""
    assert cli.main.main(shlex.split(line), standalone_mode=False) in (code, None if code == 0 else code)
    return capsys.readouterr().out


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint(tmp_path / "SRC")
    return tmp_path


def test_every_command_line(here, capsys):
    """The block of commands: SRC is a checkpoint, A and B are two that are the same."""
    block = CHAPTER.partition("```\n")[2].partition("```")[0]
    lines = [line.split("#")[0].removeprefix("trivium ").strip() for line in block.splitlines() if line.strip()]
    assert [line.split()[0] for line in lines] == ["convert", "convert", "inspect", "explain", "verify", "doctor"]
    for to in ("torch", "tensorflow", "flax"):
        trivium(lines[0].replace("torch|tensorflow|flax", to).replace("DST", to), capsys)
    assert "bert.embeddings.word_embeddings.weight" in trivium(lines[1], capsys)
    assert "BertForMaskedLM" in trivium(lines[2], capsys)
    assert "embedding" in trivium(lines[3], capsys)
    assert "identical, bit for bit" in trivium(lines[4].replace("A B", "tensorflow flax"), capsys)
    trivium(lines[5], capsys)


def test_options(here, capsys):
    """Those that the text names."""
    named = set(re.findall(r"--[a-z-]+", CHAPTER))
    assert named == {
        "--to", "--dry-run", "--json", "--verify", "--parity", "--shard-size", "--jobs", "--resume", "--rename", "--ignore",
        "--allow-missing",
    }  # fmt: skip
    trivium("convert SRC verified --to flax --verify", capsys)
    assert trivium("convert SRC json --to flax --json", capsys).startswith("{")
    trivium("convert SRC shards --to torch --shard-size 2KB --jobs 2 --resume", capsys)
    assert (here / "shards" / "model.safetensors.index.json").exists()
    foreign = {name.replace("bert.", "backbone."): value for name, value in drawn_weights(BERT).items()}
    foreign = {name: value for name, value in foreign.items() if not name.startswith("cls.")}
    foreign |= {"optimizer.step": np.zeros(1, np.float32)}
    write_checkpoint(here / "foreign", {}, BERT)
    save_file(foreign, here / "foreign" / "model.safetensors")
    options = "--rename backbone.=bert. --ignore 'optimizer.*' --allow-missing 'cls.*'"
    trivium(f"convert foreign native --to torch {options}", capsys)
    with convert.open(here / "native") as weights:
        assert weights.network == "BertForMaskedLM"


def test_in_python(here):
    """The functions that the last paragraph names."""
    paragraph = CHAPTER.partition("In Python:")[2].replace("\n", " ")
    assert re.findall(r"`(?:trivium\.convert)?\.(\w+)\(", paragraph) == [
        "convert",
        "dry_run",
        "verify",
        "inspect",
        "explain",
        "open",
    ]
    convert.convert("SRC", "out", to="flax")
    assert convert.dry_run("SRC", "flax") and not convert.verify("SRC", "out")
    assert convert.inspect("out").network == "BertForMaskedLM" and convert.explain("bert")
