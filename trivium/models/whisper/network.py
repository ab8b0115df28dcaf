"""Whisper: an encoder of speech, as spectrograms, and a decoder that writes down or translates what is said.

Radford and others, arXiv:2212.04356. Checkpoint: openai/whisper-tiny.
Letters: as in `encoder_decoders`, and M mel bins, F = 2 E frames, L classes.
"""

from trivium.core.errors import InputError
from trivium.core.init import Constant, SinesThenCosines
from trivium.core.outputs import BaseModelOutput, HeadOutput, Seq2SeqLMOutput
from trivium.models.whisper.config import WhisperConfig as Config

from ...generation.hearing import Hears
from .. import caches, chance, encoder_decoders, heads, masks, nn, ops


def learned_positions(c: Config):
    return nn.Embedding(c.max_target_positions, c.d_model)


STYLE = encoder_decoders.Style(learned_positions, norm_first=True, key_bias=False)


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.conv1 = nn.Conv1d(c.num_mel_bins, c.d_model, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(c.d_model, c.d_model, kernel_size=3, stride=2, padding=1)
        sines = SinesThenCosines(to_the_end=True)
        self.embed_positions = nn.Embedding(c.max_source_positions, c.d_model, sines, trained=False)
        self.layers = nn.Layers(encoder_decoders.EncoderLayer(c, STYLE) for _ in range(c.encoder_layers))
        self.layer_norm = nn.LayerNorm(c.d_model, eps=1e-5)
        self.dropout = nn.Dropout(c.dropout)
        self.frames = 2 * c.max_source_positions

    def forward(self, features, **options):  # (B, M, F) -> (B, E, D)
        frames = ops.shape(features)[2]
        if isinstance(frames, int) and frames != self.frames:
            raise InputError(f"input_features (B, M, F) has {frames} frames; {self.frames} are expected", hint="pad the sound")
        x = ops.gelu(self.conv1(ops.transpose(features, (0, 2, 1))))
        x = ops.gelu(self.conv2(x))
        x = x + ops.cast_like(self.embed_positions(ops.arange(ops.shape(x)[1], like=x))[None], x)
        x, kept = self.layers(self.dropout(x), None, **options)
        x = self.layer_norm(x)
        if kept["hidden_states"] is not None:
            kept["hidden_states"] = (*kept["hidden_states"][:-1], x)
        return BaseModelOutput(x, **kept)


def features_shape(c: Config):
    return {"input_features": ((None, c.num_mel_bins, 2 * c.max_source_positions), "float32")}


class WhisperModel(encoder_decoders.Common):
    """Whisper without a head.

    Inputs: input_features (B, M, F), log-mel; attention_mask (B, F), 0 hides, which says only how much of the
    sound is there for `apply_spec_augment` to hide in training; decoder_input_ids (B, T) or decoder_inputs_embeds
    (B, T, D), decoder_attention_mask (B, S), decoder_position_ids (B, T); encoder_outputs from `encode`, instead of
    input_features; past_key_values from `init_cache`. Once a cache has come back, it holds all that is needed of the encoder.
    """

    config_class = Config
    input_embedding = "decoder.embed_tokens"
    style = STYLE

    def __init__(self, c: Config):
        super().__init__(c)
        self.spec_augment = chance.SpecAugment(c)
        self.encoder = Encoder(c)
        self.decoder = encoder_decoders.Decoder(c, STYLE, tied=False)

    def input_shapes(self):
        return features_shape(self.config) | {"decoder_input_ids": ((None, None), "int32")}

    def encode(self, input_features, attention_mask=None, output_attentions=None, output_hidden_states=None):
        """The encoder's output, which can be given back as encoder_outputs."""
        input_features = self.hide(input_features, attention_mask)
        return self.encoder(input_features, **heads.asked(self.config, output_attentions, output_hidden_states))

    def hide(self, x, attention_mask):  # (B, M, F), (B, F) or None -> (B, M, F)
        times, features = self.spec_augment(ops.transpose(x, (0, 2, 1)), attention_mask)
        x = x if times is None else ops.where(times[:, None], x * 0, x)
        return x if features is None else ops.where(features[..., None], x * 0, x)

    def forward(
        self,
        input_features=None,
        attention_mask=None,
        decoder_input_ids=None,
        decoder_attention_mask=None,
        encoder_outputs=None,
        past_key_values=None,
        decoder_inputs_embeds=None,
        decoder_position_ids=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        if encoder_outputs is None and not caches.has_crossed(past_key_values):
            encoder_outputs = self.encode(input_features, attention_mask, output_attentions, output_hidden_states)
        encoded = encoder_decoders.as_output(encoder_outputs)
        x = self.decoder.embed(None, decoder_input_ids, decoder_inputs_embeds)
        if decoder_position_ids is None:
            decoder_position_ids = caches.positions(past_key_values, x)
        x, kept = self.decoder(
            *(x, decoder_position_ids, masks.causal(x, decoder_attention_mask, past_key_values)),
            *(encoded.last_hidden_state, None),
            cache=past_key_values,
            **heads.asked(self.config, output_attentions, output_hidden_states),
        )
        return encoder_decoders.of_both(x, kept, encoded)


class Decoder(encoder_decoders.DecoderAlone):
    """The decoder alone. Inputs: as of `DecoderAlone`, but encoder_outputs (B, E, D), or what `encode` returns."""

    config_class = Config
    style = STYLE

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        encoder_outputs=None,
        past_key_values=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        encoded = encoder_outputs[0] if isinstance(encoder_outputs, (BaseModelOutput, tuple, list)) else encoder_outputs
        others = (past_key_values, inputs_embeds, output_attentions, output_hidden_states)
        return super().forward(input_ids, attention_mask, encoded, None, *others)


class Writing(heads.Head):
    """What the classes that predict tokens share."""

    output_embedding = "proj_out"
    optional = ("proj_out",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.proj_out = nn.Unembedding(c.d_model, c.vocab_size, tied=c.tie_word_embeddings)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.proj_out(x, self.get_input_embeddings())


class WhisperForConditionalGeneration(Hears, Writing, heads.Seq2SeqHead, body=WhisperModel):
    """Whisper that writes down what is said. Labels: as `heads.Seq2SeqLM` has them."""

    def forward(self, input_features=None, attention_mask=None, decoder_input_ids=None, *inputs, labels=None, **options):
        if labels is not None and decoder_input_ids is None and options.get("decoder_inputs_embeds") is None:
            decoder_input_ids = heads.shift_right(labels, self.config)
        out = self.body(input_features, attention_mask, decoder_input_ids, *inputs, **options)
        logits = self.unembed(out.last_hidden_state)
        return Seq2SeqLMOutput(heads.token_loss(logits, labels), logits, **heads.kept_of_both(out))


class WhisperForCausalLM(heads.Generates, Writing, heads.MaskedLM, body=Decoder):
    """Whisper's decoder, which predicts the next token. Labels: (B, T), already shifted, -100 where there is nothing."""


class WhisperForAudioClassification(nn.Model):
    """Whisper's encoder that classifies a sound. Inputs: input_features (B, M, F), or encoder_outputs; labels (B,)."""

    config_class = Config
    body_prefix = "model"
    optional = ("layer_weights", "projector", "classifier")

    def __init__(self, c: Config):
        super().__init__(c)
        self.encoder = Encoder(c)
        if c.use_weighted_layer_sum:
            self.layer_weights = nn.Parameter((c.encoder_layers + 1,), Constant(1 / (c.encoder_layers + 1)))
        self.projector = nn.Linear(c.d_model, c.classifier_proj_size)
        self.classifier = nn.Linear(c.classifier_proj_size, c.num_labels)

    def initializer(self, config):
        return encoder_decoders.Common.initializer(self, config)

    def input_shapes(self):
        return features_shape(self.config)

    def forward(
        self, input_features=None, encoder_outputs=None, labels=None, output_attentions=None, output_hidden_states=None
    ):
        c = self.config
        if encoder_outputs is None:
            options = heads.asked(c, output_attentions, c.use_weighted_layer_sum or output_hidden_states)
            encoder_outputs = self.encoder(input_features, **options)
        encoded = encoder_decoders.as_output(encoder_outputs)
        x = encoded.last_hidden_state
        if c.use_weighted_layer_sum:
            weights = ops.softmax(ops.cast_like(self.layer_weights, x), 0)
            x = sum(state * weights[index] for index, state in enumerate(encoded.hidden_states))
        logits = self.classifier(ops.mean(self.projector(x), 1))  # (B, E, D) -> (B, L)
        loss = None if labels is None else ops.cross_entropy(logits, ops.reshape(labels, (-1,)))
        return HeadOutput(loss, logits, hidden_states=encoded.hidden_states, attentions=encoded.attentions)
