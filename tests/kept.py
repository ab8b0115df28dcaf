"""Goldens in short: nothing is kept twice, or can be drawn again, and a whole array is kept as the sums of its parts.

`python -m tests.kept` shortens those goldens that are not. `short` makes of a file as `goldens/generate.py` has it (its
docstring) what is stored, `whole` makes of what is stored what the tests read, which takes the long form too.

- Names are a tree: {"encoder.layer.0 encoder.layer.1": {"bias weight": [4]}} are four names of shape [4].
- An input is how it is drawn, if drawing it gives the same: {"drawn": {"kind": "normal", "shape": [2, 7]}}.
- An output of more than `FEW` numbers is the weighed sum of every `PART` neighbours. No weight is below one, so that a number
  which is off by something puts its sum off by as much at least; that others hide it would be chance.
- What another framework's file holds is its names and shapes, four digits of each tensor's hash, and one hash of them all.
- A part that is the same as in an earlier config of the class is that config's name.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import drawn, table

FEW, PART = 32, 8
DIGITS = 4
INPUT = {field.name: field.default for field in dataclasses.fields(table.Input) if field.default is not dataclasses.MISSING}
SHARED = ("weights", "constants", "beyond", "within")


# Names


def fold(values: Mapping[str, Any], mark: str = ".") -> dict[str, Any]:
    """Values by name as a tree by the parts of the names; parts that hold the same are one."""
    tree: dict[str, Any] = {}
    for name in sorted(values):
        *path, last = name.split(mark)
        place = tree
        for part in path:
            place = place.setdefault(part, {})
        if " " in name or last in place or not isinstance(place, dict):
            raise ValueError(f"no name for a tree: {name!r}")
        place[last] = values[name]
    return _merged(tree, mark)


def _merged(tree: dict[str, Any], mark: str) -> dict[str, Any]:
    alike: dict[str, list[str]] = {}
    parts = {}
    for name, part in tree.items():
        if isinstance(part, dict):
            part = _merged(part, mark)
            inner = next(iter(part))
            if len(part) == 1 and " " not in inner:
                name, part = f"{name}{mark}{inner}", part[inner]
        alike.setdefault(json.dumps(part), []).append(name)
        parts[name] = part
    return {" ".join(names): parts[names[0]] for names in alike.values()}


def unfold(tree: Mapping[str, Any], mark: str = ".") -> dict[str, Any]:
    """What `fold` was given."""
    found = {}
    for names, part in tree.items():
        inner = {f"{mark}{name}": value for name, value in unfold(part, mark).items()} if isinstance(part, dict) else {"": part}
        found |= {f"{name}{rest}": value for name in names.split(" ") for rest, value in inner.items()}
    return found


# Arrays


def sums(values: NDArray[Any]) -> NDArray[np.float64]:
    """The weighed sum of every `PART` neighbours, in C order."""
    size = -(-values.size // PART) * PART
    words = drawn.bits("sums", size)
    factors = (1 + (words >> np.uint64(11)) * 2.0**-54) * np.where(words & np.uint64(1), 1, -1)  # 1 to 1.5 in size
    weighed = np.zeros(size)
    weighed[: values.size] = values.astype(np.float64).ravel() * factors[: values.size]
    return weighed.reshape(-1, PART).sum(axis=1)


class Kept:
    """An array as a golden has kept it.

    Attributes:
        shape: Its shape.
        hidden: Where it is nobody's business.
    """

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.exactly = "data" in stored
        self.shape = tuple(stored["shape"])
        if self.exactly:
            values = drawn.unpack(dict(stored))
            self.hidden = np.isnan(values) if values.dtype.kind == "f" else np.zeros(self.shape, bool)
            self.values = np.where(self.hidden, 0, values).astype(np.float64)
            self.scale = max(1.0, float(np.abs(self.values).max(initial=0)))
        else:
            self.hidden = np.zeros(self.shape, bool)
            if "hidden" in stored:
                hidden = np.frombuffer(base64.b64decode(stored["hidden"]), np.uint8)
                self.hidden = np.unpackbits(hidden, count=self.hidden.size).astype(bool).reshape(self.shape)
            self.values = np.frombuffer(base64.b64decode(stored["sums"]), "<f4").astype(np.float64)
            self.scale = max(1.0, stored["largest"])

    def error(self, found: NDArray[Any]) -> float:
        """How far off an array of that shape is, relative to the largest value or one; NaN where it is no number."""
        assert found.shape == self.shape, f"{found.shape} for {self.shape}"
        shown = np.where(self.hidden, 0, found)
        return float(np.abs((shown if self.exactly else sums(shown)) - self.values).max(initial=0)) / self.scale


def short_output(stored: Any) -> Any:
    """An output, or lists or fields of them, with the sums of what is large."""
    if isinstance(stored, list):
        return [short_output(part) for part in stored]
    if "fields" in stored:
        return {"fields": {name: short_output(part) for name, part in stored["fields"].items()}}
    if "data" not in stored or np.prod(stored["shape"]) <= FEW:
        return stored
    values = drawn.unpack(stored)
    hidden = np.isnan(values)
    shown = np.where(hidden, 0, values)
    kept = {"shape": stored["shape"], "largest": float(f"{np.abs(shown).max():.3g}"), "sums": _text(sums(shown).astype("<f4"))}
    return kept | ({"hidden": _text(np.packbits(hidden))} if hidden.any() else {})


def _text(values: NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def short_input(name: str, stored: dict[str, Any], specs: Iterable[Any]) -> dict[str, Any]:
    """An input as it is drawn by one of the `table.Input`s, or as it is stored if none of them says it."""
    for spec in specs:
        values = drawn.array(name, spec)
        if drawn.pack(values) == stored:
            fields = {key: value for key, value in dataclasses.asdict(spec).items() if key == "kind" or value != INPUT[key]}
            return {"drawn": json.loads(json.dumps(fields))}
    return stored


def whole_input(name: str, stored: dict[str, Any]) -> dict[str, Any]:
    """The input as `drawn.pack` has it."""
    if "drawn" not in stored:
        return stored
    fields = stored["drawn"]
    return drawn.pack(drawn.array(name, table.Input(**fields | {"shape": tuple(fields.get("shape", ()))})))


# Files of other frameworks


def tensors(rows: Iterable[Iterable[Any]]) -> dict[str, Any]:
    """What is kept of tensors [path, shape, dtype, sha256]."""
    rows = sorted(list(row) for row in rows)
    names = {path: shape if dtype == "float32" else [dtype, *shape] for path, shape, dtype, _ in rows}
    if len(names) < len(rows):
        raise ValueError("two tensors have one name")
    marks = "".join(digest[:DIGITS] for *_, digest in rows)
    return {"names": fold(names, "/"), "marks": marks, "sha256": hashlib.sha256(json.dumps(rows).encode()).hexdigest()}


# A class


def short(content: Mapping[str, Any], row: table.Row) -> dict[str, Any]:
    """A class's golden as it is stored, with the row that it was made of."""
    configs: dict[str, Any] = {}
    for name, entry in content["configs"].items():
        stored = _short(entry, row) if "state_dict" in entry else dict(entry)
        for part in SHARED:
            same = [other for other, held in configs.items() if part in stored and held.get(part) == stored[part]]
            stored |= {part: same[0]} if same else {}
        configs[name] = stored
    return {**content, "configs": configs}


