"""The logit lens: what a model would say if it stopped after each of its layers, the same in every framework.

The stream behind a layer takes the place of the stream behind the last one; what follows, the last norm and the head, is the
model's own. Source: nostalgebraist, "interpreting GPT: the logit lens", 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core.errors import InputError
from trivium.core.pretrained import require

from .subjects import Subject, array, readable, subject
from .tracing import Trace, replace

_LONGEST = 11
"""The characters of a token that a picture shows."""


@dataclass(frozen=True)
class LogitLens:
    """What a model would say of one sample behind each layer; letters: K stages, T tokens.

    Attributes:
        name: What the model is, for people.
        tokens: What was read, as people read it.
        stages: "embeddings", and the path of each layer: K of them.
        said: The likeliest answer at each stage for each token, K of T.
        ids: Their numbers, (K, T).
        probabilities: How likely they are, (K, T).
        ranks: The place of the model's own last answer among the answers of each stage, 0 the likeliest, (K, T).
    """

    name: str
    tokens: tuple[str, ...]
    stages: tuple[str, ...]
    said: tuple[tuple[str, ...], ...]
    ids: np.ndarray
    probabilities: np.ndarray
    ranks: np.ndarray

    def as_dict(self) -> dict[str, Any]:
        """The lens as `--json` prints it."""
        return {
            "model": self.name, "tokens": self.tokens,
            "stages": [
                {"stage": stage, "said": said, "ids": ids, "probabilities": probabilities, "ranks": ranks}
                for stage, said, ids, probabilities, ranks in zip(
                    self.stages, self.said, self.ids.tolist(), self.probabilities.round(6).tolist(), self.ranks.tolist(),
                    strict=True,
                )
            ],
        }  # fmt: skip

    def save(self, path: str | Path) -> None:
        """Draws the answers, the first stage at the bottom, into a file whose ending says its format.

        Raises:
            BackendMissing: matplotlib is not installed.
        """
        require("matplotlib", "draw")
        from matplotlib import figure

        stages, count = self.probabilities.shape
        shown = [[_short(token) for token in row] for row in (*self.said, self.tokens)]
        width = max(0.4, 0.07 * max(len(token) for row in shown for token in row) + 0.12)
        margin = 0.075 * max(map(len, self.stages)) + 1.8
        size = max(count * width + margin, 5.0), 0.3 * stages + 1.8
        drawing = figure.Figure(figsize=size, layout="constrained")
        axes = drawing.subplots()
        image = axes.imshow(self.probabilities, cmap="Blues", vmin=0, vmax=1, aspect="auto", origin="lower")
        for stage in range(stages):
            for token in range(count):
                colour = "white" if self.probabilities[stage, token] > 0.6 else "black"
                weight = "bold" if self.ids[stage, token] == self.ids[-1, token] else "normal"
                text = axes.text(token, stage, shown[stage][token], color=colour, weight=weight, ha="center", va="center")
                text.set(fontsize=8, parse_math=False)
        axes.set_xticks(range(count), shown[-1], fontsize=8, parse_math=False)
        axes.set_yticks(range(stages), self.stages, fontsize=8, parse_math=False)
        axes.set_xlabel("what was read", fontsize=9)
        axes.set_ylabel("said behind", fontsize=9)
        axes.set_title(f"what the model would say behind each layer (bold: its last answer)\n{self.name}", fontsize=9)
        bar = drawing.colorbar(image, ax=axes, fraction=0.03, pad=0.01)
        bar.set_label("probability", fontsize=9)
        bar.ax.tick_params(labelsize=8)
        drawing.savefig(path, dpi=130)


def logit_lens(
    model: Any,
    inputs: str | Mapping[str, Any],
    *,
    sample: int = 0,
    target: str | None = None,
    tokenizer: Any = None,
    backend: str = "torch",
) -> LogitLens:
    """What a model would say behind each layer, by its own last norm and head. It runs once for each layer, and once before.

    Args:
        model: A model of any framework, a directory or a Hub id; one that says something of each token, as for masked or
            next tokens, or for the tokens' classes.
        inputs: Arrays by name; or a text, which the tokenizer reads.
        sample: Which of the batch.
        target: The decoder's text, where a model has an encoder and a decoder and `inputs` is a text.
        tokenizer: By which tokens are read; the checkpoint's if not given and `inputs` is a text, else their numbers are shown.
        backend: The framework to load a checkpoint in.

    Raises:
        InputError: The model has no head that says something of each token, no layers in turn, or does not take these inputs.
        ConfigError: The checkpoint names no class.
    """
    seen = subject(model, inputs, target=target, tokenizer=tokenizer, backend=backend)
    programs = seen.programs
    with programs.running():
        whole = seen.model.trace(seen.inputs, **({"output_hidden_states": True} if seen.takes("output_hidden_states") else {}))
        logits = _logits(seen, whole.output)
        if not 0 <= sample < logits.shape[0]:
            raise InputError(f"there is no sample {sample}", key="sample", hint=f"they are 0 to {logits.shape[0] - 1}")
        streams = _streams(seen, whole)
        last = next(reversed(streams)).partition(" ")[0]
        found = [_behind(seen, last, stream)[sample] for stream in streams.values()]
    decodes = "decoder_input_ids" in seen.inputs
    side = "decoder_" if decodes else ""
    count = logits.shape[1]
    kept = seen.visible(f"{side}attention_mask", sample, count)
    tokens = seen.tokens(f"{side}input_ids", sample, count)
    chances = np.stack([_softmax(scores[kept]) for scores in found])
    ids = chances.argmax(-1)
    own = np.take_along_axis(chances, np.broadcast_to(ids[-1], ids.shape)[..., None], -1)
    return LogitLens(
        seen.name,
        tuple(token for token, shown in zip(tokens, kept, strict=True) if shown),
        tuple(streams),
        tuple(tuple(_answer(seen, index, chances.shape[-1]) for index in row) for row in ids),
        ids,
        chances.max(-1),
        (chances > own).sum(-1),
    )


def _logits(seen: Subject, out: Any) -> np.ndarray:
    """What the model says of each token, (B, T, answers)."""
    logits = getattr(out, "logits", None)
    if logits is None or len(logits.shape) != 3:
        why = f"{seen.name} says nothing of each token: " + ("it has no logits" if logits is None else "it has one answer")
        raise InputError(why, key="logits", hint="take a class with a head for tokens, as for causal or masked texts")
    return array(seen.programs, logits)


def _streams(seen: Subject, whole: Trace) -> dict[str, Any]:
    """Stage -> the stream behind it, of the layers that are applied in turn and end last."""
    parts = seen.model.layout.parts
    layers = [path for path in whole.activations if parts.get(path.rpartition(".")[0], parts[""]).name == "Layers"]
    if not layers:
        raise InputError(f"{seen.name} has no layers that are applied in turn", key="model", hint="see its layout.parts")
    stack = layers[-1].rpartition(".")[0]
    found: dict[str, Any] = {}
    for path in layers:
        if path.rpartition(".")[0] == stack:
            value = whole[path]
            several = isinstance(value, list)
            found |= {f"{path} ({n + 1})": each for n, each in enumerate(value)} if several else {path: value}
    states = next((whole.output[name] for name in ("hidden_states", "decoder_hidden_states") if name in whole.output), ())
    first = next(iter(found.values()))
    before = {"embeddings": states[0]} if states and tuple(states[0].shape) == tuple(first.shape) else {}
    return before | found


def _behind(seen: Subject, last: str, stream: Any) -> np.ndarray:
    """The logits, if the last layer returned `stream`."""
    out = seen.model.trace(seen.inputs, [last], {last: replace(stream)}).output
    return array(seen.programs, out["logits"])


def _softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def _answer(seen: Subject, index: Any, count: int) -> str:
    """What an answer is called: a label, if there are as many as the config names, or else a token."""
    config = seen.model.config
    classifies = len(config.id2label) == count != config.vocab_size
    return config.id2label[int(index)] if classifies else readable(seen.tokenizer, index)


def _short(token: str) -> str:
    return token if len(token) <= _LONGEST else f"{token[: _LONGEST - 1]}…"
