"""An encoder of images and a decoder of text, each of any architecture that has what it takes.

Li and others, arXiv:2109.10282. Checkpoint: nlpconnect/vit-gpt2-image-captioning. A relative of the encoder-decoder of texts.
Letters: B batch, T tokens, S keys, C channels, H W image size.
"""

from trivium.models.vision_encoder_decoder.config import VisionEncoderDecoderConfig as Config

from .. import pairs


class VisionEncoderDecoderModel(pairs.Pair):
    """A network that encodes an image, and another that describes what it says.

    Inputs: pixel_values (B, C, H, W), and interpolate_pos_encoding as the encoder takes it, or encoder_outputs from `encode`;
    decoder_input_ids (B, T) and what else the decoder takes, with `decoder_` before it. decoder_attention_mask (B, S) counts
    from the start of past_key_values, a cache from `init_cache`; once one has come back, it holds all that is needed of the
    encoder. Labels: (B, T), -100 where there is nothing to predict; without decoder_input_ids the decoder is shown them,
    shifted right. The loss is that of Transformers 5; 4.52 shifts the labels once more.
    """

    config_class = Config
    body_prefix = "vision_encoder_decoder"

    def get_input_embeddings(self):
        return self.decoder.get_input_embeddings()

    def encode(self, pixel_values, interpolate_pos_encoding=None, output_attentions=None, output_hidden_states=None):
        """The encoder's output, which can be given back as encoder_outputs."""
        return self.encoded(
            pixel_values=pixel_values,
            interpolate_pos_encoding=interpolate_pos_encoding,
            output_attentions=output_attentions,
            output_hidden_states=output_hidden_states,
        )

    def forward(
        self,
        pixel_values=None,
        decoder_input_ids=None,
        decoder_attention_mask=None,
        encoder_outputs=None,
        past_key_values=None,
        decoder_inputs_embeds=None,
        decoder_token_type_ids=None,
        decoder_position_ids=None,
        interpolate_pos_encoding=None,
        labels=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        asked = {"output_attentions": output_attentions, "output_hidden_states": output_hidden_states}
        if self.needs_encoder(encoder_outputs, past_key_values):
            encoder_outputs = self.encode(pixel_values, interpolate_pos_encoding, **asked)
        return self.run_decoder(
            *(encoder_outputs, None, labels, decoder_input_ids, decoder_attention_mask),
            inputs_embeds=decoder_inputs_embeds,
            token_type_ids=decoder_token_type_ids,
            position_ids=decoder_position_ids,
            past_key_values=past_key_values,
            **asked,
        )
