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
