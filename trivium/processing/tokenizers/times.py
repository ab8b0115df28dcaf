"""Whisper's tokens of time, which count within a segment of 30 seconds; and texts as recognisers are compared by.

Source: openai/whisper, transcribe.py and normalizers/basic.py.
"""

from __future__ import annotations

import re
import unicodedata

SEGMENT = 1500  # steps of time

_LETTERS = str.maketrans({
    "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ß": "ss", "ẞ": "SS", "đ": "d", "Đ": "D", "ð": "d",
    "Ð": "D", "þ": "th", "Þ": "th", "ł": "l", "Ł": "L",
})  # fmt: skip


def marked(ids: list[int], first: int, step: float) -> list[str | list[int]]:
    """Tokens with the times between them as <|1.04|>, counted from the beginning of the recording.

    Args:
        ids: (T,).
        first: The token of time 0.
        step: Seconds from one token of time to the next.
    """
    found: list[str | list[int]] = [[]]
    latest = before = passed = 0.0  # within the segment; what was the latest before that; the segments before
    for place, token in enumerate(ids):
        if token < first:
            found[-1].append(token)  # type: ignore[union-attr]
            continue
        time = (token - first) * step
        if time < latest:  # the next segment
            if place >= 2 and not (ids[place - 1] >= first and ids[place - 2] >= first):
                passed += step * SEGMENT
            else:  # its last sentence had not ended, and comes again
                latest = before
                passed += before
                del found[-2:]
        before, latest = latest, time
        found += [f"<|{time + passed:.2f}|>", []]
    return found


def spans(ids: list[int], first: int, step: float) -> list[tuple[list[int], tuple[float, float]]]:
    """What is said between two times: its tokens, and these in seconds since the beginning of the recording."""
    times = [place for place, token in enumerate(ids) if token >= first]
    ends = [place for place in times if place and ids[place - 1] >= first]
    if not ends and len(times) <= 1:
        return []
    if times[-1] + 1 not in ends:
        ends.append(times[-1] + 1)
    found, begin, latest, passed = [], times[0], 0, 0
    for end in ends:
        part = ids[begin:end]
        if len(part) > 1:
            start, stop = part[0] - first, part[-1] - first
            if start < latest:  # the next segment
                single = begin >= 2 and not (ids[begin - 2] >= first and ids[begin - 1] >= first)
                passed += SEGMENT if single else latest
            latest = stop
            found.append((part, (start * step + passed * step, stop * step + passed * step)))
        begin = end
    return found


def normalized(text: str, remove_diacritics: bool) -> str:
    """See `WhisperTokenizer.basic_normalize`."""
    text = re.sub(r"[<\[][^>\]]*[>\]]", "", text.lower())
    text = re.sub(r"\(([^)]+?)\)", "", text)
    if remove_diacritics:
        text = "".join(_plain(one) for one in unicodedata.normalize("NFKD", text))
    else:
        text = "".join(_spaced(one) for one in unicodedata.normalize("NFKC", text))
    return re.sub(r"\s+", " ", text.lower())


def _spaced(character: str) -> str:
    return " " if unicodedata.category(character)[0] in "MSP" else character


def _plain(character: str) -> str:
    changed = character.translate(_LETTERS)
    if changed != character:
        return changed
    return "" if unicodedata.category(character) == "Mn" else _spaced(character)
