"""`from_pretrained` and `save_pretrained`: every format in every backend, the Hub, Auto classes, and what bad input says."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import drawn
from tests.backends import NAMES, Backend, each_backend
from tests.conftest import GOLDENS, Golden, goldens, native_goldens
from trivium.core.auto import TASKS
from trivium.core.errors import (
    CheckpointError,
    Collision,
    ConfigError,
    Corrupt,
    InputError,
    KeyMismatch,
    NotFound,
    ShapeMismatch,
)
from trivium.models import catalogue

FILES = GOLDENS / "files"  # which Transformers wrote
FORMATS = {"safetensors": "model.safetensors", "tensorflow": "tf_model.h5", "flax": "flax_model.msgpack"}
IDS = {"input_ids": np.array([[1, 5, 7, 2], [3, 3, 0, 36]], np.int32)}


def the(name: str) -> Golden:
    """A golden by its name."""
    return next(golden for golden in goldens() if repr(golden) == name)


def weights(model: Any) -> dict[str, np.ndarray]:
    """A model's weights by their names on the Hub."""
    return {weight.name: np.array(read()) for weight, read in model.read_weights()}


def same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    """Asserts that two sets of weights are the same, bit for bit."""
    assert found.keys() == wanted.keys()
    for name, value in found.items():
        assert value.dtype == wanted[name].dtype, name
        assert value.tobytes() == wanted[name].tobytes(), name


def rewrite(folder: Path, **changes: Any) -> Path:
    """A checkpoint with some weights replaced, added, or left out where they are None, by Hub name ("." is "__")."""
    from safetensors.numpy import load_file, save_file

    held = load_file(folder / "model.safetensors") | {name.replace("__", "."): value for name, value in changes.items()}
    save_file({name: value for name, value in held.items() if value is not None}, folder / "model.safetensors")
    return folder


# Formats


@each_backend
@pytest.mark.parametrize("folder", sorted(path.name for path in FILES.iterdir()))
def test_files_of_transformers(backend: Backend, folder: str) -> None:
    """Every format that Transformers wrote, sharded too, loads in every framework: the very weights, and the same output."""
    model = backend.door.AutoModelForPreTraining.from_pretrained(FILES / folder)
    wanted = {weight.name: drawn.weight(weight.name, weight.shape) for weight in model.layout}
    same(weights(model), wanted)
    reference = REFERENCE.door.AutoModelForPreTraining.from_pretrained(FILES / folder, dtype="float64")
    name = "prediction_logits" if "bert" in folder else "logits"
    found, expected = (backend.numpy(backend.call(model, IDS)[name]), reference(**IDS)[name])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


REFERENCE = Backend("numpy")


@each_backend
@pytest.mark.parametrize("name", ["BertForMaskedLM-default", "GPT2LMHeadModel-default", "ViTForMaskedImageModeling-default"])
def test_save_and_load(backend: Backend, name: str, tmp_path: Path) -> None:
    """What a framework saves, in any format, NumPy loads again bit for bit, with config.json key for key."""
    golden = the(name)
    cls = getattr(backend.door, golden.class_name)
    for dtype in ("float32", "bfloat16", "float16"):
        model = cls(cls.config_class.from_dict(golden.content["config"]), dtype=dtype, seed=3)
        for format, file in FORMATS.items():
            folder = tmp_path / dtype / format
            model.save_pretrained(folder, format)
            assert sorted(path.name for path in folder.iterdir()) == sorted(["config.json", file])
            found = getattr(REFERENCE.door, golden.class_name).from_pretrained(folder)
            same(weights(found), weights(model))
            assert json.loads((folder / "config.json").read_text()) == golden.content["config"]


@each_backend
def test_dtype(backend: Backend, tmp_path: Path) -> None:
    """Weights keep the checkpoint's dtype unless another is asked for; float64 where the framework has it."""
    folder = the("BertModel-gelu_new").write(tmp_path)
    wanted = weights(backend.door.BertModel.from_pretrained(folder))
    assert {value.dtype.name for value in wanted.values()} == {"float32"}
    for dtype in ("bfloat16", "float16", "float32") + (() if backend.name == "flax" else ("float64",)):
        found = weights(backend.door.BertModel.from_pretrained(folder, dtype=dtype))
        same(found, {name: value.astype(found[name].dtype) for name, value in wanted.items()})
        assert {value.dtype.name for value in found.values()} == {dtype}
    if backend.name == "flax":  # JAX would make it float32 without a word
        with pytest.raises(ConfigError, match="jax_enable_x64"):
            backend.door.BertModel.from_pretrained(folder, dtype="float64")


