"""The arguments of `generate`, checked against the model and each other, as the call that they stand for.

Letters: B batch, T tokens, E tokens of the encoder.
"""

import numpy as np

from trivium.core.errors import InputError
from trivium.core.signatures import parameters
from trivium.generation import prompts as reading

from . import inner, ops, programs
from .calls import SEEN, Call, is_pair, most_positions, piece_width, takes

SPOKEN = ("language", "task")
"""What may be said of speech."""
CROSSED = ("encoder_hidden_states", "encoder_attention_mask")
"""What a decoder may be told of an encoder that is not its own."""


def inputs_of(model):
    """The names of the arrays that `generate` takes: the prompt or what the encoder is given, and others."""
    if is_pair(model):
        return [*model.source_names(), model.prompt_name]
    return ["input_ids", *(name for name in (*CROSSED, SEEN) if takes(model, name))]


def hears(model):
    """Whether the encoder is given speech, and the decoder told its language."""
    return is_pair(model) and next(iter(model.input_shapes())) == "input_features" and model.config.model_type == "whisper"


def check(model, c, negative, kept, images):
    """Raises InputError where the model cannot do what is asked for, or an argument would change nothing."""
    if negative is not None and not c.guided:
        raise InputError("negative_prompt_ids are for guidance", key="negative_prompt_ids", hint="set guidance_scale too")
    if c.forced_decoder_ids and not hears(model):
        name = model.prompt_name if is_pair(model) else "input_ids"
        raise InputError("forced_decoder_ids are for speech", key="forced_decoder_ids", hint=f"begin {name} with the tokens")
    given = {"prefill_chunk_size": c.prefill_chunk_size, "past_key_values": kept, "penalty_alpha": c.contrastive or None}
    given |= {"dola_layers": c.dola_layers} | dict.fromkeys(inner.asked(c), True)
    for name, why in model.not_asked.items():
        if given.get(name) is not None:
            raise InputError(f"{type(model).__name__} takes no {name}: {why}", key=name)
    for name, on in (("guidance_scale", c.guided), ("dola_layers", c.dola_layers is not None)):
        if on and is_pair(model):
            raise InputError(f"{type(model).__name__} has an encoder, and {name} is for decoders alone", key=name)
    if c.guided and (kept is not None or images is not None):
        name = "past_key_values" if kept is not None else SEEN
        raise InputError(f"guidance_scale and {name} do not go together", key="guidance_scale")
    for name, on in (
        ("encoder_repetition_penalty", c.encoder_repetition_penalty != 1),
        ("encoder_no_repeat_ngram_size", c.encoder_no_repeat_ngram_size > 0),
    ):
        if on and is_pair(model) and "input_ids" not in model.source_names():
            raise InputError(f"{name} is about an encoder's text, and {type(model).__name__}'s is given none", key=name)


def check_writes(model):
    """Raises InputError where a network can only read, or, as one of a user's own may, has no cache to write with."""
    if "past_key_values" not in (p.name for p in parameters(type(model))):
        why = f"{type(model).__name__} takes no past_key_values, without which nothing is generated"
        raise InputError(why, key="past_key_values", hint="docs/research.md says what a network needs for generating")
    if not getattr(model.config, "is_decoder", True):
        why = f"{type(model).__name__} reads all of a text at once"
        raise InputError(why, key="is_decoder", hint="load it with is_decoder=True, if it was trained to write")


def prepare(model, c, explicit, callbacks, inputs, mask, negative, seed, kept, compiled, others):
    """The call that `generate`'s arguments stand for.

    Args:
        model: The model.
        c: The GenerationConfig with the caller's changes.
        explicit: The names of the fields that the caller gave.
        callbacks: The caller's own.
        inputs: The prompt, or what the encoder is given.
        mask: Where that is no padding.
        negative: The prompts that guidance keeps away from, and their mask.
        seed: Of chance.
        kept: The cache of an earlier turn.
        compiled: Whether to compile; None for the framework's habit.
        others: Further inputs, by name.

    Raises:
        InputError: They do not fit the model or each other.
    """
    run = programs.Programs(model, compiled)
    source: dict = {}
    if is_pair(model):
        source, prompt, mask, others = of_pair(model, c, inputs, mask, others, run)
    else:
        prompt = [[first_token(c)]] if inputs is None else inputs
    prompts = reading.read(prompt, mask, c.pad_token_id, c.eos, run.array)
    limit = last_column(model, c, explicit, prompts.length)
    begin = 0 if kept is None else check_kept(kept, prompts)
    most = most_positions(model)
    if limit - 1 > most:  # the last token is not read
        why = f"{limit} tokens, prompt and continuation together, are more than there are positions: {most}"
        raise InputError(why, key="max_new_tokens", hint=f"at most {most + 1 - prompts.length} new tokens fit")
    _, width = piece_width(c, begin, prompts.length, run.compiles, most)
    room, batch = max(limit, begin + width), len(prompts.given)
    if run.compiles:
        room = reading.bucket(room)
    rows = 1 << (batch - 1).bit_length() if run.compiles and not callbacks.see_rows else batch
    source = {name: reading.widened(value, rows) for name, value in source.items()}
    images = others.pop(SEEN, None) if not is_pair(model) else None
    extras = {name: reading.widened(run.array(value), rows) for name, value in others.items()}
    key = ops.random_key(seed, like=model.like())
    images = None if images is None else run.array(images)
    negative = reading.read(*negative, c.pad_token_id, c.eos, run.array) if c.guided and negative[0] is not None else None
    return Call(model, run, c, callbacks, prompts, rows, limit, room, source, extras, key, kept, images, negative)


