"""CLIP: an encoder of texts and one of images, whose outputs are near where a text describes an image.

Radford and others, arXiv:2103.00020. Checkpoint: openai/clip-vit-base-patch32.
Letters: B batch, T tokens, C channels, H W image size, h w patches along it, D width, N heads, P width that both share,
L labels, M texts.
"""

from trivium.core.errors import InputError
from trivium.core.init import Constant, Normal
from trivium.core.outputs import BaseModelOutputWithPooling, ContrastiveOutput, HeadOutput, ImageEmbedsOutput, TextEmbedsOutput
from trivium.models.clip.config import CLIPConfig, CLIPTextConfig, CLIPVisionConfig

from .. import heads, masks, nn, ops, towers


class TextEmbeddings(nn.Module):
    def __init__(self, c: CLIPTextConfig):
        super().__init__()
        self.token_embedding = nn.Embedding(c.vocab_size, c.hidden_size)
        self.position_embedding = nn.Embedding(c.max_position_embeddings, c.hidden_size)

    def forward(self, input_ids, positions):  # (B, T), (B, T) or None -> (B, T, D)
        if positions is None:
            positions = ops.arange(ops.shape(input_ids)[1], like=input_ids)[None]
        return self.token_embedding(input_ids) + self.position_embedding(positions)


class VisionEmbeddings(nn.Module):
    def __init__(self, c: CLIPVisionConfig):
        super().__init__()
        self.class_embedding = nn.Parameter((c.hidden_size,), Normal(c.hidden_size**-0.5 * c.initializer_factor))
        size = (c.patch_size, c.patch_size)
        self.patch_embedding = nn.Conv2d(c.num_channels, c.hidden_size, kernel_size=size, stride=size, bias=False)
        self.position_embedding = nn.Embedding(c.grid**2 + 1, c.hidden_size)
        self.grid = c.grid

    def forward(self, pixel_values, interpolates):  # (B, C, H, W) -> (B, h w + 1, D)
        x = self.patch_embedding(ops.transpose(pixel_values, (0, 2, 3, 1)))
        batch, h, w, width = ops.shape(x)
        first = ops.broadcast_to(ops.cast_like(self.class_embedding, x), (batch, 1, width))
        x = ops.concat([first, ops.reshape(x, (batch, h * w, width))], 1)
        positions = self.position_embedding(ops.arange(self.grid**2 + 1, like=x))
        if interpolates and (h, w) != (self.grid, self.grid):
            grid = ops.resize_bicubic(ops.reshape(positions[1:], (1, self.grid, self.grid, width)), (h, w))
            positions = ops.concat([positions[:1], ops.reshape(grid, (h * w, width))], 0)
        return x + positions


class TextTransformer(nn.Module):
    def __init__(self, c: CLIPTextConfig):
        super().__init__()
        self.embeddings = TextEmbeddings(c)
        self.encoder = towers.Encoder(c)
        self.final_layer_norm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.end = c.eos_token_id

    def forward(self, input_ids, attention_mask=None, position_ids=None, output_attentions=None, output_hidden_states=None):
        if input_ids is None:
            raise InputError("CLIP's text encoder needs input_ids: it finds the end of each text in them")
        x = self.embeddings(input_ids, position_ids)
        mask = masks.causal(x, attention_mask, None)
        asked = {"output_attentions": output_attentions, "output_hidden_states": output_hidden_states}
        x, kept = self.encoder(x, mask, True, **asked)
        x = self.final_layer_norm(x)
        return BaseModelOutputWithPooling(x, ops.take_rows(x, self.last(input_ids)), **kept)

    def last(self, input_ids):  # (B, T) -> (B,)
        if self.end == 2:  # so say the configs of the first checkpoints, wrongly: the end is the token of the highest number
            return ops.argmax(input_ids, 1)
        return ops.argmax(ops.cast(input_ids == self.end, "int32"), 1)


