"""Writes tests/goldens/tokenizers/: small vocabularies of every kind, and what Transformers 4.52.4 makes of texts with them.

Run by hand, in an environment with transformers==4.52.4, tokenizers, sentencepiece and protobuf:
    python tests/goldens/generate_tokenizers.py [--keep]
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import sentencepiece
import tokenizers
import transformers

HERE = Path(__file__).parent / "tokenizers"

CORPUS = [
    "The quick brown fox jumps over the lazy dog.", "Hello, world! It's 9,000 o'clock; don't panic...", "naïve café Ünïcödé ÀÉÎ ß ſ ﬁ",
    "Der schnelle braune Fuchs springt über den faulen Hund.", "素早い茶色の狐がのろまな犬を飛び越える。", "敏捷的棕色狐狸跳过了懒狗 3.14",
    "Быстрая коричневая лиса прыгает через ленивую собаку", "السلام عليكم ورحمة الله", "שלום עולם", "नमस्ते दुनिया", "สวัสดีชาวโลก", "안녕하세요 세계",
    "emoji 😀👩‍👩‍👧‍👦🏳️‍🌈 and more 👍🏽", "  spaces   in    many  places  ", "tabs\tand\nnew\r\nlines\u00a0here\u200b\u200d\u2028", "",
    " ", "e\u0301 combining a\u0308o\u0323", "``quotes'' and \"others\" <s> </s> [MASK] <mask> [SEP]", "control \x00\x01\x07 characters \ufffd",
    "supercalifragilisticexpialidocious" * 4, "CamelCase snake_case kebab-case x=1+2*3/4%5^6&7|8~9", "ＦＵＬＬ　ｗｉｄｔｈ ½ ² Å ™ №", "1,2,3, 10,000.00 $5 €6 £7", "A",
]  # fmt: skip
PAIRS = [("How are you?", "I'm fine, thanks"), ("", "second"), ("first", "")]
TRAINING = (
    CORPUS + ["low lower lowest new newer newest wide wider widest the and of in to a is it you that he was for on are"] * 3
) * 3

FAMILIES = {
    "bert": ("BertTokenizerFast", "wordpiece", {}),
    "bert_cased": ("BertTokenizerFast", "wordpiece", {"do_lower_case": False, "tokenize_chinese_chars": False}),
    "bert_accents": ("BertTokenizerFast", "wordpiece", {"do_lower_case": True, "strip_accents": False}),
    "distilbert": ("DistilBertTokenizerFast", "wordpiece", {}),
    "electra": ("ElectraTokenizerFast", "wordpiece", {}),
    "layoutlm": ("LayoutLMTokenizerFast", "wordpiece", {}),
    "mpnet": ("MPNetTokenizerFast", "wordpiece", {}),
    "gpt2": ("GPT2TokenizerFast", "bytes", {}),
    "gpt2_prefix": ("GPT2TokenizerFast", "bytes", {"add_prefix_space": True}),
    "opt": ("GPT2TokenizerFast", "bytes", {"add_bos_token": True, "bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>"}),
    "roberta": ("RobertaTokenizerFast", "bytes", {}),
    "bart": ("BartTokenizerFast", "bytes", {"add_prefix_space": True}),
    "blenderbot": ("BlenderbotTokenizerFast", "bytes", {"add_prefix_space": True}),
    "codegen": ("CodeGenTokenizerFast", "bytes", {}),
    "qwen2": ("Qwen2TokenizerFast", "bytes", {}),
    "clip": ("CLIPTokenizerFast", "clip", {}),
    "t5": ("T5TokenizerFast", "unigram", {"extra_ids": 5}),
    "albert": ("AlbertTokenizerFast", "unigram_cls", {}),
    "albert_accents": ("AlbertTokenizerFast", "unigram_cls", {"do_lower_case": False, "keep_accents": True}),
    "xlnet": ("XLNetTokenizerFast", "unigram", {}),
    "camembert": ("CamembertTokenizerFast", "unigram", {}),
    "xlm_roberta": ("XLMRobertaTokenizerFast", "unigram", {}),
    "barthez": ("BarthezTokenizerFast", "unigram", {}),
    "mbart": ("MBartTokenizerFast", "unigram", {"src_lang": "de_DE"}),
    "mbart50": ("MBart50TokenizerFast", "unigram", {"src_lang": "fr_XX"}),
    "pegasus": ("PegasusTokenizerFast", "unigram_plain", {}),
    "deberta_v2": ("DebertaV2TokenizerFast", "unigram_cls", {}),
    "deberta_v2_punct": ("DebertaV2TokenizerFast", "unigram_cls", {"do_lower_case": True, "split_by_punct": True}),
    "llama": ("LlamaTokenizerFast", "bpe", {}),
    "llama_new": ("LlamaTokenizerFast", "bpe", {"legacy": False, "add_eos_token": True}),
    "gemma": ("GemmaTokenizerFast", "bpe_gemma", {}),
    "herbert": ("HerbertTokenizerFast", "words", {}),
    "nllb": ("NllbTokenizerFast", "unigram", {"src_lang": "fra_Latn"}),
    "marian": ("MarianTokenizer", "marian", {"source_lang": "en", "target_lang": "de"}),
    "m2m_100": ("M2M100Tokenizer", "m2m_100", {"src_lang": "de", "tgt_lang": "fr"}),
    "blenderbot_small": ("BlenderbotSmallTokenizer", "at", {}),
    "phobert": ("PhobertTokenizer", "at_counts", {}),
    "bertweet": ("BertweetTokenizer", "at_counts", {}),
    "byt5": ("ByT5Tokenizer", "none", {"extra_ids": 5}),
    "siglip": ("SiglipTokenizer", "unigram_plain", {}),
    "bert_japanese": ("BertJapaneseTokenizer", "wordpiece", {"word_tokenizer_type": "basic"}),
    "bert_japanese_characters": (
        "BertJapaneseTokenizer", "wordpiece", {"word_tokenizer_type": "basic", "subword_tokenizer_type": "character", "do_lower_case": True}
    ),
    "wav2vec2": ("Wav2Vec2CTCTokenizer", "letters", {}),
}  # fmt: skip
"""Name -> class in Transformers, kind of vocabulary, what tokenizer_config.json says."""

PLACES = {
    "wordpiece": ["vocab.txt"], "bytes": ["vocab.json", "merges.txt"], "clip": ["vocab.json", "merges.txt"],
    "words": ["vocab.json", "merges.txt"], "at": ["vocab.json", "merges.txt"], "at_counts": ["vocab.txt", "bpe.codes"],
    "marian": ["vocab.json", "source.spm", "target.spm"], "m2m_100": ["vocab.json", "sentencepiece.bpe.model", "special_tokens_map.json"],
    "none": [], "letters": ["vocab.json"],
}  # fmt: skip
"""Kind of vocabulary -> its files; the others are one SentencePiece model, which `MODELS` names."""
ELSEWHERE = {"source.spm": "unigram_plain.model", "target.spm": "unigram.model", "sentencepiece.bpe.model": "bpe_plain.model"}
"""Files that are other kinds' too."""
MODELS = {
    "AlbertTokenizerFast": "spiece.model", "T5TokenizerFast": "spiece.model", "XLNetTokenizerFast": "spiece.model",
    "PegasusTokenizerFast": "spiece.model", "DebertaV2TokenizerFast": "spm.model", "LlamaTokenizerFast": "tokenizer.model",
    "GemmaTokenizerFast": "tokenizer.model", "SiglipTokenizer": "spiece.model",
}  # fmt: skip


