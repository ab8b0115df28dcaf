"""Configs: typed, frozen, with the field names and defaults of Transformers' config.json."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, dataclass_transform

from . import activations, rotary
from .errors import ConfigError
from .files import read_json
from .names import nearest


@dataclass(frozen=True)
class Range:
    """The values that a number may take, both ends included."""

    low: float
    high: float


Size = Annotated[int, Range(1, 2**40)]
Count = Annotated[int, Range(0, 2**40)]
Rate = Annotated[float, Range(0.0, 1.0)]
Epsilon = Annotated[float, Range(0.0, 1.0)]
Scale = Annotated[float, Range(0.0, 1e6)]
Activation = Annotated[str, activations.NAMES]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
@dataclass_transform(frozen_default=True, kw_only_default=True)
class Config:
    """What every architecture's config has. A subclass states its own fields; all are keyword arguments.

    Every field is honoured by the network, or restricted by its type to the values that are: another value is a
    `ConfigError` that names the field. Keys that Trivium does not know are kept and written back as they were.
    A config is frozen and compares by value, so that JAX can use it as a static argument.
    A field may be a config itself (`text_config: CLIPTextConfig = CLIPTextConfig()`, `Config` for one of any architecture, or
    `Annotated[Config, LlamaConfig]` for one that is LLaMA's if it does not say): it is read from and written to an object
    inside config.json, and may be given as a dict.

    Source: the configuration files of Transformers 4.
    """

    model_type: ClassVar[str]
    aliases: ClassVar[Mapping[str, str]] = {}
    """Another name of a field -> the field, where Transformers accepts both."""
    processing: ClassVar[Mapping[str, str]] = {}
    """What its checkpoints are read with where their files name nothing: "tokenizer", "image_processor", "feature_extractor",
    "processor" -> the kind, which is a class's name without that word."""
    default_labels: ClassVar[int] = 2
    """How many labels there are if nothing is said of them."""

    architectures: tuple[str, ...] | None = ()
    dtype: str | None = None
    num_labels: Size | None = None
    id2label: dict[int, str] | None = None
    label2id: dict[str, int] | None = None
    problem_type: Literal["regression", "single_label_classification", "multi_label_classification"] | None = None
    tie_word_embeddings: bool = True
    output_attentions: bool = False
    output_hidden_states: bool = False
    bos_token_id: int | None = None
    eos_token_id: int | tuple[int, ...] | None = None
    pad_token_id: int | None = None
    pruned_heads: Annotated[dict[int, Any] | None, "refused unless empty"] = None
    quantization_config: Annotated[dict[str, Any] | None, "refused unless empty"] = None
    source: dict[str, Any] = dataclasses.field(default_factory=dict)
    """config.json as it was read, with the keys that are no fields too."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(frozen=True, kw_only=True, eq=False, repr=False)(cls)
        cls.__setattr__ = _refuse  # type: ignore[assignment, method-assign]

    def __post_init__(self) -> None:
        for field in _fields(type(self)):  # type: ignore[arg-type]
            object.__setattr__(self, field.name, self._checked(field.name, getattr(self, field.name)))
        if self.pruned_heads:
            raise self.error("pruned_heads", "pruned heads are not supported; prune the weights themselves")
        if self.quantization_config:
            method = self.quantization_config.get("quant_method", "another library")
            raise self.error(
                "quantization_config", f"the weights are integers of {method}'s; load a checkpoint that has floats"
            )
        labels = self.id2label or _unnamed(self.num_labels or self.default_labels)
        if self.num_labels not in (None, len(labels)):
            raise self.error("num_labels", f"is {self.num_labels}, but id2label names {len(labels)} labels")
        object.__setattr__(self, "id2label", labels)
        object.__setattr__(self, "num_labels", len(labels))
        if self.label2id is None:
            object.__setattr__(self, "label2id", {name: i for i, name in labels.items()})
        object.__setattr__(self, "_key", json.dumps(self.to_dict(), sort_keys=True))
        self.check()

    def check(self) -> None:
        """Raises ConfigError where fields contradict each other; a subclass states its own rules here."""

    def error(self, field: str, message: str) -> ConfigError:
        """The error for a field of this config."""
        return ConfigError(f"{type(self).__name__}.{field} {message}", key=field)

    def require_divisible(self, whole: str, part: str) -> None:
        """Raises ConfigError unless the field `whole` is a multiple of the field `part`."""
        if getattr(self, whole) % getattr(self, part):
            raise self.error(whole, f"= {getattr(self, whole)} is not a multiple of {part} = {getattr(self, part)}")

    def pair(self, field: str) -> tuple[int, int]:
        """A field that is one size for both height and width, or the two of them."""
        value = getattr(self, field)
        if isinstance(value, int):
            return value, value
        if len(value) != 2:
            raise self.error(field, f"= {value} is neither one size nor (height, width)")
        return value

    def _checked(self, name: str, value: Any) -> Any:
        kind = _field_types(type(self))[name]  # type: ignore[arg-type]
        fits, value = _fit(value, kind)
        if not fits:
            raise self.error(name, f"= {value!r} is not {_describe(kind)}")
        return value

    # Reading and writing

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], **overrides: Any) -> typing.Self:
        """The config in a config.json's `values`, with `overrides` for some of the fields.

        Raises:
            ConfigError: A field has a value that is not valid or not supported.
        """
        known = {field.name for field in _fields(cls)}  # type: ignore[arg-type]
        if "rope_theta" in known | cls.aliases.keys():
            values = rotary.in_fields(values)
        fields: dict[str, Any] = {}
        for source in (values, overrides):
            for key, value in source.items():
                name = cls.aliases.get(key, _V4.get(key, key))
                if name in known:
                    fields[name] = value
                elif source is overrides:
                    raise ConfigError(f"{cls.__name__} has no field {key!r}", key=key, hint=nearest(key, known))
        if "num_labels" in overrides and "id2label" not in overrides:
            fields = {name: value for name, value in fields.items() if name not in ("id2label", "label2id")}
        return cls(**fields, source=dict(values))

    @classmethod
    def from_pretrained(cls, source: str | Path, **overrides: Any) -> typing.Self:
        """The config of a checkpoint directory, a config.json, or a Hub id; keyword arguments override fields."""
        from . import hub

        options = {name: overrides.pop(name) for name in hub.OPTIONS if name in overrides}
        folder = hub.resolve(source, config_only=True, **options)
        path = folder if folder.is_file() else folder / "config.json"
        try:
            return cls.from_dict(cls._own(read_json(path), path), **overrides)
        except ConfigError as error:
            raise ConfigError(error.message, path=path, key=error.key, hint=error.hint) from None

    @classmethod
    def _own(cls, values: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
        """What of a config.json is this config: all of it, or the field of a larger config that has this one as a part."""
        from trivium.models import catalogue

        found = values.get("model_type", cls.model_type)
        if found == cls.model_type:
            return values
        if found in catalogue.configs():
            for name, kind in _field_types(catalogue.config_class(found)).items():  # type: ignore[arg-type]
                if kind is cls:
                    return values.get(name) or {}
        raise ConfigError(
            f"model_type is {found!r}; {cls.__name__} is for {cls.model_type!r}",
            path=path, key="model_type", hint="AutoConfig and AutoModel find the class for any checkpoint",
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """config.json: the keys it was read with, as they were, and every field that has another value than they say."""
        found = dict(self.source) or {"model_type": self.model_type}
        said = _read_fields(type(self), self.source)
        spelling = {self.aliases.get(key, _V4.get(key, key)): key for key in found}
        for field in _fields(type(self)):  # type: ignore[arg-type]
            name, value = field.name, getattr(self, field.name)
            if name in said:
                differs = value != said[name]
            elif name in _LABELS:
                differs = name != "num_labels" and self.id2label != _unnamed(said.get("num_labels") or self.default_labels)
            else:
                differs = value != field.default or not (self.source or name in _COMMON)
            if differs:
                found[spelling.get(name, name)] = _jsonable(value)
        return found

    def to_json(self) -> str:
        """config.json's text, which names the model_type whether or not the config was read from values that do."""
        values = self.to_dict()
        values.setdefault("model_type", self.model_type)
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    to_json_string = to_json

    def to_diff_dict(self) -> dict[str, Any]:
        """The fields that have another value than they would if nothing were said, and the model_type."""
        plain = type(self)()
        differs = {
            field.name: _jsonable(getattr(self, field.name))
            for field in _fields(type(self))  # type: ignore[arg-type]
            if getattr(self, field.name) != getattr(plain, field.name)
        }
        return {"model_type": self.model_type, **differs}

    def to_json_file(self, path: str | Path) -> None:
        """Writes config.json's text into a file."""
        from ..convert.writing import write_text

        write_text(Path(path), self.to_json())

    @classmethod
    def from_json_file(cls, path: str | Path) -> typing.Self:
        """The config in a file, as `from_dict`."""
        return cls.from_dict(read_json(Path(path)))

    def get_text_config(self) -> Any:
        """The part that is about text, where there is one; else the config itself."""
        return self.__dict__.get("text_config", self)

    def update(self, values: Mapping[str, Any]) -> None:
        """Refuses to: configs do not change.

        Raises:
            AttributeError: Always; it says what to do instead.
        """
        raise AttributeError(_frozen(type(self), ", ".join(map(str, values))))

    def save_pretrained(self, directory: str | Path) -> None:
        """Writes config.json into `directory`, which is made if need be."""
        from ..convert.writing import write_text

        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "config.json", self.to_json())

    def replace(self, **changes: Any) -> typing.Self:
        """A copy with some fields changed."""
        return type(self).from_dict(self.to_dict(), **changes)

    # What a cache of keys and values needs to know; an architecture says otherwise

    @property
    def key_heads(self) -> int:
        """The number of heads of keys and values."""
        return self.num_attention_heads

    @property
    def head_width(self) -> int:
        """The width of a head."""
        return self.hidden_size // self.num_attention_heads

    # Behaviour as a value

    def __getattr__(self, name: str) -> Any:
        if name in type(self).aliases:
            return getattr(self, type(self).aliases[name])
        if not name.startswith("_") and name in self.__dict__.get("source", ()):
            return self.source[name]
        raise NoField(type(self), name)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key == other._key  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.to_dict().items())})"


