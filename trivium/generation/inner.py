"""What the layers made of each token: read once more, all at once, when the text is there.

Letters: B batch, T tokens, P of the prompt, N heads, E tokens of the encoder, D width, L room for tokens.
"""

import inspect

import numpy as np

from trivium.core.errors import InputError

from . import calls, ops

ASKED = ("output_hidden_states", "output_attentions")
"""The fields that ask for it."""


def asked(c):
    """Those of the fields that are set, if what they ask for is returned."""
    return tuple(name for name in ASKED if c.return_dict_in_generate and getattr(c, name))


def check(call):
    """Raises InputError where a network or a strategy does not say what its layers do."""
    c, model = call.c, call.model
    names = inspect.signature(type(model).body).parameters
    body = calls.body_class(model) if "options" in names else type(model)
    known = inspect.signature(body.forward).parameters if "options" in names else names
    for name in asked(c):
        hint = "call the model on the sequences"
        if c.num_beams > 1:
            raise InputError(f"{name} and num_beams = {c.num_beams} do not go together", key=name, hint=hint)
        if name not in known or call.images is not None:
            raise InputError(f"{type(model).__name__} gives no {name} of what it writes", key=name, hint=hint)


def of(call, state, times):
    """The fields of GenerateOutput that are asked for, by name."""
    options = asked(call.c)
    if not options:
        return {}
    run, length, rows = call.programs, int(state.length), call.batch * times
    source = {name: run.tensor(np.repeat(value, times, 0)) for name, value in call.source.items()}
    found = run(read, call.plan(), options)((), state.tokens, source, call.given(times))
    names = {"hidden_states": True, "attentions": True, "decoder_hidden_states": True, "decoder_attentions": True}
    names |= {"cross_attentions": False}
    output = {}
    for name, layers in found.items():
        if layers is not None and name in names:
            output[name] = by_token([layer[:rows] for layer in layers], call.start, length - 1, name, names[name])
        elif layers is not None:
            output[name] = tuple(layer[:rows] for layer in layers)
    return output


def by_token(layers, start, end, name, own):
    """Layers' (B, L, D) or (B, N, L, L or E) as of the prompt's `start` tokens together, and of each up to `end`: tuples."""

    def part(layer, first, last):
        if name.endswith("hidden_states"):
            return layer[:, first:last]
        return layer[:, :, first:last, :last] if own else layer[:, :, first:last]

    pieces = [(0, start), *((place, place + 1) for place in range(start, end))]
    return tuple(tuple(part(layer, first, last) for layer in layers) for first, last in pieces)


def read(model, plan, options, _, tokens, source, given):
    """What the network says of tokens (B, L), by name. A program."""
    inputs = dict(given.extras) | dict.fromkeys(options, True)
    if plan.crosses:
        encoded = model.encode(**source, **dict.fromkeys(options, True))
        out = model.body(**inputs, decoder_input_ids=tokens, encoder_outputs=encoded)
        names = ("decoder_hidden_states", "decoder_attentions", "cross_attentions")
        found = {name: getattr(out, name, None) for name in names}
        return found | {"encoder_hidden_states": encoded.hidden_states, "encoder_attentions": encoded.attentions}
    columns = ops.arange(plan.columns, like=tokens)[None]
    inputs |= {"input_ids": tokens, "attention_mask": columns >= given.offset[:, None]}
    if plan.positions:
        inputs["position_ids"] = ops.maximum(ops.minimum(columns, given.limit - 1) - given.offset[:, None], 0)
    out = model.body(**inputs)
    return {name: getattr(out, name, None) for name in ("hidden_states", "attentions", "cross_attentions")}
