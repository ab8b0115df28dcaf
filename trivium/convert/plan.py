"""The plan: which tensor of a checkpoint is which weight of a network, and what is left over on either side.

It is made before a number is read, and complete: every tensor is used or covered by a named rule, every weight is filled, the
shapes fit; otherwise one error lists everything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NoReturn

import numpy as np

from trivium.core.config import Config
from trivium.core.errors import Collision, ConfigError, KeyMismatch, ShapeMismatch
from trivium.core.init import draw
from trivium.core.layout import Layout, Weight, layout
from trivium.models import catalogue

from .adapters import Change
from .bits import differing
from .checkpoint import Checkpoint
from .names import in_files, is_derived, spellings
from .rules import Rules, rules_of
from .tensors import Tensor, is_float

_WRAPPERS = ("module.", "_orig_mod.", "model._orig_mod.")
"""What DistributedDataParallel and torch.compile put before every name."""


@dataclass(frozen=True)
class Match:
    """A checkpoint matched with a network.

    Attributes:
        checkpoint: The open checkpoint.
        network: The unbound class.
        config: Its config.
        layout: The weights that are wanted.
        rules: The architecture's exceptions.
        found: Name of a weight -> the tensor that holds it.
        missing: Names of weights that no tensor holds.
        misshapen: Names of weights whose tensor has another shape.
        unexpected: Keys of tensors that are no weight, and that no rule covers.
        left_out: Keys of tensors that a rule or a pattern of the user's covers.
        drawn: Names of weights that no tensor holds, and that a pattern of the user's allows to be drawn.
        begun: Names of weights that no tensor holds, and that a rule lets be as a new network has them.
        copies: Key of a tensor that is another name of a weight in `found` -> that weight's name; the bits are the same.
        changes: Name of a weight -> what an adapter makes of its values.
    """

    checkpoint: Checkpoint
    network: type
    config: Config
    layout: Layout
    rules: Rules
    found: Mapping[str, Tensor]
    missing: tuple[str, ...]
    misshapen: tuple[str, ...]
    unexpected: tuple[str, ...]
    left_out: tuple[str, ...]
    drawn: tuple[str, ...]
    begun: tuple[str, ...]
    copies: Mapping[str, str]
    changes: Mapping[str, Change]
    _sources: Mapping[str, Weight]  # the weight whose place in the file says how the tensor's axes are ordered

    @property
    def exact(self) -> bool:
        """Whether the checkpoint is this network's, no more and no less."""
        return not (self.missing or self.misshapen or self.unexpected)

    def read(self, name: str) -> np.ndarray:
        """A weight's values in the canonical layout: a view of the file where possible."""
        if name not in self.found:  # given by the architecture or begun anew, or allowed to be missing
            weight = self.layout.weights[name]
            return draw(name, weight.shape, weight.init, 0).astype(self.dtype(name), copy=False)
        values = self._sources[name].to_canonical(self.found[name].read(), self.checkpoint.dialect)
        return self.changes[name](values) if name in self.changes else values

    def place(self, name: str) -> Weight:
        """The weight whose place in the file says how the axes of `name` are ordered."""
        return self._sources.get(name, self.layout.weights[name])

    def dtype(self, name: str) -> np.dtype:
        """The dtype of a weight's values; of one that is drawn, that of most floating-point tensors."""
        if name in self.found:
            return self.found[name].dtype
        counts = Counter(tensor.dtype for tensor in self.found.values() if is_float(tensor.dtype))
        return max(counts, key=lambda dtype: counts[dtype], default=np.dtype(np.float32))

    def check(self) -> None:
        """Raises KeyMismatch or ShapeMismatch, listing everything, unless the match is exact."""
        if not self.exact:
            self._fail(self.missing, self.unexpected, self.misshapen)

    def check_for_class(self, drawn: Collection[str] = ()) -> set[str]:
        """Checks what a network may ask of a checkpoint of another class of its architecture.

        What belongs to other classes may be there, and the network's optional parts may be absent, as a whole each.

        Args:
            drawn: Names of weights that are to be drawn, whatever the checkpoint holds.

        Returns:
            The names of the weights of absent parts, and of `drawn`: those which are to be drawn.

        Raises:
            KeyMismatch, ShapeMismatch: Anything else differs; the error lists everything.
        """
        absent = set(drawn)
        for part in self.layout.optional:
            names = {name for name in self.layout.weights if fnmatchcase(name, part) or fnmatchcase(name, f"{part}.*")}
            if names and names <= set(self.missing):
                absent |= names
        missing = [name for name in self.missing if name not in absent]
        unexpected = set(self.unexpected)
        for network in catalogue.classes_of(self.config.model_type) if unexpected else ():
            config = self._config_of(network)
            if config is not None:
                other = layout(network, config)
                unexpected -= set(_lookup(self.checkpoint, other, self.rules).values())
                unexpected -= _fixed(self.checkpoint, other, self.rules)
        misshapen = [name for name in self.misshapen if name not in absent]
        if missing or unexpected or misshapen or not self.found:
            self._fail(missing, sorted(unexpected), misshapen)
        return absent

    def _config_of(self, network: Any) -> Config | None:
        """The config for another class: this one, or the checkpoint's own where this one is but a part of it."""
        kind, values = network.config_class, self.checkpoint.config or {}
        if isinstance(self.config, kind):
            return self.config
        return kind.from_dict(values) if values.get("model_type") == kind.model_type else None

    def _fail(self, missing: Iterable[str], unexpected: Iterable[str], misshapen: Iterable[str]) -> NoReturn:
        missing, unexpected, dialect = list(missing), list(unexpected), self.checkpoint.dialect
        lines = [f"the checkpoint does not fit {self.network.__name__}"]
        lines += [f"  missing: {name} {list(self.layout.weights[name].shape)}" for name in missing]
        lines += [f"  unexpected: {key} {list(self.checkpoint.tensors[key].shape)}" for key in unexpected]
        for name in misshapen:
            expected, tensor = list(self._sources[name].shape_in(dialect)), self.found[name]
            lines.append(f"  misshapen: {tensor.key} is {list(tensor.shape)}, {expected} is expected")
        error = KeyMismatch if missing or unexpected else ShapeMismatch
        raise error("\n".join(lines), path=self.checkpoint.path, hint=self._hint(missing, unexpected))

    def _hint(self, missing: list[str], unexpected: list[str]) -> str:
        for wrapper in _WRAPPERS:
            if unexpected and all(key.startswith(wrapper) for key in unexpected):
                return f"the names begin with {wrapper!r}, which a wrapper of the training added: save the model inside it"
        if not self.found:
            return "not one name fits: is config.json that of another model?"
        if missing or unexpected:
            return "is the class the one that was saved? `trivium inspect` shows what the checkpoint holds"
        return (
            "config.json and the weights are of different models, or a size in it was changed"
            " (from_pretrained(..., ignore_mismatched_sizes=True) draws such weights anew)"
        )