class NoField(AttributeError):
    """A config has no such field. The nearest are looked for when it is printed, which `getattr` with a default never does."""

    def __init__(self, cls: type[Config], name: str) -> None:
        super().__init__(cls, name)

    def __str__(self) -> str:
        cls, name = self.args
        return f"{cls.__name__} has no field {name!r}; {nearest(name, [field.name for field in _fields(cls)])}"


def _refuse(config: Config, name: str, value: Any) -> None:
    raise dataclasses.FrozenInstanceError(_frozen(type(config), name))


def _frozen(cls: type, name: str) -> str:
    return (
        f"{cls.__name__}.{name} cannot be set: a config does not change. Load with from_pretrained(..., {name}=...), or "
        f"replace it: model.config = model.config.replace({name}=...)"
    )


_V4 = {"torch_dtype": "dtype"}
"""Transformers 4's name of a field -> Transformers 5's."""
_LABELS = ("num_labels", "id2label", "label2id")


def _unnamed(count: int) -> dict[int, str]:
    """Labels that nobody named."""
    return {i: f"LABEL_{i}" for i in range(count)}


@functools.cache
def _field_types(cls: type[Config]) -> dict[str, Any]:
    kinds = typing.get_type_hints(cls, include_extras=True)
    return {field.name: kinds[field.name] for field in _fields(cls)}  # type: ignore[arg-type]


