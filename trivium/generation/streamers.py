"""What listens while a text is written: `streamer=` of `generate`. Names and arguments are those of Transformers."""

from __future__ import annotations

import queue
import sys
from typing import Any, TextIO

_UNSPACED = "\u2e80"  # from here on are the scripts of East Asia, which put no spaces between words


class Words:
    """Turns tokens that come one by one into text, no sooner than it can no longer change.

    Args:
        tokenizer: Has `decode(tokens, ...) -> text`.
        options: Of `decode`.
    """

    def __init__(self, tokenizer: Any, **options: Any) -> None:
        self._tokenizer, self._options, self._tokens, self._said = tokenizer, options, [], 0  # type: ignore[var-annotated]

    def step(self, token: int) -> str:
        """What one more token makes certain: whole words, since how one is spelled may depend on its next token."""
        self._tokens.append(int(token))
        text = self._tokenizer.decode(self._tokens, **self._options)
        whole = text.endswith("\n") or text[-1:] >= _UNSPACED
        certain = len(text) if whole else text.rfind(" ") + 1
        if text.endswith("\N{REPLACEMENT CHARACTER}") or certain <= self._said:
            return ""
        return self._until(text, certain)

    def rest(self) -> str:
        """What is left at the end."""
        text = self._tokenizer.decode(self._tokens, **self._options)
        return self._until(text, len(text))

    def _until(self, text: str, end: int) -> str:
        new, self._said = text[self._said : end], max(self._said, end)
        return new


class TextStreamer:
    """Prints a text as it is written, word by word.

    Args:
        tokenizer: Has `decode(tokens, ...) -> text`.
        skip_prompt: Whether to leave out the prompt.
        file: Where to print; None for stdout.
        options: Of `decode`: `skip_special_tokens=True`.
    """

    def __init__(self, tokenizer: Any, skip_prompt: bool = False, *, file: TextIO | None = None, **options: Any) -> None:
        self._tokenizer, self._skips, self._file, self._options = tokenizer, skip_prompt, file, options
        self._words, self._begun = Words(tokenizer, **options), False

    def put(self, tokens: Any) -> None:
        """Takes the prompt (1, T), and then each token (1,).

        Raises:
            ValueError: There are several texts, of which one alone can be read.
        """
        if len(tokens) != 1:
            raise ValueError(f"a streamer of text takes one text, not {len(tokens)}")
        prompt, self._begun = not self._begun, True
        if not (prompt and self._skips):
            text = "".join(map(self._words.step, tokens[0] if prompt else tokens))
            if text:
                self.on_finalized_text(text)

    def end(self) -> None:
        """Says the rest; what comes next is another text."""
        text = self._words.rest()
        self._words, self._begun = Words(self._tokenizer, **self._options), False
        self.on_finalized_text(text, stream_end=True)

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Prints a piece of text, and ends the line after the last."""
        file = self._file or sys.stdout
        file.write(text + ("\n" if stream_end else ""))
        file.flush()


class TextIteratorStreamer(TextStreamer):
    """Yields a text piece by piece to one thread, while another one generates.

    Args:
        tokenizer: Has `decode(tokens, ...) -> text`.
        skip_prompt: Whether to leave out the prompt.
        timeout: Seconds after which waiting for the next piece raises `queue.Empty`; None waits for ever.
        options: Of `decode`.
    """

    def __init__(self, tokenizer: Any, skip_prompt: bool = False, timeout: float | None = None, **options: Any) -> None:
        super().__init__(tokenizer, skip_prompt, **options)
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._timeout = timeout

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Hands a piece of text over, and says after the last that there are no more."""
        self._queue.put(text, timeout=self._timeout)
        if stream_end:
            self._queue.put(None, timeout=self._timeout)

    def __iter__(self) -> TextIteratorStreamer:
        return self

    def __next__(self) -> str:
        text = self._queue.get(timeout=self._timeout)
        if text is None:
            raise StopIteration
        return text
