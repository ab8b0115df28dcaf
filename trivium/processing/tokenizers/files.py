"""A checkpoint's files of a tokenizer, read with checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trivium.core.errors import NotFound, TokenizerError

_LIMIT = 256 * 2**20  # bytes of a vocabulary


@dataclass
class Files:
    """A checkpoint's directory, and what its files say.

    Attributes:
        folder: The directory.
        options: tokenizer_config.json, with the family's defaults.
        specials: Role ("cls", "sep", ...) -> its token.
    """

    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    specials: Mapping[str, str] = field(default_factory=dict)

    def path(self, *names: str) -> Path:
        """The first of some files that is there.

        Raises:
            NotFound: None is.
        """
        for name in names:
            if (self.folder / name).is_file():
                return self.folder / name
        raise NotFound(
            f"the checkpoint has neither tokenizer.json nor {' nor '.join(names)}", path=self.folder, key=names[0],
            hint="its tokenizer was not saved with it: copy it from the model that it was trained from",
        )  # fmt: skip

    def text(self, *names: str) -> str:
        """The content of the first of some files that is there."""
        path = self.path(*names)
        if path.stat().st_size > _LIMIT:
            raise TokenizerError(f"a vocabulary of more than {_LIMIT:,} bytes", path=path)
        try:
            return path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise TokenizerError(f"not UTF-8: {error.reason} at byte {error.start}", path=path) from None

    def vocabulary(self, *names: str) -> dict[str, int]:
        """Token -> number, of a JSON file."""
        path = self.path(*names)
        try:
            found = json.loads(self.text(*names))
        except (ValueError, RecursionError) as error:
            raise TokenizerError(f"not valid JSON: {str(error)[:200]}", path=path) from None
        whole = isinstance(found, dict) and all(type(number) is int and 0 <= number < 2**31 for number in found.values())
        if not whole or len(set(found.values())) != len(found):
            raise TokenizerError("not an object of tokens and their numbers, each number once", path=path)
        return found

    def lines(self, *names: str) -> list[str]:
        """The lines of a text file."""
        return self.text(*names).split("\n")