@each_backend
def test_a_single_file_and_overrides(backend: Backend, tmp_path: Path) -> None:
    """A weight file can be given in place of its directory; keyword arguments override fields of the config."""
    folder = the("BertForSequenceClassification-gelu_new").write(tmp_path)
    cls = backend.door.BertForSequenceClassification
    found = cls.from_pretrained(folder / "model.safetensors", problem_type="regression", output_attentions=True)
    assert found.config.problem_type == "regression"
    assert backend.call(found, IDS).attentions is not None
    config = cls.config_class.from_pretrained(folder, output_attentions=True)
    same(weights(cls.from_pretrained(str(folder), config=config)), weights(found))
    with pytest.raises(ConfigError, match=r"no field 'problem_typ'\n.*'problem_type'"):
        cls.from_pretrained(folder, problem_typ="regression")


@each_backend
def test_same_seed_same_weights(backend: Backend) -> None:
    """A seed gives the same first values in every framework; another seed, others."""
    for name in ("BertForPreTraining-untied", "GPT2DoubleHeadsModel-default", "ViTForMaskedImageModeling-default"):
        golden = the(name)
        cls, reference = (getattr(door, golden.class_name) for door in (backend.door, REFERENCE.door))
        config = cls.config_class.from_dict(golden.content["config"])
        wanted = weights(reference(config, seed=5))
        same(weights(cls(config, seed=5)), wanted)
        other = weights(cls(config, seed=6))
        drawn_names = {name for name, value in wanted.items() if np.ptp(value) > 0}
        assert len(drawn_names) > 10
        assert all(not np.array_equal(other[name], wanted[name]) for name in drawn_names)
        assert all(np.array_equal(other[name], wanted[name]) for name in wanted.keys() - drawn_names)


# Classes


@each_backend
@pytest.mark.parametrize("golden", list({g.class_name: g for g in native_goldens()}.values()), ids=repr)
def test_auto_classes(backend: Backend, golden: Golden) -> None:
    """An Auto class picks the class whose name it promises, in its own framework."""
    config = catalogue.config_class(golden.model_type).from_dict(golden.content["config"])
    prefix = type(config).__name__.removesuffix("Config")
    tasks = [task for task, suffixes in TASKS.items() if golden.class_name.removeprefix(prefix) in suffixes]
    assert tasks or golden.class_name == "GPT2DoubleHeadsModel"
    for task in tasks:
        found = getattr(backend.door, task).class_for(config)
        assert found is getattr(backend.door, found.__name__)
        first = next(suffix for suffix in TASKS[task] if prefix + suffix in catalogue.architectures()[golden.model_type])
        assert found.__name__ == prefix + first
        assert found.__module__.startswith(f"trivium.backends.{backend.name}.")


@each_backend
def test_auto_model(backend: Backend, tmp_path: Path) -> None:
    """AutoModel loads and makes models; a task that the architecture lacks is refused with those that it has."""
    folder = the("BertForMaskedLM-default").write(tmp_path)
    door = backend.door
    assert type(door.AutoModel.from_pretrained(folder)) is door.BertModel
    assert type(door.AutoModelForMaskedLM.from_pretrained(folder, dtype="bfloat16")) is door.BertForMaskedLM
    assert type(door.AutoModel.from_config(door.AutoConfig.from_pretrained(folder))) is door.BertModel
    with pytest.raises(ConfigError, match=r"bert has no class for AutoModelForImageClassification\n.*AutoModelForMaskedLM"):
        door.AutoModelForImageClassification.from_pretrained(folder)


@pytest.mark.parametrize("backend", NAMES, indirect=True)
def test_door(backend: Backend) -> None:
    """A door lists what it has, and offers the nearest for what it has not."""
    names = dir(backend.door)
    assert {"BertModel", "GPT2Config", "AutoModelForMaskedLM", "AutoConfig"} <= set(names)
    assert all(getattr(backend.door, name) is not None for name in names)
    with pytest.raises(AttributeError, match="did you mean 'BertModel'"):
        _ = backend.door.BertModle


# Parts that a checkpoint lacks, or has beside


