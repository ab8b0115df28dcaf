"""Questions to the words of a text that answer them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from trivium.core.errors import InputError

from .base import Piece, Pipeline, Result


class QuestionAnsweringPipeline(Pipeline):
    """Finds the answer to a question in a text: {"question": ..., "context": ...}, or both as keyword arguments.

    Options:
        top_k: How many answers, the best first.
        max_answer_len: The most tokens of an answer.
        max_seq_len, doc_stride: The most tokens of question and text together, and how many the parts of a longer text share.
        max_question_len: The most tokens of a question, which is cut.
        handle_impossible_answer: Whether an empty answer may be the best.
        align_to_words: Whether answers begin and end with words.

    Returns:
        For each question {"score", "start", "end", "answer"}, or a list of such for top_k above 1.
    """

    token_outputs = ("start_logits", "end_logits")

    def prepare(
        self,
        item: Mapping[str, str],
        *,
        max_seq_len: int | None = None,
        doc_stride: int | None = None,
        max_question_len: int = 64,
    ) -> Iterator[Piece]:
        question, context = _both(item)
        most = min(self.tokenizer.model_max_length, 384) if max_seq_len is None else max_seq_len
        stride = min(most // 2, 128) if doc_stride is None else doc_stride
        if stride > most:
            raise InputError(f"doc_stride = {stride} is above max_seq_len = {most}", key="doc_stride")
        cut = self.tokenizer(question, truncation=True, max_length=max_question_len, add_special_tokens=False)
        if len(cut["input_ids"]) == max_question_len:
            question = self.tokenizer.decode(cut["input_ids"])
        first = self.tokenizer.padding_side == "right"
        found = self.tokenizer(
            question if first else context,
            context if first else question,
            truncation="only_second" if first else "only_first",
            max_length=most,
            stride=stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        for part in range(len(found["input_ids"])):
            names = [name for name in found if name not in ("overflow_to_sample_mapping", "offset_mapping")]
            about = {"context": context, "encoding": found, "part": part, "sequence": 1 if first else 0}
            yield Piece({name: found[name][part] for name in names}, about)

    def finish(
        self,
        results: list[Result],
        *,
        top_k: int = 1,
        max_answer_len: int = 15,
        handle_impossible_answer: bool = False,
        align_to_words: bool = True,
    ) -> Any:
        answers = self.answers(results, top_k, max_answer_len, handle_impossible_answer, align_to_words)
        return answers[0] if len(answers) == 1 else answers

    def answers(
        self, results: list[Result], top_k: int, longest: int, may_be_none: bool, align: bool = False
    ) -> list[dict[str, Any]]:
        """The best answers of all parts of a text, the best first."""
        for name, value in (("top_k", top_k), ("max_answer_len", longest)):
            if value < 1:
                raise InputError(f"{name} = {value} is below 1", key=name)
        answers, nothing = [], 1e6
        for result in results:
            start, end, allowed = self._chances(result)
            nothing = min(nothing, float(start[0] * end[0]))
            start[0] = end[0] = 0.0  # the first token stands for no answer
            for begin, last, score in _best(start, end, allowed, top_k, longest):
                found = self.answer(result.piece, begin, last, align)
                answers += [] if found is None else [{"score": float(score), **found}]
        if may_be_none:
            answers.append({"score": nothing, "start": 0, "end": 0, "answer": ""})
        return sorted(answers, key=lambda answer: -answer["score"])[:top_k]

    def answer(self, piece: Piece, begin: int, last: int, align: bool) -> dict[str, Any] | None:
        """The answer that two tokens bound."""
        first, stop = self._characters(piece, begin, last, align)
        return {"start": first, "end": stop, "answer": piece.about["context"][first:stop]}

    def _chances(self, result: Result) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The chances of each token to begin and to end the answer, and which may."""
        about = result.piece.about
        sequences = about["encoding"].sequence_ids(about["part"])
        ids = np.asarray(result.piece.inputs["input_ids"])
        allowed = np.array([one == about["sequence"] for one in sequences])
        if self.tokenizer.cls_token_id is not None:
            allowed |= ids == self.tokenizer.cls_token_id
        found = []
        for name in ("start_logits", "end_logits"):
            logits = np.where(allowed, result.out[name], -10000.0).astype(np.float32)
            powers = np.exp(logits - logits.max())
            found.append(powers / powers.sum())
        return found[0], found[1], allowed

    def _characters(self, piece: Piece, begin: int, last: int, align: bool) -> tuple[int, int]:
        """Where an answer begins and ends in the text."""
        found, part = piece.about["encoding"], piece.about["part"]
        offsets, words = found["offset_mapping"][part], found.word_ids(part)
        first, stop = offsets[begin][0], offsets[last][1]
        if align and words[begin] is not None and words[last] is not None:
            same = [i for i, one in enumerate(found.sequence_ids(part)) if one == piece.about["sequence"]]
            first = min(offsets[i][0] for i in same if words[i] == words[begin])
            stop = max(offsets[i][1] for i in same if words[i] == words[last])
        return int(first), int(stop)

    def __call__(self, inputs: Any = None, *, question: Any = None, context: Any = None, **options: Any) -> Any:
        if question is not None:
            if isinstance(question, list):
                contexts = context if isinstance(context, list) else [context] * len(question)
                if len(contexts) != len(question):
                    raise InputError(f"{len(question)} questions, but {len(contexts)} texts", key="context")
                inputs = [{"question": q, "context": c} for q, c in zip(question, contexts, strict=True)]
            else:
                inputs = {"question": question, "context": context}
        if inputs is None:
            raise InputError("there is no question", key="question", hint='question="...", context="..."')
        found = super().__call__(inputs, **options)
        return found[0] if isinstance(inputs, list) and len(inputs) == 1 else found


def _both(item: Any) -> tuple[str, str]:
    for name in ("question", "context"):
        if not isinstance(item, Mapping) or not isinstance(item.get(name), str) or not item[name].strip():
            raise InputError(f"an item has a question and a context; this one has no {name}", key=name)
    return item["question"], item["context"]


def _best(
    start: np.ndarray, end: np.ndarray, allowed: np.ndarray, top_k: int, longest: int
) -> Iterator[tuple[int, int, float]]:
    """The spans with the highest products of chances, no longer than `longest`."""
    scores = np.tril(np.triu(np.outer(start, end)), longest - 1)
    for place in np.argsort(-scores, axis=None, kind="stable")[:top_k]:
        begin, last = (int(i) for i in np.unravel_index(place, scores.shape))
        if allowed[begin] and allowed[last]:
            yield begin, last, scores[begin, last]
