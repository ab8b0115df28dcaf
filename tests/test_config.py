"""Configs: read and written key for key, frozen, comparable, and strict about what is not supported."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import trivium.numpy
from tests.conftest import Golden, every_golden
from trivium.core.auto import AutoConfig
from trivium.core.config import Config
from trivium.core.errors import ConfigError, Corrupt, NotFound
from trivium.core.names import nearest
from trivium.generation.config import GenerationConfig
from trivium.models import catalogue
from trivium.models.bert.config import BertConfig
from trivium.models.gpt2.config import GPT2Config
from trivium.models.vit.config import ViTConfig

CLASSES = {folder: catalogue.config_class(folder) for folder in catalogue.architectures()}
every_class = pytest.mark.parametrize("cls", CLASSES.values(), ids=lambda cls: cls.__name__)


ENCODERS = {"encoder-decoder": "bert", "vision-encoder-decoder": "vit", "speech-encoder-decoder": "wav2vec2"}
"""Whose configs are nothing without their parts, and one of those."""


def written(directory: Path, **values: Any) -> Path:
    """A directory with a config.json."""
    (directory / "config.json").write_text(json.dumps(values))
    return directory


# Reading and writing


@every_golden
def test_round_trip_of_goldens(golden: Golden, tmp_path: Path) -> None:
    """Transformers' config.json comes back key for key, in its order, from a dict and from a file."""
    values = golden.content["config"]
    cls = catalogue.config_class(values["model_type"])
    assert list(cls.from_dict(values).to_dict().items()) == list(values.items())
    found = cls.from_pretrained(written(tmp_path, **values))
    found.save_pretrained(tmp_path / "other")
    assert json.loads((tmp_path / "other" / "config.json").read_text()) == values
    assert AutoConfig.from_pretrained(tmp_path) == found
    assert cls.from_pretrained(tmp_path / "config.json") == found