def match(
    checkpoint: Checkpoint, network: type, config: Config, ignore: Iterable[str] = (), allow_missing: Iterable[str] = ()
) -> Match:
    """Finds the weights of a network in a checkpoint. Nothing is judged yet: see `Match.check` and `check_for_class`.

    Args:
        checkpoint: An open checkpoint, of any format and dialect.
        network: An unbound class.
        config: Its config.
        ignore: Patterns (as of `fnmatch`) of keys to leave out.
        allow_missing: Patterns of names of weights that may be absent; they are drawn.

    Raises:
        Collision: A tied weight is there under two names, and the two differ.
    """
    weights, rules = layout(network, config), rules_of(catalogue.folder_of_type(config.model_type))
    keys = _lookup(checkpoint, weights, rules)
    patterns, allowed = tuple(ignore), tuple(allow_missing)
    found, sources, copies = {}, {}, {}
    for place, key in keys.items():
        name = weights.ties.get(place.name, place.name)
        if name not in found:
            found[name], sources[name] = checkpoint.tensors[key], place
        elif not any(fnmatchcase(key, pattern) for pattern in patterns):
            copies[key] = name
    misshapen = tuple(name for name, tensor in found.items() if tensor.shape != sources[name].shape_in(checkpoint.dialect))
    absent = [name for name in weights.weights if name not in found and not weights.weights[name].init.given]
    begun = tuple(name for name in absent if name in rules.begun) if found else ()
    drawn = tuple(name for name in absent if name not in begun and any(fnmatchcase(name, p) for p in allowed))
    fixed = _fixed(checkpoint, weights, rules)
    used = {tensor.key for tensor in found.values()} | copies.keys()
    rest = [key for key in checkpoint.tensors if key not in used]
    left_out = tuple(
        key for key in rest if key in fixed or is_derived(key, weights, rules) or any(fnmatchcase(key, p) for p in patterns)
    )
    result = Match(
        checkpoint=checkpoint,
        network=network,
        config=config,
        layout=weights,
        rules=rules,
        found=found,
        missing=tuple(name for name in absent if name not in {*drawn, *begun}),
        misshapen=misshapen,
        unexpected=tuple(key for key in rest if key not in left_out),
        left_out=left_out,
        drawn=drawn,
        begun=begun,
        copies=copies,
        changes={},
        _sources=sources,
    )
    _check_copies(result, {key: place for place, key in keys.items()})
    return result


