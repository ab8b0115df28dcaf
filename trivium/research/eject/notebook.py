"""An ejected file as a notebook: its sections as cells, then a checkpoint, and the shapes of what each layer returns."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from trivium.core.config import Config

from .writing import File

_SHAPES = {
    "torch": """seen = {}


def watch(path):
    def note(module, inputs, out):
        first = out[0] if isinstance(out, tuple) else out
        if isinstance(first, torch.Tensor):
            seen[path] = tuple(first.shape)

    return note


hooks = [part.register_forward_hook(watch(path)) for path, part in model.named_modules() if path]
with torch.no_grad():
    model(**inputs)
for hook in hooks:
    hook.remove()""",
    "numpy": """seen = {}


def watch(part, path):
    kind = type(part)

    def call(self, *inputs, **options):
        out = kind.__call__(self, *inputs, **options)
        first = out[0] if isinstance(out, tuple) else out
        if hasattr(first, "shape"):
            seen[path] = tuple(first.shape)
        return out

    for name, value in enumerate(part) if isinstance(part, Layers) else list(vars(part).items()):
        if isinstance(value, Module):
            watch(value, f"{path}.{name}".lstrip("."))
    if path:
        part.__class__ = type(kind.__name__, (kind,), {"__call__": call})


watch(model, "")
model(**inputs)""",
    "flax": """seen = {}


def watch(part, path):
    kind = type(part)

    def call(self, *inputs, **options):
        out = kind.__call__(self, *inputs, **options)
        first = out[0] if isinstance(out, tuple) else out
        if isinstance(first, jax.Array):
            seen[path] = first.shape
        return out

    for name, value in enumerate(part) if isinstance(part, nnx.List) else list(vars(part).items()):
        if isinstance(value, nnx.Module | nnx.List):
            watch(value, f"{path}.{name}".lstrip("."))
    if path:
        object.__setattr__(part, "__class__", type(kind.__name__, (kind,), {"__call__": call}))


watch(model, "")
model(**inputs)""",
    "tensorflow": """seen = {}


def watch(part, path):
    kind = type(part)

    def call(self, *inputs, **options):
        out = kind.__call__(self, *inputs, **options)
        first = out[0] if isinstance(out, tuple) else out
        if tf.is_tensor(first):
            seen[path] = tuple(first.shape)
        return out

    for name, value in members_of(part):
        if isinstance(value, keras.layers.Layer):
            watch(value, f"{path}.{name}".lstrip("."))
    if path:
        object.__setattr__(part, "__class__", type(kind.__name__, (kind,), {"__call__": call}))


watch(model, "")
model(**inputs)""",
}
"""How each framework is asked for the shape of what its parts return, by path in `seen`."""


def notebook(file: File, checkpoint: str) -> str:
    """The text of an .ipynb (nbformat 4.5)."""
    head, *sections = re.split(
        r"^# ([A-Z][\w ]*)\n\n", file.text().partition('\nif __name__ == "__main__":')[0], flags=re.MULTILINE
    )
    docstring, _, imports = head.partition('"""\n\n')
    title, _, rest = docstring.strip('"').partition("\n")
    cells = [_markdown(f"# {title}\n{rest}".rstrip()), _code(imports.replace("from __future__ import annotations\n", ""))]
    for name, text in zip(sections[::2], sections[1::2], strict=True):
        cells += [_markdown(f"## {name}"), _code(text)]
    network, config = file.roots[0].name, file.names[file.config]
    load = (
        f'folder = Path("{checkpoint}")\n'
        f'model = {network}({config}.from_json(folder / "config.json"))\n'
        "load_weights(model, folder)\n"
        'print(f"{sum(math.prod(weight.shape) for weight in weights_of(model).values()):,} weights")'
    )
    cells += [_markdown("## A checkpoint"), _code(load)]
    cells += [_markdown("## What comes out of each layer"), _code(_inputs(file)), _code(_SHAPES[file.sources.backend])]
    cells.append(_code('for path, shape in seen.items():\n    print(f"{path:<60} {shape}")'))
    for number, cell in enumerate(cells):
        cell["id"] = hashlib.sha256(f"{number} {cell['source']}".encode()).hexdigest()[:8]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.strip("\n")}


def _code(text: str) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text.strip("\n")}


def _inputs(file: File) -> str:
    """Inputs of the kinds that the model is usually called with, small where any size will do."""
    lines = []
    for name, (shape, dtype) in shapes_of(file).items():
        sizes = ", ".join(str(2 if axis == 0 else 8) if size is None else str(size) for axis, size in enumerate(shape))
        made = f"ones(({sizes}), {_DTYPES[file.sources.backend](dtype)})"
        lines.append(f'    "{name}": {_MODULES[file.sources.backend]}.{made},')
    return "inputs = {\n" + "\n".join(lines) + "\n}"


_MODULES = {"torch": "torch", "numpy": "np", "flax": "jnp", "tensorflow": "tf"}
_DTYPES = {
    "torch": lambda dtype: f"dtype=torch.{'int64' if dtype.startswith('int') else dtype}",
    "numpy": lambda dtype: f"np.{dtype}",
    "flax": lambda dtype: f"jnp.{dtype}",
    "tensorflow": lambda dtype: f"tf.{dtype}",
}


def shapes_of(file: File) -> dict[str, tuple[tuple[int | None, ...], str]]:
    """What the model is usually called with, by name."""
    from trivium.models import catalogue

    network: Any = catalogue.network_class(file.roots[0].name)
    config: Config = file.sources.config if isinstance(file.sources.config, network.config_class) else network.config_class()
    return network(config).input_shapes()
