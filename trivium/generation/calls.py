"""One call of `generate`: its arguments sorted out, the prompt read, and what the strategies begin from.

Letters: B batch, K texts for each prompt, T tokens, L room for tokens, E tokens of the encoder, V vocabulary.
"""

import inspect
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.core.errors import InputError
from trivium.generation import prompts as reading

from . import decoding, integers, ops, processors, programs

POSITIONS = ("wpe.weight", "embed_positions.weight", "position_embeddings.weight")
"""How the tables of learned positions are called."""
SPOKEN = ("language", "task")
"""What may be said of speech."""
SEEN = "pixel_values"
"""What a decoder may be shown with its prompt."""
CROSSED = ("encoder_hidden_states", "encoder_attention_mask")
"""What a decoder may be told of an encoder that is not its own."""


@dataclass(frozen=True)
class Callbacks:
    """What the caller wrote, and what is called between tokens.

    Attributes:
        processors: (tokens (B, T), scores (B, V)) -> scores.
        criteria: (tokens (B, T), scores) -> whether to stop, or (B,) which of the texts.
        prefix: (index of the prompt, its tokens) -> the tokens that may follow.
        streamer: Has `put(tokens)`, called with the prompt and then with each column (B,), and `end()`.
        tokenizer: Has `decode(tokens) -> text`; for stop strings.
    """

    processors: tuple = ()
    criteria: tuple = ()
    prefix: Any = None
    streamer: Any = None
    tokenizer: Any = None

    @property
    def choosing(self):
        """Whether a token is chosen by the caller's own code."""
        return bool(self.processors) or self.prefix is not None


