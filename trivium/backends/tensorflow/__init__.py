"""The contract in TensorFlow, by Keras 3."""

from __future__ import annotations

import os
import sys

from trivium.core.errors import BackendMissing
from trivium.core.pretrained import require


def _prepare() -> None:
    """Keras fixes its backend when it is imported, for the whole process."""
    require("tensorflow", "tensorflow")
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    require("keras", "tensorflow")
    import keras

    if keras.backend.backend() != "tensorflow":
        raise BackendMissing(
            f"Keras was already imported with the backend {keras.backend.backend()!r}",
            key="keras",
            hint="set the environment variable KERAS_BACKEND=tensorflow, or import trivium.tensorflow before keras",
        )


_prepare()
