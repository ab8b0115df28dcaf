"""Architectures of one's own: bound to every backend, known everywhere, and told where they leave the contract."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import trivium
from tests.backends import Backend, each_backend
from trivium import cli
from trivium.core.errors import ConfigError, ContractError, InputError, NotFound
from trivium.models import catalogue
from trivium.research import binding, contract

ROOT = Path(__file__).parents[2]
HYBRID = ROOT / "examples" / "hybrid.py"
SCALE = "scale = q.shape[-1] ** -0.5"  # a line of the hybrid's
IDS = np.arange(12).reshape(2, 6) % 7
MASK = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])


@pytest.fixture(scope="module", autouse=True)
def unknown_afterwards() -> Iterator[None]:
    """No other test is to meet what these tests register."""
    yield
    for folder in list(binding._known):
        binding.unregister(folder)
    assert "hybrid" not in catalogue.architectures()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the hybrid, in the Hub's own format."""
    network = trivium.bind(HYBRID, "numpy")
    directory = tmp_path_factory.mktemp("hybrid")
    network.HybridForCausalLM(network.HybridConfig(num_hidden_layers=1), seed=3).save_pretrained(directory)
    return directory


@each_backend
def test_bound(backend: Backend, checkpoint: Path) -> None:
    """A file outside the package is native everywhere: its class, the Auto class and the checkpoint go together."""
    network = trivium.bind(HYBRID, backend.name)
    model = backend.door.AutoModelForCausalLM.from_pretrained(checkpoint)
    assert type(model) is network.HybridForCausalLM is backend.door.HybridForCausalLM
    assert model.config == trivium.AutoConfig.from_pretrained(checkpoint)
    assert type(model.config) is trivium.bind(HYBRID).HybridConfig
    assert issubclass(type(model), importlib.import_module(f"trivium.backends.{backend.name}.nn").Model)

    reference = trivium.bind(HYBRID, "numpy").HybridForCausalLM.from_pretrained(checkpoint, dtype="float64")
    for given in ({"input_ids": IDS}, {"input_ids": IDS, "attention_mask": MASK, "labels": IDS}):
        found, wanted = backend.call(model, given), reference(**given)
        assert np.allclose(backend.numpy(found.logits), wanted.logits, rtol=0, atol=1e-5)
        assert ("loss" in found) == ("labels" in given)


@each_backend
def test_generates(backend: Backend) -> None:
    """With its cache a hybrid writes what it would write by reading all anew; padding and masks change nothing."""
    network, config = trivium.bind(HYBRID, backend.name), {"initializer_range": 0.6, "num_hidden_layers": 1}
    model = network.HybridForCausalLM(network.HybridConfig(**config), seed=1)
    reference = trivium.bind(HYBRID, "numpy").HybridForCausalLM(network.HybridConfig(**config), seed=1)
    prompts = [[5, 9, 3, 7, 1, 2, 8], [4, 4, 6]]
    found = backend.numpy(model.generate(prompts, max_new_tokens=6, pad_token_id=0))
    for prompt, row in zip(prompts, found, strict=True):
        text = list(prompt)
        for _ in range(6):
            text.append(int(reference(np.array([text])).logits[0, -1].argmax()))
        assert row[-6:].tolist() == text[-6:] and len(set(text[-6:])) > 2


def test_what_keeps_no_cache(tmp_path: Path) -> None:
    """A network without one generates nothing, and says what it lacks."""
    text = HYBRID.read_text().replace("Hybrid", "Forgetful").replace('"hybrid"', '"forgetful"')
    start, end = text.index("    def init_cache"), text.index("    def forward(\n")
    sources = {
        "ForgetfulModel has no cache": text[:start] + text[end:],
        "no past_key_values": text.replace("past_key_val", "val"),
    }
    for number, (message, source) in enumerate(sources.items()):
        path = tmp_path / f"{number}.py"
        path.write_text(source)
        network = trivium.bind(path, "numpy")
        with pytest.raises(InputError, match=rf"{message}(?s:.*)docs/research.md"):
            network.ForgetfulForCausalLM(network.ForgetfulConfig(), seed=0).generate([[1, 2]])