def train() -> None:
    """Writes a vocabulary of each kind."""
    for kind in ("wordpiece", "bytes", "clip"):
        (HERE / kind).mkdir(parents=True, exist_ok=True)
    wordpiece = tokenizers.BertWordPieceTokenizer(lowercase=False)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>", "<pad>", "<mask>"]
    wordpiece.train_from_iterator(TRAINING, vocab_size=500, min_frequency=1, special_tokens=special)
    wordpiece.save_model(str(HERE / "wordpiece"))
    level = tokenizers.ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"]
    level.train_from_iterator(TRAINING, vocab_size=500, min_frequency=1, special_tokens=special)
    level.save_model(str(HERE / "bytes"))
    clip = tokenizers.Tokenizer(tokenizers.models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    clip.normalizer = tokenizers.normalizers.Lowercase()
    clip.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    clip.train_from_iterator(
        TRAINING,
        tokenizers.trainers.BpeTrainer(
            vocab_size=700,
            initial_alphabet=alphabet,
            end_of_word_suffix="</w>",
            special_tokens=["<|startoftext|>", "<|endoftext|>"],
        ),
    )
    clip.model.save(str(HERE / "clip"))
    with tempfile.TemporaryDirectory() as folder:
        learn = learner(Path(folder))
        learn(
            "unigram",
            vocab_size=300,
            model_type="unigram",
            normalization_rule_name="nmt_nfkc",
            control_symbols=["<sep>", "<cls>"],
        )
        learn(
            "unigram_cls",
            vocab_size=300,
            model_type="unigram",
            normalization_rule_name="nmt_nfkc_cf",
            pad_id=0,
            unk_id=1,
            bos_id=2,
            eos_id=3,
            pad_piece="<pad>",
            bos_piece="[CLS]",
            eos_piece="[SEP]",
            control_symbols=["[MASK]"],
        )
        learn(
            "unigram_plain",
            vocab_size=300,
            model_type="unigram",
            normalization_rule_name="identity",
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
        )
        learn(
            "bpe",
            vocab_size=560,
            model_type="bpe",
            byte_fallback=True,
            normalization_rule_name="identity",
            split_digits=True,
            add_dummy_prefix=True,
            remove_extra_whitespaces=False,
        )
        learn(
            "bpe_gemma",
            vocab_size=560,
            model_type="bpe",
            byte_fallback=True,
            normalization_rule_name="identity",
            pad_id=0,
            eos_id=1,
            bos_id=2,
            unk_id=3,
            bos_piece="<bos>",
            eos_piece="<eos>",
            user_defined_symbols=["<start_of_turn>", "<end_of_turn>"],
            remove_extra_whitespaces=False,
        )
    train_more()


def learner(folder: Path) -> Callable[..., None]:
    """A function that trains a SentencePiece model of a name, with its options."""
    common = {"hard_vocab_limit": False, "minloglevel": 2, "num_threads": 1, "character_coverage": 0.98}
    text = folder / "text"
    text.write_text("\n".join(line.replace("\n", " ").replace("\r", " ").replace("\0", "") for line in TRAINING), "utf-8")

    def learn(name: str, **options: object) -> None:
        sentencepiece.SentencePieceTrainer.train(input=str(text), model_prefix=str(HERE / name), **{**common, **options})
        (HERE / f"{name}.vocab").unlink()

    return learn


def train_more() -> None:
    """Writes the vocabularies of tokenizers that Transformers has in Python alone."""
    with tempfile.TemporaryDirectory() as folder:
        learner(Path(folder))("bpe_plain", vocab_size=400, model_type="bpe", normalization_rule_name="identity")
    train_words()
    derive()


def train_words() -> None:
    """Writes vocabularies whose words end with "</w>", and those of the same merges whose other pieces end with "@@"."""
    for kind in ("words", "at", "at_counts"):
        (HERE / kind).mkdir(exist_ok=True)
    model = tokenizers.Tokenizer(tokenizers.models.BPE(end_of_word_suffix="</w>", unk_token="<unk>"))
    model.normalizer = tokenizers.normalizers.Lowercase()
    model.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "__null__", "__start__", "__end__", "__unk__"]
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=700, end_of_word_suffix="</w>", special_tokens=special)
    model.train_from_iterator(TRAINING, trainer)
    model.model.save(str(HERE / "words"))
    vocabulary = model.get_vocab()
    names = sorted(vocabulary, key=vocabulary.get)
    names = [name if name in special else name.removesuffix("</w>") if name.endswith("</w>") else f"{name}@@" for name in names]
    (HERE / "at" / "vocab.json").write_text(json.dumps({name: number for number, name in enumerate(names)}, ensure_ascii=False))
    shutil.copy(HERE / "words" / "merges.txt", HERE / "at")
    merges = (HERE / "words" / "merges.txt").read_text("utf-8").splitlines()[1:]
    (HERE / "at_counts" / "bpe.codes").write_text("".join(f"{merge} {9}\n" for merge in merges))
    own = [name for name in names if name not in special and not any(map(str.isspace, name))]
    (HERE / "at_counts" / "vocab.txt").write_text("".join(f"{name} {9}\n" for name in own))


