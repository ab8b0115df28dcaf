"""Tokenizers whose texts are cut in Python, and whose tokens' numbers are in a file of their own.

A `Split` says where a text is cut, and what token each part is; the library looks up the tokens' numbers, and does the rest.
Such tokenizers have no tokenizer.json: what is saved are the files that they were made of, as Transformers saves them.
"""

from __future__ import annotations

import itertools
import re
import string
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tokenizers import AddedToken, NormalizedString, PreTokenizedString, Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordLevel

from trivium.core.errors import TokenizerError

from . import building, spm
from .files import Files
from .language_codes import M2M100

Split = Callable[[str], Iterator[tuple[int, int, str]]]
"""Of a text: (start, end, token) of each of its tokens; what is between them is no part of any."""

_SPACE = "\u2581"
_CODE = re.compile(f"{_SPACE}(>>.+<<)")  # of the language that Marian is to write
_WORD = re.compile(r"\S+\n?")


class Cutter:
    """A pre-tokenizer of the library that cuts as a `Split` says."""

    def __init__(self, split: Split):
        self._split = split

    def pre_tokenize(self, text: PreTokenizedString) -> None:
        """What the library calls."""
        text.split(self._parts)

    def _parts(self, _: int, text: NormalizedString) -> list[NormalizedString]:
        found = []
        for start, end, token in self._split(text.normalized):
            part = text.slice((start, end))
            if part is None:
                raise TokenizerError(f"a text has no part from {start} to {end}")
            if part.normalized != token:
                part.replace(part.normalized, token)
            found.append(part)
        return found


