"""EnCodec: a codec of sound, which says a wave in a few codes for each moment, each the rest that the ones before it left.

Défossez and others, arXiv:2210.13438. Checkpoint: facebook/encodec_24khz.
Letters: B batch, A channels of sound, W samples of the wave, F chunks of it, L samples of a chunk, Q codebooks, T moments,
C channels, D width, V codes of a book, K size of a kernel.
"""

import math

from trivium.core.errors import InputError
from trivium.core.init import ONES, ZEROS, Constant, FanInUniform, Normal, Uniform
from trivium.core.outputs import EncodecDecoderOutput, EncodecEncoderOutput, EncodecOutput
from trivium.models.encodec.config import EncodecConfig as Config

from .. import chunks, nn, ops


class Parametrization(nn.Module):
    """A kernel as its lengths along its first axis and its directions. Salimans and Kingma, arXiv:1602.07868."""

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.original0 = nn.Parameter((shape[0], 1, 1), Constant(3**-0.5))  # the length that drawn directions have
        self.original1 = nn.Parameter(shape, FanInUniform())

    def forward(self, x):  # -> (o, i, K), in the dtype of x
        length, direction = (ops.cast_like(y, x) for y in (self.original0, self.original1))
        return direction * (length / ops.sqrt(ops.einsum("oik,oik->o", direction, direction))[:, None, None])


class Parametrizations(nn.Module):
    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.weight = Parametrization(shape)


class NormedConv(nn.Module):
    """A convolution with a parametrised kernel, named as torch.nn.utils.parametrizations.weight_norm does."""

    def __init__(self, inputs: int, outputs: int, size: int, **how: int):
        super().__init__()
        self.bias = nn.Parameter((outputs,), spread(inputs * size))
        self.parametrizations = Parametrizations((outputs, inputs, size))
        self.how = how

    def forward(self, x):  # (B, W, C) -> (B, W', C')
        return ops.conv1d(x, self.parametrizations.weight(x), **self.how) + ops.cast_like(self.bias, x)


class NormedConvTranspose(nn.Module):
    def __init__(self, inputs: int, outputs: int, size: int, stride: int):
        super().__init__()
        self.bias = nn.Parameter((outputs,), spread(outputs * size))
        self.parametrizations = Parametrizations((inputs, outputs, size))
        self.stride = stride

    def forward(self, x):  # (B, W, C) -> (B, W', C')
        return ops.conv_transpose1d(x, self.parametrizations.weight(x), self.stride) + ops.cast_like(self.bias, x)


def spread(inputs):
    """How PyTorch draws the biases of a convolution."""
    return Uniform(-(inputs**-0.5), inputs**-0.5)


class Conv(nn.Module):
    """A convolution as long as its input over the stride, rounded up. It pads by reflection, if causal on the left alone."""

    def __init__(self, c: Config, inputs: int, outputs: int, size: int, stride: int = 1, dilation: int = 1):
        super().__init__()
        sizes, how = (inputs, outputs, size), {"stride": stride, "dilation": dilation}
        self.normalises, self.stride = c.norm_type == "time_group_norm", stride
        if self.normalises:
            init = Normal((2 / (inputs * size)) ** 0.5)
            self.conv = nn.Conv1d(*sizes, **how, init=init, bias_init=spread(inputs * size))
            self.norm = nn.GroupNorm(1, outputs, eps=1e-5)
        else:
            self.conv = NormedConv(*sizes, **how)
        total = (size - 1) * dilation + 1 - stride
        self.after = 0 if c.use_causal_conv else total // 2
        self.before = total - self.after

    def forward(self, x, cache=None):  # (B, W, C) -> (B, W', C')
        if self.stride > 1 or self.before:
            x = reflect(x, self.before, self.after + -ops.shape(x)[1] % self.stride)
        x = self.conv(x)
        return self.norm(x) if self.normalises else x, {}


def reflect(x, before, after):  # (B, W, C) -> (B, W', C)
    """x with its reflections before and after it; where it is shorter than they are, zeros follow it first."""
    samples = ops.shape(x)[1]
    none = ops.arange(1, like=x)  # 0, for sizes that may be tensors
    end = ops.maximum(none + samples, ops.maximum(none + after, before) + 1)
    places = abs(ops.arange(before + samples + after, like=x) - before)
    places = ops.where(places < end, places, 2 * (end - 1) - places)
    found = ops.take(ops.transpose(x, (1, 0, 2)), ops.minimum(places, none + samples - 1))
    return ops.transpose(found, (1, 0, 2)) * ops.cast_like(places < samples, x)[:, None]


