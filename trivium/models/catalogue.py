"""Which architectures and classes there are: read off the folders, so that there is no list to keep.

A folder of `trivium/models` is an architecture, named by its model_type. Its public classes are those of network.py whose names
begin as the config's does: BertConfig, BertModel, BertForMaskedLM.
"""

from __future__ import annotations

import functools
import importlib
import re
from pathlib import Path

from trivium.core.config import Config
from trivium.core.errors import ConfigError
from trivium.core.names import nearest

FOLDER = Path(__file__).parent


@functools.cache
def architectures() -> dict[str, tuple[str, ...]]:
    """Folder -> its config class and public classes, by name, without importing any."""
    found = {}
    for path in sorted(FOLDER.glob("*/network.py")):
        config = re.search(r"^class (\w+)Config\(", (path.parent / "config.py").read_text(), re.MULTILINE)
        if config:
            prefix = config[1]
            classes = re.findall(rf"^class ({prefix}\w+)\(", path.read_text(), re.MULTILINE)
            found[path.parent.name] = (f"{prefix}Config", *classes)
    return found


@functools.cache
def folder_of_class(name: str) -> str:
    """The folder that holds a public class.

    Raises:
        ConfigError: There is none; the nearest names are offered.
    """
    for folder, names in architectures().items():
        if name in names:
            return folder
    known = [known for names in architectures().values() for known in names]
    raise ConfigError(f"there is no class {name!r}", key=name, hint=nearest(name, known))


def folder_of_type(model_type: object) -> str:
    """The folder of a config's model_type.

    Raises:
        ConfigError: There is none; the nearest names are offered.
    """
    folder = str(model_type).replace("-", "_")
    if folder not in architectures():
        raise ConfigError(
            f"the architecture {model_type!r} is not one of Trivium's", key="model_type", hint=nearest(folder, architectures())
        )
    return folder


def config_class(model_type: object) -> type[Config]:
    """The config class of a model_type."""
    folder = folder_of_type(model_type)
    module = importlib.import_module(f"trivium.models.{folder}.config")
    return getattr(module, architectures()[folder][0])


def network_class(name: str) -> type:
    """The unbound class of a Transformers name such as "BertForMaskedLM"."""
    return getattr(importlib.import_module(f"trivium.models.{folder_of_class(name)}.network"), name)


def classes_of(model_type: object) -> list[type]:
    """The unbound public classes of an architecture."""
    folder = folder_of_type(model_type)
    return [network_class(name) for name in architectures()[folder][1:]]
