"""Diverse beam search: groups of beams, each of which keeps away from what those before it have just said.

Vijayakumar and others, arXiv:1610.02424; the rules, down to when it ends, are those of Transformers 4.52.
Letters: as in `beams`, with K the beams of a group, and G groups.
"""

from typing import Any, NamedTuple

from trivium.generation.outputs import GenerateOutput

from . import beams, calls, decoding, inner, ops, processors, stopping

check = beams.check


class Groups(NamedTuple):
    """What changes.

    Attributes:
        parts: G of `beams.Beams`, without a cache; `open` (B,) says which prompts it still follows.
        cache: The network's, (B G K, ...).
        scores: (B G K, N, V) float32, or ().
        logits: The same.
    """

    parts: tuple
    cache: Any
    scores: Any = ()
    logits: Any = ()

    @property
    def length(self):
        """() int32, the columns that are filled."""
        return self.parts[0].length

    @property
    def tokens(self):
        """(B G K, L), the beams that go on."""
        return joined([part.tokens for part in self.parts], self.parts[0].sums)


def joined(xs, like):
    """G of (B K, ...) as (B G K, ...); `like` is (B, K)."""
    batch, k = ops.shape(like)
    rest = ops.shape(xs[0])[1:]
    x = ops.concat([ops.reshape(x, (batch, 1, k, *rest)) for x in xs], 1)
    return ops.reshape(x, (batch * len(xs) * k, *rest))


def search(call):
    """Diverse beam search: sequences, or a GenerateOutput."""
    g, k = call.c.num_beam_groups, call.c.num_beams // call.c.num_beam_groups
    plan, given = call.plan(beams=k, groups=g, early=call.c.early_stopping), (call.given(g * k), call.given(k))
    logits, cache = call.read(g * k)
    state = begin(call, plan, cache)
    stops, trail = stopping.Stops(call), inner.Trail(call, g * k)
    if call.callbacks.choosing or stops or trail.wanted or not call.programs.whole_loops:
        state = stepwise(call, plan, state, logits, given, stops, trail)
    else:
        state = call.programs(finish, plan)(state, logits, given)
    return result(call, plan, state, given[1], trail)


def begin(call, plan, cache):
    """Groups that are all alike."""
    whole = call.state(plan, cache, plan.beams * plan.groups)
    parts = []
    for _ in range(plan.groups):
        part = beams.begin(call.state(plan, (), plan.beams), plan.beams)._replace(scores=(), logits=(), key=())
        parts.append(part._replace(open=part.sums[:, 0] == 0))
    return Groups(tuple(parts), cache, whole.scores, whole.logits)


def stepwise(call, plan, state, logits, given, stops, trail):
    """The last state, one step after the other."""
    count = call.batch * plan.beams * plan.groups
    while True:
        trail.add(state)
        if call.callbacks.choosing:
            state = extend(call.model, plan, state, logits, given)
        else:
            state = call.programs(extend, plan)(state, logits, given)
        scores = state.scores if plan.scores else None
        if not goes_on(state, given[1]) or (stops and stops(state.tokens, state.length, count, scores)[:count].all()):
            return state
        state, logits = call.programs(forward, plan)(state, given)


def finish(model, plan, state, logits, given):
    """The last state; `given` is that of all beams, and of a group's. A program: the state is given away."""

    def step(state):
        state, logits = forward(model, plan, state, given)
        return extend(model, plan, state, logits, given)

    return ops.while_loop(lambda s: goes_on(s, given[1]), step, extend(model, plan, state, logits, given))


def forward(model, plan, state, given):
    """The state whose cache has seen the last tokens, and the logits (B G K, V) of what follows. A program, too."""
    x, cache = decoding.forward(model, plan, state.cache, decoding.newest(state), given[0])
    return state._replace(cache=cache), decoding.unembed(model, x[:, 0])


def goes_on(state, given):
    """Whether a group still follows a prompt, and there is room: () bool."""
    closed = ops.concat([~part.open for part in state.parts], 0)
    return (state.length < given.limit) & ~ops.every(closed)


