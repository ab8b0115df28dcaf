"""DETR: finds the objects in an image, all at once: a decoder's queries each name one, or none.

Carion and others, arXiv:2005.12872. Checkpoint: facebook/detr-resnet-50.
Letters: B batch, C channels, H W image size, h w places of a map of features, P = h w places, D width, N heads, Q queries,
S keys, L labels.
"""

from trivium.core.init import Normal
from trivium.core.outputs import BaseModelOutput, DetectionModelOutput, DetectionOutput, InstanceSegmentationOutput
from trivium.models.detr.config import RESNETS
from trivium.models.detr.config import DetrConfig as Config

from .. import chance, detection_losses, detectors, encoder_decoders, frozen_resnets, heads, images, masks, multihead, nn, ops


class ConvEncoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        if c.use_timm_backbone:
            self.model = frozen_resnets.TimmResNet(*RESNETS[c.backbone], c.num_channels, c.output_stride)
        else:
            self.model = frozen_resnets.FrozenBackbone(c.resnet)

    def forward(self, x):  # (B, H, W, C) -> tuple of (B, h, w, D)
        return self.model.features(x)


class ConvModel(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.conv_encoder = ConvEncoder(c)
        self.position_embedding = detectors.LearnedPositions(c) if c.learns_positions else detectors.SinePositions(c)


class Attention(nn.Module):
    def __init__(self, c: Config, n: int):
        super().__init__()
        self.k_proj = nn.Linear(c.d_model, c.d_model)
        self.v_proj = nn.Linear(c.d_model, c.d_model)
        self.q_proj = nn.Linear(c.d_model, c.d_model)
        self.out_proj = nn.Linear(c.d_model, c.d_model)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.scale = n, (c.d_model // n) ** -0.5

    def forward(self, x, places, source, source_places, mask, attentions):  # (B, Q, D) and where, (B, S, D) and where
        q, k, v = self.q_proj(x + places), self.k_proj(source + source_places), self.v_proj(source)
        q, k, v = (multihead.split(y, self.heads) for y in (q, k, v))
        x, weights = ops.attention(q, k, v, mask, scale=self.scale, dropout=self.dropout, weights=attentions)
        return self.out_proj(multihead.merge(x)), weights


class Layer(nn.Module):
    """What a layer of the encoder and one of the decoder have in common."""

    def __init__(self, c: Config, n: int, inner: int, drop: float):
        super().__init__()
        self.self_attn = Attention(c, n)
        self.self_attn_layer_norm = nn.LayerNorm(c.d_model, eps=1e-5)
        self.fc1 = nn.Linear(c.d_model, inner)
        self.fc2 = nn.Linear(inner, c.d_model)
        self.final_layer_norm = nn.LayerNorm(c.d_model, eps=1e-5)
        self.dropout, self.inner_dropout = nn.Dropout(c.dropout), nn.Dropout(c.activation_dropout)
        self.activation = ops.activation(c.activation_function)
        self.layerdrop = chance.LayerDrop(drop)

    def feed(self, x):  # (B, Q, D) -> (B, Q, D)
        y = self.fc2(self.inner_dropout(self.activation(self.fc1(x))))
        return self.final_layer_norm(x + self.dropout(y))


class EncoderLayer(Layer):
    def __init__(self, c: Config):
        super().__init__(c, c.encoder_attention_heads, c.encoder_ffn_dim, c.encoder_layerdrop)

    def forward(self, x, places, mask, cache=None, attentions=False):  # (B, P, D), (B or 1, P, D) -> (B, P, D)
        y, weights = self.self_attn(x, places, x, places, mask, attentions)
        return self.layerdrop(x, self.feed(self.self_attn_layer_norm(x + self.dropout(y)))), {"attentions": weights}


class DecoderLayer(Layer):
    def __init__(self, c: Config):
        super().__init__(c, c.decoder_attention_heads, c.decoder_ffn_dim, c.decoder_layerdrop)
        self.encoder_attn = Attention(c, c.decoder_attention_heads)
        self.encoder_attn_layer_norm = nn.LayerNorm(c.d_model, eps=1e-5)

    def forward(self, x, queries, encoded, places, mask, norm, cache=None, attentions=False):  # (B, Q, D) -> (B, Q, D)
        given = x
        y, weights = self.self_attn(x, queries, x, queries, None, attentions)
        x = self.self_attn_layer_norm(x + self.dropout(y))
        y, cross_weights = self.encoder_attn(x, queries, encoded, places, mask, attentions)
        x = self.feed(self.encoder_attn_layer_norm(x + self.dropout(y)))
        x = self.layerdrop(given, x if norm is None else norm(x))  # Transformers hands the normed on to the next layer, too
        # of a layer that is dropped Transformers keeps nothing, so that there are fewer
        kept = {"attentions": weights, "cross_attentions": cross_weights, "intermediate": None if norm is None else x}
        return x, kept


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layers = nn.Layers(EncoderLayer(c) for _ in range(c.encoder_layers))
        self.dropout = nn.Dropout(c.dropout)

    def forward(self, x, *shared, **options):  # (B, P, D) -> (B, P, D)
        return self.layers(self.dropout(x), *shared, **options)


class Decoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layers = nn.Layers(DecoderLayer(c) for _ in range(c.decoder_layers))
        self.layernorm = nn.LayerNorm(c.d_model, eps=1e-5)
        self.keeps = c.auxiliary_loss

    def forward(self, queries, *shared, **options):  # (B, Q, D) -> (B, Q, D)
        x, kept = self.layers(queries * 0, queries, *shared, self.layernorm if self.keeps else None, **options)
        x = self.layernorm(x)
        if kept["hidden_states"] is not None:
            kept["hidden_states"] = (*kept["hidden_states"][:-1], x)
        return x, kept


class DetrModel(nn.Model):
    """DETR without a head.

    Inputs: pixel_values (B, C, H, W), normalised, and pixel_mask (B, H, W), 0 for padding; encoder_outputs, of another call.
    """

    config_class = Config
    body_prefix = "model"

    def __init__(self, c: Config):
        super().__init__(c)
        self.backbone = ConvModel(c)
        self.input_projection = nn.Conv2d(self.backbone.conv_encoder.model.widths[-1], c.d_model, kernel_size=(1, 1))
        self.query_position_embeddings = nn.Embedding(c.num_queries, c.d_model)
        self.encoder, self.decoder = Encoder(c), Decoder(c)

    def initializer(self, config):
        return Normal(config.init_std)

    def input_shapes(self):
        shape = None, None, None
        return {"pixel_values": ((None, self.config.num_channels, *shape[1:]), "float32"), "pixel_mask": (shape, "int32")}

    def look(self, pixel_values, pixel_mask):
        """What the encoder is shown."""
        x = images.enter(pixel_values, self.config.num_channels)
        maps = self.backbone.conv_encoder(x)
        x = self.input_projection(maps[-1])  # (B, h, w, D)
        if pixel_mask is None:
            pixel_mask = pixel_values[:, 0] * 0 + 1
        mask = ops.cast(pixel_mask, "float32")[..., None]
        visible = ops.cast(images.nearest(mask, ops.shape(x)[1:3])[..., 0], "bool")  # (B, h, w)
        places = ops.cast_like(self.backbone.position_embedding(visible), x)
        return detectors.Seen(maps, images.tokens(x), images.tokens(places), visible)

    def forward(self, pixel_values, pixel_mask=None, encoder_outputs=None, output_attentions=None, output_hidden_states=None):
        return self.attend(self.look(pixel_values, pixel_mask), encoder_outputs, output_attentions, output_hidden_states)

    def attend(self, seen, encoder_outputs, output_attentions, output_hidden_states):
        """The output for what `look` returned."""
        c = self.config
        asked = heads.asked(c, output_attentions, output_hidden_states)
        batch, h, w = ops.shape(seen.visible)
        mask = masks.padding(ops.reshape(seen.visible, (batch, h * w)))
        if encoder_outputs is None:
            x, kept = self.encoder(seen.x, seen.places, mask, **asked)
            encoder_outputs = BaseModelOutput(x, **kept)
        encoded = encoder_decoders.as_output(encoder_outputs)
        queries = self.query_position_embeddings(ops.arange(c.num_queries, like=seen.x))
        queries = ops.broadcast_to(queries[None], (batch, c.num_queries, c.d_model))
        x, kept = self.decoder(queries, encoded.last_hidden_state, seen.places, mask, **asked)
        between = kept["intermediate"]
        return DetectionModelOutput(
            x,
            decoder_hidden_states=kept["hidden_states"],
            decoder_attentions=kept["attentions"],
            cross_attentions=kept["cross_attentions"],
            encoder_last_hidden_state=encoded.last_hidden_state,
            encoder_hidden_states=encoded.hidden_states,
            encoder_attentions=encoded.attentions,
            intermediate_hidden_states=None if between is None else ops.concat([y[None] for y in between], 0),
        )


def kept(out):
    return heads.kept_of_both(out) | {"last_hidden_state": out.last_hidden_state}


class DetrForObjectDetection(heads.Head, body=DetrModel):
    """DETR that finds objects: of each query the logits (B, Q, L + 1), the last for none, and the box (B, Q, 4).

    A box is the middle and the size, across and down, as parts of the image's. Labels: a dict for each image, with class_labels
    (n,) and boxes (n, 4); a class below 0 is no object. Their sizes have to be known when a framework compiles.
    """

    optional = ("class_labels_classifier", "bbox_predictor")

    def __init__(self, c: Config):
        super().__init__(c)
        self.class_labels_classifier = nn.Linear(c.d_model, c.num_labels + 1)
        self.bbox_predictor = detectors.Boxes(c)

    def forward(self, *inputs, labels=None, **options):
        out = self.body(*inputs, **options)
        logits, boxes = self.judge(out.last_hidden_state)
        learnt = self.learn(out, labels, logits, boxes)
        return DetectionOutput(logits=logits, pred_boxes=boxes, **learnt, **kept(out))

    def judge(self, x):  # (..., D) -> (..., L + 1), (..., 4)
        return self.class_labels_classifier(x), self.bbox_predictor(x)

    def learn(self, out, labels, logits, boxes, masks=None):
        """The loss and its parts, if there are labels."""
        if labels is None:
            return {}
        between = out.intermediate_hidden_states
        auxiliary = [] if between is None else [self.judge(between[i]) for i in range(self.config.decoder_layers - 1)]
        loss, losses = detection_losses.detection_loss(self.config, labels, logits, boxes, masks, auxiliary)
        earlier = tuple({"logits": own_logits, "pred_boxes": own_boxes} for own_logits, own_boxes in auxiliary)
        return {"loss": loss, "loss_dict": losses, "auxiliary_outputs": None if between is None else earlier}


class DetrForSegmentation(heads.Head, body=DetrForObjectDetection, prefix="detr"):
    """DETR that also paints a mask (B, Q, h, w) for each query. The backbone has to hand over four stages' maps of features.

    Labels: as for DetrForObjectDetection, and the masks (n, H, W) of the objects, of the images' size.
    """

    optional = ("mask_head", "bbox_attention")

    def __init__(self, c: Config):
        super().__init__(c)
        widths = self.detr.model.backbone.conv_encoder.model.widths
        if len(widths) != 4:
            raise c.error("backbone_config", f"hands over {len(widths)} maps of features; masks need 4, of stages 1 to 4")
        self.mask_head = detectors.MaskHead(c, widths[:3])
        self.bbox_attention = detectors.AttentionMap(c)

    def forward(
        self,
        pixel_values,
        pixel_mask=None,
        encoder_outputs=None,
        labels=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        seen = self.detr.model.look(pixel_values, pixel_mask)
        out = self.detr.model.attend(seen, encoder_outputs, output_attentions, output_hidden_states)
        x = out.last_hidden_state
        logits, boxes = self.detr.judge(x)
        weights = self.bbox_attention(x, out.encoder_last_hidden_state, seen.visible)
        projected = ops.reshape(seen.x, (*ops.shape(seen.visible), self.config.d_model))
        masks = self.mask_head(projected, weights, seen.maps[:3])
        learnt = self.detr.learn(out, labels, logits, boxes, masks)
        return InstanceSegmentationOutput(logits=logits, pred_boxes=boxes, pred_masks=masks, **learnt, **kept(out))
