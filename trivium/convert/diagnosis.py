"""What is wrong with a checkpoint: the damage that loading across frameworks does in Transformers 4, and formats that disagree.

The defects are those of Transformers 4.41 to 4.57, where they were measured. Its generic TensorFlow loader passes over what is
no parameter of PyTorch's (running statistics, `final_logits_bias`); its TensorFlow classes untie heads that others tie; its
loaders put `weight` and `bias` for `gamma` and `beta` anywhere in a name; and its Flax ResNet calls the layers of basic blocks
`layer_0`, which is in no other framework's file, so that they stay as they were drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core import hub
from trivium.core.errors import CheckpointError, Collision, ConfigError, NotFound

from .bits import differing
from .checkpoint import Checkpoint, open_checkpoint
from .formats import KINDS, ORBAX_MARKER
from .plan import Match, fit, match
from .tensors import is_float, release
from .verification import distance

CLOSE = 1e-6
"""Difference, relative to a weight's largest number, up to which two formats hold the same weight, rounded otherwise."""

_BIASED = ("marian",)
"""Architectures whose published checkpoints have a final_logits_bias that is not zero."""
_SHOWN = 3  # names in a message; a finding has them all


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Attributes:
        kind: "unreadable", "mismatch", "mangled names", "reset statistics", "drawn blocks", "zero bias", "untied head" or
            "different numbers".
        file: The weight file, or the index.
        message: What is wrong.
        tensors: The names concerned.
        remedy: What to do.
    """

    kind: str
    file: str
    message: str
    tensors: tuple[str, ...]
    remedy: str


@dataclass(frozen=True)
class Diagnosis:
    """What came of an examination.

    Attributes:
        path: What was examined.
        network: The class whose weights these are, by its Transformers name; None if that cannot be told.
        files: The weight files, or indexes -> their formats.
        findings: What is wrong.
        notes: What could not be examined, and what else a user should know.
    """

    path: str
    network: str | None
    files: dict[str, str]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        """The diagnosis as `--json` prints it."""
        return {"healthy": self.healthy, **asdict(self)}


def doctor(path: str | Path, trust: bool = False) -> Diagnosis:
    """Examines a checkpoint; of a directory, the files of all formats, which should hold the same numbers.

    Args:
        path: A directory, a weight file, an index or a Hub id.
        trust: See `open_checkpoint`.

    Raises:
        NotFound: There is nothing to examine.
    """
    path = hub.resolve(path)
    findings: list[Finding] = []
    notes: list[str] = []
    patients: list[tuple[Checkpoint, Match | None]] = []
    with ExitStack() as stack:
        for file in _files(path):
            try:
                checkpoint = stack.enter_context(open_checkpoint(file, trust))
            except Collision as error:
                findings.append(_untied(file.name, error))
            except CheckpointError as error:
                findings.append(Finding("unreadable", file.name, error.message, (), error.hint or "download it again"))
            else:
                found = _matched(checkpoint, findings, notes)
                findings += [] if found is None else _damage(found)
                patients.append((checkpoint, found))
        for other in patients[1:]:
            findings += _comparison(*patients[0], *other, notes)
    networks = [found.network.__name__ for _, found in patients if found is not None]
    return Diagnosis(
        path=str(path),
        network=networks[0] if networks else None,
        files={checkpoint.path.name: checkpoint.format for checkpoint, _ in patients},
        findings=tuple(findings),
        notes=tuple(dict.fromkeys(notes)),
    )


def _files(path: Path) -> list[Path]:
    """The weight files, or indexes, of all formats."""
    if not path.is_dir() or (path / ORBAX_MARKER).is_file():
        return [path]
    files = [path / name for kind in KINDS for name in kind.entries if (path / name).exists()]
    if not files:
        raise NotFound("no weights in this directory", path=path, hint="it knows " + ", ".join(kind.file for kind in KINDS))
    return files


def _untied(file: str, error: Collision) -> Finding:
    return Finding(
        "untied head", file, error.message, (str(error.key),),
        'if the two were trained apart, "tie_word_embeddings": false in config.json keeps both; if one is a stale copy, '
        f"trivium convert --ignore {error.key} leaves it out",
    )  # fmt: skip


def _matched(checkpoint: Checkpoint, findings: list[Finding], notes: list[str]) -> Match | None:
    """The match with the checkpoint's class; None if there is no telling."""
    ignored: list[str] = []
    while True:
        try:
            found = fit(checkpoint, ignore=ignored)
        except ConfigError as error:
            notes.append(
                f"{checkpoint.path.name} was not examined for damage, since its architecture is not known: {error.message}"
            )
            return None
        except Collision as error:
            if error.key in ignored:
                raise
            findings.append(_untied(checkpoint.path.name, error))
            ignored.append(str(error.key))
        else:
            break
    findings += _misfits(found)
    return found


def _misfits(found: Match) -> Iterator[Finding]:
    """What a checkpoint lacks or has too much, told apart by how that came."""
    file, mangled = found.checkpoint.path.name, _mangled(found.missing, found.unexpected)
    if mangled:
        renames = " ".join(f"--rename {there}={name}" for name, there in list(mangled.items())[:_SHOWN])
        yield Finding(
            "mangled names", file,
            f"gamma and beta were put for weight and bias, or the reverse, in {len(mangled)} names: {_some(mangled.values())}",
            tuple(mangled.values()), f"trivium convert {renames} gives them their names again",
        )  # fmt: skip
    rest = [name for name in (*found.missing, *found.unexpected) if name not in mangled and name not in mangled.values()]
    if rest or found.misshapen:
        try:
            found.check()
        except CheckpointError as error:
            yield Finding("mismatch", file, error.message, (*rest, *found.misshapen), error.hint or "")


