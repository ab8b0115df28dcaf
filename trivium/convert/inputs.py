"""Inputs on which a network can be run whatever it is: drawn from its own description of what it is called with."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.core.config import Config
from trivium.core.signatures import parameters
from trivium.models import heads

BATCH, CHOICES, TOKENS, SIDE = 2, 3, 8, 64
"""Sizes where the network leaves them open: sequences, choices of each, tokens or frames, pixels of a side."""

_SPECIAL = ("pad_token_id", "eos_token_id", "bos_token_id", "sep_token_id", "cls_token_id", "decoder_start_token_id")
_LENGTHS = ("max_position_embeddings", "max_target_positions")
_SPARE = 2  # positions that some networks keep for padding, so that as many tokens fewer fit


def draw_inputs(network: type, config: Config) -> dict[str, np.ndarray]:
    """Arguments for a network, the same each time.

    Tokens are no special ones, but for the end of each text, where the config names an end. The masks hide the last third of
    the first text or sound, with padding in it.

    Args:
        network: An unbound class.
        config: Its config.

    Returns:
        Name -> array; float32, or int32.
    """
    shapes = network(config).input_shapes()
    if "input_ids" in shapes and "decoder_input_ids" in {parameter.name for parameter in parameters(network)}:
        shapes["decoder_input_ids"] = shapes["input_ids"]
    # a head that looks for the last token needs a config that says what padding is, or one text
    alone = issubclass(network, heads.LastTokenClassification) and config.pad_token_id is None
    generator = np.random.Generator(np.random.Philox(key=0))
    found: dict[str, np.ndarray] = {}
    for name, (shape, dtype) in shapes.items():
        sizes = _sizes(name, shape, config, 1 if alone else BATCH)
        if name.endswith("_mask"):
            found[name] = np.ones(sizes, np.int32)
            found[name][0, ..., -(sizes[-1] // 3) :] = 0
        elif dtype.startswith("int"):
            found[name] = _tokens(generator, sizes, _text(config, name))
        else:
            found[name] = generator.standard_normal(sizes, np.float32)
    if "input_ids" in found:
        _end(found["input_ids"], found["attention_mask"], _text(config, "input_ids"))
    return found


def _sizes(name: str, shape: tuple[int | None, ...], config: Any, batch: int) -> tuple[int, ...]:
    if name.startswith("pixel"):
        several = len(shape) - (3 if name == "pixel_mask" else 4)  # images for each text
        free = [batch, *[CHOICES] * several, *[3] * (name != "pixel_mask"), SIDE, SIDE]
    else:
        part = _text(config, name)
        length = _wave(part) if hasattr(part, "conv_stride") else _length(part)
        free = [batch, length] if len(shape) == 2 else [batch, CHOICES, length][: len(shape)]
    return tuple(size or default for size, default in zip(shape, free, strict=True))


def _text(config: Any, name: str) -> Any:
    """The config of the part that reads a text, by the input's name."""
    part = "decoder" if name.startswith("decoder") else "encoder"
    found = getattr(config, part, None)
    return found if isinstance(found, Config) else getattr(config, "text_config", config)


def _length(config: Any) -> int:
    limits = [limit for name in _LENGTHS if isinstance(limit := getattr(config, name, None), int) and limit > _SPARE]
    return min([TOKENS, *(limit - _SPARE for limit in limits)])


def _wave(config: Any) -> int:
    """The samples of which convolutions make `TOKENS` frames."""
    length = TOKENS
    for kernel, stride in zip(reversed(config.conv_kernel), reversed(config.conv_stride), strict=True):
        length = (length - 1) * stride + kernel
    return length


def _ids(config: Any, *names: str) -> list[int]:
    """The tokens that a config gives these names, of those that its vocabulary has."""
    values = [getattr(config, name, None) for name in names]
    numbers = [number for value in values for number in (value if isinstance(value, (list, tuple)) else [value])]
    return [number for number in numbers if number is not None and 0 <= number < config.vocab_size]


def _tokens(generator: np.random.Generator, sizes: tuple[int, ...], config: Any) -> np.ndarray:
    known = np.arange(config.vocab_size, dtype=np.int32)
    plain = np.setdiff1d(known, _ids(config, *_SPECIAL))
    return generator.choice(plain if plain.size else known, sizes)


def _end(ids: np.ndarray, mask: np.ndarray, config: Any) -> None:
    """Ends each text where the mask ends it, and pads it from there."""
    ends, pads = _ids(config, "eos_token_id"), _ids(config, "pad_token_id")
    for text, seen in zip(ids.reshape(-1, ids.shape[-1]), mask.reshape(-1, ids.shape[-1]), strict=True):
        length = int(seen.sum())
        text[length:] = pads[:1] or text[length:]
        text[length - 1] = (ends or text[length - 1 :])[0]
