"""LoRA adapters as peft saves them: the same answers as peft's in every framework, merged, saved, converted; and bad ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file

import trivium.convert
from tests import drawn
from tests.backends import FRAMEWORKS, Backend
from trivium.cli import main
from trivium.core.errors import ConfigError, Corrupt, KeyMismatch, NotFound, ShapeMismatch, TriviumError

CASES = json.loads((Path(__file__).parents[1] / "goldens" / "adapters.json").read_text())
each_case = pytest.mark.parametrize("case", CASES)


def write(case: str, folder: Path) -> tuple[Path, Path]:
    """The base model's checkpoint, and the adapter's."""
    golden = CASES[case]
    base, adapter = folder / "base", folder / "adapter"
    for place, file, shapes, config in (
        (base, "model.safetensors", golden["weights"], ("config.json", golden["config"])),
        (adapter, "adapter_model.safetensors", golden["tensors"], ("adapter_config.json", golden["adapter"])),
    ):
        place.mkdir()
        save_file({name: drawn.weight(name, tuple(shape)) for name, shape in shapes.items()}, place / file)
        (place / config[0]).write_text(json.dumps(config[1]))
    return base, adapter


def logits(backend: Backend, model: Any, case: str) -> np.ndarray:
    """What a model says of the case's inputs."""
    arrays = {name: np.array(value) for name, value in CASES[case]["inputs"].items()}
    arrays = {name: array.astype(np.float32) if array.dtype.kind == "f" else array for name, array in arrays.items()}
    return backend.numpy(backend.call(model, arrays).logits)


@pytest.mark.parametrize(
    ("backend", "case"),  # what is merged is the same everywhere: of each framework, one whose layers lie otherwise
    [*(("numpy", case) for case in CASES), *((name, "gpt2") for name in FRAMEWORKS), ("tensorflow", "resnet")],
    indirect=["backend"],
)
def test_answers_are_pefts(backend: Backend, case: str, tmp_path: Path) -> None:
    """A model with an adapter says what peft says; saved, it is a model like any other."""
    base, adapter = write(case, tmp_path)
    model = getattr(backend.door, CASES[case]["class"]).from_pretrained(base)
    wanted = np.array(CASES[case]["logits"])
    assert np.abs(logits(backend, model, case) - wanted).max() > 0.1
    model.load_adapter(adapter)
    assert np.abs(logits(backend, model, case) - wanted).max() < 1e-5
    if backend.name == "numpy":
        model.save_pretrained(tmp_path / "merged")
        again = type(model).from_pretrained(tmp_path / "merged")
        assert np.array_equal(logits(backend, again, case), logits(backend, model, case))


@each_case
def test_converted(case: str, tmp_path: Path) -> None:
    """The converter merges an adapter on the way, into any format, and proves what it wrote."""
    base, adapter = write(case, tmp_path)
    target = "torch" if case == "llama" else "flax"
    report = trivium.convert.convert(base, tmp_path / "out", target, adapter=adapter, verify=True)
    assert any(note.endswith("weights are those of the source with the adapter") for note in report.notes)
    backend = Backend("numpy")
    model = getattr(backend.door, CASES[case]["class"]).from_pretrained(tmp_path / "out")
    assert np.abs(logits(backend, model, case) - np.array(CASES[case]["logits"])).max() < 1e-5


def test_the_command_line(tmp_path: Path) -> None:
    """`trivium convert --adapter`, and its plan, which knows a bad adapter too."""
    base, adapter = map(str, write("gpt2", tmp_path))
    run = CliRunner().invoke
    arguments = ["convert", base, str(tmp_path / "out"), "--to", "torch", "--adapter", adapter]
    assert run(main, [*arguments, "--dry-run"]).exit_code == 0 and not (tmp_path / "out").exists()
    done = run(main, arguments)
    assert done.exit_code == 0 and "6 weights are those of the source with the adapter" in done.stderr
    (Path(adapter) / "adapter_model.safetensors").unlink()
    assert "no adapter_model.safetensors" in run(main, [*arguments, "--dry-run"]).stderr


def test_bodies_and_heads(tmp_path: Path) -> None:
    """An adapter of a body goes into a class with a head, whose names begin with the body's."""
    base, adapter = write("bert", tmp_path)
    file = adapter / "adapter_model.safetensors"
    values = {
        name.replace("model.bert.", "model."): value for name, value in load_file(file).items() if "classifier" not in name
    }
    save_file(values, file)
    found = [Backend("numpy").door.BertForSequenceClassification.from_pretrained(base) for _ in range(2)]
    found[1].load_adapter(adapter)
    old, new = ({weight.name: read() for weight, read in model.read_weights()} for model in found)
    changed = {name for name in old if not np.array_equal(old[name], new[name])}
    assert len(changed) == 8 and all("query" in name or "attention.output.dense" in name for name in changed)


