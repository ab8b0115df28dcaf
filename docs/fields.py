"""The fields of GenerationConfig in docs/generation.md, from the code: `python -m docs.fields`; a test keeps them true."""

from __future__ import annotations

import json
from pathlib import Path

from docs.tables import between
from trivium.generation.config import GenerationConfig
from trivium.generation.fields import REMEDIES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "generation.md"
LISTS = ROOT / "tests" / "goldens" / "generation_fields.json"
BEGIN, END = "<!-- fields: made by `python -m docs.fields` -->", "<!-- end of the fields -->"


def table() -> str:
    """The table, in Markdown: Transformers' fields and our own."""
    versions = json.loads(LISTS.read_text())
    ours, names = GenerationConfig(), GenerationConfig.names()
    lines = ["| field | default | Transformers | |", "|---|---|---|---|"]
    for name in sorted({*names, *(name for fields in versions.values() for name in fields)}):
        known = ", ".join(version for version, fields in versions.items() if name in fields) or "ours"
        says = f"no other value: {REMEDIES[name]}" if name in REMEDIES else "honoured"
        lines.append(f"| `{name}` | `{getattr(ours, name)}` | {known} | {says} |")
    return "\n".join(lines)


def updated(text: str) -> str:
    """The page with the table of today."""
    return between(text, BEGIN, END, table())


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text()))
