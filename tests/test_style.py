"""The style of the networks: bindings, roles, config fields, names that frameworks have taken, shapes in comments, imports."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import functools
import importlib
import inspect
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import ml_dtypes  # noqa: F401  (gives NumPy the name "bfloat16", as loading a checkpoint does)
import numpy as np
import pytest

import trivium
from tests import drawn, table
from tests.backends import NAMES, Backend, each_backend
from tests.conftest import Golden, goldens
from trivium.core import config, errors, nn, ops, outputs
from trivium.models import catalogue

PACKAGE = Path(trivium.__file__).parent
MODELS = PACKAGE / "models"
NETWORKS = {path.parent.name: path for path in sorted(MODELS.glob("*/network.py"))}
SHARED = [path for path in sorted(MODELS.glob("*.py")) if re.search(r"^from \.+ import ", path.read_text(), re.MULTILINE)]
FRAMEWORKS = ("torch", "tensorflow", "keras", "jax", "flax")

every_architecture = pytest.mark.parametrize("folder", NETWORKS)


def config_of(folder: str) -> type[config.Config]:
    """An architecture's config class."""
    return catalogue.config_class(folder)


def tree(path: Path) -> ast.Module:
    """A source file, parsed."""
    return ast.parse(path.read_text())


def nodes(path: Path, kind: type) -> Iterator[Any]:
    """All nodes of a kind in a source file."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, kind))


# Bindings


@each_backend
def test_bindings(backend: Backend) -> None:
    """A backend's networks are the files of trivium/models with its own `nn` and `ops`; configs are shared."""
    package = f"trivium.backends.{backend.name}"
    own = {name: importlib.import_module(f"{package}.{name}") for name in ("nn", "ops")}
    for folder, path in NETWORKS.items():
        network = importlib.import_module(f"{package}.models.{folder}.network")
        assert Path(inspect.getfile(network)) == path
        bound = {name: value for name, value in vars(network).items() if inspect.ismodule(value)}
        assert bound
        for name, module in bound.items():
            # a relative is bound to the same framework, and so is what it binds; one of the two all networks need
            assert module is own[name] if name in own else not module.__name__.startswith("trivium.models"), f"{folder}: {name}"
        kinds = (own["nn"].Module, own["nn"].Model)
        classes: list[Any] = [cls for cls in vars(network).values() if inspect.isclass(cls) and issubclass(cls, kinds)]
        assert classes
        for cls in classes:
            assert not any(base.__module__.startswith("trivium.models") for base in cls.__mro__), cls
        configs = {config_of(folder), *(cls.config_class for cls in classes if getattr(cls, "config_class", None))}
        assert {cls.__module__ for cls in configs} == {f"trivium.models.{folder}.config"}
    for path in SHARED:
        shared = importlib.import_module(f"{package}.models.{path.stem}")
        assert getattr(shared, "nn", own["nn"]) is own["nn"]
        assert getattr(shared, "ops", own["ops"]) is own["ops"]


def test_bindings_are_alike() -> None:
    """The file that binds is the same in every backend, but for the framework's name in its docstring."""
    for bound in ("models", "generation"):
        files = [PACKAGE / "backends" / name / bound / "__init__.py" for name in NAMES]
        assert len({path.read_text().partition("\n")[2] for path in files}) == 1


@pytest.mark.parametrize("path", [*NETWORKS.values(), *SHARED], ids=lambda path: str(path.relative_to(MODELS)))
def test_networks_import_no_framework(path: Path) -> None:
    """What is bound is imported relatively; anything else is trivium's own, the standard library's, or NumPy for constants."""
    unbound = "|".join(shared.stem for shared in SHARED)
    for node in nodes(path, ast.Import):
        assert {alias.name.partition(".")[0] for alias in node.names} <= {*sys.stdlib_module_names, "numpy"}
    for node in nodes(path, ast.ImportFrom):
        top = (node.module or "").partition(".")[0]
        assert node.level or top == "trivium" or top in sys.stdlib_module_names
        # nothing bound comes under an absolute name, which would be the unbound one
        assert node.level or not re.fullmatch(rf"trivium\.models(\.\w+\.network|\.({unbound}))?", node.module or "")


