"""Images, recordings and settings that are not what they should be, limits, and every framework's arrays."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests import pixels
from tests.backends import Backend, each_framework
from trivium.core.errors import Corrupt, LimitExceeded, NotFound, ProcessorError, TriviumError, Unsafe
from trivium.models import catalogue
from trivium.processing import coco, pictures, sounds
from trivium.processing.auto import AutoFeatureExtractor, AutoImageProcessor
from trivium.processing.batch import BatchFeature
from trivium.processing.extractors import EXTRACTORS, feature_extractor_class
from trivium.processing.image_families import FAMILIES
from trivium.processing.images import image_processor_class
from trivium.processing.polygons import polygon_mask
from trivium.processing.processors import JOINS

ViT, CLIP, DETR = (image_processor_class(f"{name}ImageProcessor") for name in ("ViT", "CLIP", "Detr"))
Whisper, AST, Wav2Vec2, Encodec = (EXTRACTORS[f"{name}FeatureExtractor"] for name in ("Whisper", "AST", "Wav2Vec2", "Encodec"))
PNG = pixels.encoded("png", 20, 30)


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size, and has next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def wav(samples: np.ndarray, rate: int = 16_000, format: str = "WAV") -> bytes:
    """A file of samples (samples,) or (samples, channels)."""
    content = io.BytesIO()
    soundfile.write(content, samples, rate, format=format)
    return content.getvalue()


BAD_IMAGES: dict[str, tuple[Any, type[TriviumError]]] = {
    "empty": (b"", ProcessorError),
    "page": (b"<!DOCTYPE html><html></html>", ProcessorError),
    "noise": (bytes(range(256)) * 20, ProcessorError),
    "truncated": (PNG[: len(PNG) // 2], ProcessorError),
    "flipped": (PNG[:60] + bytes([PNG[60] ^ 255]) + PNG[61:], ProcessorError),
    "bomb": (png_of(100_000, 100_000), LimitExceeded),
    "large": (png_of(8_001, 8_001), LimitExceeded),
    "program": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", Unsafe),
    "none": ([], ProcessorError),
    "missing": ("no/such/file.png", NotFound),
    "folder": (Path("/"), NotFound),
    "device": ("/dev/zero", NotFound),
    "address": ("https://example.org/cat.png", NotFound),
    "words": (np.array([["a", "b"]]), ProcessorError),
    "object": (object(), ProcessorError),
    "grey": (np.zeros((9, 9), np.uint8), ProcessorError),
    "see-through": (np.zeros((9, 9, 4), np.uint8), ProcessorError),
    "nan": (np.full((9, 9, 3), np.nan, np.float32), ProcessorError),
    "bright": (np.full((9, 9, 3), 300.5, np.float32), ProcessorError),
    "negative": (np.full((9, 9, 3), -1.0, np.float32), ProcessorError),
    "nothing": (np.zeros((0, 9, 3), np.uint8), ProcessorError),
    "wide": (np.zeros((1, 3, 9), np.uint8)[:, :0], ProcessorError),
    "ragged": ([[1, 2], [3]], ProcessorError),
}


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_bad_images(name: str) -> None:
    """What is no image, or too large, is refused by a typed error that names it, before it takes memory."""
    image, kind = BAD_IMAGES[name]
    with pytest.raises(kind):
        ViT(size=8)(image)


def test_images_that_are_decoded_late(tmp_path: Path) -> None:
    """A damaged file may have been opened by the caller; the error names it."""
    path = tmp_path / "half.png"
    path.write_bytes(PNG[: len(PNG) // 2])
    with pytest.raises(ProcessorError, match=r"half\.png"):
        ViT(size=8)(Image.open(path))
    path.write_bytes(png_of(8_001, 8_001))
    with pytest.raises(LimitExceeded, match=r"half\.png.*8,001"):
        ViT(size=8)(Image.open(path))


def test_formats_of_files(tmp_path: Path) -> None:
    """Only the formats that are listed are read: no other decoder of Pillow's sees a file, and no other program."""
    for format in pictures.FORMATS:
        content = pixels.encoded("format", 9, 9, format=format)
        assert pictures.read_image(content).size == (9, 9)
    with pytest.raises(ProcessorError, match="PNG, JPEG"):
        pictures.read_image(pixels.encoded("format", 9, 9, format="TGA"))
    path = tmp_path / "picture.png"
    path.write_bytes(BAD_IMAGES["program"][0])
    with pytest.raises(Unsafe):
        pictures.read_image(path)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """Nothing waits for a writer that never comes."""
    os.mkfifo(tmp_path / "pipe")
    for read in (pictures.read_image, lambda path: sounds.read_audio(path, 16_000)):
        with pytest.raises(NotFound):
            read(tmp_path / "pipe")


