"""What models return: named fields that also count as a tuple. The names are those of Transformers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from .errors import InputError

Tensor = Any


@dataclass
class ModelOutput:
    """The base of all outputs: `out.logits`, `out["logits"]`, `out[0]`, `out.to_tuple()`; a field that is None does not count.

    Every backend registers the subclasses as containers of tensors (pytrees), so that `jax.jit`, `torch.export` and Keras
    look inside.
    """

    _classes: ClassVar[list[type[ModelOutput]]] = []
    _listeners: ClassVar[list[Callable[[type[ModelOutput]], None]]] = []

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(cls)
        ModelOutput._classes.append(cls)
        for listen in ModelOutput._listeners:
            listen(cls)

    def keys(self) -> list[str]:
        """The names of the fields that are not None."""
        return [field.name for field in dataclasses.fields(self) if getattr(self, field.name) is not None]

    def values(self) -> list[Any]:
        """The fields that are not None."""
        return [getattr(self, name) for name in self.keys()]

    def items(self) -> list[tuple[str, Any]]:
        """Pairs of name and field."""
        return [(name, getattr(self, name)) for name in self.keys()]

    def to_tuple(self) -> tuple[Any, ...]:
        """The fields that are not None."""
        return tuple(self.values())

    def __getitem__(self, index: str | int | slice) -> Any:
        if isinstance(index, str):
            if index not in self.keys():
                raise KeyError(f"{index!r}; there are {', '.join(self.keys())}")
            return getattr(self, index)
        return self.to_tuple()[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __len__(self) -> int:
        return len(self.keys())


def on_each_class(register: Callable[[type[ModelOutput]], None]) -> None:
    """Calls `register` with every class of outputs, those of today and those to come."""
    ModelOutput._listeners.append(register)
    for cls in ModelOutput._classes:
        register(cls)


class LayerCache(NamedTuple):
    """What one layer has seen while decoding: state of fixed size, passed in and returned, never written in place.

    Attributes:
        key: (B, S, K, H), S the room for tokens, K the key heads.
        value: The same.
        length: How many tokens have been seen, an int32 scalar; token number `length` is written next.
        key_scale: (B, S, K, 1) float32, by which keys are multiplied that are int8; () where they are floats.
        value_scale: The same of values.
    """

    key: Tensor
    value: Tensor
    length: Tensor
    key_scale: Tensor = ()
    value_scale: Tensor = ()


class CrossCache(NamedTuple):
    """A LayerCache of a decoder that also attends to an encoder, whose keys and values are computed once and kept.

    Attributes:
        key, value, length: As in LayerCache.
        cross_key: (B, E, K, H), E the tokens of the encoder; None before the first call, which is given what the encoder saw.
        cross_value: The same.
        key_scale, value_scale: As in LayerCache; what is kept of the encoder are floats.
    """

    key: Tensor
    value: Tensor
    length: Tensor
    cross_key: Tensor | None = None
    cross_value: Tensor | None = None
    key_scale: Tensor = ()
    value_scale: Tensor = ()


class RingCache(NamedTuple):
    """A LayerCache of a layer that sees a window of the last tokens alone: a new token takes the place of the oldest.

    Attributes:
        key: (B, W, K, H), W the width of the window; token number n is in place n modulo W.
        value: The same.
        length: How many tokens have been seen, an int32 scalar.
        counted: How many of the next tokens are to be remembered, an int32 scalar; () for all. What follows them fills up.
        key_scale, value_scale: As in LayerCache.
    """

    key: Tensor
    value: Tensor
    length: Tensor
    counted: Tensor = ()
    key_scale: Tensor = ()
    value_scale: Tensor = ()


class Causal(NamedTuple):
    """Which keys queries see, as an EngineCache is told it: those of their own text, up to their own.

    Attributes:
        window: How many of these, the last; None for all.
    """

    window: int | None


class Slopes(NamedTuple):
    """What is added to products of queries and keys, as an EngineCache is told it: ALiBi, which grows with the key's position.

    Attributes:
        slopes: By how much from one position to the next, for each of N heads, in the unit of scaled products.
        dtype: Whose rounding it has.
    """

    slopes: tuple[float, ...]
    dtype: str


class EngineCache:
    """A layer's cache that belongs to an engine, which serves many texts at once and attends by means of its own.

    A network that is given these as past_key_values takes the tokens of all texts as one row, input_ids (1, T), with
    position_ids (1, T) and no attention_mask. Which tokens are of one text, the engine knows.
    """

    @property
    def length(self) -> Tensor:
        """There is none: texts of many lengths share it."""
        raise InputError("an engine's cache has no one length", key="position_ids", hint="give position_ids")

    def attend(self, q: Tensor, k: Tensor, v: Tensor, *, mask: Causal, bias: Slopes | None, scale: float) -> Tensor:
        """What queries (1, T, N, H) find, after keys and values (1, T, K, H) have been kept: (1, T, N, H)."""
        raise NotImplementedError


class MemoryCache(NamedTuple):
    """What a layer of XLNet remembers while it writes.

    Attributes:
        memory: (B, L, D), the states of all tokens but the last, the newest at the end.
        last: (B, 1) int32, the last token.
        length: How many tokens have been seen, an int32 scalar.
        counted: As of a RingCache.
    """

    memory: Tensor
    last: Tensor
    length: Tensor
    counted: Tensor = ()


class StateCache(NamedTuple):
    """What a layer whose memory is a state, and not keys, has seen; passed in and returned like a LayerCache.

    Attributes:
        recent: (B, K - 1, C), the last inputs of its convolution, whose kernel has size K.
        state: (B, ...), what the layer remembers, float32.
        length: How many tokens have been seen, an int32 scalar.
        counted: How many of the next tokens are to be remembered, an int32 scalar; () for all. What follows them fills up.
    """

    recent: Tensor
    state: Tensor
    length: Tensor
    counted: Tensor = ()


class BaseModelOutput(ModelOutput):
    """A body's output. Shapes: (B, T, D); one (B, T, D) per layer and one before; one (B, N, T, S) per layer."""

    last_hidden_state: Tensor = None
    past_key_values: tuple[LayerCache, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    cross_attentions: tuple[Tensor, ...] | None = None


class BaseModelOutputWithPooling(ModelOutput):
    """A body's output with the pooled first token (B, D)."""

    last_hidden_state: Tensor = None
    pooler_output: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    past_key_values: tuple[LayerCache, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    cross_attentions: tuple[Tensor, ...] | None = None


class HeadOutput(ModelOutput):
    """A head's output: the loss () if labels were given, the logits, and what the body kept."""

    loss: Tensor = None
    logits: Tensor = None
    past_key_values: tuple[LayerCache, ...] | None = None
    mems: tuple[Tensor, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    cross_attentions: tuple[Tensor, ...] | None = None


class ExpertsModelOutput(ModelOutput):
    """A body's output, with the logits (B T, E) by which each layer chose among E experts."""

    last_hidden_state: Tensor = None
    past_key_values: tuple[LayerCache, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    router_logits: tuple[Tensor, ...] | None = None


class ExpertsHeadOutput(ModelOutput):
    """A head's output on an `ExpertsModelOutput`; aux_loss says how unevenly the experts were used."""

    loss: Tensor = None
    aux_loss: Tensor = None
    logits: Tensor = None
    past_key_values: tuple[LayerCache, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    router_logits: tuple[Tensor, ...] | None = None


class QuestionAnsweringOutput(ModelOutput):
    """Start and end logits, (B, T) each."""

    loss: Tensor = None
    start_logits: Tensor = None
    end_logits: Tensor = None
    past_key_values: tuple[LayerCache, ...] | None = None
    mems: tuple[Tensor, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class MemoryModelOutput(ModelOutput):
    """A body's output with the memory that its next call may take: (M, B, D) for each layer."""

    last_hidden_state: Tensor = None
    mems: tuple[Tensor, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Any, ...] | None = None


class AnswersOutput(ModelOutput):
    """The likeliest starts (B, K) and ends (B, E K) of an answer: chances and places; the logits of there being none (B,)."""

    loss: Tensor = None
    start_top_log_probs: Tensor = None
    start_top_index: Tensor = None
    end_top_log_probs: Tensor = None
    end_top_index: Tensor = None
    cls_logits: Tensor = None
    mems: tuple[Tensor, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Any, ...] | None = None


class PreTrainingOutput(ModelOutput):
    """BERT's two tasks: (B, T, V) and (B, 2)."""

    loss: Tensor = None
    prediction_logits: Tensor = None
    seq_relationship_logits: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class AlbertPreTrainingOutput(ModelOutput):
    """ALBERT's two tasks: (B, T, V) and (B, 2)."""

    loss: Tensor = None
    prediction_logits: Tensor = None
    sop_logits: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class DoubleHeadsOutput(ModelOutput):
    """GPT-2's two heads: language modelling (B, C, T, V) and multiple choice (B, C)."""

    loss: Tensor = None
    mc_loss: Tensor = None
    logits: Tensor = None
    mc_logits: Tensor = None
    past_key_values: tuple[LayerCache, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class MaskedImageModelingOutput(ModelOutput):
    """Reconstructed pixels (B, C, H, W)."""

    loss: Tensor = None
    reconstruction: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class DistilledClassificationOutput(ModelOutput):
    """DeiT's two classifiers (B, L), and their mean as the logits."""

    logits: Tensor = None
    cls_logits: Tensor = None
    distillation_logits: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class Seq2SeqModelOutput(ModelOutput):
    """The output of an encoder and a decoder: the decoder's last state (B, T, D), and what either kept.

    Of the decoder: one (B, T, D) per layer and one before, (B, N, T, S) and (B, N, T, E) per layer. Of the encoder: (B, E, D),
    one per layer and one before, (B, N, E, E) per layer; None where the encoder's keys came from the cache.
    """

    last_hidden_state: Tensor = None
    past_key_values: tuple[CrossCache, ...] | None = None
    decoder_hidden_states: tuple[Tensor, ...] | None = None
    decoder_attentions: tuple[Tensor, ...] | None = None
    cross_attentions: tuple[Tensor, ...] | None = None
    encoder_last_hidden_state: Tensor = None
    encoder_hidden_states: tuple[Tensor, ...] | None = None
    encoder_attentions: tuple[Tensor, ...] | None = None


class Seq2SeqLMOutput(ModelOutput):
    """The output of a head on an encoder and a decoder: the loss () if there were labels, the logits, what the body kept."""

    loss: Tensor = None
    logits: Tensor = None
    past_key_values: tuple[CrossCache, ...] | None = None
    decoder_hidden_states: tuple[Tensor, ...] | None = None
    decoder_attentions: tuple[Tensor, ...] | None = None
    cross_attentions: tuple[Tensor, ...] | None = None
    encoder_last_hidden_state: Tensor = None
    encoder_hidden_states: tuple[Tensor, ...] | None = None
    encoder_attentions: tuple[Tensor, ...] | None = None


class Seq2SeqQuestionAnsweringOutput(ModelOutput):
    """Start and end logits, (B, T) each, and what the body kept."""

    loss: Tensor = None
    start_logits: Tensor = None
    end_logits: Tensor = None
    past_key_values: tuple[CrossCache, ...] | None = None
    decoder_hidden_states: tuple[Tensor, ...] | None = None
    decoder_attentions: tuple[Tensor, ...] | None = None
    cross_attentions: tuple[Tensor, ...] | None = None
    encoder_last_hidden_state: Tensor = None
    encoder_hidden_states: tuple[Tensor, ...] | None = None
    encoder_attentions: tuple[Tensor, ...] | None = None


class BackboneOutput(ModelOutput):
    """Maps of features (B, D, h, w), of the stages asked for; and all of them."""

    feature_maps: tuple[Tensor, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class TextEmbedsOutput(ModelOutput):
    """A text as a vector (B, P) in a space shared with images, and what its encoder said."""

    text_embeds: Tensor = None
    last_hidden_state: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class ImageEmbedsOutput(ModelOutput):
    """An image as a vector (B, P) in a space shared with texts, and what its encoder said."""

    image_embeds: Tensor = None
    last_hidden_state: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class ContrastiveOutput(ModelOutput):
    """M texts compared with B images: (B, M) and (M, B), their vectors (M, P) and (B, P), and the encoders' outputs."""

    loss: Tensor = None
    logits_per_image: Tensor = None
    logits_per_text: Tensor = None
    text_embeds: Tensor = None
    image_embeds: Tensor = None
    text_model_output: BaseModelOutputWithPooling | None = None
    vision_model_output: BaseModelOutputWithPooling | None = None


class SpatialModelOutput(ModelOutput):
    """A body's output; for every stage its tokens (B, T, D), its last layer's weights, and a map (B, D, h, w)."""

    last_hidden_state: Tensor = None
    pooler_output: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    reshaped_hidden_states: tuple[Tensor, ...] | None = None


class SpatialHeadOutput(ModelOutput):
    """A head's output on such a body."""

    loss: Tensor = None
    logits: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    reshaped_hidden_states: tuple[Tensor, ...] | None = None


class SpatialModelingOutput(ModelOutput):
    """Reconstructed pixels (B, C, H, W), from such a body."""

    loss: Tensor = None
    reconstruction: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    reshaped_hidden_states: tuple[Tensor, ...] | None = None


class MaskedAutoencoderModelOutput(ModelOutput):
    """A masked autoencoder's body: what is seen (B, K + 1, D), 1 where a patch is hidden (B, P), each patch's place (B, P)."""

    last_hidden_state: Tensor = None
    mask: Tensor = None
    ids_restore: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class MaskedAutoencoderOutput(ModelOutput):
    """The same with the pixels of every patch."""

    loss: Tensor = None
    logits: Tensor = None
    mask: Tensor = None
    ids_restore: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class AudioModelOutput(ModelOutput):
    """An encoder of speech: (B, T, D), and what its first convolutions found, normalised (B, T, C)."""

    last_hidden_state: Tensor = None
    extract_features: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class SpeechPreTrainingOutput(ModelOutput):
    """Frames and their codes, both (B, T, P), how many codes are in use, as a perplexity (), and the parts of the loss."""

    loss: Tensor = None
    projected_states: Tensor = None
    projected_quantized_states: Tensor = None
    codevector_perplexity: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    contrastive_loss: Tensor = None
    diversity_loss: Tensor = None


class EncodecEncoderOutput(ModelOutput):
    """The codes (F, B, Q, T) of F chunks of sound, and how loud each was (F, B, 1, 1), where chunks are normalised."""

    audio_codes: Tensor = None
    audio_scales: Tensor = None


class EncodecDecoderOutput(ModelOutput):
    """A wave (B, A, W) of A channels."""

    audio_values: Tensor = None


class EncodecOutput(ModelOutput):
    """The codes (F, B, Q, T) of a wave, and the wave (B, A, W) that they say."""

    audio_codes: Tensor = None
    audio_values: Tensor = None


class XVectorOutput(ModelOutput):
    """A speaker: the logits (B, X) that the loss compares with those of each speaker, and the embeddings (B, X)."""

    loss: Tensor = None
    logits: Tensor = None
    embeddings: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class ImagesInTextModelOutput(ModelOutput):
    """The body's output of a decoder of text that reads images, with their tokens (P, S, D) as they went into it."""

    last_hidden_state: Tensor = None
    past_key_values: tuple[LayerCache, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    image_hidden_states: Tensor = None


class ImagesInTextHeadOutput(ModelOutput):
    """A head's output on such a body."""

    loss: Tensor = None
    logits: Tensor = None
    past_key_values: tuple[LayerCache, ...] | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    image_hidden_states: Tensor = None


class ImageToTextOutput(ModelOutput):
    """The output of an encoder of images and what writes about them: of the former but for loss and logits (B, T, V)."""

    loss: Tensor = None
    logits: Tensor = None
    image_embeds: Tensor = None
    past_key_values: tuple[CrossCache, ...] | None = None
    last_hidden_state: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class ImageTextMatchingOutput(ModelOutput):
    """Whether texts and images belong together (B, 2) or (B, B), the output of the images' encoder, and that of the texts'."""

    itm_score: Tensor = None
    last_hidden_state: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    question_embeds: Tensor = None


class SeriesModelOutput(ModelOutput):
    """A body's output for time series, of C channels in P patches of L points: the states (B, C, P, D) and what it was given.

    The mask (B, C, P) is True where a patch was hidden; loc and scale (B, 1, C) give patch_input (B, C, P, L) its level back.
    """

    last_hidden_state: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    mask: Tensor = None
    loc: Tensor = None
    scale: Tensor = None
    patch_input: Tensor = None


class SeriesPreTrainingOutput(ModelOutput):
    """Time series reconstructed patch by patch (B, C, P, L)."""

    loss: Tensor = None
    prediction_output: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class SeriesPredictionOutput(ModelOutput):
    """Forecasts (B, F, C), or the parameters of their distribution, which loc and scale (B, 1, C) shift and stretch."""

    loss: Tensor = None
    prediction_outputs: Tensor | tuple[Tensor, ...] = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    loc: Tensor = None
    scale: Tensor = None


class SeriesRegressionOutput(ModelOutput):
    """Numbers found in time series (B, K), or the parameters of their distribution."""

    loss: Tensor = None
    regression_outputs: Tensor | tuple[Tensor, ...] = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class SeriesClassificationOutput(ModelOutput):
    """Time series classified (B, K)."""

    loss: Tensor = None
    prediction_logits: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class DetectionModelOutput(ModelOutput):
    """What Q queries found in images: the decoder's last state (B, Q, D), and what it and the encoder kept.

    As in Seq2SeqModelOutput, with P places of an image for the encoder's tokens; and the states of all layers (M, B, Q, D).
    """

    last_hidden_state: Tensor = None
    decoder_hidden_states: tuple[Tensor, ...] | None = None
    decoder_attentions: tuple[Tensor, ...] | None = None
    cross_attentions: tuple[Tensor, ...] | None = None
    encoder_last_hidden_state: Tensor = None
    encoder_hidden_states: tuple[Tensor, ...] | None = None
    encoder_attentions: tuple[Tensor, ...] | None = None
    intermediate_hidden_states: Tensor = None


class DetectionOutput(ModelOutput):
    """Objects: the logits (B, Q, L + 1), boxes (B, Q, 4) as parts of the image, and what the body kept.

    `loss` is what the losses in `loss_dict` add up to, each times its coefficient in the config. `auxiliary_outputs` has the
    logits and boxes after each layer of the decoder but the last, where these are trained, too.
    """

    loss: Tensor = None
    loss_dict: dict[str, Tensor] | None = None
    logits: Tensor = None
    pred_boxes: Tensor = None
    auxiliary_outputs: tuple[dict[str, Tensor], ...] | None = None
    last_hidden_state: Tensor = None
    decoder_hidden_states: tuple[Tensor, ...] | None = None
    decoder_attentions: tuple[Tensor, ...] | None = None
    cross_attentions: tuple[Tensor, ...] | None = None
    encoder_last_hidden_state: Tensor = None
    encoder_hidden_states: tuple[Tensor, ...] | None = None
    encoder_attentions: tuple[Tensor, ...] | None = None


class InstanceSegmentationOutput(ModelOutput):
    """Objects as in DetectionOutput, and the logits of their masks (B, Q, h, w)."""

    loss: Tensor = None
    loss_dict: dict[str, Tensor] | None = None
    logits: Tensor = None
    pred_boxes: Tensor = None
    pred_masks: Tensor = None
    auxiliary_outputs: tuple[dict[str, Tensor], ...] | None = None
    last_hidden_state: Tensor = None
    decoder_hidden_states: tuple[Tensor, ...] | None = None
    decoder_attentions: tuple[Tensor, ...] | None = None
    cross_attentions: tuple[Tensor, ...] | None = None
    encoder_last_hidden_state: Tensor = None
    encoder_hidden_states: tuple[Tensor, ...] | None = None
    encoder_attentions: tuple[Tensor, ...] | None = None
