"""The style of the networks: bindings, roles, config fields, names that frameworks have taken, shapes in comments, imports."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest

import trivium
from tests import drawn
from tests.backends import NAMES, Backend, each_backend
from tests.conftest import goldens
from trivium.core import config, errors, nn, ops, outputs
from trivium.models import catalogue

PACKAGE = Path(trivium.__file__).parent
MODELS = PACKAGE / "models"
NETWORKS = {path.parent.name: path for path in sorted(MODELS.glob("*/network.py"))}
SHARED = [MODELS / name for name in ("heads.py", "masks.py", "caches.py")]
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
        for name, module in own.items():
            assert getattr(network, name) is module
        assert network.Config is config_of(folder)
        heads = importlib.import_module(f"{package}.models.heads")
        assert heads.nn is own["nn"]


def test_bindings_are_alike() -> None:
    """The file that binds is the same in every backend, but for the framework's name in its docstring."""
    files = [PACKAGE / "backends" / name / "models" / "__init__.py" for name in NAMES]
    assert len({path.read_text().partition("\n")[2] for path in files}) == 1


@pytest.mark.parametrize("path", [*NETWORKS.values(), *SHARED], ids=lambda path: str(path.relative_to(MODELS)))
def test_networks_import_no_framework(path: Path) -> None:
    """What is bound is imported relatively; anything else is trivium's own or the standard library's."""
    for node in nodes(path, ast.Import):
        assert {alias.name.partition(".")[0] for alias in node.names} <= set(sys.stdlib_module_names)
    for node in nodes(path, ast.ImportFrom):
        top = (node.module or "").partition(".")[0]
        assert node.level or top == "trivium" or top in sys.stdlib_module_names
        # nothing bound comes under an absolute name, which would be the unbound one
        assert node.level or not re.fullmatch(r"trivium\.models(\.\w+\.network|\.heads|\.masks|\.caches)?", node.module or "")


# Classes


@every_architecture
def test_classes_are_named_by_role(folder: str) -> None:
    """Public classes begin with the architecture's name and are whole models; the others do not, and are their parts."""
    module = importlib.import_module(f"trivium.models.{folder}.network")
    config_name, *public = catalogue.architectures()[folder]
    prefix = config_name.removesuffix("Config")
    own = {name: cls for name, cls in vars(module).items() if inspect.isclass(cls) and cls.__module__ == module.__name__}
    assert set(public) == {name for name in own if name.startswith(prefix)}
    assert f"{prefix}Model" in public
    for name, cls in own.items():
        assert issubclass(cls, nn.Module), name
        whole = issubclass(cls, nn.Model) and getattr(cls, "config_class", None) is not None
        assert whole == (name in public), name
        if whole:
            assert cls.config_class is config_of(folder)
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


def reads(path: Path, owner: str) -> set[str]:
    """The attributes that a file reads of `owner`, or of something called `.owner`."""
    found = set()
    for node in nodes(path, ast.Attribute):
        holder = node.value
        name = holder.id if isinstance(holder, ast.Name) else holder.attr if isinstance(holder, ast.Attribute) else None
        if name == owner and isinstance(node.ctx, ast.Load):
            found.add(node.attr)
    return found


