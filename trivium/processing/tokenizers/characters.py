"""Tokenizers of speech recognised by CTC: characters, of which repeated ones and blanks are taken together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..batch import as_array
from .encoding import BatchEncoding
from .tokenizer import PretrainedTokenizer, clean_up


class CTCTokenizer(PretrainedTokenizer):
    """wav2vec 2.0's tokenizer: each character is a token. `decode` takes what a network says at each step."""

    @property
    def word_delimiter_token(self) -> str:
        """The token that stands for a space."""
        return self.options.get("word_delimiter_token") or "|"

    def __call__(self, text: Any = None, *others: Any, **options: Any) -> BatchEncoding:
        if self.options.get("do_lower_case", False):  # which is what its files call upper case
            text = text.upper() if isinstance(text, str) else [one.upper() for one in text] if text is not None else None
        return super().__call__(text, *others, **options)

    def decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        output_char_offsets: bool = False,
        output_word_offsets: bool = False,
        group_tokens: bool = True,
    ) -> Any:
        """What the steps of a recording say.

        Args:
            token_ids: (T,), the token at each step.
            skip_special_tokens: Whether the special tokens are left out.
            clean_up_tokenization_spaces: Whether spaces before full stops and the like go.
            output_char_offsets, output_word_offsets: Return a dict with "text" and at which steps each is:
                {"char", "start_offset", "end_offset"}, {"word", ...}.
            group_tokens: Whether a token that is repeated is one.
        """
        ids = [int(one) for one in np.atleast_1d(as_array(token_ids)).tolist()]
        kept = {self.pad_token_id, self.backend_tokenizer.token_to_id(self.word_delimiter_token)}  # a blank parts two letters
        skipped = self.skipped_ids() - kept if skip_special_tokens else set()
        steps = [(one, step, step + 1) for step, one in enumerate(ids) if one not in skipped]
        runs = [run for run in (_runs(steps) if group_tokens else steps) if run[0] != self.pad_token_id]
        characters: list[dict[str, Any]] = [
            {"char": self._character(one), "start_offset": start, "end_offset": end} for one, start, end in runs
        ]
        text = "".join(one["char"] for one in characters).strip()
        cleans = self.clean_up_tokenization_spaces if clean_up_tokenization_spaces is None else clean_up_tokenization_spaces
        text = clean_up(text) if cleans else text
        text = text.lower() if self.options.get("do_lower_case", False) else text
        if not output_char_offsets and not output_word_offsets:
            return text
        found: dict[str, Any] = {"text": text}
        if output_char_offsets:
            found["char_offsets"] = characters
        if output_word_offsets:
            found["word_offsets"] = list(_words(characters))
        return found

    def _character(self, number: int) -> str:
        token = self.backend_tokenizer.id_to_token(number) or ""
        return " " if token == self.word_delimiter_token else token


def _runs(steps: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """(token, first step, step after the last) of tokens that are repeated."""
    for token, group in itertools.groupby(steps, key=lambda step: step[0]):
        run = list(group)
        yield token, run[0][1], run[-1][2]


def _words(characters: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for space, group in itertools.groupby(characters, key=lambda one: one["char"] == " "):
        word = list(group)
        if not space:
            text = "".join(one["char"] for one in word)
            yield {"word": text, "start_offset": word[0]["start_offset"], "end_offset": word[-1]["end_offset"]}
