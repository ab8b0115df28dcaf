"""The base classes of TensorFlow's modules and models, which are Keras 3's."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Self

import keras
import numpy as np
import optree
import tensorflow as tf

from trivium.core import outputs
from trivium.core.arrays import settled
from trivium.core.errors import InputError
from trivium.core.layers import Part
from trivium.core.pretrained import Pretrained, at
from trivium.core.quantization import Integers
from trivium.core.signatures import parameters
from trivium.export.leaves import named

from .layers import scan_inside
from .module import Composed, policy
from .programs import forget
from .quantized import QuantizedLinear


class Model(Pretrained, Composed, keras.Model):
    """A network in TensorFlow: a `keras.Model` that compiles, fits, predicts, saves and exports.

    Inputs are arguments, or one dict of them as `fit` passes it. With labels among the inputs, `compile(optimizer)` without a
    loss trains by the network's own loss; with a loss, labels are Keras's `y`, and the prediction is the logits.

    Args:
        config: The architecture's config.
        dtype: Of the weights, by NumPy's name. Computation is in it too, unless Keras's global policy is a mixed one for it.
        seed: Of the first values, which are the same in every framework.
    """

    column = "tensorflow"
    framework = "tf"

    def __init__(self, config: Any) -> None:
        if "call" not in type(self).__dict__:
            type(self).call = _call(type(self))
        super().__init__(dtype=policy())
        vars(self).pop("quantize", None)  # Keras wraps what it takes for its own method of that name
        self._convert_input_args = False  # integers stay integers; the leaves convert what they take
        self._allow_non_tensor_positional_args = True
        self.built = True
        self.config = config

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__module__.startswith("trivium."):
            keras.saving.register_keras_serializable("trivium")(cls)

    # Keras has a property `layers` of models (not of modules), which refuses to be set: where the network has such a part,
    # that part stands in, which counts as a list of layers too. Keras reads it for `summary` and `get_layer` alone.
    @property
    def layers(self) -> Any:
        return self.__dict__["layers_"] if "layers_" in self.__dict__ else keras.Model.layers.fget(self)

    @layers.setter
    def layers(self, stack: Any) -> None:
        self.layers_ = stack

    # Weights

    def like(self) -> tf.Tensor:
        """A weight, for its dtype and device."""
        return self.trainable_variables[0].value

    def _assign(self, owner: Any, name: str, array: np.ndarray, own: bool = False) -> None:
        variable = getattr(owner, name)
        variable.assign(shared(settled(array, np.dtype(variable.dtype), own)))

    def _read(self, owner: Any, name: str) -> np.ndarray:
        return getattr(owner, name).numpy()

    @staticmethod
    def _children(part: Any) -> Iterable[Any]:
        return part._layers

    def _cast(self, value: Any) -> Any:
        """An input, floats in the dtype of the computation where that is another than the weights'."""
        value, dtype = _tensor(value), self.compute_dtype
        casts = dtype != self.variable_dtype and isinstance(value, tf.Tensor) and value.dtype.is_floating
        return tf.cast(value, dtype) if casts else value

    def _tie(self, ties: Mapping[str, str]) -> None:
        """Nothing is tied; but variables get the paths of their weights, by which optimizers and users choose among them."""
        for weight in self.layout:
            if weight.name in self.quantized:
                continue
            owner, name = self._owner(weight)
            if isinstance(owner, Part):  # a stack is many weights'
                continue
            variable = getattr(owner, name)
            variable._name, variable._path = name, "/".join([*weight.owner.split("."), name] if weight.owner else [name])

    def _become(self, other: Any) -> None:
        super()._become(other)
        forget(self)

    def replace_part(self, owner: Any, name: str, part: Any) -> None:
        owner._tracker.untrack(getattr(owner, name))  # Keras forgets no layer that is replaced
        super().replace_part(owner, name, part)

    def _replace_linear(self, parent: str, leaf: str, integers: Integers) -> None:
        part = at(self, parent)
        self.replace_part(part, leaf, QuantizedLinear(integers, getattr(part, leaf)))
        forget(self)
        self.predict_function = self.test_function = self.train_function = None

    def __dir__(self) -> list[str]:
        """All names but the second one of a part, by which Keras would save it."""
        return [name for name in super().__dir__() if name != "base_model"]

    def scan_layers(self) -> None:
        """Holds layers that are alike as one, their weights stacked, and runs them by one loop of the graph from now on.

        A loop is traced and compiled once, so that a deep network compiles as fast as a shallow one. On the other hand the
        compiler sees no more than one layer at a time, and each layer's weights are copied to their turn. Names in files
        of Trivium's stay as they are; variables are one for all the layers that are alike, which an optimizer and Keras's
        own files see (and dropout's seeds with them), so that this is said before there are
        any. `model.layers[3]` is a view then.
        """
        scan_inside(self)

    # Keras

    def get_config(self) -> dict[str, Any]:
        return {"config": self.config.to_dict(), "dtype": self.dtype_policy.variable_dtype, "seed": None}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        return cls(cls.config_class.from_dict(config["config"]), dtype=config["dtype"], seed=None)

    def export(self, filepath: Any, format: str = "tf_saved_model", input_signature: Any = None, **options: Any) -> None:
        """Writes the model for serving; see `keras.Model.export`.

        A SavedModel takes a dict of inputs, of any batch size and length unless `input_signature` says otherwise, and returns
        a dict of outputs ("hidden_states_0", ... for tuples). `format="saved_model"` is as in the other frameworks: see
        `trivium.export`.
        """
        if format == "saved_model":
            Pretrained.export(self, filepath, format)
            return
        if input_signature is None:
            shapes = self.input_shapes().items()
            input_signature = [{name: tf.TensorSpec(shape, dtype, name) for name, (shape, dtype) in shapes}]
        if format != "tf_saved_model":
            super().export(filepath, format=format, input_signature=input_signature, **options)
            return
        archive = keras.export.ExportArchive()
        archive.track(self)
        archive.add_endpoint("serve", lambda inputs: named(self(inputs, training=False)), input_signature)
        archive.write_out(filepath, **options)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> tf.Tensor:
        if self._compile_loss is None and isinstance(y_pred, outputs.ModelOutput):
            if "loss" not in y_pred:
                raise InputError("no loss: give labels among the inputs, or compile(loss=...) and fit(x, y)")
            return y_pred["loss"]
        return super().compute_loss(x, y, _prediction(y_pred), sample_weight, training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        labels = x.get("labels") if isinstance(x, Mapping) else None  # which `fit` was given among the inputs
        return super().compute_metrics(x, labels if y is None else y, _prediction(y_pred), sample_weight)


def _prediction(out: Any) -> Any:
    """What a loss or metric of Keras compares with `y`."""
    if not isinstance(out, outputs.ModelOutput):
        return out
    found = [value for name, value in out.items() if "loss" not in name]
    return out["logits"] if "logits" in out else found[0]


def _call(cls: type[Model]) -> Any:
    """Keras's `call` for a network's `forward`: with `training`, and with one dict in place of arguments.

    Keras reads the signature to find the tensors among the arguments, so it has to name them all: a head's own, and those
    that it hands on to its body.
    """

    def call(self: Model, *inputs: Any, training: bool | None = None, **options: Any) -> Any:
        if inputs and isinstance(inputs[0], dict):
            inputs, options = inputs[1:], {**inputs[0], **options}
        options = {name: value if name == "labels" else self._cast(value) for name, value in options.items()}
        return self.forward(*map(self._cast, inputs), **{name: _tensor(value) for name, value in options.items()})

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    arguments = [p.replace(kind=kind, default=None) for p in _arguments(cls)]
    training = inspect.Parameter("training", inspect.Parameter.KEYWORD_ONLY, default=None)
    call.__signature__ = inspect.Signature([inspect.Parameter("self", kind), *arguments, training])  # type: ignore[attr-defined]
    return call


def _arguments(cls: Any) -> list[inspect.Parameter]:
    return (
        parameters(cls) if hasattr(cls, "forward") else [inspect.Parameter("inputs", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    )


def shared(array: np.ndarray) -> tf.Tensor:
    """A tensor on the array's memory, which nobody else may use from now on."""
    if array.dtype.isbuiltin == 1:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    bits = tf.experimental.dlpack.from_dlpack(array.view(f"u{array.itemsize}").__dlpack__())  # which has no bfloat16
    return tf.bitcast(bits, array.dtype.name)


def _tensor(value: Any) -> Any:
    return tf.convert_to_tensor(value) if isinstance(value, np.ndarray) else value


def _register(cls: type[outputs.ModelOutput]) -> None:
    """Lets Keras (optree) and tf.function (tf.nest) look inside an output."""

    def restore(names: tuple[str, ...], values: Any) -> outputs.ModelOutput:
        return cls(**dict(zip(names, values, strict=True)))

    optree.register_pytree_node(cls, lambda out: (out.values(), tuple(out.keys())), restore, namespace="keras")  # type: ignore
    cls.__tf_flatten__ = lambda self: (tuple(self.keys()), tuple(self.values()))  # type: ignore[attr-defined]
    cls.__tf_unflatten__ = classmethod(lambda cls, names, values: restore(names, values))  # type: ignore[attr-defined]


outputs.on_each_class(_register)
