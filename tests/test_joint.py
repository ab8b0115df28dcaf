"""Processors that join a tokenizer and another part return what those of Transformers 4.52.4 do (goldens/joint.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trivium
from tests import pixels
from trivium import processing
from trivium.core.errors import NotFound, ProcessorError
from trivium.processing.processors import JOINS
from trivium.processing.tokenizers import AutoTokenizer, PretrainedTokenizer

CASES = json.loads((Path(__file__).parent / "goldens" / "joint.json").read_text())["cases"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files of a tokenizer are."""
    pixels.words(tmp_path)
    return tmp_path


def made(case: dict[str, Any], folder: Path) -> Any:
    """The processor of a case."""
    part = getattr(processing, case["part"])(**case["settings"])
    return getattr(processing, case["class"])(part, AutoTokenizer.from_pretrained(folder), **case["fields"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['class']}-{case['call']}")
def test_as_transformers(case: dict[str, Any], folder: Path) -> None:
    """The same names, shapes and tokens; saved and read again too."""
    processor = made(case, folder)
    made(CASES[3], folder).save_pretrained(folder / "saved")  # of another kind, which is replaced
    processor.save_pretrained(folder / "saved")
    again = processing.AutoProcessor.from_pretrained(folder / "saved")
    assert type(again) is type(processor)
    for one in (processor, again):
        outputs = one(**pixels.joint(case["call"]))
        assert set(outputs) == set(case["outputs"])
        for name, wanted in case["outputs"].items():
            found = np.asarray(outputs[name])
            if name in ("pixel_values", "input_values"):
                assert list(found.shape) == wanted
            else:
                assert np.atleast_2d(found).tolist() == np.atleast_2d(wanted).tolist()


def test_orders_and_options(folder: Path) -> None:
    """What has no name is in the kind's order; options go to the part that has them; BLIP's text has no types."""
    small = processing.ViTImageProcessor(size=8)
    image, words = pixels.image("order", 9, 9), AutoTokenizer.from_pretrained(folder)
    for name, inputs in (
        ("CLIPProcessor", ("a b", image)),
        ("BlipProcessor", (image, "a b")),
        ("ViltProcessor", (image, "a b")),
    ):
        found = getattr(processing, name)(image_processor=small, tokenizer=words)(*inputs, size=6, return_tensors="np")
        assert found.pixel_values.shape == (1, 3, 6, 6) and found["input_ids"].tolist() == [[3, 4]]
        assert ("token_type_ids" in found) == (name != "BlipProcessor")
    nested = {"text_kwargs": {"padding": True}, "images_kwargs": {"size": 4}, "common_kwargs": {"return_tensors": "np"}}
    found = processing.CLIPProcessor(small, words)(["a", "b c"], [image] * 2, **nested)
    assert found.pixel_values.shape == (2, 3, 4, 4) and found.input_ids.shape == (2, 2)
    whisper = processing.WhisperProcessor(processing.WhisperFeatureExtractor(), words)
    found = whisper(pixels.sound("order", 900), text=["a b"], sampling_rate=16_000, return_tensors="np")
    assert found["input_features"].shape == (1, 80, 3000) and found["labels"].tolist() == [[3, 4]]
    assert (
        whisper.feature_extractor is whisper.part and whisper.batch_decode([[3, 4]]) == ["a b"] and whisper.decode([5]) == "c"
    )
    assert whisper.model_input_names == ["input_ids", "token_type_ids", "attention_mask", "input_features"]


def test_padding_of_both(folder: Path) -> None:
    """A collator's call: features and labels, each to one length."""
    processor = processing.Wav2Vec2Processor(processing.Wav2Vec2FeatureExtractor(), AutoTokenizer.from_pretrained(folder))
    features = [{"input_values": np.ones(count, np.float32)} for count in (3, 5)]
    labels = [{"input_ids": [3]}, {"input_ids": [4, 5]}]
    found = processor.pad(features, labels=labels)
    assert np.shape(found["input_values"]) == (2, 5) and found["labels"] == [[3, 0], [4, 5]]
    assert processor.pad(labels=labels)["input_ids"] == [[3, 0], [4, 5]]


def test_images_that_are_cut_off(folder: Path) -> None:
    """Tokens of an image are not cut off in silence, and cannot be counted without a patch's size."""
    part, image = processing.CLIPImageProcessor(size=28, crop_size=28), pixels.image("cut", 30, 30)
    processor = processing.LlavaProcessor(part, AutoTokenizer.from_pretrained(folder), patch_size=14)
    with pytest.raises(ProcessorError, match="2 of the 4 tokens"):
        processor(image, "a <image>", truncation=True, max_length=3)
    processor.patch_size = None
    with pytest.raises(ProcessorError, match=r"processor\.patch_size = 14"):
        processor(image, "a <image>")


def test_chat_templates(folder: Path) -> None:
    """A processor's own template goes before the tokenizer's, and is kept in its file."""
    part, words, said = (
        processing.CLIPImageProcessor(),
        AutoTokenizer.from_pretrained(folder),
        [{"role": "user", "content": "b"}],
    )
    words.chat_template = "own {{ messages[0].content }}"
    processor = processing.LlavaProcessor(part, words, chat_template="mine {{ messages[0].content }}")
    assert processor.apply_chat_template(said) == "mine b"
    processor.save_pretrained(folder)
    assert processing.LlavaProcessor.from_pretrained(folder).apply_chat_template(said) == "mine b"
    assert processing.CLIPProcessor(part, words).apply_chat_template([said, said]) == ["own b", "own b"]


def test_which_processor(folder: Path) -> None:
    """The class is the one that files name, or the model's; with no such class, the only part that there is."""
    assert isinstance(processing.AutoProcessor.from_pretrained(folder), PretrainedTokenizer)
    (folder / "config.json").write_text('{"model_type": "vit"}')
    processing.ViTImageProcessor(size=9).save_pretrained(folder)
    assert type(processing.AutoProcessor.from_pretrained(folder)).__name__ == "ViTImageProcessor"
    (folder / "config.json").write_text('{"model_type": "blip"}')
    assert type(processing.AutoProcessor.from_pretrained(folder)).__name__ == "BlipProcessor"
    processing.ViTImageProcessor(processor_class="LlavaProcessor").save_pretrained(folder)
    (folder / "processor_config.json").write_text(
        '{"patch_size": 14, "processor_class": "LlavaProcessor", "image_token": null}'
    )
    found = processing.AutoProcessor.from_pretrained(folder, num_additional_image_tokens=1)
    assert (found.patch_size, found.image_token, found.num_additional_image_tokens) == (14, "<image>", 1)
    (folder / "processor_config.json").write_text('{"processor_class": "Wav2Vec2ProcessorWithLM"}')
    with pytest.raises(ProcessorError, match=r"Wav2Vec2ProcessorWithLM(.|\n)*Wav2Vec2Processor'"):
        processing.AutoProcessor.from_pretrained(folder)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(NotFound, match="preprocessor_config"):
        processing.CLIPProcessor.from_pretrained(folder)


def test_bad_calls(folder: Path) -> None:
    """Nothing to prepare, too much, parts that are missing, and settings that there are not."""
    part, words = processing.ViTImageProcessor(size=8), AutoTokenizer.from_pretrained(folder)
    for make in (
        lambda: processing.CLIPProcessor(part),
        lambda: processing.CLIPProcessor(tokenizer=words),
        lambda: processing.CLIPProcessor(part, words, patch_size=3),
        lambda: processing.CLIPProcessor(part, words)(),
        lambda: processing.CLIPProcessor(part, words)("a", pixels.image("a", 9, 9), "b"),
    ):
        with pytest.raises(ProcessorError):
            make()


@pytest.mark.parametrize(
    "fields",
    [{"patch_size": 0}, {"patch_size": "14"}, {"num_additional_image_tokens": 10**9}, {"num_additional_image_tokens": -1},
     {"vision_feature_select_strategy": "all"}, {"image_token": ""}, {"image_token": 7}],
    ids=str,
)  # fmt: skip
def test_bad_settings(fields: dict[str, Any], folder: Path) -> None:
    """Settings that are not valid are refused, in a file by its name, and if they are assigned."""
    processing.CLIPImageProcessor(processor_class="LlavaProcessor").save_pretrained(folder)
    (folder / "processor_config.json").write_text(json.dumps(fields))
    with pytest.raises(ProcessorError, match=f"processor_config.json(.|\n)*{next(iter(fields))}"):
        processing.AutoProcessor.from_pretrained(folder)
    processor = processing.LlavaProcessor(processing.CLIPImageProcessor(), AutoTokenizer.from_pretrained(folder), patch_size=14)
    for name, value in fields.items():
        setattr(processor, name, value)
    with pytest.raises(ProcessorError, match=next(iter(fields))):
        processor(pixels.image("bad", 9, 9), "<image>")


def test_names_of_the_package() -> None:
    """Whatever is listed is there, under its own name; what is not says what is near."""
    assert {*JOINS, "AutoProcessor", "ViTImageProcessor", "WhisperFeatureExtractor"} <= set(dir(processing))
    for name in dir(processing):
        assert getattr(processing, name).__name__ == name
    for name in processing.names():
        assert getattr(trivium, name) is getattr(trivium.numpy, name) is getattr(processing, name)
    assert {*processing.names()} <= {*dir(trivium)} & {*dir(trivium.numpy)}
    for name in ("CLIPImageProcesor", "ClipProcessor", "Nothing", "BartFeatureExtractor"):
        for place in (processing, trivium, trivium.numpy):
            with pytest.raises(AttributeError, match=name):
                getattr(place, name)
