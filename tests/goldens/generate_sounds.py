"""Writes sounds.json: what the feature extractors of Transformers 4.52.4 make of drawn recordings.

    oracle/bin/pip install transformers==4.52.4 torch==2.13.0 scipy
    oracle/bin/python tests/goldens/generate_sounds.py

With no torchaudio, so that AST's filter banks are made by NumPy. Each case: `files` as on the Hub, `sounds` to draw (samples,
channels), `options` of the call, and `outputs`: name -> what `pixels.summary` keeps of each recording's array. `saved` has the
settings as Transformers saves them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import transformers  # noqa: E402
from transformers.utils import is_speech_available  # noqa: E402

from tests import pixels  # noqa: E402

FILES: dict[str, dict[str, Any]] = {  # as published by the checkpoints of these names
    "whisper-tiny": {
        "chunk_length": 30, "feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 80, "hop_length": 160,
        "n_fft": 400, "n_samples": 480000, "nb_max_frames": 3000, "padding_side": "right", "padding_value": 0.0,
        "processor_class": "WhisperProcessor", "return_attention_mask": False, "sampling_rate": 16000,
    },
    "whisper-large-v3": {
        "chunk_length": 30, "feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 128, "hop_length": 160,
        "n_fft": 400, "padding_value": 0.0, "return_attention_mask": False, "sampling_rate": 16000,
    },
    "ast-finetuned-audioset-10-10-0.4593": {
        "do_normalize": True, "feature_extractor_type": "ASTFeatureExtractor", "feature_size": 1, "max_length": 1024,
        "mean": -4.2677393, "num_mel_bins": 128, "padding_side": "right", "padding_value": 0.0,
        "return_attention_mask": False, "sampling_rate": 16000, "std": 4.5689974,
    },
    "ast-speech-commands": {
        "do_normalize": True, "feature_extractor_type": "ASTFeatureExtractor", "feature_size": 1, "max_length": 128,
        "mean": -6.845978, "num_mel_bins": 128, "sampling_rate": 16000, "std": 5.5654526,
    },
    "wav2vec2-base-960h": {
        "do_normalize": True, "feature_size": 1, "padding_side": "right", "padding_value": 0.0,
        "return_attention_mask": False, "sampling_rate": 16000, "model_type": "wav2vec2",
    },
    "wav2vec2-large-960h-lv60": {
        "do_normalize": True, "feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1, "padding_side": "right",
        "padding_value": 0.0, "return_attention_mask": True, "sampling_rate": 16000,
    },
    "hubert-base-ls960": {
        "do_normalize": False, "feature_size": 1, "padding_side": "right", "padding_value": 0, "return_attention_mask": False,
        "sampling_rate": 16000, "model_type": "hubert",
    },
    "encodec_24khz": {
        "chunk_length_s": None, "feature_extractor_type": "EncodecFeatureExtractor", "feature_size": 1, "overlap": None,
        "padding_side": "right", "padding_value": 0.0, "return_attention_mask": True, "sampling_rate": 24000,
    },
    "encodec_48khz": {
        "chunk_length_s": 1.0, "feature_extractor_type": "EncodecFeatureExtractor", "feature_size": 2, "overlap": 0.01,
        "padding_side": "right", "padding_value": 0.0, "return_attention_mask": True, "sampling_rate": 48000,
    },
}  # fmt: skip


def cases() -> list[dict[str, Any]]:
    """The calls, before Transformers has answered."""
    found: list[dict[str, Any]] = []

    def add(files: str, sounds: list[tuple[int, int]], **options: Any) -> None:
        found.append({"files": files, "sounds": sounds, "options": options})

    short, long, mid = (8_123, 1), (500_000, 1), (20_000, 1)
    for name in ("whisper-tiny", "whisper-large-v3"):
        add(name, [short, mid], sampling_rate=16_000)
    add("whisper-tiny", [long])
    add("whisper-tiny", [(0, 1)])
    add("whisper-tiny", [(1, 1)])
    add("whisper-tiny", [short, mid], return_attention_mask=True)
    add("whisper-tiny", [short, mid], padding="longest", return_attention_mask=True)
    add("whisper-tiny", [mid], padding=False, truncation=False, return_token_timestamps=True)
    add("whisper-tiny", [short, mid], return_attention_mask=True, do_normalize=True, max_length=16_001)
    add("whisper-tiny", [short], max_length=4_000, pad_to_multiple_of=1_600)
    for name in ("ast-finetuned-audioset-10-10-0.4593", "ast-speech-commands"):
        add(name, [short, mid, (400, 1)], sampling_rate=16_000)
    add("ast-finetuned-audioset-10-10-0.4593", [(170_000, 1)])
    for name in ("wav2vec2-base-960h", "wav2vec2-large-960h-lv60", "hubert-base-ls960"):
        add(name, [short], sampling_rate=16_000)
        add(name, [short, mid], padding=True)
        add(name, [short, mid], padding=True, return_attention_mask=True)
        add(name, [short, mid], padding="max_length", max_length=12_000, truncation=True)
        add(name, [short, (1, 1)], padding="longest", pad_to_multiple_of=1_000)
    add("encodec_24khz", [short], sampling_rate=24_000)
    add("encodec_24khz", [short, mid])
    add("encodec_24khz", [short, mid], truncation=True, max_length=5_000)
    add("encodec_48khz", [(100_000, 2)], sampling_rate=48_000)
    add("encodec_48khz", [(60_000, 2), (170_000, 2)])
    add("encodec_48khz", [(160_000, 2), (170_000, 2)], truncation=True)
    add("encodec_48khz", [(47_600, 2), (47_700, 2)], truncation=True)
    add("encodec_48khz", [(60_000, 2)], padding=False)
    return found


def answer(case: dict[str, Any], folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Transformers makes of a case, and the settings as it saves them."""
    files = dict(FILES[case["files"]])
    (folder / "config.json").write_text(json.dumps({"model_type": files.pop("model_type", "whisper")}))
    (folder / "preprocessor_config.json").write_text(json.dumps(files))
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    found = extractor(pixels.sounds(case), **case["options"])
    outputs = {name: [pixels.summary(value) for value in values] for name, values in found.items()}
    extractor.save_pretrained(folder)
    saved = json.loads((folder / "preprocessor_config.json").read_text())
    return {**case, "class": type(extractor).__name__, "outputs": outputs}, saved


def main() -> None:
    assert not is_speech_available()
    with tempfile.TemporaryDirectory() as folder:
        answered = [answer(case, Path(folder)) for case in cases()]
    saved = {case["files"]: saved for case, saved in answered}
    parts = [f'"transformers": "{transformers.__version__}"', f'"files": {json.dumps(FILES)}']
    parts.append(f'"saved": {json.dumps(saved)}')
    parts.append('"cases": [\n' + ",\n".join(json.dumps(case) for case, _ in answered) + "\n]")
    (HERE / "sounds.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
