"""The goldens of `generate`, tests/tokens/<Class>.json: `goldens/generate_tokens.py` says what is in them.

`python -m tests.writing` takes apart a goldens/tokens.json, which held all classes once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests import kept, table

FOLDER = Path(__file__).with_name("tokens")
TOGETHER = FOLDER.with_name("goldens") / "tokens.json"


def tokens() -> dict[str, Any]:
    """Class -> its golden, whose inputs are as `drawn.pack` has them."""
    found: dict[str, Any] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
    for entry in found.values():
        for calls in entry["sets"]:
            calls["inputs"] = {name: kept.whole_input(name, value) for name, value in calls["inputs"].items()}
    return found


def write(name: str, entry: dict[str, Any]) -> None:
    """Stores a class's golden, whose inputs are drawn as some row's are."""
    sys.path.insert(0, str(Path(__file__).parent))  # rows import `table`
    rows = [row for row in table.rows().values() if name in row.classes]
    cases = [
        case for row in rows for case in (*row.greedy.values(), *(case for cases in row.classes.values() for case in cases))
    ]
    sets = []
    for calls in entry["sets"]:
        specs = {key: [case.inputs[key] for case in cases if key in case.inputs] for key in calls["inputs"]}
        inputs = {key: kept.short_input(key, value, specs[key]) for key, value in calls["inputs"].items()}
        sets.append(calls | {"inputs": inputs})
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(kept.render(entry | {"sets": sets}) + "\n")


if __name__ == "__main__":
    for written, content in json.loads(TOGETHER.read_text()).items():
        write(written, content)
    TOGETHER.unlink()
