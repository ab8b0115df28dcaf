"""`trivium new`: an architecture begun as a copy of another."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import trivium
from trivium import cli
from trivium.core.errors import ConfigError, InputError, WriteError
from trivium.core.layout import layout
from trivium.models import catalogue
from trivium.research import binding
from trivium.research.starting import new

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def unknown_afterwards() -> Iterator[None]:
    """No other test is to meet what these tests register."""
    yield
    for folder in list(binding._known):
        binding.unregister(folder)


@pytest.mark.parametrize("like", sorted(catalogue.architectures()))
def test_begun(like: str, tmp_path: Path) -> None:
    """Whatever it is begun as, it is bound at once, has that one's classes under its own name, and nothing of the old name."""
    files = new("my_own", like, tmp_path)
    outputs = ["outputs.py"] if (catalogue.FOLDER / catalogue.folder_of_type(like) / "outputs.py").exists() else []
    assert [path.name for path in files] == ["__init__.py", "config.py", "network.py", *outputs]
    trivium.bind(tmp_path / "my_own")
    old, prefix = catalogue.architectures()[like], catalogue.architectures()[like][0].removesuffix("Config")
    assert catalogue.architectures()["my_own"] == tuple(name.replace(prefix, "MyOwn", 1) for name in old)
    for mine, its in zip(catalogue.classes_of("my_own"), catalogue.classes_of(like), strict=True):
        try:
            wanted = layout(its, its.config_class())
        except ConfigError:  # a default config that this class refuses
            continue
        found = layout(mine, mine.config_class())
        assert [weight.shape for weight in found] == [weight.shape for weight in wanted]
    for path in files:
        text = path.read_text()
        assert f"class {prefix}" not in text and f"models.{like}." not in text
    options = ["--line-length", "128", "--isolated"]
    command = [sys.executable, "-m", "ruff", "format", "--check", *options, str(tmp_path)]
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_in_a_checkout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There it lies among the others, with a row for the tests."""
    for name in ("trivium/models/catalogue.py", "tests/rows/llama.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    assert cli.main(["new", "my-own", "--like", "llama", "--directory", str(tmp_path)], standalone_mode=False) == 0
    assert (tmp_path / "trivium/models/my_own/network.py").exists()
    row = (tmp_path / "tests/rows/my_own.py").read_text()
    assert row.startswith('"""MyOwn: its tiny configs, and the calls of its classes."""\n\nfrom table import')
    assert '"my_own",' in row and '"MyOwnForCausalLM": (' in row and "Llama" not in row
    assert "see CONTRIBUTING.md" in capsys.readouterr().err


def test_refused(tmp_path: Path) -> None:
    """Names that are none or taken, a model that is unknown, a folder that is there."""
    with pytest.raises(InputError, match="'bert' is taken"):
        new("bert", "llama", tmp_path)
    with pytest.raises(InputError, match="'My Own' is no name"):
        new("My Own", "llama", tmp_path)
    with pytest.raises(ConfigError, match=r"'lama' is not one of Trivium's\n.*'llama'"):
        new("my_own", "lama", tmp_path)
    (tmp_path / "my_own").mkdir()
    with pytest.raises(WriteError, match="is there already"):
        new("my_own", "llama", tmp_path)
