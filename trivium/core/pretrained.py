"""What every model has in every backend: building, first values, ties, loading and saving."""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from .errors import BackendMissing, ConfigError, KeyMismatch
from .familiar import Familiar
from .init import Init, Normal, draw
from .layers import Part, Scanned
from .layout import Layout, Weight, layout
from .loading import dtype_name, familiar

if TYPE_CHECKING:
    from trivium.convert.plan import Match
    from trivium.research.tracing import Trace

    from .config import Config
    from .quantization import Integers, QuantizationReport

logger = logging.getLogger("trivium")

UNBOUND = "trivium.models"


@dataclass
class Building:
    """What the layers of a model under construction need to know."""

    dtype: str
    """Of the weights; NumPy's name of it."""
    seed: int
    """Of what layers draw when they are called, where they hold a generator of their own."""
    drawn: int = 0

    def dtype_of(self, keep_float32: bool) -> str:
        """Of the weights of a layer, which may keep float32 where the others are float16."""
        return "float32" if keep_float32 and self.dtype == "float16" else self.dtype

    def draw_seed(self) -> int:
        """A seed for one layer, another each time: layers that share one would draw the same."""
        self.drawn += 1
        return int(np.random.SeedSequence((self.seed, self.drawn)).generate_state(1)[0] >> 1)


class _Stack(threading.local):
    current: Building | None = None
    seed: int = 0
    """Of dropout, in models that are made without first values."""


_stack = _Stack()


def building() -> Building:
    """The model under construction in this thread; a layer made outside of any gets float32 and seed 0."""
    return _stack.current or Building("float32", 0)


@contextlib.contextmanager
def _construction(dtype: str, seed: int) -> Iterator[None]:
    _stack.current = Building(dtype, seed)
    try:
        yield
    finally:
        _stack.current = None


@contextlib.contextmanager
def _dropout_seed(seed: int) -> Iterator[None]:
    """Within, models that are made without first values have this seed for what they draw when they are called."""
    _stack.seed = seed
    try:
        yield
    finally:
        _stack.seed = 0


class WritesNothing(AttributeError):
    """A network has no `generate`; which of its architecture have is looked up when it is printed."""

    def __str__(self) -> str:
        from trivium.models import catalogue

        cls, name = self.args
        able = [other.__name__ for other in catalogue.classes_of(cls.config_class.model_type) if hasattr(other, name)]
        others = f"; {' and '.join(able)} can" if able else ""
        return f"{cls.__name__} has no {name}: it writes no text{others}"