def test_limits_can_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each limit is an argument of the reader, and a name of its module."""
    with pytest.raises(LimitExceeded, match="MAX_PIXELS"):
        pictures.read_image(PNG, max_pixels=599)
    assert pictures.read_image(PNG, max_pixels=600).size == (30, 20)
    monkeypatch.setattr(pictures, "MAX_PIXELS", 599)
    for image in (PNG, Image.new("RGB", (30, 20)), np.zeros((20, 30, 3), np.uint8)):
        with pytest.raises(LimitExceeded):
            ViT(size=8)(image)
    second = wav(np.zeros(16_000))
    with pytest.raises(LimitExceeded, match="MAX_SECONDS"):
        sounds.read_audio(second, 16_000, max_seconds=0.9)
    monkeypatch.setattr(sounds, "MAX_SECONDS", 0.9)
    for recording in (second, np.zeros(16_000, np.float32)):
        with pytest.raises(LimitExceeded):
            Wav2Vec2()(recording, sampling_rate=16_000)


@pytest.mark.parametrize(
    ("cls", "values"),
    [
        (ViT, {"size": 2**20}),
        (CLIP, {"crop_size": 2**20}),
        (DETR, {"pad_size": 2**20}),
        (CLIP, {"size": 224, "images": np.zeros((1, 300_000, 3), np.uint8)}),
        (image_processor_class("LlavaImageProcessor"), {"do_pad": True, "images": np.zeros((1, 300_000, 3), np.uint8)}),
        (DETR, {"do_resize": False, "images": [np.zeros((4, 300_000, 3), np.uint8), np.zeros((300_000, 4, 3), np.uint8)]}),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value.__name__,
)
def test_large_results(cls: Any, values: dict[str, Any]) -> None:
    """Settings cannot ask for an image beyond the limit, either."""
    images = values.pop("images", PNG)
    with pytest.raises(LimitExceeded):
        cls(**values)(images)


@pytest.mark.parametrize(
    "values",
    [
        {"size": -1},
        {"size": True},
        {"size": 10**9},
        {"size": [1, 2, 3]},
        {"size": {"edge": 3}},
        {"size": {"height": "9", "width": 9}},
        {"size": {"shortest_edge": 9}},
        {"do_resize": "yes"},
        {"resample": 6},
        {"resample": "bilinear"},
        {"image_std": [1, 0, 1]},
        {"image_mean": ["a"]},
        {"image_mean": [0.5, 0.5]},
        {"image_mean": {"r": 1}},
        {"rescale_factor": "1/255"},
        {"rescale_factor": True},
    ],
    ids=str,
)
def test_bad_image_settings(values: dict[str, Any], tmp_path: Path) -> None:
    """A setting that is not valid is refused: in a file, whose name is said; in a call; and by assigning it."""
    name = next(iter(values))
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": "ViTImageProcessor", **values}))
    with pytest.raises(ProcessorError, match=name):
        AutoImageProcessor.from_pretrained(tmp_path)(PNG)
    with pytest.raises(ProcessorError, match=name):
        ViT()(PNG, **values)
    processor = ViT()
    with pytest.raises(ProcessorError, match=name):
        setattr(processor, name, values[name]) or processor(PNG)


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("[]", Corrupt, "object"),
        ('{"size": 1, "size": 2}', Corrupt, "duplicate"),
        ('{"rescale_factor": NaN}', Corrupt, "NaN"),
        ('{"image_processor_type": "os.system"}', ProcessorError, r"os\.system"),
        ('{"image_processor_type": "ViTImageProcesor"}', ProcessorError, "ViTImageProcessor"),
        ('{"image_processor_type": ["ViT"]}', ProcessorError, "kind"),
        ('{"size": 3}', ProcessorError, "model_type"),
        ('{"feature_extractor_type": "WhisperFeatureExtractor"}', ProcessorError, "AutoFeatureExtractor"),
        ('{"image_processor_type": "ConvNextImageProcessor", "crop_pct": -1}', ProcessorError, "crop_pct"),
        ('{"image_processor_type": "ViltImageProcessor", "size_divisor": 0}', ProcessorError, "size_divisor"),
        ('{"image_processor_type": "DetrImageProcessor", "format": "yolo"}', ProcessorError, "coco_detection"),
    ],
)
def test_bad_files(text: str, kind: type[TriviumError], says: str, tmp_path: Path) -> None:
    """Errors name the file, and what is wrong with it."""
    (tmp_path / "preprocessor_config.json").write_text(text)
    with pytest.raises(kind, match=says) as caught:
        AutoImageProcessor.from_pretrained(tmp_path)
    assert str(tmp_path / "preprocessor_config.json") in str(caught.value)
    with pytest.raises(NotFound, match="preprocessor_config"):
        AutoImageProcessor.from_pretrained(tmp_path.parent)


def test_files_select_no_code(tmp_path: Path) -> None:
    """`auto_map` is kept as it is, and never looked at; nothing is imported."""
    content = {"feature_extractor_type": "ViTFeatureExtractor", "auto_map": {"AutoImageProcessor": "canary.Canary"}, "size": 8}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(content))
    (tmp_path / "canary.py").write_text("raise SystemExit")
    before = set(sys.modules)
    processor = AutoImageProcessor.from_pretrained(tmp_path)
    assert processor.to_dict()["auto_map"] == content["auto_map"]
    assert "canary" not in set(sys.modules) - before


def test_spellings_of_settings(tmp_path: Path) -> None:
    """Transformers 5 keeps settings in processor_config.json, by part, and calls classes Fast."""
    content = {
        "processor_class": "CLIPProcessor",
        "image_processor": {"image_processor_type": "CLIPImageProcessorFast", "size": 9},
    }
    (tmp_path / "processor_config.json").write_text(json.dumps(content))
    processor = AutoImageProcessor.from_pretrained(tmp_path, do_rescale=False)
    assert type(AutoFeatureExtractor.from_pretrained(tmp_path)) is type(processor)
    assert (type(processor).__name__, processor.size, processor.do_rescale) == (
        "CLIPImageProcessor",
        {"shortest_edge": 9},
        False,
    )
    processor.size = {"height": 4, "width": 5}
    assert CLIP.from_pretrained(tmp_path, use_square_size=True).size == {"height": 9, "width": 9}
    assert processor(PNG, do_center_crop=False)["pixel_values"][0].shape == (3, 4, 5)
    with pytest.raises(AttributeError, match="no 'sise'"):
        _ = processor.sise


def test_bad_calls() -> None:
    """Options that there are not, tensors that cannot be, and what a kind does not take."""
    processor = ViT(size=8)
    for options, says in (
        ({"sise": 9}, "size"),
        ({"return_tensors": "xyz"}, "pt, tf, jax, np"),
        ({"data_format": "last"}, "channels_first"),
        ({"segmentation_maps": [np.zeros((20, 30), np.uint8)]}, "segmentation_maps"),
        ({"annotations": []}, "annotations"),
        ({"masks_path": "."}, "masks_path"),
    ):
        with pytest.raises(ProcessorError, match=says):
            processor(PNG, **options)
    segformer = image_processor_class("SegformerImageProcessor")(size=8)
    for maps in (
        "map.png",
        [np.zeros((2, 2, 2, 2), np.uint8)],
        np.array([["a"]]),
        [np.full((9, 9), 300)],
        np.zeros((5, 9, 9, 4)),
    ):
        with pytest.raises(ProcessorError):
            segformer(PNG, segmentation_maps=maps)
    with pytest.raises(ProcessorError, match="differ in shape"):
        CLIP(size=8, do_center_crop=False)([PNG, pixels.encoded("b", 30, 20)], return_tensors="np")
    with pytest.raises(AttributeError, match="has no 'pixels'; it has pixel_values"):
        _ = processor(PNG).pixels


BOX = {"bbox": [1, 2, 3, 4], "category_id": 1, "area": 2.0, "segmentation": [[1, 1, 5, 1, 5, 5]]}


@pytest.mark.parametrize(
    ("annotation", "options", "kind", "says"),
    [
        ([], {}, ProcessorError, "0 annotations"),
        ({"image_id": 1}, {}, ProcessorError, "'annotations'"),
        ({"image_id": 1, "annotations": [{"bbox": [1, 2, 3]}]}, {}, ProcessorError, "coco_detection"),
        ({"image_id": 1, "annotations": [{**BOX, "category_id": "cat"}]}, {}, ProcessorError, "coco_detection"),
        ({"image_id": 1, "annotations": 5}, {}, ProcessorError, "coco_detection"),
        (
            {"image_id": 1, "annotations": [{**BOX, "segmentation": {"counts": []}}]},
            {"masks": True},
            ProcessorError,
            "run lengths",
        ),
        ({"image_id": 1, "annotations": [{**BOX, "segmentation": [[1, 2, 3]]}]}, {"masks": True}, ProcessorError, "corners"),
        (
            {"image_id": 1, "annotations": [{**BOX, "segmentation": [[1, 2, 1e9, 3, 4, 5]]}]},
            {"masks": True},
            ProcessorError,
            "far",
        ),
        (
            {"image_id": 1, "annotations": [{**BOX, "segmentation": [[1, 2, float("nan"), 3, 4, 5]]}]},
            {"masks": True},
            ProcessorError,
            "far",
        ),
        ({"image_id": 1, "file_name": "a.png", "segments_info": []}, {"format": "coco_panoptic"}, ProcessorError, "masks_path"),
        (
            {"image_id": 1, "file_name": "../../a.png", "segments_info": []},
            {"format": "coco_panoptic", "masks_path": "."},
            Unsafe,
            "leads out",
        ),
        (
            {"image_id": 1, "file_name": "a.png", "segments_info": []},
            {"format": "coco_panoptic", "masks_path": "."},
            NotFound,
            "a.png",
        ),
    ],
)
def test_bad_annotations(annotation: Any, options: dict[str, Any], kind: type[TriviumError], says: str) -> None:
    """Annotations that are not in their form are refused, and their file names stay in their folder."""
    options = {"return_segmentation_masks" if name == "masks" else name: value for name, value in options.items()}
    with pytest.raises(kind, match=says):
        DETR(size={"height": 8, "width": 8})(PNG, annotations=annotation, **options)


def test_boxes_are_those_of_masks() -> None:
    """An image without objects has masks and boxes, none of each."""
    none = coco.prepared({"image_id": 1, "annotations": []}, np.zeros((4, 5, 3)), "coco_detection", True)
    assert none["masks"].shape == (0, 4, 5) and none["boxes"].shape == (0, 4)
    found = DETR(size={"height": 8, "width": 8})(PNG, annotations={"image_id": 1, "annotations": []}, return_tensors="np")
    assert found["labels"][0]["boxes"].shape == (0, 4)
    mask = polygon_mask([[1, 1, 5, 1, 5, 4, 1, 4]], 6, 7)
    assert mask.sum() == 12 and mask[1:4, 1:5].all()


def test_segments_have_ids_of_their_own() -> None:
    """After two segments were made one, the next has an id that no other has."""
    scores = pixels.scores({"logits": [1, 4, 4], "pred_masks": [1, 4, 2, 8]})
    scores["logits"][:] = 10 * np.eye(4)[[1, 2, 1, 0]]
    scores["pred_masks"][:] = np.where(np.repeat(np.eye(4), 2, 1)[None, :, None], 9, -9)
    output = type("Output", (), scores)
    found = DETR().post_process_panoptic_segmentation(output, label_ids_to_fuse={1})[0]
    assert [one["id"] for one in found["segments_info"]] == [1, 2, 1, 3]
    assert found["segmentation"][0].tolist() == [1, 1, 2, 2, 1, 1, 3, 3]
    with pytest.raises(ProcessorError, match="2 target_sizes for 1 images"):
        DETR().post_process_panoptic_segmentation(output, target_sizes=[(1, 1), (2, 2)])


BAD_SOUNDS: dict[str, tuple[Any, type[TriviumError]]] = {
    "empty": (b"", ProcessorError),
    "page": (b"<!DOCTYPE html><html></html>", ProcessorError),
    "silence": (np.zeros(0, np.float32), ProcessorError),
    "no samples": (wav(np.zeros(0)), ProcessorError),
    "header": (wav(np.zeros(100))[:30], ProcessorError),
    "missing": ("no/such/file.wav", NotFound),
    "address": ("http://example.org/a.wav", NotFound),
    "nan": (np.array([0.1, np.nan], np.float32), ProcessorError),
    "infinite": (np.array([np.inf, 1.0]), ProcessorError),
    "long": (np.broadcast_to(np.float32(0), 16_000 * 3601), LimitExceeded),
    "words": (np.array(["a"]), ProcessorError),
    "deep": (np.zeros((2, 3, 4), np.float32), ProcessorError),
    "stereo": ([np.zeros((2, 400), np.float32)], ProcessorError),
    "ragged": ([[0.1, [0.2]]], ProcessorError),
}


@pytest.mark.parametrize("name", BAD_SOUNDS)
def test_bad_sounds(name: str) -> None:
    """What is no recording, or too long, is refused by a typed error."""
    recording, kind = BAD_SOUNDS[name]
    with pytest.raises(kind):
        Wav2Vec2()(recording, sampling_rate=16_000)


def test_a_claimed_length_is_not_believed() -> None:
    """A header that claims hours is refused before anything is read, or what there is is read."""
    content = bytearray(wav(np.zeros(1000)))
    content[24:28] = struct.pack("<I", 1)  # samples in a second: the recording lasts 1000 s
    assert sounds.read_audio(bytes(content), 1).shape == (1000,)
    with pytest.raises(LimitExceeded):
        sounds.read_audio(bytes(content), 1, max_seconds=999)
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", 2**31)  # bytes of samples
    assert sounds.read_audio(bytes(content), 1).shape == (1000,)


@pytest.mark.parametrize(
    ("cls", "values", "options"),
    [
        (Whisper, {"dither": 0.1}, {}),
        (Whisper, {"feature_size": 0}, {}),
        (Whisper, {"feature_size": 10**9}, {}),
        (Whisper, {"sampling_rate": 0}, {}),
        (Whisper, {"hop_length": 0}, {}),
        (Whisper, {"chunk_length": 10**4}, {}),
        (Whisper, {"n_fft": 2.5}, {}),
        (Whisper, {"padding_side": "top"}, {}),
        (Whisper, {}, {"padding": False, "truncation": False}),
        (AST, {"std": 0}, {}),
        (AST, {"mean": "a"}, {}),
        (AST, {}, {"padding": True}),
        (AST, {}, {}),
        (Wav2Vec2, {}, {"padding": "most"}),
        (Wav2Vec2, {}, {"truncation": True}),
        (Wav2Vec2, {}, {"padding": "max_length"}),
        (Wav2Vec2, {}, {"max_length": 10**12, "padding": "max_length"}),
        (Wav2Vec2, {"do_normalize": 1}, {}),
        (Wav2Vec2, {}, {"sise": 3}),
        (Wav2Vec2, {"padding_value": None, "sampling_rate": 8_000}, {}),
        (Encodec, {"feature_size": 3}, {}),
        (Encodec, {"overlap": 1}, {}),
        (Encodec, {"chunk_length_s": 0}, {}),
        (Encodec, {"sampling_rate": 16_000}, {"padding": True, "truncation": True}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else value.__name__,
)
def test_bad_audio_settings(cls: Any, values: dict[str, Any], options: dict[str, Any]) -> None:
    """Settings and options that are not valid, or do not fit each other or the recording, are refused."""
    with pytest.raises((ProcessorError, LimitExceeded)):
        cls(**values)(np.zeros(150, np.float32), sampling_rate=16_000, **options)


def test_another_sampling_rate(caplog: pytest.LogCaptureFixture) -> None:
    """Arrays of another rate are refused, with what to do; files are resampled; a rate that is not said is a warning."""
    recording = pixels.sound("rate", 8_000)
    with pytest.raises(ProcessorError, match=r"resampled\(audio, 8000, 16000\)"):
        Wav2Vec2()(recording, sampling_rate=8_000)
    assert not caplog.records
    file = wav(recording, 8_000)
    from_file = Wav2Vec2()(file)["input_values"][0]
    assert not caplog.records
    by_hand = Wav2Vec2()(sounds.resampled(recording, 8_000, 16_000))["input_values"][0]
    assert "sampling_rate=" in caplog.text and from_file.shape == (16_000,)
    np.testing.assert_allclose(from_file, by_hand, atol=2e-3)  # the file has 16 bits


@pytest.mark.parametrize("format", ["WAV", "FLAC", "OGG"])
def test_files_of_recordings(format: str, tmp_path: Path) -> None:
    """Stereo is averaged for models of one channel, and kept for those of two."""
    stereo = pixels.sound("stereo", 24_000, 2)
    path = tmp_path / f"a.{format.lower()}"
    path.write_bytes(wav(stereo.T, 24_000, format))
    close = 0.2 if format == "OGG" else 1e-4
    np.testing.assert_allclose(Encodec()([path])["input_values"][0][0], stereo.mean(0), atol=close)
    np.testing.assert_allclose(Encodec(feature_size=2)(str(path))["input_values"][0], stereo, atol=close)
    assert Whisper()([path, path], return_tensors="np")["input_features"].shape == (2, 80, 3000)


def test_old_names_of_recordings() -> None:
    """Transformers 4 has other names for the same; nothing at all is refused."""
    recording = pixels.sound("old", 600)
    for name in ("raw_speech", "raw_audio"):
        found = Encodec()(**{name: recording}, sampling_rate=24_000)
        np.testing.assert_array_equal(found["input_values"][0][0], recording)
    with pytest.raises(ProcessorError):
        Encodec()(sampling_rate=24_000)
    with pytest.raises(ProcessorError, match="empty"):
        Whisper()(np.zeros(0, np.float32), do_normalize=True)


def test_padding_again() -> None:
    """What was prepared one by one is brought to one length, as a collator does."""
    extractor = Wav2Vec2(return_attention_mask=True)
    ones = [
        {"input_values": extractor(pixels.sound("pad", count), sampling_rate=16_000)["input_values"][0]} for count in (5, 9)
    ]
    found = extractor.pad(ones, pad_to_multiple_of=4, return_tensors="np")
    assert found["input_values"].shape == (2, 12) and found["attention_mask"].sum(1).tolist() == [5, 9]
    left = Wav2Vec2(padding_side="left").pad(ones, return_attention_mask=True)
    assert left["attention_mask"][0].tolist() == [0] * 4 + [1] * 5
    with pytest.raises(ProcessorError, match="input_values"):
        extractor.pad({"values": []})


@each_framework
def test_tensors_of_every_framework(backend: Backend) -> None:
    """Arrays of a framework go in, and tensors of it come out: of images, of recordings, and of results."""
    name = {"torch": "pt", "tensorflow": "tf", "flax": "jax"}[backend.name]
    array, recording = pixels.pixels("tensor", 20, 30), pixels.sound("tensor", 600)
    into: Callable[[Any], Any] = lambda value: BatchFeature({"x": value}, name)["x"]  # noqa: E731
    processor = DETR(size={"height": 8, "width": 8})
    wanted = processor(array, return_tensors="np")
    for given in (into(array), [into(array)], into(array[None])):
        found = processor(given, return_tensors=name)
        assert all(type(value) is type(into(array)) for value in found.values())
        for key in wanted:
            np.testing.assert_array_equal(np.asarray(found[key]), wanted[key])
    for given in (into(recording), [into(recording)], into(recording[None])):
        found = Wav2Vec2()(given, sampling_rate=16_000, return_tensors=name)
        np.testing.assert_array_equal(np.asarray(found.input_values)[0], Wav2Vec2()(recording).input_values[0])
    scores = pixels.scores({"logits": [2, 3, 4], "pred_boxes": [2, 3, 4]})
    boxes = processor.post_process_object_detection(
        type("Output", (), {key: into(value) for key, value in scores.items()}), 0.0
    )
    assert type(boxes[0]["boxes"]) is type(into(array)) and boxes[0]["boxes"].shape == (3, 4)


def test_moving_to_a_dtype() -> None:
    """`to` casts PyTorch's floats, and leaves whole numbers; half precision and gradients go in, too."""
    torch = pytest.importorskip("torch")
    found = DETR(size={"height": 8, "width": 8})(PNG, return_tensors="pt").to("cpu", torch.bfloat16)
    assert found.pixel_values.dtype == torch.bfloat16 and found["pixel_mask"].dtype == torch.int64
    shares = (torch.from_numpy(pixels.pixels("half", 8, 8)) / 256).bfloat16().requires_grad_()
    assert ViT(size=8, do_rescale=False)(shares)["pixel_values"][0].shape == (3, 8, 8)


