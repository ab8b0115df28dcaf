"""Serving: each network with caches of an engine, here a small one of the test's own, writes what `generate` writes."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.conftest import Golden, goldens
from tests.test_generation import TOKENS, golden_of
from trivium.cli import main
from trivium.core.errors import ConfigError, InputError, KeyMismatch, ShapeMismatch
from trivium.core.outputs import EngineCache

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from trivium import torch as door  # noqa: E402
from trivium.backends.torch.models import caches  # noqa: E402
from trivium.serving import command, networks  # noqa: E402

pytestmark = pytest.mark.xdist_group("torch")

PROMPTS = ([5, 9, 3, 30, 2, 17, 8], [4], [11, 12, 4, 33])
NEW = 6
PAGE, CHUNK = 2, 3  # tokens of a page, and of a prompt that are taken in one call

SERVED = {
    "BloomForCausalLM-default", "FalconForCausalLM-default", "GPT2LMHeadModel-default", "GPTJForCausalLM-default",
    "GPTNeoXForCausalLM-default", "GemmaForCausalLM-default", "LlamaForCausalLM-default", "LlamaForCausalLM-tied",
    "MistralForCausalLM-default", "MixtralForCausalLM-default", "OPTForCausalLM-default", "PhiForCausalLM-default",
    "Qwen2ForCausalLM-default",
}  # fmt: skip
"""Of these the tokens are compared; of other configs of their classes, whether they are served."""


@dataclass
class Batch:
    """Which text and which place in it each token of a call has; the pages of each text."""

    free: Iterator[int] = field(default_factory=lambda: itertools.count(90, -7))  # in no order that would do by chance
    pages: dict[int, list[int]] = field(default_factory=dict)
    tokens: list[tuple[int, int]] = field(default_factory=list)

    def at(self, text: int, place: int) -> tuple[int, int]:
        """The page and the row in it of a token; a page is taken when its first token comes."""
        pages = self.pages.setdefault(text, [])
        if place // PAGE == len(pages):
            pages.append(next(self.free))
        return pages[place // PAGE], place % PAGE


class Pages(EngineCache):
    """A layer's keys and values in pages, and attention to them token by token."""

    def __init__(self, asked: networks.Attention, batch: Batch) -> None:
        self.asked, self.batch = asked, batch
        self.key, self.value = (torch.full((100, PAGE, asked.key_heads, asked.head_width), torch.nan) for _ in range(2))

    def attend(self, q: Any, k: Any, v: Any, *, mask: Any, bias: Any, scale: float) -> Any:
        found = torch.empty_like(q)
        for index, (text, place) in enumerate(self.batch.tokens):
            at = self.batch.at(text, place)
            self.key[at], self.value[at] = k[0, index], v[0, index]
            found[0, index] = self.look(q[0, index], text, place)
        return found

    def look(self, q: Any, text: int, place: int) -> Any:  # (N, H) -> (N, H)
        first = 0 if self.asked.window is None else max(0, place + 1 - self.asked.window)
        seen = [self.batch.at(text, each) for each in range(first, place + 1)]
        k, v = (torch.stack([kept[at] for at in seen]) for kept in (self.key, self.value))  # (S, K, H)
        k, v = (x.repeat_interleave(self.asked.heads // self.asked.key_heads, 1) for x in (k, v))
        scores = torch.einsum("nh,snh->ns", q, k) * self.asked.scale
        if self.asked.slopes is not None:
            scores = scores + torch.tensor(self.asked.slopes)[:, None] * torch.arange(first - place, 1)
        return torch.einsum("ns,snh->nh", scores.softmax(-1), v)


def served(golden: Golden, folder: Path) -> list[list[int]]:
    """What a network writes after `PROMPTS` by greedy search, all texts in one row of each call."""
    golden.write(folder)
    values = golden.content["config"]
    network = networks.build(values, "float32")
    batch = Batch()
    layers = tuple(Pages(asked, batch) for asked in networks.attentions(network))
    networks.allocate(network, torch.device("cpu"))
    networks.load(network, values, str(folder), load_file(folder / "model.safetensors").items())
    texts, done = [list(prompt) for prompt in PROMPTS], [0] * len(PROMPTS)
    while any(len(text) < len(prompt) + NEW for text, prompt in zip(texts, PROMPTS, strict=True)):
        taken = [range(start, min(len(text), start + CHUNK)) for start, text in zip(done, texts, strict=True)]
        batch.tokens = [(number, place) for number, places in enumerate(taken) for place in places]
        row = torch.tensor([[texts[number][place] for number, place in batch.tokens]])
        places = torch.tensor([[place for _, place in batch.tokens]])
        with torch.inference_mode():
            found = network.unembed(networks.states(network, layers, places, input_ids=row)[0]).argmax(-1).tolist()
        for (number, place), token in zip(batch.tokens, found, strict=True):
            if place + 1 == len(texts[number]):
                texts[number].append(token)
        done = [places.stop for places in taken]
    return [text[len(prompt) : len(prompt) + NEW] for text, prompt in zip(texts, PROMPTS, strict=True)]


@pytest.mark.parametrize("golden", [g for g in goldens() if repr(g) in SERVED], ids=repr)
def test_an_engine_writes_what_generate_writes(golden: Golden, tmp_path: Path) -> None:
    found = served(golden, tmp_path)
    model = getattr(door, golden.class_name).from_pretrained(tmp_path)
    for prompt, tokens in zip(PROMPTS, found, strict=True):
        alone = model.generate([prompt], max_new_tokens=NEW, eos_token_id=-1, pad_token_id=0)[0]
        assert alone[len(prompt) :].tolist() == tokens


REFUSED = {
    "LlavaForConditionalGeneration": "a decoder alone", "MambaForCausalLM": "StateCache", "BartForCausalLM": "CrossCache",
    "RecurrentGemmaForCausalLM": "StateCache", "T5ForConditionalGeneration": "a decoder alone",
    "BertLMHeadModel": "no one length", "XLNetLMHeadModel": "MemoryCache",
}  # fmt: skip


@pytest.mark.parametrize("name", TOKENS)
def test_every_class_that_writes_is_served_or_refused(name: str) -> None:
    """By the architecture's name, and with what to do instead."""
    values = golden_of(name).content["config"]
    if any(served.startswith(f"{name}-") for served in SERVED) or name == "GPT2DoubleHeadsModel":
        assert networks.attentions(networks.build(values, "float32"))
        return
    with pytest.raises(ConfigError, match="cannot be served") as caught:
        networks.attentions(networks.build(values, "float32"))
    assert values["model_type"] in caught.value.message and "model.generate" in str(caught.value.hint)
    assert REFUSED.get(name, "") in caught.value.message


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("FalconForCausalLM", {"alibi": True}, "rounding of bfloat16"),
        ("LlamaForCausalLM", {"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "depend on the text's length"),
        ("GPT2LMHeadModel", {"add_cross_attention": True}, "CrossCache"),
    ],
)
def test_what_a_config_asks_for_is_refused(name: str, changes: dict[str, Any], message: str) -> None:
    values = golden_of(name).content["config"] | changes
    with pytest.raises(ConfigError, match=message):
        networks.attentions(networks.build(values, "float32"))


def test_attention_of_ones_own_is_refused() -> None:
    """A layer that wants to see the keys, or the weights, is told that an engine shows none; nor does it take masks."""
    keys, token = torch.zeros(1, 1, 2, 4), torch.zeros((1, 1), dtype=torch.int32, device="meta")
    with pytest.raises(InputError, match="does not show its keys"):
        caches.extend(EngineCache(), keys, keys)
    network = networks.build(golden_of("LlamaForCausalLM").content["config"], "float32")
    engine = (EngineCache(),) * network.config.num_hidden_layers
    with pytest.raises(InputError, match="takes no mask"):
        network.body(token, attention_mask=token, position_ids=token, past_key_values=engine)
    with pytest.raises(InputError, match="gives no attentions"):
        network.body(token, position_ids=token, past_key_values=engine, output_attentions=True)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda held: held.pop("model.norm.weight"), KeyMismatch, r"missing: model\.norm\.weight"),
        (lambda held: held.pop("lm_head.weight"), KeyMismatch, r"lacks what writes: lm_head\.weight"),
        (lambda held: held.update(mystery=torch.zeros(2)), KeyMismatch, r"unexpected: mystery \[2\]"),
        (lambda held: held.update({"model.norm.weight": torch.zeros(2)}), ShapeMismatch, r"model\.norm\.weight is \[2\]"),
    ],
)
def test_every_tensor_is_accounted_for(change: Any, error: type[Exception], message: str, tmp_path: Path) -> None:
    golden = golden_of("LlamaForCausalLM")
    held = load_file(golden.write(tmp_path) / "model.safetensors")
    change(held)
    network = networks.build(golden.content["config"], "float32")
    networks.allocate(network, torch.device("cpu"))
    with pytest.raises(error, match=message):
        networks.load(network, golden.content["config"], str(tmp_path), held.items())


