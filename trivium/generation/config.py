"""What `generate` is asked for: Transformers' names and defaults, in generation_config.json and as arguments."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from trivium.core.config import Config, Count, Range, Rate, Size, _describe, _fit, _jsonable
from trivium.core.errors import ConfigError, InputError
from trivium.core.files import read_json
from trivium.core.names import nearest
from trivium.generation.fields import REMEDIES, SETTINGS

FILE = "generation_config.json"

Positive = Annotated[float, Range(1e-9, 1e9)]
Tokens = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class GenerationConfig:
    """How to generate. Names and defaults are those of Transformers' generation_config.json; ours are marked so.

    Attributes:
        max_length: Of prompt and continuation together; `max_new_tokens`, of the continuation alone, goes before it.
        min_length: Until then no text ends; `min_new_tokens` likewise.
        early_stopping: When a beam search ends that has as many ended texts as beams: at once (True), when no better one is
            likely (False), or when none is possible ("never").
        max_time: Seconds after which no further token is begun.
        stop_strings: Texts that end the text they appear in; needs `tokenizer=`.
        do_sample: Draw tokens, rather than take the likeliest.
        num_beams: Texts that are followed at a time; above 1 a beam search.
        num_beam_groups: Groups of beams that `diversity_penalty` drives apart.
        penalty_alpha: With top_k above 1, contrastive search: how much likeness to what was said before counts.
        prefill_chunk_size: Tokens of the prompt that are read at a time.
        cache_implementation: "quantized" keeps keys and values as int8; the other names change nothing, as each layer has
            the cache that it needs.
        temperature, top_k, top_p, min_p, top_h, typical_p, epsilon_cutoff, eta_cutoff: Of sampling; see `processors`.
        repetition_penalty, no_repeat_ngram_size, bad_words_ids, sequence_bias, suppress_tokens, ...: See `processors`.
        frequency_penalty, presence_penalty: Ours: taken from a token's score for each time, or once, that it was generated.
        length_penalty: The power of its length by which a beam's score is divided.
        num_return_sequences: Texts for each prompt.
        num_assistant_tokens: Tokens that a draft model proposes at a time, unless one is less likely, to the draft model, than
            `assistant_confidence_threshold`.
        prompt_lookup_num_tokens: Drafts are so many tokens of the text itself, from where its last tokens (at most
            `max_matching_ngram_size` of them, or 2) were said before.
        dola_layers: The layers, counted from the embedding's 0, of whose words the last layer's are cleared: "low", "high", or
            their numbers.
        guidance_scale: How far to keep from what would follow `negative_prompt_ids`, or the last token alone.
        output_scores, output_logits: Scores after processing, and before; in what `return_dict_in_generate` returns.
        output_attentions, output_hidden_states: What the layers made of each token; there, too.
        disable_compile: As `compiled=False`.
        timestamp_tokens: Ours, of speech, set by `return_timestamps`: the first token that is a time, and by how many later
            ones a text may begin, -1 for all.
    """

    max_length: Size = 20
    max_new_tokens: Size | None = None
    min_length: Count = 0
    min_new_tokens: Count | None = None
    early_stopping: Literal[True, False, "never"] = False
    max_time: Positive | None = None
    stop_strings: str | tuple[str, ...] | None = None
    do_sample: bool = False
    num_beams: Size = 1
    num_beam_groups: Size = 1
    penalty_alpha: Rate | None = None
    prefill_chunk_size: Size | None = None
    cache_implementation: Literal["quantized", "static", "dynamic", "hybrid", "sliding_window"] | None = None
    temperature: Positive = 1.0
    top_k: Count = 50
    top_p: Rate = 1.0
    min_p: Rate | None = None
    top_h: Annotated[float, Range(1e-9, 1.0)] | None = None
    typical_p: Rate = 1.0
    epsilon_cutoff: Rate = 0.0
    eta_cutoff: Rate = 0.0
    diversity_penalty: Annotated[float, Range(0.0, 1e9)] = 0.0
    repetition_penalty: Positive = 1.0
    encoder_repetition_penalty: Positive = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    length_penalty: float = 1.0
    no_repeat_ngram_size: Count = 0
    encoder_no_repeat_ngram_size: Count = 0
    bad_words_ids: tuple[Tokens, ...] | None = None
    renormalize_logits: bool = False
    forced_bos_token_id: int | None = None
    forced_eos_token_id: int | Tokens | None = None
    remove_invalid_values: bool = False
    exponential_decay_length_penalty: tuple[float, ...] | None = None
    suppress_tokens: Tokens | None = None
    begin_suppress_tokens: Tokens | None = None
    sequence_bias: tuple[tuple[Tokens, float], ...] | None = None
    num_return_sequences: Size = 1
    output_attentions: bool = False
    output_hidden_states: bool = False
    output_scores: bool = False
    output_logits: bool | None = None
    return_dict_in_generate: bool = False
    pad_token_id: int | None = None
    bos_token_id: int | None = None
    eos_token_id: int | Tokens | None = None
    decoder_start_token_id: int | None = None
    num_assistant_tokens: Size = 20
    assistant_confidence_threshold: Rate = 0.4
    prompt_lookup_num_tokens: Size | None = None
    max_matching_ngram_size: Size | None = None
    dola_layers: Literal["low", "high"] | Tokens | None = None
    guidance_scale: float | None = None
    forced_decoder_ids: tuple[tuple[int | None, ...], ...] | None = None
    timestamp_tokens: Tokens | None = None
    # what others do and nothing here does: any value but these is refused by name (`fields.REMEDIES`)
    constraints: None = None
    force_words_ids: None = None
    token_healing: Literal[False] | None = False
    watermarking_config: None = None
    assistant_early_exit: None = None
    assistant_ensemble_weight: None = None
    speculation_type: None = None
    use_mtp: Literal[False] | None = None
    generation_kwargs: None = None
    # what changes no token (`fields.SETTINGS`)
    use_cache: Literal[True] | None = True
    cache_config: None = None
    max_cache_len: None = None
    return_legacy_cache: Literal[False] | None = None
    low_memory: Literal[False] | None = None
    num_assistant_tokens_schedule: Literal["constant"] = "constant"
    assistant_lookbehind: Literal[10] | None = 10
    target_lookbehind: Literal[10] | None = 10
    is_assistant: Literal[False] | None = False
    compile_config: None = None
    disable_compile: bool = False
    continuous_batching_config: None = None
    source: Mapping[str, Any] = dataclasses.field(default_factory=dict, compare=False)
    """The file as it was read, with the keys that are no fields too."""

    def __post_init__(self) -> None:
        for name, kind in _kinds().items():
            value = getattr(self, name)
            if value is None:  # as in Transformers: nothing is asked for
                value = 0 if name == "top_k" else type(self).__dataclass_fields__[name].default
            fits, value = _fitted(name, value, kind)
            if not fits:
                raise self.error(name, f"= {getattr(self, name)!r} is not {_describe(kind)}", REMEDIES.get(name))
            object.__setattr__(self, name, value)
        self.check()

    def check(self) -> None:
        """Raises ConfigError where fields contradict each other."""
        if self.num_beams % self.num_beam_groups:
            raise self.error("num_beams", f"= {self.num_beams} is not a multiple of num_beam_groups = {self.num_beam_groups}")
        if self.num_beam_groups > 1 and self.do_sample:
            raise self.error("do_sample", "draws, and num_beam_groups does not: set one of them alone")
        if self.num_beam_groups > 1 and not self.diversity_penalty:
            raise self.error("diversity_penalty", "has to be above 0, or all groups of beams would be the same")
        if self.diversity_penalty and self.num_beam_groups == 1:
            raise self.error("diversity_penalty", "is for groups of beams: set num_beam_groups too")
        if self.num_return_sequences > 1 and not self.do_sample and self.num_return_sequences > self.num_beams:
            raise self.error("num_return_sequences", f"= {self.num_return_sequences} needs do_sample, or as many num_beams")
        ways = {"num_beams": self.num_beams > 1, "penalty_alpha": self.contrastive, "guidance_scale": self.guided}
        asked = [name for name, on in (ways | {"dola_layers": self.dola_layers is not None}).items() if on]
        if len(asked) > 1:
            raise self.error(asked[1], f"and {asked[0]} do not go together")
        if self.exponential_decay_length_penalty is not None and len(self.exponential_decay_length_penalty) != 2:
            raise self.error("exponential_decay_length_penalty", "is a pair: the length at which it begins, and its factor")
        if self.min_length > self.max_length and self.max_new_tokens is None:
            raise self.error("min_length", f"= {self.min_length} is above max_length = {self.max_length}")
        if None not in (self.min_new_tokens, self.max_new_tokens) and self.min_new_tokens > self.max_new_tokens:  # type: ignore
            raise self.error("min_new_tokens", f"= {self.min_new_tokens} is above max_new_tokens = {self.max_new_tokens}")
        for name in ("bad_words_ids", "sequence_bias"):
            if any(not (words[0] if name == "sequence_bias" else words) for words in getattr(self, name) or ()):
                raise self.error(name, "has an empty sequence of tokens")

    def error(self, field: str, message: str, hint: str | None = None) -> ConfigError:
        """The error for a field."""
        return ConfigError(f"GenerationConfig.{field} {message}", key=field, hint=hint)

    # What several fields say together

    @property
    def eos(self) -> Tokens:
        """The tokens that end a text."""
        eos = self.eos_token_id
        return () if eos is None else (eos,) if isinstance(eos, int) else eos

    @property
    def pad(self) -> int:
        """The token that follows the end of a text."""
        return self.pad_token_id if self.pad_token_id is not None else self.eos[0] if self.eos else 0

    @property
    def contrastive(self) -> bool:
        """Whether contrastive search is asked for."""
        return bool(self.penalty_alpha and self.top_k > 1 and not self.do_sample and self.num_beams == 1)

    @property
    def guided(self) -> bool:
        """Whether guidance is asked for."""
        return self.guidance_scale not in (None, 1)

    # Reading and writing

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The config in a generation_config.json's values."""
        meant = _kinds().keys() - SETTINGS
        known = {name: value for name, value in values.items() if name in meant}
        return cls(**known, source=dict(values))

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Self:
        """The config of a directory's generation_config.json.

        Raises:
            NotFound: It is not there.
            ConfigError: A field has a value that is not valid or not supported.
        """
        path = Path(folder) / FILE
        try:
            return cls.from_dict(read_json(path))
        except ConfigError as error:
            raise ConfigError(error.message, path=path, key=error.key, hint=error.hint) from None

    @classmethod
    def from_model_config(cls, config: Config) -> Self:
        """What a model's config.json says of generating, as files from before generation_config.json do."""
        found: dict[str, Any] = {}
        for part in (getattr(config, "text_config", None), getattr(config, "decoder", None), config):
            if isinstance(part, Config):
                said = {name: getattr(part, name, None) for name in _kinds()}
                found |= {name: value for name, value in said.items() if value is not None}
        return cls.from_dict(found)

    def to_dict(self) -> dict[str, Any]:
        """generation_config.json: the keys it was read with, and every field that has another value than its default."""
        found = dict(self.source)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            said = field.name not in SETTINGS and found.get(field.name) is not None
            if field.name != "source" and (value != field.default or said):
                found[field.name] = _jsonable(value)
        return found

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes generation_config.json into a directory."""
        from trivium.convert.writing import write_text

        write_text(Path(folder) / FILE, json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n")

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed.

        Raises:
            InputError: There is no such field; the nearest names are offered.
            ConfigError: A value is not valid, or contradicts another.
        """
        for name in changes:
            if name not in _kinds():
                raise InputError(f"GenerationConfig has no field {name!r}", key=name, hint=nearest(name, _kinds()))
        return dataclasses.replace(self, **changes)

    @staticmethod
    def names() -> tuple[str, ...]:
        """The names of all fields."""
        return tuple(_kinds())


ARGUMENTS = (
    "inputs", "attention_mask", "generation_config", "logits_processor", "stopping_criteria", "prefix_allowed_tokens_fn",
    "assistant_model", "streamer", "tokenizer", "past_key_values", "negative_prompt_ids", "negative_prompt_attention_mask",
    "seed", "compiled",
)  # fmt: skip
"""The arguments of `generate` that are no fields."""


@functools.cache
def _kinds() -> dict[str, Any]:
    kinds = typing.get_type_hints(GenerationConfig, include_extras=True)
    return {field.name: kinds[field.name] for field in dataclasses.fields(GenerationConfig) if field.name != "source"}


def _fitted(name: str, value: Any, kind: Any) -> tuple[bool, Any]:
    if name == "generation_kwargs" and value == {}:
        return True, None
    if name == "sequence_bias" and isinstance(value, Mapping):  # Transformers' other way of writing it
        value = list(value.items())
    if name == "sequence_bias" and value is not None:
        try:
            return True, tuple((tuple(int(token) for token in tokens), float(bias)) for tokens, bias in value)
        except (TypeError, ValueError):
            return False, value
    return _fit(value, kind)
