"""What sampling leaves of the scores of the next token: pure functions, called as those of `processors` are.

Letters: B batch, V vocabulary.
"""

import math

from . import ops
from .processors import BARRED, barred


def temperature(scores, text, value):
    """Divides scores."""
    return scores / value


def kept_anyway(scores, text):
    """The least of the scores that sampling has to leave: (B, 1)."""
    return ops.top_k(scores, text.keep)[0][:, -1:]


def top_k(scores, text, value):
    """Leaves the k largest. Source: Fan and others, arXiv:1805.04833, section 5.4."""
    count = min(max(value, text.keep), ops.shape(scores)[-1])
    return barred(scores, scores < ops.top_k(scores, count)[0][:, -1:])


def top_p(scores, text, value):
    """Leaves the fewest whose chances sum to p. Source: Holtzman and others, arXiv:1904.09751, section 3.1."""
    rising = ops.sort(scores, -1)
    total = ops.cumsum(ops.softmax(rising, -1), -1)
    removed = ops.sum_along(ops.cast(total <= 1 - value, "int32"), -1)
    removed = ops.minimum(removed, ops.shape(scores)[-1] - text.keep)
    return barred(scores, scores < ops.take_along(rising, removed[:, None], 1))


def min_p(scores, text, value):
    """Leaves those with at least p times the largest chance. Source: Nguyen and others, arXiv:2407.01082."""
    chances = ops.softmax(scores, -1)
    few = chances < value * ops.max(chances, -1)[:, None]
    return barred(scores, few & (scores < kept_anyway(scores, text)))


def typical_p(scores, text, value):
    """Leaves those nearest in surprise to the expected, with p together. Source: Meister and others, arXiv:2202.00666."""
    logs = ops.log_softmax(scores, -1)
    possible = scores > BARRED
    finite = ops.where(possible, logs, ops.zeros(ops.shape(logs), like=logs))
    expected = -ops.sum_along(finite * ops.exp(logs), -1)[:, None]
    distance = ops.where(possible, abs(-finite - expected), ops.zeros(ops.shape(logs), like=logs) + math.inf)
    order = ops.argsort(distance, -1)
    total = ops.cumsum(ops.softmax(ops.take_along(scores, order, 1), -1), -1)
    beyond = ops.sum_along(ops.cast(total < value, "int32"), -1)
    beyond = ops.minimum(ops.maximum(beyond, text.keep - 1), ops.shape(scores)[-1] - 1)
    nearest = ops.take_along(distance, order, 1)
    return barred(scores, distance > ops.take_along(nearest, beyond[:, None], 1))


def top_h(scores, text, value):
    """Leaves the likeliest whose shares of the entropy sum to h of it. Source: Baghaei Potraghloo and others, arXiv:2509.02510.

    Of the 100 likeliest, as in Transformers 5.
    """
    count = min(100, ops.shape(scores)[-1])
    falling = ops.top_k(scores, count)[0]
    logs = ops.log_softmax(falling, -1)
    chances = ops.exp(logs)
    shares = ops.where(chances > 0, -chances * logs, chances * 0)
    kept = ops.cumsum(shares, -1) <= value * ops.sum_along(shares, -1)[:, None]
    last = ops.maximum(ops.sum_along(ops.cast(kept, "int32"), -1), text.keep) - 1
    return barred(scores, scores < ops.take_along(falling, ops.maximum(last, 0)[:, None], 1))


def epsilon_cutoff(scores, text, value):
    """Leaves those with a chance of at least epsilon. Source: Hewitt and others, arXiv:2210.15191, section 4.2."""
    few = ops.softmax(scores, -1) < value
    return barred(scores, few & (scores < kept_anyway(scores, text)))


def eta_cutoff(scores, text, value):
    """Leaves those with a chance of at least min(eta, sqrt(eta) e^-entropy). Source: the same, section 4.3."""
    logs = ops.log_softmax(scores, -1)
    chances = ops.exp(logs)
    entropy = -ops.sum_along(ops.where(chances > 0, logs * chances, ops.zeros(ops.shape(logs), like=logs)), -1)
    least = ops.exp(-entropy) * value**0.5
    least = ops.where(least < value, least, ops.zeros(ops.shape(least), like=least) + value)[:, None]
    return barred(scores, (chances < least) & (scores < kept_anyway(scores, text)))
