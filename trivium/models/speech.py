"""What encoders of speech have in common: convolutions of the wave, then a transformer; and their heads.

Letters: B batch, W samples of the wave, T frames, C channels, D width, N heads, K size of a kernel, V vocabulary, S labels,
L classes. `c` is the config, with the fields of Wav2Vec2Config. Source: Baevski and others, arXiv:2006.11477.
"""

from trivium.core.init import ZEROS, Constant, Normal
from trivium.core.outputs import HeadOutput

from . import chance, heads, nn, ops, roots, towers


class FeatureLayer(nn.Module):
    def __init__(self, c, index):
        super().__init__()
        inputs = c.conv_dim[index - 1] if index else 1
        outputs, kernel = c.conv_dim[index], c.conv_kernel[index]
        init = Normal((2 / (inputs * kernel)) ** 0.5)
        self.conv = nn.Conv1d(inputs, outputs, kernel, c.conv_stride[index], bias=c.conv_bias, init=init)
        self.norms = c.norms_every_feature or index == 0
        if c.norms_every_feature:
            self.layer_norm = nn.LayerNorm(outputs, eps=1e-5)
        elif index == 0:
            self.layer_norm = nn.GroupNorm(outputs, outputs, eps=1e-5)
        self.activation = ops.activation(c.feat_extract_activation)

    def forward(self, x, cache=None):  # (B, W, C) -> (B, W', C')
        x = self.conv(x)
        return self.activation(self.layer_norm(x) if self.norms else x), {}


class FeatureEncoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv_layers = nn.Layers(FeatureLayer(c, index) for index in range(len(c.conv_dim)))

    def forward(self, x):  # (B, W, 1) -> (B, T, C)
        return self.conv_layers(x)[0]


