"""What ends a text besides its tokens: the caller's criteria, stop strings, and time; and who listens between tokens."""

import time

import numpy as np

from trivium.core.errors import InputError


class Stops:
    """The texts that a call is to end.

    Args:
        call: The call; its time begins now.
    """

    def __init__(self, call):
        self._call, strings, most = call, call.c.stop_strings, call.c.max_time
        self._strings = (strings,) if isinstance(strings, str) else tuple(strings or ())
        self._until = None if most is None else time.monotonic() + most

    def __bool__(self):
        return bool(self._call.callbacks.criteria or self._strings or self._until is not None)

    def __call__(self, tokens, length, count, scores=None):
        """Which of the first `count` rows of tokens (R, L), filled up to `length`, are to end: (R,) bool, an array."""
        call, run, length = self._call, self._call.programs, int(length)
        ends = np.zeros(len(run.array(tokens)), bool)
        for criterion in call.callbacks.criteria:
            ends[:count] |= run.array(criterion(tokens[:count, :length], scores)).astype(bool)
        if self._strings:
            new = run.array(tokens)[:count, call.start : length]
            ends[:count] |= [self._says(call.callbacks.tokenizer.decode(row.tolist())) for row in new]
        if self._until is not None and time.monotonic() >= self._until:
            ends[:] = True
        return ends

    def _says(self, text):
        return any(string in text for string in self._strings)

    def applied(self, plan, state, times=1):
        """A state of `decoding` with those texts finished."""
        if not self:
            return state
        ends = self(state.tokens, state.length, self._call.batch * times, state.scores if plan.scores else None)
        return state._replace(finished=state.finished | self._call.programs.tensor(ends)) if ends.any() else state


def listen(call, state, first, times=1):
    """Gives a streamer the columns of tokens (B,) from `first` on, and an end after the last of `call`."""
    streamer = call.callbacks.streamer
    if streamer is not None:
        tokens = call.programs.array(state.tokens)[: call.batch * times].astype(np.int64)
        for column in range(int(first), int(state.length)):
            streamer.put(tokens[:, column])


def check(c, callbacks):
    """Raises InputError where stop strings have nobody to read them."""
    if c.stop_strings and callbacks.tokenizer is None:
        hint = "tokenizer=tokenizers.Tokenizer.from_file(...)"
        raise InputError("stop_strings need the tokenizer that reads them", key="tokenizer", hint=hint)
