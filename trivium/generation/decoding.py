"""One token after another: greedy search and sampling, as programs.

Letters: B batch, T tokens, P columns of the prompt's bucket, L room for tokens, E tokens of the encoder, V vocabulary, D width.
"""

import dataclasses
from typing import Any, NamedTuple

from . import chains, layered, ops, processors


@dataclasses.dataclass(frozen=True)
class Plan:
    """What programs are compiled for.

    Attributes:
        steps: The processors, as `chains.split` has them.
        eos: The tokens that end a text.
        pad: What follows the end.
        sample: Draw tokens, rather than take the likeliest.
        keep: How many tokens sampling has to leave.
        scores: Whether to keep scores, and `logits` the logits; for `room` tokens.
        crosses: Whether there is an encoder.
        positions: Whether the network is told positions.
        columns: L, which masks are wide.
        beams: Texts that are followed for each prompt; `early` says when they end (GenerationConfig.early_stopping).
            In contrastive search, the candidates for the next token.
        groups: Of beams, each with `beams`.
        layers: Those of which the last is cleared (`layered`).
    """

    steps: tuple = ()
    eos: tuple[int, ...] = ()
    pad: int = 0
    sample: bool = False
    keep: int = 1
    scores: bool = False
    logits: bool = False
    room: int = 0
    crosses: bool = False
    positions: bool = True
    columns: int = 0
    beams: int = 1
    groups: int = 1
    early: bool | str = False
    layers: tuple[int, ...] = ()


class Given(NamedTuple):
    """What stays the same while a text is generated.

    Attributes:
        offset: (B,) int32, the columns of padding before each text.
        start: () int32, the column of the first token to be generated.
        limit: () int32, the columns there may be.
        numbers: (n,) float32, of the processors.
        power: () float32, the length_penalty.
        source: (B, E) int32, what the encoder was given, or (B, 0).
        source_seen: (B, E) bool, where that is no padding.
        extras: Further inputs of the network, by name.
        other: In `guided`, what stays the same of the other text; or ().
    """

    offset: Any
    start: Any
    limit: Any
    numbers: Any
    power: Any
    source: Any
    source_seen: Any
    extras: dict[str, Any]
    other: Any = ()


class State(NamedTuple):
    """What changes.

    Attributes:
        tokens: (B, L) int32.
        length: () int32, the columns that are filled.
        finished: (B,) bool, the texts that have ended.
        key: What chance draws from.
        cache: The network's, which has seen all tokens but the last.
        scores: (B, N, V) float32, or ().
        logits: The same.
    """

    tokens: Any
    length: Any
    finished: Any
    key: Any
    cache: Any
    scores: Any = ()
    logits: Any = ()


# The network


def forward(model, plan, cache, ids, given, encoded=None):
    """The network's last states (B, T, D) for the next tokens, ids (B, T) or embedded (B, T, D), and the cache.

    With `plan.layers` there are these layers' states beside the last: (B, T, layers D).
    """
    inputs = dict(given.extras)
    if plan.crosses:
        inputs |= {"decoder_input_ids": ids, "encoder_outputs": encoded}
    else:
        columns = ops.arange(plan.columns, like=ids)[None]
        name = "input_ids" if len(ids.shape) == 2 else "inputs_embeds"
        inputs |= {name: ids, "attention_mask": columns >= given.offset[:, None]}
        if plan.positions:
            columns = ops.arange(ops.shape(ids)[1], like=ids)[None] + cache[0].length
            # what is beyond the prompt is nobody's business, but must have a position that there is
            least = -1 if has_states(cache) else 0  # no mask tells a state that there is no text yet
            inputs["position_ids"] = ops.maximum(ops.minimum(columns, given.limit - 1) - given.offset[:, None], least)
    if plan.layers:
        out = model.body(**inputs, past_key_values=cache, output_hidden_states=True)
        return ops.concat([out.last_hidden_state, *(out.hidden_states[i] for i in plan.layers)], -1), out.past_key_values
    out = model.body(**inputs, past_key_values=cache)
    return out.last_hidden_state, out.past_key_values


def has_states(cache):
    """Whether a layer remembers a state, which cannot be set back."""
    return any(hasattr(layer, "state") for layer in cache)


