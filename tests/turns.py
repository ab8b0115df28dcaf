"""What every run tries, and what takes turns, so that the time of all tests grows with the code and not with its combinations.

What is expensive, the compilers' part above all, is always tried on a choice of classes that runs every function of the
networks. The other classes differ from those in what they combine, a body of one with a head of another; of them every
commit tries a share, another each time. TRIVIUM_ALL_CLASSES=1 tries all of them, TRIVIUM_TURN=n another commit's share.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import FunctionType
from typing import Any

from tests.conftest import Golden, one_golden_per_class, stands_for_all
from trivium.models import catalogue

ALL = "TRIVIUM_ALL_CLASSES" in os.environ
TURNS = 6  # the commits, on average, until each has been tried


@functools.cache
def turn() -> int:
    """TRIVIUM_TURN, or a number that each commit has another of; 0 where there is no repository."""
    if "TRIVIUM_TURN" in os.environ:
        return int(os.environ["TRIVIUM_TURN"])
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(commit[:8], 16)


def has_its_turn(golden: Golden) -> bool:
    """Whether this commit tries a golden in what takes turns."""
    place = int(hashlib.sha256(repr(golden).encode()).hexdigest()[:8], 16)
    return ALL or (place + turn()) % TURNS == 0


def functions(network: type[Any]) -> set[tuple[str, str]]:
    """The functions of a network and its body, (module, qualified name), as inheritance has chosen them."""
    found = [inspect.getattr_static(network, name) for name in dir(network) if not name.startswith("__") or name == "__init__"]
    own = {(one.__module__, one.__qualname__) for one in found if isinstance(one, FunctionType)}
    body = getattr(network, "body_class", None)
    return own | (functions(body) if body else set())


def that_differ(goldens: Iterable[Golden]) -> list[Golden]:
    """Goldens whose classes have among them every function that the classes of all have; one of each architecture is in it."""
    seen: set[tuple[str, str]] = set()
    chosen = []
    for golden in sorted(goldens, key=lambda golden: not stands_for_all(golden)):
        code = functions(catalogue.network_class(golden.class_name))
        if stands_for_all(golden) or not code <= seen:
            chosen.append(golden)
            seen |= code
    return chosen


@functools.cache
def are_compiled() -> frozenset[Golden]:
    """Of `one_golden_per_class`, those that all compilers are tried on: the ones that differ, and the ones whose turn it is."""
    classes = one_golden_per_class()
    return frozenset(that_differ(classes)) | {golden for golden in classes if has_its_turn(golden)}
