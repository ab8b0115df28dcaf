"""Auto classes: the config and the class of a checkpoint, found by what its config.json says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trivium.models import catalogue

from . import hub
from .config import Config
from .errors import ConfigError
from .files import read_json
from .loading import familiar
from .names import nearest

TASKS: dict[str, tuple[str, ...]] = {
    "AutoModel": ("Model",),
    "AutoModelForPreTraining": ("ForPreTraining", "ForMaskedLM", "LMHeadModel", "ForMaskedImageModeling"),
    "AutoModelForMaskedLM": ("ForMaskedLM",),
    "AutoModelForCausalLM": ("ForCausalLM", "LMHeadModel"),
    "AutoModelForSeq2SeqLM": ("ForConditionalGeneration", "MTModel", "EncoderDecoderModel"),
    "AutoModelForSpeechSeq2Seq": ("ForConditionalGeneration", "SpeechEncoderDecoderModel"),
    "AutoModelForVision2Seq": ("VisionEncoderDecoderModel",),
    "AutoModelForImageTextToText": ("ForConditionalGeneration",),
    "AutoModelForNextSentencePrediction": ("ForNextSentencePrediction",),
    "AutoModelForSequenceClassification": ("ForSequenceClassification",),
    "AutoModelForMultipleChoice": ("ForMultipleChoice",),
    "AutoModelForTokenClassification": ("ForTokenClassification",),
    "AutoModelForQuestionAnswering": ("ForQuestionAnsweringSimple", "ForQuestionAnswering"),
    "AutoModelForImageClassification": ("ForImageClassification",),
    "AutoModelForMaskedImageModeling": ("ForMaskedImageModeling",),
    "AutoModelForSemanticSegmentation": ("ForSemanticSegmentation",),
    "AutoModelForDocumentQuestionAnswering": ("LayoutLMForQuestionAnswering",),
    "AutoModelForVisualQuestionAnswering": ("ViltForQuestionAnswering", "BlipForQuestionAnswering"),
    "AutoModelForObjectDetection": ("ForObjectDetection",),
    "AutoModelForImageSegmentation": ("ForSegmentation",),
    "AutoBackbone": ("Backbone",),
    "AutoModelForAudioClassification": ("ForAudioClassification", "ForSequenceClassification"),
    "AutoModelForAudioFrameClassification": ("ForAudioFrameClassification",),
    "AutoModelForAudioXVector": ("ForXVector",),
    "AutoModelForCTC": ("ForCTC",),
}
"""Auto class -> what architectures' classes are called after the architecture's name, or wholly; the first that there is."""


class AutoConfig:
    """The config of a checkpoint, of the class that its model_type asks for."""

    @staticmethod
    def from_pretrained(source: str | Path, **options: Any) -> Config:
        """As `Config.from_pretrained`.

        Raises:
            ConfigError: config.json has no model_type, or one that Trivium does not have; the nearest are offered.
        """
        path = hub.resolve(source, config_only=True, **{name: options.pop(name) for name in hub.OPTIONS if name in options})
        path = path / "config.json" if path.is_dir() else path.with_name("config.json")
        model_type = read_json(path).get("model_type")
        if model_type is None:
            raise ConfigError("no model_type", path=path, key="model_type", hint="load it through its own class instead")
        try:
            cls = catalogue.config_class(model_type)
        except ConfigError as error:
            raise ConfigError(error.message, path=path, key=error.key, hint=error.hint) from None
        return cls.from_pretrained(path, **options)

    @staticmethod
    def for_model(model_type: str, **fields: Any) -> Config:
        """A new config of an architecture."""
        return catalogue.config_class(model_type)(**fields)


def class_name(config: Config, task: str) -> str:
    """The name of the class that an auto class finds for a config.

    Raises:
        ConfigError: The architecture has none for the task; those that it has are named.
    """
    names = catalogue.architectures()[catalogue.folder_of_type(config.model_type)]
    prefix = type(config).__name__.removesuffix("Config")

    def found(task: str) -> list[str]:
        return [name for suffix in TASKS[task] for name in (prefix + suffix, suffix) if name in names]

    if not found(task):
        has = ", ".join(filter(found, TASKS))
        raise ConfigError(f"{config.model_type} has no class for {task}", key=task, hint=f"it has: {has}")
    return found(task)[0]


class AutoModel:
    """The model of a checkpoint, of the class for a task that its architecture has; see `TASKS`.

    Each backend has its own subclasses.
    """

    _door: Any = None
    _task: str = ""

    @classmethod
    def class_for(cls, config: Config) -> Any:
        """The class for a config; see `class_name`."""
        return getattr(cls._door, class_name(config, cls._task))

    @classmethod
    def from_pretrained(cls, source: str | Path, *, config: Config | None = None, **options: Any) -> Any:
        """As `from_pretrained` of the class that `class_for` finds."""
        if config is None:
            given = familiar(options)
            found = {name: given[name] for name in hub.OPTIONS if name in given}
            config = AutoConfig.from_pretrained(source, **found)
        return cls.class_for(config).from_pretrained(source, config=config, **options)

    @classmethod
    def from_config(cls, config: Config, **options: Any) -> Any:
        """A new model; see its class for the options (`dtype`, `seed`)."""
        return cls.class_for(config)(config, **options)


def auto_class(task: str, door: Any, prefix: str = "") -> type[AutoModel]:
    """The auto class for a task of `TASKS`, for the classes behind `door`; its name begins with `prefix`."""
    members = {"_door": door, "_task": task, "__doc__": AutoModel.__doc__, "__module__": door.__name__}
    return type(prefix + task, (AutoModel,), members)


def suggestion(name: str) -> str:
    """A hint for a name that no door has."""
    known = [known for names in catalogue.architectures().values() for known in names]
    return nearest(name, [*known, *TASKS, "AutoConfig"])
