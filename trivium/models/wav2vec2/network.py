"""wav2vec 2.0: an encoder of speech, from the waveform.

Baevski and others, arXiv:2006.11477. Checkpoint: facebook/wav2vec2-base-960h.
Letters: B batch, W samples of the wave, T frames, C channels, D width, V vocabulary, S labels, L classes,
G groups of codes, V codes of a group, K other frames to tell a frame from, P width in which they are compared, X width of
a voice.
"""

from trivium.core.init import FanInUniform, Normal, Uniform, fan_in_bias
from trivium.core.outputs import AudioModelOutput, HeadOutput, SpeechPreTrainingOutput, XVectorOutput
from trivium.models.wav2vec2.config import Wav2Vec2Config as Config

from .. import chance, heads, nn, ops, roots, speech


def as_pytorch_draws(inputs: int, outputs: int):
    """A linear layer with PyTorch's own first values."""
    return nn.Linear(inputs, outputs, init=FanInUniform(), bias_init=fan_in_bias(inputs))


class FeatureProjection(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layer_norm = nn.LayerNorm(c.conv_dim[-1], eps=c.layer_norm_eps)
        self.projection = as_pytorch_draws(c.conv_dim[-1], c.hidden_size)
        self.dropout = nn.Dropout(c.feat_proj_dropout)

    def forward(self, x):  # (B, T, C) -> (B, T, D), (B, T, C)
        x = self.layer_norm(x)
        return self.dropout(self.projection(x)), x


class AdapterLayer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.output_width
        seen = width * c.adapter_kernel_size
        inits = {"init": Normal((2 / seen) ** 0.5), "bias_init": fan_in_bias(seen)}
        self.conv = nn.Conv1d(width, 2 * width, c.adapter_kernel_size, c.adapter_stride, padding=1, **inits)

    def forward(self, x, cache=None):  # (B, T, D) -> (B, T', D), Dauphin and others, arXiv:1612.08083
        x, gate = ops.split(self.conv(x), 2, -1)
        return x * ops.sigmoid(gate), {}


class Adapter(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.projects = c.output_width != c.hidden_size
        if self.projects:
            self.proj = nn.Linear(c.hidden_size, c.output_width)
            self.proj_layer_norm = nn.LayerNorm(c.output_width, eps=1e-5)
        self.layers = nn.Layers(AdapterLayer(c) for _ in range(c.num_adapter_layers))

    def forward(self, x):  # (B, T, D) -> (B, T', output_hidden_size)
        if self.projects:
            x = self.proj_layer_norm(self.proj(x))
        return self.layers(x)[0]


class Wav2Vec2Model(nn.Model):
    """wav2vec 2.0 without a head.

    Inputs: input_values (B, W), the wave at 16 kHz, normalised; attention_mask (B, W), 0 hides, for models whose features are
    normalised by layer; mask_time_indices (B, T), the frames to hide, which training draws if they are not given.
    """

    config_class = Config
    body_prefix = "wav2vec2"
    optional = ("adapter", "masked_spec_embed")
    encoder_class = speech.Encoder
    projection_class = FeatureProjection

    def __init__(self, c: Config):
        super().__init__(c)
        self.feature_extractor = speech.FeatureEncoder(c)
        self.feature_projection = self.projection_class(c)
        if c.masks:
            self.masked_spec_embed = nn.Parameter((c.hidden_size,), Uniform(0.0, 1.0))
        self.spec_augment = chance.SpecAugment(c)
        self.encoder = self.encoder_class(c)
        if c.add_adapter:
            self.adapter = Adapter(c)

    def input_shapes(self):
        return {"input_values": ((None, None), "float32"), "attention_mask": ((None, None), "int32")}

    def forward(
        self, input_values, attention_mask=None, mask_time_indices=None, output_attentions=None, output_hidden_states=None
    ):
        c = self.config
        features = self.feature_extractor(input_values[..., None])  # (B, W, 1) -> (B, T, C)
        heard = self.heard(features, input_values, attention_mask)
        x, features = self.feature_projection(features)
        x = self.hide(x, heard, mask_time_indices) if c.apply_spec_augment else x
        x, kept = self.encoder(
            *(x, heard),
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        return self.output(self.adapter(x) if c.add_adapter else x, features, kept)

    def hide(self, x, heard, times):  # (B, T, D), (B, T) or None, (B, T) or None -> (B, T, D)
        times, features = self.spec_augment(x, heard, times)
        if times is not None:
            x = ops.where(ops.cast(times, "bool")[..., None], ops.cast_like(self.masked_spec_embed, x), x)
        return x if features is None else ops.where(features[:, None], x * 0, x)

    def output(self, x, features, kept):
        return AudioModelOutput(x, features, **kept)

    def heard(self, x, input_values, attention_mask):  # (B, T, C), two of (B, W) -> (B, T)
        """The frames that are heard, of a wave whose padding is hidden."""
        if attention_mask is None:
            return None
        return ops.arange(ops.shape(x)[1], like=x) < self.frames(speech.lengths(input_values, attention_mask))[:, None]

    def frames(self, samples, adapted=False):
        """How many frames come of so many samples."""
        c = self.config
        for kernel, stride in zip(c.conv_kernel, c.conv_stride, strict=True):
            samples = (samples - kernel) // stride + 1
        for _ in range(c.num_adapter_layers if adapted and c.add_adapter else 0):
            samples = (samples - 1) // c.adapter_stride + 1
        return samples


class Wav2Vec2ForCTC(speech.CTC, body=Wav2Vec2Model):
    """wav2vec 2.0 that transcribes speech. Labels: (B, S), -100 where there is none."""


class Wav2Vec2ForSequenceClassification(speech.Classification, body=Wav2Vec2Model):
    """wav2vec 2.0 that classifies an utterance. Labels: (B,)."""


class Wav2Vec2ForAudioFrameClassification(speech.Layered, body=Wav2Vec2Model):
    """wav2vec 2.0 that classifies each frame, of who speaks. Labels: (B, T, L), one of L is 1."""

    optional = ("classifier", "layer_weights")

    def __init__(self, c: Config):
        super().__init__(c)
        self.classifier = nn.Linear(c.hidden_size, c.num_labels)

    def forward(self, *inputs, labels=None, **options):
        out, x = self.listen(*inputs, **options)
        logits = self.classifier(x)  # (B, T, D) -> (B, T, L)
        loss = None
        if labels is not None:
            shape = (-1, self.config.num_labels)
            loss = ops.cross_entropy(ops.reshape(logits, shape), ops.argmax(ops.reshape(labels, shape), 1))
        return HeadOutput(loss, logits, **heads.kept(out, "hidden_states", "attentions"))


class Quantizer(nn.Module):
    """Each frame as G of G V codes, one of each group: the likeliest, or in training one drawn at a temperature."""

    def __init__(self, c: Config):
        super().__init__()
        groups, codes = c.num_codevector_groups, c.num_codevectors_per_group
        self.codevectors = nn.Parameter((1, groups * codes, c.codevector_dim // groups), Uniform(0.0, 1.0))
        self.weight_proj = nn.Linear(c.conv_dim[-1], groups * codes, init=Normal(1.0))
        self.chance = nn.Chance()
        self.shape, self.temperature = (groups, codes), 2.0

    def forward(self, x, hidden):  # (B, T, C), (B, T) or None -> (B, T, codevector_dim), (B, T, G) codes, ()
        batch, frames, _ = ops.shape(x)
        groups, codes = self.shape
        logits = ops.reshape(self.weight_proj(x), (batch, frames, groups, codes))
        if self.chance.training:
            picked = chance.gumbel_softmax(self.chance, logits, self.temperature)
            chosen, chances = ops.argmax(picked, -1), ops.softmax(ops.cast(logits, "float32"), -1)
        else:
            chosen = ops.argmax(logits, -1)
            picked = chances = ops.cast_like(chosen[..., None] == ops.arange(codes, like=x), x)
        vectors = ops.reshape(ops.cast_like(self.codevectors, x), (groups, codes, -1))
        quantized = ops.reshape(ops.einsum("btgv,gvd->btgd", picked, vectors), (batch, frames, -1))
        counts = ops.zeros((batch, frames), like=chances) + 1 if hidden is None else ops.cast_like(hidden, chances)
        used = ops.einsum("btgv,bt->gv", chances, counts) / ops.sum(counts)
        return quantized, chosen, ops.sum(ops.exp(-ops.einsum("gv,gv->g", used, ops.log(used + 1e-7))))


class Wav2Vec2ForPreTraining(heads.Head, body=Wav2Vec2Model):
    """wav2vec 2.0 that tells the codes of hidden frames from those of other frames.

    For the loss: mask_time_indices (B, T), and sampled_negative_indices (B, T, K), the other frames, counted through the batch.
    """

    optional = ("quantizer", "project_hid", "project_q")

    def set_gumbel_temperature(self, temperature: float):
        """Sets the temperature at which training draws codes, 2 at first; it is lowered in the course of training."""
        self.quantizer.temperature = temperature

    def __init__(self, c: Config):
        super().__init__(c)
        self.dropout_features = nn.Dropout(c.feat_quantizer_dropout)
        self.quantizer = Quantizer(c)
        self.project_hid = as_pytorch_draws(c.output_width, c.proj_codevector_dim)
        self.project_q = as_pytorch_draws(c.codevector_dim, c.proj_codevector_dim)

    def forward(
        self, input_values, attention_mask=None, mask_time_indices=None, *inputs, sampled_negative_indices=None, **options
    ):
        c = self.config
        out = self.body(input_values, attention_mask, mask_time_indices, *inputs, **options)
        x = self.project_hid(out.last_hidden_state)  # (B, T, P)
        quantized, codes, perplexity = self.quantizer(self.dropout_features(out.extract_features), mask_time_indices)
        quantized = self.project_q(quantized)  # (B, T, P)
        losses = None, None, None
        if sampled_negative_indices is not None:
            hidden = ops.cast_like(mask_time_indices, x)
            contrast = self.contrast(x, quantized, codes, ops.cast(sampled_negative_indices, "int32"), mask_time_indices)
            total = c.num_codevectors_per_group * c.num_codevector_groups
            diversity = (total - perplexity) / total * ops.sum(hidden)
            diversity = ops.cast_like(diversity, contrast)
            losses = contrast + c.diversity_loss_weight * diversity, contrast, diversity
        kept = heads.kept(out, "hidden_states", "attentions")
        return SpeechPreTrainingOutput(
            losses[0], x, quantized, perplexity, **kept, contrastive_loss=losses[1], diversity_loss=losses[2]
        )

    def contrast(self, x, quantized, codes, others, hidden):  # (B, T, P) twice, (B, T, G), (B, T, K), (B, T) -> ()
        width, count = ops.shape(x)[-1], ops.shape(others)[-1]
        rows, groups = ops.reshape(quantized, (-1, width)), ops.reshape(codes, (-1, ops.shape(codes)[-1]))
        same = ops.take(groups, others) == codes[:, :, None]  # (B, T, K, G): codes that happen to be right are no contrast
        right = ops.mean(ops.cast_like(same, x), -1) == 1.0
        candidates = ops.concat([rows[:, None], ops.take(rows, ops.reshape(others, (-1, count)))], 1)  # (B T, K + 1, P)
        x = ops.reshape(x, (-1, 1, width))
        products = ops.einsum("mkp,mkp->mk", candidates, ops.broadcast_to(x, ops.shape(candidates)))
        lengths = [roots.root(ops.einsum("mkp,mkp->mk", y, y)) for y in (candidates, x)]
        logits = products / ops.maximum(lengths[0] * lengths[1], 1e-8) / self.config.contrastive_logits_temperature
        right = ops.reshape(right, (-1, count))
        logits = ops.concat([logits[:, :1], ops.where(right, logits[:, 1:] * 0 - 1e9, logits[:, 1:])], 1)
        hidden = ops.reshape(ops.cast(hidden, "int32"), (-1,))
        loss = ops.cross_entropy(logits, (1 - hidden) * -100)
        return loss * ops.cast_like(ops.cumsum(hidden, 0)[-1], loss)


class TDNNLayer(nn.Module):
    """Frames seen together with others at fixed distances. Waibel and others, IEEE Trans. ASSP 37, 1989."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int):
        super().__init__()
        self.kernel = nn.Linear(inputs * kernel, outputs)
        self.size, self.dilation = kernel, dilation

    def forward(self, x, cache=None):  # (B, T, C) -> (B, T', C')
        last = (self.size - 1) * self.dilation
        frames = ops.shape(x)[1] - last
        x = ops.concat([x[:, start : start + frames] for start in range(0, last + 1, self.dilation)], -1)
        return ops.relu(self.kernel(x)), {}


class AMSoftmax(nn.Module):
    """A loss that keeps classes apart by a margin. Wang and others, arXiv:1801.05599, equation 6."""

    def __init__(self, c: Config, scale: float = 30.0, margin: float = 0.4):
        super().__init__()
        self.weight = nn.Parameter((c.xvector_output_dim, c.num_labels), Normal(1.0))
        self.scale, self.margin, self.classes = scale, margin, c.num_labels

    def forward(self, x, labels):  # (B, X), (B,) -> ()
        weight = ops.cast_like(self.weight, x)
        near = ops.einsum("bx,xl->bl", unit(x), ops.transpose(unit(ops.transpose(weight, (1, 0))), (1, 0)))
        right = ops.cast_like(ops.cast(labels, "int32")[:, None] == ops.arange(self.classes, like=x), x)
        return ops.cross_entropy(self.scale * (near - self.margin * right), labels)


def unit(x):
    """Vectors (B, X) at length one."""
    return x / ops.maximum(roots.root(ops.einsum("bx,bx->b", x, x)), 1e-12)[:, None]


class Wav2Vec2ForXVector(speech.Layered, body=Wav2Vec2Model):
    """wav2vec 2.0 that tells speakers apart, by x-vectors (Snyder and others, ICASSP 2018). Labels: (B,)."""

    optional = ("projector", "tdnn", "feature_extractor", "classifier", "objective", "layer_weights")

    def __init__(self, c: Config):
        super().__init__(c)
        self.projector = nn.Linear(c.hidden_size, c.tdnn_dim[0])
        inputs = (c.tdnn_dim[0], *c.tdnn_dim[:-1])
        sizes = zip(inputs, c.tdnn_dim, c.tdnn_kernel, c.tdnn_dilation, strict=True)
        self.tdnn = nn.Layers(TDNNLayer(*size) for size in sizes)
        self.feature_extractor = nn.Linear(2 * c.tdnn_dim[-1], c.xvector_output_dim)
        self.classifier = nn.Linear(c.xvector_output_dim, c.xvector_output_dim)
        self.objective = AMSoftmax(c)

    def forward(self, input_values, attention_mask=None, *inputs, labels=None, **options):
        out, x = self.listen(input_values, attention_mask, *inputs, **options)
        x, _ = self.tdnn(self.projector(x))  # (B, T, D) -> (B, T', C)
        frames = self.get_body().frames(speech.lengths(input_values, attention_mask))
        for kernel in self.config.tdnn_kernel:  # as Transformers has it: dilation is not counted
            frames = frames - kernel + 1
        heard = ops.arange(ops.shape(x)[1], like=x) < frames[:, None] if attention_mask is not None else None
        embeddings = self.feature_extractor(ops.concat(speech.moments(x, heard), -1))  # (B, 2 C) -> (B, X)
        logits = self.classifier(embeddings)
        loss = None if labels is None else self.objective(logits, ops.reshape(labels, (-1,)))
        return XVectorOutput(loss, logits, embeddings, **heads.kept(out, "hidden_states", "attentions"))
