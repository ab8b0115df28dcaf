"""Weights as integers: the same in every framework, with what they cost; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest

from trivium import cli
from trivium.core.errors import ConfigError, InputError
from trivium.core.quantization import candidates, to_integers
from trivium.research.comparing import compare

from .backends import Backend, each_backend, each_framework

SIZES = {
    "GPT2": {"n_layer": 2, "n_embd": 64, "n_head": 2, "vocab_size": 97, "n_positions": 64, "eos_token_id": None},
    "Llama": {
        "num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 2, "vocab_size": 97,
        "num_key_value_heads": 1, "eos_token_id": None,
    },
}  # fmt: skip
HEADS = {"GPT2": "GPT2LMHeadModel", "Llama": "LlamaForCausalLM"}
IDS = np.array([[3, 25, 1, 30, 11, 9], [7, 2, 8, 8, 4, 4]], np.int32)


def tiny(backend: Backend, family: str, **options: Any) -> Any:
    """A small model with drawn weights."""
    config = getattr(backend.door, f"{family}Config")(**SIZES[family])
    model = getattr(backend.door, HEADS[family])(config, **options)
    model._ready()
    return model


def rounded(how: str, family: str) -> Any:
    """NumPy's model in float64 whose weights are what the integers stand for, in ordinary layers."""
    reference = tiny(Backend("numpy"), family, dtype="float64")
    changed = {}
    for weight in candidates(reference):
        if weight.name.startswith(reference.layout.prefix):
            held = reference._read_canonical(weight)
            turned = held if weight.axes == "oi" else held.T
            found = to_integers(turned.astype(np.float32), 8 if how == "int8" else 4, 32).weight()
            changed[weight.name] = found if weight.axes == "oi" else found.T
    reference.assign_weights(changed)
    return reference


@pytest.mark.parametrize(("bits", "most"), [(8, 127), (4, 7)])
def test_integers(bits: int, most: int) -> None:
    """No weight moves by more than half a step of its scale, the largest not at all; zeros stay zeros."""
    weight = np.random.default_rng(0).standard_normal((5, 128)).astype(np.float32)
    weight[3] = 0
    found = to_integers(weight, bits, 32)
    assert found.values.dtype == (np.int8 if bits == 8 else np.uint8) and found.size < weight.nbytes / (3.8 if bits == 8 else 6)
    steps = found.scale[:, None] if bits == 8 else np.repeat(found.scale, 32, 1)
    moved = np.abs(found.weight() - weight)
    assert (moved <= steps * 0.5001).all() and moved.max() > 0
    assert not found.weight()[3].any()
    place = np.unravel_index(np.abs(weight).argmax(), weight.shape)
    np.testing.assert_allclose(found.weight()[place], weight[place], rtol=1e-6)
    np.testing.assert_allclose(np.abs(weight).max() / most, steps[place[0], place[1] if bits == 4 else 0], rtol=1e-6)


@each_backend
@pytest.mark.parametrize("how", ["int8", "int4"])
@pytest.mark.parametrize("family", HEADS)
def test_the_same_everywhere(backend: Backend, family: str, how: str) -> None:
    """Answers are those of a model with the rounded weights; programs from before are not run again."""
    model, reference = tiny(backend, family), rounded(how, family)
    before = backend.numpy(model.generate(IDS, max_new_tokens=4))
    report = model.quantize(how, inputs={"input_ids": IDS})
    for ids in (IDS, IDS[:1, :1]):  # of one row a framework may have another way
        found = backend.numpy(backend.call(model, {"input_ids": ids}).logits)
        np.testing.assert_allclose(found, reference(input_ids=ids).logits, rtol=0, atol=3e-6)
    wanted = reference.generate(IDS, max_new_tokens=4)
    np.testing.assert_array_equal(backend.numpy(model.generate(IDS, max_new_tokens=4)), wanted)
    assert before.shape == wanted.shape
    assert len(report.layers) == (8 if family == "GPT2" else 14) and report.after < 0.4 * report.before
    assert all(0.003 < layer.error < (0.01 if how == "int8" else 0.12) for layer in report.layers)
    assert report.change is not None and 0 < report.change["kl"] < (1e-5 if how == "int8" else 1e-2)
    assert report.change["perplexity_before"] != report.change["perplexity_after"]


