"""Attention maps and the logit lens: what they hold, in every backend, and how they are drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from tokenizers import Tokenizer, models, pre_tokenizers

from tests import calls, table
from tests.backends import Backend, each_backend
from tests.conftest import Golden, one_golden_per_class
from tests.research.test_tracing import TEXT, model_of
from trivium.cli import main
from trivium.core.errors import BackendMissing, InputError
from trivium.models import catalogue
from trivium.research import attention_maps, logit_lens, subjects

WORDS = ("[PAD]", "$a$", "cat", "##s", "\u2581sat", "_on_", "the", "mat", "^", "\\frac", "end")
LLAMA = {"num_key_value_heads": 2, "max_position_embeddings": 16}


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny LLaMA with a tokenizer, some of whose words mean something to matplotlib."""
    return _written(tmp_path_factory.mktemp("looking") / "llama", model_of(Backend("numpy"), "LlamaForCausalLM", **LLAMA))


def _written(folder: Path, model: Any) -> Path:
    model.save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[PAD]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    return folder


@each_backend
def test_maps(backend: Backend) -> None:
    """They are what the model returns, for a sample, without what its mask hides; NumPy's in every framework."""
    model = model_of(backend, "BertModel")
    found, wanted = (attention_maps(m, TEXT, sample=1) for m in (model, model_of(Backend("numpy"), "BertModel")))
    assert (found.queries, found.keys, found.kind) == (("3", "4"), ("3", "4"), "attentions")
    whole = model(**{name: model._native(array) for name, array in TEXT.items()}, output_attentions=True).attentions
    assert len(found.layers) == 3
    for layer, other, weights in zip(found.layers, wanted.layers, whole, strict=True):
        assert np.allclose(layer, other, atol=1e-6) and layer.shape == (2, 2, 2)
        assert np.allclose(layer, backend.numpy(weights)[1][:, :2, :2], atol=1e-6)
        assert np.allclose(layer.sum(-1), 1, atol=1e-6)
    assert np.array_equal(found[2, 1], found.layers[2][1])


def test_maps_of_two_texts(tmp_path: Path) -> None:
    """An encoder and a decoder: three kinds, with the tokens of either side."""
    door = Backend("numpy").door
    sizes = {"d_model": 8, "d_kv": 4, "d_ff": 6, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0}
    model = door.T5ForConditionalGeneration(door.T5Config(vocab_size=11, **sizes))
    inputs = {**TEXT, "decoder_input_ids": np.array([[0, 7, 8], [0, 9, 10]])}
    encoder, decoder, cross = (attention_maps(model, inputs, sample=1, kind=kind) for kind in ("encoder", "decoder", "cross"))
    assert encoder.queries == encoder.keys == ("3", "4")
    assert decoder.queries == decoder.keys == ("0", "9", "10") and decoder[0, 0][0, 1] == 0
    assert (cross.queries, cross.keys) == (("0", "9", "10"), ("3", "4")) and cross[0, 0].shape == (3, 2)
    assert attention_maps(model, inputs).kind == "decoder_attentions"
    with pytest.raises(InputError, match=r"no attention of the kind 'self'\n.*'cross'"):
        attention_maps(model, inputs, kind="self")
    read = attention_maps(_written(tmp_path / "t5", model), "the mat", kind="cross", target="cat ##s")
    assert (read.queries, read.keys) == (("[PAD]", "cat", "##s"), ("the", "mat"))
    assert logit_lens(tmp_path / "t5", "the mat", target="cat").tokens == ("[PAD]", "cat")


@each_backend
def test_lens(backend: Backend) -> None:
    """Each stage is what the model's own norm and head make of the stream there; the last is what the model says."""
    model = model_of(backend, "LlamaForCausalLM", **LLAMA)
    found, wanted = logit_lens(model, TEXT), logit_lens(model_of(Backend("numpy"), "LlamaForCausalLM", **LLAMA), TEXT)
    assert found.stages == ("embeddings", *(f"model.layers.{i}" for i in range(3))) and found.tokens == ("1", "5", "9", "2")
    assert np.allclose(found.probabilities, wanted.probabilities, atol=1e-6) and np.array_equal(found.ids, wanted.ids)
    assert np.array_equal(found.ranks, wanted.ranks) and not found.ranks[-1].any() and found.ranks.any()
    with subjects.subject(model, TEXT).programs.running():
        streams = model.trace(TEXT, ["model.embed_tokens", "model.layers.?"]).activations.values()
        for stage, stream in enumerate(streams):
            logits = backend.numpy(model.unembed(model.model.norm(stream)))[0]
            chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
            assert np.array_equal(found.ids[stage], chances.argmax(-1))
            assert np.allclose(found.probabilities[stage], chances.max(-1), atol=1e-6)


