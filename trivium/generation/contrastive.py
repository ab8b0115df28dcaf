"""Contrastive search: of the likeliest tokens, the one that is least like what was said, by the network's states.

Su and others, arXiv:2202.06417. Letters: as in `decoding`, and K candidates.
"""

from typing import Any, NamedTuple

import numpy as np

from . import calls, decoding, ops, single, stopping


class Contrast(NamedTuple):
    """What changes.

    Attributes:
        state: As of `decoding`; the cache has seen all tokens.
        logits: (B, V), of what follows.
        said: (B, L, D), the network's states for all tokens.
    """

    state: Any
    logits: Any
    said: Any


def search(call):
    """Contrastive search: sequences, or a GenerateOutput."""
    k = call.c.top_k
    plan = call.plan(beams=k)
    logits, cache, pieces = call.read_states()
    said = ops.concat(pieces, 1) if len(pieces) > 1 else pieces[0]
    said = ops.pad(said, [(0, 0), (0, call.room - ops.shape(said)[1]), (0, 0)])
    found = Contrast(call.state(plan, cache), logits, said)
    given, alpha = (call.given(), call.given(k)), call.programs.tensor(np.float32(call.c.penalty_alpha))
    if single.is_stepwise(call):
        found = stepwise(call, plan, found, given, alpha)
    else:
        found = call.programs(finish, plan)(found, given, alpha)
    return single.result(call, plan, found.state, 1)


def stepwise(call, plan, found, given, alpha):
    """The last state, one step after the other."""
    stops, streamer = stopping.Stops(call), call.callbacks.streamer
    if streamer is not None:
        streamer.put(call.prompts.given)
    while decoding.goes_on(found.state, given[0]):
        if call.callbacks.choosing:
            found = step(call.model, plan, found, given, alpha)
        else:
            found = call.programs(step, plan)(found, given, alpha)
        found = found._replace(state=stops.applied(plan, found.state))
        stopping.listen(call, found.state, found.state.length - 1)
    if streamer is not None:
        streamer.end()
    return found


def finish(model, plan, found, given, alpha):
    """The last state. A program: it is given away."""
    return ops.while_loop(lambda f: decoding.goes_on(f.state, given[0]), lambda f: step(model, plan, f, given, alpha), found)


def step(model, plan, found, given, alpha):
    """The state with one more token; `given` is that of texts, and of candidates. A program, too."""
    state, k = found.state, plan.beams
    batch = ops.shape(state.finished)[0]
    scores = decoding.processed(plan, given[0], state.tokens, state.length, found.logits)
    chances, tokens = ops.top_k(ops.softmax(scores, -1), k)
    cache, _ = calls.repeat(model, k, (), state.cache, found.logits)
    x, cache = decoding.forward(model, plan, cache, ops.reshape(tokens, (-1, 1)), given[1])
    x = ops.reshape(x, (batch, k, -1))
    best = ops.argmax((1 - alpha) * chances - alpha * likeness(state, given[0], found.said, x), 1)  # (B,)
    rows = best + ops.arange(batch, like=best) * k
    state = decoding.append(plan, state, given[0], ops.take_rows(tokens, best), scores, found.logits)
    chosen = ops.take_rows(x, best)
    logits = decoding.unembed(model, chosen)
    cache = tuple(calls.taken(layer, rows, crossed=True) for layer in cache)
    return Contrast(state._replace(cache=cache), logits, ops.update(found.said, chosen[:, None], state.length - 1))


def likeness(state, given, said, x):
    """The largest cosine of candidates' states (B, K, D) with those of the text (B, L, D): (B, K)."""
    said, x = unit(said), unit(x)
    columns = ops.arange(ops.shape(said)[1], like=said)[None]
    there = (columns < state.length) & (columns >= given.offset[:, None])
    cosines = ops.einsum("bkd,bld->bkl", x, said)
    return ops.max(ops.where(there[:, None], cosines, cosines * 0 - 2), 2)


def unit(x):
    """Vectors of length one, float32; of zeros, zeros."""
    x = ops.cast(x, "float32")
    return x / ops.sqrt(ops.maximum(ops.sum_along(x * x, -1), 1e-30))[..., None]


check = stopping.check