def test_converted(checkpoint: Path, tmp_path: Path) -> None:
    """The converter takes it round, and the command line does with `--register`, in a process that knows nothing of it."""
    for source, target, to in ((checkpoint, "a", "tensorflow"), (tmp_path / "a", "b", "flax"), (tmp_path / "b", "c", "torch")):
        trivium.convert.convert(source, tmp_path / target, to)
    report = trivium.convert.convert(checkpoint, tmp_path / "d", "npz", parity=True)  # in processes that know nothing of it
    assert report.parity.passed, report.parity.not_run
    assert cli.main(["--register", str(HYBRID), "verify", str(checkpoint), str(tmp_path / "c")], standalone_mode=False) == 0
    command = [sys.executable, "-m", "trivium.cli", "--register", str(HYBRID), "explain", "HybridForCausalLM"]
    page = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert re.search(r"blocks\.0\.conv\.weight .*\n.*32x1x3", page)


def test_folder_and_given_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder as in trivium/models; and a config that is defined elsewhere."""
    text = HYBRID.read_text().replace("Hybrid", "Twofold").replace('"hybrid"', '"two-fold"')
    start, end = text.index("class TwofoldConfig"), text.index("class Block")
    config = "from trivium.core.config import Config, Count, Epsilon, Rate, Scale, Size\n\n\n" + text[start:end]
    rest = text[:start] + "from trivium.models.two_fold.config import TwofoldConfig\n\n\n" + text[end:]
    folder = tmp_path / "anywhere"
    folder.mkdir()
    (folder / "config.py").write_text(config)
    (folder / "network.py").write_text(rest)
    bound = trivium.bind(folder, "numpy")
    assert bound.TwofoldModel(bound.TwofoldConfig(num_hidden_layers=1))(IDS).last_hidden_state.shape == (2, 6, 32)

    (tmp_path / "elsewhere.py").write_text(config)
    monkeypatch.syspath_prepend(tmp_path)
    given = importlib.import_module("elsewhere").TwofoldConfig
    single = tmp_path / "single.py"
    single.write_text(rest)
    trivium.register(given, single)
    assert Backend("numpy").door.TwofoldModel.config_class is given
    with pytest.raises(InputError, match="needs the network's file"):
        trivium.register(given)


def test_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is importable, a package that is such a folder, can be given as it is."""
    package = tmp_path / "fourth"
    package.mkdir()
    text = HYBRID.read_text().replace("Hybrid", "Fourth").replace('"hybrid"', '"fourth"')
    start, end = text.index("class FourthConfig"), text.index("class Block")
    (package / "__init__.py").write_text("")
    (package / "config.py").write_text(
        text[:start].replace("from .. import heads, masks, multihead, nn, ops", "") + text[start:end]
    )
    (package / "network.py").write_text(
        text[:start] + "from trivium.models.fourth.config import FourthConfig\n\n\n" + text[end:]
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert trivium.bind(importlib.import_module("fourth"), "numpy").FourthModel


def test_bound_again_after_an_edit(tmp_path: Path) -> None:
    """An edited file is read anew; an old model goes on, and an unchanged file is not loaded twice."""
    path = tmp_path / "edited.py"
    text = HYBRID.read_text().replace("Hybrid", "Edited").replace('"hybrid"', '"edited"')
    path.write_text(text)
    first = trivium.bind(path, "numpy")
    assert trivium.bind(path, "numpy") is first
    door = Backend("numpy").door
    assert door.EditedModel is first.EditedModel
    old = first.EditedModel(first.EditedConfig(num_hidden_layers=1))
    path.write_text(text.replace("BaseModelOutput(self.norm(x), **kept)", "BaseModelOutput(self.norm(x) * 2, **kept)"))
    second = trivium.bind(path, "numpy")
    new = second.EditedModel(second.EditedConfig(num_hidden_layers=1))
    assert np.allclose(new(IDS).last_hidden_state, 2 * old(IDS).last_hidden_state)
    assert door.EditedModel is second.EditedModel


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("from .. import caches", "import torch\nfrom .. import caches", r":\d+: torch is outside the contract"),
        ("from .. import caches,", "from trivium.models import caches,", r"bound to no backend\n.*from \.\. "),
        ("ops.silu", "ops.sillu", r"there is no ops.sillu\n  hint: did you mean 'silu'"),
        ("nn.RMSNorm", "nn.RmsNorm", r"there is no nn.RmsNorm; so do lines \d+\n.*'RMSNorm'"),
        ("heads.CausalLM", "heads.CausalML", r"there is no heads.CausalML\n.*'CausalLM'"),
        ("heads, masks", "heads, nothing, masks", r"there is no 'nothing' to be bound"),
        (SCALE, f"{SCALE}\n        k[:, 0] = 0", r"a tensor is written in place.*\n.*ops.where"),
        (SCALE, f"{SCALE}\n        k[:, 0] += 1", r"a tensor is written in place"),
        (SCALE, f"{SCALE}\n        b = x.shape[0]", r"x.shape\[0\] may be unknown\n.*ops.shape\(x\)"),
        (SCALE, f"{SCALE}\n        b, t, d = x.shape", r"x.shape is unpacked\n.*ops.shape\(x\)"),
        (SCALE, "scale = self.norm(x).view(-1)", r"\.view\(\) is a method of one framework's tensors\n.*ops.reshape"),
        (SCALE, "scale = x if ops.sum(x) > 0 else -x", r"a Python branch on the value of ops.sum\(x\)\n.*ops.where"),
        ("class HybridModel(", "class HybridModel((", r":\d+: this is not Python"),
        ('model_type = "hybrid"', 'model_type = "bert"', r"'bert' is one of Trivium's\n.*another"),
        ('model_type = "hybrid"', 'model_type = "a b"', r"'a b' is no name"),
        ('model_type = "hybrid"', 'kind = "hybrid"', r"no config class with a model_type\n.*class MyConfig"),
        ("class HybridConfig", "class OtherConfig", r"no network class\n.*goes with MyConfig"),
    ],
)  # fmt: skip
def test_outside_the_contract(old: str, new: str, message: str, tmp_path: Path) -> None:
    """A file that cannot run everywhere is refused, with the line and the remedy."""
    text = HYBRID.read_text()
    assert old in text
    path = tmp_path / "mine.py"
    path.write_text(text.replace(old, new))
    with pytest.raises(ContractError, match=re.escape(str(path)) + r".*" + message):
        trivium.bind(path, "numpy")


