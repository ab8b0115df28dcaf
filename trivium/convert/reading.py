"""A checkpoint as a mapping of names to arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from trivium.core.errors import CheckpointError, ConfigError, KeyMismatch
from trivium.core.names import nearest

from .checkpoint import Checkpoint, open_checkpoint
from .plan import Match, fit


class NoSuchWeight(KeyMismatch, KeyError):
    """A checkpoint has no weight of that name."""


class Weights(Mapping[str, np.ndarray]):
    """The weights of a checkpoint by name. An array is read when it is asked for, and not kept.

    Attributes:
        checkpoint: The files, and their tensors as they lie there.
        network: The class whose weights these are, by its Transformers name; None if names are the file's own.
        config: config.json, as it is; None if there is none.
    """

    def __init__(self, checkpoint: Checkpoint, found: Match | None):
        self.checkpoint, self._found, self.config = checkpoint, found, checkpoint.config
        self.network = found.network.__name__ if found is not None else None

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self:
            raise NoSuchWeight("there is no such weight", path=self.checkpoint.path, key=name, hint=nearest(name, list(self)))
        return self.checkpoint.tensors[name].read() if self._found is None else self._found.read(name)

    def __contains__(self, name: object) -> bool:
        return name in (self.checkpoint.tensors if self._found is None else self._found.found)

    def __iter__(self) -> Iterator[str]:
        if self._found is None:
            return iter(self.checkpoint.tensors)
        return (name for name in self._found.layout.weights if name in self)

    def __len__(self) -> int:
        return len(self.checkpoint.tensors if self._found is None else self._found.found)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.checkpoint.close()


def open(src: str | Path, *, canonical: bool | None = None, trust: bool = False) -> Weights:
    """The weights of a checkpoint in any format, as a lazy mapping.

    Args:
        src: A directory, a weight file, an index or a Hub id.
        canonical: Whether names, shapes and axes are those of the Hub's PyTorch checkpoints, whatever the format; otherwise
            they are the file's own. If None they are the Hub's where Trivium has the architecture and everything fits.
        trust: Read HDF5 in this process, and not in a child with limits: for files whose origin you know.

    Raises:
        CheckpointError: It cannot be read; or with `canonical`, it does not fit its architecture.
        ConfigError: With `canonical`: its architecture is unknown.
        NoSuchWeight: On asking for a name that is not there; it is a KeyMismatch and a KeyError.
    """
    checkpoint = open_checkpoint(src, trust)
    try:
        if canonical is False:
            return Weights(checkpoint, None)
        found = fit(checkpoint)
        found.check()
        return Weights(checkpoint, found)
    except (CheckpointError, ConfigError):
        if canonical:
            checkpoint.close()
            raise
        return Weights(checkpoint, None)
