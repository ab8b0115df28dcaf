"""What is in a checkpoint."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trivium.core.errors import CheckpointError, ConfigError

from .checkpoint import open_checkpoint
from .plan import Match, fit
from .tensors import Tensor


@dataclass(frozen=True)
class TensorInfo:
    """One tensor.

    Attributes:
        key: Its name in the file.
        weight: The weight that it holds, by the Hub's name; None if it is none that Trivium knows.
        shape: Its shape in the file.
        dtype: Its dtype, by NumPy's name.
        bytes: The size of its values.
    """

    key: str
    weight: str | None
    shape: tuple[int, ...]
    dtype: str
    bytes: int


@dataclass(frozen=True)
class Inspection:
    """What is in a checkpoint.

    Attributes:
        path: Where it is.
        architecture: The model_type of config.json; None without one.
        network: The class whose weights these are, by its Transformers name; None if they fit none that Trivium has.
        format: "safetensors", "hdf5" or "msgpack".
        dialect: Whose names the tensors have: "torch", "tf4" or "flax4".
        files: The files that hold it -> their sizes in bytes.
        parameters: How many numbers its tensors hold.
        bytes: The size of their values.
        dtypes: dtype -> how many numbers are of it.
        tensors: All of them, in the order of the network.
        notes: What does not fit, and what else a user should know.
    """

    path: str
    architecture: str | None
    network: str | None
    format: str
    dialect: str
    files: dict[str, int]
    parameters: int
    bytes: int
    dtypes: dict[str, int]
    tensors: tuple[TensorInfo, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The inspection as `--json` prints it."""
        return asdict(self)


def inspect(src: str | Path, trust: bool = False) -> Inspection:
    """What is in the checkpoint at `src`: a directory, a weight file or an index.

    Also for one whose architecture Trivium does not know, or whose tensors do not fit it: `notes` says so.

    Raises:
        CheckpointError: It cannot be read.
    """
    with open_checkpoint(src, trust) as checkpoint:
        notes, found = list(checkpoint.notes), None
        try:
            found = fit(checkpoint)
            found.check()
        except (CheckpointError, ConfigError) as error:
            notes.append(error.message)
        weights = _weights(found)
        order = {key: index for index, key in enumerate(weights)}
        tensors = sorted(checkpoint.tensors.values(), key=lambda tensor: order.get(tensor.key, len(order)))
        dtypes: Counter[str] = Counter()
        for tensor in tensors:
            dtypes[tensor.dtype.name] += math.prod(tensor.shape)
        model_type = (checkpoint.config or {}).get("model_type")
        return Inspection(
            path=str(src),
            architecture=None if model_type is None else str(model_type),
            network=found.network.__name__ if found is not None and found.exact else None,
            format=checkpoint.format,
            dialect=checkpoint.dialect,
            files={file.name: file.stat().st_size for file in checkpoint.files},
            parameters=dtypes.total(),
            bytes=checkpoint.nbytes,
            dtypes=dict(dtypes),
            tensors=tuple(_info(tensor, weights.get(tensor.key)) for tensor in tensors),
            notes=(*notes, *_shared(tensors)),
        )


def _shared(tensors: Iterable[Tensor]) -> Iterator[str]:
    """Which tensors are views of the same bytes; converted, each gets its own."""
    by_storage: dict[str, list[str]] = {}
    for tensor in tensors:
        if tensor.storage is not None:
            by_storage.setdefault(tensor.storage, []).append(tensor.key)
    yield from (f"{' and '.join(keys)} share their bytes in the file" for keys in by_storage.values() if len(keys) > 1)


def _weights(found: Match | None) -> dict[str, str]:
    """Key -> weight, in the network's order."""
    if found is None:
        return {}
    held = {found.found[name].key: name for name in found.layout.weights if name in found.found}
    return held | dict(found.copies)


def _info(tensor: Tensor, weight: str | None) -> TensorInfo:
    return TensorInfo(tensor.key, weight, tensor.shape, tensor.dtype.name, tensor.nbytes)
