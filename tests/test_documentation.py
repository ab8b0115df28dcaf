"""The documentation says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import support


def test_the_support_table_is_of_today() -> None:
    """README.md's table is the one that the code makes; `python -m docs.support` rewrites it."""
    readme = (support.ROOT / "README.md").read_text()
    assert support.updated(readme) == readme


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
    assert len(snippets) == 4 and (tmp_path / "mine-tf" / "tf_model.h5").exists()


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
    assert len(snippets) == 2 and (tmp_path / "copy" / "tokenizer.json").exists()


def test_the_page_on_pipelines_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its snippets, with a small checkpoint."""
    from tests.test_pipelines import checkpoint

    checkpoint("classes", tmp_path).rename(tmp_path / "checkpoint")
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", (support.ROOT / "docs" / "pipelines.md").read_text(), re.DOTALL)
    for snippet in snippets:
        exec(snippet, {})
    assert len(snippets) == 1


def test_the_page_on_migration_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its program, with a small checkpoint."""
    from tests.test_pipelines import checkpoint

    checkpoint("classes", tmp_path).rename(tmp_path / "checkpoint")
    monkeypatch.chdir(tmp_path)
    (snippet,) = re.findall(r"```python\n(.*?)```", (support.ROOT / "docs" / "migration.md").read_text(), re.DOTALL)
    space: dict[str, object] = {}
    exec(snippet, space)
    assert space["logits"].shape == (1, 3) and (tmp_path / "tuned" / "tf_model.h5").exists()  # type: ignore[attr-defined]
