"""The stubs of the doors, made from the code: `python -m docs.stubs` rewrites them, and a test keeps them true.

Classes are found and bound when they are asked for, which no type checker can follow. The stubs say what there is:
`_signatures.pyi` what each network is called with and returns, `torch.pyi` and so on which classes a door has,
`__init__.pyi` the names of Transformers 4, `processing/__init__.pyi` the processors.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trivium import processing
from trivium.core import auto, outputs
from trivium.core.signatures import parameters
from trivium.generation.generating import Generates
from trivium.models import catalogue
from trivium.processing import tokenizers
from trivium.processing.extractors import EXTRACTORS
from trivium.processing.image_families import FAMILIES
from trivium.processing.images import image_processor_class
from trivium.processing.processors import JOINS

FOLDER = Path(__file__).parents[1] / "trivium"
DOORS = ("torch", "tensorflow", "flax", "numpy")
MADE = "# Made by `python -m docs.stubs`."


def stubs() -> dict[str, str]:
    """File name -> text of every stub."""
    found = {"_signatures.pyi": _signatures(), "__init__.pyi": _top(), "processing/__init__.pyi": _processing()}
    return found | {f"{door}.pyi": _door(door) for door in DOORS}


def networks() -> list[str]:
    """The names of all networks."""
    return [name for names in catalogue.architectures().values() for name in names[1:]]


def _outputs() -> list[str]:
    """The imports of what networks return: what many do, and what one architecture does."""
    own = sorted(path.parent.name for path in (FOLDER / "models").glob("*/outputs.py"))
    return [f"from trivium.{module}.outputs import *" for module in ("core", *(f"models.{folder}" for folder in own))]


def _configs() -> list[str]:
    """An import of every config class."""
    rows = sorted((folder, name) for folder, name in catalogue.configs().values())
    return [f"from trivium.models.{folder}.config import {name} as {name}" for folder, name in rows]


def _signatures() -> str:
    lines = [
        f"{MADE} What each network is called with and returns, in every framework.",
        "from typing import Any",
        *_outputs(),
        "from trivium.generation.generating import Generates",
        *_configs(),
        "",
    ]
    for name in networks():
        cls = catalogue.network_class(name)
        bases = "(Generates)" if issubclass(cls, Generates) else ""
        lines += [f"class {name}{bases}:", f"    config: {cls.config_class.__name__}"]
        lines += [f"    def __call__(self, {_arguments(parameters(cls))}) -> {returned(cls)}: ..."]
        for method, function in _own_methods(cls):
            rest = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
            lines.append(f"    def {method}(self, {_arguments(rest)}) -> Any: ...")
    return "\n".join(lines) + "\n"


def _arguments(found: list[inspect.Parameter]) -> str:
    """Parameters as a stub has them; inputs are tensors of any framework, arrays or numbers."""
    texts, marked = [], False
    for p in found:
        if p.kind is p.KEYWORD_ONLY and not marked:
            texts, marked = [*texts, "*"], True
        marked = marked or p.kind is p.VAR_POSITIONAL
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        kind = type(p.default).__name__ if isinstance(p.default, (bool, int, float, str)) else "Any"
        texts.append(f"{star}{p.name}: {kind}" + ("" if p.default is p.empty else f" = {p.default!r}"))
    return ", ".join(texts)


_SOME_HAVE = ("encode", "get_text_features", "get_image_features")
"""The methods that users call, and that only some networks have."""


def _own_methods(cls: type) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(cls, name)) for name in _SOME_HAVE if hasattr(cls, name))


def returned(cls: Any) -> str:
    """The name of the class of outputs that a network returns, as its source says it; "Any" if it does not say."""
    return _returned_by(cls, *_method(cls, cls.__mro__, "forward")) or "Any"


def _method(cls: Any, bases: tuple[type, ...], name: str) -> tuple[tuple[type, ...], Any]:
    """The bases that follow the one which defines a method, and the method."""
    for i, base in enumerate(bases):
        if name in vars(base):
            return bases[i + 1 :], vars(base)[name]
    return (), None


def _returned_by(cls: Any, rest: tuple[type, ...], function: Any) -> str:
    """What a method of `cls`, or a function, returns; `rest` is where `super()` looks on."""
    if not inspect.isfunction(function):
        return ""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
            match node.value.func:
                case ast.Attribute(ast.Name("self"), name):
                    bases, called = _method(cls, cls.__mro__, name)
                case ast.Attribute(ast.Call(ast.Name("super")), name):
                    bases, called = _method(cls, rest, name)
                case ast.Attribute(ast.Name(module), name) if module in function.__globals__:
                    bases, called = (), getattr(function.__globals__[module], name, None)
                case ast.Name(name):
                    bases, called = (), function.__globals__.get(name)
                case _:
                    continue
            if inspect.isclass(called) and issubclass(called, outputs.ModelOutput):
                return called.__name__
            found = _returned_by(cls, bases, called)
            if found:
                return found
    return ""


def _processing() -> str:
    names = processing.__dict__["_NAMES"]
    lines = [
        f"{MADE} Every processor.",
        "from trivium.processing.detection import Detection as _Detection",
        "from trivium.processing.images import ImageProcessor as _ImageProcessor",
        "from trivium.processing.processors import Processor as _Processor",
        "from trivium.processing.segmentation import Semantic as _Semantic",
        *(f"from trivium.processing.{module} import {name} as {name}" for name, module in names.items()),
        *(f"from trivium.processing.extractors import {name} as {name}" for name in EXTRACTORS),
        "def names() -> list[str]: ...",
    ]
    lines += [f"class {name}({_bases(image_processor_class(name))}): ..." for name in FAMILIES]
    lines += [f"class {name}(_Processor): ..." for name in JOINS]
    return "\n".join(lines) + "\n"


def _bases(cls: type) -> str:
    """A class's bases, by the names that the stub imports them under."""
    return ", ".join(f"_{base.__name__}" for base in cls.__bases__)


