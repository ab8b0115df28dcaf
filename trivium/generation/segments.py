"""What was written of a segment of sound: how good it is, and from when to when it was said. Plain NumPy.

Letters: T tokens, V vocabulary.
"""

from __future__ import annotations

import dataclasses
import math
import zlib

import numpy as np

from trivium.generation import alignment

STRIDE = 2
"""Frames of the sound for each of the encoder."""


@dataclasses.dataclass
class Said:
    """What was written of one segment of one sound.

    Attributes:
        tokens: (T,), without the decoder's first tokens, the end and padding.
        times: (T,), the seconds of tokens since the segment's start, or None.
        skipped: Whether nothing was said.
    """

    tokens: np.ndarray
    times: np.ndarray | None = None
    skipped: bool = False


def cut(said, frames, offset, first_time):
    """What was said of so many frames as segments, each from one time to another, and how many frames they are about.

    Args:
        said: What was said.
        frames: How many of the sound there were.
        offset: The second of the first.
        first_time: The first token that is a time.
    """
    tokens, second = said.tokens, alignment.SECONDS
    timed = tokens >= first_time
    cuts = (np.flatnonzero(timed[:-1] & timed[1:]) + 1).tolist()
    ends_once = timed[-2:].tolist() == [False, True]
    if not cuts:
        last = int(frames / STRIDE)
        stamps = tokens[timed]
        if len(stamps) and stamps[-1] != first_time:
            last = stamps[-1] - first_time
        return [one(said, 0, len(tokens), offset, offset, offset + last * second)], frames
    if ends_once:
        cuts.append(len(tokens))
    else:
        cuts[-1] += 1  # with the last time, to tell that it is not alone
    found, first = [], 0
    for cut in cuts:
        final = tokens[cut - 1] if cut != cuts[-1] or ends_once else tokens[cut - 2]
        begin, end = (offset + (token - first_time) * second for token in (tokens[first], final))
        found.append(one(said, first, cut, offset, begin, end))
        first = cut
    if ends_once:
        return found, frames
    heard = int(tokens[first - 2] - first_time) * STRIDE
    return found, heard if heard > 0 else frames  # or the same would be heard for ever


def one(said, first, last, offset, begin, end):
    """A segment as it is returned."""
    times = {} if said.times is None else {"token_timestamps": said.times[first:last] + offset}
    return {"start": float(begin), "end": float(end), "tokens": said.tokens[first:last], **times}


def alike(rows, prompts):
    """Rows in groups whose prompts are of one length."""
    lengths = sorted({len(prompts[row]) for row in rows})
    return [[row for row in rows if len(prompts[row]) == length] for length in lengths]


def stripped(tokens, c):
    """Tokens without padding; the end is kept."""
    if len(tokens) and tokens[-1] == c.pad:
        padding = int((tokens == c.pad).sum()) - (c.pad in c.eos)
        return tokens[: len(tokens) - padding]
    return tokens


def compression(tokens, vocabulary):
    """How much shorter tokens become by zlib: the more, the more they repeat themselves."""
    width = int(math.log2(vocabulary) / 8) + 1
    raw = b"".join(int(token).to_bytes(width, "little") for token in tokens)
    return len(raw) / len(zlib.compress(raw))


def mean_log(tokens, scores, temperature):
    """The mean logarithm of the chances of tokens (T,), by their scores (T or more, V) after division by the temperature."""
    scores = scores[: len(tokens)].astype(np.float32) * (temperature or 1.0)
    tokens = tokens[len(tokens) - len(scores) :]
    largest = scores.max(-1, keepdims=True)
    logs = scores - largest - np.log(np.exp(scores - largest).sum(-1, keepdims=True))
    return float(logs[np.arange(len(tokens)), tokens].mean()) if len(tokens) else -math.inf


def filled(rows, value):
    """Rows of pieces, joined and filled up to one length, by their last if there is no value."""
    joined = [np.concatenate([np.zeros(0), *row]) for row in rows]
    longest = max(map(len, joined))

    def fill(row):
        last = value if value is not None else row[-1] if len(row) else 0.0
        return np.pad(row, (0, longest - len(row)), constant_values=last)

    return np.stack([fill(row) for row in joined])