# Classes


@every_architecture
def test_classes_are_named_by_role(folder: str) -> None:
    """Public classes begin with the architecture's name and are whole models; the others do not, and are their parts."""
    module = importlib.import_module(f"trivium.models.{folder}.network")
    config_name, *public = catalogue.architectures()[folder]
    prefix = config_name.removesuffix("Config")
    found: dict[str, Any] = {name: cls for name, cls in vars(module).items() if inspect.isclass(cls)}
    own = {name: cls for name, cls in found.items() if cls.__module__ == module.__name__}
    assert set(public) == {name for name in own if name.startswith(prefix)}
    assert f"{prefix}Model" in public or folder == "trocr"  # a decoder that is only ever a part of others
    configs = importlib.import_module(f"trivium.models.{folder}.config")
    bodies = {getattr(own[name], "body_class", None) for name in public}
    bases = {base for name in public for base in own[name].__mro__}
    for name, cls in own.items():
        assert issubclass(cls, nn.Module), name
        whole = issubclass(cls, nn.Model) and getattr(cls, "config_class", None) is not None
        # others may be half of a model, as the decoder of BartForCausalLM is, or what public classes share
        assert whole or name not in public, name
        assert not whole or name in public or cls in bodies or cls in bases, name
        if whole:
            assert getattr(configs, cls.config_class.__name__) is cls.config_class  # the architecture's, or that of one tower
            assert cls.body_prefix


def public_objects() -> Iterator[tuple[str, Any]]:
    """What users meet: classes of networks, configs, outputs, errors, and the contract."""
    for folder, names in catalogue.architectures().items():
        yield names[0], config_of(folder)
        yield from ((name, catalogue.network_class(name)) for name in names[1:])
    for module in (config, errors, outputs, nn, ops):
        for name, value in vars(module).items():
            if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__:
                yield f"{module.__name__}.{name}", value


@pytest.mark.parametrize(("name", "value"), list(public_objects()), ids=lambda value: value if isinstance(value, str) else "")
def test_public_names_have_a_docstring(name: str, value: Any) -> None:
    """Whatever is public says what it is, in words of its own."""
    found = vars(value).get("__doc__") if inspect.isclass(value) else getattr(value, "__doc__", None)
    assert found, name
    assert not found.startswith(f"{name}("), "the signature that dataclasses put there is no docstring"


# Config fields


GENERIC = set(inspect.get_annotations(config.Config))
GENERATING = {"forced_eos_token_id", "begin_suppress_tokens"}  # what only generating asks for


def numpy_model(golden: Golden, **changes: Any) -> Any:
    """The NumPy model of a golden, with weights that are drawn."""
    cls = getattr(Backend("numpy").door, golden.class_name)
    read = cls.config_class.from_dict(golden.content["config"])
    return cls(read.replace(**changes) if changes else read)


def run_cases(model: Any, cases: list[dict[str, Any]]) -> None:
    """Calls a model as the cases of a golden say."""
    for case in cases:
        inputs = drawn.nested({name: drawn.unpack(value) for name, value in case["inputs"].items()})
        model(**inputs, **case["options"])