@pytest.mark.parametrize(
    "values",
    [
        {"model_type": "bert", "a key of the future": {"deep": [1, None, 2.5]}, "auto_map": None},
        {"model_type": "bert", "torch_dtype": "float16"},
        {"model_type": "bert", "dtype": "float16"},
        {"model_type": "bert", "id2label": {"0": "no", "1": "yes", "2": "Ä"}, "label2id": {"no": 0, "yes": 1, "Ä": 2}},
        {"model_type": "bert", "num_labels": 5},
        {"model_type": "bert", "hidden_dropout_prob": 0, "layer_norm_eps": 1e-12, "pruned_heads": {}},
        {"model_type": "bert", "architectures": []},
        {"model_type": "gpt2", "n_embd": 24, "n_layer": 1, "n_ctx": 1024, "eos_token_id": [1, 2]},
        {"model_type": "gpt2", "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2},
        {"model_type": "vit", "image_size": [12, 8], "patch_size": 4},
        {"hidden_size": 24, "num_attention_heads": 2},
    ],
    ids=lambda values: ",".join(values),
)
def test_round_trip(values: dict[str, Any]) -> None:
    """Every key comes back as it was, known or not, under the name and in the form in which it was written."""
    cls = CLASSES[values.get("model_type", "bert")]
    assert cls.from_dict(values).to_dict() == values


@every_class
def test_files_name_their_architecture(cls: type[Config], tmp_path: Path) -> None:
    """Whatever a config was read from, its file says the model_type, by which AutoConfig and the converter find its class."""
    values: dict[str, Any] = {}
    if cls.model_type in ENCODERS:
        values["encoder"] = {"model_type": ENCODERS[cls.model_type]}
        values["decoder"] = {"model_type": "gpt2", "add_cross_attention": True}
    for said in (values, {**values, "output_attentions": True}):
        config = cls.from_dict(said)
        config.save_pretrained(tmp_path)
        found = json.loads((tmp_path / "config.json").read_text())
        assert found == found | said | {"model_type": cls.model_type}
        assert type(AutoConfig.from_pretrained(tmp_path)) is cls
        config.to_json_file(tmp_path / "other.json")
        assert (tmp_path / "other.json").read_text() == (tmp_path / "config.json").read_text()


def test_files_name_their_class(tmp_path: Path) -> None:
    """A saved model's config.json names its class and its model_type, though nobody did."""
    sizes = {"vocab_size": 5, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4}
    trivium.numpy.BertModel(BertConfig.from_dict(sizes), seed=0).save_pretrained(tmp_path)
    found = json.loads((tmp_path / "config.json").read_text())
    assert (found["architectures"], found["model_type"]) == (["BertModel"], "bert")


def test_spellings() -> None:
    """A field is had under its own name and its other names; a key that is no field, under its own."""
    config = GPT2Config.from_dict({"hidden_size": 24, "n_layer": 3, "torch_dtype": "float16", "mystery": 7})
    assert (config.n_embd, config.hidden_size) == (24, 24)
    assert (config.n_layer, config.num_hidden_layers) == (3, 3)
    assert config.dtype == "float16"
    assert config.mystery == 7
    with pytest.raises(AttributeError, match=r"no field 'n_embed'.*'n_embd'"):
        _ = config.n_embed


@pytest.mark.parametrize(
    ("model_type", "parameters", "fields"),
    [
        ("llama", {"rope_theta": 5e5, "rope_type": "default"}, {"rope_theta": 5e5, "rope_scaling": None}),
        (
            "llama",
            {"rope_theta": 3.0, "rope_type": "linear", "type": "linear", "factor": 2.0},
            {"rope_theta": 3.0, "rope_scaling": {"rope_type": "linear", "type": "linear", "factor": 2.0}},
        ),
        (
            "gpt_neox",
            {"rope_theta": 7.0, "partial_rotary_factor": 0.5, "rope_type": "default"},
            {"rotary_emb_base": 7.0, "rotary_pct": 0.5},
        ),
    ],
)
def test_rotary_fields_of_transformers_5(model_type: str, parameters: dict[str, Any], fields: dict[str, Any]) -> None:
    config = CLASSES[model_type].from_dict({"model_type": model_type, "rope_parameters": parameters})
    assert {name: getattr(config, name) for name in fields} == fields
    again = CLASSES[model_type].from_dict(config.to_dict())
    assert again == config and "rope_parameters" not in config.to_dict()  # what is written has one place for each number


def test_rotary_fields_of_several_kinds_of_layers() -> None:
    parameters = {"full_attention": {"rope_theta": 1e6}, "sliding_attention": {"rope_theta": 1e4}}
    with pytest.raises(ConfigError, match="several kinds of layers are not supported: full_attention, sliding_attention"):
        CLASSES["llama"].from_dict({"model_type": "llama", "rope_parameters": parameters})


def test_a_missing_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error names the nearest fields; asking whether there is one does not look for them, which takes a while."""
    searched = []
    monkeypatch.setattr("trivium.core.config.nearest", lambda name, known: searched.append(name) or nearest(name, known))
    assert not hasattr(GPT2Config(), "n_heads") and getattr(GPT2Config(), "n_heads", 3) == 3
    assert not searched
    with pytest.raises(AttributeError, match=r"GPT2Config has no field 'n_heads'; did you mean 'n_head'") as caught:
        GPT2Config().n_heads  # noqa: B018
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_labels() -> None:
    """Labels follow from their number or their names, which have to agree; an override of the number drops the names."""
    assert BertConfig().num_labels == 2
    assert BertConfig(num_labels=3).id2label == {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
    named = BertConfig.from_dict({"id2label": {"0": "a", "1": "b", "2": "c"}})
    assert named.num_labels == 3
    assert named.label2id == {"a": 0, "b": 1, "c": 2}
    assert named.replace(num_labels=4).id2label == BertConfig(num_labels=4).id2label
    with pytest.raises(ConfigError, match="num_labels is 2, but id2label names 3"):
        BertConfig.from_dict({"id2label": named.id2label, "num_labels": 2})


def test_overrides(tmp_path: Path) -> None:
    """An override replaces the field, under whichever name, and is written; the other keys stay as they were."""
    values = {"model_type": "gpt2", "n_embd": 24, "n_head": 2, "torch_dtype": "float16", "mystery": 7}
    folder = written(tmp_path, **values)
    for name in ("n_embd", "hidden_size"):
        config = GPT2Config.from_pretrained(folder, **{name: 12, "resid_pdrop": 0.5})
        assert config.n_embd == 12
        assert config.to_dict() == values | {"n_embd": 12, "resid_pdrop": 0.5}
    assert GPT2Config.from_pretrained(folder, dtype="float32").to_dict() == values | {"torch_dtype": "float32"}
    config = GPT2Config.from_pretrained(folder)
    assert config.replace(n_head=3).to_dict() == values | {"n_head": 3}
    assert config.n_head == 2


def test_unknown_override() -> None:
    """An override that is no field is a mistake: the nearest is offered. In config.json it is a key to keep."""
    with pytest.raises(ConfigError, match=r"BertConfig has no field 'hiden_size'\n.*did you mean 'hidden_size'") as caught:
        BertConfig.from_dict({}, hiden_size=3)
    assert caught.value.key == "hiden_size"
    assert BertConfig.from_dict({"hiden_size": 3}).to_dict() == {"hiden_size": 3}
    with pytest.raises(TypeError, match="hiden_size"):
        BertConfig(hiden_size=3)  # type: ignore[call-arg]


@every_class
def test_new_config_says_what_it_is(cls: type[Config]) -> None:
    """A new config's file has the architecture and every field of it, and reads back as the same."""
    values = json.loads(cls().to_json())
    assert values["model_type"] == cls.model_type
    own = {field.name for field in dataclasses.fields(cls)} - {field.name for field in dataclasses.fields(Config)}
    assert own <= values.keys()
    assert cls.from_dict(values) == cls()


# As a value


@every_class
def test_is_a_value(cls: type[Config]) -> None:
    """Configs are frozen, compare and hash by their fields, and survive pickling."""
    size = "initializer_range" if "initializer_range" in {field.name for field in dataclasses.fields(cls)} else "num_labels"
    config, same, other = cls(), cls(), cls(**{size: 7})
    assert config == same
    assert hash(config) == hash(same)
    assert config != other
    assert len({config, same, other}) == 2
    assert pickle.loads(pickle.dumps(other)) == other
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, size, 9)
    assert repr(config) != repr(other)


