"""Texts that are gone on with, and answers in a chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from trivium.core.errors import InputError

from .base import Piece, Result
from .generation import GeneratingPipeline
from .text import tokenized


class TextGenerationPipeline(GeneratingPipeline):
    """Goes on with texts; or with chats, lists of {"role", "content"}, by the tokenizer's chat template.

    Options:
        return_full_text: Whether the answer begins with the prompt; it does if not given.
        return_tensors: Whether the answer is tokens.
        prefix: A text before each prompt, which is no part of the answer.
        add_special_tokens, truncation: The tokenizer's.
        clean_up_tokenization_spaces: The tokenizer's `decode`'s.
        handle_long_generation: "hole" cuts the prompt on the left where it and the answer are more than the model can take.
        continue_final_message: Whether a chat's last message is gone on with; if not given, one of the assistant's is.
        And all of `generate`'s; unless the checkpoint's files say otherwise, 256 tokens are sampled at temperature 0.7.

    Returns:
        For each prompt a list of {"generated_text"} or {"generated_token_ids"}; a chat's text is the chat with the answer.
    """

    defaults = {"max_new_tokens": 256, "do_sample": True, "temperature": 0.7}

    def prepare(
        self,
        item: Any,
        *,
        prefix: str = "",
        add_special_tokens: bool | None = None,
        truncation: Any = None,
        handle_long_generation: str | None = None,
        continue_final_message: bool | None = None,
        max_new_tokens: int | None = None,
        max_length: int | None = None,
    ) -> Iterator[Piece]:
        options: dict[str, Any] = {"truncation": truncation}
        if truncation and max_length is not None:
            options["max_length"] = max_length
        if _is_chat(item):
            goes_on = _goes_on(item, continue_final_message)
            how = {"add_generation_prompt": not goes_on, "continue_final_message": goes_on, "tokenize": False}
            text, options["add_special_tokens"] = self.tokenizer.apply_chat_template(list(item), **how), False
        else:
            text, options["add_special_tokens"] = prefix + item, add_special_tokens
        inputs = tokenized(self.tokenizer, text, **options) if text else {"input_ids": [], "attention_mask": []}
        if handle_long_generation is not None:
            room = self._room(handle_long_generation, len(inputs["input_ids"]), max_new_tokens, max_length)
            inputs = {name: values[-room:] for name, values in inputs.items()}
        yield Piece({name: inputs[name] for name in ("input_ids", "attention_mask")}, {"prompt": item})

    def _room(self, how: str, length: int, max_new_tokens: int | None, max_length: int | None) -> int:
        """How many tokens of a prompt can stay."""
        if how != "hole":
            raise InputError(f"handle_long_generation = {how!r} is not 'hole'", key="handle_long_generation")
        config = self.generation_config
        new = max_new_tokens or (max_length - length if max_length else config.max_new_tokens or config.max_length - length)
        room = self.tokenizer.model_max_length - new
        if room <= 0:
            raise InputError(
                f"{new} new tokens leave none of the model's {self.tokenizer.model_max_length} for a prompt",
                key="max_new_tokens",
            )
        return min(room, length) if length else 1

    def run(
        self, batch: dict[str, np.ndarray], *, max_new_tokens: int | None = None, max_length: int | None = None, **options: Any
    ) -> Mapping[str, Any]:
        given = {"max_new_tokens": max_new_tokens, "max_length": max_length}
        return super().run(batch, **{name: value for name, value in given.items() if value is not None}, **options)

    def finish(
        self,
        results: list[Result],
        *,
        return_full_text: bool | None = None,
        return_text: bool | None = None,
        return_tensors: bool | None = None,
        clean_up_tokenization_spaces: bool | None = None,
        continue_final_message: bool | None = None,
    ) -> list[dict[str, Any]]:
        if return_tensors and (return_text or return_full_text is not None):
            raise InputError(
                "return_tensors gives no text, which return_text and return_full_text are of", key="return_tensors"
            )
        result = results[0]
        if return_tensors:
            return [{"generated_token_ids": tokens.tolist()} for tokens in result.out["sequences"]]
        options = {} if clean_up_tokenization_spaces is None else {"clean_up_tokenization_spaces": clean_up_tokenization_spaces}
        prompt = result.piece.about["prompt"]
        begins = self.tokenizer.decode(list(result.piece.inputs["input_ids"]), skip_special_tokens=True, **options)
        found = []
        for text in self.texts(result, **options):
            new = text[len(begins) :]
            full = new if return_full_text is False else _joined(prompt, new, _goes_on(prompt, continue_final_message))
            found.append({"generated_text": full})
        return found

    def is_one(self, inputs: Any) -> bool:
        return _is_chat(inputs) or super().is_one(inputs)


def _is_chat(item: Any) -> bool:
    return isinstance(item, (list, tuple)) and bool(item) and isinstance(item[0], Mapping)


def _goes_on(prompt: Any, asked: bool | None) -> bool:
    """Whether a chat's last message is gone on with, and not answered."""
    if not _is_chat(prompt):
        return False
    for message in prompt:
        if not {"role", "content"} <= set(message):
            raise InputError(f'a message of a chat has "role" and "content"; this one has {", ".join(map(repr, message))}')
    return prompt[-1]["role"] == "assistant" if asked is None else asked


def _joined(prompt: Any, new: str, goes_on: bool) -> Any:
    if isinstance(prompt, str):
        return prompt + new
    if goes_on:
        return [*prompt[:-1], {**prompt[-1], "content": prompt[-1]["content"] + new}]
    return [*prompt, {"role": "assistant", "content": new}]
