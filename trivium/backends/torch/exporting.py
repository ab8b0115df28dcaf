"""Programs with their weights as files of `torch.export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from trivium.convert.writing import replacing
from trivium.export.leaves import named


class _Plain(torch.nn.Module):
    """A model whose input and output are dicts."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return named(self.model(**inputs))


def forward(model: Any, path: Path) -> None:
    """Writes the model's forward, of any batch size and length."""
    shapes = model.input_shapes().items()
    inputs = {
        name: torch.ones([size or 2 + 3 * axis for axis, size in enumerate(shape)], dtype=getattr(torch, dtype))
        for name, (shape, dtype) in shapes
    }
    free = {
        name: {axis: torch.export.Dim.AUTO for axis, size in enumerate(shape) if size is None} for name, (shape, _) in shapes
    }
    training = model.training
    with torch.no_grad():
        program = torch.export.export(_Plain(model).eval(), (inputs,), dynamic_shapes=(free,))
    model.train(training)
    with replacing(path) as file:
        torch.export.save(program, file)
