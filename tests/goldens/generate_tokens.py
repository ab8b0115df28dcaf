"""Writes ../tokens/<Class>.json and processors.json: what Transformers 4.52.4 generates, and by what scores.

Run where `generate.py` runs, after it, since the configs and names of weights are those of its goldens:

    python tests/goldens/generate_tokens.py [class ...]

With names, only those classes are made anew. generating_classes.json: all classes that Transformers says write.
Of each class: config (the golden's name for it) and sets: inputs, and calls with them: options, sequences, of
a greedy search the scores that tokens were chosen by, (N, B), of a beam search sequences_scores and beam_indices; in float64.
Nothing hangs on rounding: noise on the scores, a thousand times larger than float32's, changes no token. Where penalties look
at the text there is no padding, which Transformers counts as text and Trivium does not.
"""

from __future__ import annotations

import os

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "CUDA_VISIBLE_DEVICES": "-1"}

import copy
import json
import re
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import transformers

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import drawn  # noqa: E402
import table  # noqa: E402

from tests import kept, writing  # noqa: E402

NOISE = 1e-4
STATES = ("MambaForCausalLM", "RecurrentGemmaForCausalLM")
"""Whose states Transformers does not keep from padding."""
WHOLE = (*STATES, "VisionEncoderDecoderModel", "SpeechEncoderDecoderModel")
"""Whose caches Transformers does not reorder with beams (of the last it says so, for a GPT-2): they read each text whole."""
NARROW = ("XLNetLMHeadModel", "TrOCRForCausalLM")
"""Of what Transformers makes float32 anyhow, or must be given it."""
ENDS = {"eos_token_id": [5, 9, 12, 20], "pad_token_id": 36}
ENDS_ONCE = {"eos_token_id": 9, "pad_token_id": 36}  # of several, diverse beams in Transformers end with the first
IMAGE_TOKEN = 35  # of the golden of LLaVA, four for each image
ENDS_BY_ITSELF = {"BlipForConditionalGeneration", "BlipForQuestionAnswering"}
"""What ends with a token of its config, whatever it is asked."""
EVERYWHERE: tuple[dict[str, Any], ...] = (
    {"max_new_tokens": 6},
    {"max_new_tokens": 6, "num_beams": 3, "num_return_sequences": 2, "length_penalty": 0.7, **ENDS},
)
ON_TWO: tuple[dict[str, Any], ...] = (
    {"max_new_tokens": 8, **ENDS},
    {"max_new_tokens": 8, "num_beams": 2, "early_stopping": True, "length_penalty": 2.0, **ENDS},
    {"max_new_tokens": 8, "num_beams": 3, "early_stopping": "never", "length_penalty": -0.5, **ENDS},
    {"max_new_tokens": 8, "num_beams": 2, "no_repeat_ngram_size": 2, "repetition_penalty": 1.3, "min_new_tokens": 4, **ENDS},
    {"max_new_tokens": 8, "suppress_tokens": [1, 2, 3], "begin_suppress_tokens": [4, 7], "bad_words_ids": [[8], [11, 12]]},
    {"max_new_tokens": 8, "forced_eos_token_id": 5, "exponential_decay_length_penalty": [2, 1.5], **ENDS},
    {"max_new_tokens": 8, "sequence_bias": [[[6], 3.0], [[6, 13], 9.0]], "renormalize_logits": True, **ENDS},
    {"max_new_tokens": 8, "penalty_alpha": 0.6, "top_k": 4, **ENDS},
    {"max_new_tokens": 8, "num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 0.7, "num_return_sequences": 3}
    | ENDS_ONCE,
)
MORE = ("GPT2LMHeadModel", "T5ForConditionalGeneration")


def shaken(seed: int) -> Any:
    """A processor of scores that adds noise to them."""
    generator = torch.Generator().manual_seed(seed)
    return lambda ids, scores: scores + NOISE * torch.randn(scores.shape, generator=generator)


def softmax_as_wide(x: torch.Tensor, dim: int = -1, _stacklevel: int = 3, dtype: torch.dtype | None = None) -> torch.Tensor:
    """As in generate.py."""
    return torch.softmax(x, dim, dtype=None if x.dtype == torch.float64 else dtype)


def load(name: str, entry: dict[str, Any]) -> torch.nn.Module:
    """The model of a golden, with its drawn weights."""
    cls = getattr(transformers, name)
    config = cls.config_class.from_dict(entry["config"])
    model = cls._from_config(config, attn_implementation="eager").eval()
    weights = {key: torch.from_numpy(drawn.weight(key, tuple(shape))) for key, shape in entry["weights"].items()}
    for old, new in (getattr(cls, "_checkpoint_conversion_mapping", None) or {}).items():  # names on disk, as of before 4.52
        weights = {re.sub(old, new, key): value for key, value in weights.items()}
    _, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected:
        raise ValueError(f"{name} has no {unexpected}")
    model.tie_weights()
    return model.double()


def inputs_for(name: str, model: torch.nn.Module, seed: int, padded: bool) -> dict[str, table.Input]:
    """Prompts, padded on the left, or what the encoder is given; another seed, other tokens."""
    if name == "WhisperForConditionalGeneration":
        return {"input_features": table.normal(2, 5, 14)}
    if name == "SpeechEncoderDecoderModel":
        return {"input_values": table.normal(2, 60)}
    images = {"pixel_values": table.normal(2, 3, 12, 12)}
    if name == "VisionEncoderDecoderModel":
        return images
    if name == "BlipForConditionalGeneration":  # of which the first and the last are left out
        return images | {"input_ids": table.ids(2, 4, high=table.PAD - seed), "attention_mask": table.mask("1111", "1111")}
    if name == "BlipForQuestionAnswering":
        return images | {"input_ids": table.ids(2, 6, high=table.PAD - seed), "attention_mask": table.mask("111111", "111111")}
    if name == "LlavaForConditionalGeneration":
        ids = table.ids(2, 7, high=IMAGE_TOKEN - seed).where("1110000", "1000011", other=IMAGE_TOKEN)
        return images | {"input_ids": ids, "attention_mask": table.mask("0011111", "1111111")}
    found = {"input_ids": table.ids(2, 6, high=table.PAD - seed)}
    if model.config.is_encoder_decoder and "Causal" not in name:
        return found | {"attention_mask": table.mask("111111", "111100")}
    padded = padded and name not in (*STATES, "XLNetLMHeadModel") and "position_ids" in model.forward.__code__.co_varnames
    return found | {"attention_mask": table.mask("001111" if padded else "111111", "111111")}


def narrowed(value: torch.Tensor) -> torch.Tensor:
    """Floats as float32."""
    return value.float() if value.is_floating_point() else value


def generate(model: torch.nn.Module, inputs: dict[str, Any], options: dict[str, Any]) -> dict[str, Any] | None:
    """One call's result; None where it hangs on rounding."""
    asked = {"return_dict_in_generate": True, "output_scores": True, "do_sample": False}
    if "num_beam_groups" in options or type(model).__name__ in (
        "XLNetLMHeadModel",
        "TrOCRForCausalLM",
    ):  # of which it makes float32 anyhow
        model, inputs = copy.deepcopy(model).float(), {key: narrowed(value) for key, value in inputs.items()}
    if type(model).__name__ in WHOLE and options.get("num_beams", 1) > 1:
        asked["use_cache"] = False
        for module in model.modules():  # RecurrentGemma keeps states there, of as many texts as it saw last
            if hasattr(module, "recurrent_states"):
                module.recurrent_states = None
    with mock.patch("torch.nn.functional.softmax", softmax_as_wide):
        found = model.generate(**inputs, **options, **asked)
        for seed in range(3):
            again = model.generate(**inputs, **options, **asked, logits_processor=[shaken(seed)])
            if not torch.equal(found.sequences, again.sequences):
                return None
    result = {"options": options, "sequences": found.sequences.tolist()}
    if options.get("num_beams", 1) == 1:
        steps = found.sequences[:, -len(found.scores) :].T
        chosen = [scores.gather(1, tokens[:, None])[:, 0].tolist() for scores, tokens in zip(found.scores, steps, strict=True)]
        return result | {"chosen_by": [[round(value, 6) for value in row] for row in chosen]}
    result["sequences_scores"] = [round(value, 6) for value in found.sequences_scores.tolist()]
    return result | ({} if "num_beam_groups" in options else {"beam_indices": found.beam_indices.tolist()})


def clear(name: str, model: torch.nn.Module, options: tuple[dict[str, Any], ...], padded: bool) -> dict[str, Any]:
    """The first inputs for which no call hangs on rounding, and the calls."""
    for seed in range(12):
        arrays = {key: drawn.array(key, spec) for key, spec in inputs_for(name, model, seed, padded).items()}
        tensors = {key: torch.from_numpy(value) for key, value in arrays.items()}
        wide = {key: value.double() if value.is_floating_point() else value for key, value in tensors.items()}
        calls: list[Any] = []
        while len(calls) < len(options) and (not calls or calls[-1] is not None):
            calls.append(generate(model, wide, options[len(calls)]))
        if calls[-1] is not None:
            return {"inputs": {key: drawn.pack(value) for key, value in arrays.items()}, "calls": calls}
    raise ValueError(f"{name}: no inputs for which all calls are clear; {options[len(calls) - 1]} is not")


def golden(name: str, config: str, entry: dict[str, Any]) -> dict[str, Any]:
    """What is stored of one class."""
    model, options = load(name, entry), EVERYWHERE
    if name.startswith("WhisperForConditional"):  # whose several sequences are copies of one in Transformers 4.52
        options = tuple({key: value for key, value in call.items() if key != "num_return_sequences"} for call in options)
    if name in ENDS_BY_ITSELF:
        options = tuple({key: value for key, value in call.items() if key not in ENDS} for call in options)
    sets = [clear(name, model, options, padded=True)]
    return {"config": config, "sets": sets + ([clear(name, model, ON_TWO, padded=False)] if name in MORE else [])}


ROWS, LENGTH = 3, 9
PROCESSORS: tuple[dict[str, Any], ...] = (
    {"sequence_bias": [[[6], 2.5], [[2], -1.0]]},
    {"bad_words_ids": [[8], [5]]},
    {"repetition_penalty": 1.4},
    {"encoder_repetition_penalty": 1.5},
    {"no_repeat_ngram_size": 1},
    {"no_repeat_ngram_size": 2},
    {"no_repeat_ngram_size": 3},
    {"encoder_no_repeat_ngram_size": 2},
    {"min_length": 10},
    {"min_length": 9},
    {"min_new_tokens": 5},
    {"min_new_tokens": 6},
    {"forced_eos_token_id": 7, "max_length": 10},
    {"forced_eos_token_id": [7, 8], "max_length": 11},
    {"remove_invalid_values": True, "bad_words_ids": [[8], [5]]},
    {"exponential_decay_length_penalty": [1, 1.2]},
    {"suppress_tokens": [3, 4]},
    {"begin_suppress_tokens": [3, 4]},
    {"renormalize_logits": True},
    {"temperature": 0.6},
    {"top_k": 5},
    {"top_p": 0.7},
    {"min_p": 0.2},
    {"typical_p": 0.6},
    {"epsilon_cutoff": 0.03},
    {"eta_cutoff": 0.2},
    {"top_k": 6, "top_p": 0.8, "temperature": 1.7, "repetition_penalty": 1.2, "renormalize_logits": True},
    {"typical_p": 0.8, "min_p": 0.05, "epsilon_cutoff": 0.01, "suppress_tokens": [1]},
)
"""Options of one call each; the prompt has 4 of the tokens, but as many as there are where something happens at its end."""


def processed(model: torch.nn.Module, options: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
    """What the processors of a config make of scores."""
    start = LENGTH if "begin_suppress_tokens" in options else 4
    c = transformers.GenerationConfig(**{"do_sample": True, "top_k": 0, "eos_token_id": [5, 9]} | options)
    model._prepare_special_tokens(c, device="cpu")
    ids, source, scores = (torch.from_numpy(arrays[name]) for name in ("ids", "source", "scores"))
    found = model._get_logits_processor(c, start, source, None, [], device="cpu")(ids, scores)
    return {"options": options, "start": start, "scores": drawn.pack(found.numpy())}


def write_processors() -> None:
    """processors.json: tokens (B, L), the encoder's tokens (B, E), scores (B, V), and what becomes of them."""
    specs = {"ids": table.ids(ROWS, LENGTH, high=4), "source": table.ids(ROWS, 5, high=6)}
    arrays = {name: drawn.array(name, spec) for name, spec in specs.items()}
    arrays["scores"] = 2 * drawn.array("scores", table.normal(ROWS, 37))
    config = transformers.GPT2Config(vocab_size=37, n_embd=4, n_head=1, n_layer=1)
    model = transformers.GPT2LMHeadModel(config)
    cases = [processed(model, options, arrays) for options in PROCESSORS]
    lines = ",\n".join(json.dumps(case, sort_keys=True) for case in cases)
    packed = json.dumps({name: drawn.pack(value) for name, value in arrays.items()})
    (HERE / "processors.json").write_text(f'{{"arrays": {packed},\n"cases": [\n{lines}\n]}}\n')


def main() -> None:
    torch.set_num_threads(1)
    asked = sys.argv[1:]
    able = []
    if not asked:
        write_processors()
    for path in sorted(HERE.glob("*/*.json")):
        name = path.stem
        cls = getattr(transformers, name, None)
        if path.parent.name == "files" or cls is None or not cls.can_generate():
            continue
        able.append(name)
        if asked and name not in asked:
            continue
        configs = kept.read(path)["configs"]
        config = next((key for key, entry in configs.items() if "greedy" in entry), None)
        config = config or ("decoder" if "decoder" in configs else next(iter(configs)))
        writing.write(name, golden(name, config, configs[config]))
        print(name, config, flush=True)
    (HERE / "generating_classes.json").write_text(json.dumps(sorted(able), indent=1) + "\n")


if __name__ == "__main__":
    main()
