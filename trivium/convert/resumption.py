"""Taking up an interrupted conversion where it stopped.

A shard has its name as soon as it is whole, and not before; so what is finished is what is there. It stays if the plan is the
same, and is compared with the source bit for bit before it is relied on (see `saving`): that costs nothing while nothing is
interrupted, as hashes would, and proves more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trivium.core.errors import TriviumError
from trivium.core.files import read_json

from .writing import PLAN, remove, write_text


def take_up(folder: Path, plan: dict[str, Any], owns: Callable[[str], bool]) -> str | None:
    """Makes a temporary directory ready for a plan, and writes the plan into it.

    Args:
        folder: The directory: new, or left by an interrupted run.
        plan: All that the files depend on: names -> what JSON can hold.
        owns: Tells by name which files hold weights; of those left by the same plan these stay, and nothing else.

    Returns:
        Why nothing of what was left could be used; None if it could, or nothing was left.
    """
    path, reason = folder / PLAN, None
    plan = json.loads(json.dumps(plan))
    if path.exists():
        try:
            left = read_json(path)
        except TriviumError:
            left = {}
        changed = [name for name in plan if left.get(name) != plan[name]]
        reason = f"begun anew, since what was left is of another {' and '.join(changed)}" if changed else None
    for entry in folder.iterdir():
        if entry != path and (reason or not owns(entry.name)):
            remove(entry)
    write_text(path, json.dumps(plan, indent=2, sort_keys=True) + "\n")
    return reason


def shards(folder: Path, owns: Callable[[str], bool]) -> dict[str, int]:
    """The files of weights in a directory -> their inodes, by which those that stayed are told from new ones."""
    return {path.name: path.stat().st_ino for path in folder.iterdir() if owns(path.name)}
