"""Goldens are stored in short, and what is stored shows every difference."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import drawn, kept, table
from tests.conftest import GOLDENS
from tests.writing import FOLDER

LIMIT = 60 * 1024  # bytes
LARGER = {"unigram.model", "unigram_cls.model", "tf_model.h5"}
"""Files as others write them."""


def test_every_golden_is_short() -> None:
    """Two hundred architectures are to fit: what is longer is to have smaller sizes or fewer calls."""
    found = (path for folder in (GOLDENS, FOLDER) for path in folder.rglob("*"))
    files = [path for path in found if path.is_file() and path.name not in LARGER]
    assert not {str(path): path.stat().st_size for path in files if path.stat().st_size > LIMIT}
    long = [path for path in GOLDENS.glob("*/*.json") if path.parent.name != "files" and '"state_dict"' in path.read_text()]
    assert not long, "run python -m tests.kept"
    assert not (GOLDENS / "tokens.json").exists(), "run python -m tests.writing"


def test_names_are_a_tree() -> None:
    values = {"a.0.w": [2, 3], "a.0.b": [2], "a.1.w": [2, 3], "a.1.b": [2], "a.end": [1], "c.d.e": [2]}
    tree = kept.fold(values)
    assert tree == {"a": {"0 1": {"b": [2], "w": [2, 3]}, "end": [1]}, "c.d.e": [2]}
    assert kept.unfold(tree) == values
    for name in ("a.0", "c d"):
        with pytest.raises(ValueError, match="no name for a tree"):
            kept.fold(values | {name: [1]})


@pytest.mark.parametrize("shape", [(3, 5), (4, 9), (2, 5, 16), ()])
def test_every_number_counts(shape: tuple[int, ...]) -> None:
    """One number that is off by more than the tolerance is seen, two that are exchanged too; what is hidden is not."""
    values = np.array(drawn.weight("values", shape))
    stored = kept.Kept(kept.short_output(drawn.pack(values)))
    assert stored.exactly == (values.size <= kept.FEW)
    assert stored.error(values) < 1e-6
    for place in np.ndindex(shape):
        other = values.copy()
        other[place] += 2e-5
        assert stored.error(other) > 1e-5
        other[place] = np.nan
        assert not stored.error(other) < 1e-5
    if shape:
        assert stored.error(np.roll(values, 1)) > 1e-2
        values.flat[1] = np.nan
        blind, changed = kept.Kept(kept.short_output(drawn.pack(values))), values.copy()
        changed.flat[1] = 7
        assert blind.error(changed) < 1e-6 and blind.hidden.sum() == 1
        with pytest.raises(AssertionError):
            stored.error(values[1:])


def test_other_frameworks_files() -> None:
    """A name, a shape, a dtype or a value that changes is seen."""
    rows = [["a/b:0", [2, 3], "float32", "12ab" * 16], ["a/c:0", [2], "int64", "34cd" * 16]]
    found = kept.tensors(rows)
    assert found == kept.tensors(reversed(rows)) and found["marks"] == "12ab34cd"
    assert kept.unfold(found["names"], "/") == {"a/b:0": [2, 3], "a/c:0": ["int64", 2]}
    for place, value in ((0, "a/d:0"), (1, [3, 2]), (2, "float16"), (3, "12ab" * 15 + "0000")):
        other = [list(row) for row in rows]
        other[0][place] = value
        assert kept.tensors(other) != found


def test_what_is_read_is_what_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """`whole` undoes `short`, but for the outputs; parts that a later config shares are stored once."""
    monkeypatch.syspath_prepend(str(Path(kept.__file__).parent))
    monkeypatch.delitem(sys.modules, "table", raising=False)
    tokens, pixels = table.ids(2, 7).where("1111100", "1111111", other=36), table.normal(2, 3)
    row = table.Row("x", {}, {"X": (table.case("default", input_ids=tokens, pixels=pixels),)})
    entry = {
        "config": {},
        "weights": {"a.w": [2, 3], "a.b": [2]},
        "constants": {"a.n": drawn.pack(np.array([[0, 300], [-1, 2]])), "a.m": drawn.pack(np.array(0))},
        "state_dict": ["a.w", "a.n", "a.m", "tied"],
        "flax": {"class": "F", "sha256": "", "tensors": [["a/w", [3, 2], "float32", "12" * 32]]},
        "cases": [
            {
                "inputs": {"input_ids": drawn.pack(drawn.array("input_ids", tokens)), "other": drawn.pack(np.arange(3))},
                "options": {"x": True},
                "outputs": {"loss": drawn.pack(np.array(2.0)), "states": [drawn.pack(np.ones((6, 7)))]},
            }
        ],
    }
    long = {"class": "X", "configs": {"default": entry, "again": entry}}
    short = json.loads(json.dumps(kept.short(long, row)))
    assert short["configs"]["again"]["weights"] == "default"
    assert short["configs"]["default"]["cases"][0]["inputs"]["input_ids"]["drawn"]["kind"] == "integers"
    for found in kept.whole(short)["configs"].values():
        assert {name: found[name] for name in ("weights", "constants")} == {
            name: entry[name] for name in ("weights", "constants")
        }
        assert sorted(found["state_dict"]) == sorted(entry["state_dict"])
        assert found["cases"][0]["inputs"] == entry["cases"][0]["inputs"]
        assert kept.Kept(found["cases"][0]["outputs"]["states"][0]).error(np.ones((6, 7))) < 1e-6
    assert (
        kept.whole(long)["configs"]["default"]["flax"]["tensors"] == kept.whole(short)["configs"]["default"]["flax"]["tensors"]
    )
