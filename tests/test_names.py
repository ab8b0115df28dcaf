"""The names at the top level: all of Transformers', found when they are asked for, and known to type checkers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import trivium
from docs import stubs
from trivium import twins
from trivium.core import auto
from trivium.models import catalogue

USE = """
import trivium
from trivium import AutoModel, BertConfig, FlaxBertForMaskedLM, TFAutoModelForCausalLM, TFBertModel
from trivium.torch import BertModel

model = BertModel(BertConfig())
pooled = model(input_ids=None).pooler_output
model(inputs_id=3)  # error
model(input_ids=None).nothing  # error
flax = FlaxBertForMaskedLM(BertConfig(), seed=1)
flax(None, params=flax.params, train=True).logits
flax(None).pooler_output  # error
trivium.TFBertMode  # error
TFAutoModelForCausalLM.from_pretrained("x").generate
AutoModel.from_pretrained("x").parameters().nothing  # error
trivium.GPT2LMHeadModel.from_pretrained("x").generate(None, max_new_tokens=3)
"""
EXPECTED = [number for number, line in enumerate(USE.splitlines(), 1) if line.endswith("# error")]


def test_the_stubs_are_of_today() -> None:
    """`python -m docs.stubs` rewrites them."""
    for name, text in stubs.stubs().items():
        assert (stubs.FOLDER / name).read_text() == text, name


def test_every_name_is_listed() -> None:
    """`dir` has every network and auto class three times, and every config."""
    listed = set(dir(trivium))
    for names in catalogue.architectures().values():
        assert names[0] in listed
        for name in names[1:]:
            assert {name, f"TF{name}", f"Flax{name}"} <= listed
    assert {f"TF{task}" for task in auto.TASKS} <= listed
    assert "TFAutoConfig" not in listed


@pytest.mark.parametrize("name", ["TFBertMode", "FlaxLlamaForCausalML", "BertModle", "__wrapped__"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(trivium, name)


def test_a_near_name_is_offered() -> None:
    with pytest.raises(AttributeError, match="BertModel"):
        twins.find("BertModle")


def test_nothing_is_imported_for_a_config() -> None:
    """`from trivium import BertConfig`, and the list of names, need no framework."""
    program = (
        "import sys, trivium; from trivium import BertConfig; dir(trivium); BertConfig();"
        "sys.exit(any(name in sys.modules for name in ('torch', 'tensorflow', 'keras', 'jax', 'flax')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=Path(__file__).parents[1]).returncode == 0


@pytest.mark.parametrize("checker", ["mypy", "basedpyright"])
def test_type_checkers_see_the_same(checker: str, tmp_path: Path) -> None:
    """Classes, their inputs and the fields of their outputs: wrong uses are found, right ones are not."""
    program = tmp_path / "use.py"
    program.write_text(USE)
    root = Path(__file__).parents[1]
    if checker == "mypy":
        command = [sys.executable, "-m", "mypy", "--config-file", str(root / "pyproject.toml"), str(program)]
    else:
        project = tmp_path / "pyrightconfig.json"
        project.write_text(f'{{"extraPaths": ["{root}"], "typeCheckingMode": "basic", "reportUnusedExpression": false}}')
        command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--level", "error", "-p", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    found = {
        int(line.split("use.py:")[1].split(":")[0])
        for line in done.stdout.splitlines()
        if "error" in line and "use.py:" in line
    }
    assert sorted(found) == EXPECTED, done.stdout + done.stderr