def properties(path: Path) -> dict[str, set[str]]:
    """Property of a config -> the fields that it reads, as `self.field` or by `self.pair("field")`."""
    found = {}
    for node in nodes(path, ast.FunctionDef):
        if any(isinstance(decorator, ast.Name) and decorator.id == "property" for decorator in node.decorator_list):
            inner = list(ast.walk(node))
            found[node.name] = {n.attr for n in inner if isinstance(n, ast.Attribute)}
            found[node.name] |= {n.value for n in inner if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found


@every_architecture
def test_no_dead_config_field(folder: str) -> None:
    """Every field of a config is read by the network, or its type admits but one value."""
    cls = config_of(folder)
    files = [path for path in (MODELS / folder).glob("*.py") if path.name != "config.py"]
    found = {name for path in [*files, *SHARED] for owner in ("c", "config") for name in reads(path, owner)}
    found |= reads(PACKAGE / "core" / "pretrained.py", "config")
    found = {cls.aliases.get(name, name) for name in found}
    for name, fields in properties(MODELS / folder / "config.py").items():
        found |= fields if name in found else set()
    kinds = {name: kind for name, kind in inspect.get_annotations(cls, eval_str=True).items() if name not in GENERIC}
    kinds = {name: kind for name, kind in kinds.items() if get_origin(kind) is not Literal or len(get_args(kind)) > 1}
    assert kinds
    assert set(kinds) <= found


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

        from trivium.backends.tensorflow.model import _Composed

        # what the backend's own base class answers for ("output") is a name like any other
        return set(dir(keras.Model if models else keras.layers.Layer)) - set(vars(_Composed))
    if backend == "flax":
        from flax import nnx

        return set(dir(nnx.Module))
    return set()


@each_backend
def test_no_shadowed_name(backend: Backend) -> None:
    """No attribute or method has a name that the framework's modules use: PyTorch shadows silently, Keras refuses."""
    for models in (False, True):
        found = {name for path in [*NETWORKS.values(), MODELS / "heads.py"] for name in given_names(path, models)}
        assert found
        assert not found & taken(backend.name, models)
    shared = {name for name in vars(nn.Model.__mro__[1]) if not name.startswith("__")}  # of core/pretrained.py
    assert "from_pretrained" in shared
    assert not shared & taken(backend.name, True)


# Shapes in comments


LETTERS = re.compile(r"\b[A-Z]\b")
ITEM = re.compile(r"\(([^()]*)\)|[^,()]+")
SIGNATURE = re.compile(r"#\s*(.*?)->\s*([^#]*)$")


class Unknown(Exception):
    """An expression with a name that nothing has told yet."""


def sizes(shape: str) -> list[str]:
    """The sizes in "(B, T, D)"."""
    return [item.strip() for item in shape.split(",") if item.strip()]


def items(text: str) -> list[list[str] | None]:
    """The values in "(B, T), mask, (B, S, D)": sizes, or None for what is no shape."""
    return [sizes(found[1]) if found[1] is not None else None for found in ITEM.finditer(text.strip()) if found[0].strip()]


def evaluate(size: str, known: Callable[[str], int]) -> list[int]:
    """What a size may be: "D / N", "h w + 1", "C stride^2", "B or 1"."""
    if " or " in size:
        return [value for option in size.split(" or ") for value in evaluate(option, known)]
    python = re.sub(r"(?<=[\w)])\s+(?=[A-Za-z(])", " * ", size).replace("^", "**").replace("/", "//")
    names = {name: known(name) for name in re.findall(r"[A-Za-z_]\w*", python)}
    return [eval(python, {"__builtins__": {}}, names)]


class Call:
    """The shapes seen in one call of one function, and what the comments say of them."""

    def __init__(self, frame: FrameType) -> None:
        self.where = f"{Path(frame.f_code.co_filename).parent.name}/{frame.f_code.co_qualname}"
        self.frame, self.claims, self.letters = frame, [], {}  # type: ignore[var-annotated]

    def claim(self, text: str, shape: list[str] | None, value: Any, line: int) -> None:
        """Notes that `value` has the shape that a comment gives it."""
        if shape is None or not hasattr(value, "shape"):
            return
        found = np.shape(value)
        assert len(found) == len(shape), f"{self.where}:{line}: {text.strip()} but the shape is {found}"
        for size, actual in zip(shape, found, strict=True):
            if re.fullmatch(r"[A-Za-z]", size):
                self.letters.setdefault(size, actual)
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
            elif isinstance(node, ast.Assign):
                line = lines[node.end_lineno - 1]
                target = node.targets[0]
                names = [n.id for n in (target.elts if isinstance(target, ast.Tuple) else [target]) if isinstance(n, ast.Name)]
                text = line.rpartition("# ")[2].rpartition("->")[2] if "# (" in line else ""
                shapes = items(text)
                if names and shapes and shapes[0]:
                    for covered in range(node.lineno, node.end_lineno + 1):
                        self.statements[covered] = (line, names, shapes[:1])


class Checker:
    """A tracer that holds every call in the networks' files against its comments."""

    def __init__(self) -> None:
        files = {folder: Comments(path) for folder, path in NETWORKS.items()}
        self.files = {str(path): files[folder] for folder, path in NETWORKS.items()}
        self.files[str(MODELS / "heads.py")] = Comments(MODELS / "heads.py")
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
                    for name in names:
                        call.claim(text, shapes[0], frame.f_locals.get(name), last[0])
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


def test_shape_comments_run(tmp_path: Path) -> None:
    """The shapes in comments are those that the goldens' calls have, and every comment with shapes is reached by one."""
    door, checker = Backend("numpy").door, Checker()
    for golden in goldens():
        model = getattr(door, golden.class_name)(config_of(golden.model_type).from_dict(golden.content["config"]))
        for case in golden.content["cases"]:
            inputs = {name: drawn.unpack(value) for name, value in case["inputs"].items()}
            before = sys.gettrace()
            sys.settrace(checker)
            try:
                model(**inputs, **case["options"])
            finally:
                sys.settrace(before)
    assert checker.settled > 1000
    for path, comments in checker.files.items():
        assert comments.functions or path.endswith("heads.py")
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
    ):
        call = Call(frame(None))
        try:
            call.claim(text, items(text)[0], value, 0)
            call.claim("(B, T)", ["B", "T"], np.zeros((2, 3)), 0)
            call.settle()
        except AssertionError:
            assert not fits, text
        else:
            assert fits or "/" in text, text
    call = Call(frame(None))
    call.claim("(D, N)", ["D", "N"], np.zeros((8, 2)), 0)
    call.claim("(D / N, N + 1)", ["D / N", "N + 1"], np.zeros((4, 2)), 0)
    with pytest.raises(AssertionError, match="N \\+ 1"):
        call.settle()


@every_architecture
def test_letters_are_in_the_legend(folder: str) -> None:
    """Every letter in a shape is explained at the head of the file."""
    text = NETWORKS[folder].read_text()
    legend = re.search(r"^Letters: (.*?)\"\"\"", text, re.DOTALL | re.MULTILINE)
    assert legend
    explained = set(re.findall(r"\b([A-Z])\b", legend[1]))
    used = {
        letter
        for line in text.splitlines()
        if "# (" in line
        for letter in LETTERS.findall(line.rpartition("# (")[2].split("),")[0])
    }
    assert used <= explained


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
        for folder in ("core", "models", "convert")
        for path in (PACKAGE / folder).rglob("*.py")
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
