"""Serving by vLLM itself, where it is installed; the development environment has not got it.

In an environment with vLLM, see docs/generation.md, and Trivium: `pip install -e .; pytest tests/test_serving_vllm.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("vllm", reason="vLLM is not installed (it brings some 150 packages): see docs/generation.md, Serving")

import torch
from vllm import LLM, SamplingParams
from vllm.distributed import cleanup_dist_env_and_memory

from trivium import torch as door
from trivium.core.auto import AutoConfig

OURS = {"architectures": ["TriviumForCausalLM"]}
MIXED = [(7 * i * i + 3) % 90 + 3 for i in range(21)]
PROMPTS = [[5, 9, 3], [4, 4, 17, 60, 33, 21, 8, 90, 55, 12, 11], list(range(3, 40)), [77], MIXED]
NEW = 16

LLAMA = {
    "vocab_size": 97, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 128, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
LINEAR = {"rope_type": "linear", "factor": 2.0}
NEOX = {name: value for name, value in LLAMA.items() if name != "num_key_value_heads"}
GPT = {"vocab_size": 97, "n_embd": 64, "n_layer": 3, "n_head": 2, "bos_token_id": 1, "eos_token_id": 2}
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {**LLAMA, "rope_theta": 100.0, "rope_scaling": LINEAR, "tie_word_embeddings": False},
    "mistral": {**LLAMA, "sliding_window": 8},
    "qwen2": {**LLAMA, "tie_word_embeddings": True},
    "gemma": {**LLAMA, "head_dim": 32},
    "mixtral": {**LLAMA, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": None},
    "gpt2": {**GPT, "n_positions": 128},
    "gptj": {**GPT, "n_positions": 128, "rotary_dim": 16},
    "bloom": {"vocab_size": 97, "hidden_size": 96, "n_layer": 3, "n_head": 3, "bos_token_id": 1, "eos_token_id": 2},
    "opt": {**NEOX, "ffn_dim": 96, "word_embed_proj_dim": 64},
    "gpt_neox": {**NEOX, "rotary_pct": 0.5},
    "phi": {**NEOX, "partial_rotary_factor": 0.5},
    "falcon": {**NEOX, "alibi": False},
}


def checkpoint(family: str, folder: Path) -> Path:
    """A small checkpoint whose greedy tokens depend on the prompt."""
    config = AutoConfig.for_model(family, **FAMILIES[family])
    model = door.AutoModelForCausalLM.from_config(config, seed=3)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim >= 2:
                weight.mul_(6.0)
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes engines in this process, each with room for four texts at once and 64 tokens in a call."""
    for name, value in {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "HF_HUB_OFFLINE": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    made = []

    def make(folder: Path, **options: Any) -> Any:
        sizes = {"max_model_len": 64, "max_num_batched_tokens": 64, "max_num_seqs": 4}
        options = {"skip_tokenizer_init": True, "dtype": "float32", "enforce_eager": True, **sizes, **options}
        made.append(LLM(model=str(folder), **options))
        return made[-1]

    yield make
    made.clear()
    cleanup_dist_env_and_memory()


def written(engine: Any) -> list[list[int]]:
    """What an engine writes after all prompts, which it is given at once."""
    greedy = SamplingParams(temperature=0, max_tokens=NEW, ignore_eos=True, detokenize=False)
    found = engine.generate([{"prompt_token_ids": prompt} for prompt in PROMPTS], greedy)
    return [list(each.outputs[0].token_ids) for each in found]


@pytest.mark.parametrize("family", FAMILIES)
def test_vllm_writes_what_generate_writes(family: str, tmp_path: Path, engine: Any) -> None:
    """With Trivium's network; and so does vLLM's own."""
    folder = checkpoint(family, tmp_path)
    model = door.AutoModelForCausalLM.from_pretrained(folder)
    alone = [model.generate([p], max_new_tokens=NEW, eos_token_id=-1, pad_token_id=0)[0][len(p) :].tolist() for p in PROMPTS]
    served = engine(folder, hf_overrides=OURS)
    assert type(served.apply_model(lambda model: model)[0]).__module__ == "trivium.serving.vllm_model"
    assert written(served) == alone
    assert len({tuple(tokens) for tokens in alone}) > 1
    del served
    cleanup_dist_env_and_memory()
    assert written(engine(folder)) == alone


@pytest.mark.parametrize(
    ("options", "message"),
    [({"hf_overrides": {**OURS, "rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}}, "depend on the text's length")],
)
def test_vllm_says_what_is_refused(options: dict[str, Any], message: str, tmp_path: Path, engine: Any) -> None:
    folder = checkpoint("llama", tmp_path)
    with pytest.raises(Exception, match=message):
        engine(folder, **options)
