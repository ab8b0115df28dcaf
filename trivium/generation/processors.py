"""What is done to the scores of the next token before it is chosen: pure functions, in Transformers' order.

Each is called `process(scores, text, value)` with scores (B, V) float32, the `Text` so far, and the config field's value, and
returns scores. A number may be a tensor, so that another one is no reason to compile again. Padding before a text is no part of
it: a text's scores are the same alone and in a batch. (In Transformers 4 padding counts as text.)

Letters: B batch, L room for tokens, E tokens of the encoder, V vocabulary, n the length of a sequence of tokens.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from . import ops


class Text(NamedTuple):
    """What there is so far.

    Attributes:
        tokens: (B, L); from column `length` on nothing is there yet.
        offset: (B,), the columns of padding before each text.
        length: (), the columns that are filled.
        start: (), the first column that was generated.
        limit: (), the columns there may be.
        source: (B, E), what the encoder was given, or (B, 0).
        source_seen: (B, E), False where that is padding.
        eos: The tokens that end a text, known beforehand.
        keep: How many tokens sampling has to leave, known beforehand.
        others: (B, V), how often other groups of beams have just chosen each token; or ().
    """

    tokens: Any
    offset: Any
    length: Any
    start: Any
    limit: Any
    source: Any
    source_seen: Any
    eos: tuple[int, ...] = ()
    keep: int = 1
    others: Any = ()

    def seen(self):
        """Where there is text: (B, L) bool."""
        columns = ops.arange(ops.shape(self.tokens)[1], like=self.tokens)[None]
        return (columns < self.length) & (columns >= self.offset[:, None])


BARRED = -math.inf


def barred(scores, condition):
    """Scores with those barred for which a condition (..., V) holds."""
    return ops.where(condition, ops.zeros(ops.shape(scores), like=scores) + BARRED, scores)


def among(tokens, scores):
    """Which of the vocabulary are among the given tokens: (V,) bool."""
    chosen = np.isin(np.arange(ops.shape(scores)[-1]), np.array(tokens, np.int64)).astype(np.float32)
    return ops.constant(chosen.tolist(), like=scores) > 0


def counts(ids, counted, scores):
    """How often each of the vocabulary is among ids (B, T), where `counted` (B, T) is true: (B, V)."""
    return ops.add_at(ops.zeros(ops.shape(scores), like=scores), ids, ops.cast_like(counted, scores))


# Before sampling


def sequence_bias(scores, text, value):
    """Adds to the last token of each sequence its bias, where the text ends with all before it."""
    for tokens, bias in value:
        ends = among(tokens[-1:], scores)[None]
        if len(tokens) > 1:
            ends = ends & ends_with(text, tokens[:-1], scores)[:, None] & (text.length >= len(tokens))
        scores = ops.where(ends, scores + bias, scores)
    return scores


def ends_with(text, tokens, scores):
    """Which texts end with the given tokens: (B,) bool."""
    tail, there = last(text, len(tokens))
    same = there
    for index, token in enumerate(tokens):
        same = same & (tail[:, index] == token)
    return same


def last(text, count):
    """The last `count` tokens (B, count), and whether each text has that many (B,)."""
    batch = ops.shape(text.tokens)[0]
    first = text.length - count
    columns = ops.arange(count, like=text.tokens) + ops.maximum(first, 0)
    tail = ops.take_along(text.tokens, ops.broadcast_to(columns[None], (batch, count)), 1)
    return tail, first >= text.offset


def diversity_penalty(scores, text, value):
    """Lowers what other groups of beams have chosen. Source: Vijayakumar and others, arXiv:1610.02424, section 4."""
    return scores - value * text.others


def repeated(scores, ids, counted, penalty):
    """Scores of the tokens among ids divided by the penalty, or multiplied if negative."""
    there = counts(ids, counted, scores) > 0
    return ops.where(there, ops.where(scores < 0, scores * penalty, scores / penalty), scores)


def encoder_repetition_penalty(scores, text, value):
    """Raises what is in the encoder's text. Source: Transformers, EncoderRepetitionPenaltyLogitsProcessor."""
    return repeated(scores, text.source, text.source_seen, 1 / value)


def repetition_penalty(scores, text, value):
    """Lowers what was said. Source: Keskar and others, arXiv:1909.05858, section 4.1."""
    return repeated(scores, text.tokens, text.seen(), value)


def generated(scores, text):
    """How often each token was generated: (B, V)."""
    columns = ops.arange(ops.shape(text.tokens)[1], like=text.tokens)[None]
    return counts(text.tokens, text.seen() & (columns >= text.start), scores)


def frequency_penalty(scores, text, value):
    """Lowers a token by the penalty for each time that it was generated."""
    return scores - value * generated(scores, text)


def presence_penalty(scores, text, value):
    """Lowers a token by the penalty if it was generated."""
    return scores - value * ops.cast_like(generated(scores, text) > 0, scores)


