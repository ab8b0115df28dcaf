"""Tokenizers of the files that checkpoints had before there was tokenizer.json.

A builder makes a `tokenizers.Tokenizer` of a checkpoint's files and of what tokenizer_config.json says. What they are to be is
fixed by the tokenizers of Transformers 4, which these give the same tokens and offsets as.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE, Unigram, WordLevel, WordPiece

from trivium.core.errors import TokenizerError

from . import spm
from .files import Files

_SPACE = "\u2581"  # which SentencePiece writes for a space

Builder = Callable[[Files], Tokenizer]


# WordPiece


def wordpiece(files: Files) -> Tokenizer:
    """BERT's, and those of its relatives: vocab.txt."""
    tokens = [line.rstrip("\r") for line in files.lines("vocab.txt")]
    vocabulary = {token: number for number, token in enumerate(tokens[:-1] if tokens and not tokens[-1] else tokens)}
    options = files.options
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token=files.specials["unk"], max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=options.get("tokenize_chinese_chars", True),
        strip_accents=options.get("strip_accents"),
        lowercase=options.get("do_lower_case", True),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    return tokenizer


# Byte-level BPE


def merges(files: Files) -> list[tuple[str, str]]:
    """The pairs of merges.txt, after its line of the version."""
    found = []
    for line in files.lines("merges.txt"):
        if line.startswith("#version") or not line.strip():
            continue
        pair = line.split()
        if len(pair) != 2:
            raise TokenizerError(f"{line[:80]!r} is no pair of tokens", path=files.folder / "merges.txt")
        found.append((pair[0], pair[1]))
    return found


def _bpe(files: Files, **options: Any) -> Tokenizer:
    vocabulary, pairs = files.vocabulary("vocab.json"), merges(files)
    lacking = next((part for pair in pairs for part in (*pair, "".join(pair)) if part not in vocabulary), None)
    if lacking is not None and not options.get("end_of_word_suffix"):
        raise TokenizerError(f"merges.txt makes {lacking!r}, which vocab.json lacks", path=files.folder / "merges.txt")
    return Tokenizer(BPE(vocabulary, pairs, continuing_subword_prefix="", fuse_unk=False, **options))


def byte_level(files: Files) -> Tokenizer:
    """GPT-2's, and those of its relatives: vocab.json and merges.txt."""
    tokenizer = _bpe(files)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=files.options.get("add_prefix_space", False))
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def qwen2(files: Files) -> Tokenizer:
    """Qwen2's: normalised, with numbers apart."""
    tokenizer = _bpe(files)
    tokenizer.normalizer = normalizers.NFC()
    words = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    bytes_of = pre_tokenizers.ByteLevel(add_prefix_space=files.options.get("add_prefix_space", False), use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(words), "isolated"), bytes_of])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def clip(files: Files) -> Tokenizer:
    """CLIP's: lower case, and words that end with "</w>"."""
    tokenizer = _bpe(files, end_of_word_suffix="</w>", unk_token=files.specials["unk"])
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(words, "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def herbert(files: Files) -> Tokenizer:
    """HerBERT's: words as BERT cuts them, of which the last piece ends with "</w>"."""
    tokenizer = _bpe(files, end_of_word_suffix="</w>", unk_token=files.specials["unk"])
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    return tokenizer


# SentencePiece


@dataclass(frozen=True)
class Pieces:
    """What a family's SentencePiece tokenizer has of its own; called with files, it builds one.

    Attributes:
        first: Tokens that stand before the model's pieces from `skipped` on, instead of those before.
        skipped: See `first`.
        last: Tokens that follow the model's.
        unknown: The number of the unknown token; None for the model's own.
        names: What the model's file may be called.
        quotes: Whether quotes of TeX become others, and accents go unless `keep_accents`: ALBERT's and XLNet's.
        strips: Whether text is stripped on the right, and several spaces are one piece: the usual.
        words: "metaspace"; "split" before it (Pegasus); "punctuation" before it (DeBERTa).
        penalty: Whether pieces such as "9," cost more.
        lowers: Whether `do_lower_case` is heeded.
    """

    first: tuple[str, ...] = ()
    skipped: int = 0
    last: tuple[str, ...] = ()
    unknown: int | None = None
    names: tuple[str, ...] = ("spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "spm.model", "source.spm")
    quotes: bool = False
    strips: bool = True
    words: str = "metaspace"
    penalty: bool = False
    lowers: bool = False

    def __call__(self, files: Files) -> Tokenizer:
        model = spm.read(files.path(*self.names))
        scores = [(token, 0.0) for token in self._first(files)]
        scores += [
            (piece.text, piece.score - 100 * (self.penalty and _number_comma(piece.text)))
            for piece in model.pieces[self.skipped :]
        ]
        scores += [(token, 0.0) for token in self._last(files)]
        tokenizer = of_pieces(model, scores, model.unknown if self.unknown is None else self.unknown)
        tokenizer.normalizer = self.normalizer(model, files.options)
        scheme = "always" if files.options.get("add_prefix_space", True) else "never"
        spaces = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme=scheme)
        before = {"split": pre_tokenizers.WhitespaceSplit(), "punctuation": pre_tokenizers.Punctuation("isolated")}
        splits = self.words != "punctuation" or files.options.get("split_by_punct", False)
        chosen = [before[self.words]] if self.words in before and splits else []
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*chosen, spaces]) if self.words in before else spaces
        tokenizer.decoder = decoders.Metaspace(replacement=_SPACE, prepend_scheme=scheme)
        return tokenizer

    def _first(self, files: Files) -> tuple[str, ...]:
        return self.first

    def _last(self, files: Files) -> tuple[str, ...]:
        return self.last

    def normalizer(self, model: spm.Model, options: Mapping[str, Any]) -> Any:
        charsmap = [normalizers.Precompiled(model.charsmap)] if model.charsmap else []
        lower = [normalizers.Lowercase()] if self.lowers and options.get("do_lower_case", False) else []
        if self.quotes:
            quotes = [normalizers.Replace("``", '"'), normalizers.Replace("''", '"')]
            accents = [] if options.get("keep_accents", False) else [normalizers.NFKD(), normalizers.StripAccents()]
            return normalizers.Sequence([*quotes, *accents, *lower, *charsmap, normalizers.Replace(Regex(" {2,}"), " ")])
        if self.words == "punctuation":
            return normalizers.Sequence([*lower, normalizers.Strip(), *charsmap, normalizers.Replace(Regex(" {2,}"), " ")])
        ends = [normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), _SPACE)]
        return normalizers.Sequence([*charsmap, *ends])


