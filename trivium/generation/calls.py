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

from . import chains, decoding, integers, layered, ops

POSITIONS = ("wpe.weight", "embed_positions.weight", "position_embeddings.weight")
"""How the tables of learned positions are called."""
SEEN = "pixel_values"
"""What a decoder may be shown with its prompt."""


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

    @property
    def see_rows(self):
        """Whether the caller's own code is shown texts, of which there must be no more than were given."""
        return self.choosing or bool(self.criteria)


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
        negative: The prompts that guidance keeps away from, or None.
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
    negative: reading.Prompts | None = None

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
        steps, _ = chains.split(self.chain())
        kept = {"scores": c.output_scores, "logits": bool(c.output_logits)} if c.return_dict_in_generate else {}
        if kept and any(kept.values()):
            kept["room"] = self.room  # more than are generated, but as seldom another size
        options = {"steps": steps, "eos": c.eos, "pad": c.pad, "sample": c.do_sample, **kept}
        options |= {"crosses": is_pair(self.model), "positions": takes(self.model, "position_ids"), "columns": self.room}
        options |= {"layers": layered.layers(self.model, c) if c.dola_layers else ()}
        options |= {"keep": 1 if c.num_beams == 1 else max(2, 1 + len(c.eos))}
        return decoding.Plan(**options | changes)

    def chain(self):
        """The processors, with their values."""
        return chains.chain(self.c, self.callbacks.prefix, self.callbacks.processors)

    def source_text(self):
        """The tokens (B, E) that `encoder_` processors look at, and which are none: the encoder's, or else the prompt's."""
        if not any(name.startswith("encoder_") for name, _ in self.chain()):
            return np.zeros((self.rows, 0), np.int32), np.zeros((self.rows, 0), bool)
        if "input_ids" in self.source:
            ids = self.source["input_ids"]
            seen = self.source.get("attention_mask")
            return ids, np.ones(ids.shape, bool) if seen is None else seen.astype(bool)
        ids = reading.widened(self.prompts.ids, self.rows, self.room)
        columns, offset = np.arange(self.room)[None], reading.widened(self.prompts.offset, self.rows)[:, None]
        return ids, (columns >= offset) & (columns < self.start)

    def given(self, times=1):
        """What stays the same, for so many texts of each prompt."""
        tensor = self.programs.tensor
        ids, seen = self.source_text()
        extras = dict(self.extras)
        if is_pair(self.model) and "attention_mask" in self.source:
            extras["attention_mask"] = self.source["attention_mask"]

        def rows(array):
            return tensor(np.repeat(array, times, 0))

        return decoding.Given(
            offset=rows(reading.widened(self.prompts.offset, self.rows)),
            start=tensor(np.int32(self.start)),
            limit=tensor(np.int32(self.limit)),
            numbers=tensor(np.array(chains.split(self.chain())[1], np.float32)),
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
            ids, images, count = self.seen(reading.widened(ids, self.batch, width))
            ids, fits = run(embed)((), run.tensor(ids), run.tensor(images), run.tensor(np.int32(count)))
            if not fits:
                why = f"{len(self.images)} images have another number of tokens than the prompts have places for"
                raise InputError(why, key=SEEN, hint="repeat the image token for each token of an image")
        for first in range(0, self.start - begin, size):
            yield ids[:, first : first + size], min(size, self.start - begin - first)

    def seen(self, ids):
        """Tokens (rows, T), and images in as few numbers as rows, of which so many count."""
        count, image = len(self.images), self.model.config.image_token_index
        most = 1 << (count - 1).bit_length() if self.programs.compiles else count
        none = np.full((self.rows - len(ids), ids.shape[1]), int(image == 0), ids.dtype)
        return np.concatenate([ids, none]), reading.widened(self.images, most), count

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


def embed(model, _, ids, images, count):
    """Tokens (B, T) with the first images, which they have places for, embedded: (B, T, D), and whether they fit. A program."""
    x = model.get_body().embed(ids, images, count)
    return x, ops.every(x == x)


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


def piece_width(c, begin, end, compiles, most):
    """The width of the pieces in which columns are read, and of all pieces together; where there are no positions, none are."""
    size = c.prefill_chunk_size or (reading.bucket(end - begin) if compiles else end - begin)
    return size, min(math.ceil((end - begin) / size) * size, most - begin)


def most_positions(model):
    """How many positions the decoder has learned; infinitely many where they are computed."""
    tables = [name for name in model.layout.weights if name.endswith(POSITIONS) and ".encoder." not in f".{name}"]
    c = model.writing_config
    if not tables:
        return math.inf
    return getattr(c, "max_target_positions", None) or c.max_position_embeddings