def followers(scores, ids, seen, text, n):
    """Scores with those tokens barred that in ids (B, T) follow what the text's last n - 1 tokens are."""
    tail, there = last(text, n - 1) if n > 1 else (None, text.offset == text.offset)
    windows = ops.shape(ids)[1] - n + 1
    if windows < 1:
        return scores
    found = seen[:, n - 1 :] & seen[:, :windows] & there[:, None]
    for index in range(n - 1):
        found = found & (ids[:, index : index + windows] == tail[:, index : index + 1])
    return barred(scores, counts(ids[:, n - 1 :], found, scores) > 0)


def no_repeat_ngram_size(scores, text, value):
    """Bars tokens that would say n tokens again that were said. Source: Paulus and others, arXiv:1705.04304, section 2.5."""
    return followers(scores, text.tokens, text.seen(), text, value)


def encoder_no_repeat_ngram_size(scores, text, value):
    """Bars tokens that would say n tokens of the encoder's text."""
    return followers(scores, text.source, text.source_seen, text, value)


def bad_words_ids(scores, text, value):
    """Bars the last token of each sequence where the text ends with all before it."""
    words = [(word, BARRED) for word in value if tuple(word) not in {(end,) for end in text.eos}]
    return sequence_bias(scores, text, words)


def min_length(scores, text, value):
    """Bars the end of a text with less than so many tokens, the prompt's among them."""
    return barred(scores, among(text.eos, scores)[None] & (text.length < value))


def min_new_tokens(scores, text, value):
    """Bars the end of a continuation with less than so many tokens."""
    return barred(scores, among(text.eos, scores)[None] & (text.length - text.start < value))


def forced(scores, tokens, condition):
    """Bars all but the given tokens where a condition () holds."""
    chosen = among(tokens, scores)[None]
    return ops.where(condition, barred(ops.zeros(ops.shape(scores), like=scores), ~chosen), scores)


def forced_bos_token_id(scores, text, value):
    """Forces the first token after that with which the text starts."""
    return forced(scores, (value,), text.length == 1)


def forced_eos_token_id(scores, text, value):
    """Forces the last token there may be."""
    return forced(scores, value, text.length == text.limit - 1)


def remove_invalid_values(scores, text, value):
    """Makes NaN zero, and infinite scores the largest finite ones."""
    largest = float(np.finfo(np.float32).max)
    scores = ops.where(scores == scores, scores, ops.zeros(ops.shape(scores), like=scores))
    return ops.maximum(ops.minimum(scores, largest), -largest)


def exponential_decay_length_penalty(scores, text, value):
    """Raises the score of the end by its size times factor ** (tokens beyond the start) - 1."""
    start, factor = value
    beyond = ops.maximum(text.length - text.start - int(start), 0)
    growth = ops.exp(ops.cast_like(beyond, scores) * math.log(factor)) - 1
    return ops.where(among(text.eos, scores)[None], scores + abs(scores) * growth, scores)


def suppress_tokens(scores, text, value):
    """Bars tokens."""
    return barred(scores, among(value, scores)[None])


def begin_suppress_tokens(scores, text, value):
    """Bars tokens where the continuation begins; one that is forced does not count."""
    tokens, after_forced = value
    begin = ops.where(text.start > 1, text.start, text.start + int(after_forced))
    return barred(scores, among(tokens, scores)[None] & (text.length == begin))


def timestamp_tokens(scores, text, value):
    """Leaves what may be said with times: they come in pairs but before the end, and never go back.

    The value is the first token that is a time, and by how many later ones a text may begin, -1 for all.
    Source: Radford and others, arXiv:2212.04356, as OpenAI's decoding.py and Transformers 4.52 have it.
    """
    begin, most = value
    vocabulary = ops.arange(ops.shape(scores)[-1], like=scores)[None]
    is_time = vocabulary >= begin
    count, (tail, _) = text.length - text.start, last(text, 2)
    ends = (count >= 1) & (tail[:, 1] >= begin)
    paired = (count < 2) | (tail[:, 0] >= begin)
    scores = barred(scores, vocabulary == begin - 1)  # which says that there are no times
    scores = barred(scores, (ends & paired)[:, None] & is_time)
    scores = barred(scores, (ends & ~paired)[:, None] & (vocabulary < text.eos[0]))
    columns = ops.arange(ops.shape(text.tokens)[1], like=text.tokens)[None]
    said = (columns >= text.start) & (columns < text.length) & (text.tokens >= begin)
    latest = ops.max(ops.where(said, text.tokens, text.tokens * 0), 1)
    earliest = ops.where(ends & ~paired, latest, latest + 1)
    scores = barred(scores, ((latest > 0)[:, None] & is_time) & (vocabulary < earliest[:, None]))
    late = vocabulary > begin + most if most >= 0 else vocabulary < 0
    scores = barred(scores, (count == 0) & (~is_time | late))
    chances = ops.softmax(scores, -1)
    none = ops.zeros(ops.shape(chances), like=chances)
    times = ops.sum_along(ops.where(is_time, chances, none), -1)
    likely = times > ops.max(ops.where(is_time, none, chances), -1)
    return barred(scores, likely[:, None] & ~is_time)


# Of sampling alone


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


def renormalize_logits(scores, text, value):
    """Makes scores logarithms of chances again."""
    return ops.log_softmax(scores, -1)