class Reads:
    """What is read of configs while this is a context, but for what a config reads of itself to be one."""

    OWN = ("__post_init__", "to_dict", "__eq__", "__hash__", "__repr__", "from_dict", "replace")

    def __init__(self) -> None:
        self.found: dict[type[config.Config], set[str]] = {}
        self.held = 0

    def aside(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, during which nothing counts."""

        def wrapped(*inputs: Any, **options: Any) -> Any:
            self.held += 1
            try:
                return method(*inputs, **options)
            finally:
                self.held -= 1

        return wrapped

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        def read(owner: config.Config, name: str) -> Any:
            if not self.held:
                self.found.setdefault(type(owner), set()).add(name)
            return object.__getattribute__(owner, name)

        with pytest.MonkeyPatch.context() as patch:
            for name in self.OWN:
                method = vars(config.Config)[name]
                inner = getattr(method, "__func__", None)
                patch.setattr(config.Config, name, classmethod(self.aside(inner)) if inner else self.aside(method))
            patch.setattr(config.Config, "__getattribute__", read, raising=False)
            yield


@functools.cache
def fields_read() -> dict[type[config.Config], set[str]]:
    """Config class -> the fields that are read when the models of all goldens are built and run."""
    reads = Reads()
    with reads():
        for golden in goldens():
            model = numpy_model(golden)
            model.input_shapes()
            run_cases(model, golden.content["cases"][:1])
            if getattr(model.config, "out_indices", None):  # stages may be counted, or named as goldens do
                run_cases(numpy_model(golden, out_features=None), golden.content["cases"][:1])
    return reads.found


def one_valued(kind: Any) -> bool:
    """Whether a type admits but one value."""
    if get_origin(kind) is Literal:
        return len(get_args(kind)) == 1
    notes = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return any(isinstance(note, config.Range) and note.low == note.high for note in notes)


def dead_fields(cls: type[config.Config], found: set[str]) -> set[str]:
    """The fields of a config class that are not among those found to be read, and whose type admits several values."""
    kinds = get_type_hints(cls, include_extras=True)
    names = {field.name for field in dataclasses.fields(cls)} - GENERIC - GENERATING  # type: ignore[arg-type]
    return {name for name in names if name not in found and not one_valued(kinds[name])}


def row_of(folder: str) -> table.Row:
    """The row of an architecture's folder."""
    return next(row for model_type, row in table.rows().items() if model_type.replace("-", "_") == folder)


@every_architecture
def test_no_dead_config_field(folder: str) -> None:
    """Every field of a config is read by a network that is built and run, or its type admits but one value."""
    module = importlib.import_module(f"trivium.models.{folder}.config")
    own = [cls for cls in vars(module).values() if inspect.isclass(cls) and issubclass(cls, config.Config)]
    own = [cls for cls in own if cls.__module__ == module.__name__ and hasattr(cls, "model_type")]
    assert config_of(folder) in own
    dead = set()
    for cls in own:
        found = fields_read().get(cls, set())
        assert found, f"no golden has a {cls.__name__}"
        dead |= dead_fields(cls, found)
    # one that is listed and read after all is stale
    assert dead == set(row_of(folder).unread)


def test_attributes_are_hashable() -> None:
    """No module keeps a plain list, dict or set: JAX looks compiled programs up by all that is not a weight."""
    plain = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    for path in (*NETWORKS.values(), *SHARED):
        for node in nodes(path, ast.Assign):
            kept = any(isinstance(target, ast.Attribute) for target in node.targets)
            assert not (kept and isinstance(node.value, plain)), f"{path}:{node.lineno}"


def test_a_dead_field_is_found() -> None:
    """What a config reads of itself does not count; what is read of it does, by any of its names and by its properties."""

    class SomeConfig(config.Config):
        model_type = "some"
        aliases: ClassVar = {"n_layer": "depth"}
        depth: int = 1
        size: int | tuple[int, ...] = 2
        dead: int = 3
        fixed: Literal["gelu"] = "gelu"
        none: Annotated[float, config.Range(0.0, 0.0)] = 0.0

        def check(self) -> None:
            assert self.dead

        @property
        def area(self) -> int:
            return self.pair("size")[0] * self.pair("size")[1]

    reads = Reads()
    with reads():
        some = SomeConfig.from_dict({"size": 2}).replace(depth=2)
        assert some != SomeConfig() and hash(some) and repr(some)
        assert not dead_fields(SomeConfig, set()) & reads.found.get(SomeConfig, set())
        assert (some.n_layer, some.area) == (2, 4)
    assert dead_fields(SomeConfig, reads.found[SomeConfig]) == {"dead"}
    assert "__getattribute__" not in vars(config.Config)


# Names that frameworks have taken


def given_names(path: Path, models: bool) -> set[str]:
    """Names of methods and attributes that the classes of a file define: of whole models, or of their parts."""
    found = set()
    module = importlib.import_module("trivium.models." + ".".join(path.relative_to(MODELS).with_suffix("").parts))
    for node in nodes(path, ast.ClassDef):
        if issubclass(getattr(module, node.name), nn.Model) != models:
            continue
        found |= {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
        for item in node.body:
            targets = item.targets if isinstance(item, ast.Assign) else [item.target] if isinstance(item, ast.AnnAssign) else []
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
        for inner in ast.walk(node):
            if (
                isinstance(inner, ast.Attribute)
                and isinstance(inner.ctx, ast.Store)
                and getattr(inner.value, "id", "") == "self"
            ):
                found.add(inner.attr)
    return {name for name in found if not name.startswith("__")} - {"forward"}


def taken(backend: str, models: bool) -> set[str]:
    """Names that mean something else in a framework's own base classes."""
    if backend == "torch":
        import torch

        return set(dir(torch.nn.Module()))
    if backend == "tensorflow":
        import keras

        from trivium.backends.tensorflow.model import Model
        from trivium.backends.tensorflow.module import Module

        # what the backend's own base classes let networks set ("output", and of models "layers") is a name like any other
        own = [cls for cls in (Model if models else Module).__mro__ if cls.__module__.startswith("trivium.backends.")]
        settable = {name for cls in own for name, value in vars(cls).items() if isinstance(value, property) and value.fset}
        assert {"output", "layers"} & settable == ({"output", "layers"} if models else {"output"})
        return set(dir(keras.Model if models else keras.layers.Layer)) - settable
    if backend == "flax":
        from flax import nnx

        return set(dir(nnx.Module))
    return set()


@each_backend
def test_no_shadowed_name(backend: Backend) -> None:
    """No attribute or method has a name that the framework's modules use: PyTorch shadows silently, Keras refuses."""
    for models in (False, True):
        found = {name for path in [*NETWORKS.values(), *SHARED] for name in given_names(path, models)}
        assert found
        assert not found & taken(backend.name, models)
    shared = {name for name in vars(nn.Model.__mro__[1]) if not name.startswith("__")}  # of core/pretrained.py
    assert "from_pretrained" in shared
    assert shared & taken(backend.name, True) <= {"export", "quantize"}  # which mean there what they mean in Keras


# Shapes in comments


LETTERS = re.compile(r"\b[A-Z]\b")
ITEM = re.compile(r"(?:\([^()]*\)|[^,()])+")
SHAPE = re.compile(r"(two of )?\(([^()]*)\)(?: or \(([^()]*)\))?( twice| as a rule)?")
SIGNATURE = re.compile(r"#\s*(.*?)->\s*([^#]*)$")


class Unknown(Exception):
    """An expression with a name that nothing has told yet."""


def sizes(shape: str) -> list[str]:
    """The sizes in "(B, T, D)"."""
    return [item.strip() for item in shape.split(",") if item.strip()]


def items(text: str) -> list[list[list[str]] | None]:
    """The values in "(B, T) or None, mask, (B, S, D) or (B, D)": what shapes each may have, or None for what is no shape.

    "two of (B, T)" and "(B, T) twice" are two values; a shape "as a rule" tells no more than the number of axes.
    """
    found: list[list[list[str]] | None] = []
    for item in ITEM.finditer(text.strip()):
        shape = SHAPE.match(item[0].strip())
        if shape is None:
            found += [None] if item[0].strip() else []
            continue
        options = [sizes(option) for option in shape.group(2, 3) if option is not None]
        if shape[4] == " as a rule":
            options = [["*"] * len(option) for option in options]
        found += [options] * (2 if shape[1] or shape[4] == " twice" else 1)
    return found


def fit(shape: list[str], count: int) -> list[str] | None:
    """The sizes of `count` axes, where "..." and "*size" stand for any number of them; None if there is another number."""
    for i, size in enumerate(shape):
        if size == "..." or (size.startswith("*") and size != "*"):
            missing = count - len(shape) + 1
            return [*shape[:i], *["*"] * missing, *shape[i + 1 :]] if missing >= 0 else None
    return shape if len(shape) == count else None


def evaluate(size: str, known: Callable[[str], int]) -> list[int]:
    """What a size may be: "D / N" (rounded either way), "h w + 1", "C stride^2", "B or 1"; T' is another than T."""
    if " or " in size:
        return [value for option in size.split(" or ") for value in evaluate(option, known)]
    python = re.sub(r"(?<=[\w)'])\s+(?=[A-Za-z(])", " * ", size).replace("^", "**").replace("'", "_other")
    names = {name: known(name) for name in re.findall(r"[A-Za-z_]\w*", python)}
    found = eval(python, {"__builtins__": {}}, names)
    return [math.floor(found), math.ceil(found)]


class Call:
    """The shapes seen in one call of one function, and what the comments say of them."""

    def __init__(self, frame: FrameType) -> None:
        self.where = f"{Path(frame.f_code.co_filename).parent.name}/{frame.f_code.co_qualname}"
        self.frame, self.claims, self.letters = frame, [], {}  # type: ignore[var-annotated]

    def claim(self, text: str, shapes: list[list[str]] | None, value: Any, line: int) -> None:
        """Notes that `value` has the shape, or one of the shapes, that a comment gives it."""
        if shapes is None or not hasattr(value, "shape"):
            return
        found = np.shape(value)
        fitting = [fitted for shape in shapes if (fitted := fit(shape, len(found))) is not None]
        assert fitting, f"{self.where}:{line}: {text.strip()} but the shape is {found}"
        for size, actual in zip(fitting[0], found, strict=True):
            if re.fullmatch(r"[A-Za-z]'?", size):
                self.letters.setdefault(size.replace("'", "_other"), actual)
            if size != "*":
                self.claims.append((text.strip(), size, actual, found, line))

    def known(self, name: str) -> int:
        """The value of a letter, or of a variable, attribute or config field of that name."""
        held = self.frame.f_locals
        owner = held.get("self")
        c = getattr(owner, "config", held.get("c"))
        for value in (self.letters.get(name), held.get(name), getattr(c, name, None)):
            if isinstance(value, (int, np.integer)):
                return int(value)
        raise Unknown(name)

    def settle(self) -> int:
        """Checks all claims, and says how many could be."""
        settled = 0
        for text, size, actual, found, line in self.claims:
            try:
                wanted = evaluate(size, self.known)
            except Unknown:
                continue
            assert actual in wanted, f"{self.where}:{line}: {text} but the shape is {found}; {self.letters}"
            settled += 1
        return settled


class Comments:
    """The shapes in the comments of a file: line of a `def` -> inputs and outputs; of a statement -> names and shapes."""

    def __init__(self, path: Path) -> None:
        lines = path.read_text().splitlines()
        self.functions: dict[int, tuple[str, list[Any], list[Any]]] = {}
        self.statements: dict[int, tuple[str, list[str], list[Any]]] = {}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef):
                line = lines[node.body[0].lineno - 2 if node.lineno != node.body[0].lineno else node.lineno - 1]
                found = SIGNATURE.search(line)
                if found:
                    self.functions[node.lineno] = (line, items(found[1]), items(found[2]))
            elif isinstance(node, ast.Assign) and node.end_lineno:
                line = lines[node.end_lineno - 1]
                target = node.targets[0]
                names = [n.id for n in (target.elts if isinstance(target, ast.Tuple) else [target]) if isinstance(n, ast.Name)]
                text = line.rpartition("# ")[2].rpartition("->")[2] if "# (" in line else ""
                shapes = items(text)
                if names and shapes and shapes[0]:
                    each = shapes if len(shapes) == len(names) else shapes[:1] * len(names)
                    for covered in range(node.lineno, node.end_lineno + 1):
                        self.statements[covered] = (line, names, each)


class Checker:
    """A tracer that holds every call in the networks' files against its comments."""

    def __init__(self) -> None:
        files = {folder: Comments(path) for folder, path in NETWORKS.items()}
        self.files = {str(path): files[folder] for folder, path in NETWORKS.items()}
        self.files |= {str(path): Comments(path) for path in SHARED}
        self.run: set[tuple[str, int]] = set()
        self.settled = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        comments = self.files.get(frame.f_code.co_filename)
        if comments is None:
            return None
        call = Call(frame)
        signature = comments.functions.get(frame.f_code.co_firstlineno)
        if signature:
            text, inputs, _ = signature
            names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
            values = [frame.f_locals[name] for name in names if name != "self"]
            for shape, value in zip(inputs, values, strict=False):
                call.claim(text, shape, value, frame.f_lineno)
        last: list[int] = [0]

        def local(frame: FrameType, event: str, value: Any) -> Any:
            if event in ("line", "return"):
                statement = comments.statements.get(last[0])
                if statement and frame.f_lineno != last[0]:
                    text, names, shapes = statement
                    for name, shape in zip(names, shapes, strict=True):
                        call.claim(text, shape, frame.f_locals.get(name), last[0])
                    self.run.add((frame.f_code.co_filename, last[0]))
                last[0] = frame.f_lineno
            if event == "return" and value is not None:
                if signature:
                    results = value if isinstance(value, tuple) else (value,)
                    for shape, result in zip(signature[2], results, strict=False):
                        call.claim(signature[0], shape, result, frame.f_code.co_firstlineno)
                    self.run.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))
                self.settled += call.settle()
            return local

        return local


