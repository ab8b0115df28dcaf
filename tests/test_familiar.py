"""What programs for Transformers 4 ask of models, configs, tokenizers and collators besides calling them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trivium
from docs import migration
from tests.backends import Backend, each_backend
from tests.test_tokenizers import lay_out
from trivium.core import familiar
from trivium.core.errors import ConfigError, InputError

GOLDENS = Path(__file__).parent / "goldens"
SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
BERT = {"vocab_size": 40, "max_position_embeddings": 16, **SMALL}
BART = {
    "vocab_size": 40, "d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8, "max_position_embeddings": 16,
}  # fmt: skip
IDS = np.array([[2, 3, 4], [5, 6, 7]], np.int32)


def ready(backend: Backend, name: str, config: dict[str, Any], folder: Path) -> Any:
    """A model that was loaded, so that nothing in it is drawn anew."""
    cls = getattr(backend.door, name)
    cls(cls.config_class(**config)).save_pretrained(folder)
    return cls.from_pretrained(folder)


@each_backend
@pytest.mark.parametrize(("name", "config"), [("BertForMaskedLM", BERT), ("BartForConditionalGeneration", BART)])
def test_resizing(name: str, config: dict[str, Any], backend: Backend, tmp_path: Path) -> None:
    """Old tokens have their scores, new ones the mean's; the model is called, saved and cut as one of that size."""
    model = ready(backend, name, config, tmp_path)

    def scores(model: Any) -> np.ndarray:
        more = {"decoder_input_ids": backend.array(IDS)} if "d_model" in config else {}
        return np.asarray(backend.numpy(model(input_ids=backend.array(IDS), **more).logits))

    before, same = scores(model), model
    table = model.resize_token_embeddings(43, pad_to_multiple_of=4)
    assert table is model.get_input_embeddings() and model is same and model.config.vocab_size == 44
    after = scores(model)
    assert after.shape[-1] == 44
    np.testing.assert_allclose(after[..., :40], before, rtol=1e-6, atol=1e-6)
    rows = {weight.name: read() for weight, read in model.read_weights()}[model.layout.ties[next(iter(model.layout.ties))]]
    np.testing.assert_allclose(rows[40:], np.repeat(rows[:40].mean(0, keepdims=True), 4, 0), rtol=1e-5, atol=1e-7)
    model.save_pretrained(tmp_path / "resized")
    np.testing.assert_array_equal(scores(type(model).from_pretrained(tmp_path / "resized")), after)
    model.resize_token_embeddings(40)
    np.testing.assert_allclose(scores(model), before, rtol=1e-6, atol=1e-6)
    model.resize_token_embeddings(50, mean_resizing=False, seed=3)
    drawn = {weight.name: read() for weight, read in model.read_weights()}
    assert np.isfinite(scores(model)).all() and not np.allclose(*next(iter(drawn.values()))[-2:])
    assert model.resize_token_embeddings() is model.get_input_embeddings() and model.config.vocab_size == 50
    with pytest.raises(InputError, match="leaves no token"):
        model.resize_token_embeddings(0)


@each_backend
def test_resizing_of_what_writes(backend: Backend, tmp_path: Path) -> None:
    """Programs that were compiled for the old size are not used for the new one; images have no vocabulary."""
    config = {"vocab_size": 40, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 32}
    model = ready(backend, "GPT2LMHeadModel", config, tmp_path)
    before = np.asarray(model.generate(IDS, max_new_tokens=2, do_sample=False))
    model.resize_token_embeddings(30)
    model.resize_token_embeddings(48)
    rows = {weight.name: np.array(read()) for weight, read in model.read_weights()}["transformer.wte.weight"]
    rows[:] = 0
    rows[45] = 100.0
    model.assign_weights({"transformer.wte.weight": rows})
    after = np.asarray(model.generate(IDS, max_new_tokens=2, do_sample=False))
    assert before.max() < 40 and set(after[:, 3:].ravel()) <= {0, 45}
    vision = {**SMALL, "image_size": 32, "patch_size": 16}
    with pytest.raises(ConfigError, match="no vocabulary"):
        ready(backend, "ViTModel", vision, tmp_path / "vision").resize_token_embeddings(3)


