"""BLIP: an encoder of images, and one or two transformers of text that attend to it: to compare, to caption, to answer.

Li and others, arXiv:2201.12086. Checkpoint: Salesforce/blip-image-captioning-base.
Letters: B batch, T tokens, C channels, H W image size, D width, E tokens of an encoder, P width that texts and images share,
V vocabulary, M texts.
"""

import functools

import numpy as np

from trivium.core.init import Constant, Normal
from trivium.core.outputs import BaseModelOutput, BaseModelOutputWithPooling, ImageTextMatchingOutput, ImageToTextOutput
from trivium.models.blip.config import BlipConfig, BlipTextConfig, BlipVisionConfig

from .. import caches, heads, masks, nn, ops, packed_towers, towers
from ..bert import network as bert
from ..clip import network as clip


class BlipVisionModel(nn.Model):
    """BLIP's encoder of images, pixel_values (B, C, H, W), of any size where interpolate_pos_encoding."""

    config_class = BlipVisionConfig
    body_prefix = "blip"

    def __init__(self, c: BlipVisionConfig):
        super().__init__(c)
        self.embeddings = packed_towers.Embeddings(c)
        self.encoder = towers.Encoder(c, packed_towers.Layer)
        self.post_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)

    def input_shapes(self):
        return towers.image_shapes(self.config)

    def forward(self, pixel_values, output_attentions=None, output_hidden_states=None, interpolate_pos_encoding=False):
        towers.check_size(pixel_values, self.config.image_size, interpolate_pos_encoding)
        x = self.embeddings(pixel_values, interpolate_pos_encoding)
        x, kept = self.encoder(x, output_attentions=output_attentions, output_hidden_states=output_hidden_states)
        x = self.post_layernorm(x)
        return BaseModelOutputWithPooling(x, self.post_layernorm(x[:, 0]), **kept)  # Unlike CLIP: normalised twice


class TextEmbeddings(nn.Module):  # Unlike Bert: a text is of one type
    def __init__(self, c: BlipTextConfig):
        super().__init__()
        self.word_embeddings = nn.Embedding(c.vocab_size, c.hidden_size)
        self.position_embeddings = nn.Embedding(c.max_position_embeddings, c.hidden_size)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, x, positions):  # (B, T, D), (B or 1, T) -> (B, T, D)
        return self.dropout(self.LayerNorm(x + self.position_embeddings(positions)))


class TextLayer(bert.Layer):
    def __init__(self, c: BlipTextConfig, causal: bool):
        nn.Module.__init__(self)
        self.attention = bert.Attention(c, causal, crosses=False)
        if c.is_decoder:
            # Unlike Bert: what is attended to may have another width.
            self.crossattention = bert.Attention(c, causal=False, crosses=True, source_width=c.encoder_hidden_size)
        self.intermediate = bert.Intermediate(c)
        self.output = bert.AddNorm(c.intermediate_size, c)


