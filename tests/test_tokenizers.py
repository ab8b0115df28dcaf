"""Tokenizers give the tokens, offsets and texts of Transformers 4.52.4, of files of every kind."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken

import trivium
from trivium.core.errors import InputError, NotFound, TemplateError, TokenizerError, TriviumError
from trivium.models import catalogue
from trivium.processing.settings import kind
from trivium.processing.tokenizers import AutoTokenizer, chat, spm
from trivium.processing.tokenizers.families import COPIES, FAMILIES

GOLDENS = Path(__file__).parent / "goldens" / "tokenizers"
GOLDEN = json.loads(gzip.decompress((GOLDENS / "results.json.gz").read_bytes()))
PLACES, ELSEWHERE = GOLDEN["places"], GOLDEN["elsewhere"]


def lay_out(name: str, folder: Path) -> Path:
    """A checkpoint's tokenizer files, as the goldens' script laid them out."""
    family = GOLDEN["families"][name]
    kind, options, cls = family["kind"], family["options"], family["class"]
    for file in PLACES.get(kind, ()):
        place = GOLDENS / ELSEWHERE[file] if file in ELSEWHERE else GOLDENS / kind / file
        (folder / file).write_bytes(place.read_bytes())
    if kind not in PLACES:
        (folder / family["file"]).write_bytes((GOLDENS / f"{kind}.model").read_bytes())
    said = {**options, "tokenizer_class": cls.removesuffix("Fast"), "model_max_length": 4096}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


def result(tokenizer: Any, fast: bool, *texts: str) -> dict[str, Any]:
    """What a tokenizer makes of a text or a pair, as a golden has it: with places, if Transformers' is not in Python."""
    found = tokenizer(*texts, return_offsets_mapping=fast, return_special_tokens_mask=True)
    ids = found["input_ids"]
    data = json.loads(json.dumps(dict(found)))
    words = {"words": found.word_ids(), "sequences": found.sequence_ids()} if fast else {}
    return {"data": data, **words, "text": tokenizer.decode(ids), "plain": tokenizer.decode(ids, skip_special_tokens=True)}


@pytest.mark.parametrize("saved", [False, True], ids=["files", "saved"])
@pytest.mark.parametrize("name", GOLDEN["families"])
def test_goldens(name: str, saved: bool, tmp_path: Path) -> None:
    """Built of the old files, and read back from tokenizer.json."""
    golden = GOLDEN["families"][name]
    tokenizer = AutoTokenizer.from_pretrained(lay_out(name, tmp_path))
    if saved:
        tokenizer.save_pretrained(tmp_path / "saved")
        tokenizer = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert (tokenizer.model_input_names, tokenizer.padding_side) == (golden["names"], golden["side"])
    assert len(tokenizer) == golden["size"]
    roles = {role: token for role, token in tokenizer.special_tokens_map.items() if role != "additional_special_tokens"}
    assert roles == golden["roles"]
    fast = golden["class"].endswith("Fast")
    for text, expected in zip(GOLDEN["corpus"], golden["single"], strict=True):
        assert result(tokenizer, fast, text) == expected, text
    for pair, expected in zip(GOLDEN["pairs"], golden["pairs"], strict=True):
        assert result(tokenizer, fast, *pair) == expected, pair
    for text, expected in zip(GOLDEN["said"].get(name, ()), golden["said"], strict=True):
        assert result(tokenizer, fast, text) == expected, text
    tokenizer.options["tgt_lang"] = {"m2m_100": "fr", "mbart50": "fr_XX", "nllb": "fra_Latn"}.get(name)
    for text, ids in zip(GOLDEN["targets"], golden["targets"], strict=False):
        assert tokenizer(text_target=text)["input_ids"] == ids, text


TEXTS = json.loads(GOLDENS.with_name("wide_texts.json").read_text("utf-8"))
WIDE = json.loads(gzip.decompress((GOLDENS / "wide.json.gz").read_bytes()))
_AS_FOUND = "of an added token that is normalised, tokenizers 0.22 and Transformers 5 write what the text had"
_TIES = "of two ways of the same score, SentencePiece takes the one that adds up so in float32"
_WHERE = "where an added token ends a word, and which spaces it eats, is the library's rule"
_SPACES = "a space beside a special token"
DIFFERENT: dict[str, dict[int, str]] = {
    **dict.fromkeys(
        ("bert", "distilbert", "electra", "layoutlm", "mpnet", "albert"), dict.fromkeys((45, 54, 75, 80, 81), _AS_FOUND)
    ),
    **dict.fromkeys(
        ("bert_accents", "clip", "albert_accents", "deberta_v2", "deberta_v2_punct"), dict.fromkeys((80, 81), _AS_FOUND)
    ),
    "xlnet": {80: _AS_FOUND},
    "llama": {86: _SPACES},
    "marian": {71: _SPACES, 74: "a text that begins with U+2581", 75: _SPACES},
    "m2m_100": {74: "a text that begins with U+2581"},
    "siglip": {66: _TIES, 80: _WHERE, 81: _WHERE, 84: _WHERE},
    "bert_japanese_characters": {80: _WHERE, 84: _WHERE},
}
"""Family -> number of a text -> why it is not as in Transformers 4.52.4, of 87 texts."""


