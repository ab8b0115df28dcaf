"""Tables that are made from the code, between two marks of a page."""

from __future__ import annotations


def between(text: str, begin: str, end: str, table: str) -> str:
    """A page's text with the table of today between its marks."""
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"
