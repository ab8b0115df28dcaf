"""An encoder of speech and a decoder of text, each of any architecture that has what it takes.

Wu and others, arXiv:2006.02490. Checkpoint: facebook/wav2vec2-xls-r-300m-21-to-en. A relative of the encoder-decoder of texts.
Letters: B batch, W samples of the wave, E frames, T tokens, S keys.
"""

from trivium.core.errors import InputError
from trivium.models.speech_encoder_decoder.config import SpeechEncoderDecoderConfig as Config

from .. import ops, pairs, speech


class SpeechEncoderDecoderModel(pairs.Pair):
    """A network that hears speech, and another that writes what it says, in the same language or another.

    Inputs: input_values (B, W), the wave, and attention_mask (B, W) as the encoder takes them, or encoder_outputs from
    `encode`; decoder_input_ids (B, T) and what else the decoder takes, with `decoder_` before it. decoder_attention_mask (B, S)
    counts from the start of past_key_values, a cache from `init_cache`; once one has come back, it holds all that is needed of
    the encoder but attention_mask. Labels: (B, T), -100 where there is nothing to predict; without decoder_input_ids the
    decoder is shown them, shifted right.
    """

    config_class = Config
    body_prefix = "speech_encoder_decoder"
    returns_projected = True

    def get_input_embeddings(self):
        return self.decoder.get_input_embeddings()

    def check_mask(self, attention_mask):
        """Raises InputError where there is a mask, and the encoder does not tell how many states come of how many samples."""
        if attention_mask is not None and not hasattr(self.encoder, "frames"):
            why = f"the encoder, a {self.config.encoder.model_type}, does not tell which of its states are padding"
            raise InputError(why, key="attention_mask", hint="give sounds of one length, without attention_mask")

    def heard(self, attention_mask):  # (B, W) -> (B, E)
        """The encoder's states that are heard."""
        self.check_mask(attention_mask)
        if attention_mask is None:
            return None
        samples = speech.lengths(attention_mask, attention_mask)
        states = self.encoder.frames(ops.shape(attention_mask)[1], adapted=True)
        return ops.arange(states, like=samples) < self.encoder.frames(samples, adapted=True)[:, None]

    def encode(self, input_values, attention_mask=None, output_attentions=None, output_hidden_states=None):
        """The encoder's output, which can be given back as encoder_outputs."""
        self.check_mask(attention_mask)
        return self.encoded(
            input_values=input_values,
            attention_mask=attention_mask,
            output_attentions=output_attentions,
            output_hidden_states=output_hidden_states,
        )

    def forward(
        self,
        input_values=None,
        attention_mask=None,
        decoder_input_ids=None,
        decoder_attention_mask=None,
        encoder_outputs=None,
        past_key_values=None,
        decoder_inputs_embeds=None,
        decoder_token_type_ids=None,
        decoder_position_ids=None,
        labels=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        asked = {"output_attentions": output_attentions, "output_hidden_states": output_hidden_states}
        if self.needs_encoder(encoder_outputs, past_key_values):
            encoder_outputs = self.encode(input_values, attention_mask, **asked)
        return self.run_decoder(
            *(encoder_outputs, self.heard(attention_mask), labels, decoder_input_ids, decoder_attention_mask),
            inputs_embeds=decoder_inputs_embeds,
            token_type_ids=decoder_token_type_ids,
            position_ids=decoder_position_ids,
            past_key_values=past_key_values,
            **asked,
        )

    def body(self, decoder_input_ids, attention_mask=None, *inputs, **options):
        return super().body(decoder_input_ids, self.heard(attention_mask), *inputs, **options)