def derive() -> None:
    """Writes the numbers of pieces that are in files of their own."""
    for kind in ("marian", "m2m_100", "letters"):
        (HERE / kind).mkdir(exist_ok=True)
    pieces = {}
    for name in ("unigram_plain", "unigram", "bpe_plain"):
        model = sentencepiece.SentencePieceProcessor(model_file=str(HERE / f"{name}.model"))
        pieces[name] = [model.id_to_piece(number) for number in range(model.get_piece_size()) if not model.is_control(number)]
    plain = [piece for piece in pieces["unigram_plain"] if piece != "<unk>"]
    tokens = {
        "marian": ["</s>", "<unk>", ">>de<<", ">>fr<<", *plain[:-30], *pieces["unigram"], "<pad>"],
        "m2m_100": ["<s>", "<pad>", "</s>", "<unk>", *pieces["bpe_plain"][::-1]],
        "letters": ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"],
    }
    for kind, found in tokens.items():
        numbers = {token: number for number, token in enumerate(dict.fromkeys(found))}
        (HERE / kind / "vocab.json").write_text(json.dumps(numbers, ensure_ascii=False))
    languages = transformers.models.m2m_100.tokenization_m2m_100.FAIRSEQ_LANGUAGE_CODES["m2m100"]
    roles = {"bos": "<s>", "eos": "</s>", "sep": "</s>", "pad": "<pad>", "unk": "<unk>"}
    said = {f"{role}_token": token for role, token in roles.items()}
    said["additional_special_tokens"] = [f"__{language}__" for language in languages]
    (HERE / "m2m_100" / "special_tokens_map.json").write_text(json.dumps(said))


