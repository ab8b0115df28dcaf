"""The support tables of README.md and docs/architectures.md, made from the code: `python -m docs.support` rewrites them.

An architecture that has a folder in `trivium/models` is bound to every backend and every format by construction, and `tests/`
runs each of its classes in all of them; a class without a golden fails the tests. So the table needs only the folders.
"""

from __future__ import annotations

from pathlib import Path

from docs.tables import between
from trivium.models import catalogue

ROOT = Path(__file__).parents[1]
SYSTEMS = ROOT / "docs" / "architectures.tsv"
BEGIN, END = "<!-- support table: made by `python -m docs.support` -->", "<!-- end of the support table -->"

PAGE = """# What there is

{served} of the {count} systems that Trivium is for are there, served by {architectures} architectures. What has a check runs in
PyTorch, TensorFlow, JAX and NumPy, and its checkpoints go through safetensors, `tf_model.h5` and `flax_model.msgpack`; each of
its classes is tested in all of them.

<style>#filter {{ width: 100%; padding: 0.5em; border: 1px solid currentColor; border-radius: 0.3em; }}</style>
<input id="filter" type="search" placeholder="Filter: a system, an architecture, a class ..." aria-label="Filter">

| system | architecture | classes | |
|---|---|---|:-:|
{rows}
"""


def systems() -> list[tuple[str, str]]:
    """(name, architecture) of every system that Trivium is to run."""
    rows = [line.split("\t") for line in SYSTEMS.read_text().splitlines() if line and not line.startswith("#")]
    return [(name, architecture) for name, _, architecture, *_ in rows[1:]]


def table() -> str:
    """The table, in Markdown."""
    by_architecture: dict[str, list[str]] = {}
    for name, architecture in systems():
        by_architecture.setdefault(architecture, []).append(name)
    present = catalogue.architectures()
    listed = [folder for folder in present if folder in by_architecture]
    served = sum(len(by_architecture[folder]) for folder in listed)
    lines = [
        f"{len(present)} architectures, which serve {served} of the {len(systems())} systems that Trivium is for "
        f"([the list](docs/architectures.tsv)). Those that are not in this table are not there yet.",
        "",
        "| architecture | systems | classes | PyTorch | TensorFlow | Flax | NumPy | safetensors, h5, msgpack |",
        "|---|---|---|:-:|:-:|:-:|:-:|:-:|",
    ]
    for folder, (config, *classes) in present.items():
        prefix = config.removesuffix("Config")
        heads = ", ".join(name.removeprefix(prefix) for name in classes)
        names = ", ".join(by_architecture.get(folder, [prefix]))
        lines.append(f"| `{folder}` | {names} | `{prefix}` + {heads} | ✓ | ✓ | ✓ | ✓ | ✓ |")
    return "\n".join(lines)


def updated(text: str) -> str:
    """README.md's text with the table of today."""
    return between(text, BEGIN, END, table())


def page() -> str:
    """docs/architectures.md: every system that Trivium is to run, and what there is of it."""
    present, lines = catalogue.architectures(), []
    names = sorted(systems(), key=lambda row: row[0].lower())
    for name, architecture in names:
        config, *classes = present.get(architecture, [""])
        prefix = config.removesuffix("Config")
        heads = f"`{prefix}` + {', '.join(cls.removeprefix(prefix) for cls in classes)}" if config else "not there yet"
        lines.append(f"| {name} | `{architecture}` | {heads} | {'✓' if config else ''} |")
    served = sum(architecture in present for _, architecture in names)
    return PAGE.format(served=served, count=len(names), architectures=len(present), rows="\n".join(lines))


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(updated(readme.read_text()))
    (ROOT / "docs" / "architectures.md").write_text(page())