class VisionTransformer(nn.Module):
    def __init__(self, c: CLIPVisionConfig):
        super().__init__()
        self.embeddings = VisionEmbeddings(c)
        self.pre_layrnorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.encoder = towers.Encoder(c)
        self.post_layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.size = c.image_size

    def forward(self, pixel_values, output_attentions=None, output_hidden_states=None, interpolate_pos_encoding=False):
        towers.check_size(pixel_values, self.size, interpolate_pos_encoding)
        x = self.pre_layrnorm(self.embeddings(pixel_values, interpolate_pos_encoding))
        x, kept = self.encoder(x, output_attentions=output_attentions, output_hidden_states=output_hidden_states)
        return BaseModelOutputWithPooling(x, self.post_layernorm(x[:, 0]), **kept)


class Part(nn.Model):
    """One of the two encoders by itself; its weights' names are those that it has in the whole."""

    body_prefix = "clip"

    def initializer(self, config):
        return Normal(config.initializer_range * config.initializer_factor)

    def project(self, out):
        return out


class CLIPTextModel(Part):
    """CLIP's encoder of texts: input_ids, attention_mask, position_ids (B, T). It pools the token that ends a text."""

    config_class = CLIPTextConfig
    input_embedding = "text_model.embeddings.token_embedding"
    transformer_class = TextTransformer

    def __init__(self, c: CLIPTextConfig):
        super().__init__(c)
        self.text_model = self.transformer_class(c)

    def forward(
        self, input_ids=None, attention_mask=None, position_ids=None, output_attentions=None, output_hidden_states=None
    ):
        asked = output_attentions, output_hidden_states
        return self.project(self.text_model(input_ids, attention_mask, position_ids, *asked))


class CLIPTextModelWithProjection(CLIPTextModel):
    """CLIPTextModel with its text as a vector of the space shared with images."""

    def __init__(self, c: CLIPTextConfig):
        super().__init__(c)
        init = Normal(c.hidden_size**-0.5 * c.initializer_factor)
        self.text_projection = nn.Linear(c.hidden_size, c.projection_dim, bias=False, init=init)

    def project(self, out):
        vector = self.text_projection(out.pooler_output)  # (B, D) -> (B, P)
        return TextEmbedsOutput(vector, out.last_hidden_state, **heads.kept(out, "hidden_states", "attentions"))


class CLIPVisionModel(Part):
    """CLIP's encoder of images, pixel_values (B, C, H, W), of any size where interpolate_pos_encoding."""

    config_class = CLIPVisionConfig
    transformer_class = VisionTransformer

    def __init__(self, c: CLIPVisionConfig):
        super().__init__(c)
        self.vision_model = self.transformer_class(c)

    def input_shapes(self):
        return towers.image_shapes(self.config)

    def forward(self, pixel_values, output_attentions=None, output_hidden_states=None, interpolate_pos_encoding=False):
        asked = output_attentions, output_hidden_states
        return self.project(self.vision_model(pixel_values, *asked, interpolate_pos_encoding))


class CLIPVisionModelWithProjection(CLIPVisionModel):
    """CLIPVisionModel with its image as a vector of the space shared with texts."""

    def __init__(self, c: CLIPVisionConfig):
        super().__init__(c)
        init = Normal(c.hidden_size**-0.5 * c.initializer_factor)
        self.visual_projection = nn.Linear(c.hidden_size, c.projection_dim, bias=False, init=init)

    def project(self, out):
        vector = self.visual_projection(out.pooler_output)  # (B, D) -> (B, P)
        return ImageEmbedsOutput(vector, out.last_hidden_state, **heads.kept(out, "hidden_states", "attentions"))


class Whole(nn.Model):
    """What the classes that have CLIPConfig share."""

    config_class = CLIPConfig
    body_prefix = "clip"

    def initializer(self, config):
        return Normal(config.vision_config.initializer_range * config.initializer_factor)

    def input_shapes(self):
        return towers.image_shapes(self.config.vision_config)

    def asked(self, output_attentions, output_hidden_states):
        c = self.config
        return (
            c.output_attentions if output_attentions is None else output_attentions,
            c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )


class CLIPModel(Whole):
    """Both encoders: input_ids, attention_mask, position_ids (M, T) and pixel_values (B, C, H, W); every text with every image.

    With return_loss text i describes image i, and M = B.
    """

    input_embedding = "text_model.embeddings.token_embedding"

    def __init__(self, c: CLIPConfig):
        super().__init__(c)
        text, vision, factor = c.text_config, c.vision_config, c.initializer_factor
        self.logit_scale = nn.Parameter((), Constant(c.logit_scale_init_value))
        self.text_model = TextTransformer(text)
        self.vision_model = VisionTransformer(vision)
        inits = Normal(vision.hidden_size**-0.5 * factor), Normal(text.hidden_size**-0.5 * factor)
        self.visual_projection = nn.Linear(vision.hidden_size, c.projection_dim, bias=False, init=inits[0])
        self.text_projection = nn.Linear(text.hidden_size, c.projection_dim, bias=False, init=inits[1])

    def input_shapes(self):
        tokens = (None, None), "int32"
        return {"input_ids": tokens} | super().input_shapes() | {"attention_mask": tokens}

    def get_text_features(self, input_ids, attention_mask=None, position_ids=None):
        """Texts (M, T) as vectors (M, P)."""
        return self.project_text(self.text_model(input_ids, attention_mask, position_ids).pooler_output)

    def get_image_features(self, pixel_values, interpolate_pos_encoding=False):
        """Images (B, C, H, W) as vectors (B, P)."""
        out = self.vision_model(pixel_values, interpolate_pos_encoding=interpolate_pos_encoding)
        return self.project_image(out.pooler_output)

    def forward(
        self,
        input_ids=None,
        pixel_values=None,
        attention_mask=None,
        position_ids=None,
        return_loss=None,
        output_attentions=None,
        output_hidden_states=None,
        interpolate_pos_encoding=False,
    ):
        asked = self.asked(output_attentions, output_hidden_states)
        image = self.vision_model(pixel_values, *asked, interpolate_pos_encoding)
        text = self.text_model(
            input_ids, attention_mask, position_ids, output_attentions=asked[0], output_hidden_states=asked[1]
        )
        images = unit(self.project_image(image.pooler_output))  # (B, P)
        texts = unit(self.project_text(text.pooler_output))  # (M, P)
        logits = self.compare(texts, images)  # (M, B)
        loss = self.loss_of(logits) if return_loss else None
        return ContrastiveOutput(loss, ops.transpose(logits, (1, 0)), logits, texts, images, text, image)

    def project_text(self, x):  # (M, D) -> (M, P)
        return self.text_projection(x)

    def project_image(self, x):  # (B, D) -> (B, P)
        return self.visual_projection(x)

    def compare(self, texts, images):  # (M, P), (B, P) -> (M, B)
        return ops.einsum("mp,bp->mb", texts, images) * ops.exp(ops.cast_like(self.logit_scale, texts))

    def loss_of(self, logits):  # (B, B) -> (): each text chooses its image, and each image its text
        labels = ops.arange(ops.shape(logits)[0], like=logits)
        return (ops.cross_entropy(logits, labels) + ops.cross_entropy(ops.transpose(logits, (1, 0)), labels)) / 2


def unit(x):
    """Vectors (B, P) at length one."""
    return x / ops.sqrt(ops.einsum("bp,bp->b", x, x))[:, None]


class CLIPForImageClassification(Whole):
    """CLIP's encoder of images that classifies one by the mean of its patches. Labels: as for `classification_loss`."""

    optional = ("classifier",)
    transformer_class = VisionTransformer

    def __init__(self, c: CLIPConfig):
        super().__init__(c)
        self.vision_model = self.transformer_class(c.vision_config)
        init = Normal(c.vision_config.hidden_size**-0.5 * c.initializer_factor)
        self.classifier = nn.Linear(c.vision_config.hidden_size, c.num_labels, init=init)

    def forward(self, pixel_values, labels=None, output_attentions=None, output_hidden_states=None):
        return self.classify(self.vision_model(pixel_values, *self.asked(output_attentions, output_hidden_states)), labels)

    def classify(self, out, labels):
        logits = self.classifier(ops.mean(self.patches(out.last_hidden_state), 1))  # (B, T, D) -> (B, L)
        loss = heads.classification_loss(logits, labels, self.config)
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))

    def patches(self, x):  # (B, T, D) -> (B, h w, D)
        return x[:, 1:]
