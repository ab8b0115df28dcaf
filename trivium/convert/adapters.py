"""LoRA adapters as `peft` saves them, merged into the weights of any framework and format; peft is not needed.

An adapter is a directory with adapter_config.json and adapter_model.safetensors. A layer's change is a product of two thin
matrices, scale * B A, which is added to its weight. Source: Hu and others, arXiv:2106.09685. In DoRA each output's row of the
sum is then given a length of its own. Source: Liu and others, arXiv:2402.09353.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core.config import Config
from trivium.core.errors import ConfigError, Corrupt, KeyMismatch, NotFound, ShapeMismatch
from trivium.core.files import read_json
from trivium.core.layout import Layout, Weight, rearrange
from trivium.models import catalogue

from .formats import sniff
from .names import spellings
from .rules import rules_of
from .tensors import Tensor

CONFIG, FILES = "adapter_config.json", ("adapter_model.safetensors", "adapter_model.bin")

Change = Callable[[np.ndarray], np.ndarray]
"""From the values of a weight, in the canonical layout, to those with the adapter."""

_PREFIX = "base_model.model."
_LENGTHS = "lora_magnitude_vector"
_FACTORS = {
    "lora_A.weight": ("a", "weight"), "lora_B.weight": ("b", "weight"), "lora_B.bias": ("b", "bias"),
    "lora_embedding_A": ("a", "embedding"), "lora_embedding_B": ("b", "embedding"),
    _LENGTHS: ("lengths", "dora"),
}  # fmt: skip
_FACTOR = re.compile(rf"(.+)\.({'|'.join(map(re.escape, _FACTORS))})")
_DRAWN = (True, False, None, "gaussian", "orthogonal", "eva")  # the others change the base model's weights, too
_HELD = frozenset({
    "peft_type", "r", "lora_alpha", "use_rslora", "rank_pattern", "alpha_pattern", "target_modules", "exclude_modules",
    "modules_to_save", "bias", "layers_to_transform", "layers_pattern", "init_lora_weights", "lora_bias", "use_dora",
    "fan_in_fan_out",  # the layout says how each weight lies
    # what concerns training, or where the adapter is from
    "lora_dropout", "task_type", "inference_mode", "base_model_name_or_path", "revision", "auto_mapping", "peft_version",
    "megatron_config", "megatron_core", "loftq_config", "eva_config", "corda_config", "lora_ga_config", "runtime_config",
    "qalora_group_size",
})  # fmt: skip


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter that was read.

    Attributes:
        path: Its directory.
        file: The file of its tensors.
        config: adapter_config.json, as it is.
        tensors: Name, without peft's prefix -> tensor.
    """

    path: Path
    file: Path
    config: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def changes(self, layout: Layout, config: Config) -> dict[str, Change]:
        """Name of a weight of a network -> how the adapter changes it.

        Raises:
            KeyMismatch: Tensors are missing, or belong to no weight; the error lists them all.
            ShapeMismatch: A tensor does not fit its weight, or the rank that the config says.
        """
        places = _Places(layout, config)
        factors, whole = self._sorted()
        unknown = [owner for owner in factors if not places.weight(owner)] + [key for key in whole if key not in places.names]
        dora = bool(self.config.get("use_dora"))
        unknown += [its.tensors[_LENGTHS].key for its in factors.values() if _LENGTHS in its.tensors and not dora]
        half = [f"{owner}.{kind}" for owner, its in factors.items() for kind in its.wanting(dora)]
        missing = [*half, *sorted(self._absent(places, factors.keys()))]
        if unknown or missing or not factors:
            lines = ["the adapter does not fit the model", *(f"  unexpected: {name}" for name in unknown)]
            lines += [f"  missing: {name}" for name in missing] + ([] if factors else ["  no layer has one"])
            raise KeyMismatch(
                "\n".join(lines), path=self.file, key=next(iter([*unknown, *missing]), None),
                hint="load it into the class that it was trained on; base_model_name_or_path says "
                f"{self.config.get('base_model_name_or_path')!r}",
            )  # fmt: skip
        found: dict[str, Change] = {}
        for key, tensor in whole.items():
            found[self._untied(places, places.names[key])] = self._replaced(places.of(key), tensor)
        for owner, its in factors.items():
            for name, change in self._added(places, owner, its):
                before = found.get(self._untied(places, name))
                found[name] = change if before is None else _after(before, change)
        return found

    def _sorted(self) -> tuple[dict[str, _Factors], dict[str, Tensor]]:
        """Layer -> its factors; and name -> tensor of weights that are there as a whole."""
        factors: dict[str, _Factors] = {}
        whole = {}
        for key, tensor in self.tensors.items():
            if parts := _FACTOR.fullmatch(key):
                owner, kind = parts.groups()
                factors.setdefault(owner, _Factors()).tensors[kind] = tensor
            else:
                whole[key.replace(".base_layer.", ".")] = tensor
        return factors, whole

    def _absent(self, places: _Places, factors: Set[str]) -> set[str]:
        """The layers that have no factors though the config says so, as far as it says so by names alone."""
        names, kept = self.config.get("target_modules"), self.config.get("modules_to_save") or ()
        if not isinstance(names, list) or self.config.get("layers_to_transform") or self.config.get("exclude_modules"):
            return set()

        def is_target(owner: str) -> bool:
            kept_whole = any(f".{name}." in f".{owner}." for name in kept)
            return not kept_whole and any(f".{owner}".endswith(f".{name}") for name in names)

        return {owners[0] for owners in places.owners if any(map(is_target, owners)) and factors.isdisjoint(owners)}

    def _untied(self, places: _Places, name: str) -> str:
        """A weight's name, unless it is used in two places: peft changes one of them."""
        ties = places.layout.ties
        if name in ties or name in ties.values():
            raise KeyMismatch(
                f"{name} is tied to another weight, and the adapter changes one of the two", path=self.file, key=name,
                hint="merge it by peft's merge_and_unload, and load the result",
            )  # fmt: skip
        return name

    def _replaced(self, weight: Weight, tensor: Tensor) -> Change:
        if tensor.shape != weight.shape:
            raise self._misshapen(tensor, weight.shape)
        return lambda values: tensor.read().astype(values.dtype)

    def _added(self, places: _Places, owner: str, its: _Factors) -> Iterator[tuple[str, Change]]:
        """(weight, change) of a layer with factors."""
        weight, scale = places.weight(owner), self._scale(owner)
        assert weight is not None  # checked before
        a, b, lengths = its.of("a"), its.of("b"), its.tensors.get(_LENGTHS)
        rank = self._number("r", "rank_pattern", owner)
        axes = {"io": "oi", "vd": "dv"}.get(weight.axes, weight.axes)
        out, *rest = (dict(zip(weight.axes, weight.shape, strict=True))[axis] for axis in axes)
        if lengths is not None and axes != "oi":
            hint = "merge it by peft's merge_and_unload, and load the result"
            raise ConfigError(f"use_dora of {owner}, which is not linear", path=self.path / CONFIG, key="use_dora", hint=hint)
        for tensor, shape in ((a, (rank, *rest)), (b, (out, rank, *(1 for _ in rest[1:]))), (lengths, (out,))):
            if tensor is not None and tensor.shape != shape:
                raise self._misshapen(tensor, shape)

        def change(values: np.ndarray) -> np.ndarray:
            wide: Any = np.float64 if values.dtype == np.float64 else np.float32
            first, second = a.read().astype(wide).reshape(rank, -1), b.read().astype(wide).reshape(out, rank)
            delta = np.array(scale, wide) * (second @ first).reshape(out, *rest)
            found = rearrange(values, weight.axes, axes).astype(wide) + delta
            if lengths is not None:
                found *= (lengths.read().astype(wide) / np.linalg.norm(found, axis=1))[:, None]
            return rearrange(found, axes, weight.axes).astype(values.dtype)

        yield weight.name, change
        if bias := its.tensors.get("lora_B.bias"):
            name = f"{weight.owner}.bias"
            if name not in places.layout.weights or bias.shape != (out,):
                raise KeyMismatch(
                    f"{owner} has no bias to add to", path=self.file, key=bias.key, hint="train with lora_bias=False"
                )
            yield name, lambda values: (values + scale * bias.read().astype(np.float64)).astype(values.dtype)

    def _scale(self, owner: str) -> float:
        rank = self._number("r", "rank_pattern", owner)
        alpha = self._number("lora_alpha", "alpha_pattern", owner)
        return alpha / math.sqrt(rank) if self.config.get("use_rslora") else alpha / rank

    def _number(self, name: str, pattern: str, owner: str) -> Any:
        """A number of the config, for a layer."""
        patterns = self.config.get(pattern) or {}
        own = next((value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", owner)), None)
        return self.config.get(name, 8) if own is None else own

    def _misshapen(self, tensor: Tensor, shape: tuple[int, ...]) -> ShapeMismatch:
        return ShapeMismatch(
            f"{tensor.key} has shape {list(tensor.shape)}; {list(shape)} is expected", path=self.file, key=tensor.key,
            hint=f"is {CONFIG} of another adapter, or the base model another one?",
        )  # fmt: skip


def read_adapter(path: str | Path) -> Adapter:
    """Reads a LoRA adapter; its values are read when they are asked for.

    Raises:
        NotFound: The directory has no adapter.
        ConfigError: It is of a kind, or was trained in a way, that is not LoRA's alone.
        Corrupt: A file breaks the rules of its format.
    """
    path = Path(path)
    config = read_json(path / CONFIG)
    _check(config, path / CONFIG)
    file = next((path / name for name in FILES if (path / name).exists()), None)
    if file is None:
        raise NotFound(f"no {FILES[0]}", path=path, hint="the directory that peft's save_pretrained wrote is expected")
    tensors = sniff(file).module.read(file, False, False)
    return Adapter(path, file, config, {tensor.key.removeprefix(_PREFIX): tensor for tensor in tensors})


def _check(config: Mapping[str, Any], path: Path) -> None:
    """Refuses, by its name, what an adapter says that would be something else than the sum of weight and product."""
    if str(config.get("peft_type")).upper() != "LORA":
        raise ConfigError(
            f"peft_type is {config.get('peft_type')!r}; LORA is read", path=path, key="peft_type",
            hint="merge it by peft's merge_and_unload, and load the result",
        )  # fmt: skip
    for name, value in config.items():
        if name not in _HELD and value not in (None, False, {}, []):
            hint = "merge it by peft's merge_and_unload, and load the result"
            raise ConfigError(f"{name} = {value!r} is not supported", path=path, key=name, hint=hint)
    if config.get("init_lora_weights") not in _DRAWN:
        raise ConfigError(
            f"init_lora_weights = {config['init_lora_weights']!r} changes the base model's weights, too", path=path,
            key="init_lora_weights", hint="save the adapter with peft's path_initial_model_for_weight_conversion=...",
        )  # fmt: skip
    for name, pattern in (("r", "rank_pattern"), ("lora_alpha", "alpha_pattern")):
        patterns = config.get(pattern) or {}
        if not isinstance(patterns, dict) or not all(map(_is_quick, patterns)):
            raise ConfigError(f"{pattern} = {patterns!r} has no patterns of names", path=path, key=pattern)
        for value in (config.get(name, 8), *patterns.values()):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or (name == "r" and value < 1):
                raise Corrupt(f"{name} = {value!r} is not a number above 0", path=path, key=name)


def _is_quick(pattern: str) -> bool:
    """Whether a regular expression is matched in no time: without repetitions of repetitions."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return len(re.findall(r"[*+{?]", pattern)) <= 3 and not re.search(r"\)[*+{?]", pattern)


@dataclass
class _Factors:
    """The tensors of a layer, by what peft calls them."""

    tensors: dict[str, Tensor] = field(default_factory=dict)

    def wanting(self, dora: bool) -> list[str]:
        """The names of those that the layer lacks."""
        kinds = {"embedding" if any("embedding" in name for name in self.tensors) else "weight", *(["dora"] if dora else [])}
        return [name for name, (_, kind) in _FACTORS.items() if kind in kinds and name not in self.tensors]

    def of(self, side: str) -> Tensor:
        return next(
            tensor for name, tensor in self.tensors.items() if _FACTORS[name] in ((side, "weight"), (side, "embedding"))
        )


class _Places:
    """The weights of a network by the names that PyTorch's checkpoints have for them, and the layers of the matrices.

    A name may begin with the body's own, or not: an adapter may be of the body alone, or of a class with a head.
    """

    def __init__(self, layout: Layout, config: Config) -> None:
        rules = rules_of(catalogue.folder_of_type(config.model_type))
        self.layout, self.names = layout, dict(layout.ties)
        self.owners: list[list[str]] = []
        for weight in layout:
            names = list(spellings(weight, layout, "torch", rules))
            self.names |= {name: weight.name for name in names if name not in self.names}
            if weight.leaf == "weight" and len(weight.shape) > 1:
                self.owners.append([name.removesuffix(".weight") for name in names])

    def of(self, key: str) -> Weight:
        return self.layout.weights[self.layout.ties.get(self.names[key], self.names[key])]

    def weight(self, owner: str) -> Weight | None:
        """The weight of the layer of that name."""
        return self.of(f"{owner}.weight") if f"{owner}.weight" in self.names else None


def _after(first: Change, second: Change) -> Change:
    return lambda values: second(first(values))