@functools.cache
def _fields(cls: type[Config]) -> tuple[dataclasses.Field, ...]:
    return tuple(field for field in dataclasses.fields(cls) if field.name != "source")


_COMMON = {field.name for field in _fields(Config)}


def _read_fields(cls: type[Config], values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that `values` states, in the form in which a config holds them."""
    kinds = _field_types(cls)  # type: ignore[arg-type]
    said = {}
    for key, value in values.items():
        name = cls.aliases.get(key, _V4.get(key, key))
        if name in kinds:
            said[name] = _fit(value, kinds[name])[1]
    return said


def _fit(value: Any, kind: Any) -> tuple[bool, Any]:
    """Whether `value` is of the annotated `kind`, and the value in the form in which a config holds it."""
    origin = typing.get_origin(kind)
    if origin is Annotated:
        inner, *notes = typing.get_args(kind)
        for note in notes:
            if inner is Config and isinstance(value, Mapping):
                value = {"model_type": note.model_type, **value}
        fits, value = _fit(value, inner)
        for note in notes if fits and value is not None else ():
            if isinstance(note, Range):
                fits = note.low <= value <= note.high
            elif isinstance(note, frozenset):
                fits = value in note
        return fits, value
    if origin in (typing.Union, types.UnionType):
        for option in typing.get_args(kind):
            fits, fitted = _fit(value, option)
            if fits:
                return True, fitted
        return False, value
    if origin is Literal:
        return any(value == option and type(value) is type(option) for option in typing.get_args(kind)), value
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            return False, value
        items = [_fit(item, typing.get_args(kind)[0]) for item in value]
        return all(fits for fits, _ in items), tuple(item for _, item in items)
    if origin is dict:
        key_kind, item_kind = typing.get_args(kind)
        if not isinstance(value, Mapping):
            return False, value
        if key_kind is int:  # JSON has no integer keys
            if not all(isinstance(key, int) or str(key).lstrip("-").isdigit() for key in value):
                return False, value
            value = {int(key): item for key, item in value.items()}
        return all(_fit(item, item_kind)[0] for item in value.values()), dict(value)
    if kind is Any:
        return True, value
    if isinstance(kind, type) and issubclass(kind, Config):
        if isinstance(value, Mapping):
            value = (_class_of(value) if kind is Config else kind).from_dict(value)
        elif value is None and kind is not Config:
            value = kind()
        return isinstance(value, kind), value
    if kind in (None, type(None)):
        return value is None, value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return True, float(value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool)), value


def _class_of(values: Mapping[str, Any]) -> type[Config]:
    from trivium.models import catalogue

    return catalogue.config_class(values.get("model_type"))


def _describe(kind: Any) -> str:
    """A kind in words, for an error message."""
    origin = typing.get_origin(kind)
    if origin is Annotated:
        inner, *notes = typing.get_args(kind)
        for note in notes:
            if isinstance(note, Range):
                return f"{_describe(inner)} from {note.low:g} to {note.high:g}"
            if isinstance(note, frozenset):
                return "one of " + ", ".join(map(repr, sorted(note)))
        return _describe(inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_describe(option) for option in typing.get_args(kind))
    if origin is Literal:
        return "supported (supported: " + ", ".join(map(repr, typing.get_args(kind))) + ")"
    return {int: "an integer", float: "a number", bool: "a boolean", str: "a string", type(None): "null"}.get(
        kind, f"of type {kind}"
    )


def _jsonable(value: Any) -> Any:
    if isinstance(value, Config):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    return value
