"""Tokens that come one by one as text, no sooner than it is certain."""

from __future__ import annotations

from typing import Any

_UNSPACED = "\u2e80"  # from here on are the scripts of East Asia, which put no spaces between words


class DecodeStream:
    """Text of tokens as they come: what `step` returns, and at the end `rest`, are `decode` of all of them.

    A character of several tokens is held back until it is whole. Where rules for all of a text, such as
    `clean_up_tokenization_spaces`, change what was returned before, that stays.

    Args:
        tokenizer: Has `decode(tokens, **options) -> text`.
        whole_words: Whether to hold words back until they are whole, since how one is spelled may depend on its next token.
        **options: Of `decode`, such as `skip_special_tokens`.
    """

    def __init__(self, tokenizer: Any, whole_words: bool = False, **options: Any) -> None:
        self._tokenizer, self._whole_words, self._options = tokenizer, whole_words, options
        self._tokens: list[int] = []
        self._said = 0

    def step(self, *tokens: int) -> str:
        """What more tokens make certain; empty for nothing yet."""
        self._tokens += map(int, tokens)
        text = self._text()
        if text.endswith("\N{REPLACEMENT CHARACTER}"):
            return ""
        whole = not self._whole_words or text.endswith("\n") or text[-1:] >= _UNSPACED
        return self._until(text, len(text) if whole else text.rfind(" ") + 1)

    def rest(self) -> str:
        """What is left at the end."""
        text = self._text()
        return self._until(text, len(text))

    def _text(self) -> str:
        return self._tokenizer.decode(self._tokens, **self._options)

    def _until(self, text: str, end: int) -> str:
        new, self._said = text[self._said : end], max(self._said, end)
        return new
