"""Whole conversions: what must fit, what travels along, and what is left when something fails."""

from __future__ import annotations

import json
import shutil

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.convert import convert, inspect, save, verify
from trivium.convert.checkpoint import open_checkpoint
from trivium.convert.names import dialect_of, model_name
from trivium.convert.plan import fit, match
from trivium.convert.saving import TARGETS
from trivium.core.errors import (
    Collision,
    ConfigError,
    Corrupt,
    InputError,
    KeyMismatch,
    NotFound,
    ShapeMismatch,
    UnsupportedDtype,
    WriteError,
)  # fmt: skip
from trivium.core.layout import layout
from trivium.models import catalogue

from .checkpoints import BERT, FILES, GPT2, SAFETENSORS, checkpoint, drawn_weights, outputs, snapshot, write_checkpoint

VIT = {
    "architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": 8, "num_hidden_layers": 1,
    "num_attention_heads": 2, "intermediate_size": 12, "image_size": 4, "patch_size": 2,
}  # fmt: skip


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """Checkpoints whose numbers are any bits: NaN payloads, infinities, denormals, signed zeros."""
    generator, found = np.random.default_rng(0), {}
    for config in (BERT, GPT2, VIT):
        for dtype in (np.dtype(np.float32), np.dtype(ml_dtypes.bfloat16), np.dtype(np.float16)):
            weights = {
                name: generator.integers(0, 256, array.nbytes, np.uint8).view(dtype).reshape(array.shape)
                for name, array in drawn_weights(config, dtype=dtype).items()
            }
            folder = tmp_path_factory.mktemp("source")
            found[config["model_type"], dtype.name] = write_checkpoint(folder, weights, config)
    return found


@given(path=st.lists(st.sampled_from(sorted(TARGETS)), min_size=1, max_size=5), data=st.data())
@settings(max_examples=25, deadline=None)
def test_any_path_through_the_formats(path, data, sources, tmp_path_factory):  # F01, N09
    """Through all formats, in one file or in shards, in any order, and back: every bit is as it was."""
    source = sources[data.draw(st.sampled_from(sorted(sources)))]
    folder = tmp_path_factory.mktemp("path")
    at = source
    for step, to in enumerate(path):
        kind = TARGETS[to].kind
        shard_size = data.draw(st.sampled_from([None, 900])) if kind.sharded else None
        report = convert(at, folder / str(step), to, shard_size=shard_size, trust=True)
        at = folder / str(step)
        assert report.files[0] == kind.entries[shard_size is not None]
        assert not report.left_out
        assert verify(source, at, trust=True) == []
    convert(at, folder / "back", "torch", trust=True)
    assert (folder / "back" / "model.safetensors").read_bytes() == (source / "model.safetensors").read_bytes()
    shutil.rmtree(folder)


def test_report(tmp_path):
    folder, seen = checkpoint(tmp_path / "model"), []
    report = convert(folder, tmp_path / "out", "tensorflow", progress=lambda *args: seen.append(args))
    assert (report.architecture, report.network, report.notes) == ("bert", "BertForMaskedLM", ())
    assert (report.from_format, report.from_dialect, report.to_format, report.to_dialect) == (
        "safetensors", "torch", "hdf5", "tf4",
    )  # fmt: skip
    assert report.bytes == (tmp_path / "out" / "tf_model.h5").stat().st_size
    assert len(seen) == report.tensors
    assert seen[-1][0] == seen[-1][1] == 4 * report.parameters
    assert json.loads(json.dumps(report.as_dict()))["files"] == ["tf_model.h5", "README.md", "config.json"]