def test_bfloat16(tmp_path: Path) -> None:
    """The sum is made in float32, and rounded once."""
    base, adapter = write("llama", tmp_path)
    name = "model.layers.0.self_attn.q_proj.weight"
    single, half = (Backend("numpy").door.LlamaForCausalLM.from_pretrained(base, dtype=d) for d in ("float32", "bfloat16"))
    before = {weight.name: read() for weight, read in half.read_weights()}[name].astype(np.float32)
    for model in (single, half):
        before_merge = {weight.name: np.array(read()) for weight, read in model.read_weights()}
        model.load_adapter(adapter)
        after = {weight.name: read() for weight, read in model.read_weights()}
        if model is single:
            delta = after[name] - before_merge[name]
    assert after[name].dtype.name == "bfloat16" and np.array_equal(after[name], (before + delta).astype(after[name].dtype))


def config(**fields: Any) -> Callable[[Path], None]:
    """A change of adapter_config.json."""

    def change(adapter: Path) -> None:
        file = adapter / "adapter_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | fields))

    return change


def tensors(edit: Callable[[dict[str, np.ndarray]], Any]) -> Callable[[Path], None]:
    """A change of the adapter's tensors."""

    def change(adapter: Path) -> None:
        file = adapter / "adapter_model.safetensors"
        values = load_file(file)
        edit(values)
        save_file(values, file)

    return change


QUERY = "base_model.model.bert.encoder.layer.1.attention.self.query"
BAD: dict[str, tuple[Callable[[Path], None], type[TriviumError], str]] = {
    "no adapter": (lambda adapter: (adapter / "adapter_config.json").unlink(), NotFound, "adapter_config.json: no such file"),
    "no tensors": (lambda adapter: (adapter / "adapter_model.safetensors").unlink(), NotFound, "no adapter_model.safetensors"),
    "truncated": (
        lambda adapter: (adapter / "adapter_model.safetensors").write_bytes(b"\0" * 20), Corrupt, "adapter_model.safetensors",
    ),
    "another kind": (config(peft_type="IA3"), ConfigError, "peft_type is 'IA3'; LORA is read"),
    "no lengths": (config(use_dora=True), KeyMismatch, r"missing: .*query.lora_magnitude_vector"),
    "lengths": (
        tensors(lambda held: held.update({f"{QUERY}.lora_magnitude_vector": np.ones(16, np.float32)})),
        KeyMismatch, "unexpected: .*query.lora_magnitude_vector",
    ),
    "aLoRA": (config(alora_invocation_tokens=[3]), ConfigError, r"alora_invocation_tokens = \[3\] is not supported"),
    "repeated layers": (config(layer_replication=[[0, 1], [0, 2]]), ConfigError, "layer_replication"),
    "another base": (config(init_lora_weights="pissa"), ConfigError, "init_lora_weights = 'pissa' changes the base"),
    "unknown": (config(use_what_comes_next=3), ConfigError, "use_what_comes_next = 3 is not supported"),
    "no rank": (config(r=0), Corrupt, "r = 0 is not a number above 0"),
    "slow pattern": (config(rank_pattern={"(a+)+": 2}), ConfigError, "rank_pattern"),
    "another rank": (config(r=5), ShapeMismatch, r"lora_A.weight has shape \[4, 16\]; \[5, 16\] is expected"),
    "half a pair": (tensors(lambda held: held.pop(f"{QUERY}.lora_B.weight")), KeyMismatch, r"missing: .*query.lora_B.weight"),
    "a layer less": (
        tensors(lambda held: [held.pop(f"{QUERY}.lora_{side}.weight") for side in "AB"]),
        KeyMismatch, r"missing: bert.encoder.layer.1.attention.self.query",
    ),
    "another model": (
        tensors(lambda held: held.update({"base_model.model.decoder.lora_A.weight": np.zeros((4, 16), np.float32)})),
        KeyMismatch, r"unexpected: decoder",
    ),
    "no weight": (tensors(lambda held: held.update({"x.y": np.zeros(1, np.float32)})), KeyMismatch, "unexpected: x.y"),
    "empty": (tensors(dict.clear), KeyMismatch, "no layer has one"),
    "another head": (
        tensors(lambda held: held.update({"base_model.model.classifier.weight": np.zeros((5, 16), np.float32)})),
        ShapeMismatch, r"classifier.weight has shape \[5, 16\]; \[3, 16\] is expected",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_adapters(name: str, tmp_path: Path) -> None:
    """Each is refused with what is wrong and where, and the model is as it was."""
    spoil, error, message = BAD[name]
    base, adapter = write("bert", tmp_path)
    model = Backend("numpy").door.BertForSequenceClassification.from_pretrained(base)
    before = logits(Backend("numpy"), model, "bert")
    spoil(adapter)
    with pytest.raises(error, match=message) as caught:
        model.load_adapter(adapter)
    assert str(adapter) in str(caught.value)
    assert np.array_equal(logits(Backend("numpy"), model, "bert"), before)


def test_tied_weights(tmp_path: Path) -> None:
    """Peft changes one use of a weight that has two; a merged weight cannot."""
    base, adapter = write("gpt2", tmp_path)
    shapes = {"wte.lora_embedding_A": (3, 37), "wte.lora_embedding_B": (16, 3)}
    tensors(lambda held: held.update({f"base_model.model.transformer.{k}": drawn.weight(k, v) for k, v in shapes.items()}))(
        adapter
    )
    model = Backend("numpy").door.GPT2LMHeadModel.from_pretrained(base)
    with pytest.raises(KeyMismatch, match=r"transformer.wte.weight is tied .*\n.*merge_and_unload"):
        model.load_adapter(adapter)
