"""From words to words: a checkpoint's tokenizer around `generate`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trivium.core import hub
from trivium.core.errors import ConfigError
from trivium.generation.streamers import Words


class Writer:
    """A checkpoint that writes, with its tokenizer.

    Args:
        source: A directory or a Hub id, with a tokenizer's files.
        backend: "torch", "flax", "tensorflow" or "numpy".
        options: Of `from_pretrained`.

    Raises:
        NotFound: There is no such checkpoint, or it has no tokenizer.
        TokenizerError: The tokenizer's files are damaged.
        ConfigError: Its class does not write texts.
    """

    def __init__(self, source: str | Path, backend: str = "torch", **options: Any) -> None:
        from trivium.processing.tokenizers import AutoTokenizer

        door: Any = importlib.import_module(f"trivium.{backend}")
        folder = hub.resolve(source)
        folder = folder if folder.is_dir() else folder.parent
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        config = door.AutoConfig.from_pretrained(folder)
        if not config.architectures:
            raise ConfigError("names no class", path=folder / "config.json", key="architectures")
        cls = getattr(door, config.architectures[0])
        if not hasattr(cls, "generate"):
            raise ConfigError(f"{cls.__name__} writes no texts", path=folder / "config.json", key="architectures")
        self.model = cls.from_pretrained(folder, **options)
        self._continues = not hasattr(cls, "encode")

    def write(self, prompt: str, **options: Any) -> str:
        """What follows a text, or what an encoder and decoder make of it. Options: those of `generate`."""
        return self._text(self.model.generate([self._ids(prompt)], **options), prompt)

    def stream(self, prompt: str, **options: Any) -> Iterator[str]:
        """The same, piece by piece as it is written."""
        words = Words(self.tokenizer, skip_special_tokens=True)
        for column in self.model.stream([self._ids(prompt)], **options):
            if piece := words.step(column[0]):
                yield piece
        yield words.rest()

    def _ids(self, prompt: str) -> list[int]:
        return self.tokenizer.encode(prompt)

    def _text(self, sequences: Any, prompt: str) -> str:
        skipped = len(self._ids(prompt)) if self._continues else 0
        return self.tokenizer.decode([int(token) for token in sequences[0]][skipped:], skip_special_tokens=True)


class Chat(Writer):
    """A conversation with a checkpoint that was trained for such, by its chat template.

    Args:
        source: A directory or a Hub id.
        backend: "torch", "flax", "tensorflow" or "numpy".
        system: What the first message of the system says, if there is to be one.
        options: Of `from_pretrained`.

    Attributes:
        messages: What was said: {"role", "content"} each.

    Raises:
        TemplateError: The checkpoint has no chat template.
        NotFound, TokenizerError, ConfigError: As of `Writer`.
    """

    def __init__(self, source: str | Path, backend: str = "torch", system: str | None = None, **options: Any) -> None:
        super().__init__(source, backend, **options)
        self.tokenizer.get_chat_template()
        self.messages: list[dict[str, str]] = [{"role": "system", "content": system}] if system else []

    def answer(self, text: str, **options: Any) -> Iterator[str]:
        """The answer to a message, piece by piece as it is written. Options: those of `generate`."""
        messages = [*self.messages, {"role": "user", "content": text}]
        prompt = self.tokenizer.apply_chat_template(messages, add_generation_prompt=True)
        words, pieces = Words(self.tokenizer, skip_special_tokens=True), []
        for column in self.model.stream([prompt], **options):
            pieces.append(words.step(column[0]))
            if pieces[-1]:
                yield pieces[-1]
        pieces.append(words.rest())
        yield pieces[-1]
        self.messages = [*messages, {"role": "assistant", "content": "".join(pieces).strip()}]