def hashed(value: Any) -> str:
    """As the goldens' script hashes."""
    return hashlib.blake2s(json.dumps(value).encode(), digest_size=3).hexdigest()


@pytest.mark.parametrize("name", GOLDEN["families"])
def test_wide(name: str, tmp_path: Path) -> None:
    """Texts of all scripts, emoji, marks that combine, whitespace of all kinds, very long words, and added tokens."""
    tokenizer = AutoTokenizer.from_pretrained(lay_out(name, tmp_path))
    tokenizer.add_tokens([AddedToken(**token) for token in TEXTS["added"]])
    fast, differ = GOLDEN["families"][name]["class"].endswith("Fast"), []
    for number, text in enumerate(TEXTS["texts"]):
        found = tokenizer(text, return_offsets_mapping=fast)
        ids = found["input_ids"]
        places = [found["offset_mapping"], found.word_ids()] if fast else []
        texts = [tokenizer.decode(ids), tokenizer.decode(ids, skip_special_tokens=True)]
        if "".join(map(hashed, ([ids], places, texts))) != WIDE["4"][name][number]:
            differ.append(number)
    assert differ == sorted(DIFFERENT.get(name, {}))


ONLY_JSON = {"bloom", "falcon"}
"""Architectures whose tokenizers have no other file in Transformers either."""


def test_every_architecture() -> None:
    """Each architecture names the tokenizer that it has in Transformers; those that are here are built of the same files."""
    for model_type in catalogue.configs():
        python, rust = GOLDEN["classes"].get(model_type) or (None, None)
        found = python or rust
        name = found and found.removesuffix("Fast").removesuffix("Tokenizer")
        family = kind(model_type, "tokenizer")
        assert family == COPIES.get(name, name or ""), model_type
        if family in FAMILIES:
            assert (FAMILIES[family].build is None) == (model_type in ONLY_JSON), model_type


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        ({"tokenizer_class": "TapexTokenizer"}, "BartTokenizer"),
        ({"tokenizer_class": "Wav2Vec2PhonemeCTCTokenizer"}, "Wav2Vec2CTCTokenizer"),
        ({"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab"}, "fugashi"),
        ({"tokenizer_class": "BertJapaneseTokenizer", "subword_tokenizer_type": "sentencepiece"}, "subword_tokenizer_type"),
        ({"tokenizer_class": "BertweetTokenizer", "normalization": True}, "normalization=False"),
        ({"tokenizer_class": "BloomTokenizerFast"}, "tokenizer.json"),
    ],
)
def test_refused(config: dict[str, Any], hint: str, tmp_path: Path) -> None:
    """What needs a library of one language, or is no text, is refused with the remedy."""
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(TriviumError, match=hint):
        AutoTokenizer.from_pretrained(tmp_path)


# What users do


@pytest.fixture
def bert(tmp_path: Path) -> Any:
    """BERT's tokenizer with a small vocabulary."""
    return AutoTokenizer.from_pretrained(lay_out("bert", tmp_path))