def lay_out(name: str, folder: Path) -> None:
    """Writes a checkpoint's tokenizer files into a folder."""
    cls, kind, options = FAMILIES[name]
    for file in PLACES.get(kind, ()):
        shutil.copy(HERE / ELSEWHERE[file] if file in ELSEWHERE else HERE / kind / file, folder / file)
    if kind not in PLACES:
        shutil.copy(HERE / f"{kind}.model", folder / MODELS.get(cls, "sentencepiece.bpe.model"))
    said = {**options, "tokenizer_class": cls.removesuffix("Fast"), "model_max_length": 4096}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))


def result(tokenizer: object, *texts: str) -> dict:
    """What a tokenizer makes of a text or a pair."""
    places = {"return_offsets_mapping": True} if tokenizer.is_fast else {}
    found = tokenizer(*texts, **places, return_special_tokens_mask=True)
    ids = found["input_ids"]
    words = {"words": found.word_ids(), "sequences": found.sequence_ids()} if tokenizer.is_fast else {}
    texts = {"text": tokenizer.decode(ids), "plain": tokenizer.decode(ids, skip_special_tokens=True)}
    return {"data": dict(found), **words, **texts}


def classes() -> dict:
    """model_type -> the names of its tokenizers: in Python, and in Rust."""
    return dict(transformers.models.auto.tokenization_auto.TOKENIZER_MAPPING_NAMES)


SAID = {
    "marian": [">>fr<< hello world", ">>de<<the dog", "hello >>fr<< world"],
    "m2m_100": ["__en__ hello world", "hello __fr__ world </s>"],
    "mbart": ["hello fr_XX world"],
    "byt5": ["<extra_id_0> hello <extra_id_4>."],
}
"""Texts for some families alone."""
TARGETS = ["Der Hund", "le chien\u2028 ", ""]


WHISPER = [
    ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "the dog", 4, "<|end|>"],
    [0, " hello", 50, 50, " world", 100],
    ["<|startofprev|>", " before", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", 0, " the fox", 61, "<|end|>"],
    [0, " one", 700, 700, " two", 1400, 3, " three", 200, 200],
    [0, " one", 700, 5, " two (brackets) CAFÉ, naïve! [x]", 90, 90, " three", 95],
    [20, " begun"],
    [" no time at all"],
    [],
]
"""Texts, special tokens and steps of time, which are to be decoded."""


