"""From words to words: a checkpoint's tokenizer.json around `generate`, and a printer of what is being written."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from tokenizers import Tokenizer

from trivium.core import hub
from trivium.core.errors import ConfigError, Corrupt, NotFound

_UNSPACED = "\u2e80"  # from here on are the scripts of East Asia, which put no spaces between words


class Words:
    """Turns tokens that come one by one into text, no sooner than it can no longer change.

    Args:
        tokenizer: Has `decode(tokens) -> text`.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer, self._tokens, self._said = tokenizer, [], 0  # type: ignore[var-annotated]

    def add(self, token: int) -> str:
        """What one more token makes certain: whole words, since how one is spelled may depend on its next token."""
        self._tokens.append(int(token))
        text = self._tokenizer.decode(self._tokens)
        whole = text.endswith("\n") or text[-1:] >= _UNSPACED
        certain = len(text) if whole else text.rfind(" ") + 1
        if text.endswith("\N{REPLACEMENT CHARACTER}") or certain <= self._said:
            return ""
        return self._until(text, certain)

    def rest(self) -> str:
        """What is left at the end."""
        text = self._tokenizer.decode(self._tokens)
        return self._until(text, len(text))

    def _until(self, text: str, end: int) -> str:
        new, self._said = text[self._said : end], max(self._said, end)
        return new


class Printer:
    """A `streamer` that prints the continuation of one text as it is written.

    Args:
        tokenizer: Has `decode(tokens) -> text`.
        file: Where to print.
    """

    def __init__(self, tokenizer: Any, file: TextIO | None = None) -> None:
        self._words, self._file, self._begun = Words(tokenizer), file or sys.stdout, False

    def put(self, tokens: Any) -> None:
        """Prints what a column of tokens (1,) makes certain; the first call brings the prompt, which is not printed."""
        if self._begun:
            self._print(self._words.add(tokens[0]))
        self._begun = True

    def end(self) -> None:
        """Prints the rest, and ends the line."""
        self._print(self._words.rest() + "\n")

    def _print(self, text: str) -> None:
        if text:
            self._file.write(text)
            self._file.flush()


class Writer:
    """A checkpoint that writes, with its tokenizer.

    Args:
        source: A directory or a Hub id, with tokenizer.json.
        backend: "torch", "flax", "tensorflow" or "numpy".
        options: Of `from_pretrained`.

    Raises:
        NotFound: There is no such checkpoint, or it has no tokenizer.json.
        Corrupt: tokenizer.json is none.
        ConfigError: Its class does not write texts.
    """

    def __init__(self, source: str | Path, backend: str = "torch", **options: Any) -> None:
        door: Any = importlib.import_module(f"trivium.{backend}")
        folder = hub.resolve(source)
        folder = folder if folder.is_dir() else folder.parent
        self.tokenizer = read_tokenizer(folder)
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
        words = Words(self.tokenizer)
        for column in self.model.stream([self._ids(prompt)], **options):
            if piece := words.add(column[0]):
                yield piece
        yield words.rest()

    def _ids(self, prompt: str) -> list[int]:
        return self.tokenizer.encode(prompt).ids

    def _text(self, sequences: Any, prompt: str) -> str:
        skipped = len(self._ids(prompt)) if self._continues else 0
        return self.tokenizer.decode([int(token) for token in sequences[0]][skipped:])


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
        from trivium.processing.tokenizers import AutoTokenizer

        self.templates = AutoTokenizer.from_pretrained(source)
        self.templates.get_chat_template()
        super().__init__(source, backend, **options)
        self.messages: list[dict[str, str]] = [{"role": "system", "content": system}] if system else []

    def answer(self, text: str, **options: Any) -> Iterator[str]:
        """The answer to a message, piece by piece as it is written. Options: those of `generate`."""
        messages = [*self.messages, {"role": "user", "content": text}]
        prompt = self.templates.apply_chat_template(messages, add_generation_prompt=True)
        words, pieces = Words(self.tokenizer), []
        for column in self.model.stream([prompt], **options):
            pieces.append(words.add(column[0]))
            if pieces[-1]:
                yield pieces[-1]
        pieces.append(words.rest())
        yield pieces[-1]
        self.messages = [*messages, {"role": "assistant", "content": "".join(pieces).strip()}]


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a checkpoint directory."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise NotFound("no tokenizer.json", path=path, hint="save the tokenizer with a recent version of Transformers")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing narrower
        raise Corrupt(f"no tokenizer: {error}", path=path) from None
