"""The documentation says what the code says."""

from __future__ import annotations

from docs import support


def test_the_support_table_is_of_today() -> None:
    """README.md's table is the one that the code makes; `python -m docs.support` rewrites it."""
    readme = (support.ROOT / "README.md").read_text()
    assert support.updated(readme) == readme