def _short(entry: Mapping[str, Any], row: table.Row) -> dict[str, Any]:
    constants, state = entry.get("constants", {}), set(entry["state_dict"])
    saved = {*entry["weights"], *constants}
    found = {name: value for name, value in entry.items() if name != "state_dict"}
    found["weights"] = fold(entry["weights"])
    found |= {"constants": fold({name: _narrow(value) for name, value in constants.items()})} if constants else {}
    found |= {name: sorted(names) for name, names in (("beyond", state - saved), ("within", saved - state)) if names}
    for framework in ("tensorflow", "flax"):
        if framework in entry:
            found[framework] = {**entry[framework], "tensors": tensors(entry[framework]["tensors"])}
    specs: dict[str, list[table.Input]] = {}
    for call in [*(case for cases in row.classes.values() for case in cases), *row.greedy.values()]:
        for name, spec in call.inputs.items():
            specs.setdefault(name, []).append(spec)

    def with_inputs(call: dict[str, Any]) -> dict[str, Any]:
        return call | {
            "inputs": {name: short_input(name, value, specs.get(name, ())) for name, value in call["inputs"].items()}
        }

    found["cases"] = [
        with_inputs(case) | {"outputs": {name: short_output(value) for name, value in case["outputs"].items()}}
        for case in entry["cases"]
    ]
    return found | ({"greedy": with_inputs(entry["greedy"])} if "greedy" in entry else {})


