"""Pipelines: from raw inputs to answers in one call, with Transformers' task names, arguments and results.

`pipeline("text-classification", model="...")`. Each task is a class of a module here; `TASKS` lists them.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trivium.core import auto, hub
from trivium.core.errors import BackendMissing, ConfigError, InputError, NotFound, ProcessorError, TokenizerError
from trivium.core.names import nearest

from .running import backend_of

if TYPE_CHECKING:
    from .base import Pipeline

__all__ = ["TASKS", "pipeline"]

BACKENDS = {"pt": "torch", "tf": "tensorflow", "jax": "flax", "np": "numpy"}
"""Another name of a backend -> the backend."""
_PREFERRED = (("torch", "torch"), ("flax", "flax"), ("tensorflow", "tensorflow"))


@dataclass(frozen=True)
class Task:
    """A task.

    Attributes:
        home: The module and the class of its pipeline.
        autos: The auto classes whose models do it, the first that an architecture has.
        default: The checkpoint that Transformers takes if none is given, and its revision.
    """

    home: tuple[str, str]
    autos: tuple[str, ...]
    default: tuple[str, str] | None = None


_SEQ2SEQ = ("AutoModelForSeq2SeqLM",)
TASKS: Mapping[str, Task] = {
    "audio-classification": Task(("audio", "AudioClassificationPipeline"), ("AutoModelForAudioClassification",)),
    "automatic-speech-recognition": Task(
        ("audio", "AutomaticSpeechRecognitionPipeline"), ("AutoModelForCTC", "AutoModelForSpeechSeq2Seq"),
        ("facebook/wav2vec2-base-960h", "22aad52"),
    ),
    "document-question-answering": Task(
        ("documents", "DocumentQuestionAnsweringPipeline"), ("AutoModelForDocumentQuestionAnswering",),
        ("impira/layoutlm-document-qa", "beed3c4"),
    ),
    "feature-extraction": Task(
        ("feature_extraction", "FeatureExtractionPipeline"), ("AutoModel",), ("distilbert/distilbert-base-cased", "6ea8117")
    ),
    "fill-mask": Task(
        ("fill_mask", "FillMaskPipeline"), ("AutoModelForMaskedLM",), ("distilbert/distilroberta-base", "fb53ab8")
    ),
    "image-classification": Task(
        ("images", "ImageClassificationPipeline"), ("AutoModelForImageClassification",),
        ("google/vit-base-patch16-224", "3f49326"),
    ),
    "image-feature-extraction": Task(
        ("feature_extraction", "ImageFeatureExtractionPipeline"), ("AutoModel",), ("google/vit-base-patch16-224", "3f49326")
    ),
    "image-segmentation": Task(
        ("images", "ImageSegmentationPipeline"), ("AutoModelForImageSegmentation", "AutoModelForSemanticSegmentation"),
        ("facebook/detr-resnet-50-panoptic", "d53b52a"),
    ),
    "image-to-text": Task(("image_to_text", "ImageToTextPipeline"), ("AutoModelForVision2Seq", "AutoModelForImageTextToText")),
    "object-detection": Task(
        ("images", "ObjectDetectionPipeline"), ("AutoModelForObjectDetection",), ("facebook/detr-resnet-50", "1d5f47b")
    ),
    "question-answering": Task(
        ("question_answering", "QuestionAnsweringPipeline"), ("AutoModelForQuestionAnswering",),
        ("distilbert/distilbert-base-cased-distilled-squad", "564e9b5"),
    ),
    "summarization": Task(("text2text", "SummarizationPipeline"), _SEQ2SEQ),
    "text-classification": Task(
        ("text_classification", "TextClassificationPipeline"), ("AutoModelForSequenceClassification",),
        ("distilbert/distilbert-base-uncased-finetuned-sst-2-english", "714eb0f"),
    ),
    "text-generation": Task(
        ("text_generation", "TextGenerationPipeline"), ("AutoModelForCausalLM",), ("openai-community/gpt2", "607a30d")
    ),
    "text2text-generation": Task(("text2text", "Text2TextGenerationPipeline"), _SEQ2SEQ, ("google-t5/t5-base", "a9723ea")),
    "token-classification": Task(("token_classification", "TokenClassificationPipeline"), ("AutoModelForTokenClassification",)),
    "translation": Task(("text2text", "TranslationPipeline"), _SEQ2SEQ, ("google-t5/t5-base", "a9723ea")),
    "visual-question-answering": Task(
        ("image_to_text", "VisualQuestionAnsweringPipeline"), ("AutoModelForVisualQuestionAnswering",),
        ("dandelin/vilt-b32-finetuned-vqa", "d0a1f6a"),
    ),
    "zero-shot-classification": Task(
        ("zero_shot", "ZeroShotClassificationPipeline"), ("AutoModelForSequenceClassification",),
        ("facebook/bart-large-mnli", "d7645e1"),
    ),
    "zero-shot-image-classification": Task(
        ("images", "ZeroShotImageClassificationPipeline"), ("AutoModel",), ("openai/clip-vit-base-patch32", "3d74acf")
    ),
}  # fmt: skip
"""The tasks, by their names in Transformers."""

ALIASES = {"sentiment-analysis": "text-classification", "ner": "token-classification", "vqa": "visual-question-answering"}

_PARTS = {
    "tokenizer": ("trivium.processing.tokenizers", "AutoTokenizer"),
    "image_processor": ("trivium.processing.auto", "AutoImageProcessor"),
    "feature_extractor": ("trivium.processing.auto", "AutoFeatureExtractor"),
}


def pipeline(
    task: str | None = None,
    model: Any = None,
    *,
    config: Any = None,
    tokenizer: Any = None,
    image_processor: Any = None,
    feature_extractor: Any = None,
    processor: Any = None,
    backend: str | None = None,
    framework: str | None = None,
    device: Any = None,
    dtype: Any = None,
    torch_dtype: Any = None,
    model_kwargs: Mapping[str, Any] | None = None,
    **options: Any,
) -> Pipeline:
    """A pipeline for a task.

    Args:
        task: One of `TASKS`, or an alias ("sentiment-analysis", "ner", "vqa", "translation_en_to_fr"); if not given, what the
            checkpoint's class is for.
        model: A directory, a Hub id, or a model of any of Trivium's frameworks; the task's default checkpoint if not given.
        config: Instead of the checkpoint's own.
        tokenizer, image_processor, feature_extractor: Instead of the checkpoint's: objects, directories or Hub ids.
        processor: One that joins them, instead of them.
        backend: "torch", "tensorflow", "flax" or "numpy"; of those installed the first of torch, flax, tensorflow if not given.
        framework: Another name of `backend`: "pt", "tf", "jax", "np".
        device: Where PyTorch's model is to be: "cuda:0", 0 (a GPU's number), -1 or "cpu".
        dtype, torch_dtype: Of the weights; as in the checkpoint if not given.
        model_kwargs: Further options of `from_pretrained`.
        **options: Of the Hub (`revision`, `token`, ...), and the pipeline's own, for every call.

    Raises:
        InputError: There is no such task or option.
        ConfigError: The checkpoint has no class for the task; the error says which it has.
        NotFound, HubError: The checkpoint or a part of it cannot be had.
        BackendMissing: No framework is installed.
    """
    of_hub = {name: options.pop(name) for name in hub.OPTIONS if name in options}
    for name in ("trust_remote_code", "use_fast"):  # which hold anyway: nothing of a checkpoint is executed
        options.pop(name, None)
    if model is None:
        if task is None:
            raise InputError("neither task nor model is given", key="task", hint='pipeline("text-classification", model="...")')
        default = _task(task)[1].default
        if default is None:
            raise InputError(f"there is no default model for {task}", key="model", hint="pass model=...")
        model, of_hub["revision"] = default[0], of_hub.get("revision", default[1])
    source = model if isinstance(model, (str, Path)) else None
    if source is not None:
        config = config or auto.AutoConfig.from_pretrained(source, **of_hub)
        task = task or _task_of(config)
        name, found = _task(task)
        door = importlib.import_module(f"trivium.{_backend(backend or framework)}")
        task_auto = _auto(config, found)
        wanted = {"dtype": dtype if dtype is not None else torch_dtype, **(model_kwargs or {})}
        model = getattr(door, task_auto).from_pretrained(source, config=config, **of_hub, **wanted)
    else:
        if not hasattr(model, "read_weights"):
            raise InputError(f"{type(model).__name__} is no model of Trivium's, and no name of one", key="model")
        task = task or _task_of(model.config, type(model).unbound().__name__)
        name, found = _task(task)
    if device is not None:
        _move(model, device)
    cls = _class(found, model)
    given = {"tokenizer": tokenizer, "image_processor": image_processor, "feature_extractor": feature_extractor}
    parts = {part: _part(part, given[part], processor, source, of_hub, name) for part in cls.needs}
    return cls(model, task=task, **parts, **options)


def _task(name: str) -> tuple[str, Task]:
    """A task by its name or alias."""
    plain = "translation" if re.fullmatch(r"translation_\w+_to_\w+", name) else ALIASES.get(name, name)
    if plain not in TASKS:
        raise InputError(f"there is no task {name!r}", key="task", hint=nearest(name, [*TASKS, *ALIASES]))
    return plain, TASKS[plain]


_BY_CLASS = (
    ("ForSequenceClassification", "text-classification"), ("ForTokenClassification", "token-classification"),
    ("ForQuestionAnswering", "question-answering"), ("ForMaskedLM", "fill-mask"), ("ForCausalLM", "text-generation"),
    ("LMHeadModel", "text-generation"), ("MTModel", "translation"), ("ForImageClassification", "image-classification"),
    ("ForObjectDetection", "object-detection"), ("ForSegmentation", "image-segmentation"),
    ("ForSemanticSegmentation", "image-segmentation"), ("ForCTC", "automatic-speech-recognition"),
    ("ForAudioClassification", "audio-classification"), ("VisionEncoderDecoderModel", "image-to-text"),
    ("ForConditionalGeneration", "text2text-generation"),
)  # fmt: skip
"""What a class's name ends with -> what it is for."""
_BY_NAME = {
    "WhisperForConditionalGeneration": "automatic-speech-recognition", "BlipForConditionalGeneration": "image-to-text",
    "ViltForQuestionAnswering": "visual-question-answering", "BlipForQuestionAnswering": "visual-question-answering",
    "LayoutLMForQuestionAnswering": "document-question-answering",
    "CLIPModel": "zero-shot-image-classification", "SiglipModel": "zero-shot-image-classification",
}  # fmt: skip
"""A class's name -> what it is for, where the ending does not say."""


