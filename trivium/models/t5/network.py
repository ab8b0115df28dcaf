"""T5: an encoder and a decoder that turn any task into text after text; distances between tokens are a bias of attention.

Raffel and others, arXiv:1910.10683; gated after Shazeer, arXiv:2002.05202. Checkpoints: google-t5/t5-small, flan-t5-base.
Letters: B batch, T tokens, S keys, E tokens of the encoder, D width, N heads, H head width, V vocabulary, L labels.
"""

from trivium.core.init import Normal
from trivium.core.outputs import BaseModelOutput, Seq2SeqLMOutput, Seq2SeqQuestionAnsweringOutput
from trivium.models.t5.config import T5Config as Config

from .. import buckets, caches, encoder_decoders, heads, masks, multihead, nn, ops


def linear(inputs: int, outputs: int, c: Config, spread: float, keep_float32: bool = False):
    """A layer without a bias whose first values have the standard deviation `spread` ** -0.5, as in mesh_tensorflow."""
    init = Normal(c.initializer_factor * spread**-0.5)
    return nn.Linear(inputs, outputs, bias=False, init=init, keep_float32=keep_float32)


class Attention(nn.Module):
    def __init__(self, c: Config, crosses: bool, decodes: bool, biased: bool):
        super().__init__()
        inner = c.num_heads * c.d_kv
        self.q = linear(c.d_model, inner, c, c.d_model * c.d_kv)
        self.k = linear(c.d_model, inner, c, c.d_model)
        self.v = linear(c.d_model, inner, c, c.d_model)
        self.o = linear(inner, c.d_model, c, inner)
        if biased:
            init = Normal(c.initializer_factor * c.d_model**-0.5)
            self.relative_attention_bias = nn.Embedding(c.relative_attention_num_buckets, c.num_heads, init)
        self.dropout = nn.Dropout(c.dropout_rate)
        self.shape, self.crosses, self.causal, self.biased = (c.num_heads, c.d_kv), crosses, decodes and not crosses, biased

    def bias(self, places):  # (T, S) -> (1, N, T, S)
        return ops.transpose(self.relative_attention_bias(places), (2, 0, 1))[None]

    def forward(self, x, encoded, places, bias, mask, cache, attentions):  # (B, T, D) -> (B, T, D), cache, weights
        if self.crosses:
            k, v, cache = caches.cross(cache, encoded, self.keys)
        else:
            k, v, cache = caches.extend(cache, *self.keys(x))
        q, causal = self.split(self.q(x)), self.causal and mask is None
        options = {"bias": self.bias(places) if self.biased and bias is None else bias, "causal": causal}
        x, weights = ops.attention(q, k, v, mask, scale=1.0, dropout=self.dropout, weights=attentions, **options)
        return self.o(multihead.merge(x)), cache, weights

    def keys(self, x):  # (B, S, D) -> two of (B, S, N, H)
        return self.split(self.k(x)), self.split(self.v(x))

    def split(self, x):  # (B, T, N H) -> (B, T, N, H)
        batch, tokens, _ = ops.shape(x)
        return ops.reshape(x, (batch, tokens, *self.shape))


