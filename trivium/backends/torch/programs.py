"""Programs (`trivium/core/programs.py`, which defines them) in PyTorch: as they are, or by torch.compile on request."""

from __future__ import annotations

import contextlib
import functools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree

from trivium.core import programs

from .inference import Inference, product_for
from .products import sum_of_products

_kept: weakref.WeakKeyDictionary[Any, dict[Any, Callable[..., Any]]] = weakref.WeakKeyDictionary()


def forget(model: Any) -> None:
    """Drops the programs of a model whose layers are to be others."""
    _kept.pop(model, None)


class Programs(programs.Programs):
    def __init__(self, model: Any, compiled: bool | None = None) -> None:
        self.model, self.compiles = model, bool(compiled)
        self.whole_loops = not self.compiles  # a loop over values breaks the graph: its step is compiled instead
        self.product = None if compiled is False else product_for(model)

    def __call__(self, run: Callable[..., Any], *static: Any) -> Callable[..., Any]:
        if not self.compiles:
            return functools.partial(run, self.model, *static)
        return functools.partial(self._compiled, run, static)

    def _compiled(self, run: Callable[..., Any], static: tuple[Any, ...], *tensors: Any) -> Any:
        """A program's results; it is compiled for the sizes of its tensors, by themselves, so that none crowds out another."""
        sizes = tuple(
            (tuple(leaf.shape), leaf.dtype) if isinstance(leaf, torch.Tensor) else None for leaf in _pytree.tree_leaves(tensors)
        )
        kept = _kept.setdefault(self.model, {})
        if (run, static, sizes) not in kept:
            model = weakref.ref(self.model)  # or the programs of a model would keep it alive

            product = self.product and sum_of_products  # a part of the program

            def program(*tensors: Any) -> Any:
                with Inference(product):
                    return run(model(), *static, *tensors)

            program.__code__ = program.__code__.replace()  # PyTorch counts compilations by code, and stops at eight
            kept[run, static, sizes] = torch.compile(program, dynamic=False)
        return kept[run, static, sizes](*tensors)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        training = [module for module in self.model.modules() if module.training]
        for module in training:
            module.training = False
        try:
            with torch.inference_mode(), contextlib.nullcontext() if self.compiles else Inference(self.product):
                yield
        finally:
            for module in training:
                module.training = True

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        return self.model._native(np.asarray(array))  # which may be a number

    def copy(self, tensors: Any) -> Any:
        return _pytree.tree_map_only(torch.Tensor, torch.clone, tensors)

    @staticmethod
    def array(tensor: Any) -> np.ndarray:
        return tensor.detach().cpu().numpy() if isinstance(tensor, torch.Tensor) else np.asarray(tensor)