class _Absent:
    """What only networks that write have."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, model: Any, cls: type) -> Any:
        raise WritesNothing(cls, self._name)


class Pretrained(Familiar):
    """The part of `nn.Model` that is the same in every backend.

    A backend's `Model` says how one weight is written and read (`_assign`, `_read`) and what its framework wants before and
    after (`_scope`, `_tie`, `_ready`); everything else is here, and follows from the layout.
    """

    config_class: ClassVar[type[Config]]
    body_prefix: ClassVar[str] = ""
    """The name under which networks with a head keep this kind of body: "bert"."""
    input_embedding: ClassVar[str] = ""
    """The path of the input embedding in the body; empty if there is none."""
    output_embedding: ClassVar[str] = ""
    """The path of the layer whose weight is the input embedding's where the config ties them."""
    other_ties: ClassVar[Mapping[str, str]] = {}
    """Another name of a weight in PyTorch's state dict -> its name."""
    optional: ClassVar[tuple[str, ...]] = ()
    """Parts that the checkpoint of another class may lack; they are drawn and reported then. "*" stands for any number."""
    column: ClassVar[str] = ""
    """The backend's column of the layout's table; empty for the contract itself."""
    framework: ClassVar[str] = "np"
    """Transformers' name of the framework: "pt", "tf", "flax"; of its own "np"."""
    keeps_views: ClassVar[bool] = False
    """Whether a loaded weight may be a view of its file, in pages that are copied when they are written to."""

    quantized: frozenset[str] = frozenset()
    """The names of the weights that are kept as integers; see `quantize`."""

    config: Any
    generate, stream = _Absent(), _Absent()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in cls.__dict__ and cls.column:
            cls.__init__ = _building(cls.__dict__["__init__"])  # type: ignore[method-assign]

    # The network as its own description

    def initializer(self, config: Any) -> Init:
        """How weights are drawn that do not say it themselves."""
        return Normal(config.initializer_range)

    def get_body(self) -> Any:
        """The network without its head: itself, if it has none."""
        return self

    def ties(self) -> dict[str, str]:
        """Other name -> name of each weight that PyTorch's state dict has under two names."""
        body, prefix = self.get_body(), self.prefix()
        found = {prefix + alias: prefix + name for alias, name in body.other_ties.items()}
        found |= {} if body is self else self.other_ties
        if self.output_embedding and self.config.tie_word_embeddings:
            found[f"{self.output_embedding}.weight"] = f"{self.prefix()}{self.get_body().input_embedding}.weight"
        return found

    def optional_parts(self) -> Iterable[str]:
        """The paths of the parts that a checkpoint of another class may lack."""
        yield from (self.prefix() + part for part in self.get_body().optional)
        if self.get_body() is not self:
            yield from self.optional

    def prefix(self) -> str:
        """The path of the body, with a dot after it; empty if it is the network itself."""
        return "" if self.get_body() is self else f"{self.body_prefix}."

    def input_shapes(self) -> dict[str, tuple[tuple[int | None, ...], str]]:
        """The inputs that the model is usually called with: name -> (shape, dtype), None for any size."""
        return {"input_ids": ((None, None), "int32"), "attention_mask": ((None, None), "int32")}

    @classmethod
    def unbound(cls) -> type:
        """The same class bound to no framework, which is its layout."""
        for base in cls.__mro__:
            package, found, rest = base.__module__.partition(".models.")
            if found and package.startswith("trivium"):
                return getattr(importlib.import_module(f"{UNBOUND}.{rest}"), base.__name__)
        raise TypeError(f"{cls.__name__} is not a class of a trivium network")

    @property
    def layout(self) -> Layout:
        """The names, shapes and ties of the weights."""
        return layout(self.unbound(), self.config)

    def get_input_embeddings(self) -> Any:
        """The layer that embeds the input; None if there is none, as of images."""
        body = self.get_body()
        return at(body, body.input_embedding) if body.input_embedding else None

    def get_output_embeddings(self) -> Any:
        """The layer that makes logits of tokens; None if there is none, or no single one."""
        return at(self, self.output_embedding) if self.output_embedding else None

    # Weights

    def _owner(self, weight: Weight) -> tuple[Any, str]:
        """The native layer that holds a weight, and the weight's attribute there."""
        if weight.name in self.quantized:
            raise ConfigError("the weight is kept as integers", key=weight.name, hint="read and write it before quantize()")
        owner, index, part, name = self, (), None, weight.place(self.column).name
        for step in weight.owner.split(".") if weight.owner else ():
            if isinstance(owner, Scanned):
                owner, make, place = owner.place(int(step))
                part, index = make or part, index + place
            else:
                owner = at(owner, step)
        if part is not None:
            stack, leaf, its = owner if isinstance(owner, Part) else (owner, name, ())
            owner = part(stack, leaf, index + its)
        return owner, name

    def read_weights(self) -> Iterator[tuple[Weight, Callable[[], np.ndarray]]]:
        """Every weight with a function that reads it, in the layout of the Hub's checkpoints (a view where possible)."""
        for weight in self.layout:
            yield weight, functools.partial(self._read_canonical, weight)

    def _read_canonical(self, weight: Weight) -> np.ndarray:
        owner, name = self._owner(weight)
        held = self._read_part(owner) if isinstance(owner, Part) else self._read(owner, name)
        return weight.to_canonical(held, self.column)

    def assign_weights(self, weights: Mapping[str, np.ndarray], own: bool = False) -> None:
        """Replaces weights, given by name as arrays in the layout of the Hub's checkpoints.

        Args:
            weights: Name -> values.
            own: Whether arrays that can be written to are nobody else's, so that the model may keep them and need not copy.

        Raises:
            KeyMismatch: A name is none of this model's.
            ShapeMismatch: An array has another shape than the weight.
        """
        from .errors import ShapeMismatch

        stacks: dict[tuple[int, str], dict[Part, np.ndarray]] = {}
        for name, array in weights.items():
            if name not in self.layout.weights:
                raise KeyMismatch(f"{type(self).__name__} has no weight {name!r}", key=name)
            weight = self.layout.weights[name]
            if array.shape != weight.shape:
                raise ShapeMismatch(f"{name} has shape {array.shape}; {weight.shape} is expected", key=name)
            owner, leaf = self._owner(weight)
            array = weight.from_canonical(array, self.column)
            if not isinstance(owner, Part):
                self._assign(owner, leaf, array, own)
                continue
            parts = stacks.setdefault((id(owner.stack), owner.name), {})
            parts[owner] = array
            if len(parts) == math.prod(self._stack_shape(owner)):
                self._assign_parts(stacks.pop((id(owner.stack), owner.name)))
        for parts in stacks.values():
            self._assign_parts(parts)
        self._tie(self.layout.ties)

    def _assign_parts(self, parts: Mapping[Part, np.ndarray]) -> None:
        """Assigns some or all of the weights that are kept in one stack."""
        part, array = next(iter(parts.items()))
        shape = self._stack_shape(part)
        whole = len(parts) == math.prod(shape)
        stack = np.empty((*shape, *array.shape), array.dtype) if whole else np.array(self._read(part.stack, part.name))
        for part, array in parts.items():
            stack[part.index] = array
        self._assign(part.stack, part.name, stack, own=True)

    def draw_weights(self, names: Iterable[str], seed: int) -> None:
        """Draws first values for some weights, after the architecture's published scheme; see `init.py`."""
        weights = self.layout.weights

        def first_values(name: str) -> np.ndarray:
            return draw(name, weights[name].shape, weights[name].init, seed)

        self.assign_weights(Lazy(first_values, list(names)), own=True)

    def load_adapter(self, source: str | Path, **options: Any) -> None:
        """Merges a LoRA adapter, as `peft` saves them, into the weights: from then on they are the model's, and saved with it.

        Args:
            source: A directory with adapter_config.json and adapter_model.safetensors, or a Hub id.
            **options: Of the Hub: `revision`, `token`, `cache_dir`, `local_files_only`, `subfolder`.

        Raises:
            NotFound, Offline, HubError: The adapter cannot be had.
            CheckpointError: It is damaged, or does not fit; the error lists every tensor concerned.
            ConfigError: It is of a kind that is not supported.
        """
        from trivium.convert import adapters

        from . import hub

        found = adapters.read_adapter(hub.resolve(source, files=(adapters.CONFIG, *adapters.FILES), **options))
        changes, weights = found.changes(self.layout, self.config), self.layout.weights
        self.assign_weights(Lazy(lambda name: changes[name](self._read_canonical(weights[name])), list(changes)))

    # Training

    def gradient_checkpointing_enable(self) -> None:
        """Has gradients compute each layer again instead of keeping what it computed: less memory, and about a third more time.

        Raises:
            ConfigError: The network has batch normalisation, whose statistics would be moved twice, or no layers that are run
                one by one (`scan_layers` has a `rematerialise` of its own where the framework can).
        """
        if self.layout.has_statistics:
            raise ConfigError(f"{type(self).__name__} has batch normalisation, whose statistics would move twice in a step")
        stacks = list(self._stacks(self))
        if not stacks:
            raise ConfigError(f"{type(self).__name__} has no layers that are run one by one and could be computed again")
        for stack in stacks:
            stack.rematerialise = True

    def gradient_checkpointing_disable(self) -> None:
        """Has layers keep what they computed for the gradient, as they do unless told otherwise."""
        for stack in self._stacks(self):
            stack.rematerialise = False

    def _stacks(self, part: Any) -> Iterator[Any]:
        """The `nn.Layers` in a part of the network that are in no others."""
        for child in self._children(part):
            if hasattr(child, "rematerialise"):
                yield child
            else:
                yield from self._stacks(child)

    @staticmethod
    def _children(part: Any) -> Iterable[Any]:
        """The modules that a module holds itself, where there are gradients."""
        return ()

    def quantize(
        self,
        how: str,
        *,
        group_size: int = 32,
        modules: Iterable[str] | None = None,
        skip: Iterable[str] = (),
        inputs: Mapping[str, Any] | None = None,
    ) -> QuantizationReport:
        """Makes the weights of linear layers integers, for inference in less memory; they cannot be trained or saved then.

        Embeddings, norms, convolutions, experts and what is outside the body (heads) stay as they are. The integers are the
        same in every framework; see `trivium.core.quantization`.

        Args:
            how: "int8" (one scale for each output) or "int4" (one for each `group_size` weights of an output).
            group_size: Of int4; layers whose inputs are no multiple of twice as many stay as they are.
            modules: Patterns (as of `fnmatch`) of the layers to quantise, heads too; all linear layers of the body if None.
            skip: Patterns of layers to leave alone.
            inputs: Name -> array: the model is called with them before and after, and the report says how its answers changed.

        Raises:
            ConfigError: There is no such scheme, or no layer for it.
        """
        from trivium.research import quantizing

        from .quantization import quantize_model, scheme

        plan = scheme(how, group_size, modules, skip)
        if inputs is None:
            return quantize_model(self, plan)
        return quantizing.measured(self, plan, inputs)

    def _replace_linear(self, parent: str, leaf: str, integers: Integers) -> None:
        """Puts a layer with these integers in the place of the linear layer `leaf` of the part at `parent`."""
        raise TypeError("the contract's Model holds no numbers")

    # Looking inside

    def trace(
        self,
        inputs: Mapping[str, Any],
        names: Iterable[str] = ("*",),
        edits: Mapping[str, Callable[[Any], Any]] | None = None,
        **options: Any,
    ) -> Trace:
        """Calls the model and keeps what its parts return; see `trivium.research.tracing.trace`."""
        from trivium.research import tracing

        return tracing.trace(self, inputs, names, edits, **options)

    def _watch(self, part: Any, watch: Callable[[Any], Any]) -> Callable[[], None]:
        """Has what a part returns go through `watch`, until the function that is returned is called.

        Frameworks without hooks: Python looks `__call__` up in an object's class, so that the part gets one of its own.
        """
        kind = type(part)

        def __call__(self: Any, *inputs: Any, **options: Any) -> Any:
            return watch(kind.__call__(self, *inputs, **options))

        watched = type(kind.__name__, (kind,), {"__call__": __call__, "__module__": "watched"})
        object.__setattr__(part, "__class__", watched)
        return lambda: object.__setattr__(part, "__class__", kind)

    def _native(self, value: Any) -> Any:
        """An input as the framework takes it; NumPy arrays will do as they are, but for PyTorch."""
        return value

    @staticmethod
    def _stack_shape(part: Part) -> tuple[int, ...]:
        """How many weights are kept in the stack, along each of its axes."""
        return tuple(getattr(part.stack, part.name).shape[: len(part.index)])

    def replace_part(self, owner: Any, name: str, part: Any) -> None:
        """Puts another part in the place of `owner`'s part of that name, while the network is built."""
        setattr(owner, name, part)

    # What a backend provides

    def _assign(self, owner: Any, name: str, array: np.ndarray, own: bool = False) -> None:
        """Makes `array`, of the native shape, the value of a weight, in the weight's dtype. See `assign_weights` for `own`."""
        raise TypeError("the contract's Model holds no numbers")

    def _read(self, owner: Any, name: str) -> np.ndarray:
        """The value of a weight, in the native shape; bfloat16 as ml_dtypes has it."""
        raise TypeError("the contract's Model holds no numbers")

    def _read_part(self, part: Part) -> np.ndarray:
        """`_read` of one of the weights that are kept in a stack."""
        return self._read(part.stack, part.name)[part.index]

    @classmethod
    def _scope(cls) -> contextlib.AbstractContextManager[Any]:
        """Held while the network's `__init__` runs."""
        return contextlib.nullcontext()

    def _tie(self, ties: Mapping[str, str]) -> None:
        """Gives weights their other names, where the framework shows them."""

    def _ready(self) -> None:
        """Turns a loaded model to inference, where the framework keeps such a mode."""

    # Loading and saving

    def _read_beside(self, folder: Path) -> None:
        """Reads what a checkpoint has besides config and weights."""

    def _write_beside(self, folder: Path) -> None:
        """Writes it."""

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        *,
        config: Config | None = None,
        dtype: Any = None,
        seed: int = 0,
        ignore: Iterable[str] = (),
        ignore_mismatched_sizes: bool = False,
        output_loading_info: bool = False,
        trust: bool = False,
        quantize: str | None = None,
        **options: Any,
    ) -> Self:
        """A model with the weights of a checkpoint, in any format and of any framework, ready for inference.

        In PyTorch, weights that lie in the file as they do in memory are not read but mapped: they come from the disk when they
        are first used, and are copied when they are first written to; the file never changes. Until then it may be replaced or
        removed, as by `save_pretrained` and the Hub's client, but a program that changes it in place changes the weights, and
        one that truncates it ends this process: see `Mapped`. `copy.deepcopy(model)` holds on to no file.

        Args:
            source: A directory, a weight file, or a Hub id such as "google-bert/bert-base-uncased".
            config: Instead of the checkpoint's own.
            dtype: Of the weights, by NumPy's name ("float32", "bfloat16", ...) or the framework's own; as in the checkpoint
                if None.
            seed: For the parts that the checkpoint lacks because it is another class's, which are reported; and of dropout, but
                in PyTorch, where that is `torch.manual_seed`'s.
            ignore: Patterns (as of `fnmatch`) of tensors in the checkpoint to leave out.
            ignore_mismatched_sizes: Draw the weights whose shape is another than the checkpoint's, as with another number of
                labels; they are reported.
            output_loading_info: Return the model and a dict of lists: missing_keys, unexpected_keys, mismatched_keys,
                error_msgs.
            trust: Read HDF5 in this process, and not in a child with limits: for files whose origin you know.
            quantize: "int8" or "int4": the linear layers' weights become integers; see `quantize`.
            **options: Of the Hub (`revision`, `token`, `cache_dir`, `local_files_only`, `subfolder`), and config fields
                to override. Those of Transformers that hold anyway (`from_pt`, `low_cpu_mem_usage`, ...) are accepted.

        Raises:
            NotFound, Offline, HubError: The checkpoint cannot be had.
            CheckpointError: It is damaged, or does not fit; the error lists every tensor concerned.
            ConfigError: Its config is not valid or not supported.
        """
        from trivium.convert.checkpoint import open_checkpoint
        from trivium.convert.plan import match

        from . import hub

        options = familiar({"dtype": dtype, **options})
        dtype = dtype_name(options.pop("dtype"))
        hub_options = {name: options.pop(name) for name in hub.OPTIONS if name in options}
        path = hub.resolve(source, **hub_options)
        if config is None:
            config = cls.config_class.from_pretrained(path if path.is_dir() else path.parent, **options)
        elif options:
            config = config.replace(**options)
        with open_checkpoint(path, trust, private=cls.keeps_views) as checkpoint:
            found = match(checkpoint, cls.unbound(), config, ignore)
            fresh = found.check_for_class(set(found.misshapen) if ignore_mismatched_sizes else ())
            with _dropout_seed(seed):
                model = cls(config, dtype=dtype or _dtype_of(found), seed=None)
            model.assign_weights(Lazy(found.read, [name for name in model.layout.weights if name not in fresh]), own=True)
            model.draw_weights(fresh, seed)
        if fresh:
            logger.warning(
                "%s: %d weights of %s are not in the checkpoint as they should be and were drawn with seed %d; train them "
                "before use: %s",
                path, len(fresh), cls.__name__, seed, ", ".join(sorted(fresh)),
            )  # fmt: skip
        model._read_beside(path if path.is_dir() else path.parent)
        model._ready()
        if quantize is not None:
            model.quantize(quantize)
        if output_loading_info:
            mismatched = sorted(fresh & set(found.misshapen))
            return model, {
                "missing_keys": sorted(fresh - set(mismatched)), "unexpected_keys": sorted(found.unexpected),
                "mismatched_keys": mismatched, "error_msgs": [],
            }  # type: ignore[return-value]  # fmt: skip
        return model

    def save_pretrained(self, directory: str | Path, format: str = "safetensors", **options: Any) -> None:
        """Writes config.json and the weights into `directory`, which is made if need be.

        Args:
            directory: Where to write.
            format: "safetensors" with the names of the Hub (for every framework), or a framework's own file of
                Transformers 4: "tensorflow" (tf_model.h5) or "flax" (flax_model.msgpack).
            **options: Of `trivium.convert.save`.

        Raises:
            WriteError: It could not be written; what was there before is unharmed.
            ConfigError: Its weights are kept as integers, for which the formats have no common way.
        """
        from trivium.convert import save

        if self.quantized:
            raise ConfigError(
                f"{type(self).__name__} keeps {len(self.quantized)} weights as integers, and is not saved", key="quantize",
                hint="keep the checkpoint it is from, and load that with quantize=...",
            )  # fmt: skip

        names = (self.unbound().__name__,)
        save(self.read_weights(), self.unbound(), self.config.replace(architectures=names), directory, format, **options)
        self._write_beside(Path(directory))

    def export(self, path: str | Path, format: str | None = None) -> None:
        """Writes the forward, with its weights, as a file that runs without Trivium; see `trivium.export`."""
        from trivium.export import export

        export(self, path, format)

    def export_generate(
        self, path: str | Path, format: str | None = None, *, batch_size: int = 1, prompt_length: int, **options: Any
    ) -> None:
        """Writes greedy search, with the weights, as a file that runs without Trivium; see `trivium.export`."""
        from trivium.export import export_generate

        export_generate(self, path, format, batch_size=batch_size, prompt_length=prompt_length, **options)

    def push_to_hub(self, repo_id: str, formats: Sequence[str] = ("safetensors",), **options: Any) -> str:
        """Uploads the model in one commit, in several formats if need be; see `trivium.core.publishing.push`.

        Returns:
            The address of the commit.
        """
        from .publishing import push

        return push(self, repo_id, formats, **options)


