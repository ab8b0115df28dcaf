"""What the pipelines of texts share."""

from __future__ import annotations

from typing import Any

from trivium.core.errors import InputError


def tokenized(tokenizer: Any, text: Any, text_pair: Any = None, **options: Any) -> dict[str, Any]:
    """The inputs for one text or pair, as lists without the axis of the batch.

    Raises:
        InputError: It is longer than the model can take, and `truncation` was not asked for.
    """
    found = dict(tokenizer(text, text_pair, **{name: value for name, value in options.items() if value is not None}))
    check_length(tokenizer, len(found["input_ids"]))
    return found


def check_length(tokenizer: Any, length: int) -> None:
    """Raises InputError where a text has more tokens than the model has positions."""
    if length > tokenizer.model_max_length:
        raise InputError(
            f"the text has {length} tokens; the model takes {tokenizer.model_max_length}", key="truncation",
            hint="truncation=True cuts it",
        )  # fmt: skip
