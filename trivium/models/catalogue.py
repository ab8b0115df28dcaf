"""Which architectures and classes there are: read off the folders, so that there is no list to keep.

A folder of `trivium/models` is an architecture, named by its model_type. Its public classes are those of network.py whose names
begin as the config's does: BertConfig, BertModel, BertForMaskedLM. Architectures of one's own are added by `add`.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from trivium.core.config import Config
from trivium.core.errors import ConfigError
from trivium.core.names import nearest

FOLDER = Path(__file__).parent


class Files(NamedTuple):
    """The texts that tell an architecture's classes: of its network, and of its configs.

    `source` is what `trivium.register` takes to make one of a user's own known in another process; None if that is not enough.
    """

    network: str
    config: str
    source: Path | None = None


_own: dict[str, Files] = {}


def add(folder: str, files: Files | None) -> None:
    """Adds an architecture that is not in `trivium/models`, replaces it, or takes it away (None); see `trivium.register`."""
    _own.pop(folder, None)
    if files is not None:
        _own[folder] = files
    for function in (architectures, configs, folder_of_class):
        function.cache_clear()


def sources() -> list[Path]:
    """The sources of the architectures that were added."""
    return [files.source for files in _own.values() if files.source]


def _files() -> Iterator[tuple[str, Files]]:
    for path in sorted(FOLDER.glob("*/network.py")):
        yield path.parent.name, Files(path.read_text(), path.with_name("config.py").read_text())
    yield from _own.items()


@functools.cache
def architectures() -> dict[str, tuple[str, ...]]:
    """Folder -> its config class and public classes, by name, without importing any."""
    found, files = {}, dict(_files())
    for model_type, (folder, config) in configs().items():
        if model_type.replace("-", "_") == folder:
            names = re.findall(rf"^class ({config.removesuffix('Config')}\w+)\(", files[folder].network, re.MULTILINE)
            found[folder] = (config, *(name for name in names if name != config))
    return found


@functools.cache
def configs() -> dict[str, tuple[str, str]]:
    """model_type -> folder and name of its config class; parts of an architecture have types and configs of their own."""
    pattern = re.compile(r'^class (\w+Config)\(.*?^    model_type = "([^"]+)"', re.MULTILINE | re.DOTALL)
    return {model_type: (folder, name) for folder, files in _files() for name, model_type in pattern.findall(files.config)}


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
    folder = configs().get(str(model_type), (str(model_type).replace("-", "_"),))[0]
    if folder not in architectures():
        raise ConfigError(
            f"the architecture {model_type!r} is not one of Trivium's", key="model_type", hint=nearest(folder, architectures())
        )
    return folder


def config_class(model_type: object) -> type[Config]:
    """The config class of a model_type."""
    folder = folder_of_type(model_type)
    module = importlib.import_module(f"trivium.models.{folder}.config")
    _, name = configs().get(str(model_type), (folder, architectures()[folder][0]))
    return getattr(module, name)


def network_class(name: str) -> type:
    """The unbound class of a Transformers name such as "BertForMaskedLM"."""
    return getattr(importlib.import_module(f"trivium.models.{folder_of_class(name)}.network"), name)


def classes_of(model_type: object) -> list[type]:
    """The unbound public classes of an architecture."""
    folder = folder_of_type(model_type)
    return [network_class(name) for name in architectures()[folder][1:]]
