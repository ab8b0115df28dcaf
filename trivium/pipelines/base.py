"""What every pipeline does: items become pieces, pieces batches, batches are run, and the results are the items' again."""

from __future__ import annotations

import functools
import inspect
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import tqdm

from trivium.core.errors import InputError, LimitExceeded, NotFound
from trivium.core.names import nearest

from .running import Runner

LENGTHS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""The lengths that texts are padded to where programs are compiled; above, multiples of 256."""

_MANY = 100  # items from which on a progress bar is worth its place


@dataclass
class Piece:
    """A part of an item that goes through the model at once.

    Attributes:
        inputs: The model's inputs by name, without the axis of the batch.
        about: Whatever is needed to understand the output.
    """

    inputs: dict[str, Any]
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """The number of its tokens; 0 if it has none."""
        return len(self.inputs.get("input_ids", ()))


@dataclass
class Result:
    """What the model made of a piece.

    Attributes:
        piece: The piece.
        out: The output's fields by name, without the axis of the batch and without padding.
    """

    piece: Piece
    out: dict[str, Any]


class Pipeline:
    """From raw inputs to answers. A subclass says how an item is prepared, and how the results are finished.

    Keyword arguments of `prepare`, `run` and `finish` are the pipeline's options: in the constructor for every call, or in one.

    Args:
        model: A model of any framework.
        tokenizer, image_processor, feature_extractor: Those that the task needs.
        task: The task's name, for errors.
        batch_size: How many pieces go through the model at once.
        **options: Of every call, unless it says otherwise.

    Raises:
        InputError: A part is missing, or there is no such option.
    """

    needs: ClassVar[tuple[str, ...]] = ("tokenizer",)
    token_outputs: ClassVar[tuple[str, ...]] = ()
    """The fields of the output that have an axis of tokens, the first after the batch's; padding is cut off there."""
    compiled: ClassVar[bool | None] = None

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        image_processor: Any = None,
        feature_extractor: Any = None,
        *,
        task: str = "",
        batch_size: int = 8,
        **options: Any,
    ):
        self.model, self.tokenizer, self.task, self.batch_size = model, tokenizer, task, batch_size
        self.image_processor, self.feature_extractor = image_processor, feature_extractor
        for name in self.needs:
            if getattr(self, name) is None:
                raise InputError(f"{task} needs {_ARTICLES[name]}", key=name, hint=f"pass {name}=...")
        self.options = self._checked(options)

    @functools.cached_property
    def runner(self) -> Runner:
        """The model as a function of arrays."""
        return Runner(self.model, self.compiled)

    # What a subclass says

    def prepare(self, item: Any) -> Iterator[Piece]:
        """The pieces of an item."""
        raise NotImplementedError  # pragma: no cover

    def run(self, batch: dict[str, np.ndarray]) -> Mapping[str, Any]:
        """What the model makes of a batch."""
        return self.runner(batch)

    def finish(self, results: list[Result]) -> Any:
        """The answer for an item, of what the model made of its pieces."""
        raise NotImplementedError  # pragma: no cover

    def is_one(self, inputs: Any) -> bool:
        """Whether this is one item, and not several."""
        several = isinstance(inputs, (list, tuple)) or hasattr(inputs, "__next__")
        return not several and (
            hasattr(inputs, "shape") or isinstance(inputs, (str, bytes, Mapping)) or not _is_dataset(inputs)
        )

    # Calls

    def __call__(self, inputs: Any, *, batch_size: int | None = None, progress: bool | None = None, **options: Any) -> Any:
        """The answer for one item; a list of them for a list; an iterator, which answers as it goes, for one or a dataset.

        Args:
            inputs: One item or several; see the task.
            batch_size: How many pieces go through the model at once, if not as many as usual.
            progress: Whether to show a progress bar; None: for many items, on a terminal.
            **options: The task's.

        Raises:
            InputError: An item or an option is not what the task takes.
        """
        chosen = {**self.options, **self._checked(options)}
        size = batch_size or self.batch_size
        if self.is_one(inputs):
            return next(self._answers([inputs], size, chosen))
        items = inputs if hasattr(inputs, "__iter__") else (inputs[index] for index in range(len(inputs)))
        count = len(inputs) if hasattr(inputs, "__len__") else None
        if progress is None:
            progress = (count or 0) > _MANY and sys.stderr.isatty()
        answers = tqdm.tqdm(self._answers(items, size, chosen), self.task, count, disable=not progress)
        return list(answers) if isinstance(inputs, (list, tuple)) else iter(answers)

    def _answers(self, items: Iterable[Any], size: int, options: Mapping[str, Any]) -> Iterator[Any]:
        prepare, run, finish = self._split(options)
        source = iter(items)
        while window := list(itertools.islice(source, max(1, 4 * size if size > 1 else 1))):
            found = [list(self.prepare(item, **prepare)) for item in window]
            pieces = list(itertools.chain.from_iterable(found))
            results: dict[int, Result] = {}
            for batch in self._batches(pieces, size):
                out = self.run(self.collated(batch), **run)
                for row, piece in enumerate(batch):
                    results[id(piece)] = Result(piece, self._row(out, row, piece, len(batch)))
            for parts in found:
                yield self.finish([results[id(piece)] for piece in parts], **finish)

    # Batches

    def _batches(self, pieces: list[Piece], size: int) -> Iterator[list[Piece]]:
        """Pieces that can go together, those of like lengths, so that little is padding."""

        def shapes(piece: Piece) -> str:
            return str([np.shape(value) for name, value in piece.inputs.items() if name not in _TEXT or not self._can_pad])

        order = sorted(pieces, key=lambda piece: (shapes(piece), piece.length)) if size > 1 else pieces
        for _, alike in itertools.groupby(order, shapes):
            group = list(alike)
            yield from (group[first : first + size] for first in range(0, len(group), size))

    def collated(self, batch: list[Piece]) -> dict[str, np.ndarray]:
        """A batch of pieces as arrays; texts are padded as the tokenizer does it, all else is of one shape."""
        names = list(batch[0].inputs)
        rows = {name: [piece.inputs[name] for piece in batch] for name in names}
        if self.runner.programs.compiles and len(batch) > 1:  # few sizes are compiled: the last row stands in for others
            wanted = 1 << (len(batch) - 1).bit_length()
            rows = {name: values + [values[-1]] * (wanted - len(batch)) for name, values in rows.items()}
        if "input_ids" in rows and self._pads(batch):
            texts = {name: rows.pop(name) for name in list(rows) if name in _TEXT}
            rows |= self.tokenizer.pad(texts, padding="max_length", max_length=self._width(batch), return_tensors="np")
        found = {name: np.stack([np.asarray(value) for value in rows[name]]) for name in rows}
        if "input_ids" in found:
            check_tokens(self.model.config, found["input_ids"])
        return found

    def _pads(self, batch: list[Piece]) -> bool:
        return self._can_pad and (self.runner.programs.compiles or len({piece.length for piece in batch}) > 1)

    @property
    def _can_pad(self) -> bool:
        """Whether padding leaves the answers as they are."""
        return self.tokenizer is not None and self.tokenizer.pad_token_id is not None and "attention_mask" in self.runner.takes

    def _width(self, batch: list[Piece]) -> int:
        """How long the texts of a batch are padded."""
        longest = max(piece.length for piece in batch)
        if not self.runner.programs.compiles:
            return longest
        width = next((length for length in LENGTHS if length >= longest), -longest // 256 * -256)
        return max(longest, min(width, self.tokenizer.model_max_length))

    def _row(self, out: Mapping[str, Any], row: int, piece: Piece, rows: int) -> dict[str, Any]:
        found = {}
        for name, value in out.items():
            part = tuple(one[row] for one in value) if isinstance(value, tuple) else value[row]
            if name in self.token_outputs:
                part = part[-piece.length :] if self.tokenizer.padding_side == "left" else part[: piece.length]
            found[name] = part
        return found

    # Options

    @classmethod
    @functools.cache
    def _stages(cls) -> dict[str, frozenset[str]]:
        """The options of each stage."""
        return {
            stage: frozenset(
                p.name for p in inspect.signature(getattr(cls, stage)).parameters.values() if p.kind is p.KEYWORD_ONLY
            )
            for stage in ("prepare", "run", "finish")
        }

    def _split(self, options: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The options of `prepare`, `run` and `finish`."""
        return [{name: options[name] for name in options if name in taken} for taken in self._stages().values()]

    def _checked(self, options: Mapping[str, Any]) -> dict[str, Any]:
        known = sorted(frozenset.union(*self._stages().values()))
        for name in options:
            if name not in known:
                raise InputError(
                    f"{self.task or type(self).__name__} has no option {name!r}", key=name, hint=nearest(name, known)
                )
        return dict(options)


_TEXT = ("input_ids", "attention_mask", "token_type_ids", "special_tokens_mask")


def check_tokens(config: Any, ids: np.ndarray) -> None:
    """Raises InputError where a token (B, T) has no row in the model's table, for which frameworks give an error or any row."""
    rows = vars(config).get("vocab_size")
    if rows is not None and ids.size and ids.max() >= rows:
        raise InputError(
            f"the tokenizer gives the token {ids.max()}, and the model knows {rows}", key="input_ids",
            hint="the tokenizer is another model's, or has new tokens: model.resize_token_embeddings(len(tokenizer))",
        )  # fmt: skip


_ARTICLES = {"tokenizer": "a tokenizer", "image_processor": "an image processor", "feature_extractor": "a feature extractor"}


def _is_dataset(inputs: Any) -> bool:
    return hasattr(inputs, "__iter__") or (hasattr(inputs, "__len__") and hasattr(inputs, "__getitem__"))


_FETCHED = 2**28  # bytes at most


def fetched(address: str, timeout: float | None = None) -> bytes:
    """What an address (http, https) gives.

    Raises:
        NotFound: Nothing.
        LimitExceeded: More than 256 MiB.
    """
    import urllib.request

    try:
        with urllib.request.urlopen(address, timeout=timeout) as found:
            content = found.read(_FETCHED + 1)
    except (OSError, ValueError) as error:
        raise NotFound(f"nothing was to be had there: {error}", path=address) from None
    if len(content) > _FETCHED:
        raise LimitExceeded(f"more than {_FETCHED:,} bytes", path=address)
    return content