def test_differs_by_class() -> None:
    """Configs of two architectures are never equal, nor are those that differ in an unknown key."""
    values = {"num_labels": 3}
    assert BertConfig.from_dict(values) != ViTConfig.from_dict(values)
    assert BertConfig.from_dict({"mystery": 1}) != BertConfig.from_dict({"mystery": 2})


# Errors


@pytest.mark.parametrize(
    ("cls", "field", "value", "message"),
    [
        (BertConfig, "hidden_size", "16", "an integer"),
        (BertConfig, "hidden_size", 0, "an integer from 1"),
        (BertConfig, "hidden_size", True, "an integer"),
        (BertConfig, "hidden_size", 16.0, "an integer"),
        (BertConfig, "hidden_size", None, "an integer"),
        (BertConfig, "num_hidden_layers", -1, "an integer from 0"),
        (BertConfig, "hidden_dropout_prob", 1.5, "a number from 0 to 1"),
        (BertConfig, "hidden_dropout_prob", float("nan"), "a number from 0 to 1"),
        (BertConfig, "layer_norm_eps", "1e-12", "a number"),
        (BertConfig, "classifier_dropout", -0.1, "a number from 0 to 1 or null"),
        (BertConfig, "hidden_act", "mish", "one of .*'gelu'"),
        (BertConfig, "is_decoder", 1, "a boolean"),
        (BertConfig, "position_embedding_type", "relative", "supported: 'absolute', 'relative_key'"),
        (BertConfig, "problem_type", "ranking", "supported: 'regression'"),
        (BertConfig, "architectures", "BertModel", "of type"),
        (BertConfig, "id2label", ["a"], "of type"),
        (BertConfig, "id2label", {"a": "b"}, "of type"),
        (BertConfig, "dtype", 16, "a string or null"),
        (BertConfig, "pruned_heads", {"0": [1]}, "pruned heads are not supported"),
        (BertConfig, "eos_token_id", 1.5, "an integer"),
        (GPT2Config, "summary_type", "last", "supported: 'cls_index'"),
        (GPT2Config, "n_inner", 0, "an integer from 1"),
        (GPT2Config, "summary_use_proj", False, "supported: True"),
        (ViTConfig, "image_size", [224, "x"], "an integer"),
        (ViTConfig, "image_size", [], "neither one size nor"),
        (ViTConfig, "patch_size", [1, 2, 3], "neither one size nor"),
        (ViTConfig, "image_size", 8, "smaller than a patch"),
    ],
)
def test_bad_value(cls: type[Config], field: str, value: Any, message: str, tmp_path: Path) -> None:
    """A value that is not valid, or not honoured, is refused with the field's name and what is supported."""
    with pytest.raises(ConfigError, match=message) as caught:
        cls.from_dict({field: value})
    assert caught.value.key == field
    assert f"{cls.__name__}.{field}" in str(caught.value)
    if value == value:  # JSON has no NaN
        with pytest.raises(ConfigError, match=message) as caught:
            cls.from_pretrained(written(tmp_path, **{field: value}))
        assert str(tmp_path / "config.json") in str(caught.value)


