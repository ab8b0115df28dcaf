"""Greedy search and sampling: the loop around `decoding`'s programs."""

import collections
import time

import numpy as np

from trivium.core.errors import InputError
from trivium.generation.outputs import GenerateOutput

from . import calls, decoding


def search(call):
    """Greedy search, or sampling: sequences, or a GenerateOutput."""
    times = call.c.num_return_sequences
    plan, given = call.plan(), call.given(times)
    logits, cache = call.read(times)
    state = call.state(plan, cache, times)
    if is_stepwise(call):
        state = collections.deque(steps(call, plan, state, logits, given), maxlen=1).pop()
    else:
        state = call.programs(decoding.finish, plan)(state, logits, given)
    return result(call, plan, state, times)


def is_stepwise(call):
    """Whether anything is to be done between tokens, or the framework cannot compile the loop."""
    callbacks, c = call.callbacks, call.c
    outside = callbacks.choosing or callbacks.criteria or callbacks.streamer is not None or c.stop_strings or c.max_time
    return bool(outside) or not call.programs.whole_loops


def steps(call, plan, state, logits, given):
    """The state after each token."""
    c, callbacks, run = call.c, call.callbacks, call.programs
    end = None if c.max_time is None else time.monotonic() + c.max_time
    if callbacks.streamer is not None:
        callbacks.streamer.put(call.prompts.given)
    while True:
        if callbacks.choosing:
            state = decoding.extend(call.model, plan, state, logits, given)
        else:
            state = run(decoding.extend, plan)(state, logits, given)
        state = stopped(call, plan, state)
        if callbacks.streamer is not None:
            callbacks.streamer.put(newest(call, state))
        yield state
        if not decoding.goes_on(state, given) or (end is not None and time.monotonic() >= end):
            break
        state, logits = run(decoding.logits_of_newest, plan)(state, given)
    if callbacks.streamer is not None:
        callbacks.streamer.end()


def newest(call, state):
    """The last column of tokens: (B K,)."""
    tokens = call.programs.array(decoding.newest(state))[:, 0]
    return tokens[: call.batch * call.c.num_return_sequences].astype(np.int64)


def stopped(call, plan, state):
    """The state in which texts are finished that the caller's criteria, or stop strings, end."""
    ends = np.zeros(len(call.programs.array(state.finished)), bool)
    ids = state.tokens[:, : int(state.length)] if call.callbacks.criteria else None
    for criterion in call.callbacks.criteria:
        ends |= call.programs.array(criterion(ids, state.scores if plan.scores else None)).astype(bool)
    if call.c.stop_strings:
        new = call.programs.array(state.tokens)[:, call.start : int(state.length)]
        ends |= [says(call.callbacks.tokenizer.decode(row.tolist()), call.c.stop_strings) for row in new]
    return state._replace(finished=state.finished | call.programs.tensor(ends)) if ends.any() else state


def says(text, strings):
    """Whether one of the strings is in the text."""
    return any(string in text for string in ((strings,) if isinstance(strings, str) else strings))


def result(call, plan, state, times):
    """What `generate` returns."""
    count, rows = int(state.length) - call.start, call.batch * times
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
    )


def stream(call):
    """Each column of tokens (B,) as it is chosen."""
    plan, given = call.plan(), call.given()
    with call.programs.running():
        logits, cache = call.read()
        found = steps(call, plan, call.state(plan, cache), logits, given)
    while True:
        with call.programs.running():  # not while the caller has the word
            state = next(found, None)
        if state is None:
            return
        yield newest(call, state)


def check(c, callbacks):
    """Raises InputError where what is asked for lacks something."""
    if c.stop_strings and callbacks.tokenizer is None:
        hint = "tokenizer=tokenizers.Tokenizer.from_file(...)"
        raise InputError("stop_strings need the tokenizer that reads them", key="tokenizer", hint=hint)