WRITERS = sorted({path.parent.name: path for path in sorted(GOLDENS.glob("*/*.json"))}.values())
"""A golden of each architecture."""


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: path.parent.name)
def test_resizing_of_every_architecture(path: Path) -> None:
    """Every weight keeps what it had, and those that the vocabulary sets are longer; what embeds no tokens is refused."""
    golden = json.loads(path.read_text())
    cls = getattr(trivium.numpy, path.stem)
    config = next(iter(golden["configs"].values()))
    model = cls(cls.config_class.from_dict(config.get("config", config)))
    before = {weight.name: np.array(read()) for weight, read in model.read_weights()}
    text = vars(model.config).get("text_config", model.config)
    size = vars(text).get("vocab_size", 1) + 3
    if not model.get_body().input_embedding and text is model.config:
        with pytest.raises(ConfigError, match="no vocabulary"):
            model.resize_token_embeddings(size)
        return
    model.resize_token_embeddings(size)
    after = {weight.name: read() for weight, read in model.read_weights()}
    longer = [name for name in after if after[name].shape != before[name].shape]
    assert longer
    for name, old in before.items():
        np.testing.assert_array_equal(after[name][tuple(map(slice, old.shape))], old)


@each_backend
def test_what_a_model_says_of_itself(backend: Backend, tmp_path: Path) -> None:
    """Counts, names and parts."""
    model = ready(backend, "BertForMaskedLM", BERT, tmp_path)
    tables = 8 * (40 + 16 + 2)
    assert model.num_parameters() - model.num_parameters(exclude_embeddings=True) == tables
    assert model.get_memory_footprint() == 4 * model.num_parameters(only_trainable=True)
    assert (model.base_model_prefix, model.main_input_name, model.can_generate()) == ("bert", "input_ids", False)
    assert model.base_model is model.bert and model.get_output_embeddings() is model.cls.predictions.decoder
    assert model.framework == {"numpy": "np", "torch": "pt", "tensorflow": "tf", "flax": "flax"}[backend.name]
    model.tie_weights()
    for name, instead in familiar.ABSENT.items():
        if any(name in vars(cls) for cls in type(model).__mro__ if cls is not familiar.Familiar):
            continue  # this framework's users have it, such as peft in PyTorch
        with pytest.raises(AttributeError) as caught:
            getattr(model, name)()
        assert instead in str(caught.value)


def test_configs(tmp_path: Path) -> None:
    """As text, as what differs, and never changed."""
    config = trivium.BertConfig(**BERT)
    assert config.to_diff_dict() == {"model_type": "bert", **BERT} and json.loads(config.to_json_string()) == config.to_dict()
    config.to_json_file(tmp_path / "a.json")
    assert trivium.BertConfig.from_json_file(tmp_path / "a.json") == config.get_text_config() == config
    for change in (lambda: setattr(config, "pad_token_id", 3), lambda: config.update({"pad_token_id": 3})):
        with pytest.raises(AttributeError, match=r"model.config.replace\(pad_token_id=...\)"):
            change()


def test_tokenizers(tmp_path: Path) -> None:
    """Names that programs import, methods that have others today, and those that are not there."""
    tokenizer = trivium.BertTokenizerFast.from_pretrained(lay_out("bert", tmp_path))
    first, second = tokenizer("the dog", "a fox"), tokenizer.encode_plus("the dog", "a fox")
    assert first["input_ids"] == second["input_ids"] == tokenizer.batch_encode_plus([("the dog", "a fox")])["input_ids"][0]
    parts = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("the dog", "a fox")]
    assert tokenizer.build_inputs_with_special_tokens(*parts) == first["input_ids"]
    assert tokenizer.create_token_type_ids_from_sequences(*parts) == first["token_type_ids"]
    around = tokenizer.get_special_tokens_mask(*parts)
    assert around == tokenizer.get_special_tokens_mask(first["input_ids"], already_has_special_tokens=True)
    assert tokenizer.max_len_single_sentence == 4094 and tokenizer.max_len_sentences_pair == 4093
    tokenizer.add_tokens(["<new>"])
    assert tokenizer.get_added_vocab()["<new>"] == tokenizer.added_tokens_encoder["<new>"] == len(tokenizer) - 1
    assert Path(tokenizer.save_vocabulary(tmp_path / "saved")[0]).name == "vocab.txt"
    with pytest.raises(AttributeError, match="text_target"):
        tokenizer.as_target_tokenizer()
    with pytest.raises(TypeError, match="from_pretrained"):
        trivium.GPT2Tokenizer("vocab.json")
    with pytest.raises(AttributeError, match="BertTokenizer"):
        _ = trivium.BertxTokenizer
    assert {"BertTokenizer", "MT5TokenizerFast", "default_data_collator"} <= set(dir(trivium))


