"""Assisted decoding: a smaller model, or the text itself, drafts tokens, and the model checks all of them at once.

What comes out is what the model alone would have said. Where tokens are drawn, both choose with the same noise: each draws from
its own distribution, and they agree as often as these are alike. Source: Leviathan and others, arXiv:2211.17192, for drafting;
Daliri and others, arXiv:2408.07978, for the shared noise.

Letters: as in `decoding`, and M drafted tokens.
"""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from trivium.core.errors import InputError
from trivium.generation import prompts as reading

from . import calls, decoding, ops, programs, single, stopping


class Draft(NamedTuple):
    """What changes while a draft is written.

    Attributes:
        count: () int32, the tokens drafted.
        tokens: (B, L), with the draft behind the text.
        logits: (B, V), of what follows.
        cache: The drafting network's.
        sure: () bool, whether the last token was likely in one of the texts.
    """

    count: Any
    tokens: Any
    logits: Any
    cache: Any
    sure: Any


class Helper:
    """Drafts of a smaller model.

    Args:
        call: The call.
        model: The smaller one.
    """

    def __init__(self, call, model):
        run = programs.Programs(model, call.programs.compiles)
        self.most, self._threshold = call.c.num_assistant_tokens, call.c.assistant_confidence_threshold
        self._call = dataclasses.replace(call, model=model, programs=run, kept=None)
        self._given = self._call.given()
        with run.running():
            _, self._cache = self._call.read()

    def __call__(self, state, noise):
        """A draft (B, M)."""
        run = self._call.programs
        with run.running():
            told = (state.tokens, state.length, self._given, noise)
            program = run(propose, self._call.plan(), self.most, self._threshold)
            draft, self._cache = program(self._cache, *told)
        return draft


class Lookup:
    """Drafts from the text itself: what followed where its last tokens were said before.

    Saxena, prompt lookup decoding, 2023 (github.com/apoorvumang/prompt-lookup-decoding).

    Args:
        call: The call.
    """

    def __init__(self, call):
        self.most, self._longest, self._call = call.c.prompt_lookup_num_tokens, call.c.max_matching_ngram_size or 2, call

    def __call__(self, state, _):
        """A draft (B, M)."""
        tokens, length = self._call.programs.array(state.tokens), int(state.length)
        offsets = reading.widened(self._call.prompts.offset, len(tokens))
        drafts = [self._continued(row[offset:length]) for row, offset in zip(tokens, offsets, strict=True)]
        return self._call.programs.tensor(np.stack(drafts).astype(np.int32))

    def _continued(self, text):
        """What followed the last tokens of a text (T,) where they were first said: (M,)."""
        for count in range(min(self._longest, len(text) - 1), 0, -1):
            windows = np.lib.stride_tricks.sliding_window_view(text[:-1], count)
            places = np.flatnonzero((windows == text[-count:]).all(1))
            if len(places):
                found = text[places[0] + count :][: self.most]
                return np.pad(found, (0, self.most - len(found)), mode="edge")
        return np.repeat(text[-1:], self.most)


def search(call, model):
    """Greedy search or sampling with drafts, of another model or of the text itself: sequences, or a GenerateOutput."""
    run, callbacks = call.programs, call.callbacks
    plan, given, stops = call.plan(), call.given(), stopping.Stops(call)
    drafts = Lookup(call) if model is None else Helper(call, model)
    logits, cache = call.read()
    begin = call.state(plan, cache)
    if callbacks.streamer is not None:
        callbacks.streamer.put(call.prompts.given)
    first, finished = call.start, run.array(begin.finished).copy()  # whose memory is given away
    state = run(decoding.extend, plan)(begin, logits, given)
    while True:
        state = ended(call, plan, state, stops, first, finished)
        stopping.listen(call, state, first)
        if not decoding.goes_on(state, given):
            break
        first, finished = int(state.length), run.array(state.finished).copy()
        noise, state = shared_noise(plan, state, drafts.most, calls.vocabulary(call.model))
        state = run(verify, plan)(state, drafts(state, noise), given, noise)
    if callbacks.streamer is not None:
        callbacks.streamer.end()
    return single.result(call, plan, state, 1)


def ended(call, plan, state, stops, first, finished):
    """The state had `stops` been asked after each token from column `first` on, before which some texts had finished."""
    if not stops:
        return state
    run, tokens = call.programs, call.programs.array(state.tokens).copy()
    length, stopped, finished = int(state.length), np.zeros(len(tokens), bool), finished.copy()
    for column in range(first, length):
        tokens[stopped, column] = plan.pad
        finished |= np.isin(tokens[:, column], plan.eos)
        stopped |= stops(run.tensor(tokens), column + 1, call.batch, state.scores if plan.scores else None)
        if (stopped | finished).all():
            length = column + 1
            break
    state = state._replace(tokens=run.tensor(tokens), finished=run.tensor(stopped | finished))
    return state._replace(length=run.tensor(np.int32(length)))


