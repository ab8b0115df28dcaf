"""Feature extractors make the same of recordings as Transformers 4.52.4, whose answers are in goldens/sounds.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import pixels
from trivium.processing.auto import AutoFeatureExtractor

GOLDEN = json.loads((Path(__file__).parent / "goldens" / "sounds.json").read_text())


def extractor(name: str, folder: Path) -> Any:
    """The feature extractor of a checkpoint, read from files as on the Hub."""
    files = dict(GOLDEN["files"][name])
    (folder / "config.json").write_text(json.dumps({"model_type": files.pop("model_type", "whisper")}))
    (folder / "preprocessor_config.json").write_text(json.dumps(files))
    return AutoFeatureExtractor.from_pretrained(folder)


@pytest.mark.parametrize("name", GOLDEN["saved"])
def test_saved_as_transformers(name: str, tmp_path: Path) -> None:
    """What is saved is what Transformers saves, and is read again as it was."""
    found = extractor(name, tmp_path)
    found.save_pretrained(tmp_path / "saved")
    saved = json.loads((tmp_path / "saved" / "preprocessor_config.json").read_text())
    assert saved == GOLDEN["saved"][name]
    assert AutoFeatureExtractor.from_pretrained(tmp_path / "saved").to_dict() == found.to_dict()


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['files']}-{case['sounds']}-{case['options']}")
def test_as_transformers(case: dict[str, Any], tmp_path: Path) -> None:
    """The features are the same within 1e-4, the masks wholly."""
    found = extractor(case["files"], tmp_path)
    assert type(found).__name__ == case["class"]
    outputs = found(pixels.sounds(case), **case["options"])
    assert set(outputs) == set(case["outputs"])
    for name, wanted in case["outputs"].items():
        assert len(outputs[name]) == len(wanted)
        for value, one in zip(outputs[name], wanted, strict=True):
            kept = pixels.summary(value)
            assert kept["shape"] == one["shape"]
            assert np.dtype(kept["dtype"]).kind == np.dtype(one["dtype"]).kind
            np.testing.assert_allclose(kept["values"], one["values"], rtol=0, atol=0 if "mask" in name else 1e-4)
            np.testing.assert_allclose(kept["mean"], one["mean"], rtol=0, atol=1e-5)
