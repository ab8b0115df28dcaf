"""Beam search and beam sampling: several texts of each prompt at a time, the best of which are kept.

The rules, down to when it ends, are those of Transformers 4.52.
Letters: B batch, K beams, J candidates for the next step, L room for tokens, N new tokens, V vocabulary.
"""

from typing import Any, NamedTuple

from trivium.core.errors import InputError
from trivium.generation.outputs import GenerateOutput

from . import calls, decoding, inner, ops, stopping

WORST = -1e9
"""The score of a beam that is none."""


class Beams(NamedTuple):
    """What changes.

    Attributes:
        tokens: (B K, L) int32, of the beams that go on.
        length: () int32, the columns that are filled.
        sums: (B, K) float32, the beams' logarithms of chances, best first.
        origins: (B K, L) int32, the row from which each token came, -1 where there is none.
        ended: (B K, L), the best texts that have ended, with `ended_scores` (B, K) and `ended_origins`.
        done: (B, K) bool, which of those there are.
        open: () bool, whether the search goes on.
        key: What chance draws from.
        cache: The network's, for the beams that go on.
        scores: (B K, N, V) float32, or ().
        logits: The same.
    """

    tokens: Any
    length: Any
    sums: Any
    origins: Any
    ended: Any
    ended_scores: Any
    ended_origins: Any
    done: Any
    open: Any
    key: Any
    cache: Any
    scores: Any = ()
    logits: Any = ()


def search(call):
    """Beam search, or beam sampling: sequences, or a GenerateOutput."""
    k = call.c.num_beams
    plan, given = call.plan(beams=k, early=call.c.early_stopping), call.given(k)
    logits, cache = call.read(k)
    state = begin(call.state(plan, cache, k), k)
    stops, trail = stopping.Stops(call), inner.Trail(call, k)
    if call.callbacks.choosing or stops or trail.wanted or not call.programs.whole_loops:
        state = stepwise(call, plan, state, logits, given, stops, trail)
    else:
        state = call.programs(finish, plan)(state, logits, given)
    return result(call, plan, state, trail)


