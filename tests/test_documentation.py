"""The documentation says what the code says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docs import support
from tests.test_pipelines import checkpoint
from trivium import convert


def test_the_support_table_is_of_today() -> None:
    """README.md's table is the one that the code makes; `python -m docs.support` rewrites it."""
    readme = (support.ROOT / "README.md").read_text()
    assert support.updated(readme) == readme
    assert support.page() == (support.ROOT / "docs" / "architectures.md").read_text()


def test_the_site_builds(tmp_path: Path) -> None:
    """Every page, without a broken link; none is left out of the table of contents."""
    for name in ("zensical.toml", "CONTRIBUTING.md", "docs", "benchmarks", "examples"):
        copy = shutil.copytree if (support.ROOT / name).is_dir() else shutil.copy
        copy(support.ROOT / name, tmp_path / name)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {page.stem for page in (support.ROOT / "docs").glob("*.md")} - {"index"}
    assert pages <= {page.parent.name for page in (tmp_path / ".site").glob("*/index.html")}
    contents = (support.ROOT / "zensical.toml").read_text()
    assert all(f'"{page}.md"' in contents for page in pages)


def snippets(page: str) -> list[str]:
    """The programs of a page."""
    return re.findall(r"```python\n(.*?)```", (support.ROOT / "docs" / f"{page}.md").read_text(), re.DOTALL)


@pytest.mark.slow
def test_the_first_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With small checkpoints under the names of those it loads."""
    (tmp_path / "google-bert").mkdir()
    (tmp_path / "openai-community").mkdir()
    checkpoint("masked", tmp_path).rename(tmp_path / "google-bert" / "bert-base-uncased")
    checkpoint("writes", tmp_path).rename(tmp_path / "openai-community" / "gpt2")
    monkeypatch.chdir(tmp_path)
    found = snippets("index")
    for snippet in found:
        exec(snippet, {})
    assert len(found) == 5


def test_the_page_on_training_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each framework, with a small checkpoint; what was trained is written, and is no longer what it was."""
    checkpoint("vectors", tmp_path).rename(tmp_path / "checkpoint")
    monkeypatch.chdir(tmp_path)
    for snippet in snippets("training"):
        exec(snippet, {})
    written = ["tuned/model.safetensors", "tuned-tf/tf_model.h5", "tuned-flax/flax_model.msgpack"]
    assert all(convert.verify(tmp_path / "checkpoint", tmp_path / file) for file in written)


def test_research_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snippets of the researchers' chapter, one after the other."""
    from trivium.research import binding

    root = Path(__file__).parents[1]
    (tmp_path / "examples").symlink_to(root / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", (root / "docs" / "research.md").read_text(), re.DOTALL)
    space: dict[str, object] = {}
    try:
        for snippet in snippets:
            exec(snippet, space)
    finally:
        binding.unregister("hybrid")
    assert len(snippets) == 7 and (tmp_path / "mine-tf" / "tf_model.h5").exists()
    assert (tmp_path / "maps.png").exists() and (tmp_path / "lens.png").exists()
    assert (tmp_path / "mine-tuned" / "tf_model.h5").exists()


def test_processors_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The snippets of the page on processors, one after the other."""
    monkeypatch.chdir(tmp_path)
    page = (support.ROOT / "docs" / "processors.md").read_text()
    space: dict[str, object] = {}
    for snippet in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(snippet, space)
    said = capsys.readouterr().out
    assert "(1, 3, 224, 224)" in said and "(1, 80, 3000)" in said and "resampled(audio, 44100, 16000)" in said


def test_the_page_on_tokenizers_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its snippets, one after the other, with a small vocabulary."""
    root = Path(__file__).parents[1]
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world"])
    )
    (tmp_path / "checkpoint" / "config.json").write_text('{"model_type": "bert"}')
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {}
    snippets = re.findall(r"```python\n(.*?)```", (root / "docs" / "tokenizers.md").read_text(), re.DOTALL)
    for snippet in snippets:
        exec(snippet, space)
    assert len(snippets) == 3 and (tmp_path / "copy" / "tokenizer.json").exists()


def test_the_page_on_pipelines_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its snippets, with a small checkpoint."""
    checkpoint("classes", tmp_path).rename(tmp_path / "checkpoint")
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", (support.ROOT / "docs" / "pipelines.md").read_text(), re.DOTALL)
    for snippet in snippets:
        exec(snippet, {})
    assert len(snippets) == 1


def test_the_page_on_migration_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its programs, with a small checkpoint."""
    checkpoint("classes", tmp_path).rename(tmp_path / "checkpoint")
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", (support.ROOT / "docs" / "migration.md").read_text(), re.DOTALL)
    space: dict[str, Any] = {}
    for snippet in snippets:
        exec(snippet, space)
    assert space["logits"].shape == (1, 3) and (tmp_path / "tuned" / "tf_model.h5").exists()
    assert space["model"].config.vocab_size == len(space["tokenizer"])
