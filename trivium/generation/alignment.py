"""When each token was said: where the decoder looked in the sound, by some of its heads, walked through in order.

Radford and others, arXiv:2212.04356; the smoothing and the costs are those of Transformers 4.52.
Letters: T tokens, E frames of the encoder, H heads.
"""

import numpy as np

SECONDS = 0.02
"""Of a frame of the encoder."""


def token_times(weights, width):
    """The second at which each token begins, (T + 1,), of heads' attention (H, T, E) to the sound; the first is 0."""
    spread = weights.std(-2, keepdims=True)
    weights = median((weights - weights.mean(-2, keepdims=True)) / spread, width).mean(0)
    tokens, frames = warped(-weights.astype(np.float64))
    begins = np.pad(np.diff(tokens), (1, 0), constant_values=1).astype(bool)
    return np.concatenate([[0.0], frames[begins] * SECONDS])


def median(x, width):
    """The median of `width` neighbours along the last axis, which is mirrored at its ends; x itself if it is too short."""
    half = width // 2
    if x.shape[-1] <= half:
        return x
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(half, half)], mode="reflect")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, width, -1), -1)


def warped(costs):
    """The cheapest way through costs (T, E) from corner to corner: the token and the frame of each step. Sakoe, 1978."""
    tokens, frames = costs.shape
    total = np.full((tokens + 1, frames + 1), np.inf, np.float32)
    total[0, 0] = 0
    steps = np.full((tokens + 1, frames + 1), 2)
    steps[:, 0], steps[0, :] = 1, 2
    for frame in range(1, frames + 1):
        for token in range(1, tokens + 1):
            both, down, along = total[token - 1, frame - 1], total[token - 1, frame], total[token, frame - 1]
            step = 0 if both < down and both < along else 1 if down < both and down < along else 2
            steps[token, frame] = step
            total[token, frame] = costs[token - 1, frame - 1] + (both, down, along)[step]
    path = [(tokens, frames)]
    while path[-1] != (0, 0):
        token, frame = path[-1]
        step = steps[token, frame]
        path.append((token - (step != 2), frame - (step != 1)))
    found = np.array(path[-2::-1]) - 1
    return found[:, 0], found[:, 1]