def test_collators(tmp_path: Path) -> None:
    """Padding, labels of each kind, and what is hidden from a model."""
    tokenizer = trivium.BertTokenizer.from_pretrained(lay_out("bert", tmp_path))
    rows = [{**tokenizer(text), "label": label} for text, label in (("the dog", 1), ("hello world the quick", 0))]
    found = trivium.DataCollatorWithPadding(tokenizer, pad_to_multiple_of=8, return_tensors="np")(rows)
    assert found["input_ids"].shape == (2, 16) and found["labels"].tolist() == [1, 0] and found["attention_mask"][0, -1] == 0
    tagged = [{"input_ids": row["input_ids"], "labels": [5] * len(row["input_ids"])} for row in rows]
    found = trivium.DataCollatorForTokenClassification(tokenizer, return_tensors="np")(tagged)
    assert (found["labels"] == -100).sum() == (found["input_ids"] == 0).sum() > 0
    both = [{"input_ids": [2, 3], "labels": [7]}, {"input_ids": [4], "labels": [8, 9, 9]}]
    tokenizer.padding_side = "left"
    found = trivium.DataCollatorForSeq2Seq(tokenizer, model=None, return_tensors="np")(both)
    assert found["labels"].tolist() == [[-100, -100, 7], [8, 9, 9]] and found["input_ids"].tolist() == [[2, 3], [0, 4]]
    tokenizer.padding_side = "right"
    texts = [tokenizer("the quick brown fox " * 20), tokenizer("the dog")]
    hide = trivium.DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.4, return_tensors="np", seed=1)
    whole, found = tokenizer.pad(texts, return_tensors="np"), hide(texts)
    chosen, changed = found["labels"] != -100, found["input_ids"] != whole["input_ids"]
    special = np.isin(whole["input_ids"], [0, 2, 3])
    assert not (chosen & special).any() and not (changed & ~chosen).any()
    assert (found["labels"][chosen] == whole["input_ids"][chosen]).all() and 0.25 < chosen[~special].mean() < 0.55
    assert 0.6 < (found["input_ids"][chosen] == tokenizer.mask_token_id).mean() < 0.97
    again = trivium.DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.4, return_tensors="np", seed=1)(texts)
    assert (again["input_ids"] == found["input_ids"]).all()
    follow = trivium.DataCollatorForLanguageModeling(tokenizer, mlm=False, return_tensors="np")(texts)
    assert ((follow["labels"] == -100) == (follow["input_ids"] == 0)).all()
    plain = trivium.default_data_collator(
        [{"x": [1, 2], "label": 1.5, "text": "a"}, {"x": [3, 4], "label": 0.5, "text": "b"}], "np"
    )
    assert plain["x"].tolist() == [[1, 2], [3, 4]] and plain["labels"].tolist() == [1.5, 0.5] and "text" not in plain
    tokenizer.mask_token = None
    with pytest.raises(InputError, match="mlm=False"):
        trivium.DataCollatorForLanguageModeling(tokenizer)
    with pytest.raises(InputError, match="no examples"):
        trivium.default_data_collator([], "np")


def test_the_table_is_of_today() -> None:
    """docs/migration.md names each method that is not there; `python -m docs.migration` writes it."""
    assert migration.table() in migration.FILE.read_text()
