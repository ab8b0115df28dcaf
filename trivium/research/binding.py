"""Architectures of one's own: a network file outside the package, bound to any backend as those of `trivium/models` are.

A file keeps to the contract (CONTRIBUTING.md, "network.py"): `from .. import heads, nn, ops` is bound, and so is
`from ..llama import network as llama`. Its config stands in the same file, or in config.py of the same folder.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from trivium.convert.rules import rules_of
from trivium.core.config import Config
from trivium.core.errors import ContractError, InputError, NotFound
from trivium.core.names import nearest
from trivium.models import catalogue

from . import contract

BACKENDS = ("numpy", "torch", "tensorflow", "flax")
_PACKAGES = ("trivium.models", *(f"trivium.backends.{backend}.models" for backend in BACKENDS))


@dataclass(frozen=True)
class _Own:
    """An architecture that is not in the package.

    Attributes:
        folder: What its package is called: its model_type, as a name.
        network: Its network file.
        config: Its config file, which may be the same.
        given: Its config class, where the caller gave it.
        texts: What the files held when they were registered.
    """

    folder: str
    network: Path
    config: Path
    given: type[Config] | None
    texts: tuple[str, str]

    @property
    def in_one_file(self) -> bool:
        return self.network == self.config


_known: dict[str, _Own] = {}


def bind(source: str | Path | ModuleType, backend: str | None = None) -> ModuleType:
    """The module of a network file of one's own, bound to a backend; it is registered, too (see `register`).

    Bind a file again after an edit: what was made of it before stays as it was, and new models are of the new source.

    Args:
        source: A Python file with a config and a network; a folder with config.py and network.py, as in `trivium/models`; or
            a module that is such a file.
        backend: "torch", "tensorflow", "flax" or "numpy"; None leaves it bound to nothing, where its classes are the layout
            of their weights.

    Raises:
        NotFound: There is no such file.
        ContractError: The file reaches outside the contract; the error names the line.
        BackendMissing: The framework is not installed.
    """
    if backend is not None and backend not in BACKENDS:
        raise InputError(f"there is no backend {backend!r}", key="backend", hint=nearest(backend, BACKENDS))
    own = _register(source, None)
    if backend is not None:
        importlib.import_module(f"trivium.backends.{backend}")
    package = "trivium.models" if backend is None else f"trivium.backends.{backend}.models"
    return importlib.import_module(f"{package}.{own.folder}.network")


def register(config: type[Config] | str | Path | ModuleType, source: str | Path | ModuleType | None = None) -> None:
    """Makes an architecture of one's own known: to the Auto classes, `from_pretrained`, `save_pretrained` and the converter.

    `register("my_model.py")` takes the config class from the file. `register(MyConfig, "my_model.py")` is for a config that
    is defined elsewhere; the file then says `from trivium.models.<its model_type>.config import MyConfig`.
    Classes are the file's whose names begin as the config's does: MyConfig, MyModel, MyForCausalLM.

    Args:
        config: The config class; or the source, if that is all.
        source: As for `bind`.

    Raises:
        NotFound: There is no such file.
        ContractError: The file reaches outside the contract, has no config or no network, or its model_type is taken.
    """
    if isinstance(config, type):
        if source is None:
            raise InputError("register needs the network's file, too", hint='register(MyConfig, "my_model.py")')
        _register(source, config)
    else:
        _register(config if source is None else source, None)


def unregister(model_type: str) -> None:
    """Makes an architecture of one's own unknown again; models that were made of it go on."""
    folder = model_type.replace("-", "_")
    if _known.pop(folder, None):
        _forget(folder)
        catalogue.add(folder, None)


def _register(path: str | Path | ModuleType, given: type[Config] | None) -> _Own:
    network, config = _files(path)
    texts = (_read(network), _read(config))
    model_type = given.model_type if given else _model_type(config, texts[1])
    folder = model_type.replace("-", "_")
    own = _Own(folder, network, config, given, texts)
    if _known.get(folder) == own:
        return own
    if (catalogue.FOLDER / folder).exists() or not folder.isidentifier():
        why = "is one of Trivium's" if folder.isidentifier() else "is no name"
        raise ContractError(f"the model_type {model_type!r} {why}", path=config, hint="choose another model_type")
    contract.check(network)
    _forget(folder)
    _known[folder] = own
    text = f'class {given.__name__}(\n    model_type = "{model_type}"' if given else texts[1]
    source = None if given else network if own.in_one_file else network.parent
    catalogue.add(folder, catalogue.Files(texts[0], text, source))
    if len(catalogue.architectures().get(folder, ())) < 2:
        unregister(model_type)
        raise ContractError("no network class", path=network, hint="a class MyModel(nn.Model) goes with MyConfig")
    return own