def _narrow(packed: dict[str, Any]) -> str:
    """An array of integers in a word: its dtype, its shape, and its bytes in the narrowest dtype that holds them."""
    values = drawn.unpack(packed)
    least = np.promote_types(np.min_scalar_type(values.min()), np.min_scalar_type(values.max()))
    return f"{values.dtype} {least} {'x'.join(map(str, values.shape))} {_text(values.astype(least))}"


def _wide(word: str) -> dict[str, Any]:
    dtype, least, shape, data = word.split(" ")
    values = np.frombuffer(base64.b64decode(data), least).astype(dtype)
    return drawn.pack(values.reshape([int(size) for size in shape.split("x") if size]))


def whole(content: Mapping[str, Any]) -> dict[str, Any]:
    """A class's golden as the tests read it: outputs for `Kept`, other frameworks' files as `tensors` has them."""
    configs: dict[str, Any] = {}
    for name, entry in content["configs"].items():
        configs[name] = entry if "state_dict" in entry else _whole(_looked_up(entry, content["configs"]))
        for framework in ("tensorflow", "flax"):
            if isinstance(configs[name].get(framework, {}).get("tensors"), list):
                configs[name][framework]["tensors"] = tensors(configs[name][framework]["tensors"])
    return {**content, "configs": configs}


def _looked_up(entry: Mapping[str, Any], configs: Mapping[str, Any]) -> dict[str, Any]:
    named = {part: entry[part] for part in SHARED if isinstance(entry.get(part), str)}
    return {**entry, **{part: configs[other][part] for part, other in named.items()}}


def _whole(entry: dict[str, Any]) -> dict[str, Any]:
    weights = unfold(entry["weights"])
    constants = {name: _wide(word) for name, word in unfold(entry.get("constants", {})).items()}
    state = [name for name in (*weights, *constants) if name not in entry.get("within", ())] + entry.get("beyond", [])

    def with_inputs(call: dict[str, Any]) -> dict[str, Any]:
        return call | {"inputs": {name: whole_input(name, value) for name, value in call["inputs"].items()}}

    entry |= {"weights": weights, "state_dict": state, "cases": [with_inputs(case) for case in entry["cases"]]}
    entry |= {"constants": constants} if constants else {}
    return entry | ({"greedy": with_inputs(entry["greedy"])} if "greedy" in entry else {})


@functools.cache
def read(path: Path) -> dict[str, Any]:
    """The golden in a file, as `whole` has it."""
    return whole(json.loads(path.read_text()))


def render(value: Any, indent: int = 0) -> str:
    """JSON with sorted keys, what is short on one line."""
    line = json.dumps(value, sort_keys=True)
    if not isinstance(value, dict | list) or len(line) + indent <= 120 or (isinstance(value, dict) and value.keys() & ARRAY):
        return line
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {render(value[key], indent + 1)}" for key in sorted(value)]
    else:
        parts = [inner + render(part, indent + 1) for part in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(parts) + f"\n{' ' * indent}{closing}"


ARRAY = {"data", "sums", "drawn"}


def main() -> None:
    """Stores in short what is in the long form, checking that it is read the same."""
    sys.path.insert(0, str(Path(__file__).parent))  # rows import `table`
    rows = table.rows()
    for path in sorted((Path(__file__).parent / "goldens").glob("*/*.json")):
        content = json.loads(path.read_text())
        if path.parent.name not in rows or all("state_dict" not in entry for entry in content["configs"].values()):
            continue
        stored = short(content, rows[path.parent.name])
        for name, entry in whole(stored)["configs"].items():
            long = content["configs"][name]
            for part in ("weights", "constants", "greedy", "config", "without"):
                assert entry.get(part) == long.get(part), (path, name, part)
            assert sorted(entry["state_dict"]) == sorted(long["state_dict"]), (path, name)
            assert [case["inputs"] for case in entry["cases"]] == [case["inputs"] for case in long["cases"]], (path, name)
        path.write_text(render(stored) + "\n")


if __name__ == "__main__":
    main()