def test_the_command_is_vllms_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its options, unread; and not where they would take Trivium's network away, or vLLM is missing."""
    run: list[list[str]] = []
    monkeypatch.setattr(command.os, "execv", lambda program, arguments: run.append(arguments))
    monkeypatch.setitem(sys.modules, "vllm", command)  # installed, for all that `require` knows
    CliRunner().invoke(main, ["serve", "folder", "--port", "8001", "--enforce-eager"], catch_exceptions=False)
    program, *arguments = run.pop()
    assert program == sys.executable and arguments[:4] == ["-m", command.SERVER, "--model", "folder"]
    assert arguments[4] == "--hf-overrides" and json.loads(arguments[5]) == {"architectures": ["TriviumForCausalLM"]}
    assert arguments[6:] == ["--port", "8001", "--enforce-eager"]
    for option in ("--hf-overrides", "--hf_overrides={}", "--hf-overrides.rope_theta", "--hf-over"):
        refused = CliRunner().invoke(main, ["serve", "folder", option])
        assert refused.exit_code == 1 and "vllm serve" in refused.stderr
    monkeypatch.setitem(sys.modules, "vllm", None)
    missing = CliRunner().invoke(main, ["serve", "folder"])
    assert missing.exit_code == 1 and 'pip install "trivium[serve]"' in missing.stderr and not run