def test_pytorch_compiles_few_rows_another_way() -> None:
    """A compiled step says the same tokens."""
    import torch

    backend = Backend("torch")
    for how in ("int8", "int4"):
        model, reference = tiny(backend, "GPT2"), rounded(how, "GPT2")
        model.quantize(how)
        compiled = torch.compile(model, fullgraph=True, backend="eager", dynamic=False)
        with torch.no_grad():
            found = compiled(torch.from_numpy(IDS[:1])).logits.numpy()
        np.testing.assert_allclose(found, reference(input_ids=IDS[:1]).logits, rtol=0, atol=3e-6)


@each_backend
def test_what_is_left_alone(backend: Backend) -> None:
    """Heads and embeddings by default; layers by name, and those that do not fit groups."""
    model = tiny(backend, "Llama")
    report = model.quantize("int8", skip=["*.down_proj"], modules=["model.layers.0.*"])
    assert (
        len(report.layers) == 6
        and "model.layers.0.mlp.down_proj" in report.left
        and "model.layers.1.mlp.up_proj" in report.left
    )
    classifier = backend.door.BertForSequenceClassification(
        backend.door.BertConfig(hidden_size=64, num_hidden_layers=1, num_attention_heads=2, intermediate_size=96, vocab_size=50)
    )
    found = classifier.quantize("int4")
    assert set(found.left) == {"bert.encoder.layer.0.output.dense", "classifier"}
    assert found.before > found.after
    with pytest.raises(ConfigError, match="integers already"):
        classifier.quantize("int8")


@each_framework
def test_half_precision(backend: Backend) -> None:
    """Layers compute in the dtype of the weights that they replace."""
    model = tiny(backend, "Llama", dtype="bfloat16")
    model.quantize("int8")
    assert "bfloat16" in str(model(backend.array(IDS)).logits.dtype)
    assert backend.numpy(model.generate(IDS, max_new_tokens=3)).shape == (2, 9)


def test_keras_predicts_anew() -> None:
    """`predict` knows of the new layers, and they alone are the model's variables."""
    model = tiny(Backend("tensorflow"), "GPT2")
    before = model.predict({"input_ids": IDS}, verbose=0)["logits"]
    model.quantize("int4")
    after = model.predict({"input_ids": IDS}, verbose=0)["logits"]
    assert 1e-4 < np.abs(after - before).max() < 0.1
    assert sum(variable.dtype == "uint8" for variable in model.variables) == 8
    assert not [variable for variable in model.variables if variable.path.endswith("c_fc/kernel")]


@each_backend
def test_refusals(backend: Backend, tmp_path: Path) -> None:
    """An unknown scheme, layers that there are not, and what integers cannot do."""
    model = tiny(backend, "GPT2")
    refused: list[tuple[dict[str, Any], str]] = [
        ({"how": "int3"}, "int3"),
        ({"how": "int8", "modules": ["nothing"]}, "no layer"),
        ({"how": "int4", "group_size": 48}, "no layer"),
        ({"how": "int4", "group_size": 0}, "no size"),
    ]
    for options, says in refused:
        with pytest.raises(ConfigError, match=says):
            model.quantize(**options)
    model.quantize("int8")
    with pytest.raises(ConfigError, match="not saved"):
        model.save_pretrained(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match="kept as integers") as caught:
        model.assign_weights({"transformer.h.0.mlp.c_fc.weight": np.zeros((64, 256), np.float32)})
    assert caught.value.key == "transformer.h.0.mlp.c_fc.weight"
    model.assign_weights({"transformer.h.0.mlp.c_fc.bias": np.ones(256, np.float32)})  # the others go on as they did


def test_loading_and_comparing(tmp_path: Path) -> None:
    """`from_pretrained(quantize=...)`, and a checkpoint compared with itself as integers."""
    tiny(Backend("numpy"), "Llama").save_pretrained(tmp_path)
    model = Backend("numpy").door.AutoModelForCausalLM.from_pretrained(tmp_path, quantize="int8")
    assert len(model.quantized) == 14
    run = click.testing.CliRunner().invoke(cli.main, ["compare", str(tmp_path), "--quantize", "int8", "--json"])
    assert run.exit_code == cli.DIFFERENT
    parts = {part["path"]: part["error"] for part in json.loads(run.stdout)["parts"]}
    assert parts["model.embed_tokens"] == 0 and 1e-4 < parts["output.logits"] < 0.02
    with pytest.raises(InputError, match="not quantised"):
        compare(model, quantize="int8")
