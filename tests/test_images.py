"""Image processors make the same of pictures as Transformers 4.52.4, whose answers are in goldens/images.json."""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import pixels
from trivium.processing.auto import AutoImageProcessor
from trivium.processing.images import image_processor_class

GOLDEN = {
    name: value
    for file in ("images.json", "images_later.json")
    for name, value in json.loads((Path(__file__).parent / "goldens" / file).read_text()).items()
}
CASES = GOLDEN["cases"]


def processor(case: dict[str, Any], folder: Path) -> Any:
    """The processor of a case, read from files as on the Hub."""
    files = dict(GOLDEN["files"][case["files"]])
    (folder / "config.json").write_text(json.dumps({"model_type": files.pop("model_type", "vit")}))
    (folder / "preprocessor_config.json").write_text(json.dumps(files))
    return AutoImageProcessor.from_pretrained(folder)


def check(found: Any, wanted: dict[str, Any]) -> None:
    """An array is the one that a golden has kept some numbers of, to the last bit if it says so."""
    found = pixels.summary(found, exactly="sha256" in wanted)
    assert found["shape"] == wanted["shape"]
    assert np.dtype(found["dtype"]).kind == np.dtype(wanted["dtype"]).kind
    np.testing.assert_allclose(found["values"], wanted["values"], rtol=1e-6, atol=2e-6)
    np.testing.assert_allclose(found["mean"], wanted["mean"], rtol=1e-6, atol=2e-6)
    assert found.get("sha256") == wanted.get("sha256")


def ids(case: dict[str, Any]) -> str:
    """What is special about a case."""
    rest = {name: value for name, value in case.items() if name not in ("files", "outputs", "class", "annotations")}
    return f"{case['files']}-{json.dumps(rest)}"


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_as_transformers(case: dict[str, Any], tmp_path: Path) -> None:
    """The pixels are the same, the masks and labels too."""
    found = processor(case, tmp_path)
    assert type(found).__name__ == case["class"]
    outputs = found(**pixels.inputs(case, tmp_path))
    assert set(outputs) == set(case["outputs"])
    for name, wanted in case["outputs"].items():
        assert len(outputs[name]) == len(wanted)
        for value, one in zip(outputs[name], wanted, strict=True):
            if "values" not in one:  # a target
                assert set(one) <= set(value)
                for key, part in one.items():
                    check(value[key], part)
            else:
                check(value, one)


@pytest.mark.parametrize("name", GOLDEN["saved"])
def test_saved_as_transformers(name: str, tmp_path: Path) -> None:
    """What is saved is what Transformers saves, and is read again as it was."""
    found = processor({"files": name}, tmp_path)
    found.save_pretrained(tmp_path / "saved")
    saved = json.loads((tmp_path / "saved" / "preprocessor_config.json").read_text())
    assert saved == {key: value for key, value in GOLDEN["saved"][name].items() if not key.startswith("_")} | {
        key: value for key, value in saved.items() if key not in GOLDEN["saved"][name] and value is None
    }
    assert AutoImageProcessor.from_pretrained(tmp_path / "saved").to_dict() == found.to_dict()


@pytest.mark.parametrize("case", GOLDEN["results"], ids=lambda case: f"{case['class']}-{case['method']}-{case['options']}")
def test_results_as_transformers(case: dict[str, Any]) -> None:
    """What is read from scores is the same."""
    scores = pixels.scores(case["shapes"])
    outputs = getattr(image_processor_class(case["class"])(), case["method"])(
        types.SimpleNamespace(**scores), **case["options"]
    )
    assert len(outputs) == len(case["outputs"])
    for found, wanted in zip(outputs, case["outputs"], strict=True):
        found = found if isinstance(found, dict) else {"": found}
        assert set(found) == set(wanted)
        for name, value in wanted.items():
            if name == "segments_info":
                assert [{**one, "score": pytest.approx(one["score"], abs=2e-6)} for one in value] == found[name]
            else:
                check(found[name], value)
