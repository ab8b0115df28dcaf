"""Opening a checkpoint for a conversion: its names mapped, matched with its class, and checked in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from trivium.core.errors import Collision, KeyMismatch

from .adapters import read_adapter
from .checkpoint import Checkpoint, open_checkpoint
from .plan import Match, fit
from .tensors import Tensor


@contextmanager
def opened(
    src: str | Path,
    ignore: Iterable[str] = (),
    allow_missing: Iterable[str] = (),
    rename: Mapping[str, str] | None = None,
    trust: bool = False,
    adapter: str | Path | None = None,
) -> Iterator[Match]:
    """The match of the checkpoint at `src` with the class that it was saved from; exact, but for what the patterns allow.

    Args:
        src: A directory, a weight file, an index or a Hub id.
        ignore: Patterns (as of `fnmatch`) of tensors to leave out.
        allow_missing: Patterns of weights that may be absent.
        rename: Prefix of the file's names -> what stands for it.
        trust: See `open_checkpoint`.
        adapter: A directory with a LoRA adapter to merge into the weights.

    Raises:
        CheckpointError, ConfigError: It, or the adapter, cannot be read, or does not fit.
    """
    with open_checkpoint(src, trust) as checkpoint:
        if rename:
            checkpoint.tensors = _renamed(checkpoint, rename)
        found = fit(checkpoint, ignore=ignore, allow_missing=allow_missing)
        found.check()
        if adapter is not None:
            found = replace(found, changes=read_adapter(adapter).changes(found.layout, found.config))
        yield found


def _renamed(checkpoint: Checkpoint, rename: Mapping[str, str]) -> dict[str, Tensor]:
    """The tensors by their new names. Of several prefixes that fit, the longest counts."""
    tensors: dict[str, Tensor] = {}
    used = set()
    for key, tensor in checkpoint.tensors.items():
        prefix = max((old for old in rename if key.startswith(old)), key=len, default=None)
        if prefix is not None:
            used.add(prefix)
            key = rename[prefix] + key[len(prefix) :]
        if key in tensors:
            raise Collision("two tensors have this name after the renaming", path=checkpoint.path, key=key)
        tensors[key] = replace(tensor, key=key)
    if unused := set(rename) - used:
        raise KeyMismatch(f"no name begins with {min(unused)!r}", path=checkpoint.path, key=min(unused))
    return tensors
