"""Auto classes of processors: the right one for a checkpoint, found by what its files say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trivium.core import hub
from trivium.core.errors import ProcessorError

from . import settings
from .images import ImageProcessor, image_processor_class, kind_of_model


def _kind(values: dict[str, Any], folder: Path, path: Path) -> str:
    """The name of the class that settings are of."""
    named = values.get("image_processor_type") or values.get("feature_extractor_type")
    found = named or kind_of_model(settings.model_type(folder))
    if not isinstance(found, str) or not found:
        raise ProcessorError(
            "neither the file nor config.json's model_type says of which kind these settings are", path=path,
            key="image_processor_type", hint="load it through its own class, such as trivium.processing.ViTImageProcessor",
        )  # fmt: skip
    return found


class AutoImageProcessor:
    """The image processor of a checkpoint."""

    @staticmethod
    def from_pretrained(source: str | Path, **options: Any) -> ImageProcessor:
        """As `ImageProcessor.from_pretrained`, of the class that the files name."""
        folder = settings.find(source, **{name: options.pop(name) for name in hub.OPTIONS if name in options})
        values, path = settings.read(folder, "image_processor")
        try:
            return image_processor_class(_kind(values, folder, path)).from_dict(values, **options)
        except ProcessorError as error:
            raise ProcessorError(error.message, path=error.path or path, key=error.key, hint=error.hint) from None
