"""What goes into models and comes out of them: images, recordings, and both together with text. No framework is imported.

Every processor has its name in Transformers: `trivium.processing.CLIPImageProcessor`, `trivium.processing.WhisperProcessor`.
"""

from __future__ import annotations

import importlib
from typing import Any

_NAMES = {
    "AutoFeatureExtractor": "auto",
    "AutoImageProcessor": "auto",
    "AutoProcessor": "processors",
    "BatchFeature": "batch",
    "read_audio": "sounds",
    "read_image": "pictures",
    "resampled": "sounds",
}
_KINDS = (
    ("ImageProcessor", "images", "image_processor_class"),
    ("FeatureExtractor", "extractors", "feature_extractor_class"),
    ("Processor", "processors", "processor_class"),
)
"""How a class is called, the module that has its like, and the function there that finds it."""


def __getattr__(name: str) -> Any:
    from trivium.core.errors import ProcessorError

    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    for suffix, module, finder in _KINDS:
        if name.endswith(suffix):
            try:
                return getattr(importlib.import_module(f"{__name__}.{module}"), finder)(name)
            except ProcessorError as error:
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}: {error}") from None
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def names() -> list[str]:
    """The names of all classes of processors."""
    from . import extractors, image_families, processors

    autos = [name for name in _NAMES if name.startswith("Auto")]
    return sorted([*autos, *extractors.EXTRACTORS, *image_families.FAMILIES, *processors.JOINS])


def __dir__() -> list[str]:
    return sorted({*_NAMES, *names(), "names"})
