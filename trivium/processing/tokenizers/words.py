"""The words that tokens spell, with which tokens they are of; as Whisper's times of words want them."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

OPENING, CLOSING = "\"'\u201c\u00bf\u00a1([{-", "\"'.\u3002,\uff0c!\uff01?\uff1f:\uff1a\u201d)]}\u3001"
"""Punctuation that belongs to the word after it, and to the one before it."""

Word = tuple[str, list[int]]


def words_of(tokens: Sequence[int], tokenizer: Any, spaced: bool = True) -> list[Word]:
    """The words of tokens (T,), punctuation with them, each with the places of its tokens.

    Args:
        tokens: Of a text, without special ones.
        tokenizer: Has `decode`.
        spaced: Whether the language puts spaces between words; otherwise each character is one.

    Source: Radford and others, arXiv:2212.04356; openai/whisper, tokenizer.py.
    """
    words: list[Word] = []
    for text, places in characters(tokens, tokenizer):
        alone = not spaced or text.startswith(" ") or text.strip() in string.punctuation
        if alone or not words:
            words.append((text, places))
        else:
            words[-1] = (words[-1][0] + text, words[-1][1] + places)
    return after(before(words))


def characters(tokens: Sequence[int], tokenizer: Any) -> list[Word]:
    """The least runs of tokens that are whole characters."""
    whole, found, said = tokenizer.decode(list(tokens)), [], 0
    places: list[int] = []
    for place in range(len(tokens)):
        places = [*places, place]
        text = tokenizer.decode([tokens[one] for one in places])
        broken = text.find("\N{REPLACEMENT CHARACTER}")
        if broken < 0 or whole[said + broken : said + broken + 1] == "\N{REPLACEMENT CHARACTER}":
            found.append((text, places))
            said, places = said + len(text), []
    return found


def before(words: list[Word]) -> list[Word]:
    """Opening punctuation joined to the words after it."""
    found: list[Word] = []
    for text, places in reversed(words):
        if found and text.startswith(" ") and text.strip() in OPENING:
            found[-1] = (text + found[-1][0], places + found[-1][1])
        else:
            found.append((text, places))
    return found[::-1]


def after(words: list[Word]) -> list[Word]:
    """Closing punctuation joined to the words before it."""
    found: list[Word] = []
    for text, places in words:
        if found and not found[-1][0].endswith(" ") and text in CLOSING:
            found[-1] = (found[-1][0] + text, found[-1][1] + places)
        else:
            found.append((text, places))
    return found
