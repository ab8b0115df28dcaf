"""Greedy search as one program of fixed sizes, for files that run without Trivium.

Letters: B batch, T tokens of the prompt, N new tokens, L = T + N.
"""

import numpy as np

from trivium.core.errors import InputError

from . import calls, decoding, ops


def program(model, batch, tokens, options):
    """A function (input_ids (B, T), attention_mask (B, T)) -> tokens (B, T + N).

    Raises:
        InputError: What is asked for is not greedy search of a decoder.
    """
    if calls.is_pair(model):
        raise InputError(f"{type(model).__name__} has an encoder: its generation is not exported", key="generate")
    told = {"seed": 0, "compiled": False}
    call = model._call(np.ones((batch, tokens), np.int32), np.ones((batch, tokens)), None, told, dict(options))
    c = call.c
    if c.do_sample or c.num_beams > 1 or c.contrastive or c.num_return_sequences > 1 or c.return_dict_in_generate:
        raise InputError("a file holds greedy search alone", key="generate", hint="leave out do_sample, num_beams and the like")
    if c.stop_strings or c.max_time:
        raise InputError("stop_strings and max_time need Python between tokens", key="generate")
    plan, given = call.plan(), call.given()

    def run(input_ids, attention_mask):
        order = ops.argsort(ops.cast(attention_mask, "int32"), -1)  # stable: padding to the front
        ids = ops.take_along(ops.cast(input_ids, "int32"), order, -1)
        count = ops.sum_along(ops.cast(attention_mask, "int32"), -1)
        its = given._replace(offset=tokens - count)
        cache = model.init_cache(batch, call.room)
        logits, cache, _ = decoding.read(model, plan, cache, ids, its.start, its)
        state = call.state(plan, cache)
        state = state._replace(tokens=ops.update(state.tokens, ids, ops.arange(1, like=ids)[0]))
        state = decoding.finish(model, plan, state, logits, its)
        return ops.concat([ops.cast(input_ids, "int32"), ops.cast(state.tokens[:, tokens : call.limit], "int32")], 1)

    return run