def _files(source: str | Path | ModuleType) -> tuple[Path, Path]:
    """The network's file, and the config's."""
    path = Path(inspect.getfile(source) if isinstance(source, ModuleType) else source).expanduser().resolve()
    if path.name == "__init__.py":
        path = path.parent
    if path.is_dir() or (path.name == "network.py" and path.with_name("config.py").exists()):
        folder = path if path.is_dir() else path.parent
        return folder / "network.py", folder / "config.py"
    return path, path


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        hint = "give a Python file, or a folder with config.py and network.py"
        raise NotFound(f"cannot be read: {error.strerror}", path=path, hint=hint) from None


def _model_type(path: Path, text: str) -> str:
    found = re.findall(r'^class \w+Config\(.*?^    model_type = "([^"]+)"', text, re.MULTILINE | re.DOTALL)
    if not found:
        hint = 'it needs: class MyConfig(Config):\n    model_type = "my-model"'
        raise ContractError("no config class with a model_type", path=path, hint=hint)
    return found[-1]  # those before it are of its parts


def _forget(folder: str) -> None:
    """Drops what was made of an earlier state of the source, so that it is read anew."""
    names = catalogue.architectures().get(folder, ())
    for name in [name for name in sys.modules if any(_inside(name, f"{package}.{folder}") for package in _PACKAGES)]:
        del sys.modules[name]
    for package in _PACKAGES:
        if package in sys.modules:
            vars(sys.modules[package]).pop(folder, None)
    for backend in BACKENDS:
        door = sys.modules.get(f"trivium.{backend}")
        for name in names if door else ():
            vars(door).pop(name, None)
    rules_of.cache_clear()


def _inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the packages of registered architectures under every binding's name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        for package in _PACKAGES:
            folder, _, part = fullname.removeprefix(f"{package}.").partition(".")
            if fullname.startswith(f"{package}.") and folder in _known:
                return _spec(_known[folder], fullname, part)
        return None


def _spec(own: _Own, name: str, part: str) -> importlib.machinery.ModuleSpec | None:
    if not part:
        spec = importlib.machinery.ModuleSpec(name, _Package(), is_package=True)
        spec.submodule_search_locations = [] if own.in_one_file else [str(own.network.parent)]
        return spec
    if part == "config" and (own.given or own.in_one_file):
        return importlib.machinery.ModuleSpec(name, _Configs(own))
    if part == "network":
        return importlib.util.spec_from_file_location(name, own.network, loader=_Source(name, str(own.network)))
    return None


class _Package(importlib.abc.Loader):
    """A package without a source of its own."""

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is to be run."""


class _Configs(importlib.abc.Loader):
    """The module `config` of an architecture in one file, or whose config the caller gave."""

    def __init__(self, own: _Own) -> None:
        self._own = own

    def exec_module(self, module: ModuleType) -> None:
        if self._own.given:
            found = {self._own.given.__name__: self._own.given}
        else:
            found = configs_of(importlib.import_module(f"trivium.models.{self._own.folder}.network"))
        vars(module).update(found)


class _Source(importlib.machinery.SourceFileLoader):
    """Runs a network file; where it is bound, its configs are those of the unbound one, so that all backends share them."""

    def get_code(self, fullname: str) -> object:  # type: ignore[override]  # not cached: it differs between bindings
        tree = ast.parse(self.get_data(self.path), self.path)
        package, _, rest = fullname.partition(".models.")
        if package != "trivium":
            shared = f"trivium.models.{rest}"
            names = set(configs_of(importlib.import_module(shared)))
            tree.body = [_imported(node, shared) if getattr(node, "name", "") in names else node for node in tree.body]
        return compile(tree, self.path, "exec", dont_inherit=True)


def sources_of(module: str) -> Path | None:
    """The file of a module, by its unbound name, of a registered architecture; None for what is not one's own."""
    folder, _, part = module.removeprefix("trivium.models.").partition(".")
    if not module.startswith("trivium.models.") or folder not in _known:
        return None
    return {"network": _known[folder].network, "config": _known[folder].config}.get(part)


def configs_of(module: ModuleType) -> dict[str, type[Config]]:
    """The config classes that a module defines."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, Config) and value.__module__ == module.__name__
    }


def _imported(node: ast.stmt, module: str) -> ast.stmt:
    """The import that stands for a class in another binding."""
    found = ast.ImportFrom(module, [ast.alias(node.name)], 0)  # type: ignore[attr-defined]
    return ast.fix_missing_locations(ast.copy_location(found, node))


sys.meta_path.append(_Finder())
