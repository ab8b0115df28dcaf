"""Auto classes of processors: the right one for a checkpoint, found by what its files say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trivium.core import hub
from trivium.core.errors import ProcessorError

from . import settings
from .audio import FeatureExtractor
from .extractors import EXTRACTORS, feature_extractor_class
from .image_families import FAMILIES
from .images import ImageProcessor, image_processor_class, todays_name


def _read(source: str | Path, options: dict[str, Any], *parts: str) -> tuple[str, dict[str, Any], Path]:
    """The name of the class of a checkpoint's settings, these settings, and their file."""
    folder = settings.find(source, **{name: options.pop(name) for name in hub.OPTIONS if name in options})
    values, path = settings.read(folder, *parts)
    found = values.get("image_processor_type") or values.get("feature_extractor_type")
    if found is None:
        model_type = settings.model_type(folder)
        suffixes = {"image_processor": "ImageProcessor", "feature_extractor": "FeatureExtractor"}
        kinds = {settings.kind(model_type, part): suffix for part, suffix in suffixes.items()}
        found = next((kind + suffix for kind, suffix in kinds.items() if kind), None)
    if not isinstance(found, str):
        raise ProcessorError(
            "neither the file nor config.json's model_type says of which kind these settings are", path=path,
            key="image_processor_type", hint="load it through its own class, such as trivium.processing.ViTImageProcessor",
        )  # fmt: skip
    return found, values, path


class AutoImageProcessor:
    """The image processor of a checkpoint."""

    @staticmethod
    def from_pretrained(source: str | Path, **options: Any) -> ImageProcessor:
        """As `ImageProcessor.from_pretrained`, of the class that the files name.

        Raises:
            ProcessorError: The checkpoint is one for recordings.
        """
        name, values, path = _read(source, options, "image_processor")
        if name in EXTRACTORS:
            raise ProcessorError(f"{name} is for recordings, not for images", path=path, hint="use AutoFeatureExtractor")
        with settings.naming(path):
            return image_processor_class(name).from_dict(values, **options)


class AutoFeatureExtractor:
    """The feature extractor of a checkpoint; for one of images its image processor, which was once called so."""

    @staticmethod
    def from_pretrained(source: str | Path, **options: Any) -> FeatureExtractor | ImageProcessor:
        """As `FeatureExtractor.from_pretrained`, of the class that the files name."""
        name, values, path = _read(source, options, "feature_extractor", "image_processor")
        with settings.naming(path):
            cls = image_processor_class(name) if todays_name(name) in FAMILIES else feature_extractor_class(name)
            return cls.from_dict(values, **options)
