"""model.weights.h5: what Keras saves is read, and what Trivium writes Keras loads."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from tests.backends import Backend
from tests.convert.checkpoints import BERT, GPT2, checkpoint
from trivium.convert import convert, verify
from trivium.convert.checkpoint import open_checkpoint
from trivium.convert.formats import kind_named
from trivium.convert.names import key
from trivium.convert.rules import Rules
from trivium.core.errors import UnknownFormat
from trivium.core.layout import layout

pytest.importorskip("keras")
VIT = {
    "architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": 8, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 12, "image_size": 8, "patch_size": 4,
}  # fmt: skip
CASES = [
    (BERT, "BertForMaskedLM"), (BERT, "BertModel"), (BERT | {"tie_word_embeddings": False}, "BertForPreTraining"),
    (BERT | {"is_decoder": True, "add_cross_attention": True}, "BertLMHeadModel"), (BERT, "BertForSequenceClassification"),
    (GPT2, "GPT2Model"), (GPT2, "GPT2LMHeadModel"), (GPT2 | {"tie_word_embeddings": False}, "GPT2LMHeadModel"),
    (VIT, "ViTModel"), (VIT, "ViTForImageClassification"),
]  # fmt: skip
KERAS = kind_named("keras")


@pytest.fixture(scope="module")
def tensorflow():
    return Backend("tensorflow")


def build(config, name, dtype="float32"):
    import trivium.tensorflow as door
    from trivium.models import catalogue

    parsed = catalogue.config_class(config["model_type"]).from_dict({**config, "architectures": [name]})
    return getattr(door, name)(parsed, dtype=dtype, seed=1)


def weights(model):
    return {weight.name: np.asarray(read()) for weight, read in model.read_weights()}


@pytest.mark.parametrize(
    ("config", "name", "dtype"), [*((*case, "float32") for case in CASES), (GPT2, "GPT2LMHeadModel", "bfloat16")]
)
def test_both_ways(config, name, dtype, tensorflow, tmp_path):
    """The names are those that Keras gives, the values arrive, and Keras loads the file that is written from another one."""
    model = build(config, name, dtype)
    source = tmp_path / "keras"
    source.mkdir()
    (source / "config.json").write_text(model.config.to_json())
    model.save_weights(source / KERAS.file)
    expected = weights(model)
    found = layout(model.unbound(), model.config)
    with open_checkpoint(source) as held:
        assert (held.format, held.dialect) == ("keras", "tensorflow")
        assert set(held.tensors) == {key(weight, found, "tensorflow", Rules()) for weight in found}
    convert(source, tmp_path / "torch", "torch")
    with open_checkpoint(tmp_path / "torch") as held:
        assert held.tensors.keys() == expected.keys()
        for weight, array in expected.items():
            assert held.tensors[weight].read().tobytes() == array.tobytes()
    assert verify(source, tmp_path / "torch") == []

    other = build(config, name, dtype)
    other.assign_weights({weight: np.zeros_like(array) for weight, array in expected.items()})
    path = tmp_path / KERAS.file
    outputs = kind_named("keras").module.read(source / KERAS.file)
    from trivium.convert.formats import Output

    KERAS.module.write(path, [Output(t.key, t.dtype, t.shape, t.read) for t in outputs], {})
    other.load_weights(path)
    assert all(array.tobytes() == expected[weight].tobytes() for weight, array in weights(other).items())


def test_from_a_class_to_another(tensorflow, tmp_path):
    import trivium.tensorflow as door

    model = build(GPT2, "GPT2LMHeadModel")
    (tmp_path / "config.json").write_text(model.config.to_json())
    model.save_weights(tmp_path / KERAS.file)
    body = door.GPT2Model.from_pretrained(tmp_path)
    expected = weights(model)
    for name, array in weights(body).items():
        assert np.array_equal(array, expected[f"transformer.{name}"])
    body.save_weights(tmp_path / KERAS.file)
    again = door.GPT2LMHeadModel.from_pretrained(tmp_path)
    assert all(np.array_equal(array, expected[name]) for name, array in weights(again).items())


def test_an_optimizer_is_left_out(tensorflow, tmp_path):
    model = build(BERT, "BertModel")
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    (tmp_path / "config.json").write_text(model.config.to_json())
    model.save_weights(tmp_path / KERAS.file)
    with h5py.File(tmp_path / KERAS.file) as file:
        assert "optimizer" in file
    report = convert(tmp_path, tmp_path.parent / f"{tmp_path.name}-out", "torch")
    assert report.left_out
    assert all(name.startswith("optimizer/vars/") for name in report.left_out)


def test_two_layouts_of_hdf5_are_told_apart(tmp_path):
    convert(checkpoint(tmp_path / "model"), tmp_path / "tf", "tensorflow")
    (tmp_path / "tf" / "tf_model.h5").rename(tmp_path / KERAS.file)
    with pytest.raises(UnknownFormat, match="not Keras 3's"):
        open_checkpoint(tmp_path / KERAS.file)
    with h5py.File(tmp_path / "tf_model.h5", "w") as file:
        file["layer/vars/0"] = np.zeros(2)
    with pytest.raises(UnknownFormat) as caught:
        open_checkpoint(tmp_path / "tf_model.h5")
    assert "weights.h5" in caught.value.hint