class Parametrization(nn.Module):
    """A kernel as its length at each place and its direction; named as torch.nn.utils.parametrizations.weight_norm does.

    Source: Salimans and Kingma, arXiv:1602.07868.
    """

    def __init__(self, c):
        super().__init__()
        width, size, groups = c.hidden_size, c.num_conv_pos_embeddings, c.num_conv_pos_embedding_groups
        std = 2 * (size * width) ** -0.5
        self.original0 = nn.Parameter((1, 1, size), Constant(std * (width * width / groups) ** 0.5))
        self.original1 = nn.Parameter((width, width // groups, size), Normal(std))

    def forward(self, x):  # -> (D, D / groups, K), in the dtype of x
        length, direction = (ops.cast_like(y, x) for y in (self.original0, self.original1))
        return direction * (length / ops.sqrt(ops.einsum("oik,oik->k", direction, direction)))


class Parametrizations(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.weight = Parametrization(c)


class NormedConv(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.bias = nn.Parameter((c.hidden_size,), ZEROS)
        self.parametrizations = Parametrizations(c)
        self.padding, self.groups = c.num_conv_pos_embeddings // 2, c.num_conv_pos_embedding_groups

    def forward(self, x):  # (B, T, D) -> (B, T or T + 1, D)
        kernel = self.parametrizations.weight(x)
        return ops.conv1d(x, kernel, self.padding, self.groups) + ops.cast_like(self.bias, x)


class Positions(nn.Module):
    """Positions relative to one another, by a convolution over many frames."""

    def __init__(self, c):
        super().__init__()
        self.conv = NormedConv(c)
        self.activation = ops.activation(c.feat_extract_activation)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.activation(self.conv(x)[:, : ops.shape(x)[1]])  # a kernel of even size makes one frame too many


class Attention(towers.Attention):
    def __init__(self, c):
        nn.Module.__init__(self)
        width = c.hidden_size
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.scale = c.num_attention_heads, (width // c.num_attention_heads) ** -0.5


class FeedForward(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.intermediate_dropout = nn.Dropout(c.activation_dropout)
        self.intermediate_dense = nn.Linear(c.hidden_size, c.intermediate_size)
        self.activation = ops.activation(c.hidden_act)
        self.output_dense = nn.Linear(c.intermediate_size, c.hidden_size)
        self.output_dropout = nn.Dropout(c.hidden_dropout)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        x = self.intermediate_dropout(self.activation(self.intermediate_dense(x)))
        return self.output_dropout(self.output_dense(x))


class LanguageAdapter(nn.Module):
    """A few weights for one language, in each layer. Pratap and others, arXiv:2305.13516."""

    def __init__(self, c):
        super().__init__()
        self.norm = nn.LayerNorm(c.hidden_size, eps=1e-5)
        self.linear_1 = nn.Linear(c.hidden_size, c.adapter_attn_dim)
        self.linear_2 = nn.Linear(c.adapter_attn_dim, c.hidden_size)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.linear_2(ops.relu(self.linear_1(self.norm(x))))


class Layer(nn.Module):
    """Normalised after each of its parts, or before where `do_stable_layer_norm`."""

    def __init__(self, c):
        super().__init__()
        self.attention = Attention(c)
        self.dropout = nn.Dropout(c.hidden_dropout)
        self.layer_norm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.feed_forward = FeedForward(c)
        self.final_layer_norm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.layerdrop = chance.LayerDrop(c.layerdrop)
        self.stable, self.adapts = c.do_stable_layer_norm, c.adapter_attn_dim is not None
        if self.adapts:
            self.adapter_layer = LanguageAdapter(c)

    def forward(self, x, mask, cache=None, attentions=False):  # (B, T, D), (B, 1, 1, T) -> (B, T, D)
        given = x
        y, weights = self.attention(self.layer_norm(x) if self.stable else x, mask, False, attentions)
        x = x + self.dropout(y)
        if self.stable:
            x = x + self.feed_forward(self.final_layer_norm(x))
        else:
            x = self.layer_norm(x)
            x = self.final_layer_norm(x + self.feed_forward(x))
        x = x + self.adapter_layer(x) if self.adapts else x
        return self.layerdrop(given, x), {"attentions": weights}


class Encoder(nn.Module):
    positions_class = Positions

    def __init__(self, c):
        super().__init__()
        self.pos_conv_embed = self.positions_class(c)
        self.layer_norm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.dropout = nn.Dropout(c.hidden_dropout)
        self.layers = nn.Layers(Layer(c) for _ in range(c.num_hidden_layers))
        self.stable = c.do_stable_layer_norm

    def forward(self, x, heard, **options):  # (B, T, D), (B, T) or None -> (B, T, D)
        mask = None if heard is None else heard[:, None, None, :]
        if heard is not None:
            x = x * ops.cast_like(heard, x)[..., None]
        x = x + self.pos_conv_embed(x)
        x, kept = self.layers(self.dropout(x if self.stable else self.layer_norm(x)), mask, **options)
        if self.stable:
            x = self.layer_norm(x)
            if kept.get("hidden_states") is not None:
                kept = {**kept, "hidden_states": (*kept["hidden_states"][:-1], x)}
        return x, kept


# Heads


class CTC(heads.Head):
    """Transcribes speech, a label or a blank for each frame. Labels: (B, S), -100 where there is none."""

    optional = ("lm_head",)

    def __init__(self, c):
        super().__init__(c)
        self.dropout = nn.Dropout(c.final_dropout)
        self.lm_head = nn.Linear(c.output_width, c.vocab_size)

    def forward(self, input_values, attention_mask=None, *inputs, labels=None, **options):
        out = self.body(input_values, attention_mask, *inputs, **options)
        logits = self.lm_head(self.dropout(out.last_hidden_state))  # (B, T, D) -> (B, T, V)
        loss = None
        if labels is not None:
            frames = self.get_body().frames(lengths(input_values, attention_mask), adapted=True)
            loss = self.loss_of(logits, labels, frames)
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))

    def loss_of(self, logits, labels, frames):  # (B, T, V), (B, S), (B,) -> ()
        c = self.config
        empty = ops.cast(labels < 0, "int32")
        labels = ops.take_along(labels, ops.argsort(empty, 1), 1)  # those that count first
        count = ops.cumsum(1 - empty, 1)[:, -1]
        loss = ops.ctc_loss(logits, labels, frames, count, blank=c.pad_token_id, zero_infinity=c.ctc_zero_infinity)
        return ops.mean(loss / ops.cast_like(ops.maximum(count, 1), loss), 0) if c.averages_loss else ops.sum(loss)


class Layered(heads.Head):
    """A head that hears the last layer, or where `use_weighted_layer_sum` a mean of all, whose weights it learns."""

    def __init__(self, c):
        super().__init__(c)
        if c.use_weighted_layer_sum:
            self.layer_weights = nn.Parameter((c.num_hidden_layers + 1,), Constant(1 / (c.num_hidden_layers + 1)))

    def listen(self, *inputs, **options):  # -> the body's output, (B, T, D)
        if not self.config.use_weighted_layer_sum:
            out = self.body(*inputs, **options)
            return out, out.last_hidden_state
        out = self.body(*inputs, **{**options, "output_hidden_states": True})
        weights = ops.softmax(ops.cast_like(self.layer_weights, out.last_hidden_state), 0)
        return out, sum(weights[i] * x for i, x in enumerate(out.hidden_states))


class Classification(Layered):
    """Classifies an utterance by the mean of its frames. Labels: (B,)."""

    optional = ("projector", "classifier", "layer_weights")

    def __init__(self, c):
        super().__init__(c)
        self.projector = nn.Linear(c.hidden_size, c.classifier_proj_size)
        self.classifier = nn.Linear(c.classifier_proj_size, c.num_labels)

    def forward(self, input_values, attention_mask=None, *inputs, labels=None, **options):
        out, x = self.listen(input_values, attention_mask, *inputs, **options)
        heard = self.get_body().heard(x, input_values, attention_mask)
        logits = self.classifier(moments(self.projector(x), heard)[0])  # (B, T, D) -> (B, L)
        loss = None if labels is None else ops.cross_entropy(logits, ops.reshape(labels, (-1,)))
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))


def lengths(input_values, attention_mask):  # two of (B, W) -> (B,)
    """How many samples each wave has without its padding."""
    if attention_mask is not None:
        return ops.cumsum(ops.cast(attention_mask, "int32"), 1)[:, -1]
    batch, samples = ops.shape(input_values)
    return ops.cast(ops.zeros((batch,), like=input_values), "int32") + samples


def moments(x, heard):  # (B, T, C), (B, T) or None -> two of (B, C)
    """The mean over the frames that are heard, and the deviation as one estimates it."""
    counts = ops.zeros(ops.shape(x)[:2], like=x) + 1 if heard is None else ops.cast_like(heard, x)
    number = ops.einsum("bt->b", counts)[:, None]
    mean = ops.einsum("btc,bt->bc", x, counts) / number
    apart = x - mean[:, None]
    return mean, roots.root(ops.einsum("btc,btc,bt->bc", apart, apart, counts) / (number - 1))
