"""What decoders of text have in common.

Letters: B batch, T tokens, S keys, D width.
"""

from trivium.core.outputs import BaseModelOutput

from . import caches, masks, nn


class Decoder(nn.Model):
    """A decoder without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); attention_mask (B, S), 0 hides, whose columns count from the start of
    the cache; position_ids (B, T); past_key_values from `init_cache`.

    A subclass has `embed(input_ids, inputs_embeds) -> x`; `layers`, each called as `layer(x, angles, mask, cache=...,
    attentions=...)`, and `rotary_emb` for the angles; and `finish(x) -> x`, its last norm.
    """

    output_class = BaseModelOutput

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        return caches.empty(self, batch_size, max_length)

    def get_layers(self):
        return self.layers

    def shared(self, x, position_ids, attention_mask, cache):
        """What all layers are handed: here angles and the mask."""
        return self.rotary_emb(position_ids, x), self.mask(x, attention_mask, cache)

    def mask(self, x, attention_mask, cache):  # -> (B or 1, 1, T, S), or None where `causal` says it all
        return masks.causal(x, attention_mask, cache)

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        x = self.embed(input_ids, inputs_embeds)  # (B, T, D)
        if position_ids is None:
            position_ids = caches.positions(past_key_values, x)
        x, kept = self.get_layers()(
            x,
            *self.shared(x, position_ids, attention_mask, past_key_values),
            cache=past_key_values,
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        x = self.finish(x)
        if kept["hidden_states"] is not None:
            kept["hidden_states"] = (*kept["hidden_states"][:-1], x)
        return self.output_class(x, **kept)
