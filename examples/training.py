"""The same training in three frameworks, each by its own means: a PyTorch loop, `model.fit`, optax.

Each function takes a model and batches (dicts of NumPy arrays with labels) and returns the loss of every step; the model is
changed. Optimizers are "sgd" and "adamw", with the same constants everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Batch = dict[str, np.ndarray]

ADAMW = {"b1": 0.9, "b2": 0.999, "eps": 1e-10, "weight_decay": 0.01}


def by_torch(model: Any, batches: Sequence[Batch], optimizer: str, rate: float) -> list[float]:
    """A PyTorch loop."""
    import torch

    if optimizer == "sgd":
        chosen: Any = torch.optim.SGD(model.parameters(), rate)
    else:
        betas = ADAMW["b1"], ADAMW["b2"]
        chosen = torch.optim.AdamW(model.parameters(), rate, betas, ADAMW["eps"], ADAMW["weight_decay"])
    model.train()
    losses = []
    for batch in batches:
        loss = model(**{name: torch.from_numpy(array).long() for name, array in batch.items()}).loss
        chosen.zero_grad()
        loss.backward()
        chosen.step()
        losses.append(loss.item())
    return losses


def by_keras(model: Any, batches: Sequence[Batch], optimizer: str, rate: float) -> list[float]:
    """`model.compile` and `model.fit`, by the network's own loss."""
    import keras
    import tensorflow as tf

    if optimizer == "sgd":
        chosen: Any = keras.optimizers.SGD(rate)
    else:
        constants = {"beta_1": ADAMW["b1"], "beta_2": ADAMW["b2"], "epsilon": ADAMW["eps"]}
        chosen = keras.optimizers.AdamW(rate, ADAMW["weight_decay"], **constants)
    losses: list[float] = []

    class EachStep(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.model.reset_metrics()  # or the loss would be the mean since the epoch began

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            losses.append(float(logs["loss"]))

    model.compile(chosen)
    data = tf.data.Dataset.from_generator(
        lambda: iter(batches),
        output_signature={name: tf.TensorSpec(array.shape, array.dtype) for name, array in batches[0].items()},
    )
    model.fit(data.repeat(), epochs=1, steps_per_epoch=len(batches), shuffle=False, callbacks=[EachStep()], verbose=0)
    return losses


def by_optax(model: Any, batches: Sequence[Batch], optimizer: str, rate: float) -> list[float]:
    """`nnx.Optimizer` and optax, one compiled step."""
    import optax
    from flax import nnx

    chosen = nnx.Optimizer(model, optax.sgd(rate) if optimizer == "sgd" else optax.adamw(rate, **ADAMW), wrt=nnx.Param)
    model.train()

    @nnx.jit
    def step(model: Any, chosen: Any, batch: Any) -> Any:
        loss, grads = nnx.value_and_grad(lambda model: model(**batch).loss)(model)
        chosen.update(model, grads)
        return loss

    return [float(step(model, chosen, batch)) for batch in batches]


LOOPS: dict[str, Callable[..., list[float]]] = {"torch": by_torch, "tensorflow": by_keras, "flax": by_optax}
TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow", "flax": "Flax"}