def test_batches(bert: Any) -> None:
    """Padding, truncation, parts, tensors and pairs."""
    found = bert(["the dog", "hello world the quick fox"], padding=True, return_tensors="np")
    assert found.input_ids.shape == found["attention_mask"].shape and found.attention_mask[0, -1] == 0
    bert.padding_side = "left"
    assert bert(["the", "the dog is"], padding=True)["attention_mask"][0][0] == 0
    bert.padding_side = "right"
    cut = bert(
        "hello world", "the quick brown fox", truncation="only_second", max_length=12, stride=2, return_overflowing_tokens=True
    )
    assert len(cut["input_ids"]) > 1 and set(cut["overflow_to_sample_mapping"]) == {0}
    assert all(len(ids) <= 12 for ids in cut["input_ids"]) and cut.sequence_ids(1)[1] == 0
    padded = bert.pad({"input_ids": [[1, 2], [3]]}, max_length=4, padding="max_length", return_tensors="np")
    assert padded.input_ids.tolist() == [[1, 2, 0, 0], [3, 0, 0, 0]] and padded.attention_mask.tolist()[1] == [1, 0, 0, 0]
    assert bert([["the", "dog"], ["fox"]], is_split_into_words=True).word_ids(0)[1] == 0
    assert bert("the", text_target="dog")["labels"] == bert("dog")["input_ids"]
    assert bert("the", text_target="dog", return_tensors="np").labels.shape == bert("dog", return_tensors="np").input_ids.shape
    with pytest.raises(TokenizerError, match="padding=True"):
        bert(["the", "the quick fox"], return_tensors="np")
    for wrong in (3, [1, 2], [["a", "b", "c"]], None):
        with pytest.raises(TokenizerError):
            bert(wrong)


def test_what_is_written(tmp_path: Path) -> None:
    """A tokenizer for translation pads what is to be written as it pads what is read, and knows tokens that were added."""
    marian = AutoTokenizer.from_pretrained(lay_out("marian", tmp_path))
    marian.padding_side = "left"
    marian.add_tokens(["<new>"])
    found = marian(["the dog", "a"], text_target=["der <new> Hund", "ein"], padding=True, return_tensors="np")
    assert found.labels[1, 0] == found.input_ids[1, 0] == marian.pad_token_id and len(marian) - 1 in found.labels[0]
    assert marian.decode(found.labels[0], skip_special_tokens=True) == "der <new> Hund"


def test_special_tokens(bert: Any, tmp_path: Path) -> None:
    """Roles are attributes, tokens can be added, and both are written."""
    size = len(bert)
    assert bert.add_special_tokens({"bos_token": "[BEGIN]", "additional_special_tokens": ["<x>"]}) == 2
    assert bert.add_tokens(["newword"]) == 1 and len(bert) == size + 3
    assert bert.bos_token_id == size and bert.convert_ids_to_tokens(bert.bos_token_id) == "[BEGIN]"
    bert.eos_token = bert.sep_token
    assert bert.eos_token_id == bert.sep_token_id and bert.convert_tokens_to_ids("nothing such") == bert.unk_token_id
    bert.save_pretrained(tmp_path / "saved")
    again = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert again.special_tokens_map == bert.special_tokens_map
    assert again("newword <x>")["input_ids"] == bert("newword <x>")["input_ids"]
    bert.split_special_tokens = True  # T15: what a user writes is text
    assert bert.sep_token_id not in bert("[SEP]", add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("name", ["bert_cased", "gpt2", "llama", "gemma", "t5", "marian", "byt5", "clip"])
@pytest.mark.parametrize("whole", [False, True], ids=["characters", "words"])
def test_streams(name: str, whole: bool, tmp_path: Path) -> None:
    """What comes token by token is the text that all of them make, and no character comes in parts."""
    tokenizer = AutoTokenizer.from_pretrained(lay_out(name, tmp_path))
    for text in (*GOLDEN["corpus"][:14], *TEXTS["texts"][-12:]):
        ids = tokenizer(text)["input_ids"]
        options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
        stream = tokenizer.decode_stream(whole_words=whole, **options)
        pieces = [stream.step(one) for one in ids]
        unknown = "\ufffd" in tokenizer.decode(ids, **options)
        assert unknown or not any("\ufffd" in piece for piece in pieces)
        assert "".join([*pieces, stream.rest()]) == tokenizer.decode(ids, **options)


def test_ctc(tmp_path: Path) -> None:
    """Characters: what a network says at each step is taken together."""
    vocabulary = ["<pad>", "<s>", "</s>", "<unk>", "|", *"HELOWRD"]
    (tmp_path / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(vocabulary)}))
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "Wav2Vec2CTCTokenizer"}')
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    said = [vocabulary.index(one) if one != "_" else 0 for one in "HHE_LL_LO||W_OORLD_"]
    assert tokenizer.decode(said) == "HELLO WORLD"
    found = tokenizer.decode(said, output_word_offsets=True)["word_offsets"]
    assert found == [
        {"word": "HELLO", "start_offset": 0, "end_offset": 9},
        {"word": "WORLD", "start_offset": 11, "end_offset": 18},
    ]
    assert tokenizer("HELLO WORLD")["input_ids"] == [vocabulary.index(one) for one in "HELLO|WORLD"]