def test_shape_comments_run() -> None:
    """The shapes in comments are those that the goldens' calls have, and every comment with shapes is reached by one."""
    checker = Checker()
    for golden in goldens():
        model = numpy_model(golden)
        before = sys.gettrace()
        sys.settrace(checker)
        try:
            run_cases(model, golden.content["cases"])
        finally:
            sys.settrace(before)
    assert checker.settled > 50_000
    for folder in ("bert", "gpt2", "vit", "llama"):
        assert checker.files[str(NETWORKS[folder])].functions
    for path, comments in checker.files.items():
        for line in comments.functions:
            assert (path, line) in checker.run, f"{path}:{line} was never run"
        for line, (text, *_) in comments.statements.items():
            same = {other for other, (found, *_) in comments.statements.items() if found == text and abs(other - line) < 5}
            assert any((path, other) in checker.run for other in same), f"{path}:{line} was never run"


def test_a_wrong_shape_comment_is_found() -> None:
    """The checker does find what is wrong."""

    def frame(x: Any, D: int = 0) -> FrameType:  # noqa: N803
        return sys._getframe()

    for text, value, fits in (
        ("(B, T, D)", np.zeros((2, 3, 4)), True),
        ("(B, B, D)", np.zeros((2, 3, 4)), False),
        ("(B, T)", np.zeros((2, 3, 4)), False),
        ("(B T, D / 2)", np.zeros((6, 2)), False),
        ("(B or 1, T)", np.zeros((1, 3)), True),
        ("(B or 1, T)", np.zeros((4, 3)), False),
        ("(B, T) or (B, T, D)", np.zeros((2, 3, 4)), True),
        ("(B, T) or (B, T, D)", np.zeros((2,)), False),
        ("(B, T') as a rule", np.zeros((5, 3)), True),
        ("(B, T, T) as a rule", np.zeros((5, 3)), False),
        ("(B, T', T')", np.zeros((2, 5, 5)), True),
        ("(B, T', T')", np.zeros((2, 5, 4)), False),
        ("(..., T)", np.zeros((9, 9, 3)), True),
        ("(B, *size, T)", np.zeros((2, 9, 9, 4)), False),
    ):
        call = Call(frame(None))
        try:
            call.claim(text, items(text)[0], value, 0)
            call.claim("(B, T)", [["B", "T"]], np.zeros((2, 3)), 0)
            call.settle()
        except AssertionError:
            assert not fits, text
        else:
            assert fits or "/" in text, text
    assert items("(B, T) or None, mask, two of (B,), (T, B) twice") == [[["B", "T"]], None, *[[["B"]]] * 2, *[[["T", "B"]]] * 2]
    call = Call(frame(None))
    call.claim("(D, N)", [["D", "N"]], np.zeros((8, 2)), 0)
    call.claim("(D / N, N + 1)", [["D / N", "N + 1"]], np.zeros((4, 2)), 0)
    with pytest.raises(AssertionError, match="N \\+ 1"):
        call.settle()


