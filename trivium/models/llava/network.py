"""LLaVA: a decoder of text that also reads images, whose patches an encoder and two layers turn into tokens.

Liu and others, arXiv:2304.08485, arXiv:2310.03744. Checkpoint: llava-hf/llava-1.5-7b-hf.
Letters: B batch, T tokens, D width, V vocabulary, P images, C channels, H W image size, S tokens of an image, E their width.
"""

from trivium.core.init import Normal
from trivium.core.outputs import ImagesInTextHeadOutput, ImagesInTextModelOutput
from trivium.models.llava.config import LlavaConfig as Config

from .. import composites, heads, nn, ops


class Projector(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width, bias = c.text_config.hidden_size, c.multimodal_projector_bias
        self.linear_1 = nn.Linear(len(c.feature_layers) * c.vision_config.hidden_size, width, bias=bias)
        self.linear_2 = nn.Linear(width, width, bias=bias)
        self.activation = ops.activation(c.projector_hidden_act)

    def forward(self, x):  # (P, S, E) -> (P, S, D)
        return self.linear_2(self.activation(self.linear_1(x)))


class LlavaModel(nn.Model):
    """LLaVA without a head. Its two parts are of the architectures that their configs name.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D), attention_mask, position_ids and past_key_values as the decoder has
    them, and pixel_values (P, C, H, W), whose tokens stand, in order, where input_ids are image_token_index. If there are more
    or fewer such places, what comes out is NaN. While decoding with a cache, images are given with the first tokens only.
    """

    config_class = Config
    body_prefix = "model"

    def __init__(self, c: Config):
        super().__init__(c)
        self.vision_tower = composites.network(c.vision_config)(c.vision_config)
        self.multi_modal_projector = Projector(c)
        self.language_model = composites.network(c.text_config)(c.text_config)
        self.input_embedding = f"language_model.{self.language_model.input_embedding}"

    def initializer(self, config):
        return Normal(config.text_config.initializer_range)

    def input_shapes(self):
        tokens = (None, None), "int32"
        return {"input_ids": tokens} | self.vision_tower.input_shapes() | {"attention_mask": tokens}

    def init_cache(self, batch_size, max_length):
        """An empty past_key_values with room for `max_length` tokens."""
        return self.language_model.init_cache(batch_size, max_length)

    def get_image_features(self, pixel_values):
        """Images (P, C, H, W) as tokens (P, S, D)."""
        c = self.config
        seen = self.vision_tower(pixel_values, output_hidden_states=True).hidden_states
        return self.multi_modal_projector(ops.concat([seen[layer][:, c.features] for layer in c.feature_layers], -1))

    def embed(self, input_ids, pixel_values, images=None):
        """Tokens (B, T) with the first `images` of (P, C, H, W) where they have places for them, embedded: (B, T, D)."""
        x = self.get_input_embeddings()(input_ids)
        return merge(x, input_ids == self.config.image_token_index, self.get_image_features(pixel_values), images)

    def forward(
        self,
        input_ids=None,
        pixel_values=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        embedding, features = self.get_input_embeddings(), None
        x = heads.embed(embedding, input_ids, inputs_embeds)
        if pixel_values is not None:
            features = self.get_image_features(pixel_values)
            if input_ids is None:
                image = embedding(ops.arange(1, like=x) + c.image_token_index)
                places = ops.max(ops.cast(x != image, "int32"), -1) == 0
            else:
                places = input_ids == c.image_token_index
            x = merge(x, places, features)
        out = self.language_model(
            inputs_embeds=x,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            output_attentions=c.output_attentions if output_attentions is None else output_attentions,
            output_hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        kept = heads.kept(out, "past_key_values", "hidden_states", "attentions")
        return ImagesInTextModelOutput(out.last_hidden_state, **kept, image_hidden_states=features)


def merge(x, places, features, images=None):  # (B, T, D), (B, T), (P, S, D), () -> (B, T, D)
    """x with the features of all images, or the first, in order, in its places; NaN there if there are more or fewer."""
    count, each = ops.shape(features)[:2]
    features = ops.reshape(ops.cast_like(features, x), (-1, ops.shape(x)[-1]))
    batch, tokens = ops.shape(places)
    total = (count if images is None else images) * each
    counted = ops.reshape(ops.cumsum(ops.reshape(ops.cast(places, "int32"), (-1,)), 0), (batch, tokens))
    chosen = ops.take(features, ops.minimum(ops.maximum(counted - 1, 0), total - 1))
    zero = ops.zeros((1,), like=x)
    return ops.where(places[..., None], chosen + ops.where(counted[-1, -1] == total, zero, zero + float("nan")), x)


class LlavaForConditionalGeneration(heads.Generates, heads.Head, body=LlavaModel):
    """LLaVA that predicts the next token. Labels: (B, T), not shifted, -100 where there is nothing to predict."""

    optional = ("lm_head",)

    def __init__(self, c: Config):
        super().__init__(c)
        text = c.text_config
        self.lm_head = nn.Unembedding(text.hidden_size, text.vocab_size, tied=text.tie_word_embeddings)

    def ties(self):
        tied = self.config.text_config.tie_word_embeddings
        return {"lm_head.weight": f"model.{self.get_body().input_embedding}.weight"} if tied else {}

    def get_image_features(self, pixel_values):
        """As the body's."""
        return self.get_body().get_image_features(pixel_values)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.lm_head(x, self.get_input_embeddings())

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = self.unembed(out.last_hidden_state)
        kept = heads.kept(out, "past_key_values", "hidden_states", "attentions", "image_hidden_states")
        return ImagesInTextHeadOutput(heads.next_token_loss(logits, labels), logits, **kept)