class T5Pieces(Pieces):
    """T5's, with the sentinels of its pretraining at the end, the last one first."""

    def _last(self, files: Files) -> tuple[str, ...]:
        return tuple(f"<extra_id_{i}>" for i in range(files.options.get("extra_ids", 100) - 1, -1, -1))


class PegasusPieces(Pieces):
    """Pegasus's, whose first tokens are masks and such that were never used."""

    def _first(self, files: Files) -> tuple[str, ...]:
        offset = files.options.get("offset", 103)
        masks = ("<mask_1>", "<mask_2>")
        return (files.specials["pad"], files.specials["eos"], *masks, *(f"<unk_{i}>" for i in range(2, offset)))


def of_pieces(model: spm.Model, scores: list[tuple[str, float]], unknown: int) -> Tokenizer:
    if model.type == spm.UNIGRAM:
        tokenizer = Tokenizer(Unigram(scores, unk_id=unknown, byte_fallback=model.byte_fallback))
    else:
        vocabulary = {text: number for number, (text, _) in enumerate(scores)}
        unk = scores[unknown][0]
        tokenizer = Tokenizer(
            BPE(vocabulary, _merges_of(vocabulary, scores), unk_token=unk, fuse_unk=True, byte_fallback=model.byte_fallback)
        )
    own = [(piece.text, piece.type == spm.CONTROL) for piece in model.pieces if piece.type in (spm.CONTROL, spm.USER_DEFINED)]
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=special) for text, special in own])
    return tokenizer


def _merges_of(vocabulary: Mapping[str, int], scores: Iterable[tuple[str, float]]) -> list[tuple[str, str]]:
    """The merges that a BPE model of SentencePiece makes, the best first: of each piece, every way to make it of two others."""
    found = []
    for text, score in scores:
        ways = [(text[:cut], text[cut:]) for cut in range(1, len(text))]
        ways = [(left, right) for left, right in ways if left in vocabulary and right in vocabulary]
        ways.sort(key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
        found += [(left, right, score) for left, right in ways]
    found.sort(key=lambda merge: -merge[2])
    return [(left, right) for left, right, _ in found]


def _number_comma(text: str) -> bool:
    """Whether a piece ends with a comma after a digit, which ALBERT and XLNet keep apart."""
    return len(text) >= 2 and text[-1] == "," and text[-2].isdigit()


def llama(files: Files) -> Tokenizer:
    """LLaMA's and Mistral's first: BPE with bytes for what is no piece."""
    model, options = spm.read(files.path("tokenizer.model")), files.options
    scores = [(piece.text, 0.0 if number < 3 else piece.score) for number, piece in enumerate(model.pieces)]
    tokenizer = of_pieces(model, scores, 0)
    prefix = options.get("add_prefix_space") is not False
    if options.get("legacy", True) is not False:
        steps = [normalizers.Prepend(_SPACE)] if prefix else []
        tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", _SPACE)])
    else:
        scheme = "first" if prefix else "never"
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(_SPACE, prepend_scheme=scheme, split=False)
    ends = [decoders.Strip(content=" ", left=1)] if prefix else []
    tokenizer.decoder = decoders.Sequence([decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), *ends])
    return tokenizer


def gemma(files: Files) -> Tokenizer:
    """Gemma's: BPE with bytes for what is no piece, and no space before the first word."""
    model = spm.read(files.path("tokenizer.model"))
    first = [files.specials[role] for role in ("pad", "eos", "bos")]
    scores = [(text, 0.0) for text in first] + [(piece.text, piece.score) for piece in model.pieces[3:]]
    if "\t" not in dict(scores):
        scores = [("\t", 0.0) if text == "<0x09>" else (text, score) for text, score in scores]
    tokenizer = of_pieces(model, scores, 3)
    turns = [token for token in ("<start_of_turn>", "<end_of_turn>") if token in dict(scores)]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in turns])
    tokenizer.normalizer = normalizers.Replace(" ", _SPACE)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer


# Characters, for what is heard


def characters(files: Files) -> Tokenizer:
    """wav2vec 2.0's: each character is a token, and a space is "|"."""
    vocabulary = files.vocabulary("vocab.json")
    if vocabulary and all(isinstance(value, dict) for value in vocabulary.values()):
        raise TokenizerError("a vocabulary for several languages", path=files.folder / "vocab.json", hint="save it for one")
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=files.specials["unk"]))
    special = dict.fromkeys(files.specials.values())
    tokenizer.add_special_tokens([AddedToken(token, lstrip=True, rstrip=True, normalized=False) for token in special])
    delimiter = files.options.get("word_delimiter_token", "|")
    tokenizer.normalizer = normalizers.Replace(" ", delimiter)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return tokenizer
