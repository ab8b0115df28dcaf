"""What a conversion would do, with nothing written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .names import key
from .opening import opened
from .saving import target_named
from .tensors import dtype_named, is_float


@dataclass(frozen=True)
class Move:
    """One weight on its way.

    Attributes:
        weight: Its name on the Hub.
        source: The key of the tensor that holds it; None if it is drawn, or as a new network has it.
        target: Its key in the target.
        source_shape: Its shape there, and `target_shape` its shape in the target.
        source_dtype: Its dtype there, and `target_dtype` its dtype in the target.
        axes: How the axes are turned: "oi -> io"; as they are if both sides are the same.
    """

    weight: str
    source: str | None
    target: str
    source_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    source_dtype: str
    target_dtype: str
    axes: str


@dataclass(frozen=True)
class Plan:
    """What a conversion would do.

    Attributes:
        source: The checkpoint.
        architecture: The model_type.
        network: The class that would be saved.
        from_format: The source's format, and `from_dialect` that of its names.
        to_format: The target's format, and `to_dialect` that of its names.
        moves: Every weight, in the network's order.
        left_out: Tensors of the source that a rule or a pattern leaves out.
        copies: Tensors of the source that are other names of a weight -> that weight.
        drawn: Weights that the source lacks, by leave of a pattern, and that would be drawn.
        begun: Weights that the source lacks, by a named rule, and that would be as a new network has them.
        bytes: The size of the values that would be written.
        notes: What else a user should know.
    """

    source: str
    architecture: str
    network: str
    from_format: str
    from_dialect: str
    to_format: str
    to_dialect: str
    moves: tuple[Move, ...]
    left_out: tuple[str, ...]
    copies: dict[str, str]
    drawn: tuple[str, ...]
    begun: tuple[str, ...]
    bytes: int
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The plan as `--json` prints it."""
        return asdict(self)


def dry_run(
    src: str | Path,
    to: str,
    dtype: str | None = None,
    ignore: Iterable[str] = (),
    allow_missing: Iterable[str] = (),
    rename: Mapping[str, str] | None = None,
    trust: bool = False,
    adapter: str | Path | None = None,
) -> Plan:
    """What `convert` with the same arguments would do.

    Raises:
        CheckpointError, ConfigError: As in `convert`, and before anything is written there.
    """
    target, kept = target_named(to), None if dtype is None else dtype_named(dtype)
    with opened(src, ignore, allow_missing, rename, trust, adapter) as found:
        moves = []
        for weight in found.layout:
            stored, place = found.dtype(weight.name), found.place(weight.name)
            written = kept if kept is not None and is_float(stored) else stored
            here, there = place.place(found.checkpoint.dialect).axes, weight.place(target.dialect).axes
            tensor = found.found.get(weight.name)
            moves.append(
                Move(
                    weight=weight.name,
                    source=None if tensor is None else tensor.key,
                    target=key(weight, found.layout, target.dialect, found.rules),
                    source_shape=weight.shape if tensor is None else tensor.shape,
                    target_shape=weight.shape_in(target.dialect),
                    source_dtype=stored.name,
                    target_dtype=written.name,
                    axes=here if here == there else f"{here} -> {there}",
                )
            )
        return Plan(
            source=str(src),
            architecture=found.config.model_type,
            network=found.network.__name__,
            from_format=found.checkpoint.format,
            from_dialect=found.checkpoint.dialect,
            to_format=target.kind.name,
            to_dialect=target.dialect,
            moves=tuple(moves),
            left_out=found.left_out,
            copies=dict(found.copies),
            drawn=found.drawn,
            begun=found.begun,
            bytes=sum(math.prod(move.target_shape) * dtype_named(move.target_dtype).itemsize for move in moves),
            notes=found.checkpoint.notes,
        )