@dataclass
class Call:
    """What a strategy needs.

    Attributes:
        model: The model, its `programs`, and the GenerationConfig `c`.
        callbacks: The caller's own.
        prompts: The prompts, B of them.
        rows: B, rounded up so that programs are kept.
        limit: The columns there may be, prompt and continuation.
        room: L, `limit` rounded up.
        source: What the encoder is given, by name: arrays whose rows are rounded up, too.
        extras: What the decoder is told besides, likewise.
        key: What chance draws from.
        kept: The cache of an earlier turn.
        images: What is shown with the prompt: an array, or None.
    """

    model: Any
    programs: Any
    c: Any
    callbacks: Callbacks
    prompts: reading.Prompts
    rows: int
    limit: int
    room: int
    source: dict
    extras: dict
    key: Any
    kept: Any = None
    images: Any = None

    @property
    def batch(self):
        """B."""
        return len(self.prompts.given)

    @property
    def start(self):
        """The column of the first token to be generated."""
        return self.prompts.length

    def plan(self, **changes):
        """What programs are compiled for."""
        c = self.c
        steps, _ = processors.split(self.chain())
        kept = {"scores": c.output_scores, "logits": bool(c.output_logits)} if c.return_dict_in_generate else {}
        if kept and any(kept.values()):
            kept["room"] = self.room  # more than are generated, but as seldom another size
        options = {"steps": steps, "eos": c.eos, "pad": c.pad, "sample": c.do_sample, **kept}
        options |= {"crosses": is_pair(self.model), "positions": takes(self.model, "position_ids"), "columns": self.room}
        options |= {"keep": 1 if c.num_beams == 1 else max(2, 1 + len(c.eos))}
        return decoding.Plan(**options | changes)

    def chain(self):
        """The processors, with their values."""
        return processors.chain(self.c, self.callbacks.prefix, self.callbacks.processors, "input_ids" in self.source)

    def given(self, times=1):
        """What stays the same, for so many texts of each prompt."""
        tensor = self.programs.tensor
        ids = self.source.get("input_ids")
        ids = np.zeros((self.rows, 0), np.int32) if ids is None else ids
        seen = self.source.get("attention_mask")
        seen = np.ones(ids.shape, bool) if seen is None or seen.shape != ids.shape else seen.astype(bool)
        extras = dict(self.extras)
        if is_pair(self.model) and "attention_mask" in self.source:
            extras["attention_mask"] = self.source["attention_mask"]

        def rows(array):
            return tensor(np.repeat(array, times, 0))

        return decoding.Given(
            offset=rows(reading.widened(self.prompts.offset, self.rows)),
            start=tensor(np.int32(self.start)),
            limit=tensor(np.int32(self.limit)),
            numbers=tensor(np.array(processors.split(self.chain())[1], np.float32)),
            power=tensor(np.float32(self.c.length_penalty)),
            source=rows(ids),
            source_seen=rows(seen),
            extras={name: rows(value) for name, value in extras.items()},
        )

    def read(self, times=1):
        """The prompt read: the logits (B K, V) of what follows, and the cache."""
        logits, cache, _ = self.read_states()
        return self.programs(repeat, times)((), cache, logits)[::-1] if times > 1 else (logits, cache)

    def read_states(self):
        """The prompt read: the logits (B, V) of what follows, the cache, and the network's states, (B, P, D) for each piece."""
        run, given, tensor = self.programs, self.given(), self.programs.tensor
        plan = self.plan(steps=(), eos=(), sample=False, keep=1, scores=False, logits=False, room=0)
        given = given._replace(source=tensor(np.zeros((self.rows, 0), np.int32)))
        given = given._replace(source_seen=tensor(np.zeros((self.rows, 0), bool)), numbers=tensor(np.zeros(0, np.float32)))
        encoded = None
        if self.kept is None:
            cache, begin = self.model.init_cache(self.rows, self.room), 0
            cache = integers.quantized(cache) if self.c.cache_implementation == "quantized" else cache
            if plan.crosses:
                encoded = run(encode)((), {name: tensor(value) for name, value in self.source.items()})
        else:
            cache = grown(run.copy(self.kept), self.rows, self.room)
            begin = int(self.kept[0].length)
        states = []
        for piece, count in self.pieces(begin):
            logits, cache, x = run(decoding.read, plan)(cache, piece, tensor(np.int32(count)), given, encoded)
            states.append(x)
            encoded = None  # the cache has it
        return logits, cache, states

    def pieces(self, begin):
        """The prompt from a column on, cut into pieces of one width, (B, P) or (B, P, D), and how much of it counts."""
        size, width = piece_width(self.c, begin, self.start, self.programs.compiles, most_positions(self.model))
        ids, run = self.prompts.ids[:, begin:], self.programs
        if self.images is None:
            ids = run.tensor(reading.widened(ids, self.rows, width))
        else:
            ids = reading.widened(ids, self.batch, width)
            ids, fits = run(embed, self.rows)((), run.tensor(ids), run.tensor(self.images))
            if not fits:
                why = f"{len(self.images)} images have another number of tokens than the prompts have places for"
                raise InputError(why, key=SEEN, hint="repeat the image token for each token of an image")
        for first in range(0, self.start - begin, size):
            yield ids[:, first : first + size], min(size, self.start - begin - first)

    def state(self, plan, cache, times=1):
        """Where generation begins."""
        tensor = self.programs.tensor
        rows = self.rows * times
        tokens = np.repeat(reading.widened(self.prompts.ids, self.rows, self.room, self.c.pad), times, 0)
        like = tensor(np.zeros(1, np.float32))
        kept = [
            ops.zeros((rows, plan.room, vocabulary(self.model)), like=like) if on else () for on in (plan.scores, plan.logits)
        ]
        finished = tensor(np.arange(rows) >= self.batch * times)
        return decoding.State(tensor(tokens), tensor(np.int32(self.start)), finished, self.key, cache, *kept)

    def sequences(self, new, times):
        """Prompts (B, T) as they were given and new tokens (B K, N), joined, as the framework's tensor."""
        joined = np.concatenate([np.repeat(self.prompts.given, times, 0), new], 1)
        return self.programs.tensor(joined.astype(np.int64))


# The network's side


def takes(model, name):
    """Whether the body has an input of that name."""
    return name in inspect.signature(body_class(model).forward).parameters


def body_class(model):
    """The class of the body, whose inputs are those of `model.body`."""
    return getattr(type(model), "body_class", None) or type(model)


def is_pair(model):
    """Whether there is an encoder, and the decoder writes what is asked for."""
    return hasattr(model, "encode")


def vocabulary(model):
    """V."""
    c = model.writing_config
    return getattr(c, "decoder_vocabulary", c.vocab_size)


def encode(model, _, source):
    """The encoder's output. A program."""
    return model.encode(**source)


