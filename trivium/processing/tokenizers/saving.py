"""Writing a tokenizer's files, as Transformers 4 and 5 read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trivium.convert.writing import replacing, write_text

from .specials import Specials

TOKENIZER, CONFIG, SPECIALS, ADDED = "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
TEMPLATE = "chat_template.jinja"


class Saved(Specials):
    """A tokenizer that can be written.

    Attributes:
        own_files: Name -> content of what it is saved as; None for tokenizer.json.
    """

    own_files: dict[str, bytes] | None = None

    options: dict[str, Any]
    name: str
    chat_template: Any

    def save_pretrained(self, directory: str | Path, **_: Any) -> tuple[str, ...]:
        """Writes a tokenizer into a directory, made if need be.

        These are tokenizer_config.json, special_tokens_map.json and tokenizer.json, or the files that it was made of, where
        Transformers reads those alone.

        Returns:
            The paths of the files.

        Raises:
            WriteError: They could not be written.
        """
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        self.backend_tokenizer.no_truncation()
        self.backend_tokenizer.no_padding()
        texts = {SPECIALS: _json(dict(self.special_tokens_map)), CONFIG: _json(self.to_dict())}
        if self.own_files is None:
            texts = {TOKENIZER: self.backend_tokenizer.to_str(pretty=True), **texts}
        for name, text in texts.items():
            write_text(folder / name, text)
        for name, content in (self.own_files or {}).items():
            with replacing(folder / name) as file:
                file.write(content)
        return tuple(str(folder / name) for name in (*texts, *(self.own_files or ())))

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
            found["tokenizer_class"], found["model_input_names"] = "PreTrainedTokenizerFast", self.model_input_names
        return {name: value for name, value in found.items() if value is not None}


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