def test_nothing_there(tmp_path: Path) -> None:
    """No such file, no such backend, and a class that nobody registered."""
    with pytest.raises(NotFound, match=r"cannot be read: No such file"):
        trivium.bind(tmp_path / "none.py", "torch")
    with pytest.raises(InputError, match=r"no backend 'jax'\n.*did you mean"):
        trivium.bind(HYBRID, "jax")
    with pytest.raises(ConfigError, match="not one of Trivium's"):
        catalogue.config_class("nobody-knows-it")


def test_own_networks_keep_to_the_contract() -> None:
    """The rules are those that the package's own networks follow."""
    for path in [*catalogue.FOLDER.glob("*/network.py"), HYBRID]:
        assert contract.findings(path) == [], path
    assert len(HYBRID.read_text().splitlines()) < 120


def test_numpy_is_for_constants(tmp_path: Path) -> None:
    """A function that computes with NumPy does what NumPy allows; a text is a key."""
    path = tmp_path / "constants.py"
    path.write_text(
        textwrap.dedent(
            """
            import numpy as np
            def table(n):
                found = np.zeros((n, n))
                found[0] = 1
                return found.reshape(-1).astype("float32")
            def keep(kept, x):
                kept["x"] = x.shape[-1], len(x.shape)
            """
        )
    )
    assert contract.findings(path) == []
