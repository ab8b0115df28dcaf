"""An architecture as one file: it computes what Trivium's network does, with Trivium nowhere to be found."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from tests import drawn
from tests.backends import FRAMEWORKS, NAMES, Backend
from tests.conftest import Golden, goldens, one_golden_per_class, stands_for_all
from tests.kept import Kept
from tests.test_goldens import TOLERANCE
from trivium.core.errors import ConfigError, InputError, WriteError
from trivium.models import catalogue
from trivium.research import eject as ejecting
from trivium.research.binding import unregister
from trivium.research.eject import writing

ROOT = Path(__file__).parents[2]
EVERYWHERE = "TRIVIUM_ALL_EJECTED" in os.environ
"""Whether all backends run every architecture; else PyTorch does, and the others a few."""
FEW = {
    "numpy": ("bert", "llama", "t5", "whisper", "mixtral", "mamba", "detr"),
    "tensorflow": ("gpt2", "resnet"),
    "flax": ("resnet",),
}
PAIRS = ("llava", "encoder-decoder", "speech-encoder-decoder", "vision-encoder-decoder")
"""What is ejected by a checkpoint, which says what it is made of."""
REPRESENTATIVES = [golden for golden in one_golden_per_class() if stands_for_all(golden)]
CASES = [
    pytest.param(golden, backend, id=f"{golden.model_type}-{backend}")
    for golden in REPRESENTATIVES
    for backend in NAMES
    if backend == "torch" or EVERYWHERE or golden.model_type in FEW[backend]
]


def module_of(text: str, name: str) -> Any:
    """An ejected file, run as a module."""
    module = types.ModuleType(name)
    sys.modules[name] = module  # where dataclasses look for their types
    exec(compile(text, f"{name}.py", "exec"), vars(module))
    return module


def built(module: Any, golden: Golden, checkpoint: Path) -> Any:
    """The golden's class of an ejected module, with the golden's weights."""
    config = catalogue.network_class(golden.class_name).config_class.__name__  # type: ignore[attr-defined]
    model = getattr(module, golden.class_name)(getattr(module, config).from_json(checkpoint / "config.json"))
    module.load_weights(model, checkpoint)
    return model


def check(model: Any, golden: Golden, backend: Backend) -> None:
    """Compares a model's outputs with the golden's: losses, logits, hidden states, attentions."""
    for case in golden.content["cases"]:
        inputs = drawn.nested({name: backend.array(drawn.unpack(value)) for name, value in case["inputs"].items()})
        with backend._inference():
            out = model(**inputs, **case["options"])
        for name, expected in case["outputs"].items():
            compare(backend, name, getattr(out, name), expected)


def compare(backend: Backend, name: str, found: Any, expected: Any) -> None:
    """Asserts that a part of an output is the golden's."""
    parts: Any = expected.get("fields") if isinstance(expected, dict) else dict(enumerate(expected))
    for part, value in (parts or {}).items():
        field = found[part] if isinstance(found, dict) or not isinstance(part, str) else getattr(found, part)
        compare(backend, f"{name}.{part}", field, value)
    if parts is None:
        assert Kept(expected).error(backend.numpy(found)) < TOLERANCE, name


