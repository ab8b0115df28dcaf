"""What a tokenizer returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tokenizers import Encoding

from trivium.core.errors import InputError

from ..batch import BatchFeature


class BatchEncoding(BatchFeature):
    """The inputs of a model, by name, and how they lie in the texts.

    Methods that ask for a place take the number of the text first, and may leave it out where there is but one.

    Args:
        data: Name -> values.
        encodings: One of `tokenizers` for each text or part of one.
    """

    def __init__(self, data: dict[str, Any], encodings: Sequence[Encoding] = (), tensor_type: str | None = None):
        self.__dict__["encodings"] = list(encodings)
        super().__init__(data, tensor_type)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, str):
            return self.data[item]
        if isinstance(item, int):
            return self.encodings[item]
        return {name: values[item] for name, values in self.data.items()}

    def _encoding(self, number: int) -> Encoding:
        if not self.encodings:
            raise InputError("what was only padded knows of no text")
        return self.encodings[number]

    def tokens(self, batch_index: int = 0) -> list[str]:
        """The tokens of a text."""
        return self._encoding(batch_index).tokens

    def word_ids(self, batch_index: int = 0) -> list[int | None]:
        """For each token the number of its word; None for those that are no part of a text."""
        return self._encoding(batch_index).word_ids

    words = word_ids

    def sequence_ids(self, batch_index: int = 0) -> list[int | None]:
        """For each token which text of a pair it is of; None for those that are of neither."""
        return self._encoding(batch_index).sequence_ids

    def char_to_token(self, batch_or_char_index: int, char_index: int | None = None, sequence_index: int = 0) -> int | None:
        """The token that a character belongs to; None if it belongs to none."""
        number, place = _place(batch_or_char_index, char_index)
        return self._encoding(number).char_to_token(place, sequence_index)

    def char_to_word(self, batch_or_char_index: int, char_index: int | None = None, sequence_index: int = 0) -> int | None:
        """The word that a character belongs to."""
        number, place = _place(batch_or_char_index, char_index)
        return self._encoding(number).char_to_word(place, sequence_index)

    def token_to_chars(self, batch_or_token_index: int, token_index: int | None = None) -> tuple[int, int] | None:
        """Where a token begins and ends in its text."""
        number, place = _place(batch_or_token_index, token_index)
        found = self._encoding(number).token_to_chars(place)
        return None if found is None else (found[0], found[1])

    def token_to_word(self, batch_or_token_index: int, token_index: int | None = None) -> int | None:
        """The word that a token belongs to."""
        number, place = _place(batch_or_token_index, token_index)
        return self._encoding(number).token_to_word(place)

    def token_to_sequence(self, batch_or_token_index: int, token_index: int | None = None) -> int | None:
        """The text of a pair that a token belongs to."""
        number, place = _place(batch_or_token_index, token_index)
        return self._encoding(number).token_to_sequence(place)

    def word_to_tokens(
        self, batch_or_word_index: int, word_index: int | None = None, sequence_index: int = 0
    ) -> tuple[int, int] | None:
        """The first token of a word, and the one after its last."""
        number, place = _place(batch_or_word_index, word_index)
        found = self._encoding(number).word_to_tokens(place, sequence_index)
        return None if found is None else (found[0], found[1])

    def word_to_chars(
        self, batch_or_word_index: int, word_index: int | None = None, sequence_index: int = 0
    ) -> tuple[int, int] | None:
        """Where a word begins and ends in its text."""
        number, place = _place(batch_or_word_index, word_index)
        found = self._encoding(number).word_to_chars(place, sequence_index)
        return None if found is None else (found[0], found[1])


def _place(first: int, second: int | None) -> tuple[int, int]:
    """The number of the text, and the place in it."""
    return (0, first) if second is None else (first, second)