@pytest.mark.parametrize("case", GOLDEN["whisper"]["cases"], ids=lambda case: "timed" if case["timed"] else "untimed")
def test_whisper(case: dict[str, Any], tmp_path: Path) -> None:
    """What is said before and first, times, and texts for comparisons."""
    whisper = GOLDEN["whisper"]
    for file in PLACES["bytes"]:
        (tmp_path / file).write_bytes((GOLDENS / "bytes" / file).read_bytes())
    tokens = [*whisper["special"], *(f"<|{step * 0.02:.2f}|>" for step in range(1501 if case["timed"] else 0))]
    size = len(json.loads((tmp_path / "vocab.json").read_text()))
    (tmp_path / "added_tokens.json").write_text(json.dumps({token: size + number for number, token in enumerate(tokens)}))
    roles = dict.fromkeys(("bos_token", "eos_token", "unk_token"), "<|end|>")
    said = {"tokenizer_class": "WhisperTokenizer", "additional_special_tokens": whisper["special"][1:], **roles}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(said))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.get_prompt_ids(" hello there ").tolist() == case["prompt"]
    for call, results in zip(whisper["calls"], case["results"], strict=True):
        for row, expected in zip(case["rows"], results, strict=True):
            assert json.loads(json.dumps(tokenizer.decode(row, **call))) == expected, (row, call)
    forced = tokenizer.get_decoder_prompt_ids(task="translate", language="german", no_timestamps=False)
    assert [list(one) for one in forced] == case["forced"] and tokenizer("the dog")["input_ids"] == case["labels"]
    for wrong in (lambda: tokenizer.get_prompt_ids("a <|de|>"), lambda: tokenizer.decode([5], normalize=True)):
        with pytest.raises(TokenizerError):
            wrong()


TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] | trim }}{% endfor %}"
    "{% if tools %}{{ tools | tojson }}{% endif %}{% if add_generation_prompt %}<assistant>{% endif %}"
)


def test_chats(bert: Any, tmp_path: Path) -> None:
    """A template of the checkpoint, of the caller, one to go on with, and one that refuses."""
    messages = [{"role": "user", "content": " hi "}, {"role": "assistant", "content": "well"}]
    with pytest.raises(TemplateError, match="no chat template"):
        bert.apply_chat_template(messages)
    bert.chat_template = TEMPLATE
    bert.save_pretrained(tmp_path / "saved")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert tokenizer.apply_chat_template(messages, tokenize=False) == "<user>hi<assistant>well"
    assert tokenizer.apply_chat_template(messages[:1], tokenize=False, add_generation_prompt=True).endswith("<assistant>")
    assert tokenizer.apply_chat_template(messages, tokenize=False, continue_final_message=True).endswith("well")
    assert tokenizer.apply_chat_template([messages, messages[:1]], tokenize=False)[1] == "<user>hi"
    assert (
        tokenizer.apply_chat_template(messages) == tokenizer("<user>hi<assistant>well", add_special_tokens=False)["input_ids"]
    )
    with pytest.raises(TemplateError, match="only users"):
        tokenizer.apply_chat_template(messages, chat_template="{{ raise_exception('only users') }}")


# Hostile files: the cases of the reference


