"""Texts to texts: summaries, translations, and whatever else an encoder and a decoder were trained for."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

from trivium.core.errors import InputError

from .base import Piece, Result
from .generation import GeneratingPipeline
from .text import tokenized

logger = logging.getLogger("trivium")


class Text2TextGenerationPipeline(GeneratingPipeline):
    """Writes a text for each text.

    Options:
        truncation: The tokenizer's.
        return_tensors: Whether the answer is tokens.
        clean_up_tokenization_spaces: The tokenizer's `decode`'s.
        And all of `generate`'s; unless the checkpoint's files say otherwise, up to 256 tokens by 4 beams.

    Returns:
        For each text a list of {"generated_text"}, or one of them alone for each text of a list.
    """

    defaults = {"max_new_tokens": 256, "num_beams": 4}
    name = "generated"
    """What the answer's key begins with."""

    def prepare(self, item: str, *, truncation: Any = None) -> Iterator[Piece]:
        if not isinstance(item, str):
            raise InputError(f"{self.task} takes texts, not {type(item).__name__}", key="inputs")
        yield self._piece(self._said("prefix") + item, truncation)

    def _piece(self, text: str, truncation: Any) -> Piece:
        inputs = tokenized(self.tokenizer, text, truncation=truncation)
        return Piece({name: inputs[name] for name in ("input_ids", "attention_mask")})

    def _said(self, name: str) -> str:
        """What the config says of the task beside generation: T5's begin with "summarize: "."""
        of_task = ((self.model.config.source or {}).get("task_specific_params") or {}).get(self.task) or {}
        return str(of_task.get(name) or "")

    def finish(
        self, results: list[Result], *, return_tensors: bool = False, clean_up_tokenization_spaces: bool = False
    ) -> list[dict[str, Any]]:
        if return_tensors:
            return [{f"{self.name}_token_ids": tokens.tolist()} for tokens in results[0].out["sequences"]]
        texts = self.texts(results[0], clean_up_tokenization_spaces=clean_up_tokenization_spaces)
        return [{f"{self.name}_text": text} for text in texts]

    def __call__(self, inputs: Any, **options: Any) -> Any:
        found = super().__call__(inputs, **options)
        alone = isinstance(inputs, list) and all(len(answers) == 1 for answers in found)
        return [answers[0] for answers in found] if alone else found


class SummarizationPipeline(Text2TextGenerationPipeline):
    """Summarises texts; see Text2TextGenerationPipeline. The key is "summary_text"."""

    name = "summary"


class TranslationPipeline(Text2TextGenerationPipeline):
    """Translates texts; see Text2TextGenerationPipeline. The key is "translation_text".

    Options:
        src_lang, tgt_lang: The languages, by the tokenizer's codes, where a model has several; a task such as
            "translation_en_to_fr" says them, too.
    """

    name = "translation"

    def prepare(
        self, item: str, *, truncation: Any = None, src_lang: str | None = None, tgt_lang: str | None = None
    ) -> Iterator[Piece]:
        source, _ = self._languages(src_lang, tgt_lang)
        if source is not None and hasattr(self.tokenizer, "src_lang"):
            self.tokenizer.src_lang = source
        yield from super().prepare(item, truncation=truncation)

    def run(self, batch: Any, *, src_lang: str | None = None, tgt_lang: str | None = None, **options: Any) -> Any:
        _, target = self._languages(src_lang, tgt_lang)
        if target is not None and hasattr(self.tokenizer, "src_lang"):
            options.setdefault("forced_bos_token_id", self.tokenizer.lang_token_id(target))
        return super().run(batch, **options)

    def _languages(self, src_lang: str | None, tgt_lang: str | None) -> tuple[str | None, str | None]:
        named = re.fullmatch(r"translation_(\w+)_to_(\w+)", self.task)
        if src_lang is None and tgt_lang is None and named is not None:
            return named[1], named[2]
        return src_lang, tgt_lang
