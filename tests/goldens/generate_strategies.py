"""Writes strategies.json: what Transformers 4.52.4 generates beside the searches of ../tokens, and what it returns with it.

Run where `generate_tokens.py` runs, after it. A list of calls: class, inputs, options, `stops` (a text ends with a multiple of
it), `config` (changes of it), and sequences; where asked for, sequences_scores, beam_indices, the mean squares of hidden states
and attentions for each token and layer, and compute_transition_scores. In float64, but for guidance, diverse beams and XLNet,
which Transformers computes in float32.
generation_fields.json: the fields of GenerationConfig with their defaults. `python generate_strategies.py fields` adds those of
another version of Transformers, under its number.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import transformers

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from tests import kept, writing  # noqa: E402

BATCH, ALONE, OTHER = [[3, 25, 1, 30], [11, 30, 12, 25]], [[3, 25, 1, 30, 3, 25]], [[8, 2, 9], [4, 4, 31]]
SOURCES = [[3, 25, 1, 30, 7], [11, 30, 12, 25, 2]]
CALLS: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("GPT2LMHeadModel", BATCH, {"guidance_scale": 1.7}),
    ("GPT2LMHeadModel", BATCH, {"guidance_scale": 0.5, "negative_prompt_ids": OTHER, "repetition_penalty": 1.3}),
    ("LlamaForCausalLM", BATCH, {"guidance_scale": 3.0, "negative_prompt_ids": OTHER}),
    ("GPT2LMHeadModel", ALONE, {"dola_layers": "low"}),
    ("GPT2LMHeadModel", ALONE, {"dola_layers": [0, 1], "repetition_penalty": 1.2}),
    ("LlamaForCausalLM", ALONE, {"dola_layers": "high"}),
    ("GPT2LMHeadModel", ALONE, {"prompt_lookup_num_tokens": 3, "eos_token_id": 12}),
    ("GPT2LMHeadModel", BATCH, {"encoder_repetition_penalty": 1.9}),
    ("GPT2LMHeadModel", BATCH, {"encoder_no_repeat_ngram_size": 1}),
    ("GPT2LMHeadModel", BATCH, {"stops": 4}),
    ("GPT2LMHeadModel", BATCH, {"stops": 5, "num_beams": 3, "num_return_sequences": 2}),
    ("GPT2LMHeadModel", BATCH, {"stops": 3, "num_beams": 2, "early_stopping": True, "length_penalty": 0.0}),
    ("GPT2LMHeadModel", BATCH, {"stops": 6, "num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 0.7}),
    ("T5ForConditionalGeneration", SOURCES, {"stops": 4, "num_beams": 3}),
    ("XLNetLMHeadModel", BATCH, {"config": {"mem_len": 4}}),
    ("GPT2LMHeadModel", BATCH, {"stops": 7, "penalty_alpha": 0.6, "top_k": 4}),
    ("GPT2LMHeadModel", BATCH, {"output_hidden_states": True, "output_attentions": True, "max_new_tokens": 3}),
    ("T5ForConditionalGeneration", SOURCES, {"output_hidden_states": True, "output_attentions": True, "max_new_tokens": 3}),
    ("MistralForCausalLM", BATCH, {"output_hidden_states": True, "output_attentions": True, "max_new_tokens": 3}),
    (
        "GPT2LMHeadModel",
        BATCH,
        {
            "num_beams": 4,
            "num_beam_groups": 2,
            "diversity_penalty": 0.7,
            "output_hidden_states": True,
            "output_attentions": True,
        },
    ),
)
STATES = (
    "hidden_states", "attentions", "cross_attentions", "decoder_hidden_states", "decoder_attentions", "encoder_hidden_states",
    "encoder_attentions",
)  # fmt: skip


def means(value: Any) -> Any:
    """The mean square of each tensor, in lists for tuples."""
    return (
        round(value.double().square().mean().item(), 6) if isinstance(value, torch.Tensor) else [means(item) for item in value]
    )


def call(name: str, inputs: Any, options: dict[str, Any]) -> dict[str, Any]:
    """What one call generates."""
    import generate_tokens

    entry = writing.tokens()[name]
    path = next(path for path in HERE.glob("*/*.json") if path.stem == name)
    config = kept.read(path)["configs"][entry["config"]]
    model = generate_tokens.load(name, config | {"config": config["config"] | options.get("config", {})})
    if options.get("num_beam_groups") or "guidance_scale" in options or name == "XLNetLMHeadModel":
        model = model.float()
    given = {"max_new_tokens": 6, "eos_token_id": 35, "pad_token_id": 36} | options
    stops, _ = given.pop("stops", None), given.pop("config", None)
    asked = {"return_dict_in_generate": True, "output_scores": True, "do_sample": False}
    if stops:
        asked["stopping_criteria"] = [lambda ids, scores: ids[:, -1] % stops == 0]
    if "negative_prompt_ids" in given:
        given["negative_prompt_ids"] = torch.tensor(given["negative_prompt_ids"])
    with mock.patch("torch.nn.functional.softmax", generate_tokens.softmax_as_wide):
        found = model.generate(torch.tensor(inputs), **given, **asked)
    result = {"class": name, "inputs": inputs, "options": options, "sequences": found.sequences.tolist()}
    scored = [value for value in (found.get("sequences_scores"),) if value is not None]
    result |= {"sequences_scores": [round(one, 6) for one in scored[0].tolist()]} if scored else {}
    result |= {key: means(found[key]) for key in STATES if found.get(key) is not None}
    if "num_beam_groups" not in options and "prompt_lookup_num_tokens" not in options:
        beams = {"beam_indices": found.beam_indices} if "num_beams" in options else {}
        chosen = model.compute_transition_scores(found.sequences, found.scores, normalize_logits=True, **beams)
        result["transition_scores"] = [[round(one, 5) for one in row] for row in chosen.tolist()]
    return result


def fields() -> None:
    """Adds this version's fields to generation_fields.json."""
    path = HERE / "generation_fields.json"
    found = json.loads(path.read_text()) if path.is_file() else {}
    own = vars(transformers.GenerationConfig())
    private = ("_original_object_hash", "_commit_hash", "_from_model_config", "transformers_version")
    found[transformers.__version__] = {name: own[name] for name in sorted(own) if name not in private}
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def main() -> None:
    torch.set_num_threads(1)
    fields()
    if sys.argv[1:] != ["fields"]:
        lines = [json.dumps(call(*case)) for case in CALLS]
        (HERE / "strategies.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
