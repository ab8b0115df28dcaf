"""Plain source: an architecture as one file that imports one framework and nothing of Trivium.

The definitions that a network reaches are gathered from Trivium's own files as syntax trees (`sources`, `gathering`), classes
are made one with the bases that nobody else needs (`classes`), small functions are written out where they are called
(`inlining`), and `writing` names, orders and prints what is left. `templates` has what stands for Trivium's own base classes.
"""

from __future__ import annotations

from pathlib import Path

from trivium.core.auto import AutoConfig
from trivium.core.config import Config
from trivium.core.errors import InputError, WriteError
from trivium.core.names import nearest
from trivium.models import catalogue
from trivium.research.binding import BACKENDS, bind

from .notebook import notebook
from .sources import Sources, Symbol
from .writing import File

__all__ = ["eject", "eject_notebook", "write"]


def eject(name: str | type, backend: str, cls: str | None = None) -> str:
    """The source of an architecture as one file, which imports one framework, NumPy, safetensors and the standard library.

    It has the config, the network, the layers and functions that it uses, and `load_weights` for checkpoints of Transformers in
    safetensors. What comes out of it is what comes out of the network that it was made of.

    Args:
        name: An architecture such as "bert", the file or folder of one's own (see `trivium.bind`), or a class. A checkpoint, or
            its config.json, says what a model is made of whose parts may be of any architecture, such as LLaVA's; by name
            it gets its config's defaults.
        backend: "torch", "tensorflow", "flax" or "numpy".
        cls: The name of one class, such as "BertForMaskedLM"; None for all that the architecture has.

    Raises:
        InputError: There is no such backend, or no such class.
        ConfigError: There is no such architecture.
    """
    return _file(name, backend, cls).text()


def eject_notebook(name: str | type, backend: str, cls: str | None = None, checkpoint: str = "checkpoint") -> str:
    """A notebook (.ipynb) that defines the model as `eject` does, loads a checkpoint, and shows what comes out of each layer.

    Args:
        name, backend, cls: As of `eject`; without `cls` it is the network without a head.
        checkpoint: The folder that it loads.

    Raises:
        InputError, ConfigError: As `eject`.
    """
    found = _file(name, backend, cls)
    if cls is None and isinstance(name, str):
        found = _file(name, backend, found.roots[0].name)
    return notebook(found, checkpoint)


def write(text: str, path: Path, force: bool = False) -> None:
    """Writes an ejected file; under its name there is all of it or nothing.

    Raises:
        WriteError: It is there already, and not to be replaced; or it cannot be written.
    """
    from trivium.convert.writing import write_text

    if path.exists() and not force:
        raise WriteError("is there already", path=path, hint="choose another name, or replace it with --force")
    write_text(path, text)


def _file(name: str | type, backend: str, cls: str | None) -> File:
    if backend not in BACKENDS:
        raise InputError(f"there is no backend {backend!r}", key="backend", hint=nearest(backend, BACKENDS))
    if not isinstance(name, str):
        cls = cls or name.__name__
        name = catalogue.folder_of_class(name.__name__)
    folder, config = _architecture(name)
    config_name, *classes = catalogue.architectures()[folder]
    if cls is not None and cls not in classes:
        raise InputError(f"{folder} has no class {cls!r}", key="class", hint=nearest(cls, classes))
    body = f"{config_name.removesuffix('Config')}Model"
    chosen = [cls] if cls else sorted(classes, key=lambda each: each != body)
    return File(Sources(backend, config), folder, [Symbol(f"trivium.models.{folder}.network", each) for each in chosen])


def _architecture(name: str) -> tuple[str, Config]:
    """The folder of an architecture, and its config: that of a checkpoint, or the defaults."""
    if Path(name).suffix == ".py" or (Path(name) / "network.py").exists():
        folder = bind(name).__name__.split(".")[-2]
        return folder, catalogue.config_class(folder)()
    if name.replace("-", "_") not in catalogue.architectures() and Path(name).exists():
        config = AutoConfig.from_pretrained(name)
    else:
        config = catalogue.config_class(name)()
    return catalogue.folder_of_type(config.model_type), config