def embed(model, rows, _, ids, images):
    """Tokens (B, T) with the images that they have places for, embedded: (rows, T, D), and whether they fit. A program."""
    x = model.get_body().embed(ids, images)
    return ops.pad(x, [(0, rows - ops.shape(x)[0]), (0, 0), (0, 0)]), ops.every(x == x)


def repeat(model, times, _, cache, logits):
    """A cache and logits with each row so many times. A program."""
    batch = ops.shape(logits)[0]
    rows = ops.reshape(ops.broadcast_to(ops.arange(batch, like=logits)[:, None], (batch, times)), (batch * times,))
    return tuple(taken(layer, rows, crossed=True) for layer in cache), ops.take(logits, rows)


def taken(layer, rows, crossed=False):
    """A layer's cache with its rows (B,) chosen by number; what it holds of an encoder only if `crossed`."""
    chosen = {name: x for name, x in held(layer).items() if crossed or not name.startswith("cross")}
    return layer._replace(**{name: ops.take(x, rows) for name, x in chosen.items()})


def held(layer):
    """What a layer's cache holds of each text, by name."""
    kept = {name: x for name, x in layer._asdict().items() if name not in ("length", "counted")}
    return {name: x for name, x in kept.items() if x is not None and not isinstance(x, tuple)}


def grown(cache, rows, room):
    """A cache with more rows, which nobody looks at, and more room."""

    def wider(layer, name, x):
        batch, width = ops.shape(x)[:2]
        more = max(room - width, 0) if not name.startswith("cross") and not hasattr(layer, "counted") else 0
        return ops.pad(x, [(0, rows - batch), (0, more), *[(0, 0)] * (len(x.shape) - 2)])

    return tuple(layer._replace(**{name: wider(layer, name, x) for name, x in held(layer).items()}) for layer in cache)


# Arguments


def inputs_of(model):
    """The names of the arrays that `generate` takes: the prompt or what the encoder is given, and others."""
    if is_pair(model):
        return [*model.source_names(), model.prompt_name]
    return ["input_ids", *(name for name in (*CROSSED, SEEN) if takes(model, name))]


def hears(model):
    """Whether the encoder is given speech, and the decoder told its language."""
    return is_pair(model) and next(iter(model.input_shapes())) == "input_features" and model.config.model_type == "whisper"


def check_writes(model):
    """Raises InputError where a network can only read."""
    if not getattr(model.config, "is_decoder", True):
        why = f"{type(model).__name__} reads all of a text at once"
        raise InputError(why, key="is_decoder", hint="load it with is_decoder=True, if it was trained to write")


def prepare(model, c, explicit, callbacks, inputs, mask, seed, kept, compiled, others):
    """The call that `generate`'s arguments stand for.

    Args:
        model: The model.
        c: The GenerationConfig with the caller's changes.
        explicit: The names of the fields that the caller gave.
        callbacks: The caller's own.
        inputs: The prompt, or what the encoder is given.
        mask: Where that is no padding.
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
    rows = 1 << (batch - 1).bit_length() if run.compiles else batch
    source = {name: reading.widened(value, rows) for name, value in source.items()}
    images = others.pop(SEEN, None) if not is_pair(model) else None
    extras = {name: reading.widened(run.array(value), rows) for name, value in others.items()}
    key = ops.random_key(seed, like=model.like())
    images = None if images is None else run.array(images)
    return Call(model, run, c, callbacks, prompts, rows, limit, room, source, extras, key, kept, images)


def piece_width(c, begin, end, compiles, most):
    """The width of the pieces in which columns are read, and of all pieces together; where there are no positions, none are."""
    size = c.prefill_chunk_size or (reading.bucket(end - begin) if compiles else end - begin)
    return size, min(math.ceil((end - begin) / size) * size, most - begin)


def most_positions(model):
    """How many positions the decoder has learned; infinitely many where they are computed."""
    tables = [name for name in model.layout.weights if name.endswith(POSITIONS) and ".encoder." not in f".{name}"]
    c = model.writing_config
    if not tables or getattr(c, "position_embedding_type", "absolute") != "absolute":
        return math.inf
    return getattr(c, "max_target_positions", None) or c.max_position_embeddings


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
