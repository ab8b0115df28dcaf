"""The contestants of `forward.py`, one per process: `python -m benchmarks.contestants NAME CASE FOLDER`.

Reads lines from standard input and answers each with one of JSON on standard output: "forward" or "gradient" by the seconds of
one such step, "facts" by what tells whether contestants compute the same. It is run by the interpreters of several
environments, so it imports nothing of the project but the cases.

The loss is the mean of the output's cubes, for that of its squares is constant after a norm. Models are in their mode for
inference, in which nothing is drawn, so that losses and gradients can be compared; gradients are those of every weight.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from benchmarks.cases import CASES, Case, hub_inputs, inputs

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

Steps = tuple[Callable[[], Any], Callable[[], Iterable[Any]]]
"""The output; the gradient of the loss, by weight. Both are there when the call returns."""

# PyTorch


def transformers_torch(case: Case, folder: str, compiled: bool) -> Steps:
    import transformers

    return _torch(getattr(transformers, case.model).from_pretrained(f"{folder}/torch"), case, compiled)


def trivium_torch(case: Case, folder: str, compiled: bool) -> Steps:
    import trivium.torch

    return _torch(getattr(trivium.torch, case.model).from_pretrained(f"{folder}/torch"), case, compiled)


def _torch(model: Any, case: Case, compiled: bool) -> Steps:
    import torch

    arrays = {name: array.astype(np.int64) if array.dtype.kind == "i" else array for name, array in inputs(case).items()}
    given = {name: torch.from_numpy(array) for name, array in arrays.items()}
    model.eval()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    call = torch.compile(model) if compiled else model

    def forward() -> Any:
        with torch.inference_mode():
            return call(**given)[case.field]

    def gradient() -> Any:
        for weight in weights:
            weight.grad = None
        (call(**given)[case.field] ** 3).mean().backward()
        return [weight.grad for weight in weights if weight.grad is not None]

    return forward, gradient


# TensorFlow


def transformers_tensorflow(case: Case, folder: str, xla: bool) -> Steps:
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import transformers

    model = getattr(transformers, f"TF{case.model}").from_pretrained(f"{folder}/tensorflow")
    return _tensorflow(model, lambda given: model(given, training=False)[case.field], inputs(case), xla)


def trivium_tensorflow(case: Case, folder: str, xla: bool) -> Steps:
    import trivium.tensorflow

    model = getattr(trivium.tensorflow, case.model).from_pretrained(f"{folder}/torch")
    return _tensorflow(model, lambda given: model(**given)[case.field], inputs(case), xla)


def hub_tensorflow(case: Case, folder: str) -> Steps:
    model, given = _hub("tensorflow", case, folder)
    return _tensorflow(model, lambda given: _hub_output(case, model(given, training=False)), given, True)


def _tensorflow(model: Any, output: Callable[[Any], Any], arrays: Any, xla: bool) -> Steps:
    import tensorflow as tf

    weights = [weight if isinstance(weight, tf.Variable) else weight.value for weight in model.trainable_variables]
    given = tf.nest.map_structure(tf.constant, arrays)

    def derive(given: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(output(given) ** 3)
        found = tape.gradient(loss, weights)
        return [tf.convert_to_tensor(gradient) for gradient in found if gradient is not None]

    call, differentiate = tf.function(output, jit_compile=xla), tf.function(derive, jit_compile=xla)

    def gradient() -> Any:
        found = differentiate(given)
        found[-1].numpy()
        return found

    return lambda: call(given).numpy(), gradient


# JAX


def transformers_flax(case: Case, folder: str) -> Steps:
    import transformers

    model = getattr(transformers, f"Flax{case.model}").from_pretrained(f"{folder}/flax")
    has_state = "batch_stats" in model.params
    weights, state = (model.params["params"], {"batch_stats": model.params["batch_stats"]}) if has_state else (model.params, {})

    def output(weights: Any, given: Any) -> Any:
        return model(**given, params={"params": weights, **state} if has_state else weights, train=False)[case.field]

    return _jax(output, weights, inputs(case))


def trivium_flax(case: Case, folder: str) -> Steps:
    import trivium.flax

    model = getattr(trivium.flax, case.model).from_pretrained(f"{folder}/torch")
    return _jax(lambda weights, given: model.apply(weights, **given)[case.field], model.params, inputs(case))


def torchax(case: Case, folder: str) -> Steps:
    _name_overloads()
    import torchax
    import transformers

    model = getattr(transformers, case.model).from_pretrained(f"{folder}/torch").eval()
    trained = {name for name, _ in model.named_parameters()}
    arrays, call = torchax.extract_jax(model)
    weights = {name: array for name, array in arrays.items() if name in trained}
    others = {name: array for name, array in arrays.items() if name not in trained}
    return _jax(lambda weights, given: call({**weights, **others}, (), given)[case.field], weights, inputs(case))


def _name_overloads() -> None:
    """torchax 0.0.13 lists overloads by the names of dimensions, which PyTorch 2.13 has no more."""
    import torch

    packet: Any = type(torch.ops.aten.add)
    find = packet.__getattr__

    def find_or_name(self: Any, name: str) -> Any:
        try:
            return find(self, name)
        except AttributeError:
            if "imname" in name or "names" in name:
                return str(self), name
            raise

    packet.__getattr__ = find_or_name


def hub_jax(case: Case, folder: str) -> Steps:
    model, given = _hub("jax", case, folder)
    others = [variable.value for variable in model.non_trainable_variables]

    def output(weights: Any, given: Any) -> Any:
        return _hub_output(case, model.stateless_call(weights, others, given, training=False)[0])

    return _jax(output, [variable.value for variable in model.trainable_variables], given)


def _jax(output: Callable[[Any, Any], Any], weights: Any, arrays: Any) -> Steps:
    import jax
    import jax.numpy as jnp

    given = jax.tree.map(jnp.asarray, arrays)
    call = jax.jit(output)
    differentiate = jax.jit(jax.grad(lambda weights, given: (output(weights, given) ** 3).mean()))

    def gradient() -> Any:
        return jax.tree.leaves(jax.block_until_ready(differentiate(weights, given)))

    return lambda: call(weights, given).block_until_ready(), gradient


# KerasHub


def _hub(backend: str, case: Case, folder: str) -> Any:
    os.environ["KERAS_BACKEND"] = backend
    import keras_hub

    assert case.hub is not None
    cls = getattr(keras_hub.models, case.hub.backbone)
    hub = case.hub
    model = cls.from_preset(f"{folder}/torch") if hub.options is None else cls(**hub.options)
    return model, hub_inputs(hub, inputs(case))


def _hub_output(case: Case, found: Any) -> Any:
    assert case.hub is not None
    return found if case.hub.field is None else found[case.hub.field]


# Contestants by name


PYTORCH, TENSORFLOW, JAX = "PyTorch", "TensorFlow", "JAX"
CONTESTANTS: dict[str, dict[str, tuple[str, Callable[[Case, str], Steps]]]] = {
    PYTORCH: {
        "Transformers 5": ("transformers5", lambda c, f: transformers_torch(c, f, False)),
        "Transformers 5, compiled": ("transformers5", lambda c, f: transformers_torch(c, f, True)),
        "Trivium": ("", lambda c, f: trivium_torch(c, f, False)),
        "Trivium, compiled": ("", lambda c, f: trivium_torch(c, f, True)),
    },
    TENSORFLOW: {
        "Transformers 4": ("transformers4", lambda c, f: transformers_tensorflow(c, f, False)),
        "Transformers 4, XLA": ("transformers4", lambda c, f: transformers_tensorflow(c, f, True)),
        "KerasHub, XLA": ("keras_hub", hub_tensorflow),
        "Trivium": ("", lambda c, f: trivium_tensorflow(c, f, False)),
        "Trivium, XLA": ("", lambda c, f: trivium_tensorflow(c, f, True)),
    },
    JAX: {
        "Transformers 4": ("transformers4", transformers_flax),
        "KerasHub": ("keras_hub", hub_jax),
        "torchax": ("torchax", torchax),
        "Trivium": ("", trivium_flax),
    },
}  # fmt: skip
"""By framework and name: whose environment, and what makes the steps."""
ABSENT = {
    ("Transformers 4", TENSORFLOW): {"llama", "mixtral"},
    ("Transformers 4", JAX): {"deberta-v2", "mixtral", "swin"},
}
"""Architectures that Transformers 4 has not in that framework."""


def takes_part(name: str, framework: str, case: str) -> bool:
    """Whether a library has an architecture."""
    library = name.split(",")[0]
    return case not in ABSENT.get((library, framework), ()) and (library != "KerasHub" or CASES[case].hub is not None)


def facts(steps: Steps) -> dict[str, float]:
    """The mean of the output's cubes over that of their sizes, and the length of the gradient."""
    forward, gradient = steps
    output = np.asarray(forward(), np.float64)
    squares = (float(np.vdot(found, found)) for found in map(np.asarray, gradient()))
    return {"skew": float((output**3).mean() / (abs(output) ** 3).mean()), "gradient": sum(squares) ** 0.5}


def main() -> None:
    framework, name, case, folder = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    steps = CONTESTANTS[framework][name][1](CASES[case], folder)
    for line in sys.stdin:
        if line.strip() == "facts":
            print(json.dumps(facts(steps)), file=answers)
            continue
        step = steps[("forward", "gradient").index(line.strip())]
        start = time.perf_counter()
        step()
        print(time.perf_counter() - start, file=answers)


if __name__ == "__main__":
    main()
