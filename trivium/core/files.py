"""Reading small JSON files strictly: of bounded size, with no duplicate key and no NaN."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import Corrupt, LimitExceeded, NotFound

JSON_LIMIT = 10 * 2**20  # bytes; the Hub's own limit for config and index files
JSON_DEPTH = 64


def parse_json(text: bytes, path: object, limit: int = JSON_LIMIT) -> dict[str, Any]:
    """The JSON object in `text`; raises Corrupt or LimitExceeded, naming `path`."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise Corrupt(f"duplicate key {twice!r}", path=path, key=twice)
        return found

    def refuse(constant: str) -> float:
        raise Corrupt(f"{constant} is not a JSON number", path=path)

    def number(text: str) -> float:
        value = float(text)
        return refuse(text) if value in (float("inf"), float("-inf")) else value

    if len(text) > limit:
        raise LimitExceeded(f"{len(text):,} bytes of JSON; the limit is {limit:,}", path=path)
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse, parse_float=number)
    except RecursionError:
        raise Corrupt("JSON nested too deeply", path=path) from None
    except UnicodeDecodeError as error:
        raise Corrupt(f"not UTF-8 (byte {error.start})", path=path) from None
    except json.JSONDecodeError as error:
        raise Corrupt(f"not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}", path=path) from None
    except ValueError as error:  # an integer of thousands of digits
        raise Corrupt(f"not valid JSON: {error}", path=path) from None
    if not isinstance(found, dict):
        raise Corrupt(f"a JSON object is expected, not {type(found).__name__}", path=path)
    _check_depth(found, path)
    return found


def _check_depth(value: object, path: object, depth: int = 0) -> None:
    if depth > JSON_DEPTH:
        raise LimitExceeded(f"JSON nested deeper than {JSON_DEPTH}", path=path)
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, path, depth + 1)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in the file at `path`."""
    try:
        with open(path, "rb") as file:
            return parse_json(file.read(JSON_LIMIT + 1), path)
    except FileNotFoundError:
        raise NotFound("no such file", path=path) from None