class BlipTextModel(nn.Model):
    """BLIP's transformer of text: input_ids (B, T) or inputs_embeds (B, T, D), attention_mask and position_ids (B, T).

    Where config.is_decoder, it may attend to encoder_hidden_states (B, E, width of the encoder), encoder_attention_mask (B, E).
    Only as a part of what writes text it hides later tokens, and takes past_key_values, a cache from `init_cache`; columns of
    attention_mask then count from the start of the cache. A cache that has come back holds all that is needed of the encoder's
    states.
    """

    config_class = BlipTextConfig
    body_prefix = "blip"
    input_embedding = "embeddings.word_embeddings"
    optional = ("pooler",)

    def __init__(self, c: BlipTextConfig, add_pooling_layer: bool = True, causal: bool = False):
        super().__init__(c)
        self.embeddings = TextEmbeddings(c)
        self.encoder = bert.Encoder(c, functools.partial(TextLayer, causal=causal))
        if add_pooling_layer:
            self.pooler = bert.Pooler(c)
        self.pools, self.causal = add_pooling_layer, causal

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        return caches.empty(self, batch_size, max_length, crosses=self.config.is_decoder)

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        inputs_embeds=None,
        encoder_hidden_states=None,
        encoder_attention_mask=None,
        past_key_values=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        x = heads.embed(self.embeddings.word_embeddings, input_ids, inputs_embeds)
        if position_ids is None:
            position_ids = caches.positions(past_key_values, x)
        mask = masks.causal(x, attention_mask, past_key_values) if self.causal else masks.padding(attention_mask)
        x, kept = self.encoder(
            self.embeddings(x, position_ids),
            *(mask, encoder_hidden_states, masks.padding(encoder_attention_mask)),
            cache=past_key_values,
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        return BaseModelOutputWithPooling(x, self.pooler(x) if self.pools else None, **kept)


class TextDecoder(nn.Module):
    def __init__(self, c: BlipTextConfig):
        super().__init__()
        self.bert = BlipTextModel(c, add_pooling_layer=False, causal=True)
        self.cls = bert.Cls(c, predictions=True, seq_relationship=False)
        self.smoothing = c.label_smoothing

    def forward(self, labels, *inputs, **options):  # (B, T) or None -> loss, (B, T, V), cache
        out = self.bert(*inputs, **options)
        logits = self.cls.predictions(out.last_hidden_state, None)
        return heads.next_token_loss(logits, labels, self.smoothing), logits, out.past_key_values


class BlipModel(clip.CLIPModel):
    """Both encoders: input_ids, attention_mask, position_ids (M, T) and pixel_values (B, C, H, W); every text with every image.

    With return_loss text i describes image i, and M = B.
    """

    config_class = BlipConfig
    body_prefix = "blip"
    input_embedding = "text_model.embeddings.word_embeddings"

    def __init__(self, c: BlipConfig):
        nn.Model.__init__(self, c)
        self.logit_scale = nn.Parameter((), Constant(c.logit_scale_init_value))
        self.text_model = BlipTextModel(c.text)
        self.vision_model = BlipVisionModel(c.vision_config)
        self.visual_projection = nn.Linear(c.vision_config.hidden_size, c.projection_dim, bias=False)
        self.text_projection = nn.Linear(c.text_config.hidden_size, c.projection_dim, bias=False)

    def initializer(self, config):
        return Normal(0.02)

    def get_multimodal_features(self, input_ids, pixel_values, attention_mask=None, interpolate_pos_encoding=False):
        """Texts (B, T) that have seen an image each (B, C, H, W), as vectors (B, P)."""
        image = self.vision_model(pixel_values, interpolate_pos_encoding=interpolate_pos_encoding)
        text = self.text_model(input_ids, attention_mask, encoder_hidden_states=image.last_hidden_state)
        return self.project_text(text.pooler_output)


class Whole(clip.Whole):
    """What the classes that have an encoder of images beside their texts share; TensorFlow gives them no prefix.

    Options of `forward` are the encoder's.
    """

    config_class = BlipConfig
    body_class = BlipVisionModel
    body_prefix = "vision_model"

    def __init__(self, c: BlipConfig):
        super().__init__(c)
        self.vision_model = BlipVisionModel(c.vision_config)

    def get_body(self):
        return self.vision_model

    def initializer(self, config):
        return Normal(0.02)

    def input_shapes(self):
        tokens = (None, None), "int32"
        return super().input_shapes() | {"input_ids": tokens, "attention_mask": tokens}

    def see(self, pixel_values, output_attentions=None, output_hidden_states=None, interpolate_pos_encoding=False):
        asked = self.asked(output_attentions, output_hidden_states)
        return self.vision_model(pixel_values, *asked, interpolate_pos_encoding)


class Writing(heads.Generates, Whole):
    """What the classes that write text share."""

    other_ties = {"text_decoder.cls.predictions.decoder.bias": "text_decoder.cls.predictions.bias"}

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        return self.text_decoder.bert.init_cache(batch_size, max_length)

    def adapted(self, c):
        """Whatever generation_config.json says, a text ends with the token that separates texts; so it is in Transformers."""
        text = self.config.text_config
        return c.replace(eos_token_id=text.sep_token_id, pad_token_id=text.pad_token_id)

    def body(self, decoder_input_ids, attention_mask=None, encoder_outputs=None, past_key_values=None, **options):
        """The last states (B, T, D) of what writes, which `unembed` turns into logits."""
        states = encoder_outputs.last_hidden_state if encoder_outputs is not None else None
        told = {"encoder_hidden_states": states, "encoder_attention_mask": attention_mask}
        return self.text_decoder.bert(decoder_input_ids, **told, past_key_values=past_key_values, **options)

    def unembed(self, x):
        return self.text_decoder.cls.predictions(x, None)

    @staticmethod
    def written(loss, logits, cache, image):
        seen = heads.kept(image, "last_hidden_state", "hidden_states", "attentions")
        return ImageToTextOutput(loss, logits, image.last_hidden_state, cache, **seen)


class BlipForConditionalGeneration(Writing):
    """BLIP that captions images (B, C, H, W), or goes on with input_ids (B, T). Labels: (B, T), not shifted, -100 to leave out.

    With past_key_values, from `init_cache`, images are given with the first tokens only.
    """

    prompt_name = "input_ids"

    def __init__(self, c: BlipConfig):
        super().__init__(c)
        self.text_decoder = TextDecoder(c.text)

    def get_input_embeddings(self):
        return self.text_decoder.bert.get_input_embeddings()

    def encode(self, pixel_values, **options):
        """The image, as `see` has it, to which a caption attends."""
        return self.see(pixel_values, **options)

    def begun(self, ids, c):  # the tokenizer's first token is none of BLIP's, and its last one ends a text
        return np.concatenate([np.full((len(ids), 1), self.config.text_config.bos_token_id), ids[:, 1:-1]], 1)

    def forward(self, pixel_values=None, input_ids=None, attention_mask=None, labels=None, past_key_values=None, **options):
        image = BaseModelOutput() if caches.has_crossed(past_key_values) else self.see(pixel_values, **options)
        text = {"encoder_hidden_states": image.last_hidden_state, "past_key_values": past_key_values}
        return self.written(*self.text_decoder(labels, input_ids, attention_mask, **text), image)


class BlipForQuestionAnswering(Writing):
    """BLIP that answers questions about images: input_ids, attention_mask (B, T) and pixel_values (B, C, H, W).

    Labels: (B, T') the answers, not shifted, -100 to leave out; the decoder is shown them unless there are decoder_input_ids.
    What is answered comes token by token: with encoder_outputs, which `encode` returns, or past_key_values, from `init_cache`,
    there are logits. Once a cache has come back, neither question nor image is needed.
    """

    def __init__(self, c: BlipConfig):
        super().__init__(c)
        if c.text.hidden_size != c.text.encoder_hidden_size:
            raise c.error("text_config", "and vision_config must have one hidden_size: answers attend to texts as if to images")
        self.text_encoder = BlipTextModel(c.text, add_pooling_layer=False)
        self.text_decoder = TextDecoder(c.text)

    def get_input_embeddings(self):
        return self.text_encoder.get_input_embeddings()

    def source_names(self):
        return "input_ids", "pixel_values"

    def encode(self, input_ids, pixel_values, attention_mask=None, **options):
        """The question, having seen the image, which can be given back as encoder_outputs."""
        states = self.see(pixel_values, **options).last_hidden_state
        return self.text_encoder(input_ids, attention_mask, encoder_hidden_states=states)

    def forward(
        self,
        input_ids=None,
        pixel_values=None,
        decoder_input_ids=None,
        decoder_attention_mask=None,
        attention_mask=None,
        labels=None,
        encoder_outputs=None,
        past_key_values=None,
        **options,
    ):
        answers = encoder_outputs is not None or past_key_values is not None
        image, question = BaseModelOutput(), encoder_outputs or BaseModelOutput()
        if encoder_outputs is None and not caches.has_crossed(past_key_values):
            image = self.see(pixel_values, **options)
            question = self.text_encoder(input_ids, attention_mask, encoder_hidden_states=image.last_hidden_state)
        states = {"encoder_hidden_states": question.last_hidden_state, "encoder_attention_mask": attention_mask}
        shown = labels if decoder_input_ids is None else decoder_input_ids, decoder_attention_mask
        loss, logits, cache = self.text_decoder(labels, *shown, **states, past_key_values=past_key_values)
        return self.written(loss, logits if answers else None, cache, image)


class BlipForImageTextRetrieval(Whole):
    """BLIP that tells whether a text input_ids (B, T) is about an image (B, C, H, W).

    It says so in two logits (B, 2), no and yes; or, unless use_itm_head, how near each image is to each text, (B, B).
    """

    def __init__(self, c: BlipConfig):
        super().__init__(c)
        text, shared = c.text_config.hidden_size, c.image_text_hidden_size
        self.text_encoder = BlipTextModel(c.text, add_pooling_layer=False)
        self.vision_proj = nn.Linear(c.vision_config.hidden_size, shared)
        self.text_proj = nn.Linear(text, shared)
        self.itm_head = nn.Linear(text, 2)

    def get_input_embeddings(self):
        return self.text_encoder.get_input_embeddings()

    def forward(self, input_ids, pixel_values, use_itm_head=True, attention_mask=None, **options):
        image = self.see(pixel_values, **options)
        states = image.last_hidden_state
        text = self.text_encoder(input_ids, attention_mask, encoder_hidden_states=states if use_itm_head else None)
        text = text.last_hidden_state
        if use_itm_head:
            score = self.itm_head(text[:, 0])  # (B, D) -> (B, 2)
        else:
            images, texts = clip.unit(self.vision_proj(states[:, 0])), clip.unit(self.text_proj(text[:, 0]))
            score = ops.einsum("bp,mp->bm", images, texts)
        seen = heads.kept(image, "last_hidden_state", "hidden_states", "attentions")
        return ImageTextMatchingOutput(score, **seen, question_embeds=text)
