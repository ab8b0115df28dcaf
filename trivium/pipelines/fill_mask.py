"""Masked words to those that fit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from trivium.core.errors import InputError

from .base import Piece, Pipeline, Result
from .scores import softmax
from .text import tokenized

logger = logging.getLogger("trivium")


class FillMaskPipeline(Pipeline):
    """The tokens that fit where a text has the tokenizer's mask token.

    Options:
        top_k: How many for each mask.
        targets: The words to choose among; of one that is more than one token, the first counts.
        tokenizer_kwargs: The tokenizer's.

    Returns:
        For each text a list of {"score", "token", "token_str", "sequence"}; a list of such lists where it has several masks.
    """

    token_outputs = ("logits",)

    def prepare(self, item: str, *, tokenizer_kwargs: Mapping[str, Any] | None = None) -> Iterator[Piece]:
        piece = Piece(tokenized(self.tokenizer, item, **(tokenizer_kwargs or {})))
        if self.tokenizer.mask_token_id not in piece.inputs["input_ids"]:
            raise InputError(
                f"the text has no {self.tokenizer.mask_token}: {item!r}",
                key="inputs",
                hint="put it where a word is to be found",
            )
        yield piece

    def finish(self, results: list[Result], *, top_k: int = 5, targets: str | Iterable[str] | None = None) -> Any:
        ids = np.asarray(results[0].piece.inputs["input_ids"])
        masked = np.flatnonzero(ids == self.tokenizer.mask_token_id)
        chances = softmax(np.asarray(results[0].out["logits"])[masked])
        among = np.arange(chances.shape[-1]) if targets is None else self._tokens(targets)
        found = []
        for place, row in zip(masked, chances[:, among], strict=True):
            best = np.argsort(-row, kind="stable")[:top_k]
            found.append([self._choice(ids, int(place), int(among[i]), float(row[i]), len(masked) == 1) for i in best])
        return found[0] if len(masked) == 1 else found

    def _choice(self, ids: np.ndarray, place: int, token: int, score: float, alone: bool) -> dict[str, Any]:
        filled = [token if i == place else int(one) for i, one in enumerate(ids) if one != self.tokenizer.pad_token_id]
        words = self.tokenizer.decode(filled, skip_special_tokens=alone)
        return {"score": score, "token": token, "token_str": self.tokenizer.decode([token]), "sequence": words}

    def _tokens(self, targets: str | Iterable[str]) -> np.ndarray:
        """The tokens of the words to choose among, each once."""
        vocabulary = self.tokenizer.get_vocab()
        found: dict[int, None] = {}
        for word in [targets] if isinstance(targets, str) else targets:
            token = vocabulary.get(word)
            if token is None:
                ids = self.tokenizer(word, add_special_tokens=False)["input_ids"]
                if not ids:
                    logger.warning("the target %r is nothing to the tokenizer, and is left out", word)
                    continue
                token = ids[0]
                name = self.tokenizer.convert_ids_to_tokens(token)
                logger.warning("the target %r is no token; %r, with which it begins, stands for it", word, name)
            found[int(token)] = None
        if not found:
            raise InputError("no target is left to choose among", key="targets")
        return np.array(list(found))

    def __call__(self, inputs: Any, **options: Any) -> Any:
        found = super().__call__(inputs, **options)
        return found[0] if isinstance(inputs, list) and len(inputs) == 1 else found
