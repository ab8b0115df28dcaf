"""Assisted decoding: a smaller model drafts tokens one by one, and the model checks all of them at once.

What comes out is what the model alone would have said. Where tokens are drawn, both choose with the same noise: each draws from
its own distribution, and they agree as often as these are alike. Source: Leviathan and others, arXiv:2211.17192, for drafting;
Daliri and others, arXiv:2408.07978, for the shared noise.

Letters: as in `decoding`, and M drafted tokens.
"""

import dataclasses
from typing import Any, NamedTuple

from trivium.core.errors import InputError

from . import calls, decoding, ops, programs, single


class Draft(NamedTuple):
    """What changes while a draft is written.

    Attributes:
        count: () int32, the tokens drafted.
        tokens: (B, L), with the draft behind the text.
        logits: (B, V), of what follows.
        cache: The drafting network's.
    """

    count: Any
    tokens: Any
    logits: Any
    cache: Any


def search(call, model):
    """Greedy search or sampling with drafts of another model: sequences, or a GenerateOutput."""
    most, run = call.c.num_assistant_tokens, call.programs
    helper = dataclasses.replace(call, model=model, programs=programs.Programs(model, run.compiles), kept=None)
    plan, given, helped = call.plan(), call.given(), helper.given()
    logits, cache = call.read()
    state = run(decoding.extend, plan)(call.state(plan, cache), logits, given)
    with helper.programs.running():
        _, drafting = helper.read()
        while decoding.goes_on(state, given):
            noise, state = shared_noise(plan, state, most, calls.vocabulary(model))
            told = (state.tokens, state.length, helped, noise)
            draft, drafting = helper.programs(propose, helper.plan(), most)(drafting, *told)
            state = run(verify, plan)(state, draft, given, noise)
    return single.result(call, plan, state, 1)


def shared_noise(plan, state, most, vocabulary):
    """Noise (B, M + 1, V) for both, or () where nothing is drawn; and the state with the next key."""
    if not plan.sample:
        return (), state
    like = ops.zeros((ops.shape(state.tokens)[0], most + 1, vocabulary), like=ops.cast(state.tokens[:1, :1], "float32"))
    noise, key = decoding.gumbel(like, state.key)
    return noise, state._replace(key=key)


def propose(model, plan, most, cache, tokens, length, given, noise):
    """A draft (B, M) of what follows the first `length` columns of tokens (B, L), and the cache. A program."""
    batch = ops.shape(tokens)[0]
    # the newest token, and the one before it, which the cache has not seen if all of the last draft was right
    columns = ops.broadcast_to((ops.arange(2, like=tokens) + (length - 2))[None], (batch, 2))
    x, cache = decoding.forward(model, plan, seen(cache, length - 2), ops.take_along(tokens, columns, 1), given)
    begin = Draft(length * 0, tokens, decoding.unembed(model, x[:, 1]), cache)

    def write(draft):
        scores = decoding.processed(plan, given, draft.tokens, length + draft.count, draft.logits)
        if plan.sample:
            scores = scores + ops.take_rows(noise, ops.broadcast_to(draft.count, (batch,)))
        chosen = ops.argmax(scores, -1)[:, None]
        x, cache = decoding.forward(model, plan, draft.cache, chosen, given)
        logits = decoding.unembed(model, x[:, 0])
        return Draft(draft.count + 1, ops.update(draft.tokens, chosen, length + draft.count), logits, cache)

    draft = ops.while_loop(lambda d: d.count < most, write, begin)
    columns = ops.broadcast_to((ops.arange(most, like=tokens) + length)[None], (batch, most))
    return ops.take_along(draft.tokens, columns, 1), draft.cache


def verify(model, plan, state, draft, given, noise):
    """The state with as much of a draft (B, M) as the model would have said in every text, and one token more. A program."""
    most, number = ops.shape(draft)[1], state.length - given.start
    ids = ops.concat([decoding.newest(state), draft], 1)
    x, cache = decoding.forward(model, plan, state.cache, ids, given)
    logits = ops.cast(model.unembed(x), "float32")  # (B, M + 1, V)
    drafted = ops.update(state.tokens, draft, state.length)
    each = [
        decoding.processed(plan, given, drafted, state.length + index, logits[:, index])[:, None] for index in range(most + 1)
    ]
    scores = ops.concat(each, 1)
    chosen = ops.argmax(scores + noise if plan.sample else scores, -1)  # (B, M + 1)
    ending = ops.cast(decoding.ends(chosen, plan), "int32")
    ended = state.finished[:, None] | (ops.cumsum(ending, 1) - ending > 0)  # before each
    chosen = ops.where(ended, chosen * 0 + plan.pad, chosen)
    right = ops.cast(ended[:, :-1] | (chosen[:, :-1] == draft), "int32")
    agreed = ops.sum_along(ops.cast(ops.cumsum(1 - right, 1) == 0, "int32"), 1)  # (B,)
    count = ops.minimum(-ops.max(-agreed, 0) + 1, given.limit - state.length)
    counted = ops.arange(most + 1, like=chosen)[None] < count
    return state._replace(
        tokens=ops.update(state.tokens, chosen, state.length),
        length=state.length + count,
        finished=state.finished | (ops.sum_along(ops.cast(decoding.ends(chosen, plan) & counted, "int32"), 1) > 0),
        cache=seen(cache, state.length + count - 1),
        scores=ops.update(state.scores, scores, number) if plan.scores else (),
        logits=ops.update(state.logits, logits, number) if plan.logits else (),
    )


def seen(cache, length):
    """A cache that has seen so many tokens and no more."""
    return tuple(layer._replace(length=length) for layer in cache)


def check_caches(call, other):
    """Raises InputError where a network cannot forget the tokens of a draft that were wrong."""
    for model in (call.model, other):
        if any(hasattr(layer, "counted") for layer in model.init_cache(1, call.room)):
            why = f"{type(model).__name__} remembers a state or a window, which cannot be set back to where a draft was right"
            raise InputError(why, key="assistant_model")


def check(c, callbacks, model, other):
    """Raises InputError where assisted decoding cannot do what is asked for."""
    single.check(c, callbacks)
    refused = {"streamer": callbacks.streamer, "stopping_criteria": callbacks.criteria, "stop_strings": c.stop_strings}
    refused |= {
        "max_time": c.max_time,
        "logits_processor": callbacks.processors,
        "num_return_sequences": c.num_return_sequences > 1,
    }
    refused |= {"prefix_allowed_tokens_fn": callbacks.prefix, "num_beams": c.num_beams > 1, "penalty_alpha": c.contrastive}
    for name, value in refused.items():
        if value:
            raise InputError(f"{name} and assistant_model do not go together", key=name)
    if calls.vocabulary(model) != calls.vocabulary(other) or calls.is_pair(model) != calls.is_pair(other):
        why = f"{type(other).__name__} cannot draft for {type(model).__name__}: one vocabulary, and both an encoder or none"
        raise InputError(why, key="assistant_model")
    if not type(other).__module__.startswith(type(model).__module__.partition(".models.")[0]):
        raise InputError("assistant_model is of another framework", key="assistant_model")
