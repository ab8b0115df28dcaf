"""The options of a conversion: the plan, what may be absent, other prefixes, the check, the model card."""

from __future__ import annotations

import json
import socket

import numpy as np
import pytest
from click.testing import CliRunner

from trivium.cli import main
from trivium.convert import convert, dry_run, verify
from trivium.convert.checkpoint import open_checkpoint
from trivium.convert.saving import TARGETS
from trivium.core.errors import Collision, InputError, KeyMismatch, Mismatch
from trivium.core.layout import layout
from trivium.models import catalogue

from .checkpoints import BERT, GPT2, MARIAN, checkpoint, drawn_weights, snapshot, write_checkpoint

HEAD = "cls.predictions.transform.dense.weight"


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path):
    return checkpoint(tmp_path / "model")


@pytest.mark.parametrize("to", ["torch", "tensorflow", "flax"])
def test_the_plan_is_what_is_done(to, folder, tmp_path):
    found = dry_run(folder, to, dtype="float16")
    convert(folder, tmp_path / "out", to, dtype="float16")
    with open_checkpoint(tmp_path / "out") as written:
        assert {move.target: (move.target_shape, move.target_dtype) for move in found.moves} == {
            key: (tensor.shape, tensor.dtype.name) for key, tensor in written.tensors.items()
        }
        assert found.bytes == written.nbytes
    config = catalogue.config_class("bert").from_dict(BERT)
    assert [move.weight for move in found.moves] == list(layout(catalogue.network_class("BertForMaskedLM"), config).weights)
    dense = next(move for move in found.moves if move.weight == HEAD)
    assert dense.axes == ("oi" if to == "torch" else "oi -> io")


def test_dry_run(folder, tmp_path):
    result = run("convert", folder, tmp_path / "out", "--to", "flax", "--dry-run")
    assert result.exit_code == 0
    assert f"  {HEAD} 8x8 float32 -> cls.predictions.transform.dense.kernel 8x8 (oi -> io)" in result.stdout
    assert "nothing was written" in result.stdout
    assert not (tmp_path / "out").exists()
    found = json.loads(run("convert", folder, tmp_path / "out", "--to", "flax", "--dry-run", "--json").stdout)
    assert found["moves"][0]["source"] == "bert.embeddings.word_embeddings.weight"


def test_allow_missing(tmp_path):
    weights = drawn_weights(BERT, np.float16)
    del weights[HEAD]
    folder = write_checkpoint(tmp_path / "model", weights, BERT)
    with pytest.raises(KeyMismatch):
        convert(folder, tmp_path / "out", "flax", allow_missing=["bert.*"])
    report = convert(folder, tmp_path / "out", "flax", allow_missing=["cls.predictions.*.weight"], verify=True)
    assert report.drawn == (HEAD,)
    convert(tmp_path / "out", tmp_path / "back", "torch")
    with open_checkpoint(tmp_path / "back") as back:
        values = back.tensors[HEAD].read()
        assert values.dtype == np.float16
        assert 0 < np.abs(values).max() < 1
    assert dry_run(folder, "flax", allow_missing=["cls.*"]).drawn == (HEAD,)
    result = run("convert", folder, tmp_path / "again", "--to", "flax", "--allow-missing", "cls.*")
    assert f"drawn with seed 0; train them before use: {HEAD}" in result.stderr


@pytest.mark.parametrize("to", ["torch", "tensorflow", "flax"])
def test_what_old_files_lack(to, tmp_path):
    """`final_logits_bias` is no parameter, and was not always saved: it is zero then, in every format, and reported."""
    weights = drawn_weights(MARIAN, np.float16)
    del weights["final_logits_bias"]
    folder = write_checkpoint(tmp_path / "model", weights, MARIAN)
    plan = dry_run(folder, to)
    assert (plan.begun, plan.drawn) == (("final_logits_bias",), ())
    report = convert(folder, tmp_path / "out", to, verify=True)
    assert (report.network, report.begun, report.drawn) == ("MarianMTModel", ("final_logits_bias",), ())
    with open_checkpoint(tmp_path / "out", trust=True) as found:
        tensor = next(tensor for key, tensor in found.tensors.items() if "final_logits_bias" in key)
        assert (tensor.shape, tensor.dtype) == ((1, 11), np.float16)
        assert not tensor.read().any()
    result = run("convert", folder, tmp_path / "again", "--to", to)
    assert "as a new network has them: final_logits_bias" in result.stderr
    assert ("positions.weight is in no such file, since the code computes it; the source's is off by" in result.stderr) == (
        to != "tensorflow"
    )
    import trivium.numpy as door

    assert not door.MarianMTModel.from_pretrained(folder).final_logits_bias.any()


def test_ignore(tmp_path):
    folder = write_checkpoint(tmp_path / "model", {**drawn_weights(BERT), "extra.scale": np.ones(3, np.float32)}, BERT)
    with pytest.raises(KeyMismatch, match=r"unexpected: extra.scale \[3\]"):
        convert(folder, tmp_path / "out", "flax")
    assert convert(folder, tmp_path / "out", "flax", ignore=["extra.*"]).left_out == ("extra.scale",)
    assert run("convert", folder, tmp_path / "other", "--to", "flax", "--ignore", "extra.*").exit_code == 0