def _mangled(missing: Iterable[str], unexpected: Iterable[str]) -> dict[str, str]:
    """Missing name -> the key that is there in its stead, which is the same but for gamma and beta."""

    def plain(name: str) -> str:
        return name.replace("gamma", "weight").replace("beta", "bias")

    there = {plain(key): key for key in unexpected}
    return {name: there[plain(name)] for name in missing if plain(name) in there}


def _damage(found: Match) -> Iterator[Finding]:
    """What is there, but was never loaded."""
    yield from _statistics(found)
    bias = "final_logits_bias"
    if found.config.model_type in _BIASED and bias in found.found and not found.read(bias).any():
        yield Finding(
            "zero bias", found.checkpoint.path.name,
            f"{bias} is zero, though {found.config.model_type} was published with others: it is lost when Transformers 4 loads "
            "tf_model.h5 into PyTorch", (bias,), "take the original file, and convert it with trivium convert",
        )  # fmt: skip


def _statistics(found: Match) -> Iterator[Finding]:
    """Running statistics as they are before the first step of training."""
    file = found.checkpoint.path.name
    norms = [weight.owner for weight in found.layout if weight.leaf == "running_mean" and weight.name in found.found]
    reset = [norm for norm in norms if _is(found, f"{norm}.running_mean", 0) and _is(found, f"{norm}.running_var", 1)]
    drawn = [norm for norm in reset if _is(found, f"{norm}.weight", 1) and _is(found, f"{norm}.bias", 0)]
    blocks = [norm for norm in norms if ".layer." in norm]
    if reset and reset == drawn == blocks != norms and getattr(found.config, "layer_type", "") == "basic":
        yield Finding(
            "drawn blocks", file,
            f"the {len(blocks)} layers of the basic blocks are as they are drawn, the others are trained: Transformers 4 loads "
            "no basic block of ResNet from Flax or into it", tuple(blocks),
            "take the file of the framework in which it was trained, and convert it with trivium convert",
        )  # fmt: skip
    elif reset:
        yield Finding(
            "reset statistics", file,
            f"in {len(reset)} of {len(norms)} normalizations the mean is 0 and the variance 1, as before any training; they "
            f"are lost when Transformers 4 loads tf_model.h5 into PyTorch: {_some(reset)}", tuple(reset),
            "take the original file, and convert it with trivium convert; if there is none, run the model over some data in "
            "training mode",
        )  # fmt: skip


def _is(found: Match, name: str, value: int) -> bool:
    return name in found.found and bool((found.read(name) == value).all())


def _comparison(
    first: Checkpoint, one: Match | None, second: Checkpoint, two: Match | None, notes: list[str]
) -> Iterator[Finding]:
    """Where two files of one directory do not hold the same."""
    a, b = first.path.name, second.path.name
    if one is not None and two is not None and one.network is not two.network:
        two = match(second, one.network, one.config)
    if one is None or two is None:
        if first.dialect != second.dialect:
            notes.append(f"{a} and {b} were not compared: their names can only be told by the architecture")
            return
        left, right = _raw(first), _raw(second)
    else:
        left, right = _weights(one), _weights(two)
    lacking = [name for name in (*left, *right) if (name in left) != (name in right)]
    different: list[str] = []
    rounded: list[str] = []
    largest = 0.0
    for name in left:
        if name in right and (gap := _gap(left[name](), right[name]())) is not None:
            (rounded if gap <= CLOSE else different).append(name)
            largest = max(largest, gap)
    if rounded:
        notes.append(f"{len(rounded)} weights of {a} and {b} differ by rounding alone: {_some(rounded)}")
    if different or lacking:
        how = (
            [f"{len(different)} differ, by up to {largest:.2g} of the largest number: {_some(different)}"] if different else []
        )
        how += [f"{len(lacking)} are in one of them only: {_some(lacking)}"] if lacking else []
        yield Finding(
            "different numbers", b, f"{a} and {b} do not hold the same weights: {'; '.join(how)}", (*different, *lacking),
            f"find out which is right (the framework that it was trained in, the later date, its score); then "
            f"trivium convert THAT_FILE DST --to ... makes the others of it. Trivium and PyTorch read {a}",
        )  # fmt: skip


def _weights(found: Match) -> Mapping[str, Callable[[], np.ndarray]]:
    held = [weight.name for weight in found.layout if weight.name in found.found or weight.init.given]
    names = [name for name in held if name not in found.misshapen]
    return {name: lambda name=name: found.read(name) for name in names}  # type: ignore[misc]


def _raw(checkpoint: Checkpoint) -> Mapping[str, Callable[[], np.ndarray]]:
    return {key: tensor.read for key, tensor in checkpoint.tensors.items()}


def _gap(x: np.ndarray, y: np.ndarray) -> float | None:
    """The largest difference of two weights, relative to the largest number; None if they are the same.

    One that is the other rounded to a narrower dtype is as close as one can be.
    """
    try:
        if x.shape != y.shape:
            return np.inf
        if x.dtype != y.dtype and is_float(x.dtype) and is_float(y.dtype):
            narrow = min(x.dtype, y.dtype, key=lambda dtype: dtype.itemsize)
            if not differing(x.astype(narrow), y.astype(narrow)):
                return 0.0
        elif not differing(x, y):
            return None
        largest, scale = distance(x, y)
        return largest / scale if scale and np.isfinite(largest) else np.inf
    finally:
        release(x)
        release(y)


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
