"""Tokenizers give the tokens, offsets and texts of Transformers 4.52.4, of files of every kind."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from trivium.processing.tokenizers import AutoTokenizer

GOLDENS = Path(__file__).parent / "goldens" / "tokenizers"
GOLDEN = json.loads(gzip.decompress((GOLDENS / "results.json.gz").read_bytes()))
PLACES = {"wordpiece": ["vocab.txt"], "bytes": ["vocab.json", "merges.txt"], "clip": ["vocab.json", "merges.txt"]}


def lay_out(name: str, folder: Path) -> Path:
    """A checkpoint's tokenizer files, as the goldens' script laid them out."""
    family = GOLDEN["families"][name]
    kind, options, cls = family["kind"], family["options"], family["class"]
    for file in PLACES.get(kind, ()):
        (folder / file).write_bytes((GOLDENS / kind / file).read_bytes())
    if kind not in PLACES:
        (folder / family["file"]).write_bytes((GOLDENS / f"{kind}.model").read_bytes())
    said = {**options, "tokenizer_class": cls.removesuffix("Fast"), "model_max_length": 4096}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


def result(tokenizer: Any, *texts: str) -> dict[str, Any]:
    """What a tokenizer makes of a text or a pair, as a golden has it."""
    found = tokenizer(*texts, return_offsets_mapping=True, return_special_tokens_mask=True)
    ids = found["input_ids"]
    data = json.loads(json.dumps(dict(found)))
    words = {"words": found.word_ids(), "sequences": found.sequence_ids()}
    return {"data": data, **words, "text": tokenizer.decode(ids), "plain": tokenizer.decode(ids, skip_special_tokens=True)}


@pytest.mark.parametrize("saved", [False, True], ids=["files", "saved"])
@pytest.mark.parametrize("name", GOLDEN["families"])
def test_goldens(name: str, saved: bool, tmp_path: Path) -> None:
    """Built of the old files, and read back from tokenizer.json."""
    golden = GOLDEN["families"][name]
    tokenizer = AutoTokenizer.from_pretrained(lay_out(name, tmp_path))
    if saved:
        tokenizer.save_pretrained(tmp_path / "saved")
        tokenizer = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert (tokenizer.model_input_names, tokenizer.padding_side) == (golden["names"], golden["side"])
    assert len(tokenizer) == golden["size"]
    roles = {role: token for role, token in tokenizer.special_tokens_map.items() if role != "additional_special_tokens"}
    assert roles == golden["roles"]
    for text, expected in zip(GOLDEN["corpus"], golden["single"], strict=True):
        assert result(tokenizer, text) == expected, text
    for pair, expected in zip(GOLDEN["pairs"], golden["pairs"], strict=True):
        assert result(tokenizer, *pair) == expected, pair
