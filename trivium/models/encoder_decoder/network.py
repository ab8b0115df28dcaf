"""An encoder of text and a decoder of text, each of any architecture that has what it takes.

Rothe and others, arXiv:1907.12461. Checkpoint: patrickvonplaten/bert2bert_cnn_daily_mail.
Letters: B batch, T tokens, E tokens of the encoder, D its width.
"""

from trivium.models.encoder_decoder.config import EncoderDecoderConfig as Config

from .. import pairs


class EncoderDecoderModel(pairs.Pair):
    """A network that encodes a text, and another that decodes what it says.

    Inputs: input_ids (B, E) or inputs_embeds (B, E, D), attention_mask (B, E), token_type_ids and position_ids as the encoder
    takes them, or encoder_outputs from `encode`; and the same of the decoder with `decoder_` before them, (B, T).
    decoder_attention_mask (B, S) counts from the start of past_key_values, a cache from `init_cache`; once one has come back,
    it holds all that is needed of the encoder but attention_mask. Labels: (B, T), -100 where there is nothing to predict;
    without decoder_input_ids the decoder is shown them, shifted right.
    """

    config_class = Config
    body_prefix = "encoder_decoder"
    hides_padding = True

    def encode(
        self,
        input_ids=None,
        attention_mask=None,
        inputs_embeds=None,
        token_type_ids=None,
        position_ids=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        """The encoder's output, which can be given back as encoder_outputs."""
        return self.encoded(
            input_ids=input_ids,
            attention_mask=attention_mask,
            inputs_embeds=inputs_embeds,
            token_type_ids=token_type_ids,
            position_ids=position_ids,
            output_attentions=output_attentions,
            output_hidden_states=output_hidden_states,
        )

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
        token_type_ids=None,
        position_ids=None,
        decoder_token_type_ids=None,
        decoder_position_ids=None,
        labels=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        asked = {"output_attentions": output_attentions, "output_hidden_states": output_hidden_states}
        if self.needs_encoder(encoder_outputs, past_key_values):
            encoder_outputs = self.encode(input_ids, attention_mask, inputs_embeds, token_type_ids, position_ids, **asked)
        return self.run_decoder(
            *(encoder_outputs, attention_mask, labels, decoder_input_ids, decoder_attention_mask),
            inputs_embeds=decoder_inputs_embeds,
            token_type_ids=decoder_token_type_ids,
            position_ids=decoder_position_ids,
            past_key_values=past_key_values,
            **asked,
        )