def first_token(c):
    """What a text begins with that has no prompt."""
    if c.bos_token_id is None:
        raise InputError("there is no prompt, and no bos_token_id to begin with", key="inputs", hint="give token ids (B, T)")
    return c.bos_token_id


def of_pair(model, c, inputs, mask, others, run):
    """What an encoder is given, the decoder's prompt and mask, and further inputs of the decoder."""
    names, others = model.source_names(), dict(others)
    given = {names[0]: inputs} | {name: others.pop(name, None) for name in names[1:]}
    for name, value in given.items():
        if value is None:
            raise InputError(f"{type(model).__name__} writes after what its encoder is given", key=name, hint=f"give {name}")
    source = {name: run.array(value) for name, value in given.items()}
    batch = len(source[names[0]])
    prompt = others.pop(model.prompt_name, None)
    if "input_ids" in source:
        source |= read_source(source["input_ids"], mask, c, run)
    elif mask is not None and model.prompt_name == "input_ids":
        if not run.array(mask).all():
            raise InputError("prompts with an image are of one length", key="attention_mask", hint="generate for each length")
    elif mask is not None:
        source["attention_mask"] = run.array(mask)
    start = c.decoder_start_token_id if c.decoder_start_token_id is not None else c.bos_token_id
    if prompt is None and start is None:
        raise InputError("the decoder has nothing to begin with", key="decoder_start_token_id", hint="set it, or bos_token_id")
    prompt = np.full((batch, 1), start) if prompt is None else model.begun(run.array(prompt), c)
    if any(len(value) != batch for value in (prompt, *source.values())):
        sizes = ", ".join(f"{len(value)} {name}" for name, value in (source | {model.prompt_name: prompt}).items())
        raise InputError(f"{sizes}: as many are needed of each", key=model.prompt_name)
    return source, prompt, np.ones(prompt.shape), others


def read_source(ids, mask, c, run):
    """The encoder's tokens and their mask, (B, E), each text at the start of its row."""
    found = reading.read(ids, mask, c.pad_token_id, c.eos, run.array)
    width = reading.bucket(found.length) if run.compiles else found.length
    turned = np.full((len(found.ids), width), c.pad_token_id or 0, np.int32)
    counts = found.length - found.offset
    for row, (tokens, count) in enumerate(zip(found.ids, counts, strict=True)):
        turned[row, :count] = tokens[found.length - count :]
    return {"input_ids": turned, "attention_mask": (np.arange(width) < counts[:, None]).astype(np.int32)}


def last_column(model, c, explicit, length):
    """The columns there may be, of prompt and continuation.

    Raises:
        InputError: The prompt leaves no room.
    """
    if c.max_new_tokens is not None:
        return length + c.max_new_tokens
    limit = c.max_length
    if "max_length" not in explicit and limit == type(c)().max_length:  # Transformers' default is of the continuation
        most = getattr(model.config, "max_position_embeddings", None)
        limit = min(length + limit, most) if most else length + limit  # 0 where positions have no end
    if limit <= length:
        raise InputError(
            f"the prompt has {length} tokens, and max_length is {limit}", key="max_length", hint="set max_new_tokens instead"
        )
    return limit


def check_kept(kept, prompts):
    """How many tokens a cache has seen that came back from an earlier turn.

    Raises:
        InputError: It is not of these prompts.
    """
    seen, batch = int(kept[0].length), ops.shape(kept[0][0])[0]
    if batch != len(prompts.given):
        raise InputError(f"past_key_values are of {batch} texts, and there are {len(prompts.given)}", key="past_key_values")
    if prompts.offset.any():
        raise InputError("past_key_values with padding before a text: columns would not fit", key="past_key_values")
    if seen >= prompts.length:
        why = f"past_key_values have seen {seen} tokens, and the prompt has {prompts.length}"
        raise InputError(why, key="past_key_values", hint="give the whole text, with the new turn at its end")
    return seen
