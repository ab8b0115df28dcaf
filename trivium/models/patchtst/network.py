"""PatchTST: a transformer whose tokens are patches of time series, each channel by itself.

Nie and others, arXiv:2211.14730. Checkpoint: namctin/patchtst_etth1_forecast.
Letters: B batch, T points in time, C channels, P patches, one more with a first token, L points of a patch, D width,
F points to forecast, K targets.
"""

from trivium.core import outputs
from trivium.core.init import CentredSinusoids, Normal
from trivium.models.patchtst.config import PatchTSTConfig as Config

from .. import distributions, heads, images, multihead, nn, ops, series


class Positions(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        shape = (c.num_patches + c.use_cls_token, c.d_model)
        if c.use_cls_token:
            self.cls_token = nn.Parameter((1, 1, 1, c.d_model), Normal(0.02))
        learnt = c.positional_encoding_type == "random"
        self.position_enc = nn.Parameter(shape, Normal(0.1)) if learnt else nn.Buffer(shape, CentredSinusoids())
        self.dropout = nn.Dropout(c.positional_dropout)
        self.has_first = c.use_cls_token

    def forward(self, x):  # (B, C, P', D) -> (B, C, P, D)
        positions = ops.cast_like(self.position_enc, x)
        if not self.has_first:
            return self.dropout(x + positions)
        batch, channels, _, width = ops.shape(x)
        first = ops.cast_like(self.cls_token, x) + positions[:1]
        return ops.concat([ops.broadcast_to(first, (batch, channels, 1, width)), self.dropout(x + positions[1:])], 2)


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.k_proj = nn.Linear(c.d_model, c.d_model)
        self.v_proj = nn.Linear(c.d_model, c.d_model)
        self.q_proj = nn.Linear(c.d_model, c.d_model)
        self.out_proj = nn.Linear(c.d_model, c.d_model)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.scale = c.num_attention_heads, (c.d_model // c.num_attention_heads) ** -0.5

    def forward(self, x, attentions):  # (B, C, P, D) -> (B, C, P, D), weights; among the P of each C
        shape = ops.shape(x)
        x = ops.reshape(x, (-1, *shape[2:]))
        q, k, v = (multihead.split(project(x), self.heads) for project in (self.q_proj, self.k_proj, self.v_proj))
        x, weights = ops.attention(q, k, v, scale=self.scale, dropout=self.dropout, weights=attentions)
        return ops.reshape(self.out_proj(multihead.merge(x)), shape), weights


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.self_attn = Attention(c)
        self.norm_sublayer1 = self.make_norm(c)
        if c.channel_attention:
            self.norm_sublayer2 = self.make_norm(c)
        inner, outer = nn.Linear(c.d_model, c.ffn_dim, bias=c.bias), nn.Linear(c.ffn_dim, c.d_model, bias=c.bias)
        self.ff = nn.Layers([inner, images.Activation(c.activation_function), nn.Dropout(c.ff_dropout), outer])
        self.norm_sublayer3 = self.make_norm(c)
        self.dropout = nn.Dropout(c.path_dropout)
        self.mixes, self.norm_first = c.channel_attention, c.pre_norm

    @staticmethod
    def make_norm(c: Config):
        return series.BatchNorm(c) if c.norm_type == "batchnorm" else nn.LayerNorm(c.d_model, eps=c.norm_eps)

    def forward(self, x, cache=None, attentions=False):  # (B, C, P, D) -> (B, C, P, D)
        x, weights = self.add(self.norm_sublayer1, x, self.self_attn, attentions)
        if self.mixes:  # the channels at each time, by the same attention
            x, _ = self.add(self.norm_sublayer2, ops.transpose(x, (0, 2, 1, 3)), self.self_attn, False)
            x = ops.transpose(x, (0, 2, 1, 3))
        x, _ = self.add(self.norm_sublayer3, x, self.feed)
        return x, {"attentions": weights}

    def add(self, norm, x, sublayer, *options):
        y, weights = sublayer(norm(x) if self.norm_first else x, *options)
        x = x + self.dropout(y)
        return x if self.norm_first else norm(x), weights

    def feed(self, x):  # (B, C, P, D) -> (B, C, P, D), no weights
        inner, activation, dropout, outer = self.ff
        return outer(dropout(activation(inner(x)))), None


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.embedder = series.Embedder(c)
        self.positional_encoder = Positions(c)
        self.layers = nn.Layers(Layer(c) for _ in range(c.num_hidden_layers))

    def forward(self, x, **options):  # (B, C, P', L) -> (B, C, P, D)
        return self.layers(self.positional_encoder(self.embedder(x)), **options)


class PatchTSTModel(nn.Model):
    """PatchTST without a head.

    Inputs: past_values (B, T, C); past_observed_mask (B, T, C), 0 where nothing was observed, and the value is 0 instead. Where
    patches are hidden, noise says which: (B, C, P), of each channel those where it is highest, with channel_consistent_masking
    all like the first; with mask_type "forecast" (B,), whose order says which of a batch has how many hidden at its end;
    drawn if it is None, in training and not.
    """

    config_class = Config
    body_prefix = "model"

    def __init__(self, c: Config, hides: bool | None = None):
        super().__init__(c)
        self.encoder = Encoder(c)
        self.hides = bool(c.do_mask_input) if hides is None else hides
        if self.hides:
            self.chance = nn.Chance()

    def initializer(self, config):
        return Normal(config.init_std)

    def input_shapes(self):
        return {"past_values": ((None, self.config.context_length, self.config.num_input_channels), "float32")}

    def forward(self, past_values, past_observed_mask=None, noise=None, output_hidden_states=None, output_attentions=None):
        c = self.config
        series.check_size(past_values, c)
        observed = past_values * 0 + 1 if past_observed_mask is None else ops.cast_like(past_observed_mask, past_values)
        x, location, scale = series.scaled(past_values, observed, c.scaling)
        patches, mask = series.cut(x, c), None
        x = patches
        if self.hides:
            mask = series.hidden(patches, noise, c, self.chance)
            x = ops.where(mask[..., None], x * 0 + c.mask_value, x)
        x, kept = self.encoder(x, **heads.asked(c, output_attentions, output_hidden_states))
        if kept["hidden_states"] is not None:
            kept["hidden_states"] = kept["hidden_states"][:-1]  # the last is the output
        return outputs.SeriesModelOutput(x, **kept, mask=mask, loc=location, scale=scale, patch_input=patches)


class Reconstruction(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dropout = nn.Dropout(c.head_dropout)
        self.linear = nn.Linear(c.d_model, c.patch_length)
        self.first = int(c.use_cls_token)

    def forward(self, x):  # (B, C, P, D) -> (B, C, P', L)
        return self.linear(self.dropout(x))[:, :, self.first :]


class Pooled(nn.Module):
    """What is projected of the patches: the first token, or their mean or largest, or all; of one channel or of all."""

    by_channel = False

    def __init__(self, c: Config):
        super().__init__()
        if not (c.pooling_type or c.use_cls_token or self.by_channel):
            raise c.error("pooling_type", "= None is for forecasts alone, unless there is a first token")
        self.dropout = nn.Dropout(c.head_dropout)
        self.first, self.pooling = c.use_cls_token, c.pooling_type

    def pool(self, x):  # (B, C, P, D) -> (B, C, *) or (B, *)
        x = x[:, :, 0] if self.first else {None: lambda y, _: y, "mean": ops.mean, "max": ops.max}[self.pooling](x, 2)
        return self.dropout(ops.reshape(x, (*ops.shape(x)[: 1 + self.by_channel], -1)))

    @staticmethod
    def make_projection(c: Config, inputs, outputs):
        return (
            nn.Linear(inputs, outputs) if c.distribution is None else distributions.Parameters(c.distribution, inputs, outputs)
        )


class Classifier(Pooled):
    def __init__(self, c: Config):
        super().__init__(c)
        self.linear = nn.Linear(c.num_input_channels * c.d_model, c.num_targets)

    def forward(self, x):  # (B, C, P, D) -> (B, K)
        return self.linear(self.pool(x))


class Forecast(Pooled):
    by_channel = True

    def __init__(self, c: Config):
        super().__init__(c)
        if c.distribution and c.prediction_length == 1:
            raise c.error("prediction_length", "= 1 has no distribution in Transformers")
        inputs = c.d_model if c.pooling_type or c.use_cls_token else c.d_model * c.num_patches
        self.projection = self.make_projection(c, inputs, c.prediction_length)

    def forward(self, x):  # (B, C, P, D) -> (B, F, C), or a tuple of them
        found = self.projection(self.pool(x))
        turned = tuple(ops.transpose(y, (0, 2, 1)) for y in (found if isinstance(found, tuple) else (found,)))
        return turned if isinstance(found, tuple) else turned[0]


class Regression(Pooled):
    def __init__(self, c: Config):
        super().__init__(c)
        self.projection = self.make_projection(c, c.num_input_channels * c.d_model, c.num_targets)
        self.range = None if c.distribution else c.output_range

    def forward(self, x):  # (B, C, P, D) -> (B, K) or (B,), or a tuple of them
        found = self.projection(self.pool(x))
        low, high = self.range or (None, None)
        return found if low is None else ops.sigmoid(found) * (high - low) + low


class Head(heads.Head):
    """What all heads share. They see every patch, but for the pretraining's."""

    body_options = {"hides": False}
    optional = ("head",)

    def __init__(self, c: Config):
        super().__init__(c)
        self.head = self.head_class(c)

    def loss_of(self, found, values, together, *level):
        kind = self.config.distribution
        if values is None:
            return None
        return distributions.loss(kind, found, values, together, *level) if kind else ops.mean_squared_error(found, values)


class PatchTSTForPretraining(Head, body=PatchTSTModel):
    """PatchTST that reconstructs hidden patches. It takes noise as PatchTSTModel does."""

    body_options = {"hides": True}
    head_class = Reconstruction

    def input_shapes(self):
        c = self.config
        noise = (None, c.num_input_channels, c.num_patches) if c.mask_type == "random" else (None,)
        return super().input_shapes() | {"noise": (noise, "float32")}

    def forward(self, *inputs, **options):
        out = self.body(*inputs, **options)
        found = self.head(out.last_hidden_state)
        mask = ops.cast_like(out.mask, found)
        loss = ops.sum(ops.mean((found - out.patch_input) ** 2, -1) * mask) / (ops.sum(mask) + 1e-10)
        return outputs.SeriesPreTrainingOutput(loss, found, **heads.kept(out, "hidden_states", "attentions"))


class PatchTSTForClassification(Head, body=PatchTSTModel):
    """PatchTST that names a series. target_values (B,): its class, of num_targets."""

    head_class = Classifier

    def forward(self, past_values, target_values=None, past_observed_mask=None, **options):
        out = self.body(past_values, past_observed_mask, **options)
        logits = self.head(out.last_hidden_state)
        loss = None if target_values is None else ops.cross_entropy(logits, target_values)
        return outputs.SeriesClassificationOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))


class PatchTSTForPrediction(Head, body=PatchTSTModel):
    """PatchTST that forecasts: values, or the parameters of their distribution, as the config's `loss` says.

    future_values (B, F, C): what came. A distribution is of what loc and scale, in the output, shift and stretch.
    """

    head_class = Forecast

    def forward(self, past_values, past_observed_mask=None, future_values=None, **options):
        out = self.body(past_values, past_observed_mask, **options)
        found = self.head(out.last_hidden_state)
        if self.config.distribution is None:
            found = found * out.scale + out.loc
        loss = self.loss_of(found, future_values, True, out.loc, out.scale)  # the channels at one time are one event
        return outputs.SeriesPredictionOutput(loss, found, **heads.kept(out, "hidden_states", "attentions", "loc", "scale"))


class PatchTSTForRegression(Head, body=PatchTSTModel):
    """PatchTST that finds numbers in a series, or the parameters of their distribution, as the config's `loss` says.

    target_values: (B, K), or (B,) where there is but one.
    """

    head_class = Regression

    def forward(self, past_values, target_values=None, past_observed_mask=None, **options):
        targets = self.config.num_targets
        out = self.body(past_values, past_observed_mask, **options)
        found = self.head(out.last_hidden_state)
        loss = self.loss_of(found, target_values, targets > 1)
        found = tuple(ops.reshape(y, (-1, targets)) for y in found) if isinstance(found, tuple) else found
        return outputs.SeriesRegressionOutput(loss, found, **heads.kept(out, "hidden_states", "attentions"))
