"""Questions to the words on a page."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trivium.core.errors import InputError

from .base import Piece, Result
from .images import opened
from .question_answering import QuestionAnsweringPipeline


class DocumentQuestionAnsweringPipeline(QuestionAnsweringPipeline):
    """Finds the answer to a question on a page: {"image": ..., "question": ..., "word_boxes": ...}, or each as an argument.

    Word boxes are (word, (left, top, right, bottom)), in thousandths of the page's width and height. If none are given, the
    image is read by Tesseract, through pytesseract, where that is installed.

    Options:
        top_k: How many answers, the best first.
        max_answer_len: The most tokens of an answer.
        max_seq_len, doc_stride: The most tokens of question and page together, and how many the parts of a longer page share.
        handle_impossible_answer: Whether an empty answer may be the best.
        lang, tesseract_config: Of Tesseract.
        timeout: Seconds to wait for an address.

    Returns:
        For each question a list of {"score", "answer", "start", "end"}: the first and the last word, by their numbers.
    """

    def prepare(  # type: ignore[override]
        self,
        item: Mapping[str, Any],
        *,
        max_seq_len: int | None = None,
        doc_stride: int | None = None,
        lang: str | None = None,
        tesseract_config: str = "",
        timeout: float | None = None,
    ) -> Iterator[Piece]:
        if not isinstance(item, Mapping) or not isinstance(item.get("question"), str):
            raise InputError('an item is {"question": ..., "word_boxes": ...}, or has an image instead', key="inputs")
        found = item.get("word_boxes")
        if found is None:
            if item.get("image") is None:
                raise InputError("there is no page", key="image", hint="give image= or word_boxes=")
            found = read_page(opened(item["image"], timeout), lang, tesseract_config)
        words, boxes = [word for word, _ in found], [list(box) for _, box in found]
        most = self.tokenizer.model_max_length if max_seq_len is None else max_seq_len
        encoding = self.tokenizer(
            item["question"].split(),
            words,
            is_split_into_words=True,
            truncation="only_second",
            max_length=most,
            stride=min(most // 2, 256) if doc_stride is None else doc_stride,
            return_overflowing_tokens=True,
            return_token_type_ids=True,
        )
        for part in range(len(encoding["input_ids"])):
            names = [name for name in encoding if name != "overflow_to_sample_mapping"]
            inputs = {name: encoding[name][part] for name in names}
            about = {"words": words, "encoding": encoding, "part": part, "sequence": 1}
            yield Piece({**inputs, "bbox": self._boxes(encoding, part, inputs["input_ids"], boxes)}, about)

    def _boxes(self, encoding: Any, part: int, ids: Sequence[int], boxes: list[list[int]]) -> list[list[int]]:
        """A box for each token: its word's; the question's tokens are nowhere, separators at the far corner."""
        sequences, words = encoding.sequence_ids(part), encoding.word_ids(part)
        separator = self.tokenizer.sep_token_id
        return [
            boxes[word] if sequence == 1 else [1000] * 4 if token == separator else [0] * 4
            for token, sequence, word in zip(ids, sequences, words, strict=True)
        ]

    def collated(self, batch: list[Piece]) -> dict[str, np.ndarray]:
        texts = [
            dataclasses.replace(piece, inputs={name: value for name, value in piece.inputs.items() if name != "bbox"})
            for piece in batch
        ]
        found = super().collated(texts)
        boxes = np.zeros((*found["input_ids"].shape, 4), np.int64)
        for row, piece in zip(boxes, batch, strict=False):  # rows are filled up where programs are compiled
            row[: piece.length] = piece.inputs["bbox"]
        return {**found, "bbox": boxes}

    def finish(  # type: ignore[override]
        self, results: list[Result], *, top_k: int = 1, max_answer_len: int = 15, handle_impossible_answer: bool = False
    ) -> list[dict[str, Any]]:
        return self.answers(results, top_k, max_answer_len, handle_impossible_answer)

    def answer(self, piece: Piece, begin: int, last: int, align: bool) -> dict[str, Any] | None:
        of_words = piece.about["encoding"].word_ids(piece.about["part"])
        first, stop = of_words[begin], of_words[last]
        if first is None or stop is None:
            return None
        return {"answer": " ".join(piece.about["words"][first : stop + 1]), "start": first, "end": stop}

    def __call__(  # type: ignore[override]
        self, image: Any = None, question: str | None = None, word_boxes: Any = None, **options: Any
    ) -> Any:
        if question is None:
            return super().__call__(image, **options)
        return super().__call__({"image": image, "question": question, "word_boxes": word_boxes}, **options)


def read_page(image: Any, lang: str | None, config: str) -> list[tuple[str, tuple[int, ...]]]:
    """The words on a page and their boxes, in thousandths, as Tesseract reads them.

    Raises:
        InputError: pytesseract or Tesseract is not installed.
    """
    try:
        tesseract = importlib.import_module("pytesseract")
        found = tesseract.image_to_data(image, lang=lang, output_type="dict", config=config)
    except (ImportError, OSError) as error:
        raise InputError(
            f"a page is read by Tesseract, which is not there ({type(error).__name__})", key="image",
            hint="install Tesseract and pytesseract, or give word_boxes=[(word, (left, top, right, bottom)), ...]",
        ) from None  # fmt: skip
    width, height = image.size
    words = []
    for word, left, top, wide, high in zip(*(found[name] for name in ("text", "left", "top", "width", "height")), strict=True):
        if word.strip():
            sides = (left / width, top / height, (left + wide) / width, (top + high) / height)
            words.append((word, tuple(int(1000 * side) for side in sides)))
    return words
