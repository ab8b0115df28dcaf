"""Processors of two kinds of input: a tokenizer beside an image processor or a feature extractor, called as one."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from trivium.core import hub
from trivium.core.errors import ProcessorError
from trivium.core.files import read_json
from trivium.core.names import nearest

from . import settings
from .auto import AutoFeatureExtractor, AutoImageProcessor
from .batch import BatchFeature, as_array

CHAT_TEMPLATE = "chat_template.json"
_BY_PART = ("text_kwargs", "images_kwargs", "audio_kwargs", "common_kwargs")
_NOT_OF_TEXT = ("sampling_rate", "do_normalize", "return_token_timestamps")


@dataclass(frozen=True)
class Join:
    """How two parts are joined.

    Attributes:
        part: "image_processor" or "feature_extractor", which stands beside the tokenizer.
        order: The inputs without a name, in their order.
        labels: Whether text, where there is something to see or hear, is what the model is to answer.
        text: Options of the tokenizer that are set if the caller does not.
        fields: Settings of its own -> their values where a file has none.
    """

    part: str
    order: tuple[str, str]
    labels: bool = False
    text: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


_LLAVA = {
    "patch_size": None, "vision_feature_select_strategy": None, "image_token": "<image>", "num_additional_image_tokens": 0,
}  # fmt: skip

JOINS = {
    "BlipProcessor": Join("image_processor", ("images", "text"), text={"return_token_type_ids": False}),
    "CLIPProcessor": Join("image_processor", ("text", "images")),
    "LlavaProcessor": Join("image_processor", ("images", "text"), fields=_LLAVA),
    "SiglipProcessor": Join("image_processor", ("text", "images")),
    "TrOCRProcessor": Join("image_processor", ("images", "text"), labels=True),
    "ViltProcessor": Join("image_processor", ("images", "text")),
    "Wav2Vec2Processor": Join("feature_extractor", ("audio", "text"), labels=True),
    "WhisperProcessor": Join("feature_extractor", ("audio", "text"), labels=True),
}


class Processor:
    """A tokenizer, and an image processor or a feature extractor, which are its attributes.

    Args:
        part: The image processor or feature extractor; also by its own name.
        tokenizer: The tokenizer.
        chat_template: For `apply_chat_template`, if it is not the tokenizer's.
        **fields: The kind's settings.
    """

    join: ClassVar[Join]

    def __init__(self, part: Any = None, tokenizer: Any = None, chat_template: str | None = None, **fields: Any):
        part = fields.pop(self.join.part, part)
        if part is None or tokenizer is None:
            raise ProcessorError(f"{type(self).__name__} needs {self.join.part}= and tokenizer=", key=self.join.part)
        for name in fields:
            if name not in self.join.fields:
                hint = nearest(name, [*self.join.fields, self.join.part])
                raise ProcessorError(f"{type(self).__name__} has no setting {name!r}", key=name, hint=hint)
        self.tokenizer, self.part, self.chat_template = tokenizer, part, chat_template
        setattr(self, self.join.part, part)
        for name, value in {**self.join.fields, **fields}.items():
            setattr(self, name, value)
        self._check_fields()

    # Files

    @classmethod
    def from_pretrained(cls, source: str | Path, **options: Any) -> Self:
        """The processor of a checkpoint.

        Args:
            source: A directory or a Hub id, of which only the files of processors are fetched.
            **options: Those of the Hub (revision, token, ...), and settings of its own.

        Raises:
            NotFound: There is no such checkpoint, or a part is missing.
            ProcessorError: The settings are not valid.
        """
        found = {name: options.pop(name) for name in hub.OPTIONS if name in options}
        folder = settings.find(source, CHAT_TEMPLATE, **found)
        auto = AutoImageProcessor if cls.join.part == "image_processor" else AutoFeatureExtractor
        part, tokenizer = auto.from_pretrained(source, **found), _auto_tokenizer().from_pretrained(source, **found)
        own = read_json(folder / settings.PROCESSOR) if (folder / settings.PROCESSOR).exists() else {}
        fields = {name: own[name] for name in (*cls.join.fields, "chat_template") if own.get(name) is not None}
        if (folder / CHAT_TEMPLATE).exists():
            fields["chat_template"] = read_json(folder / CHAT_TEMPLATE).get("chat_template")
        with settings.naming(folder / settings.PROCESSOR):
            return cls(part, tokenizer, **{**fields, **options})

    def save_pretrained(self, directory: str | Path) -> None:
        """Writes the files of both parts, and its own settings, into `directory`, which is made if need be."""
        self.part.processor_class = type(self).__name__
        self.part.save_pretrained(directory)
        self.tokenizer.save_pretrained(directory)
        own = {name: getattr(self, name) for name in self.join.fields}
        settings.write(directory, settings.PROCESSOR, {"processor_class": type(self).__name__, **own})  # also over another's
        if self.chat_template is not None:
            settings.write(directory, CHAT_TEMPLATE, {"chat_template": self.chat_template})

    # Calls

    def __call__(self, *inputs: Any, **options: Any) -> BatchFeature:
        """Prepares text beside images or recordings for a model.

        Args:
            *inputs: In the kind's order, as in Transformers: text and images for CLIP and SigLIP, images and text for BLIP,
                LLaVA, ViLT and TrOCR, audio and text for Whisper and wav2vec 2.0; or by their names.
            **options: text, images, audio; return_tensors; and options of either part. Those that both have (padding of
                recordings and of text) concern both; `text_kwargs={}`, `images_kwargs={}` and `audio_kwargs={}` one alone.

        Returns:
            What the parts return, together. Where the text is the answer (Whisper, wav2vec 2.0, TrOCR) its ids are "labels".

        Raises:
            ProcessorError: There is nothing to prepare, or what a part says.
        """
        given = dict(zip(self.join.order, inputs, strict=False)) | {
            name: options.pop(name) for name in self.join.order if name in options
        }
        if len(inputs) > 2:
            raise ProcessorError(f"{len(inputs)} inputs; there are two: {' and '.join(self.join.order)}")
        text, seen = given.get("text"), given.get(next(name for name in self.join.order if name != "text"))
        if text is None and seen is None:
            raise ProcessorError(f"neither {' nor '.join(self.join.order)} was given", key="text")
        of_text, of_part = self._options(options)
        kind = of_part.get("return_tensors", of_text.get("return_tensors"))
        features = self.part(seen, **of_part) if seen is not None else {}
        if text is None:
            return BatchFeature(features)
        prompts = self._prompts(text, features)
        tokens = self.tokenizer(prompts, **{**self.join.text, **of_text})
        self._check_tokens(prompts, tokens)
        if self.join.labels and seen is not None:
            return BatchFeature({**features, "labels": tokens["input_ids"]}, kind)
        return BatchFeature({**tokens, **features})

    def _options(self, options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Those of the tokenizer, and those of the part."""
        text, images, audio, common = (options.pop(name, {}) for name in _BY_PART)
        options = {**common, **options}
        of_part = {name: value for name, value in options.items() if name in self.part.options}
        shared = self.join.part == "feature_extractor"  # recordings and text are both padded and cut
        of_text = {
            name: value
            for name, value in options.items()
            if name == "return_tensors" or name not in of_part or (shared and name not in _NOT_OF_TEXT)
        }
        return {**of_text, **text}, {**of_part, **images, **audio}

    def _check_fields(self) -> None:
        """Raises if the kind's settings are not valid."""

    def _prompts(self, text: Any, features: Mapping[str, Any]) -> Any:
        """The text as the tokenizer gets it."""
        return text

    def _check_tokens(self, prompts: Any, tokens: Mapping[str, Any]) -> None:
        """Raises if the tokens are not whole."""

    def pad(self, features: Any = None, labels: Any = None, **options: Any) -> BatchFeature:
        """Brings features, and labels, to one length each; see `FeatureExtractor.pad` and the tokenizer's `pad`."""
        found = BatchFeature(self.part.pad(features, **options) if features is not None else {})
        if labels is not None:
            found["labels" if features is not None else "input_ids"] = self.tokenizer.pad(labels, **options)["input_ids"]
        return found

    def decode(self, *inputs: Any, **options: Any) -> str:
        """As the tokenizer's."""
        return self.tokenizer.decode(*inputs, **options)

    def batch_decode(self, *inputs: Any, **options: Any) -> list[str]:
        """As the tokenizer's."""
        return self.tokenizer.batch_decode(*inputs, **options)

    def apply_chat_template(self, conversation: Any, chat_template: str | None = None, **options: Any) -> Any:
        """A conversation as text, as the tokenizer's; with the processor's own template, if it has one."""
        template = chat_template or self.chat_template
        options = {"tokenize": False, **options} | ({"chat_template": template} if template else {})
        return self.tokenizer.apply_chat_template(conversation, **options)

    @property
    def model_input_names(self) -> list[str]:
        """The names of what it returns."""
        return list(dict.fromkeys([*self.tokenizer.model_input_names, *self.part.model_input_names]))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.join.part}={self.part!r}, tokenizer={self.tokenizer!r})"


