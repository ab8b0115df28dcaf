"""What CvT returns."""

from __future__ import annotations

from trivium.core.outputs import ModelOutput, Tensor


class CvtModelOutput(ModelOutput):
    """A map of features (B, D, h, w), the token for the whole image (B, 1, D) where there is one, and the map of each stage."""

    last_hidden_state: Tensor = None
    cls_token_value: Tensor = None
    hidden_states: tuple[Tensor, ...] | None = None
