"""Greedy search and sampling: the loop around `decoding`'s programs."""

import collections

import numpy as np

from trivium.generation.outputs import GenerateOutput

from . import calls, decoding, inner, stopping


def search(call):
    """Greedy search, or sampling: sequences, or a GenerateOutput."""
    times = call.c.num_return_sequences
    plan, given = call.plan(), call.given(times)
    logits, cache = call.read(times)
    return result(call, plan, last(call, plan, call.state(plan, cache, times), logits, given), times)


def last(call, plan, state, logits, given, how=decoding):
    """The last state; `how` has the programs `logits_of_newest` and `finish`."""
    if is_stepwise(call):
        return collections.deque(steps(call, plan, state, logits, given, how), maxlen=1).pop()
    return call.programs(how.finish, plan)(state, logits, given)


def is_stepwise(call):
    """Whether anything is to be done between tokens, or the framework cannot compile the loop."""
    callbacks, c = call.callbacks, call.c
    outside = callbacks.choosing or callbacks.criteria or callbacks.streamer is not None or c.stop_strings or c.max_time
    return bool(outside) or not call.programs.whole_loops


def steps(call, plan, state, logits, given, how=decoding):
    """The state after each token."""
    times, callbacks, run = call.c.num_return_sequences, call.callbacks, call.programs
    stops = stopping.Stops(call)
    if callbacks.streamer is not None:
        callbacks.streamer.put(call.prompts.given)
    while True:
        if callbacks.choosing:
            state = decoding.extend(call.model, plan, state, logits, given)
        else:
            state = run(decoding.extend, plan)(state, logits, given)
        state = stops.applied(plan, state, times)
        stopping.listen(call, state, state.length - 1, times)
        yield state
        if not decoding.goes_on(state, given):
            break
        state, logits = run(how.logits_of_newest, plan)(state, given)
    if callbacks.streamer is not None:
        callbacks.streamer.end()


def newest(call, state):
    """The last column of tokens: (B K,)."""
    tokens = call.programs.array(decoding.newest(state))[:, 0]
    return tokens[: call.batch * call.c.num_return_sequences].astype(np.int64)


def result(call, plan, state, times):
    """What `generate` returns."""
    count, rows = int(state.length) - call.start, call.batch * times
    places = [range(rows)] * count  # each text is read from its beginning to its end
    new = call.programs.array(state.tokens)[:rows, call.start : call.start + count]
    sequences = call.sequences(new, times)
    if not call.c.return_dict_in_generate:
        return sequences

    def columns(kept, on):
        return tuple(kept[:rows, index] for index in range(count)) if on else None

    return GenerateOutput(
        sequences,
        scores=columns(state.scores, plan.scores),
        logits=columns(state.logits, plan.logits),
        past_key_values=tuple(
            layer._replace(**{name: x[:rows] for name, x in calls.held(layer).items()}) for layer in state.cache
        ),
        **inner.of(call, [state.tokens], places, times),
    )


def stream(call):
    """Each column of tokens (B,) as it is chosen."""
    times = call.c.num_return_sequences
    plan, given = call.plan(), call.given(times)
    with call.programs.running():
        logits, cache = call.read(times)
        found = steps(call, plan, call.state(plan, cache, times), logits, given)
    while True:
        with call.programs.running():  # not while the caller has the word
            state = next(found, None)
        if state is None:
            return
        yield newest(call, state)


check = stopping.check