def unembed(model, x):
    """Logits (B, V) float32 of states (B, D)."""
    return ops.cast(model.unembed(x[:, None])[:, 0], "float32")


def logits_of(model, plan, x):
    """Logits (B, V) float32 of states (B, D), or of `plan.layers` (B, layers D)."""
    return layered.contrasted(model, plan, x) if plan.layers else unembed(model, x)


def read(model, plan, cache, ids, count, given, encoded=None):
    """Reads the first `count` of ids (B, P), or of what is embedded (B, P, D). A program: `cache` is given away.

    Returns:
        The logits (B, V) of what follows, the cache, which has seen no more, and the network's states (B, P, D).
    """
    before = cache[0].length
    cache = tuple(layer._replace(counted=count) if hasattr(layer, "counted") else layer for layer in cache)
    x, cache = forward(model, plan, cache, ids, given, encoded)
    batch = ops.shape(ids)[0]
    last = ops.take_rows(x, ops.broadcast_to(count - 1, (batch,)))
    return logits_of(model, plan, last), tuple(layer._replace(length=before + count) for layer in cache), x


# A step


def processed(plan, given, tokens, length, scores, others=()):
    """Scores (B, V) of what follows the first `length` columns of tokens (B, L), after the processors."""
    parts = (given.offset, length, given.start, given.limit, given.source, given.source_seen, plan.eos, plan.keep, others)
    return chains.apply(plan.steps, given.numbers, scores, processors.Text(tokens, *parts))


def choose(plan, given, tokens, length, logits, key):
    """The next tokens (B,), the scores they were chosen by, and the key."""
    scores = processed(plan, given, tokens, length, logits)
    if not plan.sample:
        return ops.argmax(scores, -1), scores, key
    noise, key = gumbel(scores, key)
    return ops.argmax(scores + noise, -1), scores, key


def gumbel(scores, key):
    """Noise of scores' shape whose addition makes the largest a draw from their softmax, and the next key.

    Source: Gumbel, 1954; Maddison and others, arXiv:1411.0030, section 2.
    """
    uniform, key = ops.random_uniform(key, ops.shape(scores))
    return -ops.log(-ops.log(ops.maximum(uniform, 1e-37))), key


def ends(tokens, plan):
    """Which tokens end a text, of any shape: bool."""
    found = tokens != tokens
    for token in plan.eos:
        found = found | (tokens == token)
    return found


def extend(model, plan, state, logits, given):
    """The state with one more token, chosen by the logits (B, V) of what follows. A program, too."""
    tokens, scores, key = choose(plan, given, state.tokens, state.length, logits, state.key)
    return append(plan, state, given, tokens, scores, logits)._replace(key=key)


def append(plan, state, given, tokens, scores, logits):
    """The state with one more token (B,), and the scores and logits if they are kept."""
    tokens = ops.where(state.finished, tokens * 0 + plan.pad, tokens)
    number = state.length - given.start
    return state._replace(
        tokens=ops.update(state.tokens, tokens[:, None], state.length),
        length=state.length + 1,
        finished=state.finished | ends(tokens, plan),
        scores=ops.update(state.scores, scores[:, None], number) if plan.scores else (),
        logits=ops.update(state.logits, logits[:, None], number) if plan.logits else (),
    )


def newest(state):
    """The last token of each text: (B, 1)."""
    place = ops.broadcast_to(state.length - 1, (ops.shape(state.tokens)[0],))
    return ops.take_rows(state.tokens, place)[:, None]


def logits_of_newest(model, plan, state, given):
    """The state whose cache has seen the last token, and the logits (B, V) of what follows. A program, too."""
    x, cache = forward(model, plan, state.cache, newest(state), given)
    return state._replace(cache=cache), logits_of(model, plan, x[:, 0])


def goes_on(state, given):
    """Whether a text is unfinished and there is room: () bool."""
    return (state.length < given.limit) & ~ops.every(state.finished)


def finish(model, plan, state, logits, given, follow=logits_of_newest):
    """The last state, all tokens chosen; `follow` reads the newest. A program, too."""

    def step(state):
        state, logits = follow(model, plan, state, given)
        return extend(model, plan, state, logits, given)

    return ops.while_loop(lambda s: goes_on(s, given), step, extend(model, plan, state, logits, given))
