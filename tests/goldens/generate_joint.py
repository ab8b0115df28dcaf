"""Writes joint.json: what the processors of Transformers 4.52.4 that join a tokenizer and another part return.

    oracle/bin/pip install transformers==4.52.4 torch==2.13.0 pillow==13.0.0 scipy
    oracle/bin/python tests/goldens/generate_joint.py

Those whose tokenizer may be any; the words are `pixels.WORDS`, a token each. Each case: the `class`, the `part` with its
`settings`, the class's own `fields`, the `call` (see `pixels.joint`), and `outputs`: name -> shape, or the ids of tokens.
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

import numpy as np  # noqa: E402
import transformers  # noqa: E402

from tests import pixels  # noqa: E402

SMALL = {"size": {"height": 28, "width": 28}}
LLAVA = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
CLIP = ("CLIPImageProcessor", {"size": 28, "crop_size": 28})
SPEECH = ("Wav2Vec2FeatureExtractor", {"return_attention_mask": True})
CALLS: list[tuple[str, tuple[str, dict[str, Any]], dict[str, Any], dict[str, Any]]] = [
    ("SiglipProcessor", ("SiglipImageProcessor", SMALL), {}, {"text": "a b", "return_tensors": "np"}),
    ("SiglipProcessor", ("SiglipImageProcessor", SMALL), {}, {"images": 1, "return_tensors": "np"}),
    (
        "SiglipProcessor", ("SiglipImageProcessor", SMALL), {},
        {"text": ["a b c", "d"], "images": 2, "padding": "max_length", "max_length": 5, "return_tensors": "np"},
    ),
    ("LlavaProcessor", CLIP, LLAVA, {"text": "a <image> b", "images": 1, "return_tensors": "np"}),
    (
        "LlavaProcessor", CLIP, LLAVA,
        {"text": ["<image> b", "<image> c d e"], "images": 2, "padding": True, "return_tensors": "np"},
    ),
    ("LlavaProcessor", CLIP, LLAVA, {"text": "a b"}),
    ("LlavaProcessor", CLIP, LLAVA | {"vision_feature_select_strategy": "full"}, {"text": "<image> <image>", "images": 2}),
    ("TrOCRProcessor", ("ViTImageProcessor", SMALL), {}, {"images": 1, "text": "c d", "return_tensors": "np"}),
    ("TrOCRProcessor", ("ViTImageProcessor", SMALL), {}, {"images": 2, "return_tensors": "np"}),
    ("Wav2Vec2Processor", SPEECH, {}, {"audio": 2, "sampling_rate": 16_000, "padding": True, "return_tensors": "np"}),
    ("Wav2Vec2Processor", SPEECH, {}, {"text": "c d"}),
    (
        "Wav2Vec2Processor", SPEECH, {},
        {"audio": 2, "text": ["a", "b c"], "sampling_rate": 16_000, "padding": True, "return_tensors": "np"},
    ),
]  # fmt: skip


def main() -> None:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        pixels.words(Path(folder))
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        for kind, (part, settings), fields, call in CALLS:
            attribute = "feature_extractor" if kind.startswith("Wav2Vec2") else "image_processor"
            parts = {attribute: getattr(transformers, part)(**settings), "tokenizer": tokenizer}
            outputs = getattr(transformers, kind)(**parts, **fields)(**pixels.joint(call))
            kept = {
                name: list(np.shape(value)) if name in ("pixel_values", "input_values") else np.asarray(value).tolist()
                for name, value in outputs.items()
            }
            found.append({"class": kind, "part": part, "settings": settings, "fields": fields, "call": call, "outputs": kept})
    lines = ",\n".join(map(json.dumps, found))
    (HERE / "joint.json").write_text(f'{{\n"transformers": "{transformers.__version__}",\n"cases": [\n{lines}\n]\n}}\n')


if __name__ == "__main__":
    main()