@each_backend
def test_head_is_drawn(backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A head that the checkpoint lacks is drawn after its scheme with the seed, and reported; the body is the checkpoint's."""
    folder = the("BertForMaskedLM-default").write(tmp_path)
    cls = backend.door.BertForSequenceClassification
    with caplog.at_level(logging.WARNING, "trivium"):
        found = cls.from_pretrained(folder, num_labels=3, seed=4)
    assert len(caplog.records) == 1
    message = caplog.records[0].getMessage()
    for name in ("classifier.weight", "classifier.bias", "bert.pooler.dense.weight", "seed 4", str(folder)):
        assert name in message
    assert "encoder" not in message
    wanted = {name: value for name, value in the("BertForMaskedLM-default").weights().items() if name.startswith("bert.")}
    wanted |= {name: value for name, value in weights(cls(found.config, seed=4)).items() if name not in wanted}
    same(weights(found), wanted)
    assert found.classifier is not None


@each_backend
@pytest.mark.parametrize(
    ("name", "body"),
    [("BertForPreTraining-default", "BertModel"), ("GPT2LMHeadModel-default", "GPT2Model")],
)
def test_body_of_a_pretraining_checkpoint(
    backend: Backend, name: str, body: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A body loads from the checkpoint of a class with a head, silently; a head from that of a body, with a warning."""
    golden = the(name)
    with caplog.at_level(logging.WARNING, "trivium"):
        found = getattr(backend.door, body).from_pretrained(golden.write(tmp_path / "head"))
    assert not caplog.records
    prefix = found.body_prefix + "."
    own = {name.removeprefix(prefix): value for name, value in golden.weights().items() if name.startswith(prefix)}
    same(weights(found), own)
    found.save_pretrained(tmp_path / "body")
    whole = getattr(backend.door, golden.class_name).from_pretrained(tmp_path / "body")
    assert {name: value.tobytes() for name, value in weights(whole).items() if name.startswith(prefix)} == {
        prefix + name: value.tobytes() for name, value in own.items()
    }


# Bad input: nothing that depends on the framework, so NumPy's door stands for all


bert = pytest.fixture(lambda tmp_path: the("BertForMaskedLM-default").write(tmp_path / "bert"))
load = REFERENCE.door.BertForMaskedLM.from_pretrained


def test_missing_directory(tmp_path: Path) -> None:
    """A path that is not there is not taken for a name on the Hub."""
    with pytest.raises(NotFound, match="no such file or directory") as caught:
        load(tmp_path / "nowhere")
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_missing_file(bert: Path, missing: str) -> None:
    """A directory without config or weights says which file was looked for."""
    (bert / missing).unlink()
    with pytest.raises(NotFound, match=missing.replace(".", r"\.")):
        load(bert)


@pytest.mark.parametrize("folder", ["bert_tf", "bert_flax", "bert_torch_sharded"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.999])
def test_truncated_file(folder: str, kept: float, tmp_path: Path) -> None:
    """A file that ends too early is corrupt, in every format, and the error names it."""
    target = tmp_path / "copy"
    target.mkdir()
    for path in (FILES / folder).iterdir():
        data = path.read_bytes()
        broken = path.suffix != ".json" and "00002" not in path.name
        (target / path.name).write_bytes(data[: int(len(data) * kept)] if broken else data)
    with pytest.raises(CheckpointError) as caught:
        REFERENCE.door.BertForPreTraining.from_pretrained(target)
    assert str(target) in str(caught.value)
    assert isinstance(caught.value, Corrupt) or kept == 0.0


def test_missing_shard(tmp_path: Path) -> None:
    """A shard that the index names and that is not there."""
    target = tmp_path / "copy"
    target.mkdir()
    for path in (FILES / "bert_torch_sharded").iterdir():
        if "00002" not in path.name:
            (target / path.name).write_bytes(path.read_bytes())
    with pytest.raises(NotFound, match=r"model-00002-of-00003.safetensors"):
        REFERENCE.door.BertForPreTraining.from_pretrained(target)


def test_everything_that_does_not_fit_is_listed(bert: Path) -> None:
    """One error lists all that is missing, unexpected and misshapen."""
    rewrite(
        bert,
        bert__embeddings__LayerNorm__bias=None,
        bert__encoder__layer__1__output__dense__weight=None,
        bert__encoder__layer__9__stray=np.zeros(3, np.float32),
        bert__encoder__layer__0__attention__self__query__weight=np.zeros((16, 15), np.float32),
    )
    with pytest.raises(KeyMismatch) as caught:
        load(bert)
    for line in (
        "missing: bert.embeddings.LayerNorm.bias [16]",
        "missing: bert.encoder.layer.1.output.dense.weight [16, 24]",
        "unexpected: bert.encoder.layer.9.stray [3]",
        "misshapen: bert.encoder.layer.0.attention.self.query.weight is [16, 15], [16, 16] is expected",
        str(bert),
    ):
        assert line in str(caught.value)
    found = load(rewrite(bert, **the_missing()), ignore=["bert.encoder.layer.9.*"])
    same(weights(found), the("BertForMaskedLM-default").weights())


def the_missing() -> dict[str, np.ndarray]:
    """The golden's weights, as `rewrite` takes them."""
    return {name.replace(".", "__"): value for name, value in the("BertForMaskedLM-default").weights().items()}


def test_misshapen_weight(bert: Path) -> None:
    """A weight of another shape: the error has both shapes, and so it is with a size changed in the config."""
    rewrite(bert, bert__embeddings__word_embeddings__weight=np.zeros((38, 16), np.float32))
    with pytest.raises(ShapeMismatch, match=r"word_embeddings.weight is \[38, 16\], \[37, 16\] is expected"):
        load(bert)


def test_half_a_head_is_missing(bert: Path) -> None:
    """A head that is there in part is no new head, but a damaged checkpoint."""
    rewrite(bert, cls__predictions__transform__dense__weight=None)
    with pytest.raises(KeyMismatch, match=r"missing: cls\.predictions\.transform\.dense\.weight"):
        load(bert)


def test_untied_copy_that_disagrees(bert: Path) -> None:
    """A second copy of a tied weight is taken if it is the same, and reported if it is not."""
    table = the("BertForMaskedLM-default").weights()["bert.embeddings.word_embeddings.weight"]
    same(weights(load(rewrite(bert, cls__predictions__decoder__weight=table))), the("BertForMaskedLM-default").weights())
    with pytest.raises(Collision, match="tie_word_embeddings"):
        load(rewrite(bert, cls__predictions__decoder__weight=table + 1))


def test_wrong_class_and_architecture(bert: Path) -> None:
    """A checkpoint of another architecture, an unknown one, and a config of another class."""
    with pytest.raises(ConfigError, match="model_type is 'bert'; GPT2Config is for 'gpt2'"):
        REFERENCE.door.GPT2Model.from_pretrained(bert)
    with pytest.raises(ConfigError, match="takes a BertConfig, not"):
        REFERENCE.door.BertModel(REFERENCE.door.GPT2Config())
    with pytest.raises(ConfigError, match="takes a BertConfig, not"):
        REFERENCE.door.BertModel(bert)
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | {"model_type": "brt"}))
    with pytest.raises(ConfigError, match=r"'brt'.*\n.*did you mean 'bert'"):
        REFERENCE.door.AutoModel.from_pretrained(bert)


