"""Settings of processors: their files, old spellings and new, and what values they may have."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from trivium.convert.writing import write_text
from trivium.core import hub
from trivium.core.errors import NotFound, ProcessorError
from trivium.core.files import read_json
from trivium.core.names import nearest
from trivium.models import catalogue

PREPROCESSOR, PROCESSOR, CONFIG = "preprocessor_config.json", "processor_config.json", "config.json"
_TOKENIZER = "tokenizer_config.json"

SIZES = (
    {"height", "width"}, {"shortest_edge"}, {"shortest_edge", "longest_edge"}, {"longest_edge"}, {"max_height", "max_width"},
)  # fmt: skip
Kind = TypeVar("Kind")
_LARGEST = 2**20  # of a whole number among the settings


def find(source: str | Path, *more: str, **options: Any) -> Path:
    """The folder with a checkpoint's processor files; from the Hub only these, and those named in `more`, are fetched."""
    folder = hub.resolve(source, files=(PREPROCESSOR, PROCESSOR, CONFIG, _TOKENIZER, *more), **options)
    return folder if folder.is_dir() else folder.parent


def read(folder: Path, *parts: str) -> tuple[dict[str, Any], Path]:
    """The settings of a part ("image_processor", "feature_extractor"; the first that there is), and the file that has them.

    Transformers 4 keeps them in preprocessor_config.json; Transformers 5 in processor_config.json, by part.

    Raises:
        NotFound: There is neither.
    """
    path = folder / PROCESSOR
    if path.exists():
        own = read_json(path)
        for part in parts:
            if isinstance(own.get(part), dict):
                return own[part], path
    path = folder / PREPROCESSOR
    if path.exists():
        return read_json(path), path
    raise NotFound(
        f"the checkpoint has no {PREPROCESSOR}",
        path=path,
        hint=f"models of text alone have none; if the Hub has it and you are offline: hf download <id> {PREPROCESSOR}",
    )


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Has errors of settings name the file that these are from."""
    try:
        yield
    except ProcessorError as error:
        raise ProcessorError(error.message, path=error.path or path, key=error.key, hint=error.hint) from None


def model_type(folder: Path) -> str:
    """What config.json says; empty if there is none."""
    path = folder / CONFIG
    return str(read_json(path).get("model_type", "")) if path.exists() else ""


def kind(model_type: object, part: str) -> str:
    """The kind of a part that an architecture's config says its checkpoints have; empty if none (see `Config.processing`)."""
    return catalogue.config_class(model_type).processing.get(part, "") if model_type in catalogue.configs() else ""


def processor_class(folder: Path) -> str:
    """The name of the class that joins a checkpoint's parts, wherever it is written; empty if nowhere."""
    for name in (PROCESSOR, PREPROCESSOR, _TOKENIZER):
        if (folder / name).exists():
            found = read_json(folder / name).get("processor_class")
            if isinstance(found, str):
                return found
    return ""


def write(directory: str | Path, name: str, settings: Mapping[str, Any]) -> None:
    """Writes settings into a file of a directory, which is made if need be."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / name, json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def named(name: str, kinds: Mapping[str, Kind], what: str) -> Kind:
    """The kind of a name; raises ProcessorError if there is none, and offers the nearest."""
    if name not in kinds:
        raise ProcessorError(f"{name} is no {what} that Trivium has", key=name, hint=nearest(name, kinds))
    return kinds[name]


def size_dict(value: Any, square: bool, name: str = "size", longest: int | None = None) -> dict[str, int]:
    """A size as a dictionary, of what files have had: a number, (height, width), or the dictionary itself.

    Args:
        value: What a file or a caller says.
        square: Whether a number is that of a square; otherwise it is the shortest edge's.
        name: For the error.
        longest: The limit of the longest edge, where a number is the shortest edge's.

    Raises:
        ProcessorError: It is none of these.
    """
    if isinstance(value, bool):
        raise ProcessorError(f"{name} = {value!r} is no size", key=name)
    if isinstance(value, int):
        value = {"height": value, "width": value} if square else {"shortest_edge": value}
        if longest and not square:
            value["longest_edge"] = longest
    elif isinstance(value, (list, tuple)) and len(value) == 2:
        value = {"height": value[0], "width": value[1]}
    if not isinstance(value, Mapping) or set(value) not in SIZES:
        keys = "; ".join(" and ".join(sorted(keys)) for keys in SIZES)
        raise ProcessorError(f"{name} = {value!r} is no size", key=name, hint=f"a number, (height, width), or one of: {keys}")
    return {key: whole(edge, f"{name}.{key}") for key, edge in value.items()}


def whole(value: Any, name: str, least: int = 1, most: int = _LARGEST) -> int:
    """A whole number within limits."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ProcessorError(f"{name} = {value!r} is no whole number from {least} to {most:,}", key=name)
    return value


def number(value: Any, name: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ProcessorError(f"{name} = {value!r} is no number", key=name)
    return value


def switch(value: Any, name: str) -> bool | None:
    """True, False or None."""
    if value is not None and not isinstance(value, bool):
        raise ProcessorError(f"{name} = {value!r} is neither true nor false", key=name)
    return value
