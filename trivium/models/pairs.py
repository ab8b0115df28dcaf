"""An encoder and a decoder that are whole networks, each of any architecture that has what it takes.

Rothe and others, arXiv:1907.12461.
Letters: B batch, T tokens, E tokens of the encoder, D its width, V vocabulary.
"""

import dataclasses

from trivium.core import hub, signatures
from trivium.core.auto import AutoConfig
from trivium.core.errors import ConfigError
from trivium.core.init import FanInUniform, fan_in_bias
from trivium.core.names import nearest
from trivium.core.outputs import BaseModelOutput, Seq2SeqLMOutput, Seq2SeqModelOutput
from trivium.core.pretrained import at

from . import caches, composites, encoder_decoders, heads, nn, ops


class Pair(heads.Generates, nn.Model):
    """An encoder, and a decoder that attends to it and predicts a text.

    A subclass has `encode(...)`, whose output `decode` takes.
    """

    hides_padding = False
    """Whether the decoder, shown labels, sees no padding in them."""
    returns_projected = False
    """Whether encoder_last_hidden_state is what the decoder attends to, and not what the encoder returned."""

    def __init__(self, c):
        super().__init__(c)
        encoder, decoder = self.part_classes(c)
        self.encoder, self.decoder = encoder(c.encoder), decoder(c.decoder)
        if c.projects:
            width = c.encoder.hidden_size
            self.enc_to_dec_proj = nn.Linear(width, c.decoder.hidden_size, init=FanInUniform(), bias_init=fan_in_bias(width))
        if c.tie_encoder_decoder:
            self.share()

    @staticmethod
    def part_classes(c):
        """The classes of the encoder and the decoder, bound to the same framework."""
        decoder = composites.for_task(c.decoder, "AutoModelForCausalLM")
        if "encoder_hidden_states" not in {parameter.name for parameter in signatures.parameters(decoder)}:
            raise c.error("decoder", f"is a {c.decoder.model_type}, which cannot attend to an encoder")
        return composites.network(c.encoder), decoder

    def initializer(self, config):
        return self.decoder.initializer(config.decoder)

    def ties(self):
        parts = {"encoder": self.encoder, "decoder": self.decoder}
        found = {f"{part}.{alias}": f"{part}.{name}" for part in parts for alias, name in parts[part].ties().items()}
        return found | {f"encoder.{name}": f"decoder.{self.decoder.prefix()}{name}" for name in self.common_weights()}

    def common_weights(self):
        """The names of the encoder's weights that are the decoder's, too; see `share`."""
        if not self.config.tie_encoder_decoder:
            return []
        prefix, own = self.decoder.prefix(), self.decoder.layout.weights
        return [name for name in self.encoder.layout.weights if prefix + name in own]

    def share(self):
        """Has the encoder use the decoder's layers, wherever it has one of the same name.

        Raises:
            ConfigError: They have none in common.
        """
        body = self.decoder.get_body()
        owners = dict.fromkeys(name.rpartition(".")[0] for name in self.common_weights())
        if not owners:
            raise self.config.error("tie_encoder_decoder", "= true, but encoder and decoder have no layer in common")
        for owner in owners:
            parent, _, name = owner.rpartition(".")
            self.replace_part(at(self.encoder, parent), name, at(body, owner))

    def optional_parts(self):
        yield from (f"encoder.{part}" for part in self.encoder.optional_parts())  # a pooler, say, which nobody trained

    def get_input_embeddings(self):
        return self.encoder.get_input_embeddings()

    def input_shapes(self):
        ids = self.decoder.input_shapes()["input_ids"]
        return {**self.encoder.input_shapes(), "decoder_input_ids": ids}

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens; the first call adds the keys of the encoder's states."""
        return self.decoder.init_cache(batch_size, max_length)

    def encoded(self, **inputs):
        """The encoder's output, of those inputs that are not None."""
        out = self.encoder(**_given(inputs))
        return BaseModelOutput(out.last_hidden_state, **heads.kept(out, "hidden_states", "attentions"))

    def run_decoder(self, encoder_outputs, encoder_mask, labels, input_ids, attention_mask, **inputs):
        """The decoder's answer to what the encoder returned, which may be in the cache instead."""
        encoded = encoder_decoders.as_output(encoder_outputs)
        x = encoded.last_hidden_state  # (B, E, D)
        x = x if x is None else self.projected(x)
        if labels is not None and input_ids is None and inputs["inputs_embeds"] is None:
            input_ids = heads.shift_right(labels, self.config)
            if self.hides_padding and attention_mask is None:
                attention_mask = ops.cast(input_ids != self.config.pad_token_id, "int32")
        inputs |= {"input_ids": input_ids, "attention_mask": attention_mask}
        out = self.decoder(**_given(inputs | {"encoder_hidden_states": x, "encoder_attention_mask": encoder_mask}))
        return Seq2SeqLMOutput(
            self.loss_of(out.logits, labels),  # (B, T, V), (B, T) -> ()
            out.logits,
            past_key_values=out.past_key_values,
            decoder_hidden_states=out.hidden_states,
            decoder_attentions=out.attentions,
            cross_attentions=out.cross_attentions,
            encoder_last_hidden_state=x if self.returns_projected else encoded.last_hidden_state,
            encoder_hidden_states=encoded.hidden_states,
            encoder_attentions=encoded.attentions,
        )

    def body(self, decoder_input_ids, attention_mask=None, encoder_outputs=None, past_key_values=None, **options):
        """The decoder's last states (B, T, D), which `unembed` turns into logits; options: what else is asked of it."""
        x = encoder_decoders.as_output(encoder_outputs).last_hidden_state
        inputs = {"encoder_hidden_states": x if x is None else self.projected(x), "encoder_attention_mask": attention_mask}
        out = self.decoder.body(decoder_input_ids, past_key_values=past_key_values, **_given(inputs), **options)
        return Seq2SeqModelOutput(
            out.last_hidden_state,
            out.past_key_values,
            decoder_hidden_states=out.hidden_states,
            decoder_attentions=out.attentions,
            cross_attentions=out.cross_attentions,
        )

    def unembed(self, x):
        return self.decoder.unembed(x)

    def projected(self, x):  # (B, E, D) -> (B, E, width of the decoder)
        return self.enc_to_dec_proj(x) if self.config.projects else x

    def loss_of(self, logits, labels):
        return heads.token_loss(logits, labels)

    def needs_encoder(self, encoder_outputs, cache):
        """Whether neither the caller nor the cache has what the encoder would say."""
        return encoder_outputs is None and not caches.has_crossed(cache)

    @classmethod
    def from_encoder_decoder_pretrained(cls, encoder, decoder, *, dtype=None, seed=0, **options):
        """A pair put together from the checkpoints of two networks, ready for training.

        What the checkpoints lack, usually the attention of the decoder to the encoder, is drawn and reported.

        Args:
            encoder: A directory, a weight file, or a Hub id.
            decoder: The same.
            dtype: Of the weights, by NumPy's name; as in the checkpoints if None, float32 where they differ.
            seed: For what is drawn.
            **options: Fields of the pair's config (`decoder_start_token_id`, `pad_token_id`); with `encoder_` or `decoder_`
                before them, fields of the parts' configs and options of the Hub.

        Raises:
            NotFound, Offline, HubError, CheckpointError, ConfigError: As `from_pretrained` of either part.
        """
        fields = {field.name for field in dataclasses.fields(cls.config_class)}
        own = {name: options.pop(name) for name in list(options) if name in fields}
        sources, asked, found = {"encoder": encoder, "decoder": decoder}, {}, {}
        for part in sources:
            asked[part] = {
                name.removeprefix(f"{part}_"): options.pop(name) for name in list(options) if name.startswith(f"{part}_")
            }
            found[part] = {name: asked[part].pop(name) for name in hub.OPTIONS if name in asked[part]}
        if options:
            wrong = next(iter(options))
            raise ConfigError(f"{cls.config_class.__name__} has no field {wrong!r}", key=wrong, hint=nearest(wrong, fields))
        configs = (AutoConfig.from_pretrained(sources[part], **found[part], **asked[part]) for part in sources)
        config = cls.config_class.from_encoder_decoder_configs(*configs, **own)
        weights = {}
        for part, network in zip(sources, cls.part_classes(config), strict=True):
            half = network.from_pretrained(sources[part], config=getattr(config, part), dtype=dtype, seed=seed, **found[part])
            weights |= {f"{part}.{weight.name}": read() for weight, read in half.read_weights()}
        dtypes = {array.dtype.name for array in weights.values()}
        model = cls(config, dtype=dtype or (dtypes.pop() if len(dtypes) == 1 else "float32"), seed=None)
        model.assign_weights({name: array for name, array in weights.items() if name not in model.layout.ties})
        model.draw_weights([name for name in model.layout.weights if name not in weights], seed)
        model._ready()
        return model


def _given(inputs):
    return {name: value for name, value in inputs.items() if value is not None}