def extend(model, plan, state, logits, given):
    """The state with one more token, by the logits (B G K, V) of what follows. A program, too."""
    batch, k = ops.shape(state.parts[0].sums)
    number = state.length - given[1].start
    logs = ops.reshape(ops.log_softmax(logits, -1), (batch, plan.groups, k, -1))
    others = ops.zeros((batch, ops.shape(logs)[-1]), like=logs)
    parts, rows, scores = [], [], []
    for index, part in enumerate(state.parts):
        own = ops.reshape(logs[:, index], (batch * k, -1))
        own = decoding.processed(plan, given[1], part.tokens, part.length, own, spread(others, k))
        part, chosen, tokens = followed(plan, part, given[1], own)
        others = others + processors.counts(tokens, tokens == tokens, others)
        parts.append(part)
        rows.append(chosen)
        scores.append(own)
    first = ops.arange(batch, like=logs)[:, None] * (plan.groups * k)
    rows = [ops.reshape(first + index * k + chosen, (-1,)) for index, chosen in enumerate(rows)]
    rows = joined(rows, parts[0].sums)
    return Groups(
        tuple(parts),
        tuple(calls.taken(layer, rows) for layer in state.cache),
        ops.update(state.scores, joined(scores, parts[0].sums)[:, None], number) if plan.scores else (),
        ops.update(state.logits, logits[:, None], number) if plan.logits else (),
    )


def spread(x, k):
    """(B, V) as (B K, V)."""
    batch, width = ops.shape(x)
    return ops.reshape(ops.broadcast_to(x[:, None], (batch, k, width)), (batch * k, width))


def followed(plan, part, given, scores):
    """A group with one more token, by scores (B K, V); which of its beams were continued, and the tokens: both (B, K)."""
    batch, k = ops.shape(part.sums)
    sums, rows, tokens, _ = beams.candidates(plan, part, scores)
    hits = decoding.ends(tokens, plan)
    texts = beams.written(part.tokens, rows, tokens, part.length)
    origins = beams.written(part.origins, rows, rows, part.length)
    part = beams.settled(plan, part, given, sums, hits & part.open[:, None], texts, origins)
    part, chosen = beams.gone_on(plan, part, sums, hits, texts, origins, rows)
    chosen = ops.reshape(chosen, (batch, k)) - ops.arange(batch, like=sums)[:, None] * k
    tokens = ops.reshape(decoding.newest(part), (batch, k))
    # what is followed no more goes on as padding
    tokens = ops.where(part.open[:, None], tokens, tokens * 0 + plan.pad)
    part = part._replace(
        tokens=ops.update(part.tokens, ops.reshape(tokens, (-1, 1)), part.length - 1),
        sums=ops.where(part.open[:, None], part.sums, part.sums * 0),
    )
    return part._replace(open=part.open & ~hopeless(plan, part, given, ops.max(sums, 1))), chosen, tokens


def hopeless(plan, part, given, best):
    """For which prompts a group has as many ended texts as beams, and will find no better one: (B,) bool."""
    full = ops.sum_along(ops.cast(part.done, "int32"), 1) == plan.beams
    if plan.early is True:
        return full
    length = part.length - given.start
    if plan.early == "never":
        length = ops.where(given.power > 0, given.limit - given.start, length)
    worst = -ops.max(-part.ended_scores, 1)
    return full & (worst >= best / beams.power(ops.cast_like(length, best), given))


def concluded(plan, part, given):
    """A group whose unfinished beams count as ended, for the prompts that it still follows."""
    batch, k = ops.shape(part.sums)
    before = part._replace(length=part.length - 1)  # the length that `settled` divides by is that of one token more
    ending = ops.broadcast_to(part.open[:, None], (batch, k))
    return beams.settled(plan, before, given, part.sums, ending, part.tokens, part.origins)


def result(call, plan, state, given, trail):
    """What `generate` returns: the best texts of each prompt."""
    batch, count, run = call.batch, call.c.num_return_sequences, call.programs
    parts = [concluded(plan, part, given) for part in state.parts]
    scores = ops.concat([part.ended_scores for part in parts], 1)
    best, places = ops.top_k(scores, count)

    def chosen(xs):
        found = run.array(beams.pick(joined(xs, parts[0].sums), places))
        return found[: batch * count]

    origins = chosen([part.ended_origins for part in parts])[:, call.start :]
    longest = int((origins >= 0).sum(1).max())
    tokens = chosen([part.ended for part in parts])[:, call.start : call.start + longest]
    sequences = call.sequences(tokens, count)
    if not call.c.return_dict_in_generate:
        return sequences
    rows, steps = batch * plan.groups * plan.beams, int(state.length) - call.start

    def columns(kept, on):
        return tuple(kept[:rows, index] for index in range(steps)) if on else None

    return GenerateOutput(
        sequences,
        sequences_scores=ops.reshape(best[:batch], (-1,)) if plan.scores else None,
        scores=columns(state.scores, plan.scores),
        logits=columns(state.logits, plan.logits),
        **trail.found(),
    )
