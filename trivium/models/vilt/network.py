"""ViLT: one transformer for a text and an image, which is cut into patches with no network before.

Kim and others, arXiv:2102.03334. Checkpoint: dandelin/vilt-b32-finetuned-vqa. Its layers are ViT's, its words BERT's.
Letters: B batch, T tokens, C channels, H W image size, h w patches along it, P = h w patches, S of them chosen, G patches along
a side of the table of positions, D width, V vocabulary, L labels, M images.
"""

from trivium.core.errors import InputError
from trivium.core.init import ZEROS
from trivium.core.outputs import BaseModelOutputWithPooling, HeadOutput
from trivium.models.vilt.config import ViltConfig as Config

from .. import heads, images, masks, nn, ops
from ..bert import network as bert
from ..vit import network as vit


class PatchEmbeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        size = (c.patch_size, c.patch_size)
        self.projection = nn.Conv2d(c.num_channels, c.hidden_size, kernel_size=size, stride=size)

    def forward(self, x):  # (B, H, W, C) -> (B, h, w, D)
        return self.projection(x)


class Embeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.text_embeddings = bert.Embeddings(c, c.hidden_size)
        self.cls_token = nn.Parameter((1, 1, c.hidden_size), ZEROS)
        self.patch_embeddings = PatchEmbeddings(c)
        self.position_embeddings = nn.Parameter((1, c.grid**2 + 1, c.hidden_size), ZEROS)
        self.token_type_embeddings = nn.Embedding(c.modality_type_vocab_size, c.hidden_size)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)
        self.channels, self.grid, self.limit = c.num_channels, c.grid, c.max_image_length

    def read(self, input_ids, inputs_embeds, token_types):  # (B, T) or (B, T, D) -> (B, T, D)
        x = heads.embed(self.text_embeddings.word_embeddings, input_ids, inputs_embeds)
        positions = ops.arange(ops.shape(x)[1], like=x)[None]
        return self.text_embeddings(x, positions * 0 if token_types is None else token_types, positions)

    def look(self, pixel_values, pixel_mask):  # (B, C, H, W), (B, H, W) or None -> (B, S + 1, D), (B, S + 1)
        x = self.patch_embeddings(images.enter(pixel_values, self.channels))
        batch, h, w, width = ops.shape(x)
        visible = ops.cast(x[..., 0] * 0 + 1, "int32")  # (B, h, w)
        if pixel_mask is not None:
            visible = ops.cast(images.nearest(ops.cast(pixel_mask, "int32")[..., None], (h, w))[..., 0], "int32")
        x, places = images.tokens(x), images.tokens(self.places(visible, x))
        x, visible = self.choose(x + places, ops.reshape(visible, (batch, h * w)))
        first = ops.cast_like(self.cls_token + self.position_embeddings[:, :1], x)
        x = ops.concat([ops.broadcast_to(first, (batch, 1, width)), x], 1)
        return self.dropout(x), ops.concat([visible[:, :1] * 0 + 1, visible], 1)

    def places(self, visible, x):  # (B, h, w), ... -> (B, h, w, D)
        """The table of positions, stretched over what is visible of each image, corner to corner."""
        table = ops.reshape(self.position_embeddings[:, 1:], (self.grid, self.grid, -1))
        down, across = self.stretch(visible[:, :, 0], x), self.stretch(visible[:, 0], x)
        return ops.einsum("big,bjk,gkd->bijd", down, across, ops.cast_like(table, x))

    def stretch(self, visible, x):  # (B, h), ... -> (B, h, G), how much of each place in the table goes to each patch
        count = ops.cumsum(visible, 1)[:, -1:]
        steps = ops.cast(ops.maximum(count - 1, 1), "float32")
        index = ops.arange(ops.shape(visible)[1], like=x)[None]
        at = ops.cast(index, "float32") * (self.grid - 1) / steps  # (B, h)
        shares = ops.relu(1.0 - abs(at[..., None] - ops.cast(ops.arange(self.grid, like=x), "float32")))
        return ops.cast_like(ops.where((index < count)[..., None], shares, shares * 0), x)

    def choose(self, x, visible):  # (B, P, D), (B, P) -> (B, S, D), (B, S)
        """The visible patches first; of more than the limit, as many at even distances.

        Transformers draws them and their order at random, and leaves out what is hidden in every image of a batch.
        """
        patches = ops.shape(visible)[1]
        count = ops.cumsum(visible, 1)[:, -1:]
        order = ops.argsort(1 - visible, 1)
        if self.limit >= 0:
            limit = min(self.limit, patches) if isinstance(patches, int) else ops.minimum(patches, self.limit)
            index = ops.arange(limit, like=x)[None]
            order = ops.take_along(order, ops.where(count > limit, index * count // limit, index + count * 0), 1)
        rows = ops.broadcast_to(order[..., None], (*ops.shape(order), ops.shape(x)[-1]))
        return ops.take_along(x, rows, 1), ops.take_along(visible, order, 1)

    def forward(self, text, image, kind):  # (B, T, D), (B, S + 1, D), the kind of image -> (B, T + S + 1, D)
        kinds = self.token_type_embeddings(ops.arange(kind + 1, like=text))
        return ops.concat([text + kinds[0], image + kinds[kind]], 1)


class ViltModel(nn.Model):
    """ViLT without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D), attention_mask and token_type_ids (B, T); pixel_values (B, C, H, W)
    with pixel_mask (B, H, W), 0 for padding, which is below and on the right; or image_embeds (B, S, D), with pixel_mask
    (B, S). image_token_type_idx says which of several images it is, from 1. The output has the text's tokens, then one for
    the image, then its patches, those that padding hides last.
    """

    config_class = Config
    body_prefix = "vilt"
    input_embedding = "embeddings.text_embeddings.word_embeddings"
    optional = ("pooler",)

    def __init__(self, c: Config, add_pooling_layer: bool = True):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = vit.Encoder(c)
        self.layernorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        if add_pooling_layer:
            self.pooler = bert.Pooler(c)
        self.pools = add_pooling_layer

    def input_shapes(self):
        tokens, c = ((None, None), "int32"), self.config
        return {"input_ids": tokens, "pixel_values": ((None, c.num_channels, None, None), "float32"), "attention_mask": tokens}

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        token_type_ids=None,
        pixel_values=None,
        pixel_mask=None,
        inputs_embeds=None,
        image_embeds=None,
        image_token_type_idx=1,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        if (pixel_values is None) == (image_embeds is None):
            raise InputError("give either pixel_values or image_embeds" + ("" if image_embeds is None else ", not both"))
        text = self.embeddings.read(input_ids, inputs_embeds, token_type_ids)
        if image_embeds is None:
            image, visible = self.embeddings.look(pixel_values, pixel_mask)
        else:
            image = image_embeds
            visible = ops.cast(image[..., 0] * 0 + 1 if pixel_mask is None else pixel_mask, "int32")
        read = ops.cast(text[..., 0] * 0 + 1 if attention_mask is None else attention_mask, "int32")
        x, kept = self.encoder(
            self.embeddings(text, image, image_token_type_idx),
            masks.padding(ops.concat([read, visible], 1)),
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        x = self.layernorm(x)
        return BaseModelOutputWithPooling(x, self.pooler(x) if self.pools else None, **kept)


def of_text(x, input_ids, inputs_embeds):  # (B, T + S + 1, D), (B, T) or None, (B, T, D) or None -> (B, T, D)
    """What came out for the tokens of the text."""
    return x[:, : ops.shape(inputs_embeds if input_ids is None else input_ids)[1]]


class ViltForMaskedLM(heads.Head, body=ViltModel):
    """ViLT that predicts masked tokens of the text. Labels: (B, T), -100 where there is nothing to predict."""

    optional = ("mlm_score",)
    output_embedding = "mlm_score.decoder"
    other_ties = {"mlm_score.decoder.bias": "mlm_score.bias"}

    def __init__(self, c: Config):
        super().__init__(c)
        self.mlm_score = bert.Predictions(c, c.hidden_size)

    def forward(self, input_ids=None, *inputs, inputs_embeds=None, labels=None, **options):
        out = self.body(input_ids, *inputs, inputs_embeds=inputs_embeds, **options)
        x = of_text(out.last_hidden_state, input_ids, inputs_embeds)
        logits = self.mlm_score(x, self.get_input_embeddings())  # (B, T, D) -> (B, T, V)
        return HeadOutput(heads.token_loss(logits, labels), logits, **heads.kept(out, "hidden_states", "attentions"))


def classifier(inputs: int, width: int, c: Config):
    """Two layers with a norm between: (B, inputs) -> (B, L)."""
    norm = nn.LayerNorm(width, eps=1e-5)
    return nn.Layers([nn.Linear(inputs, width), norm, images.Activation("gelu"), nn.Linear(width, c.num_labels)])


def apply(layers, x):
    for layer in layers:
        x = layer(x)
    return x


class ViltForQuestionAnswering(heads.Head, body=ViltModel):
    """ViLT that answers a question about an image. Labels: (B, L), how right each answer is, from 0 to 1."""

    optional = ("classifier",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.classifier = classifier(c.hidden_size, 2 * c.hidden_size, c)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits = apply(self.classifier, out.pooler_output)  # (B, D) -> (B, L)
        loss = None
        if labels is not None:
            loss = ops.binary_cross_entropy(logits, ops.cast_like(labels, logits)) * self.config.num_labels
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))


class ViltForImageAndTextRetrieval(heads.Head, body=ViltModel):
    """ViLT that says how well a text fits an image, (B, 1). It takes no labels, as in Transformers."""

    optional = ("rank_output",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.rank_output = nn.Linear(c.hidden_size, 1)

    def forward(self, *inputs, labels=None, **options):
        if labels is not None:
            why = "ViLT's retrieval has no loss of its own"
            raise InputError(why, key="labels", hint="compare the logits of texts and images that fit with those of others")
        out = self.body(*inputs, **options)
        logits = self.rank_output(out.pooler_output)  # (B, D) -> (B, 1)
        return HeadOutput(None, logits, **heads.kept(out, "hidden_states", "attentions"))


class ViltForImagesAndTextClassification(heads.Head, body=ViltModel):
    """ViLT that judges a text about M images, pixel_values (B, M, C, H, W), each seen by itself. Labels: (B,).

    pixel_mask is (B, M, H, W), image_embeds (B, M, S, D); hidden_states and attentions are one tuple for each image.
    """

    optional = ("classifier",)

    def __init__(self, c: Config):
        super().__init__(c)
        if c.num_images < 1:
            raise c.error("num_images", f"= {c.num_images}, but it has to say how many images are compared")
        width = c.hidden_size * c.num_images
        self.classifier = classifier(width, width, c)

    def input_shapes(self):
        shapes, m = super().input_shapes(), self.config.num_images
        (batch, *image), dtype = shapes["pixel_values"]
        return shapes | {"pixel_values": ((batch, m, *image), dtype)}

    def forward(self, *inputs, pixel_values=None, pixel_mask=None, image_embeds=None, labels=None, **options):
        c, given = self.config, {"pixel_values": pixel_values, "pixel_mask": pixel_mask, "image_embeds": image_embeds}
        given = {name: value for name, value in given.items() if value is not None}
        for name, value in given.items():
            if isinstance(ops.shape(value)[1], int) and ops.shape(value)[1] != c.num_images:
                raise InputError(f"{name} is of {ops.shape(value)[1]} images; the config says {c.num_images}", key=name)
        outs = [
            self.body(*inputs, **{name: x[:, i] for name, x in given.items()}, image_token_type_idx=i + 1, **options)
            for i in range(c.num_images)
        ]
        logits = apply(self.classifier, ops.concat([out.pooler_output for out in outs], -1))  # (B, M D) -> (B, L)
        loss = None if labels is None else ops.cross_entropy(logits, ops.reshape(labels, (-1,)))
        kept = {
            name: None if getattr(outs[0], name) is None else tuple(getattr(out, name) for out in outs)
            for name in ("hidden_states", "attentions")
        }
        return HeadOutput(loss, logits, **kept)


class ViltForTokenClassification(heads.Head, body=ViltModel):
    """ViLT that classifies each token of the text. Labels: (B, T), -100 where there is none."""

    body_options = {"add_pooling_layer": False}
    optional = ("classifier",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)
        self.classifier = nn.Linear(c.hidden_size, c.num_labels)

    def forward(self, input_ids=None, *inputs, inputs_embeds=None, labels=None, **options):
        out = self.body(input_ids, *inputs, inputs_embeds=inputs_embeds, **options)
        x = of_text(out.last_hidden_state, input_ids, inputs_embeds)
        logits = self.classifier(self.dropout(x))  # (B, T, D) -> (B, T, L)
        return HeadOutput(heads.token_loss(logits, labels), logits, **heads.kept(out, "hidden_states", "attentions"))