def _lookup(checkpoint: Checkpoint, weights: Layout, rules: Rules) -> dict[Weight, str]:
    """Weight -> key of the tensor that holds it; after the weights also their other names, twins or else linear layers."""
    places, found = [in_files(weight, rules) for weight in weights], {}
    for alias, name in weights.ties.items():
        tied, leaf = weights.weights[name], alias.rpartition(".")[2]
        places.append(weights.twins.get(alias) or Weight(alias, tied.shape, "Linear", leaf, tied.init))
    for place in places:
        key = next((key for key in spellings(place, weights, checkpoint.dialect, rules) if key in checkpoint.tensors), None)
        if key is not None:
            found[place] = key
    return found


def _fixed(checkpoint: Checkpoint, weights: Layout, rules: Rules) -> set[str]:
    """The keys of what the layout fixes: counters, and constants where the checkpoint has the same."""
    found = set()
    for fixed in weights.fixed.values():
        key = next(
            (key for key in spellings(fixed.place, weights, checkpoint.dialect, rules) if key in checkpoint.tensors), None
        )
        if key is not None and (fixed.counts or np.array_equal(checkpoint.tensors[key].read(), fixed.values)):
            found.add(key)
    return found


def _check_copies(found: Match, places: Mapping[str, Weight]) -> None:
    dialect = found.checkpoint.dialect
    for key, name in found.copies.items():
        copy, place = found.checkpoint.tensors[key], places[key]
        fits = copy.shape == place.shape_in(dialect) and name not in found.misshapen
        if not fits or differing(place.to_canonical(copy.read(), dialect), found.read(name)):
            raise Collision(
                f"{key} and {found.found[name].key} are one weight in {found.network.__name__}, but differ in the file",
                path=found.checkpoint.path, key=key,
                hint='if the model is meant to keep them apart, config.json must say "tie_word_embeddings": false',
            )  # fmt: skip


def fit(
    checkpoint: Checkpoint,
    config: Mapping[str, Any] | None = None,
    ignore: Iterable[str] = (),
    allow_missing: Iterable[str] = (),
) -> Match:
    """The match with the class that the checkpoint was saved from.

    That is the one which config.json names, unless the tensors are exactly those of another class of the architecture:
    google-bert/bert-base-uncased says BertForMaskedLM and holds a BertForPreTraining.

    Args:
        checkpoint: An open checkpoint.
        config: config.json, if not the checkpoint's own.
        ignore: As in `match`, and `allow_missing`.

    Raises:
        ConfigError: There is no config.json, or it is not valid, or not of an architecture that Trivium has.
        Collision: As in `match`.
    """
    values, path = config if config is not None else checkpoint.config, checkpoint.folder / "config.json"
    if values is None:
        raise ConfigError("there is no config.json, which says what the tensors are", path=path)
    if "model_type" not in values:
        raise ConfigError("it names no architecture", path=path, key="model_type")
    try:
        parsed = catalogue.config_class(values["model_type"]).from_dict(values)
    except ConfigError as error:
        raise ConfigError(error.message, path=path, key=error.key, hint=error.hint) from None
    ignore, allow_missing = tuple(ignore), tuple(allow_missing)
    every: list[Any] = catalogue.classes_of(values["model_type"])
    classes = [network for network in every if isinstance(parsed, network.config_class)]
    named = [re.sub("^(TF|Flax)", "", name) for name in parsed.architectures or ()]
    classes.sort(key=lambda network: network.__name__ not in named)
    best = None
    for network in classes:
        candidate = match(checkpoint, network, parsed, ignore, allow_missing)
        if candidate.exact:
            return candidate
        best = best or candidate
    assert best is not None  # an architecture has classes
    return best
