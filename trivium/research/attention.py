"""Where a model looks: the weights of attention by layer and head, the same in every framework, as arrays and as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core.errors import InputError
from trivium.core.names import nearest
from trivium.core.pretrained import require

from .subjects import Subject, array, subject

_SIDES = {
    ("attentions", False): ("", ""),
    ("cross_attentions", False): ("", "encoder_"),
    ("encoder_attentions", True): ("", ""),
    ("decoder_attentions", True): ("decoder_", "decoder_"),
    ("cross_attentions", True): ("decoder_", ""),
}
"""(output, whether the model has an encoder and a decoder) -> what the inputs' names of its queries and keys begin with."""

READABLE = 40
"""The most tokens that are spelled out at the sides of a map."""


@dataclass(frozen=True)
class AttentionMaps:
    """The weights of attention of one sample; letters: N heads, T queries, S keys.

    Attributes:
        name: What the model is, for people.
        kind: Whose attention it is: the output's name, as "attentions" or "cross_attentions".
        queries: The tokens that look.
        keys: The tokens that are looked at.
        layers: An array (N, T, S) for each layer; each row sums to one.
    """

    name: str
    kind: str
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    layers: tuple[np.ndarray, ...]

    def __getitem__(self, place: tuple[int, int]) -> np.ndarray:
        layer, head = place
        return self.chosen(layer, head)[0][1]

    def as_dict(self) -> dict[str, Any]:
        """The maps as `--json` prints them."""
        return {
            "model": self.name, "kind": self.kind, "queries": self.queries, "keys": self.keys,
            "layers": [layer.round(6).tolist() for layer in self.layers],
        }  # fmt: skip

    def save(self, path: str | Path, layer: int | None = None, head: int | None = None) -> None:
        """Draws all maps, those of a layer, of a head in every layer, or one, into a file whose ending says its format.

        Raises:
            InputError: There is no such layer or head.
            BackendMissing: matplotlib is not installed.
        """
        chosen = self.chosen(layer, head)
        require("matplotlib", "draw")
        from matplotlib import figure

        columns = len(self.layers[0]) if layer is None and head is None else math.ceil(math.sqrt(len(chosen)))
        rows = math.ceil(len(chosen) / columns)
        spelled = max(len(self.queries), len(self.keys)) <= READABLE and (layer is not None or head is not None)
        side = max(0.26 * max(len(self.queries), len(self.keys)), 1.6) if spelled else 1.0
        margin = 0.085 * max(map(len, (*self.queries, *self.keys))) if spelled else 0.3
        size = columns * (side + 0.15) + margin + 1.6, rows * (side + 0.3) + margin + 0.9
        drawing = figure.Figure(figsize=size, layout="constrained")
        grid = drawing.subplots(rows, columns, squeeze=False)
        top = max(float(weights.max()) for _, weights in chosen)
        for axes in grid.flat[len(chosen) :]:
            axes.set_axis_off()
        for index, (axes, (title, weights)) in enumerate(zip(grid.flat, chosen, strict=False)):
            image = axes.imshow(weights, cmap="Blues", vmin=0, vmax=top, interpolation="nearest")
            below, left = index + columns >= len(chosen), index % columns == 0
            axes.set_xticks(*self._ticks(self.keys, spelled and below), fontsize=8, rotation=90, parse_math=False)
            axes.set_yticks(*self._ticks(self.queries, spelled and left), fontsize=8, parse_math=False)
            axes.set_title(title, fontsize=8, pad=3)
        bar = drawing.colorbar(image, ax=grid, fraction=0.04, pad=0.01, shrink=min(1.0, 5 / size[1]))
        bar.set_label("weight", fontsize=9)
        bar.ax.tick_params(labelsize=8)
        drawing.suptitle(f"{self.kind.replace('_', ' ').removesuffix('s')}\n{self.name}", fontsize=9)
        drawing.supxlabel("looked at", fontsize=9)
        drawing.supylabel("looking", fontsize=9)
        drawing.savefig(path, dpi=130)

    def chosen(self, layer: int | None = None, head: int | None = None) -> list[tuple[str, np.ndarray]]:
        """(what it is, map) of all, of those of a layer, of a head in every layer, or of one.

        Raises:
            InputError: There is no such layer or head.
        """
        for what, number, count in (("layer", layer, len(self.layers)), ("head", head, len(self.layers[0]))):
            if number is not None and not 0 <= number < count:
                raise InputError(f"there is no {what} {number}", key=what, hint=f"they are 0 to {count - 1}")
        return [
            (f"layer {i}, head {j}", weights)
            for i, heads in enumerate(self.layers)
            for j, weights in enumerate(heads)
            if layer in (None, i) and head in (None, j)
        ]

    @staticmethod
    def _ticks(tokens: tuple[str, ...], spelled: bool) -> tuple[Any, Any]:
        return (range(len(tokens)), tokens) if spelled else ([], [])