def test_save_to_an_unknown_format(bert: Path, tmp_path: Path) -> None:
    """An unknown format is refused with the nearest, and nothing is written."""
    with pytest.raises(InputError, match="did you mean 'flax'"):
        load(bert).save_pretrained(tmp_path / "new", "flaxx")
    assert not (tmp_path / "new").exists()


def test_assign_weights(bert: Path) -> None:
    """Weights given by hand are checked: their names and shapes."""
    model = load(bert)
    with pytest.raises(KeyMismatch, match="no weight 'stray'"):
        model.assign_weights({"stray": np.zeros(1)})
    with pytest.raises(ShapeMismatch, match=r"has shape \(2,\)"):
        model.assign_weights({"cls.predictions.bias": np.zeros(2)})


# The environment


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING", "KERAS"))}
    root = Path(__file__).parents[1]
    options: dict[str, Any] = {"capture_output": True, "text": True, "cwd": root, "env": inherited | environment}
    return subprocess.run([sys.executable, "-c", code], **options)


@pytest.mark.parametrize(
    ("door", "module"),
    [("torch", "torch"), ("tensorflow", "tensorflow"), ("tensorflow", "keras"), ("flax", "flax"), ("flax", "jax")],
)
def test_framework_is_not_installed(door: str, module: str) -> None:
    """The door of a framework that is not there says which extra to install."""
    code = f"""
import sys
sys.modules[{module!r}] = None
from trivium.core.errors import BackendMissing
try:
    import trivium.{door}
except BackendMissing as error:
    assert isinstance(error, ImportError)
    print(error)
"""
    found = run(code, TF_CPP_MIN_LOG_LEVEL="3")
    assert f'pip install "trivium[{door}]"' in found.stdout, found.stderr
    assert f"{module} is not installed" in found.stdout


def test_keras_with_another_backend() -> None:
    """Keras that is loaded with another backend cannot be TensorFlow's: the error says what to do."""
    code = """
import keras
from trivium.core.errors import BackendMissing
try:
    import trivium.tensorflow
except BackendMissing as error:
    print(error)
"""
    found = run(code, KERAS_BACKEND="numpy", TF_CPP_MIN_LOG_LEVEL="3")
    assert "already imported with the backend 'numpy'" in found.stdout, found.stderr
    assert "KERAS_BACKEND=tensorflow" in found.stdout
