"""Which processors a GenerationConfig asks for, in which order, and how they are run."""

from . import processors, truncations

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


_BY_NAME = {name: value for part in (processors, truncations) for name, value in vars(part).items() if callable(value)}


def apply(fixed, numbers, scores, text):
    """Scores after a chain, as `split` has it."""
    index = 0
    for name, value in fixed:
        if name in CHANGING:
            value, index = numbers[index], index + 1
        scores = _BY_NAME[name](scores, text, value)
    return scores
