"""XLNet as it writes: each token is predicted from a place behind the text that nobody sees, as in Transformers 4.52.

Of what was read there is a memory, a state of each token and layer. A token is read twice, for it saw none after it when it was
new: its state is remembered when it has seen one.
Letters: B batch, T tokens of the input, D width, L room for tokens.
"""

from trivium.core.outputs import BaseModelOutput, MemoryCache

from . import heads, ops


class Writing(heads.Generates):
    """What XLNet needs to generate, in a head whose body is XLNet's."""

    not_asked = {
        "prefill_chunk_size": "a prompt's tokens see each other",
        "past_key_values": "a prompt's tokens see each other",
        "penalty_alpha": "there are no states of the tokens themselves",
        "dola_layers": "there are no states of the tokens themselves",
        "output_hidden_states": "there are no states of the tokens themselves",
        "output_attentions": "there are no states of the tokens themselves",
    }

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        like, c = self.like(), self.config
        if c.reuse_len or not c.use_mems_eval:
            raise c.error("reuse_len" if c.reuse_len else "use_mems_eval", "leaves no memory to write by")

        def layer():
            zero = ops.arange(1, like=like)
            last = ops.cast(ops.zeros((batch_size, 1), like=like), "int32")
            return MemoryCache(ops.zeros((batch_size, max_length, c.d_model), like=like), last, zero[0])

        return tuple(layer() for _ in range(c.n_layer))

    def forward(self, *inputs, labels=None, past_key_values=None, **options):
        kept = {} if past_key_values is None else {"past_key_values": past_key_values}
        return super().forward(*inputs, labels=labels, **kept, **options)

    def body(self, *inputs, past_key_values=None, **options):
        """The body's output; with past_key_values, what follows input_ids (B, T): its state (B, T, D), the same for each."""
        if past_key_values is None:
            return super().body(*inputs, **options)
        return self.followed(*inputs, cache=past_key_values, **options)

    def followed(self, input_ids, attention_mask, cache):
        """As `body`; of attention_mask (B, L), column j is about the j-th token that the cache has seen or will see."""
        tokens, count = ops.shape(input_ids)[1], cache[0].counted
        count = tokens if isinstance(count, tuple) else count
        before, end = cache[0].length - 1, cache[0].length + count  # the last token seen is read again
        shown = ops.cast(attention_mask, "int32")
        ids = ops.cast(input_ids, "int32")
        ids = ops.concat([cache[0].last, ids, ids[:, :1]], 1)  # the last of which nobody sees
        columns = ops.arange(tokens + 2, like=ids) + before
        visible = seen(shown, columns) * ops.cast(columns < end, "int32")[None]
        room = ops.shape(cache[0].memory)[1]
        remembered = self.columns(room, before, ids)
        mask = ops.concat([seen(shown, remembered) * self.recent(room, ids)[None], visible], 1)
        batch = ops.shape(ids)[0]
        place = ops.broadcast_to((columns == end)[None, None], (batch, 1, tokens + 2))
        out = self.get_body()(
            ids,
            mask,
            mems=tuple(ops.transpose(layer.memory, (1, 0, 2)) for layer in cache),
            target_mapping=ops.cast_like(place, cache[0].memory),
            use_mems=False,
            output_hidden_states=True,
        )
        states = out.hidden_states[: 2 * len(cache) : 2]  # of the tokens, before each layer
        new = self.columns(room, end - 1, ids)
        last = ops.take_rows(ids, ops.broadcast_to(count + ops.arange(1, like=ids)[0], (batch,)))[:, None]

        def kept(layer, state):
            both = ops.concat([layer.memory, state], 1)
            memory = taken(both, ops.maximum(new - before + room, 0))
            return layer._replace(memory=memory, last=last, length=end, counted=())

        cache = tuple(kept(layer, state) for layer, state in zip(cache, states, strict=True))
        x = ops.broadcast_to(out.last_hidden_state, (batch, tokens, self.config.d_model))
        return BaseModelOutput(x, past_key_values=cache)

    @staticmethod
    def columns(room, end, like):
        """The column of the token that each place of the memory is of, which ends before column `end`: (L,)."""
        return ops.arange(room, like=like) - room + end

    def recent(self, room, like):
        """1 for the places that mem_len leaves: (L,)."""
        most = self.config.mem_len
        places = ops.arange(room, like=like)
        return ops.cast(places >= (room - max(most - 2, 0) if most else 0), "int32")


def seen(shown, columns):
    """What a mask (B, L) says of columns (C,), 0 for those before the first and beyond the last: (B, C)."""
    last = ops.shape(shown)[1] - 1
    inside = ops.cast((columns >= 0) & (columns <= last), "int32")
    return taken(shown, ops.minimum(ops.maximum(columns, 0), last)) * inside[None]


def taken(x, places):
    """x (B, T, ...) at places (P,): (B, P, ...)."""
    axes = (1, 0, *range(2, len(x.shape)))
    return ops.transpose(ops.take(ops.transpose(x, axes), places), axes)
