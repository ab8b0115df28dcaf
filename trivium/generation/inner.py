"""What the layers made of each token: read once more, all at once, when the text is there.

Letters: B batch, K texts for each prompt, T tokens, P of the prompt, N heads, E tokens of the encoder, D width, L room.
"""

import inspect

import numpy as np

from trivium.core.errors import InputError

from . import calls, ops

ASKED = ("output_hidden_states", "output_attentions")
"""The fields that ask for it."""
OF_TOKENS = ("hidden_states", "attentions", "cross_attentions", "decoder_hidden_states", "decoder_attentions")
"""What is said of each token, by the names of GenerateOutput."""


def asked(c):
    """Those of the fields that are set, if what they ask for is returned."""
    return tuple(name for name in ASKED if c.return_dict_in_generate and getattr(c, name))


def check(call):
    """Raises InputError where a network does not say what its layers do."""
    model = call.model
    names = inspect.signature(type(model).body).parameters
    body = calls.body_class(model) if "options" in names else type(model)
    known = inspect.signature(body.forward).parameters if "options" in names else names
    for name in asked(call.c):
        if name not in known:
            hint = "call the model on the sequences"
            raise InputError(f"{type(model).__name__} gives no {name} of what it writes", key=name, hint=hint)


class Trail:
    """The texts that a search of beams followed, step by step; nothing unless something of them is asked for.

    Args:
        call: The call.
        times: K.
    """

    def __init__(self, call, times):
        self.call, self.times, self.steps = call, times, []
        self.wanted = bool(asked(call.c))

    def add(self, state):
        """Takes note of the texts (B K, L) that the network reads next."""
        if self.wanted:
            self.steps.append((np.array(self.call.programs.array(state.tokens)), int(state.length)))

    def found(self):
        """The fields of GenerateOutput that are asked for, by name: of each step, the beams that were read then."""
        if not self.wanted:
            return {}
        texts, places = gathered(self.steps, self.call.batch, self.times)
        return of(self.call, [self.call.programs.tensor(text) for text in texts], places, self.times)


def gathered(steps, batch, times):
    """As few texts as have all those of all steps at their beginnings: arrays (B K, L), and for each step the rows (B K,).

    Rows are numbered through all arrays; in each, those of a prompt stand where its beams do.
    """
    rows, ends = batch * times, [length for _, length in steps]
    known, kept, places = {}, [[] for _ in range(batch)], []
    for tokens, length in reversed(steps):  # the longest first: no text begins one that comes after it
        place = []
        for row in range(rows):
            prompt, text = row // times, tokens[row]
            if (prompt, text[:length].tobytes()) not in known:
                number = len(kept[prompt])
                at = number // times * len(tokens) + prompt * times + number % times
                kept[prompt].append(text)
                known |= {(prompt, text[:end].tobytes()): at for end in ends if end <= length} | known
            place.append(known[prompt, text[:length].tobytes()])
        places.append(place)
    found = [steps[0][0].copy() for _ in range(-(-max(map(len, kept)) // times))]
    for prompt, texts in enumerate(kept):
        for number, text in enumerate(texts):
            found[number // times][prompt * times + number % times] = text
    return found, places[::-1]


def of(call, texts, places, times):
    """The fields of GenerateOutput that are asked for, by name.

    Args:
        call: The call.
        texts: What is read, tensors (B K, L).
        places: For the prompt, and for each token that was read after it, the rows of the texts, numbered through.
        times: K.
    """
    options = asked(call.c)
    if not options:
        return {}
    run, plan, given = call.programs, call.plan(), call.given(times)
    source = {name: run.tensor(np.repeat(value, times, 0)) for name, value in call.source.items()}
    shown = () if call.images is None else shown_first(call, times)
    found = [run(read, plan, options)((), text, source, shown, given) for text in texts]
    places = [run.tensor(np.array(rows, np.int32)) for rows in places]
    output, once, width = {}, slice(0, call.batch * times, times), source_width(call)
    for name, layers in found[0].items():
        if not layers:
            continue
        if name in OF_TOKENS:
            layers = [ops.concat([one[name][index] for one in found], 0) for index in range(len(layers))]
            output[name] = by_token(layers, places, call.start, name, width)
        elif name.endswith("hidden_states"):  # once, as in Transformers
            output[name] = tuple(layer[once, :width] for layer in layers)
        else:
            output[name] = tuple(layer[once, :, :width, :width] for layer in layers)
    return output


def source_width(call):
    """E, the tokens of the longest text that an encoder is given, which was filled up to few sizes; None: nothing was."""
    if "input_ids" not in call.source or call.model.prompt_name == "input_ids":
        return None
    return int(call.source["attention_mask"].sum(1).max())


def shown_first(call, times):
    """The prompt with the images that it is shown with, embedded: (B K, P, D)."""
    x = ops.concat([piece[:, :count] for piece, count in call.pieces(0)], 1)
    rows = call.programs.tensor(np.repeat(np.arange(call.rows, dtype=np.int32), times))
    return ops.take(x, rows)


def by_token(layers, places, start, name, width):
    """Layers' (R, L, D) or (R, N, L, L or E) as of the prompt's `start` tokens together, and of each after it: tuples."""

    def part(layer, first, last):
        if name.endswith("hidden_states"):
            return layer[:, first:last]
        return layer[:, :, first:last, : width if name.startswith("cross") else last]

    def taken(number, rows):
        first, last = (start + number - 1 if number else 0), start + number
        return tuple(ops.take(part(layer, first, last), rows) for layer in layers)

    return tuple(taken(number, rows) for number, rows in enumerate(places))


def read(model, plan, options, _, tokens, source, shown, given):
    """What the network says of tokens (B, L), of which the first may be embedded already, by name. A program."""
    inputs, names, encoder = dict(given.extras) | dict.fromkeys(options, True), OF_TOKENS, {}
    if plan.crosses:
        encoded = model.encode(**source, **dict.fromkeys(options, True))
        inputs |= {"decoder_input_ids": tokens, "encoder_outputs": encoded}
        encoder = {"encoder_hidden_states": encoded.hidden_states, "encoder_attentions": encoded.attentions}
    else:
        columns = ops.arange(plan.columns, like=tokens)[None]
        inputs |= {"input_ids": tokens, "attention_mask": columns >= given.offset[:, None]}
        if not isinstance(shown, tuple):
            x = model.get_input_embeddings()(inputs.pop("input_ids"))
            inputs["inputs_embeds"] = ops.concat([shown, x[:, ops.shape(shown)[1] :]], 1)
        if plan.positions:
            inputs["position_ids"] = ops.maximum(ops.minimum(columns, given.limit - 1) - given.offset[:, None], 0)
    out = model.body(**inputs)
    return {name: getattr(out, name, None) for name in names} | encoder