@pytest.mark.parametrize(("golden", "backend"), CASES, indirect=["backend"])
def test_outputs(golden: Golden, backend: Backend, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an ejected network says of a checkpoint of Transformers is what Transformers says."""
    monkeypatch.setattr(writing, "formatted", lambda text, fixes: text)  # which takes a while, and has a test of its own
    name = str(checkpoint) if golden.model_type in PAIRS else golden.model_type
    text = ejecting.eject(name, backend.name, golden.class_name)
    check(built(module_of(text, f"ejected_{golden.class_name}_{backend.name}"), golden, checkpoint), golden, backend)


@pytest.mark.parametrize("backend", ["torch"], indirect=True)
def test_whole_architecture(backend: Backend, tmp_path: Path) -> None:
    """Without a class there are all, in one file."""
    module = module_of(ejecting.eject("bert", backend.name), "ejected_bert")
    for golden in (golden for golden in goldens() if golden.model_type == "bert"):
        check(built(module, golden, golden.write(tmp_path / repr(golden))), golden, backend)


@pytest.mark.parametrize("backend", ["torch"], indirect=True)
def test_cache(backend: Backend, tmp_path: Path) -> None:
    """Token by token with a cache the logits are those of the whole text."""
    golden = next(golden for golden in REPRESENTATIVES if golden.model_type == "llama")
    module = module_of(ejecting.eject("llama", "torch", "LlamaForCausalLM"), "ejected_llama_cache")
    golden = next(g for g in goldens() if g.class_name == "LlamaForCausalLM")
    model = built(module, golden, golden.write(tmp_path))
    ids = backend.array(np.arange(14).reshape(2, 7) % 11)
    with backend._inference():
        whole, cache = model(ids).logits, model.init_cache(2, 9)
        for place in range(7):
            out = model(ids[:, place : place + 1], past_key_values=cache)
            cache = out.past_key_values
            np.testing.assert_allclose(out.logits[:, 0].numpy(), whole[:, place].numpy(), atol=1e-5)


ALONE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused}:
            raise ImportError(name + " is not to be had")
sys.meta_path.insert(0, Refuse())
sys.argv = ["ejected.py", {checkpoint!r}]
import runpy
runpy.run_path({file!r}, run_name="__main__")
"""


@pytest.mark.parametrize("backend", NAMES)
def test_stands_alone(backend: str, tmp_path: Path) -> None:
    """As a program of its own, in a process where neither Trivium nor the other frameworks can be imported."""
    golden = next(g for g in goldens() if g.class_name == "BertForMaskedLM")
    text = ejecting.eject("bert", backend, "BertForMaskedLM")
    (tmp_path / "ejected.py").write_text(text)
    others = {"trivium", *FRAMEWORKS} - {
        "tensorflow" if backend == "tensorflow" else backend,
        "flax" if backend == "flax" else "",
    }
    program = ALONE.format(
        refused=sorted(others), checkpoint=str(golden.write(tmp_path / "checkpoint")), file=str(tmp_path / "ejected.py")
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert found.returncode == 0, found.stderr[-2000:]
    count = sum(int(np.prod(shape)) for shape in golden.content["weights"].values())
    assert f"{count:,} weights" in found.stdout


@pytest.mark.parametrize(
    ("name", "backend"), [("roberta", "torch"), ("mixtral", "flax"), ("t5", "tensorflow"), ("resnet", "numpy")]
)
def test_style(name: str, backend: str, tmp_path: Path) -> None:
    """The file is clean by the rules of this project, has no warning, and defines nothing that it does not use."""
    text = ejecting.eject(name, backend)
    (tmp_path / "ejected.py").write_text(text)
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), "--ignore=D"]
    found = subprocess.run([*ruff, str(tmp_path / "ejected.py")], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
    laid_out = [sys.executable, "-m", "ruff", "format", "--check", "--config", str(ROOT / "pyproject.toml")]
    assert subprocess.run([*laid_out, str(tmp_path / "ejected.py")], capture_output=True).returncode == 0
    subprocess.run([sys.executable, "-W", "error", "-m", "py_compile", str(tmp_path / "ejected.py")], check=True)
    tree = ast.parse(text)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }
    public = set(catalogue.architectures()[name])
    assert defined - used <= public, defined - used - public
    assert "trivium." not in text.partition("from __future__")[2]


def test_a_relative_is_flat() -> None:
    """RoBERTa, which is BERT's relative, is a class of its own, and so are its heads."""
    classes = {node.name: node for node in ast.parse(ejecting.eject("roberta", "torch")).body if isinstance(node, ast.ClassDef)}
    for name in ("RobertaModel", "RobertaForMaskedLM", "RobertaForSequenceClassification"):
        assert [ast.unparse(base) for base in classes[name].bases] == ["Model"]
    assert "BertConfig" not in classes


def test_comments_stay() -> None:
    """Shapes, reasons and docstrings of the original are there."""
    text = ejecting.eject("bert", "numpy", "BertForMaskedLM")
    assert "# (B, T, D), (B or 1, T), (B or 1, T) -> (B, T, D)" in text
    assert "Devlin and others, arXiv:1810.04805" in text
    assert '"""BERT that predicts masked tokens. Labels: (B, T), -100 where there is nothing to predict."""' in text


