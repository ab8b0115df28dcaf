"""The four backends as the tests use them: how to hand over arrays and take results back."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

NAMES = ("numpy", "torch", "tensorflow", "flax")

FRAMEWORKS = NAMES[1:]

each_backend = pytest.mark.parametrize("backend", NAMES, indirect=True)
each_framework = pytest.mark.parametrize("backend", FRAMEWORKS, indirect=True)


def _compiled_torch(model: Any, backend: str = "eager") -> Any:
    import torch

    torch._dynamo.reset()
    # not down to machine code: what a network can get wrong is the graph
    return torch.compile(model, fullgraph=True, backend=backend, dynamic=False)


def _compiled_tensorflow(model: Any) -> Any:
    import tensorflow as tf

    function = tf.function(lambda arrays: model(**arrays), jit_compile=True)

    def call(**arrays: Any) -> Any:
        return function(tf.nest.map_structure(lambda x: tf.convert_to_tensor(x) if isinstance(x, np.ndarray) else x, arrays))

    return call


def _compiled_flax(model: Any) -> Any:
    owner, function = getattr(model, "__self__", model), getattr(model, "__func__", type(model).__call__)

    def call(**arrays: Any) -> Any:
        plain = {name: value for name, value in arrays.items() if isinstance(value, str | int | float | None)}
        trees = {name: value for name, value in arrays.items() if name not in plain}
        return _jitted()(owner, function, tuple(plain.items()), trees)

    return call


@functools.cache
def _jitted() -> Any:
    import jax

    return jax.jit(lambda owner, function, plain, arrays: function(owner, **arrays, **dict(plain)), static_argnums=(1, 2))


def _step(model: Any, objective: Callable[[Any], Any], options: dict[str, Any]) -> Callable[..., Any]:
    """(parameters, inputs) -> (objective, output), gradients; in JAX."""
    import jax

    def step(params: Any, arrays: Any) -> Any:
        out = model.apply(params, **arrays, **options)
        return objective(out), out

    return jax.value_and_grad(step, has_aux=True)


class Backend:
    """One backend: `door` has its classes, `array` makes its tensors, `numpy` reads them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.door = importlib.import_module(f"trivium.{name}")

    def array(self, value: Any) -> Any:
        """A NumPy array, or lists and dicts of them, as the framework's users would pass it."""
        if isinstance(value, dict):
            return {name: self.array(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.array(part) for part in value]
        if self.name == "torch":
            import torch

            if value.dtype.name == "bfloat16":  # which PyTorch cannot take from NumPy
                return torch.from_numpy(value.astype(np.float32)).to(torch.bfloat16)
            return torch.from_numpy(np.array(value))
        return value

    def call(self, model: Callable[..., Any], inputs: dict[str, np.ndarray], **options: Any) -> Any:
        """A model's output for inference; in JAX compiled, which takes less time than one operation after another."""
        if self.name == "flax":
            return self.compiled(model)(inputs, **options)
        arrays = {name: self.array(value) for name, value in inputs.items()}
        with self._inference():
            return model(**arrays, **options)

    def compiled(self, model: Callable[..., Any]) -> Callable[..., Any]:
        """The model as a compiled function (inputs, **options) -> output; NumPy's as it is."""
        run = {"torch": _compiled_torch, "tensorflow": _compiled_tensorflow, "flax": _compiled_flax}.get(self.name)
        function = run(model) if run else model

        def call(inputs: dict[str, np.ndarray], **options: Any) -> Any:
            with self._inference():
                return function(**{name: self.array(value) for name, value in inputs.items()}, **options)

        return call

    def learner(self, model: Any, compiled: bool = False) -> Callable[..., Any]:
        """The model in training, as a function inputs -> output; in JAX it is compiled anyway, which is quicker."""
        if self.name == "tensorflow":

            def function(**arrays: Any) -> Any:
                return model(**arrays, training=True)

            run: Callable[..., Any] = _compiled_tensorflow(function) if compiled else function
        elif self.name == "torch":
            run = _compiled_torch(model.train(), "aot_eager") if compiled else model.train()
        else:
            from flax import nnx

            step = nnx.jit(lambda model, arrays: model(**arrays))
            model.train()
            run = lambda **arrays: step(model, arrays)  # noqa: E731
        return lambda inputs: run(**{name: self.array(value) for name, value in inputs.items()})

    def _inference(self) -> contextlib.AbstractContextManager[Any]:
        if self.name == "torch":
            import torch

            return torch.no_grad()
        return contextlib.nullcontext()

    def train(
        self,
        model: Any,
        objective: Callable[[Any], Any],
        inputs: dict[str, np.ndarray],
        options: dict[str, Any],
        forwards: bool = True,
        backwards: bool = True,
    ) -> tuple[Any, dict[str, np.ndarray]]:
        """A model's output, and the gradients of `objective(output)` by the names of the weights.

        `forwards` asks for the model to be compiled, `backwards` for the way back too. In JAX, where one compilation does it
        all, it always is.
        """
        arrays = {name: self.array(value) for name, value in inputs.items()}
        return getattr(self, f"_train_{self.name}")(model, objective, arrays, options, forwards, forwards and backwards)

    def _train_torch(self, model: Any, objective: Any, arrays: Any, options: Any, forwards: bool, backwards: bool) -> Any:
        run = _compiled_torch(model, "aot_eager" if backwards else "eager") if forwards else model
        out = run(**arrays, **options)
        objective(out).backward()
        return out, self.gradients(model)

    def _train_tensorflow(self, model: Any, objective: Any, arrays: Any, options: Any, forwards: bool, backwards: bool) -> Any:
        import tensorflow as tf

        def step(arrays: Any) -> Any:
            with tf.GradientTape() as tape:
                out = model(**arrays, **options)
                value = objective(out)
            variables = model.trainable_variables
            pairs = zip(tape.gradient(value, variables), variables, strict=True)
            return out, [tf.zeros_like(held.value) if found is None else tf.convert_to_tensor(found) for found, held in pairs]

        arrays = tf.nest.map_structure(tf.constant, arrays)
        if backwards:
            out, gradients = tf.function(step, jit_compile=True)(arrays)
        else:
            if forwards:  # what XLA makes of it shows whether it can; the machine code would be half of the time
                compiled = tf.function(lambda arrays: model(**arrays, **options), jit_compile=True)
                assert compiled.experimental_get_compiler_ir(arrays)(stage="hlo")
            out, gradients = step(arrays)
        return out, self.gradients(model, gradients)

    def _train_flax(self, model: Any, objective: Any, arrays: Any, options: Any, forwards: bool, backwards: bool) -> Any:
        import jax

        (_, out), gradients = jax.jit(_step(model, objective, options))(model.params, arrays)
        return out, self.gradients(model, gradients)

    def trace(self, model: Any, objective: Any, inputs: dict[str, np.ndarray], options: dict[str, Any]) -> None:
        """JAX's part of `train` without the compiler's and without numbers: every operation and its derivative is found."""
        import jax

        (value, _), gradients = jax.eval_shape(_step(model, objective, options), model.params, inputs)
        assert not value.shape
        assert jax.tree.map(np.shape, gradients) == jax.tree.map(np.shape, model.params)

    def gradients(self, model: Any, gradients: Any = None) -> dict[str, np.ndarray]:
        """A framework's gradients by the names of the weights, whose places in the model they take."""
        if self.name == "torch":
            import torch

            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.copy_(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
        elif self.name == "tensorflow":
            for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
                variable.assign(gradient)
        else:
            model.params = gradients
        return {weight.name: np.array(read()) for weight, read in model.read_weights() if weight.is_trained}

    def total(self, value: Any) -> Any:
        """The sum of all elements."""
        if self.name == "tensorflow":
            import tensorflow as tf

            return tf.reduce_sum(value)
        return value.sum()

    def numpy(self, value: Any) -> np.ndarray:
        """A framework's tensor as a NumPy array."""
        if self.name == "torch":
            value = value.detach()
            return (value.float() if "bfloat16" in str(value.dtype) else value).numpy()
        # NumPy takes no scalar of TensorFlow's in bfloat16
        return np.asarray(value.numpy() if self.name == "tensorflow" and hasattr(value, "numpy") else value)
