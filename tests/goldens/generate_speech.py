"""Writes speech.json: what Transformers 4.52.4's Whisper says of short and long sounds. Run as generate_strategies.py.

A list of calls: the shape and seed of the sounds, mask (frames of each, where given), options, fields of the GenerationConfig,
sequences, and where asked for segments and token_timestamps.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import generate_tokens  # noqa: E402

from tests import kept, writing  # noqa: E402

NAME = "WhisperForConditionalGeneration"
FIELDS = {
    "lang_to_id": {"<|en|>": 10, "<|de|>": 11, "<|fr|>": 12}, "task_to_id": {"translate": 13, "transcribe": 14},
    "no_timestamps_token_id": 24, "prev_sot_token_id": 16, "alignment_heads": [[0, 1], [0, 3]], "is_multilingual": True,
    "decoder_start_token_id": 3, "eos_token_id": 9, "pad_token_id": 9, "max_initial_timestamp_index": 5,
    "suppress_tokens": [15, 16],
}  # fmt: skip
TOLD = {"language": "de", "task": "transcribe"}
SEGMENTS = {"return_segments": True}
SHORT, LONG, LONGER, ALONE = (2, 5, 14), (1, 5, 50), (2, 5, 40), (1, 5, 14)
CALLS: tuple[tuple[tuple[int, ...], Any, dict[str, Any]], ...] = (
    (SHORT, None, {"return_timestamps": True, **TOLD}),
    (SHORT, None, {"return_timestamps": True, "return_segments": True, **TOLD}),
    (SHORT, None, {"return_timestamps": True, "num_beams": 2, **TOLD}),
    (SHORT, None, {"return_timestamps": True, "language": ["de", "french"]}),
    (SHORT, None, {"return_timestamps": True}),
    (SHORT, None, {"return_timestamps": True, "return_token_timestamps": True, "return_segments": True, **TOLD}),
    (SHORT, None, {"return_timestamps": True, "return_token_timestamps": True, "num_frames": 10, **TOLD}),
    (SHORT, None, {"return_timestamps": True, "prompt_ids": [16, 5, 6], **TOLD}),
    (LONG, None, {"return_segments": True, **TOLD}),
    (LONG, None, {"condition_on_prev_tokens": True, "return_segments": True, **TOLD}),
    (LONG, None, {"condition_on_prev_tokens": True, "prompt_ids": [16, 5, 6], "prompt_condition_type": "all-segments", **TOLD}),
    (LONG, None, {"prompt_ids": [16, 5, 6], "return_segments": True, **TOLD}),
    (LONG, None, {"logprob_threshold": -9.0, "compression_ratio_threshold": 9.0, "temperature": [0.0, 0.4], **TOLD}),
    (
        LONG,
        None,
        {"logprob_threshold": 0.0, "no_speech_threshold": 0.03, "temperature": [0.0], "return_segments": True, **TOLD},
    ),
    (LONG, None, {"num_beams": 2, **TOLD}),
    (LONGER, [33, 40], {"return_segments": True, "language": "fr", "task": "translate"}),
    (LONG, None, {"return_token_timestamps": True, "return_segments": True, **TOLD}),
    (ALONE, None, {"return_token_timestamps": True, "return_timestamps": True, "num_beams": 3, "suppress_tokens": [9], **TOLD}),
)


def call(shape: tuple[int, ...], frames: Any, options: dict[str, Any], seed: int) -> dict[str, Any]:
    """What one call says."""
    entry = writing.tokens()[NAME]
    config = kept.read(HERE / "whisper" / f"{NAME}.json")["configs"][entry["config"]]
    model = generate_tokens.load(NAME, config)
    align = model._extract_token_timestamps  # which fails on beams: it takes their indices to have columns for the prompt

    def aligned(out: Any, *args: Any, **given: Any) -> Any:
        if "beam_indices" in out:
            out["beam_indices"] = torch.nn.functional.pad(out["beam_indices"][:, 1:], (0, 9), value=-1)
        return align(out, *args, **given)

    model._extract_token_timestamps = aligned
    forward = model.forward  # which is handed input_ids, that it does not take, where silence is asked for
    model.forward = lambda *args, input_ids=None, **inputs: forward(*args, **inputs)
    for name, value in FIELDS.items():
        setattr(model.generation_config, name, value)
    sound = torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32)).double()
    given = {"max_new_tokens": 5} | options
    if "prompt_ids" in given:
        given["prompt_ids"] = torch.tensor(given["prompt_ids"])
    if frames:
        given["attention_mask"] = (torch.arange(shape[2])[None] < torch.tensor(frames)[:, None]).long()
    found = model.generate(sound, **given)
    result: dict[str, Any] = {"shape": shape, "seed": seed, "frames": frames, "options": options}
    if isinstance(found, torch.Tensor):
        return result | {"sequences": found.tolist()}
    result["sequences"] = found["sequences"].tolist()
    if "segments" in found:
        names = ("start", "end", "tokens", "token_timestamps")
        result["segments"] = [
            [{name: np.round(np.asarray(one[name]), 5).tolist() for name in names if name in one} for one in row]
            for row in found["segments"]
        ]
    if "token_timestamps" in found:
        result["token_timestamps"] = np.round(found["token_timestamps"].numpy(), 5).tolist()
    return result


def main() -> None:
    torch.set_num_threads(1)
    lines = [json.dumps(call(*case, seed=index)) for index, case in enumerate(CALLS)]
    content = json.dumps(FIELDS)
    (HERE / "speech.json").write_text(f'{{"fields": {content},\n"calls": [\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()