def _refusals(look: Any, class_of: dict[str, Golden]) -> set[str]:
    """The architectures of which no class can be looked into; whatever is raised but InputError is a defect."""
    found = set(class_of)
    for name, golden in class_of.items():
        try:
            seen = look(calls.built(Backend("numpy"), golden), calls.inputs_of(golden.call))
        except InputError:
            continue
        found.discard(name)
        if look is attention_maps:
            assert all(np.allclose(layer.sum(-1), 1, atol=1e-5) for layer in seen.layers), golden
        else:
            assert not seen.ranks[-1].any() and len(seen.stages) > 1, golden
    return found


def test_all_architectures() -> None:
    """Those that have no attention, or none between all of a sample's tokens, are refused; all others have maps and lenses."""
    goldens = one_golden_per_class()
    several = {"clip", "siglip", "blip", "vision-encoder-decoder"}  # of these take a tower; the last needs an option
    bodies = {g.model_type: g for g in goldens if g.class_name.endswith("Model") and g.model_type not in several}
    assert _refusals(attention_maps, bodies) == {name for name in bodies if not table.rows()[name].maps}
    assert len(bodies) > 50
    writers = {g.model_type: g for g in goldens if g.class_name.endswith(("LMHeadModel", "ForCausalLM", "ForMaskedLM"))}
    assert _refusals(logit_lens, writers) == set() and len(writers) > 30


def test_a_text(decoder: Path, tmp_path: Path) -> None:
    """A checkpoint reads its own texts; tokens are spelled as they are, dollars too; it can be drawn."""
    text = "the cat ##s \u2581sat _on_ $a$ ^ \\frac end"
    maps, lens = attention_maps(decoder, text), logit_lens(decoder, text)
    assert maps.queries == lens.tokens == ("the", "cat", "##s", "·sat", "_on_", "$a$", "^", "\\frac", "end")
    assert set(lens.said[-1]) <= {word.replace("\u2581", "·") for word in WORDS}
    for number, place in enumerate(({}, {"layer": 1}, {"head": 0}, {"layer": 1, "head": 0})):
        maps.save(tmp_path / f"{number}.png", **place)
        assert (tmp_path / f"{number}.png").stat().st_size > 8000
    lens.save(tmp_path / "lens.png")
    assert (tmp_path / "lens.png").stat().st_size > 8000
    with pytest.raises(InputError, match=r"there is no layer 3\n.*0 to 2"):
        maps.save(tmp_path / "no.png", layer=3)
    with pytest.raises(InputError, match=r"there is no head -1\n.*0 to 1"):
        maps.save(tmp_path / "no.png", head=-1)


def test_the_command_line(decoder: Path, tmp_path: Path) -> None:
    """Pictures, tables and JSON; an error says what the model does not have."""
    run = CliRunner().invoke
    for command in ("attention", "lens"):
        drawn = run(main, [command, str(decoder), "the cat", "-o", str(tmp_path / f"{command}.png"), "--json"])
        assert drawn.exit_code == 0 and (tmp_path / f"{command}.png").exists()
        assert json.loads(drawn.stdout)["model"].startswith("LlamaForCausalLM of")
    shown = run(main, ["attention", str(decoder), "the cat", "--layer", "1", "--head", "0"])
    assert shown.stdout.startswith("layer 1, head 0: the → the  cat → ") and len(shown.stdout.splitlines()) == 1
    assert run(main, ["attention", str(decoder), "the cat", "--layer", "3"]).exit_code == 1
    shown = run(main, ["lens", str(decoder), "the cat"])
    stages = [line.split()[0] for line in shown.stdout.splitlines()[1:]]
    assert stages == ["embeddings", "model.layers.0", "model.layers.1", "model.layers.2"]
    body = _written(tmp_path / "body", model_of(Backend("numpy"), "BertModel"))
    failed = run(main, ["lens", str(body), "the cat"])
    assert failed.exit_code == 1 and "says nothing of each token: it has no logits" in failed.stderr


def test_refusals(decoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be looked at is told, with what to do."""
    model = model_of(Backend("numpy"), "LlamaForCausalLM", **LLAMA)
    with pytest.raises(InputError, match=r"a text needs a tokenizer\n.*directory"):
        attention_maps(model, "the cat")
    with pytest.raises(InputError, match=r"takes no input_idz\n.*input_ids"):
        logit_lens(model, {"input_idz": TEXT["input_ids"]})
    with pytest.raises(InputError, match=r"no sample 2\n.*0 to 1"):
        attention_maps(model, TEXT, sample=2)
    with pytest.raises(InputError, match="no decoder of its own"):
        attention_maps(decoder, "the cat", target="sat")
    with pytest.raises(InputError, match="takes no text but pixel_values"):
        attention_maps(Backend("numpy").door.ViTModel(catalogue.config_class("vit")(num_hidden_layers=1)), "the cat")
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(BackendMissing, match=r"trivium\[draw\]"):
        attention_maps(decoder, "the cat").save("no.png")
