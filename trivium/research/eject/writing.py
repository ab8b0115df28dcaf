"""The file that an architecture becomes."""

from __future__ import annotations

import ast
import builtins
import itertools
import keyword
import re
from typing import Any

from trivium.models import catalogue
from trivium.research.style import formatted

from . import contract_docs, signatures, syntax
from .checkpoints import checkpoint_facts
from .gathering import gathered
from .naming import GOOD_NAMES, Called, Renamer
from .pruning import pruned
from .sources import Outside, Sources, Symbol, link_of, locals_of

SECTIONS = ("Errors", "Config", "Outputs", "Functions", "Layers", "The network", "Loading")

_FRAMEWORKS = {"torch": "PyTorch", "tensorflow": "TensorFlow and Keras 3", "flax": "JAX and Flax", "numpy": ""}


class File:
    """An ejected file in the making.

    Args:
        sources: Trivium's files as the backend sees them, and the config.
        folder: The architecture's.
        roots: The classes that are wanted.
    """

    def __init__(self, sources: Sources, folder: str, roots: list[Symbol]) -> None:
        self.sources, self.folder = sources, folder
        self.roots = roots
        loader = Symbol(sources.template, "load_weights")
        config = catalogue.network_class(roots[0].name).config_class  # type: ignore[attr-defined]
        self.config = Symbol(config.__module__, config.__name__)
        wanted = [*roots, self.config, loader]
        self.definitions = pruned(gathered(sources, wanted), wanted)
        self.names = self._named()
        self.of_configs = self._of_configs()
        counts = any(symbol.name == "BatchNorm2d" for symbol in self.definitions)
        self.facts = {
            symbol: found for symbol in self.definitions if (found := checkpoint_facts(symbol, folder, sources.config, counts))
        }

    def _of_configs(self) -> set[Symbol]:
        """The configs and what they call, which may be as soon as the file is imported: defaults may be configs."""
        found: set[Symbol] = set()
        waiting = [self.config, *(each for each in self.definitions if each.module.endswith(("config", "backbones")))]
        while waiting:
            symbol = waiting.pop()
            if symbol in found or symbol not in self.definitions or symbol.name.endswith("Error"):
                continue
            found.add(symbol)
            waiting += [link for node in ast.walk(self.definitions[symbol]) if isinstance(link := link_of(node), Symbol)]
        return found

    # Names

    def _named(self) -> dict[Symbol, str]:
        taken = {*vars(builtins), *keyword.kwlist, "np", "torch", "nn", "F", "tf", "keras", "jax", "jnp", "nnx", "lax", "math"}
        around: dict[Symbol, set[str]] = {symbol: set() for symbol in self.definitions}
        for definition in self.definitions.values():
            for node in ast.walk(definition):
                link = link_of(node)
                if isinstance(link, Outside):
                    taken.add(node.id)  # type: ignore[attr-defined]
            for function in [n for n in ast.walk(definition) if isinstance(n, ast.FunctionDef | ast.Lambda)]:
                own = locals_of(function)
                for node in ast.walk(function):
                    if isinstance(link_of(node), Symbol):
                        around.setdefault(link_of(node), set()).update(own)
        found: dict[Symbol, str] = {}
        for symbol in sorted(self.definitions, key=self._priority):
            candidates = self._candidates(symbol)
            name = next(name for name in candidates if name not in taken and name not in around[symbol])
            found[symbol] = name
            taken.add(name)
        plain = Symbol(self.sources.template, "weights_of")
        found |= {plain: "weights_of"}
        return found

    def _priority(self, symbol: Symbol) -> tuple[Any, ...]:
        own = symbol.module == self._own_module
        return (symbol not in self.roots, not own, symbol.module.startswith("trivium.backends"), symbol)

    @property
    def _own_module(self) -> str:
        return f"trivium.models.{self.folder}.network"

    def _candidates(self, symbol: Symbol) -> Any:
        module = symbol.module.removeprefix("trivium.").removeprefix("models.").removesuffix(".network")
        plain = GOOD_NAMES.get((module, symbol.name))
        if plain:
            yield plain
        if isinstance(self.definitions[symbol], ast.FunctionDef) and symbol.name[:1].isupper():
            plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", symbol.name).lower()
            yield from (plain, f"{plain}_layer")
        yield symbol.name.removesuffix("_with_experts")
        short = module.rpartition(".")[2]
        if isinstance(self.definitions[symbol], ast.ClassDef):
            yield "".join(part.capitalize() for part in short.split("_")) + symbol.name
        elif symbol.module.endswith("ops"):
            yield f"tensor_{symbol.name}"
        else:
            yield f"{short}_{symbol.name}".replace("__", "_")
        number = 2
        while True:
            yield f"{symbol.name}_{number}"
            number += 1

    # Text

    def text(self) -> str:
        """The source."""
        imports = {"import sys", "import math", "from typing import Any"}  # of the usage, and of annotations
        imports |= {"from torch import Tensor"} if self.sources.backend == "torch" else set()
        sections: dict[str, list[str]] = {section: [] for section in SECTIONS}
        for symbol in self._ordered():
            statement = self.definitions[symbol]
            Renamer(self.names, imports, self.names[self.config]).visit(statement)
            self._finish(symbol, statement)
            note = self.sources.note(symbol)
            if getattr(statement, "decorator_list", None):
                imports.add("from dataclasses import dataclass")
            sections[self._section(symbol)].append(syntax.written([statement, *([note] if note else [])]))
        if self.sources.backend == "numpy" and any("bfloat16" in text for texts in sections.values() for text in texts):
            imports.add("import ml_dtypes  # noqa: F401, whose dtypes NumPy then knows by name")
        parts = [f"# {section}\n\n\n" + _joined(texts) for section, texts in sections.items() if texts]
        head = f'"""{self._docstring()}\n"""\n\nfrom __future__ import annotations\n\n' + "\n".join(sorted(imports))
        return formatted("\n\n\n".join([head, *parts, self._usage()]) + "\n", ("I", "F401", "UP034"))

    def _usage(self) -> str:
        """What the file does as a program."""
        body, config = self.names[self.roots[0]], self.names[self.config]
        return f"""if __name__ == "__main__":
    folder = Path(sys.argv[1])
    model = {body}({config}.from_json(folder / "config.json"))
    load_weights(model, folder, strict=False)
    print(f"{{sum(math.prod(weight.shape) for weight in weights_of(model).values()):,}} weights")"""

    def _finish(self, symbol: Symbol, statement: Any) -> None:
        """The last touches of a definition."""
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            statement.name = self.names[symbol]
            contract_docs.add(symbol, statement)
            signatures.add(statement, self.names[self.config], self._tensor(), self._outputs())
        if symbol in self.facts:
            place = syntax.docstring_of(statement.body[0]) is not None
            statement.body[place:place] = self.facts[symbol]
            if len(statement.body) > 2 + place:
                statement.body[place + len(self.facts[symbol])].gap = True
        if self.sources.backend == "flax":
            Called().visit(statement)
        if isinstance(statement, ast.ClassDef) and self._section(symbol) == "Outputs" and not statement.decorator_list:
            if not any(getattr(base, "id", "") == "NamedTuple" for base in statement.bases):
                decorators = ["jax.tree_util.register_dataclass"] * (self.sources.backend == "flax") + ["dataclass"]
                statement.decorator_list = [ast.parse(decorator, mode="eval").body for decorator in decorators]
        elif isinstance(statement, ast.ClassDef) and self._section(symbol) == "Config" and not statement.decorator_list:
            statement.decorator_list = [ast.parse("dataclass(frozen=True, kw_only=True)", mode="eval").body]

    def _tensor(self) -> str:
        return {"torch": "Tensor", "tensorflow": "tf.Tensor", "flax": "jax.Array", "numpy": "np.ndarray"}[self.sources.backend]

    def _outputs(self) -> set[str]:
        return {
            name for symbol, name in self.names.items() if symbol in self.definitions and self._section(symbol) == "Outputs"
        }

    def _docstring(self) -> str:
        body, config, model_type = self.names[self.roots[0]], self.names[self.config], self.sources.config.model_type
        framework = _FRAMEWORKS[self.sources.backend]
        needs = f"{framework}, NumPy" if framework else "NumPy"
        return f"""{self.sources.docstring(self._own_module)}

One file that needs {needs} and safetensors: made by `trivium eject {model_type} --backend
{self.sources.backend}`, to be changed as you like. Without a checkpoint its first values are the framework's own. It computes
outputs, losses and caches; a loop that generates is yours to write. With a checkpoint of Transformers:

    model = {body}({config}.from_json("checkpoint/config.json"))
    load_weights(model, "checkpoint")"""

    def _section(self, symbol: Symbol) -> str:
        module, definition = symbol.module, self.definitions[symbol]
        if symbol.name.endswith(("Error", "Weights", "Mismatch")) and module.endswith("common"):
            return "Errors"
        if symbol in self.of_configs:
            return "Config"
        if module.endswith(".outputs") or symbol.name == "ModelOutput":
            return "Outputs"
        if symbol.name in (
            "Model",
            "load_weights",
            "weights_of",
            "weight_files",
            "matched",
            "is_any",
            "Weight",
            "NAMES",
            "AXES",
            "members_of",
            "weights_of_with_experts",
        ):
            return "Loading" if symbol.name != "Model" else "Layers"
        if module.startswith("trivium.models."):
            shared = module.count(".") == 2 and not any(
                isinstance(self.definitions[needed], ast.ClassDef) and needed.module.startswith("trivium.models.")
                for needed in self._needed(symbol)
            )
            return "Functions" if shared and not isinstance(definition, ast.ClassDef) else "The network"
        if (
            isinstance(definition, ast.ClassDef)
            or module.endswith(".nn")
            or symbol.name == "as_tensor"
            or symbol.name in ("apply_layers", "Module")
        ):
            return "Layers"
        return "Functions"

    def _ordered(self) -> list[Symbol]:
        """The definitions, each after those that Python must know before it."""
        found: list[Symbol] = []
        begun: set[Symbol] = set()

        def place(symbol: Symbol) -> None:
            if symbol in begun:
                return
            begun.add(symbol)
            for needed in self._needed(symbol):
                place(needed)
            found.append(symbol)

        for symbol in sorted(self.definitions, key=self._place):
            place(symbol)
        return found

    def _place(self, symbol: Symbol) -> tuple[Any, ...]:
        kinds = ("core", "backends", "research", "models")
        kind = kinds.index(symbol.module.split(".")[1])
        return (kind, symbol.module == self._own_module, symbol.module, self.sources.order(symbol))

    def _needed(self, symbol: Symbol) -> list[Symbol]:
        """What a definition names that is run when the file is imported."""
        definition = self.definitions[symbol]
        nodes: list[ast.AST] = [definition]
        if symbol in self.of_configs and isinstance(definition, ast.ClassDef):
            nodes = [*definition.bases, *definition.body]
        elif isinstance(definition, ast.FunctionDef):
            nodes = [*definition.decorator_list, *definition.args.defaults]
        elif isinstance(definition, ast.ClassDef):
            nodes = [*definition.bases, *definition.decorator_list]
            nodes += [s for s in definition.body if isinstance(s, ast.Assign)]
            nodes += [s.value for s in definition.body if isinstance(s, ast.AnnAssign) and s.value is not None]
        found = [link_of(part) for node in nodes for part in ast.walk(node)]
        return [link for link in found if isinstance(link, Symbol) and link != symbol and link in self.definitions]


def _joined(texts: list[str]) -> str:
    """Definitions with blank lines between them; short ones stand together."""
    found = texts[0]
    for before, text in itertools.pairwise(texts):
        found += ("\n" if "\n" not in before + text else "\n\n\n") + text
    return found
