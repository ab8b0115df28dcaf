"""The part of a model card (README.md) that says where converted weights came from."""

from __future__ import annotations

import re
from pathlib import Path

from trivium.core.errors import LimitExceeded

CARD = "README.md"
_BEGIN, _END = "<!-- trivium: where these weights come from -->", "<!-- trivium: end -->"
_LIMIT = 10 * 2**20  # bytes


def with_origin(folder: Path, files: list[str], target: str) -> str:
    """The model card of `folder`, with a line more about a conversion, in a marked section at its end.

    Args:
        folder: The directory of the source.
        files: The weight files that were read there.
        target: The weight file that was written, or its index.

    Raises:
        LimitExceeded: The card that is there is larger than any honest one.
    """
    path = folder / CARD
    if path.exists() and path.stat().st_size > _LIMIT:
        raise LimitExceeded(f"a model card of more than {_LIMIT:,} bytes", path=path)
    text = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
    rest, _, section = text.partition(_BEGIN)
    lines = [line for line in section.partition(_END)[0].splitlines() if line.startswith("- ")]
    lines.append(f"- `{target}` was converted by Trivium from {', '.join(f'`{name}`' for name in files)} of {_named(folder)}.")
    return f"{rest.rstrip()}\n\n{_BEGIN}\n".lstrip() + "\n".join(["## Conversion", "", *lines, _END, ""])


def _named(folder: Path) -> str:
    """A repository and its revision, where the folder is one of the Hub's cache; otherwise the folder's name."""
    found = re.search(r"models--([^/]+)/snapshots/([^/]+)", folder.absolute().as_posix())
    if found is None:
        return f"`{folder.absolute().name}`"
    return f"[{found[1].replace('--', '/')}](https://huggingface.co/{found[1].replace('--', '/')}), revision `{found[2]}`"
