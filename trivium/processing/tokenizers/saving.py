"""Writing a tokenizer's files, as Transformers 4 and 5 read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trivium.convert.writing import write_text

from .specials import Specials

TOKENIZER, CONFIG, SPECIALS, ADDED = "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
TEMPLATE = "chat_template.jinja"


class Saved(Specials):
    """A tokenizer that can be written."""

    options: dict[str, Any]
    name: str
    chat_template: Any

    def save_pretrained(self, directory: str | Path, **_: Any) -> tuple[str, ...]:
        """Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json into a directory, made if need be.

        Returns:
            The paths of the files.

        Raises:
            WriteError: They could not be written.
        """
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        self.backend_tokenizer.no_truncation()
        self.backend_tokenizer.no_padding()
        write_text(folder / TOKENIZER, self.backend_tokenizer.to_str(pretty=True))
        return (str(folder / TOKENIZER), *self._save_configuration(folder))

    def _save_configuration(self, folder: Path) -> tuple[str, ...]:
        """Writes all but the vocabulary, and returns the paths."""
        texts = {SPECIALS: _json(dict(self.special_tokens_map)), CONFIG: _json(self.to_dict())}
        for name, text in texts.items():
            write_text(folder / name, text)
        return tuple(str(folder / name) for name in texts)

    def to_dict(self) -> dict[str, Any]:
        """What tokenizer_config.json says."""
        found = {**self.options, **self.special_tokens_map, "tokenizer_class": f"{self.name}Tokenizer" if self.name else None}
        for name in ("model_max_length", "padding_side", "truncation_side", "clean_up_tokenization_spaces"):
            found[name] = getattr(self, name)
        added = self.backend_tokenizer.get_added_tokens_decoder()
        names = ("content", "lstrip", "normalized", "rstrip", "single_word", "special")
        found["added_tokens_decoder"] = {
            str(number): {name: getattr(token, name) for name in names} for number, token in sorted(added.items())
        }
        if self.chat_template:
            template = self.chat_template
            found["chat_template"] = (
                template if isinstance(template, str) else [{"name": name, "template": text} for name, text in template.items()]
            )
        if self.name == "PreTrained":
            found["tokenizer_class"] = "PreTrainedTokenizerFast"
        return {name: value for name, value in found.items() if value is not None}


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