def test_greys_and_other_modes(caplog: pytest.LogCaptureFixture) -> None:
    """Models of one channel get grey images; deep images are said to lose what is above 255."""
    grey = ViT(size=8, image_mean=[0.5], image_std=[0.5])
    assert grey(Image.open(io.BytesIO(PNG)))["pixel_values"][0].shape == (1, 8, 8)
    assert not caplog.records
    ViT(size=8)(pixels.image("deep", 9, 9, "I;16"))
    assert "255" in caplog.text
    with pytest.raises(ProcessorError, match="image_mean"):
        ViT(size=8, do_convert_rgb=False)(pixels.image("grey", 9, 9, "L"))


def test_orders_of_axes(caplog: pytest.LogCaptureFixture) -> None:
    """Where both ends of an array might be its channels, the first is taken, which is said; the caller may say otherwise."""
    array = pixels.pixels("order", 3, 9)
    assert ViT(do_resize=False)(array)["pixel_values"][0].shape == (3, 9, 3)
    assert "first axis" in caplog.text
    assert ViT(do_resize=False)(array, input_data_format="channels_last")["pixel_values"][0].shape == (3, 3, 9)


def test_every_kind_has_what_it_needs() -> None:
    """Every kind can be made, called, and found by the names that files use."""
    for name in FAMILIES:
        for spelling in (name, f"{name}Fast", name.replace("ImageProcessor", "FeatureExtractor")):
            assert image_processor_class(spelling) is image_processor_class(name)
        assert "pixel_values" in image_processor_class(name)().model_input_names
    with pytest.raises(ProcessorError, match="WhisperFeatureExtractor"):
        feature_extractor_class("WhisperFeatureExtracter")


def test_feature_extractors_of_images(tmp_path: Path) -> None:
    """What was called a feature extractor of images is an image processor."""
    for name, kind in (("ViTFeatureExtractor", "ViTImageProcessor"), ("Wav2Vec2FeatureExtractor",) * 2):
        (tmp_path / "preprocessor_config.json").write_text(json.dumps({"feature_extractor_type": name}))
        assert type(AutoFeatureExtractor.from_pretrained(tmp_path)).__name__ == kind


def test_architectures_name_what_there_is() -> None:
    """What an architecture's config says its checkpoints are read with is there; tokenizers have a test of their own."""
    kinds = {"image_processor": FAMILIES, "feature_extractor": EXTRACTORS, "processor": JOINS}
    suffixes = {"image_processor": "ImageProcessor", "feature_extractor": "FeatureExtractor", "processor": "Processor"}
    for model_type in catalogue.configs():
        named = catalogue.config_class(model_type).processing
        assert set(named) <= {"tokenizer", *kinds}, model_type
        assert all(f"{named[part]}{suffixes[part]}" in kinds[part] for part in kinds if part in named), model_type