class ConvTranspose(nn.Module):
    """A convolution whose output is longer than its input by the stride: what it makes beyond that is cut off."""

    def __init__(self, c: Config, inputs: int, outputs: int, size: int, stride: int):
        super().__init__()
        self.normalises, total = c.norm_type == "time_group_norm", size - stride
        if self.normalises:
            init, bias = FanInUniform(), spread(outputs * size)
            self.conv = nn.ConvTranspose1d(inputs, outputs, size, stride, init=init, bias_init=bias)
            self.norm = nn.GroupNorm(1, outputs, eps=1e-5)
        else:
            self.conv = NormedConvTranspose(inputs, outputs, size, stride)
        self.after = math.ceil(total * c.trim_right_ratio) if c.use_causal_conv else total // 2
        self.before = total - self.after

    def forward(self, x, cache=None):  # (B, W, C) -> (B, W', C')
        x = self.conv(x)
        x = self.norm(x) if self.normalises else x
        return x[:, self.before : ops.shape(x)[1] - self.after], {}


class ELU(nn.Module):
    def forward(self, x, cache=None):
        return ops.elu(x), {}


class Memory(nn.Module):
    def __init__(self, c: Config, width: int):
        super().__init__()
        self.lstm = nn.LSTM(width, width, c.num_lstm_layers)

    def forward(self, x, cache=None):  # (B, T, C) -> (B, T, C)
        return self.lstm(x) + x, {}


class Residual(nn.Module):
    def __init__(self, c: Config, width: int, dilation: int):
        super().__init__()
        inner = width // c.compress
        first, second = Conv(c, width, inner, c.residual_kernel_size, dilation=dilation), Conv(c, inner, width, 1)
        self.block = nn.Layers([ELU(), first, ELU(), second])
        self.shortens = c.use_conv_shortcut
        if self.shortens:
            self.shortcut = Conv(c, width, width, 1)

    def forward(self, x, cache=None):  # (B, W, C) -> (B, W, C)
        short = self.shortcut(x)[0] if self.shortens else x
        return short + self.block(x)[0], {}


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.num_filters
        layers = [Conv(c, c.audio_channels, width, c.kernel_size)]
        for ratio in reversed(c.upsampling_ratios):
            layers += [Residual(c, width, c.dilation_growth_rate**depth) for depth in range(c.num_residual_layers)]
            layers += [ELU(), Conv(c, width, 2 * width, 2 * ratio, ratio)]
            width *= 2
        self.layers = nn.Layers([*layers, Memory(c, width), ELU(), Conv(c, width, c.hidden_size, c.last_kernel_size)])

    def forward(self, x):  # (B, L, A) -> (B, T, D)
        return self.layers(x)[0]


class Decoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.num_filters * 2 ** len(c.upsampling_ratios)
        layers = [Conv(c, c.hidden_size, width, c.kernel_size), Memory(c, width)]
        for ratio in c.upsampling_ratios:
            layers += [ELU(), ConvTranspose(c, width, width // 2, 2 * ratio, ratio)]
            width //= 2
            layers += [Residual(c, width, c.dilation_growth_rate**depth) for depth in range(c.num_residual_layers)]
        self.layers = nn.Layers([*layers, ELU(), Conv(c, c.num_filters, c.audio_channels, c.last_kernel_size)])

    def forward(self, x):  # (B, T, D) -> (B, L, A)
        return self.layers(x)[0]


class Codebook(nn.Module):
    """Vectors, the nearest of which stands for what is heard. The other buffers are the averages of Transformers' training."""

    def __init__(self, c: Config):
        super().__init__()
        self.inited = nn.Buffer((1,), ONES)
        self.cluster_size = nn.Buffer((c.codebook_size,), ZEROS)
        self.embed = nn.Buffer((c.codebook_size, c.hidden_size), ZEROS)
        self.embed_avg = nn.Buffer((c.codebook_size, c.hidden_size), ZEROS)

    def nearest(self, x):  # (B, T, D) -> (B, T)
        vectors = ops.cast_like(self.embed, x)
        products = ops.einsum("btd,vd->btv", x, vectors)  # (B, T, V)
        return ops.argmax(2 * products - ops.einsum("vd,vd->v", vectors, vectors), -1)

    def vectors(self, codes, like):  # (B, T) -> (B, T, D)
        return ops.take(ops.cast_like(self.embed, like), codes)


class Quantization(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.codebook = Codebook(c)

    def forward(self, x, cache=None):  # (B, T, D) -> (B, T, D)
        """What is left of x, and its code."""
        codes = self.codebook.nearest(x)
        return x - self.codebook.vectors(codes, x), {"codes": codes}


class Quantizer(nn.Module):
    """Codebooks one after the other, each for what those before it leave."""

    def __init__(self, c: Config):
        super().__init__()
        self.layers = nn.Layers(Quantization(c) for _ in range(c.num_quantizers))

    def encode(self, x, count):  # (B, T, D) -> (B, Q, T)
        codes = []
        for layer in list(self.layers)[:count]:
            x, kept = layer(x)
            codes.append(kept["codes"][:, None])
        return ops.concat(codes, 1)

    def decode(self, codes, like):  # (B, Q, T) -> (B, T, D)
        count = ops.shape(codes)[1]
        if count > len(self.layers):
            raise InputError(f"{count} codes for each moment, but {len(self.layers)} codebooks", key="audio_codes")
        return sum(self.layers[index].codebook.vectors(codes[:, index], like) for index in range(count))


class EncodecModel(nn.Model):
    """EnCodec.

    Inputs: input_values (B, A, W), the wave; padding_mask, of the same shape or (B, W), 0 where there is none; bandwidth, one
    of the config's in kbit/s, or None for the smallest; or, to hear them, audio_codes (F, B, Q, T) and audio_scales.
    Where the config has chunks, W is as many strides as there are chunks and the overlap of the last.
    """

    config_class = Config
    body_prefix = "encodec"

    def __init__(self, c: Config):
        super().__init__(c)
        self.encoder = Encoder(c)
        self.decoder = Decoder(c)
        self.quantizer = Quantizer(c)

    def input_shapes(self):
        return {"input_values": ((None, self.config.audio_channels, self.config.chunk_length), "float32")}

    def encode(self, input_values, padding_mask=None, bandwidth=None):
        """The codes (F, B, Q, T) of a wave (B, A, W), and where the config normalises chunks, their loudness (F, B, 1, 1)."""
        c = self.config
        bandwidth = c.target_bandwidths[0] if bandwidth is None else bandwidth
        if bandwidth not in c.target_bandwidths:
            hint = ", ".join(map(str, c.target_bandwidths))
            raise InputError(f"there is no bandwidth {bandwidth}", key="bandwidth", hint=f"it has: {hint}")
        batch, channels, samples = ops.shape(input_values)
        x = ops.transpose(input_values, (2, 0, 1))  # (W, B, A)
        if c.normalize and padding_mask is not None:
            heard = ops.cast_like(ops.cast(padding_mask, "bool"), x)
            x = x * ops.transpose(heard if len(heard.shape) == 3 else heard[:, None], (2, 0, 1))
        length = samples if c.chunk_length is None else c.chunk_length
        x = chunks.cut(x, length, c.chunk_stride or length)  # (F, L, B, A)
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, length, channels))  # (F B, L, A)
        scales = None
        if c.normalize:
            mono = ops.einsum("bla->bl", x) / channels
            scales = ops.sqrt(ops.mean(mono * mono, 1))[:, None, None] + 1e-8
            x = x / scales
            scales = ops.reshape(scales, (-1, batch, 1, 1))
        codes = self.quantizer.encode(self.encoder(x), c.quantizers_for(bandwidth))  # (F B, Q, T)
        return EncodecEncoderOutput(ops.reshape(codes, (-1, batch, *ops.shape(codes)[1:])), scales)

    def decode(self, audio_codes, audio_scales=None, padding_mask=None):
        """The wave (B, A, W) of codes (F, B, Q, T), cut to the length of the mask."""
        c = self.config
        count, batch, books, moments = ops.shape(audio_codes)
        if c.chunk_length is None and isinstance(count, int) and count != 1:
            raise InputError(f"{count} chunks, of a model that knows one only", key="audio_codes")
        codes = ops.reshape(audio_codes, (-1, books, moments))
        x = self.decoder(self.quantizer.decode(codes, self.like()))  # (F B, L, A)
        if audio_scales is not None:
            x = x * ops.cast_like(ops.reshape(audio_scales, (-1, 1, 1)), x)
        x = ops.reshape(x, (-1, batch, *ops.shape(x)[1:]))  # (F, B, L, A)
        longest = None if c.chunk_length is None else c.chunk_length + math.prod(c.upsampling_ratios)
        x = x[0] if longest is None else chunks.join(x, c.chunk_stride, longest)  # (B, W, A)
        if padding_mask is not None:
            x = x[:, : ops.shape(padding_mask)[-1]]
        return EncodecDecoderOutput(ops.transpose(x, (0, 2, 1)))

    def forward(self, input_values, padding_mask=None, bandwidth=None, audio_codes=None, audio_scales=None):
        if audio_codes is None:
            encoded = self.encode(input_values, padding_mask, bandwidth)
            audio_codes, audio_scales = encoded.audio_codes, encoded.audio_scales
        elif self.config.normalize and audio_scales is None:
            raise InputError("audio_codes without audio_scales, of a model that normalises", key="audio_scales")
        mask = input_values if padding_mask is None else padding_mask
        return EncodecOutput(audio_codes, self.decode(audio_codes, audio_scales, mask).audio_values)
