"""Decoding by contrast of layers: what the last layer says, cleared of what an earlier one says already.

Chuang and others, arXiv:2309.03883 (DoLa). Each text chooses its own layer, where Transformers 4.52 chooses one for a batch.
Letters: B batch, V vocabulary, D width, M candidate layers.
"""

import math

from trivium.core.errors import InputError

from . import ops, processors


def layers(model, c):
    """The candidates that `dola_layers` asks for, counted from the embedding's 0.

    Raises:
        InputError: There are none, or the network cannot say what its layers do.
    """
    config = model.writing_config
    last = config.num_hidden_layers
    low = 0 if not config.tie_word_embeddings else min(last - 1, 2)  # tied, the embedding's words are the tokens read
    if c.dola_layers == "low":
        found = tuple(range(low, last // 2 if last <= 40 else 20, 2)) or (low,)
    elif c.dola_layers == "high":
        found = tuple(range(last // 2 if last <= 40 else last - 20, last, 2))
    else:
        found = tuple(layer for layer in c.dola_layers if layer < last)
    if not found:
        raise InputError(f"dola_layers = {c.dola_layers!r} names none of the {last} layers", key="dola_layers")
    return found


def contrasted(model, plan, x):
    """The last layer's logarithms of chances less those of the candidate that is least like it: (B, V), of (B, (1 + M) D)."""
    parts = ops.split(x, 1 + len(plan.layers), -1)
    last, *others = (ops.cast(model.unembed(part[:, None])[:, 0], "float32") for part in parts)
    if len(others) == 1:
        return cleared(last, others[0])
    distances = ops.concat([distance(last, other)[:, None] for other in others], 1)  # (B, M)
    chosen = ops.argmax(distances, 1)
    return cleared(last, ops.take_rows(ops.concat([other[:, None] for other in others], 1), chosen))


def distance(a, b):
    """How unlike two distributions are whose logits (B, V) these are, after Transformers 4.52: (B,)."""
    mean = 0.5 * (ops.softmax(a, -1) + ops.softmax(b, -1))
    apart = [mean * (ops.log(ops.maximum(mean, 1e-37)) - ops.log_softmax(x, -1)) for x in (a, b)]
    return 0.5 * ops.mean(apart[0] + apart[1], -1)


def cleared(last, other):
    """log p - log q (B, V) where p is at least a tenth of the largest; the others are barred. Source: section 2.2."""
    last, other = ops.log_softmax(last, -1), ops.log_softmax(other, -1)
    return processors.barred(last - other, last < ops.max(last, -1)[:, None] + math.log(0.1))