@pytest.mark.parametrize(
    ("cls", "values", "field"),
    [
        (BertConfig, {"hidden_size": 30, "num_attention_heads": 4}, "hidden_size"),
        (BertConfig, {"add_cross_attention": True}, "add_cross_attention"),
        (GPT2Config, {"n_embd": 30, "n_head": 4}, "n_embd"),
        (ViTConfig, {"hidden_size": 30, "num_attention_heads": 4}, "hidden_size"),
    ],
)
def test_contradiction(cls: type[Config], values: dict[str, Any], field: str) -> None:
    """Fields that contradict each other are refused."""
    with pytest.raises(ConfigError, match=field) as caught:
        cls.from_dict(values)
    assert caught.value.key == field


def test_other_architecture(tmp_path: Path) -> None:
    """A config.json of another architecture is refused, and the class that finds the right one named."""
    with pytest.raises(ConfigError, match=r"model_type is 'gpt2'; BertConfig is for 'bert'\n.*AutoConfig") as caught:
        BertConfig.from_pretrained(written(tmp_path, model_type="gpt2"))
    assert caught.value.path == tmp_path / "config.json"
    assert type(AutoConfig.from_pretrained(tmp_path)) is GPT2Config


def test_unknown_architecture(tmp_path: Path) -> None:
    """An unknown model_type is refused with the nearest; so is a file that names none."""
    with pytest.raises(ConfigError, match=r"'brt' is not one of Trivium's\n.*did you mean 'bert'") as caught:
        AutoConfig.from_pretrained(written(tmp_path, model_type="brt"))
    assert caught.value.path == tmp_path / "config.json"
    with pytest.raises(ConfigError, match="no model_type"):
        AutoConfig.from_pretrained(written(tmp_path, hidden_size=3))
    with pytest.raises(ConfigError, match=r"'../bert' is not one"):
        AutoConfig.from_pretrained(written(tmp_path, model_type="../bert"))
    assert AutoConfig.for_model("vit", image_size=32) == ViTConfig(image_size=32)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": NaN}', '{"a": 1, "a": 2}', '{"a": 1e999}', "\xff{}"])
def test_damaged_file(text: str, tmp_path: Path) -> None:
    """What is no JSON object is refused, with the file's name."""
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(Corrupt, match=str(tmp_path / "config.json")):
        BertConfig.from_pretrained(tmp_path)


def test_missing_file(tmp_path: Path) -> None:
    """A directory without a config.json is not found, with the path that was looked for."""
    with pytest.raises(NotFound, match=r"config.json"):
        BertConfig.from_pretrained(tmp_path)
    with pytest.raises(NotFound, match="no such file or directory"):
        BertConfig.from_pretrained(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("model_type", "field", "value"),
    [
        ("bart", "forced_eos_token_id", 2),
        ("mbart", "forced_eos_token_id", 2),
        ("blenderbot", "forced_eos_token_id", 2),
        ("blenderbot-small", "forced_eos_token_id", 2),
        ("marian", "forced_eos_token_id", 0),
        ("pegasus", "forced_eos_token_id", 1),
        ("m2m_100", "forced_eos_token_id", None),
        ("whisper", "begin_suppress_tokens", (220, 50256)),
    ],
)
def test_what_transformers_generates_with_by_default(model_type: str, field: str, value: Any) -> None:
    """Configs made in code, and files that leave it out, generate with the defaults of Transformers' config class."""
    cls = catalogue.config_class(model_type)
    for made in (cls(), cls.from_dict({"model_type": model_type})):
        assert getattr(GenerationConfig.from_model_config(made), field) == value
    assert getattr(GenerationConfig.from_model_config(cls(**{field: None})), field) is None