class Branch(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layer_norm = nn.RMSNorm(c.d_model, eps=c.layer_norm_epsilon)
        self.dropout = nn.Dropout(c.dropout_rate)


class SelfAttention(Branch):
    def __init__(self, c: Config, decodes: bool, biased: bool):
        super().__init__(c)
        self.SelfAttention = Attention(c, crosses=False, decodes=decodes, biased=biased)

    def forward(self, x, *others):
        y, cache, weights = self.SelfAttention(self.layer_norm(x), None, *others)
        return ops.add(x, self.dropout(y)), cache, weights


class CrossAttention(Branch):
    def __init__(self, c: Config):
        super().__init__(c)
        self.EncDecAttention = Attention(c, crosses=True, decodes=True, biased=False)

    def forward(self, x, encoded, *others):
        y, cache, weights = self.EncDecAttention(self.layer_norm(x), encoded, None, None, *others)
        return ops.add(x, self.dropout(y)), cache, weights


class Inner(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        if c.gated:
            self.wi_0 = linear(c.d_model, c.d_ff, c, c.d_model)
            self.wi_1 = linear(c.d_model, c.d_ff, c, c.d_model)
        else:
            self.wi = linear(c.d_model, c.d_ff, c, c.d_model)
        self.wo = linear(c.d_ff, c.d_model, c, c.d_ff, keep_float32=True)  # and the stream behind it, which float16 cannot hold
        self.dropout = nn.Dropout(c.dropout_rate)
        self.activation, self.gated = ops.activation(c.activation), c.gated

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        x = self.activation(self.wi_0(x)) * self.wi_1(x) if self.gated else self.activation(self.wi(x))
        return self.wo(self.dropout(x))


class FeedForward(Branch):
    def __init__(self, c: Config):
        super().__init__(c)
        self.DenseReluDense = Inner(c)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return ops.add(x, self.dropout(self.DenseReluDense(self.layer_norm(x))))


class Block(nn.Module):
    def __init__(self, c: Config, decodes: bool, biased: bool):
        super().__init__()
        crossing = [CrossAttention(c)] if decodes else []
        self.layer = nn.Layers([SelfAttention(c, decodes, biased), *crossing, FeedForward(c)])

    def forward(self, x, places, bias, mask, encoded, encoded_mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        x, cache, weights = self.layer[0](x, places, bias, mask, cache, attentions)
        x = ops.clamp_half(x)
        cross_weights = None
        if encoded is not None or caches.has_crossed(cache):
            x, cache, cross_weights = self.layer[1](x, encoded, encoded_mask, cache, attentions)
            x = ops.clamp_half(x)
        x = ops.clamp_half(self.layer[len(self.layer) - 1](x))
        return x, {"past_key_values": cache, "attentions": weights, "cross_attentions": cross_weights}


class Stack(nn.Module):
    """The encoder or the decoder. All layers use the first one's bias, unless each has its own."""

    def __init__(self, c: Config, decodes: bool, layers: int, each_biased: bool):
        super().__init__()
        self.embed_tokens = nn.SharedEmbedding(c.vocab_size, c.d_model, tied=True)
        self.block = nn.Layers(Block(c, decodes, each_biased or index == 0) for index in range(layers))
        self.final_layer_norm = nn.RMSNorm(c.d_model, eps=c.layer_norm_epsilon)
        self.dropout = nn.Dropout(c.dropout_rate)
        self.each_biased, self.decodes = each_biased, decodes
        sizes = c.relative_attention_num_buckets, c.relative_attention_max_distance
        self.starts = buckets.starts(*sizes, both=not decodes)

    def embed(self, shared, input_ids, inputs_embeds):  # (B, T) or (B, T, D) -> (B, T, D)
        return heads.embed(lambda ids: self.embed_tokens(ids, shared), input_ids, inputs_embeds)

    def forward(self, x, mask, encoded=None, encoded_mask=None, cache=None, **options):  # (B, T, D) -> (B, T, D)
        seen, keys = (0, ops.shape(x)[1]) if cache is None else (cache[0].length, ops.shape(cache[0].key)[1])
        places = buckets.relative(x, keys, self.starts, both=not self.decodes, seen=seen)
        bias = None if self.each_biased else self.block[0].layer[0].SelfAttention.bias(places)
        x, kept = self.block(self.dropout(x), places, bias, mask, encoded, encoded_mask, cache=cache, **options)
        x = self.dropout(self.final_layer_norm(x))
        if kept["hidden_states"] is not None:
            kept["hidden_states"] = (*kept["hidden_states"][:-1], x)
        return x, kept


class Common(encoder_decoders.Common):
    """What T5 and its encoder alone have in common."""

    body_prefix = "transformer"
    input_embedding = "shared"
    each_biased = False

    def __init__(self, c: Config):
        nn.Model.__init__(self, c)  # past BART's encoder and decoder
        self.shared = nn.Embedding(c.vocab_size, c.d_model, Normal(c.initializer_factor))
        self.encoder = Stack(c, False, c.num_layers, self.each_biased)

    def initializer(self, config):
        return Normal(config.initializer_factor * config.d_model**-0.5)

    def encode(
        self, input_ids=None, attention_mask=None, inputs_embeds=None, output_attentions=None, output_hidden_states=None
    ):
        """The encoder's output, which can be given back as encoder_outputs."""
        x = self.encoder.embed(self.shared, input_ids, inputs_embeds)
        options = heads.asked(self.config, output_attentions, output_hidden_states)
        x, kept = self.encoder(x, masks.padding(attention_mask), **options)
        return BaseModelOutput(x, **kept)


class T5Model(Common, encoder_decoders.EncoderDecoder):
    __doc__ = encoder_decoders.EncoderDecoder.__doc__
    config_class = Config

    def __init__(self, c: Config):
        super().__init__(c)
        self.decoder = Stack(c, True, c.decoder_layers, self.each_biased)

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens; the first call adds the keys of the encoder's states."""
        c = self.config
        return caches.empty_crossed(self, batch_size, max_length, c.decoder_layers, c.num_heads, c.d_kv)

    def run_decoder(self, shared, input_ids, inputs_embeds, attention_mask, encoded, encoded_mask, cache, **options):
        x = self.decoder.embed(shared, input_ids, inputs_embeds)
        mask = masks.causal(x, attention_mask, cache)
        return self.decoder(x, mask, encoded, masks.padding(encoded_mask), cache=cache, **options)


class T5EncoderModel(Common):
    """T5's encoder alone. Inputs: input_ids (B, T) or inputs_embeds (B, T, D); attention_mask (B, T), 0 hides."""

    config_class = Config
    other_ties = {"encoder.embed_tokens.weight": "shared.weight"}

    def forward(
        self, input_ids=None, attention_mask=None, inputs_embeds=None, output_attentions=None, output_hidden_states=None
    ):
        return self.encode(input_ids, attention_mask, inputs_embeds, output_attentions, output_hidden_states)


class T5ForConditionalGeneration(heads.Generates, T5Model):
    """T5 that writes a text after another; its names have no prefix. Labels: as `heads.Seq2SeqLM` has them."""

    body_class = T5Model  # whose arguments it takes
    output_embedding = "lm_head"
    optional = ("lm_head",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.lm_head = nn.Unembedding(c.d_model, c.vocab_size, tied=c.tie_word_embeddings)

    def initializer(self, config):
        return Normal(config.initializer_factor)

    def forward(self, input_ids=None, attention_mask=None, decoder_input_ids=None, *inputs, labels=None, **options):
        c = self.config
        if labels is not None and decoder_input_ids is None and options.get("decoder_inputs_embeds") is None:
            decoder_input_ids = heads.shift_right(labels, c)
        out = self.body(input_ids, attention_mask, decoder_input_ids, *inputs, **options)
        logits = self.unembed(out.last_hidden_state)
        return Seq2SeqLMOutput(heads.token_loss(logits, labels), logits, **heads.kept_of_both(out))

    def body(self, *inputs, **options):
        return super().forward(*inputs, **options)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        c = self.config
        return self.lm_head(x * c.d_model**-0.5 if c.tie_word_embeddings else x, self.shared)


class T5ForQuestionAnswering(T5Model):
    """T5 that finds the answer to a question in a text; its names have no prefix."""

    body_class = T5Model  # whose arguments it takes
    optional = ("qa_outputs",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.qa_outputs = nn.Linear(c.d_model, 2)

    def first_ids(self, input_ids):  # (B, E) -> (B, E)
        return heads.shift_right(input_ids, self.config)

    def forward(self, *inputs, start_positions=None, end_positions=None, **options):
        out = super().forward(*inputs, **options)
        start, end, loss = heads.spans(self.qa_outputs(out.last_hidden_state), start_positions, end_positions)
        return Seq2SeqQuestionAnsweringOutput(loss, start, end, **heads.kept_of_both(out))


class T5ForSequenceClassification(encoder_decoders.LastEndClassification, body=T5Model):
    """T5 that classifies a text."""

    def forward(self, input_ids, attention_mask=None, decoder_input_ids=None, *inputs, labels=None, **options):
        if decoder_input_ids is None and options.get("decoder_inputs_embeds") is None:
            decoder_input_ids = heads.shift_right(input_ids, self.config)
        return super().forward(input_ids, attention_mask, decoder_input_ids, *inputs, labels=labels, **options)


class T5ForTokenClassification(heads.TokenClassification, body=T5EncoderModel):
    """T5's encoder that classifies each token."""

    def initializer(self, config):
        return Normal(config.initializer_factor)
