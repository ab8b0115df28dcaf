"""Texts to labels that are only known now, by a model that tells whether one sentence follows from another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from trivium.core.errors import InputError

from .base import Piece, Pipeline, Result
from .scores import softmax
from .text import tokenized


class ZeroShotClassificationPipeline(Pipeline):
    """How well labels fit a text: whether "This example is sports." follows from it, by a model of natural language inference.

    Options:
        candidate_labels: The labels, a list or one text with commas; may be the second argument.
        hypothesis_template: The sentence, with {} for the label.
        multi_label: Whether several labels may fit, each by itself; otherwise their scores sum to one.

    Returns:
        For each text {"sequence", "labels", "scores"}, the best first.
    """

    def prepare(
        self,
        item: str,
        *,
        candidate_labels: str | Sequence[str] = (),
        hypothesis_template: str = "This example is {}.",
    ) -> Iterator[Piece]:
        labels = parsed(candidate_labels)
        if not isinstance(item, str) or not item:
            raise InputError(f"{self.task} takes texts, not {item!r}", key="sequences")
        for label in labels:
            sentence = hypothesis_template.format(label)
            if sentence == hypothesis_template:
                raise InputError(f"hypothesis_template = {sentence!r} has no place for a label", key="hypothesis_template")
            inputs = tokenized(self.tokenizer, item, sentence, truncation="only_first")
            yield Piece(inputs, {"text": item, "label": label})

    def finish(self, results: list[Result], *, multi_label: bool = False) -> dict[str, Any]:
        logits = np.stack([result.out["logits"] for result in results])  # (labels, L)
        follows = self.entailment_id
        if multi_label or len(results) == 1:
            found = softmax(logits[:, [-1 if follows == 0 else 0, follows]])[:, 1]
        else:
            found = softmax(logits[:, follows])
        order = np.argsort(found)[::-1]
        return {
            "sequence": results[0].piece.about["text"],
            "labels": [results[i].piece.about["label"] for i in order],
            "scores": found[order].tolist(),
        }

    @property
    def entailment_id(self) -> int:
        """The label that says that the second sentence follows.

        Raises:
            InputError: The model has none, and so is none of natural language inference.
        """
        for label, number in self.model.config.label2id.items():
            if label.lower().startswith("entail"):
                return int(number)
        raise InputError(
            f"the model's labels are {', '.join(self.model.config.label2id)}: none is 'entailment'", key="label2id",
            hint="a model of natural language inference is needed; or config.json lacks the names of its labels",
        )  # fmt: skip

    def __call__(self, inputs: Any, candidate_labels: Any = None, **options: Any) -> Any:
        if candidate_labels is not None:
            options["candidate_labels"] = candidate_labels
        return super().__call__(inputs, **options)


def parsed(labels: str | Sequence[str]) -> list[str]:
    """Labels of a list, or of one text with commas.

    Raises:
        InputError: There is none.
    """
    found = [label.strip() for label in labels.split(",")] if isinstance(labels, str) else list(labels)
    found = [label for label in found if label]
    if not found:
        raise InputError("there is no label to choose", key="candidate_labels", hint='candidate_labels=["sports", "politics"]')
    return found
