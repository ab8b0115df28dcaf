"""Writes states.json: what Transformers 4.52.4 returns of the layers with what it generates, for every class that writes.

Run where `generate_tokens.py` runs, after it, whose models, inputs and options these are: of a beam search, or of a greedy one
where Transformers cannot. class -> index of the call, and by field: shapes of the first and the last tensor, and
of each tensor, in lists for tuples, the mean square of its rows, each as often as its number says, so that order tells.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generate_strategies  # noqa: E402
import generate_tokens  # noqa: E402
import torch  # noqa: E402

GREEDY = (*generate_tokens.WHOLE, "WhisperForConditionalGeneration")
"""Whose caches Transformers does not reorder with beams, and whose beams' layers it takes for those of texts."""
WITHOUT = ("XLNetLMHeadModel",)
"""Whose layers say something of the place behind a text, and of no token."""


def weighed(value: Any) -> Any:
    """The mean square of a tensor's rows, weighed by their numbers, in lists for tuples; None where a layer says nothing."""
    if isinstance(value, tuple):
        return [weighed(item) for item in value]
    if value is None:
        return None
    rows = value.double().flatten(1).square().mean(1)
    return float(f"{(rows * torch.arange(1, len(rows) + 1)).mean().item():.6g}")


def visible(layers: tuple[torch.Tensor, ...], mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Layers' (B, T, D) or (B, N, T, T), 0 for tokens that nobody sees: of these Trivium may make others."""
    return tuple(x * mask.reshape(len(mask), *[1] * (x.ndim - 3), -1, 1) for x in layers)


def tensors(value: Any) -> Iterator[torch.Tensor]:
    """Those in tuples of tuples."""
    if isinstance(value, tuple):
        for item in value:
            yield from tensors(item)
    elif value is not None:
        yield value


def ends(value: Any) -> list[list[int]]:
    """The shapes of the first and of the last tensor."""
    shapes = [list(one.shape) for one in tensors(value)]
    return [shapes[0], shapes[-1]]


def golden(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """What is stored of one class."""
    path = next(path for path in HERE.glob("*/*.json") if path.stem == name)
    model = generate_tokens.load(name, json.loads(path.read_text())["configs"][entry["config"]])
    index = 0 if name in GREEDY else 1
    inputs = {key: torch.from_numpy(generate_tokens.drawn.unpack(value)) for key, value in entry["sets"][0]["inputs"].items()}
    wide = {key: value.double() if value.is_floating_point() else value for key, value in inputs.items()}
    if name in generate_tokens.NARROW:
        model, wide = model.float(), inputs
    asked = {"return_dict_in_generate": True, "output_hidden_states": True, "output_attentions": True, "do_sample": False}
    asked["use_cache"] = True
    if name in generate_tokens.STATES:  # which have none, or of few layers
        del asked["output_attentions"]
    call = entry["sets"][0]["calls"][index]
    with mock.patch("torch.nn.functional.softmax", generate_tokens.softmax_as_wide):
        found = model.generate(**wide, **call["options"], **asked)
    if found.sequences.tolist() != call["sequences"]:
        raise ValueError(f"{name} says something else than in tokens.json")
    fields = {key: found[key] for key in generate_strategies.STATES if any(True for _ in tensors(found.get(key)))}
    for key in fields if "attention_mask" in inputs and "Blip" not in name else ():
        if key.startswith("encoder"):
            fields[key] = visible(fields[key], inputs["attention_mask"])
        elif key in ("hidden_states", "attentions"):
            mask = inputs["attention_mask"].repeat_interleave(len(fields[key][0][0]) // len(inputs["attention_mask"]), 0)
            fields[key] = (visible(fields[key][0], mask), *fields[key][1:])
    return {"call": index} | {key: {"shapes": ends(value), "squares": weighed(value)} for key, value in fields.items()}


def main() -> None:
    torch.set_num_threads(1)
    entries = json.loads((HERE / "tokens.json").read_text())
    asked = sys.argv[1:] or [name for name in entries if name not in WITHOUT]
    path = HERE / "states.json"
    found = json.loads(path.read_text()) if sys.argv[1:] else {}
    for name in asked:
        found[name] = golden(name, entries[name])
        print(name, {key: value["shapes"] for key, value in found[name].items() if key != "call"}, flush=True)
    lines = [f"{json.dumps(name)}: {json.dumps(content)}" for name, content in sorted(found.items())]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