def _looked_up(vocabulary: Mapping[str, int], files: Files, *steps: Any) -> Tokenizer:
    tokenizer = Tokenizer(WordLevel(dict(vocabulary), unk_token=files.specials["unk"]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(list(steps))
    return tokenizer


# Pieces of SentencePiece, whose numbers are in vocab.json


def numbered_pieces(files: Files, model: spm.Model, vocabulary: Mapping[str, int]) -> Tokenizer:
    """A SentencePiece model whose pieces have their numbers from a vocabulary."""
    if model.byte_fallback:
        raise TokenizerError("a SentencePiece model that makes bytes of unknown characters", path=files.folder)
    scores = [(piece.text, piece.score) for piece in model.pieces]
    whole = building.of_pieces(model, scores, model.unknown)
    tokenizer = _looked_up(
        vocabulary, files, pre_tokenizers.Metaspace(), pre_tokenizers.PreTokenizer.custom(Cutter(_cut_by(whole.model)))
    )
    tokenizer.normalizer = _spaced(model)
    return tokenizer


def _spaced(model: spm.Model) -> Any:
    """What SentencePiece does to a text: other whitespace than spaces stays."""
    charsmap = [normalizers.Precompiled(model.charsmap)] if model.charsmap else []
    ends = normalizers.Replace(Regex(r" +\z"), "")
    return normalizers.Sequence(
        [*charsmap, normalizers.Replace(_SPACE, " "), ends, normalizers.Replace(Regex(" {2,}"), _SPACE)]
    )


def _cut_by(model: Any) -> Split:
    """Cuts as a model of the library does; neighbours that it does not know are one token."""

    def split(text: str) -> Iterator[tuple[int, int, str]]:
        code = _CODE.fullmatch(text)
        if code is not None:
            yield code.start(1), code.end(1), code[1]
            return
        place, content = 0, text.encode()
        for token in model.tokenize(text):
            part = content[token.offsets[0] : token.offsets[1]].decode()
            yield place, place + len(part), part
            place += len(part)

    return split


def marian(files: Files) -> Tokenizer:
    """Marian's, of what it reads: source.spm, and the numbers of vocab.json."""
    return _marian(files, "source.spm", "vocab.json")


def marian_target(files: Files) -> Tokenizer:
    """Marian's, of what it writes."""
    return _marian(files, "target.spm", "target_vocab.json" if files.options.get("separate_vocabs") else "vocab.json")


def _marian(files: Files, pieces: str, numbers: str) -> Tokenizer:
    tokenizer = numbered_pieces(files, spm.read(files.path(pieces)), files.vocabulary(numbers))
    later_codes = normalizers.Replace(Regex("(?!\\A)>>.+<<"), "")
    tokenizer.normalizer = normalizers.Sequence([later_codes, tokenizer.normalizer])
    code = pre_tokenizers.Split(Regex("\\A>>.+<<"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([code, tokenizer.pre_tokenizer])
    return tokenizer


def m2m_100(files: Files) -> Tokenizer:
    """M2M100's: a SentencePiece model, vocab.json, and after it a token for each language."""
    vocabulary = files.vocabulary("vocab.json")
    tokenizer = numbered_pieces(files, spm.read(files.path("sentencepiece.bpe.model")), vocabulary)
    chosen = files.options.get("language_codes", "m2m100")
    if chosen not in M2M100:
        raise TokenizerError(
            f"language_codes = {chosen!r} is none of: {', '.join(M2M100)}", path=files.folder, key="language_codes"
        )
    tokenizer.add_special_tokens([AddedToken(f"__{code}__", normalized=False, special=True) for code in M2M100[chosen]])
    return tokenizer


class _Begin:
    """A pre-tokenizer of the library that puts a space before a text, and none before what follows a special token."""

    def pre_tokenize(self, text: PreTokenizedString) -> None:
        """What the library calls."""
        text.split(self._begun)

    def _begun(self, number: int, text: NormalizedString) -> list[NormalizedString]:
        if number:
            text.lstrip()
        else:
            text.prepend(_SPACE)
        return [text]


def siglip(files: Files) -> Tokenizer:
    """SigLIP's: a SentencePiece model of texts in lower case and without marks."""
    model = spm.read(files.path("spiece.model"))
    tokenizer = Tokenizer(building.of_pieces(model, [(piece.text, piece.score) for piece in model.pieces], model.unknown).model)
    lower = [normalizers.Lowercase()] if files.options.get("do_lower_case", True) else []
    marks = normalizers.Replace(Regex("[" + re.escape(string.punctuation) + "]"), "")
    spaces = [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(left=False)]
    tokenizer.normalizer = normalizers.Sequence([*lower, marks, *spaces, _spaced(model)])
    begin = pre_tokenizers.PreTokenizer.custom(_Begin())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([begin, pre_tokenizers.Metaspace(prepend_scheme="never")])
    ends = dict.fromkeys(files.specials[role] for role in ("pad", "eos", "unk"))
    tokenizer.add_special_tokens([AddedToken(end, lstrip=True, rstrip=True, normalized=False, special=True) for end in ends])
    return tokenizer


# BPE whose pieces end with "@@" unless they end a word


def _merged(word: str, ranks: Mapping[tuple[str, str], int]) -> list[str]:
    """The pieces of a word: neighbours are merged, the pair of the lowest rank first, wherever it is."""
    parts = [*word[:-1], f"{word[-1]}</w>"]
    while len(parts) > 1:
        pair = min(itertools.pairwise(parts), key=lambda pair: ranks.get(pair, len(ranks)))
        if pair not in ranks:
            break
        found, at = [], 0
        while at < len(parts):
            whole = parts[at : at + 2] == list(pair)
            found.append("".join(pair) if whole else parts[at])
            at += 2 if whole else 1
        parts = found
    parts[-1] = parts[-1].removesuffix("</w>")
    return parts


def _pieces(word: str, start: int, ranks: Mapping[tuple[str, str], int]) -> Iterator[tuple[int, int, str]]:
    """The tokens of a word that begins at `start`."""
    parts = _merged(word, ranks)
    for number, part in enumerate(parts):
        yield start, start + len(part), part if number == len(parts) - 1 else f"{part}@@"
        start += len(part)


def counted(files: Files) -> Tokenizer:
    """PhoBERT's and BERTweet's: vocab.txt and bpe.codes of fastBPE, whose lines end with how often each occurred."""
    if files.options.get("normalization"):
        raise TokenizerError(
            "normalization, by which tweets are cleaned, is not there", path=files.folder, key="normalization",
            hint="normalization=False, and texts that have been cleaned as BERTweet's authors did (their TweetNormalizer.py)",
        )  # fmt: skip
    tokens = [files.specials[role] for role in ("bos", "pad", "eos", "unk")]
    tokens += [line.strip().rpartition(" ")[0] for line in files.lines("vocab.txt") if line.strip()]
    lines = [tuple(line.split()[:-1]) for line in files.lines("bpe.codes") if line.strip()]
    ranks = {(pair[0], pair[1]): rank for rank, pair in enumerate(lines) if len(pair) == 2}

    def split(text: str) -> Iterator[tuple[int, int, str]]:
        for word in _WORD.finditer(text):
            yield from _pieces(word[0], word.start(), ranks)

    vocabulary: dict[str, int] = {}
    for token in tokens:
        vocabulary[token] = len(vocabulary)
    return _looked_up(vocabulary, files, pre_tokenizers.PreTokenizer.custom(Cutter(split)))


def blenderbot_small(files: Files) -> Tokenizer:
    """BlenderbotSmall's: lower case, with punctuation apart."""
    ranks = {pair: rank for rank, pair in enumerate(building.merges(files))}

    def split(text: str) -> Iterator[tuple[int, int, str]]:
        for word in _WORD.finditer(text):
            for part in _PARTS.finditer(word[0]):
                start, lower = word.start() + part.start(), part[0].lower()
                if part[0] == "\n":  # which is a word of its own, spelled so
                    yield from ((start, start + 1, token) for _, _, token in _pieces("__newln__", 0, ranks))
                else:
                    same = len(lower) == len(part[0])  # but for few letters, such as İ
                    yield from (
                        (a, b, token) if same else (start, start + len(part[0]), token)
                        for a, b, token in _pieces(lower, start, ranks)
                    )

    return _looked_up(files.vocabulary("vocab.json"), files, pre_tokenizers.PreTokenizer.custom(Cutter(split)))


_PARTS = re.compile(r"'|\n|[.,!?()][^\s.,!?()']*|[^\s.,!?()']+")
"""The parts of a word of BlenderbotSmall's: a mark begins one, an apostrophe is one."""


# Characters of words


def japanese(files: Files) -> Tokenizer:
    """BERT's for Japanese, whose words are cut at spaces and marks: vocab.txt, of pieces or of characters."""
    options = files.options
    kinds = {"word_tokenizer_type": ("basic",), "subword_tokenizer_type": ("wordpiece", "character")}
    for name, known in kinds.items():
        if options.get(name, known[0]) not in known:
            raise TokenizerError(
                f"{name} = {options[name]!r} needs a library of Japanese, which Trivium has not", path=files.folder, key=name,
                hint='word_tokenizer_type="basic", and texts whose words are set apart by spaces, as by fugashi or Sudachi',
            )  # fmt: skip
    tokenizer = building.wordpiece(files)
    unseen = normalizers.Replace(Regex(r"[\p{C}&&[^\t\n\r]]"), "")
    tokenizer.normalizer = normalizers.Sequence([unseen, normalizers.NFC(), tokenizer.normalizer])
    if options.get("subword_tokenizer_type", "wordpiece") == "character":
        each = pre_tokenizers.PreTokenizer.custom(Cutter(_characters))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.BertPreTokenizer(), each])
        tokenizer.model = WordLevel(tokenizer.get_vocab(), unk_token=files.specials["unk"])
    return tokenizer


def _characters(word: str) -> Iterator[tuple[int, int, str]]:
    """The characters of a word in their compatible forms, which may be several for one."""
    whole = unicodedata.normalize("NFKC", word)
    parts = [unicodedata.normalize("NFKC", character) for character in word]
    if "".join(parts) == whole:
        yield from ((place, place + 1, one) for place, part in enumerate(parts) for one in part)
    else:  # characters join, and where each was is not known
        yield from ((0, len(word), one) for one in whole)


# Bytes


def byt5(files: Files) -> Tokenizer:
    """ByT5's: a token for each byte, after three special ones."""
    first = [files.specials[role] for role in ("pad", "eos", "unk")]
    vocabulary = {token: number for number, token in enumerate([*first, *map(chr, range(256))])}

    def split(text: str) -> Iterator[tuple[int, int, str]]:
        for place, character in enumerate(text):
            yield from ((place, place + 1, chr(byte)) for byte in character.encode())

    tokenizer = _looked_up(vocabulary, files, pre_tokenizers.PreTokenizer.custom(Cutter(split)))
    ends = [AddedToken(token, lstrip=True, rstrip=True, normalized=False, special=True) for token in first]
    more = [f"<extra_id_{i}>" for i in range(files.options.get("extra_ids", 125))]
    tokenizer.add_special_tokens([*ends, *(AddedToken(token, normalized=False, special=True) for token in more)])
    return tokenizer