# What users write


def prefix_allowed_tokens_fn(scores, text, value):
    """Bars what a user's function (index of the prompt, tokens) -> tokens does not allow; beams share their prompt's index."""
    function, beams = value
    ids = text.tokens[:, : int(text.length)]
    allowed = np.zeros(tuple(ops.shape(scores)), np.float32)
    for row in range(len(allowed)):
        found = list(function(row // beams, ids[row]))
        if not found:
            raise ValueError(f"prefix_allowed_tokens_fn allows no token after row {row}'s {int(text.length)} tokens")
        allowed[row, found] = 1
    flat = ops.constant(allowed.ravel().tolist(), like=scores)
    return barred(scores, ops.reshape(flat, allowed.shape) == 0)


def logits_processor(scores, text, value):
    """A user's function (tokens (B, T), scores (B, V)) -> scores."""
    return value(text.tokens[:, : int(text.length)], scores)


# The chain


CHANGING = frozenset(
    {
        "diversity_penalty", "encoder_repetition_penalty", "repetition_penalty", "frequency_penalty", "presence_penalty",
        "temperature", "top_p", "min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff",
    }
)  # fmt: skip
"""Fields whose numbers are handed over as tensors: others of them need no other program."""
CALLBACKS = ("prefix_allowed_tokens_fn", "logits_processor")


def chain(c, prefix=None, custom=()):
    """The processors that a GenerationConfig asks for, as (name, value) in the order in which they are applied.

    Args:
        c: The config.
        prefix: The user's prefix_allowed_tokens_fn.
        custom: The user's logits processors.
    """
    has_eos = bool(c.eos)
    ends = (c.forced_eos_token_id,) if isinstance(c.forced_eos_token_id, int) else c.forced_eos_token_id
    steps = [
        ("sequence_bias", c.sequence_bias, c.sequence_bias is not None),
        ("diversity_penalty", c.diversity_penalty, c.diversity_penalty > 0),
        ("encoder_repetition_penalty", c.encoder_repetition_penalty, c.encoder_repetition_penalty != 1),
        ("repetition_penalty", c.repetition_penalty, c.repetition_penalty != 1),
        ("frequency_penalty", c.frequency_penalty, c.frequency_penalty != 0),
        ("presence_penalty", c.presence_penalty, c.presence_penalty != 0),
        ("no_repeat_ngram_size", c.no_repeat_ngram_size, c.no_repeat_ngram_size > 0),
        ("encoder_no_repeat_ngram_size", c.encoder_no_repeat_ngram_size, c.encoder_no_repeat_ngram_size > 0),
        ("bad_words_ids", c.bad_words_ids, c.bad_words_ids is not None),
        ("min_length", c.min_length, has_eos and c.min_length > 0),
        ("min_new_tokens", c.min_new_tokens, has_eos and bool(c.min_new_tokens)),
        ("prefix_allowed_tokens_fn", (prefix, c.num_beams // c.num_beam_groups), prefix is not None),
        ("forced_bos_token_id", c.forced_bos_token_id, c.forced_bos_token_id is not None),
        ("forced_eos_token_id", ends, ends is not None),
        ("remove_invalid_values", True, c.remove_invalid_values),
        ("exponential_decay_length_penalty", c.exponential_decay_length_penalty, bool(c.exponential_decay_length_penalty)),
        ("suppress_tokens", c.suppress_tokens, bool(c.suppress_tokens)),
        (
            "begin_suppress_tokens",
            (c.begin_suppress_tokens, c.forced_bos_token_id is not None),
            bool(c.begin_suppress_tokens),
        ),
        ("timestamp_tokens", c.timestamp_tokens, c.timestamp_tokens is not None),
        *(("logits_processor", function, True) for function in custom),
    ]
    if c.do_sample:
        steps += [
            ("temperature", c.temperature, c.temperature != 1),
            ("top_k", c.top_k, c.top_k > 0),
            ("top_p", c.top_p, c.top_p < 1),
            ("min_p", c.min_p, c.min_p is not None),
            ("top_h", c.top_h, c.top_h is not None),
            ("typical_p", c.typical_p, c.typical_p < 1),
            ("epsilon_cutoff", c.epsilon_cutoff, 0 < c.epsilon_cutoff < 1),
            ("eta_cutoff", c.eta_cutoff, 0 < c.eta_cutoff < 1),
        ]
    steps.append(("renormalize_logits", True, c.renormalize_logits))
    return tuple((name, value) for name, value, asked in steps if asked)


def split(steps):
    """A chain as what a program is compiled for, and the numbers that it is given: (name, value or None), floats."""
    fixed = tuple((name, None if name in CHANGING else value) for name, value in steps)
    return fixed, [float(value) for name, value in steps if name in CHANGING]


_BY_NAME = {name: value for name, value in globals().items() if callable(value)}  # PyTorch's compiler reads no globals()


def apply(fixed, numbers, scores, text):
    """Scores after a chain, as `split` has it."""
    index = 0
    for name, value in fixed:
        if name in CHANGING:
            value, index = numbers[index], index + 1
        scores = _BY_NAME[name](scores, text, value)
    return scores
