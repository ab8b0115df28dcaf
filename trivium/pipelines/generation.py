"""What the pipelines share whose models write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.core.errors import InputError
from trivium.core.names import nearest
from trivium.generation.config import ARGUMENTS, GenerationConfig

from .base import Piece, Pipeline, Result


class GeneratingPipeline(Pipeline):
    """A pipeline whose model writes. Besides its own, its options are all of `generate`'s."""

    defaults: Mapping[str, Any] = {}
    """The fields of GenerationConfig that the checkpoint's files may leave to the pipeline."""

    def __init__(self, model: Any, *parts: Any, task: str = "", **options: Any):
        super().__init__(model, *parts, task=task, **options)
        if not hasattr(model, "generate"):
            raise InputError(f"{type(model).__name__} writes no texts, which {task} needs", key="model")
        self.generation_config = self._generation_config()

    def _generation_config(self) -> GenerationConfig:
        """The model's, with the pipeline's defaults where it says nothing, and what its config says of the task."""
        config = self.model.generation_config
        plain = GenerationConfig()
        unsaid = {name: value for name, value in self.defaults.items() if getattr(config, name) == getattr(plain, name)}
        if config.max_length != plain.max_length:
            unsaid.pop("max_new_tokens", None)
        of_tasks = (self.model.config.source or {}).get("task_specific_params")
        of_task = of_tasks.get(self.task) if isinstance(of_tasks, Mapping) else None
        known = GenerationConfig.names()
        said = {name: value for name, value in (of_task or {}).items() if name in known} if isinstance(of_task, Mapping) else {}
        if "max_length" in said:
            unsaid.pop("max_new_tokens", None)
        return config.replace(**{**unsaid, **said})

    def _checked(self, options: Mapping[str, Any]) -> dict[str, Any]:
        own = sorted(frozenset.union(*self._stages().values()))
        allowed = {*own, *GenerationConfig.names(), *ARGUMENTS[2:]}
        for name in options:
            if name not in allowed:
                raise InputError(f"{self.task} has no option {name!r}", key=name, hint=nearest(name, sorted(allowed)))
        return dict(options)

    def _split(self, options: Mapping[str, Any]) -> list[dict[str, Any]]:
        prepare, run, finish = super()._split(options)
        own = frozenset.union(*self._stages().values())
        return [prepare, {**run, **{name: value for name, value in options.items() if name not in own}}, finish]

    def run(self, batch: dict[str, np.ndarray], **options: Any) -> Mapping[str, Any]:
        """The texts (B, R, T), R for each row, that the model writes."""
        if "max_length" in options and "max_new_tokens" not in options:
            options["max_new_tokens"] = None
        if options.get("generation_config") is None:
            options["generation_config"] = self.generation_config
        given = {name: value for name, value in batch.items() if name != "token_type_ids"}
        first, *others = given.values() if self._prompts(given) else [None]
        names = list(given)[1:]
        out = self.model.generate(first, **dict(zip(names, others, strict=True)), **options)
        sequences = getattr(out, "sequences", out)
        sequences = self.runner.programs.array(sequences)
        rows = len(first) if first is not None else 1
        return {"sequences": sequences.reshape(rows, -1, sequences.shape[-1])}

    @staticmethod
    def _prompts(given: Mapping[str, np.ndarray]) -> bool:
        """Whether there are prompts, and not one without tokens."""
        return bool(given) and next(iter(given.values())).size > 0

    def collated(self, batch: list[Piece]) -> dict[str, np.ndarray]:
        # `generate` chooses the sizes of its programs itself
        if len(batch) == 1:
            return {name: np.asarray(value)[None] for name, value in batch[0].inputs.items()}
        return super().collated(batch)

    def texts(self, result: Result, **options: Any) -> list[str]:
        """What was written for a piece, as words."""
        sequences = result.out["sequences"]
        return [self.tokenizer.decode(tokens.tolist(), skip_special_tokens=True, **options) for tokens in sequences]
