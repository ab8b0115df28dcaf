"""Tokenizers that Transformers has in Python alone: how they write texts, and how they are saved."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tokenizers import AddedToken

from trivium.core.errors import TokenizerError

from ..batch import as_array
from . import splitting
from .encoding import BatchEncoding
from .files import Files
from .languages import TranslationTokenizer
from .tokenizer import PretrainedTokenizer, clean_up

_SPACE = "\u2581"


class SplitTokenizer(PretrainedTokenizer):
    """A tokenizer that writes texts as those of Transformers in Python do."""

    empty_pair_counts = True

    def decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        spaces_between_special_tokens: bool = True,
    ) -> str:
        """Tokens as text.

        Args:
            token_ids: A number, or numbers (T,): a list, an array or a tensor.
            skip_special_tokens: Whether special tokens are left out.
            clean_up_tokenization_spaces: Whether spaces before full stops and the like go, if not as the files say.
            spaces_between_special_tokens: Whether tokens that were added stand between spaces.
        """
        ids = np.atleast_1d(as_array(token_ids)).astype(int).tolist()
        apart = {
            token.content for number, token in self.added_tokens_decoder.items()
            if number >= self.vocab_size and not (token.special and token.content in self.roles.values())
        }  # fmt: skip
        parts: list[str | list[str]] = []
        for token in self.convert_ids_to_tokens(ids, skip_special_tokens):
            if token in apart:
                parts.append(token)
            elif parts and isinstance(parts[-1], list):
                parts[-1].append(token)
            else:
                parts.append([token])
        texts = [part if isinstance(part, str) else self.convert_tokens_to_string(part) for part in parts]
        text = (" " if spaces_between_special_tokens else "").join(
            text for number, text in enumerate(texts) if text or number == len(texts) - 1
        )
        cleans = self.clean_up_tokenization_spaces if clean_up_tokenization_spaces is None else clean_up_tokenization_spaces
        return clean_up(text) if cleans else text

    def add_tokens(self, new_tokens: Any, special_tokens: bool = False) -> int:
        """Adds tokens that are not there yet, and returns how many they were.

        They are found in texts as these are written; where texts become lower case, so do they.
        """
        given = [new_tokens] if isinstance(new_tokens, (str, AddedToken)) else list(new_tokens)
        tokens = [token if isinstance(token, AddedToken) else AddedToken(token, special=special_tokens) for token in given]
        lowers = bool(self.options.get("do_lower_case", False))
        more = [token.content for token in tokens if token.special and token.content not in self.all_special_tokens]
        self.additional_special_tokens = [*self.additional_special_tokens, *more]
        return super().add_tokens([_as_written(token, lowers) for token in tokens], special_tokens)

    def convert_ids_to_tokens(self, ids: Any, skip_special_tokens: bool = False) -> Any:
        """The token of a number, or of each of some; the unknown token for a number that has none."""
        found = super().convert_ids_to_tokens(ids, skip_special_tokens)
        return [self.unk_token if token is None else token for token in found] if isinstance(found, list) else found


class PiecesTokenizer(SplitTokenizer):
    """One whose tokens are SentencePiece's; special ones follow them as `_said` says."""

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """Tokens as text."""
        special, said, pieces = set(self.all_special_tokens), "", []  # type: ignore[var-annotated]
        for token in tokens:
            if token in special:
                said += self._said(pieces, token)
                pieces = []
            else:
                pieces.append(token)
        return (said + _text(pieces)).strip()

    def _said(self, pieces: Sequence[str], token: str) -> str:
        """The text of pieces and of the special token that follows them."""
        return _text(pieces) + token