def _processors() -> Iterator[str]:
    return (f"from trivium.processing import {name} as {name}" for name in processing.names())


def _door(door: str) -> str:
    lines = [
        f"{MADE} Every class in its framework.",
        "from pathlib import Path",
        "from typing import Any",
        "from trivium import _signatures as _s",
        f"from trivium.backends.{door}.model import Model as _Model",
        "from trivium.core.auto import AutoConfig as AutoConfig",
        "from trivium.core.config import Config as _Config",
        *_configs(),
        *_processors(),
        "",
        *_auto("", "_Model"),
        *(f"class {name}(_s.{name}, _Model): ..." for name in networks()),
    ]
    return "\n".join(lines) + "\n"


def _auto(prefix: str, model: str) -> Iterator[str]:
    source = "source: str | Path, *, config: _Config | None = None, **options: Any"
    yield f"class _{prefix}Auto:"
    yield f"    @classmethod\n    def from_pretrained(cls, {source}) -> {model}: ..."
    yield f"    @classmethod\n    def from_config(cls, config: _Config, **options: Any) -> {model}: ..."
    for task in auto.TASKS:
        yield f"class {prefix}{task}(_{prefix}Auto): ..."


_TWINS = """
class _TFTwin(Generic[_Out], _TFModel):
    def prepare_tf_dataset(
        self, dataset: Any, batch_size: int = 8, shuffle: bool = True, tokenizer: Any = None, collate_fn: Any = None,
        collate_fn_args: Any = None, drop_remainder: bool | None = None, prefetch: bool = True
    ) -> Any: ...
    def __call__(self, *inputs: Any, return_dict: bool | None = None, training: bool | None = None, **options: Any) -> _Out: ...

class _FlaxTwin(Generic[_Out], _FlaxModel):
    def __init__(
        self, config: _Config, input_shape: Any = None, seed: int | None = 0, dtype: Any = ..., _do_init: bool = True
    ) -> None: ...
    def __call__(
        self, *inputs: Any, params: Any = None, dropout_rng: Any = None, train: bool = False, return_dict: bool | None = None,
        **options: Any
    ) -> _Out: ...
    @property
    def params_shape_tree(self) -> Any: ...
    @property
    def required_params(self) -> set[tuple[str, ...]]: ...
    def init_weights(self, rng: Any, input_shape: Any = None, params: Any = None) -> Any: ...
    def to_bf16(self, params: Any, mask: Any = None) -> Any: ...
    def to_fp16(self, params: Any, mask: Any = None) -> Any: ...
    def to_fp32(self, params: Any, mask: Any = None) -> Any: ...
"""


def _top() -> str:
    own = (FOLDER / "__init__.py").read_text()
    names = ast.literal_eval(own.partition("_NAMES = ")[2].partition("\n}\n")[0] + "}")
    modules = ast.literal_eval(own.partition("_MODULES = ")[2].partition("\n")[0])
    lines = [
        f"{MADE} The modules, and the names of Transformers 4.",
        "from pathlib import Path",
        "from typing import Any, Generic, TypeVar",
        *(f"from trivium import {module} as {module}" for module in modules),
        "from trivium.backends.flax.model import Model as _FlaxModel",
        "from trivium.backends.tensorflow.model import Model as _TFModel",
        "from trivium.core.config import Config as _Config",
        *_outputs(),
        "from trivium.generation.generating import Generates",
        *(f"from {module} import {name} as {name}" for name, module in names.items()),
        *_configs(),
        *_processors(),
        "from trivium.processing.tokenizers.familiar import Named as _Named",
        *(f"from trivium.torch import {name} as {name}" for name in [*auto.TASKS, *networks()]),
        "",
        "__version__: str",
        '_Out = TypeVar("_Out", covariant=True)',
        _TWINS,
        *(f"class {name}(_Named): ..." for name in tokenizers.names()),
    ]
    for prefix in ("TF", "Flax"):
        lines += _auto(prefix, f"_{prefix}Twin[Any]")
        for name in networks():
            cls = catalogue.network_class(name)
            writes = ", Generates" if issubclass(cls, Generates) else ""
            lines += [
                f"class {prefix}{name}(_{prefix}Twin[{returned(cls)}]{writes}):",
                f"    config: {cls.config_class.__name__}",
            ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name, text in stubs().items():
        (FOLDER / name).write_text(text)