def test_damaged_files(tmp_path: Path) -> None:  # T01 to T04, T07, T10, T16
    good = lay_out("bert", tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(good)
    whole = json.loads(tokenizer.backend_tokenizer.to_str())
    split = {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Removed", "invert": False}
    cases: dict[str, Any] = {
        "T01": "{",
        "T02": json.dumps(whole | {"version": "9.0"}),
        "T02 model": json.dumps(whole | {"model": {"type": "None"}}),
        "T03": json.dumps(whole | {"model": whole["model"] | {"vocab": {"a": 2**40}}}),
        "T07": json.dumps(whole | {"pre_tokenizer": split}),
    }
    for name, text in cases.items():
        (good / "tokenizer.json").write_text(text)
        with pytest.raises(TokenizerError) as caught:
            AutoTokenizer.from_pretrained(good)
        assert "tokenizer.json" in str(caught.value), name
    (good / "tokenizer.json").unlink()
    (good / "vocab.json").write_text('{"a": 1, "b": 1}')
    with pytest.raises(TokenizerError, match="each number once"):  # T04
        AutoTokenizer.from_pretrained(good, tokenizer_class="GPT2Tokenizer")
    (good / "added_tokens.json").write_text('{"new": 99999}')  # T05
    with pytest.raises(TokenizerError, match="99999"):
        AutoTokenizer.from_pretrained(good)
    (good / "added_tokens.json").unlink()
    for content in (
        {"tokenizer_class": "os.system"},
        {"tokenizer_class": "x", "auto_map": {"AutoTokenizer": ["evil.Tok", None]}},
    ):
        (good / "tokenizer_config.json").write_text(json.dumps(content))
        with pytest.raises(TokenizerError, match="no tokenizer that Trivium has"):
            AutoTokenizer.from_pretrained(good)
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(NotFound, match=r"vocab\.txt"):
        AutoTokenizer.from_pretrained(tmp_path / "none")


def test_more_tokens_than_rows(tmp_path: Path) -> None:  # T06
    """A token that the model has no row for is refused by name, whatever the framework would do."""
    tokenizer = AutoTokenizer.from_pretrained(lay_out("bert", tmp_path))
    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    model = trivium.numpy.BertForSequenceClassification(trivium.BertConfig(vocab_size=500, **small))
    classify = trivium.pipeline("text-classification", model=model, tokenizer=tokenizer)
    assert classify("the dog")[0]["label"].startswith("LABEL")
    tokenizer.add_tokens(["<new>"])
    with pytest.raises(InputError, match=r"the token 500(.|\n)*resize_token_embeddings"):
        classify("the <new> dog")


@pytest.mark.parametrize("pattern", ["(a+)+$", r"(\w+\s?)*$"])
def test_patterns_without_an_end(pattern: str, tmp_path: Path) -> None:  # T08
    """A regular expression that would try for ever is given up by name, and the tokenizer lives on."""
    tokenizer = AutoTokenizer.from_pretrained(lay_out("bert", tmp_path))
    whole = json.loads(tokenizer.backend_tokenizer.to_str())
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    (tmp_path / "tokenizer.json").write_text(json.dumps(whole | {"pre_tokenizer": split}))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    with pytest.raises(TokenizerError, match="retry-limit"):
        tokenizer("a" * 60 + " " + "word " * 30 + "!!")
    assert tokenizer("aa")["input_ids"]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_hostile_sentencepiece(data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:  # T16
    """A model whose bytes were changed is read, or refused; and so are random bytes."""
    path = tmp_path_factory.mktemp("spm") / "spiece.model"
    content = bytearray((GOLDENS / "unigram_plain.model").read_bytes())
    if data.draw(st.booleans()):
        for _ in range(data.draw(st.integers(1, 8))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    else:
        content = bytearray(data.draw(st.binary(max_size=200)))
    path.write_bytes(content)
    with contextlib.suppress(TokenizerError):
        spm.read(path)


def test_nothing_is_imported_from_here(tmp_path: Path) -> None:  # T17
    lay_out("t5", tmp_path)
    for name in ("sentencepiece_model_pb2", "sentencepiece"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')")
    program = "from trivium import AutoTokenizer; print(AutoTokenizer.from_pretrained('.')('the dog')['input_ids'])"
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("["), done.stderr


DOUBLING = "{% set n = namespace(s='aaaa') %}{% for i in range(40) %}{% set n.s = n.s OPERATOR n.s %}{% endfor %}"
HOSTILE = {
    "T11 class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "T11 format": "{{ '{0.__class__.__init__}'.format(messages) }}{{ 1/0 }}",
    "T11 attr": "{{ (messages | attr('append'))('x') }}",
    "T12 loop": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "T13 ljust": "{{ 'a'.ljust(2000000000) }}",
    "T13 times": "{{ 'a' * 2000000000 }}",
    "T13 percent": "{{ '%2000000000d' % 1 }}",
    "T13 joined": DOUBLING.replace("OPERATOR", "~"),
    "T13 plus": DOUBLING.replace("OPERATOR", "+"),
    "T13 replace": "{{ ('a' * 4000) | replace('a', 'b' * 4000) }}",
    "T13 power": "{{ 9 ** 99999 }}",
    "T13 center": "{{ 'a' | center(9**9) }}",
    "T13 output": "{% for i in range(90000) %}{{ 'a' * 1000 }}{% endfor %}",
    "T14 include": "{% include '/etc/passwd' %}",
    "T14 import": "{% import 'os' as os %}{{ os }}",
    "syntax": "{% for %}",
    "long": "a" * 70000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_templates(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's insides, loops without an end, and texts of gigabytes."""
    monkeypatch.setattr(chat, "SECONDS", 0.3)
    with pytest.raises(TemplateError):
        chat.render(HOSTILE[name], [{"role": "user", "content": "x"}])
    assert sys.gettrace() is None or "trace" not in repr(sys.gettrace())