def test_errors_of_loading(tmp_path: Path) -> None:
    """What is missing, not expected, or of another shape is an error that names it."""
    from safetensors.numpy import save_file

    golden = next(g for g in goldens() if g.class_name == "BertForMaskedLM")
    module = module_of(ejecting.eject("bert", "numpy", "BertForMaskedLM"), "ejected_errors")
    checkpoint = golden.write(tmp_path)
    model = built(module, golden, checkpoint)
    name, weights = "bert.encoder.layer.0.output.dense.weight", golden.weights()
    for changed, error in (
        ({key: value for key, value in weights.items() if key != name}, module.MissingWeights),
        (weights | {"bert.other.weight": weights[name]}, module.UnexpectedWeights),
        (weights | {name: weights[name][:1]}, module.ShapeMismatch),
    ):
        save_file({key: np.ascontiguousarray(value) for key, value in changed.items()}, tmp_path / "model.safetensors")
        with pytest.raises(error, match="bert"):
            module.load_weights(model, tmp_path)
    with pytest.raises(module.ConfigError, match="position_embedding_type"):
        module.BertConfig(position_embedding_type="rotary")


def test_own_architecture(tmp_path: Path) -> None:
    """A network file of one's own is ejected as the others are."""
    import trivium.numpy

    hybrid = trivium.bind(ROOT / "examples" / "hybrid.py", "numpy")
    try:
        model = hybrid.HybridForCausalLM(hybrid.HybridConfig(num_hidden_layers=1))
        model.save_pretrained(tmp_path)
        module = module_of(ejecting.eject(hybrid.HybridForCausalLM, "numpy"), "ejected_hybrid")
        other = module.HybridForCausalLM(module.HybridConfig.from_json(tmp_path / "config.json"))
        module.load_weights(other, tmp_path)
        ids = np.arange(12).reshape(2, 6)
        np.testing.assert_allclose(other(ids, labels=ids).loss, model(ids, labels=ids).loss, rtol=1e-6)
        unregister("hybrid")
        by_path = ejecting.eject(str(ROOT / "examples" / "hybrid.py"), "numpy", "HybridForCausalLM")
        assert by_path == ejecting.eject(hybrid.HybridForCausalLM, "numpy")
    finally:
        unregister("hybrid")


@pytest.mark.parametrize("backend", ["numpy", "torch"], indirect=True)
def test_notebook(backend: Backend, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The notebook is valid, its cells run, and it shows shapes by the paths of the layers."""
    golden = next(g for g in goldens() if g.class_name == "BertForMaskedLM")
    checkpoint = golden.write(tmp_path / "checkpoint")
    text = ejecting.eject_notebook("bert", backend.name, "BertForMaskedLM", str(checkpoint))
    found = nbformat.reads(text, as_version=4)
    nbformat.validate(found)
    module = types.ModuleType("ejected_notebook")
    sys.modules["ejected_notebook"] = module
    for cell in found.cells:
        if cell.cell_type == "code":
            exec(cell.source, vars(module))
    width = golden.content["config"]["hidden_size"]
    assert module.seen["bert.encoder.layer.0.attention.self.query"] == (2, 8, width)
    assert "bert.encoder.layer.0" in capsys.readouterr().out


def test_errors(tmp_path: Path) -> None:
    """What there is not is named with what is near; a file that is there stays."""
    with pytest.raises(ConfigError, match=r"(?s)'brt'.*'bert'"):
        ejecting.eject("brt", "torch")
    with pytest.raises(InputError, match=r"(?s)'BertForMaskLM'.*'BertForMaskedLM'"):
        ejecting.eject("bert", "torch", "BertForMaskLM")
    with pytest.raises(InputError, match=r"(?s)'pytorch'.*'torch'"):
        ejecting.eject("bert", "pytorch")
    path = tmp_path / "there.py"
    path.write_text("mine")
    with pytest.raises(WriteError, match="--force"):
        ejecting.write("other", path)
    assert path.read_text() == "mine"
    ejecting.write("other", path, force=True)
    assert path.read_text() == "other" and [each.name for each in tmp_path.iterdir()] == ["there.py"]


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`trivium eject` writes the file, and the notebook."""
    from trivium.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(["eject", "resnet", "--backend", "numpy", "--class", "ResNetModel"], standalone_mode=False) == 0
    assert "class ResNetModel" in (tmp_path / "resnet_numpy.py").read_text()
    assert main(["eject", "resnet", "--backend", "numpy", "--notebook", "-o", "r.ipynb"], standalone_mode=False) == 0
    assert json.loads((tmp_path / "r.ipynb").read_text())["nbformat"] == 4
    assert main(["eject", "resnet", "--backend", "numpy", "-o", "r.ipynb"], standalone_mode=False) == 1