def _task_of(config: Any, name: str = "") -> str:
    """What a checkpoint is for, by the class that it names."""
    names = [name] if name else [re.sub("^(TF|Flax)", "", one) for one in config.architectures or ()]
    for one in names:
        found = _BY_NAME.get(one) or next((task for ending, task in _BY_CLASS if one.endswith(ending)), None)
        if found is not None:
            return found
    raise InputError(
        f"{', '.join(names) or 'the checkpoint'} is for no task alone", key="task", hint=f"one of: {', '.join(TASKS)}"
    )


def _auto(config: Any, task: Task) -> str:
    """The auto class of a task that an architecture has."""
    for name in task.autos[:-1]:
        try:
            auto.class_name(config, name)
            return name
        except ConfigError:
            continue
    auto.class_name(config, task.autos[-1])
    return task.autos[-1]


def _class(task: Task, model: Any) -> Any:
    """The class of a task's pipeline; a model that writes has another than one that chooses."""
    module, name = task.home
    if name == "VisualQuestionAnsweringPipeline" and hasattr(model, "generate"):
        name = "GenerativeVisualQuestionAnsweringPipeline"
    if name == "AutomaticSpeechRecognitionPipeline" and hasattr(model, "generate"):
        module, name = "speech", "SpeechToTextPipeline"
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def _backend(name: str | None) -> str:
    if name is not None:
        found = BACKENDS.get(name, name)
        if found not in BACKENDS.values():
            raise InputError(
                f"there is no backend {name!r}", key="backend", hint=nearest(name, [*BACKENDS, *BACKENDS.values()])
            )
        return found
    for backend, module in _PREFERRED:
        if importlib.util.find_spec(module) is not None:
            return backend
    raise BackendMissing("no framework is installed", key="backend", hint='pip install "trivium[torch]"; or backend="numpy"')


def _part(name: str, given: Any, processor: Any, source: Any, of_hub: Mapping[str, Any], task: str) -> Any:
    """A tokenizer or a processor: the caller's, a part of the joint one's, or the checkpoint's."""
    if given is None and processor is not None:
        given = getattr(processor, name, None)
    if given is not None and not isinstance(given, (str, Path)):
        return given
    where = given or source
    if where is None:
        return None
    module, auto_name = _PARTS[name]
    try:
        return getattr(importlib.import_module(module), auto_name).from_pretrained(where, **of_hub)
    except (NotFound, ProcessorError, TokenizerError) as error:
        kind = type(error)
        raise kind(f"{task} needs it: {error.message}", path=error.path, key=error.key, hint=error.hint) from None


def _move(model: Any, device: Any) -> None:
    if backend_of(model) != "torch":
        raise InputError(
            f"device = {device!r} is PyTorch's", key="device", hint="JAX and TensorFlow choose the device by their own means"
        )
    place = f"cuda:{device}" if isinstance(device, int) and device >= 0 else "cpu" if device == -1 else device
    model.to(place)
