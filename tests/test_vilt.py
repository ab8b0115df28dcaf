"""ViLT beyond its goldens: what padding and limits do to images, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests import drawn
from trivium import numpy as door
from trivium.core.errors import ConfigError, InputError
from trivium.models.vilt.config import ViltConfig

TINY: dict[str, Any] = {
    "vocab_size": 11, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2,
    "max_position_embeddings": 7, "image_size": 12, "patch_size": 4,
}  # fmt: skip
TOKENS = np.array([[3, 1, 4]])


def image(*shape: int) -> np.ndarray:
    return drawn._normal("image", shape).astype(np.float32)


def test_padding_changes_nothing() -> None:
    """An image says the same when it is padded below and on the right, though its positions are stretched over it."""
    model = door.ViltModel(ViltConfig(**TINY))
    alone = image(1, 3, 8, 12)
    padded, shown = np.full((1, 3, 16, 20), 9.0, np.float32), np.zeros((1, 16, 20), np.int32)
    padded[:, :, :8, :12], shown[:, :8, :12] = alone, 1
    wanted = model(TOKENS, pixel_values=alone)
    found = model(TOKENS, pixel_values=padded, pixel_mask=shown)
    assert found.last_hidden_state.shape == (1, 3 + 1 + 20, 8)
    count = 3 + 1 + 6
    assert np.allclose(found.last_hidden_state[:, :count], wanted.last_hidden_state, atol=1e-6)
    assert np.allclose(found.pooler_output, wanted.pooler_output, atol=1e-6)


def test_a_limit_takes_patches_at_even_distances() -> None:
    """Of six visible patches a limit of three takes the first, third and fifth."""
    config = ViltConfig(**TINY, max_image_length=3)
    embeddings = door.ViltModel(config).embeddings
    rows = np.arange(8, dtype=np.float32)[None, :, None]
    x, visible = embeddings.choose(rows, np.array([[1, 1, 0, 1, 1, 1, 0, 1]], np.int32))
    assert x[0, :, 0].tolist() == [0, 3, 5] and visible.tolist() == [[1, 1, 1]]
    x, visible = embeddings.choose(rows, np.array([[0, 1, 0, 0, 1, 0, 0, 0]], np.int32))
    assert x[0, :, 0].tolist() == [1, 4, 0] and visible.tolist() == [[1, 1, 0]]


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("ViltModel", {}, "give either pixel_values or image_embeds"),
        ("ViltModel", {"pixel_values": image(1, 3, 12, 12), "image_embeds": image(1, 4, 8)}, "not both"),
        ("ViltForImageAndTextRetrieval", {"pixel_values": image(1, 3, 12, 12), "labels": TOKENS}, "no loss of its own"),
        ("ViltForImagesAndTextClassification", {"pixel_values": image(1, 3, 3, 12, 12)}, "3 images; the config says 2"),
    ],
)
def test_refused_inputs(name: str, inputs: dict[str, Any], message: str) -> None:
    model = getattr(door, name)(ViltConfig(**TINY, num_images=2, modality_type_vocab_size=3))
    with pytest.raises(InputError, match=message):
        model(TOKENS, **inputs)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_images": 2}, "modality_type_vocab_size = 2, of which the text takes one"),
        ({"max_image_length": 0}, "max_image_length = 0"),
        ({"patch_size": 16}, "smaller than a patch"),
    ],
)
def test_refused_configs(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ViltConfig(**TINY | fields)


def test_comparing_images_needs_their_number() -> None:
    with pytest.raises(ConfigError, match="num_images"):
        door.ViltForImagesAndTextClassification(ViltConfig(**TINY))