def test_rename(tmp_path):
    weights = drawn_weights(BERT)
    foreign = {f"net.{name.replace('bert.', 'encoder_model.', 1)}": array for name, array in weights.items()}
    folder = write_checkpoint(tmp_path / "model", foreign, BERT)
    options = ("--rename", "net.=", "--rename", "net.encoder_model.=bert.")
    assert run("convert", folder, tmp_path / "out", "--to", "torch", *options).exit_code == 0
    assert not verify(tmp_path / "out", write_checkpoint(tmp_path / "own", weights, BERT))
    with pytest.raises(KeyMismatch, match="no name begins with 'nett'"):
        convert(folder, tmp_path / "again", "flax", rename={"nett": ""})
    (tmp_path / "model").rename(tmp_path / "two")
    folder = write_checkpoint(tmp_path / "model", {"a.x": np.ones(2, np.float32), "x": np.ones(2, np.float32)}, BERT)
    with pytest.raises(Collision):
        convert(folder, tmp_path / "again", "flax", rename={"a.": ""})
    assert run("convert", folder, tmp_path / "again", "--to", "flax", "--rename", "nothing").exit_code == 2


@pytest.mark.parametrize("to", ["torch", "tensorflow", "flax"])
@pytest.mark.parametrize("dtype", [None, "bfloat16"])
def test_verify(to, dtype, folder, tmp_path, monkeypatch):
    convert(folder, tmp_path / "out", to, dtype=dtype, verify=True, shard_size=900)
    from trivium.convert import formats

    honest = formats.contiguous
    monkeypatch.setattr(formats, "contiguous", lambda array: honest(array) * np.array(1.5, array.dtype))
    with pytest.raises(Mismatch) as caught:
        convert(folder, tmp_path / "wrong", to, dtype=dtype, verify=True)
    assert caught.value.exit_code == 4
    assert not (tmp_path / "wrong").exists()


@pytest.mark.parametrize("jobs", [1, 4])
def test_jobs_give_the_same_files(jobs, folder, tmp_path):
    convert(folder, tmp_path / "one", "flax", shard_size=900)
    seen = []
    convert(folder, tmp_path / "many", "flax", shard_size=900, jobs=jobs, progress=lambda *given: seen.append(given))
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "many")
    assert seen[-1][0] == seen[-1][1]


def test_model_card(folder, tmp_path):
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    convert(folder, tmp_path / "out", "flax")
    card = (tmp_path / "out" / "README.md").read_text()
    assert card.startswith("---\nlicense: mit\n---\n# A model\n\n<!-- trivium")
    assert "- `flax_model.msgpack` was converted by Trivium from `model.safetensors` of `model`." in card
    convert(tmp_path / "out", tmp_path / "back", "torch")
    card = (tmp_path / "back" / "README.md").read_text()
    assert card.count("<!-- trivium: where") == 1
    assert card.count("was converted by Trivium") == 2
    cached = tmp_path / "models--google--bert" / "snapshots" / "0123abc"
    convert(checkpoint(cached), tmp_path / "cached", "flax")
    assert (
        "[google/bert](https://huggingface.co/google/bert), revision `0123abc`"
        in (tmp_path / "cached" / "README.md").read_text()
    )


@pytest.mark.parametrize(
    ("text", "size"), [("700", 700), ("2kB", 2000), ("1.5 MB", 1_500_000), ("1GiB", 2**30), ("3G", 3 * 10**9)]
)
def test_sizes(text, size):
    from trivium.cli import _Bytes

    assert _Bytes().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "0", "-1", "5XB", "MB"])
def test_sizes_that_are_none(text, folder, tmp_path):
    assert run("convert", folder, tmp_path / "out", "--to", "flax", f"--shard-size={text}").exit_code == 2


EVERY = list(TARGETS)


@pytest.mark.parametrize("config", [BERT, GPT2], ids=["bert", "gpt2"])
def test_every_format(config, tmp_path):
    folder = checkpoint(tmp_path / "torch", config)
    for number, to in enumerate(EVERY):
        source = tmp_path / EVERY[number - 1] if number > 1 else folder
        report = convert(source, tmp_path / to if number else tmp_path / "again", to, verify=True)
        assert report.bytes > 4 * report.parameters
        assert not verify(folder, report.destination)
    convert(tmp_path / EVERY[-1], tmp_path / "back", "torch")
    assert (tmp_path / "back" / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
    assert "model.orbax" not in snapshot(tmp_path / "back")


@pytest.mark.parametrize("to", EVERY)
def test_overwriting_in_every_format(to, folder, tmp_path):
    other = {name: array + 1 for name, array in drawn_weights(BERT).items()}
    convert(write_checkpoint(tmp_path / "other", other, BERT), tmp_path / "out", to)
    convert(folder, tmp_path / "out", to, overwrite=True)
    assert not verify(folder, tmp_path / "out")
    convert(folder, tmp_path / "new", to)
    assert set(snapshot(tmp_path / "out")) == set(snapshot(tmp_path / "new"))


def test_formats_that_cannot_be_split(folder, tmp_path):
    with pytest.raises(InputError, match="cannot be split"):
        convert(folder, tmp_path / "out", "orbax", shard_size=900)
    assert not (tmp_path / "out").exists()


def test_no_network_for_what_is_here(folder, tmp_path, monkeypatch):  # C10
    def refuse(*_):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert run("convert", folder, tmp_path / "out", "--to", "flax").exit_code == 0
    assert run("verify", folder, tmp_path / "out").exit_code == 0
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert run("inspect", tmp_path / "absent").exit_code == 1
