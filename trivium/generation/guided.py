"""Classifier-free guidance: away from what would follow another text, which goes on beside each with the same tokens.

Sanchez and others, arXiv:2306.17806. Letters: as in `decoding`; the cache is that of the texts and that of the others.
"""

import dataclasses
import sys

import numpy as np

from trivium.core.errors import InputError
from trivium.generation import prompts as reading

from . import decoding, ops, single


def search(call):
    """Greedy search or sampling with guidance: sequences, or a GenerateOutput."""
    times = call.c.num_return_sequences
    call, other = aligned(call)
    given = call.given(times)
    given = given._replace(other=(other.given(times), call.programs.tensor(np.float32(call.c.guidance_scale))))
    logits, cache = call.read(times)
    others, other_cache = other.read(times)
    logits = call.programs(steer)((), logits, others, given.other[1])
    plan, how = call.plan(), sys.modules[__name__]
    state = single.last(call, plan, call.state(plan, (cache, other_cache), times), logits, given, how)
    return single.result(call, plan, state._replace(cache=state.cache[0]), times)


def aligned(call):
    """The call, and that of the other texts, whose prompts end in the same column."""
    if call.negative is None:
        ids = call.prompts.ids[:, -1:]
        other = reading.Prompts(ids, ids, np.zeros(len(ids), np.int32))
    else:
        other = call.negative
    if len(other.ids) != call.batch:
        why = f"negative_prompt_ids are of {len(other.ids)} texts, and there are {call.batch}"
        raise InputError(why, key="negative_prompt_ids")
    more = max(other.length - call.start, 0)
    room = call.room + more
    room = reading.bucket(room) if call.programs.compiles else room
    moved = dataclasses.replace(call, prompts=wider(call.prompts, call.start + more), limit=call.limit + more, room=room)
    return moved, dataclasses.replace(moved, prompts=wider(other, moved.start))


def wider(prompts, length):
    """Prompts with more columns before them."""
    more = length - prompts.length
    ids = np.pad(prompts.ids, [(0, 0), (more, 0)])
    return dataclasses.replace(prompts, ids=ids, offset=(prompts.offset + more).astype(np.int32))


def steer(model, _, logits, others, scale):
    """Logarithms of chances (B, V), away from those that others have. A program, too."""
    logs, others = ops.log_softmax(logits, -1), ops.log_softmax(others, -1)
    return others + scale * (logs - others)


def finish(model, plan, state, logits, given):
    """The last state, all tokens chosen. A program: it is given away."""
    return decoding.finish(model, plan, state, logits, given, logits_of_newest)


def logits_of_newest(model, plan, state, given):
    """The state whose caches have seen the last token, and what follows, guided. A program, too."""
    (cache, other), (other_given, scale) = state.cache, given.other
    x, other = decoding.forward(model, plan, other, decoding.newest(state), other_given)
    state, logits = decoding.logits_of_newest(model, plan, state._replace(cache=cache), given)
    logits = steer(model, (), logits, decoding.unembed(model, x[:, 0]), scale)
    return state._replace(cache=(state.cache, other)), logits


check = single.check
