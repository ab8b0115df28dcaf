"""Images, with or without words, to words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from trivium.core.errors import InputError

from . import scores
from .base import Piece, Pipeline, Result
from .generation import GeneratingPipeline
from .images import ImagePipeline, opened


class ImageToTextPipeline(GeneratingPipeline):
    """Describes images.

    Options:
        prompt: What the description begins with.
        timeout: Seconds to wait for an address.
        generate_kwargs: A dict of `generate`'s; they may also be given by themselves.

    Returns:
        For each image a list of {"generated_text"}.
    """

    needs: ClassVar[tuple[str, ...]] = ("tokenizer", "image_processor")
    defaults = {"max_new_tokens": 256}

    def prepare(self, item: Any, *, prompt: str | None = None, timeout: float | None = None) -> Iterator[Piece]:
        found = self.image_processor(opened(item, timeout), return_tensors="np")
        inputs = {"pixel_values": found["pixel_values"][0]}
        if prompt is not None:
            words = self.tokenizer(prompt)
            inputs |= {name: words[name] for name in ("input_ids", "attention_mask")}
        yield Piece(inputs)

    def run(self, batch: dict[str, np.ndarray], *, generate_kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        return super().run(batch, **{**options, **(generate_kwargs or {})})

    def finish(self, results: list[Result]) -> list[dict[str, str]]:
        return [{"generated_text": text} for text in self.texts(results[0])]

    def is_one(self, inputs: Any) -> bool:
        return ImagePipeline.is_one(self, inputs)  # type: ignore[arg-type]


class VisualQuestionAnsweringPipeline(Pipeline):
    """Answers questions about images: {"image": ..., "question": ...}, or both as arguments.

    Options:
        top_k: How many answers, the best first.
        timeout: Seconds to wait for an address.

    Returns:
        For each question a list of {"score", "answer"}.
    """

    needs: ClassVar[tuple[str, ...]] = ("tokenizer", "image_processor")

    def prepare(self, item: Mapping[str, Any], *, timeout: float | None = None) -> Iterator[Piece]:
        yield asked(self, item, timeout)

    def finish(self, results: list[Result], *, top_k: int = 5) -> list[dict[str, Any]]:
        found = scores.sigmoid(results[0].out["logits"])
        return [{"score": one["score"], "answer": one["label"]} for one in scores.ranked(found, self.model.config, top_k)]

    def __call__(self, image: Any, question: Any = None, **options: Any) -> Any:  # type: ignore[override]
        return super().__call__(paired(image, question), **options)


class GenerativeVisualQuestionAnsweringPipeline(GeneratingPipeline):
    """Answers questions about images in words of its own; see VisualQuestionAnsweringPipeline.

    Returns:
        For each question a list of {"answer"}.
    """

    needs: ClassVar[tuple[str, ...]] = ("tokenizer", "image_processor")
    defaults = {"max_new_tokens": 256}

    def prepare(self, item: Mapping[str, Any], *, timeout: float | None = None) -> Iterator[Piece]:
        yield asked(self, item, timeout)

    def finish(self, results: list[Result], *, top_k: int | None = None) -> list[dict[str, str]]:
        return [{"answer": text.strip()} for text in self.texts(results[0])]

    def __call__(self, image: Any, question: Any = None, **options: Any) -> Any:  # type: ignore[override]
        return super().__call__(paired(image, question), **options)


def asked(pipeline: Pipeline, item: Mapping[str, Any], timeout: float | None) -> Piece:
    """The piece of a question about an image."""
    if not isinstance(item, Mapping) or not {"image", "question"} <= set(item):
        raise InputError('an item is {"image": ..., "question": ...}', key="inputs")
    words = pipeline.tokenizer(item["question"])
    found = pipeline.image_processor(opened(item["image"], timeout), return_tensors="np")
    return Piece({**words, **{name: found[name][0] for name in found}})


def paired(image: Any, question: Any) -> Any:
    """Items of images and questions: each question with each image."""
    if question is None:
        return image
    images, questions = (value if isinstance(value, list) else [value] for value in (image, question))
    items = [{"image": one, "question": asked} for asked in questions for one in images]
    return items if isinstance(image, list) or isinstance(question, list) else items[0]
