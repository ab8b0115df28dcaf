"""Which tokenizers there are: a table of families, named as Transformers' classes begin.

A family says what tokenizer_config.json may leave unsaid: the special tokens, what stands around a text, the inputs that its
models take, and how the tokenizer is built where there is no tokenizer.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import building, splitting
from .building import Builder, Pieces
from .language_codes import MBART, MBART50, NLLB

BERT = {"unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]", "cls": "[CLS]", "mask": "[MASK]"}
FAIRSEQ = {"bos": "<s>", "eos": "</s>", "sep": "</s>", "cls": "<s>", "unk": "<unk>", "pad": "<pad>", "mask": "<mask>"}
GPT2 = {"unk": "<|endoftext|>", "bos": "<|endoftext|>", "eos": "<|endoftext|>"}

SEGMENTS = ("input_ids", "token_type_ids", "attention_mask")
PLAIN = ("input_ids", "attention_mask")

BETWEEN = "cls:0 $A:0 sep:0", "cls:0 $A:0 sep:0 $B:1 sep:1"
TWICE = "cls:0 $A:0 sep:0", "cls:0 $A:0 sep:0 sep:0 $B:0 sep:0"
ENDED = "$A:0 eos:0", "$A:0 $B:0 eos:0"

_FAIRSEQ_PIECES: dict[str, Any] = {"first": ("<s>", "<pad>", "</s>", "<unk>"), "skipped": 3, "unknown": 3}


@dataclass(frozen=True)
class Family:
    """A kind of tokenizer.

    Attributes:
        build: Makes it of a checkpoint's files without tokenizer.json; None if there is none without.
        specials: Role -> its token, unless the files say otherwise.
        template: What stands around one text and around two, by roles; None leaves it to `build`.
        inputs: What its models take.
        defaults: Of what tokenizer_config.json may say.
        side: On which side texts are padded.
        rebuilds: Whether the template is set also where tokenizer.json has one: it depends on the configuration.
        more: Further special tokens.
        cleans: Whether decoding takes out the spaces before full stops and the like, unless the files say otherwise.
        own: The files that it is made of and saved as, where Transformers has it in Python alone; None for tokenizer.json.
    """

    build: Builder | None
    specials: Mapping[str, str]
    template: tuple[str, str] | None = None
    inputs: tuple[str, ...] = PLAIN
    defaults: Mapping[str, Any] = field(default_factory=dict)
    side: str = "right"
    rebuilds: bool = False
    more: tuple[str, ...] = ()
    cleans: bool = False
    own: tuple[str, ...] | None = None


_ALBERT = Pieces(quotes=True, penalty=True, lowers=True)
_BERT = Family(building.wordpiece, BERT, BETWEEN, SEGMENTS, cleans=True)
_ROBERTA = Family(building.byte_level, FAIRSEQ, TWICE)
_GPT2 = Family(building.byte_level, GPT2)
_PHOBERT = Family(splitting.counted, FAIRSEQ, TWICE, SEGMENTS, own=("vocab.txt", "bpe.codes"))
_LLAMA = Family(
    building.llama, {"unk": "<unk>", "bos": "<s>", "eos": "</s>"}, ("bos:0 $A:0 eos:0", "bos:0 $A:0 eos:0 bos:1 $B:1 eos:1"),
    defaults={"add_bos_token": True, "add_eos_token": False}, side="left", rebuilds=True,
)  # fmt: skip

FAMILIES: Mapping[str, Family] = {
    "Albert": Family(
        _ALBERT, {**BERT, "bos": "[CLS]", "eos": "[SEP]", "unk": "<unk>", "pad": "<pad>"}, BETWEEN, SEGMENTS,
        {"do_lower_case": True, "keep_accents": False},
    ),
    "Bart": _ROBERTA,
    "Barthez": Family(Pieces(unknown=3), FAIRSEQ, TWICE),
    "Bert": _BERT,
    "Blenderbot": Family(building.byte_level, FAIRSEQ, ("$A:0 eos:0", "$A:0 $B:1")),
    "BertJapanese": Family(
        splitting.japanese, BERT, BETWEEN, SEGMENTS, {"do_lower_case": False, "tokenize_chinese_chars": False},
        own=("vocab.txt",),
    ),
    "Bertweet": _PHOBERT,
    "BlenderbotSmall": Family(
        splitting.blenderbot_small, {"bos": "__start__", "eos": "__end__", "unk": "__unk__", "pad": "__null__"},
        own=("vocab.json", "merges.txt"),
    ),
    "Bloom": Family(None, {"unk": "<unk>", "bos": "<s>", "eos": "</s>", "pad": "<pad>"}, side="left"),
    "ByT5": Family(
        splitting.byt5, {"eos": "</s>", "unk": "<unk>", "pad": "<pad>"}, ("$A:0 eos:0", "$A:0 eos:0 $B:0 eos:0"), own=()
    ),
    "CLIP": Family(
        building.clip, {"unk": "<|endoftext|>", "bos": "<|startoftext|>", "eos": "<|endoftext|>", "pad": "<|endoftext|>"},
        ("bos:0 $A:0 eos:0", "bos:0 $A:0 eos:0 eos:0 $B:0 eos:0"),
    ),
    "Camembert": Family(
        Pieces(first=("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"), skipped=1, unknown=3, last=("<mask>",)),
        FAIRSEQ, TWICE,
    ),
    "CodeGen": _GPT2,
    "DebertaV2": Family(
        Pieces(words="punctuation", lowers=True),
        {**BERT, "bos": "[CLS]", "eos": "[SEP]"}, BETWEEN, SEGMENTS, {"do_lower_case": False, "split_by_punct": False},
    ),
    "DistilBert": Family(building.wordpiece, BERT, BETWEEN, cleans=True),
    "Electra": _BERT,
    "GPT2": _GPT2,
    "GPTNeoX": Family(building.byte_level, GPT2, defaults={"add_bos_token": False, "add_eos_token": False}),
    "Gemma": Family(
        building.gemma, {"unk": "<unk>", "bos": "<bos>", "eos": "<eos>", "pad": "<pad>"}, _LLAMA.template,
        defaults={"add_bos_token": True, "add_eos_token": False}, side="left", rebuilds=True,
    ),
    "Herbert": Family(
        building.herbert, {role: token for role, token in FAIRSEQ.items() if role != "eos"}, BETWEEN, SEGMENTS,
        more=tuple(f"<special{i}>" for i in range(10)),
    ),
    "LayoutLM": _BERT,
    "Llama": _LLAMA,
    "M2M100": Family(
        splitting.m2m_100, {role: FAIRSEQ[role] for role in ("bos", "eos", "sep", "unk", "pad")},
        ("lang:0 $A:0 eos:0", "lang:0 $A:0 $B:0 eos:0"), defaults={"src_lang": "en"}, rebuilds=True,
        own=("vocab.json", "sentencepiece.bpe.model"),
    ),
    "MBart": Family(
        Pieces(**_FAIRSEQ_PIECES, last=(*MBART, "<mask>")), FAIRSEQ, ("$A:0 eos:0 lang:0", "$A:0 $B:0 eos:0 lang:0"),
        defaults={"src_lang": "en_XX"}, rebuilds=True, more=MBART,
    ),
    "MBart50": Family(
        Pieces(**_FAIRSEQ_PIECES, last=(*MBART50, "<mask>")),
        {role: token for role, token in FAIRSEQ.items() if role != "bos"},
        ("lang:0 $A:0 eos:0", "lang:0 $A:0 $B:0 eos:0"),
        defaults={"src_lang": "en_XX"}, rebuilds=True, more=MBART50,
    ),
    "MPNet": Family(building.wordpiece, {**FAIRSEQ, "unk": "[UNK]"}, TWICE, cleans=True),
    "Marian": Family(
        splitting.marian, {"eos": "</s>", "unk": "<unk>", "pad": "<pad>"}, ENDED, defaults={"model_max_length": 512},
        own=("vocab.json", "source.spm", "target.spm"),
    ),
    "Nllb": Family(
        Pieces(**_FAIRSEQ_PIECES, last=("<mask>", *NLLB)), FAIRSEQ, ("lang:0 $A:0 eos:0", "lang:0 $A:0 $B:0 eos:0"),
        defaults={"src_lang": "eng_Latn"}, rebuilds=True, more=NLLB,
    ),
    "Pegasus": Family(
        building.PegasusPieces(skipped=2, unknown=105, words="split"),
        {"pad": "<pad>", "eos": "</s>", "unk": "<unk>", "mask": "<mask_2>"}, ENDED,
    ),
    "Phobert": _PHOBERT,
    "PreTrained": Family(None, {}, inputs=SEGMENTS),
    "Qwen2": Family(building.qwen2, {"unk": "<|endoftext|>", "eos": "<|endoftext|>", "pad": "<|endoftext|>"}),
    "Roberta": _ROBERTA,
    "Siglip": Family(
        splitting.siglip, {"eos": "</s>", "unk": "<unk>", "pad": "</s>"}, ("$A:0 eos:0", "$A:0 eos:0 $B:0 eos:0"),
        defaults={"model_max_length": 64, "do_lower_case": True}, own=("spiece.model",),
    ),
    "T5": Family(building.T5Pieces(), {"eos": "</s>", "unk": "<unk>", "pad": "<pad>"}, ("$A:0 eos:0", "$A:0 eos:0 $B:0 eos:0")),
    "Wav2Vec2CTC": Family(
        building.characters, {"bos": "<s>", "eos": "</s>", "unk": "<unk>", "pad": "<pad>"}, own=("vocab.json",)
    ),
    "Whisper": Family(building.byte_level, {"unk": "<|endoftext|>", "bos": "<|endoftext|>", "eos": "<|endoftext|>"}),
    "XLMRoberta": Family(Pieces(**_FAIRSEQ_PIECES, last=("<mask>",)), FAIRSEQ, TWICE),
    "XLNet": Family(
        Pieces(quotes=True, penalty=True, lowers=True),
        {"bos": "<s>", "eos": "</s>", "unk": "<unk>", "sep": "<sep>", "pad": "<pad>", "cls": "<cls>", "mask": "<mask>"},
        ("$A:0 sep:0 cls:2", "$A:0 sep:0 $B:1 sep:1 cls:2"), SEGMENTS, {"do_lower_case": False, "keep_accents": False},
        side="left", more=("<eop>", "<eod>"),
    ),
}  # fmt: skip
"""The families; a class of Transformers is one's name and "Tokenizer" or "TokenizerFast"."""

COPIES = {
    "CodeLlama": "Llama", "ConvBert": "Bert", "LayoutXLM": "XLMRoberta", "LED": "Bart", "Longformer": "Roberta",
    "Lxmert": "Bert", "MobileBert": "Bert", "MT5": "T5", "Mvp": "Bart", "SqueezeBert": "Bert",
}  # fmt: skip
"""Families that are another under a name of their own -> that one. Source: convert_slow_tokenizer.py of Transformers 4.52."""

REFUSED = {
    "Tapex": "use BartTokenizer, and write each table as text: its question, then col : a | b row 1 : c | d, all in lower case",
    "Wav2Vec2PhonemeCTC": "a phonemizer would be needed to write texts; to read what a network says, use Wav2Vec2CTCTokenizer",
}
"""Families that there are not, where there is no tokenizer.json -> what to do instead."""