def shared_noise(plan, state, most, vocabulary):
    """Noise (B, M + 1, V) for both, or () where nothing is drawn; and the state with the next key."""
    if not plan.sample:
        return (), state
    like = ops.zeros((ops.shape(state.tokens)[0], most + 1, vocabulary), like=ops.cast(state.tokens[:1, :1], "float32"))
    noise, key = decoding.gumbel(like, state.key)
    return noise, state._replace(key=key)


def propose(model, plan, most, threshold, cache, tokens, length, given, noise):
    """A draft (B, M) of what follows the first `length` columns of tokens (B, L), and the cache. A program.

    After tokens that are less likely than the threshold, in every text, nothing is drafted.
    """
    batch = ops.shape(tokens)[0]
    # the newest token, and the one before it, which the cache has not seen if all of the last draft was right
    columns = ops.broadcast_to((ops.arange(2, like=tokens) + (length - 2))[None], (batch, 2))
    x, cache = decoding.forward(model, plan, seen(cache, length - 2), ops.take_along(tokens, columns, 1), given)
    begin = Draft(length * 0, tokens, decoding.unembed(model, x[:, 1]), cache, length == length)

    def write(draft):
        scores = decoding.processed(plan, given, draft.tokens, length + draft.count, draft.logits)
        noisy = scores + ops.take_rows(noise, ops.broadcast_to(draft.count, (batch,))) if plan.sample else scores
        chosen = ops.argmax(noisy, -1)[:, None]
        chances = ops.take_along(ops.softmax(scores, -1), chosen, 1)[:, 0]
        x, cache = decoding.forward(model, plan, draft.cache, chosen, given)
        logits = decoding.unembed(model, x[:, 0])
        tokens = ops.update(draft.tokens, chosen, length + draft.count)
        return Draft(draft.count + 1, tokens, logits, cache, ~ops.every(chances < threshold))

    draft = ops.while_loop(lambda d: (d.count < most) & d.sure, write, begin)
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
    needed = ops.max(ops.sum_along(ops.cast(~ended, "int32"), 1), 0)  # no column in which there is padding alone
    count = ops.minimum(ops.minimum(-ops.max(-agreed, 0) + 1, needed), given.limit - state.length)
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


def make_room(call, other):
    """Makes room for drafts beyond the end of a text.

    Raises:
        InputError: A network cannot forget the tokens of a draft that were wrong, or would not see the images.
    """
    name = "assistant_model" if other is not None else "prompt_lookup_num_tokens"
    if other is not None and call.images is not None:
        raise InputError("assistant_model would not see the images", key=name)
    call.room += call.c.num_assistant_tokens if other is not None else call.c.prompt_lookup_num_tokens
    for model in (call.model, *([] if other is None else [other])):
        if any(hasattr(layer, "counted") for layer in model.init_cache(1, call.room)):
            why = f"{type(model).__name__} remembers a state or a window, which cannot be set back to where a draft was right"
            raise InputError(f"{name}: {why}", key=name)


def check(c, callbacks, model, other):
    """Raises InputError where assisted decoding cannot do what is asked for."""
    single.check(c, callbacks)
    name = "assistant_model" if c.prompt_lookup_num_tokens is None else "prompt_lookup_num_tokens"
    refused = {
        "assistant_model": c.prompt_lookup_num_tokens is not None and other is not None,
        "logits_processor": callbacks.processors,
        "prefix_allowed_tokens_fn": callbacks.prefix,
        "num_return_sequences": c.num_return_sequences > 1,
        "num_beams": c.num_beams > 1,
        "penalty_alpha": c.contrastive,
        "dola_layers": c.dola_layers,
        "guidance_scale": c.guided,
    }
    for other_name, value in refused.items():
        if value:
            raise InputError(f"{other_name} and {name} do not go together", key=other_name)
    if other is None:
        return
    if calls.vocabulary(model) != calls.vocabulary(other) or calls.is_pair(model) != calls.is_pair(other):
        why = f"{type(other).__name__} cannot draft for {type(model).__name__}: one vocabulary, and both an encoder or none"
        raise InputError(why, key="assistant_model")
    if not type(other).__module__.startswith(type(model).__module__.partition(".models.")[0]):
        raise InputError("assistant_model is of another framework", key="assistant_model")