class Lazy(Mapping[str, np.ndarray]):
    """Name -> array, read when asked for and not kept."""

    def __init__(self, read: Callable[[str], np.ndarray], names: list[str]):
        self._names, self._fetch = names, read

    def __getitem__(self, name: str) -> np.ndarray:
        return self._fetch(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def at(module: Any, path: str) -> Any:
    """The part of a network at a path such as "encoder.layer.0"."""
    for part in path.split(".") if path else ():
        module = module[int(part)] if part.isdigit() else getattr(module, part)
    return module


def _is_float(dtype: np.dtype) -> bool:
    return dtype.kind == "f" or dtype.name in ("bfloat16",)


def _dtype_of(match: Match) -> str:
    """The one dtype of a model that holds what a checkpoint's floats hold."""
    kept = {tensor.key for name, tensor in match.found.items() if match.layout.weights[name].keep_float32}
    floats = {key: str(tensor.dtype) for key, tensor in match.checkpoint.tensors.items() if _is_float(tensor.dtype)}
    if {dtype for key, dtype in floats.items() if key not in kept} == {"float16"}:
        return "float16"  # in which those are float32 anyway
    names = set(floats.values())
    return names.pop() if len(names) == 1 else "float64" if "float64" in names else "float32"


def _building(init: Callable[..., None]) -> Callable[..., None]:
    """A network's `__init__` with the options of a whole model; of nested ones only the outermost acts."""

    @functools.wraps(init)
    def __init__(self: Any, config: Any, *, dtype: Any = "float32", seed: int | None = 0, **options: Any) -> None:
        if _stack.current is not None:
            init(self, config, **options)
            return
        if not isinstance(config, type(self).config_class):
            raise ConfigError(
                f"{type(self).__name__} takes a {type(self).config_class.__name__}, not {type(config).__name__}",
                hint=f"{type(self).__name__}.from_pretrained(...) takes a directory or a Hub id",
            )
        with _construction(dtype_name(dtype) or "float32", _stack.seed if seed is None else seed), self._scope():
            init(self, config, **options)
        if seed is None:
            self._tie(self.layout.ties)
        else:
            self.draw_weights(self.layout.weights, seed)

    return __init__


def require(module: str, extra: str) -> None:
    """Imports a framework, or says how to install it."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise BackendMissing(
            f"{module} is not installed ({error})", key=module, hint=f'pip install "trivium[{extra}]"'
        ) from error