class MarianTokenizer(PiecesTokenizer):
    """Marian's: what it reads is cut by source.spm, what it is to write (`text_target`) by target.spm."""

    def settle(self) -> None:
        """Makes the library's tokenizer of what is written."""
        self._written = splitting.marian_target(Files(self.folder, self.options, self.roles))
        self._written.add_tokens(list(self.added_tokens_decoder.values()))
        self._written.post_processor = self.backend_tokenizer.post_processor

    def _target(self) -> MarianTokenizer:
        """This tokenizer, for what is written."""
        found = copy.copy(self)
        found.backend_tokenizer = self._written
        return found

    def __call__(self, text: Any = None, text_pair: Any = None, text_target: Any = None, **options: Any) -> BatchEncoding:
        if text_target is None:
            return super().__call__(text, text_pair, **options)
        target = self._target()(text_target, **options)
        if text is None:
            return target
        found = super().__call__(text, text_pair, **options)
        found["labels"] = target["input_ids"]
        return found

    @property
    def supported_language_codes(self) -> list[str]:
        """What a text may begin with to say into which language: ">>fra<<", ..."""
        return [token for token in self.get_vocab() if re.fullmatch(">>.+<<", token)]

    def decode(self, token_ids: Any, *options: Any, use_source_tokenizer: bool = False, **others: Any) -> str:
        """As `SplitTokenizer.decode`, by the numbers of what is written, or with `use_source_tokenizer` of what is read."""
        whose = self if use_source_tokenizer or not self.options.get("separate_vocabs") else self._target()
        return super(MarianTokenizer, whose).decode(token_ids, *options, **others)

    def add_tokens(self, new_tokens: Any, special_tokens: bool = False) -> int:
        """Adds tokens that are not there yet, to what is read and what is written, and returns how many they were."""
        super(MarianTokenizer, self._target()).add_tokens(new_tokens, special_tokens)
        return super().add_tokens(new_tokens, special_tokens)

    def _columns(self, encodings: Sequence[Any], wanted: Mapping[str, bool | None]) -> dict[str, Any]:
        found = super()._columns(encodings, wanted)
        special = set(self.all_special_ids) - {self.unk_token_id}
        if "special_tokens_mask" in found:  # also where a text has them
            found["special_tokens_mask"] = [[int(one in special) for one in row] for row in found["input_ids"]]
        return found

    def _said(self, pieces: Sequence[str], token: str) -> str:
        return f"{_text(pieces)}{token} "


class M2M100Tokenizer(PiecesTokenizer, TranslationTokenizer):
    """M2M100's, whose languages are "en" and so on."""

    def lang_token(self, language: str) -> str:
        """The token of a language."""
        return f"__{language}__"

    get_lang_token = lang_token

    def get_lang_id(self, language: str) -> int:
        """The number of a language's token: `forced_bos_token_id` of a text in it."""
        return self.lang_token_id(language)


class SiglipTokenizer(PiecesTokenizer):
    """SigLIP's."""

    def _said(self, pieces: Sequence[str], token: str) -> str:
        return f" {_text(pieces)}{token}" if pieces else token


class MarkedTokenizer(SplitTokenizer):
    """One whose pieces that do not end a word end with "@@": BlenderbotSmall's, PhoBERT's, BERTweet's."""

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """Tokens as text."""
        return " ".join(tokens).replace("@@ ", "").strip()


class JapaneseTokenizer(SplitTokenizer):
    """BERT's for Japanese."""

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """Tokens as text."""
        return " ".join(tokens).replace(" ##", "").strip()


class ByT5Tokenizer(SplitTokenizer):
    """ByT5's, whose tokens are bytes; those that are no UTF-8 are left out of texts."""

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """Tokens as text."""
        added = {token.content for token in self.added_tokens_decoder.values()}
        return b"".join(token.encode() if token in added else _byte(token) for token in tokens).decode(errors="ignore")


def _as_written(token: AddedToken, lowers: bool) -> AddedToken:
    content = token.content.lower() if lowers and token.normalized and not token.special else token.content
    kept = {name: getattr(token, name) for name in ("single_word", "lstrip", "rstrip", "special")}
    return AddedToken(content, normalized=False, **kept)


def _byte(token: str) -> bytes:
    if len(token) != 1 or ord(token) > 255:
        raise TokenizerError(f"{token!r} is no byte", key="tokens")
    return bytes([ord(token)])


def _text(pieces: Sequence[str]) -> str:
    return "".join(pieces).replace(_SPACE, " ").lstrip(" ")
