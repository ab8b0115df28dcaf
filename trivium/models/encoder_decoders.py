"""The encoder and decoder of BART, and the ways in which its relatives depart from it.

After Vaswani and others, arXiv:1706.03762; the names are those of fairseq.
Letters: B batch, T tokens, S keys, E tokens of the encoder, D width, N heads, H head width, V vocabulary, L labels.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from trivium.core.init import ZEROS, Normal
from trivium.core.outputs import BaseModelOutput, Seq2SeqLMOutput, Seq2SeqModelOutput

from . import caches, chance, heads, masks, multihead, nn, ops


@dataclass(frozen=True)
class Style:
    """What tells BART's relatives apart.

    Attributes:
        positions: Makes the layer that embeds positions, from the config.
        offset: What is added to a position first.
        norm_first: Norms stand before each branch, and one after the last layer; otherwise after each branch's sum.
        norms_embeddings: The embeddings are normalised.
        norms_tokens: In the decoder they are before positions are added.
        scales_given: The decoder scales embeddings that the caller gives, too.
        key_bias: Keys have a bias.
        attended: The width of what the decoder attends to; its own if None.
    """

    positions: Callable
    offset: int = 0
    norm_first: bool = False
    norms_embeddings: bool = False
    norms_tokens: bool = False
    scales_given: bool = False
    key_bias: bool = True
    attended: int | None = None


class Attention(nn.Module):
    """Attention to the tokens themselves, or to what an encoder saw."""

    def __init__(self, c, style, n, crosses=False, causal=False):
        super().__init__()
        attended = style.attended if crosses and style.attended else c.d_model
        self.k_proj = nn.Linear(attended, c.d_model, bias=style.key_bias)
        self.v_proj = nn.Linear(attended, c.d_model)
        self.q_proj = nn.Linear(c.d_model, c.d_model)
        self.out_proj = nn.Linear(c.d_model, c.d_model)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.crosses, self.causal = n, crosses, causal

    def forward(self, x, encoded, mask, cache, attentions):  # (B, T, D), (B, E, attended) -> (B, T, D), cache, weights
        if self.crosses:
            k, v, cache = caches.cross(cache, encoded, self.keys)
        else:
            k, v, cache = caches.extend(cache, *self.keys(x))
        q, causal = self.split(self.q_proj(x)), self.causal and mask is None
        scale = q.shape[-1] ** -0.5
        x, weights = ops.attention(q, k, v, mask, causal=causal, scale=scale, dropout=self.dropout, weights=attentions)
        return self.out_proj(multihead.merge(x)), cache, weights

    def keys(self, x):  # (B, S, width) -> two of (B, S, N, H)
        return self.split(self.k_proj(x)), self.split(self.v_proj(x))

    def split(self, x):  # (B, T, D) -> (B, T, N, H)
        return multihead.split(x, self.heads)


class Layer(nn.Module):
    """What a layer of the encoder and one of the decoder have in common."""

    def __init__(self, c, style, n, inner, causal, drop):
        super().__init__()
        self.self_attn = Attention(c, style, n, causal=causal)
        self.self_attn_layer_norm = nn.LayerNorm(c.d_model, eps=1e-5)
        self.fc1 = nn.Linear(c.d_model, inner)
        self.fc2 = nn.Linear(inner, c.d_model)
        self.final_layer_norm = nn.LayerNorm(c.d_model, eps=1e-5)
        self.dropout, self.inner_dropout = nn.Dropout(c.dropout), nn.Dropout(c.activation_dropout)
        self.activation = ops.activation(c.activation_function)
        self.layerdrop = chance.LayerDrop(drop)
        self.norm_first = style.norm_first

    def before(self, norm, x):
        return norm(x) if self.norm_first else x

    def after(self, norm, x, y):
        x = x + self.dropout(y)
        return x if self.norm_first else norm(x)

    def attend(self, attention, norm, x, *others):  # (B, T, D) -> (B, T, D), cache, weights
        y, cache, weights = attention(self.before(norm, x), *others)
        return self.after(norm, x, y), cache, weights

    def feed(self, x):  # (B, T, D) -> (B, T, D)
        y = self.inner_dropout(self.activation(self.fc1(self.before(self.final_layer_norm, x))))
        return self.after(self.final_layer_norm, x, self.fc2(y))


class EncoderLayer(Layer):
    def __init__(self, c, style):
        super().__init__(c, style, c.encoder_attention_heads, c.encoder_ffn_dim, False, c.encoder_layerdrop)

    def forward(self, x, mask, cache=None, attentions=False):  # (B, E, D) -> (B, E, D)
        y, _, weights = self.attend(self.self_attn, self.self_attn_layer_norm, x, None, mask, None, attentions)
        return self.layerdrop(x, ops.clamp_half(self.feed(y))), {"attentions": weights}


class DecoderLayer(Layer):
    def __init__(self, c, style):
        super().__init__(c, style, c.decoder_attention_heads, c.decoder_ffn_dim, True, c.decoder_layerdrop)
        self.encoder_attn = Attention(c, style, c.decoder_attention_heads, crosses=True)
        self.encoder_attn_layer_norm = nn.LayerNorm(c.d_model, eps=1e-5)

    def forward(self, x, mask, encoded, encoded_mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y, cache, weights = self.attend(self.self_attn, self.self_attn_layer_norm, x, None, mask, cache, attentions)
        cross_weights = None
        if encoded is not None or caches.has_crossed(cache):
            others = (encoded, encoded_mask, cache, attentions)
            y, cache, cross_weights = self.attend(self.encoder_attn, self.encoder_attn_layer_norm, y, *others)
        kept = {"past_key_values": cache, "attentions": weights, "cross_attentions": cross_weights}
        return self.layerdrop(x, self.feed(y)), kept


class Stack(nn.Module):
    """Embeddings and layers: what the encoder and the decoder have in common."""

    def __init__(self, c, style, layers, vocabulary, tied):
        super().__init__()
        self.embed_tokens = nn.SharedEmbedding(vocabulary, c.d_model, tied)
        self.embed_positions = style.positions(c)
        self.layers = nn.Layers(layers)
        if style.norms_embeddings:
            self.layernorm_embedding = nn.LayerNorm(c.d_model, eps=1e-5)
        if style.norm_first:
            self.layer_norm = nn.LayerNorm(c.d_model, eps=1e-5)
        self.dropout = nn.Dropout(c.dropout)
        self.style, self.scale = style, math.sqrt(c.d_model) if c.scale_embedding else 1.0

    def embed(self, shared, input_ids, inputs_embeds):  # (B, T) or (B, T, D) -> (B, T, D)
        return heads.embed(lambda ids: self.embed_tokens(ids, shared) * self.scale, input_ids, inputs_embeds)

    def place(self, x, positions):  # (B, T, D), (B or 1, T) -> (B, T, D)
        x = x + ops.cast_like(self.embed_positions(positions + self.style.offset), x)
        return self.layernorm_embedding(x) if self.style.norms_embeddings else x

    def forward(self, x, positions, *shared, **options):  # (B, T, D) -> (B, T, D)
        x, kept = self.layers(self.dropout(self.place(x, positions)), *shared, **options)
        if self.style.norm_first:
            x = self.layer_norm(x)
            if kept["hidden_states"] is not None:
                kept["hidden_states"] = (*kept["hidden_states"][:-1], x)
        return x, kept


class Encoder(Stack):
    def __init__(self, c, style, tied=True):
        layers = (EncoderLayer(c, style) for _ in range(c.encoder_layers))
        super().__init__(c, style, layers, c.vocab_size, tied)


class Decoder(Stack):
    def __init__(self, c, style, tied=True):
        layers = (DecoderLayer(c, style) for _ in range(c.decoder_layers))
        super().__init__(c, style, layers, c.decoder_vocabulary, tied)

    def embed(self, shared, input_ids, inputs_embeds):
        if inputs_embeds is not None and self.style.scales_given:
            inputs_embeds = inputs_embeds * self.scale
        return super().embed(shared, input_ids, inputs_embeds)

    def place(self, x, positions):
        if self.style.norms_tokens:
            return self.layernorm_embedding(x) + self.embed_positions(positions + self.style.offset)
        return super().place(x, positions)


def as_output(encoder_outputs):
    """What an encoder returned, which may also be a tuple of its state, hidden states and attentions."""
    if encoder_outputs is None or isinstance(encoder_outputs, BaseModelOutput):
        return encoder_outputs or BaseModelOutput()
    fields = ("last_hidden_state", "hidden_states", "attentions")
    return BaseModelOutput(**dict(zip(fields, encoder_outputs, strict=False)))


def of_both(x, kept, encoded):
    """The output of a decoder, and what it kept, with that of the encoder."""
    return Seq2SeqModelOutput(
        x,
        past_key_values=kept["past_key_values"],
        decoder_hidden_states=kept["hidden_states"],
        decoder_attentions=kept["attentions"],
        cross_attentions=kept["cross_attentions"],
        encoder_last_hidden_state=encoded.last_hidden_state,
        encoder_hidden_states=encoded.hidden_states,
        encoder_attentions=encoded.attentions,
    )


class Common(nn.Model):
    """What a whole model and a decoder alone have in common. A subclass says its `style`."""

    body_prefix = "model"
    style = None

    def initializer(self, config):
        return Normal(config.init_std)

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens; the first call adds the keys of the encoder's states."""
        c = self.config
        n = c.decoder_attention_heads
        return caches.empty_crossed(self, batch_size, max_length, c.decoder_layers, n, c.d_model // n)

    def positions(self, input_ids, x, cache):
        """The positions of the tokens of x (B, T, D): (B or 1, T)."""
        return caches.positions(cache, x)

    def run_decoder(self, shared, input_ids, inputs_embeds, attention_mask, encoded, encoded_mask, cache, **options):
        x = self.decoder.embed(shared, input_ids, inputs_embeds)
        mask = masks.causal(x, attention_mask, cache)
        positions = self.positions(input_ids, x, cache)
        return self.decoder(x, positions, mask, encoded, masks.padding(encoded_mask), cache=cache, **options)


class EncoderDecoder(Common):
    """An encoder and a decoder without a head.

    Inputs: input_ids (B, E) or inputs_embeds (B, E, D); attention_mask (B, E), 0 hides; decoder_input_ids (B, T) or
    decoder_inputs_embeds (B, T, D), decoder_attention_mask (B, S), whose columns count from the start of the cache;
    past_key_values from `init_cache`; encoder_outputs from `encode`, instead of the encoder's inputs. Once a cache has come
    back, it holds all that is needed of the encoder but attention_mask.
    """

    input_embedding = "shared"
    other_ties = {"encoder.embed_tokens.weight": "shared.weight", "decoder.embed_tokens.weight": "shared.weight"}

    def __init__(self, c):
        super().__init__(c)
        self.shared = nn.Embedding(c.vocab_size, c.d_model)
        self.encoder = Encoder(c, self.style)
        self.decoder = Decoder(c, self.style)

    def shared_embedding(self):
        return self.shared

    def first_ids(self, input_ids):
        """The decoder's input where none is given: None, or made of the encoder's."""
        return None

    def encode(
        self, input_ids=None, attention_mask=None, inputs_embeds=None, output_attentions=None, output_hidden_states=None
    ):
        """The encoder's output, which can be given back as encoder_outputs."""
        x = self.encoder.embed(self.shared_embedding(), input_ids, inputs_embeds)
        options = heads.asked(self.config, output_attentions, output_hidden_states)
        x, kept = self.encoder(x, self.positions(input_ids, x, None), masks.padding(attention_mask), **options)
        return BaseModelOutput(x, **kept)

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        decoder_input_ids=None,
        decoder_attention_mask=None,
        encoder_outputs=None,
        past_key_values=None,
        inputs_embeds=None,
        decoder_inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        if encoder_outputs is None and not caches.has_crossed(past_key_values):
            encoder_outputs = self.encode(input_ids, attention_mask, inputs_embeds, output_attentions, output_hidden_states)
        if decoder_input_ids is None and decoder_inputs_embeds is None and input_ids is not None:
            decoder_input_ids = self.first_ids(input_ids)
        encoded = as_output(encoder_outputs)
        x, kept = self.run_decoder(
            *(self.shared_embedding(), decoder_input_ids, decoder_inputs_embeds, decoder_attention_mask),
            *(encoded.last_hidden_state, attention_mask, past_key_values),
            **heads.asked(self.config, output_attentions, output_hidden_states),
        )
        return of_both(x, kept, encoded)


class DecoderAlone(Common):
    """The decoder without the encoder, of which it may yet be told.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); attention_mask (B, S), 0 hides, whose columns count from the start
    of the cache; encoder_hidden_states (B, E, D), encoder_attention_mask (B, E); past_key_values from `init_cache`.
    """

    input_embedding = "decoder.embed_tokens"

    def __init__(self, c):
        super().__init__(c)
        self.decoder = Decoder(c, self.style, tied=False)

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        encoder_hidden_states=None,
        encoder_attention_mask=None,
        past_key_values=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        x, kept = self.run_decoder(
            *(None, input_ids, inputs_embeds, attention_mask, encoder_hidden_states, encoder_attention_mask),
            past_key_values,
            **heads.asked(self.config, output_attentions, output_hidden_states),
        )
        return BaseModelOutput(x, **kept)


class Generation(heads.Seq2SeqLM):
    """heads.Seq2SeqLM with `lm_head`."""

    output_embedding = "lm_head"
    optional = ("lm_head",)

    def __init__(self, c):
        super().__init__(c)
        self.lm_head = nn.Unembedding(c.d_model, c.decoder_vocabulary, tied=c.tie_word_embeddings)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.lm_head(x, self.get_input_embeddings())


class ConditionalGeneration(Generation):
    """Generation with a bias of the logits that is not trained."""

    optional = ("lm_head", "final_logits_bias")

    def __init__(self, c):
        super().__init__(c)
        self.final_logits_bias = nn.Buffer((1, c.decoder_vocabulary), ZEROS)

    def unembed(self, x):
        x = super().unembed(x)
        return x + ops.cast_like(self.final_logits_bias, x)


class CausalLM(heads.Generates, heads.MaskedLM):
    """Predicts each token from those before it. Labels: (B, T), already shifted, -100 where there is nothing to predict."""

    output_embedding = "lm_head"
    optional = ("lm_head",)

    def __init__(self, c):
        super().__init__(c)
        self.lm_head = nn.Unembedding(c.d_model, c.decoder_vocabulary, tied=c.tie_word_embeddings)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.lm_head(x, self.get_input_embeddings())


class ClassificationHead(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dense = nn.Linear(c.d_model, c.d_model)
        self.out_proj = nn.Linear(c.d_model, c.num_labels)
        self.dropout = nn.Dropout(c.classifier_dropout)

    def forward(self, x):  # (B, D) -> (B, L)
        return self.out_proj(self.dropout(ops.tanh(self.dense(self.dropout(x)))))


class LastEndClassification(heads.Seq2SeqHead):
    """Classifies a text by what the decoder makes of its last end-of-text token. Labels: as `classification_loss` has them."""

    optional = ("classification_head",)

    def __init__(self, c):
        super().__init__(c)
        self.classification_head = ClassificationHead(c)

    def forward(self, input_ids, *inputs, labels=None, **options):
        out = self.body(input_ids, *inputs, **options)
        x = out.last_hidden_state
        places = ops.arange(ops.shape(x)[1], like=x)
        last = ops.argmax(places * ops.cast(input_ids == self.config.eos_token_id, "int32"), 1)
        logits = self.classification_head(ops.take_rows(x, last))  # (B, T, D) -> (B, L)
        loss = heads.classification_loss(logits, labels, self.config)
        return Seq2SeqLMOutput(loss, logits, **heads.kept_of_both(out))
