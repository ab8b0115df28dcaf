"""Finding the name that was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint: the known names nearest to `name`, or all of them if none is near."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known[:12]
    return "did you mean " + " or ".join(map(repr, near)) + "?" if near else "there are none"