def test_companions_travel_unchanged(tmp_path):
    folder = checkpoint(tmp_path / "model")
    for name in ("tokenizer.json", "1_Pooling/config.json", "2_Dense/model.safetensors", ".gitattributes"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(name.encode())
    for name in (".git/config", ".cache/x", "pytorch_model.bin", "tf_model-00001-of-00002.h5", "model.fp16.safetensors"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"not to travel")
    before = snapshot(folder)
    report = convert(folder, tmp_path / "out", "flax")
    after = snapshot(tmp_path / "out")
    assert snapshot(folder) == before
    travelled = {"config.json", "tokenizer.json", "1_Pooling/config.json", "2_Dense/model.safetensors", ".gitattributes"}
    assert set(after) == travelled | {"flax_model.msgpack", "README.md"} == set(report.files)
    assert all(after[name] == before[name] for name in travelled)


def test_companions_do_not_lead_elsewhere(tmp_path):
    from trivium.core.errors import Unsafe

    folder = checkpoint(tmp_path / "model")
    (tmp_path / "secret").write_text("secret")
    (folder / "vocab.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(Unsafe, match="leads out of the folder"):
        convert(folder, tmp_path / "out", "flax")
    assert not (tmp_path / "out").exists()


def test_overwriting(tmp_path):
    folder, out = checkpoint(tmp_path / "model"), tmp_path / "out"
    out.mkdir()
    convert(folder, out, "tensorflow")
    with pytest.raises(WriteError, match="not empty"):
        convert(folder, out, "tensorflow")
    for stale in ("tf_model.h5.index.json", "tf_model-00001-of-00002.h5"):
        (out / stale).write_text("{}")
    (out / "notes.md").write_text("mine")
    convert(folder, out, "tensorflow", overwrite=True)
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "config.json", "notes.md", "tf_model.h5"]
    report = convert(folder, out, "torch", overwrite=True)
    assert not report.notes
    assert convert(folder, out, "flax", overwrite=True).notes == tuple(
        f"{name} is in the destination too, and is read before flax_model.msgpack"
        for name in ("model.safetensors", "tf_model.h5")
    )


def test_places_that_clash(tmp_path):
    folder = checkpoint(tmp_path / "model")
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").write_text("x")
    before = snapshot(tmp_path)
    for destination in (folder, folder / "inside", tmp_path, tmp_path / "link", tmp_path / "file", tmp_path / "file" / "x"):
        with pytest.raises(WriteError):
            convert(folder, destination, "flax", overwrite=True)
    with pytest.raises(InputError, match="no target"):
        convert(folder, tmp_path / "out", "onnx")
    with pytest.raises(UnsupportedDtype, match="no dtype 'float33'"):
        convert(folder, tmp_path / "out", "flax", dtype="float33")
    with pytest.raises(NotFound):
        convert(tmp_path / "absent", tmp_path / "out", "flax")
    assert snapshot(tmp_path) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("to", ["torch", "tensorflow", "flax"])
@pytest.mark.parametrize("exists", [True, False])
def test_interrupted(to, exists, tmp_path):
    folder, out = checkpoint(tmp_path / "model"), tmp_path / "out"
    if exists:
        convert(folder, out, to)
    before = snapshot(tmp_path)

    def interrupt(done, total, name):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(folder, out, to, overwrite=True, progress=interrupt)
    assert snapshot(tmp_path) == before
    assert out.exists() == exists


def test_source_that_changes(tmp_path):  # W22
    folder = checkpoint(tmp_path / "model")
    with pytest.raises(Corrupt, match="changed while it was read"):
        convert(folder, tmp_path / "out", "flax", progress=lambda *_: (folder / "model.safetensors").touch())
    assert not (tmp_path / "out").exists()


def test_dtype(tmp_path):
    folder = checkpoint(tmp_path / "model")
    report = convert(folder, tmp_path / "half", "flax", dtype="bfloat16")
    assert report.notes == ("weights were cast to bfloat16; config.json is as it was",)
    with open_checkpoint(folder) as source, open_checkpoint(tmp_path / "half") as half:
        one, other = fit(source), fit(half)
        for name in one.layout.weights:
            assert np.array_equal(one.read(name).astype(ml_dtypes.bfloat16), other.read(name))
    assert any("HDF5 has no bfloat16" in note for note in convert(tmp_path / "half", tmp_path / "tf", "tensorflow").notes)
    assert {difference.kind for difference in verify(folder, tmp_path / "half")} == {"dtype"}


def test_save(tmp_path):
    config = catalogue.config_class("bert").from_dict(BERT)
    network = catalogue.network_class("BertForMaskedLM")
    drawn = drawn_weights(BERT)
    weights = [(weight, lambda weight=weight: drawn[weight.name]) for weight in layout(network, config)]
    source = checkpoint(tmp_path / "model")
    for format, file in (("safetensors", "model.safetensors"), ("tensorflow", "tf_model.h5"), ("flax", "flax_model.msgpack")):
        assert save(weights, network, config, tmp_path / format, format) == tmp_path / format / file
        assert sorted(path.name for path in (tmp_path / format).iterdir()) == sorted(["config.json", file])
        assert verify(source, tmp_path / format) == []
    save(weights, network, config, tmp_path / "flax", "flax")  # over what is there


# What must fit


def changed(tmp_path, change, config=BERT):
    weights = drawn_weights(config)
    change(weights)
    return write_checkpoint(tmp_path / "model", weights, config)


def convert_it(folder):
    return convert(folder, folder.parent / "out", "flax")


def test_everything_that_does_not_fit_is_listed(tmp_path):
    def change(weights):
        del weights["bert.embeddings.LayerNorm.bias"], weights["cls.predictions.bias"]
        weights["extra.weight"] = np.zeros(3, "f4")
        weights["bert.embeddings.word_embeddings.weight"] = np.zeros((7, 8), "f4")

    with pytest.raises(KeyMismatch) as caught:
        convert_it(changed(tmp_path, change))
    for line in (
        "does not fit BertForMaskedLM",
        "missing: bert.embeddings.LayerNorm.bias [8]",
        "missing: cls.predictions.bias [11]",
        "unexpected: extra.weight [3]",
        "misshapen: bert.embeddings.word_embeddings.weight is [7, 8], [11, 8] is expected",
    ):
        assert line in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_misshapen_only(tmp_path):
    with pytest.raises(ShapeMismatch, match=r"is \[12\], \[11\] is expected"):
        convert_it(changed(tmp_path, lambda weights: weights.update({"cls.predictions.bias": np.zeros(12, "f4")})))


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod."])
def test_wrapped_names(wrapper, tmp_path):  # K54
    def change(weights):
        for name in list(weights):
            weights[wrapper + name] = weights.pop(name)

    with pytest.raises(KeyMismatch, match=f"begin with '{wrapper}'"):
        convert_it(changed(tmp_path, change))


def test_another_model(tmp_path):
    folder = checkpoint(tmp_path / "model", BERT)
    (folder / "config.json").write_text(json.dumps(GPT2))
    with pytest.raises(KeyMismatch, match="not one name fits"):
        convert_it(folder)


@pytest.mark.parametrize("named", [["TFBertForMaskedLM"], ["BertForQuestionAnswering"], [], ["SomethingElse"]])
def test_the_class_is_the_one_that_fits(named, tmp_path):
    folder = checkpoint(tmp_path / "model")
    (folder / "config.json").write_text(json.dumps(BERT | {"architectures": named}))
    report = convert_it(folder)
    assert report.network in ("BertForMaskedLM", "BertLMHeadModel")
    assert bool(report.notes) == (named != ["TFBertForMaskedLM"])


def test_bert_base_uncased_says_one_class_and_holds_another(tmp_path):
    config = BERT | {"architectures": ["BertForPreTraining"]}
    folder = checkpoint(tmp_path / "model", config)
    (folder / "config.json").write_text(json.dumps(BERT))
    report = convert_it(folder)
    assert report.network == "BertForPreTraining"
    assert report.notes == ("config.json names BertForMaskedLM; the tensors are exactly those of BertForPreTraining",)


CONFIGS = {
    "unknown": (BERT | {"model_type": "brt"}, "not one of Trivium's"),
    "none": ({"hidden_size": 8}, "names no architecture"),
    "range": (BERT | {"num_attention_heads": 3}, "num_attention_heads|hidden_size"),
    "a list": ([], "object"),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_configs(case, tmp_path):
    folder = checkpoint(tmp_path / "model")
    config, message = CONFIGS[case]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises((ConfigError, Corrupt), match=message) as caught:
        convert_it(folder)
    assert caught.value.path == folder / "config.json"
    (folder / "config.json").unlink()
    with pytest.raises(ConfigError, match=r"no config\.json"):
        convert_it(folder)


# Other spellings, ties, and what is left out


def test_spellings_of_old_checkpoints(tmp_path):
    """google-bert's first files: gamma and beta, and position_ids among the weights; GPT-2's: no prefix, and its masks."""

    def old_bert(weights):
        for name in [name for name in weights if "LayerNorm" in name]:
            weights[name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")] = (
                weights.pop(name)
            )
        weights["bert.embeddings.position_ids"] = np.arange(6)[None]

    def old_gpt2(weights):
        for name in list(weights):
            weights[name.removeprefix("transformer.")] = weights.pop(name)
        weights["h.0.attn.bias"] = np.ones((1, 1, 6, 6), bool)
        weights["h.0.attn.masked_bias"] = np.array(-1e4, "f4")

    for change, config, left in (
        (old_bert, BERT, ("bert.embeddings.position_ids",)),
        (old_gpt2, GPT2, ("h.0.attn.bias", "h.0.attn.masked_bias")),
    ):
        home = tmp_path / config["model_type"]
        folder = changed(home, change, config)
        report = convert_it(folder)
        assert sorted(report.left_out) == sorted(left)
        assert verify(folder, home / "out") == []
        assert verify(checkpoint(home / "new", config), home / "out") == []


def test_tied_copies(tmp_path):
    def tied(weights, change=0):
        weights["cls.predictions.decoder.weight"] = weights["bert.embeddings.word_embeddings.weight"] + np.float32(change)
        weights["cls.predictions.decoder.bias"] = weights["cls.predictions.bias"]

    folder = changed(tmp_path / "same", tied)
    report = convert_it(folder)
    assert report.copies == {
        "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
        "cls.predictions.decoder.bias": "cls.predictions.bias",
    }
    with pytest.raises(Collision, match="are one weight in BertForMaskedLM, but differ"):
        convert_it(changed(tmp_path / "apart", lambda weights: tied(weights, 1)))

    def only_the_copy(weights):
        weights["cls.predictions.decoder.weight"] = weights.pop("bert.embeddings.word_embeddings.weight")

    assert verify(changed(tmp_path / "copy", only_the_copy), folder) == []


def test_names():
    assert dialect_of(["bert/pooler/dense/kernel:0"]) == "tf4"
    assert dialect_of(["a.kernel", "b.scale", "c.weight", "d.bias"]) == "flax4"  # T5's norms have a weight in Flax, too
    assert dialect_of(["a.weight", "b.kernel", "c.weight"]) == "torch"
    names = {
        "BertLMHeadModel": "tf_bert_lm_head_model", "GPT2LMHeadModel": "tfgpt2lm_head_model", "ViTModel": "tf_vi_t_model",
        "GPT2DoubleHeadsModel": "tfgpt2_double_heads_model",
    }  # fmt: skip
    assert {name: model_name(catalogue.network_class(name)) for name in names} == names


# What a model's from_pretrained asks


def test_a_body_from_the_checkpoint_of_a_head(tmp_path):
    folder = checkpoint(tmp_path / "model")
    with open_checkpoint(folder) as found:
        network = catalogue.network_class("BertModel")
        body = match(found, network, network.config_class.from_dict(BERT))
        assert body.check_for_class() == {"pooler.dense.weight", "pooler.dense.bias"}
        assert np.array_equal(body.read("embeddings.word_embeddings.weight"), drawn_weights(BERT)[
            "bert.embeddings.word_embeddings.weight"
        ])  # fmt: skip
        with pytest.raises(KeyMismatch, match=r"unexpected: cls\.predictions\.bias"):
            body.check()


def test_a_head_from_the_checkpoint_of_a_body(tmp_path):
    folder = checkpoint(tmp_path / "model", BERT | {"architectures": ["BertModel"]})
    convert(folder, tmp_path / "tf", "tensorflow")
    for place in (folder, tmp_path / "tf"):
        with open_checkpoint(place) as found:
            network = catalogue.network_class("BertForSequenceClassification")
            head = match(found, network, network.config_class.from_dict(BERT))
            assert head.check_for_class() == {"classifier.weight", "classifier.bias"}


@pytest.mark.parametrize("name", ["cls.predictions.bias", "bert.encoder.layer.1.output.dense.weight"])
def test_a_part_that_is_half_there(name, tmp_path):
    folder = changed(tmp_path, lambda weights: weights.pop(name))
    with open_checkpoint(folder) as found:
        network = catalogue.network_class("BertForMaskedLM")
        with pytest.raises(KeyMismatch, match=f"missing: {name}"):
            match(found, network, network.config_class.from_dict(BERT)).check_for_class()


def test_ignored_by_the_user(tmp_path):
    folder = changed(tmp_path, lambda weights: weights.update({"extra.a": np.zeros(1), "extra.b": np.zeros(1)}))
    with open_checkpoint(folder) as found:
        network = catalogue.network_class("BertForMaskedLM")
        config = network.config_class.from_dict(BERT)
        with pytest.raises(KeyMismatch, match=r"unexpected: extra\.a"):
            match(found, network, config).check_for_class()
        ignoring = match(found, network, config, ignore=["extra.*"])
        assert ignoring.check_for_class() == set()
        assert sorted(ignoring.left_out) == ["extra.a", "extra.b"]


# Comparing and looking


def test_a_single_bit(tmp_path):  # N10
    folder = checkpoint(tmp_path / "model")
    convert(folder, tmp_path / "out", "tensorflow")
    weights = drawn_weights(BERT)
    weights["bert.encoder.layer.1.output.dense.weight"].view(np.uint32)[3, 4] ^= 1
    other = write_checkpoint(tmp_path / "other", weights, BERT)
    (difference,) = verify(other, tmp_path / "out")
    assert (difference.name, difference.kind) == ("bert.encoder.layer.1.output.dense.weight", "values")
    assert difference.message.startswith("1 of 96 elements differ, by at most ")


def test_differences(tmp_path):
    folder = checkpoint(tmp_path / "model")

    def change(weights):
        weights["extra"] = weights.pop("cls.predictions.bias")
        weights["bert.embeddings.LayerNorm.bias"] = np.zeros(9, "f4")
        weights["bert.embeddings.LayerNorm.weight"] = np.full(8, np.nan, "f4")

    found = {difference.name: difference.message for difference in verify(folder, changed(tmp_path / "other", change))}
    assert found == {
        "cls.predictions.bias": "only in the first",
        "extra": "only in the second",
        "bert.embeddings.LayerNorm.bias": "[8] and [9]",
        "bert.embeddings.LayerNorm.weight": "8 of 8 elements differ, by at most nan",
    }


def test_unknown_architectures_are_compared_by_their_own_names(tmp_path):
    for name in ("a", "b"):
        SAFETENSORS.module.write(tmp_path / f"{name}.safetensors", outputs({"x": np.ones(2), name: np.ones(1)}), {})
    found = verify(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    assert [(difference.name, difference.message) for difference in found] == [
        ("a", "only in the first"), ("b", "only in the second"),
    ]  # fmt: skip
    with pytest.raises(ConfigError, match=r"no config\.json"):
        verify(tmp_path / "a.safetensors", shutil.copy(FILES / "bert_tf" / "tf_model.h5", tmp_path))


def test_inspect(tmp_path):
    found = inspect(FILES / "bert_tf_sharded")
    assert (found.architecture, found.format, found.dialect, found.notes) == ("bert", "hdf5", "tf4", ())
    assert found.network is not None
    assert len(found.files) == 4
    assert found.bytes == 4 * found.parameters == 4 * found.dtypes["float32"]
    first = found.tensors[0]
    assert (first.key, first.weight) == (
        "bert/embeddings/word_embeddings/weight:0", "bert.embeddings.word_embeddings.weight",
    )  # fmt: skip
    SAFETENSORS.module.write(tmp_path / "x.safetensors", outputs({"x": np.ones((2, 3))}), {})
    alone = inspect(tmp_path / "x.safetensors")
    assert (alone.architecture, alone.network, alone.tensors[0].weight) == (None, None, None)
    assert alone.notes == ("there is no config.json, which says what the tensors are",)