def attention_maps(
    model: Any,
    inputs: str | Mapping[str, Any],
    *,
    kind: str | None = None,
    sample: int = 0,
    target: str | None = None,
    tokenizer: Any = None,
    backend: str = "torch",
) -> AttentionMaps:
    """The weights of attention of a sample, as `output_attentions=True` returns them; tokens that a mask hides are left out.

    Args:
        model: A model of any framework, a directory or a Hub id.
        inputs: Arrays by name; or a text, which the tokenizer reads.
        kind: "encoder", "decoder" or "cross", where a model has several; the first that there is if not given.
        sample: Which of the batch.
        target: The decoder's text, where a model has an encoder and a decoder and `inputs` is a text.
        tokenizer: By which tokens are read; the checkpoint's if not given and `inputs` is a text, else their numbers are shown.
        backend: The framework to load a checkpoint in.

    Raises:
        InputError: The model has no attention between its tokens, or does not take these inputs.
        ConfigError: The checkpoint names no class.
    """
    seen = subject(model, inputs, target=target, tokenizer=tokenizer, backend=backend)
    found = _weights(seen)
    name = next(iter(found)) if kind is None else f"{kind}_attentions"
    if name not in found:
        kinds = [name.removesuffix("_attentions") for name in found]
        raise InputError(f"{seen.name} has no attention of the kind {kind!r}", key="kind", hint=nearest(str(kind), kinds))
    programs = seen.programs
    layers = tuple(array(programs, weights) for weights in found[name])
    batch = next(iter(seen.inputs.values())).shape[0]
    if len({layer.shape for layer in layers}) > 1 or layers[0].ndim != 4 or len(layers[0]) != batch:
        raise InputError(
            f"{seen.name} attends within parts of its input, or to fewer places in some layers; that makes no one map",
            key=name, hint="output_attentions=True returns what it has",
        )  # fmt: skip
    if not 0 <= sample < batch:
        raise InputError(f"there is no sample {sample}", key="sample", hint=f"they are 0 to {batch - 1}")
    asking, asked = _SIDES.get((name, seen.takes("decoder_input_ids")), ("no ", "no "))
    _, _, t, s = layers[0].shape
    rows, columns = (seen.visible(f"{side}attention_mask", sample, n) for side, n in ((asking, t), (asked, s)))
    queries, keys = (seen.tokens(f"{side}input_ids", sample, n) for side, n in ((asking, t), (asked, s)))
    return AttentionMaps(
        seen.name, name,
        tuple(token for token, shown in zip(queries, rows, strict=True) if shown),
        tuple(token for token, shown in zip(keys, columns, strict=True) if shown),
        tuple(layer[sample][:, rows][:, :, columns] for layer in layers),
    )  # fmt: skip


def _weights(seen: Subject) -> dict[str, tuple[Any, ...]]:
    """Output -> weights by layer, of all the outputs that are such."""
    out: Any = {}
    if seen.takes("output_attentions"):
        programs = seen.programs
        with programs.running():
            tensors = {name: programs.tensor(value) for name, value in seen.inputs.items()}
            out = seen.model(**tensors, output_attentions=True)
    names = [name for name in out if name.endswith("attentions") and out[name] and all(map(_is_map, out[name]))]
    if not names:
        hint = "of a model of several towers take the tower: CLIPTextModel, CLIPVisionModel"
        raise InputError(f"{seen.name} returns no weights of attention", key="output_attentions", hint=hint)
    return {name: out[name] for name in names}


def _is_map(weights: Any) -> bool:
    return hasattr(weights, "shape")
