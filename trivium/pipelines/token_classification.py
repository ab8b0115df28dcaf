"""Texts to labels of their words: names of persons and places, parts of speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from trivium.core.errors import InputError

from .base import Piece, Pipeline, Result
from .scores import softmax

STRATEGIES = ("none", "simple", "first", "average", "max")


class TokenClassificationPipeline(Pipeline):
    """Labels the tokens of a text, or the words and names that they make up.

    Options:
        aggregation_strategy: "none": every token by itself. "simple": tokens that follow each other with the same label are
            one; labels may begin with B- and I- for the beginning and the inside of a name. "first", "average", "max": the
            same of whole words, which get the label of their first token, of their tokens' mean, or of the surest token.
        ignore_labels: Labels that are left out of the answer; "O" if not given.
        stride: How many tokens two parts of a text share that is longer than the model can take; without it, it is cut.

    Returns:
        For each text a list of {"entity" or "entity_group", "score", "index", "word", "start", "end"}.
    """

    token_outputs = ("logits",)

    def prepare(self, item: str, *, stride: int | None = None) -> Iterator[Piece]:
        if not isinstance(item, str):
            raise InputError(f"{self.task} takes texts, not {type(item).__name__}", key="inputs")
        if stride is not None and stride >= self.tokenizer.model_max_length:
            raise InputError(
                f"stride = {stride} is no less than a text's length of {self.tokenizer.model_max_length}", key="stride"
            )
        parts = {} if stride is None else {"return_overflowing_tokens": True, "stride": stride}
        found = self.tokenizer(
            [item], truncation=True, return_special_tokens_mask=True, return_offsets_mapping=True, **parts
        )  # fmt: skip
        for part in range(len(found["input_ids"])):
            values = {name: rows[part] for name, rows in found.items() if name != "overflow_to_sample_mapping"}
            about = {name: values.pop(name) for name in ("special_tokens_mask", "offset_mapping")}
            yield Piece(values, {"text": item, **about})

    def finish(
        self,
        results: list[Result],
        *,
        aggregation_strategy: str = "none",
        ignore_labels: Sequence[str] = ("O",),
        grouped_entities: bool | None = None,
    ) -> list[dict[str, Any]]:
        if grouped_entities is not None:  # what it was called before
            aggregation_strategy = "simple" if grouped_entities else "none"
        strategy = str(getattr(aggregation_strategy, "value", aggregation_strategy)).lower()
        if strategy not in STRATEGIES:
            raise InputError(
                f"aggregation_strategy = {strategy!r} is none of: {', '.join(STRATEGIES)}", key="aggregation_strategy"
            )
        if len(results) > 1 and strategy == "none":
            raise InputError(
                "parts of a text can only be joined where tokens are", key="aggregation_strategy", hint='say "simple"'
            )
        found = []
        for result in results:
            tokens = self._tokens(result, strategy)
            entities = tokens if strategy in ("none", "simple") else [self._word(word, strategy) for word in _words(tokens)]
            if strategy == "none":
                entities = [
                    {name: value for name, value in one.items() if name not in ("scores", "inside")} for one in entities
                ]
            else:
                entities = [self._group(group) for group in _groups(entities)]
            found += [one for one in entities if one.get("entity", one.get("entity_group")) not in ignore_labels]
        return _without_overlaps(found) if len(results) > 1 else found

    def _tokens(self, result: Result, strategy: str) -> list[dict[str, Any]]:
        """The tokens that are text, with their labels, and whether they go on with the word before."""
        ids, about = result.piece.inputs["input_ids"], result.piece.about
        scores, text = softmax(np.asarray(result.out["logits"])), about["text"]
        found = []
        for index, (start, end) in enumerate(about["offset_mapping"]):
            if about["special_tokens_mask"][index]:
                continue
            word = self.tokenizer.convert_ids_to_tokens(int(ids[index]))
            if self.tokenizer.marks_continuations:
                inside = len(word) != end - start
            else:
                inside = start > 0 and " " not in text[start - 1 : start + 1]
            if int(ids[index]) == self.tokenizer.unk_token_id:
                word, inside = text[start:end], False
            entity, score = self._best(scores[index])
            known = {"index": index, "word": word, "start": start, "end": end}
            found.append({"entity": entity, "score": score, **known, "scores": scores[index], "inside": inside})
        return found

    def _best(self, scores: np.ndarray) -> tuple[str, np.floating]:
        best = int(scores.argmax())
        return self.model.config.id2label[best], scores[best]

    def _word(self, tokens: list[dict[str, Any]], strategy: str) -> dict[str, Any]:
        """A word of its tokens."""
        if strategy == "first":
            scores = tokens[0]["scores"]
        elif strategy == "max":
            scores = max(tokens, key=lambda token: token["score"])["scores"]
        else:
            scores = np.mean([token["scores"] for token in tokens], axis=0)
        entity, score = self._best(scores)
        word = self.tokenizer.convert_tokens_to_string([token["word"] for token in tokens])
        return {"entity": entity, "score": score, "word": word, "start": tokens[0]["start"], "end": tokens[-1]["end"]}

    def _group(self, tokens: list[dict[str, Any]]) -> dict[str, Any]:
        """A name of its tokens or words."""
        return {
            "entity_group": tokens[0]["entity"].split("-", 1)[-1],
            "score": np.mean([token["score"] for token in tokens]),
            "word": self.tokenizer.convert_tokens_to_string([token["word"] for token in tokens]),
            "start": tokens[0]["start"],
            "end": tokens[-1]["end"],
        }


def _words(tokens: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Tokens, word by word."""
    number, numbers = 0, []
    for token in tokens:
        number += not token["inside"]
        numbers.append(number)
    for _, group in groupby(zip(numbers, tokens, strict=True), key=lambda pair: pair[0]):
        yield [token for _, token in group]


def _groups(entities: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """What follows each other with the same label; a label that begins with B- begins anew."""
    group: list[dict[str, Any]] = []
    for one in entities:
        if group and (one["entity"].startswith("B-") or _tag(one) != _tag(group[-1])):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _tag(entity: dict[str, Any]) -> str:
    name = entity["entity"]
    return name[2:] if name[:2] in ("B-", "I-") else name


def _without_overlaps(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of names that overlap, which two parts of a text have found, the longer; of those of one length, the surer."""
    found: list[dict[str, Any]] = []
    for one in sorted(entities, key=lambda entity: entity["start"]):
        if not found or not found[-1]["start"] <= one["start"] < found[-1]["end"]:
            found.append(one)
        elif (one["end"] - one["start"], one["score"]) > (found[-1]["end"] - found[-1]["start"], found[-1]["score"]):
            found[-1] = one
    return found