def whisper() -> dict:
    """Whisper's tokens, in a vocabulary with tokens of time and in one without, and what its calls return."""
    tokenizer_of = transformers.models.whisper.tokenization_whisper
    special = ["<|end|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in tokenizer_of.LANGUAGES), "<|translate|>", "<|transcribe|>",
               "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]  # fmt: skip
    found = {"special": special, "texts": WHISPER, "cases": []}
    for timed in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            for file in PLACES["bytes"]:
                shutil.copy(HERE / "bytes" / file, folder)
            size = len(json.loads((HERE / "bytes" / "vocab.json").read_text()))
            added = {token: size + number for number, token in enumerate(special)}
            if timed:
                added |= {f"<|{step * 0.02:.2f}|>": size + len(special) + step for step in range(1501)}
            Path(folder, "added_tokens.json").write_text(json.dumps(added))
            roles = dict.fromkeys(
                ("bos_token", "eos_token", "unk_token"), "<|end|>"
            )  # which precedes the others, as in the checkpoints
            said = {"tokenizer_class": "WhisperTokenizer", "additional_special_tokens": special[1:], **roles}
            Path(folder, "tokenizer_config.json").write_text(json.dumps(said))
            tokenizer = transformers.WhisperTokenizerFast.from_pretrained(folder)
            begin = size + len(special)
            rows = [[number for part in parts for number in ([begin + part] if isinstance(part, int) else tokenizer.encode(part, add_special_tokens=False))]
                    for parts in WHISPER]  # fmt: skip
            calls = [{}, {"skip_special_tokens": True}, {"decode_with_timestamps": True},
                     {"skip_special_tokens": True, "decode_with_timestamps": True}, {"output_offsets": True},
                     {"basic_normalize": True}, {"basic_normalize": True, "remove_diacritics": True}]  # fmt: skip
            found["calls"] = calls
            prompt = tokenizer.get_prompt_ids(" hello there ", return_tensors="np").tolist()
            forced = tokenizer.get_decoder_prompt_ids(task="translate", language="german", no_timestamps=False)
            found["cases"].append({
                "timed": timed, "rows": rows, "prompt": prompt, "forced": forced, "labels": tokenizer("the dog")["input_ids"],
                "results": [[tokenizer.decode(row, **call) for row in rows] for call in calls],
            })  # fmt: skip
    return found


def targets(name: str, tokenizer: object) -> list:
    """What is to be written, of the families for translation."""
    if name not in ("marian", "m2m_100", "mbart50", "nllb"):
        return []
    tokenizer.tgt_lang = {"m2m_100": "fr", "mbart50": "fr_XX", "nllb": "fra_Latn"}.get(name)
    return [tokenizer(text_target=text)["input_ids"] for text in TARGETS]


def main() -> None:
    """Trains, and records."""
    if "--keep" not in sys.argv:  # the vocabularies, which come out otherwise each time; generate_wide.py is to follow
        train()
    found = {
        "corpus": CORPUS,
        "pairs": PAIRS,
        "whisper": whisper(),
        "said": SAID,
        "targets": TARGETS,
        "classes": classes(),
        "places": PLACES,
        "elsewhere": ELSEWHERE,
        "families": {},
    }
    for name, (cls, kind, options) in FAMILIES.items():
        with tempfile.TemporaryDirectory() as folder:
            lay_out(name, Path(folder))
            tokenizer = getattr(transformers, cls).from_pretrained(folder)
            found["families"][name] = {
                "class": cls, "kind": kind, "file": MODELS.get(cls, "sentencepiece.bpe.model"), "options": options, "names": tokenizer.model_input_names, "side": tokenizer.padding_side,
                "size": len(tokenizer), "roles": {k: v for k, v in tokenizer.special_tokens_map.items() if k != "additional_special_tokens"},
                "single": [result(tokenizer, text) for text in CORPUS], "pairs": [result(tokenizer, *pair) for pair in PAIRS],
                "said": [result(tokenizer, text) for text in SAID.get(name, ())], "targets": targets(name, tokenizer),
            }  # fmt: skip
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    (HERE / "results.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