class _ImageTokens(Processor):
    """One whose text has a token for each image, which stands for all of its patches."""

    patch_size: int | None
    vision_feature_select_strategy: str | None
    image_token: str
    num_additional_image_tokens: int

    def _check_fields(self) -> None:
        if self.patch_size is not None:
            settings.whole(self.patch_size, "patch_size")
        settings.whole(self.num_additional_image_tokens, "num_additional_image_tokens", least=0, most=1024)
        if self.vision_feature_select_strategy not in (None, "default", "full"):
            raise ProcessorError(
                f"vision_feature_select_strategy = {self.vision_feature_select_strategy!r} is neither default nor full",
                key="vision_feature_select_strategy",
            )
        if not isinstance(self.image_token, str) or not self.image_token:
            raise ProcessorError(f"image_token = {self.image_token!r} is no token", key="image_token")

    def _prompts(self, text: Any, features: Mapping[str, Any]) -> list[str]:
        self._check_fields()
        text = [text] if isinstance(text, str) else list(text)
        if "pixel_values" not in features:
            return text
        if self.patch_size is None:
            raise ProcessorError(
                "patch_size is not set, so that an image's tokens cannot be counted", key="patch_size",
                hint="set it as in config.json: processor.patch_size = 14; and processor.vision_feature_select_strategy",
            )  # fmt: skip
        height, width = as_array(features["pixel_values"][0]).shape[-2:]
        count = (height // self.patch_size) * (width // self.patch_size) + self.num_additional_image_tokens
        count -= self.vision_feature_select_strategy == "default"  # which leaves the class's token out
        return [one.replace(self.image_token, self.image_token * count) for one in text]

    def _check_tokens(self, prompts: Any, tokens: Mapping[str, Any]) -> None:
        number = self.tokenizer.convert_tokens_to_ids(self.image_token)
        for prompt, row in zip(prompts, tokens["input_ids"], strict=True):
            found, wanted = int((as_array(row) == number).sum()), prompt.count(self.image_token)
            if found != wanted:
                hint = "raise max_length, or leave truncation out"
                raise ProcessorError(f"{found} of the {wanted} tokens of images are left", key="max_length", hint=hint)


def processor_class(name: str) -> type[Processor]:
    """The class of a kind, by the name in Transformers.

    Raises:
        ProcessorError: There is none; the nearest are offered.
    """
    return settings.named(name, _classes, "processor")


def _class(name: str, join: Join) -> type[Processor]:
    space = {"join": join, "__doc__": Processor.__doc__, "__module__": __name__}
    return type(name, (_ImageTokens if join.fields else Processor,), space)


_classes = {name: _class(name, join) for name, join in JOINS.items()}


def _auto_tokenizer() -> Any:
    return importlib.import_module("trivium").AutoTokenizer


class AutoProcessor:
    """The processor of a checkpoint; for one of a single kind of input its tokenizer, image processor or feature extractor."""

    @staticmethod
    def from_pretrained(source: str | Path, **options: Any) -> Any:
        """As `Processor.from_pretrained`, of the class that the files name."""
        found = {name: options[name] for name in hub.OPTIONS if name in options}
        folder = settings.find(source, **found)
        name = settings.processor_class(folder)
        if not name and (kind := settings.kind(settings.model_type(folder), "processor")):
            name = f"{kind}Processor"
        if name:
            with settings.naming(folder):
                cls = processor_class(name)
            return cls.from_pretrained(source, **options)
        alone = any((folder / file).exists() for file in (settings.PREPROCESSOR, settings.PROCESSOR))
        return (AutoFeatureExtractor if alone else _auto_tokenizer()).from_pretrained(source, **options)
