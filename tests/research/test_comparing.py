"""Two checkpoints, or one in two frameworks, side by side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import trivium
from tests.backends import FRAMEWORKS
from trivium.cli import main
from trivium.core.errors import InputError
from trivium.research.comparing import compare

SIZES = {"vocab_size": 37, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24,
         "max_position_embeddings": 16}  # fmt: skip


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A checkpoint, and one with a weight of its second layer changed."""
    folder = tmp_path_factory.mktemp("pair")
    model = trivium.numpy.BertForMaskedLM(trivium.BertConfig(**SIZES), seed=1)
    model.save_pretrained(folder / "a")
    name = "bert.encoder.layer.1.intermediate.dense.weight"
    weights = {weight.name: np.array(read()) for weight, read in model.read_weights()}
    model.assign_weights({name: weights[name] * 2})
    model.save_pretrained(folder / "b")
    return folder / "a", folder / "b"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_frameworks_agree(framework: str, pair: tuple[Path, Path]) -> None:
    """Part by part, within rounding."""
    found = compare(pair[0], other_backend=framework)
    assert found.same, found.parting
    assert found.parts[-1].path == "output.logits" and len(found.parts) > 30


def test_where_two_checkpoints_part(pair: tuple[Path, Path], tmp_path: Path) -> None:
    """The first part that differs is the one whose weight was changed; it can be drawn."""
    found = compare(*pair)
    assert not found.same and found.parting.path == "bert.encoder.layer.1.intermediate.dense"
    assert all(part.error == 0 for part in found.parts if "layer.0" in part.path)
    found.save(tmp_path / "parts.png")
    assert (tmp_path / "parts.png").stat().st_size > 10_000


def test_the_command_line(pair: tuple[Path, Path], tmp_path: Path) -> None:
    """Exit code 4 where they differ; one JSON object where that is asked for."""
    a, b = map(str, pair)
    differ = CliRunner().invoke(main, ["compare", a, b, "--png", str(tmp_path / "x.png")])
    assert differ.exit_code == 4 and "layer.1.intermediate.dense" in differ.output and (tmp_path / "x.png").exists()
    same = CliRunner().invoke(main, ["compare", a, a, "--json"])
    assert same.exit_code == 0 and json.loads(same.output)["same"] is True
    assert CliRunner().invoke(main, ["compare", a]).exit_code == 1


def test_refusals(pair: tuple[Path, Path]) -> None:
    """Nothing to compare with, and models of other sizes."""
    with pytest.raises(InputError, match="no second model"):
        compare(pair[0])
    other = trivium.numpy.BertForMaskedLM(trivium.BertConfig(**{**SIZES, "hidden_size": 8}))
    with pytest.raises(InputError, match="in the second"):
        compare(pair[0], other)
