"""What is looked into: a model of any framework, its inputs, which may be a text, and the tokens as people read them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core import auto
from trivium.core.errors import ConfigError, InputError
from trivium.core.names import nearest
from trivium.core.signatures import parameters
from trivium.pipelines.running import backend_of


@dataclass(frozen=True)
class Subject:
    """A model with inputs.

    Attributes:
        model: The model.
        name: What it is, for people.
        inputs: Its inputs by name, as NumPy arrays.
        tokenizer: What reads its tokens; None if there is none.
    """

    model: Any
    name: str
    inputs: dict[str, np.ndarray]
    tokenizer: Any = None

    @property
    def programs(self) -> Any:
        """The model's programs, which are run as they are and not compiled."""
        return importlib.import_module(f"trivium.backends.{backend_of(self.model)}.programs").Programs(self.model, False)

    def takes(self, name: str) -> bool:
        """Whether the model has an argument of this name."""
        return any(p.name == name for p in parameters(type(self.model)))

    def tokens(self, name: str, sample: int, count: int) -> tuple[str, ...]:
        """The `count` tokens that a sample has in the input `name`, as people read them; their places, if it has no such."""
        ids = self.inputs.get(name)
        if ids is None or ids.ndim != 2 or ids.shape[1] != count:
            return tuple(map(str, range(count)))
        return tuple(readable(self.tokenizer, token) for token in ids[sample])

    def visible(self, name: str, sample: int, count: int) -> np.ndarray:
        """Which of a sample's `count` tokens the mask `name` shows: (count,) booleans, all True if there is no such mask."""
        mask = self.inputs.get(name)
        shown = mask is not None and mask.ndim == 2 and mask.shape[1] == count and mask[sample].any()
        return mask[sample].astype(bool) if shown else np.ones(count, bool)  # type: ignore[index]


def subject(
    model: Any, inputs: str | Mapping[str, Any], *, target: str | None = None, tokenizer: Any = None, backend: str = "torch"
) -> Subject:
    """A model with inputs that it takes.

    Args:
        model: A model, a directory or a Hub id.
        inputs: Arrays by name; or a text, which the tokenizer reads.
        target: The decoder's text, where a model has an encoder and a decoder and `inputs` is a text.
        tokenizer: The model's; of the checkpoint if not given, where `inputs` is a text.
        backend: The framework to load a checkpoint in.

    Raises:
        InputError: The model does not take these inputs, or there is no tokenizer.
        ConfigError: The checkpoint names no class.
    """
    loaded = load(model, backend)
    takes = [p.name for p in parameters(type(loaded))]
    if isinstance(inputs, str):
        if "input_ids" not in takes:
            raise InputError(f"{type(loaded).__name__} takes no text but {takes[0]}", key="inputs", hint="give arrays by name")
        tokenizer = _tokenizer(model) if tokenizer is None else tokenizer
        found = dict(tokenizer(inputs, return_tensors="np"))
        if "decoder_input_ids" in takes:
            found |= _target(loaded, tokenizer, target)
        elif target is not None:
            raise InputError(f"{type(loaded).__name__} has no decoder of its own for a target", key="target")
        inputs = {name: array for name, array in found.items() if name in takes}
    for name in inputs:
        if name not in takes:
            raise InputError(f"{type(loaded).__name__} takes no {name}", key=name, hint=nearest(name, takes))
    return Subject(loaded, named(model, loaded), {name: np.asarray(array) for name, array in inputs.items()}, tokenizer)


def load(model: Any, backend: str, quantize: str | None = None) -> Any:
    """The model of a checkpoint, of the class that it names, its weights as integers if asked for; a model is itself.

    Raises:
        ConfigError: The checkpoint names no class.
    """
    if not isinstance(model, (str, Path)):
        return model
    config = auto.AutoConfig.from_pretrained(model)
    if not config.architectures:
        raise ConfigError("names no class", path=model, key="architectures")
    name = config.architectures[0].removeprefix("TF").removeprefix("Flax")
    return getattr(importlib.import_module(f"trivium.{backend}"), name).from_pretrained(model, config=config, quantize=quantize)


def named(given: Any, model: Any) -> str:
    """What a model is, for people, by what was given for it."""
    where = f" of {given}" if isinstance(given, (str, Path)) else ""
    return f"{type(model).__name__}{where} in {backend_of(model)}"


def array(programs: Any, value: Any) -> np.ndarray:
    """A framework's tensor of floats in NumPy, in float64."""
    value = value.float() if str(getattr(value, "dtype", "")) == "torch.bfloat16" else value
    return np.asarray(programs.array(value)).astype(np.float64)


def readable(tokenizer: Any, token: Any) -> str:
    """A token as people read it, with a dot for a space; its number, if there is no tokenizer."""
    if tokenizer is None:
        return str(int(token))
    piece = str(tokenizer.convert_ids_to_tokens(int(token)))
    text = piece.replace("\u2581", " ") if "\u2581" in piece or piece.startswith("##") else tokenizer.decode([int(token)])
    if not text or "\N{REPLACEMENT CHARACTER}" in text:
        text = piece  # special, or a part of a character
    return text.replace(" ", "·").replace("\n", "\u21b5").replace("\t", "\u21e5")


def _tokenizer(model: Any) -> Any:
    from trivium.processing.tokenizers import AutoTokenizer

    if isinstance(model, (str, Path)):
        return AutoTokenizer.from_pretrained(model)
    raise InputError("a text needs a tokenizer", key="tokenizer", hint="pass tokenizer=..., or a directory for the model")


def _target(model: Any, tokenizer: Any, target: str | None) -> dict[str, np.ndarray]:
    """What a decoder is shown: the token that it begins with, and a text."""
    start = getattr(model.config, "decoder_start_token_id", None)
    if start is None:
        raise ConfigError("has no decoder_start_token_id", key="decoder_start_token_id", hint="give arrays by name")
    ids = tokenizer(target, add_special_tokens=False)["input_ids"] if target else []
    return {"decoder_input_ids": np.array([[start, *ids]])}