def legend(path: Path) -> set[str]:
    """The letters that the head of a file explains, itself or by "Letters: as in `llama`": a network's, or a shared file's."""
    found = re.search(r"\bLetters: (.*)", ast.get_docstring(tree(path)) or "", re.DOTALL)
    if not found:
        return set()
    explained = set(re.findall(r"\b([A-Z])\b", found[1]))
    for other in re.findall(r"as in `(\w+)`", found[1]):
        explained |= legend(NETWORKS.get(other) or MODELS / f"{other}.py")
    return explained


@pytest.mark.parametrize("path", [*NETWORKS.values(), *SHARED], ids=lambda path: str(path.relative_to(MODELS)))
def test_letters_are_in_the_legend(path: Path) -> None:
    """Every letter in a shape is explained at the head of the file."""
    used = {
        letter
        for line in path.read_text().splitlines()
        if "# (" in line
        for letter in LETTERS.findall(line.rpartition("# (")[2].split("),")[0])
    }
    assert used <= legend(path)


# Imports


def loaded_by(*statements: str) -> set[str]:
    """The modules that a fresh process has after some statements."""
    code = "\n".join(["import sys", *statements, "print(' '.join(sys.modules))"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_trivium_loads_next_to_nothing() -> None:
    """`import trivium` loads no framework, and none of the libraries that only some of its users need."""
    assert not loaded_by("import trivium") & {*FRAMEWORKS, "huggingface_hub", "h5py", "safetensors", "tokenizers", "tqdm"}


def test_no_framework_without_a_door() -> None:
    """Configs, layouts, the converter, the command line and NumPy's door load no framework."""
    modules = [
        path.relative_to(PACKAGE.parent).with_suffix("")
        for folder in ("core", "models", "convert", "processing", "research")
        for path in (PACKAGE / folder).rglob("*.py")
        if path.parent.name != "templates"  # which are read, and never imported
    ]
    lines = [f"import {'.'.join(module.parts).removesuffix('.__init__')}" for module in modules]
    lines += [
        "import trivium.cli, trivium.numpy",
        "from contextlib import suppress",
        "from trivium.core.errors import ConfigError",  # BEiT's default config has no features to segment by
        "from trivium.core.layout import layout",
        "from trivium.models import catalogue",
    ]
    lines += [
        f"network = catalogue.network_class('{name}')\nwith suppress(ConfigError): layout(network, network.config_class())"
        for _, *names in catalogue.architectures().values()
        for name in names
    ]
    lines += [f"trivium.numpy.{name}" for names in catalogue.architectures().values() for name in names]
    found = loaded_by(*lines)
    assert "trivium" in found
    assert not found & {*FRAMEWORKS, "safetensors"}  # whose readers of our formats are our own


@pytest.mark.parametrize("backend", NAMES)
def test_a_door_loads_its_own_framework_only(backend: str) -> None:
    """A door with a network loads one framework."""
    own = {"torch": {"torch"}, "tensorflow": {"tensorflow", "keras"}, "flax": {"jax", "flax"}, "numpy": set()}[backend]
    found = loaded_by(f"from trivium.{backend} import BertModel, GPT2Model, ViTModel") & set(FRAMEWORKS)
    if backend == "tensorflow":
        found -= {"jax"}  # TensorFlow's own converter imports it, where it is installed
    assert found == own


# The recipe of CONTRIBUTING.md


def test_the_last_architectures_took_no_change_elsewhere() -> None:
    """No source names those that CONTRIBUTING.md says were the last to follow it, but their own folders and rows."""
    root = PACKAGE.parent
    said = (root / "CONTRIBUTING.md").read_text().partition("The last that followed it: ")[2].partition(".\n")[0]
    last = re.findall(r"`(\w+)`", said)
    assert len(last) == 5 and set(last) <= set(NETWORKS)
    prefixes = [catalogue.architectures()[folder][0].removesuffix("Config") for folder in last]
    named = re.compile(rf"\b({'|'.join(last)})\b|\b(TF|Flax)?({'|'.join(prefixes)})(Config|Model|For[A-Z])")
    for part in ("trivium", "tests", "docs", "examples", "benchmarks"):
        for path in (root / part).rglob("*.py"):
            own = path.parent.name in last or (path.parent.name == "rows" and path.stem in last)
            assert own or not named.search(path.read_text()), path