def begin(state, k):
    """Beams that are all alike, of which only the first counts."""
    tokens, rows = state.tokens, ops.shape(state.tokens)[0]
    like = ops.cast(tokens[:1, :1], "float32")
    first = ops.reshape(ops.broadcast_to(ops.arange(k, like=tokens)[None], (rows // k, k)), (rows // k, k))
    none = ops.zeros(ops.shape(first), like=like) + WORST
    absent = ops.zeros(ops.shape(tokens), like=tokens) - 1
    return Beams(
        tokens=tokens,
        length=state.length,
        sums=ops.where(first == 0, none * 0, none),
        origins=absent,
        ended=tokens + 0,  # no tensor twice: a program is given each to keep
        ended_scores=none + 0,
        ended_origins=absent + 0,
        done=first < 0,
        open=state.length == state.length,
        key=state.key,
        cache=state.cache,
        scores=state.scores,
        logits=state.logits,
    )


def stepwise(call, plan, state, logits, given, stops, trail):
    """The last state, one step after the other."""

    def ending(state, texts):
        count = call.batch * (len(texts) // call.rows)
        return call.programs.tensor(stops(texts, state.length + 1, count, state.scores if plan.scores else None))

    while True:
        trail.add(state)
        if call.callbacks.choosing or stops:
            state = extend(call.model, plan, state, logits, given, ending if stops else None)
        else:
            state = call.programs(extend, plan)(state, logits, given)
        if not state.open:
            return state
        state, logits = call.programs(decoding.logits_of_newest, plan)(state, given)


def finish(model, plan, state, logits, given):
    """The last state. A program: it is given away."""

    def step(state):
        state, logits = decoding.logits_of_newest(model, plan, state, given)
        return extend(model, plan, state, logits, given)

    return ops.while_loop(lambda s: s.open, step, extend(model, plan, state, logits, given))


def extend(model, plan, state, logits, given, ending=None):
    """The state with one more token, by the logits (B K, V) of what follows. A program, too, but with `ending`.

    `ending(state, texts)` says which of the texts (B J, L), with their new tokens, are to end: (B J,) bool.
    """
    logs = ops.log_softmax(logits, -1)
    scores = decoding.processed(plan, given, state.tokens, state.length, logs)
    number = state.length - given.start
    state = state._replace(
        scores=ops.update(state.scores, scores[:, None], number) if plan.scores else (),
        logits=ops.update(state.logits, logits[:, None], number) if plan.logits else (),
    )
    sums, rows, tokens, key = candidates(plan, state, scores)
    hits = decoding.ends(tokens, plan) | (state.length + 1 >= given.limit)
    texts = written(state.tokens, rows, tokens, state.length)
    origins = written(state.origins, rows, rows, state.length)
    if ending is not None:
        hits = hits | ops.reshape(ending(state, texts), ops.shape(hits))
    full = (ops.sum_along(ops.cast(state.done, "int32"), 1) == plan.beams)[:, None]
    found = hits & ~(full & (plan.early is True))
    state = settled(plan, state._replace(key=key), given, sums, found, texts, origins)
    state, chosen = gone_on(plan, state, sums, hits, texts, origins, rows)
    state = state._replace(cache=tuple(calls.taken(layer, chosen) for layer in state.cache))
    return state._replace(open=goes_on(plan, state, given, hits))


def candidates(plan, state, scores):
    """The best continuations: their sums (B, J), the rows they continue, their tokens, and the key."""
    k, vocabulary = plan.beams, ops.shape(scores)[-1]
    count = max(2, 1 + len(plan.eos)) * k  # so that k of them go on, whatever ends
    sums = ops.reshape(scores, (-1, k, vocabulary)) + state.sums[:, :, None]
    sums, key = ops.reshape(sums, (-1, k * vocabulary)), state.key
    if plan.sample:  # without replacement: Kool and others, arXiv:1903.06059
        noise, key = decoding.gumbel(sums, key)
        _, places = ops.top_k(sums + noise, count)
        sums = ops.take_along(sums, places, 1)
    else:
        sums, places = ops.top_k(sums, count)
    beams = places // vocabulary
    first = ops.arange(ops.shape(beams)[0], like=beams)[:, None] * k
    return sums, beams + first, places - beams * vocabulary, key


def written(x, rows, values, column):
    """Rows (B, J) of x (B K, L) with values (B, J) in a column: (B J, L)."""
    return ops.update(ops.take(x, ops.reshape(rows, (-1,))), ops.reshape(values, (-1, 1)), column)


def pick(x, places):
    """x (B J, ...) at places (B, K) of each row of the batch: (B K, ...)."""
    batch, k = ops.shape(places)
    first = ops.arange(batch, like=places)[:, None] * (ops.shape(x)[0] // batch)
    return ops.take(x, ops.reshape(places + first, (batch * k,)))


def settled(plan, state, given, sums, ending, texts, origins):
    """The state whose ended texts are the best of those, and of the candidates that end now."""
    k = plan.beams
    found = sums / power(ops.cast_like(state.length + 1 - given.start, sums), given)
    ending = ending & (ops.arange(ops.shape(sums)[1], like=sums)[None] < k)  # what is worse than k others does not count
    found = found + penalty(~ending, found)
    best, places = ops.top_k(ops.concat([state.ended_scores, found], 1), k)

    def merged(old, new):
        batch, room = ops.shape(sums)[0], ops.shape(old)[1]
        both = ops.concat([ops.reshape(x, (batch, -1, room)) for x in (old, new)], 1)
        return pick(ops.reshape(both, (-1, room)), places)

    done = ops.concat([ops.cast(x, "int32") for x in (state.done, ending)], 1)
    return state._replace(
        ended=merged(state.ended, texts),
        ended_scores=best,
        ended_origins=merged(state.ended_origins, origins),
        done=ops.take_along(done, places, 1) > 0,
    )


def penalty(condition, like):
    """What keeps scores from being among the best where a condition holds."""
    none = ops.zeros(ops.shape(like), like=like)
    return ops.where(condition, none + WORST, none)


def gone_on(plan, state, sums, hits, texts, origins, rows):
    """The state whose beams are the best candidates that do not end, and the rows (B K,) that they continue."""
    sums, places = ops.top_k(sums + penalty(hits, sums), plan.beams)
    chosen = ops.reshape(ops.take_along(rows, places, 1), (-1,))
    tokens, origins = pick(texts, places), pick(origins, places)
    return state._replace(tokens=tokens, length=state.length + 1, sums=sums, origins=origins), chosen


def goes_on(plan, state, given, hits):
    """Whether a better text may yet be found: () bool."""
    length = state.length - given.start
    if plan.early == "never":
        length = ops.where(given.power > 0, given.limit - given.start, length)
    possible = state.sums[:, :1] / power(ops.cast_like(length, state.sums), given)
    worst = -ops.max(-state.ended_scores, 1)[:, None]
    found = ops.where(state.done, ops.broadcast_to(worst, ops.shape(state.done)), penalty(~state.done, state.sums))
    hopeless, all_done = ops.every(possible <= found), ops.every(state.done)
    return ~hopeless & ~ops.every(hits) & ~(all_done & (plan.early is True))


def power(length, given):
    """length ** length_penalty."""
    return ops.exp(given.power * ops.log(length))


def result(call, plan, state, trail):
    """What `generate` returns: the best texts of each prompt."""
    k, count, run = plan.beams, call.c.num_return_sequences, call.programs

    def best(x):
        return run.array(x).reshape(call.rows, k, -1)[: call.batch, :count].reshape(call.batch * count, -1)

    origins = best(state.ended_origins)[:, call.start :]
    longest = int((origins >= 0).sum(1).max())
    tokens = best(state.ended)[:, call.start : call.start + longest]
    sequences = call.sequences(tokens, count)
    if not call.c.return_dict_in_generate:
        return sequences

    def columns(kept, on):
        return tuple(kept[: call.batch * k, index] for index in range(int(state.length) - call.start)) if on else None

    return GenerateOutput(
        sequences,
        sequences_scores=run.tensor(best(state.ended_scores)[:, 0]) if plan.scores else None,
        scores=columns(state.scores, plan.scores),
        logits=columns(state.logits, plan.logits),
        beam_indices=run.tensor(origins[:, :longest]),
        **trail.found(),
    )


def check(c, callbacks):
    """Raises InputError where a beam search cannot do what is asked for."""
    stopping.check(c, callbacks)
    if callbacks.streamer is not None:  # nothing is said until all is
        raise InputError(f"streamer and num_beams = {c.num_beams} do not go together", key="streamer")
